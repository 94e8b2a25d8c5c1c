"""Zips in memory: entries read within bounds, and written so that the same content gives the same bytes."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import BinaryIO

from ganmnist.errors import GanError, shown
from ganmnist.storage import bounded

_ENTRY = b"PK\x01\x02"  # begins every entry of a zip's directory
_FIRST = (1980, 1, 1, 0, 0, 0)  # the first time that a zip can tell
_CHANCE = 10  # times that packed bytes may happen to look so
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_DAMAGED = (zipfile.BadZipFile, ValueError, RuntimeError, EOFError, OSError, zlib.error, struct.error)


class Zip:
    """A zip whose entries are read in memory, and together never swell beyond what `most_inflated` allows.

    Attributes:
        entries: What is in it, in its order.
    """

    def __init__(self, archive: zipfile.ZipFile, size: int, fail: Callable[[str], GanError]) -> None:
        self.entries = archive.infolist()
        self._archive, self._fail = archive, fail
        self._left = bounded.most_inflated(size)

    def check(self, entries: Iterable[zipfile.ZipInfo]) -> None:
        """Raise unless so many entries may be read, by the sizes that they declare."""
        if sum(entry.file_size for entry in entries) > self._left:
            raise self._fail(
                f"inflates to more than {bounded.MAX_INFLATED:,} bytes, or to more than "
                f"{bounded.MAX_COMPRESSION_RATIO} times its size"
            )

    def refusal(self, entry: zipfile.ZipInfo) -> str:
        """Say why an entry cannot be read, if its very head tells."""
        if entry.flag_bits & 1:
            return "is encrypted: make the zip without a password"
        if entry.compress_type not in _METHODS:
            return "is packed in a way that is not read: make the zip with Deflate"
        return ""

    def head(self, entry: zipfile.ZipInfo, count: int) -> bytes:
        """Read the first bytes of an entry: none of one that cannot be read."""
        try:
            return self.beginning(entry, count)
        except GanError:
            return b""

    def beginning(self, entry: zipfile.ZipInfo, count: int) -> bytes:
        """Read the first bytes of an entry, however many it has."""
        name = shown(entry.filename)
        if words := self.refusal(entry):
            raise self._fail(f"{name} {words}")
        try:
            with self._archive.open(entry) as file:
                return file.read(count)
        except _DAMAGED as error:
            raise self._fail(f"{name} is damaged in the zip ({shown(error)}): fetch or make it anew") from None

    def read(self, entry: zipfile.ZipInfo, limit: int) -> bytes:
        """Read one entry whose declared and real size are the same and at most `limit`."""
        name = shown(entry.filename)
        if words := self.refusal(entry):
            raise self._fail(f"{name} {words}")
        if entry.file_size > limit:
            raise self._fail(f"{name} has {entry.file_size:,} bytes, at most {limit:,} are taken")
        self.check([entry])
        try:
            with self._archive.open(entry) as file:
                content = bounded.read_at_most(file, entry.file_size)  # type: ignore[arg-type]
        except _DAMAGED as error:
            raise self._fail(f"{name} is damaged in the zip ({shown(error)}): fetch or make it anew") from None
        if len(content) != entry.file_size:
            raise self._fail(f"{name} was expected to have {entry.file_size:,} bytes, it has {len(content):,}")
        self._left -= len(content)
        return bytes(content)


def zip_in(file: BinaryIO, most_entries: int, fail: Callable[[str], GanError], too_many: str = "") -> Zip:
    """Open a zip that lives as long as its file does.

    Args:
        file: The zip, to be sought in.
        most_entries: Of more it is refused, before a list of them is made.
        fail: Makes an error that names the file.
        too_many: What more entries than that mean; their number is said unless given.
    """
    try:
        entries, size = _count(file, most_entries + _CHANCE)
        if entries > most_entries + _CHANCE:
            raise fail(too_many or f"has more than {most_entries:,} entries")
        return Zip(zipfile.ZipFile(file), size, fail)
    except _DAMAGED as error:
        raise fail(f"is no zip, or damaged ({shown(error)})") from None


@contextmanager
def open_zip(file: BinaryIO, most_entries: int, fail: Callable[[str], GanError], too_many: str = "") -> Iterator[Zip]:
    """Open a zip as `zip_in` does; within the block, whatever is wrong with it is raised as what `fail` makes too."""
    try:
        yield zip_in(file, most_entries, fail, too_many)
    except _DAMAGED as error:
        raise fail(f"is no zip, or damaged ({shown(error)})") from None


def _count(file: BinaryIO, most: int) -> tuple[int, int]:
    """Return how many entries a zip's directory has at most, or a number beyond `most`, and the length of the file."""
    file.seek(0)
    entries, size, tail = 0, 0, b""
    while entries <= most and (piece := file.read(bounded.STEP)):
        entries += (tail + piece).count(_ENTRY)
        size += len(piece)
        tail = (tail + piece)[-3:]
    file.seek(0)
    return entries, size


def zip_bytes(entries: Mapping[str, bytes], *, packed: bool) -> bytes:
    """Return a zip in memory: the same entries give the same bytes, whenever and wherever it is made.

    Args:
        entries: What is in it by name, in its order.
        packed: Deflate the entries, or store them as they are.
    """
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED) as archive:
        for name, content in entries.items():
            entry = zipfile.ZipInfo(name, _FIRST)
            entry.compress_type = archive.compression
            entry.create_system = 3  # whatever this one is
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content)
    return made.getvalue()
