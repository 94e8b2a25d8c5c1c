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
    "ModelConfig": "composition",
    "Sequential": "composition",
    "Plane": "config",
    "PRESETS": "presets",
    "Dataset": "data",
    "load_data": "data",
    "train": "training",
    "Progress": "training",
    "generate": "sampling",
    "Sampler": "sampling",
    "list_models": "models",
    "ModelStore": "models",
    "relief": "geometry",
    "flat_mesh": "geometry",
    "point_grid": "geometry",
    "walk": "activations",
    "write": "export",
}
_MODULES = ("data", "film", "models")  # named as the commands are: ganmnist.data.load_data, ganmnist.film.draw
__all__ = sorted([*_HOMES, *_MODULES])


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f"ganmnist.{name}")
    if name not in _HOMES:
        raise AttributeError(f"module 'ganmnist' has no attribute {name!r}")
    return getattr(import_module(f"ganmnist.{_HOMES[name]}"), name)
