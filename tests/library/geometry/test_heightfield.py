"""Pixels to geometry: where each pixel goes, which way faces turn, how digits are laid out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ganmnist.config import GeometryConfig, Plane
from ganmnist.errors import GeometryError
from ganmnist.geometry.forms import build
from ganmnist.geometry.heightfield import GAP, flat_mesh, point_grid, relief
from ganmnist.geometry.layout import image_grid_mesh
from ganmnist.geometry.pieces import Mesh, Points
from ganmnist.pixels import tile

LOPSIDED = np.array([[9, 0, 0], [0, 0, 255]], np.uint8)
IMAGES = arrays(np.uint8, st.tuples(st.integers(2, 6), st.integers(2, 6)))
STEPS = st.floats(0.01, 100)
MAKERS = [relief, flat_mesh, point_grid]


def positions(piece: Mesh | Points) -> np.ndarray:
    return piece.vertices if isinstance(piece, Mesh) else piece.grid.reshape(-1, 3)


def signed_areas(mesh: Mesh) -> np.ndarray:
    """Area of each quad seen from +Z: positive when it runs counter-clockwise."""
    x, y = mesh.vertices[mesh.faces][..., 0], mesh.vertices[mesh.faces][..., 1]
    return 0.5 * (x * np.roll(y, -1, 1) - np.roll(x, -1, 1) * y).sum(1)


def seen_from_above(piece: Mesh | Points, by_face: bool = False) -> np.ndarray:
    """What Top view shows: grey by row and column, y upwards on the screen."""
    if by_face:
        at, grey = piece.vertices[piece.faces].mean(1), piece.colors[piece.faces[:, 0]]
    else:
        at, grey = positions(piece), piece.colors.reshape(-1)
    rows = sorted(set(at[:, 1].round(6)), reverse=True)
    columns = sorted(set(at[:, 0].round(6)))
    shown = np.zeros((len(rows), len(columns)), np.uint8)
    for (x, y), value in zip(at[:, :2].round(6).tolist(), grey.tolist(), strict=True):
        shown[rows.index(y), columns.index(x)] = value
    return shown


@st.composite
def planes(draw):
    """A frame anywhere, turned anyhow, its axes of any length."""
    chance = np.random.default_rng(draw(st.integers(0, 10_000)))
    frame, _ = np.linalg.qr(chance.normal(size=(3, 3)))
    lengths = draw(st.tuples(STEPS, STEPS))
    return Plane(
        origin=tuple(chance.uniform(-50, 50, 3).tolist()),
        xaxis=tuple((frame[0] * lengths[0]).tolist()),
        yaxis=tuple((frame[1] * lengths[1]).tolist()),
    )


def test_top_left_pixel_has_smallest_x_and_largest_y():
    mesh = relief(LOPSIDED, cell=2.0, height=255.0)
    assert mesh.vertices[0].tolist() == [0.0, 2.0, 9.0]
    assert mesh.vertices[-1].tolist() == [4.0, 0.0, 255.0]
    assert point_grid(LOPSIDED, cell=2.0, height=255.0).to_rows()[0][0] == [0.0, 2.0, 9.0]


def test_the_first_square_of_a_flat_mesh_is_the_top_left_pixel():
    mesh = flat_mesh(LOPSIDED, cell=2.0)
    assert mesh.vertices[mesh.faces[0]].tolist() == [[0, 2, 0], [2, 2, 0], [2, 4, 0], [0, 4, 0]]
    assert mesh.colors[mesh.faces[0]].tolist() == [9, 9, 9, 9]


@pytest.mark.parametrize("make", MAKERS)
@given(image=IMAGES)
def test_an_image_stands_upright_in_top_view(make, image):
    np.testing.assert_array_equal(seen_from_above(make(image), by_face=make is flat_mesh), image)


@given(images=arrays(np.uint8, st.tuples(st.integers(1, 5), st.integers(2, 3), st.integers(2, 4))))
def test_an_image_grid_stands_upright_with_its_images_row_by_row(images):
    shown = seen_from_above(image_grid_mesh(images, columns=2))
    height, width = images.shape[1:]
    for place in range(-(-len(images) // 2) * 2):
        top, left = place // 2 * height, place % 2 * width
        expected = images[place] if place < len(images) else np.zeros((height, width))
        np.testing.assert_array_equal(shown[top : top + height, left : left + width], expected)


def test_an_image_grid_below_the_axis_does_not_touch_one_on_it():
    images = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)
    on, below = image_grid_mesh(images, columns=1, cell=2.0), image_grid_mesh(images, columns=1, cell=2.0, below=True)
    assert (on.vertices[:, 1].min(), below.vertices[:, 1].max()) == (0.0, -2.0 * (GAP + 1))
    np.testing.assert_array_equal(below.vertices[:, [0, 2]], on.vertices[:, [0, 2]])


def test_a_relief_of_a_digit_has_a_vertex_a_pixel_and_a_quad_between_four():
    mesh = relief(np.zeros((28, 28), np.uint8))
    assert mesh.vertices.shape == (28 * 28, 3)
    assert mesh.faces.shape == (27 * 27, 4)
    assert mesh.colors.shape == (28 * 28,)
    assert (mesh.vertices.dtype, mesh.faces.dtype, mesh.colors.dtype) == (np.float64, np.int32, np.uint8)


@given(image=IMAGES, cell=STEPS, height=st.floats(0, 1000))
def test_a_relief_is_as_high_as_its_pixels_are_white(image, cell, height):
    for piece in (relief(image, cell, height), point_grid(image, cell, height)):
        np.testing.assert_allclose(positions(piece)[:, 2], image.reshape(-1) / 255 * height, atol=1e-12)
        np.testing.assert_array_equal(piece.colors.reshape(-1), image.reshape(-1))


@given(image=IMAGES, cell=STEPS)
def test_faces_run_counter_clockwise_seen_from_above_and_cover_the_image_once(image, cell):
    rows, columns = image.shape
    for mesh, area in (
        (relief(image, cell, 7.0), (rows - 1) * (columns - 1)),
        (flat_mesh(image, cell), rows * columns),
    ):
        areas = signed_areas(mesh)
        np.testing.assert_allclose(areas, cell**2, rtol=1e-9)
        assert areas.sum() == pytest.approx(area * cell**2)
        assert len(np.unique(mesh.vertices[mesh.faces].mean(1)[:, :2].round(9), axis=0)) == len(mesh.faces)


@given(image=IMAGES)
def test_a_flat_mesh_has_one_colour_a_pixel_and_neighbours_share_no_vertex(image):
    mesh = flat_mesh(image, height=5.0)
    np.testing.assert_array_equal(mesh.colors[mesh.faces], np.repeat(image.reshape(-1, 1), 4, 1))
    assert len(np.unique(mesh.faces)) == mesh.faces.size == len(mesh.vertices)
    assert (mesh.vertices[:, 2] == 0).all()


def test_a_point_grid_has_rows_from_the_top():
    rows = point_grid(LOPSIDED, cell=3.0, height=0.0).to_rows()
    assert rows == [[[0, 3, 0], [3, 3, 0], [6, 3, 0]], [[0, 0, 0], [3, 0, 0], [6, 0, 0]]]


@pytest.mark.parametrize("form", ["mesh", "relief", "points"])
@pytest.mark.parametrize("count", [1, 2, 3, 5, 10])
def test_digits_laid_out_side_by_side_do_not_overlap(form, count):
    images = np.zeros((count, 4, 3), np.uint8)
    pieces = build(images, GeometryConfig(form=form, cell=0.5))
    boxes = [(positions(piece).min(0)[:2], positions(piece).max(0)[:2]) for piece in pieces]
    assert len(pieces) == count
    for place, (low, high) in enumerate(boxes):
        for other_low, other_high in boxes[place + 1 :]:
            assert (low > other_high).any() or (other_low > high).any()


def test_digits_are_laid_out_in_rows_from_the_origin_to_the_right_and_down():
    pieces = build(np.zeros((5, 4, 3), np.uint8), GeometryConfig(form="relief", cell=2.0))
    corners = [piece.vertices.min(0)[:2].tolist() for piece in pieces]
    right, down = (3 + GAP) * 2.0, (4 + GAP) * 2.0
    assert corners == [[0, 0], [right, 0], [2 * right, 0], [0, -down], [right, -down]]


@given(plane=planes(), form=st.sampled_from(["mesh", "relief", "points"]))
def test_a_plane_moves_the_geometry_rigidly_and_changes_nothing_else(plane, form):
    images = np.stack([LOPSIDED, LOPSIDED[::-1]])
    flat, moved = (build(images, GeometryConfig(form=form, cell=1.5, plane=frame)) for frame in (Plane(), plane))
    x, y = (np.array(axis) / np.linalg.norm(axis) for axis in (plane.xaxis, plane.yaxis))
    for before, after in zip(flat, moved, strict=True):
        away = positions(after) - np.array(plane.origin)
        back = np.stack([away @ x, away @ y, away @ np.cross(x, y)], 1)
        np.testing.assert_allclose(back, positions(before), atol=1e-9)
        np.testing.assert_array_equal(after.colors, before.colors)
        if isinstance(before, Mesh):
            np.testing.assert_array_equal(after.faces, before.faces)


def test_a_plane_on_its_side_stands_the_digit_up_in_front_view():
    upright = Plane(origin=(10, 20, 30), xaxis=(1, 0, 0), yaxis=(0, 0, 1))
    mesh = relief(LOPSIDED, cell=2.0, height=255.0, plane=upright)
    assert mesh.vertices[0].tolist() == [10.0, 20.0 - 9.0, 30.0 + 2.0]


@pytest.mark.parametrize(
    "axes",
    [
        {"xaxis": (0, 0, 0)},
        {"yaxis": (1, 0, 0)},
        {"xaxis": (1, 0.1, 0)},
        {"xaxis": (1e200, 0, 0)},
        {"xaxis": (1e308, 1e308, 0), "yaxis": (-1e308, 1e308, 0)},
        {"origin": (0, -1e300, 0)},
    ],
)
@pytest.mark.parametrize("form", ["mesh", "relief", "points"])
def test_a_plane_that_is_none_is_refused(axes, form):
    with pytest.raises(GeometryError, match="plane"):
        build(LOPSIDED[None], GeometryConfig(form=form, plane=axes))


@pytest.mark.parametrize(
    "images",
    [
        np.zeros((0, 28, 28), np.uint8),
        np.zeros((1, 1, 28), np.uint8),
        np.zeros((1, 28, 1), np.uint8),
        np.zeros((28, 28), np.uint8),
        np.zeros((1, 28, 28), np.float32),
    ],
    ids=["none", "a row", "a column", "no stack", "floats"],
)
def test_what_is_no_stack_of_images_is_refused(images):
    for form in ("mesh", "relief", "points"):
        with pytest.raises(GeometryError, match="images"):
            build(images, GeometryConfig(form=form))
    with pytest.raises(GeometryError, match="images"):
        tile(images, 2)


def test_the_form_images_asks_for_no_geometry():
    assert build(LOPSIDED[None], GeometryConfig(form="images")) == []


def test_a_compas_mesh_is_whole_and_keeps_its_colours():
    made = relief(LOPSIDED, cell=2.0, height=255.0)
    mesh = made.to_compas()
    assert mesh.is_valid()
    assert mesh.number_of_vertices() == 6
    assert mesh.number_of_faces() == 2
    assert mesh.vertex_coordinates(0) == [0.0, 2.0, 9.0]
    assert [mesh.face_vertices(face) for face in mesh.faces()] == made.faces.tolist()
    assert mesh.vertex_attribute(0, "color").rgb255 == (9, 9, 9)
    assert mesh.vertex_attribute(5, "color").rgb255 == (255, 255, 255)
    assert all(mesh.face_normal(face)[2] > 0 for face in mesh.faces())


def test_a_flat_compas_mesh_has_a_face_a_pixel():
    mesh = flat_mesh(LOPSIDED).to_compas()
    assert mesh.is_valid()
    assert mesh.number_of_faces() == 6


def test_a_compas_point_cloud_has_a_point_a_pixel():
    cloud = point_grid(LOPSIDED, cell=2.0, height=255.0).to_compas()
    assert len(cloud) == 6
    assert list(cloud.points[0]) == [0.0, 2.0, 9.0]


def test_geometry_leaves_the_image_alone():
    image = LOPSIDED.copy()
    for make in MAKERS:
        make(image)
    np.testing.assert_array_equal(image, LOPSIDED)
