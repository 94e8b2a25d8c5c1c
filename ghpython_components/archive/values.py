"""`TYPES`: how each of the format's types of value is written, in bytes and in XML."""

from __future__ import annotations

import struct
from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID
from xml.etree.ElementTree import Element, SubElement

from ghpython_components.archive import codes
from ghpython_components.archive.chunks import ArchiveError


class Reader:
    """Bytes that are read from front to back."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 0

    @property
    def left(self) -> int:
        """Number of bytes not yet read."""
        return len(self._content) - self._at

    def take(self, count: int) -> bytes:
        """Return the next bytes.

        Raises:
            ArchiveError: There are not so many.
        """
        if not 0 <= count <= self.left:
            raise ArchiveError(f"at byte {self._at}: expected {count} more bytes, got {self.left}: the file is damaged")
        self._at += count
        return self._content[self._at - count : self._at]

    def numbers(self, layout: str) -> tuple[Any, ...]:
        """Return numbers in the layout of `struct`."""
        return struct.unpack(layout, self.take(struct.calcsize(layout)))

    def text(self) -> str:
        """Return a string: its length in UTF-8 in groups of seven bits, the lowest first, then its bytes."""
        length = shift = 0
        while True:
            (byte,) = self.take(1)
            length |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                break
            if shift > 28:
                raise ArchiveError(f"at byte {self._at}: expected the length of a text: the file is damaged")
        return self.take(length).decode("utf-8")


def text_bytes(text: str) -> bytes:
    """Return a string as `Reader.text` reads it."""
    content = text.encode("utf-8")
    length, head = len(content), bytearray()
    while length > 127:
        head.append(length & 127 | 128)
        length >>= 7
    return bytes(head) + bytes([length]) + content


@dataclass(frozen=True)
class Type:
    """One type of value.

    Attributes:
        name: In XML.
        read, write: From bytes, and into them.
        parse: From the element in XML.
        fill: Into an element in XML.
    """

    name: str
    read: Callable[[Reader], Any]
    write: Callable[[Any], bytes]
    parse: Callable[[Element], Any]
    fill: Callable[[Element, Any], None]


def _simple(name: str, layout: str, parse: Callable[[str], Any], show: Callable[[Any], str]) -> Type:
    """A type that is one number, and a text in XML."""
    return Type(
        name,
        read=lambda reader: reader.numbers(layout)[0],
        write=lambda value: struct.pack(layout, value),
        parse=lambda element: parse(element.text or ""),
        fill=lambda element, value: _set(element, show(value)),
    )


def _fields(name: str, layout: str, names: str, parse: Callable[[str], Any], show: Callable[[Any], str]) -> Type:
    """A type that is some numbers, a tuple, and in XML an element for each."""
    tags = names.split()

    def fill(element: Element, values: Any) -> None:
        for tag, value in zip(tags, values, strict=True):
            SubElement(element, tag).text = show(value)

    return Type(
        name,
        read=lambda reader: reader.numbers(layout),
        write=lambda values: struct.pack(layout, *values),
        parse=lambda element: tuple(parse(_child(element, tag)) for tag in tags),
        fill=fill,
    )


def _blob(name: str, tag: str) -> Type:
    """A type that is bytes with their length, and base64 in XML."""
    return Type(
        name,
        read=lambda reader: reader.take(reader.numbers("<i")[0]),
        write=lambda value: struct.pack("<i", len(value)) + value,
        parse=lambda element: b64decode(_child(element, tag), validate=True),
        fill=lambda element, value: _stream(element, tag, value),
    )


def _bool(text: str) -> bool:
    if text not in ("true", "false"):
        raise ArchiveError(f"expected true or false, got {text!r}")
    return text == "true"


def _read_bool(reader: Reader) -> bool:
    (byte,) = reader.take(1)
    if byte > 1:
        raise ArchiveError(f"expected a truth value, got {byte}")
    return bool(byte)


def _read_decimal(reader: Reader) -> Decimal:
    low, middle, high, flags = reader.numbers("<4I")
    if flags & 0x7F00FFFF or flags >> 16 & 255 > 28:
        raise ArchiveError(f"expected the scale and sign of a decimal, got {flags:#x}")
    number = str(high << 64 | middle << 32 | low)
    return Decimal(f"{'-' if flags >> 31 else ''}{number}E-{flags >> 16 & 255}")


def _write_decimal(value: Decimal) -> bytes:
    sign, digits, exponent = value.as_tuple()
    number = int("".join(map(str, digits)))
    if not isinstance(exponent, int) or not -28 <= exponent <= 0 or number >> 96:
        raise ArchiveError(f"{value} is no decimal of .NET")
    parts = (number & 0xFFFFFFFF, number >> 32 & 0xFFFFFFFF, number >> 64, sign << 31 | -exponent << 16)
    return struct.pack("<4I", *parts)


def _decimal(text: str) -> Decimal:
    return Decimal(text.replace(",", "."))


def _read_doubles(reader: Reader) -> tuple[float, ...]:
    (count,) = reader.numbers("<i")
    content = reader.take(8 * count)
    return struct.unpack(f"<{count}d", content)


def _color(text: str) -> tuple[int, ...]:
    numbers = tuple(map(int, text.split(";")))
    if len(numbers) != 4:
        raise ArchiveError(f"expected a colour such as 255;40;120;200, got {text!r}")
    return numbers


def _double(value: float) -> str:
    """Write a number with as few digits as tell it from all others, as .NET does."""
    if value != value or value in (float("inf"), float("-inf")):
        return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
    return repr(value).removesuffix(".0").upper()


def _single(value: float) -> str:
    single = _as_single(str(value))
    texts = (f"{value:.{digits}g}" for digits in (7, 8, 9))
    return _double(next((float(text) for text in texts if _as_single(text) == single), single))


def _as_single(text: str) -> float:
    """Read a number and round it to what a single can hold."""
    return float(struct.unpack("<f", struct.pack("<f", float(text)))[0])


def _set(element: Element, text: str) -> None:
    element.text = text


def _child(element: Element, tag: str) -> str:
    child = element.find(tag)
    if child is None:
        raise ArchiveError(f"expected an element {tag}, got {[each.tag for each in element]}")
    return child.text or ""


def _stream(element: Element, tag: str, content: bytes) -> None:
    SubElement(element, tag, length=str(len(content))).text = b64encode(content).decode()


TYPES: dict[int, Type] = {
    codes.BOOL: Type(
        "gh_bool",
        _read_bool,
        lambda value: bytes([value]),
        lambda element: _bool(element.text or ""),
        lambda element, value: _set(element, "true" if value else "false"),
    ),
    codes.BYTE: _simple("gh_byte", "<B", int, str),
    codes.INT32: _simple("gh_int32", "<i", int, str),
    codes.INT64: _simple("gh_int64", "<q", int, str),
    codes.SINGLE: _simple("gh_single", "<f", _as_single, _single),
    codes.DOUBLE: _simple("gh_double", "<d", float, _double),
    codes.DECIMAL: Type(
        "gh_decimal",
        _read_decimal,
        _write_decimal,
        lambda element: _decimal(element.text or ""),
        lambda element, value: _set(element, f"{value:f}"),
    ),
    codes.DATE: _simple("gh_date", "<q", int, str),
    codes.GUID: Type(
        "gh_guid",
        lambda reader: UUID(bytes_le=reader.take(16)),
        lambda value: value.bytes_le,
        lambda element: UUID(element.text or ""),
        lambda element, value: _set(element, str(value)),
    ),
    codes.STRING: Type("gh_string", Reader.text, text_bytes, lambda element: element.text or "", _set),
    codes.BYTES: _blob("gh_bytearray", "stream"),
    codes.DOUBLES: Type(
        "gh_doublearray",
        _read_doubles,
        lambda values: struct.pack(f"<i{len(values)}d", len(values), *values),
        lambda element: tuple(n for (n,) in struct.iter_unpack("<d", b64decode(_child(element, "stream")))),
        lambda element, values: _stream(element, "stream", struct.pack(f"<{len(values)}d", *values)),
    ),
    codes.POINT: _fields("gh_drawing_point", "<2i", "X Y", int, str),
    codes.POINTF: _fields("gh_drawing_pointf", "<2f", "X Y", _as_single, _single),
    codes.SIZE: _fields("gh_drawing_size", "<2i", "W H", int, str),
    codes.SIZEF: _fields("gh_drawing_sizef", "<2f", "W H", _as_single, _single),
    codes.RECTANGLE: _fields("gh_drawing_rectangle", "<4i", "X Y W H", int, str),
    codes.RECTANGLEF: _fields("gh_drawing_rectanglef", "<4f", "X Y W H", _as_single, _single),
    codes.COLOR: Type(
        "gh_drawing_color",
        lambda reader: tuple(reader.take(4)[::-1]),  # alpha, red, green, blue
        lambda value: bytes(value[::-1]),
        lambda element: _color(_child(element, "ARGB")),
        lambda element, value: _set(SubElement(element, "ARGB"), ";".join(map(str, value))),
    ),
    codes.BITMAP: _blob("gh_drawing_bitmap", "bitmap"),
    codes.POINT2D: _fields("gh_point2d", "<2d", "X Y", float, _double),
    codes.POINT3D: _fields("gh_point3d", "<3d", "X Y Z", float, _double),
    codes.POINT4D: _fields("gh_point4d", "<4d", "X Y Z W", float, _double),
    codes.INTERVAL1D: _fields("gh_interval1d", "<2d", "A B", float, _double),
    codes.INTERVAL2D: _fields("gh_interval2d", "<4d", "Au Bu Av Bv", float, _double),
    codes.LINE: _fields("gh_line", "<6d", "Ax Ay Az Bx By Bz", float, _double),
    codes.BOUNDING_BOX: _fields("gh_boundingbox", "<6d", "Xmin Ymin Zmin Xmax Ymax Zmax", float, _double),
    codes.PLANE: _fields("gh_plane", "<9d", "Ox Oy Oz Xx Xy Xz Yx Yy Yz", float, _double),
    codes.VERSION: _fields("gh_version", "<3i", "Major Minor Revision", int, str),
}
