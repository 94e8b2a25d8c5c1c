"""The command `invert`: from a picture of a drawing to the nearest digit."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from ganmnist import paths
from ganmnist.cli.options import add_command, add_scale, given, print_result
from ganmnist.config import GeometryConfig, LatentConfig
from ganmnist.errors import DataError
from ganmnist.models.store import ModelStore
from ganmnist.validation import read_settings

if TYPE_CHECKING:
    from ganmnist.cli.options import Commands


def add_invert(commands: Commands) -> None:
    """Add the command `invert`."""
    added = add_command(commands, "invert", invert)
    added.add_argument("file", type=Path, help="Picture of a drawing, light on dark or dark on light.")
    added.add_argument("--model", metavar="NAME", help="Name of the model; the bundled one unless given.")
    added.add_argument(
        "--digit", metavar="NAME", help="Which digit it is, by name or number; the nearest unless given."
    )
    added.add_argument(
        "--out", type=Path, metavar="FILE", help="PNG file for the drawing as it was read and, beside it, the digit."
    )
    add_scale(added)


def invert(options: argparse.Namespace) -> None:
    """Find the latent vector whose digit is nearest to a drawing."""
    import numpy as np
    import torch

    from ganmnist.data.drawing import fit_with_doubt
    from ganmnist.data.picture import read_grey
    from ganmnist.export.write import ending_of, scale_to_look_at, write
    from ganmnist.generation import inversion
    from ganmnist.generation.sampler import Sampler

    scale = scale_to_look_at(ending_of(options.out), 2, 2, options.scale) if options.out else None
    digit = read_settings(LatentConfig, given(options, LatentConfig)).digit
    if not options.file.is_file():
        raise DataError(f"{options.file}: there is no such file: name a picture")
    sampler = Sampler.load(ModelStore(paths.home()).find(options.model))
    torch.set_num_threads(1)  # the batches are too small to share between cores
    image, doubt = fit_with_doubt(read_grey(options.file), str(options.file), sampler.placement())
    found = inversion.invert(sampler, image, digit).doubted(doubt)
    if options.out:
        write(options.out, np.stack([image, found.image]), GeometryConfig(columns=2), scale=scale)
    values = {
        "model": sampler.name,
        "digit": found.digit,
        "class_name": found.class_name,
        "likeness": found.likeness,
        "sure": found.sure,
        "mse": found.mse,
        "sliders": found.sliders,
        "z": found.z.tolist(),
        "remarks": found.remarks(),
    }
    sliders = "".join(f", {name} {value:.2f}" for name, value in found.sliders.items())
    how_near = f"likeness {found.likeness:.2f}, mean squared error {found.mse:.4f}"
    print_result(options, values, "\n".join([f"{options.file}: {found.told()}{sliders}, {how_near}", *found.remarks()]))
