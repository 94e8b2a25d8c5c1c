"""What is wrong with settings is said in a sentence each: where, what was expected and what came."""

from __future__ import annotations

import time
from typing import Annotated, Literal

import pytest
from pydantic import Field

from ganmnist.config import LatentConfig, TrainConfig
from ganmnist.errors import SettingError
from ganmnist.fields import Settings, Spelled
from ganmnist.layers import LAYERS
from ganmnist.networks.spec import ModelConfig, ModelParts, Sequential
from ganmnist.validation import read_settings

KNOWN = ", ".join(LAYERS)


def refusal(values, model=Sequential) -> str:
    with pytest.raises(SettingError) as caught:
        read_settings(model, values)
    return str(caught.value)


def of_layers(*layers) -> str:
    return refusal({"layers": list(layers)})


DENSE = {"layer": "Dense", "units": 3}


@pytest.mark.parametrize(
    ("layer", "sentence"),
    [
        ({"layer": "Conv3D"}, f"unknown layer Conv3D; did you mean Conv2D? known are {KNOWN}"),
        ({"layer": "dense"}, f"unknown layer dense; did you mean Dense? known are {KNOWN}"),
        ({"layer": "BatchNormalization"},
         f"unknown layer BatchNormalization; did you mean BatchNorm? known are {KNOWN}"),
        ({"layer": "Transformer"}, f"unknown layer Transformer; known are {KNOWN}"),
        ({"layer": "self"}, f"unknown layer self; known are {KNOWN}"),
        ({"layer": 5}, f"unknown layer 5; known are {KNOWN}"),
        ({"layer": None}, f"unknown layer None; known are {KNOWN}"),
        ({"units": 3}, 'has no name: expected a layer such as {"layer": "Dense", "units": 128}, got {\'units\': 3}'),
        ({}, 'has no name: expected a layer such as {"layer": "Dense", "units": 128}, got {}'),
        ("Dense", "must be an object, got 'Dense'"),
    ],
)  # fmt: skip
def test_what_is_no_layer_is_refused_by_its_place_with_the_layers_there_are(layer, sentence):
    assert of_layers(DENSE, layer) == f"layer 2: {sentence}"


@pytest.mark.parametrize(
    ("layer", "sentence"),
    [
        ({"layer": "Conv2D", "filters": 3, "strides": 2}, "layer 2 Conv2D: strides: is no parameter of Conv2D; did you "
         "mean stride? it has filters, kernel, stride, padding, bias, spectral_norm"),
        ({**DENSE, "self": 1}, "layer 2 Dense: self: is no parameter of Dense; it has units, bias, spectral_norm"),
        ({"layer": "Tanh", "units": 1}, "layer 2 Tanh: units: is no parameter of Tanh; it has none"),
        ({"layer": "Dense"}, "layer 2 Dense: units: is missing"),
        ({"layer": "Dense", "units": "abc"}, "layer 2 Dense: units: must be a whole number, got 'abc'"),
        ({"layer": "Dense", "units": "128"}, "layer 2 Dense: units: must be a whole number, got '128'"),
        ({"layer": "Dense", "units": 10**9},
         "layer 2 Dense: units: must be at most 65536, got 1000000000"),
        ({"layer": "Dense", "units": 0}, "layer 2 Dense: units: must be at least 1, got 0"),
        ({**DENSE, "bias": "yes"}, "layer 2 Dense: bias: must be true or false, got 'yes'"),
        ({"layer": "Conv2D", "filters": 1, "padding": "full"},
         "layer 2 Conv2D: padding: must be 'same' or 'valid', got 'full'"),
        ({"layer": "Reshape", "shape": [2, 7]},
         "layer 2 Reshape: shape: must be one number, or three: channels, height and width; got two, 2 x 7"),
        ({"layer": "Reshape", "shape": [2, 0, 7]},
         "layer 2 Reshape: shape's second number: must be at least 1, got 0"),
        ({"layer": "Reshape", "shape": [2, 7, 7.5]},
         "layer 2 Reshape: shape's third number: must be a whole number, got 7.5"),
        ({"layer": "Reshape", "shape": 98}, "layer 2 Reshape: shape: must be a list, got 98"),
    ],
)  # fmt: skip
def test_a_wrong_parameter_is_named_with_its_layer_and_what_it_may_be(layer, sentence):
    assert of_layers(DENSE, layer) == sentence


def test_a_misfit_and_a_wrong_parameter_are_said_of_the_network_they_are_in(tiny):
    other = tiny.model_dump(mode="json")
    other["generator"]["layers"][0]["units"] = "abc"
    wrong = "generator: layer 1 Dense: units: must be a whole number, got 'abc'"
    assert refusal(other, ModelConfig) == wrong
    assert refusal({"generator": other["generator"]}, ModelParts) == wrong
    assert refusal({"networks": other}, TrainConfig) == f"networks.{wrong}"
    other["generator"]["layers"][0]["units"] = 146
    assert refusal({"networks": other}, TrainConfig) == (
        "networks: generator: layer 4 Reshape cannot make 3 x 7 x 7 (147 numbers) of 146 numbers"
    )


def test_each_wrong_layer_has_its_sentence_and_of_many_the_first_are_said():
    assert of_layers({"layer": "Dense", "units": 0}, DENSE, {"layer": "Tann"}).split("; ")[:2] == [
        "layer 1 Dense: units: must be at least 1, got 0",
        "layer 3: unknown layer Tann",
    ]
    message = of_layers(*[{"layer": "Dense", "units": 0}] * 64)
    assert message.startswith("layer 1 Dense: units:")
    assert message.endswith("; and 58 more")
    assert "layer 7" not in message


@pytest.mark.parametrize(("count", "words"), [(0, "got 0"), (65, "got 65"), (10_000, "got 10000")])
def test_a_network_of_too_many_layers_or_of_none_is_refused_with_the_number_there_may_be(count, words):
    assert of_layers(*[DENSE] * count) == f"layers: a network has 1 to 64 layers, {words}"


def endless() -> dict[str, dict]:
    """Values that hold themselves, or are deeper or longer than anybody writes."""
    circle: list = []
    circle.append(circle)
    ring: dict = {"layer": "Dense"}
    ring["units"] = ring
    network: dict = {}
    network["layers"] = [network]
    deep: list = []
    for _ in range(50_000):
        deep = [deep]
    long = "x" * 1_000_000
    return {
        "a list that holds itself": {"layers": circle},
        "a layer that is such a list": {"layers": [circle]},
        "a layer that holds itself": {"layers": [ring]},
        "a network that holds itself": network,
        "a shape that holds itself": {"layers": [{"layer": "Reshape", "shape": circle}]},
        "a deep layer": {"layers": [{"units": deep}]},
        "a deep parameter": {"layers": [{"layer": "Dense", "units": deep}]},
        "a long name": {"layers": [{"layer": long}]},
        "a long parameter": {"layers": [{**DENSE, long: 1}]},
        "a long value": {"layers": [{"layer": "Dense", "units": long}]},
        "many parameters": {"layers": [{**DENSE, **{f"units{number}": 1 for number in range(10_000)}}]},
        "many layers": {"layers": [DENSE] * 10_000},
        "many unknown layers": {"layers": [{"layer": "Dens"}] * 10_000},
        "long lists": {"layers": [[0] * 100_000] * 64},
    }


@pytest.mark.parametrize("case", endless())
def test_values_without_end_are_refused_in_a_few_words_and_at_once(case):
    values = endless()[case]
    started = time.process_time()
    message = refusal(values)
    assert time.process_time() - started < 1  # of a busy machine
    assert message.startswith("layer")
    assert len(message) < 2000


class Every(Settings):
    """A field of each kind that settings have."""

    word: str = Field("a", min_length=2, max_length=3)
    many: list[int] = Field([1], min_length=1, max_length=2)
    share: float = Field(0.5, gt=0, lt=1)
    true: bool = True
    kind: Literal["a", "b"] = "a"
    part: LatentConfig | None = None
    id: Annotated[str, Spelled("^[ab]{3}$", "must be an id, of three a or b")] = "aba"


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"word": ""}, "word: must have at least 2 letters, got ''"),
        ({"word": "long"}, "word: must have at most 3 letters, got 'long'"),
        ({"word": 5}, "word: must be a text, got 5"),
        ({"many": []}, "many: must have at least 1 item"),
        ({"many": [1, 2, 3]}, "many: must have at most 2 items"),
        ({"many": 3}, "many: must be a list, got 3"),
        ({"share": 0}, "share: must be greater than 0, got 0"),
        ({"share": 1.0}, "share: must be less than 1, got 1.0"),
        ({"share": float("nan")}, "share: must be a finite number, got nan"),
        ({"share": "x"}, "share: must be a number, got 'x'"),
        ({"true": "perhaps"}, "true: must be true or false, got 'perhaps'"),
        ({"kind": "c"}, "kind: must be 'a' or 'b', got 'c'"),
        ({"part": 3}, "part: must be an object, got 3"),
        ({"id": "ab"}, "id: must be an id, of three a or b, got 'ab'"),
        ({"id": 3}, "id: must be an id, of three a or b, got 3"),
        ({"more": 3}, "more: unknown field, got 3"),
    ],
)
def test_no_sentence_is_in_a_programmers_words(values, sentence):
    assert refusal(values, Every) == sentence


def test_a_key_that_may_not_be_there_is_named_as_it_was_written():
    class Kept(Settings):
        table: dict[Literal["seed"], int]

    assert refusal({"table": {"Seed": 3}}, Kept) == "table.Seed: must be 'seed', got 'Seed'"
