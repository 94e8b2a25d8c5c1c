"""A picture file of any size made an image like MNIST's: 28 x 28 grey pixels, bright ink on black."""

from __future__ import annotations

from contextlib import nullcontext
from functools import cache
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, ImageStat, UnidentifiedImageError

from ganmnist.data.ink import find_ink
from ganmnist.errors import DataError, shown

# No other of Pillow's readers is let near a file: some of them start programs, or read what is not the picture.
_FORMATS = (
    *("PNG", "JPEG", "GIF", "BMP", "DIB", "TIFF", "WEBP", "AVIF", "JPEG2000"),
    *("PPM", "PCX", "QOI", "SGI", "SUN", "XBM"),
)
ENDINGS = (
    *(".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".gif", ".bmp", ".dib", ".tif", ".tiff", ".webp", ".avif"),
    *(".jp2", ".j2k", ".jpf", ".jpx", ".ppm", ".pgm", ".pbm", ".pnm", ".pfm", ".tga", ".pcx", ".qoi", ".sgi", ".ras"),
    *(".mpo", ".xbm"),
)
MAX_PIXELS = 50_000_000  # half a gigabyte while one is read; a telephone's camera has as many
_TIMES = {"F": 4, "I": 4}  # pixels of 32 bits are counted so often, those of 16 twice: they become floats
_SIDE = 28
_LARGE = 256  # pixels: a drawing may be a small part of its sheet
_HOT = 1000  # of so many values of more than 8 bits one may be a dead pixel's
_JPEG, _SCAN, _SEGMENTS = b"\xff\xd8", 0xDA, 2000
_REMEDY = "repair it or take it out"
_SMOOTH = Image.Resampling.HAMMING  # sharp, and unlike Lanczos draws no faint second line beside a line


class NoPicture(DataError):
    """A file that is no picture of a kind that is read."""


class Picture(NamedTuple):
    """A picture as an image like MNIST's.

    Attributes:
        image: uint8 (28, 28), row 0 at the top.
        dark: Whether its ink was dark.
        more: Whether there are pages or frames behind the first, which is the one that was read.
    """

    image: NDArray[np.uint8]
    dark: bool
    more: bool


def read_picture(source: Path | BinaryIO, name: str | None = None) -> NDArray[np.uint8]:
    """Read a picture as `turned_to_light` does: uint8 (28, 28), row 0 at the top."""
    return turned_to_light(source, name).image


def turned_to_light(source: Path | BinaryIO, name: str | None = None) -> Picture:
    """Read a picture, its first frame if it has several.

    It is turned as its EXIF data say and made grey. Of ink on paper the ink becomes light and the paper black; what is
    no ink on paper keeps its greys. It stays as it is in shape, centred on a square of its background.

    Args:
        source: A file on disk or in memory.
        name: What to call it where something is wrong; its path unless given.

    Raises:
        NoPicture: It is none.
        DataError: Damaged, too large, or more than 28 times as long as wide.
    """
    grey, more = _read(source, name or str(source), _SIDE)
    ink = find_ink(grey, 4 * _SIDE)
    if ink is None or ink.mixed:
        return Picture(np.asarray(_fit(Image.fromarray(grey), int(np.median(_border(grey))))), False, more)
    return Picture(np.asarray(_fit(Image.fromarray(ink.strength), 0)), ink.dark, more)


def read_grey(source: Path | BinaryIO, name: str | None = None) -> NDArray[np.uint8]:
    """Read the greys of a picture as large as it is, what is transparent as paper: uint8 (rows, columns).

    Raises:
        NoPicture: It is none.
        DataError: Damaged, too large, or more than 28 times as long as wide.
    """
    return _read(source, name or str(source), _LARGE)[0]


def _read(source: Path | BinaryIO, name: str, least: int) -> tuple[NDArray[np.uint8], bool]:
    """Return the greys of a picture, and whether it has more pages or frames.

    A JPEG may come smaller than it is, but not smaller than four times `least`.
    """
    try:
        with (
            source.open("rb") if isinstance(source, Path) else nullcontext(source) as file,
            Image.open(_whole(file), formats=_formats(name.lower().endswith(".tga"))) as opened,
        ):
            _check_size(opened)
            if max(opened.size) > _SIDE * min(opened.size):  # before half a gigabyte is made of it
                raise DataError(
                    f"{name}: is {opened.width:,} x {opened.height:,} pixels, which leaves less than one pixel of "
                    f"its shorter side at {_SIDE} x {_SIDE}: cut it to size"
                )
            opened.draft("L", (4 * least, 4 * least))  # a JPEG is decoded at a fraction of its size, which is quick
            ImageOps.exif_transpose(opened, in_place=True)  # without a copy of all that is upright already
            grey, visible = _layers(opened)
            more = _has_more(opened)
    except DataError:
        raise
    except Image.DecompressionBombError as error:
        raise DataError(f"{name}: is too large a picture ({error}): make it smaller") from None
    except UnidentifiedImageError:
        raise NoPicture(f"{name}: cannot be read as a picture (its bytes are not those of one): {_REMEDY}") from None
    except Exception as error:  # Pillow's readers raise errors of all kinds for damaged bytes
        raise DataError(f"{name}: cannot be read as a picture ({shown(error)}): {_REMEDY}") from None
    if visible is None:
        return np.asarray(grey), more
    flat = Image.new("L", grey.size, _background(grey, visible))
    flat.paste(grey, mask=visible)
    return np.asarray(flat), more


def _check_size(opened: Image.Image) -> None:
    """Raise unless there is room for a picture's pixels, by what its header says of them."""
    width, height, times = *opened.size, _TIMES.get(opened.mode, 2 if opened.mode.startswith("I;16") else 1)
    if width * height * times > MAX_PIXELS:
        words = f"{width:,} x {height:,} pixels"
        if times > 1:
            words += f" of {32 if times == 4 else 16} bits each, of which at most {MAX_PIXELS // times:,} are read"
        raise Image.DecompressionBombError(words)


def _has_more(opened: Image.Image) -> bool:
    """Tell whether there are pages or frames behind the first. In a telephone's JPEG that is its preview."""
    try:
        return opened.format != "MPO" and bool(getattr(opened, "is_animated", False))
    except Exception:  # damaged behind the first, which is whole
        return False


def _whole(file: BinaryIO) -> BinaryIO:
    """Return the file if Pillow reads it in a time that is proportional to its length.

    It is not where a JPEG has a hundred thousand segments before its image: each is joined to those before.

    Raises:
        ValueError: It has so many.
    """
    start = file.tell()
    if file.read(2) == _JPEG:
        for _ in range(_SEGMENTS):
            head = file.read(4)
            if len(head) < 4 or head[0] != 0xFF or head[1] == _SCAN:
                break
            file.seek(int.from_bytes(head[2:]) - 2, 1)
        else:
            raise ValueError(f"more than {_SEGMENTS:,} segments before its image")
    file.seek(start)
    return file


def has_picture_bytes(head: bytes) -> bool:
    """Tell whether a file that begins so may be a picture of a format that is read."""
    if head[:1] == b"P" and not head[2:3].isspace():  # text, and no portable grey map
        return False
    accepts = (Image.OPEN[name][1] for name in _formats(False))
    return any(accept and accept(head[:16].ljust(16, b"\0")) is True for accept in accepts)


@cache
def _formats(targa: bool) -> list[str]:
    """Return the formats that a file may have: Targa has no bytes of its own to be known by, but its ending."""
    Image.init()
    asked = (*_FORMATS, "TGA") if targa else _FORMATS
    return [each for each in asked if each in Image.OPEN]  # not every Pillow has been built with AVIF


def _layers(picture: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """Return the grey of each pixel, and how opaque it is if some are not."""
    if picture.mode.startswith(("I", "F")):
        return Image.fromarray(_eight_bits(np.array(picture, np.float32))), None
    if picture.has_transparency_data:
        coloured = picture.convert("RGBA")
        return coloured.convert("L"), coloured.getchannel("A")
    return picture.convert("L"), None


def _eight_bits(values: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return greys of more than 8 bits by the range that they have, which is seldom all that their format allows."""
    values = np.nan_to_num(values, copy=False, posinf=0, neginf=0)
    hot = values.size // _HOT
    ordered = np.partition(values, (hot, values.size - 1 - hot), axis=None)
    black, white = min(float(ordered[hot]), 0.0), float(ordered[-1 - hot])
    del ordered  # each of these arrays may have a hundred megabytes
    values -= np.float32(black)
    values *= np.float32(255 / max(white - black, 1e-9))
    return np.rint(values, out=values).clip(0, 255, out=values).astype(np.uint8)


def _background(grey: Image.Image, visible: Image.Image) -> int:
    """Return the grey behind the ink: the border's median; where that is transparent, what the ink stands out from."""
    edge, shown = _border(np.asarray(grey)), _border(np.asarray(visible)) > 127
    if 2 * shown.sum() >= len(edge):
        return int(np.median(edge[shown]))
    ink = ImageStat.Stat(grey, visible.point([0] * 128 + [255] * 128))
    return 0 if not ink.count[0] or ink.mean[0] > 127 else 255


def _border(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
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
