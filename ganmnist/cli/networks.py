"""The command line's `networks`: show, layers and walk."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.table import Table

from ganmnist import paths
from ganmnist.cli.networks_file import read_networks, write_networks
from ganmnist.cli.options import add_command, add_settings, given, number, print_result, whole_number
from ganmnist.cli.screen import Screen
from ganmnist.config import ActivationsConfig, LatentConfig, StackConfig, TrainConfig
from ganmnist.errors import SettingError, counted, shape_text
from ganmnist.layers import LAYERS
from ganmnist.models.store import ModelStore
from ganmnist.networks.layer_docs import as_python, describe
from ganmnist.networks.spec import LayerRow, ModelConfig, Sequential, training_memory
from ganmnist.remedies import command
from ganmnist.training.advice import remarks
from ganmnist.training.presets import PRESETS, recipe
from ganmnist.validation import read_settings

if TYPE_CHECKING:
    from ganmnist.cli.options import Commands


_FILE = (
    "`ganmnist networks show --out FILE` writes one to begin with; the text `gan` of the Model component is one too."
)
_WALKS = (".png", ".obj", ".stl", ".3dm", ".json")
_WIDTH = 120  # columns of a table that goes to no terminal


def add_networks(commands: Commands) -> None:
    """Add the command `networks`, which has commands of its own."""
    words = "Show networks layer by layer, list the layers there are, or walk through a trained generator."
    own = commands.add_parser("networks", help=words, description=words).add_subparsers(
        required=True, metavar="command"
    )

    added = add_command(own, "show", show)
    source = added.add_mutually_exclusive_group()
    source.add_argument(
        "--preset", choices=tuple(PRESETS), help="Show this preset's networks; those of fast unless given."
    )
    source.add_argument("--model", metavar="NAME", help="Show the networks of this trained model.")
    _add_file(source, "Show the networks in this file.")
    for name in ("latent_dim", "classes"):
        field = ModelConfig.model_fields[name]
        added.add_argument(
            f"--{name.replace('_', '-')}", type=whole_number, metavar="N", help=f"{field.description} [their own]"
        )
    added.add_argument(
        "--out", type=Path, metavar="FILE", help="Write the networks to this .json file, to edit and train."
    )

    add_command(own, "layers", layers)

    added = add_command(own, "walk", walk)
    added.add_argument("--model", metavar="NAME", help="Name of the model; the bundled one unless given.")
    added.add_argument(
        "--latent", type=number, nargs="+", metavar="N", help=LatentConfig.model_fields["latent"].description
    )
    added.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        required=True,
        help="File to write: a .png, or .obj, .stl, .3dm or .json (COMPAS), stacked.",
    )
    add_settings(added, ActivationsConfig)
    add_settings(added, StackConfig)


def add_networks_file(parser: argparse.ArgumentParser) -> None:
    """Add the option that names a file of networks to train, `networks_file`."""
    _add_file(parser, TrainConfig.model_fields["networks"].description)


def show(options: argparse.Namespace) -> None:
    """Show both networks of a GAN layer by layer, and what a training of them takes."""
    config = _chosen(options)
    networks = config.networks or PRESETS[config.base].networks
    networks = read_settings(ModelConfig, {**dict(networks), **given(options, ModelConfig)})
    config = config.model_copy(update={"networks": networks, "preset": config.base})
    plan = recipe(config)
    memory = training_memory(networks, plan.batch_size)
    if options.out:
        write_networks(options.out, config)
    parts = {"generator": networks.generator, "discriminator": networks.discriminator}
    tables = dict(zip(parts, networks.tables(), strict=True))
    if options.json:
        values = {
            "networks": json.loads(networks.to_text()),
            **{part: _sums(rows) for part, rows in tables.items()},
            "preset": config.base,
            "batch_size": plan.batch_size,
            "memory": memory,
            "remarks": remarks(plan),
        }
        print(json.dumps(values))
        return
    console = _console()
    for part, rows in tables.items():
        console.print(_table(part, parts[part], rows, networks))
    print(
        f"Trained as {config.base}, {plan.batch_size} images a step: about {memory / 1e6:,.0f} MB beside torch itself."
    )
    for remark in remarks(plan):
        print(remark)
    if options.out:
        print(f"written to {options.out}: {command('ganmnist', 'train', '--networks', options.out)}")


def layers(options: argparse.Namespace) -> None:
    """List the layers that a network may have, with their parameters."""
    entries = [describe(layer) for layer in LAYERS.values()]
    if options.json:
        print(json.dumps([asdict(entry) for entry in entries]))
        return
    table = Table("layer", "takes", "default", "what it does")
    for entry in entries:
        table.add_section()
        table.add_row(entry.layer, entry.takes, "", " ".join(entry.does.split()))
        for parameter in entry.parameters:
            table.add_row(f"  {parameter.name}", parameter.values, parameter.default or "must be given", parameter.help)
    _console().print(table)


def walk(options: argparse.Namespace) -> None:
    """Show the feature maps of each layer of a trained generator on the way to one digit."""
    ending = options.out.suffix.lower()
    if ending not in _WALKS:
        raise SettingError(f"out: {options.out} ends in {ending or 'nothing'}; known endings are {', '.join(_WALKS)}")
    config = read_settings(ActivationsConfig, given(options, ActivationsConfig))
    chosen = given(options, StackConfig)
    geometry = read_settings(StackConfig, chosen)

    from ganmnist.export import pictures
    from ganmnist.export.write import validate_settings, write_geometry, write_picture
    from ganmnist.generation import feature_maps
    from ganmnist.generation.sampler import Sampler

    if geometry.form != "images":
        validate_settings(ending, chosen)
    sampler = Sampler.load(ModelStore(paths.home()).find(options.model))
    steps = feature_maps.walk(sampler, config)
    if ending == ".png":
        write_picture(options.out, pictures.picture(steps))
    else:
        write_geometry(options.out, feature_maps.stacked(steps, geometry), geometry.form)
    names = ("place", "layer", "output_shape", "low", "high")
    done = [{name: getattr(step, name) for name in names} for step in steps]
    print_result(
        options,
        {"model": sampler.name, "layers": done, "out": str(options.out)},
        f"{options.out}: {counted(len(steps), 'layer')} of {sampler.name}",
    )


def _add_file(parser: argparse._ActionsContainer, words: str | None) -> None:
    parser.add_argument("--networks", dest="networks_file", type=Path, metavar="FILE", help=f"{words} {_FILE}")


def _chosen(options: argparse.Namespace) -> TrainConfig:
    """Return the training whose networks are to be shown."""
    if options.networks_file:
        return read_networks(options.networks_file)
    if options.model:
        manifest = ModelStore(paths.home()).manifest(options.model)
        settings = manifest.settings
        return settings.model_copy(update={"networks": manifest.networks, "preset": settings.base})
    return TrainConfig(preset=options.preset)


def _sums(rows: list[LayerRow]) -> dict[str, Any]:
    return {
        "rows": [row.model_dump(mode="json") for row in rows],
        "parameters": sum(row.parameters for row in rows),
        "multiply_adds": sum(row.multiply_adds for row in rows),
    }


def _table(part: str, network: Sequential, rows: list[LayerRow], networks: ModelConfig) -> Table:
    sums = _sums(rows)
    condition = f", conditioned on one of {networks.classes} classes" if networks.classes else ""
    begins = f"from {networks.latent_dim} latent numbers" if part == "generator" else "from an image"
    table = Table(title=f"{part}, {begins}{condition}", title_justify="left", show_footer=True)
    table.add_column("", justify="right")
    table.add_column("layer", "sum")
    table.add_column("output shape")
    table.add_column("parameters", f"{sums['parameters']:,}", justify="right")
    table.add_column("multiply-adds", f"{sums['multiply_adds']:,}", justify="right")
    for row, layer in zip(rows, network.layers, strict=True):
        shape = shape_text(row.output_shape)
        table.add_row(str(row.place), as_python(layer), shape, f"{row.parameters:,}", f"{row.multiply_adds:,}")
    return table


def _console() -> Screen:
    console = Screen()
    return console if console.is_terminal else Screen(width=_WIDTH)
