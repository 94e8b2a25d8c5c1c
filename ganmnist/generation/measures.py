"""What can be measured of a digit's style: its slant, its strokes' thickness, its width and its size."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Measures = dict[str, NDArray[np.float64]]
_FAINT, _INK = 0.15, 0.4  # shares of white: below the one is no stroke at all, above the other is its inside


def measure(images: NDArray[np.uint8]) -> Measures:
    """Measure images, uint8 (N, rows, columns), from their moments.

    Returns:
        Per name one number each, float64 (N,): `slant` (to the right, as a share of the height), `thickness` (of the
        strokes, pixels), `width` (beside the height) and `size` (pixels from the middle, on the average).
    """
    white = images / 255.0
    white[white < _FAINT] = 0.0
    mass = white.sum((1, 2)) + 1e-9
    rows, columns = np.indices(images.shape[1:])
    right = columns - ((white * columns).sum((1, 2)) / mass)[:, None, None]
    down = rows - ((white * rows).sum((1, 2)) / mass)[:, None, None]
    across, along, mixed = (
        (white * product).sum((1, 2)) / mass for product in (right * right, down * down, right * down)
    )
    ink = np.pad(white > _INK, ((0, 0), (1, 1), (1, 1)))
    border = sum(np.abs(np.diff(ink.astype(np.int8), axis=axis)).sum((1, 2)) for axis in (1, 2))
    return {
        "slant": -mixed / (along + 1e-9),
        "thickness": 2.0 * ink.sum((1, 2)) / (border + 1e-9),
        "width": np.sqrt(across / (along + 1e-9)),
        "size": np.sqrt(across + along),
    }
