"""IDX files, MNIST's format: a header with the type and the shape, then numbers (yann.lecun.com/exdb/mnist)."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from math import prod
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from ganmnist.errors import DataError, shape_text
from ganmnist.storage.atomic import write_atomic
from ganmnist.storage.bounded import inflating, most_inflated, read_at_most
from ganmnist.storage.magic import ARCHIVES, HEAD, PACKED, POINTER, UNKNOWN, WEB_PAGE, what_is

IMAGES_MAGIC, LABELS_MAGIC = 2051, 2049  # uint8 in three dimensions, uint8 in one
MAX_IMAGES = 600_000  # 470 MB: a header that asks for more is damaged, or means harm
_TYPES = {8: ">u1", 9: ">i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}  # by the third byte
_MOST_DIMENSIONS = 4
_MOST_BYTES = 1 << 30
_ANEW = "delete it and fetch it anew"
OF_POINTER = "run git lfs pull in the folder it was cloned to"  # what helps with one of Git LFS
_REMEDIES = {
    WEB_PAGE: f"the download went wrong, {_ANEW}",
    POINTER: OF_POINTER,
    **dict.fromkeys((*ARCHIVES, *PACKED), "unpack it"),
}


def read_idx(path: Path, magic: int) -> tuple[NDArray[np.uint8], str]:
    """Read one IDX file, plain or gzip'd as its first bytes say, never more of it than its header promises.

    Returns:
        The array, and the SHA-256 of the inflated file.

    Raises:
        DataError: Not what `magic` says, truncated, or with bytes left over.
    """
    try:
        with path.open("rb") as file:
            return read_open_idx(file, path.stat().st_size, str(path), magic)
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}): {_ANEW}") from None


def read_open_idx(packed: BinaryIO, size: int, where: str, magic: int | None = None) -> tuple[NDArray[Any], str]:
    """Read an IDX file as `read_idx` does, of any type of numbers unless `magic` asks for one.

    Args:
        packed: The file, plain or gzip'd, at its beginning.
        size: How many bytes it has.
        where: What to call it where something is wrong.
        magic: What it is to begin with.
    """
    file = inflating(packed, size)
    try:
        head = file.read(4)
        found = int.from_bytes(head, "big")
        if magic not in (None, found) or not is_idx(head):
            raise _no_idx(where, head + file.read(HEAD), magic)
        header = file.read(4 * (found & 0xFF))
        if len(header) < 4 * (found & 0xFF):
            raise DataError(f"{where}: ends within its header, after the IDX magic {found}: {_ANEW}")
        shape = [int(side) for side in np.frombuffer(header, ">u4")]
        kind = np.dtype(_TYPES[found >> 8])
        promised = prod(shape) * kind.itemsize
        most = prod(max(side, 1) for side in shape)  # of no images too the others' size is more than NumPy takes
        if most > MAX_IMAGES * 28 * 28 or most * kind.itemsize > _MOST_BYTES:
            raise DataError(
                f"{where}: its header promises {shape_text(shape)}, {promised:,} bytes; more than {MAX_IMAGES:,} "
                f"images have are not taken: {_ANEW}"
            )
        if file is not packed and promised > most_inflated(size):
            raise DataError(f"{where}: its header promises {promised:,} bytes, far more than its {size:,} can hold")
        body = read_at_most(file, promised)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{where}: cannot be read ({error}): {_ANEW}") from None
    if len(body) != promised:
        came = f"{len(body):,}" if len(body) < promised else "more"
        raise DataError(f"{where}: expected {promised:,} bytes after the header, got {came}: {_ANEW}")
    digest = hashlib.sha256(found.to_bytes(4, "big") + header)
    digest.update(body)
    return np.frombuffer(body, kind).reshape(shape), digest.hexdigest()


def _no_idx(where: str, head: bytes, magic: int | None) -> DataError:
    """Say what a file is that is no IDX file, or not the one that is wanted."""
    wanted = f"IDX magic {magic} (bytes in {magic & 0xFF} dimensions)" if magic else "an IDX magic"
    if is_idx(head):
        return DataError(
            f"{where}: expected {wanted}, got {int.from_bytes(head[:4], 'big')}: is it another of the four?"
        )
    name = what_is(head)
    if name == UNKNOWN:
        return DataError(f"{where}: expected {wanted}, got {int.from_bytes(head[:4], 'big')}: {_ANEW}")
    remedy = _REMEDIES.get(name, _ANEW)
    return DataError(f"{where}: is {name}, expected an IDX file that begins with {wanted}: {remedy}")


def is_idx(head: bytes) -> bool:
    """Tell whether a file that begins so is an IDX file."""
    return len(head) >= 4 and head[:2] == b"\0\0" and head[2] in _TYPES and 1 <= head[3] <= _MOST_DIMENSIONS


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
