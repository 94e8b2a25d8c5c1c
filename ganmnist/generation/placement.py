"""Where pictures have their ink: how large it is in their 28 x 28 pixels, and where its middle lies."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_SIDE = 28
_INK = 0.4  # share of a picture's strongest ink that ink has: haze has less, and so has a stroke's soft edge
_WHITE = 200  # greys that the strongest ink of a usual picture has: what a model has first learnt is fainter, and haze
_MOST = 0.1, 0.5, 0.9  # the shares of pictures that have less than what is lowest, usual and highest
_NEAR_SIZE, _NEAR_MIDDLE = 1.5, 1.0  # pixels that a model of MNIST's digits may be away from MNIST's rule by
_SLACK = 0.5  # pixels: where all pictures are alike, another may still be rounded otherwise


class Span(NamedTuple):
    """What most pictures lie between, in pixels."""

    low: float
    usual: float
    high: float

    def holds(self, value: float) -> bool:
        return self.low - _SLACK <= value <= self.high + _SLACK


class Placement(NamedTuple):
    """Where pictures have their ink.

    Attributes:
        side: How long the longer side of its box is.
        row, column: Where its middle lies, from the top and the left edge of the picture on.
        by_mass: Whether that is its centre of mass, as MNIST counts it (pixel 14 is at 14), and not its box's.
        on_light: Whether the ink is dark, on light paper.
    """

    side: Span
    row: Span
    column: Span
    by_mass: bool
    on_light: bool = False


_MIDDLE = Span(14, 14, 14)
MNIST = Placement(Span(20, 20, 20), _MIDDLE, _MIDDLE, True)  # LeCun et al. 1998, section III.A


def measure_placement(images: NDArray[np.uint8]) -> Placement:
    """Measure where pictures have their ink, uint8 (N, 28, 28).

    Returns:
        MNIST's own placement if they are as MNIST's digits are, or if nothing is clearly drawn in them yet.
    """
    border = np.concatenate([images[:, 0], images[:, -1], images[:, :, 0], images[:, :, -1]], 1)
    on_light = bool(np.median(border) > 127)
    lit = (255 - images if on_light else images).astype(np.float32)
    if np.median(lit.max((1, 2))) < _WHITE:
        return MNIST
    lit[lit < _INK * lit.max((1, 2), keepdims=True)] = 0
    lit = lit[lit.any((1, 2))]
    boxes = [_extent(lit.max(axis) > 0) for axis in (2, 1)]  # of rows, then of columns
    side = _span(np.maximum(*(last - first for first, last in boxes)))
    by_box = [_span((first + last) / 2) for first, last in boxes]
    masses = [lit.sum(axis) for axis in (2, 1)]
    by_mass = [_span(mass @ np.arange(_SIDE) / mass.sum(1)) for mass in masses]
    is_by_mass = _spread(by_mass) <= _spread(by_box)
    row, column = by_mass if is_by_mass else by_box
    found = Placement(side, row, column, is_by_mass, on_light)
    return MNIST if _is_mnists(found) else found


def _is_mnists(found: Placement) -> bool:
    near = [abs(found.side.usual - MNIST.side.usual) <= _NEAR_SIZE]
    near += [abs(middle.usual - _MIDDLE.usual) <= _NEAR_MIDDLE for middle in (found.row, found.column)]
    return found.by_mass and not found.on_light and all(near)


def _extent(has_ink: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the first line with ink of each picture, and the one after the last: from (N, lines)."""
    return has_ink.argmax(1), _SIDE - has_ink[:, ::-1].argmax(1)


def _span(values: NDArray[np.float64] | NDArray[np.int64]) -> Span:
    return Span(*(float(value) for value in np.quantile(values, _MOST)))


def _spread(spans: list[Span]) -> float:
    return sum(span.high - span.low for span in spans)
