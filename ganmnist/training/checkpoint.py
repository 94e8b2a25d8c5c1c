"""Checkpoints of a training: everything it takes to go on as if it had never stopped, on any device.

Only the processor's random numbers are kept, and only there a training goes on to the same bits.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import torch
from pydantic import ValidationError
from torch import Tensor

from ganmnist.config import TrainConfig
from ganmnist.errors import ModelError
from ganmnist.remedies import UPDATE
from ganmnist.storage import bundle
from ganmnist.storage.safetensors_header import Layout, layouts
from ganmnist.training.step import GANTrainer

_log = logging.getLogger("ganmnist.checkpoint")
FORMAT = 2  # without one, a checkpoint calls its `rng_state` by the name `chance`
_KEEP = 2  # the newest, and the one before in case the newest is damaged


class _AnotherTraining(ModelError):
    """A checkpoint of other settings, other data or a newer version, which is no damage."""


def save(folder: Path, trainer: GANTrainer, config: TrainConfig, data: str) -> None:
    """Save networks, averages, optimisers and random state; older checkpoints but one are removed."""
    settings = config.model_dump(mode="json")
    manifest = {
        "checkpoint_format": FORMAT,
        "step": trainer.step,
        "seconds": trainer.seconds,
        "settings": settings,
        "data": data,
    }
    bundle.save(folder / f"step-{trainer.step:08d}.json", manifest, _tensors(trainer))
    _sweep(folder)


def restore(folder: Path, trainer: GANTrainer, config: TrainConfig, data: str) -> bool:
    """Put a trainer back to the newest good checkpoint.

    Damaged ones are named in a warning and set aside under the ending `.damaged`.

    Returns:
        False if there is none.

    Raises:
        ModelError: The checkpoint belongs to other settings, another data set or a newer version.
    """

    def expected(manifest: dict[str, Any]) -> dict[str, Layout]:
        if not _are(manifest.get("settings"), config):
            raise _AnotherTraining(
                f"{folder}: holds a training with other settings: choose another name, or go on with those"
            )
        if manifest.get("data") != data:
            raise _AnotherTraining(
                f"{folder}: holds a training on {manifest.get('data')}, the data are {data} now: put those back"
            )
        wanted = _tensors(trainer)
        if "checkpoint_format" not in manifest:
            wanted["chance"] = wanted.pop("rng_state")
        elif manifest["checkpoint_format"] != FORMAT:
            raise _AnotherTraining(f"{folder}: holds a training of a newer version: {UPDATE}; or choose another name")
        return layouts(wanted)

    for path in _newest_first(folder):
        try:
            manifest, tensors = bundle.load(path, expected)
        except _AnotherTraining:
            raise
        except ModelError as error:
            _log.warning("%s; the checkpoint is set aside, the one before it is used", error)
            path.replace(path.with_suffix(".json.damaged"))
            continue
        trainer.generator.load_state_dict(_part(tensors, "generator"))
        trainer.discriminator.load_state_dict(_part(tensors, "discriminator"))
        trainer.averaged = {key: value.to(trainer.device) for key, value in _part(tensors, "averaged").items()}
        trainer.adam_g.restore(_part(tensors, "adam_g"))
        trainer.adam_d.restore(_part(tensors, "adam_d"))
        torch.set_rng_state(tensors["rng_state" if "rng_state" in tensors else "chance"])
        trainer.step, trainer.seconds = manifest["step"], manifest["seconds"]
        return True
    return False


def remove_all(folder: Path) -> None:
    """Remove the checkpoints of a training that has come to its end."""
    for path in folder.glob("*"):
        path.unlink()


def _are(settings: object, config: TrainConfig) -> bool:
    try:
        same = {"device": config.device}  # it may go on on another
        return TrainConfig.model_validate(settings).model_copy(update=same) == config
    except ValidationError:  # another version's
        return False


def _tensors(trainer: GANTrainer) -> dict[str, Tensor]:
    return {
        **_named("generator", trainer.generator.state_dict()),
        **_named("discriminator", trainer.discriminator.state_dict()),
        **_named("averaged", trainer.averaged),
        **_named("adam_g", trainer.adam_g.state()),
        **_named("adam_d", trainer.adam_d.state()),
        "rng_state": torch.get_rng_state(),
    }


def _newest_first(folder: Path) -> list[Path]:
    return sorted(folder.glob("step-*.json"), reverse=True)


def _sweep(folder: Path) -> None:
    """Remove all but the newest checkpoints and damaged ones; weights too that a killed process left by themselves."""
    kept = [*_newest_first(folder)[:_KEEP], *folder.glob("*.damaged")]
    stems = tuple(path.name.split(".")[0] for path in kept)
    for path in folder.glob("step-*"):
        if not path.name.startswith(stems):
            path.unlink()


def _named(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {f"{prefix}/{key}": value for key, value in tensors.items()}


def _part(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {key.removeprefix(f"{prefix}/"): value for key, value in tensors.items() if key.startswith(f"{prefix}/")}
