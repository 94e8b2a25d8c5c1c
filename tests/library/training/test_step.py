"""One step of a GAN: who learns from what, how fast, and what the networks are conditioned on."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain
from math import isfinite

import pytest
import torch
from torch import Tensor

from ganmnist.config import TrainConfig
from ganmnist.layers import BatchNorm, Conv2D, LatentClusters
from ganmnist.networks import build
from ganmnist.networks.spec import Sequential
from ganmnist.pixels import rescale
from ganmnist.training import losses
from ganmnist.training.presets import PRESETS, recipe
from ganmnist.training.recipe import Recipe
from ganmnist.training.step import GANTrainer

pytestmark = pytest.mark.slow

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
def conditional(class_conditional) -> Recipe:
    return recipe(TrainConfig(networks=class_conditional))


@pytest.fixture
def real() -> Tensor:
    return torch.rand(4, 1, 28, 28) * 2 - 1


def copy(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    return {key: value.clone() for key, value in weights.items()}


def test_adam_has_the_rates_of_the_recipe_for_all_of_its_network(plain):
    trainer = GANTrainer(replace(plain, learning_rate=0.012, discriminator_rate=0.75, beta1=0.25, beta2=0.5))
    for adam, network, rate in (
        (trainer.adam_g, trainer.generator, 0.012),
        (trainer.adam_d, trainer.discriminator, 0.009),
    ):
        assert adam.lr == pytest.approx(rate)
        assert adam.betas == (0.25, 0.5)
        assert {id(p) for p in adam.parameters} == {id(p) for p in network.parameters()}


def test_the_learning_rates_are_constant_and_then_decay_linearly_to_zero(plain, real):
    trainer = GANTrainer(replace(plain, learning_rate=0.01, discriminator_rate=0.5, decay_start=0.6))
    rates = []
    for progress in (0.0, 0.3, 0.6, 0.7, 0.8, 0.9, 1.0):
        trainer.train_step(real, CLASSES, progress)
        rates.append([adam.lr for adam in (trainer.adam_g, trainer.adam_d)])
    generators, discriminators = zip(*rates, strict=True)
    assert generators == pytest.approx([0.01, 0.01, 0.01, 0.0075, 0.005, 0.0025, 0])
    assert discriminators == pytest.approx([rate / 2 for rate in generators])


def test_at_a_learning_rate_of_zero_nothing_is_learned(plain, real):
    trainer = GANTrainer(plain)
    before = [parameter.clone() for parameter in trainer.generator.parameters()]
    trainer.train_step(real, CLASSES, 1.0)
    assert all(map(torch.equal, before, trainer.generator.parameters()))


def test_each_network_learns_and_only_from_its_own_loss(conditional, real, monkeypatch):
    trainer = GANTrainer(replace(conditional, r1=0.1, r2=0.1))
    states = []

    def note():
        states.append((copy(trainer.generator.state_dict()), copy(trainer.discriminator.state_dict())))

    def noted(step):
        def both():
            step()
            note()

        return both

    note()
    monkeypatch.setattr(trainer.adam_d, "step", noted(trainer.adam_d.step))
    monkeypatch.setattr(trainer.adam_g, "step", noted(trainer.adam_g.step))
    trainer.train_step(real, CLASSES, 0.0)

    learned = [name for name, _ in trainer.generator.named_parameters()]
    judged = [name for name, _ in trainer.discriminator.named_parameters()]
    before, after_d, after_g = states
    assert all(torch.equal(before[0][name], after_d[0][name]) for name in learned)
    assert any(not torch.equal(before[1][name], after_d[1][name]) for name in judged)
    assert all(not torch.equal(after_d[0][name], after_g[0][name]) for name in learned)
    assert all(torch.equal(after_d[1][name], after_g[1][name]) for name in judged)
    assert all(parameter.requires_grad for parameter in trainer.discriminator.parameters())


def test_the_average_follows_the_generator_fast_at_first_and_slowly_later(plain):
    trainer = GANTrainer(plain)
    name = next(iter(trainer.averaged))
    kept = []
    for step in (1, 2, 10, 100, 99_999):
        trainer.step = step
        with torch.no_grad():
            trainer.averaged[name].zero_()
            trainer.generator.state_dict()[name].fill_(1.0)
        trainer._average(trainer.schedule(0.0).follow)
        (share,) = trainer.averaged[name].unique().tolist()
        kept.append(1 - share)
    assert kept[0] < 0.5
    assert kept == sorted(kept)
    assert 0.99 < kept[-1] < 1


def test_the_average_counts_the_batches_that_its_statistics_have_seen(plain, real):
    trainer = GANTrainer(plain)
    trainer.train_step(real, CLASSES, 0.0)
    trainer.train_step(real, CLASSES, 0.0)
    assert {value.item() for key, value in trainer.averaged.items() if key.endswith("num_batches_tracked")} == {2}


def listen(trainer: GANTrainer) -> tuple[list[Tensor], list[tuple[Tensor, Tensor]]]:
    """Return what the networks will be given: the generator its inputs, the discriminator images and condition."""
    inputs: list[Tensor] = []
    pairs: list[tuple[Tensor, Tensor]] = []
    trainer.generator.register_forward_pre_hook(lambda module, given: inputs.append(given[0].detach()))
    trainer.discriminator.register_forward_pre_hook(
        lambda module, given: pairs.append(tuple(part.detach() for part in given))
    )
    return inputs, pairs


def test_conditional_networks_hear_the_class_of_the_real_images(conditional, real):
    trainer = GANTrainer(replace(conditional, r1=0.1, r2=0.1))
    inputs, pairs = listen(trainer)
    trainer.train_step(real, CLASSES, 0.0)
    one_hot = torch.eye(10)[CLASSES]
    (given,) = inputs
    assert given.shape == (4, 5 + 10)
    assert torch.equal(given[:, 5:], one_hot)
    assert sum(len(images) for images, _ in pairs) >= 3 * 4  # real, fake, and fake again for the generator
    assert all(torch.equal(condition, one_hot.repeat(len(condition) // 4, 1)) for _, condition in pairs)


def test_clusters_are_told_of_real_images_as_they_are_and_of_fakes_as_their_vectors_lie(conditional, real):
    networks = conditional.networks
    clustered = Sequential(layers=(LatentClusters(clusters=3), *networks.generator.layers))
    trainer = GANTrainer(
        replace(conditional, networks=networks.model_copy(update={"classes": 0, "generator": clustered}))
    )
    trainer.fit_clusters(torch.tensor([0, 2, 2, 1, 0]))
    inputs, pairs = listen(trainer)
    trainer.train_step(real, torch.tensor([0, 0, 1, 2]), 0.0)
    cells = trainer.generator[0].nearest(inputs[0])
    assert inputs[0].shape == (4, 5)
    assert torch.equal(cells, cells.sort().values), "neighbours of one cluster can be compared"
    told = torch.cat([condition for _, condition in pairs])
    assert torch.equal(told[:4], torch.eye(3)[[0, 0, 1, 2]])
    assert torch.equal(told[4:], torch.eye(3)[cells].repeat(len(told) // 4 - 1, 1))


def test_clusters_within_classes_are_told_with_the_class(conditional, real):
    clustered = Sequential(layers=(LatentClusters(clusters=3), *conditional.networks.generator.layers))
    trainer = GANTrainer(
        replace(conditional, networks=conditional.networks.model_copy(update={"classes": 2, "generator": clustered}))
    )
    trainer.fit_clusters(torch.tensor([0, 1, 1, 5, 5]))  # class 0 has clusters 0 and 1, class 1 the last one alone
    inputs, pairs = listen(trainer)
    trainer.train_step(real, torch.tensor([0, 1, 5, 5]), 0.0)
    assert inputs[0][:, 5:].tolist() == [[1, 0], [1, 0], [0, 1], [0, 1]], "fakes are of the classes of the real images"
    told = torch.cat([condition for _, condition in pairs])
    assert told[:4].tolist() == [[1, 0, 0, 1, 0], [0, 1, 0, 1, 0], [0, 0, 1, 0, 1], [0, 0, 1, 0, 1]]
    cells = trainer.generator[0].nearest(inputs[0])
    fakes = torch.cat([torch.eye(3)[cells], inputs[0][:, 5:]], 1)
    assert torch.equal(told[4:], fakes.repeat(len(told) // 4 - 1, 1))
    assert cells[2:].tolist() == [2, 2]


def test_networks_without_classes_hear_nothing_of_them(plain, real):
    trainer = GANTrainer(plain)
    inputs, pairs = listen(trainer)
    trainer.train_step(real, CLASSES, 0.0)
    assert inputs[0].shape == (4, 5)
    assert {condition.shape for _, condition in pairs} == {(4, 0)}


def test_real_and_fake_pass_a_discriminator_with_batchnorm_apart(plain, real):
    trainer = GANTrainer(replace(plain, noise=0.0))
    _, pairs = listen(trainer)
    trainer.train_step(real, CLASSES, 0.0)
    assert [torch.equal(images, real) for images, _ in pairs] == [True, False, False]
    assert {len(images) for images, _ in pairs} == {4}


@pytest.mark.parametrize("loss", losses.LOSSES)
def test_every_loss_makes_steps_of_finite_losses_from_which_both_networks_learn(plain, conditional, real, loss):
    for plan in (plain, conditional):
        trainer = GANTrainer(replace(plan, loss=loss, learning_rate=0.01))
        before = [copy(network.state_dict()) for network in (trainer.generator, trainer.discriminator)]
        played = [trainer.train_step(real, CLASSES, 0.0) for _ in range(3)]
        assert all(map(isfinite, chain(*played)))
        for network, old in zip((trainer.generator, trainer.discriminator), before, strict=True):
            assert all(parameter.isfinite().all() for parameter in network.parameters())
            weights = {name: value for name, value in network.named_parameters() if value.dim() > 1}
            # A bias that lifts all logits alike may rest: several losses look at differences alone.
            assert not any(torch.equal(value, old[name]) for name, value in weights.items())


def gradients(plan: Recipe, real: Tensor) -> list[Tensor]:
    """What the generator is given in a step in which nothing is learned yet."""
    torch.manual_seed(3)
    trainer = GANTrainer(plan)
    trainer.train_step(real, CLASSES, 1.0)
    return [parameter.grad for parameter in trainer.generator.parameters()]


@pytest.mark.parametrize("loss", losses.LOSSES)
def test_only_with_a_loss_that_compares_the_real_images_decide_what_the_generator_is_told(conditional, real, loss):
    plan = replace(conditional, loss=loss)
    same = list(map(torch.equal, gradients(plan, real), gradients(plan, -real)))
    assert any(same) == all(same) == (loss != "relativistic")


def test_smoothed_labels_cost_the_discriminator_its_own_certainty_about_real_images(plain, real):
    def trained(amount: float) -> tuple[float, float, GANTrainer]:
        torch.manual_seed(3)
        trainer = GANTrainer(replace(plain, loss="bce", label_smoothing=amount))
        logits = []
        trainer.discriminator.register_forward_hook(lambda module, given, output: logits.append(output.detach()))
        loss, _ = trainer.train_step(real, CLASSES, 0.0)
        return loss, logits[0].mean().item(), trainer

    (plainly, certainty, before), (smoothed, _, after) = trained(0.0), trained(0.25)
    assert smoothed - plainly == pytest.approx(0.25 * certainty, abs=1e-6)
    assert smoothed != plainly
    assert not torch.equal(next(before.discriminator.parameters()), next(after.discriminator.parameters()))


def noted_penalties(plan: Recipe, real: Tensor, monkeypatch) -> list[tuple[int, str]]:
    """The steps of ten in which each gradient penalty is asked for, and the images it looks at."""
    seen = []

    def r1_penalty(discriminator, images, condition):
        seen.append((trainer.step, "real" if torch.equal(images, real) else "fake"))
        return torch.zeros(())

    def gradient_penalty(discriminator, images, fake, condition):
        assert torch.equal(images, real)
        assert not torch.equal(fake, real)
        seen.append((trainer.step, "between"))
        return torch.zeros(())

    monkeypatch.setattr(losses, "r1_penalty", r1_penalty)
    monkeypatch.setattr(losses, "gradient_penalty", gradient_penalty)
    trainer = GANTrainer(plan)
    for _ in range(10):
        trainer.train_step(real, CLASSES, 0.0)
    return seen


@pytest.mark.parametrize(
    ("r1", "r2", "expected"),
    [
        (0.1, 0.1, [(0, "real"), (0, "fake"), (8, "real"), (8, "fake")]),
        (0.1, 0.0, [(0, "real"), (8, "real")]),
        (0.0, 0.1, [(0, "fake"), (8, "fake")]),
        (0.0, 0.0, []),
    ],
)
def test_the_gradient_is_penalised_at_real_and_at_fake_images_every_eighth_step_and_only_where_asked(
    conditional, real, monkeypatch, r1, r2, expected
):
    assert noted_penalties(replace(conditional, r1=r1, r2=r2), real, monkeypatch) == expected


@pytest.mark.parametrize("loss", losses.LOSSES)
def test_wasserstein_alone_asks_for_a_gradient_norm_of_one_between_real_and_fake_in_every_step(
    conditional, real, monkeypatch, loss
):
    seen = noted_penalties(replace(conditional, loss=loss, r1=0.0, r2=0.0), real, monkeypatch)
    assert seen == ([(step, "between") for step in range(10)] if loss == "wasserstein" else [])


def test_the_penalties_pull_with_their_weights_those_of_every_eighth_step_eight_times_over(
    conditional, real, monkeypatch
):
    def pull(loss: str, r1: float, r2: float) -> Tensor:
        torch.manual_seed(3)
        trainer = GANTrainer(replace(conditional, loss=loss, r1=r1, r2=r2))
        first = next(trainer.discriminator.parameters())
        monkeypatch.setattr(losses, "r1_penalty", lambda *given: first.sum())
        monkeypatch.setattr(losses, "gradient_penalty", lambda *given: first.sum() * punished)
        trainer.train_step(real, CLASSES, 0.0)
        return first.grad

    punished = 0
    for loss in ("bce", "wasserstein"):
        added = pull(loss, 0.25, 0.5) - pull(loss, 0.0, 0.0)
        torch.testing.assert_close(added, torch.full_like(added, 8 * (0.25 + 0.5)))
    before = pull("wasserstein", 0.0, 0.0)
    punished = 1
    torch.testing.assert_close(pull("wasserstein", 0.0, 0.0) - before, torch.full_like(before, 10.0))


@pytest.mark.parametrize("loss", losses.LOSSES)
def test_spectral_norm_plays_every_loss_in_bfloat16_too(normed, real, loss):
    trainer = GANTrainer(replace(recipe(TrainConfig(networks=normed)), loss=loss, r1=0.1), bfloat16=True)
    for _ in range(9):
        played = trainer.train_step(real, CLASSES, 0.0)
    assert all(map(isfinite, played))
    assert all(value.isfinite().all() for value in trainer.averaged.values())


def test_bfloat16_leaves_the_weights_float32_and_the_losses_nearly_as_they_are(conditional, real):
    def trained(bfloat16: bool) -> tuple[GANTrainer, list[float]]:
        torch.manual_seed(3)
        trainer = GANTrainer(replace(conditional, r1=0.1, r2=0.1), bfloat16=bfloat16)
        return trainer, [loss for _ in range(10) for loss in trainer.train_step(real, CLASSES, 0.0)]

    _, expected = trained(False)
    trainer, found = trained(True)
    assert found != expected
    assert found == pytest.approx(expected, abs=0.1)
    kept = [
        *trainer.generator.state_dict().values(),
        *trainer.averaged.values(),
        *trainer.discriminator.state_dict().values(),
    ]
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
        monkeypatch.setattr(build, "_initialise", lambda module: None)
    tutorial = PRESETS["tutorial"].networks
    layers = tutorial.generator.layers
    if not norms:
        after = {place + 1 for place, layer in enumerate(layers) if isinstance(layer, Conv2D)}
        layers = [layer for place, layer in enumerate(layers) if not (place in after and isinstance(layer, BatchNorm))]
    torch.manual_seed(7)
    trainer = GANTrainer(
        recipe(TrainConfig(networks=tutorial.model_copy(update={"generator": Sequential(layers=layers)})))
    )
    real = torch.from_numpy(rescale(digits.train_images))
    for step in range(14):
        trainer.train_step(real[16 * step : 16 * (step + 1)], torch.zeros(16, dtype=torch.int64), 0.0)
    with torch.no_grad():
        images = trainer.generator(torch.randn(16, 100))
    grey, spread = images.mean().item(), images.std(0).mean().item()
    if norms or weights:
        assert grey > -0.7
        assert spread > 0.04
    else:
        assert grey < -0.97
        assert spread < 0.01


def test_few_images_are_never_seen_as_they_are(conditional, real):
    trainer = GANTrainer(conditional, augmented=True)
    _, pairs = listen(trainer)
    trainer.train_step(real, CLASSES, 0.0)
    assert all((image != fake).any() for images, _ in pairs for image in images for fake in real)


def test_noise_lies_on_all_that_the_discriminator_sees_and_is_gone_at_the_end(plain, real):
    trainer = GANTrainer(replace(plain, noise=0.5))
    _, pairs = listen(trainer)
    trainer.train_step(real, CLASSES, 0.6)
    spread = (pairs[0][0] - real).std()
    assert spread == pytest.approx(0.5 * 0.4, rel=0.15)
    pairs.clear()
    trainer.train_step(real, CLASSES, 1.0)
    assert torch.equal(pairs[0][0], real)


def test_real_and_fake_pass_a_discriminator_that_looks_at_each_by_itself_together(conditional, real):
    trainer = GANTrainer(replace(conditional, noise=0.0))
    _, pairs = listen(trainer)
    trainer.train_step(real, CLASSES, 0.0)
    assert [len(images) for images, _ in pairs] == [8, 4]
    assert torch.equal(pairs[0][0][:4], real)
