"""The images to learn from: MNIST, what stands in for it, or images of your own in a folder or a file."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ganmnist import paths
from ganmnist.data import download, picture_folders, synthetic
from ganmnist.data.csv_images import read_csv
from ganmnist.data.idx import IMAGES_MAGIC, LABELS_MAGIC, magic_of, read_idx, write_idx
from ganmnist.data.picture import ENDINGS
from ganmnist.data.store import MNIST_NAMES, DatasetStore
from ganmnist.dataset import Dataset
from ganmnist.errors import DataError, DatasetNotFound
from ganmnist.networks.spec import MAX_CLASSES

ENVIRONMENT = "GANMNIST_DATA"
# SHA-256 of the inflated files, which tell MNIST wherever it comes from.
MNIST = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
OnProgress = Callable[[float, str], object]


def load_data(
    directory: Path | None = None,
    *,
    name: str | None = None,
    home: Path | None = None,
    on_progress: OnProgress | None = None,
) -> Dataset:
    """Find the images and read them.

    The first of these counts: `directory`, `name`, the environment variable GANMNIST_DATA, MNIST in the user's cache.
    If MNIST is not there, it is downloaded; where that fails too, digits drawn from the bundled model stand in for it,
    under the name `synthetic-mnist`, and are kept until MNIST can be had.

    Args:
        directory: As `read_data` takes it.
        name: Of a data set that was imported.
        home: Folder that holds the cache; the user's own unless given.
        on_progress: Called with percent and a few words.

    Raises:
        DatasetNotFound: No data set has the name.
        DataError: What was named lacks a file, or a file is damaged; names the file and what was expected.
    """
    report = on_progress or (lambda percent, words: None)
    if name and not directory and not is_default(name, home):
        report(0, f"reading {name}")
        return DatasetStore(home or paths.home()).load(name)
    if directory:
        return read_data(directory, report)
    if named := os.environ.get(ENVIRONMENT):
        try:
            return read_data(Path(named), report)
        except DataError as error:
            raise DataError(f"{ENVIRONMENT} names what cannot be learned from. {error}") from None
    cache = _cache(home)
    if not _complete(cache):
        try:
            download.fetch(MNIST, cache, report)
        except OSError as error:
            report(0, f"no MNIST on disk and none to download ({error}): digits drawn from the bundled model instead")
            return _stand_in(home or paths.home(), report)
    return read_data(cache, report)


def is_default(name: str, home: Path | None = None) -> bool:
    """Tell whether a name is that of the images that are taken where none are named.

    Raises:
        DatasetNotFound: It is neither theirs nor that of a data set that was imported.
    """
    try:
        DatasetStore(home or paths.home()).summary(name)
    except DatasetNotFound:
        named = os.environ.get(ENVIRONMENT)
        if name.lower() in MNIST_NAMES or (named and name == Path(named).resolve().name):
            return True
        raise
    return False


def is_at_hand(home: Path | None = None) -> bool:
    """Tell whether `load_data` has MNIST to read without the network."""
    return bool(os.environ.get(ENVIRONMENT)) or _complete(_cache(home))


def read_data(path: Path, on_progress: OnProgress | None = None) -> Dataset:
    """Read images from a folder or a file.

    Args:
        path: A folder with the four IDX files of MNIST, plain or gzip'd; or with one IDX file of images, and one of
            their labels if any, under other names; or with pictures, in the folder itself or in a sub-folder for each
            class. Or a .zip of such pictures, or a .csv file with a line for each image.
        on_progress: Called with percent and a few words.

    Raises:
        DataError: A file is absent, truncated, oversized, of the wrong kind, or has more or fewer labels than images;
            a picture is damaged, or lies where it cannot be told what class it is. Names the file, and the line or the
            entry in it.
    """
    report = on_progress or (lambda percent, words: None)
    found = _read_file(path, report) if path.is_file() else _read_folder(path, report)
    report(100, "ready")
    return found


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


def _read_file(path: Path, report: OnProgress) -> Dataset:
    ending = path.suffix.lower()
    if ending == ".zip":
        return _own(path, *picture_folders.read_zip(path, report))
    if ending == ".csv":
        return _labelled(path, path, *read_csv(path, report))
    raise DataError(f"{path}: is neither a folder nor a .zip of pictures nor a .csv of pixels: name one of these")


def _read_folder(folder: Path, report: OnProgress) -> Dataset:
    if any(_candidates(folder, name) for name in MNIST):
        return _read_idx_folder(folder, report)
    if found := _read_own_idx(folder):
        return found
    if pictures := picture_folders.read_folder(folder, report):
        return _own(folder, *pictures)
    raise DataError(
        f"{folder}: has neither the four IDX files of MNIST ({', '.join(MNIST)}, plain or as .gz) nor one IDX file of "
        f"images nor pictures ({' '.join(ENDINGS)}), in it or in its sub-folders: name a folder that has"
    )


def _read_own_idx(folder: Path) -> Dataset | None:
    """Read the images of an IDX file, and their labels if there are any; None if there is no such file."""
    kinds: dict[int | None, list[Path]] = {}
    for path in picture_folders.visible(folder):
        if path.suffix.lower() not in ENDINGS and path.is_file():
            kinds.setdefault(magic_of(path), []).append(path)
    images, labels = kinds.get(IMAGES_MAGIC, []), kinds.get(LABELS_MAGIC, [])
    if not images and not labels:
        return None
    if len(images) != 1 or len(labels) > 1:
        names = ", ".join(path.name for path in (*images, *labels))
        raise DataError(
            f"{folder}: expected one IDX file of images and at most one of labels, got {names}: move the others away, "
            f"or call all four what MNIST's are called ({', '.join(MNIST)})"
        )
    return _labelled(folder, labels[0] if labels else images[0], _images(images[0])[0], _labels(labels))


def _labels(paths: list[Path]) -> NDArray[np.uint8] | None:
    return read_idx(paths[0], LABELS_MAGIC)[0] if paths else None


def _images(path: Path) -> tuple[NDArray[np.uint8], str]:
    array, digest = read_idx(path, IMAGES_MAGIC)
    if array.shape[1:] != (28, 28):
        raise DataError(f"{path}: expected images of 28 x 28 pixels, got {array.shape[1]} x {array.shape[2]}")
    return array, digest


def _labelled(path: Path, where: Path, images: NDArray[np.uint8], labels: NDArray[np.uint8] | None) -> Dataset:
    """Return a data set of images whose classes are called by the numbers they have, if they have any."""
    if not len(images):
        raise DataError(f"{where}: has no images")
    if labels is None:
        return _own(path, picture_folders.split(images, np.zeros(len(images), np.uint8)), ())
    if len(labels) != len(images):
        raise DataError(f"{where}: expected {len(images)} labels, as many as there are images, got {len(labels)}")
    if labels.max() >= MAX_CLASSES:
        raise DataError(f"{where}: expected labels from 0 to {MAX_CLASSES - 1}, got {labels.max()}")
    return _own(path, picture_folders.split(images, labels), tuple(map(str, range(labels.max() + 1))))


def _own(path: Path, parts: picture_folders.Parts, classes: tuple[str, ...]) -> Dataset:
    return Dataset(path.resolve().name, str(path), *parts, classes)


def _read_idx_folder(folder: Path, report: OnProgress) -> Dataset:
    arrays: list[NDArray[np.uint8]] = []
    digests: dict[str, str] = {}
    for place, name in enumerate(MNIST):
        report(25.0 * place, f"reading {name}")
        path = _find(folder, name)
        array, digests[name] = _images(path) if "images" in name else read_idx(path, LABELS_MAGIC)
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
