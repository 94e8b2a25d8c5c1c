"""What we encode, rhino3dm (openNURBS itself) decodes to exactly the same mesh, and writes itself of points."""

from __future__ import annotations

import base64
import zlib

import numpy as np
import pytest
import rhino3dm
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ganmnist.config import Plane
from ganmnist.export.opennurbs import VERSION, encode_mesh, encode_points
from ganmnist.export.rhino import encode, to_rhino
from ganmnist.geometry.heightfield import flat_mesh, point_grid, relief
from ganmnist.geometry.pieces import Mesh, Points

ANONYMOUS, CLASS_DATA = bytes.fromhex("00800040"), bytes.fromhex("fcff0200")
TILTED = Plane(origin=(3, -2, 5), xaxis=(1, 2, 2), yaxis=(2, 1, -2))


def decode(mesh: Mesh) -> rhino3dm.Mesh:
    archive, version, data = encode_mesh(mesh)
    return rhino3dm.Mesh.Decode({"version": 10000, "archive3dm": archive, "opennurbs": version, "data": data})


def vertices_of(mesh: rhino3dm.Mesh) -> np.ndarray:
    """Vertices in double precision."""
    return np.array([(p.X, p.Y, p.Z) for p in map(mesh.Vertices.Point3dAt, range(len(mesh.Vertices)))])


def normals_of(mesh: rhino3dm.Mesh) -> np.ndarray:
    return np.array([(n.X, n.Y, n.Z) for n in mesh.Normals])


def assert_same(decoded: rhino3dm.Mesh, mesh: Mesh) -> None:
    assert decoded.IsValid, decoded.IsValidWithLog()
    np.testing.assert_array_equal(vertices_of(decoded), mesh.vertices)
    np.testing.assert_array_equal([decoded.Faces[place] for place in range(decoded.Faces.Count)], mesh.faces)
    greys = [(grey, grey, grey, 255) for grey in mesh.colors.tolist()]
    assert [tuple(decoded.VertexColors[place]) for place in range(len(decoded.VertexColors))] == greys


def many(vertices: int) -> Mesh:
    """A relief of two rows (or more), that has this many vertices."""
    rows = 2 if vertices % 2 == 0 else 3
    chance = np.random.default_rng(vertices)
    return relief(chance.integers(0, 256, (rows, vertices // rows), np.uint8), cell=0.1, height=0.3)


@given(
    image=arrays(np.uint8, st.tuples(st.integers(2, 7), st.integers(2, 7))),
    make=st.sampled_from([relief, flat_mesh]),
    cell=st.floats(0.001, 1000),
    height=st.floats(0, 1000),
    plane=st.sampled_from([None, TILTED]),
)
def test_rhino_reads_back_the_same_vertices_faces_and_colours(image, make, cell, height, plane):
    mesh = make(image, cell, height, plane)
    assert_same(decode(mesh), mesh)


@pytest.mark.parametrize("vertices", [4, 255, 256, 258])
def test_small_meshes_come_back_whatever_the_width_of_their_indices(vertices):
    mesh = many(vertices)
    assert len(mesh.vertices) == vertices
    assert_same(decode(mesh), mesh)


@pytest.mark.parametrize("vertices", [65_535, 65_536, 70_000])
def test_large_meshes_come_back_whatever_the_width_of_their_indices(vertices):
    """Looked at by samples, for rhino3dm takes its time to lend vertices."""
    mesh = many(vertices)
    assert len(mesh.vertices) == vertices
    decoded = decode(mesh)
    assert decoded.IsValid
    assert len(decoded.Vertices) == len(decoded.Normals) == len(decoded.VertexColors) == vertices
    assert decoded.Faces.Count == len(mesh.faces)
    for place in (0, 1, 254, 255, 256, vertices // 2 + 3, vertices - 1):
        point = decoded.Vertices.Point3dAt(place)
        assert tuple(mesh.vertices[place]) == (point.X, point.Y, point.Z)
        assert decoded.VertexColors[place][0] == mesh.colors[place]
    for place in (0, 300, len(mesh.faces) // 2, len(mesh.faces) - 1):
        assert decoded.Faces[place] == tuple(mesh.faces[place])


@given(
    image=arrays(np.uint8, st.tuples(st.integers(2, 8), st.integers(2, 8))),
    height=st.floats(0, 8),
    plane=st.sampled_from([None, TILTED]),
)
def test_normals_are_those_that_rhino_computes(image, height, plane):
    decoded = decode(relief(image, 1.0, height, plane))
    ours = normals_of(decoded)
    decoded.Normals.ComputeNormals()
    np.testing.assert_allclose(ours, normals_of(decoded), atol=1e-4)


def test_normals_of_flat_geometry_point_along_the_planes_z():
    np.testing.assert_array_equal(normals_of(decode(flat_mesh(np.zeros((3, 2), np.uint8)))), [[0, 0, 1]] * 24)
    tilted = normals_of(decode(flat_mesh(np.zeros((3, 2), np.uint8), plane=TILTED)))
    np.testing.assert_allclose(tilted, [[-2 / 3, 2 / 3, -1 / 3]] * 24, atol=1e-6)


def test_the_box_is_that_of_the_vertices():
    mesh = relief(np.array([[9, 0, 0], [0, 0, 255]], np.uint8), 2.0, 255.0)
    box = decode(mesh).GetBoundingBox()
    assert (box.Min.X, box.Min.Y, box.Min.Z) == (0, 0, 0)
    assert (box.Max.X, box.Max.Y, box.Max.Z) == (4, 2, 255)


def test_rhino_writes_our_mesh_into_a_file_and_reads_it_again(tmp_path):
    mesh = relief(np.arange(12, dtype=np.uint8).reshape(3, 4) * 20)
    model = rhino3dm.File3dm()
    model.Objects.AddMesh(decode(mesh))
    assert model.Write(str(tmp_path / "digit.3dm"), 7)
    assert_same(rhino3dm.File3dm.Read(str(tmp_path / "digit.3dm")).Objects[0].Geometry, mesh)


def test_the_text_is_that_of_an_object_that_rhino_encodes_again():
    ((archive, version, data),) = encode(relief(np.arange(12, dtype=np.uint8).reshape(3, 4)))
    assert (archive, version) == (60, -1869833980)
    assert base64.b64decode(data, validate=True)[:4] == b"\xfa\x7f\x02\x00"
    again = rhino3dm.Mesh.Decode(rhino3dm.Mesh.Decode(
        {"version": 10000, "archive3dm": archive, "opennurbs": version, "data": data}
    ).Encode())  # fmt: skip
    assert again.IsValid


def checksums(body: bytes) -> list[bool]:
    """Whether each chunk ends in the CRC-32 of its body without the chunks inside it, from the inside outwards."""
    found, own, place = [], b"", 0
    while (start := body.find(ANONYMOUS, place, len(body) - 4)) >= 0:
        end = start + 12 + int.from_bytes(body[start + 4 : start + 12], "little")
        if start + 16 <= end <= len(body) - 4:
            found += checksums(body[start + 12 : end])
            own, place = own + body[place:start], end
        else:  # bytes that only look like the beginning of a chunk
            own, place = own + body[place : start + 1], start + 1
    return [*found, zlib.crc32(own + body[place:-4]) == int.from_bytes(body[-4:], "little")]


def test_checksums_are_made_as_rhino_makes_them():
    """Reading does not show it: a wrong checksum is counted by openNURBS and passed over."""
    data = encode_mesh(relief(np.arange(4800, dtype=np.uint8).reshape(60, 80)))[2]  # so large that it is deflated
    by_rhino = rhino3dm.Mesh.Decode({"version": 10000, "archive3dm": 60, "opennurbs": VERSION, "data": data}).Encode()
    for text in (by_rhino["data"], data):
        content = base64.b64decode(text)
        start = content.index(CLASS_DATA)
        length = int.from_bytes(content[start + 4 : start + 12], "little")
        held = checksums(content[start + 12 : start + 12 + length])
        assert len(held) > 5
        assert all(held)


def test_points_come_back_as_a_coloured_point_cloud():
    points = point_grid(np.array([[9, 0, 0], [0, 0, 255]], np.uint8), 2.0, 255.0)
    ((archive, version, data),) = encode(points)
    cloud = rhino3dm.PointCloud.Decode({"version": 10000, "archive3dm": archive, "opennurbs": version, "data": data})
    assert [(p.X, p.Y, p.Z) for p in cloud.GetPoints()] == [tuple(p) for row in points.to_rows() for p in row]
    assert [color[0] for color in cloud.GetColors()] == [9, 0, 0, 0, 0, 255]
    assert len(to_rhino(points)[0]) == 6


@given(
    image=arrays(np.uint8, st.tuples(st.integers(2, 7), st.integers(2, 7))),
    white=st.integers(0, 256),
    plane=st.sampled_from([None, TILTED]),
)
def test_points_are_the_text_that_rhino_writes_of_them(image, white, plane):
    whole = point_grid(image, 0.3, 2.0, plane)
    points = Points(whole.grid, whole.colors, image >= white)  # none at all at 256
    cloud = rhino3dm.PointCloud()
    places = [rhino3dm.Point3d(*place) for place in points.points().tolist()]
    cloud.AddRange(places, [(grey, grey, grey, 255) for grey in points.greys().tolist()])
    written = cloud.Encode()
    assert encode_points(points) == (written["archive3dm"], written["opennurbs"], written["data"])
    assert encode_points(points) == encode(points)[0]


def test_points_come_back_from_a_file(tmp_path):
    points = point_grid(np.array([[9, 0, 0], [0, 0, 255]], np.uint8), 2.0, 255.0)
    (cloud,) = to_rhino(points)
    model = rhino3dm.File3dm()
    model.Objects.AddPointCloud(cloud)
    assert model.Write(str(tmp_path / "digit.3dm"), 7)
    read = rhino3dm.File3dm.Read(str(tmp_path / "digit.3dm")).Objects[0].Geometry
    assert [(p.X, p.Y, p.Z) for p in read.GetPoints()] == [tuple(p) for p in points.points().tolist()]
    assert [color[0] for color in read.GetColors()] == points.greys().tolist()
