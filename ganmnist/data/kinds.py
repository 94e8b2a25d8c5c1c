"""What a file is, by the bytes that it begins with and not by what it is called."""

from __future__ import annotations

import codecs
import re
from enum import StrEnum

from ganmnist.data.idx import is_idx
from ganmnist.data.picture import has_picture_bytes
from ganmnist.storage.bounded import GZIP

NPY = b"\x93NUMPY"
ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_PICTURES = "save it as PNG or JPEG"
_TABLES = "save it as CSV, or the arrays as .npz"
_UNPACK = "unpack it and name the folder"
# Where it begins, how, what it is called, and what helps.
_OTHERS: tuple[tuple[int, bytes, str, str], ...] = (
    (4, b"ftyphei", "a HEIC picture", _PICTURES),
    (4, b"ftyphev", "a HEIC picture", _PICTURES),
    (4, b"ftypcrx", "a camera's raw file", _PICTURES),
    (0, b"\xff\x0a", "a JPEG XL picture", _PICTURES),
    (0, b"\0\0\0\x0cJXL ", "a JPEG XL picture", _PICTURES),
    (0, b"8BPS", "a Photoshop file", _PICTURES),
    (0, b"gimp xcf", "a GIMP file", _PICTURES),
    (0, b"\0\0\1\0", "an icon", _PICTURES),
    (0, b"%PDF", "a PDF", "save its pages as PNG"),
    (0, b"%!PS", "a PostScript file", _PICTURES),
    (4, b"ftypmp4", "a film", "save its frames as PNG"),
    (4, b"ftypiso", "a film", "save its frames as PNG"),
    (4, b"ftypqt", "a film", "save its frames as PNG"),
    (8, b"AVI ", "a film", "save its frames as PNG"),
    (0, b"\x1aE\xdf\xa3", "a film", "save its frames as PNG"),
    (0, b"Rar!", "a RAR archive", _UNPACK),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive", _UNPACK),
    (257, b"ustar", "a tar archive", _UNPACK),
    (0, b"\xfd7zXZ", "packed with xz", "unpack it"),
    (0, b"BZh", "packed with bzip2", "unpack it"),
    (0, b"\x28\xb5\x2f\xfd", "packed with zstd", "unpack it"),
    (0, b"PAR1", "a Parquet file", _TABLES),
    (0, b"\x89HDF", "an HDF5 file", _TABLES),
    (0, b"MATLAB 5.0", "a MATLAB file", _TABLES),
    (0, b"SQLite format 3", "a database", _TABLES),
    (0, b"\xd0\xcf\x11\xe0", "an old Office document", "save the sheet as CSV"),
)
_PICKLE = re.compile(rb"\x80[\2-\5]")
_MARKUP = re.compile(rb"\s*<(\?xml|!doctype|html|svg)", re.IGNORECASE)


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
    if head[4:8] == b"ftyp" and b"heic" in head[8:64]:
        return f"a HEIC picture, which is not read: {_PICTURES}"
    for start, magic, name, remedy in _OTHERS:
        if head.startswith(magic, start):
            return f"{name}, which is not read: {remedy}"
    if _PICKLE.match(head):
        return f"a pickle, which could run programs and is never read: {_TABLES}"
    if _MARKUP.match(head):
        return "a page or a drawing in XML, which is not read: save it as PNG"
    return ""


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
