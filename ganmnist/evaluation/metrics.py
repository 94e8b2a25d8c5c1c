"""Distances and scores between two sets of features, in numpy: FID, inception score, precision and recall."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float64]

CONFIDENT = 0.95  # a probability from which the judge counts as sure
_NEIGHBOURS = 3
_BLOCK = 1000


def frechet_distance(one: Vectors, other: Vectors) -> float:
    """Return the Frechet distance of two sets of features, taken as Gaussians (Heusel et al. 2017, section 4).

    |m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2)); the trace of the root is the sum of the singular values of
    C1^(1/2) C2^(1/2), which are real and not negative.
    """
    shift = one.mean(0) - other.mean(0)
    first, second = np.cov(one, rowvar=False), np.cov(other, rowvar=False)
    shared = np.linalg.svd(_root(first) @ _root(second), compute_uv=False).sum()
    return float(max(shift @ shift + np.trace(first) + np.trace(second) - 2 * shared, 0.0))


def confident(probabilities: Vectors) -> float:
    """Return the share of the images (N, classes) of whose class the judge is sure."""
    return float((probabilities.max(1) >= CONFIDENT).mean())


def inception_score(probabilities: Vectors) -> float:
    """Return exp(E KL(p(y|x) || p(y))) of class probabilities (N, 10) (Salimans et al. 2016, section 4)."""
    probabilities = np.maximum(probabilities, 1e-12)
    divergence = (probabilities * (np.log(probabilities) - np.log(probabilities.mean(0)))).sum(1)
    return float(np.exp(divergence.mean()))


def knn_radii(points: Vectors) -> NDArray[np.float32]:
    """Return how far each point is from its third nearest neighbour, squared, (N,)."""
    blocks = _squared_distances(points, points)
    return np.concatenate([np.partition(block, _NEIGHBOURS, axis=1)[:, _NEIGHBOURS] for block in blocks])


def coverage(points: Vectors, others: Vectors, radii: NDArray[np.float32]) -> float:
    """Return the share of points that lie among the others, within the radius of one of them, `knn_radii(others)`.

    Precision with generated points among real others, recall the other way round (Kynkaanniemi et al. 2019, section 2).
    """
    blocks = _squared_distances(points, others)
    return float(np.concatenate([(block <= radii).any(1) for block in blocks]).mean())


def _squared_distances(points: Vectors, others: Vectors) -> Iterator[NDArray[np.float32]]:
    """Yield the squared distances to all others, a block of points at a time."""
    others32 = others.astype(np.float32)
    lengths = (others32**2).sum(1)
    for start in range(0, len(points), _BLOCK):
        block = points[start : start + _BLOCK].astype(np.float32)
        yield (block**2).sum(1)[:, None] + lengths - 2 * block @ others32.T


def _root(covariance: Vectors) -> Vectors:
    values, vectors = np.linalg.eigh(covariance)
    root: Vectors = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    return root
