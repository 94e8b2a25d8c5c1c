"""The forms that digits take: `FORMS`, where all stands that is particular to one of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import ceil, sqrt

import numpy as np

from ganmnist.config import MIN_LENGTH, Form, GeometryConfig
from ganmnist.errors import SettingError
from ganmnist.geometry.contours import contours, extrusion
from ganmnist.geometry.heightfield import GAP, Corner, flat_mesh, point_grid, relief
from ganmnist.geometry.pieces import Curves, Mesh, Piece, Points
from ganmnist.geometry.solids import pillars, solid_relief
from ganmnist.pixels import Images, validate_images


@dataclass(frozen=True)
class FormSpec:
    """A form: how it is made of an image, and what a file or a canvas must know of it.

    Attributes:
        make: Makes it of uint8 (rows, columns), at a corner in the frame of the plane.
        piece: What it makes.
        vertices_per_pixel: At most, about, of one contour where there are several.
        is_flat: It has no height, so that nothing but its colours shows the digit.
        has_base: It stands on a base.
        has_threshold: It is made of what is white enough.
        is_solid: It is a closed body, which can be printed.
    """

    make: Callable[[Images, GeometryConfig, Corner], Piece]
    piece: type[Piece]
    vertices_per_pixel: int = 1
    is_flat: bool = False
    has_base: bool = False
    has_threshold: bool = False
    is_solid: bool = False

    def max_vertices(self, pixels: int, config: GeometryConfig) -> int:
        """Return how many vertices an image of so many pixels has, at most, about."""
        return self.vertices_per_pixel * pixels * (config.levels if self.piece is Curves else 1)

    def measures(self) -> list[str]:
        """Return the settings of a `GeometryConfig` that change it, beside those of all forms."""
        changed = {
            "height": not self.is_flat,
            "base": self.has_base,
            "threshold": self.has_threshold,
            "levels": self.piece is Curves,
        }
        return [name for name, is_changed in changed.items() if is_changed]

    def depth(self, config: GeometryConfig) -> float:
        """Return how far a digit reaches from its plane, model units."""
        return (0.0 if self.is_flat else config.height) + (config.base if self.has_base else 0.0)


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
    make = FORMS[config.form].make
    validate_images(images)
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


def _height(config: GeometryConfig) -> float:
    if config.height < MIN_LENGTH:
        raise SettingError(f"height: {config.form} need a height of at least {MIN_LENGTH:g}, got {config.height:g}")
    return config.height


def _threshold(config: GeometryConfig) -> float:
    return 0.5 if config.threshold is None else config.threshold


FORMS: dict[Form, FormSpec] = {  # all of `config.Form` but images, which have no geometry
    "relief": FormSpec(lambda image, c, corner: relief(image, c.cell, c.height, c.plane, corner), Mesh),
    "mesh": FormSpec(
        lambda image, c, corner: flat_mesh(image, c.cell, 0.0, c.plane, corner),
        Mesh,
        vertices_per_pixel=4,
        is_flat=True,
    ),
    "smooth": FormSpec(lambda image, c, corner: relief(image, c.cell, 0.0, c.plane, corner), Mesh, is_flat=True),
    "solid": FormSpec(
        lambda image, c, corner: solid_relief(image, c.cell, c.height, c.base, c.plane, corner),
        Mesh,
        vertices_per_pixel=2,
        has_base=True,
        is_solid=True,
    ),
    "voxels": FormSpec(
        lambda image, c, corner: pillars(image, c.cell, _height(c), _threshold(c), c.plane, corner),
        Mesh,
        vertices_per_pixel=4,
        has_threshold=True,
        is_solid=True,
    ),
    "extrusion": FormSpec(
        lambda image, c, corner: extrusion(image, c.cell, _height(c), _threshold(c), c.plane, corner),
        Mesh,
        vertices_per_pixel=2,
        has_threshold=True,
        is_solid=True,
    ),
    "contours": FormSpec(
        lambda image, c, corner: contours(image, c.cell, c.height, _threshold(c), c.levels, c.plane, corner),
        Curves,
        vertices_per_pixel=2,
        has_threshold=True,
    ),
    "points": FormSpec(_points, Points, has_threshold=True),
}


def print_remark(form: Form) -> str | None:
    """Say why a form cannot be printed, and which can; None of one that can."""
    if form not in FORMS or FORMS[form].is_solid:
        return None
    why = "flat" if FORMS[form].is_flat else "an open surface" if FORMS[form].piece is Mesh else "no body"
    *others, last = (name for name, spec in FORMS.items() if spec.is_solid)
    return f"form: {form} is {why}, which cannot be printed; {', '.join(others)} and {last} can"
