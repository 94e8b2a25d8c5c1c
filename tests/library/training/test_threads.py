"""The number of threads follows the pace of the steps, as neighbours come and go."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from ganmnist.training import processor, threads
from ganmnist.training.processor import OtherPrograms
from ganmnist.training.threads import ThreadCount


@pytest.fixture
def machine(monkeypatch):
    """A machine of so many cores: machine(cores, pace), where pace(second, threads) is what a step takes, seconds.

    `share` is how much of that the training's own thread is given, others(second) what other programs take of the
    machine, where the system says it.
    """

    class Machine:
        def __init__(
            self,
            cores: int | None,
            pace: Callable[[float, int], float],
            share: float = 1.0,
            others: Callable[[float], float | None] = lambda second: None,
        ) -> None:
            monkeypatch.setattr(OtherPrograms, "share", lambda _: others(self.now))
            monkeypatch.setattr(processor, "_cores", lambda: cores or 1)
            self.now, self.used, self._pace = 0.0, [], pace
            monkeypatch.setattr(threads.time, "thread_time", lambda: self.now * share)
            monkeypatch.setattr(threads.os, "cpu_count", lambda: cores)
            monkeypatch.setattr(torch, "set_num_threads", self.used.append)
            self._count = ThreadCount()

        def play(self, seconds: float, *, in_company: bool = False) -> int:
            """Train for so long and return how many steps it took."""
            end, steps = self.now + seconds, 0
            while self.now < end:
                self.now += self._pace(self.now, self.used[-1])
                self._count.step(self.now, in_company=in_company)
                steps += 1
            return steps

    return Machine


@pytest.mark.parametrize(
    ("paces", "quicker"),
    [({1: 0.04, 2: 0.025}, 2), ({1: 0.02, 2: 0.03}, 1), ({1: 0.04, 2: 0.03, 4: 0.02}, 4), ({1: 3, 2: 2, 4: 2.5}, 2)],
)
def test_the_quicker_count_is_found_soon_and_looking_for_it_costs_little(machine, paces, quicker):
    quiet = machine(max(paces), lambda second, count: paces[count])
    quiet.play(2 + 35 * max(paces.values()))
    assert quiet.used[-1] == quicker
    assert set(quiet.used) == set(paces)
    seconds = max(100, 1000 * paces[quicker])
    assert quiet.play(seconds) > 0.93 * seconds / paces[quicker]


@pytest.mark.parametrize("arrival", [12, 14, 16, 18, 20])  # soon after a trial, and long after one
def test_a_neighbour_that_stalls_two_threads_leaves_one_within_a_few_steps_and_two_come_back_after(machine, arrival):
    def pace(second, count):
        stalled = arrival <= second < arrival + 40 and count == 2
        return 0.3 if stalled else {1: 0.04, 2: 0.025}[count]

    busy = machine(2, pace)
    busy.play(arrival)
    assert busy.used[-1] == 2
    assert busy.play(5) > 30  # two threads alone would come to 17
    assert busy.used[-1] == 1
    busy.play(40)
    busy.play(8)
    assert busy.used[-1] == 2


def test_one_slow_step_is_no_neighbour(machine):
    def pace(second, count):
        return 0.5 if 5 < second < 5.03 else {1: 0.04, 2: 0.025}[count]

    quiet = machine(2, pace)
    quiet.play(5)
    changes = len(quiet.used)
    quiet.play(3)
    assert len(quiet.used) == changes


@pytest.mark.parametrize("cores", [None, 1, 2, 3, 4, 7, 64])
def test_never_more_threads_than_cores_nor_than_four(machine, cores):
    any_machine = machine(cores, lambda second, count: 0.1 / count)  # the more the quicker
    any_machine.play(30)
    assert max(any_machine.used) <= min(cores or 1, 4)
    assert min(any_machine.used) >= 1


def test_a_single_core_is_never_asked_for_a_trial(machine):
    alone = machine(1, lambda second, count: 0.01 if second < 10 else 0.1)
    alone.play(30)
    assert alone.used == [1]


def test_where_every_core_is_crowded_two_threads_are_not_even_tried(machine):
    crowded = machine(2, lambda second, count: 0.05 if count == 1 else 10.0, share=0.5)
    assert crowded.play(100) > 1900
    assert crowded.used == [1]


def test_a_trial_that_costs_much_is_not_soon_repeated(machine):
    stalled = machine(2, lambda second, count: 0.05 if count == 1 else 4.0)
    assert stalled.play(600) > 0.9 * 600 / 0.05


def test_a_core_is_left_to_company_and_taken_back(machine):
    quiet = machine(2, lambda second, count: 0.04 / count)
    quiet.play(5)
    assert quiet.used[-1] == 2
    quiet.play(1, in_company=True)
    assert quiet.used[-1] == 1
    quiet.play(1)
    assert quiet.used[-1] == 2


@pytest.mark.parametrize("stalled", [0.1, 0.15, 0.3, 0.6])
@pytest.mark.parametrize("arrival", [6, 12, 17.5])
def test_where_the_system_tells_of_neighbours_a_second_is_enough_to_leave_and_two_to_come_back(
    machine, arrival, stalled
):
    def beside(second):
        return arrival <= second < arrival + 20

    def pace(second, count):
        return stalled if beside(second) and count == 2 else {1: 0.05, 2: 0.03}[count]

    busy = machine(2, pace, others=lambda second: 0.5 if beside(second) else 0.02)
    busy.play(arrival)
    assert busy.used[-1] == 2
    assert busy.play(1) > 5
    assert busy.used[-1] == 1
    assert busy.play(19) > 0.9 * 19 / 0.05
    busy.play(2)
    assert busy.used[-1] == 2


def test_two_threads_that_are_quicker_beside_a_neighbour_stay(machine):
    light = machine(2, lambda second, count: {1: 0.05, 2: 0.04 if second > 5 else 0.03}[count], others=lambda _: 0.3)
    light.play(30)
    assert light.used[-1] == 2
    assert light.play(30) > 0.9 * 30 / 0.04
