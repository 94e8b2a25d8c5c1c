"""Classes by the names and the numbers that folders and files give them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganmnist.class_names import class_name
from ganmnist.errors import DataError, shown
from ganmnist.networks.spec import MAX_CLASSES

LONGEST = 100  # letters of a label
_MOST = 1e15  # what a float tells from its neighbours
_NUMBER = re.compile(r"[+-]?\d{1,20}([.,]\d{0,20})?(e[+-]?\d{1,2})?", re.IGNORECASE)


def in_natural_order(names: Iterable[str]) -> list[str]:
    """Sort names as people do, each once: 1, 2, 10."""
    return sorted(set(names), key=_natural)


def numbered(labels: Sequence[object] | NDArray[Any], where: str) -> tuple[NDArray[np.uint8], tuple[str, ...]]:
    """Number the classes of some labels, and name them.

    Whole numbers from 0 to 99 stay what they are, so that a class is called by its number; others are numbered in their
    order, and texts in theirs.

    Args:
        labels: A label for each image: numbers, or texts of any kind.
        where: What to call them where something is wrong.

    Raises:
        DataError: There are more classes than a model may have, or a label is too long.
    """
    values, places = _distinct(labels)
    wholes = [_whole(value) for value in values]
    numbers = [whole for whole in wholes if whole is not None]
    if len(numbers) < len(wholes):
        texts = [class_name(text) for text in _not_long(map(str, values), where)]
        _not_long(texts, where)  # what a terminal acts upon has been spelled out
        order = in_natural_order(texts)
        _check(order, where)
        of_each = np.array([order.index(text) for text in texts], np.uint8)
        return of_each[places], tuple(order)
    if min(numbers) >= 0 and max(numbers) < MAX_CLASSES:
        return np.array(numbers, np.uint8)[places], tuple(map(str, range(max(numbers) + 1)))
    distinct = sorted(set(numbers))
    _check(distinct, where)
    of_each = np.array([distinct.index(number) for number in numbers], np.uint8)
    return of_each[places], tuple(map(str, distinct))


def _not_long(texts: Iterable[str], where: str) -> list[str]:
    """Return texts of which none is too long."""
    found = list(texts)
    if longest := next((text for text in found if len(text) > LONGEST), ""):
        raise DataError(f"{where}: {too_long(longest)}")
    return found


def too_long(label: str) -> str:
    """Say that a label has too many letters."""
    return f"expected labels of at most {LONGEST} letters, got {len(label):,}: {shown(label)}"


def _distinct(labels: Sequence[object] | NDArray[Any]) -> tuple[Sequence[object], NDArray[Any]]:
    """Return each label once, and the place of each image's among these.

    Texts in a list stay there: in an array of texts each would take the room of the longest.
    """
    if isinstance(labels, np.ndarray) and labels.dtype.kind != "O":
        values, places = np.unique(labels, return_inverse=True)
        return list(values), places.ravel()
    place_of = {label: place for place, label in enumerate(dict.fromkeys(labels))}
    return list(place_of), np.fromiter(map(place_of.__getitem__, labels), np.intp, len(labels))


def _check(classes: Sequence[object], where: str) -> None:
    if len(classes) > MAX_CLASSES:
        raise DataError(
            f"{where}: expected labels of at most {MAX_CLASSES} classes, got {len(classes):,}, "
            f"{shown(classes[0])} and {shown(classes[1])} among them"
        )


def _whole(value: object) -> int | None:
    """Return the whole number that a label is: 5, 5.0, 5,0 or 5.000e+00."""
    text = str(value).strip()
    number = float(text.replace(",", ".")) if _NUMBER.fullmatch(text) else 0.5
    return int(number) if number.is_integer() and abs(number) < _MOST else None


def _natural(name: str) -> tuple[list[str | int], str]:
    parts: list[str | int] = list(re.split(r"(\d+)", name.casefold()))
    parts[1::2] = [int(part) for part in parts[1::2]]
    return parts, name
