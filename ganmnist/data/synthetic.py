"""Digits drawn from the bundled model, for when MNIST cannot be had. They are not MNIST, and say so by their name."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ganmnist.latent.vectors import from_seed
from ganmnist.models.store import ModelStore

NAME = "synthetic-mnist"
SOURCE = "the bundled model, since MNIST could not be had: not MNIST itself"
DRAWN = f"{NAME}, digits of the bundled model, is here already and stands in where MNIST cannot be had"
TRAIN, TEST = 18_000, 2_000
_SEED = 28
_PART = 500  # images that a thread draws at a time
_WORDS = "drawing digits (not MNIST)"
# How many of each digit MNIST has, training and test images together.
_OF_EACH = np.array([6903, 7877, 6990, 7141, 6824, 6313, 6876, 7293, 6825, 6958])
_Bytes = NDArray[np.uint8]


def draw(home: Path, on_progress: Callable[[float, str], object]) -> tuple[_Bytes, _Bytes, _Bytes, _Bytes]:
    """Draw the set: every time the same classes and latents, in MNIST's proportions.

    Args:
        home: Folder of the models.
        on_progress: Called with percent and a few words.

    Returns:
        Training images uint8 (18000, 28, 28), their labels, test images (2000, 28, 28), their labels.

    Raises:
        ModelError: The files of the bundled model are damaged.
    """
    import torch  # takes seconds to import, and MNIST needs none

    from ganmnist.generation.sampler import Sampler

    on_progress(0, _WORDS)
    sampler = Sampler.load(ModelStore(home).find(None))
    count = TRAIN + TEST
    labels = np.random.default_rng(_SEED).choice(len(_OF_EACH), count, p=_OF_EACH / _OF_EACH.sum())
    cuts = range(_PART, count, _PART)
    lots = np.split(from_seed(_SEED, count, sampler.latent_dim), cuts), np.split(labels, cuts)
    # Threads that draw alone need not wait for each other, which is ten times as quick on a busy machine.
    threads, parts = torch.get_num_threads(), []
    try:
        with ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            for part in pool.map(sampler.generate, *lots):
                parts.append(part)
                on_progress(100 * len(parts) / (len(cuts) + 1), _WORDS)
    finally:
        torch.set_num_threads(threads)
    images, classes = np.concatenate(parts), labels.astype(np.uint8)
    return images[:TRAIN], classes[:TRAIN], images[TRAIN:], classes[TRAIN:]
