"""How good are generated digits? Figures from the judge's features and opinions, beside those of real images."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ganmnist.data import Dataset
from ganmnist.errors import DataError
from ganmnist.fields import Settings
from ganmnist.judge import FEATURES, look

SURE = 0.95  # a probability from which the judge counts as sure
_NEIGHBOURS = 3
_BLOCK = 1000
_Vectors = NDArray[np.float64]


class Evaluation(Settings):
    """What the judge says of a set of images, compared with the test images."""

    images: int = Field(description="Number of images looked at.")
    frechet: float = Field(description="Frechet distance of the features to those of the test images; less is better.")
    inception: float = Field(description="Inception score by the judge's classes, 1 to 10; more is better.")
    confident: float = Field(description="Share of images of whose digit the judge is sure.")
    precision: float = Field(description="Share of images that lie among real ones.")
    recall: float = Field(description="Share of real images that lie among these.")
    classes: tuple[float, ...] = Field(description="Share of each digit, 0 to 9.")


class Yardstick:
    """The test images of a data set, looked at once, by which other images are measured."""

    def __init__(self, data: Dataset) -> None:
        self._data = data
        self._real, _ = look(data.test_images)
        self._reach = reach(self._real)

    def evaluate(self, images: NDArray[np.uint8]) -> Evaluation:
        """Compare images with the test images.

        Args:
            images: uint8 (N, 28, 28). Figures are comparable only for equal N.

        Raises:
            DataError: Fewer images than the judge has features: their covariance would say nothing.
        """
        if min(len(images), len(self._real)) <= FEATURES:
            raise DataError(
                f"images: {len(images)} are too few to compare, at least {FEATURES + 1}; thousands say more"
            )
        features, opinions = look(images)
        return Evaluation(
            images=len(images),
            frechet=frechet_distance(features, self._real),
            inception=inception_score(opinions),
            confident=float((opinions.max(1) >= SURE).mean()),
            precision=covered(features, self._real, self._reach),
            recall=covered(self._real, features, reach(features)),
            classes=tuple((np.bincount(opinions.argmax(1), minlength=10) / len(opinions)).tolist()),
        )

    def floor(self, count: int) -> Evaluation:
        """Evaluate real training images: what a perfect generator would reach with as many samples."""
        chosen = np.random.default_rng(0).permutation(len(self._data.train_images))[:count]
        return self.evaluate(self._data.train_images[chosen])


def read_samples(path: Path) -> NDArray[np.uint8]:
    """Read samples from a .npy file.

    Raises:
        DataError: Not a .npy file of uint8 (N, 28, 28).
    """
    try:
        images = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise DataError(f"{path}: cannot be read as .npy ({error})") from None
    if images.dtype != np.uint8 or images.ndim != 3 or images.shape[1:] != (28, 28):
        raise DataError(f"{path}: expected uint8 (N, 28, 28), got {images.dtype} {images.shape}")
    return np.asarray(images)


def frechet_distance(one: _Vectors, other: _Vectors) -> float:
    """Return the Frechet distance of two sets of features, taken as Gaussians (Heusel et al. 2017, section 4).

    |m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2)); the trace of the root is the sum of the singular values of
    C1^(1/2) C2^(1/2), which are real and not negative.
    """
    shift = one.mean(0) - other.mean(0)
    first, second = np.cov(one, rowvar=False), np.cov(other, rowvar=False)
    shared = np.linalg.svd(_root(first) @ _root(second), compute_uv=False).sum()
    return float(max(shift @ shift + np.trace(first) + np.trace(second) - 2 * shared, 0.0))


def inception_score(opinions: _Vectors) -> float:
    """Return exp(E KL(p(y|x) || p(y))) of class probabilities (N, 10) (Salimans et al. 2016, section 4)."""
    opinions = np.maximum(opinions, 1e-12)
    divergence = (opinions * (np.log(opinions) - np.log(opinions.mean(0)))).sum(1)
    return float(np.exp(divergence.mean()))


def reach(points: _Vectors) -> NDArray[np.float32]:
    """Return how far each point is from its third nearest neighbour, squared."""
    blocks = _squared_distances(points, points)
    return np.concatenate([np.partition(block, _NEIGHBOURS, axis=1)[:, _NEIGHBOURS] for block in blocks])


def covered(points: _Vectors, others: _Vectors, reach_of_others: NDArray[np.float32]) -> float:
    """Return the share of points that lie among the others, within the reach of one of them.

    Precision with generated points among real others, recall the other way round (Kynkaanniemi et al. 2019, section 2).
    """
    blocks = _squared_distances(points, others)
    return float(np.concatenate([(block <= reach_of_others).any(1) for block in blocks]).mean())


def _squared_distances(points: _Vectors, others: _Vectors) -> Iterator[NDArray[np.float32]]:
    """Yield the squared distances to all others, a block of points at a time."""
    others32 = others.astype(np.float32)
    lengths = (others32**2).sum(1)
    for start in range(0, len(points), _BLOCK):
        block = points[start : start + _BLOCK].astype(np.float32)
        yield (block**2).sum(1)[:, None] + lengths - 2 * block @ others32.T


def _root(covariance: _Vectors) -> _Vectors:
    values, vectors = np.linalg.eigh(covariance)
    root: _Vectors = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    return root
