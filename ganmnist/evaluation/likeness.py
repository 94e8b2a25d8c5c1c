"""How alike the judge finds a drawing and what a model makes nearest to it, and from where on that is sure.

The figures behind the two bounds are in docs/sketch.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ganmnist.class_names import DIGITS
from ganmnist.evaluation.judge import extract_features

_SURE_OF_DIGITS = 0.95  # nearly all real digits are above; noise, scribbles and two digits at once are below
_SURE_OF_OTHERS = 0.8  # of pictures that the judge has no classes for, where its features alone must tell
_FAINTEST = 16  # greys that a drawing must have between paper and ink: the judge sees a 1 in blank paper
_RIGHT = 0.7  # share of a model's digits in which the judge sees what their classes are called, if those are digits


class Likeness(NamedTuple):
    """How alike two images are, 0 to 1, and whether that is enough to be sure."""

    value: float
    sure: bool


def likeness(drawing: NDArray[np.uint8], found: NDArray[np.uint8], digit: int | None = None) -> Likeness:
    """Compare a drawing with what was found for it: by the cosine of their features.

    Args:
        drawing, found: uint8 (28, 28).
        digit: Which digit was found, if it is one: then the probability that the drawing shows it counts too.

    Returns:
        0 where nothing is drawn.
    """
    if np.ptp(drawing) < _FAINTEST:
        return Likeness(0.0, False)
    (one, other), probabilities = extract_features(np.stack([drawing, found]))
    lengths = float(np.linalg.norm(one) * np.linalg.norm(other))
    alike = float(one @ other) / lengths if lengths else 0.0
    seen = 1.0 if digit is None else float(probabilities[0, digit])
    value = min(max(alike * seen, 0.0), 1.0)
    return Likeness(value, value >= (_SURE_OF_OTHERS if digit is None else _SURE_OF_DIGITS))


def are_digits(images: NDArray[np.uint8], names: Sequence[str]) -> bool:
    """Tell whether images show the digits that their classes are called after, and not some other pictures.

    Args:
        images: uint8 (N, 28, 28).
        names: What the class of each is called.
    """
    if not names or not {*names} <= {*DIGITS}:
        return False
    _, probabilities = extract_features(images)
    return float((probabilities.argmax(1) == np.array([int(name) for name in names])).mean()) >= _RIGHT
