"""Lists of layers have the shapes and the trained parameters that Keras counts for the same lists.

The numbers were printed by Keras 3.15.1 (TensorFlow 2.21.0): `layer.output.shape` and the sizes of
`layer.trainable_weights`. Shapes are turned: Keras puts channels last.
"""

from __future__ import annotations

from ganmnist.layers import (
    Conv2D,
    Conv2DTranspose,
    Dense,
    Dropout,
    Flatten,
    GroupNorm,
    ReLU,
    Reshape,
    UpSampling2D,
)
from ganmnist.networks.build import build_generator
from ganmnist.networks.spec import LayerRow, Sequential
from ganmnist.training.presets import PRESETS

NAMES = {
    "BatchNorm": "BatchNormalization",
    "GroupNorm": "GroupNormalization",
    "Tanh": "Activation",
    "Sigmoid": "Activation",
}


def in_keras(rows: list[LayerRow]) -> list[tuple[str, tuple[int, ...], int]]:
    """Name, output shape with channels last and trained parameters of each layer."""
    return [
        (NAMES.get(row.layer, row.layer), (*row.output_shape[1:], row.output_shape[0]), row.parameters) for row in rows
    ]


def test_the_tutorials_generator_is_that_of_keras():
    rows, _ = PRESETS["tutorial"].networks.tables()
    assert in_keras(rows) == [
        ("Dense", (12544,), 1266944),
        ("BatchNormalization", (12544,), 25088),
        ("LeakyReLU", (12544,), 0),
        ("Reshape", (7, 7, 256), 0),
        ("UpSampling2D", (14, 14, 256), 0),
        ("Conv2D", (14, 14, 128), 295040),
        ("BatchNormalization", (14, 14, 128), 256),
        ("LeakyReLU", (14, 14, 128), 0),
        ("UpSampling2D", (28, 28, 128), 0),
        ("Conv2D", (28, 28, 64), 73792),
        ("BatchNormalization", (28, 28, 64), 128),
        ("LeakyReLU", (28, 28, 64), 0),
        ("Conv2D", (28, 28, 1), 577),
        ("Activation", (28, 28, 1), 0),
    ]
    assert sum(row.parameters for row in rows) == 1_661_825


def test_the_tutorials_discriminator_is_that_of_keras():
    _, rows = PRESETS["tutorial"].networks.tables()
    assert in_keras(rows) == [
        ("Conv2D", (14, 14, 64), 640),
        ("LeakyReLU", (14, 14, 64), 0),
        ("Conv2D", (7, 7, 128), 73856),
        ("BatchNormalization", (7, 7, 128), 256),
        ("LeakyReLU", (7, 7, 128), 0),
        ("Flatten", (6272,), 0),
        ("Dense", (1,), 6273),
        ("Activation", (1,), 0),
    ]
    assert sum(row.parameters for row in rows) == 81_025


def test_the_tutorials_moving_statistics_are_those_keras_lists_as_not_trained():
    buffers = dict(build_generator(PRESETS["tutorial"].networks).named_buffers())
    statistics = [tensor.numel() for name, tensor in buffers.items() if "running" in name]
    assert sum(statistics) == 25088 + 256 + 128


def test_every_other_layer_that_keras_has_too_is_that_of_keras():
    """Kernels smaller than their stride, odd cuts and no padding among them."""
    network = Sequential(
        [
            Conv2DTranspose(3),
            GroupNorm(3),
            ReLU(),
            Conv2D(5, 4, 3, "valid"),
            Conv2DTranspose(6, 5, 2, "valid", bias=False),
            GroupNorm(),
            Conv2DTranspose(4, 2, 3),
            Conv2DTranspose(3, 1, 2, "valid"),
            UpSampling2D(3, "bilinear"),
            Conv2D(7, 5, 4, bias=False),
            Dropout(0.4),
            Conv2D(2, 2, 5, "valid"),
            Conv2D(4, 3, 2, spectral_norm=True),  # in Keras a layer around the layer
            Flatten(),
            Dense(10, bias=False, spectral_norm=True),
            GroupNorm(5),
            Reshape((1, 5, 2)),
            Flatten(),
            Dense(1),
        ]
    )
    rows = network.table((2, 9, 6))
    assert in_keras(rows) == [
        ("Conv2DTranspose", (18, 12, 3), 99),
        ("GroupNormalization", (18, 12, 3), 6),
        ("ReLU", (18, 12, 3), 0),
        ("Conv2D", (5, 3, 5), 245),
        ("Conv2DTranspose", (13, 9, 6), 750),
        ("GroupNormalization", (13, 9, 6), 12),
        ("Conv2DTranspose", (39, 27, 4), 100),
        ("Conv2DTranspose", (78, 54, 3), 15),
        ("UpSampling2D", (234, 162, 3), 0),
        ("Conv2D", (59, 41, 7), 525),
        ("Dropout", (59, 41, 7), 0),
        ("Conv2D", (12, 8, 2), 58),
        ("Conv2D", (6, 4, 4), 76),
        ("Flatten", (96,), 0),
        ("Dense", (10,), 960),
        ("GroupNormalization", (10,), 20),
        ("Reshape", (5, 2, 1), 0),
        ("Flatten", (10,), 0),
        ("Dense", (1,), 11),
    ]
    assert sum(row.parameters for row in rows) == 2877
