"""Digits to be compared with real images."""

from __future__ import annotations

import numpy as np
import pytest

from ganmnist import paths
from ganmnist.dataset import Dataset
from ganmnist.generation.draw_like import draw_like
from ganmnist.generation.sampler import Sampler
from ganmnist.models.store import ModelStore


@pytest.fixture(scope="module")
def bundled():
    return Sampler.load(ModelStore(paths.home()).find(None))


def images(labels):
    labels = np.array(labels, np.uint8)
    blank = np.zeros((len(labels), 28, 28), np.uint8)
    return Dataset("few", "made up", blank, labels, blank, labels)


def test_there_are_as_many_of_each_class_as_among_the_real_images(bundled):
    asked = []

    class Spy:
        latent_dim, classes = bundled.latent_dim, bundled.classes

        def generate(self, z, classes):
            asked.extend(classes)
            return bundled.generate(z, classes)

    said = []
    made = draw_like(images([3] * 9 + [7]), Spy(), 200, said.append)
    assert (made.shape, made.dtype) == ((200, 28, 28), np.uint8)
    assert set(asked) == {3, 7}
    assert 5 <= asked.count(7) <= 40
    assert (len(said), said[0], said[-1]) == (20, 0.05, 1.0)


def test_they_are_the_same_each_time(bundled):
    data = images([1, 4, 6])
    assert draw_like(data, bundled, 30).tobytes() == draw_like(data, bundled, 30).tobytes()
