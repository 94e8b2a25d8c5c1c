"""A walk through a generator: what leaves each of its layers on the way to one digit, as feature maps."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, sqrt
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from ganmnist.config import ActivationsConfig, GenerateConfig, LatentConfig, StackConfig
from ganmnist.geometry import Mesh, Points, stack, tile
from ganmnist.latent import inputs

if TYPE_CHECKING:
    from ganmnist.sampling import Sampler

_SCALE = 2  # pixels of a picture per number
_WIDTH = 1140  # pixels, about, of a picture
_FONT, _LINE, _MARGIN, _PAPER = 13, 16, 14, 255  # of a picture's labels: pixels, and its grey


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

    def sheet(self) -> NDArray[np.uint8]:
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
    one = GenerateConfig(**{name: getattr(config, name) for name in LatentConfig.model_fields})
    z = inputs(one, sampler.latent_dim, sampler.classes, sampler.directions_for(one))
    rows = sampler.networks.generator.table((sampler.networks.input_dim,), sampler.networks.input_dim)
    outputs = sampler.walk(z)
    return [maps_of(row.place, row.layer, output, config.maps) for row, output in zip(rows, outputs, strict=True)]


def maps_of(place: int, layer: str, output: NDArray[np.float32], most: int) -> FeatureMaps:
    """Make images of what leaves a layer, (units,) or (channels, height, width): at most so many."""
    shown = output[:most] if output.ndim == 3 else _as_image(output)[None]
    # A training that went astray leaves numbers that are none, or so far apart that float32 has none between.
    shown = np.nan_to_num(shown).astype(np.float64)
    low, high = float(shown.min()), float(shown.max())
    greys = (shown - low) * (255 / ((high - low) or 1))
    return FeatureMaps(place, layer, output.shape, low, high, greys.round().astype(np.uint8))


def stacked(layers: list[FeatureMaps], config: StackConfig) -> list[Mesh | Points]:
    """Return one object per layer, its maps side by side, the first layer at the bottom; none for the form `images`."""
    return stack([layer.sheet() for layer in layers], config)


def picture(layers: list[FeatureMaps]) -> Image.Image:
    """Draw the maps of all layers in reading order, each under its place, name and shape."""
    cells = [_labelled(layer) for layer in layers]
    lines: list[list[Image.Image]] = [[]]
    for cell in cells:
        if lines[-1] and sum(other.width for other in lines[-1]) + cell.width > _WIDTH:
            lines.append([])
        lines[-1].append(cell)
    heights = [max(cell.height for cell in line) for line in lines]
    width = max(sum(cell.width for cell in line) for line in lines)
    drawn, top = Image.new("L", (width, sum(heights)), _PAPER), 0
    for line, height in zip(lines, heights, strict=True):
        left = 0
        for cell in line:
            drawn.paste(cell, (left, top))
            left += cell.width
        top += height
    return drawn


def _labelled(layer: FeatureMaps) -> Image.Image:
    maps = Image.fromarray(np.kron(layer.sheet(), np.ones((_SCALE, _SCALE), np.uint8)))
    font = ImageFont.load_default(_FONT)
    words = (f"{layer.place} {layer.layer}", " x ".join(map(str, layer.output_shape)))
    width = max(maps.width, *(ceil(font.getlength(line)) for line in words)) + _MARGIN
    drawn = Image.new("L", (width, maps.height + 2 * _LINE + _MARGIN), _PAPER)
    pen = ImageDraw.Draw(drawn)
    for number, line in enumerate(words):
        pen.text((0, number * _LINE), line, fill=0, font=font)
    drawn.paste(maps, (0, 2 * _LINE))
    return drawn


def _as_image(row: NDArray[np.float32]) -> NDArray[np.float32]:
    """Lay a row out near a square; what it lacks at the end is its smallest number."""
    columns = ceil(sqrt(len(row)))
    filled = np.full(-(-len(row) // columns) * columns, row.min(), np.float32)
    filled[: len(row)] = row
    return filled.reshape(-1, columns)
