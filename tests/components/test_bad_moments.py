"""Buttons pressed at bad moments: while an answer is under way, while the server is down, and refusals that stay."""

from __future__ import annotations

import json
import time

import pytest

pytestmark = pytest.mark.slow
DELAY = 0.4  # seconds, more than a solve waits


@pytest.fixture(scope="module")
def server(start_shared_server):
    return start_shared_server(mock=True)


@pytest.fixture
def rhino(open_rhino, tmp_path, start_impostor, server):
    """A Rhino whose server takes its time with everything that changes something."""
    for run in server.call("GET", "/api/runs")[1]["runs"]:
        server.call("POST", f"/api/runs/{run['id']}/stop")
    asked = []

    def reply(method, path, body):
        asked.append((method, path))
        if method == "POST":
            time.sleep(DELAY)
        status, _, content = server.raw(method, path, body)
        return status, content

    start_impostor(tmp_path / "home", reply)
    rhino = open_rhino()
    rhino.asked = asked
    return rhino


def ran(server) -> list[tuple[str, str]]:
    return [(run["model"], run["state"]) for run in server.call("GET", "/api/runs")[1]["runs"]]


def press_soon_after(rhino, first, second, component="train", **inputs):
    """Press one button, and another while the answer to the first is under way."""
    rhino.solve(component, **{first: True}, **inputs)
    time.sleep(DELAY / 4)
    rhino.solve(component, **{second: True}, **inputs)
    rhino.solve(component, **inputs)


def test_a_stop_pressed_while_the_start_is_under_way_stops_that_run_and_no_older_one(rhino, server):
    older, newer = f"older-{len(ran(server))}", f"newer-{len(ran(server))}"
    rhino.place("train")
    rhino.solve("train", name=older)
    rhino.until("train", "press train")
    press_soon_after(rhino, "train", "stop", name=older)
    rhino.until("train", lambda report: "stopped" in report["message"])
    assert ran(server)[0] == (older, "stopped")
    press_soon_after(rhino, "train", "stop", name=newer)
    deadline = time.monotonic() + 20
    while ran(server)[0] != (newer, "stopped"):
        assert time.monotonic() < deadline, ran(server)
        time.sleep(0.05)
    stops = [path for method, path in rhino.asked if path.endswith("/stop")]
    assert len(set(stops)) == 2


def test_a_stop_pressed_while_the_start_waits_for_a_server_takes_the_press_back(open_rhino, tmp_path):
    rhino = open_rhino(tmp_path / "nobody")
    rhino.place("train")
    rhino.solve("train")
    rhino.press("train", "train")
    assert any("remembered" in sentence for _, sentence in rhino.solve("train")["balloons"])
    rhino.press("train", "stop")
    assert not any("remembered" in sentence for _, sentence in rhino.solve("train")["balloons"])


@pytest.mark.parametrize("inputs", [{"start_from": "nothing"}, {"epochs": 0}], ids=["nothing", "epochs"])
def test_a_refusal_stays_until_an_input_changes(rhino, server, inputs):
    before = len(ran(server))
    rhino.place("train")
    rhino.solve("train", **inputs)
    rhino.until("train", "press train")
    rhino.press("train", "train", **inputs)
    rhino.until("train", "see the balloon")
    time.sleep(1.5)  # until it has been asked again, twice
    report = rhino.solve("train", **inputs)
    assert report["message"] == "see the balloon"
    ((level, sentence),) = report["balloons"]
    assert level == "Error"
    assert next(iter(inputs)) in sentence
    rhino.solve("train")
    assert rhino.until("train", "press train")["balloons"] == []
    assert len(ran(server)) == before


def test_a_refusal_goes_when_the_same_is_pressed_again_and_comes_back(rhino):
    rhino.place("train")
    rhino.solve("train", epochs=0)
    rhino.until("train", "press train")
    for _ in range(2):
        rhino.solve("train", train=True, epochs=0)
        assert rhino.solve("train", epochs=0)["message"] != "see the balloon"
        rhino.until("train", "see the balloon")
        rhino.solve("train", epochs=0)


def test_an_evaluation_is_stopped_though_its_beginning_is_still_under_way(rhino, server):
    rhino.place("evaluate")
    rhino.solve("evaluate", count=10_000)
    rhino.until("evaluate", "press evaluate")
    press_soon_after(rhino, "evaluate", "stop", component="evaluate", count=10_000)
    rhino.until("evaluate", "stopped")
    assert rhino.asked.count(("POST", "/api/evaluate/stop")) == 1


@pytest.mark.parametrize("run", ["müll", "a b", "a/b", "?x", "木", "%2F", "a\nb"])
def test_whatever_is_wired_into_losses_the_server_itself_says_that_there_is_no_such_run(rhino, run):
    rhino.place("losses")
    rhino.solve("losses", run=run)
    ((_, sentence),) = rhino.until("losses", lambda report: report["balloons"])["balloons"]
    assert json.dumps(sentence).count("start it") == 0
    assert "here is no" in sentence
