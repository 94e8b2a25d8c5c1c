"""What a file is, by the bytes that it begins with: for sentences about one that is not what was wanted."""

from __future__ import annotations

import re

HEAD = 512  # bytes that are enough
# Where they stand, the bytes, and what the file is.
_KNOWN: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\x89PNG\r\n", "a PNG picture"),
    (0, b"\xff\xd8\xff", "a JPEG picture"),
    (0, b"GIF8", "a GIF picture"),
    (0, b"BM", "a BMP picture"),
    (0, b"II*\0", "a TIFF picture"),
    (0, b"MM\0*", "a TIFF picture"),
    (8, b"WEBP", "a WebP picture"),
    (4, b"ftyphei", "a HEIC picture"),
    (0, b"%PDF", "a PDF"),
    (0, b"3D Geometry File Format", "a file of Rhino, .3dm"),
    (0, b"ply\n", "a .ply of geometry"),
    (0, b"\x93NUMPY", "an array of NumPy, .npy"),
    (0, b"\x1f\x8b", "packed with gzip"),
    (0, b"Rar!", "a RAR archive"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (257, b"ustar", "a tar archive"),
    (0, b"SQLite format 3", "a database"),
    (0, b"\xd0\xcf\x11\xe0", "an old Office document"),
    (0, b"MZ", "a program"),
    (0, b"\x7fELF", "a program"),
    (0, b"ganmnist", "an .stl of geometry"),
    (0, b"solid ", "an .stl of geometry"),
)
_MARKUP = re.compile(rb"\s*<(\?xml|!doctype|html|svg)", re.IGNORECASE)
_CONTROL = re.compile(rb"[\0-\x08\x0e-\x1f]")


def what_is(head: bytes) -> str:
    """Say what a file is, in a word or two.

    Args:
        head: Its first `HEAD` bytes, or all of them.
    """
    if not head:
        return "empty"
    if head.startswith(b"PK\x03\x04"):
        return _zip(head)
    for place, begins, name in _KNOWN:
        if head.startswith(begins, place):
            return name
    if _MARKUP.match(head):
        return "a page or a drawing in XML"
    if _CONTROL.search(head):
        return "of a kind that is not known here"
    return "a text, JSON" if head.lstrip()[:1] in (b"{", b"[") else "a text"


def _zip(head: bytes) -> str:
    """Say what kind of zip it is, by the name of its first entry."""
    first = head[30 : 30 + int.from_bytes(head[26:28], "little")]
    if first == b"model.json":
        return "a model file, .ganmnist"
    if first in (b"[Content_Types].xml", b"3D/3dmodel.model", b"_rels/.rels"):
        return "a .3mf or an Office document"
    return "a zip"
