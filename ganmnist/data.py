"""The images to learn from: MNIST, what stands in for it, or a folder of your own."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ganmnist import download, own_images, paths, synthetic
from ganmnist.errors import DataError
from ganmnist.idx import IMAGES_MAGIC, LABELS_MAGIC, read_idx, write_idx
from ganmnist.picture import ENDINGS

ENVIRONMENT = "GANMNIST_DATA"
DIGITS = tuple("0123456789")
# SHA-256 of the inflated files, which tell MNIST wherever it comes from.
MNIST = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
_COLUMNS = 10
OnProgress = Callable[[float, str], object]


@dataclass(frozen=True)
class Dataset:
    """Images with their labels.

    Attributes:
        name: `MNIST`, `synthetic-mnist` (what stands in for MNIST, and is not MNIST) or the name of a folder.
        source: Where it came from, for people.
        train_images, test_images: uint8 (N, 28, 28), row 0 at the top.
        train_labels, test_labels: uint8 (N,), the number of each image's class.
        classes: Names of the classes; empty if the images have none.
    """

    name: str
    source: str
    train_images: NDArray[np.uint8]
    train_labels: NDArray[np.uint8]
    test_images: NDArray[np.uint8]
    test_labels: NDArray[np.uint8]
    classes: tuple[str, ...] = DIGITS


def load_data(
    directory: Path | None = None, *, home: Path | None = None, on_progress: OnProgress | None = None
) -> Dataset:
    """Find the images and read them.

    The first of these counts: `directory`, the environment variable GANMNIST_DATA, MNIST in the user's cache. If MNIST
    is not there, it is downloaded; where that fails too, digits drawn from the bundled model stand in for it, under
    the name `synthetic-mnist`, and are kept until MNIST can be had.

    Args:
        directory: Folder with the four IDX files of MNIST or of images like it, plain or gzip'd, or with pictures: in
            the folder itself, or in a sub-folder for each class.
        home: Folder that holds the cache; the user's own unless given.
        on_progress: Called with percent and a few words.

    Raises:
        DataError: A folder was named that lacks a file, or a file is damaged; names the file and what was expected.
    """
    report = on_progress or (lambda percent, words: None)
    named = directory or (Path(os.environ[ENVIRONMENT]) if os.environ.get(ENVIRONMENT) else None)
    if named:
        return read_folder(named, report)
    cache = _cache(home)
    if not _complete(cache):
        try:
            download.fetch(MNIST, cache, report)
        except OSError as error:
            report(0, f"no MNIST on disk and none to download ({error}): digits drawn from the bundled model instead")
            return _stand_in(home or paths.home(), report)
    return read_folder(cache, report)


def is_at_hand(home: Path | None = None) -> bool:
    """Tell whether `load_data` has MNIST to read without the network."""
    return bool(os.environ.get(ENVIRONMENT)) or _complete(_cache(home))


def read_folder(folder: Path, on_progress: OnProgress | None = None) -> Dataset:
    """Read the four IDX files of a folder, or its pictures if it has no such file.

    Raises:
        DataError: A file is absent, truncated, oversized, of the wrong kind, or has more or fewer labels than images;
            a picture is damaged, or lies where it cannot be told what class it is.
    """
    report = on_progress or (lambda percent, words: None)
    if any(_candidates(folder, name) for name in MNIST):
        found = _read_idx_folder(folder, report)
    elif pictures := own_images.read(folder, report):
        found = Dataset(folder.resolve().name, str(folder), *pictures)
    else:
        raise DataError(
            f"{folder}: has neither the four IDX files of MNIST ({', '.join(MNIST)}, plain or as .gz) nor pictures "
            f"({' '.join(ENDINGS)}), in it or in its sub-folders: name a folder that has"
        )
    report(100, "ready")
    return found


def rescale(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Rescale pixels from 0..255 to -1..1: uint8 (N, 28, 28) to float32 (N, 1, 28, 28)."""
    return (images[:, None] / np.float32(127.5) - np.float32(1)).astype(np.float32, copy=False)


def first_of_each(dataset: Dataset, rows: int = 4) -> NDArray[np.uint8]:
    """Return a sheet's worth of training images, uint8 (N, 28, 28), in rows of `sheet_columns(dataset)`.

    Each column is a class, black where the class has too few; images without classes come as they are.
    """
    columns = sheet_columns(dataset)
    if not dataset.classes:
        return dataset.train_images[: rows * columns]
    sheet = np.zeros((rows, columns, 28, 28), np.uint8)
    for label in range(columns):
        found = dataset.train_images[np.flatnonzero(dataset.train_labels == label)[:rows]]
        sheet[: len(found), label] = found
    return sheet.reshape(-1, 28, 28)


def sheet_columns(dataset: Dataset) -> int:
    """Return how many images stand side by side on a sheet: one of each class, but ten at most."""
    return min(len(dataset.classes), _COLUMNS) or _COLUMNS


def _stand_in(home: Path, report: OnProgress) -> Dataset:
    """Return the digits that stand in for MNIST, drawn now unless that was done before."""
    folder = home / "data" / synthetic.NAME
    try:
        found = _read_idx_folder(folder, report)
    except DataError:  # not drawn yet, half written, or damaged
        arrays = synthetic.draw(home, report)
        found = Dataset(synthetic.NAME, synthetic.SOURCE, *arrays)
        with suppress(OSError):  # a disk that is full, or not to be written to: they are drawn again next time
            for name, array in zip(MNIST, arrays, strict=True):
                write_idx(folder / f"{name}.gz", array)
        report(100, "ready")
    return replace(found, name=synthetic.NAME, source=synthetic.SOURCE)  # not the folder it was read from


def _read_idx_folder(folder: Path, report: OnProgress) -> Dataset:
    arrays: list[NDArray[np.uint8]] = []
    digests: dict[str, str] = {}
    for place, name in enumerate(MNIST):
        report(25.0 * place, f"reading {name}")
        path = _find(folder, name)
        array, digests[name] = read_idx(path, IMAGES_MAGIC if "images" in name else LABELS_MAGIC)
        if array.ndim == 3 and array.shape[1:] != (28, 28):
            raise DataError(f"{path}: expected images of 28 x 28 pixels, got {array.shape[1]} x {array.shape[2]}")
        if array.ndim == 1 and len(array) != len(arrays[-1]):
            raise DataError(f"{path}: expected {len(arrays[-1])} labels, as many as there are images, got {len(array)}")
        if array.ndim == 1 and len(array) and array.max() > 9:
            raise DataError(f"{path}: expected labels from 0 to 9, got {array.max()}")
        arrays.append(array)
    train_images, train_labels, test_images, test_labels = arrays
    name = "MNIST" if digests == MNIST else folder.resolve().name
    return Dataset(name, str(folder), train_images, train_labels, test_images, test_labels)


def _cache(home: Path | None) -> Path:
    return (home or paths.home()) / "data" / "mnist"


def _complete(cache: Path) -> bool:
    return all((cache / f"{name}.gz").exists() for name in MNIST)


def _candidates(folder: Path, name: str) -> list[Path]:
    """Return the files that may be the IDX file of that name, the best first."""
    return [path for path in (folder / name, folder / f"{name}.gz") if path.is_file()]


def _find(folder: Path, name: str) -> Path:
    for path in _candidates(folder, name):
        return path
    raise DataError(
        f"{folder / name}: not there, nor as .gz: the folder needs the four IDX files of MNIST ({', '.join(MNIST)})"
    )
