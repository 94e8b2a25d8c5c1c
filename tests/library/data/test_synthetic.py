"""The digits that stand in where MNIST cannot be had: drawn from the bundled model, kept, never taken for MNIST."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from ganmnist.data import download, load, synthetic
from ganmnist.data.load import MNIST, is_at_hand, load_data
from ganmnist.evaluation.judge import extract_features
from ganmnist.generation.sampler import Sampler

MNIST_SHARES = [0.0986, 0.1125, 0.0999, 0.102, 0.0975, 0.0902, 0.0982, 0.1042, 0.0975, 0.0994]
PARTS = ("train_images", "train_labels", "test_images", "test_labels")


@pytest.fixture
def whole(home, monkeypatch):
    """The whole set, but black, for drawing it takes seconds."""
    monkeypatch.setattr(Sampler, "generate", lambda self, z, classes: np.zeros((len(z), 28, 28), np.uint8))
    return synthetic.draw(home, lambda percent, words: None)


@pytest.fixture
def few(monkeypatch):
    monkeypatch.setattr(synthetic, "TRAIN", 13)
    monkeypatch.setattr(synthetic, "TEST", 4)
    monkeypatch.setattr(synthetic, "_PART", 5)


@pytest.fixture
def nowhere(monkeypatch, home, few):
    """An empty home and no network."""
    monkeypatch.delenv("GANMNIST_DATA", raising=False)

    def refuse(*_):
        raise OSError("no network in this test")

    monkeypatch.setattr(download, "fetch", refuse)
    return home


@pytest.fixture
def cache(nowhere):
    return nowhere / "data" / "synthetic-mnist"


@pytest.fixture
def drawings(monkeypatch):
    """Counts how often the set is drawn."""
    drawn: list[int] = []
    draw = synthetic.draw

    def count(*arguments):
        drawn.append(1)
        return draw(*arguments)

    monkeypatch.setattr(synthetic, "draw", count)
    return drawn


def test_there_are_18000_to_train_with_and_2000_to_test(whole):
    assert [array.shape for array in whole] == [(18000, 28, 28), (18000,), (2000, 28, 28), (2000,)]
    assert {array.dtype for array in whole} == {np.dtype(np.uint8)}


def test_the_digits_are_in_mnists_proportions(whole):
    counts, expected = np.bincount(np.concatenate([whole[1], whole[3]])), 20_000 * np.array(MNIST_SHARES)
    assert (np.abs(counts - expected) < 4 * np.sqrt(expected)).all()


def test_each_is_the_digit_its_label_says_and_no_two_are_alike(home, monkeypatch):
    monkeypatch.setattr(synthetic, "TRAIN", 200)
    monkeypatch.setattr(synthetic, "TEST", 0)
    images, labels, _, _ = synthetic.draw(home, lambda percent, words: None)
    _, probabilities = extract_features(images)
    assert (probabilities.argmax(1) == labels).mean() > 0.95
    assert len(np.unique(images.reshape(len(images), -1), axis=0)) == len(images)


def test_they_are_drawn_the_same_each_time_by_one_thread_or_two(home, few):
    first = synthetic.draw(home, lambda percent, words: None)
    torch.set_num_threads(2)
    again = synthetic.draw(home, lambda percent, words: None)
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, other)


def test_afterwards_torch_has_as_many_threads_as_before(home, few):
    torch.set_num_threads(2)
    synthetic.draw(home, lambda percent, words: None)
    with ThreadPoolExecutor(1) as pool:
        assert [torch.get_num_threads(), pool.submit(torch.get_num_threads).result()] == [2, 2]


def test_progress_grows_to_the_end(home, few):
    said: list[float] = []
    synthetic.draw(home, lambda percent, words: said.append(percent))
    assert said == [0, 25, 50, 75, 100]


def test_they_are_drawn_once_and_then_read(nowhere, drawings):
    first, second = load_data(), load_data()
    assert drawings == [1]
    for found in (first, second):
        assert found.name == "synthetic-mnist"
        assert "not MNIST itself" in found.source
        assert found.classes == tuple("0123456789")
    for part in PARTS:
        np.testing.assert_array_equal(getattr(first, part), getattr(second, part))


@pytest.mark.parametrize("name", MNIST)
@pytest.mark.parametrize(
    "spoil",
    [lambda content: None, lambda content: content[: len(content) // 2], lambda content: b"", lambda content: b"what?"],
    ids=["absent", "cut", "empty", "another"],
)
def test_a_damaged_or_half_written_cache_is_drawn_anew(cache, drawings, name, spoil):
    whole = load_data()
    path = cache / f"{name}.gz"
    content = spoil(path.read_bytes())
    path.unlink() if content is None else path.write_bytes(content)
    for _ in range(2):
        again = load_data()
        for part in PARTS:
            np.testing.assert_array_equal(getattr(again, part), getattr(whole, part))
    assert drawings == [1, 1]


def test_a_disk_that_is_full_keeps_nobody_from_the_digits(cache, monkeypatch):
    def refuse(*_):
        raise OSError("no space left on device")

    monkeypatch.setattr(load, "write_idx", refuse)
    assert len(load_data().train_images) == 13
    assert not cache.exists()


def test_they_are_not_mnist_at_hand(nowhere):
    load_data()
    assert not is_at_hand(nowhere)
