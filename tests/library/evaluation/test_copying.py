"""Copies are told from new images."""

import numpy as np
import pytest

from ganmnist.evaluation.copying import Originals


@pytest.fixture
def pictures():
    return np.random.default_rng(3).integers(0, 256, (1260, 28, 28)).astype(np.uint8)


def test_copies_are_nothing_new_and_other_pictures_of_the_kind_are(pictures):
    originals = Originals(pictures[:1200])
    assert originals.novelty(pictures[[3, 17, 17, 1040]]) == pytest.approx(0, abs=0.01)
    assert originals.novelty(pictures[1200:]) == pytest.approx(1, abs=0.05)


def test_what_is_half_of_one_and_half_of_another_is_between(pictures):
    assert 0.3 < Originals(pictures[:50]).novelty(pictures[:8] // 2 + pictures[8:16] // 2) < 0.9


@pytest.mark.parametrize("count", [1, 9])
def test_pictures_that_are_all_the_same_are_no_reason_for_a_warning(count):
    assert Originals(np.zeros((count, 28, 28), np.uint8)).novelty(np.ones((4, 28, 28), np.uint8)) == 1
