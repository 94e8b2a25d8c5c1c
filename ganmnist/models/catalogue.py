"""The catalogue of the models on disk: which there are, by what name, and the right to give names. No torch."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from functools import lru_cache
from pathlib import Path

from filelock import FileLock, Timeout

from ganmnist.errors import ModelError, counted
from ganmnist.models.index import MANIFEST, Damage, ModelIndex
from ganmnist.models.manifest import ALL_BUNDLED, ModelManifest, parse_model_manifest
from ganmnist.names import numbered_name, stem_of
from ganmnist.remedies import UPDATE
from ganmnist.storage import bundle
from ganmnist.storage.locks import Held

BUNDLED_FOLDERS = Path(__file__).parents[1] / "weights"  # of the bundled models, by their names
NAMED = 20  # models that a refusal names
_NAMING_SECONDS = 10.0  # to wait for whoever gives a name, which takes a moment
_log = logging.getLogger("ganmnist.models")


class ModelCatalogue:
    """All models in a home folder, as they are found. Safe to use from several threads, beside other processes.

    Args:
        home: The folder, whose models are in `models`.
    """

    def __init__(self, home: Path) -> None:
        self.path = home / "models"
        self._index = ModelIndex(self.path, read)
        self._names = FileLock(home / "models.lock", timeout=_NAMING_SECONDS, poll_interval=0.005)

    def close(self) -> None:
        """Let go of the files that are open; they are opened again when they are needed."""
        self._index.close()

    def page(self, after: int = 0, limit: int = 100) -> tuple[list[ModelManifest], int]:
        """Return some models that can be read, newest first, and at the end the bundled ones.

        Args:
            after: The number that came with the page before; 0 for the first page.
            limit: How many besides the bundled ones, at most.

        Returns:
            The models, and the number that leads to the next page: 0 on the last.
        """
        trained: list[ModelManifest] = []
        following = 0
        if self.path.is_dir():
            self._index.refresh(listed=True)
            trained, following = self._index.page(after, limit)
        return [*trained, *_bundled()], following

    def count(self) -> int:
        """Return how many models there are that can be read, the bundled ones included."""
        return (self._index.count() if self.path.is_dir() else 0) + len(_bundled())

    def newest(self, *, cut_short: bool = False) -> ModelManifest | None:
        """Return the newest model that was trained or brought in here, if there is one.

        Args:
            cut_short: The newest whose training is not finished.
        """
        if not self.path.is_dir():
            return None
        self._index.refresh(listed=True)
        found, _ = self._index.page(0, 1, cut_short=cut_short)
        return found[0] if found else None

    def damage(self, limit: int = NAMED, *, look: bool = True) -> list[str]:
        """Say which models cannot be read, and what to do: a sentence for each, and one about those beyond `limit`.

        Args:
            limit: Of how many it is said.
            look: Look through the folders for others, as a list does which was made just now.
        """
        if not self.path.is_dir():
            return []
        if look:
            self._index.refresh(listed=True)
        found, count = self._index.damage(limit)
        sentences = [_sentence(model) for model in found]
        more = [f"And {counted(count - len(found), 'more model')} cannot be read."] if count > len(found) else []
        return sentences + more

    def damage_of(self, name: str) -> str | None:
        """Say of the model of that name that it cannot be read, and what to do; None unless that is known of it."""
        found, _ = self._index.damage(1, name) if self.path.is_dir() else ([], 0)
        return _sentence(found[0]) if found else None

    def look_up(self, name: str, *, thorough: bool = True) -> ModelManifest | None:
        """Return the model of that name, whatever its case, if there is one.

        Args:
            name: What it is called.
            thorough: Look everywhere before saying that there is none, which takes a while where there are thousands.
        """
        if name.lower() in ALL_BUNDLED:
            return _bundled_model(name.lower())
        if not self.path.is_dir():
            return None
        found = self._index.find(name)
        if found is None and thorough:
            with self.naming():  # whoever is giving the name to a model is done then
                self._index.refresh()
                found = self._index.find(name)
        return found

    def of_weights(self, sha256: str) -> list[ModelManifest]:
        """Return the models of which these are the weights, by their SHA-256."""
        found = self._index.of_weights(sha256) if self.path.is_dir() else []
        return found + [model for model in _bundled() if model.sha256 == sha256]

    def free_name(self, stem: str, reserved: Iterable[str] = ()) -> str:
        """Return `stem`-1, -2 ...: the first that no model has and that is not reserved."""
        taken = {name.lower() for name in reserved}
        if self.path.is_dir():
            self._index.refresh(at_once=True)
            taken |= self._index.names(f"{stem_of(stem)}-")
        return numbered_name(stem, taken)

    @contextmanager
    def naming(self) -> Iterator[None]:
        """Hold what one thread of all processes has at a time: the right to give a name, from finding it free on.

        Raises:
            ModelError: Another process holds it, and does not let go.
        """
        held: AbstractContextManager[object] = nullcontext()
        try:
            held = self._names.acquire()
        except Timeout:
            raise ModelError(str(Held(self._names.lock_file))) from None
        except OSError as error:  # a full disk, or one that is only read: models are found there still, and deleted
            _log.warning("%s cannot be used (%s)", self._names.lock_file, error)
        with held:
            yield

    @contextmanager
    def changing(self, id: str, name: str) -> Iterator[None]:
        """Have the index know that a folder is about to hold another model than it says, or none; within `naming`."""
        self._index.begin(id, name)
        try:
            yield
        finally:
            self._index.note(id)

    # Below what returns lists, which would be this method's.
    def list(self) -> list[ModelManifest]:
        """Return all models that can be read, newest first, and at the end the bundled ones."""
        models, _ = self.page(limit=sys.maxsize)
        return models


def _sentence(model: Damage) -> str:
    folder, name, problem = model
    remedy = "" if UPDATE in problem else f" Put its files back, or delete {folder}."  # another version's is whole
    return f"Model {name or folder.name} cannot be read: {problem}.{remedy}"


def _bundled() -> list[ModelManifest]:
    """Return the bundled models that can be read."""
    return [model for name in ALL_BUNDLED if (model := _bundled_model(name))]


def _bundled_model(name: str) -> ModelManifest | None:
    """Return one of them, or None where it is damaged, which is said when its weights are asked for."""
    with suppress(ModelError):
        return read(BUNDLED_FOLDERS / name)
    return None


def read(folder: Path) -> ModelManifest:
    """Read what the model in a folder is.

    Raises:
        ModelError: There is none, or its manifest is damaged.
    """
    path = folder / MANIFEST
    return _parsed(path, bundle.read_manifest_bytes(path))


@lru_cache(maxsize=512)  # a slider asks thirty times a second which model is the newest
def _parsed(path: Path, content: bytes) -> ModelManifest:
    """Read a manifest, of the same bytes once: times of files do not tell all versions apart."""
    return parse_model_manifest(bundle.parse_manifest(content, path.stem, str(path)), str(path))
