"""The curve of a wire on the canvas, from an output's grip to an input's, and what it runs behind."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, dist
from typing import NamedTuple

_SHORTEST, _PIECE = 30.0, 6.0  # pixels: reach of a tangent; about the length of a piece that a curve is drawn in


class Box(NamedTuple):
    """A rectangle on the canvas, in pixels; y grows downwards."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def bottom(self) -> float:
        return self.y + self.height

    @property
    def middle(self) -> float:
        return self.y + self.height / 2

    def overlaps(self, other: Box, margin: float = 0.0) -> bool:
        """Whether the two have a point in common, or are nearer than the margin to each other."""
        return (
            self.x - margin < other.right
            and other.x < self.right + margin
            and self.y - margin < other.bottom
            and other.y < self.bottom + margin
        )


Point = tuple[float, float]


def curve(start: Point, end: Point) -> list[Point]:
    """Return points of the cubic Bezier curve that leaves an output level to the right and so reaches an input."""
    reach = max(_SHORTEST, abs(end[0] - start[0]) / 2)
    bend = (start, (start[0] + reach, start[1]), (end[0] - reach, end[1]), end)
    steps = max(6, ceil(dist(start, end) / _PIECE))
    points = []
    for step in range(steps + 1):
        share = step / steps
        weights = ((1 - share) ** 3, 3 * share * (1 - share) ** 2, 3 * share**2 * (1 - share), share**3)
        points.append(
            (
                sum(weight * x for weight, (x, _) in zip(weights, bend, strict=True)),
                sum(weight * y for weight, (_, y) in zip(weights, bend, strict=True)),
            )
        )
    return points


def behind(points: Sequence[Point], box: Box, margin: float) -> bool:
    """Whether a curve runs behind an object, or nearer than the margin to it."""
    return any(box.x - margin < x < box.right + margin and box.y - margin < y < box.bottom + margin for x, y in points)
