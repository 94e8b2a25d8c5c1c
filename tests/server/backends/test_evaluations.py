"""Evaluations in the background: one at a time, stopped, kept, bounded; and figures that are the library's."""

from __future__ import annotations

import threading
import time

import pytest

from bridge_server.backends.evaluations import MAX_ACTIVE, MAX_ENDED, MAX_THEIRS, Evaluations, Figures
from bridge_server.backends.mock.backend import Mock
from bridge_server.backends.service import Service
from bridge_server.contract.evaluation import EvaluateRequest
from bridge_server.errors import ApiError, Conflict
from ganmnist.data.load import load_data
from ganmnist.errors import DataError
from ganmnist.evaluation.evaluate import Evaluator
from ganmnist.generation.draw_like import draw_like
from ganmnist.generation.sampler import Sampler
from ganmnist.models.figures import Evaluation
from ganmnist.models.manifest import Source
from ganmnist.models.store import ModelStore

COUNT = 400
FIGURES = Figures(
    "few",
    *[Evaluation(images=9, frechet=f, inception=1, confident=0, precision=0, recall=0, classes=()) for f in (7.0, 2.0)],
)


class Work:
    """An evaluation that goes on when it is told to."""

    def __init__(self, error=None):
        self.goes_on = threading.Event()
        self.began = threading.Event()
        self.times = 0
        self.error = error

    def __call__(self, report):
        self.times += 1
        report(0.25)
        self.began.set()
        assert self.goes_on.wait(10)
        if self.error:
            raise self.error
        report(0.75)
        return FIGURES


def model(name="one", step=5, sha="a"):
    return Source(name, f"id of {name}", step, sha)


def wait(evaluations, request, source, *states):
    deadline = time.monotonic() + 10
    while (told := evaluations.ask(request, source, None)).state not in states:
        assert time.monotonic() < deadline, told
        time.sleep(0.01)
    return told


@pytest.fixture
def evaluations():
    made = Evaluations()
    yield made
    made.close()


def test_one_is_made_after_the_other_in_the_order_in_which_they_were_asked_for(evaluations):
    first, second, request = Work(), Work(), EvaluateRequest()
    assert evaluations.ask(request, model(), first).state == "running"
    assert first.began.wait(10)
    told = evaluations.ask(request, model(), None)
    assert (told.state, told.percent, told.step, told.count) == ("running", 25, 5, 1000)
    assert evaluations.ask(request, model("two"), second).state == "waiting"
    assert not second.began.wait(0.05)
    first.goes_on.set()
    assert second.began.wait(10)
    told = evaluations.ask(request, model("renamed")._replace(model_id="id of one"), None)
    assert (told.state, told.model, told.percent, told.data) == ("ready", "renamed", 100, "few")
    assert (told.samples.frechet, told.real_baseline.frechet) == (7, 2)
    second.goes_on.set()
    assert wait(evaluations, request, model("two"), "ready").problem is None


def test_a_model_that_learns_is_told_of_by_the_step_that_was_begun_with(evaluations):
    work, later, request = Work(), Work(), EvaluateRequest()
    evaluations.ask(request, model(), work)
    assert evaluations.ask(request, model(step=6, sha="b"), None).step == 5  # under way
    work.goes_on.set()
    named = EvaluateRequest(step=5)
    assert wait(evaluations, named, model(step=6, sha="b"), "ready").step == 5
    assert evaluations.ask(request, model(step=6, sha="b"), later).step == 6
    with pytest.raises(Conflict, match="step: model one is at step 6 by now"):
        evaluations.ask(EvaluateRequest(step=4), model(step=6, sha="b"), None)
    assert work.times == 1


def test_one_person_takes_a_part_of_the_queue_and_stops_their_own_alone(evaluations):
    first, request = Work(), EvaluateRequest()
    evaluations.ask(request, model(), first, "anna")
    for number in range(1, MAX_THEIRS):
        evaluations.ask(request, model(str(number)), Work(), "anna")
    with pytest.raises(ApiError, match=f"{MAX_THEIRS} evaluations of anna's"):
        evaluations.ask(request, model("more"), Work(), "anna")
    assert evaluations.ask(request, model("bens"), Work(), "ben").state == "waiting"
    with pytest.raises(ApiError, match="anna asked for this evaluation"):
        evaluations.stop(request, model(), "ben")
    assert evaluations.stop(request, model("bens"), "ben").state == "stopped"
    assert evaluations.stop(request, model()).state == "stopped", "whose server it is may do all"
    first.goes_on.set()


def test_another_count_is_another_evaluation(evaluations):
    work = Work()
    work.goes_on.set()
    evaluations.ask(EvaluateRequest(count=200), model(), work)
    wait(evaluations, EvaluateRequest(count=200), model(), "ready")
    evaluations.ask(EvaluateRequest(count=300), model(), work)
    wait(evaluations, EvaluateRequest(count=300), model(), "ready")
    wait(evaluations, EvaluateRequest(count=200), model(), "ready")
    assert work.times == 2


@pytest.mark.parametrize("error", [None, DataError("too late to say so")])
def test_what_is_stopped_ends_and_the_next_one_has_its_turn(evaluations, error):
    work, after, request = Work(error), Work(), EvaluateRequest()
    evaluations.ask(request, model(), work)
    assert work.began.wait(10)
    evaluations.ask(request, model("two"), after)
    assert evaluations.stop(request, model()).state == "stopped"
    work.goes_on.set()
    assert after.began.wait(10)
    assert evaluations.ask(EvaluateRequest(step=5), model(), None).state == "stopped"
    assert evaluations.stop(request, model("two")).state == "stopped"
    after.goes_on.set()
    with pytest.raises(Conflict, match="No evaluation of three"):
        evaluations.stop(request, model("three"))


@pytest.mark.parametrize(
    ("error", "problem"),
    [(DataError("t10k is damaged"), "t10k is damaged"), (ZeroDivisionError("oh"), "ZeroDivisionError: oh")],
)
def test_what_fails_says_why_and_is_tried_again_when_asked_anew(evaluations, error, problem):
    work, request = Work(error), EvaluateRequest()
    work.goes_on.set()
    evaluations.ask(request, model(), work)
    named = EvaluateRequest(step=5)
    assert wait(evaluations, named, model(), "failed").problem == problem
    assert evaluations.ask(request, model(), Work()).state in ("waiting", "running")


def test_so_many_wait_and_so_many_are_kept_and_no_more(evaluations):
    work = Work()
    for number in range(MAX_ACTIVE):
        evaluations.ask(EvaluateRequest(), model(str(number)), work)
    with pytest.raises(ApiError, match="as many as there may be") as refused:
        evaluations.ask(EvaluateRequest(), model("more"), work)
    assert (refused.value.status, refused.value.headers) == (429, {"Retry-After": "5"})
    work.goes_on.set()
    for number in range(MAX_ACTIVE, 2 * MAX_ENDED):
        wait(evaluations, EvaluateRequest(), model(str(number - 1)), "ready")
        evaluations.ask(EvaluateRequest(), model(str(number)), work)
    assert len(evaluations._jobs) <= MAX_ENDED + 1
    assert all(job.work is None for job in evaluations._jobs[:-1])  # and with it its model


def test_the_figures_of_the_mock_are_the_same_each_time():
    def figures():
        mock = Mock("x")
        while (told := mock.evaluate(EvaluateRequest(count=129))).state != "ready":
            time.sleep(0.02)
        return told

    assert figures() == figures()


def test_without_real_images_it_is_said_what_to_do(home, monkeypatch):
    monkeypatch.delenv("GANMNIST_DATA", raising=False)
    service = Service(home, "0" * 32)
    try:
        with pytest.raises(ApiError, match="load MNIST first") as refused:
            service.evaluate(EvaluateRequest())
        assert (refused.value.status, refused.value.code) == (409, "no_data")
    finally:
        service.close()


def numbers(figures):
    *single, classes = figures.model_dump().values()
    return [*single, *classes]


@pytest.mark.slow
def test_the_figures_are_those_of_the_library_and_digits_are_drawn_meanwhile(start_server):
    data = load_data()
    if data.name != "MNIST":
        pytest.skip("no MNIST here: put its four files into GANMNIST_DATA")
    server = start_server()
    body, drawn, longest = {"count": COUNT}, 0, 0.0
    server.call("POST", "/api/generate", {"form": "images"})
    while (told := server.call("POST", "/api/evaluate", body)[1])["state"] != "ready":
        assert told["state"] in ("waiting", "running"), told
        body["step"] = told["step"]
        for _ in range(5):
            began = time.monotonic()
            assert server.call("POST", "/api/generate", {"form": "images", "seed": drawn})[0] == 200
            longest = max(longest, time.monotonic() - began)
            drawn += 1
    assert drawn > 20
    assert longest < 1.0
    evaluator = Evaluator(data)
    samples = evaluator.evaluate(draw_like(data, Sampler.load(ModelStore(server.home).find(None)), COUNT))
    for name, expected in (("samples", samples), ("real_baseline", evaluator.real_baseline(COUNT))):
        assert numbers(Evaluation(**told[name])) == pytest.approx(numbers(expected), rel=1e-4)
