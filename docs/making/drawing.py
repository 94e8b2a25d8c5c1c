"""A sheet to draw a picture of the tutorial on: words, images, numbers in cells, arrows, curves, meshes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from ganmnist.geometry.pieces import Mesh

INK, MUTED, LINE, PAPER = (30, 29, 27), (101, 97, 89), (214, 209, 199), (255, 255, 255)
BLUE, ORANGE, RED = (51, 70, 211), (194, 87, 26), (179, 38, 30)
LOW, HIGH = (236, 231, 220), (61, 80, 220)  # of a mesh
_SHARP = 2  # pixels of the file for one of the drawing

Point = tuple[float, float]
Colour = tuple[int, int, int]


class Sheet:
    """A white picture; lengths are its pixels, of which the file has twice as many each way."""

    def __init__(self, width: int, height: int) -> None:
        self._image = Image.new("RGB", (width * _SHARP, height * _SHARP), PAPER)
        self._pen = ImageDraw.Draw(self._image)

    def save(self, path: Path) -> None:
        self._image.quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(path, "PNG", optimize=True)

    def text(self, at: Point, words: str, size: float = 13, colour: Colour = INK, anchor: str = "la") -> None:
        """Write lines; `anchor` as in Pillow: la for the top left, ma for the top middle, mm for the middle."""
        for number, line in enumerate(words.split("\n")):
            self._pen.text(
                _sharp((at[0], at[1] + 1.35 * size * number)),
                line,
                colour,
                ImageFont.load_default(size * _SHARP),
                anchor,
            )

    def box(
        self, at: Point, size: Point, fill: Colour | None = None, edge: Colour | None = LINE, width: int = 1
    ) -> None:
        corner = (at[0] + size[0], at[1] + size[1])
        self._pen.rectangle([*_sharp(at), *_sharp(corner)], fill, edge, width * _SHARP if edge else 0)

    def line(self, points: Sequence[Point], colour: Colour = MUTED, width: float = 1.5) -> None:
        self._pen.line([_sharp(point) for point in points], colour, round(width * _SHARP), joint="curve")

    def arrow(self, start: Point, end: Point, colour: Colour = MUTED) -> None:
        along = np.subtract(end, start) / np.hypot(*np.subtract(end, start))
        across = np.array([-along[1], along[0]])
        foot = np.array(end) - 8 * along
        self.line([start, (foot[0], foot[1])], colour)
        corners = [end, tuple(foot + 4 * across), tuple(foot - 4 * across)]
        self._pen.polygon([_sharp(corner) for corner in corners], colour)

    def image(self, at: Point, greys: NDArray[np.uint8], side: float, edge: Colour | None = LINE) -> None:
        """Draw an image, (rows, columns) or (rows, columns, 3), so wide, its pixels as squares."""
        height = side * greys.shape[0] / greys.shape[1]
        picture = Image.fromarray(greys).resize(
            (round(side * _SHARP), round(height * _SHARP)), Image.Resampling.NEAREST
        )
        self._image.paste(picture, (round(at[0] * _SHARP), round(at[1] * _SHARP)))
        if edge:
            self.box(at, (side, height), None, edge)

    def cells(
        self,
        at: Point,
        numbers: NDArray[np.generic],
        side: float,
        shades: NDArray[np.uint8],
        form: str = "{:.0f}",
        size: float = 9,
    ) -> None:
        """Draw numbers in squares of these greys."""
        for (row, column), number in np.ndenumerate(numbers):
            grey = int(shades[row, column])
            corner = (at[0] + side * column, at[1] + side * row)
            self.box(corner, (side, side), (grey, grey, grey))
            ink = PAPER if grey < 140 else INK
            self.text((corner[0] + side / 2, corner[1] + side / 2), form.format(number), size, ink, "mm")

    def curve(self, at: Point, size: Point, values: NDArray[np.float64], top: float, colour: Colour) -> None:
        """Draw values over their place, 0 at the bottom of a box and `top` at its top."""
        x = np.linspace(at[0], at[0] + size[0], len(values))
        y = at[1] + size[1] * (1 - np.clip(values / top, 0, 1))
        self.line(list(zip(x.tolist(), y.tolist(), strict=True)), colour, 2)

    def mesh(self, at: Point, mesh: Mesh, scale: float) -> None:
        """Draw a mesh from the south, from above, its origin at `at`: far faces first, lit from the left."""
        corners = mesh.vertices[mesh.faces]  # (F, 4, 3)
        normals = np.cross(corners[:, 2] - corners[:, 0], corners[:, 3] - corners[:, 1])
        normals /= np.linalg.norm(normals, axis=1, keepdims=True) + 1e-12
        turned = np.array([[0.93, 0.36, 0], [-0.21, 0.55, 0.81], [0.29, -0.75, 0.59]])  # right, up, to the eye
        seen = corners @ turned.T
        light = np.clip(normals @ np.array([-0.45, -0.2, 0.87]), 0, 1)
        for face in np.argsort(seen[..., 2].mean(1)):
            white = mesh.colors[mesh.faces[face]].mean() / 255
            colour = (1 - white) * np.array(LOW) + white * np.array(HIGH)
            fill = tuple(min(255, int(part * (0.5 + 0.55 * light[face]))) for part in colour)
            outline = [_sharp((at[0] + scale * x, at[1] - scale * y)) for x, y in seen[face, :, :2]]
            self._pen.polygon(outline, fill, fill)


def _sharp(point: Point) -> Point:
    return (point[0] * _SHARP, point[1] * _SHARP)


def greys(values: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Return numbers as greys: the smallest black, the largest white."""
    low, high = values.min(), values.max()
    return np.round((values - low) * (255 / ((high - low) or 1))).astype(np.uint8)


def signed(values: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Return numbers as colours, (rows, columns, 3): blue above 0, orange below, white at 0."""
    share = np.clip(values / (np.abs(values).max() or 1), -1, 1)[..., None]
    ends = np.where(share > 0, np.array(BLUE), np.array(ORANGE))
    return np.round(255 + (ends - 255) * np.abs(share)).astype(np.uint8)


def mean_so_far(values: NDArray[np.float64], keep: float = 0.97) -> NDArray[np.float64]:
    """Return the running mean, without the lean to zero at its beginning."""
    total, weight, means = 0.0, 0.0, []
    for value in values:
        total, weight = keep * total + (1 - keep) * value, keep * weight + (1 - keep)
        means.append(total / weight)
    return np.array(means)
