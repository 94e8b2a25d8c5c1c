"""Images one after the other as an animated GIF."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_SCALE = 8  # screen pixels to the side of an image's pixel


def gif(images: NDArray[np.uint8], milliseconds: int | Sequence[int], comment: str = "") -> bytes:
    """Return an animation that never ends.

    Args:
        images: uint8 (N, rows, columns).
        milliseconds: For which each of them is shown.
        comment: A text that the file carries.
    """
    shown = [Image.fromarray(image).resize((_SCALE * image.shape[1], _SCALE * image.shape[0]), 0) for image in images]
    file = io.BytesIO()
    shown[0].save(file, "GIF", save_all=True, append_images=shown[1:], duration=milliseconds, loop=0, comment=comment)
    return file.getvalue()
