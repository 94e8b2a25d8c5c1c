"""ganmnist: train a GAN on MNIST and grow its digits as geometry.

The public names, by the module they live in. They are imported when first used, so that settings and shapes can be had
without waiting for torch.
"""

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_loader
from types import ModuleType
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
    "load_model": "generation.sampler",
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
# Modules that the documentation named before they had rooms; for one release they are found there too.
_MOVED = {
    "ganmnist.drawing": "ganmnist.data.drawing",
    "ganmnist.film": "ganmnist.generation.film",
    "ganmnist.interpolation": "ganmnist.latent.interpolation",
    "ganmnist.inversion": "ganmnist.generation.inversion",
    "ganmnist.latent_sheet": "ganmnist.latent.sheet",
}
__all__ = sorted([*_HOMES, *_MODULES])


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f"ganmnist.{_MODULES[name]}")
    if name not in _HOMES:
        raise AttributeError(f"module 'ganmnist' has no attribute {name!r}")
    return getattr(import_module(f"ganmnist.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


class _Moved(MetaPathFinder, Loader):
    """Finds a module by the name it had before."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        return spec_from_loader(fullname, self) if fullname in _MOVED else None

    def exec_module(self, module: ModuleType) -> None:
        sys.modules[module.__name__] = import_module(_MOVED[module.__name__])


sys.meta_path.append(_Moved())
