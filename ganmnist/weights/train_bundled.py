"""Trains a bundled model: `python -m ganmnist.weights.train_bundled [NAME]`. An hour on two cores, or less.

Presets with long budgets, on MNIST's training set. The judge's figures of a model go into its manifest.
"""

from __future__ import annotations

import argparse
import sys

import numpy as np

from ganmnist import paths
from ganmnist.config import TrainConfig
from ganmnist.data.load import load_data
from ganmnist.dataset import Dataset
from ganmnist.evaluation.evaluate import Evaluator
from ganmnist.generation.sampler import Sampler
from ganmnist.latent.vectors import from_seed
from ganmnist.models.figures import Evaluation
from ganmnist.models.manifest import ALL_BUNDLED, BUNDLED, BUNDLED_UNCONDITIONAL
from ganmnist.models.store import ModelFolder, ModelStore
from ganmnist.training.loop import Progress, train

_SAMPLES = 10_000
_TRAININGS = {
    BUNDLED: TrainConfig(preset="fast", steps=51_000),
    BUNDLED_UNCONDITIONAL: TrainConfig(preset="unconditional", steps=12_000),
}


def main() -> int:
    """Train, evaluate, and put the model where bundled ones are."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", nargs="?", choices=ALL_BUNDLED, default=BUNDLED)
    name = parser.parse_args().name
    data = load_data()
    if data.name != "MNIST":
        print(f"the bundled models learn from MNIST, not from {data.name}", file=sys.stderr)
        return 1
    store = ModelStore(paths.home())
    folder = store.new("to-bundle")
    train(data, _TRAININGS[name], folder, on_progress=_say, adapt=True)
    print(f"\n{bundle(folder, name, data)}")
    store.delete(folder.name)
    return 0


def bundle(folder: ModelFolder, name: str, data: Dataset) -> Evaluation:
    """Put a trained model where bundled ones are, with its named directions, and return the judge's figures of it."""
    sampler = Sampler.load(folder)
    labels = np.random.default_rng(1).choice(data.train_labels, _SAMPLES).astype(np.int64)
    images = sampler.generate(from_seed(1, _SAMPLES, sampler.latent_dim), labels if sampler.classes else None)
    evaluation = Evaluator(data).evaluate(images)
    manifest, weights = folder.load()
    bundled = folder.store.folder(name, name)
    bundled.publish(manifest.model_copy(update={"id": name, "name": name, "evaluation": evaluation}), weights)
    Sampler.load(bundled).directions()
    return evaluation


def _say(now: Progress) -> None:
    if now.step % 500 == 0:
        print(f"{now.percent:.0f} %  {now.seconds:.0f} s  step {now.step}  {now.estimate or ''}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
