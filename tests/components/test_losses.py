"""The Losses component: how a run goes, as curves with axes."""

import time

import pytest

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server(start_shared_server):
    return start_shared_server(mock=True)


@pytest.fixture
def rhino(open_rhino, server):
    for run in server.call("GET", "/api/runs")[1]["runs"]:
        server.call("POST", f"/api/runs/{run['id']}/stop")
    rhino = open_rhino(server.home)
    rhino.place("losses")
    return rhino


OUTPUTS = ("discriminator", "generator", "frechet", "axes", "points", "labels")


def start(server, **settings):
    return server.call("POST", "/api/runs", settings)[1]["id"]


def finished(rhino, name="losses"):
    return rhino.until(name, lambda report: "finished" in report["message"], *OUTPUTS)["outputs"]


def test_a_run_is_drawn_at_its_steps_on_round_scales_in_the_plane(rhino, server):
    id = start(server, model="drawn")
    plane = {"plane": {"origin": [10.0, 20.0, 30.0], "xaxis": [0.0, 1.0, 0.0], "yaxis": [0.0, 0.0, 1.0]}}
    rhino.solve("losses", run=id, plane=plane, width=50.0, height=30.0)
    outputs = finished(rhino)
    said = server.call("GET", f"/api/runs/{id}/progress")[1]
    # Steps to 4680 are drawn to 5000, losses from 0.54 to 1.46 from 0.4 to 1.6, the Frechet distance from 0 to 20.
    for name, numbers, low, high in (
        ("discriminator", said["loss_d"], 0.4, 1.6),
        ("generator", said["loss_g"], 0.4, 1.6),
        ("frechet", said["frechet"], 0.0, 20.0),
    ):
        rows = [(step, number) for step, number in zip(said["steps"], numbers, strict=True) if number is not None]
        expected = [[10.0, 20 + 50 * step / 5000, 30 + 30 * (number - low) / (high - low)] for step, number in rows]
        assert outputs[name] == [pytest.approx(point) for point in expected], name
    assert len(outputs["discriminator"]) == 20
    assert len(outputs["frechet"]) == 16


def test_axes_have_ticks_with_labels_beside_them(rhino, server):
    rhino.solve("losses", run=start(server, model="ticks"))
    outputs = finished(rhino)
    steps = ["0", "1000", "2000", "3000", "4000", "5000 steps"]
    losses = ["0.4", "0.6", "0.8", "1.0", "1.2", "1.4", "1.6 loss"]
    assert outputs["labels"][:13] == steps + losses
    assert outputs["labels"][13:] == ["0", "5", "10", "15", "20 FID"]
    assert outputs["points"][5] == pytest.approx([100.0, -3.6, 0.0])  # by 100 x 60, unless told otherwise
    assert outputs["points"][6] == pytest.approx([-3.6, 0.0, 0.0])
    assert outputs["points"][17] == pytest.approx([103.6, 60.0, 0.0])
    assert len(outputs["axes"]) == 3 + len(outputs["labels"])
    assert outputs["axes"][0] == [[0.0, 0.0, 0.0], [100.0, 0.0, 0.0]]
    assert outputs["axes"][6] == [pytest.approx([100.0, 0.0, 0.0]), pytest.approx([100.0, -1.2, 0.0])]


def test_the_newest_run_is_drawn_live_and_then_left_alone(rhino, server):
    start(server, model="growing")
    rhino.solve("losses")
    early = rhino.until("losses", lambda report: report["outputs"]["generator"], "generator")
    assert early["message"].startswith("growing - ")
    done = finished(rhino)
    assert len(done["generator"]) == 20 > len(early["outputs"]["generator"])
    solves = len(rhino.report("losses")["times"])
    time.sleep(0.5)
    assert len(rhino.report("losses")["times"]) == solves < 8  # it asks once a second


def test_it_follows_the_run_of_train_and_forgets_the_one_before(rhino, server):
    rhino.place("train")
    rhino.solve("train")
    rhino.until("train", "press train")
    rhino.do("wire", source="train", output="run", target="losses", input="run")
    rhino.press("train", "train", name="first")
    rhino.until("losses", lambda report: report["message"].startswith("first - finished"))
    rhino.until("train", lambda report: report["message"].startswith("finished"))
    rhino.press("train", "train", name="second")
    rhino.until("losses", lambda report: report["message"].startswith("second - finished"))
    assert len(finished(rhino)["discriminator"]) == 20


def test_a_size_of_nothing_is_refused_with_what_was_expected(rhino, server):
    start(server, model="flat")
    report = rhino.solve("losses", width=0.0)
    sentence = "width and height: expected lengths above 0, got 0 and 60."
    assert report["balloons"] == [["Error", sentence]]


@pytest.mark.parametrize(
    ("numbers", "ticks"),
    [
        ([0.0, 10.0], [0, 2, 4, 6, 8, 10]),
        ([-81.0, 34.0], [-100, -80, -60, -40, -20, 0, 20, 40]),
        ([0.031, 0.0502], [0.03, 0.035, 0.04, 0.045, 0.05, 0.055]),
        ([7.0, 7.0], [6, 8]),
        ([0.0, 0.0], [0, 0.2]),
        ([-3.0, -3.0], [-3, -2.5]),
        ([0.0, 123456.0], [0, 50000, 100000, 150000]),
    ],
)
def test_scales_are_round_and_hold_their_numbers(scale, numbers, ticks):
    made = scale(numbers)
    assert made.low <= min(numbers) <= max(numbers) <= made.high
    assert made.low == pytest.approx(made.ticks[0])
    assert made.high == pytest.approx(made.ticks[-1])
    assert made.ticks == pytest.approx(ticks)
    assert len(made.ticks) <= 8


@pytest.fixture
def scale(built):
    """The class that the built component has."""
    source = (built / "losses.py").read_text()
    scope = {}
    exec("import math\n" + source[source.index("class Scale(") :].split("# ----")[0], scope)
    return scope["Scale"]
