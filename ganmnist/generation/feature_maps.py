"""A walk through a generator: the activations of its layers on the way to one digit, as feature maps."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, sqrt
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ganmnist.config import ActivationsConfig, GenerateConfig, LatentConfig, StackConfig
from ganmnist.geometry.layout import stack
from ganmnist.geometry.pieces import Mesh, Points
from ganmnist.latent.vectors import inputs
from ganmnist.pixels import tile

if TYPE_CHECKING:
    from ganmnist.generation.sampler import Sampler


@dataclass(frozen=True)
class FeatureMaps:
    """What leaves one layer.

    Attributes:
        place, layer: Place of the layer, from 1, and its name.
        output_shape: (units,) or (channels, height, width).
        low, high: The smallest and the largest number shown: black and white.
        images: uint8 (maps, rows, columns), the first channels; the units of a row make one image, near a square.
    """

    place: int
    layer: str
    output_shape: tuple[int, ...]
    low: float
    high: float
    images: NDArray[np.uint8]

    def image_grid(self) -> NDArray[np.uint8]:
        """Return the maps side by side, a black line between two: uint8 (rows, columns)."""
        spaced = np.pad(self.images, ((0, 0), (0, 1), (0, 1)))
        return tile(spaced, ceil(sqrt(len(spaced))))[:-1, :-1]


def walk(sampler: Sampler, config: ActivationsConfig | None = None) -> list[FeatureMaps]:
    """Follow one latent vector through all layers of a generator.

    The last maps are the digit that `Sampler.generate` gives for the same latent vector and class, but for contrast.

    Raises:
        SettingError: More latent numbers, or another digit, than the model knows.
    """
    config = config or ActivationsConfig()
    one = GenerateConfig(**dict(LatentConfig.part_of(config)))
    z = inputs(one, sampler.latent_dim, sampler.known_classes, sampler.directions_for(one))
    rows = sampler.networks.generator.table((sampler.networks.input_dim,), sampler.networks.input_dim)
    outputs = sampler.walk(z)
    return [maps_of(row.place, row.layer, output, config.maps) for row, output in zip(rows, outputs, strict=True)]


def stacked(layers: list[FeatureMaps], config: StackConfig) -> list[Mesh | Points]:
    """Return one object per layer, its maps side by side, the first layer at the bottom; none for the form `images`."""
    return stack([layer.image_grid() for layer in layers], config)


def maps_of(place: int, layer: str, output: NDArray[np.float32], most: int) -> FeatureMaps:
    """Make images of the activations of a layer, (units,) or (channels, height, width): at most so many."""
    shown = output[:most] if output.ndim == 3 else _as_image(output)[None]
    # A training that went astray leaves numbers that are none, or so far apart that float32 has none between.
    shown = np.nan_to_num(shown).astype(np.float64)
    low, high = float(shown.min()), float(shown.max())
    greys = (shown - low) * (255 / ((high - low) or 1))
    return FeatureMaps(place, layer, output.shape, low, high, greys.round().astype(np.uint8))


def _as_image(row: NDArray[np.float32]) -> NDArray[np.float32]:
    """Lay a row out near a square; what it lacks at the end is its smallest number."""
    columns = ceil(sqrt(len(row)))
    filled = np.full(-(-len(row) // columns) * columns, row.min(), np.float32)
    filled[: len(row)] = row
    return filled.reshape(-1, columns)
