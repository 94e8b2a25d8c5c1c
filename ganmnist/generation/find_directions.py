"""Which of a generator's principal directions has a name: measured on digits that it draws."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ganmnist.config import STYLE_ATTRIBUTES
from ganmnist.generation.measures import measure
from ganmnist.latent.directions import Direction
from ganmnist.latent.vectors import Classes, Latents

AGREES = 0.8  # mean rank correlation of a slider and what it is named after, from which on it bears the name
_LOOKED_AT = 8  # of the strongest directions
_STEPS = np.linspace(-2.0, 2.0, 5)  # of a slider, standard deviations
_TRIED = 20  # latent vectors that it is tried on, as many of each class
_SEED = 7


class Generator(Protocol):
    """What is searched: a `Sampler`, or whatever draws as it does."""

    latent_dim: int
    classes: int

    def generate(self, z: Latents, classes: Classes | None = None) -> NDArray[np.uint8]:
        """Draw latent vectors: uint8 (N, 28, 28)."""

    def first_weights(self) -> NDArray[np.float32] | None:
        """Return the weights of a first Dense layer, (units, latent_dim), or None for a network without."""


def find(sampler: Generator) -> tuple[Direction, ...]:
    """Find the directions of a generator that have a name, and name them: about a second for the preset `fast`.

    Each points where the thing it is named after grows. They are perpendicular to each other and of length 1.

    Returns:
        At most one for each of STYLE_ATTRIBUTES; none for a generator that does not begin with Dense, or whose weights
        are so large that they have no axes.
    """
    first = sampler.first_weights()
    if first is None:
        return ()
    spread = first - first.mean(0)
    if not np.isfinite(spread).all():
        return ()
    _, _, axes = np.linalg.svd(spread, full_matrices=False)
    agreements = [_agreements(sampler, axis) for axis in axes[:_LOOKED_AT].astype(np.float64)]
    found: dict[str, tuple[float, int]] = {}
    for name in STYLE_ATTRIBUTES:
        best = max(range(len(agreements)), key=lambda number: abs(agreements[number][name]))
        found[name] = agreements[best][name], best
    named: list[Direction] = []
    for name, (agreement, number) in sorted(found.items(), key=lambda entry: -abs(entry[1][0])):
        if abs(agreement) >= AGREES and number not in [found[other.name][1] for other in named]:
            axis = axes[number].astype(np.float64) * np.sign(agreement)
            named.append(Direction(name=name, agreement=abs(agreement), axis=tuple(axis.tolist())))
    return tuple(sorted(named, key=lambda direction: STYLE_ATTRIBUTES.index(direction.name)))


def _agreements(sampler: Generator, axis: NDArray[np.float64]) -> dict[str, float]:
    """Return the mean rank correlation of a slider along an axis with each of the things that can be measured."""
    classes = max(sampler.classes, 1)
    digits = np.repeat(np.arange(classes), -(-_TRIED // classes))
    styles = np.random.default_rng(_SEED).standard_normal((len(digits), sampler.latent_dim))
    styles -= np.outer(styles @ axis, axis)
    stepped = styles[:, None] + _STEPS[None, :, None] * axis  # (styles, steps, latent_dim)
    z = stepped.reshape(-1, sampler.latent_dim).astype(np.float32)
    measured = measure(sampler.generate(z, np.repeat(digits, len(_STEPS))))
    return {name: _rank_correlation(values.reshape(-1, len(_STEPS))) for name, values in measured.items()}


def _rank_correlation(rows: NDArray[Any]) -> float:
    """Return Spearman's rank correlation of each row with its own order, on the average."""
    ranks = rows.argsort(1).argsort(1).astype(np.float64)
    centred = ranks - ranks.mean(1, keepdims=True)
    order = np.arange(rows.shape[1]) - (rows.shape[1] - 1) / 2
    return float((centred @ order / (order @ order)).mean())
