"""Images as lines of numbers, 28 x 28 pixels each, as Kaggle's digit recognizer and many others have them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ganmnist.data.idx import MAX_IMAGES
from ganmnist.errors import DataError, shown

_PIXELS = 28 * 28
_LONGEST = 16_384  # bytes of a line; 785 numbers of three digits have a fifth
_LABEL = "label"


def read_csv(
    path: Path, on_progress: Callable[[float, str], object]
) -> tuple[NDArray[np.uint8], NDArray[np.uint8] | None]:
    """Read a .csv file: a line per image, 784 pixels from 0 to 255 by rows from the top, before them the label if any.

    Args:
        path: The file; its first line may name the columns.
        on_progress: Called with percent and a few words.

    Returns:
        Images uint8 (N, 28, 28), and their labels uint8 (N,), None where there are none.

    Raises:
        DataError: A line is too long, or has other numbers than it should; names the line, what was expected and what
            came.
    """
    rows = bytearray()
    columns = 0
    count = 0
    for number, line, percent in _lines(path):
        where = f"{path}: line {number}"
        fields = line.split(b",")
        if not columns:
            columns = len(fields)
            if columns not in (_PIXELS, _PIXELS + 1):
                raise DataError(
                    f"{where}: expected {_PIXELS} pixels separated by commas, or a label and {_PIXELS} pixels, "
                    f"got {columns:,} columns"
                )
            if _is_header(fields, where):
                continue
        if len(fields) != columns:
            raise DataError(f"{where}: expected {columns} columns as in the first line, got {len(fields):,}")
        if count == MAX_IMAGES:
            raise DataError(f"{where}: at most {MAX_IMAGES:,} images are taken: take some out")
        try:
            rows += bytes(map(int, fields))
        except ValueError:
            raise DataError(f"{where}: expected whole numbers from 0 to 255, got {_wrong(fields)}") from None
        count += 1
        if count % 500 == 0:
            on_progress(percent, "reading lines")
    if not count:
        raise DataError(f"{path}: has no line of numbers: expected one for each image")
    table = np.frombuffer(rows, np.uint8).reshape(count, columns)
    images = np.ascontiguousarray(table[:, -_PIXELS:]).reshape(count, 28, 28)
    return images, table[:, 0].copy() if columns > _PIXELS else None


def _lines(path: Path) -> Iterator[tuple[int, bytes, float]]:
    """Give each line that is not empty, with its number and how much of the file lies before its end in percent."""
    try:
        size, read = max(path.stat().st_size, 1), 0
        with path.open("rb") as file:
            number = 0
            while line := file.readline(_LONGEST + 1):
                number, read = number + 1, read + len(line)
                if len(line) > _LONGEST:
                    raise DataError(f"{path}: line {number}: is longer than {_LONGEST:,} bytes, so it is no image")
                stripped = line.removeprefix(b"\xef\xbb\xbf").strip()
                if stripped:
                    yield number, stripped, min(100 * read / size, 100)
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from None


def _is_header(fields: list[bytes], where: str) -> bool:
    """Tell whether the first line names the columns."""
    if all(_is_number(field) for field in fields):
        return False
    first = fields[0].strip(b" \"'").lower()
    if any(_is_number(field) for field in fields[1:]):
        raise DataError(f"{where}: expected whole numbers from 0 to 255, or the names of the columns, got both")
    if len(fields) > _PIXELS and first != _LABEL.encode():
        came = shown(first.decode("utf-8", "replace"))
        raise DataError(f"{where}: expected the first of {len(fields)} columns to be called {_LABEL}, got {came}")
    return True


def _is_number(field: bytes) -> bool:
    try:
        int(field)
    except ValueError:
        return False
    return True


def _wrong(fields: list[bytes]) -> str:
    """Return the first field that is no pixel, and its column."""
    for column, field in enumerate(fields, 1):
        if not _is_number(field) or not 0 <= int(field) <= 255:
            return f"{shown(field.decode('utf-8', 'replace').strip()) or 'nothing'} in column {column}"
    return "others"
