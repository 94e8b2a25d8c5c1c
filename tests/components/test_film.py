"""The Film component: a digit that grows out of noise, a branch for each state of a training."""

import base64
import time

import numpy as np
import pytest
import rhino3dm

STEPS = [1, 5, 20, 80, 240, 480, 960, 1920, 3840, 4680]  # the mock's


@pytest.fixture(scope="module")
def mock(start_shared_server):
    server = start_shared_server(mock=True)
    run = server.call("POST", "/api/runs", {"model": "grown"})[1]
    server.wait_for_run(run["id"], "succeeded")
    return server


@pytest.fixture
def rhino(open_rhino, mock):
    rhino = open_rhino(mock.home)
    rhino.place("film")
    return rhino


def shown(rhino, *outputs, **inputs):
    rhino.solve("film", **inputs)
    report = rhino.until("film", "grown - 10 frames", *outputs)
    assert report["balloons"] == []
    return report["outputs"]


def left(text):
    mesh = rhino3dm.CommonObject.Decode({"version": 10000, **text})
    corner = mesh.GetBoundingBox().Min
    return [corner.X, corner.Y]


def test_the_newest_model_is_shown_frame_by_frame_with_its_steps(rhino):
    outputs = shown(rhino, "geometry", "steps", count=2, cell=0.5)
    times = ["0:00"] * 7 + ["0:00", "0:01", "0:02"]
    assert outputs["steps"] == [f"step {step} - {time}" for step, time in zip(STEPS, times, strict=True)]
    tree = outputs["geometry"]
    assert set(tree) == {str(number) for number in range(10)}
    assert [[left(text) for text in branch] for branch in (tree[str(number)] for number in range(10))] == [
        [[x, 0], [x, -15]] for x in (15 * np.arange(10)).tolist()
    ]


def test_images_are_the_servers_and_whole_vectors_make_them_again(rhino, mock):
    body = {"digit": 3, "seed": 5, "count": 2, "latent": [1.0], "form": "images"}
    images = shown(rhino, "images", **body)["images"]
    said = mock.call("POST", "/api/film", body)[1]
    pixels = np.frombuffer(base64.b64decode(said["images"]["data"]), np.uint8).reshape(10, 2, 28, 28)
    assert [[image["rows"] for image in images[str(number)]] for number in range(10)] == pixels.tolist()
    z = np.frombuffer(base64.b64decode(said["z"]), "<f4").reshape(2, -1)
    tree = {"tree": {"0": z[0].tolist(), "1": z[1].tolist()}}
    assert shown(rhino, "images", z=tree, form="images")["images"] == images


@pytest.mark.parametrize("form", ["points", "contours"])
def test_of_other_forms_there_is_a_branch_for_each_frame_too(rhino, form):
    tree = shown(rhino, "geometry", form=form, arrange="stack", digit=1)["geometry"]
    assert set(tree) == {str(number) for number in range(10)}


def test_the_bundled_model_has_no_film(rhino):
    rhino.solve("film", model="bundled")
    report = rhino.until("film", lambda report: report["balloons"])
    ((level, sentence),) = report["balloons"]
    assert level == "Warning"
    assert "has no snapshots of its training" in sentence


def test_it_asks_again_while_the_model_trains(open_rhino, start_server):
    server = start_server(mock=True)
    rhino = open_rhino(server.home)
    rhino.place("film")
    server.call("POST", "/api/runs", {"model": "growing"})
    time.sleep(0.3)
    rhino.solve("film", model="growing")
    early = rhino.until("film", lambda report: report["message"].startswith("growing - "), "steps")
    late = rhino.until("film", lambda report: report["outputs"]["steps"][-1] == "step 4680 - 0:02", "steps")
    assert len(early["outputs"]["steps"]) < 10
    assert len(late["outputs"]["steps"]) == 10
    assert len(late["times"]) < 8  # it asks once a second
