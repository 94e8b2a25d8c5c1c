"""The Models component: what there is to generate with, and which of it is chosen."""

import json
import time

import pytest

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def mock(start_shared_server):
    return with_models(start_shared_server(mock=True))


@pytest.fixture
def own(start_server):
    """A server like that, for a test that changes what there is."""
    return with_models(start_server(mock=True))


def with_models(server):
    for name in ("seven", "1"):
        run = server.start_run(model=name, preset="tutorial" if name == "1" else "fast")
        server.wait_for_step(run["id"], 468)
        server.call("POST", f"/api/runs/{run['id']}/stop")
    return server


@pytest.fixture
def rhino(open_rhino, mock):
    rhino = open_rhino(mock.home)
    rhino.place("models")
    return rhino


def test_the_newest_comes_first_and_is_chosen_unless_another_is(rhino):
    outputs = rhino.answer("models", "model", "names", "facts")
    assert outputs["names"] == ["1", "seven", "bundled", "bundled-unconditional"]
    assert outputs["model"] == "1"
    first, second, last, _ = outputs["facts"]
    assert first.startswith("1: mock-digits, tutorial, epoch 2")
    assert first.endswith(", cut short")
    assert second.startswith("seven: mock-digits, fast, ")
    assert last.startswith("bundled: mock-digits, fast, epoch 10, step 4680, FID 8.0, 20")
    assert len(last.rsplit(", ", 1)[1]) == len("2026-01-01")


@pytest.mark.parametrize(
    ("choose", "chosen"),
    [("0", "1"), ("1", "1"), ("2", "bundled"), ("2.0", "bundled"), ("SEVEN", "seven"), (" bundled ", "bundled")],
)
def test_a_name_or_a_place_chooses_and_a_name_goes_before_a_place(rhino, choose, chosen):
    assert rhino.answer("models", "model", choose=choose)["model"] == chosen


@pytest.mark.parametrize("choose", ["4", "-1", "0.5", "eight"])
def test_what_is_not_there_is_refused_with_what_there_is(rhino, choose):
    rhino.solve("models", choose=choose)
    report = rhino.until("models", "see the balloon", "model", "names")
    assert report["balloons"] == [
        ["Warning", f"choose: expected a name in names, or its place from 0 to 3; got {choose}."]
    ]
    assert report["outputs"]["model"] is None
    assert len(report["outputs"]["names"]) == 4


def test_a_model_that_is_trained_appears_and_grows_by_itself_and_then_there_is_quiet(open_rhino, own, built_with):
    rhino = open_rhino(own.home, built_with('2.0 if value["training"] else 10.0', "0.1 if 1 else 0"))
    rhino.place("models")
    rhino.place("generate")
    rhino.do("wire", source="models", output="model", target="generate", input="model")
    rhino.answer("models", "names")
    own.call("POST", "/api/runs", {"model": "new"})
    report = rhino.until("models", "new of 5", "facts")
    assert report["outputs"]["facts"][0].endswith(", training")
    rhino.until("models", lambda report: "step 4680" in report["outputs"]["facts"][0], "facts")
    rhino.until("generate", "new - step 4680")
    solves = len(rhino.report("models")["times"])
    time.sleep(0.5)
    assert len(rhino.report("models")["times"]) == solves


def test_a_button_looks_at_once(open_rhino, own):
    rhino = open_rhino(own.home)
    rhino.place("models")
    rhino.answer("models", "names")
    own.call("PATCH", "/api/models/seven", {"name": "eight"})
    rhino.press("models", "refresh")
    names = ["1", "eight", "bundled", "bundled-unconditional"]
    rhino.until("models", lambda report: report["outputs"]["names"] == names, "names", seconds=3)


def test_of_very_many_the_newest_are_listed_and_the_others_are_chosen_by_name(open_rhino, mock, built_with):
    rhino = open_rhino(mock.home, built_with("MANY = 500", "MANY = 1"))
    rhino.place("models")
    rhino.solve("models")
    report = rhino.until("models", "1 of 4", "names")
    assert report["outputs"]["names"] == ["1", "bundled", "bundled-unconditional"]
    more = ["Remark", "The newest are listed, and 1 more are not: choose takes their names too."]
    assert report["balloons"] == [more]
    rhino.solve("models", choose="SEVEN")
    report = rhino.until("models", "seven of 4", "model", "names")
    assert report["outputs"] == {"model": "seven", "names": ["1", "seven", "bundled", "bundled-unconditional"]}
    rhino.solve("models", choose="no such model")
    report = rhino.until("models", "see the balloon", "model")
    assert any("expected a name in names" in sentence for _, sentence in report["balloons"])


def test_models_that_cannot_be_read_are_told_in_the_balloon(open_rhino, tmp_path, start_impostor):
    model = {"name": "bundled", "data": "MNIST", "preset": "fast", "epoch": 1, "step": 1, "frechet": None}
    model.update(created="2026-01-01", finished=True, training=False)
    said = "Model seven cannot be read: model.json is damaged."
    answer = {"models": [model], "total": 1, "next": 0, "remarks": [said]}
    start_impostor(tmp_path / "home", lambda *request: (200, json.dumps(answer).encode()))
    rhino = open_rhino(tmp_path / "home")
    rhino.place("models")
    rhino.solve("models")
    report = rhino.until("models", "bundled of 1", "model")
    assert (report["outputs"]["model"], report["balloons"]) == ("bundled", [["Remark", said]])
