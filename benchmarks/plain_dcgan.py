"""The tutorial's networks as a first port to PyTorch has them. Run by `training.py`.

BatchNorm stands only after the generator's Dense layer, the initialisation is PyTorch's own, memory is NCHW, the data
comes from a DataLoader. Beside the preset `tutorial` this shows what the differences are worth.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from stopwatch import Stopwatch
from torch import nn
from torch.optim import Adam
from torch.utils.data import DataLoader, TensorDataset

SAMPLES = 10_000
LATENT = 100
BATCH = 128


def main() -> None:
    watch = Stopwatch()
    torch.manual_seed(watch.seed)
    generator, discriminator = build_generator(), build_discriminator()
    adam_g = Adam(generator.parameters(), lr=2e-4, betas=(0.5, 0.999))
    adam_d = Adam(discriminator.parameters(), lr=2e-4, betas=(0.5, 0.999))
    entropy = nn.BCELoss()
    ones, zeros = torch.ones(BATCH, 1), torch.zeros(BATCH, 1)
    images = TensorDataset(torch.from_numpy(watch.images)[:, None] / 127.5 - 1)  # (N, 1, 28, 28)
    loader = DataLoader(images, BATCH, shuffle=True, drop_last=True)
    while True:
        for (real,) in loader:
            fake = generator(torch.randn(BATCH, LATENT))
            adam_d.zero_grad()
            loss_d = entropy(discriminator(real), ones) + entropy(discriminator(fake.detach()), zeros)
            loss_d.backward()
            adam_d.step()
            adam_g.zero_grad()
            loss_g = entropy(discriminator(fake), ones)
            loss_g.backward()
            adam_g.step()
            if not watch.step(partial(draw, generator, watch.seed), len(loader)):
                return


def build_generator() -> nn.Module:
    return nn.Sequential(
        nn.Linear(LATENT, 7 * 7 * 256),
        nn.BatchNorm1d(7 * 7 * 256),
        nn.LeakyReLU(0.2),
        nn.Unflatten(1, (256, 7, 7)),
        nn.Upsample(scale_factor=2),
        nn.Conv2d(256, 128, 3, padding=1),
        nn.LeakyReLU(0.2),
        nn.Upsample(scale_factor=2),
        nn.Conv2d(128, 64, 3, padding=1),
        nn.LeakyReLU(0.2),
        nn.Conv2d(64, 1, 3, padding=1),
        nn.Tanh(),
    )


def build_discriminator() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 64, 3, stride=2, padding=1),
        nn.LeakyReLU(0.2),
        nn.Conv2d(64, 128, 3, stride=2, padding=1),
        nn.BatchNorm2d(128),
        nn.LeakyReLU(0.2),
        nn.Flatten(),
        nn.Linear(128 * 7 * 7, 1),
        nn.Sigmoid(),
    )


def draw(generator: nn.Module, seed: int) -> NDArray[np.uint8]:
    z = np.random.default_rng((seed, 1)).standard_normal((SAMPLES, LATENT)).astype(np.float32)
    generator.eval()
    with torch.inference_mode():
        grown = torch.cat([generator(part) for part in torch.from_numpy(z).split(100)])
    generator.train()
    return ((grown[:, 0] + 1) * 127.5).round().clamp(0, 255).to(torch.uint8).numpy()


if __name__ == "__main__":
    main()
