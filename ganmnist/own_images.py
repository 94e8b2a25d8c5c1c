"""A folder of pictures as a data set: its sub-folders, if it has any, are the classes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ganmnist.composition import MAX_CLASSES
from ganmnist.errors import DataError
from ganmnist.idx import MOST_IMAGES
from ganmnist.picture import ENDINGS, read_picture

_SEED = 28
_FEW = 20  # of fewer pictures none is spared for the test

_Bytes = NDArray[np.uint8]


def read(
    folder: Path, on_progress: Callable[[float, str], object]
) -> tuple[_Bytes, _Bytes, _Bytes, _Bytes, tuple[str, ...]] | None:
    """Read all pictures that lie in a folder, or in its sub-folders.

    Every tenth of each class, by chance but always the same, is kept for the test if there are 20 in all.

    Args:
        folder: Where they are. Hidden files, and files of other endings, do not count.
        on_progress: Called with percent and a few words.

    Returns:
        Training images uint8 (N, 28, 28), their labels, test images, their labels; and the names of the classes,
        none if the pictures lie in the folder itself. None if there are no pictures.

    Raises:
        DataError: Pictures lie in the folder and in sub-folders too, or there are too many of them, or of classes; or
            one is damaged.
    """
    classes, found = _find(folder)
    paths = [path for of_class in found for path in of_class]
    if not paths:
        return None
    if len(paths) > MOST_IMAGES:
        raise DataError(f"{folder}: has {len(paths):,} pictures, at most {MOST_IMAGES:,} are taken: take some out")
    images = np.empty((len(paths), 28, 28), np.uint8)
    for place, path in enumerate(paths):
        on_progress(100 * place / len(paths), "reading pictures")
        images[place] = read_picture(path)
    labels = np.repeat(np.arange(len(found), dtype=np.uint8), [len(of_class) for of_class in found])
    train, test = _split(labels)
    return images[train], labels[train], images[test], labels[test], classes


def _find(folder: Path) -> tuple[tuple[str, ...], list[list[Path]]]:
    """Return the names of the classes, and the pictures of each; those of a folder without classes are one lot."""
    direct = _pictures(folder)
    inner = {path.name: _pictures(path) for path in _visible(folder) if path.is_dir()}
    inner = {name: pictures for name, pictures in inner.items() if pictures}
    if direct and inner:
        raise DataError(
            f"{folder}: pictures lie in it ({direct[0].name}) and in its sub-folders ({next(iter(inner))}) too: move "
            "them all into sub-folders, one for each class, or all into the folder itself"
        )
    if len(inner) > MAX_CLASSES:
        raise DataError(f"{folder}: has {len(inner)} sub-folders with pictures, at most {MAX_CLASSES} may be classes")
    return tuple(inner), list(inner.values()) or [direct]


def _pictures(folder: Path) -> list[Path]:
    return [path for path in _visible(folder) if path.suffix.lower() in ENDINGS and path.is_file()]


def _visible(folder: Path) -> list[Path]:
    """Return what is in a folder and not hidden, sorted by name."""
    try:
        return sorted((path for path in folder.iterdir() if not path.name.startswith(".")), key=lambda path: path.name)
    except OSError as error:
        raise DataError(f"{folder}: cannot be read ({error.strerror})") from None


def _split(labels: NDArray[np.uint8]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the places of the training images, in the order they are trained in, and of the test images."""
    shuffled = np.random.default_rng(_SEED).permutation(len(labels))
    if len(labels) < _FEW:
        return shuffled, shuffled[:0]
    of_each = [shuffled[labels[shuffled] == label] for label in np.unique(labels)]
    test = np.concatenate([places[: len(places) // 10] for places in of_each])
    return shuffled[~np.isin(shuffled, test)], test
