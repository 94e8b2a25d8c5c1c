"""How a table of images is written: what parts its columns, which of them are pixels, and which is the label."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from ganmnist.errors import DataError, shown

PIXELS = 28 * 28
_DELIMITERS = (";", "\t", "|", " ", ",")
_MOST = PIXELS + 16  # columns: beside the pixels a label, an index and a few words
_LABELS = re.compile(r"labels?|class(es)?|classification|targets?|y|digits?|number|categor(y|ies)|letters?|characters?")
_INDEXES = re.compile(r"|unnamed: \d+|index|idx|id|row|nr|no|num|image[ _]?id|sample|file(name)?|name|split|usage")
# pixel0, 1x1, r1c1, pix[0]: a number or two, and few letters before and between them.
_PIXEL = re.compile(r"(\D{0,16})(\d{1,9})(?:(\D{1,8})(\d{1,9}))?[])]?")
_ACROSS, _DOWN = ("x", "c", "col", "column"), ("y", "r", "row")  # x0_y1 has the column first
_FEW = 10  # rows counted from 0 may as well be labels, one image of each


class Layout(NamedTuple):
    """Where what is in a line.

    Attributes:
        delimiter: What parts the columns.
        columns: How many there are.
        pixels: The places of the pixels, row by row from the top.
        label: The place of the label, if there is one.
        has_header: Whether the first line names the columns.
        remarks: What was decided without being told, a sentence each.
    """

    delimiter: str
    columns: int
    pixels: Sequence[int]
    label: int | None
    has_header: bool
    remarks: tuple[str, ...] = ()


def fields_of(line: str, delimiter: str) -> list[str]:
    """Part one line into its columns."""
    if delimiter == " ":
        return line.split()
    if '"' not in line:
        return line.split(delimiter)
    fields = next(csv.reader([line], delimiter=delimiter, skipinitialspace=True))
    bare = line.replace('"', "")  # some quote the whole line
    return fields if len(fields) >= PIXELS or bare.count(delimiter) < PIXELS - 1 else bare.split(delimiter)


def delimiter_of(line: str) -> str:
    """Return what parts the columns of a line, by how many columns that gives: commas may be those of the numbers."""
    counts = {delimiter: len(fields_of(line, delimiter)) for delimiter in _DELIMITERS}
    fitting = [each for each, count in counts.items() if PIXELS <= count <= _MOST and (each != " " or ", " not in line)]
    return fitting[0] if fitting else max(counts, key=lambda delimiter: counts[delimiter])


def looks_like_images(line: str) -> bool:
    """Tell whether a line may be that of an image, or name such a line's columns."""
    try:
        return PIXELS <= len(fields_of(line, delimiter_of(line))) <= _MOST
    except csv.Error:
        return False


def layout_of(lines: Sequence[str], where: str) -> Layout:
    """Tell how a table is written by its first lines.

    Args:
        lines: Some of its first lines, none empty.
        where: What to call the first of them where something is wrong.

    Raises:
        DataError: The columns are not those of images of 28 x 28 pixels, or it cannot be told which is the label.
    """
    delimiter = delimiter_of(lines[0])
    rows = [fields_of(line, delimiter) for line in lines]
    rows = [row for row in rows if len(row) == len(rows[0])]
    columns = len(rows[0])
    used = columns - (columns > PIXELS and all(not row[-1].strip() for row in rows))  # a delimiter ends each line
    names = _header(rows[0][:used])
    body = rows[1:] if names is not None else rows
    if not PIXELS <= used <= _MOST:
        raise DataError(
            f"{where}: expected {PIXELS} pixels separated by commas, or a label and {PIXELS} pixels, got {used:,} "
            f"column{'s' if used != 1 else ''} (semicolons, tabs and spaces will do too)"
        )
    if names and not _is_mangled(names) and (extras := _named_extras(names)) is not None:
        pixels, label, remarks = _by_their_names(names, extras, where)
        order = _in_order([names[place] for place in pixels], where)
        if order != list(range(PIXELS)):
            pixels = [pixels[place] for place in order]
            remarks = (*remarks, f"the columns were put in the order of their names, {shown(names[pixels[0]])} first")
    else:
        pixels, label, remarks = _by_their_numbers([row[:used] for row in body], used, where)
    return Layout(delimiter, columns, pixels, label, names is not None, remarks)


def number(text: str) -> float:
    """Return the number that a field is, with a decimal point or comma; raises ValueError."""
    return float(text.replace(",", "."))


def _header(row: list[str]) -> list[str] | None:
    """Return the names of the columns if the first line has them."""
    names = [field.strip().lower() for field in row]
    numbers = [_number(name) for name in names]
    texts = sum(each is None for each in numbers)
    if 2 * texts > len(row) or _are_counted(numbers):
        return names
    return names if _is_mangled(names) or _are_rows_and_columns(names) else None


def _is_mangled(names: list[str]) -> bool:
    """Tell whether a line of pixels was taken for names: pandas puts .1, .2 ... .10 behind those that come twice."""
    return {"0", "0.1", "0.10"} <= set(names) and len(set(names)) == len(names)


def _are_rows_and_columns(names: list[str]) -> bool:
    """Tell whether numbers are those of the rows and the columns of pixels, 0.0 to 27.27."""
    return {"0.0", "0.1", "0.10", "27.27"} <= set(names) or {"1.1", "1.10", "28.28"} <= set(names)


def _are_counted(numbers: list[float | None]) -> bool:
    """Tell whether numbers, but for a few words before or behind them, count the columns, in whatever order."""
    counted = sorted(each for each in numbers if each is not None)
    start = counted[0] if counted else 0
    return len(counted) >= PIXELS and counted == [start + place for place in range(len(counted))]


def _named_extras(names: list[str]) -> list[int] | None:
    """Return the places of the columns that are no pixels by their names; None if the names do not tell."""
    extras = [
        place
        for place, name in enumerate(names)
        if not _PIXEL.fullmatch(name) or _INDEXES.fullmatch(name) or _LABELS.fullmatch(name)
    ]
    return extras if len(names) - len(extras) == PIXELS else None


def _in_order(names: list[str], where: str) -> list[int]:
    """Return the places of the pixels by rows from the top, as the numbers in their names tell.

    Raises:
        DataError: Two have the same numbers, or some have one and others two.
    """
    found = [match for name in names if (match := _PIXEL.fullmatch(name))]
    keys = []
    for match in found:
        first, second = int(match[2]), int(match[4] or 0)
        is_across = bool(match[4]) and _letters(match[1]).endswith(_ACROSS) and _letters(match[3]) in _DOWN
        keys.append((second, first) if is_across else (first, second))
    order = sorted(range(len(keys)), key=keys.__getitem__)
    pairs = [match[4] is not None for match in found]
    alike = next((pair for pair in pairwise(order) if keys[pair[0]] == keys[pair[1]]), None)
    if len(set(pairs)) > 1:
        alike = pairs.index(False), pairs.index(True)
    if alike:
        one, other = (shown(names[place]) for place in alike)
        raise DataError(
            f"{where}: expected columns whose names tell the order of the pixels, got {one} and {other}: name them "
            "pixel0 to pixel783, by rows from the top, or leave the names out"
        )
    return order


def _letters(text: str) -> str:
    return "".join(letter for letter in text if letter.isalpha())


def _by_their_names(
    names: list[str], extras: list[int], where: str
) -> tuple[Sequence[int], int | None, tuple[str, ...]]:
    """Return the places of the pixels and of the label, and remarks, where names tell which columns are no pixels."""
    labels = [place for place in extras if _LABELS.fullmatch(names[place])]
    others = [place for place in extras if place not in labels and not _INDEXES.fullmatch(names[place])]
    if len(labels) > 1 or (not labels and len(others) > 1):
        came = ", ".join(shown(names[place]) for place in labels or others)
        raise DataError(f"{where}: expected one column called label beside {PIXELS} pixels, got {came}")
    label = next(iter(labels or others), None)
    left = [names[place] or "one without a name" for place in extras if place != label]
    remarks = [f"columns that are no pixels and no label were left out: {shown(', '.join(left))}"] if left else []
    if label is not None and not labels:
        remarks.append(f"the column {shown(names[label])} was taken as the label")
    return [place for place in range(len(names)) if place not in extras], label, tuple(remarks)


def _by_their_numbers(
    rows: list[list[str]], columns: int, where: str
) -> tuple[Sequence[int], int | None, tuple[str, ...]]:
    """Return the places of the pixels and of the label, and remarks, as the numbers in the columns tell them."""
    first, last, remarks = 0, columns, []
    if columns > PIXELS and _is_index(rows, 0, columns > PIXELS + 1):
        first = 1
        remarks.append("the first column counts the images and was left out")
    if last - first > PIXELS + 1:
        raise DataError(
            f"{where}: expected {PIXELS} pixels, or a label and {PIXELS} pixels, got {columns:,} columns: "
            "name the columns in a first line, label and pixel0 to pixel783"
        )
    if last - first == PIXELS:
        return range(first, last), None, tuple(remarks)
    label = _label_place(rows, first, last - 1, where)
    if label != first:
        remarks.append("the columns have no names that tell: the last was taken as the label")
    return (range(first + 1, last) if label == first else range(first, last - 1)), label, tuple(remarks)


def _is_index(rows: list[list[str]], place: int, is_one_too_many: bool) -> bool:
    """Tell whether a column counts the rows. Few rows so counted may have labels, unless there is a column too many."""
    values = [_number(row[place]) for row in rows]
    if not rows or values[0] not in (0, 1) or len(rows) <= (1 if is_one_too_many else _FEW):
        return bool(rows) and is_one_too_many and values[0] in (0, 1)
    return values == [values[0] + step for step in range(len(values))]


def _label_place(rows: list[list[str]], first: int, last: int, where: str) -> int:
    """Tell whether the first column is the label or the last: a pixel is like the one beside it, a label is not."""
    if not rows:
        return first
    ends = [_column(rows, place) for place in (first, last)]
    if any(end is None for end in ends):
        if all(end is None for end in ends):
            raise DataError(f"{where}: expected pixels, got words in the first column and in the last")
        return first if ends[0] is None else last
    if not all(_may_be_labels(end) for end in ends if end is not None):
        return first if _may_be_labels(ends[0]) else last
    beside = [_column(rows, place) for place in (first + 1, last - 1)]
    unlike = [
        float(np.abs(end - other).mean()) if end is not None and other is not None else 0.0
        for end, other in zip(ends, beside, strict=True)
    ]
    if not any(unlike) or unlike[0] > 1.5 * unlike[1]:
        return first
    if unlike[1] > 1.5 * unlike[0]:
        return last
    raise DataError(
        f"{where}: it cannot be told whether the first column is the label or the last: name the columns in a first "
        "line, label and pixel0 to pixel783"
    )


def _may_be_labels(values: np.ndarray | None) -> bool:
    return values is not None and bool((values == np.rint(values)).all())


def _column(rows: list[list[str]], place: int) -> np.ndarray | None:
    """Return the numbers of a column; None if some are words."""
    numbers = [_number(row[place]) for row in rows]
    return None if None in numbers else np.array(numbers, np.float64)


def _number(text: str) -> float | None:
    """Return the finite number that a field is, None if it is a word."""
    try:
        found = number(text)
    except ValueError:
        return None
    return found if math.isfinite(found) else None
