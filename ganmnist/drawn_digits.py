"""Digits drawn with a round pen, for when MNIST cannot be had. They are not MNIST, and say so by their name."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

Points = NDArray[np.float64]
NAME = "drawn-digits"
_TRAIN, _TEST = 6000, 1000
_FINE = 4  # drawn four times as large, then averaged

# Strokes in a unit square, y downwards: what a pen goes through. "curve" is smoothed, "line" is not.
_STROKES: dict[int, list[tuple[str, list[tuple[float, float]]]]] = {
    0: [("curve", [(0.5, 0.1), (0.27, 0.22), (0.22, 0.5), (0.27, 0.78), (0.5, 0.9), (0.73, 0.78), (0.78, 0.5), (0.73, 0.22), (0.5, 0.1)])],
    1: [("line", [(0.36, 0.26), (0.54, 0.1), (0.54, 0.9)])],
    2: [("curve", [(0.25, 0.28), (0.36, 0.12), (0.6, 0.1), (0.75, 0.27), (0.67, 0.46), (0.45, 0.66), (0.22, 0.9)]), ("line", [(0.22, 0.9), (0.8, 0.88)])],
    3: [("curve", [(0.25, 0.19), (0.46, 0.09), (0.7, 0.18), (0.69, 0.37), (0.42, 0.47)]), ("curve", [(0.42, 0.47), (0.72, 0.53), (0.76, 0.77), (0.52, 0.9), (0.22, 0.81)])],
    4: [("line", [(0.58, 0.1), (0.2, 0.62), (0.82, 0.62)]), ("line", [(0.63, 0.36), (0.61, 0.92)])],
    5: [("line", [(0.75, 0.1), (0.34, 0.1), (0.29, 0.45)]), ("curve", [(0.29, 0.45), (0.55, 0.39), (0.75, 0.57), (0.69, 0.82), (0.46, 0.91), (0.22, 0.82)])],
    6: [("curve", [(0.66, 0.1), (0.41, 0.26), (0.27, 0.55), (0.31, 0.81), (0.51, 0.91), (0.71, 0.8), (0.71, 0.6), (0.52, 0.51), (0.31, 0.65)])],
    7: [("line", [(0.2, 0.13), (0.78, 0.12), (0.42, 0.9)])],
    8: [("curve", [(0.5, 0.48), (0.29, 0.31), (0.34, 0.14), (0.5, 0.09), (0.67, 0.14), (0.71, 0.31), (0.5, 0.48), (0.26, 0.68), (0.32, 0.87), (0.5, 0.92), (0.69, 0.87), (0.75, 0.68), (0.5, 0.48)])],
    9: [("curve", [(0.34, 0.9), (0.59, 0.74), (0.73, 0.45), (0.69, 0.19), (0.49, 0.09), (0.29, 0.2), (0.29, 0.4), (0.48, 0.49), (0.69, 0.35)])],
}  # fmt: skip


def draw(on_progress: Callable[[float, str], object]) -> tuple[NDArray[np.uint8], ...]:
    """Draw the set, the same on every machine.

    Returns:
        Training images uint8 (6000, 28, 28), their labels, test images (1000, 28, 28), their labels.
    """
    chance = np.random.default_rng(28)
    labels = chance.integers(0, 10, _TRAIN + _TEST, dtype=np.uint8)
    images = np.empty((len(labels), 28, 28), np.uint8)
    for place, label in enumerate(labels):
        images[place] = draw_digit(int(label), chance)
        if place % 500 == 0:
            on_progress(100 * place / len(labels), "drawing digits (not MNIST)")
    return images[:_TRAIN], labels[:_TRAIN], images[_TRAIN:], labels[_TRAIN:]


def draw_digit(digit: int, chance: np.random.Generator) -> NDArray[np.uint8]:
    """Draw one digit with a slant, size, turn, width and shakiness of its own: uint8 (28, 28), white on black."""
    turn, slant = chance.normal(0, 0.08), chance.normal(0.12, 0.12)
    size = np.array([chance.uniform(15, 21), chance.uniform(18, 22)]) * _FINE
    shape = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]) @ np.array([[1, -slant], [0, 1]])
    middle = (14 + chance.normal(0, 0.6, 2)) * _FINE
    width = chance.uniform(1.9, 3.6) * _FINE

    canvas = Image.new("L", (28 * _FINE, 28 * _FINE))
    pen = ImageDraw.Draw(canvas)
    for kind, points in _STROKES[digit]:
        path = np.array(points) - 0.5 + chance.normal(0, 0.018, (len(points), 2))
        path = (_smooth(path) if kind == "curve" else path) * size @ shape.T + middle
        pen.line([(x, y) for x, y in path.tolist()], fill=255, width=round(width), joint="curve")
        for x, y in (path[0], path[-1]):  # round ends
            pen.ellipse([x - width / 2, y - width / 2, x + width / 2, y + width / 2], fill=255)
    return np.asarray(canvas.reduce(_FINE))


def _smooth(points: Points, pieces: int = 6) -> Points:
    """Run a Catmull-Rom spline (Catmull and Rom 1974, uniform) through the points."""
    before = np.vstack([2 * points[0] - points[1], points[:-1]])[:-1]
    after = np.vstack([points[1:], 2 * points[-1] - points[-2]])[1:]
    start, end = points[:-1], points[1:]
    t = (np.arange(pieces) / pieces)[:, None, None]
    curve = 0.5 * (
        2 * start
        + (end - before) * t
        + (2 * before - 5 * start + 4 * end - after) * t**2
        + (3 * start - before - 3 * end + after) * t**3
    )  # (pieces, segments, 2)
    return np.vstack([curve.swapaxes(0, 1).reshape(-1, 2), points[-1:]])
