"""Geometry as .obj, .stl, .ply and .3mf: each digit by its number, and what the file says beside it."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

import numpy as np

from ganmnist.export.label import METADATA, MODEL_PART, Label
from ganmnist.geometry.forms import FORMS, print_remark
from ganmnist.geometry.heightfield import unit
from ganmnist.geometry.pieces import Curves, Mesh, Piece, Points
from ganmnist.storage.zips import zip_bytes

_UNITS = {"mm": "millimeter", "cm": "centimeter", "m": "meter", "in": "inch", "ft": "foot"}
_XML = '<?xml version="1.0" encoding="UTF-8"?>\n'


def obj(pieces: Mapping[int, Piece], label: Label) -> bytes:
    """Wavefront OBJ.

    A flat mesh shows nothing but its colours, so they stand behind its positions, where Rhino and Blender look for
    them. COMPAS passes over such vertices, so other meshes go without.
    """
    lines = ["# ganmnist, lengths in model units", *(f"# {line}" for line in label.lines())]
    first = 1
    for number, piece in pieces.items():
        lines.append(f"o digit_{number}")
        if isinstance(piece, Mesh):
            coloured = FORMS[label.form].is_flat
            greys = [f" {grey} {grey} {grey}" if coloured else "" for grey in (piece.colors / 255).round(4)]
            lines += [f"v {_xyz(point)}{grey}" for point, grey in zip(piece.vertices.tolist(), greys, strict=True)]
            lines += ["f " + " ".join(str(first + corner) for corner in face) for face in piece.polygons()]
            first += len(piece.vertices)
            continue
        for line in piece.lines if isinstance(piece, Curves) else [piece.points()]:
            lines += [f"v {_xyz(point)}" for point in line.tolist()]
            kind = "l" if isinstance(piece, Curves) else "p"
            lines.append(f"{kind} " + " ".join(str(number) for number in range(first, first + len(line))))
            first += len(line)
    return ("\n".join(lines) + "\n").encode()


def _xyz(point: list[float]) -> str:
    return " ".join(f"{number:.9g}" for number in point)


def stl(pieces: Mapping[int, Mesh], label: Label) -> bytes:
    """Binary STL. Its header of 80 bytes has no room for a record, so it has only what tells it from others."""
    header = "ganmnist" if label.record is None else f"ganmnist {label.record.version} {label.record.short_id()}"
    header += "; not closed, so not to be printed" if print_remark(label.form) else ""
    corners = np.concatenate([mesh.vertices[mesh.triangles()] for mesh in pieces.values()])  # (T, 3, 3)
    normals = unit(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]).T).T
    record = np.zeros(len(corners), [("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])
    record["normal"], record["corners"] = normals, corners
    return header[:80].encode().ljust(80) + np.uint32(len(record)).tobytes() + record.tobytes()


def ply(pieces: Mapping[int, Mesh | Points], label: Label) -> bytes:
    """Binary PLY, with colours."""
    all_of_them = pieces.values()
    points = [piece.vertices if isinstance(piece, Mesh) else piece.points() for piece in all_of_them]
    greys = np.concatenate([piece.colors if isinstance(piece, Mesh) else piece.greys() for piece in all_of_them])
    starts = np.cumsum([0, *map(len, points)])
    joined = zip(all_of_them, starts, strict=False)
    faces = [piece.triangles() + start for piece, start in joined if isinstance(piece, Mesh)]
    triangles = np.concatenate(faces) if faces else np.zeros((0, 3), np.int32)
    vertex = np.zeros(starts[-1], [("position", "<f4", 3), ("color", "u1", 3)])
    vertex["position"], vertex["color"] = np.concatenate(points), greys[:, None]
    face = np.zeros(len(triangles), [("count", "u1"), ("corners", "<i4", 3)])
    face["count"], face["corners"] = 3, triangles
    header = [
        "ply",
        "format binary_little_endian 1.0",
        "comment ganmnist, lengths in model units",
        *(f"comment {line}" for line in label.lines()),
        f"element vertex {len(vertex)}",
        *(f"property float {axis}" for axis in "xyz"),
        *(f"property uchar {color}" for color in ("red", "green", "blue")),
        f"element face {len(face)}",
        "property list uchar int vertex_indices",
        "end_header\n",
    ]
    return "\n".join(header).encode() + vertex.tobytes() + face.tobytes()


def three_mf(pieces: Mapping[int, Mesh], label: Label) -> bytes:
    """3MF (core specification 1.3): a zip with the model as XML, the record among its metadata."""
    objects, items = [], []
    for number, mesh in pieces.items():
        vertices = "".join(
            '<vertex x="{:.9g}" y="{:.9g}" z="{:.9g}"/>'.format(*point) for point in mesh.vertices.tolist()
        )
        corners = "".join('<triangle v1="{}" v2="{}" v3="{}"/>'.format(*face) for face in mesh.triangles().tolist())
        objects.append(
            f'<object id="{number}" type="model" name="digit {number}"><mesh><vertices>{vertices}</vertices>'
            f"<triangles>{corners}</triangles></mesh></object>"
        )
        items.append(f'<item objectid="{number}"/>')
    text = label.text()
    record = f'<metadata name="{METADATA}" preserve="1">{escape(text, quote=False)}</metadata>' if text else ""
    remark = print_remark(label.form)
    said = f'<metadata name="Description">{escape(remark, quote=False)}</metadata>' if remark else ""
    model = (
        f'{_XML}<model unit="{_UNITS[label.units]}" xml:lang="en-US" '
        'xmlns="http://schemas.microsoft.com/3dmanufacturing/core/2015/02" xmlns:g="urn:ganmnist">'
        f'<metadata name="Application">ganmnist</metadata>{said}{record}'
        f"<resources>{''.join(objects)}</resources><build>{''.join(items)}</build></model>"
    )
    types = (
        f'{_XML}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="model" ContentType="application/vnd.ms-package.3dmanufacturing-3dmodel+xml"/></Types>'
    )
    relations = (
        f'{_XML}<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="model" Target="/{MODEL_PART}" '
        'Type="http://schemas.microsoft.com/3dmanufacturing/2013/01/3dmodel"/></Relationships>'
    )
    parts = {"[Content_Types].xml": types, "_rels/.rels": relations, MODEL_PART: model}
    return zip_bytes({name: text.encode() for name, text in parts.items()}, packed=True)
