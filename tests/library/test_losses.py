"""The losses are the formulas of their papers."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import binary_cross_entropy

from ganmnist import losses


def test_losses_are_binary_cross_entropy_and_finite_for_a_sure_discriminator():
    real, fake = torch.tensor([[2.0], [-1.0]]), torch.tensor([[0.5], [3.0]])
    ones, zeros = torch.ones(2, 1), torch.zeros(2, 1)
    expected = binary_cross_entropy(real.sigmoid(), ones) + binary_cross_entropy(fake.sigmoid(), zeros)
    assert losses.discriminator_bce(real, fake).item() == pytest.approx(expected.item(), rel=1e-6)
    expected = binary_cross_entropy(fake.sigmoid(), ones)
    assert losses.generator_bce(fake).item() == pytest.approx(expected.item(), rel=1e-6)
    assert losses.generator_bce(torch.tensor([[-500.0]])).item() == 500
    assert losses.discriminator_bce(torch.tensor([[-500.0]]), torch.tensor([[500.0]])).item() == 1000


def test_the_slope_of_a_linear_discriminator_is_half_the_square_of_its_weights_and_pulls_them_to_zero():
    weights = torch.zeros(28, 28)
    weights[0, 1], weights[27, 5] = 3.0, -4.0
    weights.requires_grad_()
    images = torch.arange(5 * 784.0).view(5, 1, 28, 28)
    penalty = losses.slope(lambda given, told: (given * weights).sum((1, 2, 3))[:, None] + 9, images, torch.empty(5, 0))
    assert penalty.item() == pytest.approx((9 + 16) / 2)
    penalty.backward()
    torch.testing.assert_close(weights.grad, weights.detach())  # of w^2 / 2 it is w


def test_the_slope_is_the_mean_over_the_images_and_the_discriminator_is_told_their_condition():
    """D(x) = c (sum of x)^2 / 2 has the slope c (sum of x) at each of the 784 pixels."""
    images = torch.zeros(2, 1, 28, 28)
    images[0, 0, 3, 4], images[1, 0, 5, 6] = 2.0, 3.0
    condition = torch.tensor([[1.0], [10.0]])
    penalty = losses.slope(lambda given, told: told * given.sum((1, 2, 3)).square()[:, None] / 2, images, condition)
    assert penalty.item() == pytest.approx(784 * (2.0**2 + 30.0**2) / 2 / 2)
    assert not images.requires_grad
