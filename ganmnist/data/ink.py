"""Ink told from paper: which of the two is darker, however the paper is lit and however pale the ink is."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_Floats = NDArray[np.float32]
_Mask = NDArray[np.bool_]
_SIDE = 48  # pixels of the longer side at which ink is looked for: noise is averaged away, and it is quick
_PURE = 0.75  # share of the border that is black, or white, to the bit: no camera has seen that
_STRONG = 200  # greys from pure paper that need no stretching
_FAINTEST = 16  # greys that ink stands out by
_NOISE = 3.5  # standard deviations that noise seldom goes beyond
_EVIDENCE = 30  # standard deviations, times the root of its pixels, that ink stands out by: a speck alone is noise
_SHARP = 0.8  # share of its contrast that ink has within two pixels of its edge: what has less is a shadow
_MIXED = 0.6  # of what stands out on one side, so much on the other too: that is a picture of things
_LIGHTS = 8  # places a side at which the light on the paper is measured
_UNEVEN = 6  # greys that paper may differ from the light around it
_EDGE = 0.12  # share of the strongest ink that a pixel of ink and those around it have on the average
_LEAST_NOISE = 0.3  # greys: rounding makes as much


@dataclass(frozen=True)
class Ink:
    """What is drawn on paper.

    Attributes:
        strength: uint8 (rows, columns), 0 where paper is, 255 where ink is strongest. All 0 for blank paper.
        dark: Whether ink is darker than paper.
        mixed: Whether much is lighter than the paper, and much is darker.
        pure: Whether the paper is pure black or white, as no photo's is.
    """

    strength: NDArray[np.uint8]
    dark: bool = False
    mixed: bool = False
    pure: bool = False


def find_ink(grey: NDArray[np.uint8], at_most: int = 1024) -> Ink | None:
    """Tell ink from the paper that the border shows.

    Pure black or white paper is believed as it is, and strong ink on it keeps its greys to the bit, as does all that is
    28 x 28 on black. Otherwise the light on the paper is measured and taken away, and what is left is stretched.

    Args:
        grey: uint8 (rows, columns).
        at_most: Pixels of the longer side: what lies on uneven paper comes back no larger.

    Returns:
        What is drawn; None if this is no picture of ink on paper.
    """
    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    paper = int(np.partition(border, len(border) // 2)[len(border) // 2])
    if paper in (0, 255) and np.count_nonzero(border == paper) >= _PURE * len(border):
        return _on_pure_paper(grey, paper)
    return _on_lit_paper(np.asarray(shrunk(Image.fromarray(grey), at_most)))


def is_dust(strength: NDArray[np.uint8]) -> bool:
    """Tell whether what is drawn is single pixels here and there, as noise makes them."""
    ink = strength > strength.max() / 2
    return bool(2 * np.count_nonzero(ink & (neighbours(ink) > 0)) < np.count_nonzero(ink))


def shrunk(picture: Image.Image, side: int) -> Image.Image:
    """Return a picture whose longer side is at most so long: each of its pixels is the mean of a square."""
    return picture.reduce(-(-max(picture.size) // side)) if max(picture.size) > side else picture


def _on_pure_paper(grey: NDArray[np.uint8], paper: int) -> Ink:
    strength = 255 - grey if paper else grey
    if strength.max() < _STRONG and (paper or strength.shape != (28, 28)):
        strength = _stretched(strength.astype(np.float32), 0)
    return Ink(strength, bool(paper), pure=True)


def _on_lit_paper(grey: NDArray[np.uint8]) -> Ink | None:
    small = np.asarray(shrunk(Image.fromarray(grey), _SIDE), np.float32)
    paper, noise = _light(small)
    sides = paper - small, small - paper
    inks = [_standing_out(side, noise) for side in sides]
    weights = [
        float(side[ink].sum()) if _is_sure(side, ink, noise) and _has_edges(small, side, ink) else 0.0
        for side, ink in zip(sides, inks, strict=True)
    ]
    if not any(weights):
        is_blank = noise <= _FAINTEST / 4 and np.quantile(np.abs(sides[0]), 0.99) <= _FAINTEST
        return Ink(np.zeros_like(grey)) if is_blank else None
    is_light = weights[1] > weights[0]
    strength = cut_out(grey, paper, grown(inks[is_light], 2), is_light)
    return Ink(strength, not is_light, min(weights) > _MIXED * max(weights))


def cut_out(
    grey: NDArray[np.uint8], paper: _Floats, near: _Mask, is_light: bool, least: float = 0
) -> NDArray[np.uint8]:
    """Cut ink out of its paper, and stretch it.

    Args:
        grey: uint8 (rows, columns).
        paper: How light the paper is, coarser than `grey`.
        near: Where ink is, and close to it, as coarse.
        is_light: Whether ink is lighter than paper.
        least: Greys that stand out less are no ink, but for the edge of what is.

    Returns:
        uint8 (rows, columns), 0 where paper is.
    """
    size = grey.shape[1], grey.shape[0]
    lit = resized(paper, size, Image.Resampling.BICUBIC)
    strength = grey - lit if is_light else lit - grey
    beside = ~np.asarray(Image.fromarray(near).resize(size, Image.Resampling.NEAREST))
    rough = _deviation(strength[beside])
    strength[beside | (strength <= 2.5 * rough)] = 0
    top = float(strength.max())
    if top > 0:
        # Alone a pixel of noise may stand out; what is ink stands out together with those around it.
        bounds = 1.5 * rough, _EDGE * top, least
        around = _threes(np.pad(strength, 1))
        strength[~grown(around > 9 * max(bounds), 1)] = 0
    return _stretched(strength, 2 * rough)


def _light(small: _Floats) -> tuple[_Floats, float]:
    """Return how light the paper is everywhere, and the deviation of its noise.

    A plane through the border, then a surface of second degree through all that agrees with it, then mended place by
    place.
    """
    sheet = _sheet(small.shape)
    border, flat = small[sheet.edge], sheet.terms[sheet.edge][:, :3]
    plane = np.array([np.median(border), 0, 0], np.float32)
    for _ in range(3):  # what is far from the plane, ink at the border, counts for little
        away = border - flat @ plane
        far = away / np.float32(max(2 * _deviation(away), 1))
        plane = _solve(flat, border, np.reciprocal(1 + far * far))
    noise = max(_deviation(border - flat @ plane), 0.5)
    paper = sheet.terms[..., :3] @ plane
    for _ in range(2):
        agrees = np.abs(small - paper) <= 3 * noise
        paper = sheet.terms @ _solve(sheet.terms[agrees], small[agrees])
        noise = max(_deviation((small - paper)[agrees]), _LEAST_NOISE)
    for _ in range(3):
        away = small - paper
        agrees = np.abs(away) <= max(_NOISE * noise, _UNEVEN)
        paper = paper + sheet.finer(sheet.coarser(away * agrees) / (sheet.coarser(agrees) + 0.1))
    away = small - paper
    return paper, max(_deviation(away[np.abs(away) <= max(_NOISE * noise, _UNEVEN)]), _LEAST_NOISE)


class _Sheet(NamedTuple):
    """What depends on the shape of a picture alone."""

    terms: _Floats  # of a surface of second degree at each pixel, (rows, columns, 6)
    edge: _Mask  # which pixels are the border
    down: tuple[_Floats, _Floats]  # from rows to places and from columns to places
    up: tuple[_Floats, _Floats]  # and back

    def coarser(self, values: NDArray[Any]) -> _Floats:
        return np.asarray(self.down[0] @ values @ self.down[1].T, np.float32)

    def finer(self, values: _Floats) -> _Floats:
        return np.asarray(self.up[0] @ values @ self.up[1].T, np.float32)


@lru_cache(maxsize=16)
def _sheet(shape: tuple[int, int]) -> _Sheet:
    y, x = np.meshgrid(*(np.linspace(-1, 1, side, dtype=np.float32) for side in shape), indexing="ij")
    width = max(1, round(min(shape) / 16))
    edge = np.ones(shape, bool)
    edge[width:-width, width:-width] = False
    down = [resized(np.eye(side), (side, _places(side)), Image.Resampling.BOX) for side in shape]
    up = [resized(np.eye(_places(side)), (_places(side), side), Image.Resampling.BICUBIC) for side in shape]
    terms = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], -1)
    return _Sheet(terms, edge, (down[0], down[1]), (up[0], up[1]))


def _places(side: int) -> int:
    return min(side, _LIGHTS)


def _standing_out(side: _Floats, noise: float) -> _Mask:
    """Return the pixels that noise does not explain, and that are not alone."""
    ink = side > _NOISE * noise + 0.5
    return ink & (neighbours(ink) >= 2)


def _is_sure(side: _Floats, ink: _Mask, noise: float) -> bool:
    """Tell whether what stands out is far enough from the paper, and large enough."""
    if not ink.any():
        return False
    return bool(high(side[ink]) / noise * np.count_nonzero(ink) ** 0.5 >= _EVIDENCE)


def _has_edges(small: _Floats, side: _Floats, ink: _Mask) -> bool:
    """Tell whether what stands out ends at an edge, unlike a shadow or a lamp's light."""
    core = side > high(side[ink]) / 2
    beside = grown(core, 2) & ~grown(core, 1)
    if not beside.any():
        return True
    return abs(float(small[core].mean() - small[beside].mean())) >= _SHARP * float(side[core].mean())


def _stretched(strength: _Floats, doubt: float) -> NDArray[np.uint8]:
    """Make the strongest ink white; nothing, where it may be too faint to be any."""
    top = float(strength.max())
    strongest = high(strength[strength > top / 2]) if top > 0 else 0.0
    if strongest - doubt < _FAINTEST:
        return np.zeros(strength.shape, np.uint8)
    white: NDArray[np.uint8] = np.rint(strength * (255 / strongest)).clip(0, 255).astype(np.uint8)
    return white


def _solve(terms: _Floats, values: _Floats, weights: _Floats | None = None) -> _Floats:
    weighted = terms if weights is None else terms * weights[:, None]
    slack = 1e-3 * np.eye(terms.shape[1], dtype=np.float32)  # a picture of one row has no slope downwards
    solution: _Floats = np.linalg.solve(weighted.T @ terms + slack, weighted.T @ values)
    return solution


def _deviation(away: _Floats) -> float:
    """Return the standard deviation of differences, as their middle half shows it."""
    some = np.abs(away[:: 1 + len(away) // 2000])
    return 1.4826 * float(np.partition(some, len(some) // 2)[len(some) // 2]) if len(some) else 0.0


def high(values: _Floats) -> float:
    """Return what nine tenths of some values are below."""
    place = len(values) * 9 // 10
    return float(np.partition(values, place)[place])


def resized(values: NDArray[Any], size: tuple[int, int], how: Image.Resampling) -> _Floats:
    return np.asarray(Image.fromarray(values.astype(np.float32)).resize(size, how))


def grown(mask: _Mask, pixels: int) -> _Mask:
    """Return the pixels of a mask and those so near to one."""
    for _ in range(pixels):
        for axis in (0, 1):
            wide = mask.copy()
            one, other = np.moveaxis(wide, axis, 0), np.moveaxis(mask, axis, 0)
            one[1:] |= other[:-1]
            one[:-1] |= other[1:]
            mask = wide
    return mask


def neighbours(mask: _Mask) -> NDArray[np.uint8]:
    """Return how many of the eight pixels around each are in the mask."""
    wide = np.zeros((mask.shape[0] + 2, mask.shape[1] + 2), np.uint8)
    wide[1:-1, 1:-1] = mask
    count: NDArray[np.uint8] = _threes(wide) - mask
    return count


def _threes(values: NDArray[Any]) -> NDArray[Any]:
    """Return the sums of all squares of three by three."""
    three = values[:-2] + values[1:-1] + values[2:]
    sums: NDArray[Any] = three[:, :-2] + three[:, 1:-1] + three[:, 2:]
    return sums
