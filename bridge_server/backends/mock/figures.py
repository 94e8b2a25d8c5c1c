"""Made-up figures of a model, which follow from its training and the count."""

from __future__ import annotations

import math
import time

from bridge_server.backends.evaluations import Figures, Report
from bridge_server.backends.mock.training import TICKS, frechet
from bridge_server.contract.models import Model
from ganmnist.errors import DataError
from ganmnist.models.figures import Evaluation

_STEPS = 20
_REAL = 2.0  # Frechet distance of real images


def made_up(model: Model, count: int, report: Report) -> Figures:
    """Return figures, after some time: half a second for a thousand digits, two and a half for ten thousand."""
    for step in range(_STEPS):
        report(step / _STEPS)
        if model.name == "mock-fails" and step > _STEPS / 2:
            raise DataError("The evaluation failed half way, as the name of the model asked for.")
        time.sleep((0.28 + count / 4500) / _STEPS)
    distance = model.frechet if model.frechet is not None else frechet(TICKS)
    return Figures("mock-digits", _figures(count, distance), _figures(count, _REAL))


def _figures(count: int, distance: float) -> Evaluation:
    """Return figures that get worse with the distance, which is larger for few images."""
    worse = math.exp((_REAL - distance) / 40)
    uneven = 0.02 * (1 - worse)
    return Evaluation(
        images=count,
        frechet=distance + 1000 / count,
        inception=1 + 8.8 * worse,
        confident=0.99 * worse,
        precision=0.93 * worse,
        recall=0.9 * worse,
        classes=tuple(0.1 + uneven * (digit - 4.5) / 4.5 for digit in range(10)),
    )
