"""The pen that the icons are drawn with: lines, dots, boxes, faces and curves, in units of pixels.

A drawing is ink with a halo of paper around it, so that it stands out on Grasshopper's light tab, on the dark one and
on a component of any colour.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Colour = tuple[int, int, int]

INK: Colour = (40, 42, 50)
PAPER: Colour = (252, 252, 250)
HALO = 1.0  # pixels of paper around the ink
_FINE = 8  # samples of a pixel, per direction

Numbers = NDArray[np.floating[Any]]
Point = tuple[float, float] | Numbers
Height = Callable[[Numbers], Numbers]  # y for every x


class Pen:
    """Draws in units of pixels, x to the right and y downwards, later over earlier.

    A shape is the distance to its edge, negative inside: ink where that is under 0, halo where it is under HALO.
    """

    def __init__(self, side: int) -> None:
        """Take a transparent sheet of side x side pixels."""
        samples = (np.arange(side * _FINE, dtype=np.float32) + 0.5) / _FINE
        self._x, self._y = np.meshgrid(samples, samples)
        self._colours = np.full((*self._x.shape, 3), PAPER, np.float32)
        self._opaque = np.zeros(self._x.shape, bool)

    def line(self, *points: Point, colour: Colour = INK, width: float = 2) -> None:
        """Draw from point to point, with round ends and corners."""
        reach = [self._to_segment(*ends) for ends in pairwise(points)]
        self._put(np.minimum.reduce(reach) - width / 2, colour)

    def curve(self, height: Height, start: float, end: float, colour: Colour = INK, width: float = 2) -> None:
        """Draw y = height(x) from x = start to x = end."""
        x = np.linspace(start, end, 33)
        self.line(*zip(x.tolist(), height(x).tolist(), strict=True), colour=colour, width=width)

    def dot(self, x: float, y: float, radius: float, colour: Colour = INK) -> None:
        """Fill a circle."""
        self._put(np.hypot(self._x - x, self._y - y) - radius, colour)

    def box(
        self, left: float, top: float, right: float, bottom: float, colour: Colour = INK, corner: float = 0
    ) -> None:
        """Fill a rectangle whose corners have a radius."""
        x = np.abs(self._x - (left + right) / 2) - (right - left) / 2 + corner
        y = np.abs(self._y - (top + bottom) / 2) - (bottom - top) / 2 + corner
        outside = np.hypot(np.maximum(x, 0), np.maximum(y, 0))
        self._put(outside + np.minimum(np.maximum(x, y), 0) - corner, colour)

    def face(self, *points: Point, colour: Colour = INK) -> None:
        """Fill a convex shape, its points clockwise as seen."""
        corners = np.asarray(points, np.float64)
        (left, top), (right, bottom) = np.min(corners, 0), np.max(corners, 0)
        within = (left - self._x, self._x - right, top - self._y, self._y - bottom)  # or a sharp corner has a long halo
        sides = [self._left_of(*ends) for ends in pairwise((*points, points[0]))]
        self._put(np.maximum.reduce([*within, *sides]), colour)

    def area(self, height: Height, start: float, end: float, base: float, colour: Colour) -> None:
        """Fill what lies between y = height(x) and the line y = base under it, from x = start to x = end."""
        sides = (height(self._x) - self._y, self._y - base, start - self._x, self._x - end)
        self._put(np.maximum.reduce(sides), colour)

    def cell(self, x: float, y: float, colour: Colour = INK, size: float = 4) -> None:
        """Fill a square pixel of an image, its top left corner at (x, y)."""
        self.box(x, y, x + size, y + size, colour)

    def text(self, words: str, size: float, colour: Colour = INK) -> None:
        """Write in the middle of the sheet, in Pillow's own font, made bold."""
        sheet, font = Image.new("1", self._x.shape), ImageFont.load_default(size * _FINE)
        middle = (sheet.width / 2, sheet.height / 2)
        ImageDraw.Draw(sheet).text(middle, words, 1, font, anchor="mm", stroke_width=_FINE / 2)
        self._put(np.where(np.asarray(sheet), -1, HALO), colour)

    def png(self) -> bytes:
        """Return the drawing as a PNG file."""
        side = len(self._x) // _FINE
        samples = np.dstack([self._colours, np.full_like(self._x, 255)]) * self._opaque[..., None]
        pixels = samples.reshape(side, _FINE, side, _FINE, 4).mean((1, 3))  # (side, side, 4), colours times alpha
        pixels[..., :3] /= np.maximum(pixels[..., 3:] / 255, 1e-6)
        file = io.BytesIO()
        Image.fromarray(pixels.round().astype(np.uint8)).save(file, "PNG")
        return file.getvalue()

    def _put(self, distance: Numbers, colour: Colour) -> None:
        self._colours[distance < 0] = colour
        self._opaque |= distance < HALO

    def _to_segment(self, start: Point, end: Point) -> Numbers:
        along = np.subtract(end, start)
        x, y = self._x - start[0], self._y - start[1]
        share = np.clip((x * along[0] + y * along[1]) / max(along @ along, 1e-9), 0, 1)
        distance: Numbers = np.hypot(x - share * along[0], y - share * along[1])
        return distance

    def _left_of(self, start: Point, end: Point) -> Numbers:
        along = np.subtract(end, start) / math.dist(start, end)
        distance: Numbers = along[1] * (self._x - start[0]) - along[0] * (self._y - start[1])
        return distance
