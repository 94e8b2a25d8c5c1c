"""A drawing made an image as those that a model knows: its ink as large as theirs, and in the same place.

From pixels of any size, a picture file, or curves drawn with a round pen. For a model of MNIST's digits that is white
ink on black, 20 pixels large, its centre of mass in the middle (LeCun et al. 1998, section III.A).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from ganmnist.data.ink import is_dust
from ganmnist.data.picture import read_grey
from ganmnist.data.strokes import find_strokes
from ganmnist.errors import SettingError
from ganmnist.generation.placement import MNIST, Placement, Span

MAX_POINTS = 20_000  # of all curves together
_SIDE = 28
_FAINTEST = 16  # greys that ink must stand out from paper by
_COARSE = 64  # pixels of the longer side: in larger images ...
_HALO = 0.05  # ... what has less of the strongest ink is a photo's noise beside it, and would make the ink look larger
_FINE = 16  # pixels drawn for one that is read
_PEN = 1 / 8  # a stroke's width as a share of the drawing's longer side, as people wrote for MNIST

Curves = Sequence[Sequence[tuple[float, float]]]


def read_drawing(source: Path | BinaryIO, name: str | None = None, placement: Placement = MNIST) -> NDArray[np.uint8]:
    """Read a picture file of a drawing, light on dark, dark on light or on nothing: uint8 (28, 28).

    Args:
        source: A file on disk or in memory.
        name: What to call it where something is wrong; its path unless given.
        placement: Where the model has its ink: what `Sampler.placement` says.

    Raises:
        DataError: Damaged, no picture or too large.
        SettingError: Nothing is drawn in it.
    """
    return fit(read_grey(source, name), name or str(source), placement)


class Fitted(NamedTuple):
    """A drawing as a model takes it, uint8 (28, 28), and why it may not be what was drawn: a sentence, or nothing."""

    image: NDArray[np.uint8]
    doubt: str = ""


def fit(pixels: NDArray[np.uint8], name: str = "image", placement: Placement = MNIST) -> NDArray[np.uint8]:
    """Fit the ink of an image as `fit_with_doubt` does, and leave the doubt out."""
    return fit_with_doubt(pixels, name, placement).image


def fit_with_doubt(pixels: NDArray[np.uint8], name: str = "image", placement: Placement = MNIST) -> Fitted:
    """Fit the ink of an image where a model has its own, keeping its ratio.

    That is 20 x 20 pixels with the centre of mass in the middle of 28 x 28, as MNIST's digits are, unless another place
    is given. A drawing that lies in its picture as most of the model's do in theirs keeps its size and its place.

    Paper is what the border shows, however it is lit; ink is what differs from it, darker or lighter.

    Args:
        pixels: uint8 (rows, columns), row 0 at the top.
        name: What to call it where something is wrong.
        placement: Where the model has its ink.

    Returns:
        The image, its strongest ink white; black where the model's is dark, on white.

    Raises:
        SettingError: Nothing stands out from the paper.
    """
    found, doubt = find_strokes(pixels)
    if found is None or found.strength.max() < _FAINTEST or is_dust(found.strength):
        raise SettingError(f"{name}: nothing is drawn: make light strokes on dark, or dark ones on light")
    ink = found.strength.astype(np.float32)
    if max(ink.shape) > _COARSE:
        ink[ink < _HALO * ink.max()] = 0
    rows, columns = np.flatnonzero(ink.any(1)), np.flatnonzero(ink.any(0))
    target = _target(ink, (int(rows[0]), int(rows[-1]) + 1), (int(columns[0]), int(columns[-1]) + 1), placement)
    ink = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] * (255 / ink.max())
    share = target.side.usual / max(ink.shape)
    height, width = (max(round(side * share), 1) for side in ink.shape)
    small = np.asarray(Image.fromarray(ink).resize((width, height), Image.Resampling.HAMMING)).clip(0, 255)
    middles = target.row.usual, target.column.usual
    top, left = (_start(small.sum(axis), middle, target.by_mass) for axis, middle in zip((1, 0), middles, strict=True))
    image = np.zeros((_SIDE, _SIDE), np.uint8)
    image[top : top + height, left : left + width] = np.rint(small)
    return Fitted(255 - image if placement.on_light else image, doubt)


def draw(
    curves: Curves, pen: float | None = None, size: float | None = None, placement: Placement = MNIST
) -> NDArray[np.uint8]:
    """Draw curves with a round pen and read what is drawn.

    Args:
        curves: Polylines, their points (x, y), y upwards. One of a single point is a dot.
        pen: Width of the strokes, in the units of the points; an eighth of the drawing's longer side unless given.
        size: Side of the frame that is the image, its lower left corner at (0, 0): the drawing keeps its place and its
            size in it. Unless given, it is fitted as `fit` does, wherever it lies.
        placement: Where the model has its ink.

    Returns:
        uint8 (28, 28), row 0 at the top.

    Raises:
        SettingError: No points, too many, or nothing of them is in the frame.
    """
    points = [np.array(curve, np.float64).reshape(-1, 2) for curve in curves if len(curve)]
    count = sum(map(len, points))
    if not count:
        raise SettingError("curves: nothing is drawn: there are no points")
    if count > MAX_POINTS:
        raise SettingError(f"curves: have {count:,} points, at most {MAX_POINTS:,}: take coarser polylines")
    low = np.concatenate(points).min(0)
    extent = float((np.concatenate(points).max(0) - low).max())
    if pen is None and not extent and size is None:
        raise SettingError("curves: all points are the same one: draw more, or say how wide the pen is")
    stroke = pen or extent * _PEN or (size or 0) * _PEN
    if size is None:
        side, corner = extent + 2 * stroke, low - stroke
    else:
        side, corner = size, np.zeros(2)
    ink = _strokes([(curve - corner) / side for curve in points], stroke / side)
    if size is None:
        return fit(ink, "curves", placement)
    image = np.asarray(Image.fromarray(ink).resize((_SIDE, _SIDE), Image.Resampling.BOX))
    if image.max() < _FAINTEST:
        raise SettingError("curves: nothing is drawn in the frame: move it there, or leave size empty")
    return image


def _strokes(curves: list[NDArray[np.float64]], pen: float) -> NDArray[np.uint8]:
    """Draw curves in the square from (0, 0) to (1, 1), y upwards: uint8 (448, 448)."""
    side = _SIDE * _FINE
    sheet = Image.new("L", (side, side))
    brush = ImageDraw.Draw(sheet)
    width = min(max(pen * side, 1.0), 2.0 * side)
    for curve in curves:
        # Far outside nothing is seen, and Pillow's numbers are short.
        placed = (np.array([0, 1]) + curve * [1, -1]).clip(-9, 9) * side
        corners = [(float(x), float(y)) for x, y in placed]
        for one, other in pairwise(corners):
            brush.line([one, other], 255, round(width))
        for x, y in corners:  # round joints and ends
            brush.ellipse([x - width / 2, y - width / 2, x + width / 2, y + width / 2], 255)
    return np.asarray(sheet)


def _target(
    ink: NDArray[np.float32], rows: tuple[int, int], columns: tuple[int, int], placement: Placement
) -> Placement:
    """Return where ink is to come to: as it lies in its picture if it lies as most of the model's, else as is usual.

    Args:
        ink: The whole picture, (rows, columns).
        rows, columns: The first of the ink, and the one after the last.
    """
    if placement == MNIST:
        return placement
    share = _SIDE / max(ink.shape)
    margins = [(_SIDE - share * length) / 2 for length in ink.shape]  # of a square around it
    side = share * max(rows[1] - rows[0], columns[1] - columns[0])
    if placement.by_mass:
        masses = ink.sum(1), ink.sum(0)
        middles = [share * (float(mass @ np.arange(len(mass)) / mass.sum()) + 0.5) - 0.5 for mass in masses]
    else:
        middles = [share * (first + last) / 2 for first, last in (rows, columns)]
    row, column = (margin + middle for margin, middle in zip(margins, middles, strict=True))
    if placement.side.holds(side) and placement.row.holds(row) and placement.column.holds(column):
        return placement._replace(
            side=Span(side, side, side), row=Span(row, row, row), column=Span(column, column, column)
        )
    return placement


def _start(mass: NDArray[np.float32], middle: float, by_mass: bool) -> int:
    """Return the first row or column of ink whose middle comes to a place.

    Within the image always: ink of 20 pixels whose centre of mass lies at its very edge would leave it by 6.
    """
    length = len(mass)
    centre = float(mass @ np.arange(length) / mass.sum()) if by_mass else length / 2
    return min(max(round(middle - centre), 0), _SIDE - length)
