"""The forms that digits take: `FORMS`, the only list of their makers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import ceil, sqrt

import numpy as np

from ganmnist.config import Form, GeometryConfig
from ganmnist.errors import SettingError
from ganmnist.geometry.contours import contours, extrusion
from ganmnist.geometry.heightfield import GAP, Corner, flat_mesh, point_grid, relief
from ganmnist.geometry.pieces import Piece, Points
from ganmnist.geometry.solids import pillars, solid_relief
from ganmnist.pixels import Images, check


def build(images: Images, config: GeometryConfig) -> list[Piece]:
    """Make the geometry that a request asks for, one object per image, laid out in rows from the plane's origin.

    Args:
        images: uint8 (N, rows, columns).
        config: Form, cell, height, plane and so on. The form `images` gives none.

    Raises:
        GeometryError: The axes of the plane are not two perpendicular directions, the plane lies out of all bounds, or
            the images have no pixels.
    """
    if config.form == "images":
        return []
    make = FORMS[config.form]
    check(images)
    rows, columns = images.shape[1:]
    per_row = config.columns or ceil(sqrt(len(images)))
    built: list[Piece] = []
    for number, image in enumerate(255 - images if config.invert else images):
        corner = np.array([number % per_row * (columns + GAP), -(number // per_row) * (rows + GAP), 0.0])
        built.append(make(image, config, corner * config.cell))
    return built


def _points(image: Images, config: GeometryConfig, corner: Corner) -> Points:
    made = point_grid(image, config.cell, config.height, config.plane, corner)
    if config.threshold is None:
        return made
    return replace(made, shown=image >= config.threshold * 255)


def _tall(config: GeometryConfig) -> float:
    if config.height <= 0:
        raise SettingError(f"height: {config.form} need a height above 0, got {config.height:g}")
    return config.height


def _share(config: GeometryConfig) -> float:
    return 0.5 if config.threshold is None else config.threshold


FORMS: dict[Form, Callable[[Images, GeometryConfig, Corner], Piece]] = {
    "mesh": lambda image, c, corner: flat_mesh(image, c.cell, 0.0, c.plane, corner),
    "smooth": lambda image, c, corner: relief(image, c.cell, 0.0, c.plane, corner),
    "relief": lambda image, c, corner: relief(image, c.cell, c.height, c.plane, corner),
    "solid": lambda image, c, corner: solid_relief(image, c.cell, c.height, c.base, c.plane, corner),
    "voxels": lambda image, c, corner: pillars(image, c.cell, _tall(c), _share(c), c.plane, corner),
    "extrusion": lambda image, c, corner: extrusion(image, c.cell, _tall(c), _share(c), c.plane, corner),
    "contours": lambda image, c, corner: contours(image, c.cell, c.height, _share(c), c.levels, c.plane, corner),
    "points": _points,
}
