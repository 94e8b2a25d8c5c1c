"""Archives as bytes: what .gh and .ghuser files hold, one raw DEFLATE stream of one chunk."""

from __future__ import annotations

import struct
import zlib

from ghpython_components.archive.chunks import MAX_BYTES, MAX_DEPTH, MAX_ENTRIES, ArchiveError, Chunk, Item
from ghpython_components.archive.values import TYPES, Reader, text_bytes


def from_bytes(content: bytes) -> Chunk:
    """Read a .gh or .ghuser file, or the object within the latter.

    Raises:
        ArchiveError: It is no archive, is damaged, or is larger than any real one.
    """
    return parse(inflate(content))


def to_bytes(chunk: Chunk) -> bytes:
    """Write an archive; the same chunk gives the same bytes."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return deflate.compress(unparse(chunk)) + deflate.flush()


def inflate(content: bytes) -> bytes:
    """Undo the compression of a file, up to the size that an archive may have.

    Raises:
        ArchiveError: It is not compressed so, or is larger.
    """
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        inflated = inflater.decompress(content, MAX_BYTES)
    except zlib.error as error:
        raise ArchiveError(f"expected a Grasshopper archive, got other or damaged bytes ({error})") from None
    if inflater.unconsumed_tail:
        raise ArchiveError(f"the archive is larger than {MAX_BYTES:,} bytes")
    if not inflater.eof:
        raise ArchiveError("the archive ends too soon: the file is cut off")
    return inflated


def parse(inflated: bytes) -> Chunk:
    """Read a chunk that fills the bytes.

    Raises:
        ArchiveError: It does not, or something in it cannot be read.
    """
    reader = Reader(inflated)
    try:
        chunk = _read_chunk(reader, [MAX_ENTRIES], 0)
    except (ValueError, OverflowError, MemoryError) as error:  # text that is no UTF-8 among them
        raise ArchiveError(f"the archive is damaged: {error}") from None
    if reader.left:
        raise ArchiveError(f"{reader.left:,} bytes follow the end of the archive")
    return chunk


def unparse(chunk: Chunk) -> bytes:
    """Write a chunk without compression.

    Raises:
        ArchiveError: A value is not of its type.
    """
    parts: list[bytes] = []
    _write_chunk(chunk, parts)
    return b"".join(parts)


def _read_chunk(reader: Reader, room: list[int], depth: int) -> Chunk:
    name = reader.text()
    index, items, chunks = reader.numbers("<3i")
    room[0] -= items + chunks
    if items < 0 or chunks < 0 or room[0] < 0 or depth > MAX_DEPTH:
        raise ArchiveError(
            f"{name[:80]!r} has {items:,} items and {chunks:,} chunks at depth {depth}, more than is real"
        )
    return Chunk(
        name,
        [_read_item(reader) for _ in range(items)],
        [_read_chunk(reader, room, depth + 1) for _ in range(chunks)],
        _read_index(index),
    )


def _read_item(reader: Reader) -> Item:
    name = reader.text()
    index, code = reader.numbers("<2i")
    if code not in TYPES:
        raise ArchiveError(f"item {name[:80]!r} has type {code}, which is none: the file is damaged")
    return Item(name, code, TYPES[code].read(reader), _read_index(index))


def _read_index(index: int) -> int | None:
    if index < -1:
        raise ArchiveError(f"expected an index, got {index}: the file is damaged")
    return None if index == -1 else index


def _write_chunk(chunk: Chunk, parts: list[bytes]) -> None:
    parts.append(text_bytes(chunk.name))
    parts.append(struct.pack("<3i", _index(chunk.index), len(chunk.items), len(chunk.chunks)))
    for item in chunk.items:
        try:
            value = TYPES[item.type].write(item.value)
        except (struct.error, TypeError, AttributeError, ValueError) as error:
            kind = TYPES[item.type].name if item.type in TYPES else item.type
            raise ArchiveError(f"{chunk.name}: {item.name} is no {kind}: {error}") from None
        parts += (text_bytes(item.name), struct.pack("<2i", _index(item.index), item.type), value)
    for inner in chunk.chunks:
        _write_chunk(inner, parts)


def _index(index: int | None) -> int:
    return -1 if index is None else index
