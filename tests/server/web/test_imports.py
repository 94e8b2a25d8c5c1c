"""Own pictures over HTTP: sent or read from the disk, learned from by name, evaluated beside, deleted."""

from __future__ import annotations

import io
import json
import time
import zipfile
from urllib.parse import urlencode

import numpy as np
import psutil
import pytest
from PIL import Image

from bridge_server.contract.datasets import MAX_UPLOAD
from bridge_server.contract.media import BYTES

pytestmark = pytest.mark.slow


def trees(count: int = 12) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for place, name in enumerate(("ash", "elm", "oak")):
            for number in range(count):
                image = np.zeros((28, 28), np.uint8)
                image[4 : 20 + place, 4 : 10 + number % 12] = 250
                picture = io.BytesIO()
                Image.fromarray(image).save(picture, "PNG")
                archive.writestr(f"trees/{name}/{number}.png", picture.getvalue())
    return file.getvalue()


def send(server, content: bytes, **query: str):
    path = f"/api/datasets/file?{urlencode(query)}"
    status, _, answer = server.raw("POST", path, content, {"Content-Type": BYTES})
    return status, json.loads(answer)


def settled(server, name: str) -> dict:
    deadline = time.monotonic() + 30
    while True:
        status, data = server.call("GET", f"/api/datasets/{name}")
        assert status == 200, data
        if data["state"] != "preparing":
            return data
        assert time.monotonic() < deadline
        time.sleep(0.02)


def evaluated(server, model, count):
    """Have a model evaluated, and return what came of it."""
    found = server.call("POST", "/api/evaluate", {"model": model, "count": count})[1]
    deadline = time.monotonic() + 60
    while found["state"] in ("waiting", "running"):
        assert time.monotonic() < deadline
        time.sleep(0.05)
        found = server.call("POST", "/api/evaluate", {"model": model, "count": count, "step": found["step"]})[1]
    return found


def test_a_file_is_sent_and_its_classes_are_told_by_either_server(ask, server):
    status, begun = send(server, trees(), file="trees.zip", name="Wood")
    assert (status, begun["state"], begun["name"]) == (200, "preparing", "Wood")
    found = settled(server, "wood")
    assert (found["state"], [each["name"] for each in found["classes"]]) == ("ready", ["ash", "elm", "oak"])
    assert found["report"]
    assert found["preview"]["mesh"]["data"]
    assert ask("dataset_preview", name="Wood").startswith(b"\x89PNG")
    assert [data.name for data in ask("datasets").datasets] == ["Wood"]
    assert ask("dataset_delete", name="WOOD").deleted == "Wood"
    assert not ask("datasets").datasets
    status, answer = server.call("GET", "/api/datasets/Wood")
    assert (status, answer["error"]["code"]) == (404, "data_not_found")


@pytest.mark.parametrize(
    ("query", "field"),
    [({}, "file"), ({"file": "a.zip", "name": "a b"}, "name"), ({"file": "a.zip", "nmae": "a"}, "nmae")],
)
def test_what_is_missing_or_misspelt_beside_a_file_is_named(server, query, field):
    status, answer = send(server, b"", **query)
    assert (status, answer["error"]["field"]) == (422, field)


@pytest.fixture(scope="module")
def real(start_shared_server):
    return start_shared_server()


def test_a_training_learns_from_a_set_by_its_name_and_its_model_says_so(real, tmp_path):
    (tmp_path / "trees.zip").write_bytes(trees())
    status, begun = real.call("POST", "/api/datasets", {"path": str(tmp_path / "trees.zip")})
    assert (status, begun["name"]) == (200, "trees")
    assert settled(real, "trees")["state"] == "ready"
    run = real.start_run(model="forest", data="Trees", epochs=1, batch_size=8)
    done = real.wait_for_run(run["id"], "succeeded", "failed")
    assert (done["state"], done["data"], done["settings"]["data"]) == ("succeeded", "trees", "Trees"), done
    model = real.call("GET", "/api/models/forest")[1]
    assert (model["data"], model["classes"]) == ("trees", 3)
    # With three images kept for the test, and few to learn from, there is nothing to compare digits with.
    found = evaluated(real, "forest", 200)
    assert found["state"] == "failed", found
    assert "trees: 33 training and 3 test images are too few to compare with" in found["problem"]
    assert real.call("DELETE", "/api/datasets/trees")[0] == 200
    status, answer = real.call("POST", "/api/evaluate", {"model": "forest", "count": 200})
    assert (status, answer["error"]["code"]) == (404, "data_not_found")


def test_figures_of_digits_say_little_of_other_pictures(real):
    send(real, trees(450), file="birches.zip")
    assert settled(real, "birches")["state"] == "ready"
    run = real.start_run(model="birch", data="birches", epochs=1, images=64, batch_size=32)
    assert real.wait_for_run(run["id"], "succeeded", "failed")["state"] == "succeeded"
    found = evaluated(real, "birch", 130)
    assert (found["state"], found["data"]) == ("ready", "birches"), found
    told = found["explanations"]
    assert told["classes"] == "Says little here: the judge knows digits alone, and birches are others."
    assert "says little" not in told["precision"].lower()


def test_a_set_that_is_not_there_is_refused_before_a_training_begins(real):
    status, answer = real.call("POST", "/api/runs", {"data": "poplars"})
    assert (status, answer["error"]["code"]) == (404, "data_not_found")
    assert "no data set poplars; there " in answer["error"]["message"]


def test_a_set_that_is_learned_from_is_not_deleted(real, endless):
    send(real, trees(), file="oaks.zip")
    assert settled(real, "oaks")["state"] == "ready"
    run = real.start_run(model="oaken", data="oaks", **{**endless, "batch_size": 8})
    status, answer = real.call("DELETE", "/api/datasets/OAKS")
    assert (status, answer["error"]["code"]) == (409, "conflict")
    assert "oaken" in answer["error"]["message"]
    real.call("POST", f"/api/runs/{run['id']}/stop")
    real.wait_for_run(run["id"], "stopped")
    assert real.call("DELETE", "/api/datasets/oaks")[0] == 200


def test_a_large_file_goes_to_the_disk_and_not_through_the_memory(real):
    process = psutil.Process(real.process.pid)
    send(real, trees(), file="first.zip")
    settled(real, "first")
    before = process.memory_info().rss
    status, begun = send(real, b"\0" * (100 << 20), file="zeros.zip")
    assert status == 200
    grown = process.memory_info().rss - before
    assert settled(real, begun["name"])["state"] == "failed"
    assert grown < 30 << 20, f"{grown:,} bytes"
    assert not list((real.home / "data" / "sets").glob(".*"))


def test_a_file_that_is_too_large_is_refused_before_it_is_sent(real):
    headers = {"Content-Type": BYTES, "Content-Length": str(MAX_UPLOAD + 1)}
    status, _, answer = real.raw("POST", "/api/datasets/file?file=a.zip", b"", headers)
    assert (status, json.loads(answer)["error"]["code"]) == (413, "too_large")
