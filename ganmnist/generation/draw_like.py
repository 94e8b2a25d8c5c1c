"""Digits of a model to be compared with real images: as many of each class as there are among those."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ganmnist.dataset import Dataset
from ganmnist.generation.sampler import Sampler
from ganmnist.latent.vectors import from_seed

_PARTS = 20


def draw_like(
    data: Dataset, sampler: Sampler, count: int, on_progress: Callable[[float], object] | None = None
) -> NDArray[np.uint8]:
    """Draw digits in the proportions of the training images, the same each time.

    Args:
        data: The real images.
        sampler: What draws.
        count: Number of digits.
        on_progress: Called with the fraction that is done; what it raises ends the work.

    Returns:
        uint8 (N, 28, 28).
    """
    z = from_seed(0, count, sampler.latent_dim)
    labels = data.train_labels if data.classes else np.arange(max(sampler.classes, 1))
    classes = np.random.default_rng(0).choice(labels, count).astype(np.int64)
    made = []
    for part in np.array_split(np.arange(count), _PARTS):
        made.append(sampler.generate(z[part], classes[part]))
        if on_progress:
            on_progress(len(made) / _PARTS)
    return np.concatenate(made)
