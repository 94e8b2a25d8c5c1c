"""Pictures that are told apart by their shade, wherever a reader puts them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image


def picture(path: Path, shade: int) -> None:
    """A square whose shade tells which picture it is, on black."""
    image = np.zeros((28, 28), np.uint8)
    image[9:19, 9:19] = shade
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(image).save(path)


def shades(images: np.ndarray) -> list[int]:
    """Return the shade of each image, in their order."""
    return images[:, 14, 14].tolist()
