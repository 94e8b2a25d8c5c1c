"""Messages about sweeps: the same training over seeds and values of settings, as one thing."""

from __future__ import annotations

import math
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from bridge_server.contract.base import Message, Page, PageQuery
from bridge_server.contract.runs import RunId, RunState, StartRun
from bridge_server.contract.told import Told
from ganmnist.fields import Flag, Number, Whole
from ganmnist.models.manifest import OwnName
from ganmnist.terms import explain

MAX_RUNS = 100  # of one sweep; as many trainings as its owner may have in the queue (runs/quotas.py)
# Not `data`, since the judge compares with what was learned from; nor `device` and `networks`, which are no one value.
SweptName = Literal[
    "preset",
    "loss",
    "batch_size",
    "learning_rate",
    "beta1",
    "r1",
    "label_smoothing",
    "images",
    "start_from",
    "epochs",
    "steps",
    "seconds",
    "seed",
]


def _plain(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError("must be a number or a text")
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("must be a finite number")
    return int(value) if isinstance(value, float) and value.is_integer() else value


Value = Annotated[int | float | str, BeforeValidator(_plain)]


def _several(values: object) -> object:
    if isinstance(values, list | tuple) and len(values) == 1:
        raise ValueError("has one value, the same for all: give it as a setting beside sweep")
    return values


Values = Annotated[tuple[Value, ...], Field(min_length=2, max_length=MAX_RUNS), BeforeValidator(_several)]


class SweepState(StrEnum):
    """Where a sweep stands, which follows from its runs."""

    RUNNING = "running"
    INTERRUPTED = "interrupted"
    JUDGING = "judging"
    ENDED = "ended"


class StartSweep(StartRun):
    """Starts a training for each combination of values; all that `sweep` leaves out is the same for each of them."""

    model: OwnName | None = Field(
        None,
        description="Name that the best model will have; the trainings are called NAME-1, NAME-2 ... Unless given it "
        "is digits-1, digits-2 ...",
    )
    key: str | None = Field(
        None,
        description="Idempotency key: one person's same key gives the same sweep, and is refused with anything else.",
        min_length=1,
        max_length=128,
    )
    sweep: dict[SweptName, Values] = Field(
        description='Settings with several values, as {"seed": [0, 1, 2], "learning_rate": [0.001, 0.003]}. Every '
        "combination is trained, in order, the last setting changing first.",
        min_length=1,
    )
    others: Literal["keep", "drop"] = Field(
        "keep",
        description="What becomes of the models that are not the best: drop deletes those that the judge has found "
        "worse, and none that somebody has renamed.",
    )


class Sweep(Message):
    """One sweep."""

    id: RunId
    name: str = Field(description="Name that the best model has in the end.")
    owner: str = Field(description="Whose it is: the name of the token with which it was started.")
    created: str = Field(description="When it was started, ISO 8601 in UTC.")
    state: SweepState = Field(
        description="running (a training of it runs or waits), interrupted (none does, and one can go on: resume, or "
        "stop), judging (all have ended, and the judge compares their models) or ended."
    )
    axes: dict[str, list[Value | None]] = Field(description="The settings with several values, and these.")
    others: Literal["keep", "drop"]
    trainings: Whole = Field(description="How many trainings it has.")
    ended: Whole = Field(description="How many of them have ended.")
    best: RunId | None = Field(None, description="The run whose model is the best; none until the judge has decided.")
    text: str = Field(description="The state in a few words: 3 of 8 ended, 1 under way, 4 waiting.")
    decided: Told | None = Field(
        None, description="A sentence for people once it is decided: which is the best and by what, or why none is."
    )
    warnings: list[Told] = Field([], description="What else is to be known, a sentence each.")


class SweepRun(Message):
    """One training of a sweep."""

    run: RunId
    model: str = Field(description="Name that its model has by now, or will have.")
    values: dict[str, Value | None] = Field(description="Its values of the settings that have several.")
    state: RunState
    step: Whole
    percent: Number = Field(description="Progress through its budget, 0 to 100.")
    frechet: Number | None = Field(None, description=explain("FID", "as judged so far while it trains."))
    judged: Number | None = Field(
        None, description="FID of its model in the end, by which the best is chosen: measured of all of them alike."
    )
    best: Flag = Field(False, description="Whether it is the best; before that is decided, the best so far.")
    preview: Whole = Field(0, description="Number of its newest preview; 0 before the first.")
    text: str = Field(description="Its state in a few words, as of a run, but without the FID.")
    problem: Told | None = Field(None, description="What happened to it and what to do.")


class SweepTable(Sweep):
    """One sweep with its trainings, the best first and those without a figure last."""

    runs: list[SweepRun]


class SweepsQuery(PageQuery):
    """Which sweeps are wanted."""


class Sweeps(Page):
    """Sweeps, newest first. Whoever is no teacher is given their own."""

    sweeps: list[Sweep]
