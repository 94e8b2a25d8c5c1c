"""Data sets of one's own, kept by name: read once, then at hand for every training. No torch."""

from __future__ import annotations

import re
import secrets
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, TypeAdapter, ValidationError

from ganmnist.config import DatasetName
from ganmnist.data.idx import IMAGES_MAGIC, LABELS_MAGIC, read_idx, write_idx
from ganmnist.dataset import Dataset
from ganmnist.dataset_summary import DatasetSummary
from ganmnist.errors import DataError, DatasetNotFound, SettingError, shown
from ganmnist.models.manifest import now
from ganmnist.names import OWNER, nearest_name
from ganmnist.storage.atomic import read_json, write_json
from ganmnist.validation import explain

MAX_SETS = 200
MNIST_NAMES = ("mnist", "synthetic-mnist")  # in small letters: those of what is there without being imported
_MANIFEST = "data.json"
_FILES = ("train-images", "train-labels", "test-images", "test-labels")
_ENDING = ".idx.gz"
_NAME = TypeAdapter(DatasetName)


class DatasetManifest(DatasetSummary):
    """What stands in `data.json`: what is in a data set, and the checksums of its files."""

    created: str = Field(description="When it was imported, ISO 8601 in UTC.")
    owner: str = Field(OWNER, description="Who imported it, and may delete it.")
    sha256: tuple[str, str, str, str] = Field(description="Of its inflated files, in the order of Dataset's arrays.")


class DatasetStore:
    """All data sets in a home folder."""

    def __init__(self, home: Path) -> None:
        self.path = home / "data" / "sets"

    def list(self) -> list[DatasetManifest]:
        """Return all data sets that can be read, newest first."""
        return [manifest for _, manifest in self._all()]

    def summary(self, name: str) -> DatasetManifest:
        """Return what is in the data set of that name, in any case of its letters.

        Raises:
            DatasetNotFound: There is none; lists those there are.
        """
        return self._find(name)[1]

    def folder_of(self, name: str) -> Path:
        """Return the folder of the data set of that name.

        Raises:
            DatasetNotFound: There is none.
        """
        return self._find(name)[0]

    def load(self, name: str) -> Dataset:
        """Read the data set of that name.

        Raises:
            DatasetNotFound: There is none.
            DataError: A file of it is absent or damaged.
        """
        folder, manifest = self._find(name)
        arrays: list[NDArray[np.uint8]] = []
        for file, digest in zip(_FILES, manifest.sha256, strict=True):
            path = folder / (file + _ENDING)
            array, found = read_idx(path, IMAGES_MAGIC if "images" in file else LABELS_MAGIC)
            if found != digest:
                raise DataError(f"{path}: is damaged: import {manifest.source} as {manifest.name} once more")
            arrays.append(array)
        names = tuple(size.name for size in manifest.classes)
        train_images, train_labels, test_images, test_labels = arrays
        return Dataset(
            manifest.name,
            manifest.source,
            train_images,
            train_labels,
            test_images,
            test_labels,
            names,
            manifest.report,
        )

    def add(self, dataset: Dataset, name: str | None = None, owner: str = OWNER) -> DatasetManifest:
        """Keep a data set, whole or not at all.

        One that was imported from the same place takes the place of the one before. Where the name belongs to another,
        it is kept as name-2, name-3 ...

        Args:
            dataset: What was read.
            name: What to call it; as the folder or file is called unless given.
            owner: Whose it is.

        Raises:
            SettingError: The name cannot be one, or there are MAX_SETS data sets already.
            OSError: It cannot be written.
        """
        free = self.free_name(name or name_of(dataset.name), dataset.source)
        before = [folder for folder, other in self._all() if _like(other.name, free)]
        written = self._write(dataset, free, owner)
        for folder in before:
            shutil.rmtree(folder, ignore_errors=True)
        return written

    def free_name(self, name: str, source: str) -> str:
        """Return what a data set from a place will be called: as the one from there before, or by a free name.

        Raises:
            SettingError: The name cannot be one, or there are MAX_SETS data sets already.
        """
        known = {manifest.name.lower(): manifest.source for manifest in self.list()}
        free, number = checked_name(name), 1
        while known.get(free.lower(), source) != source:
            number += 1
            free = f"{name[:60]}-{number}"
        if free.lower() not in known and len(known) >= MAX_SETS:
            raise SettingError(f"data: there are {len(known)} data sets, at most {MAX_SETS} are kept: delete some")
        return free

    def delete(self, name: str) -> str:
        """Delete the data set of that name; return how its name was written.

        Raises:
            DatasetNotFound: There is none.
            OSError: It cannot be deleted.
        """
        folder, manifest = self._find(name)
        (folder / _MANIFEST).unlink()  # from here on it is no data set, whatever becomes of the rest
        shutil.rmtree(folder)
        return manifest.name

    def _write(self, dataset: Dataset, name: str, owner: str) -> DatasetManifest:
        arrays = (dataset.train_images, dataset.train_labels, dataset.test_images, dataset.test_labels)
        id = secrets.token_hex(8)
        folder = self.path / f".{id}.tmp"
        try:
            digests = [write_idx(folder / (file + _ENDING), array) for file, array in zip(_FILES, arrays, strict=True)]
            summary = dataset.summary().model_copy(update={"name": name})
            manifest = DatasetManifest(**dict(summary), created=now(), owner=owner, sha256=tuple(digests))
            write_json(folder / _MANIFEST, manifest.model_dump(mode="json"))
            folder.rename(self.path / id)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        return manifest

    def _find(self, name: str) -> tuple[Path, DatasetManifest]:
        for folder, manifest in self._all():
            if _like(manifest.name, name):
                return folder, manifest
        if name.lower() in MNIST_NAMES:
            raise DatasetNotFound(f"data: {shown(name)} was not imported: it is always there, and cannot be deleted")
        names = ", ".join(manifest.name for manifest in self.list())
        there = f"there are MNIST, {names}" if names else "there is MNIST alone: import others first"
        raise DatasetNotFound(f"data: no data set {shown(name)}; {there}")

    def _all(self) -> Sequence[tuple[Path, DatasetManifest]]:
        found = []
        for path in self.path.glob(f"[!.]*/{_MANIFEST}"):
            try:
                found.append((path.parent, DatasetManifest.model_validate(read_json(path))))
            except (OSError, ValueError):  # deleted meanwhile, or damaged
                continue
        return sorted(found, key=lambda pair: pair[1].created, reverse=True)


def checked_name(name: str) -> str:
    """Return a name that a data set may have.

    Raises:
        SettingError: It may not; says which letters are allowed.
    """
    try:
        _NAME.validate_python(name)
    except ValidationError as error:
        raise SettingError(f"name: {explain(error)}") from None
    if name.lower() in MNIST_NAMES:
        raise SettingError(f"name: {name} is what the data set of MNIST is called: choose another")
    return name


def name_of(title: str) -> str:
    """Make a name of what a folder or a file is called: its letters and digits, without accents and endings."""
    stem = re.sub(r"(\.[A-Za-z0-9]{1,5})+$", "", title)
    made = nearest_name(stem, "images")
    try:
        return checked_name(made)
    except SettingError:
        return f"my-{made}"


def _like(one: str, other: str) -> bool:
    return one.lower() == other.lower()
