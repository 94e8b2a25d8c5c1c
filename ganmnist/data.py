"""MNIST: found on disk, downloaded or drawn; read from IDX files and checked; rescaled for the networks."""

from __future__ import annotations

import gzip
import hashlib
import os
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from ganmnist import download, drawn_digits, paths
from ganmnist.errors import DataError

ENVIRONMENT = "GANMNIST_DATA"
# SHA-256 of the inflated files, which tell MNIST wherever it comes from.
MNIST = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
_IMAGES_MAGIC, _LABELS_MAGIC = 2051, 2049  # uint8 in three dimensions, uint8 in one (yann.lecun.com/exdb/mnist)
_MOST_IMAGES = 600_000  # 470 MB: a header that asks for more is damaged, or means harm
OnProgress = Callable[[float, str], object]


@dataclass(frozen=True)
class Dataset:
    """Images with their labels.

    Attributes:
        name: `MNIST`, `drawn-digits` (the offline default, which is not MNIST) or the name of a folder.
        source: Where it came from, for people.
        train_images, test_images: uint8 (N, 28, 28), row 0 at the top.
        train_labels, test_labels: uint8 (N,), 0 to 9.
    """

    name: str
    source: str
    train_images: NDArray[np.uint8]
    train_labels: NDArray[np.uint8]
    test_images: NDArray[np.uint8]
    test_labels: NDArray[np.uint8]


def load_data(
    directory: Path | None = None, *, home: Path | None = None, on_progress: OnProgress | None = None
) -> Dataset:
    """Find MNIST and read it.

    The first of these counts: `directory`, the environment variable GANMNIST_DATA, the user's cache. If none holds it,
    it is downloaded into the cache; where that fails too, digits are drawn, under the name `drawn-digits`.

    Args:
        directory: Folder with the four IDX files, plain or gzip'd.
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
            report(0, f"no MNIST on disk and none to download ({error}): drawing digits instead")
            return Dataset(
                drawn_digits.NAME, "drawn here, since MNIST could not be had: not MNIST", *drawn_digits.draw(report)
            )
    return read_folder(cache, report)


def is_at_hand(home: Path | None = None) -> bool:
    """Tell whether `load_data` has MNIST to read without the network."""
    return bool(os.environ.get(ENVIRONMENT)) or _complete(_cache(home))


def read_folder(folder: Path, on_progress: OnProgress | None = None) -> Dataset:
    """Read the four IDX files of a folder.

    Raises:
        DataError: A file is absent, truncated, oversized, of the wrong kind, or has more or fewer labels than images.
    """
    report = on_progress or (lambda percent, words: None)
    arrays: list[NDArray[np.uint8]] = []
    digests: dict[str, str] = {}
    for place, name in enumerate(MNIST):
        report(25.0 * place, f"reading {name}")
        path = _find(folder, name)
        array, digests[name] = read_idx(path, _IMAGES_MAGIC if "images" in name else _LABELS_MAGIC)
        if array.ndim == 3 and array.shape[1:] != (28, 28):
            raise DataError(f"{path}: expected images of 28 x 28 pixels, got {array.shape[1]} x {array.shape[2]}")
        if array.ndim == 1 and len(array) != len(arrays[-1]):
            raise DataError(f"{path}: expected {len(arrays[-1])} labels, as many as there are images, got {len(array)}")
        if array.ndim == 1 and len(array) and array.max() > 9:
            raise DataError(f"{path}: expected labels from 0 to 9, got {array.max()}")
        arrays.append(array)
    report(100, "ready")
    name = "MNIST" if digests == MNIST else folder.resolve().name
    return Dataset(name, str(folder), *arrays)


def read_idx(path: Path, magic: int) -> tuple[NDArray[np.uint8], str]:
    """Read one IDX file, plain or gzip'd, never more of it than its header promises.

    Returns:
        The array, and the SHA-256 of the inflated file.

    Raises:
        DataError: Not what `magic` says, truncated, or with bytes left over.
    """
    try:
        with _open(path) as file:
            dimensions = magic & 0xFF
            header = file.read(4 + 4 * dimensions)
            found = int.from_bytes(header[:4], "big")
            if found != magic or len(header) < 4 + 4 * dimensions:
                raise DataError(f"{path}: expected IDX magic {magic} (bytes in {dimensions} dimensions), got {found}")
            shape = [int.from_bytes(header[4 + 4 * i : 8 + 4 * i], "big") for i in range(dimensions)]
            size = prod(shape)
            if size > _MOST_IMAGES * 28 * 28:
                raise DataError(f"{path}: its header promises {size:,} bytes, more than {_MOST_IMAGES:,} images have")
            body = file.read(size + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path}: cannot be read ({error}): delete it and fetch it anew") from None
    if len(body) != size:
        came = f"{len(body):,}" if len(body) < size else "more"
        raise DataError(f"{path}: expected {size:,} bytes after the header, got {came}: delete it and fetch it anew")
    return np.frombuffer(body, np.uint8).reshape(shape), hashlib.sha256(header + body).hexdigest()


def rescale(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Rescale pixels from 0..255 to -1..1: uint8 (N, 28, 28) to float32 (N, 1, 28, 28)."""
    return (images[:, None] / np.float32(127.5) - np.float32(1)).astype(np.float32, copy=False)


def first_of_each(dataset: Dataset, rows: int = 4) -> NDArray[np.uint8]:
    """Return a sheet's worth of training images: row by row, the digits 0 to 9, uint8 (10 * rows, 28, 28).

    Fewer rows where a digit has fewer images; black where it has none.
    """
    sheet = np.zeros((rows, 10, 28, 28), np.uint8)
    for digit in range(10):
        found = dataset.train_images[np.flatnonzero(dataset.train_labels == digit)[:rows]]
        sheet[: len(found), digit] = found
    return sheet.reshape(-1, 28, 28)


def _cache(home: Path | None) -> Path:
    return (home or paths.home()) / "data" / "mnist"


def _complete(cache: Path) -> bool:
    return all((cache / f"{name}.gz").exists() for name in MNIST)


def _find(folder: Path, name: str) -> Path:
    for candidate in (name, f"{name}.gz"):
        if (folder / candidate).is_file():
            return folder / candidate
    raise DataError(
        f"{folder / name}: not there, nor as .gz: the folder needs the four IDX files of MNIST ({', '.join(MNIST)})"
    )


def _open(path: Path) -> BinaryIO:
    return gzip.open(path) if path.suffix == ".gz" else path.open("rb")  # type: ignore[return-value]
