"""The preset `tutorial` is the tutorial's list of layers; its parameter counts are those Keras gives for that list."""

from __future__ import annotations

import pytest
import torch

from ganmnist.networks import build_discriminator, build_generator
from ganmnist.presets import PRESETS

CONV = 3 * 3


def trained(network) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def test_the_tutorials_generator_has_the_parameters_keras_counts():
    rows = PRESETS["tutorial"].generator.table((100,))
    assert [(row.layer, row.output_shape, row.parameters) for row in rows] == [
        ("Dense", (12544,), 100 * 12544 + 12544),
        ("BatchNorm", (12544,), 2 * 12544),  # gain and bias; the 2 * 12544 moving statistics are not trained
        ("LeakyReLU", (12544,), 0),
        ("Reshape", (256, 7, 7), 0),
        ("UpSampling2D", (256, 14, 14), 0),
        ("Conv2D", (128, 14, 14), (CONV * 256 + 1) * 128),
        ("BatchNorm", (128, 14, 14), 2 * 128),
        ("LeakyReLU", (128, 14, 14), 0),
        ("UpSampling2D", (128, 28, 28), 0),
        ("Conv2D", (64, 28, 28), (CONV * 128 + 1) * 64),
        ("BatchNorm", (64, 28, 28), 2 * 64),
        ("LeakyReLU", (64, 28, 28), 0),
        ("Conv2D", (1, 28, 28), CONV * 64 + 1),
        ("Tanh", (1, 28, 28), 0),
    ]
    assert sum(row.parameters for row in rows) == 1_266_944 + 25_088 + 295_040 + 256 + 73_792 + 128 + 577 == 1_661_825


def test_the_tutorials_discriminator_has_the_parameters_keras_counts():
    rows = PRESETS["tutorial"].discriminator.table((1, 28, 28))
    assert [(row.layer, row.output_shape, row.parameters) for row in rows] == [
        ("Conv2D", (64, 14, 14), (CONV * 1 + 1) * 64),
        ("LeakyReLU", (64, 14, 14), 0),
        ("Conv2D", (128, 7, 7), (CONV * 64 + 1) * 128),
        ("BatchNorm", (128, 7, 7), 2 * 128),
        ("LeakyReLU", (128, 7, 7), 0),
        ("Flatten", (6272,), 0),
        ("Dense", (1,), 6272 + 1),
        ("Sigmoid", (1,), 0),
    ]
    assert sum(row.parameters for row in rows) == 640 + 73_856 + 256 + 6_273 == 81_025


@pytest.mark.parametrize("name", PRESETS)
def test_the_built_networks_have_the_parameters_of_their_table(name):
    config = PRESETS[name]
    generator, discriminator = build_generator(config), build_discriminator(config)
    assert trained(generator) == sum(row.parameters for row in config.generator.table((config.latent_dim,)))
    assert trained(discriminator) == sum(row.parameters for row in config.discriminator.table((1, 28, 28)))
    with torch.no_grad():
        images = generator(torch.randn(3, config.latent_dim))
        assert discriminator(images).shape == (3, 1)
    assert images.shape == (3, 1, 28, 28)
    assert images.abs().max() <= 1


def test_the_tutorials_moving_statistics_are_those_keras_lists_as_not_trainable():
    buffers = dict(build_generator(PRESETS["tutorial"]).named_buffers())
    statistics = [tensor.numel() for name, tensor in buffers.items() if "running" in name]
    assert sum(statistics) == 25_088 + 256 + 128


def test_the_discriminator_gives_logits_since_the_loss_takes_them():
    discriminator = build_discriminator(PRESETS["tutorial"])
    assert not any(isinstance(module, torch.nn.Sigmoid) for module in discriminator)


@pytest.mark.parametrize("name", PRESETS)
def test_the_first_images_differ_from_each_other(name):
    """Images that start alike are driven into black together: a spread of 0.045 went black, 0.28 lived."""
    torch.manual_seed(0)
    with torch.no_grad():
        images = build_generator(PRESETS[name])(torch.randn(32, 100))
    assert images.std(0).mean() > 0.1
    assert images.mean().abs() < 0.5


def test_weights_start_from_a_normal_of_0_02_and_gains_near_1():
    torch.manual_seed(0)
    network = build_discriminator(PRESETS["tutorial"])
    convolution, norm = network[2][1], network[3]  # padding stands before the convolution
    assert convolution.weight.std().item() == pytest.approx(0.02, rel=0.02)
    assert convolution.bias.abs().max() == 0
    assert norm.weight.mean().item() == pytest.approx(1, abs=0.01)
    assert norm.weight.std().item() == pytest.approx(0.02, rel=0.25)


def test_quick_costs_about_a_tenth_of_the_tutorial():
    def cost(name):
        config = PRESETS[name]
        rows = [*config.generator.table((100,)), *config.discriminator.table((1, 28, 28))]
        return sum(row.multiply_adds for row in rows)

    assert 0.05 < cost("quick") / cost("tutorial") < 0.15
