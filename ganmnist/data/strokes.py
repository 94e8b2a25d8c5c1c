"""The strokes of a drawing in a photo, whatever else is in it: a shadow's edge, ruled lines, a desk under the paper.

A data set may show things of any shape, so there ink is only told from paper. A drawing is of strokes, which are thin.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ganmnist.data.ink import Ink, cut_out, find_ink, grown, high, neighbours, shrunk

_Floats = NDArray[np.float32]
_Mask = NDArray[np.bool_]
_SIDE = 96  # pixels of the longer side at which a photo is looked at
_WIDE = 25  # and that no stroke of a drawing is as wide as
_FAINTEST = 16  # greys that strokes stand out by
_CROSSED = 0.03  # share of the border that strokes do not cross
_STEP = 20  # greys that the border goes up or down by at a line, within two pixels
_STRONGER = 1.25  # times as strong as what crosses the border are strokes that are told from it
_SHARPER, _BELOW = 1.8, 0.6  # times as strong as that may lines be, and as strokes are
_KEPT = 0.8  # times as much as that is enough where it does not hang together with the border
_SHEET = 40  # greys that paper is lighter than a desk by
_LEAST = 0.2  # share of the picture that a sheet takes
_FULL, _SQUARE = 0.7, 0.85  # shares: of a sheet that is paper, and of the rectangle around it that it takes
_CUT = 0.25  # share of the border that a sheet may reach: what reaches more of it is the light beside a shadow
_TURNS = np.deg2rad(np.arange(0, 90, 5))
_DOUBT = (
    "More than the drawing is in the picture: a shadow, lines on the paper or the desk around it reach its edge. "
    "Photograph it on plain paper in even light, and cut the picture to the paper."
)


class Strokes(NamedTuple):
    """What is drawn, None if nothing can be told from paper; and why it may not be that, a sentence or nothing."""

    ink: Ink | None
    doubt: str = ""


def find_strokes(grey: NDArray[np.uint8], at_most: int = 1024) -> Strokes:
    """Find the strokes of a drawing in a photo: uint8 (rows, columns), of which at most so many come back."""
    plain = find_ink(grey, at_most)
    if plain is not None and plain.pure:
        return Strokes(plain)
    is_ruled = _is_ruled(grey)
    if not (is_ruled or _is_crowded(plain)):
        return Strokes(plain)
    picture = shrunk(Image.fromarray(grey), at_most)
    grey = np.asarray(picture)
    sheet = _sheet(grey)
    if sheet is not None:
        plain = find_ink(sheet, at_most)
        if not _is_crowded(plain):
            return Strokes(plain)
        grey, is_ruled = sheet, _is_ruled(sheet)
    found = _thin(grey, is_ruled)
    if found is not None:
        return Strokes(found, _DOUBT if _crosses(found.strength, 40) else "")
    return Strokes(plain, _DOUBT)


def _is_crowded(found: Ink | None) -> bool:
    """Tell whether there may be more than strokes on paper: what reaches the border, or a large light thing."""
    if found is None or found.mixed:
        return True
    if not found.strength.any():
        return False
    return _crosses(found.strength, 8) or (not found.dark and _is_large(found.strength))


def _is_ruled(grey: NDArray[np.uint8]) -> bool:
    """Tell whether the border goes up and down, as where lines reach it. Pure paper does not."""
    edges = np.asarray(shrunk(Image.fromarray(grey), _SIDE), np.float32)
    ends = edges[:2].mean(0), edges[-2:].mean(0), edges[:, :2].mean(1), edges[:, -2:].mean(1)
    steps = np.concatenate([end[2:] - end[:-2] for end in ends])
    return bool((np.abs(steps) > _STEP).mean() > _CROSSED)


def _crosses(strength: NDArray[np.uint8], level: int) -> bool:
    small = np.asarray(shrunk(Image.fromarray(strength), _SIDE))
    return bool((_border(small) > level).mean() > _CROSSED)


def _is_large(strength: NDArray[np.uint8]) -> bool:
    return bool((strength[:: 1 + len(strength) // 200] > 127).mean() > _LEAST * _FULL)


def _thin(grey: NDArray[np.uint8], is_ruled: bool) -> Ink | None:
    """Return what is thinner than strokes may be, and stronger than what thin things cross the border.

    The paper is what is left when all that is thin is filled up (a closing, or an opening for light strokes: Serra
    1982): the edge of a shadow stays in it.
    """
    small = np.asarray(shrunk(Image.fromarray(grey), _SIDE), np.float32)
    sides = [_filled(small) - small, small + _filled(-small)]
    sides = [side - np.median(side) for side in sides]  # noise lifts the paper
    found = [_inner(side, is_ruled) for side in sides]
    # What is between dark strokes is thin and light, but lies within them.
    weights = [float(side[mask].sum()) for side, (mask, _) in zip(sides, found, strict=True)]
    is_light = _extent(found[1][0]) > 1.1 * _extent(found[0][0]) and weights[1] > weights[0]
    mask, least = found[is_light]
    if not mask.any():
        return None
    paper = small - sides[1] if is_light else small + sides[0]
    strength = cut_out(grey, paper, grown(mask, 1), is_light, least)
    return Ink(strength, not is_light) if strength.any() else None


def _inner(side: _Floats, is_ruled: bool) -> tuple[_Mask, float]:
    """Return which thin things are strokes, and the greys that they stand out by at least.

    They are what does not hang together with the border; or, where lines cross them, what is stronger than those.
    """
    crossing = float(np.quantile(_border(side), 1 - _CROSSED / 2))
    strong = _together(side > max(_FAINTEST, _STRONGER * crossing))
    apart = _together(side > _FAINTEST)
    apart &= ~_reached(apart)
    if not is_ruled and np.count_nonzero(apart) >= _KEPT * np.count_nonzero(strong):
        return apart, 0
    # A line is thinner than a pixel here, and stands out more where it is seen sharply.
    return strong, min(_SHARPER * crossing, _BELOW * high(side[strong])) if strong.any() else 0


def _together(mask: _Mask) -> _Mask:
    return mask & (neighbours(mask) >= 2)


def _reached(mask: _Mask) -> _Mask:
    """Return what of a mask hangs together with the border."""
    reached = mask.copy()
    reached[1:-1, 1:-1] = False
    count = 0
    while (now := int(np.count_nonzero(reached))) > count:
        count = now
        reached = grown(reached, 2) & mask
    return reached


def _border(values: NDArray[Any]) -> NDArray[Any]:
    return np.concatenate([values[0], values[-1], values[:, 0], values[:, -1]])


def _extent(mask: _Mask) -> int:
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return int((np.ptp(rows) + 1) * (np.ptp(columns) + 1)) if len(rows) else 0


def _filled(values: _Floats) -> _Floats:
    """Fill up all that is lower than what is around it and thin."""
    return -_highest(-_highest(values))


def _highest(values: _Floats) -> _Floats:
    """Return the highest value in the square around each, in steps that double."""
    for axis in (0, 1):
        half = _WIDE // 2
        wide = np.pad(values, [(half, half) if each == axis else (0, 0) for each in (0, 1)], constant_values=-1e9)
        wide = np.moveaxis(wide, axis, 0)
        reach = 1
        while reach < _WIDE:
            step = min(reach, _WIDE - reach)
            wide = np.maximum(wide[:-step], wide[step:])
            reach += step
        values = np.moveaxis(wide, 0, axis)
    return values


def _sheet(grey: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
    """Cut a light sheet out of the dark desk that it lies on, and go on with its paper around it. None without one."""
    small = np.asarray(shrunk(Image.fromarray(grey), _SIDE), np.float32)
    desk = float(np.median(_border(small)))
    light = high(small.ravel())
    if light - desk < _SHEET:
        return None
    paper = small > (light + desk) / 2
    paper &= neighbours(paper) >= 4
    columns = np.arange(small.shape[1])
    some = paper.max(1)
    first, last = paper.argmax(1), small.shape[1] - 1 - paper[:, ::-1].argmax(1)
    whole = some[:, None] & (columns >= first[:, None]) & (columns <= last[:, None])
    area = np.count_nonzero(whole)
    if area < _LEAST * small.size or np.count_nonzero(paper) < _FULL * area:
        return None
    if _border(paper).mean() > _CUT:
        return None
    y, x = np.nonzero(whole)
    across = np.outer(np.cos(_TURNS), x) + np.outer(np.sin(_TURNS), y)
    along = np.outer(np.cos(_TURNS), y) - np.outer(np.sin(_TURNS), x)
    if area < _SQUARE * float(((np.ptp(across, 1) + 1) * (np.ptp(along, 1) + 1)).min()):
        return None
    inner = ~grown(~whole, 2)
    if not inner.any() or not (inner & ~paper).any():
        return None
    known = paper & inner
    terms = np.stack([np.ones_like(small), *np.indices(small.shape, np.float32)], -1)
    plane = np.linalg.lstsq(terms[known], small[known], rcond=None)[0]
    lit = Image.fromarray((terms @ plane).clip(1, 254).astype(np.uint8))
    size = grey.shape[1], grey.shape[0]
    around = np.asarray(lit.resize(size, Image.Resampling.BILINEAR))
    keep = np.asarray(Image.fromarray(inner).resize(size, Image.Resampling.NEAREST))
    rows, columns = np.flatnonzero(keep.any(1)), np.flatnonzero(keep.any(0))
    box = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    return np.where(keep, grey, around)[box]
