"""Messages about runs, and the states of a run."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from bridge_server.contract.base import Message, Page, PageQuery, Picture
from bridge_server.contract.told import Told
from ganmnist.config import ModelName, TrainConfig
from ganmnist.fields import Number, Spelled, Whole
from ganmnist.models.manifest import NewName
from ganmnist.names import OWNER
from ganmnist.terms import explain
from ganmnist.training.pace import Slowdown

RunId = Annotated[str, Spelled(r"^[0-9a-f]{16}$", "must be an id as runs has them, of 16 digits from 0 to f")]


class RunState(StrEnum):
    """Where a run stands."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    STOPPED = "stopped"
    INTERRUPTED = "interrupted"

    @property
    def is_active(self) -> bool:
        """Whether the run is trained, or waits for its turn."""
        return self in (RunState.QUEUED, RunState.RUNNING)


class StartRun(TrainConfig, NewName):
    """Starts a training."""

    key: str | None = Field(
        None,
        description="Idempotency key: one person's same key gives the same run, and is refused with anything else.",
        min_length=1,
        max_length=128,
    )


class Run(Message):
    """One training."""

    id: RunId
    model: str
    owner: str = Field(OWNER, description="Whose it is: the name of the token with which Train was pressed.")
    state: RunState
    settings: TrainConfig
    sweep: RunId | None = Field(None, description="The sweep that it is of, if it is of one.")
    data: str | None = Field(None, description="Name of the data set.")
    created: str = Field(description="When Train was pressed, ISO 8601 in UTC.")
    place: Whole | None = Field(None, description="Place in the queue, from 1, while queued.")
    seconds_to_start: Number | None = Field(
        None,
        description="Estimate of the time until its turn, while queued, by the budgets of those before it; none where "
        "the budget of one of them has no seconds, so that nobody knows.",
    )
    epoch: Whole = Field(0, description="Epoch under way, from 1; 0 before the first.")
    epochs: Whole | None = Field(None, description="Epochs of the whole training; none where they are not its budget.")
    step: Whole = 0
    steps: Whole | None = Field(None, description="Steps of the whole training; none where they are not its budget.")
    percent: Number = Field(0.0, description="Progress through the budget, 0 to 100.")
    seconds: Number = Field(0.0, description="Time spent training.")
    seconds_left: Number | None = Field(None, description="Estimate of the time to the end.")
    loss_d: Number | None = Field(None, description="Loss of the discriminator.")
    loss_g: Number | None = Field(None, description="Loss of the generator.")
    frechet: Number | None = Field(
        None,
        description=f"{explain('FID')} Estimated as 10,000 samples would show it. The judge first looks after 15 "
        "seconds of training, on a busy machine later; at the end, if the training took 10; never where there are "
        "fewer than 387 training images.",
    )
    confident: Number | None = Field(None, description=explain("confident", "0 to 1, none where there is no FID."))
    preview: Whole = Field(0, description="Number of the newest preview; 0 before the first.")
    text: str = Field(description="The state in a few words: 41 % - 0:52 left - FID 12.")
    reason: str | None = Field(
        None, description="Why it failed or was interrupted: killed, crashed, out_of_memory, disk_full, node ..."
    )
    problem: Told | None = Field(None, description="A sentence for people: what happened and what to do.")
    slowdown: Slowdown | None = Field(
        None, description="What other programs on the machine cost the training, while it runs beside them."
    )
    warnings: list[Told] = Field(
        [], description="Training diagnostics: what goes wrong, and what to do about it, a sentence each."
    )
    remarks: list[Told] = Field(
        [], description="Those of the warnings that say nothing against the model, such as that the machine is busy."
    )


class RunsQuery(PageQuery):
    """Which runs are wanted."""

    model: ModelName | None = Field(None, description="Only those of the model of this name.")
    only: Literal["active", "unfinished"] | None = Field(
        None, description="Only those that are queued or running; `unfinished`: those that can go on, too."
    )


class Runs(Page):
    """Runs, newest first. Whoever is no teacher is given their own."""

    runs: list[Run]


class QueuePlace(Message):
    """A training that is under way or waits, as everybody may know of it."""

    run: RunId | None = Field(None, description="Its run; none where that is somebody else's.")
    place: Whole | None = Field(None, description="Place in the queue, from 1; none while it is under way.")
    seconds: Number | None = Field(
        None,
        description="Estimate of the time until its turn, or to its end while it is under way; none where nobody "
        "knows.",
    )
    text: str = Field(description="The same in a few words: 3rd in the queue, about 4 minutes.")


class Queue(Message):
    """All trainings that are under way, and those that wait, in the order in which they will have their turns."""

    slots: Whole = Field(description="How many are trained at a time.")
    places: list[QueuePlace]


class ProgressQuery(Message):
    """What the asker has already."""

    since: Whole = Field(0, description="Number of the last tick the asker has.", ge=0, le=2**31 - 1)
    preview: Whole = Field(0, description="Number of the newest preview the asker has.", ge=0, le=2**31 - 1)


class EventsQuery(Message):
    """What the asker of a stream has already."""

    since: Whole = Field(0, description="Number of the last tick the asker has.", ge=0, le=2**31 - 1)


class RunProgress(Message):
    """What is new in a run."""

    run: Run
    next: Whole = Field(description="Send this as `since` next time.")
    steps: list[Whole] = Field(description="Training steps since then of which the losses are known, at most 1,000.")
    loss_d: list[Number] = Field(description="Loss of the discriminator at each of them.")
    loss_g: list[Number] = Field(description="Loss of the generator at each of them.")
    frechet: list[Number | None] = Field(description="Frechet distance as last judged by then; none before.")
    preview: Picture | None = Field(None, description="The newest preview, if the asker lacks it.")
