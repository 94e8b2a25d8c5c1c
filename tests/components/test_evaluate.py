"""The Evaluate component: the judge's figures of a model, while the canvas goes on."""

import pytest

pytestmark = pytest.mark.slow

OUTPUTS = ("figures", "fid", "precision", "recall", "confident", "classes")


@pytest.fixture
def mock(start_server):
    return start_server(mock=True)


@pytest.fixture
def rhino(open_rhino, mock):
    rhino = open_rhino(mock.home)
    rhino.place("evaluate")
    return rhino


def figures(mock, **asked):
    return mock.call("POST", "/api/evaluate", asked)[1]


def test_a_press_measures_and_says_how_far_it_is_and_then_the_figures_beside_those_of_real_images(rhino, mock):
    rhino.solve("evaluate", count=5000)
    assert rhino.until("evaluate", "press evaluate", *OUTPUTS)["outputs"] == dict.fromkeys(OUTPUTS)
    rhino.press("evaluate", "evaluate", count=5000)
    rhino.until("evaluate", lambda report: report["message"].startswith("evaluating - "))
    report = rhino.until("evaluate", "bundled - FID 8.2", *OUTPUTS)
    outputs, found = report["outputs"], figures(mock, count=5000)["samples"]
    assert report["balloons"] == []
    assert [outputs[name] for name in OUTPUTS[1:]] == [
        found[name] for name in ("frechet", "precision", "recall", "confident", "classes")
    ]
    first, fid, inception, confident, precision, recall, classes = outputs["figures"]
    assert first == "5,000 digits of bundled at step 4680"
    assert fid == (
        "FID 8.2 (real images 2.2): How far generated images are from real ones, as the judge sees both (Frechet "
        "distance); less is better; the fewer images, the more it is."
    )
    assert inception.startswith("inception score 8.57 (real images 9.80): ")
    assert confident.startswith("confident 85.2 % (real images 99.0 %): ")
    assert precision.startswith("precision 80.0 % (real images 93.0 %): ")
    assert recall.startswith("recall 77.5 % (real images 90.0 %): ")
    assert classes.startswith("classes 0: 9.7 %, 1: 9.8 %, ")
    assert max(report["times"]) < 1000


def test_what_was_not_pressed_for_is_not_measured_and_what_was_comes_back(rhino):
    rhino.solve("evaluate", count=200)
    rhino.press("evaluate", "evaluate", count=200)
    known = rhino.until("evaluate", "bundled - FID 13.0", *OUTPUTS)["outputs"]
    rhino.solve("evaluate", count=201)
    assert rhino.until("evaluate", "press evaluate", *OUTPUTS)["outputs"] == dict.fromkeys(OUTPUTS)
    rhino.press("evaluate", "evaluate", count=201)
    rhino.until("evaluate", "bundled - FID 13.0", *OUTPUTS)
    rhino.solve("evaluate", count=200)
    assert rhino.until("evaluate", "bundled - FID 13.0", *OUTPUTS)["outputs"] == known


def test_a_toggle_left_on_measures_nothing_when_the_file_opens(rhino):
    rhino.solve("evaluate", evaluate=True, count=300)
    rhino.until("evaluate", "press evaluate")


def test_a_model_that_learns_is_measured_at_the_step_it_had(open_rhino, start_server):
    server = start_server(mock=True)
    run = server.start_run(model="learns")
    server.wait_for_step(run["id"], 1200)
    rhino = open_rhino(server.home)
    rhino.place("evaluate")
    rhino.solve("evaluate", model="learns", count=2000)
    rhino.press("evaluate", "evaluate", model="learns", count=2000)
    (first, *_) = rhino.until("evaluate", lambda report: report["message"].startswith("learns - FID"), "figures")[
        "outputs"
    ]["figures"]
    step = int(first.rsplit(" ", 1)[1])
    assert 1200 <= step < server.wait_for_run(run["id"], "succeeded")["step"]
    rhino.press("evaluate", "evaluate", model="learns", count=2000)
    rhino.until("evaluate", lambda report: "step 4680" in str(report["outputs"]), "figures")


def test_stop_ends_what_is_under_way_and_another_press_begins_anew(rhino, mock):
    rhino.solve("evaluate", count=10_000)
    rhino.press("evaluate", "evaluate", count=10_000)
    rhino.until("evaluate", lambda report: report["message"].startswith("evaluating - "))
    rhino.press("evaluate", "stop", count=10_000)
    assert rhino.until("evaluate", "stopped", *OUTPUTS)["outputs"] == dict.fromkeys(OUTPUTS)
    rhino.press("evaluate", "stop", count=10_000)  # there is nothing to stop
    assert rhino.until("evaluate", "stopped")["balloons"] == []
    rhino.press("evaluate", "evaluate", count=10_000)
    rhino.until("evaluate", lambda report: report["message"].startswith("bundled - FID"))


def test_what_fails_is_said_and_what_is_ended_elsewhere_too(open_rhino, start_server):
    server = start_server(mock=True)
    run = server.start_run(model="mock-fails")
    server.wait_for_run(run["id"], "failed")
    rhino = open_rhino(server.home)
    rhino.place("evaluate")
    rhino.solve("evaluate", model="mock-fails")
    rhino.press("evaluate", "evaluate", model="mock-fails")
    assert rhino.until("evaluate", "failed")["balloons"] == [
        ["Error", "The evaluation failed half way, as the name of the model asked for."]
    ]
    rhino.press("evaluate", "evaluate", count=10_000)
    rhino.until("evaluate", lambda report: report["message"].startswith("evaluating - "))
    assert server.call("POST", "/api/evaluate/stop", {"count": 10_000})[0] == 200
    assert rhino.until("evaluate", "stopped")["balloons"] == []
    rhino.press("evaluate", "evaluate", model="nobody")
    ((level, sentence),) = rhino.until("evaluate", lambda report: report["balloons"])["balloons"]
    assert (level, sentence.split(": ")[0]) == ("Warning", "model")
