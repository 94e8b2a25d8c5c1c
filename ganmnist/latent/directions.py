"""Directions in which a generator's digits change most, and what each of them does.

They are the principal directions of the features behind the generator's first layer (Harkonen et al. 2020, section
3.1): where latents are normally distributed, exactly the right singular vectors of its weights. Some change one thing
that has a name. Which, is measured.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from ganmnist.config import STYLE_ATTRIBUTES, LatentConfig
from ganmnist.fields import Number, Settings
from ganmnist.storage.atomic import write_json

_FILE = "directions.json"


class Direction(Settings):
    """One direction: how far the latents go along it is a number in standard deviations."""

    name: str
    agreement: Number
    axis: tuple[Number, ...]


class _Stored(Settings):
    """Attributes: searched: The names that were looked for, of which some may not have been found."""

    sha256: str
    directions: tuple[Direction, ...]
    searched: tuple[str, ...] = ("slant", "thickness", "width", "size")  # files that do not say are of such searches


def read_directions(folder: Path, sha256: str) -> tuple[Direction, ...] | None:
    """Return the directions that were found for the weights of that checksum, or None if some were not looked for."""
    try:
        stored = _Stored.model_validate_json((folder / _FILE).read_bytes())
    except (OSError, ValidationError):
        return None
    if stored.sha256 != sha256 or not {*STYLE_ATTRIBUTES} <= {*stored.searched}:
        return None
    return tuple(direction for direction in stored.directions if direction.name in STYLE_ATTRIBUTES)


def write_directions(folder: Path, sha256: str, found: tuple[Direction, ...]) -> None:
    """Keep the directions of a model beside its weights."""
    stored = _Stored(sha256=sha256, directions=found, searched=STYLE_ATTRIBUTES)
    write_json(folder / _FILE, stored.model_dump(mode="json"))


def steer(z: NDArray[np.float32], config: LatentConfig, known: Iterable[Direction]) -> NDArray[np.float32]:
    """Put latents as far along named directions as sliders say, and leave them as they are in all others.

    Args:
        z: float32 (N, latent_dim).
        config: The sliders; those that are None are left alone, and those that `unsupported_sliders` speaks of.
        known: The model's directions.
    """
    for direction in known:
        wanted = getattr(config, direction.name)
        if wanted is not None:
            axis = np.array(direction.axis)
            z = (z + np.outer(wanted - z @ axis, axis)).astype(np.float32)
    return z


def unsupported_sliders(config: LatentConfig, known: Iterable[Direction]) -> list[str]:
    """Say which sliders change nothing, since the model has no direction of that name: a sentence, or none."""
    names = [direction.name for direction in known]
    lost = [name for name in STYLE_ATTRIBUTES if getattr(config, name) not in (None, 0) and name not in names]
    if not lost:
        return []
    has = f"only for {', '.join(names)}" if names else "none at all"
    return [f"{', '.join(lost)}: this model has no direction that does it, {has}; a longer training may find one."]


def project(z: NDArray[np.float32], known: Iterable[Direction]) -> dict[str, NDArray[np.float64]]:
    """Return how far latents (N, latent_dim) lie along each direction: what `steer` would have to be told."""
    return {direction.name: z @ np.array(direction.axis) for direction in known}
