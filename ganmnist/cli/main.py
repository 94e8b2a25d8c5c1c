"""The command line: data, train, generate, restore, film, between, sheet, invert, evaluate, models, networks .."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from ganmnist import __version__, paths
from ganmnist.cli.data import add_data, add_directory, load
from ganmnist.cli.device import add_device
from ganmnist.cli.evaluate import add_evaluate
from ganmnist.cli.film import add_film
from ganmnist.cli.invert import add_invert
from ganmnist.cli.latents import add_latents
from ganmnist.cli.models import add_models, summary
from ganmnist.cli.networks import add_networks, add_networks_file
from ganmnist.cli.networks_file import read_networks
from ganmnist.cli.options import add_command, add_scale, add_settings, given, number, print_result
from ganmnist.cli.progress import bar, busy, draw, warn
from ganmnist.cli.terminal import show_any_letter
from ganmnist.config import DeviceName, ExportConfig, GenerateConfig, GeometryConfig, TrainConfig
from ganmnist.errors import GanError, SettingError, counted
from ganmnist.models.manifest import NewName
from ganmnist.models.store import ModelFolder, ModelStore
from ganmnist.remedies import command, file_problem, load_problem
from ganmnist.training.advice import remarks
from ganmnist.training.presets import recipe
from ganmnist.training.start import starting_model, with_networks
from ganmnist.validation import read_settings

if TYPE_CHECKING:
    from ganmnist.training import loop
    from ganmnist.training.ranks import Ranks


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status: 0 done, 1 failed, 2 misused, 130 interrupted."""
    show_any_letter()
    options, unknown = _parser().parse_known_args(arguments)
    if unknown:
        options.parser.error(f"unknown: {' '.join(unknown)}")
    try:
        options.command(options)
    except SettingError as error:
        return _fail(error, 2)
    except (GanError, OSError, ImportError) as error:
        problem = load_problem(error) or file_problem(error, paths.home())
        if isinstance(error, ImportError) and not problem:
            raise
        return _fail(problem or error, 1)
    except KeyboardInterrupt:
        return 130
    return 0


def train(options: argparse.Namespace) -> None:
    """Train a model; Ctrl-C keeps what it has learned."""
    from ganmnist.training.ranks import joined

    with joined() as ranks:
        if ranks.leads:
            _lead(options, ranks)
        else:
            _follow(options, ranks)


def _lead(options: argparse.Namespace, ranks: Ranks) -> None:
    """Train, alone or as the first of several processes: it alone says anything and writes anything."""
    from ganmnist.export.write import ending_of, scale_to_look_at, write
    from ganmnist.training import loop
    from ganmnist.training.observer import PREVIEW_IMAGES

    settings = given(options, TrainConfig)
    if options.networks_file:
        settings = {**dict(read_networks(options.networks_file)), **settings}
    config = read_settings(TrainConfig, settings)
    scale = scale_to_look_at(ending_of(options.out), PREVIEW_IMAGES, None, options.scale) if options.out else None
    store = ModelStore(paths.home())
    if options.resume:
        device = {"device": config.device} if settings.pop("device", None) else {}
        _refuse(settings)
        folder = _cut_short(store, options.model)
        config = folder.manifest().settings.model_copy(update=device)
    else:
        config = with_networks(config, store)
        folder = store.new(options.model)
        if displaced := store.displaced(folder):
            warn([f"{displaced} Ctrl-C and another --model leave both their names."])
    warn(remarks(recipe(config)))  # which also refuses what cannot be trained, before anything is fetched
    ranks.share_text(config.model_dump_json())
    with ranks.leader_first():
        found = load(options.directory, config.data)
    stop = _on_interrupt(ranks)
    with folder.training(), bar("training") as advance:
        if options.resume:  # whoever trained there meanwhile may have finished it
            _check_cut_short(folder)
        loop.train(
            found,
            config,
            folder,
            on_progress=lambda step: advance(step.percent, _say(step)),
            on_preview=(lambda images: write(options.out, images, scale=scale)) if options.out else None,
            on_warnings=warn,
            should_stop=lambda: bool(stop),
            start=starting_model(config, folder, store),
            adapt=True,
            ranks=ranks,
        )
    trained = folder.manifest()
    how = command("ganmnist", "generate", "--model", trained.name, "--out", "digits.png")
    print_result(options, summary(trained), f"trained {trained.name}: {how}")


def _follow(options: argparse.Namespace, ranks: Ranks) -> None:
    """Do the share of a process that is not the first, with the settings of the first, and without a word."""
    from ganmnist.data.load import load_data
    from ganmnist.training import loop
    from ganmnist.training.ranks import RankError

    stop = _on_interrupt(ranks)
    try:
        config = TrainConfig.model_validate_json(ranks.share_text())
        with ranks.leader_first():
            found = load_data(options.directory, name=config.data)
        loop.train(found, config, should_stop=lambda: bool(stop), adapt=True, ranks=ranks)
    except RankError:  # whoever ended says why, and so does the first
        raise SystemExit(1) from None


def generate(options: argparse.Namespace) -> None:
    """Generate digits and write them as images or geometry."""
    from ganmnist.export.write import (
        WITH_RECORD,
        ending_of,
        remarks_on,
        scale_to_look_at,
        validate_settings,
        validate_size,
        write,
    )
    from ganmnist.generation.sampler import Sampler
    from ganmnist.latent.vectors import inputs
    from ganmnist.models.provenance import Provenance

    ending = ending_of(options.out)
    chosen = given(options, GeometryConfig)
    geometry = read_settings(GeometryConfig, chosen)
    if geometry.form != "images":
        validate_settings(ending, chosen)
    config = read_settings(GenerateConfig, given(options, GenerateConfig))
    validate_size(ending, config.count, geometry)
    scale = scale_to_look_at(ending, config.count, geometry.columns, options.scale)
    found = ModelStore(paths.home()).find(options.model)
    sampler = Sampler.load(found, last=options.last, device=options.device)
    z = inputs(config, sampler.latent_dim, sampler.known_classes, sampler.directions_for(config))
    images = draw(sampler, z)
    units = read_settings(ExportConfig, given(options, ExportConfig)).units
    fits = Provenance.has_room_for(z)
    record = Provenance.of(sampler.source, config.seed, geometry, z, units) if sampler.source and fits else None
    with busy(f"writing {options.out}"):
        write(options.out, images, geometry, record, scale)
    remarks = remarks_on(ending, geometry.form)
    if not fits and ending in WITH_RECORD:
        remarks.append(f"{options.out} holds no record: so many have no room in it")
    done = {"model": sampler.name, "count": len(images), "out": str(options.out), "remarks": remarks}
    print_result(
        options, done, "\n".join([f"{options.out}: {counted(len(images), 'digit')} from {sampler.name}", *remarks])
    )


def restore(options: argparse.Namespace) -> None:
    """Find out where the digits in a file come from, and draw the same again."""
    from ganmnist.export.records import read_file, read_record
    from ganmnist.export.restore import restore as draw_again
    from ganmnist.export.write import ending_of, remarks_on, write

    what: str = options.what
    record = read_record(what.encode(), "the text") if what.startswith("{") else read_file(Path(what))
    made = draw_again(record)
    warn(made.remarks)
    remarks = made.remarks
    if options.out:
        # With its record they are the same file again; of a changed model they are others.
        write(options.out, made.images, record.geometry, None if made.remarks else record, options.scale)
        about = remarks_on(ending_of(options.out), record.geometry.form)
        warn(about)
        remarks = [*remarks, *about]
    done = {"remarks": remarks, "count": len(made.images), "record": record.model_dump(mode="json")}
    drawn = f"{options.out or what}: {counted(len(made.images), 'digit')} from {record.model} at step {record.step}"
    print_result(options, done, f"{drawn}, seed {record.seed}, ganmnist {record.version}")


def _cut_short(store: ModelStore, name: str | None) -> ModelFolder:
    """Return the folder of the training to go on with: the newest that was cut short unless named."""
    if name is None:
        newest = store.newest(cut_short=True)
        if newest is None:
            raise SettingError("resume: no training was cut short; --start-from NAME trains a finished model on")
        name = newest.name
    folder = store.find(name)
    _check_cut_short(folder)
    return folder


def _check_cut_short(folder: ModelFolder) -> None:
    """Refuse to go on with a training that is finished, or of which too little is left."""
    if folder.manifest().finished:
        raise SettingError(
            f"resume: the training of {folder.name} is finished: --start-from {folder.name} trains it on"
        )
    if not folder.has_checkpoints():
        raise SettingError(
            f"resume: the checkpoints of {folder.name} are gone; --start-from {folder.name} trains the model on"
        )


def _refuse(settings: dict[str, Any]) -> None:
    """Refuse settings beside --resume, which goes on with those that the training began with.

    Raises:
        SettingError: There are some; names them.
    """
    if settings:
        names = ", ".join(f"--{name.replace('_', '-')}" for name in settings)
        raise SettingError(
            f"resume: goes on with the settings that the training began with, so {names} cannot be taken: leave them "
            "out; or train the model on under others, as another model: --start-from NAME in place of --resume"
        )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "ganmnist",
        description="Train a GAN on MNIST, or on pictures of your own, and grow its digits as geometry.",
        epilog="ganmnist COMMAND --help says what a command does, and lists its settings with their defaults.",
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True, metavar="command")

    add_data(commands)

    added = add_command(commands, "train", train)
    added.epilog = (
        "In several processes, with one thread each: torchrun --nproc-per-node 2 -m ganmnist train ... A batch is "
        "divided among them, so batch-size and all else mean what they mean in one."
    )
    added.add_argument("--model", metavar="NAME", help=NewName.model_fields["model"].description)
    add_directory(added)
    added.add_argument(
        "--out", type=Path, metavar="FILE", help="PNG file that shows the newest samples while it trains."
    )
    add_scale(added)
    added.add_argument(
        "--resume",
        action="store_true",
        help="Go on with a training that was cut short, with its own settings: the newest unless --model names one.",
    )
    add_networks_file(added)
    add_settings(added, TrainConfig)

    added = add_command(commands, "generate", generate)
    added.add_argument("--model", metavar="NAME", help="Name of the model; the bundled one unless given.")
    added.add_argument("--last", action="store_true", help="Draw as the training ended, where it was better before.")
    added.add_argument(
        "--device",
        choices=get_args(DeviceName),
        default="cpu",
        help="What they are drawn on: cpu draws the same bytes everywhere, cuda, mps and xpu draw many sooner, auto is "
        "the first of these that works. [cpu]",
    )
    added.add_argument(
        "--latent", type=number, nargs="+", metavar="N", help=GenerateConfig.model_fields["latent"].description
    )
    added.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        required=True,
        help="File to write: .npy, .png, .gif, .obj, .stl, .ply, .3mf, .3dm or .json (COMPAS).",
    )
    add_scale(added)
    add_settings(added, GenerateConfig)
    add_settings(added, GeometryConfig)
    add_settings(added, ExportConfig)

    added = add_command(commands, "restore", restore)
    added.add_argument("what", help="File that ganmnist has written, or the text of an object.")
    added.add_argument("--out", type=Path, metavar="FILE", help="File to write them to again, of any kind.")
    add_scale(added, "1 in a .png and 8 in a .gif")

    add_latents(commands)

    add_evaluate(commands)
    add_invert(commands)
    add_film(commands)
    add_models(commands)
    add_networks(commands)
    add_device(commands)
    return parser


def _on_interrupt(ranks: Ranks) -> list[int]:
    """Return a list that Ctrl-C fills; a second Ctrl-C ends the process at once.

    Of several processes torchrun ends the others by SIGTERM, and is ended by it: that fills it too.
    """
    pressed: list[int] = []

    def press(number: int, _: object) -> None:
        pressed.append(number)
        signal.signal(signal.SIGINT, signal.default_int_handler)

    signal.signal(signal.SIGINT, press)
    if ranks.several:
        signal.signal(signal.SIGTERM, lambda number, _: pressed.append(number))
    return pressed


def _say(step: loop.Progress) -> str:
    whole = f"/{step.steps}" if step.steps else ""
    words = [f"epoch {step.epoch}/{step.epochs}" if step.epochs else f"step {step.step}{whole}"]
    if step.estimate:
        words += [f"FID {step.estimate.frechet:.1f}", f"{100 * step.estimate.confident:.0f} % confident"]
    return "  ".join(words)


def _fail(error: Exception | str, status: int) -> int:
    print(f"ganmnist: {error}", file=sys.stderr)
    return status
