"""Images as pictures: many in one grid, one after the other as an animated GIF, films, and feature maps with labels."""

from __future__ import annotations

import io
from collections.abc import Sequence
from math import ceil

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from ganmnist.generation.feature_maps import FeatureMaps
from ganmnist.pixels import tile

_ENLARGED = 8  # screen pixels to the side of an image's pixel, in an animation
_SHOWN, _HELD = 160, 1600  # milliseconds for which a moving picture shows a frame, and the last one
_SCALE = 2  # pixels of a picture per number
_WIDTH = 1140  # pixels, about, of a picture
_FONT, _LINE, _MARGIN, _PAPER = 13, 16, 14, 255  # of a picture's labels: pixels, and its grey


def gif(images: NDArray[np.uint8], milliseconds: int | Sequence[int], comment: str = "") -> bytes:
    """Return an animation that never ends.

    Args:
        images: uint8 (N, rows, columns).
        milliseconds: For which each of them is shown.
        comment: A text that the file carries.
    """
    shown = [
        Image.fromarray(image).resize((_ENLARGED * image.shape[1], _ENLARGED * image.shape[0]), 0) for image in images
    ]
    file = io.BytesIO()
    shown[0].save(file, "GIF", save_all=True, append_images=shown[1:], duration=milliseconds, loop=0, comment=comment)
    return file.getvalue()


def sample_grid(images: NDArray[np.uint8], columns: int | None = None) -> Image.Image:
    """Put images in one grey picture, near a square unless the number of columns is given."""
    return Image.fromarray(tile(images, columns or int(np.ceil(np.sqrt(len(images))))))


def film_grid(images: NDArray[np.uint8]) -> Image.Image:
    """Put a film into one grey picture: a line per digit, its frames from left to right."""
    count, _, rows, columns = images.shape
    return Image.fromarray(tile(images.swapaxes(0, 1).reshape(-1, rows, columns), count))


def animation(images: NDArray[np.uint8]) -> bytes:
    """Return a film as a moving picture, a GIF: the digits side by side, the last frame held a while, for ever."""
    times = [_SHOWN] * (len(images) - 1) + [_HELD]
    return gif(np.stack([tile(digits, len(digits)) for digits in images]), times)


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
    maps = Image.fromarray(np.kron(layer.image_grid(), np.ones((_SCALE, _SCALE), np.uint8)))
    font = ImageFont.load_default(_FONT)
    words = (f"{layer.place} {layer.layer}", " x ".join(map(str, layer.output_shape)))
    width = max(maps.width, *(ceil(font.getlength(line)) for line in words)) + _MARGIN
    drawn = Image.new("L", (width, maps.height + 2 * _LINE + _MARGIN), _PAPER)
    pen = ImageDraw.Draw(drawn)
    for number, line in enumerate(words):
        pen.text((0, number * _LINE), line, fill=0, font=font)
    drawn.paste(maps, (0, 2 * _LINE))
    return drawn
