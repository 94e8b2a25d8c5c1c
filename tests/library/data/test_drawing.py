"""Drawings read as MNIST's digits are."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from ganmnist.data.drawing import draw, fit, read_drawing
from ganmnist.errors import DataError, SettingError

SEVEN = [[(0.0, 10.0), (7.0, 10.0), (2.0, 0.0)]]  # a bar at the top, a stroke down to the left


def stroke(rows=90, columns=150):
    """A thick upright bar with a foot to the right, left of the middle."""
    image = np.zeros((rows, columns), np.uint8)
    image[20:60, 30:36] = 255
    image[54:60, 30:50] = 255
    return image


def box(image):
    rows, columns = np.flatnonzero(image.any(1)), np.flatnonzero(image.any(0))
    return int(np.ptp(rows)) + 1, int(np.ptp(columns)) + 1


def test_ink_is_20_pixels_large_keeps_its_ratio_and_has_its_mass_in_the_middle():
    image = fit(stroke())
    assert image.shape == (28, 28)
    assert box(image) == (20, 10)  # 40 x 20 pixels before
    centre = np.array(np.nonzero(image)) @ image[image > 0] / image.sum(dtype=float)
    assert np.abs(centre - 14).max() <= 0.5
    assert image.max() == 255
    assert image[20:].sum(dtype=float) > image[:8].sum(dtype=float)  # the foot is at the bottom


def test_a_digit_of_mnists_form_is_read_as_it_is():
    image = fit(stroke())
    assert np.array_equal(fit(image), image)


def test_dark_on_light_faint_or_noisy_is_read_alike():
    plain = fit(stroke()).astype(float)
    noise = np.random.default_rng(3).integers(-4, 5, stroke().shape)
    faint = (235 - stroke() * 0.4 + noise).astype(np.uint8)
    assert np.array_equal(fit(255 - stroke()), fit(stroke()))
    assert np.abs(fit(faint) - plain).mean() < 3


def test_a_transparent_background_is_paper_whatever_the_ink():
    for ink in (0, 255):
        picture = np.full((*stroke().shape, 4), ink, np.uint8)
        picture[..., 3] = stroke()
        content = BytesIO()
        Image.fromarray(picture).save(content, "PNG")
        assert np.array_equal(read_drawing(BytesIO(content.getvalue()), "drawing"), fit(stroke()))


def test_curves_are_the_same_wherever_they_lie_and_however_large():
    far = [[(1e6 + 30 * x, 30 * y - 1e5) for x, y in SEVEN[0]]]
    assert np.abs(draw(far).astype(int) - draw(SEVEN)).max() <= 2
    image = draw(SEVEN)
    assert 18 <= max(box(image)) <= 20
    assert (image[:12] > 127).sum(1).max() > 10 > (image[15:] > 127).sum(1).max()  # the bar is at the top


def test_a_frame_keeps_place_and_size_and_y_goes_up():
    image = draw([[(2.0, 24.5), (10.0, 24.5)]], pen=1.0, size=28.0)
    assert image[3, 5] > 200
    assert (np.flatnonzero(image.max(1) > 100)).tolist() == [3]
    assert box(image > 100) == (1, 9)


def test_a_wider_pen_makes_more_ink():
    assert draw(SEVEN, pen=3.0).sum() > 1.5 * draw(SEVEN, pen=0.7).sum()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: fit(np.full((40, 30), 200, np.uint8)), "image: nothing is drawn"),
        (lambda: draw([[]]), "curves: nothing is drawn"),
        (lambda: draw([[(3.0, 3.0)]]), "curves: all points are the same"),
        (lambda: draw([[(9.0, 9.0), (9.5, 9.0)]], size=1.0), "curves: nothing is drawn in the frame"),
        (lambda: draw([[(0.0, 1.0)] * 20_001]), "curves: have 20,001 points, at most 20,000"),
    ],
)
def test_what_cannot_be_read_says_why(make, words):
    with pytest.raises(SettingError, match=words):
        make()


def test_a_file_that_is_no_picture_is_refused_by_its_name(tmp_path):
    path = tmp_path / "drawing.png"
    path.write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"drawing\.png: cannot be read as a picture"):
        read_drawing(path)
