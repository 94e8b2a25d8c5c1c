"""The digits that are drawn when MNIST cannot be had."""

from __future__ import annotations

import numpy as np
import pytest

from ganmnist import drawn_digits


@pytest.fixture(scope="module")
def drawn():
    return drawn_digits.draw(lambda percent, words: None)


def test_there_are_6000_to_train_with_and_1000_to_test(drawn):
    images, labels, test_images, test_labels = drawn
    assert images.shape == (6000, 28, 28)
    assert labels.shape == (6000,)
    assert test_images.shape == (1000, 28, 28)
    assert test_labels.shape == (1000,)
    assert {array.dtype for array in drawn} == {np.dtype(np.uint8)}


def test_a_digit_drawn_with_the_same_chance_is_the_same():
    first, second = (
        [drawn_digits.draw_digit(digit, chance) for digit in range(10)]
        for chance in (np.random.default_rng(4), np.random.default_rng(4))
    )
    np.testing.assert_array_equal(first, second)


def test_every_call_draws_the_same_set(drawn, monkeypatch):
    monkeypatch.setattr(drawn_digits, "draw_digit", _first_only(drawn_digits.draw_digit, 200))
    again = drawn_digits.draw(lambda percent, words: None)
    np.testing.assert_array_equal(again[0][:200], drawn[0][:200])
    np.testing.assert_array_equal(again[1], drawn[1])


def _first_only(draw_digit, count):
    """Leave the rest black, for drawing takes its time."""
    black, drawn = np.zeros((28, 28), np.uint8), []

    def draw(digit, chance):
        drawn.append(digit)
        return draw_digit(digit, chance) if len(drawn) <= count else black

    return draw


def test_all_ten_digits_are_there_in_like_numbers(drawn):
    counts = np.bincount(drawn[1], minlength=10)
    assert len(counts) == 10
    assert counts.min() > 450


def test_they_are_white_on_black(drawn):
    images = drawn[0]
    assert images.max() == 255
    assert (images.reshape(len(images), -1).max(1) > 200).all()
    assert 15 < images.mean() < 60  # MNIST has 33
    border = np.concatenate([images[:, 0], images[:, -1], images[:, :, 0], images[:, :, -1]])
    assert border.mean() < 2


def test_no_two_of_a_digit_are_alike_and_the_digits_differ_from_each_other(drawn):
    images, labels = drawn[0], drawn[1]
    assert len(np.unique(images.reshape(len(images), -1), axis=0)) == len(images)
    means = np.stack([images[labels == digit].mean(0).ravel() for digit in range(10)])
    tests, expected = drawn[2].reshape(1000, -1).astype(float), drawn[3]
    nearest = ((tests[:, None] - means[None]) ** 2).sum(2).argmin(1)
    assert (nearest == expected).mean() > 0.8


def test_a_seven_stands_upright(drawn):
    sevens = drawn[0][drawn[1] == 7].mean(0)
    assert sevens[3:8].sum() > 1.5 * sevens[20:25].sum()  # its bar is at the top, row 0 first
