"""Images as pictures: many in one grid, one after the other as an animated GIF, films, and feature maps with labels."""

from __future__ import annotations

import io
from collections.abc import Sequence
from math import ceil, isqrt, sqrt

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from ganmnist.errors import SettingError, shape_text
from ganmnist.generation.feature_maps import FeatureMaps
from ganmnist.pixels import tile

SCALE = 8  # pixels of a picture to the side of an image's pixel, where people are to look at it
_WIDEST = 2000  # pixels of a picture that is as wide or high as can be looked at
_MAX_PIXELS = 1 << 27  # of a picture, all frames of an animation together
_SHOWN, _HELD = 160, 1600  # milliseconds for which a moving picture shows a frame, and the last one
_MAPS_SCALE = 2  # pixels of a picture per number of a feature map
_WIDTH = 1140  # pixels, about, of a picture
_FONT, _LINE, _MARGIN, _PAPER = 13, 16, 14, 255  # of a picture's labels: pixels, and its grey


def gif(images: NDArray[np.uint8], milliseconds: int | Sequence[int], comment: str = "", scale: int = SCALE) -> bytes:
    """Return an animation that never ends.

    Args:
        images: uint8 (N, rows, columns).
        milliseconds: For which each of them is shown.
        comment: A text that the file carries.
        scale: Pixels of the animation to the side of an image's pixel.
    """
    shown = [enlarge(Image.fromarray(image), scale) for image in images]
    file = io.BytesIO()
    shown[0].save(file, "GIF", save_all=True, append_images=shown[1:], duration=milliseconds, loop=0, comment=comment)
    return file.getvalue()


def sample_grid(images: NDArray[np.uint8], columns: int | None = None) -> Image.Image:
    """Put images in one grey picture, near a square unless the number of columns is given."""
    return Image.fromarray(tile(images, columns or grid_columns(len(images))))


def grid_columns(count: int) -> int:
    """Return how many images stand side by side in a grid near a square."""
    return ceil(sqrt(count))


def enlarge(picture: Image.Image, scale: int) -> Image.Image:
    """Return a picture with a square of so many pixels to the side for each of its own."""
    return picture.resize((scale * picture.width, scale * picture.height), Image.Resampling.NEAREST)


def viewing_scale(width: int, height: int, wanted: int | None = None, frames: int = 1) -> int:
    """Return how many pixels to the side of each of its own a picture has for people to look at.

    Args:
        width, height: Of the picture as it is, pixels.
        wanted: What was asked for; 8 otherwise, or fewer where the picture would have more than 2,000 to a side.
        frames: Of an animation.

    Raises:
        SettingError: The picture would have more than 134 million pixels; names the largest scale that would do.
    """
    scale = wanted or max(1, min(SCALE, _WIDEST // max(width, height)))
    pixels = width * height * frames
    if wanted and pixels * scale**2 > _MAX_PIXELS:
        raise SettingError(
            f"scale: {pixels * scale**2:,} pixels are too many for a picture, got {scale}: "
            f"choose {max(isqrt(_MAX_PIXELS // pixels), 1)} at most"
        )
    return scale


def film_grid(images: NDArray[np.uint8]) -> Image.Image:
    """Put a film into one grey picture: a line per digit, its frames from left to right."""
    count, _, rows, columns = images.shape
    return Image.fromarray(tile(images.swapaxes(0, 1).reshape(-1, rows, columns), count))


def animation(images: NDArray[np.uint8], scale: int = SCALE) -> bytes:
    """Return a film as a moving picture, a GIF: the digits side by side, the last frame held a while, for ever."""
    times = [_SHOWN] * (len(images) - 1) + [_HELD]
    return gif(np.stack([tile(digits, len(digits)) for digits in images]), times, scale=scale)


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
    maps = Image.fromarray(np.kron(layer.image_grid(), np.ones((_MAPS_SCALE, _MAPS_SCALE), np.uint8)))
    font = ImageFont.load_default(_FONT)
    words = (f"{layer.place} {layer.layer}", shape_text(layer.output_shape))
    width = max(maps.width, *(ceil(font.getlength(line)) for line in words)) + _MARGIN
    drawn = Image.new("L", (width, maps.height + 2 * _LINE + _MARGIN), _PAPER)
    pen = ImageDraw.Draw(drawn)
    for number, line in enumerate(words):
        pen.text((0, number * _LINE), line, fill=0, font=font)
    drawn.paste(maps, (0, 2 * _LINE))
    return drawn
