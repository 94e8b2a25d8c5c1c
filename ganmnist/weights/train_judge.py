"""Trains the judge on MNIST's training set: `python -m ganmnist.weights.train_judge`. Ten minutes on two cores."""

from __future__ import annotations

import argparse
import math
import sys

import torch
from torch import Tensor
from torch.nn import functional
from torch.optim import Adam
from torch.optim.lr_scheduler import OneCycleLR

from ganmnist.data.load import load_data
from ganmnist.dataset import Dataset
from ganmnist.evaluation.judge import MANIFEST, Judge
from ganmnist.pixels import rescale
from ganmnist.storage import bundle

_EPOCHS, _BATCH, _RATE, _SEED = 12, 128, 3e-3, 7


def train_judge(data: Dataset, epochs: int = _EPOCHS) -> Judge:
    """Train a judge; every image is turned, moved and sized a little anew each time."""
    torch.manual_seed(_SEED)
    judge = Judge()
    judge.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimiser = Adam(judge.parameters(), lr=_RATE, fused=True)
    steps = len(data.train_images) // _BATCH
    schedule = OneCycleLR(optimiser, _RATE, epochs * steps)
    for epoch in range(epochs):
        judge.train()
        for chosen in torch.randperm(len(data.train_images))[: steps * _BATCH].view(steps, _BATCH):
            images = _augmented(torch.from_numpy(rescale(data.train_images[chosen.numpy()])))
            labels = torch.from_numpy(data.train_labels[chosen.numpy()]).long()
            loss = functional.cross_entropy(judge(images), labels)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
        print(f"epoch {epoch + 1}/{epochs}: {accuracy(judge, data):.2%} of the test images right", flush=True)
    judge.eval()
    return judge


def accuracy(judge: Judge, data: Dataset) -> float:
    """Return the share of test images whose digit the judge names."""
    judge.eval()
    with torch.inference_mode():
        parts = torch.split(torch.from_numpy(rescale(data.test_images)), 500)
        found = torch.cat([judge(part).argmax(1) for part in parts])
    return float((found.numpy() == data.test_labels).mean())


def _augmented(images: Tensor) -> Tensor:
    """Turn by up to 10 degrees, size by up to 10 %, move by up to 2 pixels."""
    count = len(images)
    turn = (torch.rand(count) * 2 - 1) * math.radians(10)
    size = 1 + (torch.rand(count, 2) * 2 - 1) * 0.1
    move = (torch.rand(count, 2) * 2 - 1) * 2 / 14
    rows = (torch.stack([turn.cos() * size[:, 0], -turn.sin(), move[:, 0]], 1),
            torch.stack([turn.sin(), turn.cos() * size[:, 1], move[:, 1]], 1))  # fmt: skip
    grid = functional.affine_grid(torch.stack(rows, 1), list(images.shape), align_corners=False)
    return functional.grid_sample(images + 1, grid, align_corners=False) - 1  # outside is black


def main() -> int:
    """Train, and write the bundled weights."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    data = load_data()
    if data.name != "MNIST":
        print(f"the judge learns from MNIST, not from {data.name}", file=sys.stderr)
        return 1
    judge = train_judge(data)
    manifest = {"data": data.name, "accuracy": accuracy(judge, data), "epochs": _EPOCHS, "batch": _BATCH, "seed": _SEED}
    weights = {name: value.half() if value.is_floating_point() else value for name, value in judge.state_dict().items()}
    bundle.save(MANIFEST, manifest, weights)
    print(f"{manifest['accuracy']:.2%}, written to {MANIFEST.parent}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
