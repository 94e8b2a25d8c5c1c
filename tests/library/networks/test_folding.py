"""A generator whose layers were put together draws what the layers draw one by one."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from torch import nn

from ganmnist.layers import (
    BatchNorm,
    Conv2D,
    Conv2DTranspose,
    Dense,
    GroupNorm,
    LeakyReLU,
    ReLU,
    Reshape,
    Tanh,
    UpSampling2D,
)
from ganmnist.layers.modules import LatentCells
from ganmnist.networks.build import build_generator
from ganmnist.networks.folding import fold_batchnorm
from ganmnist.networks.spec import ModelConfig, Sequential
from ganmnist.training.presets import PRESETS

ODD = [
    Dense(units=7 * 7 * 6),
    Reshape(shape=(6, 7, 7)),
    BatchNorm(),  # behind no layer that could take it in
    ReLU(),
    Conv2D(filters=8, kernel=3, bias=True),
    BatchNorm(),
    BatchNorm(),  # only the first of two fits into the convolution
    UpSampling2D(),
    Conv2D(filters=4, kernel=3, spectral_norm=True),
    BatchNorm(),
    LeakyReLU(),
    Conv2DTranspose(filters=4, kernel=4, stride=2),
    GroupNorm(groups=2),
    Conv2D(filters=1, kernel=5),
    Tanh(),
]
NETWORKS = {name: preset.networks for name, preset in PRESETS.items()}
NETWORKS["odd"] = ModelConfig(
    latent_dim=7, generator=Sequential(layers=ODD), discriminator=PRESETS["fast"].networks.discriminator
)


@pytest.fixture(params=NETWORKS)
def generator(request):
    """A generator whose every weight and statistic is something."""
    torch.manual_seed(3)
    network = build_generator(NETWORKS[request.param]).to(memory_format=torch.channels_last)
    with torch.no_grad():
        network(torch.randn(16, NETWORKS[request.param].input_dim))
        for tensor in [*network.parameters(), *network.buffers()]:
            if tensor.is_floating_point() and tensor.dim() == 1:
                tensor.add_(torch.rand_like(tensor) * 0.5)
    return network.eval().requires_grad_(False)


def test_what_is_put_together_draws_the_same(generator):
    inputs = torch.randn(5, width(generator))
    assert torch.allclose(fold_batchnorm(generator)(inputs), generator(inputs), atol=1e-4)


def test_no_batchnorm_behind_a_dense_or_a_convolution_is_left(generator, monkeypatch):
    asked = []
    monkeypatch.setattr(nn.BatchNorm2d, "forward", lambda self, samples: asked.append(self) or samples)
    monkeypatch.setattr(nn.BatchNorm1d, "forward", lambda self, samples: asked.append(self) or samples)
    fold_batchnorm(generator)(torch.randn(2, width(generator)))
    assert len(asked) == sum(before and not isinstance(before, nn.Linear | nn.Conv2d) for before in _before(generator))


def width(generator):
    """Numbers that a generator takes."""
    first = generator[0]
    return len(first.directions) if isinstance(first, LatentCells) else first.weight.shape[1]


def _before(generator):
    """Yield the module that stands before each BatchNorm."""
    modules = [part for part in generator if type(part).__name__ != "FusedUpsample"]
    for before, module in pairwise(modules):
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            yield before
