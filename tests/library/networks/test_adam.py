"""Our Adam walks as torch's own does, and carries its state through a save."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch

from ganmnist.networks.adam import Adam


def run(adam, parameters, steps, start=0):
    chance = torch.Generator().manual_seed(start)
    for _ in range(steps):
        adam.zero_grad()
        for parameter in parameters:
            parameter.grad = torch.empty_like(parameter).normal_(generator=chance)
        adam.step()


@pytest.fixture
def parameters():
    """Three of unlike shapes, one of them channels-last, as convolutions have them."""
    chance = torch.Generator().manual_seed(1)
    shapes = ((3,), (2, 5), (4, 3, 2, 2))
    made = [torch.randn(shape, generator=chance) for shape in shapes]
    made[2] = made[2].to(memory_format=torch.channels_last)
    return [tensor.requires_grad_() for tensor in made]


@pytest.mark.parametrize("betas", [(0.0, 0.99), (0.5, 0.999)])
def test_it_walks_where_torchs_own_walks(parameters, betas):
    others = [parameter.detach().clone().requires_grad_() for parameter in parameters]
    run(Adam(parameters, 0.03, betas), parameters, 7)
    run(torch.optim.Adam(others, 0.03, betas, fused=True), others, 7)
    for ours, theirs in zip(parameters, others, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=0)


def test_a_restored_one_goes_on_alike(parameters):
    adam = Adam(parameters, 0.03, (0.5, 0.9))
    run(adam, parameters, 4)
    saved = {name: value.clone().contiguous() for name, value in adam.state().items()}
    others = [parameter.detach().clone().requires_grad_() for parameter in parameters]
    again = Adam(others, 0.03, (0.5, 0.9))
    again.restore(saved)
    run(adam, parameters, 3, start=9)
    run(again, others, 3, start=9)
    assert all(map(torch.equal, parameters, others))


def test_training_never_imports_torchs_compiler():
    """It takes 0.8 s, which are missing from the first fifteen."""
    code = """
import sys, numpy as np, torch
from ganmnist.training.step import GANTrainer
from ganmnist.training.presets import recipe
from ganmnist.config import TrainConfig
trainer = GANTrainer(recipe(TrainConfig()))
trainer.train_step(torch.zeros(8, 1, 28, 28), torch.zeros(8, dtype=torch.long), 0.0)
print("torch._dynamo" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "False\n", done.stderr
