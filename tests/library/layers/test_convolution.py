"""Layers on images give the numbers that Keras gives, by its rules written out by hand.

The rules, and the literal numbers here, were checked against Keras 3.15.1.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st

from ganmnist.layers import Conv2D, Conv2DTranspose, PixelShuffle, UpSampling2D


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


def keras_paint(image, kernel, stride, padding):
    """One channel, one filter, by hand: every pixel paints the kernel; Keras' rule for the sides and the cut."""
    side = len(kernel)
    canvas = np.zeros([(n - 1) * stride + max(side, stride) for n in image.shape])
    for r, c in np.ndindex(*image.shape):
        canvas[r * stride : r * stride + side, c * stride : c * stride + side] += image[r, c] * kernel
    if padding == "same":
        first = max(side - stride, 0) // 2
        canvas = canvas[first:, first:][: image.shape[0] * stride, : image.shape[1] * stride]
    return canvas


@given(
    rows=st.integers(1, 6),
    columns=st.integers(1, 6),
    kernel=st.integers(1, 7),
    stride=st.integers(1, 5),
    padding=st.sampled_from(["same", "valid"]),
    seed=st.integers(0, 999),
)
def test_a_transposed_convolution_gives_the_numbers_keras_gives(rows, columns, kernel, stride, padding, seed):
    chance = np.random.default_rng(seed)
    image, weights = chance.normal(size=(rows, columns)), chance.normal(size=(kernel, kernel))
    layer = Conv2DTranspose(1, kernel, stride, padding, bias=False)
    expected = keras_paint(image, weights, stride, padding)
    assert layer.output_shape((1, rows, columns)) == (1, *expected.shape)
    np.testing.assert_allclose(run(layer, weights, image), expected, atol=1e-12)


def run(layer, weights, image):
    """Run a layer of one filter, whose kernel is given, on an image of one channel."""
    module = layer.build((1, *np.shape(image))).double()
    with torch.no_grad():
        next(module.parameters()).copy_(torch.tensor(weights))
        return module(torch.tensor(image)[None, None].double())[0, 0].numpy()


@pytest.mark.parametrize(
    ("layer", "weights", "image", "expected"),
    [
        (
            Conv2DTranspose(1, 2, 1, bias=False),  # the odd row and column are cut off at the bottom and the right
            [[1, 10], [100, 1000]],
            [[1, 2, 3], [4, 5, 6]],
            [[1, 12, 23], [104, 1245, 2356]],
        ),
        (
            Conv2DTranspose(1, 2, 1, "valid", bias=False),
            [[1, 10], [100, 1000]],
            [[1, 2]],
            [[1, 12, 20], [100, 1200, 2000]],
        ),
        (Conv2DTranspose(1, 1, 2, bias=False), [[7]], [[1, 2]], [[7, 0, 14, 0], [0, 0, 0, 0]]),
        (Conv2DTranspose(1, 1, 2, "valid", bias=False), [[7]], [[1, 2]], [[7, 0, 14, 0], [0, 0, 0, 0]]),
    ],
    ids=["odd-cut", "valid", "small-kernel", "small-kernel-valid"],
)
def test_a_painted_kernel_lies_where_keras_lays_it(layer, weights, image, expected):
    assert run(layer, weights, image).tolist() == expected


def test_same_padding_grows_an_image_by_the_stride_whatever_the_kernel():
    for kernel in range(1, 16):
        assert Conv2DTranspose(3, kernel, 4).output_shape((2, 5, 7)) == (3, 20, 28)


def test_a_transposed_convolution_undoes_the_shape_of_a_convolution():
    down, up = Conv2D(4, 4, stride=2), Conv2DTranspose(1)
    assert up.output_shape(down.output_shape((1, 28, 28))) == (1, 28, 28)


def test_up_sampling_repeats_pixels():
    module = UpSampling2D(size=2).build((1, 1, 2))
    assert module(torch.tensor([[[[1.0, 9.0]]]]))[0, 0].tolist() == [[1.0, 1.0, 9.0, 9.0], [1.0, 1.0, 9.0, 9.0]]


def test_bilinear_up_sampling_blends_neighbours_as_keras_does():
    module = UpSampling2D(2, "bilinear").build((1, 2, 2))
    assert module(torch.tensor([[[[0.0, 8.0], [16.0, 40.0]]]]))[0, 0].tolist() == [
        [0, 2, 6, 8],
        [4, 7, 13, 16],
        [12, 17, 27, 32],
        [16, 22, 34, 40],
    ]


def test_a_pixel_shuffle_lays_the_channels_of_a_pixel_side_by_side():
    """Channels 0 to 3 become the four pixels of the first image, 4 to 7 those of the second."""
    channels = torch.tensor([0.0, 1, 2, 3, 10, 11, 12, 13])
    module = PixelShuffle(2).build((8, 1, 2))
    found = module(torch.stack([channels, channels + 100], 1).view(1, 8, 1, 2))
    assert found[0].tolist() == [[[0, 1, 100, 101], [2, 3, 102, 103]], [[10, 11, 110, 111], [12, 13, 112, 113]]]
