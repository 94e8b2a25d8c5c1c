"""Trained models on disk: one folder each, found by name. No torch."""

from __future__ import annotations

import re
import secrets
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from filelock import FileLock, Timeout

from ganmnist import paths
from ganmnist.errors import ModelError, ModelNotFound, SettingError, TrainingError
from ganmnist.storage import bundle
from ganmnist.validation import read_settings

if TYPE_CHECKING:
    from torch import Tensor

from ganmnist.models.manifest import BUNDLED, ModelManifest, NewName, manifest_values, now, parse_model_manifest

T = TypeVar("T")
_BUNDLED_FOLDER = Path(__file__).parents[1] / "weights" / BUNDLED
_MANIFEST = "model.json"
_LAST = "last.json"
_DISCRIMINATOR = "discriminator.json"


@dataclass(frozen=True)
class ModelFolder:
    """The folder of one training and of the model that comes out of it."""

    store: ModelStore
    id: str
    name: str

    @property
    def path(self) -> Path:
        return _BUNDLED_FOLDER if self.id == BUNDLED else self.store.path / self.id

    @property
    def checkpoints(self) -> Path:
        return self.path / "checkpoints"

    @property
    def lock(self) -> Path:
        """What whoever trains here holds, and the system lets go however that ends."""
        return self.path / "worker.lock"

    @property
    def film(self) -> Path:
        """Where the states of the training are kept as it goes on."""
        return self.path / "film"

    @contextmanager
    def training(self) -> Iterator[None]:
        """Hold what only one process has at a time: the right to train in this folder.

        Raises:
            TrainingError: Another one has it.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        try:
            lock = FileLock(self.lock).acquire(timeout=0)
        except Timeout:
            raise TrainingError(f"{self.name} is being trained by another program: wait, or stop it first") from None
        try:
            with lock:
                yield
        finally:
            if [path.name for path in self.path.iterdir()] == [self.lock.name]:  # it failed before there was anything
                shutil.rmtree(self.path, ignore_errors=True)

    def is_being_trained(self) -> bool:
        """Tell whether some process trains here at this moment."""
        if not self.lock.exists():
            return False
        try:
            with FileLock(self.lock).acquire(timeout=0):
                return False
        except (Timeout, OSError):
            return True

    def created(self) -> str:
        """Return when this training published first, or now: ISO 8601 in UTC."""
        try:
            return self.manifest().created
        except ModelError:
            return now()

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
        bundle.save(self.path / _MANIFEST, manifest_values(manifest), generator)
        for old in self.path.glob("last[.-]*"):  # of a part of this training that went before
            old.unlink()

    def keep_last(self, manifest: ModelManifest, generator: dict[str, Tensor]) -> None:
        """Keep what a training ended with, where an earlier state of it was better and is the one published."""
        bundle.save(self.path / _LAST, manifest_values(manifest), generator)

    def keep_discriminator(self, discriminator: dict[str, Tensor]) -> None:
        """Keep what the generator was trained against, for a training that starts from this model."""
        bundle.save(self.path / _DISCRIMINATOR, {}, discriminator)

    def load_discriminator(self) -> dict[str, Tensor] | None:
        """Load what was kept, checked as the generator is; None where there is none, as with a model from a file.

        Raises:
            ModelError: Its files are damaged.
        """
        from ganmnist.networks.build import discriminator_layouts

        path = self.path / _DISCRIMINATOR
        if not path.exists():
            return None
        networks = self.manifest().networks
        return _twice(lambda: bundle.load(path, lambda _: discriminator_layouts(networks)))[1]

    def load(self, *, last: bool = False) -> tuple[ModelManifest, dict[str, Tensor]]:
        """Load the generator's weights, checked against their checksum and against the networks of the manifest.

        Args:
            last: Those the training ended with, rather than its best.

        Raises:
            ModelError: Its files are absent or damaged, or a tensor is another than its networks have.
        """
        from ganmnist.networks.build import generator_layouts

        path = self.path / (_LAST if last and (self.path / _LAST).exists() else _MANIFEST)

        def load() -> tuple[dict[str, Any], dict[str, Tensor]]:
            return bundle.load(path, lambda values: generator_layouts(parse_model_manifest(values, str(path)).networks))

        manifest, tensors = _twice(load)
        return parse_model_manifest(manifest, str(path)), tensors

    def read_files(self) -> tuple[dict[str, Any], bytes]:
        """Read the manifest's values and the bytes of the weights, checked against their checksum. No torch."""
        path = self.path / _MANIFEST

        def read() -> tuple[dict[str, Any], bytes]:
            manifest = bundle.read_manifest(path)
            return manifest, bundle.read_weights(path.with_name(manifest["weights"]), manifest["sha256"])

        return _twice(read)


class ModelStore:
    """All models in a home folder."""

    def __init__(self, home: Path) -> None:
        self.path = home / "models"

    def list(self) -> list[ModelManifest]:
        """Return all models that can be read, newest first, and at the end the bundled one."""
        trained = _readable(manifest.parent for manifest in self.path.glob(f"[!.]*/{_MANIFEST}"))
        trained.sort(key=lambda manifest: manifest.created, reverse=True)
        return [*trained, *_readable([_BUNDLED_FOLDER])]

    def find(self, name: str | None) -> ModelFolder:
        """Return the model of that name, or the bundled one for None.

        Raises:
            ModelNotFound: There is none; lists those there are, and says of what file another cannot be read.
        """
        manifest = self._find(name or BUNDLED)
        if manifest is None:
            names = ", ".join(model.name for model in self.list()) or "none"
            damage = "".join(f"; {problem}" for problem in self._damage())
            raise ModelNotFound(f"model: no model {name or BUNDLED}; there are {names}{damage}")
        return self.folder(manifest.id, manifest.name)

    def folder(self, id: str, name: str) -> ModelFolder:
        """Return the folder of a training, there or not."""
        return ModelFolder(self, id, name)

    def new(self, name: str | None = None) -> ModelFolder:
        """Return a folder for a new training, under a free name unless one is given.

        Raises:
            SettingError: The name has other letters than a name may have, or is that of the bundled model.
        """
        chosen = read_settings(NewName, {"model": name}).model or self.free_name("digits")
        return self.folder(secrets.token_hex(8), chosen)

    def add(self, manifest: ModelManifest, weights: bytes) -> ModelFolder:
        """Keep a model that was trained elsewhere: under its name if that is free, under name-1, -2 ... if not.

        Args:
            manifest: What it is, checked as well as its weights.
            weights: Bytes of a safetensors file.
        """
        name = manifest.name if self._find(manifest.name) is None else self.free_name(manifest.name)
        folder = self.folder(secrets.token_hex(8), name)
        # It has no checkpoints here, so there is nothing to go on with.
        values = manifest_values(manifest.model_copy(update={"id": folder.id, "name": name, "finished": True}))
        # Whoever is killed here leaves a folder that is no model, and that is known to be left behind by its name.
        made = self.path / f".{folder.id}.tmp"
        try:
            bundle.write(made / _MANIFEST, values, weights)
            made.replace(folder.path)
        except BaseException:
            shutil.rmtree(made, ignore_errors=True)
            raise
        return folder

    def delete(self, name: str) -> None:
        """Delete a model and all of its training.

        Raises:
            ModelNotFound: There is none of that name.
            SettingError: It is the bundled one.
        """
        folder = self.find(name)
        if folder.id == BUNDLED:
            raise SettingError(f"model: {BUNDLED} is part of ganmnist and stays")
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

    def displaced(self, folder: ModelFolder) -> str | None:
        """Say what becomes of another model that has the name of a new one; None where there is none."""
        taken = self._find(folder.name)
        if taken is None or taken.id == folder.id:
            return None
        free = self.free_name(taken.name)
        return f"There is a model {taken.name}: it is kept, and called {free} once the new one is there."

    def _damage(self) -> Iterable[ModelError]:
        for manifest in self.path.glob(f"[!.]*/{_MANIFEST}"):
            try:
                _read(manifest.parent)
            except ModelError as error:
                yield error

    def _find(self, name: str) -> ModelManifest | None:
        return next((model for model in self.list() if model.name.lower() == name.lower()), None)


def _readable(folders: Iterable[Path]) -> list[ModelManifest]:
    """Read the manifests that can be read; a damaged model is named when it is asked for."""
    found = []
    for folder in folders:
        with suppress(ModelError):
            found.append(_read(folder))
    return found


def _read(folder: Path) -> ModelManifest:
    path = folder / _MANIFEST
    try:
        found = path.stat()
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror})") from None
    return _read_version(path, found.st_mtime_ns, found.st_ino)


@lru_cache(maxsize=512)  # a slider asks thirty times a second which model is the newest
def _read_version(path: Path, changed: int, inode: int) -> ModelManifest:
    return parse_model_manifest(bundle.read_manifest(path), str(path))


def _twice(read: Callable[[], T]) -> T:
    """Read anew if it fails: a training may have published between manifest and weights, and what is there is whole."""
    try:
        return read()
    except ModelError:
        return read()


def list_models(home: Path | None = None) -> list[ModelManifest]:
    """Return the models of the user's store, newest first."""
    return ModelStore(home or paths.home()).list()
