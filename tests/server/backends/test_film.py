"""Films over HTTP: the real server's are the library's, the mock's digits come out of noise."""

import base64

import numpy as np
import pytest
import rhino3dm

from bridge_server.backends.mock.backend import Mock
from bridge_server.backends.mock.digits import digit
from bridge_server.contract.film import FilmRequest
from bridge_server.contract.runs import StartRun
from ganmnist.config import FilmConfig
from ganmnist.generation import film
from ganmnist.models.store import ModelStore

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def real(start_shared_server, short):
    """A server that has trained the model `Alpha`."""
    return with_model(start_shared_server(), short)


@pytest.fixture(scope="module", params=["mock", "real"])
def server(request, start_shared_server, short):
    if request.param == "real":
        return request.getfixturevalue("real")
    return with_model(start_shared_server(mock=True), short)


def with_model(server, settings):
    run = server.call("POST", "/api/runs", {"model": "Alpha", **settings})[1]
    server.wait_for_run(run["id"], "succeeded")
    return server


def pixels(answer):
    return np.frombuffer(base64.b64decode(answer["images"]["data"]), np.uint8).reshape(answer["images"]["shape"])


def test_a_film_has_the_images_and_the_geometry_of_every_frame(ask):
    reply = ask("film", {"model": "alpha", "count": 2, "form": "relief", "arrange": "stack", "height": 2, "cell": 0.5})
    frames = len(reply.frames)
    assert (reply.model, reply.training, reply.count) == ("Alpha", False, 2)
    steps = [frame.step for frame in reply.frames]
    assert steps[0] == 1
    assert steps == sorted(set(steps))
    assert steps[-1] == reply.step == ask("model", name="alpha").step
    assert reply.frames[-1].seconds == ask("model", name="alpha").seconds
    assert reply.images.shape == (2 * frames, 28, 28)
    assert reply.owners == list(range(2 * frames))
    meshes = [rhino3dm.CommonObject.Decode({"version": 10000, **shape.model_dump()}) for shape in reply.geometry]
    xs, _, zs = zip(*[(mesh.Vertices[0].X, 0, mesh.GetBoundingBox().Min.Z) for mesh in meshes], strict=True)
    assert list(xs) == [0, 15] * frames  # 28 pixels and two between
    assert np.abs(np.array(zs)[::2] - np.arange(frames) * 6).max() <= 2  # eight cells, and what the darkest pixel rises


def test_whole_vectors_give_the_same_film_again_and_the_last_frame_is_what_is_generated(ask):
    first = ask("film", {"seed": 5, "count": 2, "form": "images"})
    z = np.frombuffer(base64.b64decode(first.z), "<f4").reshape(2, -1)
    again = ask("film", {"z": z.tolist(), "form": "images"})
    assert again.images == first.images
    assert again.geometry == []
    generated = ask("generate", {"model": "Alpha", "seed": 5, "count": 2, "form": "images"})
    assert base64.b64decode(first.images.data).endswith(base64.b64decode(generated.images.data))


@pytest.mark.parametrize(
    ("body", "status", "code", "field"),
    [
        ({"count": 9}, 422, "invalid_setting", "count"),
        ({"arrange": "circle"}, 422, "invalid_setting", "arrange"),
        ({"plane": {"yaxis": [1, 0, 0]}}, 422, "geometry", "plane"),
        ({"z": [[0, 0]]}, 422, "invalid_setting", "z.0"),
        ({"model": "nobody"}, 404, "model_not_found", None),
        ({"model": "bundled"}, 404, "model_not_found", None),
    ],
)
def test_a_wrong_request_is_refused(ask, server, check_problem, body, status, code, field):
    problem = check_problem(server.raw("POST", "/api/film", body), status, code)
    assert problem["field"] == field
    if body.get("model") == "bundled":
        assert "has no snapshots of its training: train one" in problem["message"]


def test_the_film_is_the_librarys(real):
    answer = real.call("POST", "/api/film", {"count": 3, "seed": 9, "form": "images"})[1]
    expected = film.draw(ModelStore(real.home).find("alpha"), FilmConfig(count=3, seed=9))
    assert [frame["step"] for frame in answer["frames"]] == [1, 4, 6]
    assert [frame["epoch"] for frame in answer["frames"]] == [frame.epoch for frame in expected.frames]
    np.testing.assert_array_equal(pixels(answer), expected.images.reshape(-1, 28, 28))


def test_a_damaged_frame_is_left_out_and_said(real):
    (path,) = real.home.glob("models/*/film/step-00000004-*")
    content = path.read_bytes()
    path.write_bytes(content[:-1])
    status, answer = real.call("POST", "/api/film", {"seed": 77, "form": "images"})
    path.write_bytes(content)
    assert status == 200
    assert [frame["step"] for frame in answer["frames"]] == [1, 6]
    assert "The frame at step 4 is left out" in answer["remarks"][0]


def test_a_film_grows_while_the_model_trains(real, endless):
    run = real.call("POST", "/api/runs", {"model": "growing", **endless})[1]
    seen = []
    while len(seen) < 3:
        status, answer = real.call("POST", "/api/film", {"model": "growing", "form": "images"})
        if status == 200 and len(answer["frames"]) not in seen:
            assert answer["training"]
            seen.append(len(answer["frames"]))
    assert seen == sorted(seen)
    real.call("POST", f"/api/runs/{run['id']}/stop")
    real.wait_for_run(run["id"], "stopped")
    assert not real.call("POST", "/api/film", {"model": "growing", "form": "images"})[1]["training"]


def test_the_mocks_digits_come_out_of_noise():
    mock = Mock("x")
    mock.run_start(StartRun(model="grown"))
    mock._runs[0].begins -= 60
    reply = mock.film(FilmRequest(digit=4, latent=(2, -1), form="images"))
    images = np.frombuffer(base64.b64decode(reply.images.data), np.uint8).reshape(reply.images.shape).astype(int)
    wanted = digit(4, right=2, up=-1).astype(int)
    off = np.abs(images - wanted).mean((1, 2))
    assert off[-1] == 0
    assert off[0] > 50
    assert list(off) == sorted(off, reverse=True)


def test_more_vectors_than_a_film_shows_are_refused_however_they_stand_in_rows(server, ask, check_problem):
    z = np.frombuffer(base64.b64decode(ask("generate", {"model": "alpha", "count": 9, "form": "images"}).z), "<f4")
    error = check_problem(server.raw("POST", "/api/film", {"model": "alpha", "z": [z.tolist()]}), 422)
    assert (error["field"], error["message"]) == ("z", "z: has 9 vectors, at most 8 are drawn at once")
