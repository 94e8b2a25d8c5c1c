"""Directions in which a generator's digits change most, and what each of them does.

They are the principal directions of the features behind the generator's first layer (Harkonen et al. 2020, section
3.1): where latents are normally distributed, exactly the right singular vectors of its weights. Some change one thing
that has a name. Which, is measured.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from ganmnist.config import HANDS, LatentConfig
from ganmnist.fields import Number, Settings
from ganmnist.files import write_json
from ganmnist.measures import measure

if TYPE_CHECKING:
    from ganmnist.sampling import Sampler

AGREES = 0.8  # mean rank correlation of a slider and what it is named after, from which on it bears the name
_LOOKED_AT = 8  # of the strongest directions
_STEPS = np.linspace(-2.0, 2.0, 5)  # of a slider, standard deviations
_HANDS_EACH = 2  # hands of each digit that it is tried on
_SEED = 7
_FILE = "directions.json"


class Direction(Settings):
    """One direction: how far the latents go along it is a number in standard deviations."""

    name: str
    agreement: Number
    axis: tuple[Number, ...]


class _Stored(Settings):
    sha256: str
    directions: tuple[Direction, ...]


def find(sampler: Sampler) -> tuple[Direction, ...]:
    """Find the directions of a generator that have a name, and name them: about a second for the preset `fast`.

    Each points where the thing it is named after grows. They are perpendicular to each other and of length 1.

    Returns:
        At most one for each of HANDS; none for a generator that does not begin with Dense.
    """
    first = sampler.first_weights()
    if first is None:
        return ()
    _, _, axes = np.linalg.svd(first - first.mean(0), full_matrices=False)
    agreements = [_agreements(sampler, axis) for axis in axes[:_LOOKED_AT].astype(np.float64)]
    found: dict[str, tuple[float, int]] = {}
    for name in HANDS:
        best = max(range(len(agreements)), key=lambda number: abs(agreements[number][name]))
        found[name] = agreements[best][name], best
    named: list[Direction] = []
    for name, (agreement, number) in sorted(found.items(), key=lambda entry: -abs(entry[1][0])):
        if abs(agreement) >= AGREES and number not in [found[other.name][1] for other in named]:
            axis = axes[number].astype(np.float64) * np.sign(agreement)
            named.append(Direction(name=name, agreement=abs(agreement), axis=tuple(axis.tolist())))
    return tuple(sorted(named, key=lambda direction: HANDS.index(direction.name)))


def read(folder: Path, sha256: str) -> tuple[Direction, ...] | None:
    """Return the directions that were found for the weights of that checksum, or None if none were looked for."""
    try:
        stored = _Stored.model_validate_json((folder / _FILE).read_bytes())
    except (OSError, ValidationError):
        return None
    return stored.directions if stored.sha256 == sha256 else None


def write(folder: Path, sha256: str, found: tuple[Direction, ...]) -> None:
    """Keep the directions of a model beside its weights."""
    write_json(folder / _FILE, _Stored(sha256=sha256, directions=found).model_dump(mode="json"))


def steer(z: NDArray[np.float32], config: LatentConfig, known: Iterable[Direction]) -> NDArray[np.float32]:
    """Put latents as far along named directions as sliders say, and leave them as they are in all others.

    Args:
        z: float32 (N, latent_dim).
        config: The sliders; those that are None are left alone, and those that `unheard` speaks of.
        known: The model's directions.
    """
    for direction in known:
        wanted = getattr(config, direction.name)
        if wanted is not None:
            axis = np.array(direction.axis)
            z = (z + np.outer(wanted - z @ axis, axis)).astype(np.float32)
    return z


def unheard(config: LatentConfig, known: Iterable[Direction]) -> list[str]:
    """Say which sliders change nothing, since the model has no direction of that name: a sentence, or none."""
    names = [direction.name for direction in known]
    lost = [name for name in HANDS if getattr(config, name) not in (None, 0) and name not in names]
    if not lost:
        return []
    has = f"only for {', '.join(names)}" if names else "none at all"
    return [f"{', '.join(lost)}: this model has no direction that does it, {has}; a longer training may find one."]


def numbers(z: NDArray[np.float32], known: Iterable[Direction]) -> dict[str, NDArray[np.float64]]:
    """Return how far latents (N, latent_dim) lie along each direction: what `steer` would have to be told."""
    return {direction.name: z @ np.array(direction.axis) for direction in known}


def _agreements(sampler: Sampler, axis: NDArray[np.float64]) -> dict[str, float]:
    """Return the mean rank correlation of a slider along an axis with each of the things that can be measured."""
    digits = np.repeat(np.arange(max(sampler.classes, 1)), _HANDS_EACH)
    hands = np.random.default_rng(_SEED).standard_normal((len(digits), sampler.latent_dim))
    hands -= np.outer(hands @ axis, axis)
    stepped = hands[:, None] + _STEPS[None, :, None] * axis  # (hands, steps, latent_dim)
    z = stepped.reshape(-1, sampler.latent_dim).astype(np.float32)
    measured = measure(sampler.generate(z, np.repeat(digits, len(_STEPS))))
    return {name: _rank_correlation(values.reshape(-1, len(_STEPS))) for name, values in measured.items()}


def _rank_correlation(rows: NDArray[Any]) -> float:
    """Return Spearman's rank correlation of each row with its own order, on the average."""
    ranks = rows.argsort(1).argsort(1).astype(np.float64)
    centred = ranks - ranks.mean(1, keepdims=True)
    order = np.arange(rows.shape[1]) - (rows.shape[1] - 1) / 2
    return float((centred @ order / (order @ order)).mean())
