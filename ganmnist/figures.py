"""What the judge says of images, as figures. No torch."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import Field

from ganmnist.fields import Settings


class Evaluation(Settings):
    """What the judge says of a set of images, compared with the test images."""

    images: int = Field(description="Number of images looked at.")
    frechet: float = Field(description="Frechet distance of the features to those of the test images; less is better.")
    inception: float = Field(description="Inception score by the judge's classes, 1 to 10; more is better.")
    confident: float = Field(description="Share of images of whose digit the judge is sure.")
    precision: float = Field(description="Share of images that lie among real ones.")
    recall: float = Field(description="Share of real images that lie among these.")
    classes: tuple[float, ...] = Field(description="Share of each digit, 0 to 9.")


class Estimate(Settings):
    """What the judge says of a training, from few images."""

    frechet: float = Field(description="Frechet distance to the training images, as 10,000 samples would show it.")
    confident: float = Field(description="Share of images of whose digit the judge is sure.")


@dataclass(frozen=True)
class Judgement:
    """What the judge says of a training beside its estimate: whether all is drawn that there is to be drawn.

    Attributes:
        estimate: How good the images are.
        names: Names of the classes, in their order: those of the data, or the ten digits for a model without classes.
        variety: Of each class, how far its images differ: the variance of the judge's features, 1 as in real images.
            Of a model without classes, of the images in which the judge sees the digit. None where they are too few.
        seen: Share of each class in the images, as the judge sees them; None where it cannot tell the classes of the
            data apart, which are not digits, or have no names.
        real: Share of each class in the real images, likewise.
        obeyed: Share of each class's images in which the judge sees what was asked for; None likewise, and of a model
            without classes.
        step: Training step that the model had reached.
    """

    estimate: Estimate
    names: tuple[str, ...]
    variety: tuple[float | None, ...]
    seen: tuple[float, ...] | None = None
    real: tuple[float, ...] | None = None
    obeyed: tuple[float | None, ...] | None = None
    step: int = 0
