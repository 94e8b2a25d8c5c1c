"""Vectors between others: on the way from key to key."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from ganmnist.config import BetweenConfig
from ganmnist.errors import SettingError
from ganmnist.latent.interpolation import between, path, slerp, slerp_grid

LATENT = 5
NUMBERS = st.one_of(st.just(0.0), st.floats(-10, 10, width=32))
KEYS = st.integers(2, 5).flatmap(lambda count: arrays.arrays(np.float32, (count, LATENT + 3), elements=NUMBERS))
STEPS = st.integers(1, 9)


def lengths(z):
    return np.linalg.norm(z[..., :LATENT].astype(np.float64), axis=-1)


@given(keys=KEYS, steps=STEPS, closed=st.booleans(), linear=st.booleans())
def test_every_key_is_on_the_path_bit_for_bit_and_steps_lie_between(keys, steps, closed, linear):
    way = path(keys, steps, LATENT, closed=closed, linear=linear)
    assert way.dtype == np.float32
    assert len(way) == (len(keys) * steps if closed else (len(keys) - 1) * steps + 1)
    assert way[::steps].tobytes() == keys.tobytes()


@given(keys=KEYS, steps=STEPS)
def test_on_a_great_circle_no_vector_is_longer_or_shorter_than_both_its_ends(keys, steps):
    way = slerp(keys[:-1], keys[1:], np.arange(steps + 1) / steps, LATENT)
    ends = np.stack([lengths(keys[:-1]), lengths(keys[1:])])
    assert np.isfinite(way).all()
    assert (lengths(way) >= ends.min(0)[:, None] * (1 - 1e-6) - 1e-6).all()
    assert (lengths(way) <= ends.max(0)[:, None] * (1 + 1e-6) + 1e-6).all()


@given(keys=KEYS, steps=STEPS, linear=st.booleans())
def test_weights_of_classes_go_straight_and_so_do_latents_where_asked(keys, steps, linear):
    shares = np.arange(steps + 1)[:, None] / steps
    start, end = keys[:2].astype(np.float64)
    straight = ((1 - shares) * start + shares * end)[:, 0 if linear else LATENT :]
    way = path(keys[:2], steps, LATENT, linear=linear)
    np.testing.assert_allclose(way[:, 0 if linear else LATENT :], straight, rtol=1e-6, atol=1e-6)


@given(keys=KEYS, steps=STEPS, closed=st.booleans(), linear=st.booleans())
def test_the_way_back_is_the_way_there_reversed(keys, steps, closed, linear):
    there = path(keys, steps, LATENT, closed=closed, linear=linear)
    back = path(keys[::-1], steps, LATENT, closed=closed, linear=linear)[::-1]
    np.testing.assert_allclose(there, np.roll(back, 1 - steps, 0) if closed else back, atol=2e-5)


@given(keys=KEYS, steps=STEPS, linear=st.booleans())
def test_a_loop_is_the_same_wherever_it_begins(keys, steps, linear):
    loop = path(keys, steps, LATENT, closed=True, linear=linear)
    later = path(np.roll(keys, -1, 0), steps, LATENT, closed=True, linear=linear)
    assert np.roll(loop, -steps, 0).tobytes() == later.tobytes()


@given(keys=KEYS, steps=STEPS, order=st.permutations(range(3)))
def test_the_order_of_the_classes_is_of_no_matter(keys, steps, order):
    order = [*range(LATENT), *(LATENT + place for place in order)]
    np.testing.assert_array_equal(path(keys[:, order], steps, LATENT), path(keys, steps, LATENT)[:, order])


def test_a_quarter_circle_is_gone_in_equal_angles():
    way = path(np.array([[2, 0], [0, 2]], np.float32), 3, 2)
    angles = np.radians([0, 30, 60, 90])
    np.testing.assert_allclose(way, 2 * np.stack([np.cos(angles), np.sin(angles)], 1), atol=1e-6)


def test_opposite_vectors_go_half_round_and_equal_ones_stay():
    key = np.array([[3, 0, 4]], np.float32)
    half_round = path(np.concatenate([key, -key]), 4, 3)
    np.testing.assert_allclose(half_round[2], [0, 5, 0], atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(half_round, axis=1), 5, rtol=1e-6)
    np.testing.assert_array_equal(path(np.concatenate([key, key]), 4, 3), np.repeat(key, 5, 0))


def test_from_zeros_the_way_is_straight_and_between_zeros_there_is_none():
    zero, key = np.zeros((1, 2), np.float32), np.array([[3, -4]], np.float32)
    np.testing.assert_allclose(path(np.concatenate([zero, key]), 2, 2)[1], [1.5, -2], rtol=1e-6)
    assert not path(np.concatenate([zero, zero]), 3, 2).any()


def test_a_latent_of_one_number_goes_through_zero():
    way = path(np.array([[1], [-1]], np.float32), 2, 1)
    np.testing.assert_allclose(way, [[1], [0], [-1]], atol=1e-6)


@given(corners=arrays.arrays(np.float32, (4, LATENT + 3), elements=NUMBERS), rows=st.integers(2, 5), columns=STEPS)
def test_a_patch_has_its_corners_bit_for_bit_and_paths_for_edges(corners, rows, columns):
    filled = slerp_grid(corners, rows, columns + 1, LATENT)
    assert filled.shape == (rows, columns + 1, LATENT + 3)
    assert filled[[0, 0, -1, -1], [0, -1, 0, -1]].tobytes() == corners.tobytes()
    np.testing.assert_allclose(filled[0], path(corners[:2], columns, LATENT), atol=2e-6)
    np.testing.assert_allclose(filled[-1], path(corners[2:], columns, LATENT), atol=2e-6)
    np.testing.assert_allclose(filled[:, 0], path(corners[[0, 2]], rows - 1, LATENT), atol=2e-6)


def test_a_patch_of_one_row_lies_half_way_down():
    corners = np.array([[9, 0, 0], [9, 4, 0], [9, 0, 2], [9, 4, 2]], np.float32)
    np.testing.assert_array_equal(slerp_grid(corners, 1, 3, 1), [[[9, 0, 1], [9, 2, 1], [9, 4, 1]]])


class Few(BetweenConfig):
    """As the server bounds it."""

    most = 256


def test_more_vectors_than_can_be_drawn_are_refused_with_the_steps_that_fit():
    z = ((1.0, 0.0), (0.0, 1.0), (1.0, 1.0))
    with pytest.raises(SettingError, match=r"steps: makes 401 vectors, at most 256: lower it to 127 or less"):
        between(Few(z=z, steps=200), 2, 0)
    assert len(between(Few(z=z, steps=127), 2, 0)) == 255
    assert len(between(Few(z=z, steps=85, closed=True), 2, 0)) == 255
    with pytest.raises(SettingError, match=r"lower it to 85 or less"):
        between(Few(z=z, steps=86, closed=True), 2, 0)


def test_a_vector_of_another_length_is_named_by_its_place():
    with pytest.raises(SettingError, match=r"z\.1: has 3 numbers, the model takes 2, or 6 with its classes"):
        between(BetweenConfig(z=((1, 2), (1, 2, 3))), 2, 4)


def test_one_vector_alone_is_no_path():
    with pytest.raises(SettingError, match="z: a path wants two vectors or more, got one"):
        between(BetweenConfig(z=((1, 2),)), 2, 4)
