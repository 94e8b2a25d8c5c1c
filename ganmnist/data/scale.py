"""Numbers of any range made greys: which of them are black, and which are white."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

BEYOND = 0.25  # of a scale's length: so far bicubic interpolation and rounding lead out of it
_DARK = 128  # the largest number of an image on the scale of bytes is seldom less
_AT_ONCE = 4096  # images whose numbers are changed at a time: floats take four times the memory


class Scale(NamedTuple):
    """Which numbers are black and white."""

    black: float
    white: float


UNIT, SIGNED, BYTES = Scale(0, 1), Scale(-1, 1), Scale(0, 255)


def scale_of(low: float, high: float) -> Scale:
    """Tell the scale of numbers of which these are the lowest and the highest.

    It is one of the usual, from 0 to 1, from -1 to 1 or from 0 to 255, where they lie on it or a little beyond, as
    resizing and rounding leave them; or else what the numbers themselves have.
    """
    if low >= -BEYOND and high <= 1 + BEYOND:
        return UNIT
    if -1 - BEYOND <= low <= -1 + BEYOND and high <= 1 + BEYOND:
        return SIGNED
    most = 255 * (1 + BEYOND) if low < 0 else 255.5  # from 0 to 300 is what a camera has, from -20 to 270 is not
    if low >= -255 * BEYOND and _DARK <= high <= most:
        return BYTES
    return Scale(low, max(high, low + 1e-9)) if low < 0 else Scale(0, high)


def to_greys(arrays: Sequence[NDArray[Any]], remarks: list[str]) -> list[NDArray[np.uint8]]:
    """Return images (N, 28, 28) of finite numbers as greys; those of like numbers, whole or not, on one scale.

    Floats from 0 to 1 are never so together with others that go to 255: each of these is scaled by itself.

    Args:
        arrays: Those of one data set.
        remarks: Told which numbers were taken as black and white, where that is not 0 and 255.
    """
    extents = [(float(each.min()), float(each.max())) if each.size else (0.0, 0.0) for each in arrays]
    groups: dict[tuple[bool, Scale | None], list[int]] = defaultdict(list)
    for place, (each, extent) in enumerate(zip(arrays, extents, strict=True)):
        are_floats, own = each.dtype.kind == "f", scale_of(*extent)
        groups[are_floats, own if are_floats and own in (UNIT, SIGNED) else None].append(place)
    greys = dict.fromkeys(range(len(arrays)), np.empty(0, np.uint8))
    for places in groups.values():
        low, high = min(extents[place][0] for place in places), max(extents[place][1] for place in places)
        scale = scale_of(low, high)
        greys |= {place: _on(scale, arrays[place]) for place in places}
        words = _said(scale, low, high)
        if words and words not in remarks and any(arrays[place].size for place in places):
            remarks.append(words)
    return list(greys.values())


def _on(scale: Scale, numbers: NDArray[Any]) -> NDArray[np.uint8]:
    if numbers.dtype == np.uint8 and scale == BYTES:
        return numbers
    images = np.empty(numbers.shape, np.uint8)
    for start in range(0, len(numbers), _AT_ONCE):
        part = numbers[start : start + _AT_ONCE].astype(np.float32)
        part = (part - scale.black) * (255 / (scale.white - scale.black))
        images[start : start + _AT_ONCE] = np.rint(part).clip(0, 255)
    return images


def _said(scale: Scale, low: float, high: float) -> str:
    is_beyond = low < scale.black or high > scale.white
    if scale == BYTES and not is_beyond:
        return ""
    beyond = f", and those beyond, from {low:g} to {high:g}, as the nearer of these" if is_beyond else ""
    dark = f"no number is above {high:g}: " if scale.black == 0 and 1 < scale.white < _DARK else ""
    return f"{dark}numbers from {scale.black:g} to {scale.white:g} were taken as from black to white{beyond}"
