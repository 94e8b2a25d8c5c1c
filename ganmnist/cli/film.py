"""The command line's `film`: a model through all snapshots of its training."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from ganmnist import paths
from ganmnist.cli.options import add_command, add_scale, add_settings, given, number, print_result
from ganmnist.config import FilmConfig, FilmGeometryConfig
from ganmnist.errors import SettingError, counted
from ganmnist.models.store import ModelStore
from ganmnist.validation import read_settings

if TYPE_CHECKING:
    from ganmnist.cli.options import Commands


def add_film(commands: Commands) -> None:
    """Add the command `film`."""
    added = add_command(commands, "film", film)
    added.add_argument("--model", metavar="NAME", help="Name of the model; the newest of your own unless given.")
    added.add_argument(
        "--latent", type=number, nargs="+", metavar="N", help=FilmConfig.model_fields["latent"].description
    )
    added.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        required=True,
        help="File to write: .png (a line per digit), .gif (it moves), .obj, .stl, .ply, .3mf, .3dm or .json (COMPAS).",
    )
    add_scale(added)
    add_settings(added, FilmConfig)
    add_settings(added, FilmGeometryConfig)


def film(options: argparse.Namespace) -> None:
    """Show the same digits through all snapshots of a training, from noise on."""
    from ganmnist.export.pictures import animation, enlarge, film_grid, viewing_scale
    from ganmnist.export.write import ENDINGS, remarks_on, validate_settings, write_geometry, write_picture
    from ganmnist.generation.film import draw
    from ganmnist.geometry.layout import assemble
    from ganmnist.storage.atomic import write_atomic

    ending = options.out.suffix.lower()
    if ending not in ENDINGS or ending == ".npy":
        known = ", ".join(known for known in ENDINGS if known != ".npy")
        raise SettingError(f"out: {options.out.name} ends in {ending or 'nothing'}; known endings are {known}")
    if options.scale and ending not in (".png", ".gif"):
        raise SettingError(f"scale: is of pictures, and {ending} is none: leave it out, or choose .png or .gif")
    config = read_settings(FilmConfig, given(options, FilmConfig))
    chosen = given(options, FilmGeometryConfig)
    geometry = read_settings(FilmGeometryConfig, chosen)
    if geometry.form != "images":
        validate_settings(ending, chosen, in_rows=False)
    store = ModelStore(paths.home())
    newest = store.newest()
    made = draw(store.find(options.model or (newest.name if newest else None)), config)
    images = 255 - made.images if geometry.invert else made.images
    if ending == ".png":
        grid = film_grid(images)
        write_picture(options.out, enlarge(grid, viewing_scale(*grid.size, options.scale)))
    elif ending == ".gif":
        frames, digits, rows, columns = images.shape
        write_atomic(options.out, animation(images, viewing_scale(digits * columns, rows, options.scale, frames)))
    else:
        write_geometry(options.out, assemble(made.images, geometry), geometry.form)
    remarks = [*made.remarks, *remarks_on(ending, geometry.form)]
    told = [frame.model_dump(include={"epoch", "step", "seconds"}) for frame in made.frames]
    sentence = f"{options.out}: {counted(len(told), 'frame')}, from step {told[0]['step']} to {told[-1]['step']}"
    done = {"frames": told, "remarks": remarks, "out": str(options.out)}
    print_result(options, done, "\n".join([*remarks, sentence]))
