"""Geometry for Rhino: objects of rhino3dm, openNURBS text, and .3dm files."""

from __future__ import annotations

import struct
import uuid
import zlib
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from ganmnist.export.label import Label
from ganmnist.export.opennurbs import encode_mesh, encode_points
from ganmnist.geometry.pieces import Curves, Mesh, Piece, Points
from ganmnist.models.provenance import KEY

if TYPE_CHECKING:
    import rhino3dm


_UNITS = {"mm": "Millimeters", "cm": "Centimeters", "m": "Meters", "in": "Inches", "ft": "Feet"}
_NAMES = uuid.UUID("5a1f7a5e-94c1-4f0c-9d83-6f2f6d0f7f3b")  # of what ids in a file are made from
# Typecodes of chunks, each followed by the length of its body as int64.
_PROPERTIES, _WRITTEN_AS, _REVISIONS = 0x10000014, 0x20008027, 0x20008021
_DAY = struct.pack("<8i", 0, 0, 0, 1, 0, 80, 2, 0)  # the first of January 1980, as C's struct tm


def encode(piece: Piece) -> list[tuple[int, int, str]]:
    """Encode geometry as openNURBS text, one for each object: archive version, openNURBS version and base64."""
    if isinstance(piece, Mesh):
        return [encode_mesh(piece)]
    if isinstance(piece, Points):
        return [encode_points(piece)]
    encoded = [made.Encode() for made in to_rhino(piece)]
    return [(each["archive3dm"], each["opennurbs"], each["data"]) for each in encoded]


def to_rhino(piece: Piece) -> list[rhino3dm.Mesh | rhino3dm.PointCloud | rhino3dm.PolylineCurve]:
    """Make a coloured rhino3dm Mesh, for points a PointCloud, for contours a PolylineCurve each."""
    import rhino3dm as untyped  # its stubs lack what follows

    rhino3dm: Any = untyped
    if isinstance(piece, Mesh):
        return [rhino3dm.Mesh.Decode(_readable(encode_mesh(piece)))]
    if isinstance(piece, Curves):
        lines = [rhino3dm.Point3dList([rhino3dm.Point3d(*point) for point in line.tolist()]) for line in piece.lines]
        return [rhino3dm.PolylineCurve(line) for line in lines]
    return [rhino3dm.PointCloud.Decode(_readable(encode_points(piece)))]


def _readable(encoded: tuple[int, int, str]) -> dict[str, Any]:
    archive, version, data = encoded
    return {"version": 10000, "archive3dm": archive, "opennurbs": version, "data": data}


def three_dm(pieces: Mapping[int, Piece], label: Label) -> bytes:
    """Rhino 7's .3dm: a layer, each digit an object with its name, and the record as text of the document and of each.

    The same pieces give the same bytes.
    """
    import rhino3dm as untyped  # its stubs lack what follows

    rhino3dm: Any = untyped
    model = rhino3dm.File3dm()
    model.ApplicationName = KEY
    model.Settings.ModelUnitSystem = getattr(rhino3dm.UnitSystem, _UNITS[label.units])
    layer = rhino3dm.Layer()
    layer.Name, layer.Color, layer.Id = f"ganmnist {label.form}", (0, 0, 0, 255), uuid.uuid5(_NAMES, label.form)
    model.Layers.Add(layer)
    records = label.record.each() if label.record else []
    if label.record:
        model.Strings[KEY] = label.record.to_text()
    for number, piece in pieces.items():
        for place, made in enumerate(to_rhino(piece)):
            attributes = rhino3dm.ObjectAttributes()
            attributes.Name = f"digit {number}"
            attributes.Id = uuid.uuid5(_NAMES, f"{number} {place}")
            if records:
                attributes.SetUserString(KEY, records[number - 1])
            if isinstance(made, rhino3dm.Mesh):
                model.Objects.AddMesh(made, attributes)
            elif isinstance(made, rhino3dm.PointCloud):
                model.Objects.AddPointCloud(made, attributes)
            else:
                model.Objects.AddCurve(made, attributes)
    with TemporaryDirectory() as folder:
        file = Path(folder) / "digits.3dm"
        model.Write(str(file), 7)  # Rhino 7 and later
        return _timeless(file.read_bytes())


def _timeless(content: bytes) -> bytes:
    """Take out of a .3dm the folder that it was written to, and put one day for that on which it was.

    A chunk is a typecode, the length of its body and the body, which ends in a CRC-32.
    """
    whole = bytearray(content)
    outer = whole.index(struct.pack("<I", _PROPERTIES))
    start, end = _chunk(whole, _WRITTEN_AS, outer)
    del whole[start:end]
    (length,) = struct.unpack_from("<q", whole, outer + 4)
    struct.pack_into("<q", whole, outer + 4, length - (end - start))
    struct.pack_into("<q", whole, len(whole) - 8, len(whole))  # the last chunk says how long the file is
    start, end = _chunk(whole, _REVISIONS, outer)
    body = start + 12
    times = body + 5  # behind a version and the length of a name, which is empty
    whole[times : times + 32] = _DAY
    whole[times + 36 : times + 68] = _DAY  # behind the length of another
    struct.pack_into("<I", whole, end - 4, zlib.crc32(whole[body : end - 4]))
    return bytes(whole)


def _chunk(content: bytearray, typecode: int, after: int) -> tuple[int, int]:
    start = content.index(struct.pack("<I", typecode), after)
    return start, start + 12 + int(struct.unpack_from("<q", content, start + 4)[0])
