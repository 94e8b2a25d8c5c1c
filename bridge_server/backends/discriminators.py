"""Loaded discriminators and some real images: what it takes to take a training step apart. Few are kept."""

from __future__ import annotations

import threading
from collections import OrderedDict
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from bridge_server.backends.judging import Judging, RealImages
from bridge_server.errors import ApiError
from ganmnist.errors import DataError

if TYPE_CHECKING:
    from ganmnist.dataset import Dataset
    from ganmnist.models.manifest import ModelManifest
    from ganmnist.models.store import ModelFolder
    from ganmnist.training.anatomy import StepAnatomy
    from ganmnist.training.discriminator import Discriminator

_KEPT = 2
_IMAGES = 2000  # of a data set, 1.6 MB


class Discriminators:
    """The discriminators and the real images used last.

    Args:
        home: Folder of models and data.
        judging: Knows which real images a model is compared with.
    """

    def __init__(self, home: Path, judging: Judging) -> None:
        self._home, self._judging = home, judging
        self._lock = threading.Lock()  # who loads holds it: the others would load the same
        self._kept: OrderedDict[str, Discriminator] = OrderedDict()
        self._images: OrderedDict[RealImages, Dataset] = OrderedDict()

    def get(self, folder: ModelFolder, manifest: ModelManifest, *, training: bool) -> Discriminator | None:
        """Return what a model was trained against; None where it is not there, or not yet.

        Args:
            folder, manifest: The model's.
            training: It is being trained: then its training is asked to hand over a newer one.

        Raises:
            ModelError: Its files are damaged.
        """
        if training:
            with suppress(OSError):  # the disk is full, as others will say
                folder.want_discriminator()
        with self._lock:
            kept = folder.kept_discriminator()
            if kept is None:
                return None
            key = f"{manifest.id} {kept.digest}"
            if key not in self._kept:
                loaded = _load(folder, manifest, kept.step)
                if loaded is None:
                    return None
                self._kept[key] = loaded
                while len(self._kept) > _KEPT:
                    self._kept.popitem(last=False)
            self._kept.move_to_end(key)
            return self._kept[key]

    def images(self, name: str | None) -> tuple[Dataset | None, list[str]]:
        """Return a data set with the first of its images alone, and else a sentence why there are none.

        Args:
            name: Of a data set that was imported.
        """
        try:
            key = self._judging.find(name)
            with self._lock:
                if key not in self._images:
                    self._images[key] = _first(key[0], self._home)
                    while len(self._images) > _KEPT:
                        self._images.popitem(last=False)
                self._images.move_to_end(key)
                return self._images[key], []
        except (ApiError, DataError) as error:
            return None, [str(error)]


def missing(found: StepAnatomy, name: str, *, training: bool, data: bool = True, known: bool = False) -> list[str]:
    """Say why something of a step is missing, and what to do about it.

    Args:
        found: The step.
        name: Of the model.
        training: It is being trained.
        data: There are real images.
        known: There is a discriminator.
    """
    remarks = []
    if data and not found.real:
        remarks.append("The data set has no image of this class any more, so no real one stands beside the fake.")
    if known and not found.judging:
        remarks.append("The discriminator gives no finite numbers any more: the training went astray, start a new one.")
    elif training and not found.judging:
        remarks.append(
            "The discriminator is on its way: the training hands it over with its next preview, in a few seconds; from "
            "a cluster it comes at the end."
        )
    elif not found.judging:
        remarks.append(
            f"{name} came as a file, which holds what draws, the generator, and no discriminator. Train a model here, "
            "for a minute or two, and see both sides of a step."
        )
    return remarks


def _load(folder: ModelFolder, manifest: ModelManifest, step: int | None) -> Discriminator | None:
    from ganmnist.training.discriminator import Discriminator
    from ganmnist.training.presets import recipe

    weights = folder.load_discriminator()
    plan = recipe(manifest.settings, manifest.networks.classes)
    at = manifest.step if step is None else step
    return None if weights is None else Discriminator(manifest.networks, weights, plan, at)


def _first(name: str | None, home: Path) -> Dataset:
    from ganmnist.data.load import load_data

    data = load_data(name=name, home=home)
    parts = ("train_images", "train_labels", "test_images", "test_labels")
    return replace(data, **{part: getattr(data, part)[:_IMAGES].copy() for part in parts})
