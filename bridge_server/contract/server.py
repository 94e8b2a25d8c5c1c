"""Messages about the server and its data."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import Field

from bridge_server.contract.base import Message, Picture
from ganmnist.fields import Flag, Number, Whole


class Health(Message):
    """That the server is there, and which one it is."""

    status: Literal["ok"] = "ok"
    name: Literal["ganmnist"] = "ganmnist"
    version: str = Field(description="Version of the server.")
    api: Whole = Field(description="Version of this contract.")
    instance: str = Field(description="Changes with every start; equals `instance` in the discovery file.")
    mock: Flag = Field(description="True when the answers are made up, for tests and for wiring.")


class Server(Message):
    """How the server fares."""

    version: str
    instance: str = Field(description="As in health.")
    pid: Whole = Field(description="Number of its process.")
    url: str
    seconds: Number = Field(description="How long it has been running.")
    running: Whole = Field(description="Trainings under way.")
    queued: Whole = Field(description="Trainings that wait for their turn.")
    memory: Whole | None = Field(description="Memory that its process takes, bytes; none where it is not known.")


class DataState(StrEnum):
    """Whether there is data to train on."""

    ABSENT = "absent"
    PREPARING = "preparing"
    READY = "ready"
    FAILED = "failed"


class Data(Message):
    """The data set that trainings use."""

    state: DataState
    name: str | None = Field(
        None,
        description="MNIST, synthetic-mnist (the offline default, drawn from the bundled model) or a folder's name.",
    )
    source: str | None = Field(None, description="Where it came from.")
    train: Whole | None = Field(None, description="Number of training images.")
    test: Whole | None = Field(None, description="Number of test images.")
    percent: Number = Field(0.0, description="How much is prepared.")
    problem: str | None = Field(None, description="Why it failed, and what to do.")
    preview: Picture | None = Field(
        None, description="The first images of each class, below the X axis: what a training shows stands above it."
    )
