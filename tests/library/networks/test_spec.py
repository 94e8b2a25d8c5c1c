"""Networks as lists of layers: their limits, their ends, their parts, as text, and what memory they need."""

from __future__ import annotations

import json
from math import prod

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ganmnist.config import TrainConfig
from ganmnist.errors import NetworkError, SettingError
from ganmnist.layers import (
    BatchNorm,
    Conv2D,
    Conv2DTranspose,
    Dense,
    Dropout,
    Flatten,
    LeakyReLU,
    MinibatchStd,
    PixelShuffle,
    ReLU,
    Reshape,
    Tanh,
    UpSampling2D,
)
from ganmnist.networks.spec import (
    MAX_ACTIVATIONS,
    MAX_LAYERS,
    MAX_MULTIPLY_ADDS,
    MAX_PARAMETERS,
    ModelConfig,
    ModelParts,
    Sequential,
    training_memory,
)
from ganmnist.training.presets import MAX_MEMORY, PRESETS, recipe

TO_IMAGE = [Dense(784), Reshape((1, 28, 28))]
TO_NUMBER = [Flatten(), Dense(1)]


def model(generator=TO_IMAGE, discriminator=TO_NUMBER, **others) -> ModelConfig:
    return ModelConfig(generator=Sequential(generator), discriminator=Sequential(discriminator), **others)


def misfit(generator=TO_IMAGE, discriminator=TO_NUMBER) -> str:
    with pytest.raises(ValidationError) as caught:
        model(generator, discriminator)
    (detail,) = caught.value.errors()
    return detail["msg"].removeprefix("Value error, ")


# Limits


@pytest.mark.parametrize(
    ("layers", "start", "sentence"),
    [
        (
            [Flatten(), Dense(49_999), Dense(1)],  # 50,000,000 parameters exactly without the last bias
            (999,),
            f"layer 3 Dense brings the network to 50,049,000 parameters, at most {MAX_PARAMETERS:,}: "
            "use fewer units or filters",
        ),
        (
            [ReLU(), Flatten(), ReLU()],
            (700_000,),
            f"layer 3 ReLU brings the network to 2,100,000 numbers per sample between its layers, at most "
            f"{MAX_ACTIVATIONS:,}: use fewer filters or smaller images",
        ),
        (
            [Conv2D(10, 10), ReLU()],
            (101, 200, 200),
            f"layer 1 Conv2D brings the network to 4,040,000,000 multiply-adds per sample, at most "
            f"{MAX_MULTIPLY_ADDS:,}: use fewer filters or smaller kernels",
        ),
    ],
    ids=["parameters", "numbers", "multiply-adds"],
)
def test_the_layer_that_makes_a_network_too_large_is_named_with_the_fix(layers, start, sentence):
    with pytest.raises(NetworkError) as caught:
        Sequential(layers).table(start)
    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    ("layer", "start", "more"),
    [
        (Dense(50_000, bias=False), (1000,), (1001,)),
        (Flatten(), (2, 1000, 1000), (2, 1000, 1001)),
        (Conv2D(10, 10), (100, 200, 200), (101, 200, 200)),
    ],
)
def test_a_network_may_be_as_large_as_the_limit_and_no_larger(layer, start, more):
    Sequential([layer]).table(start)
    with pytest.raises(NetworkError, match="layer 1"):
        Sequential([layer]).table(more)


def test_a_network_has_at_most_64_layers():
    assert MAX_LAYERS == 64
    assert len(Sequential([LeakyReLU()] * 64).table((3,))) == 64
    for count in (0, 65):
        with pytest.raises(ValidationError):
            Sequential([LeakyReLU()] * count)


# Ends


@pytest.mark.parametrize(
    ("layers", "sentence", "fix"),
    [
        ([Dense(6)], "layer 1 Dense gives 6 numbers: put a Dense of 784 units and a Reshape to 1 x 28 x 28 behind it",
         [Dense(784), Reshape((1, 28, 28))]),
        ([Dense(784), Tanh()], "layer 2 Tanh gives 784 numbers: put a Reshape to 1 x 28 x 28 behind it",
         [Reshape((1, 28, 28))]),
        ([Dense(98), Reshape((2, 7, 7))], "layer 2 Reshape gives 2 x 7 x 7: put an UpSampling2D of size 4 and a Conv2D "
         "with 1 filter behind it", [UpSampling2D(4), Conv2D(1)]),
        ([Dense(16), Reshape((1, 4, 4))], "layer 2 Reshape gives 1 x 4 x 4: put an UpSampling2D of size 7 behind it",
         [UpSampling2D(7)]),
        ([*TO_IMAGE, MinibatchStd()], "layer 3 MinibatchStd gives 2 x 28 x 28: put a Conv2D with 1 filter behind it",
         [Conv2D(1)]),
        ([*TO_IMAGE, UpSampling2D()], "layer 3 UpSampling2D gives 1 x 56 x 56: it has 56 x 56 pixels; 28 = 7 x 2 x 2, "
         "so check strides, padding and upsampling", None),
        ([Dense(12), Reshape((1, 4, 3))], "layer 2 Reshape gives 1 x 4 x 3: it has 4 x 3 pixels; 28 = 7 x 2 x 2, "
         "so check strides, padding and upsampling", None),
        ([Dense(4), Reshape((1, 2, 2))], "layer 2 Reshape gives 1 x 2 x 2: it has 2 x 2 pixels; 28 = 7 x 2 x 2, "
         "so check strides, padding and upsampling", None),
    ],
)  # fmt: skip
def test_a_generator_that_ends_in_no_image_is_told_what_leads_to_one(layers, sentence, fix):
    assert misfit(generator=layers) == f"generator: must end in 1 x 28 x 28, but {sentence}"
    if fix:
        model(generator=[*layers, *fix])


@pytest.mark.parametrize(
    ("layers", "sentence", "fix"),
    [
        ([Flatten(), Dense(2)], "layer 2 Dense gives 2 numbers: put a Dense of 1 unit behind it", [Dense(1)]),
        ([Conv2D(1, 14, 8, "valid")],
         "layer 1 Conv2D gives 1 x 2 x 2: put a Flatten and a Dense of 1 unit behind it", [Flatten(), Dense(1)]),
    ],
)  # fmt: skip
def test_a_discriminator_that_ends_in_no_number_is_told_what_leads_to_one(layers, sentence, fix):
    assert misfit(discriminator=layers) == f"discriminator: must end in 1 number, but {sentence}"
    model(discriminator=[*layers, *fix])


SIDES = st.sampled_from([(side, side) for side in (1, 2, 4, 7, 14, 28, 56)])


@given(
    channels=st.integers(1, 5),
    sides=SIDES | st.tuples(st.integers(1, 30), st.integers(1, 30)),
    row=st.none() | st.integers(1, 900),
)
def test_the_way_to_an_image_that_is_told_leads_there(channels, sides, row):
    shape = (row,) if row else (channels, *sides)
    layers = [Dense(row or prod(shape)), Reshape(shape)]
    if shape == (1, 28, 28):
        model(generator=layers)
        return
    sentence = misfit(generator=layers)
    fixes = {
        "Dense of 784 units": Dense(784),
        "Reshape to 1 x 28 x 28": Reshape((1, 28, 28)),
        **{f"UpSampling2D of size {size}": UpSampling2D(size) for size in (2, 4, 7)},
        "Conv2D with 1 filter": Conv2D(1),
    }
    told = [layer for words, layer in fixes.items() if words in sentence]
    assert bool(told) != ("check strides" in sentence)
    if told:
        model(generator=[*layers, *told])


def test_the_networks_of_common_papers_fit():
    """DCGAN's transposed convolutions, a super-resolution's pixel shuffle and a network of dense layers."""
    model(
        [
            *(Dense(256 * 7 * 7), Reshape((256, 7, 7))),
            *(Conv2DTranspose(128, bias=False), BatchNorm(), ReLU()),
            *(Conv2DTranspose(1), Tanh()),
        ],
        [
            *(Conv2D(64, 4, 2), LeakyReLU()),
            *(Conv2D(128, 4, 2, bias=False), LeakyReLU()),
            *(Conv2D(1, 7, padding="valid"), Flatten()),
        ],
    )
    model([Dense(49 * 32), Reshape((32, 7, 7)), PixelShuffle(), Conv2D(4), PixelShuffle(), Tanh()])
    model([Dense(256), ReLU(), Dense(784), Tanh(), Reshape((1, 28, 28))])


# Parts


def test_parts_take_the_place_of_those_of_the_base(tiny):
    other = Sequential([Flatten(), Dense(3), Dense(1)])
    mixed = ModelParts(discriminator=other, latent_dim=9).over(tiny)
    assert (mixed.generator, mixed.discriminator) == (tiny.generator, other)
    assert (mixed.latent_dim, mixed.classes) == (9, 0)
    assert ModelParts().over(tiny) == tiny


def test_no_classes_is_a_part_that_is_given(class_conditional):
    assert ModelParts(classes=0).over(class_conditional).classes == 0
    assert ModelParts().over(class_conditional).classes == 10


def test_parts_that_do_not_fit_the_base_are_refused(tiny):
    with pytest.raises(ValidationError, match=r"generator: must end in 1 x 28 x 28"):
        ModelParts(generator=Sequential([Dense(3)])).over(tiny)


# As text and in Python


def test_a_network_as_text_has_a_line_per_layer_without_what_has_its_default():
    network = Sequential([Dense(98, bias=False), Reshape((2, 7, 7)), Conv2D(3, 3, 2), LeakyReLU(0.2), Dropout(0.25)])
    assert network.to_text() == (
        '{"layers": [\n'
        '  {"layer": "Dense", "units": 98, "bias": false},\n'
        '  {"layer": "Reshape", "shape": [2, 7, 7]},\n'
        '  {"layer": "Conv2D", "filters": 3, "stride": 2},\n'
        '  {"layer": "LeakyReLU"},\n'
        '  {"layer": "Dropout", "rate": 0.25}\n'
        "]}"
    )


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_as_text_reads_back_as_it_was(name):
    networks = PRESETS[name].networks
    assert ModelConfig.model_validate(json.loads(networks.to_text())) == networks
    for part in (networks.generator, networks.discriminator):
        assert Sequential.model_validate(json.loads(part.to_text())) == part
        assert len(part.to_text().splitlines()) == len(part.layers) + 2


def test_a_training_as_text_reads_back_as_it_was_and_leaves_out_what_is_left_open(tiny):
    for config in (
        TrainConfig(),
        TrainConfig(preset="fast", loss="hinge", learning_rate=1e-05),
        TrainConfig(networks=tiny, loss="wasserstein", r1=0, seed=3),
    ):
        assert TrainConfig.model_validate(json.loads(config.to_text())) == config
    assert TrainConfig().to_text() == "{}"
    assert json.loads(TrainConfig(beta1=0, preset="fast").to_text()) == {"beta1": 0, "preset": "fast"}


def test_layers_take_their_parameters_in_order_and_by_name():
    assert Dense(128, bias=False) == Dense(units=128, bias=False)
    assert Conv2D(64, 3, stride=2) == Conv2D(filters=64, kernel=3, stride=2)
    assert Conv2DTranspose(8, 5, 3, "valid") == Conv2DTranspose(filters=8, kernel=5, stride=3, padding="valid")
    assert Reshape((64, 7, 7)).shape == (64, 7, 7)
    assert Sequential([Dense(3)]) == Sequential(layers=[{"layer": "Dense", "units": 3}])


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Dense(1, True, False, 4), "Dense takes units, bias, spectral_norm; got 4 values"),
        (lambda: Tanh(1), "Tanh takes no values; got 1 values"),
        (lambda: Sequential([Dense(3)], Dense(1)), "Sequential takes layers; got 2 values"),
        (lambda: Dense(1, units=2), "multiple values for keyword argument 'units'"),
    ],
)
def test_too_many_values_and_a_value_given_twice_are_mistakes_in_the_call(make, words):
    with pytest.raises(TypeError, match=words):
        make()


# Memory


def test_memory_grows_with_the_batch_and_with_the_parameters(tiny):
    wide = model([Dense(784), Dense(784), Reshape((1, 28, 28))])
    small = model()
    assert training_memory(small, 2) < training_memory(small, 3) < training_memory(small, 300)
    assert training_memory(wide, 2) - training_memory(small, 2) > 4 * 784 * 784  # at the least the weights themselves
    steps = [training_memory(tiny, batch) for batch in (10, 20, 30)]
    assert steps[2] - steps[1] == steps[1] - steps[0]  # each image takes the same


@given(filters=st.integers(1, 1500), hidden=st.integers(1, 40_000), batch_size=st.integers(2, 1024))
def test_too_much_memory_is_refused_with_a_batch_size_that_then_fits_and_none_larger(filters, hidden, batch_size):
    networks = model(
        [Dense(4), Reshape((1, 2, 2)), Conv2D(filters, 1), UpSampling2D(7), UpSampling2D(2), Conv2D(1, 1)],
        [Flatten(), Dense(hidden), Dense(1)],
    )
    config = TrainConfig(networks=networks, batch_size=batch_size)
    if training_memory(networks, batch_size) <= MAX_MEMORY:
        assert recipe(config).batch_size == batch_size
        return
    with pytest.raises(SettingError, match=f"^batch_size: with {batch_size} images a step .* at most 6 GB") as caught:
        recipe(config)
    fits = int(str(caught.value).split("lower it to ")[1].split(",")[0])
    recipe(TrainConfig(networks=networks, batch_size=fits))
    with pytest.raises(SettingError):
        recipe(TrainConfig(networks=networks, batch_size=fits + 1))
