"""Settings take what JSON and sliders send, refuse the rest, and say why."""

from __future__ import annotations

import copy
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from ganmnist.config import DataConfig, GenerateConfig, GeometryConfig, ModelName, OptimizationConfig, TrainConfig
from ganmnist.errors import SettingError
from ganmnist.networks.spec import MAX_PARAMETERS, ModelConfig
from ganmnist.validation import read_settings

NAMES = TypeAdapter(ModelName)


def refusal(model, values) -> str:
    with pytest.raises(SettingError) as caught:
        read_settings(model, values)
    return str(caught.value)


@pytest.fixture
def networks(tiny):
    """Plain values of networks that fit, to spoil."""
    return copy.deepcopy(tiny.model_dump(mode="json"))


def test_a_slider_may_send_a_whole_number_as_a_float():
    config = read_settings(TrainConfig, {"epochs": 3.0, "seed": 12.0})
    assert (config.epochs, config.seed) == (3, 12)
    assert type(config.epochs) is int


@pytest.mark.parametrize("value", [True, "10", 2.5, None, [3], math.nan, math.inf])
def test_what_only_looks_like_a_whole_number_is_refused(value):
    assert "seed" in refusal(TrainConfig, {"seed": value})
    assert "latent_dim" in refusal(ModelConfig, {"latent_dim": value})
    if value is not None:  # which leaves it to the preset
        assert "epochs" in refusal(TrainConfig, {"epochs": value})


@pytest.mark.parametrize("value", [True, 2.5, [3], math.nan, math.inf, -1, 2**53 + 1, "", " ", "x" * 256])
def test_a_digit_is_a_number_from_0_or_a_name_and_nothing_else(value):
    message = refusal(GenerateConfig, {"digit": value})
    assert message.startswith("digit: expected the number of a class")
    assert "name" in message
    assert len(message) < 200


@pytest.mark.parametrize(
    ("value", "read"), [(7, 7), (7.0, 7), ("7", 7), (" oak ", "oak"), ("007", "007"), ("7.0", "7.0"), (None, None)]
)
def test_a_digit_as_text_is_the_number_that_it_is_and_else_a_name(value, read):
    assert read_settings(GenerateConfig, {"digit": value}).digit == read
    assert type(read_settings(GenerateConfig, {"digit": value}).digit) is type(read)


def test_settings_of_a_training_that_are_none_are_left_to_the_preset():
    left = dict.fromkeys(("networks", "epochs", "steps", "seconds", "images", *OptimizationConfig.model_fields))
    assert read_settings(TrainConfig, left) == TrainConfig()
    assert set(dict(OptimizationConfig.part_of(TrainConfig())).values()) == {None}


@pytest.mark.parametrize("value", [True, "0.1", math.nan, math.inf, -math.inf])
def test_what_only_looks_like_a_number_is_refused(value):
    assert "learning_rate" in refusal(TrainConfig, {"learning_rate": value})
    assert "seconds" in refusal(TrainConfig, {"seconds": value})
    assert "latent.1" in refusal(GenerateConfig, {"latent": [0.5, value]})
    assert "plane.origin.2" in refusal(GeometryConfig, {"plane": {"origin": [0, 0, value]}})


@pytest.mark.parametrize("size", ["cell", "base"])
def test_a_size_at_which_geometry_falls_together_is_refused_with_the_least_there_is(size):
    for value in (1e-320, 9e-7, 0):
        assert refusal(GeometryConfig, {size: value}).startswith(f"{size}: must be at least 1e-06, got")
    assert read_settings(GeometryConfig, {size: 1e-6})


@pytest.mark.parametrize("value", [1, 0, "true"])
def test_a_flag_is_true_or_false_and_nothing_else(networks, value):
    networks["generator"]["layers"][0]["bias"] = value
    assert "bias" in refusal(ModelConfig, networks)


@pytest.mark.parametrize(
    ("model", "name", "least", "most"),
    [
        (TrainConfig, "epochs", 1, 10_000),
        (TrainConfig, "steps", 1, 10_000_000),
        (TrainConfig, "batch_size", 2, 1024),
        (TrainConfig, "seed", 0, 2**31 - 1),
        (DataConfig, "images", 2, 60_000),
        (GenerateConfig, "count", 1, 1_000_000),
    ],
)
def test_bounds_are_part_of_the_range_and_what_lies_beyond_is_not(model, name, least, most):
    assert getattr(read_settings(model, {name: least}), name) == least
    assert getattr(read_settings(model, {name: most}), name) == most
    assert str(least - 1) in refusal(model, {name: least - 1})
    assert str(most + 1) in refusal(model, {name: most + 1})


@pytest.mark.parametrize(
    ("name", "inside", "outside"),
    [
        ("seconds", (0.001, 120, 1e6), (0, -1.0, 1_000_001)),
        ("learning_rate", (1e-9, 0.1), (0, 0.11)),
        ("beta1", (0, 0.999), (-0.1, 1)),
        ("r1", (0, 100), (-0.1, 101)),
        ("label_smoothing", (0, 0.5), (-0.1, 0.6)),
    ],
)
def test_numbers_have_bounds_too(name, inside, outside):
    for value in inside:
        assert getattr(read_settings(TrainConfig, {name: value}), name) == value
    for value in outside:
        assert str(value) in refusal(TrainConfig, {name: value})


def test_a_preset_there_is_not_is_refused_with_those_there_are():
    message = refusal(TrainConfig, {"preset": "quick"})
    assert all(name in message for name in ("preset", "fast", "tutorial", "unconditional", "quick"))


def test_a_loss_there_is_not_is_refused_with_those_there_are():
    message = refusal(TrainConfig, {"loss": "wgan"})
    assert message.startswith("loss: ")
    assert all(f"'{name}'" in message for name in ("bce", "nonsaturating", "hinge", "wasserstein", "relativistic"))


def test_a_misspelt_setting_is_refused_by_its_name():
    assert "epoch" in refusal(TrainConfig, {"epoch": 3})


def test_every_wrong_field_has_its_own_sentence():
    sentences = refusal(TrainConfig, {"epochs": 0, "beta1": 1.0}).split("; ")
    assert {sentence.split(":")[0] for sentence in sentences} == {"epochs", "beta1"}


def test_settings_cannot_be_changed():
    with pytest.raises(ValidationError):
        TrainConfig().epochs = 3


def test_settings_survive_json(short, class_conditional):
    for config in (short, TrainConfig(networks=class_conditional, seconds=1 / 3), TrainConfig()):
        assert TrainConfig.model_validate_json(config.model_dump_json()) == config


@pytest.mark.parametrize(
    ("part", "layers", "words"),
    [
        ("generator", [{"layer": "Flatten"}], ["generator", "1 x 28 x 28", "layer 1 Flatten", "5 numbers"]),
        (
            "discriminator",
            [{"layer": "Flatten"}, {"layer": "Dense", "units": 2}],
            ["discriminator", "1 number", "2 numbers"],
        ),
        ("discriminator", [{"layer": "Dense", "units": 1}], ["discriminator", "layer 1 Dense", "Flatten"]),
    ],
)
def test_networks_that_do_not_fit_say_which_and_where(networks, part, layers, words):
    networks[part]["layers"] = layers
    message = refusal(ModelConfig, networks)
    for word in words:
        assert word in message


def test_a_generator_takes_z_and_the_class_and_both_networks_are_conditioned_on_it(class_conditional):
    assert class_conditional.input_dim == 5 + 10
    generator, discriminator = class_conditional.tables()
    assert generator[0].parameters == 15 * 147  # Dense without bias
    assert generator[4].parameters == 2 * 3 * (15 + 1)  # ConditionalBatchNorm
    assert discriminator[-1].parameters == 5 * 7 * 7 * (10 + 1) + 1  # ClassProjection
    without = class_conditional.model_copy(update={"classes": 0})
    assert (without.input_dim, without.tables()[1][-1].parameters) == (5, 5 * 7 * 7 + 1)


@pytest.mark.parametrize("classes", [-1, 101, 2.5])
def test_a_number_of_classes_out_of_bounds_is_refused(networks, classes):
    assert "classes" in refusal(ModelConfig, {**networks, "classes": classes})


def test_parameters_for_the_condition_count_too(networks):
    layers = networks["generator"]["layers"]
    networks["latent_dim"] = 1024
    networks["generator"]["layers"] = [
        *layers[:4],
        {"layer": "Conv2D", "filters": 2048, "kernel": 1},
        *[{"layer": "ConditionalBatchNorm"}] * 13,
        {"layer": "Conv2D", "filters": 3, "kernel": 1},
        *layers[4:],
    ]
    assert f"{MAX_PARAMETERS:,}" in refusal(ModelConfig, networks)
    networks["latent_dim"] = 5
    read_settings(ModelConfig, networks)


def test_a_network_with_too_many_parameters_is_refused_before_it_is_built(networks):
    networks["discriminator"]["layers"] = [
        {"layer": "Flatten"},
        {"layer": "Dense", "units": 65536},
        {"layer": "Dense", "units": 1},
    ]
    message = refusal(ModelConfig, networks)
    assert "layer 2 Dense" in message
    assert f"{785 * 65536:,}" in message
    assert f"{MAX_PARAMETERS:,}" in message


def test_a_network_whose_images_grow_without_end_is_refused(networks):
    networks["discriminator"]["layers"] = [{"layer": "UpSampling2D", "size": 8}] * 60
    assert "discriminator" in refusal(ModelConfig, networks)
    networks["discriminator"]["layers"] = [
        {"layer": "UpSampling2D", "size": 8},
        {"layer": "UpSampling2D", "size": 8},
        {"layer": "Conv2D", "filters": 1, "stride": 8},
        {"layer": "Conv2D", "filters": 1, "stride": 8},
        {"layer": "Conv2D", "filters": 1, "kernel": 7, "stride": 7},
        {"layer": "Flatten"},
        {"layer": "Dense", "units": 1},
    ]
    assert "numbers per sample" in refusal(ModelConfig, networks)


@pytest.mark.parametrize(
    "name",
    ["digits\n", "\n", "", " ", "a/b", "a\\b", "..", "a.b", "café", "a" * 65]
    + ["CON", "con", "nul", "PRN", "Aux", "COM1", "lpt9", "com0"],
)
def test_a_name_that_is_no_label_is_refused(name):
    with pytest.raises(ValidationError):
        NAMES.validate_python(name)


@given(st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True))
def test_a_label_of_letters_digits_and_dashes_is_a_name(name):
    devices = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))}
    if name.lower() not in devices:
        assert NAMES.validate_python(name) == name


@given(st.text(max_size=70))
def test_no_text_with_another_letter_is_a_name(name):
    allowed = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")
    if set(name) - allowed or not 1 <= len(name) <= 64:
        with pytest.raises(ValidationError):
            NAMES.validate_python(name)


def test_a_long_text_is_not_repeated_whole_in_the_refusal():
    assert len(refusal(TrainConfig, {"preset": "x" * 10_000})) < 300
