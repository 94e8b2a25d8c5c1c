"""Each layer does what its shape rule and its parameter count say, and as Keras does it."""

from __future__ import annotations

from math import prod
from typing import get_args

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st

from ganmnist.composition import Sequential
from ganmnist.errors import NetworkError
from ganmnist.layers import (
    LAYERS,
    AnyLayer,
    BatchNorm,
    ClassProjection,
    ConditionalBatchNorm,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    LeakyReLU,
    MinibatchStd,
    ReLU,
    Reshape,
    Sigmoid,
    Tanh,
    UpSampling2D,
)
from ganmnist.modules import Network

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
        "UpSampling2D": IMAGES,
        "ConditionalBatchNorm": IMAGES,
        "ClassProjection": ROWS,
    }
    shape = draw(needed.get(kind, SHAPES))
    if kind == "Dense":
        return Dense(units=draw(st.integers(1, 9)), bias=draw(st.booleans())), shape
    if kind == "Conv2D":
        layer = Conv2D(
            filters=draw(st.integers(1, 5)),
            kernel=draw(st.integers(1, 6)),
            stride=draw(st.integers(1, 4)),
            padding=draw(st.sampled_from(["same", "valid"])),
            bias=draw(st.booleans()),
        )
        assume(layer.padding == "same" or layer.kernel <= min(shape[1:]))
        return layer, shape
    others = {
        "UpSampling2D": lambda: UpSampling2D(size=draw(st.integers(2, 4))),
        "BatchNorm": lambda: BatchNorm(momentum=draw(st.floats(0, 0.99))),
        "ConditionalBatchNorm": lambda: ConditionalBatchNorm(momentum=draw(st.floats(0, 0.99))),
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
    built = Network(layer.build(shape, condition))
    with torch.no_grad():
        output = built(torch.zeros(2, *shape), torch.zeros(2, condition))
    assert tuple(output.shape[1:]) == layer.output_shape(shape)
    assert sum(parameter.numel() for parameter in built.parameters()) == layer.parameters(shape, condition)


def keras_conv(image, kernel, stride, padding):
    """One channel, one filter, by hand: Keras' rule for the sides and for where the zeros go."""
    rows, columns = image.shape
    side = kernel.shape[0]
    if padding == "same":
        out = [-(-n // stride) for n in (rows, columns)]
        totals = [max((o - 1) * stride + side - n, 0) for o, n in zip(out, (rows, columns), strict=True)]
        image = np.pad(image, [(total // 2, total - total // 2) for total in totals])
    else:
        out = [(n - side) // stride + 1 for n in (rows, columns)]
    result = np.empty(out)
    for r in range(out[0]):
        for c in range(out[1]):
            window = image[r * stride : r * stride + side, c * stride : c * stride + side]
            result[r, c] = (window * kernel).sum()
    return result


@given(
    rows=st.integers(1, 9),
    columns=st.integers(1, 9),
    kernel=st.integers(1, 6),
    stride=st.integers(1, 4),
    padding=st.sampled_from(["same", "valid"]),
    seed=st.integers(0, 999),
)
def test_a_convolution_gives_the_numbers_keras_gives(rows, columns, kernel, stride, padding, seed):
    assume(padding == "same" or kernel <= min(rows, columns))
    chance = np.random.default_rng(seed)
    image, weights = chance.normal(size=(rows, columns)), chance.normal(size=(kernel, kernel))
    layer = Conv2D(filters=1, kernel=kernel, stride=stride, padding=padding, bias=False)
    module = layer.build((1, rows, columns)).double()
    with torch.no_grad():
        next(module.parameters()).copy_(torch.from_numpy(weights))
        output = module(torch.from_numpy(image)[None, None])[0, 0].numpy()
    np.testing.assert_allclose(output, keras_conv(image, weights, stride, padding), atol=1e-12)


def test_the_odd_zero_of_same_padding_lies_at_the_right_and_the_bottom():
    module = Conv2D(filters=1, kernel=2, bias=False).build((1, 2, 3))
    with torch.no_grad():
        next(module.parameters()).copy_(torch.tensor([[[[1.0, 10.0], [100.0, 1000.0]]]]))
        output = module(torch.tensor([[[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]]]))[0, 0]
    assert output.tolist() == [[5421.0, 6532.0, 603.0], [54.0, 65.0, 6.0]]


def test_up_sampling_repeats_pixels():
    module = UpSampling2D(size=2).build((1, 1, 2))
    assert module(torch.tensor([[[[1.0, 9.0]]]]))[0, 0].tolist() == [[1.0, 1.0, 9.0, 9.0], [1.0, 1.0, 9.0, 9.0]]


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


def test_batch_norm_keeps_the_share_of_its_statistics_that_momentum_says():
    module = BatchNorm(momentum=0.75).build((1,))
    module(torch.tensor([[3.0], [5.0]]))
    assert module.running_mean.item() == pytest.approx(0.25 * 4)


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
        ([Flatten(), Conv2D(filters=2)], (1, 14, 14), ["layer 2 Conv2D", "(channels, height, width)", "(196,)",
                                                       "Reshape", "196 = 4 x 7 x 7"]),
        ([Dense(units=3)], (1, 28, 28), ["layer 1 Dense", "(units,)", "(1, 28, 28)", "Flatten"]),
        ([Dense(units=99), Reshape(shape=(2, 7, 7))], (4,), ["layer 2 Reshape", "(2, 7, 7)", "98", "(99,)"]),
        ([Reshape(shape=(4, 7, 7))], (392,), ["layer 1 Reshape", "196", "392 = 8 x 7 x 7"]),
        ([UpSampling2D()], (50,), ["layer 1 UpSampling2D", "(channels, height, width)", "(50,)", "Reshape"]),
        ([Conv2D(filters=1, kernel=5, padding="valid")], (2, 9, 4), ["layer 1 Conv2D", "5 pixels", "9 x 4", "same"]),
        ([BatchNorm()], (2, 3), ["layer 1 BatchNorm", "(2, 3)", "(units,)"]),
        ([ConditionalBatchNorm()], (98,), ["layer 1 ConditionalBatchNorm", "(98,)", "Reshape", "98 = 2 x 7 x 7"]),
        ([ClassProjection()], (4, 7, 7), ["layer 1 ClassProjection", "(units,)", "(4, 7, 7)", "Flatten"]),
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
