"""The command line's `between` and `sheet`: ways through latent space as pictures."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ganmnist import paths
from ganmnist.cli.options import (
    add_command,
    add_flags,
    add_scale,
    add_settings,
    given,
    number,
    print_result,
    whole_number,
)
from ganmnist.cli.progress import draw
from ganmnist.config import BetweenConfig, GenerateConfig, GeometryConfig, SheetConfig
from ganmnist.errors import SettingError, counted
from ganmnist.models.store import ModelStore
from ganmnist.storage.atomic import write_atomic
from ganmnist.validation import read_settings

if TYPE_CHECKING:
    from ganmnist.cli.options import Commands
    from ganmnist.generation.sampler import Sampler
    from ganmnist.latent.vectors import Latents


_MILLISECONDS = 80  # for which an animation shows an image


def add_latents(commands: Commands) -> None:
    """Add the commands `between` and `sheet`."""
    model = "Name of the model; the bundled one unless given."
    settings = BetweenConfig.model_fields

    added = add_command(commands, "between", between)
    added.add_argument("--model", metavar="NAME", help=model)
    added.add_argument(
        "--seeds", type=whole_number, nargs="+", metavar="N", default=[0], help="Seeds of the digits to go between [0]."
    )
    added.add_argument(
        "--digits",
        nargs="+",
        metavar="NAME",
        help="Which digits they are, by name or number; drawn from the seeds unless given.",
    )
    added.add_argument(
        "--steps", type=whole_number, metavar="N", help=f"{settings['steps'].description} [{settings['steps'].default}]"
    )
    add_flags(added, BetweenConfig)
    add_scale(added)
    added.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        required=True,
        help="File to write: .gif (an animation), or as generate writes, in a row.",
    )

    added = add_command(commands, "sheet", sheet)
    added.add_argument("--model", metavar="NAME", help=model)
    added.add_argument(
        "--latent", type=number, nargs="+", metavar="N", help=SheetConfig.model_fields["latent"].description
    )
    added.add_argument(
        "--out", type=Path, metavar="FILE", required=True, help="File to write, as generate writes: .png for a picture."
    )
    add_scale(added)
    add_settings(added, SheetConfig)


def between(options: argparse.Namespace) -> None:
    """Draw what lies on the way from digit to digit, in a row or as an animation."""
    from ganmnist.export.pictures import SCALE, gif
    from ganmnist.export.write import ending_of, remarks_on, scale_to_look_at, validate_size, write
    from ganmnist.generation.sampler import Sampler
    from ganmnist.latent import interpolation

    ending = ending_of(options.out)
    count = max(len(options.seeds), len(options.digits or ()))
    if count < 2:
        raise SettingError("seeds: there is only one digit; name two or more --seeds, or --digits, or both")
    sampler = Sampler.load(ModelStore(paths.home()).find(options.model))
    keys = _keys(options.seeds, options.digits, count, sampler)
    config = read_settings(BetweenConfig, {**given(options, BetweenConfig), "z": keys.tolist()})
    z = interpolation.between(config, sampler.latent_dim, sampler.known_classes)
    validate_size(ending, len(z), GeometryConfig())
    is_to_and_fro = ending == ".gif" and not config.closed  # round and round, or back
    scale = scale_to_look_at(ending, 2 * len(z) - 2 if is_to_and_fro else len(z), len(z), options.scale)
    images = draw(sampler, z)
    if ending == ".gif":
        turned = np.concatenate([images, images[-2:0:-1]]) if is_to_and_fro else images
        write_atomic(options.out, gif(turned, _MILLISECONDS, scale=scale or SCALE))
    else:
        write(options.out, images, GeometryConfig(columns=len(images)), scale=scale)
    remarks = remarks_on(ending, GeometryConfig().form)
    done = {"model": sampler.name, "count": len(images), "out": str(options.out), "remarks": remarks}
    sentence = f"{options.out}: {counted(len(images), 'digit')} on the way through {count}, from {sampler.name}"
    print_result(options, done, "\n".join([sentence, *remarks]))


def sheet(options: argparse.Namespace) -> None:
    """Draw a digit in the middle of a sheet of its varieties, in rows and columns along two directions."""
    from ganmnist.export.write import ending_of, remarks_on, scale_to_look_at, validate_size, write
    from ganmnist.generation.sampler import Sampler
    from ganmnist.latent import sheet as latent_sheet

    config = read_settings(SheetConfig, given(options, SheetConfig))
    ending = ending_of(options.out)
    validate_size(ending, config.rows * config.columns, GeometryConfig())
    scale = scale_to_look_at(ending, config.rows * config.columns, config.columns, options.scale)
    sampler = Sampler.load(ModelStore(paths.home()).find(options.model))
    known = sampler.directions_for(latent_sheet.sliders(config))
    z = latent_sheet.sheet(config, sampler.latent_dim, sampler.known_classes, known)
    images = draw(sampler, z.reshape(-1, z.shape[-1]))
    write(options.out, images, GeometryConfig(columns=config.columns), scale=scale)
    remarks = [*latent_sheet.unsupported(config, known, sampler.latent_dim), *remarks_on(ending, GeometryConfig().form)]
    done = {"model": sampler.name, "count": len(images), "out": str(options.out), "remarks": remarks}
    sentence = f"{options.out}: {config.rows} x {config.columns} digits from {sampler.name}"
    print_result(options, done, "\n".join([sentence, *remarks]))


def _keys(seeds: list[int], digits: list[str] | None, count: int, sampler: Sampler) -> Latents:
    """Return whole vectors (count, latent_dim + classes); one seed or one digit serves them all."""
    from ganmnist.latent.vectors import inputs

    for name, values in (("seeds", seeds), ("digits", digits or [""])):
        if len(values) not in (1, count):
            raise SettingError(f"{name}: there are {len(values)}, expected 1 or {count}")
    asked = [
        read_settings(GenerateConfig, {"seed": seeds[at % len(seeds)], "digit": digits and digits[at % len(digits)]})
        for at in range(count)
    ]
    return np.concatenate([inputs(config, sampler.latent_dim, sampler.known_classes) for config in asked])
