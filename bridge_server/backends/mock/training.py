"""A made-up training of the mock, and the figures it shows."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

from bridge_server.contract.runs import Run, RunState, StartRun
from bridge_server.runs.fair_queue import UnderWay, Waiting, forecast
from bridge_server.runs.status_text import remark_on_name, with_text
from ganmnist.config import TrainConfig
from ganmnist.training.presets import recipe

SECONDS = 2.0  # a training
_APART = 1e-6  # seconds from one begin to the next, so that two that begin together have an order
TICKS = 20
TICKS_PER_PREVIEW = 5
STEPS = 4680  # of a training whose settings name none
NO_MNIST = (
    "no MNIST on disk and none to download (<urlopen error [Errno -3] Temporary failure in name resolution>, as the "
    "name of the model asked for): digits drawn from the bundled model instead"
)
EPOCHS = 10  # of a training whose settings name none
BUSY = "Other programs take half of this machine, as the name of the model asked for: give it longer."
COLLAPSED = "The training draws only some of the digits, as the name of the model asked for: lower learning_rate."


@dataclass
class Training:
    """A run that is all arithmetic: where it stands follows from the clock."""

    id: str
    model: str
    settings: TrainConfig
    data: str
    class_names: tuple[str, ...]  # that its model will know
    request: StartRun
    owner: str
    turn: int  # grows with every run that joins the queue
    created: str
    sweep: str | None = None
    begins: float = math.inf  # monotonic; in the future while queued
    ends_at: float = 1.0  # share of the way, where its fate awaits it
    fate: RunState = RunState.SUCCEEDED
    resumed_at: float = 0.0  # shares of the way too
    stopped_at: float | None = None

    def share(self) -> float:
        """Return how much is done, 0 to 1."""
        if self.stopped_at is not None:
            return self.stopped_at
        return min(max(self.resumed_at + (time.monotonic() - self.begins) / SECONDS, self.resumed_at), self.ends_at)

    def state(self) -> RunState:
        if self.stopped_at is not None:
            return RunState.STOPPED
        if time.monotonic() < self.begins:
            return RunState.QUEUED
        return self.fate if self.share() >= self.ends_at else RunState.RUNNING

    def active(self) -> bool:
        return self.state().is_active

    def takes(self) -> float:
        """Return the seconds from its begin to its end."""
        return (self.ends_at - self.resumed_at) * SECONDS

    def steps(self) -> int:
        """Return how many steps the whole training has."""
        return self.settings.steps or STEPS

    def ticks(self) -> int:
        return int(self.share() * TICKS + 1e-9)


def take_turns(runs: list[Training], slots: int) -> None:
    """Say when those that wait begin, as the real queue would have it; after every press."""
    now = time.monotonic()
    states = {run.id: run.state() for run in runs}
    under_way = [
        UnderWay(run.owner, run.begins + run.takes() - now) for run in runs if states[run.id] is RunState.RUNNING
    ]
    queued = {run.id: run for run in runs if states[run.id] is RunState.QUEUED}
    begun = {run.owner: run.begins for run in sorted(runs, key=lambda run: run.begins) if run.begins <= now}
    waiting = [Waiting(run.id, run.owner, run.turn, run.takes()) for run in queued.values()]
    for place, (id, seconds) in enumerate(forecast(waiting, under_way, begun, slots)):
        queued[id].begins = now + seconds + place * _APART


def describe(run: Training, place: int | None) -> Run:
    """Describe a run that has a place in the queue, or none."""
    state, share, ticks = run.state(), run.share(), run.ticks()
    epochs = recipe(run.settings).epochs
    judged = frechet(ticks) if ticks >= TICKS_PER_PREVIEW else None
    offline = run.model == "mock-offline"
    said = [COLLAPSED] if run.model == "mock-collapsed" and ticks >= TICKS_PER_PREVIEW else []
    remarks = [BUSY] if run.model == "mock-busy" and ticks >= TICKS_PER_PREVIEW else []
    if state.is_active and (remark := remark_on_name(run.request.model, run.model)):
        remarks.insert(0, remark)
    described = Run(
        id=run.id,
        model=run.model,
        owner=run.owner,
        sweep=run.sweep,
        state=state,
        settings=run.settings,
        data="synthetic-mnist" if offline else run.data,
        created=run.created,
        place=place if state is RunState.QUEUED else None,
        seconds_to_start=max(0.0, run.begins - time.monotonic()) if state is RunState.QUEUED else None,
        epoch=math.ceil(share * (epochs or EPOCHS)),
        epochs=epochs,
        step=int(share * run.steps()),
        steps=run.settings.steps,
        percent=share * 100,
        seconds=share * SECONDS,
        seconds_left=(1 - share) * SECONDS if state is RunState.RUNNING else None,
        loss_d=loss_d(ticks) if ticks else None,
        loss_g=loss_g(ticks) if ticks else None,
        frechet=judged,
        confident=judged and 1 - judged / 100,
        preview=ticks // TICKS_PER_PREVIEW,
        text="",
        reason={RunState.FAILED: "failed", RunState.INTERRUPTED: "killed"}.get(state),
        problem={
            RunState.FAILED: "The training failed half way, as the name of the model asked for.",
            RunState.INTERRUPTED: "The training was killed; resume goes on where it was.",
        }.get(state),
        warnings=[*remarks, *said],
        remarks=remarks,
    )
    return with_text(described, NO_MNIST if offline and ticks < TICKS_PER_PREVIEW else None)


def loss_d(tick: int) -> float:
    return 0.5 + 0.9 / (tick + 1)


def loss_g(tick: int) -> float:
    return 1.5 - 0.8 / (tick + 1)


def frechet(tick: int) -> float:
    return 4 + 80 / tick
