"""Loaded models, kept while they stay as they are; one that is being trained is loaded anew when it is published."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ganmnist.models import ModelFolder, ModelManifest
    from ganmnist.sampling import Sampler

_KEPT = 4


class Samplers:
    """The samplers used last, by the checksum of their weights."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, tuple[str, Sampler]] = OrderedDict()

    def get(self, folder: ModelFolder, manifest: ModelManifest) -> Sampler:
        """Return the sampler of a model, loaded if it is new or was published since.

        Raises:
            ModelError: Its files are damaged.
        """
        with self._lock:  # held while loading: the others would load the same
            checksum, sampler = self._kept.get(manifest.id, ("", None))
            if sampler is None or checksum != manifest.sha256:
                sampler = _load(folder, None if manifest.finished else sampler)
                self._kept[manifest.id] = (manifest.sha256, sampler)
            self._kept.move_to_end(manifest.id)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
            return sampler


def _load(folder: ModelFolder, before: Sampler | None) -> Sampler:
    import torch

    from ganmnist.sampling import Sampler

    # A digit is far too small to share between cores, and the other threads would wait for the training.
    torch.set_num_threads(1)
    sampler = Sampler.load(folder)
    if before:
        sampler.take_directions(before)
    return sampler
