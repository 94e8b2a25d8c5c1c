"""One step of the game: who learns from what, how fast, and what the networks are told."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from ganmnist import losses, networks
from ganmnist.composition import Sequential
from ganmnist.config import TrainConfig
from ganmnist.data import rescale
from ganmnist.game import Game
from ganmnist.layers import BatchNorm, Conv2D
from ganmnist.presets import PRESETS, Recipe, recipe

CLASSES = torch.tensor([0, 0, 3, 9])


@pytest.fixture(autouse=True)
def chance():
    """The same chance for every test, and none of it used up."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        yield


@pytest.fixture
def plain(tiny) -> Recipe:
    return recipe(TrainConfig(networks=tiny))


@pytest.fixture
def conditional(told) -> Recipe:
    return recipe(TrainConfig(networks=told))


@pytest.fixture
def real() -> Tensor:
    return torch.rand(4, 1, 28, 28) * 2 - 1


def copy(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    return {key: value.clone() for key, value in weights.items()}


def test_adam_has_the_rates_of_the_recipe_for_all_of_its_network(plain):
    game = Game(replace(plain, learning_rate=0.012, discriminator_rate=0.75, beta1=0.25, beta2=0.5))
    for adam, network, rate in ((game.adam_g, game.generator, 0.012), (game.adam_d, game.discriminator, 0.009)):
        assert adam.rate == pytest.approx(rate)
        assert adam.betas == (0.25, 0.5)
        assert {id(p) for p in adam.parameters} == {id(p) for p in network.parameters()}


def test_the_learning_rates_hold_and_then_fall_to_zero_in_a_line(plain, real):
    game = Game(replace(plain, learning_rate=0.01, discriminator_rate=0.5, hold=0.6))
    rates = []
    for share in (0.0, 0.3, 0.6, 0.7, 0.8, 0.9, 1.0):
        game.play(real, CLASSES, share)
        rates.append([adam.rate for adam in (game.adam_g, game.adam_d)])
    generators, discriminators = zip(*rates, strict=True)
    assert generators == pytest.approx([0.01, 0.01, 0.01, 0.0075, 0.005, 0.0025, 0])
    assert discriminators == pytest.approx([rate / 2 for rate in generators])


def test_at_a_learning_rate_of_zero_nothing_is_learned(plain, real):
    game = Game(plain)
    before = [parameter.clone() for parameter in game.generator.parameters()]
    game.play(real, CLASSES, 1.0)
    assert all(map(torch.equal, before, game.generator.parameters()))


def test_each_network_learns_and_only_from_its_own_loss(conditional, real, monkeypatch):
    game = Game(replace(conditional, r1=0.1, r2=0.1))
    states = []

    def note():
        states.append((copy(game.generator.state_dict()), copy(game.discriminator.state_dict())))

    def noted(step):
        def both():
            step()
            note()

        return both

    note()
    monkeypatch.setattr(game.adam_d, "step", noted(game.adam_d.step))
    monkeypatch.setattr(game.adam_g, "step", noted(game.adam_g.step))
    game.play(real, CLASSES, 0.0)

    learned = [name for name, _ in game.generator.named_parameters()]
    judged = [name for name, _ in game.discriminator.named_parameters()]
    before, after_d, after_g = states
    assert all(torch.equal(before[0][name], after_d[0][name]) for name in learned)
    assert any(not torch.equal(before[1][name], after_d[1][name]) for name in judged)
    assert all(not torch.equal(after_d[0][name], after_g[0][name]) for name in learned)
    assert all(torch.equal(after_d[1][name], after_g[1][name]) for name in judged)
    assert all(parameter.requires_grad for parameter in game.discriminator.parameters())


def test_the_average_follows_the_generator_fast_at_first_and_slowly_later(plain):
    game = Game(plain)
    name = next(iter(game.averaged))
    kept = []
    for step in (1, 2, 10, 100, 99_999):
        game.step = step
        with torch.no_grad():
            game.averaged[name].zero_()
            game.generator.state_dict()[name].fill_(1.0)
        game._average()
        (share,) = game.averaged[name].unique().tolist()
        kept.append(1 - share)
    assert kept[0] < 0.5
    assert kept == sorted(kept)
    assert 0.99 < kept[-1] < 1


def test_the_average_counts_the_batches_that_its_statistics_have_seen(plain, real):
    game = Game(plain)
    game.play(real, CLASSES, 0.0)
    game.play(real, CLASSES, 0.0)
    assert {value.item() for key, value in game.averaged.items() if key.endswith("num_batches_tracked")} == {2}


def listen(game: Game) -> tuple[list[Tensor], list[tuple[Tensor, Tensor]]]:
    """Return what the networks will be given: the generator its inputs, the discriminator images and condition."""
    inputs: list[Tensor] = []
    pairs: list[tuple[Tensor, Tensor]] = []
    game.generator.register_forward_pre_hook(lambda module, given: inputs.append(given[0].detach()))
    game.discriminator.register_forward_pre_hook(
        lambda module, given: pairs.append(tuple(part.detach() for part in given))
    )
    return inputs, pairs


def test_conditional_networks_hear_the_class_of_the_real_images(conditional, real):
    game = Game(replace(conditional, r1=0.1, r2=0.1))
    inputs, pairs = listen(game)
    game.play(real, CLASSES, 0.0)
    one_hot = torch.eye(10)[CLASSES]
    (given,) = inputs
    assert given.shape == (4, 5 + 10)
    assert torch.equal(given[:, 5:], one_hot)
    assert len(pairs) >= 3  # real and fake to learn from, fake again for the generator
    assert all(torch.equal(told, one_hot) for _, told in pairs)


def test_networks_without_classes_hear_nothing_of_them(plain, real):
    game = Game(plain)
    inputs, pairs = listen(game)
    game.play(real, CLASSES, 0.0)
    assert inputs[0].shape == (4, 5)
    assert {told.shape for _, told in pairs} == {(4, 0)}


def test_real_and_fake_pass_the_discriminator_apart(plain, real):
    game = Game(plain)
    _, pairs = listen(game)
    game.play(real, CLASSES, 0.0)
    assert [torch.equal(images, real) for images, _ in pairs] == [True, False, False]
    assert {len(images) for images, _ in pairs} == {4}


def test_the_slope_is_punished_at_real_and_at_fake_images_every_eighth_step_and_only_where_asked(
    conditional, real, monkeypatch
):
    seen = []

    def slope(discriminator, images, told):
        seen.append((game.step, torch.equal(images, real)))
        return torch.zeros(())

    monkeypatch.setattr(losses, "slope", slope)
    for weight, expected in ((0.1, [(0, True), (0, False), (8, True), (8, False)]), (0.0, [])):
        game = Game(replace(conditional, r1=weight, r2=weight))
        for _ in range(10):
            game.play(real, CLASSES, 0.0)
        assert seen == expected
        seen.clear()


def test_the_penalty_on_the_slope_pulls_with_its_weight_eight_times_over_for_it_comes_every_eighth_step(
    conditional, real, monkeypatch
):
    def pull(weight: float) -> Tensor:
        torch.manual_seed(3)
        game = Game(replace(conditional, r1=weight, r2=weight))
        first = next(game.discriminator.parameters())
        monkeypatch.setattr(losses, "slope", lambda *given: first.sum())
        game.play(real, CLASSES, 0.0)
        return first.grad

    added = pull(0.25) - pull(0.0)
    torch.testing.assert_close(added, torch.full_like(added, (1 + 1) * 8 * 0.25))  # of real and of fake images


def test_bfloat16_leaves_the_weights_float32_and_the_losses_nearly_as_they_are(conditional, real):
    def play(bfloat16: bool) -> tuple[Game, list[float]]:
        torch.manual_seed(3)
        game = Game(replace(conditional, r1=0.1, r2=0.1), bfloat16=bfloat16)
        return game, [loss for _ in range(10) for loss in game.play(real, CLASSES, 0.0)]

    _, expected = play(False)
    game, found = play(True)
    assert found != expected
    assert found == pytest.approx(expected, abs=0.1)
    kept = [*game.generator.state_dict().values(), *game.averaged.values(), *game.discriminator.state_dict().values()]
    assert {value.dtype for value in kept} <= {torch.float32, torch.int64}
    assert all(value.isfinite().all() for value in kept)


@pytest.mark.parametrize("norms", [True, False], ids=["norms", "no-norms"])
@pytest.mark.parametrize("weights", [True, False], ids=["our-weights", "torchs-weights"])
def test_the_tutorials_networks_go_black_in_fourteen_steps_if_neither_norms_nor_first_weights_guard_them(
    digits, monkeypatch, norms, weights
):
    """At full width and the tutorial's own rate.

    The guards are BatchNorm after the generator's convolutions, and first weights from N(0, 0.02). A plain port has
    neither: its images start nearly alike, and the discriminator drives all of them into black, with most seeds.
    """
    if not weights:
        monkeypatch.setattr(networks, "_initialise", lambda module: None)
    tutorial = PRESETS["tutorial"].networks
    layers = tutorial.generator.layers
    if not norms:
        after = {place + 1 for place, layer in enumerate(layers) if isinstance(layer, Conv2D)}
        layers = [layer for place, layer in enumerate(layers) if not (place in after and isinstance(layer, BatchNorm))]
    torch.manual_seed(7)
    game = Game(recipe(TrainConfig(networks=tutorial.model_copy(update={"generator": Sequential(layers=layers)}))))
    real = torch.from_numpy(rescale(digits.train_images))
    for step in range(14):
        game.play(real[16 * step : 16 * (step + 1)], torch.zeros(16, dtype=torch.int64), 0.0)
    with torch.no_grad():
        images = game.generator(torch.randn(16, 100))
    grey, spread = images.mean().item(), images.std(0).mean().item()
    if norms or weights:
        assert grey > -0.7
        assert spread > 0.04
    else:
        assert grey < -0.97
        assert spread < 0.01
