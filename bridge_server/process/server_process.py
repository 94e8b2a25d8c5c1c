"""The process that serves, as its own calls see it: how it fares, how it ends, and how the owner's token changes."""

from __future__ import annotations

import _thread
import os
import sys
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from bridge_server.access.tokens import Tokens, new_token
from bridge_server.contract.calls import API_VERSION
from bridge_server.contract.server import Server
from bridge_server.process import discovery
from bridge_server.process.discovery import DISCOVERY, OWNER_FILE, Discovery
from ganmnist import __version__


class Process:
    """This process, which serves a data directory.

    Args:
        home: Data directory.
        url: Where it serves.
        fingerprint: Of the certificate that it shows there, if it shows one.
    """

    def __init__(self, home: Path, url: str, fingerprint: str | None = None) -> None:
        before = discovery.read_discovery(home, OWNER_FILE)
        # At its old address it goes on with the old token, so that an open page does; elsewhere somebody else may have
        # that address, and have been told the token by a page.
        token = before.token if before and before.url == url else new_token()
        self.instance = uuid.uuid4().hex
        self.tokens = Tokens(token, home)
        self.wake: Callable[[], object] = lambda: (
            None
        )  # has the main thread send what is waiting, and see if it is to end
        self.leaving = threading.Event()  # set as the process begins to end
        self._home = home
        self._found = Discovery(
            version=__version__,
            pid=os.getpid(),
            instance=self.instance,
            url=url,
            fingerprint=fingerprint,
            token=token,
            api=API_VERSION,
        )
        self._began = time.monotonic()
        self._lock = threading.Lock()

    def announce(self) -> None:
        """Write the discovery file, and keep what the next start goes on with."""
        discovery.write_discovery(self._home / OWNER_FILE, self._found)
        discovery.write_discovery(self._home / DISCOVERY, self._found)

    def withdraw(self) -> None:
        """Remove the discovery file, if it is ours."""
        found = discovery.read_discovery(self._home)
        if found and found.instance == self.instance:
            with suppress(OSError):
                (self._home / DISCOVERY).unlink()

    def describe(self, running: int, queued: int, slots: int) -> Server:
        """Return how the process fares, with the numbers of runs under way and waiting, and of slots."""
        return Server(
            version=__version__,
            instance=self.instance,
            pid=os.getpid(),
            url=self._found.url,
            seconds=time.monotonic() - self._began,
            running=running,
            queued=queued,
            slots=slots,
            memory=_memory(),
        )

    def stop(self) -> None:
        """Ask the main thread to end, as Ctrl-C does. What is being answered is answered first."""
        _thread.interrupt_main()
        self.wake()

    def rotate(self) -> None:
        """Give the owner a new token, which stands in the discovery file when this returns.

        Raises:
            OSError: A file cannot be written; the token before stays.
        """
        with self._lock:
            found = self._found.model_copy(update={"token": new_token()})
            (self._home / OWNER_FILE).unlink(missing_ok=True)  # first: the token before must not come back
            discovery.write_discovery(self._home / DISCOVERY, found)
            discovery.write_discovery(self._home / OWNER_FILE, found)
            self.tokens.replace_owner(found.token)
            self._found = found


def _memory() -> int | None:
    """Return how much memory the process takes, in bytes."""
    if sys.platform == "win32":
        return None
    import resource

    if sys.platform == "darwin":
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
    except OSError:
        return None
