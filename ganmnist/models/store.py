"""Trained models on disk: one folder each, found by name. No torch."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from ganmnist import paths
from ganmnist.errors import ModelError, ModelNotFound, SettingError, TrainingError
from ganmnist.models import catalogue
from ganmnist.models.catalogue import NAMED, ModelCatalogue
from ganmnist.models.index import MANIFEST
from ganmnist.models.manifest import (
    ALL_BUNDLED,
    BUNDLED,
    ModelManifest,
    NewName,
    manifest_values,
    not_later,
    now,
    parse_model_manifest,
)
from ganmnist.names import OWNER
from ganmnist.storage import bundle
from ganmnist.storage.atomic import read_json, write_json
from ganmnist.storage.locks import Held, hold, is_held
from ganmnist.validation import read_settings

if TYPE_CHECKING:
    from torch import Tensor

T = TypeVar("T")
_BELONGS = "belongs_to.json"  # in the folder of a model that is not the data directory's owner's
_LAST = "last.json"
_DISCRIMINATOR = "discriminator.json"
_WANTED = "discriminator.wanted"


class KeptDiscriminator(NamedTuple):
    """A discriminator that lies beside its model: the step at which it was like that, if that is known; its SHA-256."""

    step: int | None
    digest: str


@dataclass(frozen=True)
class ModelFolder:
    """The folder of one training and of the model that comes out of it."""

    store: ModelStore
    id: str
    name: str

    @property
    def path(self) -> Path:
        return (catalogue.BUNDLED_FOLDERS if self.id in ALL_BUNDLED else self.store.path) / self.id

    @property
    def checkpoints(self) -> Path:
        return self.path / "checkpoints"

    def has_checkpoints(self) -> bool:
        """Tell whether its training can go on."""
        return any(self.checkpoints.glob("*.json"))

    @property
    def lock(self) -> Path:
        """What whoever trains here holds, and the system lets go however that ends."""
        return self.path / "worker.lock"

    @property
    def film(self) -> Path:
        """Where the states of the training are kept as it goes on."""
        return self.path / "film"

    def owner(self) -> str:
        """Return whose it is: the owner's of the data directory unless somebody else is known to have trained it."""
        try:
            return str(read_json(self.path / _BELONGS)["owner"])
        except (OSError, ValueError, KeyError, TypeError):
            return OWNER

    def give_to(self, owner: str) -> None:
        """Write down whose it is."""
        if owner != OWNER:
            write_json(self.path / _BELONGS, {"owner": owner})

    @contextmanager
    def training(self) -> Iterator[None]:
        """Hold what only one process has at a time: the right to train in this folder.

        Raises:
            TrainingError: Another one has it.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        try:
            lock = hold(self.lock)
        except Held:
            raise TrainingError(f"{self.name} is being trained by another program: wait, or stop it first") from None
        try:
            with lock:
                yield
        finally:
            if [path.name for path in self.path.iterdir()] == [self.lock.name]:  # it failed before there was anything
                shutil.rmtree(self.path, ignore_errors=True)

    def is_being_trained(self) -> bool:
        """Tell whether some process trains here at this moment."""
        try:
            return is_held(self.lock)
        except OSError:
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
        return catalogue.read(self.path)

    def publish(self, manifest: ModelManifest, generator: dict[str, Tensor]) -> None:
        """Put the generator where everyone finds it under its name, in place of what this training published before.

        Another model of that name is kept and renamed to name-1, name-2 ... if it has the same owner. If it is
        somebody else's it keeps its name, and this one gets such a name. One that was published before has the name
        that it has by now.
        """
        self.publish_stored(manifest, bundle.save_weights(self.path / MANIFEST, generator))

    def publish_stored(self, manifest: ModelManifest, stored: bundle.Stored) -> None:
        """Publish as `publish` does, with weights that lie in the folder already."""
        with self.store.naming():
            try:
                name = self.manifest().name
            except ModelError:
                name = self._new_name(manifest.name)
            with self.store.changing(self.id, name):
                values = manifest_values(manifest.model_copy(update={"name": name}))
                bundle.finish(self.path / MANIFEST, values, stored)
        for old in self.path.glob("last[.-]*"):  # of a part of this training that went before
            old.unlink()

    def _new_name(self, name: str) -> str:
        """Make a name free for a model that is published for the first time, and return it, or another that is free."""
        taken = self.store.look_up(name)
        if taken is None or taken.id == self.id:
            return name
        if self.store.folder(taken.id, taken.name).owner() != self.owner():
            return self.store.free_name(name)
        self.store.rename(taken, self.store.free_name(taken.name))
        return name

    def keep_last(self, manifest: ModelManifest, generator: dict[str, Tensor]) -> None:
        """Keep what a training ended with, where an earlier state of it was better and is the one published."""
        bundle.save(self.path / _LAST, manifest_values(manifest), generator)

    def keep_discriminator(self, discriminator: dict[str, Tensor], step: int) -> None:
        """Keep what the generator was trained against until a step: to start from this model, or to take it apart."""
        bundle.save(self.path / _DISCRIMINATOR, {"step": step}, discriminator)
        (self.path / _WANTED).unlink(missing_ok=True)

    def want_discriminator(self) -> None:
        """Ask whoever trains here to keep the discriminator as it is now, beside the model: somebody looks on."""
        (self.path / _WANTED).touch()

    def is_discriminator_wanted(self) -> bool:
        """Tell whether somebody has asked for it since it was kept last."""
        return (self.path / _WANTED).exists()

    def kept_discriminator(self) -> KeptDiscriminator | None:
        """Return which discriminator is kept, without its weights; None where there is none.

        Raises:
            ModelError: Its manifest is damaged.
        """
        path = self.path / _DISCRIMINATOR
        if not path.exists():
            return None
        found = bundle.read_manifest(path)
        return KeptDiscriminator(found.get("step"), found["sha256"])

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

        path = self.path / (_LAST if last and (self.path / _LAST).exists() else MANIFEST)

        def load() -> tuple[dict[str, Any], dict[str, Tensor]]:
            return bundle.load(path, lambda values: generator_layouts(parse_model_manifest(values, str(path)).networks))

        manifest, tensors = _twice(load)
        return parse_model_manifest(manifest, str(path)), tensors

    def read_files(self) -> tuple[dict[str, Any], bytes]:
        """Read the manifest's values and the bytes of the weights, checked against their checksum. No torch."""
        path = self.path / MANIFEST

        def read() -> tuple[dict[str, Any], bytes]:
            manifest = bundle.read_manifest(path)
            return manifest, bundle.read_weights(path.with_name(manifest["weights"]), manifest["sha256"])

        return _twice(read)


class ModelStore(ModelCatalogue):
    """All models in a home folder, to be found and changed."""

    def find(self, name: str | None) -> ModelFolder:
        """Return the folder of a model, found as by `manifest`."""
        manifest = self.manifest(name)
        return self.folder(manifest.id, manifest.name)

    def manifest(self, name: str | None) -> ModelManifest:
        """Return what the model of that name is, or the bundled one for None. Its file is read once.

        Raises:
            ModelNotFound: There is none; lists those there are, and says of what file another cannot be read.
            ModelError: It cannot be read; says why.
        """
        manifest = self.look_up(name or BUNDLED)
        if manifest is None:
            if name and (own := self.damage_of(name)):
                raise ModelError(own)
            models, _ = self.page(limit=NAMED)
            names = ", ".join(model.name for model in models) or "none"
            more = self.count() - len(models)
            beyond = f" and {more:,} more" if more > 0 else ""
            damaged = self.damage(1)
            damage = f". {' '.join(damaged)}" if damaged else ""
            raise ModelNotFound(f"model: no model {name or BUNDLED}; there are {names}{beyond}{damage}")
        return manifest

    def folder(self, id: str, name: str) -> ModelFolder:
        """Return the folder of a training, there or not."""
        return ModelFolder(self, id, name)

    def new(self, name: str | None = None) -> ModelFolder:
        """Return a folder for a new training, under a free name unless one is given.

        Raises:
            SettingError: The name has other letters than a name may have, or is that of a bundled model.
        """
        chosen = read_settings(NewName, {"model": name}).model or self.free_name("digits")
        return self.folder(secrets.token_hex(8), chosen)

    def add(self, manifest: ModelManifest, weights: bytes) -> ModelFolder:
        """Keep a model that was trained elsewhere: under its name if that is free, under name-1, -2 ... if not.

        Args:
            manifest: What it is, checked as well as its weights.
            weights: Bytes of a safetensors file.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        with self.naming():
            name = manifest.name if self.look_up(manifest.name) is None else self.free_name(manifest.name)
            folder = self.folder(secrets.token_hex(8), name)
            # It has no checkpoints here, so there is nothing to go on with; and another clock may have been wrong.
            here = {"id": folder.id, "name": name, "finished": True, "created": not_later(manifest.created, now())}
            # Whoever is killed here leaves a folder that is no model, and that is known to be left behind by its name.
            made = self.path / f".{folder.id}.tmp"
            try:
                bundle.write(made / MANIFEST, manifest_values(manifest.model_copy(update=here)), weights)
                with self.changing(folder.id, name):
                    made.replace(folder.path)
            except BaseException:
                shutil.rmtree(made, ignore_errors=True)
                raise
        return folder

    def delete(self, name: str) -> None:
        """Delete a model and all of its training.

        Raises:
            ModelNotFound: There is none of that name.
            SettingError: It is a bundled one.
            TrainingError: It is being trained.
        """
        with self.naming():
            folder = self.find(name)
            if folder.id in ALL_BUNDLED:
                raise SettingError(f"model: {folder.id} is part of ganmnist and stays")
            # Whoever trains there would put it back. Where nobody ever has there is no lock, nor room for one perhaps.
            with folder.training() if folder.lock.exists() else nullcontext():
                with self.changing(folder.id, folder.name):
                    (folder.path / MANIFEST).unlink()  # from here on it is gone, whatever becomes of the rest
                for path in list(folder.path.iterdir()):
                    if path != folder.lock:  # it is held, and Windows removes nothing that is open
                        shutil.rmtree(path) if path.is_dir() else path.unlink()
            shutil.rmtree(folder.path, ignore_errors=True)

    def rename(self, manifest: ModelManifest, name: str) -> None:
        """Give a model another name; its folder stays."""
        with self.naming(), self.changing(manifest.id, manifest.name):
            bundle.update(self.path / manifest.id / MANIFEST, {"name": name})

    def displaced(self, folder: ModelFolder, owner: str = OWNER) -> str | None:
        """Say what becomes of another model that has the name of a new one, which is that owner's; None if none has."""
        taken = self.look_up(folder.name, thorough=False)
        if taken is None or taken.id == folder.id:
            return None
        if self.folder(taken.id, taken.name).owner() != owner:
            free = self.free_name(folder.name)
            return f"There is a model {taken.name} of somebody else's: it stays, and the new one will be called {free}."
        free = self.free_name(taken.name)
        return f"There is a model {taken.name}: it is kept, and called {free} once the new one is there."


def _twice(read: Callable[[], T]) -> T:
    """Read anew if it fails: a training may have published between manifest and weights, and what is there is whole."""
    try:
        return read()
    except ModelError:
        return read()


def list_models(home: Path | None = None) -> list[ModelManifest]:
    """Return the models of the user's store, newest first."""
    return ModelStore(home or paths.home()).list()
