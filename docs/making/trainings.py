"""The trainings that the tutorial's pictures show: a healthy one, and some that were spoiled on purpose.

`python docs/making/trainings.py DIR` writes them to a folder, from which `tutorial_pictures.py` draws; names behind DIR
choose some of them. Two minutes for the healthy one on two quiet cores, ten seconds for each of the others.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from ganmnist import PRESETS, ModelStore, TrainConfig, load_data, train
from ganmnist.layers import BatchNorm
from ganmnist.networks.spec import ModelConfig, Sequential

NAME = "tutorial"
_TUTORIAL = PRESETS["tutorial"]


def _without_batchnorm() -> ModelConfig:
    """Return the preset's networks without BatchNorm in the generator."""
    kept = tuple(layer for layer in _TUTORIAL.networks.generator.layers if not isinstance(layer, BatchNorm))
    return _TUTORIAL.networks.model_copy(update={"generator": Sequential(layers=kept)})


# One pass over so many images, 16 a step: 2,000 steps, and 250 of the spoiled ones.
CONFIGS = {
    NAME: TrainConfig(preset="tutorial", images=32_000, epochs=1),
    "rate": TrainConfig(preset="tutorial", images=4_000, epochs=1, learning_rate=100 * _TUTORIAL.learning_rate),
    "momentum": TrainConfig(preset="tutorial", images=4_000, epochs=1, learning_rate=0.004, beta1=0.9),
    "norm": TrainConfig(preset="tutorial", images=4_000, epochs=1, networks=_without_batchnorm()),
}


def run(name: str, home: Path) -> None:
    """Train, and keep the model by its name with its losses beside it."""
    data, losses, said = load_data(), [], []
    folder = ModelStore(home).new(name)
    with folder.training():
        train(
            data,
            CONFIGS[name],
            folder,
            on_progress=lambda now: losses.append((now.loss_d, now.loss_g)),
            on_warnings=lambda warnings: said.append([len(losses), *warnings]),
            adapt=True,
        )
    (home / f"{name}.json").write_text(json.dumps({"losses": losses, "said": said}), encoding="utf-8")


def main() -> None:
    """Write what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("home", type=Path, metavar="DIR", help="folder to write to")
    parser.add_argument("names", nargs="*", help="some of them; all unless given")
    arguments = parser.parse_args()
    for name in arguments.names or CONFIGS:
        run(name, arguments.home)
        print(f"trained {name}")


if __name__ == "__main__":
    main()
