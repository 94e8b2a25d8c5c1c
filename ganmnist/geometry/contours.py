"""Lines of equal white in an image: closed curves, and the solid between a plane and what they enclose."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ganmnist.config import Plane
from ganmnist.geometry.heightfield import Corner, place
from ganmnist.geometry.pieces import Curves, Mesh
from ganmnist.pixels import Images


def contours(
    image: Images,
    cell: float = 1.0,
    height: float = 4.0,
    threshold: float = 0.5,
    levels: int = 1,
    plane: Plane | None = None,
    corner: Corner | None = None,
) -> Curves:
    """Trace the lines of equal white, as high as they are in a relief.

    Args:
        image: uint8 (rows, columns).
        cell: Distance between neighbouring pixels, model units.
        height: Height of a white pixel, model units.
        threshold: Share of white of the lowest line, above 0 and below 1.
        levels: Number of lines, evenly from the threshold up to below white.
        plane: Frame to place them in; world XY unless given.
        corner: Where the lower left pixel lies in that frame.

    Returns:
        None at all where no pixel is white enough.
    """
    shares = threshold + (1 - threshold) * np.arange(levels) / levels
    lines = []
    for share in shares:
        for flat in _trace(image, share):
            risen = np.column_stack([flat * cell, np.full(len(flat), share * height)])
            lines.append(place(risen, plane, corner))
    return Curves(tuple(lines))


def extrusion(
    image: Images,
    cell: float = 1.0,
    height: float = 4.0,
    threshold: float = 0.5,
    plane: Plane | None = None,
    corner: Corner | None = None,
) -> Mesh:
    """Build the solid of what one contour encloses, holes left out. Arguments as for `contours`.

    Returns:
        A watertight mesh of triangles, without any where no pixel is white enough.
    """
    from manifold3d import CrossSection

    section = CrossSection([line[:-1] * cell for line in _trace(image, threshold)])
    mesh = section.extrude(height).to_mesh64()
    vertices = np.asarray(mesh.vert_properties, np.float64)[:, :3].reshape(-1, 3)
    corners = np.asarray(mesh.tri_verts, np.int32).reshape(-1, 3)
    greys = np.where(vertices[:, 2] > height / 2, 255, 0).astype(np.uint8)
    return Mesh(place(vertices, plane, corner), corners[:, [0, 1, 2, 2]], greys)


def _trace(image: Images, share: float) -> list[NDArray[np.float64]]:
    """Return closed lines (N, 2) at a share of white, in pixels, y up, white at their left."""
    from contourpy import LineType, contour_generator

    rows, columns = image.shape
    framed = np.pad(image, 1)[::-1].astype(np.float64)  # black around, so that every line closes
    generator = contour_generator(
        np.arange(-1.0, columns + 1), np.arange(-1.0, rows + 1), framed, line_type=LineType.Separate
    )
    # Between two greys, never on one: a line that runs through a pixel may touch itself there.
    return [np.asarray(line) for line in generator.lines(min(int(share * 255), 254) + 0.5)]
