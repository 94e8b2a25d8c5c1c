"""What the judge says of a training."""

from __future__ import annotations

from dataclasses import dataclass

from ganmnist.models.figures import Estimate


@dataclass(frozen=True)
class Judgement:
    """What the judge says of a training beside its estimate: whether all is drawn that there is to be drawn.

    Attributes:
        estimate: How good the images are.
        names: Names of the classes, in their order: those of the data, or the ten digits for a model without classes.
        diversity: Of each class, how far its images differ: the variance of the judge's features, 1 as in real images.
            Of a model without classes, of the images in which the judge sees the digit. None where they are too few.
        class_shares: Share of each class in the images, as the judge sees them; None where it cannot tell the classes
            of the data apart, which are not digits, or have no names.
        real_shares: Share of each class in the real images, likewise.
        class_accuracy: Share of each class's images in which the judge sees what was asked for; None likewise, and of
            a model without classes.
        step: Training step that the model had reached.
    """

    estimate: Estimate
    names: tuple[str, ...]
    diversity: tuple[float | None, ...]
    class_shares: tuple[float, ...] | None = None
    real_shares: tuple[float, ...] | None = None
    class_accuracy: tuple[float | None, ...] | None = None
    step: int = 0
