"""What a file is, by the bytes that it begins with and not by what it is called."""

from __future__ import annotations

import codecs
import re
from enum import StrEnum

from ganmnist.data.idx import OF_POINTER, is_idx
from ganmnist.data.picture import has_picture_bytes
from ganmnist.storage.bounded import GZIP
from ganmnist.storage.magic import ARCHIVES, ARFF, HEIC, LIBSVM, MARKUP, PACKED, POINTER, WEB_PAGE, what_is

NPY = b"\x93NUMPY"
ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_PICTURES = "save it as PNG or JPEG"
_TABLES = "save it as CSV, or the arrays as .npz"
# What helps with what is not read, by what it is called.
_REMEDIES = {
    HEIC: _PICTURES,
    "a camera's raw file": _PICTURES,
    "a JPEG XL picture": _PICTURES,
    "a Photoshop file": _PICTURES,
    "a GIMP file": _PICTURES,
    "an icon": _PICTURES,
    "a PDF": "save its pages as PNG",
    "a PostScript file": _PICTURES,
    "a film": "save its frames as PNG",
    **dict.fromkeys(ARCHIVES, "unpack it and name the folder"),
    **dict.fromkeys(PACKED, "unpack it"),
    "a Parquet file": _TABLES,
    "an HDF5 file": _TABLES,
    "a MATLAB file": _TABLES,
    "a database": _TABLES,
    "an old Office document": "save the sheet as CSV",
    MARKUP: "save it as PNG",
    WEB_PAGE: "where a download gave it, fetch the file anew",
    ARFF: "save it as CSV",
    LIBSVM: "save it as CSV, with every pixel",
    POINTER: OF_POINTER,
}
_PICKLE = re.compile(rb"\x80[\2-\5]")


class Kind(StrEnum):
    """What is done with a file."""

    PICTURE = "picture"
    IDX = "IDX"
    NPY = "NumPy array"
    ZIP = "zip"
    TEXT = "text"
    OTHER = "other"


def kind_of(head: bytes) -> Kind:
    """Tell the kind of a file by its first bytes, inflated."""
    if is_idx(head):
        return Kind.IDX
    if head.startswith(NPY):
        return Kind.NPY
    if head.startswith(ZIP):
        return Kind.ZIP
    if called(head):
        return Kind.OTHER
    if has_picture_bytes(head) and (head[:1] in b"P#" or not _is_text(head)):
        return Kind.PICTURE
    return Kind.TEXT if _is_text(head) else Kind.OTHER


def called(head: bytes) -> str:
    """Say what a file of no kind that is read is, and what helps: nothing where it is not known."""
    if head.startswith(GZIP):
        return "damaged, or inflates to far more than its size: fetch it anew"
    if _PICKLE.match(head):
        return f"a pickle, which could run programs and is never read: {_TABLES}"
    name = what_is(head)
    return f"{name}, which is not read: {_REMEDIES[name]}" if name in _REMEDIES else ""


def encoding_of(head: bytes) -> str:
    """Return how a text that begins so is coded, by its mark or by which bytes are 0: spreadsheets write UTF-16 too."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    even, odd = head[::2].count(0), head[1::2].count(0)
    if max(even, odd) > len(head) // 3 and min(even, odd) == 0:
        return "utf-16-be" if even else "utf-16-le"
    return "utf-8"


def _is_text(head: bytes) -> bool:
    """Tell whether bytes may be letters, in UTF-8 or an older code, or in UTF-16."""
    if encoding_of(head) != "utf-8":
        return True
    return bool(head.strip()) and not re.search(rb"[\0-\x08\x0e-\x1a\x1c-\x1f]", head)
