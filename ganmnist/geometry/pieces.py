"""What digits become: meshes, points and curves in model units, as numpy arrays, each with its COMPAS counterpart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ganmnist.pixels import Images

if TYPE_CHECKING:
    import compas.datastructures
    import compas.geometry


@dataclass(frozen=True)
class Curves:
    """Closed polylines.

    Attributes:
        lines: float64 (N, 3) each, model units, the first point again at the end. Seen from the plane's +Z those around
            white run counter-clockwise, those around holes clockwise.
    """

    lines: tuple[NDArray[np.float64], ...]

    def to_compas(self) -> list[compas.geometry.Polyline]:
        """Return COMPAS polylines."""
        from compas.geometry import Polyline

        return [Polyline(line.tolist()) for line in self.lines]


@dataclass(frozen=True)
class Mesh:
    """A quad mesh.

    Attributes:
        vertices: float64 (V, 3), model units.
        faces: int32 (F, 4), counter-clockwise seen from outside, or from the plane's +Z where there is no inside. The
            last corner of a triangle stands twice.
        colors: uint8 (V,), grey of each vertex.
    """

    vertices: NDArray[np.float64]
    faces: NDArray[np.int32]
    colors: Images

    def polygons(self) -> list[list[int]]:
        """Return the faces as lists of three or four vertices."""
        return [face[:3] if face[2] == face[3] else face for face in self.faces.tolist()]

    def triangles(self) -> NDArray[np.int32]:
        """Return the faces cut into triangles, int32 (T, 3)."""
        real = self.faces[:, 2] != self.faces[:, 3]
        halves = np.stack([self.faces[:, [0, 1, 2]], self.faces[:, [0, 2, 3]]], 1).reshape(-1, 3)
        kept: NDArray[np.int32] = halves[np.stack([np.ones_like(real), real], 1).reshape(-1)]
        return kept

    def to_compas(self) -> compas.datastructures.Mesh:
        """Return a COMPAS mesh, the grey of each vertex as its attribute `color` (r, g, b in [0, 1])."""
        from compas.colors import Color
        from compas.datastructures import Mesh as CompasMesh

        mesh = CompasMesh.from_vertices_and_faces(self.vertices.tolist(), self.polygons())
        for vertex, grey in enumerate((self.colors / 255).tolist()):
            mesh.vertex_attribute(vertex, "color", Color(grey, grey, grey))
        return mesh


@dataclass(frozen=True)
class Points:
    """A grid of points, row 0 at the top of the image.

    Attributes:
        grid: float64 (rows, columns, 3), model units.
        colors: uint8 (rows, columns), grey of each point.
        shown: bool (rows, columns), which of them are there; all unless given.
    """

    grid: NDArray[np.float64]
    colors: Images
    shown: NDArray[np.bool_] | None = None

    def points(self) -> NDArray[np.float64]:
        """Return the points that are there, float64 (N, 3), row by row from the top."""
        return self.grid.reshape(-1, 3) if self.shown is None else self.grid[self.shown]

    def greys(self) -> Images:
        """Return the grey of each point that is there, uint8 (N,)."""
        return self.colors.reshape(-1) if self.shown is None else self.colors[self.shown]

    def to_compas(self) -> compas.geometry.Pointcloud:
        """Return a COMPAS point cloud, row by row from the top."""
        from compas.geometry import Pointcloud

        return Pointcloud(self.points().tolist())

    def to_rows(self) -> list[list[list[float]]]:
        """Return the points as a list of rows, each a list of [x, y, z]."""
        rows: list[list[list[float]]] = self.grid.tolist()
        return rows


Piece = Mesh | Points | Curves


def is_empty(piece: Piece) -> bool:
    """Tell whether nothing is left of a digit, since no pixel is white enough."""
    if isinstance(piece, Mesh):
        return not len(piece.faces)
    return not (piece.lines if isinstance(piece, Curves) else len(piece.points()))
