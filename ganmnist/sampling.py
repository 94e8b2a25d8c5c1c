"""A loaded generator that answers z with images: the same z gives the same bytes, alone or among others."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ganmnist import paths
from ganmnist.config import GenerateConfig, ModelConfig
from ganmnist.errors import ModelError, SettingError
from ganmnist.latent import Latents, latents
from ganmnist.models import ModelFolder, ModelStore
from ganmnist.networks import build_generator


class Sampler:
    """A generator for use: weights fixed, BatchNorm in inference mode."""

    def __init__(self, networks: ModelConfig, weights: Mapping[str, Tensor], name: str, step: int) -> None:
        self.name = name
        self.step = step
        self.latent_dim = networks.latent_dim
        with torch.random.fork_rng(devices=[]):  # the first weights are thrown away, and so is the randomness they cost
            self._generator = build_generator(networks)
        _check_fit(self._generator, weights, name)
        self._generator.load_state_dict(dict(weights))
        self._generator.requires_grad_(False).eval()

    @classmethod
    def load(cls, folder: ModelFolder) -> Sampler:
        """Load a model from its folder.

        Raises:
            ModelError: Its files are absent or damaged, or the weights are not those of its networks.
        """
        manifest, weights = folder.load()
        return cls(manifest.networks, weights, manifest.name, manifest.step)

    def generate(self, z: Latents) -> NDArray[np.uint8]:
        """Generate one image per latent vector.

        Args:
            z: float32 (N, latent_dim).

        Returns:
            uint8 (N, 28, 28), row 0 at the top.

        Raises:
            SettingError: The vectors have another length than the model takes.
        """
        if z.ndim != 2 or z.shape[1] != self.latent_dim:
            raise SettingError(f"z: expected shape (N, {self.latent_dim}), got {z.shape}")
        # One sample at a time: a batch of another size is cut into other blocks, which rounds the sums differently.
        images = np.empty((len(z), 28, 28), np.uint8)
        with torch.inference_mode():
            for place, vector in enumerate(torch.from_numpy(np.ascontiguousarray(z, np.float32))):
                images[place] = to_images(self._generator(vector[None]))[0]
        return images

    def sample(self, config: GenerateConfig | None = None) -> NDArray[np.uint8]:
        """Generate the images that settings ask for: uint8 (N, 28, 28)."""
        return self.generate(latents(config or GenerateConfig(), self.latent_dim))


def to_images(output: Tensor) -> NDArray[np.uint8]:
    """Turn a generator's output, (N, 1, 28, 28) in [-1, 1], into uint8 (N, 28, 28)."""
    pixels: NDArray[np.uint8] = ((output[:, 0] + 1) * 127.5).round().clamp(0, 255).to(torch.uint8).numpy()
    return pixels


def _check_fit(generator: nn.Module, weights: Mapping[str, Tensor], name: str) -> None:
    expected = {key: (tuple(value.shape), value.dtype) for key, value in generator.state_dict().items()}
    found = {key: (tuple(value.shape), value.dtype) for key, value in weights.items()}
    if expected != found:
        wrong = sorted(key for key in expected.keys() | found.keys() if expected.get(key) != found.get(key))
        raise ModelError(f"model {name}: its weights are not those of its networks; first at {wrong[0]}")


def generate(
    config: GenerateConfig | None = None, model: str | None = None, *, home: Path | None = None
) -> NDArray[np.uint8]:
    """Generate images with a model from the user's store: uint8 (N, 28, 28).

    Args:
        config: Which digits; one from seed 0 unless given.
        model: Name of the model; the newest unless given.
        home: Folder of the models; the user's own unless given.

    Raises:
        ModelNotFound: There is no such model.
    """
    return Sampler.load(ModelStore(home or paths.home()).find(model)).sample(config)
