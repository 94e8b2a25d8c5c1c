"""The discovery file: where the server is, and the owner's token. Clients read it afresh with every call.

A server writes it when it starts and removes it when it ends; clients believe it only if /api/health answers with the
same instance, and with proof that it knows the token. One without an instance was put there by a person, and points at
a server on another machine.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Annotated

from filelock import FileLock, Timeout
from pydantic import BaseModel, StringConstraints, ValidationError

from ganmnist.storage.atomic import read_json, write_json

DISCOVERY = "server.json"
OWNER_FILE = "owner.json"  # as the discovery file, of the server before: it stays when the server ends
LOCK = "server.lock"  # held by the server as long as it runs, and let go by the system however it ends


class Discovery(BaseModel):
    """What the discovery file says."""

    version: str | None = None
    pid: int | None = None
    instance: str | None = None
    url: Annotated[str, StringConstraints(pattern=r"^http://[A-Za-z0-9.-]+:[0-9]{1,5}$")]
    token: str
    api: int | None = None

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        host, port = self.url.removeprefix("http://").split(":")
        return host, int(port)


def read_discovery(home: Path, name: str = DISCOVERY) -> Discovery | None:
    """Return what the discovery file says, or None where there is none or it is damaged."""
    with suppress(OSError, ValueError, ValidationError):
        return Discovery.model_validate(read_json(home / name))
    return None


def write_discovery(path: Path, found: Discovery) -> None:
    """Write a discovery file, readable by this user alone; it is there whole or not at all."""
    write_json(path, found.model_dump(exclude_none=True), private=True)


def is_locked(home: Path) -> bool:
    """Tell whether a server process has the data directory, answering or not."""
    if not (home / LOCK).exists():
        return False
    try:
        with FileLock(home / LOCK).acquire(timeout=0):
            return False
    except Timeout:
        return True
