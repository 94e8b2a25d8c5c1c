"""From an image to the nearest latent."""

import numpy as np
import pytest
import torch

from ganmnist.data.drawing import draw, fit
from ganmnist.data.load import load_data
from ganmnist.errors import SettingError
from ganmnist.generation.inversion import invert, mean_squared_error
from ganmnist.generation.placement import MNIST
from ganmnist.generation.sampler import Sampler
from ganmnist.latent.directions import project
from ganmnist.latent.vectors import from_seed
from ganmnist.models.store import ModelStore


@pytest.fixture(scope="module")
def sampler(tmp_path_factory):
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # as the server does: two would wait for each other on a busy machine
    yield Sampler.load(ModelStore(tmp_path_factory.mktemp("home")).find(None))
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    return load_data(None).test_images[5:8]


def test_a_real_digit_is_found_twice_as_near_as_the_best_of_a_thousand(sampler, digits):
    tries = sampler.generate(from_seed(99, 1000, sampler.latent_dim), np.arange(1000) % 10)
    ratios = []
    for image in digits:
        found = invert(sampler, image)
        best = min(mean_squared_error(each, image) for each in tries)
        assert np.linalg.norm(found.z[: sampler.latent_dim]) <= sampler.latent_dim**0.5 + 1.51
        ratios.append(found.mse / best)
    assert np.mean(ratios) < 0.35  # 0.12 over 220 digits


def test_what_is_found_is_complete_and_the_same_each_time(sampler, digits):
    found, again = invert(sampler, digits[1]), invert(sampler, digits[1])
    assert np.array_equal(found.z, again.z)
    latent, classes = found.z[None, : sampler.latent_dim], found.z[sampler.latent_dim :]
    assert classes.tolist() == np.eye(10)[found.digit].tolist()
    assert np.array_equal(sampler.generate(latent, np.array([found.digit]))[0], found.image)
    assert found.mse == mean_squared_error(found.image, digits[1])
    known = sampler.directions()
    assert found.sliders == {name: pytest.approx(value[0]) for name, value in project(latent, known).items()}
    assert set(found.sliders) == {direction.name for direction in known}


def test_a_generated_digit_finds_its_own_class_and_another_where_it_must(sampler):
    image = sampler.generate(from_seed(3, 1, sampler.latent_dim), np.array([0]))[0]
    free, forced = invert(sampler, image), invert(sampler, image, digit=1)
    assert (free.digit, forced.digit) == (0, 1)
    assert free.mse < 0.01 < forced.mse


def test_it_is_sure_of_real_digits_and_of_what_it_finds_by_itself(sampler, digits):
    for image in digits:
        found = invert(sampler, image)
        assert found.sure
        assert found.remarks() == []
        assert found.told() == f"a {found.digit}" == f"a {found.class_name}"


SCRIBBLE = [[[0, 0], [9, 3], [1, 8], [7, 9], [6, 0], [2, 5], [10, 10]]]


def not_digits(digits):
    yield np.random.default_rng(3).integers(0, 256, (28, 28)).astype(np.uint8)
    yield draw(SCRIBBLE)
    yield fit(np.concatenate([digits[0], digits[2]], 1))
    yield np.zeros((28, 28), np.uint8)
    yield np.full((28, 28), 255, np.uint8)


def test_of_what_is_no_digit_it_is_not_sure_and_says_so(sampler, digits):
    for image in not_digits(digits):
        found = invert(sampler, image)
        assert not found.sure
        assert 0 <= found.likeness < 0.95
        assert found.told() == f"perhaps a {found.digit}"
        (remark,) = found.remarks()
        assert f"likeness {found.likeness:.2f}" in remark


def test_it_is_not_sure_of_another_digit_than_is_drawn(sampler):
    image = sampler.generate(from_seed(3, 1, sampler.latent_dim), np.array([0]))[0]
    free, forced = invert(sampler, image), invert(sampler, image, digit="1")
    assert (free.sure, forced.sure) == (True, False)
    assert forced.likeness < 0.01 < 0.95 < free.likeness


def test_a_class_is_named_and_the_judge_is_not_asked_for_a_digit_that_it_is_not(sampler, digits, monkeypatch):
    trees = tuple(f"tree {number}" for number in range(10))
    own = Sampler(sampler.networks, sampler._generator.state_dict(), "trees", 1, trees)
    found, as_digit = invert(own, digits[1], digit="Tree 6"), invert(sampler, digits[1], digit=6)
    assert (found.digit, found.class_name) == (6, "tree 6")
    assert found.told().endswith("tree 6")
    assert as_digit.likeness < 0.01 < 0.1 < found.likeness, "by its features alone"


def test_classes_that_are_numbered_are_digits_only_where_they_show_them(sampler):
    assert sampler.draws_digits()
    turned = Sampler(sampler.networks, sampler._generator.state_dict(), "turned", 1, tuple("1234567890"))
    assert not turned.draws_digits()


@pytest.mark.parametrize(
    ("image", "digit", "words"),
    [
        (np.zeros((28, 20), np.uint8), None, "image: expected shape"),
        (np.zeros((28, 28), np.uint8), 10, "digit: got 10"),
    ],
)
def test_what_the_model_does_not_take_is_refused(sampler, image, digit, words):
    with pytest.raises(SettingError, match=words):
        invert(sampler, image, digit)


def test_drawings_go_where_a_models_digits_are_and_its_next_weights_are_asked_anew(sampler, monkeypatch):
    assert sampler.placement() == MNIST
    own = Sampler(sampler.networks, sampler._generator.state_dict(), "low", 1)
    drawn = np.zeros((80, 28, 28), np.uint8)
    drawn[:, 14:27, 2:9] = 255
    monkeypatch.setattr(own, "generate", lambda z, classes=None: drawn[: len(z)])
    rows = np.flatnonzero(draw(SCRIBBLE, placement=own.placement()).any(1))
    assert (rows[0], rows[-1]) == (14, 26)
    monkeypatch.undo()
    own.update(sampler._generator.state_dict(), 2)
    assert own.placement() == MNIST
