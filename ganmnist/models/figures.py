"""What the judge says of images, as figures. No torch."""

from __future__ import annotations

from pydantic import Field

from ganmnist.fields import Settings
from ganmnist.terms import explain


class Evaluation(Settings):
    """What the judge says of a set of images, compared with the test images."""

    images: int = Field(description="Number of images looked at.")
    frechet: float = Field(description=explain("FID", "the fewer images, the more it is."))
    inception: float = Field(description=explain("inception score"))
    confident: float = Field(description=explain("confident"))
    precision: float = Field(description=explain("precision"))
    recall: float = Field(description=explain("recall"))
    classes: tuple[float, ...] = Field(description="Share of each digit, 0 to 9.")


class Estimate(Settings):
    """What the judge says of a training, from few images."""

    frechet: float = Field(description="FID beside the training images, as 10,000 samples would show it.")
    confident: float = Field(description=explain("confident"))
