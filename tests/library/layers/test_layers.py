"""Each layer does what its shape rule and its parameter count say, and what does not fit is refused with its fix."""

from __future__ import annotations

from math import prod
from typing import get_args

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st

from ganmnist.errors import NetworkError
from ganmnist.layers import (
    LAYERS,
    AnyLayer,
    BatchNorm,
    ClassProjection,
    ConditionalBatchNorm,
    Conv2D,
    Conv2DTranspose,
    Dense,
    Dropout,
    Flatten,
    GroupNorm,
    LatentClusters,
    LeakyReLU,
    MinibatchStd,
    PixelShuffle,
    ReLU,
    Reshape,
    Sigmoid,
    Tanh,
    UpSampling2D,
)
from ganmnist.networks.network import Network
from ganmnist.networks.spec import Sequential

ROWS = st.tuples(st.integers(1, 12))
IMAGES = st.tuples(st.integers(1, 4), st.integers(1, 9), st.integers(1, 9))
SHAPES = st.one_of(ROWS, IMAGES)


def reshapes(draw, shape):
    if len(shape) == 3:
        return draw(st.sampled_from([(prod(shape),), (shape[2], shape[0], shape[1]), (prod(shape), 1, 1)]))
    return draw(st.sampled_from([shape, (1, 1, shape[0]), (shape[0], 1, 1)]))


@st.composite
def fitting_layers(draw):
    """A layer with random parameters and a shape that fits it."""
    kind = draw(st.sampled_from(sorted(LAYERS)))
    needed = {
        "Dense": ROWS,
        "Conv2D": IMAGES,
        "Conv2DTranspose": IMAGES,
        "UpSampling2D": IMAGES,
        "PixelShuffle": IMAGES,
        "ConditionalBatchNorm": IMAGES,
        "ClassProjection": ROWS,
        "LatentClusters": ROWS,
    }
    shape = draw(needed.get(kind, SHAPES))
    if kind == "Dense":
        return Dense(units=draw(st.integers(1, 9)), bias=draw(st.booleans())), shape
    if kind in ("Conv2D", "Conv2DTranspose"):
        layer = LAYERS[kind](
            filters=draw(st.integers(1, 5)),
            kernel=draw(st.integers(1, 6)),
            stride=draw(st.integers(1, 4)),
            padding=draw(st.sampled_from(["same", "valid"])),
            bias=draw(st.booleans()),
        )
        assume(kind == "Conv2DTranspose" or layer.padding == "same" or layer.kernel <= min(shape[1:]))
        return layer, shape
    if kind == "PixelShuffle":
        layer = PixelShuffle(size=draw(st.integers(2, 3)))
        return layer, (shape[0] * layer.size**2, *shape[1:])
    if kind == "GroupNorm":
        layer = GroupNorm(groups=draw(st.integers(1, 4)))
        assume(prod(shape) > 1)
        return layer, (shape[0] * layer.groups, *shape[1:])
    others = {
        "UpSampling2D": lambda: UpSampling2D(
            size=draw(st.integers(2, 4)), interpolation=draw(st.sampled_from(["nearest", "bilinear"]))
        ),
        "BatchNorm": lambda: BatchNorm(momentum=draw(st.floats(0, 0.99))),
        "ConditionalBatchNorm": lambda: ConditionalBatchNorm(momentum=draw(st.floats(0, 0.99))),
        "LatentClusters": lambda: LatentClusters(clusters=draw(st.integers(2, 9))),
        "MinibatchStd": lambda: MinibatchStd(group=draw(st.integers(2, 5))),
        "LeakyReLU": lambda: LeakyReLU(slope=draw(st.floats(0, 1))),
        "Dropout": lambda: Dropout(rate=draw(st.floats(0, 0.9))),
        "Reshape": lambda: Reshape(shape=reshapes(draw, shape)),
    }
    return others.get(kind, LAYERS[kind])(), shape


@pytest.mark.filterwarnings("ignore:Initializing zero-element")
@given(layer_and_shape=fitting_layers(), condition=st.integers(0, 5))
def test_shape_and_parameters_are_those_of_the_module_that_is_built(layer_and_shape, condition):
    layer, shape = layer_and_shape
    assume(not isinstance(layer, LatentClusters) or shape[0] > condition)  # z stands beside its class there
    built = Network(layer.build(shape, condition))
    with torch.no_grad():
        output = built(torch.zeros(2, *shape), torch.zeros(2, condition))
    assert tuple(output.shape[1:]) == layer.output_shape(shape)
    assert sum(parameter.numel() for parameter in built.parameters()) == layer.parameters(shape, condition)


def test_reshape_puts_channels_first():
    module = Reshape(shape=(2, 1, 3)).build((6,))
    assert module(torch.arange(6.0)[None]).tolist() == [[[[0.0, 1.0, 2.0]], [[3.0, 4.0, 5.0]]]]


@pytest.mark.parametrize(("layer", "x", "y"), [(LeakyReLU(), -1, -0.2), (ReLU(), -1, 0), (ReLU(), 2, 2)])
def test_activations_act(layer, x, y):
    assert layer.build((1,))(torch.tensor([[float(x)]])).item() == pytest.approx(y)


def test_tanh_and_sigmoid_squeeze_into_the_ranges_their_help_names():
    far = torch.tensor([[-50.0, 0.0, 50.0]])
    assert Tanh().build((3,))(far).tolist() == [[-1.0, 0.0, 1.0]]
    assert Sigmoid().build((3,))(far)[0].tolist() == pytest.approx([0.0, 0.5, 1.0])


def test_dropout_acts_in_training_only():
    module = Dropout(rate=0.5).build((1000,))
    ones = torch.ones(1, 1000)
    assert (module(ones) == 0).any()
    assert (module.eval()(ones) == 1).all()


def test_the_union_of_layers_holds_the_layers_of_the_list():
    union = get_args(get_args(AnyLayer)[0])
    assert set(union) == set(LAYERS.values())
    assert all(name == cls.model_fields["layer"].default for name, cls in LAYERS.items())


@pytest.mark.parametrize("layer", LAYERS.values(), ids=LAYERS)
def test_every_layer_and_every_parameter_has_a_help_text(layer):
    assert layer.__doc__
    assert all(field.description for name, field in layer.model_fields.items() if name != "layer")


@pytest.mark.parametrize(
    ("layers", "start", "words"),
    [
        ([Flatten(), Conv2D(filters=2)], (1, 14, 14), ["layer 2 Conv2D", "needs an image", "196 numbers",
                                                       "Reshape", "196 = 4 x 7 x 7"]),
        ([Dense(units=3)], (1, 28, 28), ["layer 1 Dense", "needs a row of numbers", "1 x 28 x 28", "Flatten"]),
        ([Dense(units=99), Reshape(shape=(2, 7, 7))], (4,), ["layer 2 Reshape", "2 x 7 x 7", "98", "99 numbers"]),
        ([Reshape(shape=(4, 7, 7))], (392,), ["layer 1 Reshape", "196", "392 = 8 x 7 x 7"]),
        ([UpSampling2D()], (50,), ["layer 1 UpSampling2D", "needs an image", "50 numbers", "Reshape"]),
        ([Conv2D(filters=1, kernel=5, padding="valid")], (2, 9, 4), ["layer 1 Conv2D", "5 pixels", "9 x 4", "same"]),
        ([BatchNorm()], (2, 3), ["layer 1 BatchNorm", "2 x 3", "needs a row of numbers"]),
        ([ConditionalBatchNorm()], (98,), ["layer 1 ConditionalBatchNorm", "98 numbers", "Reshape", "98 = 2 x 7 x 7"]),
        ([Conv2DTranspose(1)], (50,), ["layer 1 Conv2DTranspose", "needs an image", "50 numbers", "Reshape"]),
        ([PixelShuffle(3)], (19, 7, 7), ["layer 1 PixelShuffle", "3 x 3", "19 x 7 x 7", "a Conv2D with 27 filters"]),
        ([GroupNorm(4)], (6, 7, 7), ["layer 1 GroupNorm", "the 6 of 6 x 7 x 7", "4 groups", "take 3"]),
        ([Reshape((2, 8, 8)), GroupNorm(9)], (128,), ["layer 2 GroupNorm", "2 x 8 x 8", "9", "take 2"]),
        ([GroupNorm()], (1,), ["layer 1 GroupNorm", "1 number", "leave it out"]),
        ([ClassProjection()], (4, 7, 7), ["layer 1 ClassProjection", "needs a row of numbers", "4 x 7 x 7", "Flatten"]),
    ],
)  # fmt: skip
def test_a_misfit_names_place_layer_what_came_what_is_needed_and_the_nearest_fix(layers, start, words):
    with pytest.raises(NetworkError) as caught:
        Sequential(layers=layers).table(start)
    for word in words:
        assert word in str(caught.value)


def test_the_table_counts_multiplications():
    table = Sequential(layers=[Conv2D(filters=3, kernel=2, stride=2), Flatten(), Dense(units=5)]).table((2, 4, 6))
    assert [row.output_shape for row in table] == [(3, 2, 3), (18,), (5,)]
    assert [row.multiply_adds for row in table] == [18 * 2 * 4, 0, 90]
    assert [row.place for row in table] == [1, 2, 3]


def test_the_table_counts_what_a_condition_adds():
    layers = [ConditionalBatchNorm(), MinibatchStd(), Flatten(), MinibatchStd(group=2), ClassProjection()]
    rows = Sequential(layers=layers).table((2, 3, 4), 10)
    assert [row.output_shape for row in rows] == [(2, 3, 4), (3, 3, 4), (36,), (37,), (1,)]
    assert [row.parameters for row in rows] == [2 * 2 * 10 + 2 * 2, 0, 0, 0, 37 * 10 + 37 + 1]
    assert [row.multiply_adds for row in rows] == [2 * 2 * 10, 0, 0, 0, 37 * 10 + 37]
    assert rows != Sequential(layers=layers).table((2, 3, 4))


@given(
    layer=st.builds(Conv2D, filters=st.just(1), kernel=st.integers(1, 6), bias=st.booleans()),
    shape=st.tuples(st.integers(2, 4), st.integers(6, 9), st.integers(6, 11)),
)
def test_a_convolution_to_one_channel_gives_what_torchs_own_does(layer, shape):
    built = Network(layer.build(shape)).double()
    images = torch.randn(3, *shape, dtype=torch.float64, requires_grad=True)
    ours = built(images)
    (convolution,) = (part for part in built.modules() if isinstance(part, torch.nn.Conv2d))
    convolution.__class__ = torch.nn.Conv2d
    theirs = built(images)
    assert torch.allclose(ours, theirs)
    weights = torch.randn_like(ours)
    one, other = (
        torch.autograd.grad((output * weights).sum(), (images, convolution.weight)) for output in (ours, theirs)
    )
    assert all(map(torch.allclose, one, other))
