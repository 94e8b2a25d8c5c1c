"""A picture file of any size made an image like MNIST's: 28 x 28 grey pixels, bright ink on black."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, ImageStat, UnidentifiedImageError

from ganmnist.errors import DataError, shown

ENDINGS = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp")
_FORMATS = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP")  # no other of Pillow's readers is let near the file
MAX_PIXELS = 50_000_000  # half a gigabyte while one is read; a telephone's camera has as many
_SIDE = 28
_LARGE = 256  # pixels: a drawing may be a small part of its sheet
_REMEDY = "repair it or take it out"
_SMOOTH = Image.Resampling.HAMMING  # sharp, and unlike Lanczos draws no faint second line beside a line


def read_picture(source: Path | BinaryIO, name: str | None = None) -> NDArray[np.uint8]:
    """Read a picture, its first frame if it has several.

    It is turned as its EXIF data say and made grey; where its background is light it is inverted. It stays as it is
    in shape, centred on a square of its background.

    Args:
        source: A file on disk or in memory.
        name: What to call it where something is wrong; its path unless given.

    Returns:
        uint8 (28, 28), row 0 at the top.

    Raises:
        DataError: Damaged, no picture, too large, or more than 28 times as long as wide.
    """
    flat, background = _read(source, name or source, _SIDE)
    if max(flat.size) > _SIDE * min(flat.size):
        raise DataError(
            f"{name or source}: is {flat.width} x {flat.height} pixels, which leaves less than one pixel of "
            f"its shorter side at {_SIDE} x {_SIDE}: cut it to size"
        )
    return np.asarray(_fit(flat, background))


def read_grey(source: Path | BinaryIO, name: str | None = None) -> NDArray[np.uint8]:
    """Read a picture as `read_picture` does, but leave it as large as it is: uint8 (rows, columns).

    Raises:
        DataError: Damaged, no picture or too large.
    """
    flat, _ = _read(source, name or source, _LARGE)
    return np.asarray(flat)


def _read(source: Path | BinaryIO, path: Path | BinaryIO | str, least: int) -> tuple[Image.Image, int]:
    """Return a picture as light ink on a dark background, and how light that is.

    A JPEG may come smaller than it is, but not smaller than four times `least`.
    """
    try:
        with Image.open(source, formats=_FORMATS) as opened:
            if opened.width * opened.height > MAX_PIXELS:
                raise Image.DecompressionBombError(f"{opened.width:,} x {opened.height:,} pixels")
            opened.draft("L", (4 * least, 4 * least))  # a JPEG is decoded at a fraction of its size, which is quick
            grey, visible = _layers(ImageOps.exif_transpose(opened))
    except Image.DecompressionBombError as error:
        raise DataError(f"{path}: is too large a picture ({error}): make it smaller") from None
    except UnidentifiedImageError:
        known = ", ".join(_FORMATS)
        raise DataError(f"{path}: cannot be read as a picture (it is none of {known}): {_REMEDY}") from None
    except Exception as error:  # Pillow's readers raise errors of all kinds for damaged bytes
        raise DataError(f"{path}: cannot be read as a picture ({shown(error)}): {_REMEDY}") from None
    background = _background(grey, visible)
    flat = Image.new("L", grey.size, background)
    flat.paste(grey, mask=visible)
    if background > 127:
        flat, background = ImageOps.invert(flat), 255 - background
    return flat, background


def _layers(picture: Image.Image) -> tuple[Image.Image, Image.Image]:
    """Return the grey of each pixel, and how opaque it is."""
    if picture.mode.startswith(("I", "F")):  # more than 8 bits, which Pillow would cut off at 255
        values = np.nan_to_num(np.array(picture, np.float32), copy=False, posinf=0, neginf=0)
        white = 65535 if picture.mode.startswith("I;16") else max(float(values.max()), 1e-9)
        values *= 255 / white
        grey = Image.fromarray(np.clip(np.rint(values, out=values), 0, 255, out=values).astype(np.uint8))
    elif picture.has_transparency_data:
        coloured = picture.convert("RGBA")
        return coloured.convert("L"), coloured.getchannel("A")
    else:
        grey = picture.convert("L")
    return grey, Image.new("L", grey.size, 255)


def _background(grey: Image.Image, visible: Image.Image) -> int:
    """Return the grey behind the ink: the border's median; where that is transparent, what the ink stands out from."""
    edge, shown = _border(grey), _border(visible) > 127
    if 2 * shown.sum() >= len(edge):
        return int(np.median(edge[shown]))
    ink = ImageStat.Stat(grey, visible.point([0] * 128 + [255] * 128))
    return 0 if not ink.count[0] or ink.mean[0] > 127 else 255


def _border(image: Image.Image) -> NDArray[np.uint8]:
    pixels = np.asarray(image)
    return np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])


def _fit(picture: Image.Image, background: int) -> Image.Image:
    """Scale a picture to 28 x 28 as if it stood in the middle of a square, without ever making that square."""
    width, height = picture.size
    if width < height:
        turned = _fit(picture.transpose(Image.Transpose.TRANSPOSE), background)
        return turned.transpose(Image.Transpose.TRANSPOSE)
    narrow = picture.resize((_SIDE, height), _SMOOTH)
    odd = (width - height) % 2  # then the margins are equal only from half a pixel on
    column = Image.new("L", (_SIDE, width + odd), background)
    column.paste(narrow, (0, (width - height + odd) // 2))
    return column.resize((_SIDE, _SIDE), _SMOOTH, box=(0, odd / 2, _SIDE, width + odd / 2))
