"""IDX files, MNIST's format: a header with the shape, then bytes (yann.lecun.com/exdb/mnist)."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from math import prod
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from ganmnist.errors import DataError
from ganmnist.storage.atomic import write_atomic
from ganmnist.storage.bounded import most_inflated, read_at_most

IMAGES_MAGIC, LABELS_MAGIC = 2051, 2049  # uint8 in three dimensions, uint8 in one
MAX_IMAGES = 600_000  # 470 MB: a header that asks for more is damaged, or means harm


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
            size, packed = prod(shape), path.stat().st_size
            if size > MAX_IMAGES * 28 * 28:
                raise DataError(f"{path}: its header promises {size:,} bytes, more than {MAX_IMAGES:,} images have")
            if path.suffix == ".gz" and size > most_inflated(packed):
                raise DataError(f"{path}: its header promises {size:,} bytes, far more than its {packed:,} can hold")
            body = read_at_most(file, size)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path}: cannot be read ({error}): delete it and fetch it anew") from None
    if len(body) != size:
        came = f"{len(body):,}" if len(body) < size else "more"
        raise DataError(f"{path}: expected {size:,} bytes after the header, got {came}: delete it and fetch it anew")
    digest = hashlib.sha256(header)
    digest.update(body)
    return np.frombuffer(body, np.uint8).reshape(shape), digest.hexdigest()


def magic_of(path: Path) -> int | None:
    """Return the magic that a file begins with if it is an IDX file of images or labels, plain or gzip'd."""
    try:
        with _open(path) as file:
            magic = int.from_bytes(file.read(4), "big")
    except (OSError, EOFError, zlib.error):
        return None
    return magic if magic in (IMAGES_MAGIC, LABELS_MAGIC) else None


def write_idx(path: Path, array: NDArray[np.uint8]) -> str:
    """Write images (N, rows, columns) or labels (N,) as a gzip'd IDX file, whole or not at all.

    Returns:
        The SHA-256 of the inflated file, as `read_idx` tells it.

    Raises:
        OSError: It cannot be written.
    """
    magic = IMAGES_MAGIC if array.ndim == 3 else LABELS_MAGIC
    header = np.array([magic, *array.shape], ">u4").tobytes()
    content = header + array.tobytes()
    write_atomic(path, gzip.compress(content, compresslevel=1, mtime=0))
    return hashlib.sha256(content).hexdigest()


def _open(path: Path) -> BinaryIO:
    return gzip.open(path) if path.suffix == ".gz" else path.open("rb")  # type: ignore[return-value]
