"""Does a model copy the pictures it learned from? Where they are few it can."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_COMPARED = 500  # of the real images, to tell how far they are from each other


class Originals:
    """Images that were learned from, to which generated ones are compared pixel by pixel."""

    def __init__(self, images: NDArray[np.uint8]) -> None:
        """Measure how far each is from its nearest other.

        Args:
            images: uint8 (N, 28, 28).
        """
        self._rows = _rows(images)
        some = self._rows[:: -(-len(images) // _COMPARED)]
        distances = _distances(some, self._rows)
        distances.sort(1)
        self._apart = float(np.median(distances[:, 1])) if len(images) > 1 else 0.0  # the nearest of each is itself

    def novelty(self, images: NDArray[np.uint8]) -> float:
        """Return how far images are from the nearest original, as a share of how far those are from each other.

        Both are medians. Copies come to 0, images as new as one original is to the others to 1.

        Args:
            images: uint8 (N, 28, 28).
        """
        if not self._apart:  # all the same: there is nothing new to be made of them
            return 1.0
        return float(np.median(_distances(_rows(images), self._rows).min(1))) / self._apart


def _rows(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    rows: NDArray[np.float32] = images.reshape(len(images), -1).astype(np.float32) / np.float32(255)
    return rows


def _distances(ones: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    squares: NDArray[np.float32] = (ones**2).sum(1)[:, None] + (others**2).sum(1) - 2 * ones @ others.T
    distances: NDArray[np.float32] = np.sqrt(squares.clip(min=0))
    return distances
