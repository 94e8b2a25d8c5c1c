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

from ganmnist.data.classes import numbered
from ganmnist.data.csv_layout import PIXELS, Layout, fields_of, layout_of, looks_like_images, number
from ganmnist.data.files import DAMAGED, DiskFile, File, OnProgress, opened
from ganmnist.data.idx import MAX_IMAGES
from ganmnist.data.kinds import encoding_of
from ganmnist.errors import DataError, shown

_LONGEST = 65_536  # letters of a line; 785 numbers as NumPy writes them have a third
_LOOKED_AT = 200  # lines that tell the layout
_COMMENTS = 3  # lines before the first that counts
_OFTEN = 500  # lines after which progress is told
_NAMED = 10  # faults that are told in full
_BYTES, _UNIT, _SIGNED = range(3)
_RANGES = ((0, 255), (0, 1), (-1, 1))  # what is black and white on each scale


class Table(NamedTuple):
    """What a table has.

    Attributes:
        images: uint8 (N, 28, 28).
        labels: What stands in the label's column, for each image; None if there is no such column.
        remarks: What was decided without being told, a sentence each.
    """

    images: NDArray[np.uint8]
    labels: list[str] | None
    remarks: tuple[str, ...]


def read_csv(path: Path, on_progress: OnProgress) -> tuple[NDArray[np.uint8], NDArray[np.uint8] | None]:
    """Read a table as `read_table` does: its images uint8 (N, 28, 28), and the numbers of their classes (N,) if any."""
    found = read_table(DiskFile((path.name,), path), on_progress)
    return found.images, None if found.labels is None else numbered(found.labels, str(path))[0]


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
        self._pixels, self._scales = bytearray(), bytearray()
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
        pixels = self._pick(fields)
        try:
            line, scale = _parsed(pixels)
        except ValueError:
            self._fault(at, self._odd(fields))
            return
        if scale == _SIGNED and not self._signed:
            self._signed = f"line {at}: {self._odd(fields)}"
        self._pixels += line
        self._scales.append(scale)
        self._labels.append(label)
        self.count += 1

    def table(self) -> Table:
        """Return what was read.

        Raises:
            DataError: Something was wrong, or there is no image.
        """
        pixels = np.frombuffer(self._pixels, np.uint8).reshape(-1, PIXELS)
        scales = np.frombuffer(self._scales, np.uint8)
        wanted = _scale_of_all(pixels, scales)
        if wanted == _BYTES and self._signed:
            raise DataError(f"{self._where}: {self._signed}")
        if self._faulty:
            more = f"; and {self._faulty - _NAMED:,} lines more" if self._faulty > _NAMED else ""
            raise DataError(f"{self._where}: {'; '.join(self._faults)}{more}")
        if not self.count:
            raise DataError(f"{self._where}: has no line of numbers: expected one for each image")
        images = _on_one_scale(pixels, scales, wanted).reshape(-1, 28, 28)
        labels = self._labels if self._layout.label is not None else None
        black, white = _RANGES[wanted]
        scaled = () if wanted == _BYTES else (f"numbers from {black} to {white} were taken as from black to white",)
        return Table(images, labels, (*self._layout.remarks, *scaled))

    def _odd(self, fields: Sequence[str]) -> str:
        """Say what is the first field that is no pixel."""
        column = next(place for place in self._layout.pixels if not _is_pixel(fields[place]))
        came = f"{shown(fields[column].strip()) or 'nothing'} in column {column + 1}"
        return f"expected whole numbers from 0 to 255, got {came} (all from 0 to 1 will do too)"

    def _fault(self, at: int, words: str) -> None:
        self._faulty += 1
        if self._faulty <= _NAMED:
            self._faults.append(f"line {at}: {words}")


def _parsed(fields: Sequence[str]) -> tuple[bytes, int]:
    """Return the pixels of a line, and on which scale they are; raises ValueError."""
    try:
        return bytes(map(int, fields)), _BYTES
    except ValueError:
        values = np.array([number(field) for field in fields], np.float32)
    low, high = float(values.min()), float(values.max())
    for scale in (_UNIT, _SIGNED, _BYTES):
        black, white = _RANGES[scale]
        if black <= low and high <= white:
            return np.rint((values - black) * (255 / (white - black))).astype(np.uint8).tobytes(), scale
    raise ValueError


def _is_pixel(text: str) -> bool:
    try:
        return 0 <= number(text) <= 255
    except ValueError:
        return False


def _scale_of_all(pixels: NDArray[np.uint8], scales: NDArray[np.uint8]) -> int:
    """Tell which scale all lines are on: of a line of zeros and ones alone it cannot be told."""
    if pixels.max(where=(scales == _BYTES)[:, None], initial=0) > 1:
        return _BYTES
    return _SIGNED if (scales == _SIGNED).any() else _UNIT


def _on_one_scale(pixels: NDArray[np.uint8], scales: NDArray[np.uint8], wanted: int) -> NDArray[np.uint8]:
    black, white = _RANGES[wanted]
    pixels = pixels.copy()
    for scale, (low, high) in enumerate(_RANGES):
        others = scales == scale
        if scale != wanted and others.any():
            values = low + pixels[others].astype(np.float32) * ((high - low) / 255)
            pixels[others] = np.rint((values - black) * (255 / (white - black))).clip(0, 255)
    return pixels


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
