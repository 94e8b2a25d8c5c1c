"""What the judge says of images, as figures. No torch."""

from __future__ import annotations

from pydantic import Field

from ganmnist.fields import Settings


class Evaluation(Settings):
    """What the judge says of a set of images, compared with the test images."""

    images: int = Field(description="Number of images looked at.")
    frechet: float = Field(
        description="Frechet distance of the features to those of the test images; less is better, and the fewer "
        "images the more it is."
    )
    inception: float = Field(description="Inception score by the judge's classes, 1 to 10; more is better.")
    confident: float = Field(description="Share of images of whose digit the judge is sure.")
    precision: float = Field(description="Share of images that lie among real ones.")
    recall: float = Field(description="Share of real images that lie among these.")
    classes: tuple[float, ...] = Field(description="Share of each digit, 0 to 9.")


class Estimate(Settings):
    """What the judge says of a training, from few images."""

    frechet: float = Field(description="Frechet distance to the training images, as 10,000 samples would show it.")
    confident: float = Field(description="Share of images of whose digit the judge is sure.")
