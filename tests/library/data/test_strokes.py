"""Strokes in photos with noise, the edge of a shadow, ruled lines or a desk: read all the same, or with a doubt."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from ganmnist.data.drawing import fit, fit_with_doubt
from ganmnist.data.load import load_data
from ganmnist.evaluation.judge import extract_features
from ganmnist.generation.inversion_result import Inversion

SIDE = 280
Y, X = np.mgrid[0:SIDE, 0:SIDE]


@pytest.fixture(scope="module")
def digits():
    data = load_data(None)
    return data.test_images[:8], data.test_labels[:8]


def covered(digit, side=SIDE):
    return np.asarray(Image.fromarray(digit).resize((side, side), Image.Resampling.BICUBIC)) / 255


def noisy(digit):
    return 120 - 90 * covered(digit)


def with_shadow(digit):
    return 200 - 160 * covered(digit) - 60 * (X + 0.4 * Y > 0.6 * SIDE)


def ruled(digit):
    return np.minimum(200 - 170 * covered(digit), np.where((Y + 0.02 * X) % 37 < 2.5, 140, 255))


def on_a_desk(digit):
    desk = np.full((SIDE, SIDE), 50.0)
    desk[50:250, 20:220] = 215 - 175 * covered(digit, 200)
    return desk


def photo(scene, noise, quality=80):
    """What a camera makes of a scene."""
    content = BytesIO()
    grey = scene + np.random.default_rng(1).normal(0, noise, scene.shape)
    Image.fromarray(grey.clip(0, 255).astype(np.uint8)).save(content, "JPEG", quality=quality)
    return np.asarray(Image.open(content))


def height(image):
    return np.ptp(np.flatnonzero((image > 48).any(1))) + 1


@pytest.mark.parametrize(
    ("scene", "noise", "pixels"),
    [(noisy, 3, 0.5), (noisy, 6, 0.5), (with_shadow, 3, 2), (ruled, 3, 1), (on_a_desk, 3, 1)],
)
def test_a_photo_of_a_digit_is_read_as_the_digit(digits, scene, noise, pixels):
    read = [fit_with_doubt(photo(scene(digit), noise)) for digit in digits[0]]
    assert [each.doubt for each in read] == [""] * len(read)
    images = np.stack([each.image for each in read])
    assert extract_features(images)[1].argmax(1).tolist() == digits[1].tolist()
    assert (
        np.mean([abs(height(one) - height(fit(other))) for one, other in zip(images, digits[0], strict=True)]) <= pixels
    )


def test_ink_that_reaches_the_edge_of_a_photo_leaves_a_doubt_with_its_remedy():
    scene = np.full((SIDE, SIDE), 180.0)
    scene[:, 100:220] = 60
    read = fit_with_doubt(photo(scene, 3))
    assert "reach its edge" in read.doubt
    assert "cut the picture to the paper" in read.doubt


def test_what_is_in_doubt_is_not_sure_and_says_why():
    found = Inversion(np.zeros(1, np.float32), 1, 7, "7", 0.99, True, 0.0, np.zeros((28, 28), np.uint8), {})
    assert found.doubted("").sure
    assert not found.doubted("A desk.").sure
    assert (found.doubted("A desk.").told(), found.doubted("A desk.").remarks()) == ("perhaps a 7", ["A desk."])


@pytest.mark.parametrize("on_black", [True, False])
def test_a_drawing_on_pure_paper_that_reaches_its_edge_is_believed(on_black):
    pad = np.zeros((112, 112), np.uint8)
    pad[:90, 50:60] = 255
    assert fit_with_doubt(pad if on_black else 255 - pad).doubt == ""
