"""What is new in a run as server-sent events: a stream that ends by itself and is asked for again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from bridge_server.contract.replies import Stream
from bridge_server.contract.runs import EventsQuery, ProgressQuery, RunProgress
from bridge_server.process.server_process import Process

SECONDS = 25.0  # of one stream, so that no thread is held for ever; less than an answer may take
_LOOKS = 0.2  # seconds between two looks at the run
_BREATHS = 1.0  # seconds between two signs of life, by which the server learns that nobody listens any more
_NO_PREVIEW = 2**31 - 1  # the asker fetches previews as pictures: as meshes they are many times larger


def stream(progress: Callable[[ProgressQuery], RunProgress], query: EventsQuery, process: Process) -> Stream:
    """Return a stream of RunProgress, the first one at once.

    It ends after `SECONDS`, when the run is no longer queued or running, and when the process ends.

    Args:
        progress: Tells what is new in the run.
        query: What the asker has already.
        process: The one that serves.

    Raises:
        ApiError: There is no such run; before anything is sent.
    """
    first = progress(ProgressQuery(since=query.since, preview=_NO_PREVIEW))
    return Stream(_events(progress, first, process))


def _events(
    progress: Callable[[ProgressQuery], RunProgress], found: RunProgress, process: Process
) -> Iterator[RunProgress | None]:
    ends = time.monotonic() + SECONDS
    said, said_at = None, 0.0
    while True:
        now = time.monotonic()
        if found.loss_d or found.run != said:
            yield found
            said, said_at = found.run, now
        elif now - said_at > _BREATHS:
            yield None
            said_at = now
        process.wake()  # has what is waiting sent: waitress collects small pieces for up to a second
        if not found.run.state.is_active or now > ends or process.leaving.wait(_LOOKS):
            return
        found = progress(ProgressQuery(since=found.next, preview=_NO_PREVIEW))
