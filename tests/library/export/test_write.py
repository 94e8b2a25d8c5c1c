"""Every kind of file is read back by a reader of that kind."""

from __future__ import annotations

import io
import zipfile

import numpy as np
import pytest
import rhino3dm
import trimesh
from compas.data import json_load
from compas.datastructures import Mesh as CompasMesh
from compas.geometry import Pointcloud
from PIL import Image

from ganmnist.config import GeometryConfig
from ganmnist.errors import GeometryError, SettingError
from ganmnist.export import write as export
from ganmnist.export.pictures import sample_grid
from ganmnist.export.write import ENDINGS, file_bytes, remarks_on, validate_settings, write
from ganmnist.geometry.forms import build
from ganmnist.geometry.pieces import Mesh
from ganmnist.storage import atomic

CHANCE = np.random.default_rng(8)
IMAGES = CHANCE.integers(0, 256, (3, 5, 4), np.uint8)
CONFIG = GeometryConfig(form="relief", cell=2.0, height=10.0)


@pytest.fixture
def written(tmp_path):
    """Write the images: written(ending, form) -> path."""

    def written(ending: str, form: str = "relief"):
        path = tmp_path / f"digits{ending}"
        write(path, IMAGES, CONFIG.model_copy(update={"form": form}))
        return path

    return written


def expected(form: str) -> list:
    return build(IMAGES, CONFIG.model_copy(update={"form": form}))


def vertices_and_faces(meshes: list[Mesh]) -> tuple[np.ndarray, np.ndarray]:
    """All meshes as one."""
    starts = np.cumsum([0, *(len(mesh.vertices) for mesh in meshes[:-1])])
    vertices = np.concatenate([mesh.vertices for mesh in meshes])
    return vertices, np.concatenate([mesh.faces + start for mesh, start in zip(meshes, starts, strict=True)])


def test_npy_holds_the_images(written):
    np.testing.assert_array_equal(np.load(written(".npy"), allow_pickle=False), IMAGES)


def test_png_holds_an_image_grid_of_the_images(written):
    with Image.open(written(".png")) as picture:
        pixels = np.asarray(picture)
    assert pixels.shape == (10, 8)
    np.testing.assert_array_equal(pixels[:5, :4], IMAGES[0])
    np.testing.assert_array_equal(pixels[:5, 4:], IMAGES[1])
    np.testing.assert_array_equal(pixels[5:, :4], IMAGES[2])
    assert (pixels[5:, 4:] == 0).all()


def test_an_image_grid_has_as_many_columns_as_are_asked_for():
    assert sample_grid(IMAGES, 3).size == (12, 5)
    assert sample_grid(IMAGES[:1]).size == (4, 5)


@pytest.mark.parametrize("form", ["mesh", "relief"])
def test_3dm_holds_a_coloured_mesh_a_digit(written, form):
    objects = list(rhino3dm.File3dm.Read(str(written(".3dm", form))).Objects)
    assert len(objects) == 3
    for found, mesh in zip(objects, expected(form), strict=True):
        geometry = found.Geometry
        assert isinstance(geometry, rhino3dm.Mesh)
        assert geometry.IsValid
        assert geometry.Faces.Count == len(mesh.faces)
        points = map(geometry.Vertices.Point3dAt, range(len(geometry.Vertices)))
        np.testing.assert_array_equal([(p.X, p.Y, p.Z) for p in points], mesh.vertices)
        assert [geometry.VertexColors[place][1] for place in range(len(mesh.colors))] == mesh.colors.tolist()


def test_3dm_holds_a_point_cloud_a_digit(written):
    objects = list(rhino3dm.File3dm.Read(str(written(".3dm", "points"))).Objects)
    assert [len(found.Geometry) for found in objects] == [20, 20, 20]
    assert all(isinstance(found.Geometry, rhino3dm.PointCloud) for found in objects)


@pytest.mark.parametrize("form", ["mesh", "relief"])
def test_json_holds_compas_meshes(written, form):
    meshes = json_load(written(".json", form))
    assert all(isinstance(mesh, CompasMesh) and mesh.is_valid() for mesh in meshes)
    for mesh, ours in zip(meshes, expected(form), strict=True):
        np.testing.assert_array_equal(mesh.vertices_attributes("xyz"), ours.vertices)
        assert mesh.number_of_faces() == len(ours.faces)
        greys = [color.rgb255[0] for color in mesh.vertices_attribute("color")]
        assert greys == ours.colors.tolist()


def test_json_holds_compas_point_clouds(written):
    clouds = json_load(written(".json", "points"))
    assert all(isinstance(cloud, Pointcloud) for cloud in clouds)
    for cloud, ours in zip(clouds, expected("points"), strict=True):
        np.testing.assert_array_equal(cloud.points, ours.grid.reshape(-1, 3))


@pytest.mark.parametrize("form", ["mesh", "relief"])
def test_obj_holds_the_vertices_and_faces_of_all_digits(written, form):
    vertices, faces = vertices_and_faces(expected(form))
    lines = [line.split() for line in written(".obj", form).read_text().splitlines()]
    assert sum(line[0] == "o" for line in lines) == 3
    found = [[float(word) for word in line[1:4]] for line in lines if line[0] == "v"]
    np.testing.assert_allclose(found, vertices, rtol=1e-8)
    np.testing.assert_array_equal([[int(word) - 1 for word in line[1:]] for line in lines if line[0] == "f"], faces)


def test_obj_of_reliefs_is_read_by_compas(written):
    mesh = CompasMesh.from_obj(written(".obj", "relief"))
    assert mesh.is_valid()
    assert mesh.number_of_vertices() == 3 * 5 * 4
    assert mesh.number_of_faces() == 3 * 4 * 3
    assert all(mesh.face_normal(face)[2] > 0 for face in mesh.faces())


def test_obj_of_flat_meshes_has_the_grey_of_each_vertex_behind_its_position(written):
    lines = [line.split() for line in written(".obj", "mesh").read_text().splitlines() if line.startswith("v ")]
    greys = np.concatenate([mesh.colors for mesh in expected("mesh")])
    for line, grey in zip(lines, greys, strict=True):
        assert [round(float(word) * 255) for word in line[4:]] == [grey] * 3


@pytest.mark.parametrize("form", ["mesh", "relief"])
def test_stl_is_read_by_compas_and_holds_two_triangles_a_quad(written, form):
    meshes = expected(form)
    path = written(".stl", form)
    quads = sum(len(mesh.faces) for mesh in meshes)
    assert path.stat().st_size == 84 + 2 * quads * 50
    mesh = CompasMesh.from_stl(path, precision="12f")
    assert mesh.number_of_faces() == 2 * quads
    assert all(mesh.face_normal(face)[2] > 0 for face in mesh.faces())


def test_stl_covers_the_same_surface_with_the_normals_of_its_triangles(written):
    record = np.frombuffer(
        written(".stl").read_bytes()[84:], [("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("attribute", "<u2")]
    )
    a, b, c = record["corners"].swapaxes(0, 1).astype(float)
    across = np.cross(b - a, c - a)
    np.testing.assert_allclose(record["normal"], across / np.linalg.norm(across, axis=1, keepdims=True), atol=1e-5)
    assert across[:, 2].sum() / 2 == pytest.approx(3 * 4 * 3 * 2.0**2)  # seen from above, three digits of 4 x 3 quads


def test_trimesh_reads_what_we_write(written):
    for ending in (".obj", ".stl"):
        mesh = trimesh.load(written(ending), force="mesh")
        assert len(mesh.faces) == 2 * 3 * 4 * 3
        assert mesh.area == pytest.approx(sum(map(_area, expected("relief"))), rel=1e-5)


def _area(mesh: Mesh) -> float:
    corners = mesh.vertices[mesh.faces[:, [0, 1, 2, 0, 2, 3]]].reshape(-1, 3, 3)
    return np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1).sum() / 2


def test_the_case_of_an_ending_does_not_matter(tmp_path):
    write(tmp_path / "DIGITS.STL", IMAGES, CONFIG)
    assert (tmp_path / "DIGITS.STL").stat().st_size > 84


@pytest.mark.parametrize("name", ["digits.bmp", "digits", "digits.3dm.zip", ".png"])
def test_an_unknown_ending_lists_the_known_ones(tmp_path, name):
    with pytest.raises(SettingError) as caught:
        write(tmp_path / name, IMAGES, CONFIG)
    assert name in str(caught.value)
    assert all(ending in str(caught.value) for ending in ENDINGS)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("ending", [".stl", ".3mf"])
def test_points_cannot_be_written_where_only_meshes_fit(tmp_path, ending):
    with pytest.raises(SettingError, match=r"points.*3dm"):
        write(tmp_path / f"digits{ending}", IMAGES, GeometryConfig(form="points"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("ending", [".obj", ".stl", ".3dm", ".json"])
def test_no_empty_file_is_written_when_no_geometry_was_asked_for(tmp_path, ending):
    with pytest.raises(SettingError, match="images"):
        write(tmp_path / f"digits{ending}", IMAGES, GeometryConfig(form="images"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_write_that_fails_leaves_the_old_file(tmp_path, monkeypatch, ending):
    path = tmp_path / f"digits{ending}"
    path.write_bytes(b"the old one")

    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(atomic.os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write(path, IMAGES, CONFIG)
    assert path.read_bytes() == b"the old one"
    assert list(tmp_path.iterdir()) == [path]


def test_geometry_that_cannot_be_made_leaves_the_old_file(tmp_path):
    path = tmp_path / "digits.stl"
    path.write_bytes(b"the old one")
    with pytest.raises(GeometryError):
        write(path, IMAGES[:, :1], CONFIG)
    assert path.read_bytes() == b"the old one"


def test_an_array_file_cannot_hold_a_pickle(written):
    content = io.BytesIO(written(".npy").read_bytes())
    assert np.lib.format.read_magic(content) == (1, 0)
    assert np.lib.format.read_array_header_1_0(content)[2] == np.uint8


def test_without_settings_a_relief_is_written(tmp_path):
    write(tmp_path / "digits.3dm", IMAGES)
    assert len(rhino3dm.File3dm.Read(str(tmp_path / "digits.3dm")).Objects) == 3
    assert export.ENDINGS[0] == ".npy"


@pytest.mark.parametrize("form", ["relief", "mesh", "smooth", "contours", "points"])
def test_of_what_is_no_closed_body_it_is_said_that_it_cannot_be_printed_and_what_can(form):
    for ending in (".stl", ".3mf"):
        (remark,) = remarks_on(ending, form)
        assert remark.startswith(f"form: {form} is ")
        assert remark.endswith("which cannot be printed; solid, voxels and extrusion can")
    assert remarks_on(".3dm", form) == []


@pytest.mark.parametrize("form", ["solid", "voxels", "extrusion", "images"])
def test_of_what_can_be_printed_nothing_is_said(form):
    assert remarks_on(".stl", form) == remarks_on(".3mf", form) == []


@pytest.mark.parametrize("form", ["relief", "solid"])
def test_a_file_to_print_says_itself_that_its_form_cannot_be_printed(form):
    made = {ending: file_bytes(ending, IMAGES[:1], GeometryConfig(form=form)) for ending in (".stl", ".3mf")}
    with zipfile.ZipFile(io.BytesIO(made[".3mf"])) as archive:
        model = archive.read("3D/3dmodel.model").decode()
    said = "which cannot be printed; solid, voxels and extrusion can</metadata>" in model
    assert said == (b"not to be printed" in made[".stl"][:80]) == (form == "relief")


@pytest.mark.parametrize("ending", [".png", ".gif", ".npy"])
def test_white_and_black_are_turned_about_in_pictures_too(ending):
    inverted = file_bytes(ending, IMAGES, GeometryConfig(invert=True))
    assert inverted == file_bytes(ending, 255 - IMAGES, GeometryConfig())
    assert inverted != file_bytes(ending, IMAGES, GeometryConfig())


@pytest.mark.parametrize("name", ["form", "height", "cell", "base", "threshold", "levels"])
def test_settings_of_geometry_are_refused_where_a_file_holds_images(name):
    for ending in (".png", ".gif", ".npy"):
        with pytest.raises(SettingError, match=rf"^{name}: is of geometry, and a {ending} file holds the images"):
            validate_settings(ending, ["invert", name])
    validate_settings(".obj", [name])


def test_a_grid_has_columns_and_what_moves_has_none():
    validate_settings(".png", ["invert", "columns"])
    for ending, in_rows in ((".gif", True), (".npy", True), (".png", False)):
        with pytest.raises(SettingError, match=r"^columns: "):
            validate_settings(ending, ["columns"], in_rows=in_rows)
