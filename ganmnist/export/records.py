"""From a file, or the text of an object, back to the digits: its record is found, their model, and they are drawn."""

from __future__ import annotations

import html
import io
import json
import re
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

from ganmnist.errors import DataError
from ganmnist.export.label import MARK, METADATA, MODEL_PART
from ganmnist.models.provenance import HEAD, KEY, MAX_MARKS, MAX_TEXT, Provenance, join, parse_provenance
from ganmnist.storage.bounded import read_at_most
from ganmnist.storage.magic import HEAD as HEAD_BYTES
from ganmnist.storage.magic import what_is
from ganmnist.storage.zips import open_zip

MAX_FILE = 64 << 20  # bytes
_PARTS = 100  # files in a 3MF that somebody's program has written anew
_OBJECTS = 10_000  # of a .3dm whose records are read
_LETTERS = 4 * MAX_TEXT  # of all records of a file that are read: the longest, and one for each of its digits
_END = '"}'
_FEW_MARKS = re.compile(rb"[^:,]*(?:[:,][^:,]*){0,%d}" % MAX_MARKS)
_COMMENTS = re.compile(rb"^(?:#|comment) " + MARK.encode() + rb"([!-~]*)\s*$", re.MULTILINE)
_BEFORE_VERTICES = 4 * MAX_TEXT  # bytes in which comments and metadata are looked for
_TAG = 200  # bytes of the tag of a 3MF's metadata
_CHUNKS = 40_000  # of a .png or a .gif: twice what the longest record takes
_EXTENSION, _COMMENT = 0x21, 0xFE  # in a .gif


def read_record(content: bytes, where: str) -> Provenance:
    """Find the record in a file's bytes, or in a text's.

    A .3dm is searched for the text, and a .png for its chunks, since their readers may stumble over a damaged file.

    Args:
        content: At most `MAX_FILE` bytes.
        where: Name of the file, for the sentence that says what is wrong.

    Raises:
        DataError: Too large, damaged, or without a record.
    """
    is_what = what_is(content[:HEAD_BYTES])
    if len(content) > MAX_FILE:
        raise DataError(f"{where}: is {is_what} of more than {MAX_FILE:,} bytes, so it is not read")
    try:
        found = next(find for begins, find in _FINDERS if content.startswith(begins))(content, where)
        texts = list(_up_to_a_bound(found))
    except (struct.error, UnicodeError, ValueError, IndexError, RecursionError):
        raise DataError(f"{where}: is {is_what}, and damaged: take another copy") from None
    if not texts:
        raise DataError(
            f"{where}: is {is_what}, and holds no record of ganmnist. Records stand in the .3dm, .3mf, .obj, .ply, "
            ".json, .png and .gif that ganmnist writes, and in the user text of what Generate bakes; .stl and .npy "
            "have no place for one"
        )
    records = [parse_provenance(text, where) for text in texts]
    whole = max(records, key=lambda record: len(record.z))
    return whole if len(whole.vectors()) > 1 else join(records)


def read_file(path: Path) -> Provenance:
    """Find the record in a file.

    Raises:
        DataError: It cannot be read, is too large, damaged, or without a record.
    """
    try:
        with path.open("rb") as file:
            return read_record(bytes(read_at_most(file, MAX_FILE)), str(path))
    except OSError as error:
        if path.is_dir():
            raise DataError(f"{path}: is a folder: name a file in it") from None
        raise DataError(f"{path}: cannot be read ({error.strerror})") from None


def _up_to_a_bound(texts: Iterator[str]) -> Iterator[str]:
    """Yield the first texts that have so many letters together; the others cost time and tell nothing new."""
    letters = 0
    for text in texts:
        yield text
        letters += len(text)
        if letters > _LETTERS:
            return


def _png(content: bytes, where: str) -> Iterator[str]:
    place = 8
    for _ in range(_CHUNKS):
        if place >= len(content):
            return
        length, kind = struct.unpack_from(">I4s", content, place)
        body = content[place + 8 : place + 8 + length]
        if kind == b"tEXt" and body.startswith(KEY.encode() + b"\0"):
            yield body[len(KEY) + 1 :].decode("ascii")
        place += 12 + length


def _gif(content: bytes, where: str) -> Iterator[str]:
    """Yield the comment that stands before the frames (GIF89a specification, sections 15, 18 and 24)."""
    flags, place, blocks = content[10], 13, 0
    if flags & 0x80:  # a table of colours follows
        place += 3 << (flags & 7) + 1
    while content[place] == _EXTENSION and blocks < _CHUNKS:
        kind, place, parts = content[place + 1], place + 2, []
        while (size := content[place]) and blocks < _CHUNKS:
            parts.append(content[place + 1 : place + 1 + size])
            place, blocks = place + 1 + size, blocks + 1
        place, blocks = place + 1, blocks + 1
        text = b"".join(parts)
        if kind == _COMMENT and text.startswith(HEAD.encode()):
            yield text.decode("ascii")
            return


def _3mf(content: bytes, where: str) -> Iterator[str]:
    with open_zip(io.BytesIO(content), _PARTS, lambda words: DataError(f"{where}: {words}")) as package:
        part = next((entry for entry in package.entries if entry.filename == MODEL_PART), None)
        xml = package.beginning(part, _BEFORE_VERTICES) if part else b""
    start = xml.find(f'<metadata name="{METADATA}"'.encode())
    if start >= 0:
        text = xml.index(b">", start, start + _TAG) + 1
        yield html.unescape(xml[text : xml.index(b"<", text)].decode("ascii"))


def _3dm(content: bytes, where: str) -> Iterator[str]:
    """Yield the texts of the document and of objects: openNURBS keeps them in UTF-16, never packed."""
    head, end, start = HEAD.encode("utf-16-le"), _END.encode("utf-16-le"), 0
    for _ in range(_OBJECTS):
        start = content.find(head, start)
        if start < 0:
            return
        stop = content.find(end, start, start + 4 * MAX_TEXT)
        if stop < 0:
            raise ValueError
        yield content[start : stop + len(end)].decode("utf-16-le")
        start = stop


def _json(content: bytes, where: str) -> Iterator[str]:
    """Yield a record's own text, or those in what COMPAS writes, without reading all the geometry beside them."""
    if content.startswith(HEAD.encode()):
        yield content.decode("ascii").strip()
        return
    key, start = re.compile(rb'"%b"\s*:\s*(?={)' % KEY.encode()), 0
    for _ in range(_OBJECTS):
        found = key.search(content, start)
        if found is None:
            return
        value, length = _object(content, found.end())
        yield json.dumps(value)
        if found.start() < len(HEAD):
            return  # the first thing in the file is the record of all
        start = found.end() + length


def _object(content: bytes, start: int) -> tuple[object, int]:
    """Read the JSON object that begins there, and little more than that; return it and its length in bytes.

    Of one that has far more names than a record nothing is made: that would take long.
    """
    size = 1024
    while True:
        found = _FEW_MARKS.match(content, start, start + size)
        assert found  # what may be empty is always found
        try:
            return json.JSONDecoder().raw_decode(found.group().decode("latin-1"))
        except ValueError:
            if size >= 2 * MAX_TEXT or found.end() < min(start + size, len(content)):
                raise
            size *= 4


def _comments(content: bytes, where: str) -> Iterator[str]:
    lines = _COMMENTS.findall(content, 0, _BEFORE_VERTICES)
    if lines:
        yield b"".join(lines).decode("ascii")


_FINDERS: tuple[tuple[bytes, Callable[[bytes, str], Iterator[str]]], ...] = (
    (b"\x89PNG\r\n\x1a\n", _png),
    (b"GIF8", _gif),
    (b"PK", _3mf),
    (b"3D Geometry File Format", _3dm),
    (b"{", _json),
    (b"[", _json),
    (b"", _comments),
)
