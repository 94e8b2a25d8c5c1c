"""Pixels to geometry: meshes and point grids in model units, upright in Top view.

Row 0 of an image has the largest y, so a digit reads upright when seen from +Z. Everything here is numpy; COMPAS
objects are made at the door (`to_compas`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ganmnist.config import Plane, StackConfig
from ganmnist.errors import GeometryError

if TYPE_CHECKING:
    import compas.datastructures
    import compas.geometry

Images = NDArray[np.uint8]
Corner = NDArray[np.float64]  # (3,), in the frame of a plane
_STOREY = 40  # cells between stacked sheets, beside their height
GAP = 2  # cells between digits laid out side by side
_FAR = 1e9  # model units; far beyond, points no longer differ


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


def relief(
    image: Images,
    cell: float = 1.0,
    height: float = 4.0,
    plane: Plane | None = None,
    corner: Corner | None = None,
) -> Mesh:
    """Build the height field of an image: one vertex per pixel, as high as the pixel is white.

    Args:
        image: uint8 (rows, columns).
        cell: Distance between neighbouring vertices, model units.
        height: Height of a white pixel, model units.
        plane: Frame to place it in; world XY unless given.
        corner: Where the lower left vertex lies in that frame.

    Returns:
        rows x columns vertices row by row from the top, (rows - 1) x (columns - 1) quads.

    Raises:
        GeometryError: Under 2 rows or columns.
    """
    grid = height_field(image, cell, height)
    return Mesh(place(grid, plane, corner).reshape(-1, 3), quads(*image.shape), image.reshape(-1))


def flat_mesh(
    image: Images,
    cell: float = 1.0,
    height: float = 0.0,
    plane: Plane | None = None,
    corner: Corner | None = None,
) -> Mesh:
    """Build a flat mesh in which every pixel is a square of its own colour.

    Neighbours share no vertex, so colours do not blend. Arguments as for `relief`; `height` has no effect.
    """
    check(image[None])
    rows, columns = image.shape
    row, column = np.divmod(np.arange(rows * columns), columns)
    left, bottom = column * cell, (rows - 1 - row) * cell
    flat = np.zeros_like(left)
    # lower left, lower right, upper right, upper left: counter-clockwise from +Z
    x = np.stack([left, left + cell, left + cell, left], 1)
    y = np.stack([bottom, bottom, bottom + cell, bottom + cell], 1)
    vertices = np.stack([x, y, np.stack([flat] * 4, 1)], 2).astype(np.float64)  # (pixels, 4, 3)
    faces = np.arange(4 * rows * columns, dtype=np.int32).reshape(-1, 4)
    return Mesh(place(vertices, plane, corner).reshape(-1, 3), faces, np.repeat(image.reshape(-1), 4))


def point_grid(
    image: Images,
    cell: float = 1.0,
    height: float = 4.0,
    plane: Plane | None = None,
    corner: Corner | None = None,
) -> Points:
    """Build one point per pixel, as high as the pixel is white. Arguments as for `relief`."""
    return Points(place(height_field(image, cell, height), plane, corner), image)


def sheet(images: Images, columns: int, cell: float = 1.0, below: bool = False) -> Mesh:
    """Lay all images side by side in one flat mesh with one coloured vertex per pixel.

    Args:
        images: uint8 (N, rows, columns of pixels).
        columns: Images per row.
        cell: Side of a pixel, model units.
        below: Stand below the world's X axis, not on it: two sheets then do not cover each other.
    """
    picture = tile(images, columns)
    down = (len(picture) + GAP) * cell if below else 0.0
    return relief(picture, cell, 0.0, corner=np.array([0.0, -down, 0.0]))


def stack(sheets: Sequence[Images], config: StackConfig) -> list[Mesh | Points]:
    """Stack pictures above one another, each centred on the plane's origin, the first at the bottom.

    Args:
        sheets: uint8 (rows, columns) each, of any sizes.
        config: Form, cell, height and plane; a mesh is flat with one coloured vertex per pixel, `images` gives none.
    """
    if config.form == "images":
        return []
    make: Callable[..., Mesh | Points] = point_grid if config.form == "points" else relief
    height = 0.0 if config.form == "mesh" else config.height
    stacked = []
    for place, sheet in enumerate(sheets):
        wide = np.pad(sheet, [(0, max(0, 2 - side)) for side in sheet.shape], mode="edge")  # a face has four corners
        rows, columns = wide.shape
        distance = _STOREY * config.cell + height
        corner = np.array([(1 - columns) / 2 * config.cell, (1 - rows) / 2 * config.cell, place * distance])
        stacked.append(make(wide, config.cell, height, config.plane, corner))
    return stacked


def tile(images: Images, columns: int) -> Images:
    """Put images of equal size side by side, row by row from the top: uint8 (rows, columns). Gaps are black."""
    check(images)
    count, height, width = images.shape
    rows = -(-count // columns)
    padded = np.zeros((rows * columns, height, width), np.uint8)
    padded[:count] = images
    return padded.reshape(rows, columns, height, width).swapaxes(1, 2).reshape(rows * height, columns * width)


def unit(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return vectors (3, N) at length 1; those of no length stay so."""
    x, y, z = vectors
    scaled: NDArray[np.float64] = vectors / np.maximum(np.sqrt(x * x + y * y + z * z), 1e-300)
    return scaled


def height_field(image: Images, cell: float, height: float) -> NDArray[np.float64]:
    """Return the points of a height field, (rows, columns, 3), row 0 at the largest y."""
    check(image[None])
    rows, columns = image.shape
    grid = np.empty((rows, columns, 3))
    grid[..., 0] = np.arange(columns) * cell
    grid[..., 1] = (np.arange(rows)[::-1] * cell)[:, None]
    grid[..., 2] = image * (height / 255)
    return grid


def quads(rows: int, columns: int) -> NDArray[np.int32]:
    """Return the faces between the points of a height field, int32 (F, 4), counter-clockwise from above."""
    index = np.arange(rows * columns, dtype=np.int32).reshape(rows, columns)
    # row r lies above row r + 1: lower left, lower right, upper right, upper left
    corners = (index[1:, :-1], index[1:, 1:], index[:-1, 1:], index[:-1, :-1])
    return np.stack(corners, 2).reshape(-1, 4)


def place(points: NDArray[np.float64], plane: Plane | None, corner: Corner | None) -> NDArray[np.float64]:
    """Move points (..., 3) by a corner, then from world XY into a plane.

    Raises:
        GeometryError: The plane lies out of all bounds, or its axes are not two perpendicular directions.
    """
    if corner is not None:
        points = points + corner
    if plane is None or plane == Plane():
        return points
    x, y = np.array(plane.xaxis), np.array(plane.yaxis)
    if max(map(abs, (*plane.origin, *plane.xaxis, *plane.yaxis))) > _FAR:
        raise GeometryError(f"plane: expected numbers from -{_FAR:g} to {_FAR:g}, got {plane}")
    lengths = np.linalg.norm(x), np.linalg.norm(y)
    if min(lengths) < 1e-9 or abs(x @ y) > 1e-6 * lengths[0] * lengths[1]:
        raise GeometryError(f"plane: xaxis {plane.xaxis} and yaxis {plane.yaxis} must be perpendicular and not zero")
    x, y = x / lengths[0], y / lengths[1]
    placed: NDArray[np.float64] = points @ np.stack([x, y, np.cross(x, y)]) + np.array(plane.origin)
    return placed


def check(images: Images) -> None:
    """Refuse images that are not uint8 (N, rows, columns) of at least 2 x 2 pixels."""
    if images.dtype != np.uint8 or images.ndim != 3 or min(images.shape[1:]) < 2 or not len(images):
        raise GeometryError(
            f"images: expected uint8 (N, rows, columns) of at least 2 x 2 pixels, got {images.dtype} {images.shape}"
        )
