"""The preview of a run: sixteen digits in one PNG file that carries its own number."""

from __future__ import annotations

import io
import logging
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from bridge_server.contract.base import Picture
from bridge_server.encoding.pixels import COLUMNS, image_grid_picture
from ganmnist.storage.atomic import write_atomic

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FILE = "preview.png"
_NUMBER = "number"
_log = logging.getLogger("ganmnist.previews")


def write_preview(folder: Path, images: NDArray[np.uint8], number: int) -> None:
    """Replace the preview in a folder: uint8 (N, 28, 28). Picture and number are one file, so they cannot disagree."""
    write_atomic(folder / FILE, to_png(images, number))


def to_png(images: NDArray[np.uint8], number: int) -> bytes:
    """Put images and the number of the preview into a PNG."""
    from PIL.PngImagePlugin import PngInfo

    from ganmnist.export.pictures import sample_grid

    text = PngInfo()
    text.add_text(_NUMBER, str(number))
    file = io.BytesIO()
    sample_grid(images, COLUMNS).save(file, "PNG", pnginfo=text)
    return file.getvalue()


def read_preview(folder: Path) -> bytes | None:
    """Return the preview in a folder, if there is one yet that is whole."""
    try:
        content = (folder / FILE).read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        _log.warning("%s cannot be read (%s)", folder / FILE, error)
        return None
    return content if _is_whole(content) else None


@lru_cache(maxsize=8)
def _is_whole(content: bytes) -> bool:
    """Tell whether every part of a PNG has its checksum."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(content), formats=["PNG"]) as image:
            image.load()  # to the end of the pixels, so that the text before them was read
            return _NUMBER in image.info
    except (OSError, SyntaxError, ValueError):
        _log.warning("%s of a run is damaged; its next preview replaces it", FILE)
        return False


@lru_cache(maxsize=8)
def to_picture(content: bytes) -> Picture:
    """Turn a preview into a mesh for Rhino, once however often it is asked for."""
    import numpy as np
    from PIL import Image

    with Image.open(io.BytesIO(content), formats=["PNG"]) as image:
        pixels = np.asarray(image.convert("L"))
        return image_grid_picture(int(image.info[_NUMBER]), pixels[None], columns=1)
