"""The rule of the queue: owners take turns, whatever each of them presses."""

import math
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge_server.runs.fair_queue import UnderWay, Waiting, forecast, next_run

OWNERS = "abcd"
EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("press"), st.sampled_from(OWNERS), st.integers(1, 20)),  # how many at once
        st.tuples(st.just("end"), st.integers(0, 100), st.just(0)),
        st.tuples(st.just("stop"), st.integers(0, 100), st.just(0)),  # of one that waits
    ),
    max_size=40,
)


class Played:
    """A queue as it goes on: runs are (owner, turn)."""

    def __init__(self, slots):
        self.slots = slots
        self.waiting, self.under_way = [], []
        self.begun, self.began = {}, []  # by owner; in order
        self.pressed = 0

    def press(self, owner, times):
        for _ in range(times):
            self.pressed += 1
            self.waiting.append(Waiting(f"{owner}{self.pressed}", owner, self.pressed, 10.0))
            self.fill()

    def end(self, number):
        if self.under_way:
            self.under_way.pop(number % len(self.under_way))
            self.fill()

    def stop(self, number):
        if self.waiting:
            self.waiting.pop(number % len(self.waiting))

    def fill(self):
        while len(self.under_way) < self.slots and self.waiting:
            run = next_run(self.waiting, [run.owner for run in self.under_way], self.begun)
            self.waiting.remove(run)
            self.under_way.append(run)
            self.began.append(run)
            self.begun[run.owner] = len(self.began)

    def forecast(self):
        return forecast(self.waiting, [UnderWay(run.owner, 10.0) for run in self.under_way], self.begun, self.slots)


@settings(max_examples=300, deadline=None)
@given(slots=st.integers(1, 3), events=EVENTS)
def test_whoever_has_nothing_waits_for_at_most_one_run_of_each_other(slots, events):
    queue = Played(slots)
    first = {}  # by owner: the first run of somebody who had none, and how many had begun by then
    for what, how, times in events:
        if what == "press" and all(run.owner != how for run in (*queue.waiting, *queue.under_way)):
            first[how] = (f"{how}{queue.pressed + 1}", len(queue.began))
        before = {run.id for run in queue.waiting}
        getattr(queue, what)(*((how, times) if what == "press" else (how,)))
        gone = before - {run.id for run in (*queue.waiting, *queue.began)}
        for owner, (id, began) in list(first.items()):
            if id in gone or any(run.id == id for run in queue.began):
                del first[owner]
            between = queue.began[began:]
            ahead = between[: next((at for at, run in enumerate(between) if run.id == id), len(between))]
            assert max(Counter(run.owner for run in ahead).values(), default=0) <= 1, (owner, ahead)


@settings(max_examples=200, deadline=None)
@given(slots=st.integers(1, 3), events=EVENTS)
def test_each_owners_runs_begin_in_the_order_in_which_they_were_pressed_and_no_slot_is_idle(slots, events):
    queue = Played(slots)
    for what, how, times in events:
        getattr(queue, what)(*((how, times) if what == "press" else (how,)))
        for owner in OWNERS:
            turns = [run.turn for run in queue.began if run.owner == owner]
            assert turns == sorted(turns)
        assert len(queue.under_way) == slots or not queue.waiting


@settings(max_examples=200, deadline=None)
@given(slots=st.integers(1, 3), events=EVENTS)
def test_what_is_forecast_comes_true_if_nobody_presses_anything(slots, events):
    queue = Played(slots)
    for what, how, times in events:
        getattr(queue, what)(*((how, times) if what == "press" else (how,)))
    expected = [turn.id for turn in queue.forecast()]
    assert sorted(expected) == sorted(run.id for run in queue.waiting)
    began = len(queue.began)
    while queue.under_way:
        queue.end(0)  # all take as long as any other: who began first ends first
    assert [run.id for run in queue.began[began:]] == expected


def waiting(*owners, seconds=10.0):
    return [Waiting(f"{owner}-{turn}", owner, turn, seconds) for turn, owner in enumerate(owners)]


def order(*arguments):
    return [turn.id for turn in forecast(*arguments)]


def test_twenty_runs_of_one_delay_anothers_first_by_one():
    queued = waiting(*["anna"] * 20, "ben", "ben")
    assert order(queued, [UnderWay("anna", 5.0)], {"anna": 1}, 1)[:4] == ["ben-20", "anna-0", "ben-21", "anna-1"]
    assert order(queued, [], {}, 1)[:3] == ["anna-0", "ben-20", "anna-1"]


def test_who_trained_longest_ago_goes_next():
    assert order(waiting("anna", "ben", "tom"), [], {"anna": 9, "ben": 3, "tom": 7}, 1) == ["ben-1", "tom-2", "anna-0"]
    assert order(waiting("anna", "ben", "new"), [], {"anna": 9, "ben": 3}, 1)[0] == "new-2"


def test_who_has_a_slot_leaves_the_next_to_others():
    """Though theirs began longest ago: it is a long one."""
    queued = waiting("anna", "ben")
    assert order(queued, [UnderWay("anna", 9e9)], {"anna": 1, "ben": 5}, 2)[0] == "ben-1"


def test_the_wait_is_what_the_runs_before_take():
    queued = [Waiting("a", "anna", 1, 60.0), Waiting("b", "anna", 2, 30.0), Waiting("c", "anna", 3, 10.0)]
    assert [turn.seconds for turn in forecast(queued, [UnderWay("tom", 20.0)], {}, 1)] == [20.0, 80.0, 110.0]
    assert [turn.seconds for turn in forecast(queued, [UnderWay("tom", 20.0)], {}, 2)] == [0.0, 20.0, 50.0]


def test_behind_a_run_of_unknown_length_nobody_is_told_a_time():
    queued = [Waiting("a", "anna", 1, 10.0), Waiting("b", "anna", 2), Waiting("c", "anna", 3, 10.0)]
    assert [turn.seconds for turn in forecast(queued, [], {}, 1)] == [0.0, 10.0, math.inf]
    assert [turn.seconds for turn in forecast(queued, [], {}, 2)] == [0.0, 0.0, 10.0], "but the other slot is known"
    assert [turn.seconds for turn in forecast(queued[:1], [UnderWay("tom")], {}, 1)] == [math.inf]


@pytest.mark.parametrize("slots", [1, 4])
def test_nobody_waits_where_nobody_presses(slots):
    assert forecast([], [UnderWay("anna", 5.0)], {}, slots) == []
