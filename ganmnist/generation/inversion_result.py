"""What an inversion finds. No torch."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ganmnist.class_names import said


@dataclass(frozen=True, eq=False)
class Inversion:
    """What was found.

    Attributes:
        z: float32 (latent_dim + classes,): the latent vector, then the class as one-hot.
        latent_dim: Length of the latent vector alone.
        digit: The number of the class; none for a model without classes.
        class_name: What that class is called.
        likeness: How alike the judge finds the image and what was found, and how sure it is of the class, 0 to 1.
        sure: Whether the image surely shows what was found, and not something that the model has never seen.
        mse: Mean squared error of the image, white being 1.
        image: What the model makes of z: uint8 (28, 28).
        sliders: How far z lies along each direction with a name, in standard deviations.
        doubt: Why the image may not be what was drawn: a sentence, or nothing.
    """

    z: NDArray[np.float32]
    latent_dim: int
    digit: int | None
    class_name: str | None
    likeness: float
    sure: bool
    mse: float
    image: NDArray[np.uint8]
    sliders: dict[str, float]
    doubt: str = ""

    def doubted(self, doubt: str) -> Inversion:
        """Return the same, not sure if there is a doubt about what was drawn."""
        return replace(self, doubt=doubt, sure=self.sure and not doubt)

    def told(self) -> str:
        """Return what was found, in a few words: a 7, perhaps a 7, oak."""
        what = "a digit" if self.class_name is None else said(self.class_name)
        return what if self.sure else f"perhaps {what}"

    def remarks(self) -> list[str]:
        """Say that what was found may not be what is drawn: a sentence, or none."""
        if self.doubt:
            return [self.doubt]
        if self.sure:
            return []
        return [
            f"The nearest digit is not surely what is drawn (likeness {self.likeness:.2f}): draw it more as one writes "
            "it, in the middle, with a pen of an eighth of its height."
        ]


def mean_squared_error(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """Return the mean squared difference of two images, white being 1."""
    return float(np.square((one.astype(np.float64) - other) / 255).mean())
