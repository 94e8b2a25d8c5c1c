"""Every form of a digit: closed where it is a solid, in its place, and of the size that the pixels say."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
import rhino3dm
import trimesh
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ganmnist.config import Form, GenerateConfig, GeometryConfig, Plane
from ganmnist.errors import SettingError
from ganmnist.export.rhino import encode
from ganmnist.generation.sampler import generate
from ganmnist.geometry.contours import contours, extrusion
from ganmnist.geometry.forms import FORMS, build
from ganmnist.geometry.pieces import Curves, Mesh, Points, is_empty
from ganmnist.geometry.solids import NECK, pillars, solid_relief

SOLIDS = ("solid", "voxels", "extrusion")
IMAGES = arrays(np.uint8, st.tuples(st.integers(2, 7), st.integers(2, 7)))
# An L with its foot at the right: turned or mirrored it would be another.
ELL = np.zeros((5, 4), np.uint8)
ELL[1:4, 1] = 255
ELL[3, 2] = 255
CHECKERED = np.array([[255, 0, 255, 0], [0, 255, 0, 255], [255, 0, 0, 255]], np.uint8)


def as_trimesh(mesh: Mesh) -> trimesh.Trimesh:
    return trimesh.Trimesh(mesh.vertices, mesh.triangles(), process=False)


def in_rhino(mesh: Mesh):
    ((archive, version, data),) = encode(mesh)
    return rhino3dm.CommonObject.Decode({"version": 10000, "archive3dm": archive, "opennurbs": version, "data": data})


def area(line: np.ndarray) -> float:
    """Twice the signed area of a closed line, halved: above 0 where it runs counter-clockwise."""
    return 0.5 * float((line[:-1, 0] * line[1:, 1] - line[1:, 0] * line[:-1, 1]).sum())


@pytest.fixture(scope="module")
def digits():
    return generate(GenerateConfig(count=256, seed=11))


@pytest.mark.parametrize("form", SOLIDS)
def test_digits_as_solids_are_closed_and_manifold(form, digits):
    for number, mesh in enumerate(build(digits, GeometryConfig(form=form))):
        found = as_trimesh(mesh)
        assert found.is_watertight, number
        assert found.is_winding_consistent, number
        assert found.volume > 0, number
        if number % 16 == 0:
            rhino = in_rhino(mesh)
            manifold, oriented, border = rhino.IsManifold(True)
            assert (rhino.IsValid, rhino.IsClosed, manifold, oriented, border) == (True, True, True, True, False)


@given(image=IMAGES)
def test_any_image_gives_closed_solids(image):
    for form in SOLIDS:
        (mesh,) = build(image[None], GeometryConfig(form=form))
        if is_empty(mesh):
            assert form != "solid"
            assert (image < 128).all()
            continue
        found = as_trimesh(mesh)
        assert found.is_watertight, form
        assert found.is_winding_consistent, form
        assert found.volume > 0, form
        assert in_rhino(mesh).IsManifold(True)[0], form


@given(image=IMAGES, cell=st.sampled_from([0.5, 1.0, 3.0]), height=st.sampled_from([0.0, 2.0]), base=st.just(1.5))
def test_a_solid_relief_holds_what_its_triangles_stand_on(image, cell, height, base):
    mesh = solid_relief(image, cell, height, base)
    levels = base + height * image.astype(float) / 255
    # Each quad is cut from its lower left to its upper right corner.
    lower = levels[1:, :-1] + levels[1:, 1:] + levels[:-1, 1:]
    upper = levels[1:, :-1] + levels[:-1, 1:] + levels[:-1, :-1]
    assert as_trimesh(mesh).volume == pytest.approx(((lower + upper) / 3).sum() * cell**2 / 2)


@given(image=IMAGES, height=st.sampled_from([1.0, 4.0]))
def test_pillars_hold_their_pixels_and_the_bridges_between_them(image, height):
    white = np.pad(image >= 128, 1)
    four = [white[:-1, :-1], white[:-1, 1:], white[1:, 1:], white[1:, :-1]]
    bridges = (four[0] & four[2] & ~four[1] & ~four[3]) | (four[1] & four[3] & ~four[0] & ~four[2])
    # Where both ends of a wall reach out they come closer to each other, too.
    walls = (white[1:-1, 1:] != white[1:-1, :-1]) & bridges[1:] & bridges[:-1]
    ledges = (white[1:, 1:-1] != white[:-1, 1:-1]) & bridges[:, 1:] & bridges[:, :-1]
    mesh = pillars(image, 2.0, height)
    expected = 4 * height * (white.sum() + 2 * NECK * bridges.sum() - NECK**2 * (walls.sum() + ledges.sum()))
    assert (as_trimesh(mesh).volume if len(mesh.faces) else 0.0) == pytest.approx(expected)


def test_pixels_that_touch_at_a_corner_alone_are_one_body():
    found = as_trimesh(pillars(CHECKERED))
    assert found.body_count == 1
    assert found.is_watertight


@pytest.mark.parametrize("form", FORMS)
def test_a_form_stands_upright_and_its_plane_moves_it_and_nothing_else(form):
    config = GeometryConfig(form=form, cell=2.0, threshold=0.5)
    (at_home,) = build(ELL[None], config)
    frame = Plane(origin=(10.0, 20.0, 30.0), xaxis=(0.0, 1.0, 0.0), yaxis=(0.0, 0.0, 1.0))
    (moved,) = build(ELL[None], config.model_copy(update={"plane": frame}))
    home, away = points_of(at_home), points_of(moved)
    np.testing.assert_allclose(away, home[:, [2, 0, 1]] + (10.0, 20.0, 30.0), atol=1e-9)
    white = home if form in ("voxels", "extrusion", "contours", "points") else home[greys_of(at_home) > 127]
    foot, head = white[white[:, 1] < white[:, 1].mean()], white[white[:, 1] > white[:, 1].mean() + 1]
    assert foot[:, 0].max() > head[:, 0].max()  # the foot of the L is at the right, at the bottom


def points_of(piece):
    if isinstance(piece, Mesh):
        return piece.vertices
    return np.concatenate(piece.lines) if isinstance(piece, Curves) else piece.points()


def greys_of(piece):
    return piece.colors if isinstance(piece, Mesh) else piece.greys()


def test_every_form_but_images_is_specified_and_offered():
    assert ["images", *FORMS] == list(get_args(Form))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("levels", [1, 3])
def test_a_form_is_what_its_specification_says(form, levels):
    noise = np.random.default_rng(4).integers(0, 256, (1, 28, 23), np.uint8)
    for images in (
        noise,
        noise // 128 * 255,
        np.kron([[1, 0], [0, 1]], np.ones((14, 11)))[None].astype(np.uint8) * 255,
    ):
        config = GeometryConfig(form=form, levels=levels, height=5.0, base=0.5, threshold=0.2)
        (piece,) = build(images, config)
        spec = FORMS[form]
        assert type(piece) is spec.piece
        vertices = points_of(piece)
        assert len(vertices) <= 1.1 * spec.max_vertices(images[0].size, config)
        assert spec.is_flat == (np.ptp(vertices[:, 2]) == 0 and spec.piece is Mesh)
        assert np.ptp(vertices[:, 2]) <= spec.depth(config)


def test_contours_run_around_white_and_the_other_way_around_holes():
    ring = np.full((5, 5), 255, np.uint8)
    ring[2, 2] = 0
    outer, inner = sorted(contours(ring).lines, key=lambda line: -abs(area(line)))
    assert area(outer) > 16
    assert -1 < area(inner) < 0
    for line in (outer, inner):
        np.testing.assert_array_equal(line[0], line[-1])
        assert set(line[:, 2]) == {2.0}


@given(image=IMAGES, threshold=st.floats(0, 1))
def test_every_contour_is_closed_and_encloses_what_an_extrusion_holds(image, threshold):
    lines = contours(image, height=3.0, threshold=threshold).lines
    assert all((line[0] == line[-1]).all() and len(line) > 3 for line in lines)
    mesh = extrusion(image, height=3.0, threshold=threshold)
    volume = as_trimesh(mesh).volume if len(mesh.faces) else 0.0
    assert volume == pytest.approx(3 * sum(map(area, lines)), rel=1e-6, abs=1e-6)


def test_levels_lie_above_one_another_as_in_a_relief():
    ramp = np.tile(np.linspace(0, 255, 9).astype(np.uint8), (4, 1))
    lines = contours(ramp, height=8.0, threshold=0.25, levels=3).lines
    assert [line[0, 2] for line in lines] == [2.0, 4.0, 6.0]
    areas = [area(line) for line in lines]
    assert areas == sorted(areas, reverse=True)


def test_where_no_pixel_is_white_enough_nothing_is_left_and_that_is_no_error():
    dark = np.full((1, 4, 4), 100, np.uint8)
    for form in ("voxels", "extrusion", "contours", "points"):
        (piece,) = build(dark, GeometryConfig(form=form, threshold=0.9))
        assert is_empty(piece), form
    (bright,) = build(dark, GeometryConfig(form="voxels", threshold=0.5, invert=True))
    assert not is_empty(bright)


def test_points_above_the_threshold_are_those_of_the_whole_grid():
    (every,) = build(ELL[None], GeometryConfig(form="points"))
    (white,) = build(ELL[None], GeometryConfig(form="points", threshold=0.5))
    assert isinstance(every, Points)
    assert (len(every.points()), len(white.points())) == (20, 4)
    np.testing.assert_array_equal(white.points(), every.points()[ELL.reshape(-1) > 0])
    assert set(white.greys()) == {255}


@pytest.mark.parametrize("height", [0, 1e-320])
@pytest.mark.parametrize("form", ["voxels", "extrusion"])
def test_a_body_without_height_is_refused(form, height):
    with pytest.raises(SettingError, match=f"height: {form} need a height of at least 1e-06, got"):
        build(ELL[None], GeometryConfig(form=form, height=height))


@pytest.mark.parametrize("form", ["relief", "solid", "voxels", "extrusion"])
def test_the_smallest_bodies_keep_their_corners_apart(form):
    (usual,) = build(ELL[None], GeometryConfig(form=form))
    (tiny,) = build(ELL[None], GeometryConfig(form=form, cell=1e-6, height=1e-6, base=1e-6))
    assert isinstance(tiny, Mesh)
    assert len(np.unique(tiny.vertices, axis=0)) == len(np.unique(usual.vertices, axis=0))
