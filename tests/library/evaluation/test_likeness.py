"""How alike two images are to the judge, and from where on that is sure."""

import numpy as np
import pytest

from ganmnist.data.load import load_data
from ganmnist.evaluation.likeness import are_digits, likeness


@pytest.fixture(scope="module")
def real():
    """The first test image of each digit, in order."""
    data = load_data(None)
    return np.stack([data.test_images[np.flatnonzero(data.test_labels == digit)[0]] for digit in range(10)])


def test_a_digit_is_like_itself_and_unlike_another(real):
    assert likeness(real[7], real[7], 7) == (pytest.approx(1, abs=0.01), True)
    value, sure = likeness(real[7], real[4], 7)
    assert value < 0.9
    assert not sure


def test_what_the_drawing_does_not_show_is_not_sure_however_alike(real):
    value, sure = likeness(real[7], real[7], 4)
    assert value < 0.01
    assert not sure
    assert likeness(real[7], real[7]) == (pytest.approx(1), True), "where no digit is claimed"


def test_noise_is_unlike_a_digit_whatever_class_the_judge_sees_in_it(real):
    noise = np.random.default_rng(5).integers(0, 256, (28, 28)).astype(np.uint8)
    assert not any(likeness(noise, image, digit).sure for digit, image in enumerate(real))


@pytest.mark.parametrize("paper", [0, 90, 255])
def test_nothing_drawn_is_like_nothing_not_even_itself(real, paper):
    blank = np.full((28, 28), paper, np.uint8)
    blank[9:12, 14] += 15 if paper < 255 else 0
    for found in (blank, *real):
        assert likeness(blank, found) == likeness(blank, found, 1) == (0, False)
    assert not likeness(real[1], blank).sure


def test_images_are_digits_if_they_show_what_their_classes_are_called(real):
    assert are_digits(real, "0123456789")
    assert are_digits(real[[3, 7]], ("3", "7"))
    assert not are_digits(real, "1234567890")
    assert not are_digits(real[:3], ("oak", "elm", "ash"))
    assert not are_digits(real[:2], ("0", "oak"))
    assert not are_digits(real[:0], ())
