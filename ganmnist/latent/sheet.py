"""Sheets of latents: rows and columns around one digit, along two directions, or between four corners."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from ganmnist.class_names import KnownClasses
from ganmnist.config import STYLE_ATTRIBUTES, GenerateConfig, LatentConfig, SheetConfig
from ganmnist.errors import SettingError
from ganmnist.latent.directions import Direction, unsupported_sliders
from ganmnist.latent.interpolation import slerp_grid
from ganmnist.latent.vectors import Latents, inputs

_LIMIT = 10  # standard deviations, as far as a latent number may be sent


def sliders(config: SheetConfig) -> LatentConfig:
    """Return the sliders that a sheet wants directions for: its digit's own, and those that it goes along."""
    own = dict(LatentConfig.part_of(config))
    along = {name: 1.0 for name in (config.across, config.down) if name in STYLE_ATTRIBUTES and len(config.z or ()) < 4}
    return LatentConfig(**{**own, **along})


def unsupported(config: SheetConfig, known: Sequence[Direction], latent_dim: int) -> list[str]:
    """Say what changes nothing, since the model has no direction for it, and along what a sheet can go: sentences."""
    own = unsupported_sliders(LatentConfig.part_of(config), known)
    if len(config.z or ()) == 4:
        return own
    names = [direction.name for direction in known]
    return own + [
        f"{field}: this model has no direction that does {name}, so all {alike} are the same: {field} takes "
        f"{' or '.join([*names, f'the number of a latent, 0 to {latent_dim - 1}'])}."
        for field, name, alike in (("across", config.across, "columns"), ("down", config.down, "rows"))
        if name in STYLE_ATTRIBUTES and name not in names
    ]


def sheet(
    config: SheetConfig, latent_dim: int, known_classes: KnownClasses | int, directions: Iterable[Direction] = ()
) -> Latents:
    """Make the sheet that a request asks for.

    With an odd number of rows and of columns the digit itself stands in the middle, bit for bit.

    Args:
        config: The request.
        latent_dim: Length of a latent vector.
        known_classes: The classes the model knows; or how many, 0 for none.
        directions: Those of the model, as `Sampler.directions_for(sliders(config))` gives them. Along one that is not
            among them nothing changes, as `unsupported` says.

    Returns:
        float32 (rows, columns, latent_dim + classes).

    Raises:
        SettingError: Too many digits, vectors neither one nor four, a latent number the model lacks, or twice the same
            direction; and as `latent.inputs`.
    """
    if config.rows * config.columns > config.most:
        asked = f"{config.rows} x {config.columns}"
        raise SettingError(f"rows: {asked} are {config.rows * config.columns:,} digits, at most {config.most:,}")
    own = dict(LatentConfig.part_of(config))
    directions = tuple(directions)
    z = inputs(GenerateConfig(**own, z=config.z), latent_dim, known_classes, directions)
    if len(z) not in (1, 4):
        raise SettingError(f"z: has {len(z)} vectors, a sheet takes one for its middle or four for its corners")
    if len(z) == 4:
        return slerp_grid(z, config.rows, config.columns, latent_dim)
    if config.across == config.down:
        raise SettingError(f"down: is {config.down}, as across is: choose another direction")
    across = _axis("across", config.across, latent_dim, directions)
    down = _axis("down", config.down, latent_dim, directions)
    moved = np.repeat(np.repeat(z[None], config.rows, 0), config.columns, 1)
    by_row, by_column = _steps(config.rows, config.reach), _steps(config.columns, config.reach)
    offsets = np.multiply.outer(by_row, down)[:, None] + np.multiply.outer(by_column, across)
    moved[..., :latent_dim] = np.clip(moved[..., :latent_dim] + offsets, -_LIMIT, _LIMIT)
    return moved


def _axis(field: str, name: str, latent_dim: int, directions: Iterable[Direction]) -> NDArray[np.float64]:
    if name in STYLE_ATTRIBUTES:
        axes = (np.array(known.axis, np.float64) for known in directions if known.name == name)
        return next(axes, np.zeros(latent_dim))
    if int(name) >= latent_dim:
        raise SettingError(f"{field}: got latent number {name}, the model has 0 to {latent_dim - 1}")
    axis = np.zeros(latent_dim)
    axis[int(name)] = 1
    return axis


def _steps(count: int, reach: float) -> NDArray[np.float64]:
    """Return evenly spaced numbers from -reach to reach, mirrored about an exact 0."""
    steps = (2 * np.arange(count) - (count - 1)).astype(np.float64)
    return steps * (reach / max(count - 1, 1))
