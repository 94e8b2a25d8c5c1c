"""What a backend answers with beside messages: something new, a file, a stream."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from bridge_server.contract.media import ZIP
from bridge_server.contract.models import Model
from bridge_server.contract.runs import Run, RunProgress
from bridge_server.contract.sweeps import SweepTable


class Created(NamedTuple):
    """A reply about something that was not there before: 201."""

    reply: Run | Model | SweepTable


class Attachment(NamedTuple):
    """A file to keep."""

    name: str
    content: bytes
    media: str = ZIP
    remarks: tuple[str, ...] = ()  # what to say of it, a sentence each: headers X-Remark


class Stream(NamedTuple):
    """An answer that is sent event by event."""

    events: Iterator[RunProgress | None]  # None is a sign of life
