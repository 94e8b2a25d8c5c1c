"""The command line's `data`: describe, import, list, delete; and what other commands learn from or compare with."""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganmnist import paths
from ganmnist.cli.options import add_command, add_scale, print_result
from ganmnist.cli.progress import bar, warn
from ganmnist.cli.tables import print_table
from ganmnist.config import GeometryConfig
from ganmnist.dataset_summary import DatasetSummary
from ganmnist.errors import SettingError
from ganmnist.remedies import command

if TYPE_CHECKING:
    from ganmnist.cli.options import Commands
    from ganmnist.dataset import Dataset

KINDS = (
    "Folder with IDX files like MNIST's, or with pictures, in a sub-folder for each class if they have any; a .zip "
    "of pictures, a .csv of pixels with their labels, or NumPy's arrays (.npz, .npy)."
)


def add_data(commands: Commands) -> None:
    """Add the command `data`, which describes MNIST or what it is shown unless one of its own commands follows."""
    added = add_command(commands, "data", data)
    add_directory(added)
    added.add_argument("--out", type=Path, metavar="FILE", help="PNG file for an image grid of the first ones.")
    add_scale(added)
    own = added.add_subparsers(metavar="[command]")

    added = add_command(own, "import", take)
    added.add_argument("source", type=Path, help=KINDS)
    added.add_argument("--name", metavar="NAME", help="What to call it; as the folder or file is called unless given.")

    add_command(own, "list", show_all)

    added = add_command(own, "delete", delete)
    added.add_argument("name", help="Name of the data set.")


def add_directory(parser: argparse.ArgumentParser) -> None:
    """Add the option that names images on the disk."""
    parser.add_argument(
        "--directory", type=Path, metavar="PATH", help=f"{KINDS} GANMNIST_DATA, the cache or a download unless given."
    )


def data(options: argparse.Namespace) -> None:
    """Find or download MNIST, or read images of your own, and describe them."""
    from ganmnist.dataset import first_of_each, image_grid_columns
    from ganmnist.export.write import ending_of, scale_to_look_at, write

    found = load(options.directory)
    if options.out:
        images, columns = first_of_each(found), image_grid_columns(found)
        scale = scale_to_look_at(ending_of(options.out), len(images), columns, options.scale)
        write(options.out, images, GeometryConfig(columns=columns), scale=scale)
    kept = found.summary()
    sentence = f"{kept.name}: {kept.train:,} training and {kept.test:,} test images, from {kept.source}"
    if options.out:
        sentence = f"{options.out}: some of each class\n{sentence}"
    _print_summary(options, kept, sentence)


def take(options: argparse.Namespace) -> None:
    """Import images of your own as a data set, to train on it by its name."""
    from ganmnist.data.load import read_data
    from ganmnist.data.store import DatasetStore, name_of

    store = DatasetStore(paths.home())
    source = options.source.expanduser().resolve()
    wished = options.name or name_of(source.name)
    name = store.free_name(wished, str(source))  # refused before anything is read
    with bar("importing") as advance:
        found = replace(read_data(source, advance), source=str(source))
    kept = store.add(found, name)
    how = command("ganmnist", "train", "--data", kept.name)
    if kept.name.lower() != wished.lower():
        warn([f"{wished} is another data set, from {store.summary(wished).source}: this one is called {kept.name}."])
    _print_summary(options, kept, f"imported as {kept.name}: {how}")


def show_all(options: argparse.Namespace) -> None:
    """List the data sets that were imported."""
    from ganmnist.data.store import DatasetStore

    found = DatasetStore(paths.home()).list()
    if options.json:
        print(json.dumps([_values(summary) for summary in found]))
        return
    if not found:
        print(f"none yet: {command('ganmnist', 'data', 'import', 'FOLDER')}")
        return
    rows = [
        (
            summary.name,
            f"{summary.train + summary.test:,}",
            ", ".join(size.name for size in summary.classes),
            summary.source,
            summary.created[:10],
        )
        for summary in found
    ]
    titles = ("data set", "images", "classes", "from", "imported")
    print_table(titles, rows, spare=("from", "classes", "imported", "images"), wrapped=("classes", "from"))


def delete(options: argparse.Namespace) -> None:
    """Delete a data set; models that learned from it stay."""
    from ganmnist.data.store import DatasetStore

    name = DatasetStore(paths.home()).delete(options.name)
    print_result(options, {"deleted": name}, f"deleted {name}")


def load(directory: Path | None, name: str | None = None) -> Dataset:
    """Return the images of a folder or file, of a data set by its name, or those there are.

    Raises:
        SettingError: Both were named.
        DataError: What was named cannot be read.
    """
    from ganmnist.data import synthetic
    from ganmnist.data.load import load_data

    if directory and name:
        raise SettingError(f"data: name {name} or --directory {directory}, not both")
    with bar("data") as advance:
        found = load_data(directory, name=name, on_progress=advance)
    if found.name == synthetic.NAME:
        warn([f"These digits are from {found.source}."])
    return found


def _print_summary(options: argparse.Namespace, summary: DatasetSummary, sentence: str) -> None:
    print_result(options, _values(summary), "\n  ".join([sentence, *summary.sentences()]))


def _values(summary: DatasetSummary) -> dict[str, Any]:
    return summary.model_dump(mode="json", exclude={"sha256"})
