"""Images as lines of numbers, 28 x 28 pixels each, as spreadsheets, pandas, NumPy and Kaggle write them."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import chain, islice
from operator import itemgetter
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ganmnist.data.classes import LONGEST, numbered, too_long
from ganmnist.data.csv_layout import PIXELS, Layout, fields_of, layout_of, looks_like_images, number
from ganmnist.data.files import DAMAGED, DiskFile, File, OnProgress, opened
from ganmnist.data.idx import MAX_IMAGES
from ganmnist.data.kinds import encoding_of
from ganmnist.data.scale import BEYOND, to_greys
from ganmnist.errors import DataError, shown

_LONGEST = 65_536  # letters of a line; 785 numbers as NumPy writes them have a third
_LOOKED_AT = 200  # lines that tell the layout
_COMMENTS = 3  # lines before the first that counts
_OFTEN = 500  # lines after which progress is told
_NAMED = 10  # faults that are told in full
_LOW, _HIGH = -0.25, 255.25  # of pixels, as rounding leaves them


class Table(NamedTuple):
    """What a table has.

    Attributes:
        numbers: uint8 or float16 (N, 28, 28), as they stand there; float16 tells more of them than there are greys.
        labels: What stands in the label's column, for each image; None if there is no such column.
        remarks: What was decided without being told, a sentence each.
    """

    numbers: NDArray[np.uint8] | NDArray[np.float16]
    labels: list[str] | None
    remarks: tuple[str, ...]


def read_csv(path: Path, on_progress: OnProgress) -> tuple[NDArray[np.uint8], NDArray[np.uint8] | None]:
    """Read a table as `read_table` does: its images uint8 (N, 28, 28), and the numbers of their classes (N,) if any."""
    found = read_table(DiskFile((path.name,), path), on_progress)
    return to_greys([found.numbers], [])[0], None if found.labels is None else numbered(found.labels, str(path))[0]


def looks_like_table(file: File) -> bool:
    """Tell whether the first line of a file may be that of an image."""
    head = file.head(_LONGEST)
    lines = (line for line in head.decode(encoding_of(head), "replace").splitlines() if line.strip("\ufeff "))
    return any(looks_like_images(line) for line in islice(lines, _COMMENTS))


def read_table(file: File, on_progress: OnProgress) -> Table:
    """Read a table: a line per image, 784 pixels by rows from the top, and the label first or last if there is one.

    Commas, semicolons, tabs or spaces part the columns; numbers go from 0 to 255, from 0 to 1 or from -1 to 1; the
    first line may name the columns.

    Args:
        file: The table, gzip'd or not.
        on_progress: Called with percent and a few words.

    Raises:
        DataError: A line is too long, or has other numbers than it should; names the first such lines, what was
            expected and what came.
    """
    with opened(file) as reading:
        try:
            lines = _lines(reading.content, encoding_of(file.head()), file.where)
            first = list(islice(lines, _LOOKED_AT))
            if not first:
                raise DataError(f"{file.where}: has no line of numbers: expected one for each image")
            layout = layout_of([text for _, text in first], f"{file.where}: line {first[0][0]}")
            rows = _Rows(layout, file.where)
            for at, text in chain(first[layout.has_header :], lines):
                rows.add(at, text)
                if rows.count % _OFTEN == 0:
                    on_progress(reading.percent, "reading lines")
        except csv.Error as error:
            raise DataError(f"{file.where}: is no table that can be read ({error})") from None
        except DAMAGED as error:
            raise DataError(f"{file.where}: cannot be read ({error}): fetch it anew") from None
    return rows.table()


class _Rows:
    """The lines that were read so far."""

    def __init__(self, layout: Layout, where: str) -> None:
        self.count = 0
        self._layout, self._where = layout, where
        self._pick: Callable[[list[str]], tuple[str, ...]] = itemgetter(*layout.pixels)
        self._wholes, self._floats, self._are_floats = bytearray(), bytearray(), bytearray()
        self._labels: list[str] = []
        self._signed = ""  # what to say of the first number below 0, where others are above 1
        self._faults: list[str] = []
        self._faulty = 0

    def add(self, at: int, text: str) -> None:
        """Add a line, or what is wrong with it."""
        layout = self._layout
        fields = fields_of(text, layout.delimiter)
        if len(fields) != layout.columns:
            self._fault(at, f"expected {layout.columns} columns as in the first line, got {len(fields):,}")
            return
        if self.count == MAX_IMAGES:
            raise DataError(f"{self._where}: line {at}: at most {MAX_IMAGES:,} images are taken: take some out")
        label = fields[layout.label].strip() if layout.label is not None else ""
        if layout.label is not None and not label:
            self._fault(at, f"expected a label, got nothing in column {layout.label + 1}")
            return
        if len(label) > LONGEST:  # before there are many of them
            self._fault(at, too_long(label))
            return
        pixels = self._pick(fields)
        try:
            line = _parsed(pixels)
        except ValueError:
            self._fault(at, self._odd(fields))
            return
        if isinstance(line, bytes):
            self._wholes += line
        else:
            if line.min() < _LOW and not self._signed:
                self._signed = f"line {at}: {self._odd(fields)}"
            self._floats += line.tobytes()
        self._are_floats.append(not isinstance(line, bytes))
        self._labels.append(label)
        self.count += 1

    def table(self) -> Table:
        """Return what was read.

        Raises:
            DataError: Something was wrong, or there is no image.
        """
        numbers = self._numbers()
        if self._signed and numbers.max() > 1 + BEYOND:
            raise DataError(f"{self._where}: {self._signed}")
        if self._faulty:
            more = f"; and {self._faulty - _NAMED:,} lines more" if self._faulty > _NAMED else ""
            raise DataError(f"{self._where}: {'; '.join(self._faults)}{more}")
        if not self.count:
            raise DataError(f"{self._where}: has no line of numbers: expected one for each image")
        labels = self._labels if self._layout.label is not None else None
        return Table(numbers.reshape(-1, 28, 28), labels, self._layout.remarks)

    def _numbers(self) -> NDArray[np.uint8] | NDArray[np.float16]:
        """Return the pixels of all lines (N, 784)."""
        wholes = np.frombuffer(self._wholes, np.uint8).reshape(-1, PIXELS)
        if not self._floats:
            return wholes
        are_floats = np.frombuffer(self._are_floats, np.bool_)
        numbers = np.empty((self.count, PIXELS), np.float16)
        numbers[are_floats] = np.frombuffer(self._floats, np.float16).reshape(-1, PIXELS)
        numbers[~are_floats] = wholes
        return numbers

    def _odd(self, fields: Sequence[str]) -> str:
        """Say what is the first field that is no pixel."""
        column = next(place for place in self._layout.pixels if not _is_pixel(fields[place]))
        came = f"{shown(fields[column].strip()) or 'nothing'} in column {column + 1}"
        return f"expected whole numbers from 0 to 255, got {came} (all from 0 to 1 will do too)"

    def _fault(self, at: int, words: str) -> None:
        self._faulty += 1
        if self._faulty <= _NAMED:
            self._faults.append(f"line {at}: {words}")


def _parsed(fields: Sequence[str]) -> bytes | NDArray[np.float16]:
    """Return the pixels of a line: bytes where all are whole; raises ValueError."""
    try:
        return bytes(map(int, fields))
    except ValueError:
        values = np.array([number(field) for field in fields], np.float32)
    low, high = float(values.min()), float(values.max())
    if not -1 - BEYOND <= low <= high <= (_HIGH if low >= _LOW else 1 + BEYOND):
        raise ValueError
    return values.astype(np.float16)


def _is_pixel(text: str) -> bool:
    try:
        return 0 <= number(text) <= 255
    except ValueError:
        return False


def _lines(content: BinaryIO, encoding: str, where: str) -> Iterator[tuple[int, str]]:
    """Give each line that is not empty and no remark, with its number."""
    text = io.TextIOWrapper(content, encoding, errors="replace")
    at = 0
    try:
        while line := text.readline(_LONGEST + 1):
            at += 1
            if len(line) > _LONGEST:
                raise DataError(f"{where}: line {at}: is longer than {_LONGEST:,} letters, so it is no image")
            line = line.strip("\ufeff \r\n")
            is_remark = line.startswith(("#", "sep=")) and len(line) < PIXELS  # NumPy's, or for a spreadsheet
            if line and not is_remark:
                yield at, line.removeprefix("#").lstrip(" ")
    finally:
        with suppress(ValueError):  # closed already, where nobody read to the end
            text.detach()  # or it would close what others look at
