"""The command line's `models`: list, delete, export and import."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganmnist import paths
from ganmnist.class_names import listed
from ganmnist.cli.options import add_command, print_result
from ganmnist.cli.progress import warn
from ganmnist.cli.tables import print_table
from ganmnist.models.archive import ModelFile, export_model, import_model
from ganmnist.models.manifest import ModelManifest
from ganmnist.models.store import ModelStore
from ganmnist.remedies import command

if TYPE_CHECKING:
    from ganmnist.cli.options import Commands

_SHOWN = 100  # models in the table


def add_models(commands: Commands) -> None:
    """Add the command `models`, which lists them unless one of its own commands follows."""
    added = add_command(commands, "models", models)
    added.add_argument(
        "--limit", type=_limit, metavar="N", help=f"Show the newest N; {_SHOWN} unless given, and as JSON all of them."
    )
    added.add_argument("--delete", metavar="NAME", help="Delete this model and its training.")
    own = added.add_subparsers(metavar="[command]")

    added = add_command(own, "export", export)
    added.add_argument("name", help="Name of the model.")
    added.add_argument("--out", type=Path, required=True, metavar="FILE", help="File to write, ending in .ganmnist.")

    added = add_command(own, "import", take)
    added.add_argument("file", type=Path, help="A .ganmnist file.")
    added.add_argument("--name", metavar="NAME", help="What to call it; as it is called in the file unless given.")


def models(options: argparse.Namespace) -> None:
    """List the models, or delete one; or export one to a file, or import it from there."""
    store = ModelStore(paths.home())
    if options.delete:
        store.delete(options.delete)
        print_result(options, {"deleted": options.delete}, f"deleted {options.delete}")
        return
    damage = store.damage()
    if options.json:
        found = store.page(limit=options.limit)[0] if options.limit else store.list()
        warn(damage)
        print(json.dumps([summary(model) for model in found]))
        return
    found, _ = store.page(limit=options.limit or _SHOWN)
    rows = [
        (
            model.name,
            model.preset or "own",
            model.data,
            listed(model.known_classes.names),
            str(model.epoch),
            str(model.step),
            f"{model.seconds:.0f} s{'' if model.finished else _unfinished(store, model)}",
            f"{model.estimate.frechet:.1f}" if model.estimate else "",
            model.created[:10],
        )
        for model in found
    ]
    titles = ("model", "networks", "data", "classes", "epoch", "step", "trained", "FID", "created")
    spare = ("step", "epoch", "networks", "classes", "created", "data", "FID", "trained")
    print_table(titles, rows, spare=spare, wrapped=("data", "classes", "trained"))
    more = store.count() - len(found)
    if more > 0:
        how = command("ganmnist", "models", "--limit", len(found) + more)
        print(f"and {more:,} more: {how}")
    warn(damage)


def _unfinished(store: ModelStore, model: ModelManifest) -> str:
    under_way = store.folder(model.id, model.name).is_being_trained()
    return ", under way" if under_way else ", cut short"


def _limit(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected 1 or more, got {number}")
    return number


def export(options: argparse.Namespace) -> None:
    """Write a model to one file, to keep or to give away."""
    folder = ModelStore(paths.home()).find(options.name)
    export_model(folder, options.out)
    done = {"model": folder.name, "out": str(options.out)}
    how = command("ganmnist", "models", "import", options.out)
    print_result(options, done, f"{folder.name} written to {options.out}: {how}")


def take(options: argparse.Namespace) -> None:
    """Take a model from a file that export wrote, checked before anything is kept."""
    from ganmnist.generation.sampler import validate_drawing

    wished = options.name

    def check(found: ModelFile, where: str) -> None:
        nonlocal wished
        wished = wished or found.manifest.name
        validate_drawing(found, where)

    folder = import_model(ModelStore(paths.home()), options.file, options.name, check)
    if folder.name.lower() != wished.lower():
        warn([f"There is a model {wished}: it stays, and this one is called {folder.name}."])
    how = command("ganmnist", "generate", "--model", folder.name, "--out", "digits.png")
    print_result(options, summary(folder.manifest()), f"imported as {folder.name}: {how}")


def summary(model: ModelManifest) -> dict[str, Any]:
    """Return what is told of a model as JSON: all but its networks and settings."""
    told = model.model_dump(mode="json", exclude={"networks", "settings", "format", "weights", "sha256"})
    return {**told, "class_names": list(model.known_classes.names)}
