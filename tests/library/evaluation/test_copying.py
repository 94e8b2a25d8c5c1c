"""Copies are told from new images."""

import numpy as np
import pytest

from ganmnist.evaluation.copying import novelty


@pytest.fixture
def pictures():
    return np.random.default_rng(3).integers(0, 256, (60, 28, 28)).astype(np.uint8)


def test_copies_are_nothing_new_and_other_pictures_of_the_kind_are(pictures):
    assert novelty(pictures[[3, 17, 17, 40]], pictures[:50]) == pytest.approx(0, abs=1e-6)
    assert novelty(pictures[50:], pictures[:50]) == pytest.approx(1, abs=0.05)


def test_a_copy_that_is_somewhat_blurred_is_between(pictures):
    blurred = pictures[:8] // 2 + pictures[8:16] // 2
    assert 0.3 < novelty(blurred, pictures) < 0.9


def test_pictures_that_are_all_the_same_are_no_reason_for_a_warning():
    assert novelty(np.zeros((4, 28, 28), np.uint8), np.zeros((9, 28, 28), np.uint8)) == 1
