"""What other programs cost a training is told with figures that hold, and only where they do."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from ganmnist.config import TrainConfig
from ganmnist.training import pace as paces
from ganmnist.training import processor
from ganmnist.training.budget import Budget
from ganmnist.training.diagnostics import Remark, diagnose
from ganmnist.training.loop import train
from ganmnist.training.pace import Pace, Slowdown, about
from ganmnist.training.presets import recipe
from ganmnist.training.processor import OtherPrograms

PLAN = recipe(TrainConfig())


@pytest.mark.parametrize(
    ("steps", "seconds", "where", "pace", "end"),
    [
        (None, 60.0, (0, 0.0), 0.03, (2000, 60)),
        (None, 60.0, (400, 30.0), 0.06, (900, 60)),
        (1900, None, (0, 0.0), 0.05, (1900, 95)),
        (1900, None, (900, 50.0), 0.1, (1900, 150)),
        (1900, 60.0, (900, 30.0), 0.02, (1900, 50)),
        (1900, 60.0, (900, 30.0), 0.06, (1400, 60)),
        (None, 60.0, (1200, 61.0), 0.05, (1200, 61)),
    ],
)
def test_where_a_training_ends_follows_from_its_pace_and_the_budget_that_is_used_up_first(
    steps, seconds, where, pace, end
):
    assert Budget(steps, seconds).at_end(*where, pace) == pytest.approx(end)


@pytest.mark.parametrize(
    ("budget", "steps"),
    [
        ({"epochs": 2}, 20),
        ({"steps": 7}, 7),
        ({"epochs": 2, "steps": 30}, 20),
        ({"epochs": 2, "steps": 3}, 3),
        ({"seconds": 5}, None),
    ],
)
def test_epochs_and_steps_are_one_budget_of_steps(budget, steps):
    made = Budget.of(recipe(TrainConfig(**budget)), 10)
    assert (made.steps, made.seconds) == (steps, budget.get("seconds"))
    assert made.progress(0, 0.0) == 0
    assert made.progress(10**9, 10.0**9) == 1


@pytest.fixture
def machine(monkeypatch):
    """A machine of two cores: machine(budget, pace, others); play(seconds) trains on, and returns what is told.

    `pace` and `others` are of the second. `threads` is how many the training has, `share` how much of its time its own
    thread is given.
    """

    class Machine:
        def __init__(
            self,
            budget: Budget,
            pace: Callable[[float], float],
            others: Callable[[float], float],
            threads: Callable[[float], int] = lambda second: 2,
            share: float = 1.0,
        ) -> None:
            self.now, self.step, self._had = 0.0, 0, 0.0
            self._pace, self._threads, self._share = pace, threads, share
            self.judges: Callable[[float], bool] = lambda second: False
            monkeypatch.setattr(OtherPrograms, "share", lambda _: others(self.now - 0.5))
            monkeypatch.setattr(processor, "_cores", lambda: 2)
            monkeypatch.setattr(paces, "time", SimpleNamespace(thread_time=lambda: self._had))
            self.pace = Pace(budget, 2)

        def play(self, seconds: float) -> Slowdown | None:
            end = self.now + seconds
            while self.now < end:
                took, settled = self._pace(self.now), not self.judges(self.now)
                self.now, self.step, self._had = self.now + took, self.step + 1, self._had + self._share * took
                self.pace.step(self.step, self.now, self._threads(self.now), settled=settled)
            return self.pace.slowdown

    return Machine


MINUTE = Budget(None, 60.0)


def test_a_quiet_machine_hears_nothing_however_slow_it_is_or_becomes(machine):
    quiet = machine(MINUTE, lambda second: 0.03 if second < 20 else 0.3, lambda second: 0.1)
    assert {quiet.play(1) for _ in range(59)} == {None}
    assert quiet.pace.at_end(quiet.step, 60.0) is None


def test_a_neighbour_that_does_no_harm_is_not_told_of(machine):
    harmless = machine(MINUTE, lambda second: 0.03, lambda second: 0.5 if second > 10 else 0.0)
    assert {harmless.play(1) for _ in range(59)} == {None}
    assert harmless.pace.at_end(harmless.step, 60.0) is None


def test_a_neighbour_is_told_of_with_figures_right_within_a_fifth_until_it_goes(machine):
    def beside(second):
        return 20 <= second < 40

    busy = machine(
        MINUTE,
        lambda second: 0.06 if beside(second) else 0.03,
        lambda second: 0.5 if beside(second) else 0.05,
        lambda second: 1 if beside(second) else 2,
    )
    assert {busy.play(1) for _ in range(20)} == {None}
    assert busy.play(3.5) is None  # it may go at once
    told = busy.play(1)
    assert told.steps == pytest.approx(667 + 40 / 0.06, rel=0.1)
    assert (told.possible_steps, told.others) == (pytest.approx(2000, rel=0.05), 0.5)
    assert told.factor == pytest.approx(2000 / told.steps)
    assert (told.seconds, told.possible_seconds, told.fewer) == (pytest.approx(60), pytest.approx(60), True)
    assert busy.play(14) is not None
    assert busy.play(5) is None
    busy.play(15)
    assert busy.pace.at_end(busy.step, 60.0) is None  # a sixth of its steps is not much


def test_what_was_never_quiet_is_judged_by_what_a_step_costs(machine):
    busy = machine(MINUTE, lambda second: 0.05, lambda second: 0.5, lambda second: 1)
    assert busy.play(4.5) is None
    told = busy.play(1.5)
    assert (told.steps, told.possible_steps) == (pytest.approx(1200, rel=0.02), pytest.approx(1800, rel=0.02))
    busy.play(54)
    whole = busy.pace.at_end(busy.step, 60.0)
    assert (whole.steps, whole.possible_steps, whole.over) == (busy.step, pytest.approx(1800, rel=0.02), True)


def test_of_a_thread_that_waits_for_its_core_the_time_that_it_had_counts(machine):
    busy = machine(MINUTE, lambda second: 0.1, lambda second: 0.75, lambda second: 1, share=0.5)
    assert busy.play(6).possible_steps == pytest.approx(1800, rel=0.02)


def test_a_step_beside_our_own_judge_says_nothing_of_what_is_possible(machine):
    def pace(second):
        return 0.06 if second % 5 < 1 or second > 10 else 0.03

    busy = machine(MINUTE, pace, lambda second: 0.5 if second > 10 else 0.0)
    busy.judges = lambda second: second % 5 < 1
    assert busy.play(20).possible_steps == pytest.approx(2000, rel=0.02)


def test_what_is_told_stays_as_it_is_while_it_is_nearly_right(machine):
    def pace(second):
        return 0.03 if second < 5 else 0.06 if int(second) % 2 else 0.065

    busy = machine(MINUTE, pace, lambda second: 0.5 if second > 5 else 0.0, lambda second: 1 if second > 5 else 2)
    told = [busy.play(1) for _ in range(50)]
    assert 1 <= len({each.model_dump_json() for each in told if each}) <= 2


@pytest.mark.parametrize(("count", "said"), [(0, 0), (7, 7), (87, 87), (876, 880), (1914, 1900), (99_900, 100_000)])
def test_a_count_is_said_to_two_digits(count, said):
    assert about(count) == said


def slowed(**changes) -> Slowdown:
    return Slowdown(
        **{"others": 0.5, "steps": 912, "seconds": 60.0, "possible_steps": 1914, "possible_seconds": 60.0, **changes}
    )


def test_the_sentence_says_what_there_will_be_what_there_could_be_and_what_to_do():
    assert diagnose(PLAN, [], None, None, slowed()) == (
        "Other programs take half of this machine: about 910 steps in the 60 s, where 1,900 were possible. Give it "
        "longer, or a budget in steps (steps 1900).",
    )
    (past,) = diagnose(PLAN, [], None, None, slowed(over=True, others=0.9))
    assert past.startswith("Other programs took nearly all of this machine: about 910 steps")
    assert isinstance(past, Remark), "as good a model as so many steps make"


def test_to_lose_time_and_no_steps_is_no_problem():
    assert diagnose(PLAN, [], None, None, slowed(steps=1914, seconds=126.0)) == ()


def test_of_a_budget_in_steps_the_time_is_told(machine):
    busy = machine(Budget(1900, None), lambda second: 0.05, lambda second: 0.5, lambda second: 1)
    told = busy.play(10)
    assert (told.steps, told.possible_steps, told.fewer) == (1900, 1900, False)
    assert (told.seconds, told.possible_seconds) == (pytest.approx(95, rel=0.02), pytest.approx(63.3, rel=0.02))
    busy.play(85)
    assert busy.pace.at_end(1900, 95.0) is None


@contextmanager
def busy_neighbours(count: int):
    spinning = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for process in spinning:
            process.kill()
            process.wait()


@pytest.mark.slow
@pytest.mark.skipif((os.cpu_count() or 1) > 8, reason="one neighbour for each core would be many")
def told_beside_busy_neighbours(digits, tiny):
    """What a training of six seconds said of its pace, and its steps; it speaks sooner than it would."""
    told, steps = [], []
    with pytest.MonkeyPatch.context() as patch, busy_neighbours(os.cpu_count() or 1):
        patch.setattr(paces, "_AFTER", 2.0)
        patch.setattr(paces, "_WINDOW", 0.5)
        train(
            digits,
            TrainConfig(networks=tiny, batch_size=32, seconds=6),
            on_progress=lambda now: steps.append(now.step) or (now.slowdown and told.append(now.slowdown)),
            adapt=True,
        )
    return told[0], steps[-1]


def test_a_real_training_beside_busy_neighbours_says_so_and_its_figures_hold(digits, tiny):
    for _ in range(3):  # what else this machine does may change meanwhile
        told, steps = told_beside_busy_neighbours(digits, tiny)
        assert told.others > 0.3
        if told.steps == pytest.approx(steps, rel=0.35):
            break
    assert told.steps == pytest.approx(steps, rel=0.35)
    assert told.possible_steps > steps
