"""The command line: data, train, generate, evaluate, models."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table

from ganmnist import __version__, paths
from ganmnist.config import EvaluateConfig, GenerateConfig, GeometryConfig, TrainConfig
from ganmnist.errors import GanError, SettingError
from ganmnist.models import BUNDLED, ModelFolder, ModelManifest, ModelStore, NewName
from ganmnist.reading import read_settings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ganmnist import training
    from ganmnist.data import Dataset

_NESTED = {"networks", "plane", "z", "latent"}  # settings that are no single value
_screen = Console(stderr=True)  # progress and errors; standard output holds results alone


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status: 0 done, 1 failed, 2 misused, 130 interrupted."""
    options = _parser().parse_args(arguments)
    try:
        options.command(options)
    except SettingError as error:
        return _fail(error, 2)
    except (GanError, OSError) as error:
        return _fail(error, 1)
    except KeyboardInterrupt:
        return 130
    return 0


def data(options: argparse.Namespace) -> None:
    """Find or download MNIST, or read images of your own, and describe them."""
    from ganmnist.data import first_of_each, sheet_columns
    from ganmnist.export import write

    found = _load(options.directory)
    if options.out:
        write(options.out, first_of_each(found), columns=sheet_columns(found))
    described = {
        "name": found.name,
        "source": found.source,
        "train": len(found.train_images),
        "test": len(found.test_images),
    }
    _print(options, described, "{name}: {train} training and {test} test images, from {source}".format(**described))


def train(options: argparse.Namespace) -> None:
    """Train a model; Ctrl-C keeps what it has learned."""
    from ganmnist import training
    from ganmnist.export import write

    config = read_settings(TrainConfig, _given(options, TrainConfig))
    store = ModelStore(paths.home())
    if options.resume:
        folder = _cut_short(store, options.model)
        config = folder.manifest().settings
    else:
        folder = store.new(options.model)
    found = _load(options.directory)
    stop = _on_interrupt()
    with _bar("training") as advance:
        training.train(
            found,
            config,
            folder,
            on_progress=lambda step: advance(step.percent, _say(step)),
            on_preview=(lambda images: write(options.out, images)) if options.out else None,
            should_stop=lambda: bool(stop),
            adapt=True,
        )
    _print(
        options,
        _summary(folder.manifest()),
        f"trained {folder.name}: ganmnist generate --model {folder.name} --out digits.png",
    )


def generate(options: argparse.Namespace) -> None:
    """Generate digits and write them as images or geometry."""
    from ganmnist.export import write
    from ganmnist.sampling import Sampler

    settings = _given(options, GenerateConfig)
    if options.latent is not None:
        settings["latent"] = options.latent
    geometry = read_settings(GeometryConfig, _given(options, GeometryConfig))
    config = read_settings(GenerateConfig, settings)
    sampler = Sampler.load(ModelStore(paths.home()).find(options.model), last=options.last)
    images = sampler.sample(config)
    write(options.out, images, geometry)
    done = {"model": sampler.name, "count": len(images), "out": str(options.out)}
    _print(options, done, f"{options.out}: {len(images)} digits from {sampler.name}")


def models(options: argparse.Namespace) -> None:
    """List the models, or delete one."""
    store = ModelStore(paths.home())
    if options.delete:
        store.delete(options.delete)
        _print(options, {"deleted": options.delete}, f"deleted {options.delete}")
        return
    found = store.list()
    if options.json:
        print(json.dumps([_summary(model) for model in found]))
        return
    table = Table("model", "networks", "data", "epoch", "step", "trained", "FID", "created")
    for model in found:
        table.add_row(
            model.name,
            model.preset or "own",
            model.data,
            str(model.epoch),
            str(model.step),
            f"{model.seconds:.0f} s{'' if model.finished else ', cut short'}",
            f"{model.estimate.frechet:.1f}" if model.estimate else "",
            model.created[:10],
        )
    Console().print(table)


def evaluate(options: argparse.Namespace) -> None:
    """Measure how good the digits of a model are, beside real ones."""
    from ganmnist.evaluate import Yardstick

    config = read_settings(EvaluateConfig, _given(options, EvaluateConfig))
    found = _load(options.directory)
    images = _samples(options.what, config.count, found)
    with _bar("judging") as advance:
        yardstick = Yardstick(found)
        advance(30, "the samples")
        given = yardstick.evaluate(images)
        advance(70, "real images")
        real = yardstick.floor(len(images))
        advance(100, "done")
    if options.json:
        print(json.dumps({"samples": given.model_dump(), "floor": real.model_dump()}))
        return
    table = Table("figure", options.what or BUNDLED, "real images", caption=f"{given.images} images each")
    for name in ("frechet", "inception", "confident", "precision", "recall"):
        table.add_row(name, f"{getattr(given, name):.3f}", f"{getattr(real, name):.3f}")
    for digit, (share, true) in enumerate(zip(given.classes, real.classes, strict=True)):
        table.add_row(f"share of {digit}", f"{share:.1%}", f"{true:.1%}")
    Console().print(table)


def _samples(what: str | None, count: int, data: Dataset) -> NDArray[np.uint8]:
    """Read a file of samples, or have a model draw them, with the classes in the proportions of the real images."""
    import numpy as np

    from ganmnist.evaluate import read_samples
    from ganmnist.latent import from_seed
    from ganmnist.sampling import Sampler

    if what and what.endswith(".npy"):
        return read_samples(Path(what))[:count]
    sampler = Sampler.load(ModelStore(paths.home()).find(what))
    z = from_seed(0, count, sampler.latent_dim)
    labels = data.train_labels if data.classes else np.arange(max(sampler.classes, 1))
    classes = np.random.default_rng(0).choice(labels, count).astype(np.int64)
    made = []
    with _bar("sampling") as advance:
        for part in np.array_split(np.arange(count), 20):
            made.append(sampler.draw(z[part], classes[part]))
            advance(5 * len(made), sampler.name)
    return np.concatenate(made)


def _cut_short(store: ModelStore, name: str | None) -> ModelFolder:
    """Return the folder of the training to go on with: the newest that was cut short unless named."""
    if name is None:
        name = next((model.name for model in store.list() if not model.finished), None)
        if name is None:
            raise SettingError("resume: no training was cut short; train another model")
    folder = store.find(name)
    if folder.manifest().finished:
        raise SettingError(f"resume: the training of {folder.name} is finished; train another model")
    return folder


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("ganmnist", description="Train a GAN on MNIST and grow its digits as geometry.")
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True, metavar="command")

    def command(name: str, run: Callable[[argparse.Namespace], None]) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=run.__doc__, description=run.__doc__)
        added.set_defaults(command=run)
        added.add_argument("--json", action="store_true", help="Print the result as JSON.")
        return added

    where = (
        "Folder with the four IDX files of MNIST, or with pictures, in a sub-folder for each class if they have any; "
        "GANMNIST_DATA, the cache or a download unless given."
    )
    added = command("data", data)
    added.add_argument("--directory", type=Path, help=where)
    added.add_argument("--out", type=Path, help="PNG file for a sheet of the first images.")

    added = command("train", train)
    added.add_argument("--model", help=NewName.model_fields["model"].description)
    added.add_argument("--directory", type=Path, help=where)
    added.add_argument("--out", type=Path, help="PNG file that shows the newest samples while it trains.")
    added.add_argument(
        "--resume",
        action="store_true",
        help="Go on with a training that was cut short, with its own settings: the newest unless --model names one.",
    )
    _add_settings(added, TrainConfig)

    added = command("generate", generate)
    added.add_argument("--model", help="Name of the model; the one that comes along unless given.")
    added.add_argument("--last", action="store_true", help="Draw as the training ended, where it was better before.")
    added.add_argument("--latent", type=float, nargs="+", help=GenerateConfig.model_fields["latent"].description)
    added.add_argument(
        "--out", type=Path, required=True, help="File to write: .npy, .png, .obj, .stl, .3dm or .json (COMPAS)."
    )
    _add_settings(added, GenerateConfig)
    _add_settings(added, GeometryConfig)

    added = command("evaluate", evaluate)
    added.add_argument(
        "what", nargs="?", help="Name of a model, the one that comes along unless given, or a .npy file of samples."
    )
    added.add_argument("--directory", type=Path, help=where)
    _add_settings(added, EvaluateConfig)

    added = command("models", models)
    added.add_argument("--delete", metavar="NAME", help="Delete this model and its training.")
    return parser


def _add_settings(parser: argparse.ArgumentParser, settings: type[BaseModel]) -> None:
    """Add an option for every setting that is a single value, with its own help and default."""
    for name, field in settings.model_fields.items():
        if name in _NESTED:
            continue
        default = "" if field.default is None else f" [{field.default}]"
        kinds = (field.annotation, *get_args(field.annotation))
        choices = next((get_args(kind) for kind in kinds if get_origin(kind) is Literal), None)
        parser.add_argument(
            f"--{name.replace('_', '-')}", type=_kind(field), choices=choices, help=f"{field.description}{default}"
        )


def _kind(field: FieldInfo) -> type:
    kinds = [getattr(kind, "__origin__", kind) for kind in (field.annotation, *get_args(field.annotation))]
    return next((kind for kind in (int, float) if kind in kinds), str)


def _given(options: argparse.Namespace, settings: type[BaseModel]) -> dict[str, Any]:
    values = {name: getattr(options, name, None) for name in settings.model_fields if name not in _NESTED}
    return {name: value for name, value in values.items() if value is not None}


def _load(directory: Path | None) -> Dataset:
    from ganmnist import synthetic
    from ganmnist.data import load_data

    with _bar("data") as advance:
        found = load_data(directory, on_progress=advance)
    if found.name == synthetic.NAME:
        _screen.print(f"[yellow]These digits are from {found.source}.[/]")
    return found


@contextmanager
def _bar(title: str) -> Iterator[Callable[[float, str], object]]:
    """Show a progress bar; lends a function that takes percent and words."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TextColumn("{task.fields[words]}"))
    with Progress(*columns, TimeRemainingColumn(), console=_screen) as progress:
        task = progress.add_task(title, total=100, words="")
        yield lambda percent, words: progress.update(task, completed=percent, words=words)


def _on_interrupt() -> list[int]:
    """Return a list that Ctrl-C fills; a second Ctrl-C ends the process at once."""
    pressed: list[int] = []

    def press(number: int, _: object) -> None:
        pressed.append(number)
        signal.signal(signal.SIGINT, signal.default_int_handler)

    signal.signal(signal.SIGINT, press)
    return pressed


def _say(step: training.Progress) -> str:
    words = [f"epoch {step.epoch}/{step.epochs}" if step.epochs else f"step {step.step}"]
    if step.estimate:
        words += [f"FID {step.estimate.frechet:.1f}", f"{100 * step.estimate.confident:.0f} % clear"]
    return "  ".join(words)


def _summary(model: ModelManifest) -> dict[str, Any]:
    return model.model_dump(mode="json", exclude={"networks", "settings", "format", "weights", "sha256"})


def _print(options: argparse.Namespace, values: Any, sentence: str) -> None:
    print(json.dumps(values) if options.json else sentence)


def _fail(error: Exception, status: int) -> int:
    print(f"ganmnist: {error}", file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())
