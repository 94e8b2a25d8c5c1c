"""Images divided into clusters that look alike: what stands in for classes where nobody has named any."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganmnist.generation.sampler import Sampler
from ganmnist.latent.vectors import Classes, from_seed

_LOOKED_AT = 12_000  # images from which centres are found
_COMPONENTS = 32  # principal ones, of images at half their size
_ROUNDS = 15
_LEAST = 16  # images of a cluster on the average
_AT_ONCE = 10_000


def cluster_images(images: NDArray[np.uint8], most: int, seed: int) -> Classes:
    """Divide images into at most so many clusters: by k-means (Lloyd 1982) in the plane of their principal components.

    Few images make fewer clusters, of 16 images each on the average. It takes a second for MNIST.

    Args:
        images: uint8 (N, 28, 28).
        most: Clusters, at most.
        seed: Start of the random choices.

    Returns:
        The cluster of each image, (N,), numbered from 0.
    """
    chance = np.random.default_rng((seed, 2))
    some = images[chance.permutation(len(images))[:_LOOKED_AT]]
    mean, axes = _principal_plane(_halved(some))
    places = (_halved(some) - mean) @ axes
    count = min(most, max(1, len(images) // _LEAST))
    centres = places[chance.choice(len(places), count, replace=False)]
    for _ in range(_ROUNDS):
        nearest = _nearest(places, centres)
        sizes = np.bincount(nearest, minlength=count)
        sums = np.stack([np.bincount(nearest, axis, count) for axis in places.T], 1)
        lost = sizes == 0
        centres = (sums / np.maximum(sizes, 1)[:, None]).astype(np.float32)
        centres[lost] = places[chance.choice(len(places), int(lost.sum()))]
    return _assigned(images, mean, axes, centres)


def clusters_of_model(images: NDArray[np.uint8], sampler: Sampler) -> Classes:
    """Give each image the cluster of a model whose digits are most like it: where a training goes on from that model.

    Args:
        images: uint8 (N, 28, 28).
        sampler: A model with clusters.

    Returns:
        As `cluster_images`.
    """
    z = from_seed(0, _LEAST * sampler.networks.clusters, sampler.latent_dim)
    drawn, lies_in = _halved(sampler.generate(z)), sampler.clusters_of(z)
    known = np.unique(lies_in)  # some may hold no vector, or too few to be found
    mean, axes = _principal_plane(drawn)
    centres = np.stack([((drawn[lies_in == cluster] - mean) @ axes).mean(0) for cluster in known])
    return known[_assigned(images, mean, axes, centres)]


def _halved(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return images at half their size as rows, (N, 196)."""
    halved: NDArray[np.float32] = images.reshape(-1, 14, 2, 14, 2).mean((2, 4), dtype=np.float32)
    return halved.reshape(len(images), -1)


def _principal_plane(rows: NDArray[np.float32]) -> tuple[NDArray[Any], NDArray[np.float32]]:
    mean = rows.mean(0)
    spread = rows - mean
    _, axes = np.linalg.eigh(spread.T @ spread)
    return mean, axes[:, -_COMPONENTS:].astype(np.float32)


def _assigned(
    images: NDArray[np.uint8], mean: NDArray[Any], axes: NDArray[np.float32], centres: NDArray[np.float32]
) -> Classes:
    parts = (images[start : start + _AT_ONCE] for start in range(0, len(images), _AT_ONCE))
    return np.concatenate([_nearest((_halved(part) - mean) @ axes, centres) for part in parts])


def _nearest(places: NDArray[np.float32], centres: NDArray[np.float32]) -> Classes:
    distances: NDArray[np.float32] = (centres**2).sum(1) - 2 * places @ centres.T  # less what they have in common
    nearest: Classes = distances.argmin(1)
    return nearest
