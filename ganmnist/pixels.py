"""Pixels as bytes and as numbers: 0..255 to -1..1 and back, and many images in one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ganmnist.errors import GeometryError

if TYPE_CHECKING:
    from torch import Tensor

Images = NDArray[np.uint8]


def rescale(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Rescale pixels from 0..255 to -1..1: uint8 (N, 28, 28) to float32 (N, 1, 28, 28)."""
    return (images[:, None] / np.float32(127.5) - np.float32(1)).astype(np.float32, copy=False)


def to_images(output: Tensor) -> NDArray[np.uint8]:
    """Turn a generator's output, (N, 1, 28, 28) in [-1, 1], into uint8 (N, 28, 28)."""
    pixels: NDArray[np.uint8] = (output[:, 0] + 1).mul_(127.5).round_().clamp_(0, 255).byte().cpu().numpy()
    return pixels


def tile(images: Images, columns: int) -> Images:
    """Put images of equal size side by side, row by row from the top: uint8 (rows, columns). Gaps are black."""
    validate_images(images)
    count, height, width = images.shape
    rows = -(-count // columns)
    padded = np.zeros((rows * columns, height, width), np.uint8)
    padded[:count] = images
    return padded.reshape(rows, columns, height, width).swapaxes(1, 2).reshape(rows * height, columns * width)


def validate_images(images: Images) -> None:
    """Refuse images that are not uint8 (N, rows, columns) of at least 2 x 2 pixels."""
    if images.dtype != np.uint8 or images.ndim != 3 or min(images.shape[1:]) < 2 or not len(images):
        raise GeometryError(
            f"images: expected uint8 (N, rows, columns) of at least 2 x 2 pixels, got {images.dtype} {images.shape}"
        )
