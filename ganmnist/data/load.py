"""The images to learn from: MNIST, what stands in for it, or images of your own in a folder or a file."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from ganmnist import paths
from ganmnist.data import download, synthetic
from ganmnist.data.files import OnProgress
from ganmnist.data.idx import write_idx
from ganmnist.data.mnist import MNIST, read_mnist_folder
from ganmnist.data.read import read_data
from ganmnist.data.store import MNIST_NAMES, DatasetStore
from ganmnist.dataset import Dataset
from ganmnist.errors import DataError, DatasetNotFound

__all__ = ["ENVIRONMENT", "MNIST", "is_at_hand", "is_default", "load_data", "read_data"]
ENVIRONMENT = paths.DATA


def load_data(
    directory: Path | str | None = None,
    *,
    name: str | None = None,
    home: Path | None = None,
    on_progress: OnProgress | None = None,
) -> Dataset:
    """Find the images and read them.

    The first of these counts: `directory`, `name`, the environment variable GANMNIST_DATA, MNIST in the user's cache.
    If MNIST is not there, it is downloaded; where that fails too, digits drawn from the bundled model stand in for it,
    under the name `synthetic-mnist`, and are kept until MNIST can be had.

    Args:
        directory: As `read_data` takes it.
        name: Of a data set that was imported.
        home: Folder that holds the cache; the user's own unless given.
        on_progress: Called with percent and a few words.

    Raises:
        DatasetNotFound: No data set has the name.
        DataError: What was named lacks a file, or a file is damaged; names the file and what was expected.
    """
    report = on_progress or (lambda percent, words: None)
    if name and not directory and not is_default(name, home):
        report(0, f"reading {name}")
        return DatasetStore(home or paths.home()).load(name)
    if directory:
        return read_data(Path(directory), report)
    if named := os.environ.get(ENVIRONMENT):
        try:
            return read_data(Path(named), report)
        except DataError as error:
            raise DataError(f"{ENVIRONMENT} names what cannot be learned from. {error}") from None
    cache = _cache(home)
    if not _complete(cache):
        try:
            download.fetch(MNIST, cache, report)
        except OSError as error:
            report(0, f"no MNIST on disk and none to download ({error}): digits drawn from the bundled model instead")
            return _stand_in(home or paths.home(), report)
    found = read_mnist_folder(cache, report, MNIST)
    report(100, "ready")
    return found


def is_default(name: str, home: Path | None = None) -> bool:
    """Tell whether a name is that of the images that are taken where none are named.

    Raises:
        DatasetNotFound: It is neither theirs nor that of a data set that was imported.
    """
    try:
        DatasetStore(home or paths.home()).summary(name)
    except DatasetNotFound:
        named = os.environ.get(ENVIRONMENT)
        if name.lower() in MNIST_NAMES or (named and name == Path(named).resolve().name):
            return True
        raise
    return False


def locate_default(home: Path, on_progress: OnProgress | None = None) -> Path:
    """Return the folder or file that `load_data` reads where nothing is named, fetched or drawn first if need be."""
    if named := os.environ.get(ENVIRONMENT):
        return Path(named).resolve()
    if not is_at_hand(home):
        load_data(home=home, on_progress=on_progress)
    return _cache(home) if is_at_hand(home) else _drawn(home)


def is_at_hand(home: Path | None = None) -> bool:
    """Tell whether `load_data` has MNIST to read without the network."""
    return bool(os.environ.get(ENVIRONMENT)) or _complete(_cache(home))


def is_drawn(home: Path) -> bool:
    """Tell whether the digits that stand in for MNIST were drawn before."""
    return _complete(_drawn(home))


def _stand_in(home: Path, report: OnProgress) -> Dataset:
    """Return the digits that stand in for MNIST, drawn now unless that was done before."""
    folder = _drawn(home)
    try:
        found = read_mnist_folder(folder, report)
    except DataError:  # not drawn yet, half written, or damaged
        arrays = synthetic.draw(home, report)
        found = Dataset(synthetic.NAME, synthetic.SOURCE, *arrays)
        with suppress(OSError):  # a disk that is full, or not to be written to: they are drawn again next time
            for name, array in zip(MNIST, arrays, strict=True):
                write_idx(folder / f"{name}.gz", array)
        report(100, "ready")
    return replace(found, name=synthetic.NAME, source=synthetic.SOURCE)  # not the folder it was read from


def _cache(home: Path | None) -> Path:
    return (home or paths.home()) / "data" / "mnist"


def _drawn(home: Path) -> Path:
    return home / "data" / synthetic.NAME


def _complete(cache: Path) -> bool:
    return all((cache / f"{name}.gz").exists() for name in MNIST)
