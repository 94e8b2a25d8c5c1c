"""Ink is told from paper by which side of it stands out, however the paper is lit, however pale the ink is."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from PIL import Image

from ganmnist.data.drawing import fit
from ganmnist.data.ink import find_ink, is_dust
from ganmnist.data.picture import read_picture
from ganmnist.errors import SettingError


def mark(side: int) -> np.ndarray:
    """A lopsided mark, a bar with a foot: how much of each pixel it covers, from 0 to 1."""
    image = np.zeros((side, side), np.float32)
    image[side // 5 : 4 * side // 5, side // 3 : side // 2] = 1
    image[2 * side // 3 : 4 * side // 5, side // 3 : 3 * side // 4] = 1
    return image


def scene(paper: float, ink: float, side: int = 140, light: float = 0.0, noise: float = 0.0, quality: int = 0):
    """A photo of the mark: light falls off to one corner, and the camera has its noise, and JPEG its own."""
    y, x = np.mgrid[0:side, 0:side] / side - 0.5
    covered = mark(side)
    lit = (paper * (1 - covered) + ink * covered) * (1 + light * (x + y))
    grey = (lit + np.random.default_rng(1).normal(0, noise, lit.shape)).clip(0, 255).astype(np.uint8)
    if not quality:
        return grey
    content = BytesIO()
    Image.fromarray(grey).save(content, "JPEG", quality=quality)
    return np.asarray(Image.open(content))


def away(strength: np.ndarray) -> float:
    """How many greys the strength is away from the mark, on the average."""
    assert strength.shape == mark(len(strength)).shape
    return float(np.abs(strength - 255 * mark(len(strength))).mean())


@pytest.mark.parametrize("paper", [90, 100, 120, 126, 127, 128, 130, 150, 180, 220])
@pytest.mark.parametrize("light", [0.0, 0.3])
@pytest.mark.parametrize("quality", [0, 75])
def test_dark_ink_on_paper_of_any_grey_becomes_light_ink_on_black(paper, light, quality):
    found = find_ink(scene(paper, 30, light=light, noise=2, quality=quality))
    assert found.dark
    assert away(found.strength) < 4
    assert found.strength[:20].max() == 0


@pytest.mark.parametrize("paper", [10, 60, 126, 127, 128, 140])
def test_light_ink_on_paper_of_any_grey_stays_light(paper):
    found = find_ink(scene(paper, 210, light=0.2, noise=2, quality=80))
    assert not found.dark
    assert away(found.strength) < 4


@pytest.mark.parametrize(("paper", "ink"), [(120, 91), (200, 171), (60, 89), (100, 129), (240, 211), (130, 101)])
@pytest.mark.parametrize("noise", [0, 2])
def test_ink_29_greys_from_its_paper_is_ink(paper, ink, noise):
    found = find_ink(scene(paper, ink, noise=noise))
    assert found.dark == (ink < paper)
    assert away(found.strength) < 8


@given(gain=st.floats(0.35, 1.0), paper=st.integers(100, 250), contrast=st.integers(70, 95))
def test_two_exposures_of_one_scene_come_out_alike(gain, paper, contrast):
    ink = paper * (100 - contrast) / 100
    first, second = (find_ink(scene(paper * each, ink * each, light=0.2)) for each in (1.0, gain))
    assert first.dark
    assert second.dark
    assert np.abs(first.strength.astype(float) - second.strength).mean() < 3


@given(paper=st.integers(20, 235), ink=st.integers(0, 255))
def test_the_negative_of_a_picture_is_the_same_ink_on_the_other_side(paper, ink):
    assume(abs(paper - ink) >= 40)
    picture = scene(paper, ink, side=60)
    one, other = find_ink(picture), find_ink(255 - picture)
    assert one.dark != other.dark
    assert np.abs(one.strength.astype(float) - other.strength).mean() < 2


@pytest.mark.parametrize("strongest", [1, 76, 150, 254, 255])
def test_what_is_like_mnist_keeps_its_greys_to_the_bit(strongest):
    image = (mark(28) * strongest).astype(np.uint8)
    image[10, 12] = strongest // 2
    np.testing.assert_array_equal(find_ink(image).strength, image)


def test_strong_ink_on_pure_white_is_its_negative_to_the_bit():
    image = (mark(60) * 231).astype(np.uint8)
    image[20, 24] = 17
    found = find_ink(255 - image)
    assert found.dark
    np.testing.assert_array_equal(found.strength, image)


@pytest.mark.parametrize("grey", [226, 240])
def test_pale_ink_on_pure_white_is_stretched_unless_it_is_next_to_nothing(grey):
    image = np.full((60, 60), 255, np.uint8)
    image[mark(60) > 0] = grey
    assert find_ink(image).strength.max() == (255 if grey == 226 else 0)


def test_ink_that_touches_the_border_is_not_taken_for_paper():
    image = np.full((56, 56), 150, np.uint8)
    image[:, 20:30] = 40
    found = find_ink(image)
    assert found.dark
    assert found.strength[:, 22:28].min() == 255
    assert not found.strength[:, :18].any()


def test_a_thing_that_fills_most_of_the_picture_is_still_the_thing():
    image = np.full((60, 60), 170, np.uint8)
    image[4:-4, 4:-4] = 60
    found = find_ink(image)
    assert found.dark
    assert found.strength[6:-6, 6:-6].min() == 255


def blank(side: int, paper: float, light: float = 0.0, noise: float = 0.0, quality: int = 0) -> np.ndarray:
    return scene(paper, paper, side, light, noise, quality)


@pytest.mark.parametrize(
    "picture",
    [
        *(blank(140, paper) for paper in (0, 1, 90, 200, 255)),
        *(blank(side, 150, light, noise, quality)
          for side in (28, 140, 500) for light in (0, 0.5) for noise in (1, 6, 20) for quality in (0, 60)),
        np.random.default_rng(1).integers(0, 256, (200, 200)).astype(np.uint8),
        np.random.default_rng(2).integers(0, 256, (28, 28)).astype(np.uint8),
        (np.random.default_rng(3).random((200, 200)) < 0.01).astype(np.uint8) * 255,
        255 - (np.random.default_rng(3).random((200, 200)) < 0.01).astype(np.uint8) * 255,
        128 + (np.random.default_rng(3).random((200, 200)) < 0.01).astype(np.uint8) * 120,
        scene(150, 150, 140) + (np.hypot(*(np.mgrid[0:140, 0:140] - 70)) < 1).astype(np.uint8) * 60,
    ],
)  # fmt: skip
def test_blank_paper_and_noise_are_no_drawing(picture):
    with pytest.raises(SettingError, match="nothing is drawn"):
        fit(picture)


def test_a_soft_shadow_or_a_lamps_light_on_blank_paper_is_no_drawing():
    y, x = np.mgrid[0:300, 0:300] / 300 - 0.5
    for light in (25, -25):
        spot = (160 + light * np.exp(-(x**2 + y**2) / 0.1)).astype(np.uint8)
        with pytest.raises(SettingError, match="nothing is drawn"):
            fit(spot)


def test_single_pixels_are_dust_and_a_line_is_none():
    line = np.zeros((28, 28), np.uint8)
    line[4:20, 9] = 255
    dust = np.zeros((28, 28), np.uint8)
    dust[::7, ::7] = 255
    assert not is_dust(line)
    assert is_dust(dust)


def test_a_picture_of_things_keeps_its_greys(tmp_path):
    y, x = np.mgrid[0:56, 0:56]
    things = (128 + 60 * np.sin(x / 4) + 60 * np.cos(y / 5)).astype(np.uint8)
    Image.fromarray(things).save(tmp_path / "a.png")
    expected = np.asarray(Image.fromarray(things).resize((28, 28), Image.Resampling.HAMMING))
    np.testing.assert_array_equal(read_picture(tmp_path / "a.png"), expected)


def test_blank_paper_is_black_among_pictures(tmp_path):
    Image.fromarray(blank(56, 240, noise=1)).save(tmp_path / "a.png")
    assert not read_picture(tmp_path / "a.png").any()


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (40, 1), (2, 3), (8, 8), (3, 1000)])
@pytest.mark.parametrize("paper", [0, 130, 255])
def test_pictures_of_any_shape_are_looked_at(shape, paper):
    find_ink(np.full(shape, paper, np.uint8))
    chance = np.random.default_rng(1).integers(0, 256, shape).astype(np.uint8)
    find_ink(chance)
