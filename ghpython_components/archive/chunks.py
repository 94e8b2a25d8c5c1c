"""What an archive is made of: chunks that hold items, which have a name, a type and a value, and other chunks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

MAX_BYTES = 64_000_000  # of an archive, inflated; the largest real ones have a few million
MAX_ENTRIES = 500_000  # items and chunks of an archive
MAX_DEPTH = 64  # chunks in chunks; a component in a cluster in a cluster takes about ten


class ArchiveError(Exception):
    """What is wrong with an archive, and where in it."""


@dataclass(frozen=True)
class Item:
    """One value.

    Attributes:
        name: Of the value.
        type: One of `codes`.
        value: As TYPES tells: a bool, an int, a float, a Decimal, a UUID, a str, bytes, or a tuple of numbers.
        index: Number among the items of that name, or None.
    """

    name: str
    type: int
    value: Any
    index: int | None = None


@dataclass
class Chunk:
    """A named group of items and of other chunks."""

    name: str
    items: list[Item] = field(default_factory=list)
    chunks: list[Chunk] = field(default_factory=list)
    index: int | None = None

    def get(self, name: str, index: int | None = None) -> Any:
        """Return the value of an item, or None where there is none."""
        return next((item.value for item in self.items if (item.name, item.index) == (name, index)), None)

    def chunk(self, name: str, index: int | None = None) -> Chunk:
        """Return a chunk in this one.

        Raises:
            ArchiveError: There is none of that name and index.
        """
        for chunk in self.chunks:
            if (chunk.name, chunk.index) == (name, index):
                return chunk
        number = "" if index is None else f" {index}"
        raise ArchiveError(f"{self.name}: expected a chunk {name}{number}, got {[chunk.name for chunk in self.chunks]}")

    def walk(self) -> Iterator[Chunk]:
        """Yield this chunk and all chunks in it, in their order in the file."""
        yield self
        for chunk in self.chunks:
            yield from chunk.walk()

    def sort(self) -> None:
        """Order the items as Grasshopper does, by name and index, in this chunk and all in it. Chunks keep theirs."""
        for chunk in self.walk():
            chunk.items.sort(key=lambda item: (item.name.encode("utf-16-be"), -1 if item.index is None else item.index))
