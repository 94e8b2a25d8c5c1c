"""Reading never more than it may be: files in steps, and zips entry by entry in memory.

Nothing is taken on trust: a header's promise is believed only as far as bytes follow it, and what swells more than a
hundredfold is a bomb.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import BinaryIO

from ganmnist.errors import GanError, shown

MOST = 512 << 20  # bytes, inflated
_SWELLING = 100  # times its size that anything may inflate to
_SMALL = 1 << 20  # bytes that do no harm, however much they swelled
_STEP = 1 << 20
_ENTRY = b"PK\x01\x02"  # begins every entry of a zip's directory
_CHANCE = 10  # times that packed bytes may happen to look so


def most_inflated(size: int) -> int:
    """Return how many bytes so many packed ones may inflate to."""
    return min(MOST, max(_SMALL, _SWELLING * size))


def read_at_most(file: BinaryIO, limit: int) -> bytearray:
    """Read a file to its end, or to one byte beyond the limit: memory grows only with what is really there."""
    content = bytearray()
    while len(content) <= limit and (piece := file.read(min(_STEP, limit + 1 - len(content)))):
        content += piece
    return content


class Zip:
    """A zip whose entries are read in memory, and together never swell beyond what `most_inflated` allows.

    Attributes:
        entries: What is in it, in its order.
    """

    def __init__(self, archive: zipfile.ZipFile, size: int, fail: Callable[[str], GanError]) -> None:
        self.entries = archive.infolist()
        self._archive, self._fail = archive, fail
        self._left = most_inflated(size)

    def read(self, entry: zipfile.ZipInfo, limit: int) -> bytes:
        """Read one entry whose declared and real size are the same and at most `limit`."""
        name = shown(entry.filename)
        if entry.flag_bits & 1:
            raise self._fail(f"{name} is encrypted: make the zip without a password")
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise self._fail(f"{name} is packed in a way that is not read: make the zip with Deflate")
        if entry.file_size > limit:
            raise self._fail(f"{name} has {entry.file_size:,} bytes, at most {limit:,} are taken")
        if entry.file_size > self._left:
            raise self._fail(f"inflates to more than {MOST:,} bytes, or to more than {_SWELLING} times its size")
        with self._archive.open(entry) as file:
            content = read_at_most(file, entry.file_size)  # type: ignore[arg-type]
        if len(content) != entry.file_size:
            raise self._fail(f"{name} was expected to have {entry.file_size:,} bytes, it has {len(content):,}")
        self._left -= len(content)
        return bytes(content)


@contextmanager
def open_zip(file: BinaryIO, most_entries: int, fail: Callable[[str], GanError]) -> Iterator[Zip]:
    """Open a zip; within the block, whatever is wrong with it is raised as what `fail` makes of a few words.

    Args:
        file: The zip, to be sought in.
        most_entries: Of more it is refused, before a list of them is made.
        fail: Makes an error that names the file.
    """
    try:
        entries, size = _count(file, most_entries + _CHANCE)
        if entries > most_entries + _CHANCE:
            raise fail(f"has more than {most_entries:,} entries")
        with zipfile.ZipFile(file) as archive:
            yield Zip(archive, size, fail)
    except (zipfile.BadZipFile, ValueError, RuntimeError, EOFError, OSError, zlib.error, struct.error) as error:
        raise fail(f"is no zip, or damaged ({shown(error)})") from None


def _count(file: BinaryIO, most: int) -> tuple[int, int]:
    """Return how many entries a zip's directory has at most, or a number beyond `most`, and the length of the file."""
    file.seek(0)
    entries, size, tail = 0, 0, b""
    while entries <= most and (piece := file.read(_STEP)):
        entries += (tail + piece).count(_ENTRY)
        size += len(piece)
        tail = (tail + piece)[-3:]
    file.seek(0)
    return entries, size
