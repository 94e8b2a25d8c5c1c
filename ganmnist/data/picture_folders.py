"""Pictures as a data set, in a folder or in a zip of one: its sub-folders, if it has any, are the classes."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from io import BytesIO
from itertools import takewhile
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ganmnist.data.idx import MAX_IMAGES
from ganmnist.data.picture import ENDINGS, read_picture
from ganmnist.errors import DataError, shown
from ganmnist.networks.spec import MAX_CLASSES
from ganmnist.storage.zips import open_zip

T = TypeVar("T")
_SEED = 28
_FEW = 20  # of fewer images none is spared for the test
_MAX_ENTRIES = 200_000  # of a zip
_LARGEST = 64 << 20  # bytes of a picture in a zip
_LONGEST_NAME = 1000  # letters with its folders, as the longest path on Windows or macOS

_Bytes = NDArray[np.uint8]
OnProgress = Callable[[float, str], object]
Parts = tuple[_Bytes, _Bytes, _Bytes, _Bytes]


def read_folder(folder: Path, on_progress: OnProgress) -> tuple[Parts, tuple[str, ...]] | None:
    """Read all pictures that lie in a folder, or in its sub-folders.

    Args:
        folder: Where they are. Hidden files, and files of other endings, do not count.
        on_progress: Called with percent and a few words.

    Returns:
        The images as `split` parts them, and the names of the classes: none if the pictures lie in the folder itself.
        None if there are no pictures.

    Raises:
        DataError: Pictures lie in the folder and in sub-folders too, or there are too many of them, or of classes; or
            one is damaged.
    """
    direct = visible(folder)
    places = [*direct, *(inner for path in direct if path.is_dir() for inner in visible(path))]
    found = [(path.relative_to(folder).parts, path) for path in places if _is_picture(path.name) and path.is_file()]
    return _read(folder, found, read_picture, on_progress)


def read_zip(path: Path, on_progress: OnProgress) -> tuple[Parts, tuple[str, ...]]:
    """Read all pictures in a zip as `read_folder` reads those of the folder it was made of, in memory.

    Folders that all its pictures lie in do not count, so the folder itself may be in the zip or only what it holds.

    Raises:
        DataError: As `read_folder`; or it is no zip, damaged, swells too much, or holds no pictures.
    """

    def fail(words: str) -> DataError:
        return DataError(f"{path}: {words}")

    try:
        with path.open("rb") as file, open_zip(file, _MAX_ENTRIES, fail) as archive:
            found = [(_parts(entry), entry) for entry in archive.entries]
            found = _without_common([(parts, entry) for parts, entry in found if parts])

            def read(entry: zipfile.ZipInfo) -> _Bytes:
                return read_picture(BytesIO(archive.read(entry, _LARGEST)), f"{path}: {shown(entry.filename)}")

            pictures = _read(path, found, read, on_progress)
    except OSError as error:
        raise fail(f"cannot be read ({error.strerror})") from None
    if pictures is None:
        raise fail(f"has no pictures ({' '.join(ENDINGS)}) in it: if it holds other data, unpack it and name them")
    return pictures


def split(images: _Bytes, labels: _Bytes) -> Parts:
    """Keep every tenth of each class, by chance but always the same, for the test if there are 20 images in all.

    Returns:
        Training images uint8 (N, 28, 28), their labels (N,), test images and their labels.
    """
    train, test = _split(labels)
    return images[train], labels[train], images[test], labels[test]


def _read(
    where: Path, found: list[tuple[tuple[str, ...], T]], read: Callable[[T], _Bytes], on_progress: OnProgress
) -> tuple[Parts, tuple[str, ...]] | None:
    """Read pictures whose class is the folder that each lies in, as the parts of its path tell."""
    found = sorted(found, key=lambda place: place[0])
    direct = [(parts, picture) for parts, picture in found if len(parts) == 1]
    inner = [(parts, picture) for parts, picture in found if len(parts) == 2]
    classes = sorted({parts[0] for parts, _ in inner})
    if direct and inner:
        raise DataError(
            f"{where}: pictures lie in it ({shown(direct[0][0][0])}) and in its sub-folders ({shown(classes[0])}) too: "
            "move them all into sub-folders, one for each class, or all into the folder itself"
        )
    if len(classes) > MAX_CLASSES:
        raise DataError(f"{where}: has {len(classes)} sub-folders with pictures, at most {MAX_CLASSES} may be classes")
    pictures = inner or direct
    if not pictures:
        return None
    if len(pictures) > MAX_IMAGES:
        raise DataError(f"{where}: has {len(pictures):,} pictures, at most {MAX_IMAGES:,} are taken: take some out")
    images = np.empty((len(pictures), 28, 28), np.uint8)
    for place, (_, picture) in enumerate(pictures):
        on_progress(100 * place / len(pictures), "reading pictures")
        images[place] = read(picture)
    numbers = {name: number for number, name in enumerate(classes)}
    labels = np.array([numbers.get(parts[0], 0) for parts, _ in pictures], np.uint8)
    return split(images, labels), tuple(classes)


def _parts(entry: zipfile.ZipInfo) -> tuple[str, ...]:
    """Return the folders of a picture in a zip and its name, nothing for what is hidden or no picture."""
    parts = tuple(part for part in entry.filename.replace("\\", "/").split("/") if part not in ("", ".", ".."))
    hidden = entry.filename.endswith("/") or any(part.startswith((".", "__MACOSX")) for part in parts)
    counts = parts and not hidden and len(entry.filename) <= _LONGEST_NAME and _is_picture(parts[-1])
    return parts if counts else ()


def _without_common(found: list[tuple[tuple[str, ...], T]]) -> list[tuple[tuple[str, ...], T]]:
    """Leave out the folders that all lie in."""
    folders = [parts[:-1] for parts, _ in found] or [()]
    ends = zip(min(folders), max(folders), strict=False)  # what these two share, all between them share
    common = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], ends))
    return [(parts[common:], picture) for parts, picture in found]


def _is_picture(name: str) -> bool:
    return name.lower().endswith(ENDINGS)


def visible(folder: Path) -> list[Path]:
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
