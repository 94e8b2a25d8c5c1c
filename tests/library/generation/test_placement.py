"""Where a model's pictures have their ink, and drawings that are put there."""

import numpy as np
import pytest

from ganmnist.data.drawing import draw, fit
from ganmnist.data.load import load_data
from ganmnist.generation.placement import MNIST, Span, measure_placement

HOOK = [[(0.0, 10.0), (7.0, 10.0), (2.0, 0.0)]]


def pictures(rows, columns, count=30):
    """Bars, some with a heavy foot and some with a heavy head, in boxes that are alike but for a pixel."""
    images = np.zeros((count, 28, 28), np.uint8)
    for number, image in enumerate(images):
        top, bottom = rows[0] + number % 2, rows[1]
        image[top:bottom, columns[0] : columns[0] + 3] = 255
        image[bottom - 3 : bottom, columns[0] : columns[1]] = 200
        if number % 3:
            image[top : top + 9, columns[0] : columns[1]] = 255
    return images


def box(image):
    rows, columns = np.flatnonzero(image.any(1)), np.flatnonzero(image.any(0))
    return rows[0], rows[-1] + 1, columns[0], columns[-1] + 1


def test_pictures_like_mnists_have_mnists_placement_to_the_byte():
    digits = load_data(None).train_images[:80]
    assert measure_placement(digits) == MNIST
    assert np.array_equal(draw(HOOK, placement=measure_placement(digits)), draw(HOOK))


def test_large_pictures_and_small_ones_in_a_corner_are_measured_by_their_box():
    large, small = measure_placement(pictures((3, 26), (6, 22))), measure_placement(pictures((14, 27), (2, 10)))
    assert (large.side.usual, large.row.usual, large.column.usual) == (22.5, 14.75, 14)
    assert (small.side.usual, small.row.usual, small.column.usual) == (12.5, 20.75, 6)
    assert not large.by_mass | small.by_mass


@pytest.mark.parametrize(("rows", "columns"), [((2, 26), (6, 22)), ((14, 26), (1, 11))])
def test_a_drawing_comes_to_where_the_models_ink_is(rows, columns):
    placement = measure_placement(pictures(rows, columns))
    top, bottom, left, right = box(draw(HOOK, placement=placement))
    assert abs(max(bottom - top, right - left) - (rows[1] - rows[0])) <= 1
    assert abs((top + bottom) / 2 - sum(rows) / 2) <= 1
    assert abs((left + right) / 2 - sum(columns) / 2) <= 1


def test_a_picture_that_lies_as_the_models_do_keeps_its_size_and_place():
    images = pictures((3, 26), (6, 22))
    placement = measure_placement(images)
    for image in images[:2]:  # one of 23 rows, one of 22
        assert np.array_equal(fit(image, placement=placement), image)
    far = fit(np.roll(images[0], -3, 0), placement=placement)
    assert abs(box(far)[0] - box(images[0])[0]) <= 1


def test_where_the_model_draws_dark_ink_on_light_a_drawing_is_dark_on_light():
    images = pictures((3, 26), (6, 22))
    placement = measure_placement(255 - images)
    assert placement == measure_placement(images)._replace(on_light=True)
    assert np.array_equal(fit(images[0], placement=placement), 255 - images[0])


def test_what_a_model_draws_before_it_has_learnt_to_says_nothing():
    haze = np.random.default_rng(1).integers(0, 150, (40, 28, 28)).astype(np.uint8)
    assert measure_placement(haze) == MNIST
    assert measure_placement(np.zeros((5, 28, 28), np.uint8)) == MNIST


def test_a_picture_without_ink_among_others_does_not_count():
    images = pictures((3, 26), (6, 22))
    assert measure_placement(np.concatenate([images, np.zeros((1, 28, 28), np.uint8)])) == measure_placement(images)


def test_a_span_holds_what_rounding_puts_beside_it():
    assert Span(3, 4, 5).holds(5.5)
    assert not Span(3, 4, 5).holds(5.6)
