"""Latent vectors: from a seed, from sliders, or whole; and which digit each is to be."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganmnist.class_names import KnownClasses
from ganmnist.config import GenerateConfig
from ganmnist.errors import SettingError
from ganmnist.latent.vectors import classes, digits, from_seed, in_turn, inputs, one_hot

SLIDERS = st.lists(st.floats(-10, 10, width=32), max_size=8)


@given(seed=st.integers(0, 2**31 - 1), count=st.integers(1, 9), dimension=st.integers(8, 40), sliders=SLIDERS)
def test_sliders_overwrite_the_first_numbers_and_the_rest_is_the_seeds(seed, count, dimension, sliders):
    z = inputs(GenerateConfig(seed=seed, count=count, latent=sliders), dimension, 0)
    assert z.shape == (count, dimension)
    assert z.dtype == np.float32
    assert z[:, : len(sliders)].tolist() == [sliders] * count
    np.testing.assert_array_equal(z[:, len(sliders) :], from_seed(seed, count, dimension)[:, len(sliders) :])


@given(seed=st.integers(0, 2**31 - 1), few=st.integers(1, 20), many=st.integers(20, 256))
def test_sample_i_is_the_same_however_many_are_asked_for(seed, few, many):
    np.testing.assert_array_equal(from_seed(seed, few, 7), from_seed(seed, many, 7)[:few])


def test_seeds_give_standard_normal_numbers_and_each_its_own():
    z = from_seed(3, 256, 100)
    assert abs(z.mean()) < 0.02
    assert abs(z.std() - 1) < 0.02
    assert not np.array_equal(z, from_seed(4, 256, 100))


def test_a_seed_gives_the_same_numbers_on_every_machine():
    expected = [0.12573022, -0.13210486, 0.64042264, 0.10490011]
    assert from_seed(0, 1, 4)[0].tolist() == pytest.approx(expected, abs=1e-7)


def test_as_many_sliders_as_the_model_has_numbers_fit_and_one_more_does_not():
    assert inputs(GenerateConfig(latent=(1, -2, 3)), 3, 0).tolist() == [[1, -2, 3]]
    with pytest.raises(SettingError, match=r"latent: has 4 numbers.*at most 3.*fewer sliders"):
        inputs(GenerateConfig(latent=(1, 2, 3, 4)), 3, 0)


def test_whole_vectors_pass_through_in_place_of_count_seed_and_sliders():
    config = GenerateConfig(z=((0.5, -1), (2, 10)), count=7, seed=5, latent=(9, 9, 9))
    z = inputs(config, 2, 0)
    assert z.tolist() == [[0.5, -1], [2, 10]]
    assert z.dtype == np.float32


def test_a_whole_vector_of_another_length_is_named_by_its_place():
    with pytest.raises(SettingError, match=r"z\.1: has 3 numbers, the model takes 2"):
        inputs(GenerateConfig(z=((1, 2), (1, 2, 3))), 2, 0)


def test_a_whole_vector_says_its_class_and_a_shorter_one_gets_the_seeds():
    config = GenerateConfig(z=((0.5, -1), (2, 3, 0, 0.25, 0.75)), seed=5)
    z = inputs(config, 2, 3)
    assert z[1].tolist() == [2, 3, 0, 0.25, 0.75]
    assert z[0].tolist() == [0.5, -1, *one_hot(classes(config, 2, 3), 3)[0].tolist()]
    assert digits(z, 2) == [int(classes(config, 2, 3)[0]), 2]


def test_the_digit_asked_for_goes_before_the_class_of_a_whole_vector():
    assert inputs(GenerateConfig(z=((2, 3, 0, 0.25, 0.75),), digit=1), 2, 3).tolist() == [[2, 3, 0, 1, 0]]


@pytest.mark.parametrize("numbers", [1, 3, 4, 6, 11])
def test_a_vector_has_the_latent_numbers_alone_or_all_classes_too(numbers):
    with pytest.raises(SettingError, match=rf"z\.0: has {numbers} numbers?, the model takes 2, or 5 with its classes"):
        inputs(GenerateConfig(z=((1,) * numbers,)), 2, 3)


def test_without_classes_there_is_no_digit_to_say():
    assert digits(inputs(GenerateConfig(count=2), 3, 0), 3) == []


def test_whole_vectors_in_one_row_are_taken_apart_and_no_more_than_can_be_drawn():
    rows = ((1, 2, 0, 1, 0, 3, 4, 1, 0, 0), (5, 6, 0, 0, 1))
    assert inputs(GenerateConfig(z=rows), 2, 3).tolist() == [[1, 2, 0, 1, 0], [3, 4, 1, 0, 0], [5, 6, 0, 0, 1]]

    class Few(GenerateConfig):
        most = 256

    with pytest.raises(SettingError, match="z: has 257 vectors, at most 256"):
        inputs(Few(z=((0,) * 5 * 257,)), 2, 3)


@given(seed=st.integers(0, 2**31 - 1), few=st.integers(1, 20), many=st.integers(20, 256), known=st.integers(1, 100))
def test_class_i_of_a_seed_is_the_same_however_many_are_asked_for(seed, few, many, known):
    config = GenerateConfig(seed=seed)
    drawn = classes(config, many, known)
    assert drawn.shape == (many,)
    assert drawn.min() >= 0
    assert drawn.max() < known
    np.testing.assert_array_equal(classes(config, few, known), drawn[:few])


def test_seeds_draw_all_classes_and_each_its_own():
    drawn = classes(GenerateConfig(seed=3), 256, 10)
    assert np.bincount(drawn, minlength=10).min() > 10
    assert not np.array_equal(drawn, classes(GenerateConfig(seed=4), 256, 10))


def test_a_seed_draws_the_same_classes_on_every_machine():
    assert classes(GenerateConfig(), 8, 10).tolist() == [5, 8, 9, 5, 3, 8, 2, 9]


def test_the_digit_asked_for_is_the_class_of_every_sample_whatever_the_seed():
    assert classes(GenerateConfig(digit=7, seed=5), 3, 10).tolist() == [7, 7, 7]


@given(seed=st.integers(0, 2**31 - 1), digit=st.integers(0, 9))
def test_the_digit_asked_for_changes_no_latent(seed, digit):
    chosen = inputs(GenerateConfig(seed=seed, digit=digit, count=3), 6, 10)
    np.testing.assert_array_equal(chosen[:, :6], inputs(GenerateConfig(seed=seed, count=3), 6, 10)[:, :6])
    assert digits(chosen, 6) == [digit] * 3


def test_a_digit_the_model_does_not_know_is_refused_and_those_it_knows_are_named():
    with pytest.raises(SettingError, match=r"digit: got 3; the model knows 0 to 2"):
        classes(GenerateConfig(digit=3), 1, 3)
    with pytest.raises(SettingError, match=r"digit: got 0; the model was trained without classes"):
        classes(GenerateConfig(digit=0), 1, 0)


TREES = KnownClasses(("oak", "elm", "ash"), "trees")


def test_a_class_is_chosen_by_its_name_as_by_its_number():
    assert classes(GenerateConfig(digit="Elm"), 2, TREES).tolist() == [1, 1]
    assert inputs(GenerateConfig(digit="ash", latent=(5, 6)), 2, TREES).tolist() == [[5, 6, 0, 0, 1]]
    assert inputs(GenerateConfig(digit=0, latent=(5, 6)), 2, TREES).tolist() == [[5, 6, 1, 0, 0]]


def test_the_name_asked_for_goes_before_the_class_of_a_whole_vector():
    assert inputs(GenerateConfig(z=((2, 3, 0, 0.25, 0.75),), digit="elm"), 2, TREES).tolist() == [[2, 3, 0, 1, 0]]


def test_a_class_the_model_does_not_know_is_refused_with_the_names_of_those_it_knows():
    with pytest.raises(SettingError, match=r"^digit: got beech; the model trees knows oak, elm, ash$"):
        inputs(GenerateConfig(digit="beech"), 2, TREES)


def test_a_model_without_classes_is_told_none_that_could_matter():
    assert classes(GenerateConfig(), 4, 0).tolist() == [0, 0, 0, 0]


def test_classes_in_turn_begin_again_after_the_last():
    assert in_turn(7, 3).tolist() == [0, 1, 2, 0, 1, 2, 0]
    assert in_turn(3, 0).tolist() == [0, 0, 0]
