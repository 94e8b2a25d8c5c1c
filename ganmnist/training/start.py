"""Where a training begins that does not begin by chance: with the networks and the weights of a model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ganmnist.config import TrainConfig
from ganmnist.errors import ModelNotFound, SettingError

if TYPE_CHECKING:
    from torch import Tensor

    from ganmnist.models.store import ModelFolder, ModelStore
    from ganmnist.training.step import GANTrainer


def with_networks(config: TrainConfig, store: ModelStore) -> TrainConfig:
    """Return the settings with the networks, and where none is chosen the preset, of the model they start from.

    Raises:
        ModelNotFound: There is no such model.
        SettingError: They bring networks of their own.
    """
    if config.start_from is None:
        return config
    try:
        model = store.manifest(config.start_from)
    except ModelNotFound as error:
        raise ModelNotFound(str(error).replace("model: ", "start_from: ", 1)) from None
    if config.networks not in (None, model.networks):
        raise SettingError(f"start_from: {model.name} comes with its own networks: leave networks out, or start_from")
    preset = config.preset or model.settings.base
    return config.model_copy(update={"start_from": model.name, "networks": model.networks, "preset": preset})


def starting_model(config: TrainConfig, folder: ModelFolder, store: ModelStore) -> ModelFolder | None:
    """Return the model that a training starts from; None for chance, and for a training that goes on.

    Raises:
        ModelNotFound: There is no such model any more.
    """
    if config.start_from is None or folder.has_checkpoints():
        return None
    return store.find(config.start_from)


def begin(trainer: GANTrainer, folder: ModelFolder) -> None:
    """Give a trainer the weights of a model, cut or repeated where its data has fewer or more classes.

    The discriminator is the one that the model was trained against, if its training was here. A model that came as a
    file has none: then a new one learns alone at first, or its first steps would undo what the generator can.

    Raises:
        ModelError: Its files are damaged.
    """
    manifest, weights = folder.load()
    old, new = manifest.networks.classes, trainer.networks.classes
    trainer.generator.load_state_dict(_fitted(weights, trainer.generator.state_dict(), old, new))
    opponent = folder.load_discriminator()
    if opponent is not None:
        trainer.discriminator.load_state_dict(_fitted(opponent, trainer.discriminator.state_dict(), old, new))
    trainer.begun_from_weights(alone=opponent is None)


def _fitted(weights: dict[str, Tensor], wanted: dict[str, Tensor], old: int, new: int) -> dict[str, Tensor]:
    """Return weights in the shapes of `wanted`, which differ from theirs by the number of classes alone.

    A tensor is left out where there are no classes any more.
    """
    import torch  # takes seconds to import, and the settings above need none

    fitted = {}
    for name, target in wanted.items():
        tensor = weights.get(name, target)
        for axis, (have, need) in enumerate(zip(tensor.shape, target.shape, strict=True)):
            if have != need:  # the classes are the last of these; what comes before them is no class
                before = have - old
                classes = before + torch.arange(new) % max(old, 1)
                tensor = tensor.index_select(axis, torch.cat([torch.arange(before), classes]))
        fitted[name] = tensor
    return fitted
