"""Any list of layers either is refused by its table or is built to what the table says."""

from __future__ import annotations

import re
from collections import Counter
from math import prod
from random import Random

import pytest
import torch

from ganmnist.errors import NetworkError
from ganmnist.layers import (
    LAYERS,
    BatchNorm,
    ConditionalBatchNorm,
    Conv2D,
    Conv2DTranspose,
    Dense,
    Dropout,
    GroupNorm,
    Layer,
    LeakyReLU,
    MinibatchStd,
    PixelShuffle,
    Reshape,
    Shape,
    UpSampling2D,
)
from ganmnist.networks.build import _build
from ganmnist.networks.spec import Sequential

CHAINS = 500
_NUMBERS, _PARAMETERS, _COSTS = 200_000, 1_000_000, 50_000_000  # beyond them a chain is reckoned, and not built


@pytest.fixture(autouse=True)
def same_weights():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        yield


def drawn(chance: Random, shape: Shape) -> Layer:
    """A layer with random parameters, which mostly fits `shape`: small for the most part, now and then huge."""
    rows = ["Dense", "ClassProjection"]
    images = ["Conv2D", "Conv2DTranspose", "UpSampling2D", "PixelShuffle", "ConditionalBatchNorm"]
    misfits = images if len(shape) == 1 else rows
    fitting = [name for name in LAYERS if name not in misfits]
    name = chance.choice(sorted(LAYERS) if chance.random() < 0.1 else fitting)
    huge = chance.random() < 0.08
    flag, padding = chance.random() < 0.5, chance.choice(["same", "valid"])
    filters = 2048 if huge else chance.randint(1, 9)
    sizes = [size for size in range(2, 6) if shape[0] % size**2 == 0] or [2]
    groups = [groups for groups in range(1, 12) if shape[0] % groups == 0] + [chance.randint(1, 7)]
    others = {
        "Dense": lambda: Dense(65536 if huge else chance.randint(1, 200), flag, chance.random() < 0.5),
        "Conv2D": lambda: Conv2D(
            filters, chance.randint(1, 5), chance.randint(1, 3), padding, flag, chance.random() < 0.5
        ),
        "Conv2DTranspose": lambda: Conv2DTranspose(filters, chance.randint(1, 5), chance.randint(1, 3), padding, flag),
        "UpSampling2D": lambda: UpSampling2D(
            8 if huge else chance.randint(2, 3), chance.choice(["nearest", "bilinear"])
        ),
        "PixelShuffle": lambda: PixelShuffle(chance.choice(sizes)),
        "Reshape": lambda: Reshape(reshaped(chance, shape)),
        "BatchNorm": lambda: BatchNorm(chance.random() * 0.9),
        "ConditionalBatchNorm": lambda: ConditionalBatchNorm(chance.random() * 0.9),
        "GroupNorm": lambda: GroupNorm(chance.choice(groups)),
        "LeakyReLU": lambda: LeakyReLU(chance.random()),
        "Dropout": lambda: Dropout(chance.random() * 0.9),
        "MinibatchStd": lambda: MinibatchStd(chance.randint(2, 4)),
    }
    return others.get(name, LAYERS[name])()


def reshaped(chance: Random, shape: Shape) -> Shape:
    numbers = min(prod(shape), 65536)
    if chance.random() < 0.1:
        return (chance.randint(1, 99),)
    rows = chance.choice([side for side in range(1, 9) if numbers % side == 0])
    columns = chance.choice([side for side in range(1, 9) if (numbers // rows) % side == 0])
    return chance.choice([(numbers,), (numbers // rows // columns, rows, columns)])


def chain(seed: int) -> tuple[Shape, int, list[Layer]]:
    """A start shape, the length of a condition and 1 to 12 layers."""
    chance = Random(seed)
    start = chance.choice(
        [(chance.randint(1, 60),), (chance.randint(1, 8), chance.randint(1, 12), chance.randint(1, 12))]
    )
    condition, layers, shape = chance.randint(0, 5), [], start
    for _ in range(chance.randint(1, 12)):
        layers.append(drawn(chance, shape))
        try:
            shape = layers[-1].output_shape(shape)
        except NetworkError:
            continue  # what comes behind a misfit is drawn for the shape before it
    return start, condition, layers


def check_refusal(message: str, start: Shape, condition: int, layers: list[Layer]) -> None:
    """The sentence names the first layer that does not fit, or is one too many."""
    place, name = re.match(r"layer (\d+) (\w+) [a-z]", message).groups()
    assert layers[int(place) - 1].layer == name
    if int(place) > 1:
        Sequential(layers[: int(place) - 1]).table(start, condition)
    with pytest.raises(NetworkError, match=re.escape(message)):
        Sequential(layers[: int(place)]).table(start, condition)


def check_build(network: Sequential, start: Shape, condition: int) -> None:
    """The feature maps of each layer has the shape of the table, and what was built its parameters."""
    rows = network.table(start, condition)
    built = _build(network, start, condition)
    samples, given = torch.rand(2, *start), torch.rand(2, condition)
    with torch.no_grad():
        built(samples, given)
        built.eval()
        outputs = list(built.walk(samples, given))
        assert torch.equal(outputs[-1], built(samples, given))
    assert [(2, *row.output_shape) for row in rows] == [tuple(output.shape) for output in outputs]
    found = [sum(parameter.numel() for parameter in module.parameters()) for module in built]
    assert [row.parameters for row in rows] == found


@pytest.mark.filterwarnings("ignore:Initializing zero-element")
def test_any_chain_of_layers_is_refused_by_name_or_built_to_the_shapes_and_parameters_of_its_table():
    outcomes, built = Counter(), Counter()
    longest = 0
    for seed in range(CHAINS):
        start, condition, layers = chain(seed)
        network = Sequential(layers)
        note = f"chain {seed}: {start}, condition {condition}, {network.to_text()}"
        try:
            rows = network.table(start, condition)
        except NetworkError as error:
            try:
                check_refusal(str(error), start, condition, layers)
            except Exception as wrong:
                raise AssertionError(note) from wrong
            outcomes["refused"] += 1
            continue
        small = (
            sum(prod(row.output_shape) for row in rows) < _NUMBERS
            and sum(row.parameters for row in rows) < _PARAMETERS
            and sum(row.multiply_adds for row in rows) < _COSTS
        )
        outcomes["built" if small else "reckoned"] += 1
        if small:
            try:
                check_build(network, start, condition)
            except Exception as wrong:
                raise AssertionError(note) from wrong
            built.update(layer.layer for layer in layers)
            longest = max(longest, len(layers))
    assert outcomes["refused"] > CHAINS / 5
    assert outcomes["built"] > CHAINS / 5
    assert outcomes["reckoned"]
    assert set(built) == set(LAYERS)
    assert longest == 12
