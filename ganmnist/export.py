"""Digits as files and as openNURBS text."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ganmnist.config import GeometryConfig
from ganmnist.contours import Curves
from ganmnist.errors import SettingError
from ganmnist.files import write_atomic
from ganmnist.forms import Piece, build, is_empty
from ganmnist.geometry import Mesh, Points, tile, unit
from ganmnist.opennurbs import encode_mesh

if TYPE_CHECKING:
    import rhino3dm


def write(path: Path, images: NDArray[np.uint8], config: GeometryConfig | None = None) -> None:
    """Write images, or the geometry made of them; the ending of the file's name says what.

    Args:
        path: .npy (uint8, N x 28 x 28) and .png (a sheet) hold the images; .obj, .stl, .ply, .3mf, .3dm and .json
            (COMPAS) their geometry.
        images: uint8 (N, rows, columns).
        config: Form, cell, height and plane of the geometry, and how many digits stand side by side.

    Raises:
        SettingError: An unknown ending, or a form that the file cannot hold.
    """
    ending = path.suffix.lower()
    if ending not in ENDINGS:
        raise SettingError(f"out: {path.name} ends in {ending or 'nothing'}; known endings are {', '.join(ENDINGS)}")
    config = config or GeometryConfig()
    if ending == ".npy":
        write_atomic(path, _npy(images))
    elif ending == ".png":
        write_picture(path, sample_grid(images, config.columns))
    else:
        write_geometry(path, build(images, config), config.form)


def write_picture(path: Path, picture: Image.Image) -> None:
    """Write a picture as PNG."""
    file = io.BytesIO()
    picture.save(file, "PNG")
    write_atomic(path, file.getvalue())


def write_geometry(path: Path, pieces: Sequence[Piece], form: str) -> None:
    """Write geometry as .obj, .stl, .ply, .3mf, .3dm or .json (COMPAS).

    Args:
        path: Its ending says what.
        pieces: What to write; those in which nothing is left are passed over.
        form: What they are, for the names in the file and for what goes wrong.

    Raises:
        SettingError: A form that the file cannot hold, or nothing to write.
    """
    ending = path.suffix.lower()
    full = [piece for piece in pieces if not is_empty(piece)]
    if not full:
        reason = "no pixel is white enough: lower the threshold" if pieces else "it has no geometry: choose another"
        raise SettingError(f"form: {form} leaves nothing for {ending}; {reason}")
    holds, write = _WRITERS[ending]
    if not isinstance(full[0], holds):
        able = [known for known, (kinds, _) in _WRITERS.items() if isinstance(full[0], kinds)]
        raise SettingError(f"form: {form} cannot be written as {ending}: choose {', '.join(able)}, or another form")
    write_atomic(path, write(full, form))


def sample_grid(images: NDArray[np.uint8], columns: int | None = None) -> Image.Image:
    """Put images in one grey picture, near a square unless the number of columns is given."""
    return Image.fromarray(tile(images, columns or int(np.ceil(np.sqrt(len(images))))))


def encode(piece: Piece) -> list[tuple[int, int, str]]:
    """Encode geometry as openNURBS text, one for each object: archive version, openNURBS version and base64."""
    if isinstance(piece, Mesh):
        return [encode_mesh(piece)]
    encoded = [made.Encode() for made in to_rhino(piece)]
    return [(each["archive3dm"], each["opennurbs"], each["data"]) for each in encoded]


def to_rhino(piece: Piece) -> list[rhino3dm.Mesh | rhino3dm.PointCloud | rhino3dm.PolylineCurve]:
    """Make a coloured rhino3dm Mesh, for points a PointCloud, for contours a PolylineCurve each."""
    import rhino3dm as untyped  # its stubs lack what follows

    rhino3dm: Any = untyped
    if isinstance(piece, Mesh):
        archive, version, data = encode_mesh(piece)
        encoded = {"version": 10000, "archive3dm": archive, "opennurbs": version, "data": data}
        return [rhino3dm.Mesh.Decode(encoded)]
    if isinstance(piece, Curves):
        lines = [rhino3dm.Point3dList([rhino3dm.Point3d(*point) for point in line.tolist()]) for line in piece.lines]
        return [rhino3dm.PolylineCurve(line) for line in lines]
    cloud = rhino3dm.PointCloud()
    points = [rhino3dm.Point3d(x, y, z) for x, y, z in piece.points().tolist()]
    cloud.AddRange(points, [(grey, grey, grey, 255) for grey in piece.greys().tolist()])
    return [cloud]


def _npy(images: NDArray[np.uint8]) -> bytes:
    file = io.BytesIO()
    np.save(file, images, allow_pickle=False)
    return file.getvalue()


def _3dm(pieces: Sequence[Piece], form: str) -> bytes:
    import rhino3dm as untyped  # its stubs lack what follows

    rhino3dm: Any = untyped
    model = rhino3dm.File3dm()
    model.Settings.ModelUnitSystem = rhino3dm.UnitSystem.Millimeters
    model.Layers.AddLayer(f"ganmnist {form}", (0, 0, 0, 255))
    for number, piece in enumerate(pieces, 1):
        attributes = rhino3dm.ObjectAttributes()
        attributes.Name = f"digit {number}"
        for made in to_rhino(piece):
            if isinstance(made, rhino3dm.Mesh):
                model.Objects.AddMesh(made, attributes)
            elif isinstance(made, rhino3dm.PointCloud):
                model.Objects.AddPointCloud(made, attributes)
            else:
                model.Objects.AddCurve(made, attributes)
    with TemporaryDirectory() as folder:
        file = Path(folder) / "digits.3dm"
        model.Write(str(file), 7)  # Rhino 7 and later
        return file.read_bytes()


def _json(pieces: Sequence[Piece], form: str) -> bytes:
    from compas.data import json_dumps

    return str(json_dumps([piece.to_compas() for piece in pieces])).encode()


def _obj(pieces: Sequence[Piece], form: str) -> bytes:
    """Wavefront OBJ.

    A flat mesh shows nothing but its colours, so they stand behind its positions, where Rhino and Blender look for
    them. COMPAS passes over such vertices, so other meshes go without.
    """
    lines, first = ["# ganmnist, lengths in model units"], 1
    for number, piece in enumerate(pieces, 1):
        lines.append(f"o digit_{number}")
        if isinstance(piece, Mesh):
            coloured = form in ("mesh", "smooth")
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


def _stl(pieces: Sequence[Mesh], form: str) -> bytes:
    """Binary STL."""
    corners = np.concatenate([mesh.vertices[mesh.triangles()] for mesh in pieces])  # (T, 3, 3)
    normals = unit(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]))
    record = np.zeros(len(corners), [("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])
    record["normal"], record["corners"] = normals, corners
    return b"ganmnist".ljust(80) + np.uint32(len(record)).tobytes() + record.tobytes()


def _ply(pieces: Sequence[Mesh | Points], form: str) -> bytes:
    """Binary PLY, with colours."""
    points = [piece.vertices if isinstance(piece, Mesh) else piece.points() for piece in pieces]
    greys = np.concatenate([piece.colors if isinstance(piece, Mesh) else piece.greys() for piece in pieces])
    starts = np.cumsum([0, *map(len, points)])
    faces = [piece.triangles() + start for piece, start in zip(pieces, starts, strict=False) if isinstance(piece, Mesh)]
    triangles = np.concatenate(faces) if faces else np.zeros((0, 3), np.int32)
    vertex = np.zeros(starts[-1], [("position", "<f4", 3), ("color", "u1", 3)])
    vertex["position"], vertex["color"] = np.concatenate(points), greys[:, None]
    face = np.zeros(len(triangles), [("count", "u1"), ("corners", "<i4", 3)])
    face["count"], face["corners"] = 3, triangles
    header = [
        "ply",
        "format binary_little_endian 1.0",
        "comment ganmnist, lengths in model units",
        f"element vertex {len(vertex)}",
        *(f"property float {axis}" for axis in "xyz"),
        *(f"property uchar {color}" for color in ("red", "green", "blue")),
        f"element face {len(face)}",
        "property list uchar int vertex_indices",
        "end_header\n",
    ]
    return "\n".join(header).encode() + vertex.tobytes() + face.tobytes()


def _3mf(pieces: Sequence[Mesh], form: str) -> bytes:
    """3MF (core specification 1.3): a zip with the model as XML."""
    objects, items = [], []
    for number, mesh in enumerate(pieces, 1):
        vertices = "".join(
            '<vertex x="{:.9g}" y="{:.9g}" z="{:.9g}"/>'.format(*point) for point in mesh.vertices.tolist()
        )
        corners = "".join('<triangle v1="{}" v2="{}" v3="{}"/>'.format(*face) for face in mesh.triangles().tolist())
        objects.append(
            f'<object id="{number}" type="model" name="digit {number}"><mesh><vertices>{vertices}</vertices>'
            f"<triangles>{corners}</triangles></mesh></object>"
        )
        items.append(f'<item objectid="{number}"/>')
    model = (
        f'{_XML}<model unit="millimeter" xml:lang="en-US" '
        'xmlns="http://schemas.microsoft.com/3dmanufacturing/core/2015/02">'
        f"<resources>{''.join(objects)}</resources><build>{''.join(items)}</build></model>"
    )
    types = (
        f'{_XML}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="model" ContentType="application/vnd.ms-package.3dmanufacturing-3dmodel+xml"/></Types>'
    )
    relations = (
        f'{_XML}<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        '<Relationship Id="model" Target="/3D/3dmodel.model" '
        'Type="http://schemas.microsoft.com/3dmanufacturing/2013/01/3dmodel"/></Relationships>'
    )
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as package:
        parts = {"[Content_Types].xml": types, "_rels/.rels": relations, "3D/3dmodel.model": model}
        for name, text in parts.items():
            package.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), text, zipfile.ZIP_DEFLATED)
    return file.getvalue()


_XML = '<?xml version="1.0" encoding="UTF-8"?>\n'
_WRITERS: dict[str, tuple[tuple[type, ...], Callable[..., bytes]]] = {
    ".obj": ((Mesh, Curves, Points), _obj),
    ".stl": ((Mesh,), _stl),
    ".ply": ((Mesh, Points), _ply),
    ".3mf": ((Mesh,), _3mf),
    ".3dm": ((Mesh, Curves, Points), _3dm),
    ".json": ((Mesh, Curves, Points), _json),
}
ENDINGS = (".npy", ".png", *_WRITERS)
