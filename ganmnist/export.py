"""Digits as files and as openNURBS text."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ganmnist.config import GeometryConfig
from ganmnist.errors import SettingError
from ganmnist.files import write_atomic
from ganmnist.geometry import Mesh, Points, build, tile, unit
from ganmnist.opennurbs import encode_mesh

if TYPE_CHECKING:
    import rhino3dm

ENDINGS = (".npy", ".png", ".obj", ".stl", ".3dm", ".json")


def write(
    path: Path, images: NDArray[np.uint8], config: GeometryConfig | None = None, columns: int | None = None
) -> None:
    """Write images, or the geometry made of them; the ending of the file's name says what.

    Args:
        path: .npy (uint8, N x 28 x 28) and .png (a sheet) hold the images; .obj, .stl, .3dm and .json (COMPAS) their
            geometry.
        images: uint8 (N, rows, columns).
        config: Form, cell, height and plane of the geometry.
        columns: Images per row of a sheet; near a square unless given.

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
        write_picture(path, sample_grid(images, columns))
    else:
        write_geometry(path, build(images, config), config)


def write_picture(path: Path, picture: Image.Image) -> None:
    """Write a picture as PNG."""
    file = io.BytesIO()
    picture.save(file, "PNG")
    write_atomic(path, file.getvalue())


def write_geometry(path: Path, pieces: Sequence[Mesh | Points], config: GeometryConfig) -> None:
    """Write geometry of the form that `config` names as .obj, .stl, .3dm or .json (COMPAS).

    Raises:
        SettingError: A form that the file cannot hold.
    """
    write_atomic(path, _geometry(path.suffix.lower(), pieces, config))


def sample_grid(images: NDArray[np.uint8], columns: int | None = None) -> Image.Image:
    """Put images in one grey picture, near a square unless the number of columns is given."""
    return Image.fromarray(tile(images, columns or int(np.ceil(np.sqrt(len(images))))))


def encode(piece: Mesh | Points) -> tuple[int, int, str]:
    """Encode geometry as openNURBS text: archive version, openNURBS version and base64."""
    if isinstance(piece, Mesh):
        return encode_mesh(piece)
    encoded = to_rhino(piece).Encode()
    return encoded["archive3dm"], encoded["opennurbs"], encoded["data"]


def to_rhino(piece: Mesh | Points) -> rhino3dm.Mesh | rhino3dm.PointCloud:
    """Make a coloured rhino3dm Mesh, or for points a PointCloud, row by row from the top."""
    import rhino3dm

    if isinstance(piece, Mesh):
        archive, version, data = encode_mesh(piece)
        encoded = {"version": 10000, "archive3dm": archive, "opennurbs": version, "data": data}
        mesh: rhino3dm.Mesh = rhino3dm.Mesh.Decode(encoded)  # type: ignore[attr-defined] # missing in the stubs
        return mesh
    cloud = rhino3dm.PointCloud()
    points = [rhino3dm.Point3d(x, y, z) for x, y, z in piece.grid.reshape(-1, 3).tolist()]
    cloud.AddRange(points, [(grey, grey, grey, 255) for grey in piece.colors.reshape(-1).tolist()])
    return cloud


def _geometry(ending: str, pieces: Sequence[Mesh | Points], config: GeometryConfig) -> bytes:
    if not pieces:
        raise SettingError(f"form: {config.form} has no geometry for {ending}: choose mesh, relief or points")
    if ending == ".3dm":
        return _3dm(pieces)
    if ending == ".json":
        from compas.data import json_dumps

        return str(json_dumps([piece.to_compas() for piece in pieces])).encode()
    meshes = [piece for piece in pieces if isinstance(piece, Mesh)]
    if not meshes:
        raise SettingError(
            f"form: {config.form} cannot be written as {ending}: choose mesh or relief, or a file ending in .3dm"
        )
    return _obj(meshes, flat=config.form == "mesh") if ending == ".obj" else _stl(meshes)


def _npy(images: NDArray[np.uint8]) -> bytes:
    file = io.BytesIO()
    np.save(file, images, allow_pickle=False)
    return file.getvalue()


def _3dm(pieces: Sequence[Mesh | Points]) -> bytes:
    import rhino3dm

    model = rhino3dm.File3dm()
    for piece in pieces:
        made = to_rhino(piece)
        model.Objects.AddMesh(made) if isinstance(made, rhino3dm.Mesh) else model.Objects.AddPointCloud(made)
    with TemporaryDirectory() as folder:
        file = Path(folder) / "digits.3dm"
        model.Write(str(file), 7)  # Rhino 7 and later
        return file.read_bytes()


def _obj(meshes: Sequence[Mesh], flat: bool) -> bytes:
    """Wavefront OBJ.

    A flat mesh shows nothing but its colours, so they stand behind its positions, where Rhino and Blender look for
    them. COMPAS passes over such vertices, so a relief goes without.
    """
    lines, first = ["# ganmnist, lengths in model units"], 1
    for number, mesh in enumerate(meshes, 1):
        lines.append(f"o digit_{number}")
        greys = [f" {grey} {grey} {grey}" for grey in (mesh.colors / 255).round(4)] if flat else [""] * len(mesh.colors)
        positions = zip(mesh.vertices.tolist(), greys, strict=True)
        lines += [f"v {x:.9g} {y:.9g} {z:.9g}{grey}" for (x, y, z), grey in positions]
        lines += ["f " + " ".join(str(first + corner) for corner in face) for face in mesh.faces.tolist()]
        first += len(mesh.vertices)
    return ("\n".join(lines) + "\n").encode()


def _stl(meshes: Sequence[Mesh]) -> bytes:
    """Binary STL: two triangles a quad."""
    corners = np.concatenate([mesh.vertices[mesh.faces[:, [0, 1, 2, 0, 2, 3]]].reshape(-1, 3, 3) for mesh in meshes])
    normals = unit(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]))
    record = np.zeros(len(corners), [("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])
    record["normal"], record["corners"] = normals, corners
    return b"ganmnist".ljust(80) + np.uint32(len(record)).tobytes() + record.tobytes()
