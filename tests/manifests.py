"""Manifests of models that tests publish."""

from ganmnist.config import TrainConfig
from ganmnist.models.manifest import ModelManifest
from ganmnist.models.store import ModelFolder
from ganmnist.networks.spec import ModelConfig


def manifest_of(folder: ModelFolder, networks: ModelConfig, **changes) -> ModelManifest:
    """Return what a model of these networks is after four steps of training, but for the changes."""
    values = {
        "id": folder.id,
        "name": folder.name,
        "created": "2024-05-06T07:08:09.000+00:00",
        "data": folder.name,
        "preset": None,
        "networks": networks,
        "settings": TrainConfig(),
        "epoch": 1,
        "step": 4,
        "seconds": 1.5,
        "finished": True,
    }
    return ModelManifest(**{**values, **changes})
