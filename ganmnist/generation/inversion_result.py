"""What an inversion finds. No torch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_POOR = 0.025  # mean squared error; of MNIST's test digits one in a hundred has more


@dataclass(frozen=True, eq=False)
class Inversion:
    """What was found.

    Attributes:
        z: float32 (latent_dim + classes,): the latent vector, then the class as one-hot.
        latent_dim: Length of the latent vector alone.
        digit: The number of the class; none for a model without classes.
        class_name: What that class is called.
        mse: Mean squared error of the image, white being 1.
        image: What the model makes of z: uint8 (28, 28).
        sliders: How far z lies along each direction with a name, in standard deviations.
    """

    z: NDArray[np.float32]
    latent_dim: int
    digit: int | None
    class_name: str | None
    mse: float
    image: NDArray[np.uint8]
    sliders: dict[str, float]

    @property
    def poor(self) -> bool:
        """Whether the image is not what the model can make."""
        return self.mse > _POOR


def mean_squared_error(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """Return the mean squared difference of two images, white being 1."""
    return float(np.square((one.astype(np.float64) - other) / 255).mean())
