"""Hops, the component that comes with Grasshopper: our answers beside those of McNeel's own server, ghhops-server.

Where the two differ on purpose, ghhops-server 1.5.5 is wrong, and a test says how:

- nothing wired into an optional input, or the input absent, is a KeyError: the description has AtLeast 1 all the same
- a default of 0 or False is dropped from the description unless it stands in the signature of the function
- values are sought in branch {0} alone: a grafted one, {0;1}, is a KeyError
- an exception is answered with its traceback, and an unknown definition without the known ones
- GET / shows a list of definitions, whatever page was there
"""

import base64
import io
import json
import time

import numpy as np
import pytest
import rhino3dm
from flask import Flask
from PIL import Image
from werkzeug.test import EnvironBuilder

from bridge_server.backends.mock.backend import Mock
from bridge_server.contract.digits import GenerateRequest
from bridge_server.web.app import create_app
from bridge_server.web.hops import MAX_COUNT
from ganmnist.config import Plane
from ganmnist.generation.sampler import Sampler
from ganmnist.geometry.heightfield import flat_mesh, point_grid, relief
from ganmnist.latent.vectors import from_seed
from ganmnist.models.store import ModelStore

OUTPUTS = ["mesh", "points", "image"]
TYPES = {int: "System.Int32", float: "System.Double", str: "System.String", dict: "Rhino.Geometry.Plane"}
PLANE = {
    "Origin": {"X": 10.0, "Y": 0.0, "Z": 5.0},
    "XAxis": {"X": 0.0, "Y": 1.0, "Z": 0.0},
    "YAxis": {"X": 0.0, "Y": 0.0, "Z": 1.0},
    "ZAxis": {"X": 1.0, "Y": 0.0, "Z": 0.0},
    "OriginX": 10.0,
    "IsValid": True,
}
EVERYTHING = {
    "model": "bundled",
    "digit": 4,
    "latent": [0.5, -1.0],
    "seed": 3,
    "count": 2,
    "form": "relief",
    "cell": 2.0,
    "height": 6.5,
    "plane": PLANE,
}


def item(value) -> dict:
    return {"type": TYPES[type(value)], "data": json.dumps(value)}


def tree(name, branches) -> dict:
    """An input as Hops sends it, from its items by their branch."""
    return {"ParamName": name, "InnerTree": {path: [item(each) for each in items] for path, items in branches.items()}}


def body(*trees, pointer="hops/digit", **inputs) -> dict:
    """The body that Hops sends: trees as they are, inputs in branch {0}."""
    wired = [tree(name, {"{0}": value if isinstance(value, list) else [value]}) for name, value in inputs.items()]
    return {
        "absolutetolerance": 0.001,
        "angletolerance": 1.0,
        "modelunits": "Millimeters",
        "dataversion": 8,
        "algo": None,
        "pointer": pointer,
        "cachesolve": False,
        "recursionlevel": 1,
        "values": [*trees, *wired],
        "warnings": [],
        "errors": [],
    }


@pytest.fixture(scope="module")
def client():
    return create_app(Mock("test")).test_client()


@pytest.fixture
def solve(client):
    """Solve with the inputs given, and return the data trees of the outputs: branch by branch, as texts."""

    def solve(*trees, **inputs):
        answer = client.post("/solve", json=body(*trees, **inputs))
        assert answer.status_code == 200, answer.text
        assert (answer.json["errors"], answer.json["warnings"]) == ([], [])
        return outputs(answer.json)

    return solve


@pytest.fixture
def fail(client):
    """Solve what cannot be, check the answer's shape, and return its sentence."""

    def fail(asked, status):
        sent = {"data": asked} if isinstance(asked, bytes) else {"json": asked}
        return check_failure(client.post("/solve", content_type="application/json", **sent), status)

    return fail


def outputs(answer) -> dict[str, dict]:
    kinds = {"mesh": "Rhino.Geometry.Mesh", "points": "Rhino.Geometry.Point3d", "image": "System.String"}
    assert [value["ParamName"] for value in answer["values"]] == OUTPUTS
    found = {}
    for value in answer["values"]:
        branches = value["InnerTree"]
        assert {each["type"] for items in branches.values() for each in items} <= {kinds[value["ParamName"]]}
        found[value["ParamName"]] = {path: [each["data"] for each in items] for path, items in branches.items()}
    return found


def check_failure(answer, status) -> str:
    """Check that a failure says the same to Hops, which reads `errors`, and to everybody else."""
    assert answer.status_code == status, answer.text
    assert answer.json.keys() == {"error", "values", "errors", "warnings"}
    assert answer.json["error"].keys() == {"code", "message", "field", "request_id"}
    assert outputs(answer.json) == {name: {} for name in OUTPUTS}
    (sentence,) = answer.json["errors"]
    assert sentence == answer.json["error"]["message"]
    assert "Traceback" not in sentence
    assert 'File "' not in sentence
    return sentence


def mesh_of(text):
    """Decode a mesh as Rhino does: vertices, faces and colours."""
    mesh = rhino3dm.CommonObject.Decode(json.loads(text))
    assert isinstance(mesh, rhino3dm.Mesh)
    vertices = [(v.X, v.Y, v.Z) for v in mesh.Vertices]
    return vertices, list(mesh.Faces), [tuple(mesh.VertexColors[at])[:3] for at in range(len(mesh.VertexColors))]


def points_of(texts):
    return [(point["X"], point["Y"], point["Z"]) for point in map(json.loads, texts)]


def picture_of(text):
    picture = Image.open(io.BytesIO(base64.b64decode(json.loads(text))))
    assert picture.format == "PNG"
    return np.asarray(picture)


def as_rhino(made):
    """Build a mesh with rhino3dm's own methods."""
    mesh = rhino3dm.Mesh()
    for x, y, z in made.vertices.tolist():
        mesh.Vertices.Add(x, y, z)
    for face in made.faces.tolist():
        mesh.Faces.AddFace(*face)
    for grey in made.colors.tolist():
        mesh.VertexColors.Add(grey, grey, grey)
    return mesh


@pytest.fixture
def theirs(client):
    """A client of ghhops-server with a component as ours describes itself, which answers with rhino3dm's geometry."""
    import ghhops_server as hs

    backend = Mock("test")
    described = client.get("/hops/digit").json
    kinds = {
        "Text": hs.HopsString,
        "Integer": hs.HopsInteger,
        "Number": hs.HopsNumber,
        "Plane": hs.HopsPlane,
        "Mesh": hs.HopsMesh,
        "Point": hs.HopsPoint,
    }

    def parameter(side, *, access=hs.HopsParamAccess.ITEM, **more):
        return kinds[side["ParamType"]](side["Name"], side["Nickname"], side["Description"], access=access, **more)

    def input_of(side):
        access = hs.HopsParamAccess.LIST if side["AtMost"] > 1 else hs.HopsParamAccess.ITEM
        return parameter(side, access=access, optional=side["AtLeast"] == 0, default=side.get("Default"))

    app = Flask("theirs")
    app.get("/")(lambda: "a page")

    @hs.Hops(app).component(
        "/hops/digit",
        name=described["Name"],
        nickname=described["Nickname"],
        description=described["Description"],
        inputs=[input_of(side) for side in described["Inputs"]],
        outputs=[parameter(side, access=hs.HopsParamAccess.TREE) for side in described["Outputs"]],
    )
    def draw(model, digit, latent, seed, count, form, cell, height, plane):
        frame = Plane(
            origin=(plane.Origin.X, plane.Origin.Y, plane.Origin.Z),
            xaxis=(plane.XAxis.X, plane.XAxis.Y, plane.XAxis.Z),
            yaxis=(plane.YAxis.X, plane.YAxis.Y, plane.YAxis.Z),
        )
        asked = GenerateRequest(digit=digit, latent=latent, seed=seed, count=count, form="images")
        made = backend.generate(asked).images
        images = np.frombuffer(base64.b64decode(made.data), np.uint8).reshape(made.shape)
        corners = [np.array([place * 30 * cell, 0, 0]) for place in range(count)]  # a row of two at most
        build = {"relief": relief, "mesh": flat_mesh}[form]
        meshes, points, pictures = [], {}, []
        for place, (image, corner) in enumerate(zip(images, corners, strict=True)):
            meshes.append(as_rhino(build(image, cell, height, frame, corner)))
            grid = point_grid(image, cell, height, frame, corner).to_rows()
            points[f"{{0;{place}}}"] = [rhino3dm.Point3d(*point) for row in grid for point in row]
            file = io.BytesIO()
            Image.fromarray(image).save(file, "PNG")
            pictures.append(base64.b64encode(file.getvalue()).decode())
        return {"{0}": meshes}, points, {"{0}": pictures}

    return app.test_client()


def test_the_description_is_that_of_ghhops_server(client, theirs):
    ours, other = client.get("/hops/digit"), theirs.get("/hops/digit").json
    assert ours.mimetype == "application/json"
    for name in ("Name", "Nickname", "Description"):
        assert ours.json[name] == other[name]
    for side in ("Inputs", "Outputs"):
        for mine, its in zip(ours.json[side], other[side], strict=True):
            for name in ("Name", "Nickname", "Description", "ParamType"):
                assert mine[name] == its[name], (mine, its)
            if mine.get("Default") != 0:  # theirs drops it
                assert mine.get("Default") == its.get("Default")
            if mine.get("AtLeast") == 1:  # theirs says so of every input
                assert (mine["AtLeast"], mine["AtMost"]) == (its["AtLeast"], its["AtMost"])


@pytest.mark.parametrize("form", ["relief", "mesh"])
def test_a_reply_is_that_of_ghhops_server(solve, theirs, form):
    inputs = {**EVERYTHING, "form": form}
    answer = theirs.post("/solve", json=body(**inputs))
    assert answer.status_code == 200, answer.text
    ours, other = solve(**inputs), outputs(answer.json)
    assert {name: ours[name].keys() for name in OUTPUTS} == {name: other[name].keys() for name in OUTPUTS}
    for mine, its in zip(ours["mesh"]["{0}"], other["mesh"]["{0}"], strict=True):
        (vertices, faces, colors), (their_vertices, their_faces, their_colors) = mesh_of(mine), mesh_of(its)
        np.testing.assert_allclose(vertices, their_vertices, rtol=1e-6)  # rhino3dm adds vertices in single precision
        assert (faces, colors) == (their_faces, their_colors)
        assert json.loads(mine).keys() == json.loads(its).keys()
        assert json.loads(mine)["version"] == json.loads(its)["version"]
    for path, texts in other["points"].items():
        assert points_of(ours["points"][path]) == points_of(texts)
    assert ours["image"] == other["image"]


WITHOUT_MODEL = {name: value for name, value in EVERYTHING.items() if name != "model"}


@pytest.mark.parametrize(
    "asked",
    [
        body(**WITHOUT_MODEL),
        body(tree("model", {}), **WITHOUT_MODEL),
        body(tree("model", {"{0;1}": ["bundled"]}), **WITHOUT_MODEL),
    ],
    ids=["absent", "not wired", "grafted"],
)
def test_what_is_no_answer_from_ghhops_server_is_one_from_ours(client, theirs, asked):
    with pytest.raises(KeyError):
        theirs.post("/solve", json=asked)
    answer, whole = client.post("/solve", json=asked), client.post("/solve", json=body(**EVERYTHING))
    assert answer.status_code == 200
    assert list(outputs(answer.json)["mesh"].values()) == list(outputs(whole.json)["mesh"].values())


def test_help_bounds_and_defaults_are_those_of_the_settings(client):
    inputs = {side["Name"]: side for side in client.get("/hops/digit").json["Inputs"]}
    fields = GenerateRequest.model_fields
    for name in ("digit", "latent", "seed", "count", "cell", "height", "plane"):
        assert inputs[name]["Description"] == fields[name].description
    for name in ("seed", "count", "form", "cell", "height"):
        assert inputs[name]["Default"] == fields[name].default
        assert (inputs[name]["AtLeast"], inputs[name]["AtMost"]) == (1, 1)
    bounds = {name: (side.get("Minimum"), side.get("Maximum")) for name, side in inputs.items()}
    assert bounds["count"] == (1, MAX_COUNT)
    assert (inputs["digit"]["ParamType"], bounds["digit"]) == ("Text", (None, None)), "a name or a number"
    assert bounds["latent"] == (-10, 10)
    assert bounds["cell"] == (1e-6, 1e6)
    assert bounds["form"] == bounds["plane"] == (None, None)


def test_a_default_of_zero_is_kept(client, theirs):
    ours, other = (
        {side["Name"]: side for side in each.get("/hops/digit").json["Inputs"]}["seed"] for each in (client, theirs)
    )
    assert ours["Default"] == 0
    assert "Default" not in other


def test_what_is_not_wired_takes_its_default(client, solve):
    optional = [side["Name"] for side in client.get("/hops/digit").json["Inputs"] if side["AtLeast"] == 0]
    assert optional == ["model", "digit", "latent", "plane"]
    unwired = solve(*[tree(name, {}) for name in optional])
    assert unwired == solve()
    assert unwired == solve(seed=0, count=1, form="relief", cell=1.0, height=4.0)


def test_a_slider_may_send_a_whole_number_as_a_double(solve):
    assert solve(digit=3.0, seed=2.0) == solve(digit=3, seed=2)
    assert solve(digit="3", seed=2) == solve(digit="3.0", seed=2) == solve(digit=3, seed=2)


@pytest.mark.parametrize("path", ["{0;1}", "{3}", "0", "{0;0;0}", "{-1}", "{}"])
def test_a_value_is_found_in_whatever_branch_it_is(solve, path):
    found = solve(tree("digit", {path: [7]}), tree("latent", {path: [0.5]}))
    expected = solve(digit=7, latent=[0.5])
    assert list(found["mesh"].values()) == list(expected["mesh"].values())


def test_what_grafted_inputs_give_stays_apart(solve):
    for path in ("{0;3}", "{0;12}"):
        found = solve(tree("digit", {path: [7]}), count=2)
        assert list(found["mesh"]) == list(found["image"]) == [path]
        assert list(found["points"]) == [f"{path[:-1]};0}}", f"{path[:-1]};1}}"]


def test_the_branches_of_a_list_are_read_in_order(solve):
    found = solve(tree("latent", {"{10}": [-2.0], "{9}": [1.0]}))
    expected = solve(latent=[1.0, -2.0])
    assert found["mesh"]["{10}"] == expected["mesh"]["{0}"]
    assert expected != solve(latent=[-2.0, 1.0])


def test_digits_are_laid_out_as_generate_lays_them_out(client, solve):
    found = solve(count=3, digit=5, seed=1)
    made = Mock("test").generate(GenerateRequest(count=3, digit=5, seed=1))
    assert [json.loads(text)["data"] for text in found["mesh"]["{0}"]] == [each.data for each in made.geometry]
    assert [len(texts) for texts in found["points"].values()] == [784] * 3
    assert points_of(found["points"]["{0;2}"])[-28][:2] == (0.0, -30.0)  # below the first


def test_points_are_where_the_vertices_of_the_relief_are(solve):
    found = solve(plane=PLANE, digit=2, height=6.5)
    np.testing.assert_allclose(points_of(found["points"]["{0;0}"]), mesh_of(found["mesh"]["{0}"][0])[0], rtol=1e-6)
    assert points_of(found["points"]["{0;0}"])[-28] == (10.0, 0.0, 5.0)  # the lower left corner


def test_a_picture_holds_the_pixels(solve):
    found = solve(digit=3)
    colors = mesh_of(found["mesh"]["{0}"][0])[2]
    np.testing.assert_array_equal(picture_of(found["image"]["{0}"][0]).ravel(), [red for red, _, _ in colors])


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ({"seed": -1}, ["seed", "0"]),
        ({"seed": 0.5}, ["seed", "0.5"]),
        ({"seed": "2"}, ["seed", "whole number"]),
        ({"digit": 12}, ["digit", "12", "0 to 9"]),
        ({"digit": [1, 2]}, ["digit", "one value", "2", "graft"]),
        ({"count": MAX_COUNT + 1}, ["count", str(MAX_COUNT), str(MAX_COUNT + 1)]),
        ({"form": "points"}, ["form", "'mesh' or 'relief'", "points"]),
        ({"latent": [0.5, "x"]}, ["latent.1", "number", "x"]),
        ({"latent": [11.0]}, ["latent.0", "10"]),
        ({"latent": [0.0] * 65}, ["latent", "65", "64"]),
        ({"cell": 0.0}, ["cell", "at least 1e-06"]),
        ({"cell": float("nan")}, ["cell", "finite"]),
        ({"plane": "XY"}, ["plane", "XY"]),
        ({"plane": {**PLANE, "XAxis": PLANE["YAxis"]}}, ["plane", "perpendicular"]),
        ({"plane": {**PLANE, "XAxis": {"X": 1.0}}}, ["plane.xaxis"]),
        ({"plane": {**PLANE, "Origin": {"X": "a", "Y": 0, "Z": 0}}}, ["plane.origin.0", "number"]),
        ({"colour": 1}, ["colour", "is no input", "model, digit, latent"]),
        ({"z": [1.0]}, ["z", "is no input"]),
    ],
)
def test_a_wrong_value_is_named_in_a_sentence(fail, inputs, words):
    sentence = fail(body(**inputs), 422)
    assert sentence.startswith(words[0])
    assert not [word for word in words if word not in sentence], sentence


@pytest.mark.parametrize("data", ["abc", "", "[1", "'7'", '"\\ud800"', "[" * 3900])
def test_a_value_that_is_no_json_text_is_named(fail, data):
    wrong = {"ParamName": "seed", "InnerTree": {"{0}": [{"type": "System.Int32", "data": data}]}}
    assert fail(body(wrong), 422).startswith("seed: expected JSON text, got ")


def test_an_unknown_model_is_said(fail):
    assert fail(body(model="mock-missing"), 404).startswith("model: no model mock-missing")


def test_an_exception_is_a_sentence_without_its_traceback(fail, theirs):
    assert 'File "' in theirs.post("/solve", json=body(**{**EVERYTHING, "seed": -1})).json["errors"][0]
    assert fail(body(model="mock-error"), 500).startswith("The server made a mistake")


@pytest.mark.parametrize(
    "pointer", ["hops/digit", "digit", "/hops/digit", "/hops/digit/", "//hops/digit", "/digit", "HOPS//Digit"]
)
def test_hops_of_any_age_is_answered_however_the_user_wrote_the_slashes(solve, pointer):
    assert solve(pointer=pointer, seed=3) == solve(seed=3)


@pytest.mark.parametrize(
    "path",
    ["/hops/digit", "/hops/digit/", "//hops/digit", "//hops/digit/", "/hops//digit/", "/HOPS/digit", "/Hops//Digit"],
)
def test_the_address_is_described_however_the_user_wrote_the_slashes(client, path):
    answer = client.open(EnvironBuilder(path="/", environ_overrides={"PATH_INFO": path}))
    assert (answer.status_code, answer.json["Name"]) == (200, "Digit")


@pytest.mark.parametrize("pointer", ["", "/", "hops", "digits", "hops/digits", "http://127.0.0.1/hops/digit"])
def test_an_unknown_definition_names_the_known_one(fail, pointer):
    assert "there is hops/digit" in fail(body(pointer=pointer), 404)


@pytest.mark.parametrize("path", ["/hops/digits", "/hops", "/hops/", "/HOPS//digits"])
def test_a_wrong_address_says_the_right_one_where_hops_shows_it(client, path):
    answer = client.get(path)
    assert answer.status_code == 404
    assert answer.json["Errors"] == [answer.json["message"]] == [answer.json["error"]["message"]]
    assert "there is hops/digit" in answer.json["Errors"][0]
    assert (answer.json["Inputs"], answer.json["Outputs"], answer.json["Warnings"]) == ([], [], [])


def test_the_page_stays_ours(client, theirs):
    assert theirs.get("/").mimetype == "application/json"
    assert client.get("/").mimetype == "text/html"


def value(name, branches) -> bytes:
    return f'{{"pointer": "hops/digit", "values": [{{"ParamName": "{name}", "InnerTree": {branches}}}]}}'.encode()


def data(name, text) -> bytes:
    return value(name, json.dumps({"{0}": [{"data": text}]}))


HOSTILE = [
    b"",
    b"{",
    b"\xff\xfe",
    b"[]",
    b"null",
    b"[" * 90_000,
    b'{"values":' * 9_000,
    b'{"pointer": "hops/digit"}',
    b'{"pointer": null, "values": []}',
    b'{"pointer": "hops/digit", "values": NaN}',
    b'{"pointer": "hops/digit", "values": null}',
    b'{"pointer": "hops/digit", "values": [{"ParamName": "seed"}]}',
    b'{"pointer": "' + b"x" * 10_000 + b'", "values": []}',
    b'{"pointer": "hops/digit", "values": [' + b"{}," * 32_000 + b"{}]}",
    value("seed", "null"),
    value("seed", '{"{a}": []}'),
    value("seed", json.dumps({f"x{number}": [] for number in range(7000)})),
    value("seed", '{"{0}": [{"data": 1}]}'),
    value("seed", '{"{0}": [' + "{}," * 32_000 + "{}]}"),
    data("seed", "1" + "0" * 3900),
    data("seed", "true"),
    data("cell", "1e999"),
    data("cell", "NaN"),
    data("latent", "[" * 3900),
    data("plane", '{"Origin": []}'),
    data("plane", json.dumps({**PLANE, "Origin": {"X": 1e308, "Y": 0, "Z": 0}})),
    json.dumps(body(latent=["x"] * 1500)).encode(),
]


@pytest.mark.parametrize("asked", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_body_is_refused_in_a_sentence(fail, asked):
    started = time.monotonic()
    assert len(fail(asked, 422)) < 1000
    assert time.monotonic() - started < 1.0


def test_the_longest_latent_is_read_and_a_larger_body_refused(fail):
    assert "1024 numbers" in fail(body(latent=[-0.12345678901234567] * 1024), 422)
    assert "larger" in fail(body(latent=[0.5] * 6000), 413)


def test_a_body_that_is_not_json_by_its_type_is_refused(client):
    check_failure(client.post("/solve", data=json.dumps(body()), content_type="text/plain"), 415)


def test_hops_draws_what_the_bundled_model_draws(start_shared_server):
    server = start_shared_server()
    status, described = server.call("GET", "/hops/digit", headers={"Authorization": ""})
    assert (status, [side["Name"] for side in described["Outputs"]]) == (200, OUTPUTS)
    headers = {"Authorization": "", "Content-Type": "application/json; charset=utf-8"}
    asked = body(seed=5, digit=7, count=2, cell=0.5, height=3.0)
    status, answer = server.call("POST", "/solve", asked, headers)
    assert status == 200, answer
    found = outputs(answer)
    bundled = Sampler.load(ModelStore(server.home).find(None))
    images = bundled.generate(from_seed(5, 2, bundled.latent_dim), np.full(2, 7))
    for place, image in enumerate(images):
        expected = relief(image, 0.5, 3.0, corner=np.array([place * 15.0, 0.0, 0.0]))
        vertices, faces, colors = mesh_of(found["mesh"]["{0}"][place])
        np.testing.assert_array_equal(np.float32(vertices), np.float32(expected.vertices))
        assert faces == [tuple(face) for face in expected.faces.tolist()]
        assert colors == [(grey, grey, grey) for grey in expected.colors.tolist()]
        np.testing.assert_allclose(points_of(found["points"][f"{{0;{place}}}"]), expected.vertices)
        np.testing.assert_array_equal(picture_of(found["image"]["{0}"][place]), image)
