"""Trained models on disk: one folder each, found by name. No torch."""

from __future__ import annotations

import re
import secrets
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field, ValidationError

from ganmnist import bundle, paths
from ganmnist.config import ModelConfig, ModelName, TrainConfig, explain, read_settings
from ganmnist.errors import ModelError, ModelNotFound
from ganmnist.fields import Flag, Number, Settings, Whole

if TYPE_CHECKING:
    from torch import Tensor

_MANIFEST = "model.json"


class ModelManifest(Settings):
    """What a model is and how it came to be."""

    id: str = Field(description="Name of its folder, never changes.")
    name: ModelName
    created: str = Field(description="When its training began, ISO 8601 in UTC.")
    data: str = Field(description="Name of the data set it learned from.")
    preset: str | None = Field(description="Preset of its networks, if one.")
    networks: ModelConfig
    settings: TrainConfig
    epoch: Whole
    step: Whole
    seconds: Number = Field(description="Time it was trained.")
    finished: Flag = Field(description="False while its training is under way or was cut short.")
    format: Whole = bundle.FORMAT
    weights: str = ""
    sha256: str = ""


@dataclass(frozen=True)
class ModelFolder:
    """The folder of one training and of the model that comes out of it."""

    store: ModelStore
    id: str
    name: str

    @property
    def path(self) -> Path:
        return self.store.path / self.id

    @property
    def checkpoints(self) -> Path:
        return self.path / "checkpoints"

    def created(self) -> str:
        """Return when this training published first, or now: ISO 8601 in UTC."""
        try:
            return self.manifest().created
        except ModelError:
            return datetime.now(UTC).isoformat(timespec="milliseconds")

    def manifest(self) -> ModelManifest:
        """Read what the model is.

        Raises:
            ModelError: It was never published, or its manifest is damaged.
        """
        return _read(self.path)

    def publish(self, manifest: ModelManifest, generator: dict[str, Tensor]) -> None:
        """Put the generator where everyone finds it under its name, in place of what this training published before.

        Another model of that name is kept and renamed to name-1, name-2 ...
        """
        taken = self.store._find(manifest.name)
        if taken is not None and taken.id != self.id:
            self.store.rename(taken, self.store.free_name(taken.name))
        values = manifest.model_dump(mode="json", exclude={"format", "weights", "sha256"})
        bundle.save(self.path / _MANIFEST, values, generator)

    def load(self) -> tuple[ModelManifest, dict[str, Tensor]]:
        """Load the generator's weights, checked against their checksum."""
        try:
            manifest, tensors = bundle.load(self.path / _MANIFEST)
        except ModelError:
            # A training may have published between the manifest and the weights: what is there now is whole.
            manifest, tensors = bundle.load(self.path / _MANIFEST)
        return _check(self.path / _MANIFEST, manifest), tensors


class ModelStore:
    """All models in a home folder."""

    def __init__(self, home: Path) -> None:
        self.path = home / "models"

    def list(self) -> list[ModelManifest]:
        """Return all models that can be read, newest first."""
        found = []
        for manifest in self.path.glob(f"*/{_MANIFEST}"):
            try:
                found.append(_read(manifest.parent))
            except ModelError:
                continue  # damaged: `find` by its name says so, a list shows the others
        return sorted(found, key=lambda manifest: manifest.created, reverse=True)

    def find(self, name: str | None) -> ModelFolder:
        """Return the model of that name, or the newest one for None.

        Raises:
            ModelNotFound: There is none; lists those there are.
        """
        manifest = next(iter(self.list()), None) if name is None else self._find(name)
        if manifest is None:
            names = ", ".join(model.name for model in self.list())
            there = (
                f"there are {names}"
                if names
                else "there are none yet: train one first (ganmnist train, or the Train button)"
            )
            raise ModelNotFound(f"model: no model {name}; {there}" if name else f"model: {there}")
        return self.folder(manifest.id, manifest.name)

    def folder(self, id: str, name: str) -> ModelFolder:
        """Return the folder of a training, there or not."""
        return ModelFolder(self, id, name)

    def new(self, name: str | None = None) -> ModelFolder:
        """Return a folder for a new training, under a free name unless one is given.

        Raises:
            SettingError: The name has other letters than a name may have.
        """
        return self.folder(
            secrets.token_hex(8), read_settings(_Name, {"model": name}).model or self.free_name("digits")
        )

    def delete(self, name: str) -> None:
        """Delete a model and all of its training.

        Raises:
            ModelNotFound: There is none of that name.
        """
        folder = self.find(name)
        (folder.path / _MANIFEST).unlink()  # from here on it is gone, whatever becomes of the rest
        shutil.rmtree(folder.path)

    def rename(self, manifest: ModelManifest, name: str) -> None:
        """Give a model another name; its folder stays."""
        path = self.path / manifest.id / _MANIFEST
        bundle.update(path, {"name": name})

    def free_name(self, stem: str, reserved: Iterable[str] = ()) -> str:
        """Return `stem`-1, -2 ...: the first that no model has and that is not reserved."""
        stem = re.sub(r"-[0-9]+$", "", stem)[:56]
        taken = {name.lower() for name in (*(model.name for model in self.list()), *reserved)}
        number = 1
        while f"{stem}-{number}".lower() in taken:
            number += 1
        return f"{stem}-{number}"

    def _find(self, name: str) -> ModelManifest | None:
        return next((model for model in self.list() if model.name.lower() == name.lower()), None)


class _Name(Settings):
    model: ModelName | None


def _read(folder: Path) -> ModelManifest:
    path = folder / _MANIFEST
    try:
        found = path.stat()
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror})") from None
    return _read_version(path, found.st_mtime_ns, found.st_ino)


@lru_cache(maxsize=512)  # a slider asks thirty times a second which model is the newest
def _read_version(path: Path, changed: int, inode: int) -> ModelManifest:
    return _check(path, bundle.read_manifest(path))


def _check(path: Path, values: dict[str, Any]) -> ModelManifest:
    try:
        return ModelManifest.model_validate(values)
    except ValidationError as error:
        raise ModelError(f"{path}: {explain(error)}") from None


def list_models(home: Path | None = None) -> list[ModelManifest]:
    """Return the models of the user's store, newest first."""
    return ModelStore(home or paths.home()).list()
