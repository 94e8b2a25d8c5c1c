"""Documents come and go, are open twice, are solved where nobody sees them: no press is lost, none is made twice."""

from __future__ import annotations

import json
import threading
import time

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

pytestmark = pytest.mark.slow

READY = {"state": "ready", "name": "MNIST", "train": 6, "test": 1, "percent": 100.0, "problem": None, "preview": None}


class Counting:
    """What an impostor answers, and how often it was asked for what."""

    def __init__(self) -> None:
        self.data = dict(READY)
        self.asked: list[str] = []

    def __call__(self, method, path, body):
        self.asked.append(path)
        return 200, json.dumps(self.data).encode()

    def presses(self) -> int:
        return self.asked.count("/api/data/prepare")


@pytest.fixture
def counting(tmp_path, start_impostor):
    counting = Counting()
    start_impostor(tmp_path / "home", counting)
    return counting


class TwoDocuments(RuleBasedStateMachine):
    """One definition, open twice: its Data components have the same guid. Documents are closed and opened again."""

    rhino = None
    counting = None

    @initialize()
    def open_both(self):
        self.before = self.counting.presses()
        self.pressed = 0
        self.alive = {"one": False, "two": False}
        for document in self.alive:
            self.open(document)

    def open(self, document):
        self.rhino.do("open", document=document)
        self.rhino.do("place", name=document, component="data", document=document, guid="the-same")
        self.rhino.solve(document, load=False)
        self.alive[document] = True

    @rule(document=st.sampled_from(["one", "two"]), times=st.integers(1, 3))
    def press(self, document, times):
        if self.alive[document]:
            for _ in range(times):
                self.rhino.press(document, "load")
            self.pressed += times
            self.settle()

    @rule(document=st.sampled_from(["one", "two"]), runs=st.integers(2, 4))
    def solve_with_a_list(self, document, runs):
        if self.alive[document]:
            self.rhino.solve(document, *[{"load": False}] * runs)

    @rule(document=st.sampled_from(["one", "two"]))
    def delete_and_undo(self, document):
        if self.alive[document]:
            self.rhino.do("delete", name=document)
            self.rhino.do("undelete", name=document, document=document)

    @rule(document=st.sampled_from(["one", "two"]))
    def save_as_and_close(self, document):
        if self.alive[document]:
            self.rhino.do("close", document=document)
            self.alive[document] = False

    @precondition(lambda self: not all(self.alive.values()))
    @rule()
    def open_again(self):
        for document, alive in self.alive.items():
            if not alive:
                self.open(document)

    def settle(self):
        deadline = time.monotonic() + 10
        while self.counting.presses() - self.before < self.pressed and time.monotonic() < deadline:
            for document, alive in self.alive.items():
                if alive:
                    self.rhino.report(document)
            time.sleep(0.005)

    @invariant()
    def every_press_was_made_once(self):
        assert self.counting.presses() - self.before == self.pressed

    @invariant()
    def nothing_piles_up(self):
        assert self.rhino.do("sticky") < 16

    def teardown(self):
        for document, alive in getattr(self, "alive", {}).items():
            if alive:
                self.rhino.do("close", document=document)


def test_no_press_is_lost_or_made_twice_in_whatever_order_documents_come_and_go(open_rhino, counting):
    TwoDocuments.rhino, TwoDocuments.counting = open_rhino(), counting
    run_state_machine_as_test(
        TwoDocuments,
        settings=settings(
            max_examples=25,
            stateful_step_count=15,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
        ),
    )


def quiet_after(counting, seconds=1.3):
    """Return how many requests come from now on."""
    time.sleep(0.2)  # one may be under way
    before = len(counting.asked)
    time.sleep(seconds)
    return len(counting.asked) - before


@pytest.mark.parametrize("how", ["close", "delete"])
def test_what_is_gone_asks_no_more(open_rhino, counting, how):
    counting.data.update(state="preparing", name=None)
    rhino = open_rhino()
    rhino.do("open", document="other")
    rhino.do("place", name="data", document="other")
    rhino.solve("data")
    rhino.until("data", "importing - 100 %")
    time.sleep(1.2)
    assert len(counting.asked) > 1  # it goes on asking
    rhino.do("close", document="other") if how == "close" else rhino.do("delete", name="data")
    assert quiet_after(counting) == 0


def test_runs_that_are_solved_no_more_ask_no_more(open_rhino, counting):
    counting.data.update(state="preparing", name=None)
    rhino = open_rhino()
    rhino.place("data")
    rhino.solve("data", *[{"load": False}] * 4)
    assert quiet_after(counting) >= 6  # each asks twice a second
    rhino.solve("data")
    assert 1 <= quiet_after(counting) <= 3


def test_hundreds_of_documents_leave_nothing_behind(open_rhino, counting, built_with):
    rhino = open_rhino(components=built_with("WAIT = 0.03", "WAIT = 0.0"))
    rhino.do("cycle", component="data", times=300)
    assert rhino.do("sticky") <= 3  # the bridge, and what the next memory takes away


@pytest.fixture(scope="module")
def mock(start_shared_server):
    return start_shared_server(mock=True)


@pytest.mark.parametrize("kind", ["hidden", "cluster"])
def test_where_there_is_one_solution_only_it_has_the_digits(open_rhino, mock, kind):
    rhino = open_rhino(mock.home)
    rhino.do("open", document="once", kind=kind)
    rhino.do("place", name="generate", document="once")
    report = rhino.solve("generate", seed=4, count=12, outputs=["geometry", "name"])
    assert (report["message"], report["balloons"]) == ("bundled - step 4680", [])
    assert len(report["outputs"]["geometry"]) == 12


def test_on_demand_a_solution_on_the_canvas_waits_too(open_rhino, tmp_path, start_impostor, mock):
    def late(method, path, body):
        time.sleep(0.3)
        return mock.raw(method, path, body)[::2]

    start_impostor(tmp_path / "home", late)
    rhino = open_rhino()
    rhino.place("generate")
    assert rhino.solve("generate", seed=3)["message"] == "asking"
    for seed in (4, 5):
        assert rhino.solve("generate", seed=seed, wait=True)["message"] == "bundled - step 4680"


def test_what_does_not_come_in_time_is_an_error_that_says_so(open_rhino, tmp_path, start_impostor, built_with):
    release = threading.Event()

    def never(method, path, body):
        release.wait(20)
        return 200, b"{}"

    start_impostor(tmp_path / "home", never)
    rhino = open_rhino(components=built_with("LONG_WAIT = 2 * CALL_SECONDS", "LONG_WAIT = 0.3"))
    rhino.place("generate")
    ((level, sentence),) = rhino.solve("generate", wait=True)["balloons"]
    release.set()
    assert level == "Error"
    assert sentence.startswith("The server did not answer within 0.3 seconds")
