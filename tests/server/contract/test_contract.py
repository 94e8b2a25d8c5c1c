"""The same calls to the mock and to the real server, over a socket: every answer is what the contract says."""

import base64
import re
import time

import numpy as np
import pytest
import rhino3dm

from bridge_server.contract.calls import CALLS
from bridge_server.contract.runs import Run
from ganmnist.data.load import is_at_hand
from ganmnist.evaluation.evaluate import Estimator
from ganmnist.layers import LAYERS
from ganmnist.training import observer

pytestmark = pytest.mark.slow

CALLED = {call.name: (call.method, call.path) for call in CALLS}


@pytest.fixture(scope="module")
def run(ask, server, short):
    """A finished run of the model `Alpha`."""
    body = {"model": "Alpha", "key": "one press", **short}
    started = ask("run_start", body, expect=201)
    assert started.state in ("queued", "running")
    assert (started.epochs, started.model) == (2, "Alpha")
    assert ask("run_start", body).id == started.id, "the same key gives the same run"
    server.wait_for_run(started.id, "succeeded")
    return ask("run", id=started.id)


def test_health_says_which_server_it_is(ask, server):
    health = ask("health")
    assert (health.status, health.name, health.api) == ("ok", "ganmnist", 1)


def test_data_become_ready_with_a_preview(ask):
    assert ask("data_prepare").state in ("preparing", "ready")
    deadline = time.monotonic() + 30
    while (data := ask("data")).state == "preparing":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert data.state == "ready", data.problem
    assert data.percent == 100
    assert data.train > data.test > 0
    assert data.name
    assert data.preview.number == 1
    assert data.preview.mesh.archive3dm >= 60


def test_layers_are_listed_with_their_parameters(ask):
    layers = {layer.name: layer for layer in ask("layers").layers}
    assert layers.keys() == LAYERS.keys()
    for name, layer in layers.items():
        assert layer.description
        assert layer.parameters["properties"].keys() == LAYERS[name].model_fields.keys()
    filters = layers["Conv2D"].parameters["properties"]["filters"]
    assert (filters["type"], filters["minimum"], filters["maximum"]) == ("integer", 1, 2048)
    assert filters["description"]


def test_a_run_succeeds_and_shows_its_progress(ask, run):
    assert (run.state, run.percent, run.epoch, run.place) == ("succeeded", 100, 2, None)
    assert run.step > 0
    assert run.text.startswith("finished - 2 epochs in 0:0")
    assert run.id in [listed.id for listed in ask("runs").runs]
    progress = ask("run_progress", id=run.id)
    assert len(progress.loss_d) == len(progress.loss_g) > 0
    assert progress.loss_d[-1] == run.loss_d
    assert progress.preview.number == run.preview > 0


def test_a_budget_in_seconds_ends_the_run(ask, server, short):
    timed = {key: value for key, value in short.items() if key != "epochs"}
    started = ask("run_start", {"model": "Timed", "seconds": 0.5, **timed}, expect=201)
    assert started.epochs is None
    text = server.wait_for_run(started.id, "succeeded")["text"]
    ended = ask("run", id=started.id)
    assert text.startswith("finished - 0:0")
    assert ended.percent == 100
    assert 0.5 <= ended.seconds < 5
    assert ask("model_delete", name="Timed").deleted == "Timed"


def test_a_budget_in_steps_ends_the_run(ask, server, short):
    counted = {key: value for key, value in short.items() if key != "epochs"}
    started = ask("run_start", {"model": "Counted", "steps": 3, **counted}, expect=201)
    assert (started.steps, started.epochs) == (3, None)
    text = server.wait_for_run(started.id, "succeeded")["text"]
    ended = ask("run", id=started.id)
    assert text.startswith("finished - 3 steps in 0:0")
    assert (ended.percent, ended.step) == (100, 3)
    assert ask("model_delete", name="Counted").deleted == "Counted"


def test_progress_answers_only_what_is_new(ask, run):
    everything = ask("run_progress", id=run.id)
    nothing = ask("run_progress", query=f"?since={everything.next}&preview={run.preview}", id=run.id)
    assert (nothing.loss_d, nothing.preview, nothing.next) == ([], None, everything.next)
    last = ask("run_progress", query=f"?since={everything.next - 1}", id=run.id)
    assert last.loss_g == everything.loss_g[-1:]


def test_the_preview_is_a_png(ask, run):
    assert ask("run_preview", id=run.id).startswith(b"\x89PNG")


def test_a_run_that_has_ended_stays_as_it_is(ask, run):
    assert ask("run_stop", id=run.id).state == "succeeded"


def test_the_model_of_a_run_is_listed_and_found_whatever_the_case(ask, run):
    newest = ask("models").models[0]
    assert (newest.id, newest.name, newest.finished) == (run.id, "Alpha", True)
    assert ask("model", name="aLPHa") == newest


def test_the_bundled_models_are_the_last_of_the_list_and_stay(ask, server, check_problem):
    bundled = ask("models").models[-2:]
    assert [(model.name, model.classes) for model in bundled] == [("bundled", 10), ("bundled-unconditional", 0)]
    for model in bundled:
        assert model.finished
        assert model.frechet > 0
        error = check_problem(server.raw("DELETE", f"/api/models/{model.name}"), 422, "invalid_setting")
        assert "stays" in error["message"]
        assert ask("model", name=model.name) == model


def test_digits_come_with_latents_pixels_and_geometry(ask, run):
    reply = ask("generate", {"model": "Alpha", "count": 3, "form": "mesh"})
    assert reply.model == "Alpha"
    assert not reply.training
    assert len(base64.b64decode(reply.z)) == 3 * (reply.latent_dim + ask("model", name="Alpha").classes) * 4
    assert reply.images.shape == (3, 28, 28)
    assert len(base64.b64decode(reply.images.data)) == 3 * 784
    assert len(reply.geometry) == 3


def test_without_a_name_the_bundled_model_draws(ask):
    assert ask("generate", {"form": "images"}).model == "bundled"


def test_the_digit_is_the_one_asked_for_or_drawn_from_the_seed(ask):
    assert ask("generate", {"digit": 7, "count": 3, "form": "images"}).digits == [7, 7, 7]
    drawn = ask("generate", {"seed": 5, "count": 8, "form": "images"})
    assert len(set(drawn.digits)) > 1
    assert set(drawn.digits) <= set(range(10))
    fewer = ask("generate", {"seed": 5, "count": 3, "form": "images"})
    assert fewer.digits == drawn.digits[:3]
    again = ask("generate", {"seed": 5, "count": 1, "digit": drawn.digits[0], "form": "images"})
    assert base64.b64decode(again.images.data) == base64.b64decode(drawn.images.data)[:784]


@pytest.mark.parametrize("form", ["images", "mesh", "relief", "points"])
def test_every_form_gives_its_geometry(ask, form):
    reply = ask("generate", {"form": form, "count": 1, "height": 2.0})
    found = [rhino3dm.CommonObject.Decode({"version": 10000, **shape.model_dump()}) for shape in reply.geometry]
    if form == "images":
        assert found == []
    elif form == "points":
        assert found[0].Count == 784
    else:
        assert len(found[0].Faces) == {"mesh": 784, "relief": 729}[form]
        assert len(found[0].VertexColors) == len(found[0].Vertices)


@pytest.fixture
def real_images(ask, server):
    """Digits can be compared with real ones: the real server needs some."""
    if not ask("health").mock and not is_at_hand(server.home):
        pytest.skip("no MNIST here: put its four files into GANMNIST_DATA")


def evaluated(ask, body, *states):
    """Ask until an evaluation is in one of the states."""
    deadline = time.monotonic() + 120
    while (found := ask("evaluate", body)).state not in states:
        assert found.state in ("waiting", "running"), found
        assert time.monotonic() < deadline
        body = {**body, "step": found.step}
        time.sleep(0.05)
    return found


def test_figures_come_beside_those_of_real_images_and_are_kept(ask, run, real_images):
    body = {"model": "alpha", "count": 300}
    first = ask("evaluate", body)
    assert (first.model, first.step, first.count) == ("Alpha", run.step, 300)
    assert first.state in ("waiting", "running")
    assert (first.samples, first.real_baseline, first.problem) == (None, None, None)
    found = evaluated(ask, body, "ready")
    assert found.percent == 100
    assert found.data
    assert found.samples.images == found.real_baseline.images == 300
    assert found.samples.frechet > found.real_baseline.frechet > 0
    for figures in (found.samples, found.real_baseline):
        assert sum(figures.classes) == pytest.approx(1)
        assert min(figures.precision, figures.recall, figures.confident) >= 0
        assert max(figures.precision, figures.recall, figures.confident) <= 1
        assert 1 <= figures.inception <= 10
    assert found.explanations.keys() == found.samples.model_dump().keys() - {"images"}
    assert all(sentence.endswith(".") for sentence in found.explanations.values())
    assert ask("evaluate", body) == ask("evaluate", {**body, "step": run.step}) == found


def test_an_evaluation_is_stopped_and_begun_anew(ask, server, real_images, check_problem):
    body = {"count": 9000}
    method, path = CALLED["evaluate_stop"]
    assert "bundled" in check_problem(server.raw(method, path, body), 409, "conflict")["message"]
    running = evaluated(ask, body, "running")
    others = ask("evaluate", {"count": 200})
    assert others.state == "waiting"
    stopped = ask("evaluate_stop", body)
    assert (stopped.state, stopped.samples) == ("stopped", None)
    assert ask("evaluate", {**body, "step": running.step}).state == "stopped"
    assert evaluated(ask, {"count": 200}, "ready").samples.images == 200
    assert ask("evaluate", body).state in ("waiting", "running")
    assert ask("evaluate_stop", body).state == "stopped"


def test_what_a_model_was_at_another_step_is_not_measured(server, run, real_images, check_problem):
    method, path = CALLED["evaluate"]
    error = check_problem(server.raw(method, path, {"model": "Alpha", "step": run.step - 1}), 409, "conflict")
    assert f"at step {run.step} by now" in error["message"]


def vectors(reply):
    return np.frombuffer(base64.b64decode(reply.z), "<f4").reshape(reply.rows, reply.columns, -1)


def test_a_path_goes_through_digits_that_generate_gave_and_generate_draws_it(ask):
    given = ask("generate", {"seed": 3, "count": 3, "form": "images"})
    keys = np.frombuffer(base64.b64decode(given.z), "<f4").reshape(3, -1)
    way = ask("latents_between", {"z": keys.tolist(), "steps": 4, "closed": True})
    assert (way.model, way.latent_dim, way.rows, way.columns, way.remarks) == ("bundled", given.latent_dim, 1, 12, [])
    assert vectors(way)[0, ::4].tobytes() == keys.tobytes()
    drawn = ask("generate", {"z": vectors(way)[0].tolist(), "columns": way.columns, "form": "images"})
    assert drawn.z == way.z
    shown = np.frombuffer(base64.b64decode(drawn.images.data), np.uint8).reshape(12, 784)
    assert shown[::4].tobytes() == base64.b64decode(given.images.data)


def test_a_sheet_has_the_digit_in_its_middle_and_other_digits_around(ask):
    asked = {"digit": 4, "seed": 3, "slant": 0.5}
    sheet = ask("latents_sheet", {**asked, "rows": 3, "columns": 5})
    assert (sheet.rows, sheet.columns, sheet.remarks) == (3, 5, [])
    z = vectors(sheet)
    given = ask("generate", {**asked, "form": "images"})
    assert z[1, 2].tobytes() == base64.b64decode(given.z)
    assert len(np.unique(z.reshape(15, -1), axis=0)) == 15
    assert set(ask("generate", {"z": z.reshape(15, -1).tolist(), "form": "images"}).digits) == {4}


@pytest.mark.parametrize(
    ("name", "body"),
    [
        # As the components of the release before send them, which a definition may hold for years.
        ("generate", {"digit": 7, "slant": 0.5, "seed": 4, "count": 2, "form": "relief", "cell": 1.0, "height": 4.0}),
        ("latents_sheet", {"digit": 4, "seed": 7, "across": "slant", "down": "thickness", "rows": 3, "columns": 3}),
        ("networks_activations", {"digit": 4, "seed": 7, "maps": 4, "form": "images"}),
    ],
)
def test_a_request_of_a_component_of_before_is_answered_as_one_by_the_new_name(ask, name, body):
    now = ask(name, {**body, "truncation": 0.25})
    assert ask(name, {**body, "boldness": 0.25}) == now
    if name != "networks_activations":  # whose maps the mock makes up
        assert ask(name, body) != now


def test_a_sheet_lies_between_four_corners(ask):
    model = ask("model", name="bundled")
    corners = np.random.default_rng(1).uniform(-2, 2, (4, model.latent_dim + model.classes)).astype(np.float32)
    z = vectors(ask("latents_sheet", {"z": corners.tolist(), "rows": 2, "columns": 4}))
    assert z[:, [0, -1]].tobytes() == corners.tobytes()


UNKNOWN = "0123456789abcdef"


@pytest.mark.parametrize(
    ("name", "body", "status", "code", "field"),
    [
        ("generate", {"count": 0}, 422, "invalid_setting", "count"),
        ("generate", {"count": "3"}, 422, "invalid_setting", "count"),
        ("generate", {"digits": 3}, 422, "invalid_setting", "digits"),
        ("generate", {"digit": 10}, 422, "invalid_setting", "digit"),
        ("generate", {"boldness": 3}, 422, "invalid_setting", "truncation"),
        ("generate", {"boldness": 1, "truncation": 1}, 422, "invalid_setting", "truncation"),
        ("generate", {"bold": 1}, 422, "invalid_setting", "bold"),
        ("generate", {"digit": -1}, 422, "invalid_setting", "digit"),
        ("generate", {"plane": {"origin": [0, 0]}}, 422, "invalid_setting", "plane.origin.2"),
        ("generate", {"plane": {"yaxis": [1, 0, 0]}}, 422, "geometry", "plane"),
        ("generate", {"latent": [0] * 1000}, 422, "invalid_setting", "latent"),
        ("generate", {"model": "nobody"}, 404, "model_not_found", None),
        ("generate", {"model": "../x"}, 422, "invalid_setting", "model"),
        ("evaluate", {"count": 128}, 422, "invalid_setting", "count"),
        ("evaluate", {"count": 10_001}, 422, "invalid_setting", "count"),
        ("evaluate", {"seed": 1}, 422, "invalid_setting", "seed"),
        ("evaluate", {"step": -1}, 422, "invalid_setting", "step"),
        ("evaluate", {"model": "nobody"}, 404, "model_not_found", None),
        ("evaluate_stop", {"model": "nobody"}, 404, "model_not_found", None),
        ("run_start", {"epochs": 1.5}, 422, "invalid_setting", "epochs"),
        ("run_start", {"seconds": 0}, 422, "invalid_setting", "seconds"),
        ("run_start", {"preset": "quick"}, 422, "invalid_setting", "preset"),
        ("run_start", {"model": "NUL"}, 422, "invalid_setting", "model"),
        ("run_start", {"model": "Bundled"}, 422, "invalid_setting", "model"),
        ("run_start", {"label_smoothing": 0.1, "loss": "hinge"}, 422, "invalid_setting", "label_smoothing"),
        ("networks_check", {"preset": "quick"}, 422, "invalid_setting", "preset"),
        ("networks_check", {"epochs": 3}, 422, "invalid_setting", "epochs"),
        ("networks_check", {"generator": {"layers": [{"layer": "Tanh"}]}}, 422, "invalid_setting", "generator"),
        ("networks_check", {"model": "nobody"}, 404, "model_not_found", None),
        ("networks_activations", {"maps": 65}, 422, "invalid_setting", "maps"),
        ("networks_activations", {"count": 2}, 422, "invalid_setting", "count"),
        ("networks_activations", {"digit": 10}, 422, "invalid_setting", "digit"),
        ("networks_activations", {"latent": [0] * 1000}, 422, "invalid_setting", "latent"),
        ("networks_activations", {"plane": {"yaxis": [1, 0, 0]}}, 422, "geometry", "plane"),
        ("networks_activations", {"model": "nobody"}, 404, "model_not_found", None),
        ("latents_between", {}, 422, "invalid_setting", "z"),
        ("latents_between", {"z": [[0.5] * 64, [11.0] * 64]}, 422, "invalid_setting", "z.1.0"),
        ("latents_between", {"z": [[0.5] * 65] * 2}, 422, "invalid_setting", "z.0"),
        ("latents_between", {"z": [[0.5] * 64] * 3, "steps": 257}, 422, "invalid_setting", "steps"),
        ("latents_between", {"z": [[0.5] * 64] * 2, "model": "nobody"}, 404, "model_not_found", None),
        ("latents_sheet", {"z": [[0.5] * 64] * 5}, 422, "invalid_setting", "z"),
        ("latents_sheet", {"across": "64"}, 422, "invalid_setting", "across"),
        ("latents_sheet", {"across": "bold"}, 422, "invalid_setting", "across"),
        ("latents_sheet", {"rows": 100}, 422, "invalid_setting", "rows"),
        ("latents_sheet", {"digit": 10}, 422, "invalid_setting", "digit"),
        ("latents_sheet", {"model": "nobody"}, 404, "model_not_found", None),
        ("run", None, 404, "run_not_found", None),
        ("run_stop", None, 404, "run_not_found", None),
        ("run_resume", None, 404, "run_not_found", None),
        ("run_progress", None, 404, "run_not_found", None),
        ("run_preview", None, 404, "run_not_found", None),
        ("model", None, 404, "model_not_found", None),
    ],
)
def test_a_wrong_request_is_refused_with_the_name_of_its_field(
    server, run, check_problem, name, body, status, code, field
):
    method, path = CALLED[name]
    answer = server.raw(method, path.format(id=UNKNOWN, name="nobody"), body)
    assert check_problem(answer, status, code)["field"] == field


def test_only_an_interrupted_run_can_go_on(server, run, check_problem):
    error = check_problem(server.raw("POST", f"/api/runs/{run.id}/resume"), 409, "conflict")
    assert "succeeded" in error["message"]


def test_a_query_takes_digits_and_nothing_else(server, run, check_problem):
    path = f"/api/runs/{run.id}/progress"
    assert check_problem(server.raw("GET", path + "?since=--1"), 422)["field"] == "since"
    assert check_problem(server.raw("GET", path + "?since=2e3"), 422)["field"] == "since"
    assert check_problem(server.raw("GET", path + "?sinse=2"), 422)["field"] == "sinse"
    for query in (path + "?since=-1", "/api/runs?after=-1"):
        assert ": must be at least 0, got -1" in check_problem(server.raw("GET", query), 422)["message"]


def test_a_model_in_training_generates_and_is_deleted_only_when_that_has_ended(ask, server, endless, check_problem):
    started = ask("run_start", {"model": "gamma", **endless}, expect=201)
    deadline = time.monotonic() + 30
    while "gamma" not in [model.name for model in ask("models").models]:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    check_problem(server.raw("DELETE", "/api/models/gamma"), 409, "conflict")
    reply = ask("generate", {"model": "gamma", "form": "images"})
    assert reply.training
    assert reply.step > 0
    while ask("generate", {"model": "gamma", "form": "images"}).step == reply.step:  # it grows live
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert not ask("model", name="gamma").finished
    ask("run_stop", id=started.id)
    assert server.wait_for_run(started.id, "stopped", seconds=5)["text"].startswith("stopped at epoch")
    assert ask("model_delete", name="Gamma").deleted == "gamma"
    check_problem(server.raw("GET", "/api/models/gamma"), 404, "model_not_found")
    check_problem(server.raw("DELETE", "/api/models/gamma"), 404, "model_not_found")


def test_when_the_judge_looks_is_what_a_run_says_of_its_fid():
    said = Run.model_fields["frechet"].description
    assert f"after {observer._JUDGE_AFTER:.0f} seconds" in said
    assert f"the training took {observer._JUDGE_AT_END:.0f}" in said
    least = int(re.search(r"fewer than (\d+)", said).group(1))
    assert Estimator.can_judge(np.empty(least))
    assert not Estimator.can_judge(np.empty(least - 1))
