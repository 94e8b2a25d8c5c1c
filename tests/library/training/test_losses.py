"""The losses are the formulas of their papers."""

from __future__ import annotations

from math import exp, log
from typing import get_args

import pytest
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy

from ganmnist.config import LossName
from ganmnist.training import losses
from ganmnist.training.losses import LOSSES

REAL, FAKE = torch.tensor([[2.0], [-1.0]]), torch.tensor([[0.5], [3.0]])


def cross_entropy(logits: Tensor, label: float) -> float:
    return binary_cross_entropy(logits.sigmoid(), torch.full_like(logits, label)).item()


def log_of_one_and_e_to(x: float) -> float:
    return log(1 + exp(x))


# Of the discriminator and of the generator, by hand; relativistic judges the differences 2 - 0.5 and -1 - 3.
FORMULAS = {
    "bce": (cross_entropy(REAL, 1) + cross_entropy(FAKE, 0), cross_entropy(FAKE, 1)),
    "nonsaturating": (
        (log_of_one_and_e_to(-2) + log_of_one_and_e_to(1)) / 2
        + (log_of_one_and_e_to(0.5) + log_of_one_and_e_to(3)) / 2,
        (log_of_one_and_e_to(-0.5) + log_of_one_and_e_to(-3)) / 2,
    ),
    "hinge": ((0 + 2) / 2 + (1.5 + 4) / 2, -(0.5 + 3) / 2),
    "wasserstein": ((0.5 + 3) / 2 - (2 - 1) / 2, -(0.5 + 3) / 2),
    "relativistic": (
        (log_of_one_and_e_to(-1.5) + log_of_one_and_e_to(4)) / 2,
        (log_of_one_and_e_to(1.5) + log_of_one_and_e_to(-4)) / 2,
    ),
}


@pytest.fixture(autouse=True)
def chance():
    """The same chance for every test, and none of it used up."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        yield


def test_the_settings_name_the_losses_there_are():
    assert set(get_args(LossName)) == set(LOSSES) == set(FORMULAS)


@pytest.mark.parametrize("name", LOSSES)
def test_each_loss_is_its_formula(name):
    loss, (discriminator, generator) = LOSSES[name], FORMULAS[name]
    assert loss.discriminator(REAL, FAKE).item() == pytest.approx(discriminator, rel=1e-6)
    assert loss.generator(FAKE, REAL).item() == pytest.approx(generator, rel=1e-6)


@pytest.mark.parametrize("name", LOSSES)
def test_the_discriminator_wants_real_logits_high_and_fake_ones_low_and_the_generator_fake_ones_high(name):
    real, fake = (logits.clone().requires_grad_() for logits in (torch.tensor([[0.5]]), torch.tensor([[0.25]])))
    at_real, at_fake = torch.autograd.grad(LOSSES[name].discriminator(real, fake), (real, fake))
    assert at_real < 0 < at_fake
    (at_fake,) = torch.autograd.grad(LOSSES[name].generator(fake, real), fake)
    assert at_fake < 0


@pytest.mark.parametrize("name", ["bce", "nonsaturating", "relativistic"])
def test_losses_are_finite_for_a_sure_discriminator(name):
    sure = LOSSES[name]
    wrong = sure.discriminator(torch.tensor([[-500.0]]), torch.tensor([[500.0]]))
    assert wrong.item() == 1000
    assert sure.generator(torch.tensor([[-500.0]]), torch.tensor([[500.0]])).item() == (
        1000 if sure.relativistic else 500
    )


def test_the_hinge_costs_nothing_beyond_the_margin():
    assert LOSSES["hinge"].discriminator(torch.tensor([[1.0], [7.0]]), torch.tensor([[-1.0], [-9.0]])) == 0
    assert LOSSES["hinge"].discriminator(torch.tensor([[0.75]]), torch.tensor([[-1.0]])) == 0.25


def test_only_the_relativistic_loss_looks_at_both_and_at_nothing_but_their_difference():
    for name, loss in LOSSES.items():
        by_itself = loss.generator(FAKE, REAL + 1) == loss.generator(FAKE, REAL)
        assert by_itself != loss.relativistic
        assert loss.relativistic == (name == "relativistic")
    loss = LOSSES["relativistic"]
    for side in (loss.discriminator, loss.generator):
        torch.testing.assert_close(side(REAL + 40, FAKE + 40), side(REAL, FAKE))
        assert side(REAL + 1, FAKE).item() != pytest.approx(side(REAL, FAKE).item())


@pytest.mark.parametrize("amount", [0.0, 0.1, 0.5])
def test_smoothing_makes_the_cross_entropy_that_of_a_lower_label(amount):
    found = LOSSES["bce"].discriminator(REAL, FAKE) + losses.smoothing(REAL, amount)
    assert found.item() == pytest.approx(cross_entropy(REAL, 1 - amount) + cross_entropy(FAKE, 0), rel=1e-6)


def linear(weights: Tensor):
    return lambda given, condition: (given * weights).sum((1, 2, 3))[:, None] + 9


def test_the_r1_penalty_of_a_linear_discriminator_is_half_the_square_of_its_weights_and_pulls_them_to_zero():
    weights = torch.zeros(28, 28)
    weights[0, 1], weights[27, 5] = 3.0, -4.0
    weights.requires_grad_()
    images = torch.arange(5 * 784.0).view(5, 1, 28, 28)
    penalty = losses.r1_penalty(linear(weights), images, torch.empty(5, 0))
    assert penalty.item() == pytest.approx((9 + 16) / 2)
    penalty.backward()
    torch.testing.assert_close(weights.grad, weights.detach())  # of w^2 / 2 it is w


def test_the_r1_penalty_is_the_mean_over_the_images_and_the_discriminator_is_given_their_condition():
    """D(x) = c (sum of x)^2 / 2 has the gradient c (sum of x) at each of the 784 pixels."""
    images = torch.zeros(2, 1, 28, 28)
    images[0, 0, 3, 4], images[1, 0, 5, 6] = 2.0, 3.0
    condition = torch.tensor([[1.0], [10.0]])
    penalty = losses.r1_penalty(lambda given, its: its * given.sum((1, 2, 3)).square()[:, None] / 2, images, condition)
    assert penalty.item() == pytest.approx(784 * (2.0**2 + 30.0**2) / 2 / 2)
    assert not images.requires_grad


@pytest.mark.parametrize(("first", "second"), [(3.0, -4.0), (0.3, 0.4), (0.6, -0.8)])
def test_the_gradient_norm_of_a_linear_discriminator_is_wanted_at_one_wherever_it_is_looked_at(first, second):
    weights = torch.zeros(28, 28)
    weights[0, 1], weights[27, 5] = first, second
    weights.requires_grad_()
    length = (first**2 + second**2) ** 0.5
    for real, fake in ((torch.zeros(3, 1, 28, 28), torch.ones(3, 1, 28, 28)), (torch.randn(3, 1, 28, 28),) * 2):
        penalty = losses.gradient_penalty(linear(weights), real, fake, torch.empty(3, 0))
        assert penalty.item() == pytest.approx((length - 1) ** 2, abs=1e-6)
        (pull,) = torch.autograd.grad(penalty, weights)
        torch.testing.assert_close(pull, 2 * (length - 1) * weights.detach() / length, atol=1e-5, rtol=1e-5)


def test_the_gradient_penalty_is_taken_on_the_lines_between_each_real_image_and_its_fake():
    """Every sample has a point of its own, the same for all its pixels, and its own condition."""
    seen = []

    def discriminator(given: Tensor, its: Tensor) -> Tensor:
        seen.append((given.detach(), its))
        return given.sum((1, 2, 3))[:, None] * its

    real, fake = torch.full((64, 1, 28, 28), 10.0), torch.full((64, 1, 28, 28), 20.0)
    fake.requires_grad_()
    condition = torch.linspace(0, 1, 64)[:, None]
    penalty = losses.gradient_penalty(discriminator, real, fake, condition)
    ((points, conditions),) = seen
    places = points.flatten(1)
    assert torch.equal(places.amin(1), places.amax(1))
    assert 10 <= places.min() < 11
    assert 19 < places.max() <= 20
    assert len(places[:, 0].unique()) > 60
    assert torch.equal(conditions, condition)
    torch.testing.assert_close(
        penalty, (28 * condition - 1).square().mean()
    )  # a gradient of c at each of 28 x 28 pixels


def test_a_discriminator_without_gradient_still_learns_from_the_penalty():
    weights = torch.zeros(28, 28, requires_grad=True)
    penalty = losses.gradient_penalty(linear(weights), *torch.randn(2, 4, 1, 28, 28), torch.empty(4, 0))
    assert penalty.item() == pytest.approx(1, abs=1e-4)
    penalty.backward()
    assert weights.grad.isfinite().all()
