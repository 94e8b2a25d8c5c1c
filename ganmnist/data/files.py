"""Files as they lie, in folders however deep, in a zip or alone: read within bounds, inflated where they are gzip'd."""

from __future__ import annotations

import io
import os
import zipfile
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from ganmnist.data.idx import MAX_IMAGES
from ganmnist.errors import DataError, shown
from ganmnist.storage import bounded
from ganmnist.storage.zips import Zip, zip_in

HEAD = 512  # bytes that tell what a file is
DAMAGED = (OSError, EOFError, zlib.error)  # what reading an inflated file raises where it is damaged
_MOST_FILES = MAX_IMAGES + 100_000  # of a folder
_MOST_ENTRIES = 200_000  # of a zip
_LARGEST_PICTURE = 64 << 20  # bytes of a picture in a zip
_LONGEST_PART = 255  # letters of a folder's or a file's own name, as every system has it
_LONGEST_NAME = 1000  # letters with its folders, as the longest path on Windows or macOS
_OFTEN = 1000  # files after which progress is told
_LITTER = ("thumbs.db", "desktop.ini", "ehthumbs.db")

OnProgress = Callable[[float, str], object]


@dataclass(frozen=True, slots=True)
class DiskFile:
    """A file in a folder, or named itself.

    Attributes:
        parts: Its folders below what the user named, and its name.
        path: Where it lies.
    """

    parts: tuple[str, ...]
    path: Path

    @property
    def where(self) -> str:
        """What it is called where something is wrong."""
        return str(self.path)

    def packed(self) -> tuple[BinaryIO, int]:
        """Open it as it is, and say how many bytes it has."""
        return self.path.open("rb"), self.path.stat().st_size

    def head(self, count: int = HEAD) -> bytes:
        """Return its first bytes, inflated; none where they cannot be read."""
        try:
            with self.path.open("rb") as file:
                return bounded.inflating(file, self.path.stat().st_size).read(count)
        except DAMAGED:
            return b""

    def refusal(self) -> str:
        """Say why it cannot be read, if that is known before."""
        return ""

    def picture(self) -> Path | BinaryIO:
        """Return what a reader of pictures takes."""
        return self.path


@dataclass(frozen=True, slots=True)
class ZippedFile:
    """A file in a zip, with all that a DiskFile has."""

    parts: tuple[str, ...]
    archive: Zip
    entry: zipfile.ZipInfo
    zip_name: str

    @property
    def where(self) -> str:
        return f"{self.zip_name}: {shown(self.entry.filename)}"

    def packed(self) -> tuple[BinaryIO, int]:
        content = self.archive.read(self.entry, bounded.MAX_INFLATED)
        return io.BytesIO(content), len(content)

    def head(self, count: int = HEAD) -> bytes:
        first = self.archive.head(self.entry, count)
        try:
            for _ in range(2):  # it may be packed twice
                if first.startswith(bounded.GZIP):
                    first = zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(first, count)
            return first
        except zlib.error:
            return b""

    def refusal(self) -> str:
        return self.archive.refusal(self.entry)

    def picture(self) -> Path | BinaryIO:
        return io.BytesIO(self.archive.read(self.entry, _LARGEST_PICTURE))


File = DiskFile | ZippedFile


@dataclass
class Tree:
    """All files below what the user named, but those that systems leave there.

    Attributes:
        where: What the user named.
        files: Each file.
        folders: The parts of each folder.
        archive: The zip, if it is one.
    """

    where: str
    files: list[File] = field(default_factory=list)
    folders: list[tuple[str, ...]] = field(default_factory=list)
    archive: Zip | None = None

    def check(self, files: Iterable[File]) -> None:
        """Raise DataError if so many files of a zip would inflate to more than they may together."""
        if self.archive:
            self.archive.check(file.entry for file in files if isinstance(file, ZippedFile))


class Opened:
    """A file being read, inflated."""

    def __init__(self, packed: BinaryIO, size: int) -> None:
        self.content = bounded.inflating(packed, size)
        self.size = size
        self.is_packed = self.content is not packed
        self._packed = packed

    @property
    def percent(self) -> float:
        """How much of the file lies before what was read."""
        return min(100 * self._packed.tell() / max(self.size, 1), 100)


@contextmanager
def opened(file: File) -> Iterator[Opened]:
    """Open a file to be read from its beginning.

    Raises:
        DataError: It cannot be opened.
    """
    try:
        packed, size = file.packed()
        reading = Opened(packed, size)
    except OSError as error:
        raise DataError(f"{file.where}: cannot be read ({error.strerror or error})") from None
    with packed:
        yield reading


def in_folder(folder: Path, on_progress: OnProgress) -> Tree:
    """List the files of a folder and of all folders in it, each folder once though links lead there again.

    Raises:
        DataError: A folder cannot be read, or there are too many files.
    """
    tree = Tree(str(folder))
    seen: set[tuple[int, int]] = set()
    waiting: deque[tuple[tuple[str, ...], Path]] = deque([((), folder)])
    while waiting:
        parts, place = waiting.popleft()  # the highest first: what links lead to is where it is seen first
        try:
            known = place.stat()
            if (known.st_dev, known.st_ino) in seen:
                continue
            seen.add((known.st_dev, known.st_ino))
            with os.scandir(place) as listed:
                entries = [(entry.name, entry.is_dir(), entry.is_file()) for entry in listed]
        except OSError as error:
            raise DataError(f"{place}: cannot be read ({error.strerror})") from None
        for name, is_folder, is_file in entries:
            if _is_litter(name):
                continue
            if is_folder:
                tree.folders.append((*parts, name))
                waiting.append(((*parts, name), place / name))
            elif is_file:
                tree.files.append(DiskFile((*parts, name), place / name))
                if len(tree.files) % _OFTEN == 0:
                    on_progress(0, f"looking at {len(tree.files):,} files")
        if len(tree.files) > _MOST_FILES:
            raise DataError(f"{folder}: has more than {_MOST_FILES:,} files: name the folder in it that has the images")
    tree.files.sort(key=lambda file: file.parts)
    return tree


def in_zip(content: BinaryIO, name: str) -> Tree:
    """List the files of a zip, which can be read as long as it is open.

    Raises:
        DataError: It is no zip, damaged or has too many entries.
    """

    def fail(words: str) -> DataError:
        return DataError(f"{name}: {words}")

    archive = zip_in(content, _MOST_ENTRIES, fail)
    tree = Tree(name, archive=archive)
    folders: set[tuple[str, ...]] = set()
    for entry in archive.entries:
        parts = tuple(part for part in entry.filename.replace("\\", "/").split("/") if part not in ("", ".", ".."))
        too_long = len(entry.filename) > _LONGEST_NAME or any(len(part) > _LONGEST_PART for part in parts)
        if not parts or too_long or any(map(_is_litter, parts)):
            continue
        if entry.filename.endswith(("/", "\\")):
            folders.add(parts)
        else:
            tree.files.append(ZippedFile(parts, archive, entry, name))
        folders.update(parts[:depth] for depth in range(1, len(parts)))
    tree.folders = sorted(folders)
    tree.files.sort(key=lambda file: file.parts)
    return tree


def _is_litter(name: str) -> bool:
    return name.startswith((".", "__MACOSX")) or name.lower() in _LITTER
