"""What presets are, and what a training's settings come to."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest
import torch

from ganmnist.config import LossName, PresetName, TrainConfig
from ganmnist.errors import SettingError
from ganmnist.layers import Conv2D, LatentClusters
from ganmnist.networks.build import build_discriminator, build_generator
from ganmnist.training.presets import PRESETS, recipe


def trained(network) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


@pytest.mark.parametrize("name", PRESETS)
def test_the_built_networks_have_the_parameters_of_their_table(name):
    config = PRESETS[name].networks
    generator, discriminator = build_generator(config), build_discriminator(config)
    assert (trained(generator), trained(discriminator)) == tuple(
        sum(row.parameters for row in rows) for rows in config.tables()
    )
    with torch.no_grad():
        images = generator(torch.randn(3, config.input_dim))
        assert discriminator(images, torch.zeros(3, config.condition_dim)).shape == (3, 1)
    assert images.shape == (3, 1, 28, 28)
    assert images.abs().max() <= 1


def test_the_discriminator_gives_logits_since_the_loss_takes_them():
    discriminator = build_discriminator(PRESETS["tutorial"].networks)
    assert not any(isinstance(module, torch.nn.Sigmoid) for module in discriminator)


@pytest.mark.parametrize("name", PRESETS)
def test_the_first_images_differ_from_each_other(name):
    """Images that start alike are driven into black together: a spread of 0.045 went black, 0.28 lived."""
    torch.manual_seed(0)
    with torch.no_grad():
        images = build_generator(PRESETS[name].networks)(torch.randn(32, PRESETS[name].networks.input_dim))
    assert images.std(0).mean() > 0.1
    assert images.mean().abs() < 0.5


def test_weights_start_from_a_normal_of_0_02_and_gains_near_1():
    torch.manual_seed(0)
    network = build_discriminator(PRESETS["tutorial"].networks)
    convolution, norm = network[2][1], network[3]  # padding stands before the convolution
    assert convolution.weight.std().item() == pytest.approx(0.02, rel=0.02)
    assert convolution.bias.abs().max() == 0
    assert norm.weight.mean().item() == pytest.approx(1, abs=0.01)
    assert norm.weight.std().item() == pytest.approx(0.02, rel=0.25)


def test_fast_costs_a_small_part_of_the_tutorial():
    def cost(name):
        return sum(row.multiply_adds for rows in PRESETS[name].networks.tables() for row in rows)

    assert cost("fast") < cost("tutorial") / 4


def test_the_settings_name_the_presets_there_are():
    assert set(get_args(PresetName)) == set(PRESETS)
    assert TrainConfig().base == "fast"


def test_unconditional_is_fast_with_clusters_in_place_of_classes():
    fast, unconditional = PRESETS["fast"].networks, PRESETS["unconditional"].networks
    assert (fast.classes, unconditional.classes) == (10, 0)
    clusters, *layers = unconditional.generator.layers
    assert isinstance(clusters, LatentClusters)
    assert (tuple(layers), unconditional.discriminator) == (fast.generator.layers, fast.discriminator)


@pytest.mark.parametrize("name", PRESETS)
def test_settings_that_are_left_open_are_the_presets(name):
    assert recipe(TrainConfig(preset=name)) == PRESETS[name]


@pytest.mark.parametrize("name", PRESETS)
def test_settings_that_are_given_win_over_the_presets(name):
    given = {"batch_size": 7, "learning_rate": 0.0123, "beta1": 0.25, "loss": "bce", "r1": 0.75, "label_smoothing": 0.1}
    assert recipe(TrainConfig(preset=name, **given)) == replace(PRESETS[name], **given)


def test_a_zero_is_a_setting_that_is_given():
    assert PRESETS["tutorial"].beta1 > 0
    assert recipe(TrainConfig(preset="tutorial", beta1=0)).beta1 == 0
    assert PRESETS["fast"].r1 > 0
    assert recipe(TrainConfig(preset="fast", r1=0)).r1 == 0


@pytest.mark.parametrize("loss", get_args(LossName))
def test_only_the_loss_with_labels_can_smooth_them(loss):
    assert recipe(TrainConfig(loss=loss, label_smoothing=0)).loss == loss
    if loss == "bce":
        assert recipe(TrainConfig(loss=loss, label_smoothing=0.25)).label_smoothing == 0.25
        return
    with pytest.raises(SettingError, match=f"^label_smoothing: only the loss bce has labels, got {loss}: choose bce"):
        recipe(TrainConfig(loss=loss, label_smoothing=0.25))


def test_the_loss_of_the_preset_decides_whether_labels_can_be_smoothed():
    assert recipe(TrainConfig(preset="tutorial", label_smoothing=0.1)).label_smoothing == 0.1
    with pytest.raises(SettingError, match="got nonsaturating"):
        recipe(TrainConfig(preset="fast", label_smoothing=0.1))


def test_networks_of_ones_own_train_as_the_preset_does_that_is_named_or_as_the_tutorial(tiny, class_conditional):
    for own in (tiny, class_conditional):
        assert recipe(TrainConfig(networks=own)) == replace(PRESETS["tutorial"], networks=own)
        for name, preset in PRESETS.items():
            assert recipe(TrainConfig(preset=name, networks=own)) == replace(preset, networks=own)


def test_a_preset_has_as_many_classes_as_the_data_and_networks_of_ones_own_stay_as_they_are(class_conditional):
    assert recipe(TrainConfig(), 3).networks.classes == 3
    assert recipe(TrainConfig(), 0).networks.classes == 0
    for name in ("tutorial", "unconditional"):
        assert recipe(TrainConfig(preset=name), 3).networks.classes == 0
    assert recipe(TrainConfig(networks=class_conditional), 3).networks == class_conditional


@pytest.mark.parametrize("classes", [0, 1, 3, 100])
def test_fast_can_be_built_for_any_number_of_classes(classes):
    networks = recipe(TrainConfig(), classes).networks
    assert type(networks).model_validate(networks.model_dump()) == networks  # it was not checked when it was changed
    with torch.no_grad():
        images = build_generator(networks)(torch.zeros(2, networks.latent_dim + classes))
        assert build_discriminator(networks)(images, torch.zeros(2, networks.condition_dim)).shape == (2, 1)


def test_fast_has_clusters_where_classes_are_few_or_none_and_networks_of_ones_own_stay_without(class_conditional):
    assert [bool(recipe(TrainConfig(), classes).networks.clusters) for classes in (0, 2, 3, 4)] == [True] * 3 + [False]
    assert recipe(TrainConfig(), 0) == replace(PRESETS["unconditional"], seconds=PRESETS["fast"].seconds)
    assert not recipe(TrainConfig(networks=class_conditional, start_from="mine"), 2).networks.clusters
    assert recipe(TrainConfig(preset="fast", networks=class_conditional), 2) == replace(
        PRESETS["fast"], networks=class_conditional
    )


def budget(**given) -> tuple[int | None, int | None, float | None]:
    plan = recipe(TrainConfig(preset="tutorial", **given))
    return plan.epochs, plan.steps, plan.seconds


def test_a_budget_that_is_given_stands_alone_and_none_at_all_is_the_presets():
    assert budget() == (PRESETS["tutorial"].epochs, PRESETS["tutorial"].steps, PRESETS["tutorial"].seconds)
    assert budget(epochs=4) == (4, None, None)
    assert budget(steps=40) == (None, 40, None)
    assert budget(seconds=2.5) == (None, None, 2.5)
    assert budget(epochs=4, steps=40, seconds=2.5) == (4, 40, 2.5)


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_has_a_budget(name):
    assert PRESETS[name].epochs or PRESETS[name].steps or PRESETS[name].seconds


def test_the_tutorials_generator_has_the_guard_against_black_images():
    layers = PRESETS["tutorial"].networks.generator.layers
    after = {type(layers[place + 1]).__name__ for place, layer in enumerate(layers) if isinstance(layer, Conv2D)}
    assert after == {"BatchNorm", "Tanh"}
