"""MNIST's four files, however they were unpacked and called, and wherever they lie."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ganmnist.data.files import File, OnProgress, Tree, in_folder
from ganmnist.data.idx import IMAGES_MAGIC, LABELS_MAGIC, read_open_idx
from ganmnist.dataset import Dataset
from ganmnist.dataset_summary import ReadReport
from ganmnist.errors import DataError

# SHA-256 of the inflated files, which tell MNIST wherever it comes from.
MNIST = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
# What is said while each is read.
_READING = dict(zip(MNIST, ("the training pictures", "their labels", "the test pictures", "their labels"), strict=True))
# As unpackers and browsers leave it: a dot or an underline for a dash, capitals, .gz kept or lost, a second download.
_NAME = re.compile(r"(train|t10k)[-_. ](images|labels)[-_. ]idx([13])[-_. ]ubyte(?: ?\(\d+\))?(\.gz)?(?: ?\(\d+\))?")
_DEEPEST = 3  # folders and the name: MNIST/raw/train-images-idx3-ubyte


def find_mnist(tree: Tree) -> dict[str, File] | None:
    """Find the files that are called what MNIST's are.

    Returns:
        Each file by the name that it should have; None if there is none of the four.

    Raises:
        DataError: One is not there, or is there more than once.
    """
    found: dict[str, list[File]] = {}
    for file in tree.files:
        if "ubyte" in file.parts[-1].lower() and (name := _NAME.fullmatch(file.parts[-1].lower())):
            found.setdefault(f"{name[1]}-{name[2]}-idx{name[3]}-ubyte", []).append(file)
    if not set(found) & set(MNIST):
        return None
    needed = f"the folder needs the four IDX files of MNIST ({', '.join(MNIST)})"
    deep = min(len(file.parts) for files in found.values() for file in files)
    if deep > _DEEPEST:
        folder = "/".join(next(file for files in found.values() for file in files).parts[:-1])
        raise DataError(
            f"{tree.where}: has no images in it, but MNIST's ({', '.join(MNIST)}) in {folder}: name that folder"
        )
    if missing := [os.path.join(tree.where, name) for name in MNIST if name not in found]:
        raise DataError(f"{' and '.join(missing)}: not there, nor as .gz: {needed}")
    return {name: _best(tree, found[name]) for name in MNIST}


def read_mnist(
    where: Path, files: Mapping[str, File], on_progress: OnProgress, known: Mapping[str, str] = MNIST
) -> Dataset:
    """Read the four files. They are MNIST if their bytes are those that are known to be.

    Raises:
        DataError: A file is damaged, or the images are of another size, the labels no digits, or not as many.
    """
    arrays: list[NDArray[np.uint8]] = []
    digests: dict[str, str] = {}
    for place, (name, file) in enumerate(files.items()):
        on_progress(25.0 * place, f"reading {_READING[name]}")
        magic = IMAGES_MAGIC if "images" in name else LABELS_MAGIC
        try:
            packed, size = file.packed()
        except OSError as error:
            raise DataError(f"{file.where}: cannot be read ({error.strerror})") from None
        with packed:
            array, digests[name] = read_open_idx(packed, size, file.where, magic)
        if array.ndim == 3 and array.shape[1:] != (28, 28):
            rows, columns = array.shape[1:]
            raise DataError(f"{file.where}: expected images of 28 x 28 pixels, got {rows} x {columns}")
        if array.ndim == 1 and len(array) != len(arrays[-1]):
            count = len(arrays[-1])
            raise DataError(f"{file.where}: expected {count} labels, as many as there are images, got {len(array)}")
        if array.ndim == 1 and len(array) and array.max() > 9:
            raise DataError(f"{file.where}: expected labels from 0 to 9, got {array.max()}")
        arrays.append(array)
    train_images, train_labels, test_images, test_labels = arrays
    name = "MNIST" if digests == known else where.resolve().name
    report = ReadReport(split="by the files train and t10k")
    return Dataset(name, str(where), train_images, train_labels, test_images, test_labels, report=report)


def read_mnist_folder(folder: Path, on_progress: OnProgress, known: Mapping[str, str] = MNIST) -> Dataset:
    """Read the four files in a folder as `read_mnist` does.

    Raises:
        DataError: They are not all there, or as `read_mnist`.
    """
    files = find_mnist(in_folder(folder, on_progress))
    if files is None:
        raise DataError(f"{folder}: has none of the four IDX files of MNIST ({', '.join(MNIST)})")
    return read_mnist(folder, files, on_progress, known)


def _best(tree: Tree, files: list[File]) -> File:
    """Return the file that lies highest, plain before gzip'd."""

    def rank(file: File) -> tuple[int, bool]:
        return len(file.parts), file.parts[-1].lower().endswith(".gz")

    ordered = sorted(files, key=rank)
    first, *others = ordered
    for other in others:
        if rank(other) == rank(first) and other.parts[:-1] != first.parts[:-1]:
            names = " and ".join("/".join(each.parts) for each in (first, other))
            raise DataError(f"{tree.where}: has MNIST's files more than once, {names}: name one of the folders in it")
    return first
