"""Vectors that lie between others: on a great circle, while their length changes evenly, or on a straight line.

Random latents all have about the same length, and what lies straight between two of them is shorter than any, so
that its digit is a more typical one. On the great circle (slerp: Shoemake 1985, section 3.3; for latents White 2016,
section 2.1) it is as long as they are. The weights of the classes, which sum up to 1, go straight.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ganmnist.class_names import KnownClasses
from ganmnist.config import BetweenConfig, GenerateConfig
from ganmnist.errors import SettingError
from ganmnist.latent.vectors import Latents, inputs

_Numbers = NDArray[np.float64]
_NO_PLANE = 1e-6  # sine of the angle under which two opposite vectors do not say which way round to go


def between(config: BetweenConfig, latent_dim: int, known_classes: KnownClasses | int) -> Latents:
    """Return the path that a request asks for, (N, latent_dim + classes).

    Raises:
        SettingError: A vector of another length than the model takes, one alone, or more than can be drawn at once.
    """
    keys = inputs(GenerateConfig(z=config.z), latent_dim, known_classes)
    if len(keys) < 2:
        raise SettingError("z: a path wants two vectors or more, got one")
    segments = len(keys) - (not config.closed)
    count = segments * config.steps + (not config.closed)
    if count > config.most:
        most = (config.most - (not config.closed)) // segments
        raise SettingError(f"steps: makes {count:,} vectors, at most {config.most:,}: lower it to {most:,} or less")
    return path(keys, config.steps, latent_dim, closed=config.closed, linear=config.linear)


def path(keys: Latents, steps: int, latent_dim: int, *, closed: bool = False, linear: bool = False) -> Latents:
    """Go from each key to the next in equal steps, and where the path is closed from the last back to the first.

    Args:
        keys: float32 (K, latent_dim + classes), at least two; each is on the path, bit for bit.
        steps: From each key to the next.
        latent_dim: How many of the numbers are latent; those behind them go straight.
        closed: A loop, which does not repeat its first vector at the end.
        linear: The latent numbers go straight, too.

    Returns:
        float32, (K * steps, latent_dim + classes) where closed, else ((K - 1) * steps + 1, latent_dim + classes).
    """
    starts, ends = (keys, np.roll(keys, -1, 0)) if closed else (keys[:-1], keys[1:])
    way = slerp(starts, ends, np.arange(steps) / steps, latent_dim, linear=linear).reshape(-1, keys.shape[1])
    return way if closed else np.concatenate([way, keys[-1:]])


def slerp_grid(corners: Latents, rows: int, columns: int, latent_dim: int) -> Latents:
    """Fill what lies between four corners: the upper and the lower edge first, then down from one to the other.

    Args:
        corners: float32 (4, latent_dim + classes): upper left, upper right, lower left, lower right; each is in the
            grid bit for bit, unless that is one row or column, which lies half way.
        rows: Vectors from top to bottom.
        columns: Vectors from left to right.
        latent_dim: As in `path`.

    Returns:
        float32 (rows, columns, latent_dim + classes).
    """
    upper, lower = slerp(corners[[0, 2]], corners[[1, 3]], _fractions(columns), latent_dim)
    return slerp(upper, lower, _fractions(rows), latent_dim).transpose(1, 0, 2)


def slerp(starts: Latents, ends: Latents, fractions: _Numbers, latent_dim: int, *, linear: bool = False) -> Latents:
    """Interpolate on the great circle from vectors to others (Shoemake 1985), their lengths linearly.

    Opposite vectors lie on many great circles: the one towards the number that is smallest in both is taken. From a
    vector of zeros the way is straight.

    Args:
        starts: float32 (N, latent_dim + classes).
        ends: Likewise.
        fractions: (T,) of the way, 0 the start and 1 the end.
        latent_dim: As in `path`.
        linear: As in `path`.

    Returns:
        float32 (N, T, latent_dim + classes).
    """
    a, b = starts[:, None].astype(np.float64), ends[:, None].astype(np.float64)  # (N, 1, latent_dim + classes)
    fraction = fractions[:, None]  # (T, 1)
    way = (1 - fraction) * a + fraction * b
    if not linear:
        way[..., :latent_dim] = _arc(a[..., :latent_dim], b[..., :latent_dim], fraction)
    rounded = way.astype(np.float32)
    rounded[:, fractions == 0] = starts[:, None]
    rounded[:, fractions == 1] = ends[:, None]
    return rounded


def _arc(a: _Numbers, b: _Numbers, fraction: _Numbers) -> _Numbers:
    long_a, long_b = _length(a), _length(b)
    u, v = a / np.where(long_a == 0, 1, long_a), b / np.where(long_b == 0, 1, long_b)
    u, v = np.where(long_a == 0, v, u), np.where(long_b == 0, u, v)
    cosine = (u * v).sum(-1, keepdims=True)
    w = v - cosine * u  # towards b, perpendicular to a
    angle = np.arctan2(_length(w), cosine)
    w = np.where((_length(w) < _NO_PLANE) & (cosine < 0), _across(u), w)
    w = w / np.maximum(_length(w), np.finfo(np.float64).tiny)
    turned: _Numbers = np.cos(angle * fraction) * u + np.sin(angle * fraction) * w
    return ((1 - fraction) * long_a + fraction * long_b) * turned


def _across(u: _Numbers) -> _Numbers:
    """Return what is perpendicular to unit vectors, the same for each and its opposite; zeros in one dimension."""
    smallest = np.eye(u.shape[-1])[np.abs(u).argmin(-1)]
    perpendicular: _Numbers = smallest - (smallest * u).sum(-1, keepdims=True) * u
    return perpendicular


def _length(vectors: _Numbers) -> _Numbers:
    lengths: _Numbers = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return lengths


def _fractions(count: int) -> _Numbers:
    return np.linspace(0, 1, count) if count > 1 else np.array([0.5])
