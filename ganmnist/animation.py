"""Images one after the other as an animated GIF."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ganmnist.files import write_atomic

_SCALE = 8  # screen pixels to the side of an image's pixel
_MILLISECONDS = 80  # per image


def write_gif(path: Path, images: NDArray[np.uint8], *, closed: bool = False) -> None:
    """Write an animation that never ends: round and round where the images are a loop, else there and back.

    Args:
        path: File to write.
        images: uint8 (N, rows, columns).
        closed: After the last comes the first.
    """
    turned = images if closed else np.concatenate([images, images[-2:0:-1]])
    frames = [Image.fromarray(image).resize((_SCALE * image.shape[1], _SCALE * image.shape[0])) for image in turned]
    file = io.BytesIO()
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:], duration=_MILLISECONDS, loop=0)
    write_atomic(path, file.getvalue())
