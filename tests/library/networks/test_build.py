"""Networks as they are built: walked through layer by layer, and with spectral normalisation."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import conv2d, interpolate

from ganmnist.layers import BatchNorm, Conv2D, Dense, Dropout, Flatten, LeakyReLU, Reshape, Sigmoid, UpSampling2D
from ganmnist.networks.build import _build, build_discriminator, build_generator, scale_before_norms
from ganmnist.networks.network import FusedUpsample, Network, SkipInit, UpsampledConv2d
from ganmnist.networks.spec import Sequential
from ganmnist.training.presets import PRESETS

# Every way in which normalised weights are held: by a dense layer, fused with an upsampling, behind a padding, alone.
NORMED = Sequential(
    [
        Dense(3 * 4 * 4, spectral_norm=True),
        Reshape((3, 4, 4)),
        UpSampling2D(),
        Conv2D(5, spectral_norm=True),
        LeakyReLU(),
        Conv2D(4, 2, bias=False, spectral_norm=True),
        Conv2D(6, 3, 2, "valid", spectral_norm=True),
    ]
)
WEIGHTS = 4


@pytest.fixture(autouse=True)
def chance():
    """The same chance for every test, and none of it used up."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(2)
        yield


@pytest.fixture
def network() -> Network:
    return _build(NORMED, (7,), 0)


def effective(network: Network) -> list[torch.Tensor]:
    """The weights that layers compute with, as matrices of a row per output."""
    held = [module for module in network.modules() if isinstance(module, nn.Linear | nn.Conv2d)]
    return [module.weight.detach().flatten(1) for module in held]


def largest(network: Network) -> list[float]:
    return [np.linalg.svd(weight.numpy(), compute_uv=False)[0] for weight in effective(network)]


def steepen(network: Network) -> None:
    """Put other trained weights in place, far from those that the norm was measured of when it was built."""
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if name.endswith("original"):
                parameter.normal_(0, 3)


def test_after_some_steps_the_largest_singular_value_of_the_weights_is_one(network):
    steepen(network)
    network.eval()
    assert len(largest(network)) == WEIGHTS
    assert all(abs(value - 1) > 0.1 for value in largest(network))
    network.train()
    for _ in range(60):
        network(torch.randn(2, 7))
    assert largest(network.eval()) == pytest.approx([1] * WEIGHTS, rel=0.01)


def test_weights_are_normalised_by_their_one_largest_singular_value_and_no_more(network):
    original = network.state_dict()["01_Dense.parametrizations.weight.original"]
    for _ in range(60):
        network(torch.randn(2, 7))
    found, expected = effective(network.eval())[0], original / np.linalg.svd(original.numpy(), compute_uv=False)[0]
    torch.testing.assert_close(found, expected, rtol=0.01, atol=0)


def test_no_weights_are_normalised_but_those_of_layers_that_ask_for_it():
    mixed = Sequential([Dense(4), Dense(5, spectral_norm=True), Dense(6)])
    built = _build(mixed, (3,), 0)
    for _ in range(60):
        built(torch.randn(2, 3))
    first, second, third = largest(built.eval())
    assert second == pytest.approx(1, rel=0.01)
    assert max(first, third) < 0.5
    assert [name for name in built.state_dict() if name.endswith("original")] == [
        "02_Dense.parametrizations.weight.original"
    ]


def test_an_upsampling_is_fused_with_a_normalised_convolution_too(network):
    up, fused = network[2], network[3]
    assert isinstance(up, FusedUpsample)
    assert isinstance(fused, UpsampledConv2d)
    images = torch.randn(2, 3, 4, 4)
    network.eval()
    plain = conv2d(interpolate(images, scale_factor=2), fused.weight, fused.bias, padding=1)
    torch.testing.assert_close(fused(images), plain)


def test_a_normalised_network_survives_its_state_to_the_bit(network):
    steepen(network)
    for _ in range(5):
        network(torch.randn(2, 7))
    with SkipInit():
        other = _build(NORMED, (7,), 0)
    other.load_state_dict({name: value.clone() for name, value in network.state_dict().items()})
    z = torch.randn(2, 7)
    assert torch.equal(network.eval()(z), other.eval()(z))
    assert torch.equal(
        network.train()(z), other.train()(z)
    )  # the next power iteration starts from the same vectors too
    assert all(torch.equal(value, other.state_dict()[name]) for name, value in network.state_dict().items())


def test_the_norm_moves_while_training_and_rests_in_use(network):
    def vectors() -> list[torch.Tensor]:
        return [value.clone() for name, value in network.state_dict().items() if name.endswith("_u")]

    steepen(network)
    before = vectors()
    network.eval()(torch.randn(2, 7))
    assert all(map(torch.equal, before, vectors()))
    network.train()(torch.randn(2, 7))
    assert not any(map(torch.equal, before, vectors()))


def test_normalised_weights_learn_in_bfloat16_and_stay_float32(network):
    z = torch.randn(8, 7)
    expected = network.eval()(z)
    network.train()
    with torch.autocast("cpu", torch.bfloat16):
        found = network(z)
    assert found.dtype == torch.bfloat16
    torch.testing.assert_close(found.float(), expected, rtol=0.1, atol=0.1)
    found.float().square().mean().backward()
    assert all(parameter.grad.isfinite().all() and parameter.grad.any() for parameter in network.parameters())
    assert {value.dtype for value in network.state_dict().values()} == {torch.float32}
    for _ in range(60):
        with torch.autocast("cpu", torch.bfloat16):
            network(z)
    assert largest(network.eval()) == pytest.approx([1] * WEIGHTS, rel=0.02)


def test_a_normalised_network_without_initialisation_costs_no_randomness():
    before = torch.get_rng_state()
    with SkipInit():
        _build(NORMED, (7,), 0)
    assert torch.equal(torch.get_rng_state(), before)
    _build(NORMED, (7,), 0)
    assert not torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("name", PRESETS)
def test_a_walk_through_a_preset_ends_in_what_the_network_gives(name):
    networks = PRESETS[name].networks
    generator = build_generator(networks).eval()
    inputs = torch.randn(2, networks.input_dim)
    with torch.no_grad():
        steps = list(generator.walk(inputs))
        assert torch.equal(steps[-1], generator(inputs))
    rows, _ = networks.tables()
    assert [tuple(step.shape[1:]) for step in steps] == [row.output_shape for row in rows]


def test_a_walk_shows_what_every_layer_would_give_by_itself():
    """Also the upsampling that the convolution behind it does in its place."""
    layers = [BatchNorm(), UpSampling2D(), Conv2D(2), LeakyReLU(), UpSampling2D(3), Dropout(), Flatten(), Dense(2)]
    built, shape = _build(Sequential(layers), (3, 4, 5), 0).eval(), (3, 4, 5)
    weights = iter(built.state_dict().values())
    samples = torch.randn(2, *shape)
    with torch.no_grad():
        for layer, step in zip(layers, built.walk(samples), strict=True):
            alone = layer.build(shape).eval()
            alone.load_state_dict(dict(zip(alone.state_dict(), weights, strict=False)))
            samples, shape = alone(samples), layer.output_shape(shape)
            torch.testing.assert_close(step, samples)


def test_a_sigmoid_at_the_end_of_a_discriminator_belongs_to_the_loss_and_one_before_it_does_not(tiny):
    def classes(*ends):
        layers = [Flatten(), Dense(1), *ends]
        networks = tiny.model_copy(update={"discriminator": Sequential(layers)})
        return [type(module) for module in build_discriminator(networks)]

    assert classes(Sigmoid()) == classes() == [nn.Flatten, nn.Linear]
    assert classes(Sigmoid(), LeakyReLU()) == [nn.Flatten, nn.Linear, nn.Sigmoid, nn.LeakyReLU]


def test_weights_in_front_of_a_batchnorm_can_start_small_and_no_others_do():
    torch.manual_seed(1)
    network = build_discriminator(PRESETS["tutorial"].networks)
    scale_before_norms(network, 0.002)
    spreads = [round(weight.std().item(), 3) for weight in network.parameters() if weight.dim() > 1]
    assert spreads == [0.02, 0.002, 0.02]
