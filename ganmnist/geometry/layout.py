"""Many pictures in one place: side by side, above one another, frame by frame."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from ganmnist.config import FilmGeometryConfig, StackConfig
from ganmnist.geometry.forms import FORMS, build
from ganmnist.geometry.heightfield import GAP, place, point_grid, relief
from ganmnist.geometry.pieces import Mesh, Piece, Points
from ganmnist.pixels import Images, tile

_FRAME_GAP = 8  # cells between the frames of a stack, beside their height
_LAYER_GAP = 40  # cells between stacked image grids, beside their height


def assemble(images: NDArray[np.uint8], config: FilmGeometryConfig) -> list[Piece]:
    """Make the geometry of a film, one object per digit of every frame, frame by frame.

    Args:
        images: uint8 (frames, N, rows, columns).
        config: `row` puts the frames side by side along x, the digits of one under each other; `stack` puts them above
            each other along z, the digits of one side by side; unless `columns` says how many are. The form `images`
            gives none.

    Raises:
        GeometryError: As `forms.build`.
    """
    if config.form == "images":
        return []
    _, count, _, columns = images.shape
    side_by_side = config.columns or (1 if config.arrange == "row" else count)
    if config.arrange == "row":
        step = np.array([(columns + GAP) * min(side_by_side, count) * config.cell, 0.0, 0.0])
    else:
        step = np.array([0.0, 0.0, _FRAME_GAP * config.cell + FORMS[config.form].depth(config)])
    pieces: list[Piece] = []
    for number, digits in enumerate(images):
        x, y, z = place(step * number, config.plane, None).tolist()
        moved = config.plane.model_copy(update={"origin": (x, y, z)})
        pieces += build(digits, config.model_copy(update={"plane": moved, "columns": side_by_side}))
    return pieces


def image_grid_mesh(images: Images, columns: int, cell: float = 1.0, below: bool = False) -> Mesh:
    """Lay all images side by side in one flat mesh with one coloured vertex per pixel.

    Args:
        images: uint8 (N, rows, columns of pixels).
        columns: Images per row.
        cell: Side of a pixel, model units.
        below: Stand below the world's X axis, not on it: two image grids then do not cover each other.
    """
    picture = tile(images, columns)
    down = (len(picture) + GAP) * cell if below else 0.0
    return relief(picture, cell, 0.0, corner=np.array([0.0, -down, 0.0]))


def stack(image_grids: Sequence[Images], config: StackConfig) -> list[Mesh | Points]:
    """Stack pictures above one another, each centred on the plane's origin, the first at the bottom.

    Args:
        image_grids: uint8 (rows, columns) each, of any sizes.
        config: Form, cell, height and plane; a mesh is flat with one coloured vertex per pixel, `images` gives none.
    """
    if config.form == "images":
        return []
    make: Callable[..., Mesh | Points] = point_grid if FORMS[config.form].piece is Points else relief
    height = 0.0 if FORMS[config.form].is_flat else config.height
    stacked = []
    for number, picture in enumerate(image_grids):
        lacking = [(0, max(0, 2 - side)) for side in picture.shape]  # a face has four corners
        wide = np.pad(picture, lacking, mode="edge")
        rows, columns = wide.shape
        distance = _LAYER_GAP * config.cell + height
        corner = np.array([(1 - columns) / 2 * config.cell, (1 - rows) / 2 * config.cell, number * distance])
        stacked.append(make(wide, config.cell, height, config.plane, corner))
    return stacked
