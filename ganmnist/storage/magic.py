"""What a file is, by the bytes that it begins with: for sentences about one that is not what was wanted."""

from __future__ import annotations

import re

HEAD = 512  # bytes that are enough
HEIC, MARKUP, POINTER = "a HEIC picture", "a page or a drawing in XML", "a pointer of Git LFS"
JSON, ARFF, LIBSVM = "a text, JSON", "a table of Weka's, .arff", "a table of LIBSVM's"
WEB_PAGE, UNKNOWN = "a web page", "of a kind that is not known here"
PACKED = tuple(f"packed with {program}" for program in ("gzip", "xz", "bzip2", "zstd"))
ARCHIVES = ("a zip", "a RAR archive", "a 7z archive", "a tar archive")
# Where they stand, the bytes, and what the file is.
_KNOWN: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\x89PNG\r\n", "a PNG picture"),
    (0, b"\xff\xd8\xff", "a JPEG picture"),
    (0, b"GIF8", "a GIF picture"),
    (0, b"BM", "a BMP picture"),
    (0, b"II*\0", "a TIFF picture"),
    (0, b"MM\0*", "a TIFF picture"),
    (8, b"WEBP", "a WebP picture"),
    (4, b"ftyphei", HEIC),
    (4, b"ftyphev", HEIC),
    (4, b"ftypcrx", "a camera's raw file"),
    (0, b"\xff\x0a", "a JPEG XL picture"),
    (0, b"\0\0\0\x0cJXL ", "a JPEG XL picture"),
    (0, b"8BPS", "a Photoshop file"),
    (0, b"gimp xcf", "a GIMP file"),
    (0, b"\0\0\1\0", "an icon"),
    (0, b"%PDF", "a PDF"),
    (0, b"%!PS", "a PostScript file"),
    (4, b"ftypmp4", "a film"),
    (4, b"ftypiso", "a film"),
    (4, b"ftypqt", "a film"),
    (8, b"AVI ", "a film"),
    (0, b"\x1aE\xdf\xa3", "a film"),
    (0, b"3D Geometry File Format", "a file of Rhino, .3dm"),
    (0, b"ply\n", "a .ply of geometry"),
    (0, b"\x93NUMPY", "an array of NumPy, .npy"),
    (0, b"\x1f\x8b", "packed with gzip"),
    (0, b"\xfd7zXZ", "packed with xz"),
    (0, b"BZh", "packed with bzip2"),
    (0, b"\x28\xb5\x2f\xfd", "packed with zstd"),
    (0, b"Rar!", "a RAR archive"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (257, b"ustar", "a tar archive"),
    (0, b"PAR1", "a Parquet file"),
    (0, b"\x89HDF", "an HDF5 file"),
    (0, b"MATLAB 5.0", "a MATLAB file"),
    (0, b"SQLite format 3", "a database"),
    (0, b"\xd0\xcf\x11\xe0", "an old Office document"),
    (0, b"MZ", "a program"),
    (0, b"\x7fELF", "a program"),
    (0, b"version https://git-lfs", POINTER),
    (0, b"ganmnist", "an .stl of geometry"),
    (0, b"solid ", "an .stl of geometry"),
)
_MARKUP = re.compile(rb"\s*<(\?xml|!doctype|html|svg)", re.IGNORECASE)
_WEB_PAGE = re.compile(rb"\s*<(!doctype html|html)", re.IGNORECASE)
_ARFF = re.compile(rb"^[ \t]*@relation\b", re.IGNORECASE | re.MULTILINE)
_LIBSVM = re.compile(rb"[+-]?[\d.]+([ \t]+\d+:[\d.eE+-]+){2}")
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
    if head[4:8] == b"ftyp" and b"heic" in head[8:64]:
        return HEIC
    for place, begins, name in _KNOWN:
        if head.startswith(begins, place):
            return name
    if _WEB_PAGE.match(head):
        return WEB_PAGE
    if _MARKUP.match(head):
        return MARKUP
    if _CONTROL.search(head):
        return UNKNOWN
    if _ARFF.search(head):
        return ARFF
    if _LIBSVM.match(head):
        return LIBSVM
    return JSON if head.lstrip()[:1] in (b"{", b"[") else "a text"


def _zip(head: bytes) -> str:
    """Say what kind of zip it is, by the name of its first entry."""
    first = head[30 : 30 + int.from_bytes(head[26:28], "little")]
    if first == b"model.json":
        return "a model file, .ganmnist"
    if first in (b"[Content_Types].xml", b"3D/3dmodel.model", b"_rels/.rels"):
        return "a .3mf or an Office document"
    return "a zip"
