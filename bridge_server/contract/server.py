"""Messages about the server."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from bridge_server.contract.base import Message
from ganmnist.fields import Flag, Number, Whole


class Health(Message):
    """That the server is there, and which one it is."""

    status: Literal["ok"] = "ok"
    name: Literal["ganmnist"] = "ganmnist"
    version: str = Field(description="Version of the server.")
    api: Whole = Field(description="Version of this contract.")
    instance: str = Field(description="Changes with every start; equals `instance` in the discovery file.")
    mock: Flag = Field(description="True when the answers are made up, for tests and for wiring.")


class Me(Message):
    """Who asks, and what they may do."""

    name: str = Field(description="The name of the token.")
    role: str = Field(description="viewer, student or teacher.")
    calls: list[str] = Field(description="Names of the calls that they may make, as the OpenAPI document has them.")


class Server(Message):
    """How the server fares."""

    version: str
    instance: str = Field(description="As in health.")
    pid: Whole = Field(description="Number of its process.")
    url: str
    seconds: Number = Field(description="How long it has been running.")
    running: Whole = Field(description="Trainings under way.")
    queued: Whole = Field(description="Trainings that wait for their turn.")
    slots: Whole = Field(description="How many trainings may be under way at a time.")
    memory: Whole | None = Field(description="Memory that its process takes, bytes; none where it is not known.")
