"""Trains the bundled model: `python -m ganmnist.weights.train_bundled`. Twenty-five minutes on two cores.

The preset `fast` with a long budget, on MNIST's training set. The judge's figures of it go into its manifest.
"""

from __future__ import annotations

import argparse
import sys

import numpy as np

from ganmnist import paths
from ganmnist.config import TrainConfig
from ganmnist.data.load import load_data
from ganmnist.evaluation.evaluate import Evaluator
from ganmnist.latent.vectors import from_seed
from ganmnist.models.manifest import BUNDLED
from ganmnist.models.store import ModelStore
from ganmnist.training.loop import Progress, train

_SAMPLES = 10_000


def main() -> int:
    """Train, evaluate, and put the model where bundled ones are."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=1500.0, help="How long to train.")
    options = parser.parse_args()
    data = load_data()
    if data.name != "MNIST":
        print(f"the bundled model learns from MNIST, not from {data.name}", file=sys.stderr)
        return 1
    store = ModelStore(paths.home())
    folder = store.new("to-bundle")
    config = TrainConfig(preset="fast", seconds=options.seconds)
    sampler = train(data, config, folder, on_progress=_say, adapt=True)

    labels = np.random.default_rng(1).choice(data.train_labels, _SAMPLES).astype(np.int64)
    images = sampler.generate(from_seed(1, _SAMPLES, sampler.latent_dim), labels)
    evaluation = Evaluator(data).evaluate(images)
    manifest, weights = folder.load()
    named = manifest.model_copy(update={"id": BUNDLED, "name": BUNDLED, "evaluation": evaluation})
    store.folder(BUNDLED, BUNDLED).publish(named, weights)
    store.delete(folder.name)
    print(f"\n{evaluation}")
    return 0


def _say(now: Progress) -> None:
    if now.step % 500 == 0:
        print(f"{now.percent:.0f} %  {now.seconds:.0f} s  step {now.step}  {now.estimate or ''}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
