"""The lines of a diagram in a plane: curves over steps, and axes whose ticks have labels."""

import math

import Rhino
import System

from ghpython_components.shared.geometry import to_plane
from ghpython_components.shared.text import decimal


class Chart(object):
    """A diagram whose lower left corner is a plane's origin, that of the XY plane unless given.

    Attributes:
        lines: Axes and ticks, as curves.
        places: Where the labels stand, as points.
        labels: Their texts.
    """

    def __init__(self, plane, width, height):
        frame = to_plane(plane) or {"origin": (0.0, 0.0, 0.0), "xaxis": (1.0, 0.0, 0.0), "yaxis": (0.0, 1.0, 0.0)}
        self.axes = frame["origin"], frame["xaxis"], frame["yaxis"]
        self.width = width
        self.height = height
        self.lines, self.places, self.labels = [], [], []

    def curve(self, xs, ys, across, up):
        """Return the curve through points of two scales, or None where there are under two."""
        points = [(across.place(x) * self.width, up.place(y) * self.height) for x, y in zip(xs, ys)]
        return self._line(points) if len(points) > 1 else None

    def bottom(self, scale, title):
        """Draw an axis along the bottom, its title in the label of its last tick."""
        self.lines.append(self._line([(0.0, 0.0), (self.width, 0.0)]))
        for tick in scale.ticks:
            self._tick(scale.place(tick) * self.width, 0.0, 0.0, -1.0, scale.label(tick, title))

    def side(self, scale, title, right=False):
        """Draw an axis up the left side or the right one."""
        x, out = (self.width, 1.0) if right else (0.0, -1.0)
        self.lines.append(self._line([(x, 0.0), (x, self.height)]))
        for tick in scale.ticks:
            self._tick(x, scale.place(tick) * self.height, out, 0.0, scale.label(tick, title))

    def _tick(self, x, y, right, up, label):
        size = min(self.width, self.height) / 50.0
        self.lines.append(self._line([(x, y), (x + right * size, y + up * size)]))
        self.places.append(self._point(x + 3 * right * size, y + 3 * up * size))
        self.labels.append(label)

    def _line(self, points):
        return Rhino.Geometry.PolylineCurve(System.Array[Rhino.Geometry.Point3d]([self._point(*xy) for xy in points]))

    def _point(self, x, y):
        origin, xaxis, yaxis = self.axes
        return Rhino.Geometry.Point3d(*[o + x * u + y * v for o, u, v in zip(origin, xaxis, yaxis)])


class Scale(object):
    """A scale from one round number to another, with a tick at 1, 2 or 5 times a power of ten.

    Attributes:
        ticks: Numbers that have a tick, rising.
    """

    def __init__(self, numbers, most=6):
        low, high = min(numbers), max(numbers)
        span = (high - low) or abs(high) or 1.0
        power = 10.0 ** _floor(math.log10(span / most))
        self.step = next(times * power for times in (1, 2, 5, 10) if times * power * most >= span * (1 - 1e-9))
        first, last = _floor(low / self.step + 1e-9), -_floor(1e-9 - high / self.step)
        last = max(last, first + 1)
        self.low, self.high = first * self.step, last * self.step
        self.ticks = [number * self.step for number in range(first, last + 1)]

    def place(self, number):
        """Return where a number lies on the scale, 0 to 1."""
        return (number - self.low) / (self.high - self.low)

    def label(self, tick, title):
        """Return the text of a tick; the last one says what is measured."""
        digits = max(0, -_floor(math.log10(self.step) + 1e-9))
        text = decimal(tick, digits)
        return "{0} {1}".format(text, title) if tick == self.ticks[-1] else text


def _floor(number):
    return int(number // 1)  # in Python 2 math.floor gives a float
