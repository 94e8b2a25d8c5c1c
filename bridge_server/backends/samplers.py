"""Loaded models, kept while they stay as they are; one that is being trained is loaded anew when it is published."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bridge_server.errors import ApiError

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from ganmnist.generation.sampler import Sampler
    from ganmnist.models.manifest import ModelManifest
    from ganmnist.models.store import ModelFolder

_KEPT = 4
_FEW = 16  # digits of a usual generator, about as many as a canvas shows
_PLACES = 3  # of eight threads


@dataclass
class _Model:
    """A model that is used. Its lock is held while it is loaded: the others would load the same."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    checksum: str = ""
    sampler: Sampler | None = None


class _Queue:
    """Lets one through at a time, and as few wait as leave the server threads for everything else."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._places = threading.Semaphore(_PLACES)
        self._turn = threading.Lock()

    def __enter__(self) -> None:
        if not self._places.acquire(blocking=False):
            message = f"{_PLACES} {self._what} are under way or wait, as many as there may be: ask again in a second."
            raise ApiError(429, "busy", message, headers={"Retry-After": "1"})
        self._turn.acquire()

    def __exit__(self, *_: object) -> None:
        self._turn.release()
        self._places.release()


class Samplers:
    """The samplers used last, by the checksum of their weights, and whose turn it is to use them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, _Model] = OrderedDict()
        self._few = threading.Lock()  # two at a time would pass the interpreter to and fro, and take a tenth longer
        self._search = _Queue("searches")  # each takes a second of a core
        self._many = _Queue("large requests")  # a turn of their own: seconds of work do not hold up a slider

    def get(self, folder: ModelFolder, manifest: ModelManifest) -> Sampler:
        """Return the sampler of a model, loaded if it is new or was published since.

        Raises:
            ModelError: Its files are damaged.
        """
        import torch

        # A digit is far too small to share between cores, and the other threads would wait for the training. It holds
        # for the calling thread alone, and each of the server's threads draws.
        if torch.get_num_threads() != 1:
            torch.set_num_threads(1)
        with self._lock:
            model = self._kept.setdefault(manifest.id, _Model())
            self._kept.move_to_end(manifest.id)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        with model.lock:
            if model.sampler is None or model.checksum != manifest.sha256:
                before = None if manifest.finished else model.sampler
                model.sampler, model.checksum = _load(folder, before), manifest.sha256
            return model.sampler

    def turn(self, effort: float) -> AbstractContextManager[object]:
        """Return what to hold while something is drawn that takes as much as so many usual digits.

        Entering it raises ApiError where too many wait.
        """
        return self._few if effort <= _FEW else self._many

    def search_turn(self) -> AbstractContextManager[object]:
        """Return what to hold while latents are searched for. Entering it raises ApiError where too many wait."""
        return self._search


def _load(folder: ModelFolder, before: Sampler | None) -> Sampler:
    from ganmnist.generation.sampler import Sampler

    sampler = Sampler.load(folder)
    if before:
        sampler.take_directions(before)
    return sampler
