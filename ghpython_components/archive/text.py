"""Archives as XML: what .ghx files hold."""

from __future__ import annotations

from xml.etree.ElementTree import Element, ParseError, SubElement, fromstring, indent, tostring

from ghpython_components.archive.binary import unparse
from ghpython_components.archive.chunks import MAX_BYTES, MAX_DEPTH, MAX_ENTRIES, ArchiveError, Chunk, Item
from ghpython_components.archive.values import TYPES

_HEAD = '<?xml version="1.0" encoding="utf-8" standalone="yes"?>\n'


def from_xml(content: bytes) -> Chunk:
    """Read a .ghx file.

    Raises:
        ArchiveError: It is no archive, is damaged, or is larger than any real one.
    """
    if len(content) > MAX_BYTES:
        raise ArchiveError(f"the archive is larger than {MAX_BYTES:,} bytes")
    try:
        text = content.decode("utf-8-sig")
        if "<!DOCTYPE" in text or "<!ENTITY" in text:  # entities can grow without bounds; no archive has any
            raise ArchiveError("expected a Grasshopper archive, got XML with a document type")
        return _read_chunk(fromstring(text), [MAX_ENTRIES], 0)
    except (ParseError, ValueError, ArithmeticError, RecursionError) as error:
        raise ArchiveError(f"expected a Grasshopper archive as XML, got other or damaged text ({error})") from None


def to_xml(chunk: Chunk) -> bytes:
    """Write a .ghx file, with the byte order mark that Rhino's have.

    Raises:
        ArchiveError: A value is not of its type.
    """
    unparse(chunk)  # what cannot be written as bytes is none for XML either
    root = _element("Archive", chunk)
    indent(root)
    body: str = tostring(root, encoding="unicode", short_empty_elements=False)
    return ("\ufeff" + _HEAD + body).encode("utf-8")


def _read_chunk(element: Element, room: list[int], depth: int) -> Chunk:
    items, chunks = _children(element, "items", "item"), _children(element, "chunks", "chunk")
    room[0] -= len(items) + len(chunks)
    if room[0] < 0 or depth > MAX_DEPTH:
        raise ArchiveError("the archive has more chunks and items than is real")
    return Chunk(
        _name(element),
        [_read_item(item) for item in items],
        [_read_chunk(inner, room, depth + 1) for inner in chunks],
        _index(element),
    )


def _read_item(element: Element) -> Item:
    code = int(element.get("type_code", "-1"))
    name = _name(element)
    if code not in TYPES or TYPES[code].name != element.get("type_name"):
        raise ArchiveError(f"item {name!r} has type {code} {element.get('type_name')}, which is none")
    return Item(name, code, TYPES[code].parse(element), _index(element))


def _children(element: Element, group: str, tag: str) -> list[Element]:
    found = element.find(group)
    children = [] if found is None else list(found)
    stated = 0 if found is None else int(found.get("count", "-1"))
    if stated != len(children) or any(child.tag != tag for child in children):
        raise ArchiveError(f"{_name(element)}: expected {stated} times {tag}, got {len(children)}: the file is damaged")
    return children


def _name(element: Element) -> str:
    name = element.get("name")
    if name is None:
        raise ArchiveError(f"an element {element.tag} has no name: this is no Grasshopper archive")
    return name


def _index(element: Element) -> int | None:
    text = element.get("index")
    return None if text is None else int(text)


def _element(tag: str, chunk: Chunk) -> Element:
    element = Element(tag, _attributes(chunk))
    if chunk.items:
        items = SubElement(element, "items", count=str(len(chunk.items)))
        for item in chunk.items:
            kind = TYPES[item.type]
            attributes = {**_attributes(item), "type_name": kind.name, "type_code": str(item.type)}
            kind.fill(SubElement(items, "item", attributes), item.value)
    if chunk.chunks:
        chunks = SubElement(element, "chunks", count=str(len(chunk.chunks)))
        chunks.extend(_element("chunk", inner) for inner in chunk.chunks)
    return element


def _attributes(named: Chunk | Item) -> dict[str, str]:
    return {"name": named.name, **({} if named.index is None else {"index": str(named.index)})}
