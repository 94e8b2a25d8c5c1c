"""Pixels to geometry: meshes and point grids in model units, upright in Top view.

Row 0 of an image has the largest y, so a digit reads upright when seen from +Z. Everything here is numpy; COMPAS
objects are made at the door (`to_compas`).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ganmnist.config import Plane
from ganmnist.errors import GeometryError
from ganmnist.geometry.pieces import Mesh, Points
from ganmnist.pixels import Images, validate_images

Corner = NDArray[np.float64]  # (3,), in the frame of a plane
GAP = 2  # cells between digits laid out side by side
_FAR = 1e9  # model units; far beyond, points no longer differ


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
    validate_images(image[None])
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


def unit(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return vectors (3, N) at length 1; those of no length stay so."""
    x, y, z = vectors
    scaled: NDArray[np.float64] = vectors / np.maximum(np.sqrt(x * x + y * y + z * z), 1e-300)
    return scaled


def height_field(image: Images, cell: float, height: float) -> NDArray[np.float64]:
    """Return the points of a height field, (rows, columns, 3), row 0 at the largest y."""
    validate_images(image[None])
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
