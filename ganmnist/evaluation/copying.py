"""Does a model copy the pictures it learned from? Where they are few it can."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def novelty(images: NDArray[np.uint8], real: NDArray[np.uint8]) -> float:
    """Return how far generated images are from the nearest real one, as a share of how far those are from each other.

    Both are medians of distances from pixel to pixel. Copies come to 0, images as new as another real one to 1.

    Args:
        images: uint8 (N, 28, 28).
        real: What was learned from, uint8 (M, 28, 28), two at least.
    """
    near = np.median(_distances(images, real).min(1))
    among = _distances(real, real)
    np.fill_diagonal(among, np.inf)
    apart = np.median(among.min(1))
    return float(near / apart) if apart else 1.0  # all the same: there is nothing new to be made of them


def _distances(ones: NDArray[np.uint8], others: NDArray[np.uint8]) -> NDArray[np.float64]:
    a, b = (images.reshape(len(images), -1).astype(np.float64) / 255 for images in (ones, others))
    squares: NDArray[np.float64] = (a**2).sum(1)[:, None] + (b**2).sum(1) - 2 * a @ b.T
    return np.sqrt(squares.clip(min=0))
