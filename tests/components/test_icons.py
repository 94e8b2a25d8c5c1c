"""The icons: drawn for every component, each its own, and to be seen on every ground that Grasshopper has."""

from __future__ import annotations

import io
import itertools

import numpy as np
import pytest
from PIL import Image

from ghpython_components.icons.drawings import DRAWINGS
from ghpython_components.icons.icons import icon, package_icon
from ghpython_components.sources import component

NAMES = component.names(component.document())
UNKNOWN = "layer_self_attention"
LIGHT_TAB, COMPONENT, DARK_TAB = (240, 240, 240), (190, 190, 190), (50, 50, 50)
WARNING, ERROR, SELECTED = (255, 150, 0), (200, 60, 60), (90, 200, 60)


def pixels(file: bytes) -> np.ndarray:
    """Return (height, width, 4), 0 to 255."""
    return np.asarray(Image.open(io.BytesIO(file)), np.float32)


@pytest.fixture(scope="module")
def icons() -> dict[str, np.ndarray]:
    return {name: pixels(icon(name)) for name in [*NAMES, UNKNOWN]}


def test_every_component_but_a_new_layer_has_a_drawing_and_no_drawing_is_left_over():
    assert {name for name in NAMES if not name.startswith("layer_")} <= set(DRAWINGS) <= set(NAMES)


def test_an_icon_is_a_png_of_24_pixels_with_alpha_and_without_a_word_about_itself():
    for name in [*NAMES, UNKNOWN]:
        image = Image.open(io.BytesIO(icon(name)))
        image.load()
        assert (image.format, image.size, image.mode, image.info) == ("PNG", (24, 24), "RGBA", {}), name


def test_no_two_icons_are_alike(icons):
    seen = {name: each[..., :3] * each[..., 3:] / 255 for name, each in icons.items()}
    for one, other in itertools.combinations(seen, 2):
        assert np.abs(seen[one] - seen[other]).mean() > 32, f"{one}, {other}"


def test_the_same_icon_is_the_same_file():
    assert [icon(name) for name in NAMES] == [icon(name) for name in NAMES]
    assert package_icon() == package_icon()


@pytest.mark.parametrize("ground", [LIGHT_TAB, COMPONENT, DARK_TAB, WARNING, ERROR, SELECTED], ids=str)
def test_an_eighth_of_an_icon_and_more_stands_out_from_the_ground(icons, ground):
    for name, each in icons.items():
        contrast = np.abs(each[..., :3] - ground).max(-1) * each[..., 3] / 255
        assert (contrast > 80).mean() > 1 / 8, name


def test_an_icon_fills_its_place_and_is_not_cut_off(icons):
    for name, each in icons.items():
        covered = each[..., 3] > 127
        rim = np.concatenate([covered[0], covered[-1], covered[:, 0], covered[:, -1]])
        assert rim.mean() < 0.05, name
        assert min(np.ptp(np.flatnonzero(covered.any(axis))) for axis in (0, 1)) >= 19, name


def test_an_icon_stands_on_a_transparent_ground(icons):
    for name, each in icons.items():
        assert (each[..., 3] == 0).mean() > 0.2, name


def test_new_layers_show_their_initials():
    assert icon(UNKNOWN) != icon("layer_spectral_norm")
    assert icon(UNKNOWN) != icon("layer_spatial_attention"), "the same initials"
    assert pixels(icon("layer_attention")).shape == pixels(icon("layer_")).shape == (24, 24, 4)


def test_layers_that_others_have_would_not_look_alike_without_a_drawing():
    names = [
        "add",
        "attention",
        "average_pooling2d",
        "concatenate",
        "conv1d",
        "cropping2d",
        "depthwise_conv2d",
        "elu",
        "embedding",
        "gaussian_noise",
        "gelu",
        "global_average_pooling2d",
        "global_max_pooling2d",
        "instance_norm",
        "layer_norm",
        "max_pooling2d",
        "noise_injection",
        "prelu",
        "residual_block",
        "self_attention",
        "separable_conv2d",
        "silu",
        "softmax",
        "spatial_attention",
        "spatial_dropout2d",
        "spectral_norm",
    ]
    assert len({icon(f"layer_{name}") for name in names}) == len(names)


def test_the_package_has_an_icon_of_64_pixels():
    image = Image.open(io.BytesIO(package_icon()))
    assert (image.format, image.size, image.mode) == ("PNG", (64, 64), "RGBA")
    assert 0.2 < (pixels(package_icon())[..., 3] == 0).mean() < 0.6
