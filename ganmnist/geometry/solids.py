"""Closed solids of an image, to be printed: a relief on a base, and pillars of the pixels that are white enough.

Both are watertight and manifold: every edge belongs to two faces, every vertex to one fan of faces.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ganmnist.config import Plane
from ganmnist.geometry.heightfield import Corner, height_field, place, quads
from ganmnist.geometry.pieces import Mesh
from ganmnist.pixels import Images

NECK = 0.1  # of a pixel's side: how far the bridge between two pixels that touch at a corner reaches beyond it

# The four corners of a pixel, counter-clockwise from the lower left, as steps to the right and up; behind each corner
# lies the side to the next one, and across that side the neighbour.
_CORNERS = ((0, 0), (1, 0), (1, 1), (0, 1))
_ACROSS = ((0, -1), (1, 0), (0, 1), (-1, 0))


def solid_relief(
    image: Images,
    cell: float = 1.0,
    height: float = 4.0,
    base: float = 1.0,
    plane: Plane | None = None,
    corner: Corner | None = None,
) -> Mesh:
    """Build a relief that stands on a base, closed by walls and a floor.

    Args:
        image: uint8 (rows, columns).
        cell: Distance between neighbouring vertices, model units.
        height: Height of a white pixel above the base, model units.
        base: Thickness under a black pixel, model units, above 0.
        plane: Frame to place it in; world XY unless given. The floor lies in it.
        corner: Where the lower left vertex lies in that frame.

    Raises:
        GeometryError: Under 2 rows or columns.
    """
    rows, columns = image.shape
    top = height_field(image, cell, height)
    floor = top.copy()
    top[..., 2] += base
    floor[..., 2] = 0.0
    faces = quads(rows, columns)
    index = np.arange(rows * columns, dtype=np.int32).reshape(rows, columns)
    # The border, counter-clockwise seen from above: row 0 is at the top.
    ring = np.concatenate([index[-1, :-1], index[:0:-1, -1], index[0, :0:-1], index[:-1, 0]])
    onward, below = np.roll(ring, -1), rows * columns
    walls = np.stack([ring + below, onward + below, onward, ring], 1)
    vertices = np.concatenate([top.reshape(-1, 3), floor.reshape(-1, 3)])
    greys = np.concatenate([image.reshape(-1), np.zeros(image.size, np.uint8)])
    return Mesh(place(vertices, plane, corner), np.concatenate([faces, faces[:, ::-1] + below, walls]), greys)


def pillars(
    image: Images,
    cell: float = 1.0,
    height: float = 4.0,
    threshold: float = 0.5,
    plane: Plane | None = None,
    corner: Corner | None = None,
) -> Mesh:
    """Build a square pillar on every pixel that is white enough, all of one height, as one solid.

    Two pixels that touch at a corner alone are joined there by a narrow bridge: a corner that four walls share would be
    no solid, and would break when printed.

    Args:
        image: uint8 (rows, columns).
        cell: Side of a pixel, model units.
        height: Of every pillar, model units, above 0.
        threshold: Share of white from which on a pixel counts, above 0.
        plane: Frame to place it in; world XY unless given.
        corner: Where the lower left corner of the image lies in that frame.

    Returns:
        A mesh without vertices and faces if no pixel is white enough.
    """
    outline = _Outline(image >= threshold * 255)
    flat = np.array(outline.points, np.float64).reshape(-1, 2) * cell
    floor = np.column_stack([flat, np.zeros(len(flat))])
    top = floor + (0.0, 0.0, height)
    below = len(flat)
    caps = np.array(outline.caps, np.int32).reshape(-1, 4)
    sides = np.array(outline.sides, np.int32).reshape(-1, 2)
    start, end = sides[:, 0], sides[:, 1]
    walls = np.stack([start + below, end + below, end, start], 1)
    # A triangle is a quad whose last two corners are the same; turned over, they must stay the last.
    turned = caps[:, [0, 2, 1, 1]]
    turned[caps[:, 2] != caps[:, 3]] = caps[caps[:, 2] != caps[:, 3]][:, ::-1]
    vertices = np.concatenate([top, floor])
    greys = np.repeat(np.array([255, 0], np.uint8), below)
    return Mesh(place(vertices, plane, corner), np.concatenate([caps, turned + below, walls]), greys)


class _Outline:
    """The white pixels seen from above: points, faces that cover them, and the sides where they end.

    Attributes:
        points: Positions in pixels, x to the right, y up.
        caps: Faces, four points each, counter-clockwise.
        sides: From point to point, the white at the left.
    """

    def __init__(self, white: NDArray[np.bool_]) -> None:
        rows, columns = white.shape
        self._white = np.zeros((columns + 2, rows + 2), bool)  # by x and y, with a black border
        self._white[1:-1, 1:-1] = white[::-1].T
        self.points: list[tuple[float, float]] = []
        self.caps: list[tuple[int, int, int, int]] = []
        self.sides: list[tuple[int, int]] = []
        self._known: dict[tuple[float, float], int] = {}
        for x, y in np.argwhere(self._white[1:-1, 1:-1]).tolist():
            self._add(x, y)

    def _add(self, x: int, y: int) -> None:
        corners = [self._corner(x, y, right, up) for right, up in _CORNERS]
        for (right, up), here, following in zip(_ACROSS, corners, corners[1:] + corners[:1], strict=True):
            if not self._is_white(x + right, y + up):
                self.sides.append((here[-1], following[0]))
        around = [point for corner in corners for point in corner]
        if len(around) == 4:
            self.caps.append((around[0], around[1], around[2], around[3]))
            return
        middle = self._point(x + 0.5, y + 0.5)
        for start, end in zip(around, around[1:] + around[:1], strict=True):
            self.caps.append((middle, start, end, end))

    def _corner(self, x: int, y: int, right: int, up: int) -> list[int]:
        """Return the point of a pixel's corner, or the two of a bridge, counter-clockwise."""
        at = (x + right, y + up)
        away = (2 * right - 1, 2 * up - 1)
        touches = self._is_white(x + away[0], y + away[1])
        if not touches or self._is_white(x + away[0], y) or self._is_white(x, y + away[1]):
            return [self._point(*at)]
        first = self._point(at[0] + NECK * away[0], at[1] - NECK * away[1])  # into the black pixel beside
        second = self._point(at[0] - NECK * away[0], at[1] + NECK * away[1])  # into the one over or under
        return [first, second] if right == up else [second, first]

    def _is_white(self, x: int, y: int) -> bool:
        return bool(self._white[x + 1, y + 1])

    def _point(self, x: float, y: float) -> int:
        known = self._known.setdefault((x, y), len(self.points))
        if known == len(self.points):
            self.points.append((x, y))
        return known
