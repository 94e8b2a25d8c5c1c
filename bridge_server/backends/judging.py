"""Digits of a model measured beside real images; what is known of the real ones is kept."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bridge_server.backends.evaluations import Figures, Report
from bridge_server.contract.evaluation import EXPLANATIONS, OF_DIGITS
from bridge_server.errors import ApiError
from ganmnist.class_names import DIGITS

if TYPE_CHECKING:
    from ganmnist.dataset import Dataset
    from ganmnist.evaluation.evaluate import Evaluator
    from ganmnist.generation.sampler import Sampler
    from ganmnist.models.figures import Evaluation

_BASELINES = 16  # that are kept, a kilobyte each
_SETS = 2  # of real images that are kept with their features
RealImages = tuple[str | None, str]  # a data set by its name, and when it was imported
DEFAULT: RealImages = (None, "")


class Judging:
    """Finds figures, in one thread at a time. Real images and their features are 70 MB, from the first time on."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._known: dict[RealImages, tuple[Dataset, Evaluator]] = {}
        self._baselines: dict[tuple[RealImages, int], Evaluation] = {}

    def find(self, name: str | None) -> RealImages:
        """Return the data set to compare with, as it is now.

        What would have to be downloaded first is refused, and so are digits of the bundled model.

        Args:
            name: Of a data set that was imported.

        Raises:
            DatasetNotFound: It is there no longer.
            ApiError: There are no real images.
        """
        from ganmnist.data.load import is_at_hand, is_default
        from ganmnist.data.store import DatasetStore

        if name and not is_default(name, self._home):
            found = DatasetStore(self._home).summary(name)
            return found.name, found.created
        if DEFAULT not in self._known and not is_at_hand(self._home):
            message = (
                "There are no real images here to compare digits with: load MNIST first "
                "(Data in Grasshopper, Train on the page, POST /api/data/prepare)."
            )
            raise ApiError(409, "no_data", message)
        return DEFAULT

    def figures(self, sampler: Sampler, real: RealImages, count: int, report: Report) -> Figures:
        """Find the figures of a model, in seconds of one processor.

        Args:
            sampler: Draws the model's digits.
            real: What `find` returned.
            count: Number of digits.
            report: Called with the fraction that is done.

        Raises:
            DataError: The real images are damaged or too few.
        """
        import torch

        from ganmnist.data.load import load_data
        from ganmnist.evaluation.evaluate import Evaluator
        from ganmnist.generation.draw_like import draw_like

        torch.set_num_threads(1)  # as for all that the server draws: the other processors are others'
        report(0.0)
        known = self._known.get(real)
        data = known[0] if known else load_data(name=real[0], home=self._home)
        baseline = self._baselines.get((real, count))
        steps = _Steps(report, [0 if known else len(data.test_images), count, count, 0 if baseline else count])
        if known is None:
            known = self._known[real] = data, Evaluator(data, steps.report)
            if len(self._known) > _SETS:
                del self._known[next(iter(self._known))]
        _, evaluator = known
        steps.next()
        images = draw_like(data, sampler, count, steps.report)
        steps.next()
        samples = evaluator.evaluate(images, steps.report)
        steps.next()
        if baseline is None:
            baseline = evaluator.real_baseline(count, steps.report)
            self._baselines[real, count] = baseline
            if len(self._baselines) > _BASELINES:
                del self._baselines[next(iter(self._baselines))]
        return Figures(data.name, samples, baseline, _explanations(data, evaluator.remark))


def _explanations(data: Dataset, remark: str) -> dict[str, str]:
    """Say of figures about digits that they say little of what is none, and at the first what to know of them all."""
    little = f"Says little here: the judge knows digits alone, and {data.name} are others."
    others = () if data.classes == DIGITS else OF_DIGITS
    said = {name: little if name in others else sentence for name, sentence in EXPLANATIONS.items()}
    first = next(iter(said))
    return {**said, first: f"{said[first]} {remark}".rstrip()}


class _Steps:
    """Progress through steps of which each takes its share, and says itself how far it is."""

    def __init__(self, report: Report, shares: list[int]) -> None:
        self._report = report
        self._shares = shares
        self._at = 0

    def next(self) -> None:
        self._at += 1

    def report(self, fraction: float) -> None:
        done = sum(self._shares[: self._at]) + fraction * self._shares[self._at]
        self._report(done / sum(self._shares))
