"""Latent vectors z, the numbers a digit grows from, and the classes that say which digit it is to be."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from ganmnist.config import GenerateConfig
from ganmnist.directions import Direction, steer
from ganmnist.errors import SettingError

Latents = NDArray[np.float32]
Classes = NDArray[np.int64]


def latents(config: GenerateConfig, latent_dim: int, known: Iterable[Direction] = ()) -> Latents:
    """Make the latent vectors that a request asks for.

    Sample i of a seed is the same however many are asked for. `config.latent` overwrites the first numbers of each;
    then sliders with a name move it along the model's directions.

    Args:
        config: The request.
        latent_dim: Length of a vector.
        known: The model's directions that sliders may go along, as `Sampler.directions_for` gives them.

    Returns:
        Shape (count, latent_dim), standard normal unless chosen.

    Raises:
        SettingError: More numbers than the model has, or a whole vector of another length.
    """
    if config.z is not None:
        for place, vector in enumerate(config.z):
            if len(vector) != latent_dim:
                raise SettingError(f"z.{place}: has {len(vector)} numbers, the model takes {latent_dim}")
        return np.array(config.z, np.float32)
    if len(config.latent) > latent_dim:
        raise SettingError(
            f"latent: has {len(config.latent)} numbers, the model takes at most {latent_dim}: use fewer sliders"
        )
    z = from_seed(config.seed, config.count, latent_dim) * np.float32(config.boldness)
    z[:, : len(config.latent)] = config.latent
    return steer(z, config, known)


def from_seed(seed: int, count: int, latent_dim: int) -> Latents:
    """Return standard normal vectors, shape (count, latent_dim): the same for the same seed on every machine."""
    return np.random.default_rng(seed).standard_normal((count, latent_dim)).astype(np.float32)


def classes(config: GenerateConfig, count: int, known: int) -> Classes:
    """Choose the class of each sample that a request asks for.

    Sample i of a seed is of the same class however many are asked for, unless `config.digit` says which.

    Args:
        config: The request.
        count: Number of samples.
        known: Number of classes the model knows, 0 for none.

    Returns:
        Shape (count,); of no meaning to a model without classes.

    Raises:
        SettingError: A digit is asked for that the model does not know.
    """
    if config.digit is None:
        return np.random.default_rng((config.seed, 1)).integers(max(known, 1), size=count)
    if config.digit >= known:
        knows = f"knows 0 to {known - 1}" if known else "was trained without classes, so none can be chosen"
        raise SettingError(f"digit: got {config.digit}, the model {knows}")
    return np.full(count, config.digit, np.int64)


def in_turn(count: int, known: int) -> Classes:
    """Return the classes 0, 1, 2 ... over and over, shape (count,)."""
    return np.arange(count) % max(known, 1)
