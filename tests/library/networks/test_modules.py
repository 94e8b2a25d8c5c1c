"""The modules of our own give the numbers that their formulas give by hand."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn.functional import conv2d, interpolate

from ganmnist.evaluation import judge
from ganmnist.generation import sampler
from ganmnist.generation.sampler import Sampler
from ganmnist.layers import BatchNorm, Conv2D, UpSampling2D
from ganmnist.layers.modules import ConditionalBatchNorm2d, MinibatchStandardDeviation, Projection
from ganmnist.networks.build import _build, build_generator
from ganmnist.networks.network import Network, SkipInit, UpsampledConv2d
from ganmnist.networks.spec import Sequential


def filled(module: nn.Module, seed: int = 0) -> nn.Module:
    """Fill a module with numbers that are all different, in double precision."""
    chance = torch.Generator().manual_seed(seed)
    module = module.double()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=chance, dtype=torch.double))
    return module


def some(*shape: int, seed: int = 1) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.double)


@given(
    count=st.integers(1, 3),
    inputs=st.integers(1, 4),
    outputs=st.integers(1, 4),
    rows=st.integers(1, 7),
    columns=st.integers(1, 7),
    bias=st.booleans(),
)
def test_the_joined_convolution_is_that_of_the_image_with_every_pixel_repeated(
    count, inputs, outputs, rows, columns, bias
):
    fused = filled(UpsampledConv2d(inputs, outputs, bias=bias))
    images = some(count, inputs, rows, columns).requires_grad_()
    plain = conv2d(interpolate(images, scale_factor=2, mode="nearest"), fused.weight, fused.bias, padding=1)
    torch.testing.assert_close(fused(images), plain)

    pull = some(*plain.shape, seed=2)  # each number of the output pulls with a strength of its own
    learned = (images, *fused.parameters())
    for found, expected in zip(
        torch.autograd.grad((fused(images) * pull).sum(), learned),
        torch.autograd.grad((plain * pull).sum(), learned),
        strict=True,
    ):
        torch.testing.assert_close(found, expected)


def test_the_joined_convolution_saves_what_a_plain_one_saves():
    fused, plain = UpsampledConv2d(3, 2, bias=True), nn.Conv2d(3, 2, 3, padding=1)
    assert {key: value.shape for key, value in fused.state_dict().items()} == {
        key: value.shape for key, value in plain.state_dict().items()
    }


UP = UpSampling2D()


@pytest.mark.parametrize(
    ("layers", "fused"),
    [
        ([UP, Conv2D(filters=2)], 1),
        ([UP, Conv2D(filters=2, bias=False)], 1),
        ([UP, Conv2D(filters=2), UP, Conv2D(filters=3)], 2),
        ([Conv2D(filters=2), UP, BatchNorm(), Conv2D(filters=2)], 0),
        ([UP, UP, Conv2D(filters=2)], 1),
        ([UP], 0),
        ([UpSampling2D(size=3), Conv2D(filters=2)], 0),
        ([UP, Conv2D(filters=2, kernel=5)], 0),
        ([UP, Conv2D(filters=2, kernel=1)], 0),
        ([UP, Conv2D(filters=2, stride=2)], 0),
        ([UP, Conv2D(filters=2, padding="valid")], 0),
        ([Conv2D(filters=2), UP], 0),
    ],
    ids=lambda value: " ".join(layer.layer for layer in value) if isinstance(value, list) else None,
)
def test_an_up_sampling_is_fused_with_the_convolution_after_it_only_where_that_is_the_same(layers, fused):
    built = _build(Sequential(layers=layers), (3, 5, 4), 0).double()
    assert sum(isinstance(module, UpsampledConv2d) for module in built) == fused
    filled(built)

    plain, shape = nn.Sequential(), (3, 5, 4)
    for layer in layers:
        plain.append(layer.build(shape))
        shape = layer.output_shape(shape)
    plain = plain.double()
    weights = built.state_dict()
    plain.load_state_dict(dict(zip(plain.state_dict(), weights.values(), strict=True)))
    images = some(2, 3, 5, 4)
    torch.testing.assert_close(built(images), plain(images))
    assert tuple(plain(images).shape[1:]) == shape


def test_gain_and_bias_of_a_conditional_norm_follow_the_condition_of_each_sample():
    norm = ConditionalBatchNorm2d(2, 2, momentum=0.1).double()
    with torch.no_grad():
        norm.style.weight.copy_(torch.tensor([[1.0, 0], [0, 10], [100, 0], [0, 1000]]))  # gains, then biases
        norm.style.bias.copy_(torch.tensor([0.5, 0, 0, 7]))
    images = torch.tensor([[[[1.0, 3.0]], [[5.0, 5.0]]], [[[1.0, 3.0]], [[9.0, 9.0]]]]).double()  # (2, 2, 1, 2)
    # Normalised: channel 0 to -1, 1 and -1, 1; channel 1 to -1, -1 and 1, 1.
    found = norm(images, torch.tensor([[2.0, 3.0], [0.0, -1.0]]).double())
    expected = [
        [[[-3.5 + 200, 3.5 + 200]], [[-31 + 3007.0, -31 + 3007.0]]],  # gains 1 + 2.5 and 1 + 30
        [[[-1.5, 1.5]], [[-9 - 993.0, -9 - 993.0]]],  # gains 1 + 0.5 and 1 - 10
    ]
    torch.testing.assert_close(found, torch.tensor(expected).double(), rtol=1e-4, atol=1e-4)


def test_a_conditional_norm_starts_near_a_plain_one_and_keeps_its_statistics():
    norm = build_norm(condition=6)
    images, plain = some(4, 3, 5, 5).float(), nn.BatchNorm2d(3)
    torch.testing.assert_close(norm(images, torch.ones(4, 6)), plain(images), atol=0.5, rtol=0.1)
    torch.testing.assert_close(norm.norm.running_mean, plain.running_mean)
    alone = norm.eval()(images[:1], torch.ones(1, 6))
    torch.testing.assert_close(norm(images, torch.ones(4, 6))[:1], alone)  # in use nobody depends on the neighbours


def build_norm(condition: int) -> ConditionalBatchNorm2d:
    network = Sequential(layers=[{"layer": "ConditionalBatchNorm"}])
    with torch.random.fork_rng(devices=[]):
        return _build(network, (3, 5, 5), condition)[0]


@pytest.mark.filterwarnings("ignore:Initializing zero-element")
def test_without_a_condition_a_conditional_norm_has_a_trained_bias_and_gain_all_the_same():
    norm = build_norm(condition=0)
    images = some(4, 3, 5, 5).float()
    torch.testing.assert_close(norm(images, torch.empty(4, 0)), nn.BatchNorm2d(3)(images))
    assert [parameter.numel() for parameter in norm.parameters() if parameter.numel()] == [6]


def test_the_deviation_of_each_group_is_appended_to_its_samples():
    samples = torch.tensor([[0.0, 1.0], [2.0, 5.0], [7.0, 7.0], [7.0, 9.0]])
    found = MinibatchStandardDeviation(2)(samples)
    assert torch.equal(found[:, :2], samples)
    assert found[:, 2].tolist() == pytest.approx([1.5, 1.5, 0.5, 0.5], abs=1e-3)  # (1 + 2) / 2 and (0 + 1) / 2
    four = MinibatchStandardDeviation(4)(samples)[:, 2].tolist()
    expected = samples.double().std(0, unbiased=False).mean().item()
    assert four == pytest.approx([expected] * 4, abs=1e-3)


@pytest.mark.parametrize(("count", "group"), [(6, 2), (5, 1), (3, 1), (8, 4), (2, 2), (1, 1)])
def test_a_batch_that_fours_do_not_divide_has_smaller_groups(count, group):
    samples = torch.arange(float(count))[:, None].square()
    found = MinibatchStandardDeviation(4)(samples)[:, 1].view(-1, group)
    expected = samples.view(-1, group).std(1, unbiased=False)
    torch.testing.assert_close(found, expected[:, None].expand(-1, group), atol=2e-4, rtol=1e-4)


def test_an_image_gets_the_deviation_as_one_more_channel_however_it_lies_in_memory():
    images = some(4, 3, 5, 6)
    expected = images.view(2, 2, -1).std(1, unbiased=False).mean(1)
    for layout in (torch.contiguous_format, torch.channels_last):
        found = MinibatchStandardDeviation(2)(images.contiguous(memory_format=layout))
        assert found.shape == (4, 4, 5, 6)
        assert torch.equal(found[:, :3], images)
        for place in range(4):
            torch.testing.assert_close(found[place, 3], expected[place // 2].expand(5, 6))


def test_samples_that_are_all_alike_still_have_a_gradient_to_learn_from():
    alike = torch.ones(4, 3, requires_grad=True)
    (gradient,) = torch.autograd.grad(MinibatchStandardDeviation(4)(alike)[:, 3].sum(), alike)
    assert gradient.isfinite().all()


def test_a_projection_adds_the_inner_product_of_the_features_and_the_vector_of_their_class():
    projection = Projection(2, 3)
    with torch.no_grad():
        projection.real.weight.copy_(torch.tensor([[1.0, 2.0]]))
        projection.real.bias.fill_(0.5)
        projection.fits.weight.copy_(torch.tensor([[0.0, 100, 3], [0, 1000, -4]]))  # a column a class
    features, classes = torch.tensor([[5.0, 7.0], [5.0, 7.0]]), torch.tensor([[0.0, 0, 1], [0, 1, 0]])
    assert projection(features, classes).tolist() == [[19.5 + 15 - 28], [19.5 + 500 + 7000]]


def test_without_classes_a_projection_is_a_dense_layer_of_one_unit():
    projection, dense = Projection(3, 0), nn.Linear(3, 1)
    assert sum(value.numel() for value in projection.parameters()) == 4
    projection.real.load_state_dict(dense.state_dict())
    features = torch.tensor([[1.0, 2.0, 3.0]])
    assert torch.equal(projection(features, torch.empty(1, 0)), dense(features))


def test_a_network_tells_the_condition_to_the_modules_that_take_one_and_to_no_other():
    network = Network(nn.Flatten(), Projection(2, 2))
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.fill_(1.0)
    features = torch.tensor([[3.0, 4.0]])
    assert network(features, torch.tensor([[10.0, 0.0]])).item() == 8 + 70
    assert network(features).item() == 8 + 7 * 7  # its own input, as in a generator


def test_a_network_without_initialisation_has_the_shapes_of_any_other_and_costs_no_randomness(class_conditional):
    torch.manual_seed(4)
    before = torch.get_rng_state()
    with SkipInit():
        skipped = build_generator(class_conditional)
    assert torch.equal(torch.get_rng_state(), before)
    usual = build_generator(class_conditional)
    assert not torch.equal(torch.get_rng_state(), before)
    assert {key: value.shape for key, value in skipped.state_dict().items()} == {
        key: value.shape for key, value in usual.state_dict().items()
    }


def test_a_sampler_and_the_judge_never_touch_the_randomness_that_another_thread_trains_with(
    class_conditional, monkeypatch
):
    """Not even for a moment: to put it back afterwards would undo what the other thread has drawn meanwhile."""
    weights = build_generator(class_conditional).state_dict()
    built = []

    def watch(build):
        def watched(*given):
            before = torch.get_rng_state()
            module = build(*given)
            assert torch.equal(torch.get_rng_state(), before)
            built.append(build)
            return module

        return watched

    monkeypatch.setattr(sampler, "build_generator", watch(build_generator))
    monkeypatch.setattr(judge, "Judge", watch(judge.Judge))
    Sampler(class_conditional, weights, "digits", 1)
    judge.load_judge.__wrapped__()
    assert len(built) == 2
