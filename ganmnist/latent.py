"""Latent vectors z: the numbers a digit grows from."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ganmnist.config import GenerateConfig
from ganmnist.errors import SettingError

Latents = NDArray[np.float32]


def latents(config: GenerateConfig, latent_dim: int) -> Latents:
    """Make the latent vectors that a request asks for.

    Sample i of a seed is the same however many are asked for. `config.latent` overwrites the first numbers of each.

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
    z = from_seed(config.seed, config.count, latent_dim)
    z[:, : len(config.latent)] = config.latent
    return z


def from_seed(seed: int, count: int, latent_dim: int) -> Latents:
    """Return standard normal vectors, shape (count, latent_dim): the same for the same seed on every machine."""
    return np.random.default_rng(seed).standard_normal((count, latent_dim)).astype(np.float32)
