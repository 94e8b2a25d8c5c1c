"""ganmnist: train a GAN on MNIST and grow its digits as geometry.

The public names, by the module they live in. They are imported when first used, so that settings and shapes can be had
without waiting for torch.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_HOMES = {
    "GanError": "errors",
    "TrainConfig": "config",
    "GenerateConfig": "config",
    "GeometryConfig": "config",
    "ActivationsConfig": "config",
    "Plane": "config",
    "ModelConfig": "networks.spec",
    "Sequential": "networks.spec",
    "PRESETS": "training.presets",
    "Dataset": "dataset",
    "load_data": "data.load",
    "read_drawing": "data.drawing",
    "train": "training.loop",
    "Progress": "training.loop",
    "generate": "generation.sampler",
    "Sampler": "generation.sampler",
    "walk": "generation.feature_maps",
    "invert": "generation.inversion",
    "path": "latent.interpolation",
    "sheet": "latent.sheet",
    "list_models": "models.store",
    "ModelStore": "models.store",
    "relief": "geometry.heightfield",
    "flat_mesh": "geometry.heightfield",
    "point_grid": "geometry.heightfield",
    "write": "export.write",
    "restore": "export.restore",
}
_MODULES = {
    "data": "data",
    "models": "models",
    "film": "generation.film",
}  # named as the commands are
__all__ = sorted([*_HOMES, *_MODULES])


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f"ganmnist.{_MODULES[name]}")
    if name not in _HOMES:
        raise AttributeError(f"module 'ganmnist' has no attribute {name!r}")
    return getattr(import_module(f"ganmnist.{_HOMES[name]}"), name)
