"""Reading never more than it may be: files in steps, and zips entry by entry in memory.

Nothing is taken on trust: a header's promise is believed only as far as bytes follow it, and what swells more than a
hundredfold is a bomb.
"""

from __future__ import annotations

import gzip
import io
from typing import BinaryIO, cast

MAX_INFLATED = 512 << 20  # bytes, inflated
MAX_COMPRESSION_RATIO = 100  # times its size that anything may inflate to
_SMALL = 1 << 20  # bytes that do no harm, however much they swelled
STEP = 1 << 20
GZIP = b"\x1f\x8b"


def most_inflated(size: int) -> int:
    """Return how many bytes so many packed ones may inflate to."""
    return min(MAX_INFLATED, max(_SMALL, MAX_COMPRESSION_RATIO * size))


def read_at_most(file: BinaryIO, limit: int) -> bytearray:
    """Read a file to its end, or to one byte beyond the limit: memory grows only with what is really there."""
    content = bytearray()
    while len(content) <= limit and (piece := file.read(min(STEP, limit + 1 - len(content)))):
        content += piece
    return content


class _Inflating(io.RawIOBase):
    """A gzip'd file inflated while it is read, until that is more than so many bytes may hold.

    What is in it may be gzip'd once more, as browsers and servers between them leave it, within the same bounds.
    """

    def __init__(self, packed: BinaryIO, size: int, is_outer: bool = True) -> None:
        super().__init__()
        self._inflated = gzip.GzipFile(fileobj=packed)
        self._packed, self._size, self._is_outer = packed, size, is_outer
        self._left = max(_SMALL, MAX_COMPRESSION_RATIO * size)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        if self._is_outer and self._inflated.tell() == 0 and self._inflated.peek(2)[:2] == GZIP:
            self._packed.seek(0)
            once = io.BufferedReader(_Inflating(self._packed, self._size, is_outer=False), STEP >> 4)
            self._inflated = gzip.GzipFile(fileobj=once)
        self._is_outer = False
        piece = self._inflated.read(len(buffer))
        self._left -= len(piece)
        if self._left < 0:
            raise OSError(f"it inflates to more than {MAX_COMPRESSION_RATIO} times its size")
        buffer[: len(piece)] = piece
        return len(piece)


def inflating(file: BinaryIO, size: int) -> BinaryIO:
    """Return what reads a file of so many bytes inflated if its first two say that it is gzip'd, whatever its name.

    It may be so twice.

    Reading raises OSError, EOFError or zlib.error where it is damaged, or swells more than a hundredfold.
    """
    first = file.read(2)
    file.seek(0)
    return cast(BinaryIO, io.BufferedReader(_Inflating(file, size), STEP >> 4)) if first == GZIP else file
