"""Where the server is: the discovery file, which has the owner's token too, or what the environment says.

A server writes the file when it starts and removes it when it ends; clients read it afresh with every call, and believe
it only if /api/health answers with the same instance, and with proof that it knows the token. One without an instance
was put there by a person, and points at a server on another machine. GANMNIST_URL, the address in one line, and
GANMNIST_TOKEN do the same without a file, for the user's own data directory.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path
from typing import Annotated, NamedTuple
from urllib.parse import urlsplit

from pydantic import BaseModel, StringConstraints, ValidationError

from bridge_server.errors import AddressError
from ganmnist import paths
from ganmnist.errors import shown
from ganmnist.storage.atomic import read_json, write_json
from ganmnist.storage.locks import is_held

DISCOVERY = "server.json"
OWNER_FILE = "owner.json"  # as the discovery file, of the server before: it stays when the server ends
LOCK = "server.lock"  # held by the server as long as it runs, and let go by the system however it ends
URL, TOKEN = "GANMNIST_URL", "GANMNIST_TOKEN"  # environment variables
_PORTS = {"http": 80, "https": 443}
_LINE = re.compile(r"(https?://[A-Za-z0-9.-]+(?::[0-9]{1,5})?)/?(?:#([0-9A-Fa-f:]+))?")


class Discovery(BaseModel):
    """What the discovery file says.

    Attributes:
        fingerprint: SHA-256 of the certificate that an https server shows. None: one that machines trust by themselves.
    """

    version: str | None = None
    pid: int | None = None
    instance: str | None = None
    url: Annotated[str, StringConstraints(pattern=r"^https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?$")]
    fingerprint: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] | None = None
    token: str
    api: int | None = None

    @property
    def is_secure(self) -> bool:
        """Whether it is asked over TLS."""
        return self.url.startswith("https:")

    @property
    def is_here(self) -> bool:
        """Whether it listens to this machine alone."""
        return self.address[0].startswith("127.")

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        parts = urlsplit(self.url)
        return parts.hostname or "", parts.port or _PORTS[parts.scheme]

    @property
    def authority(self) -> str:
        """What the header Host says: no port where it is the usual one."""
        host, port = self.address
        return host if port == _PORTS[urlsplit(self.url).scheme] else f"{host}:{port}"

    @property
    def line(self) -> str:
        """The address in one line, as GANMNIST_URL takes it."""
        return f"{self.url}#{self.fingerprint}" if self.fingerprint else self.url

    @property
    def link(self) -> str:
        """The address of the page with the token, behind a # since browsers send to nobody what stands there."""
        return f"{self.url}/#token={self.token}"


class Address(NamedTuple):
    """An address in its parts: the fingerprint is of its certificate, if one goes along."""

    url: str
    fingerprint: str | None

    def with_token(self, token: str) -> Discovery:
        """Return what leads somebody with a token there."""
        return Discovery(url=self.url, fingerprint=self.fingerprint, token=token)


def parse_address(line: str) -> Address:
    """Take an address apart that is one line: https://HOST:PORT#FINGERPRINT; no port is the usual one.

    Raises:
        AddressError: It is none.
    """
    found = _LINE.fullmatch(line.strip())
    fingerprint = (found[2] or "").replace(":", "").lower() if found else ""
    if found is None or len(fingerprint) not in (0, 64) or (fingerprint and found[1].startswith("http:")):
        raise AddressError(
            f"expected https://HOST:PORT#FINGERPRINT, the last of 64 hexadecimal digits, got {shown(line)}"
        )
    return Address(found[1], fingerprint or None)


def locate(home: Path) -> Discovery | None:
    """Return where a client of a data directory finds its server: what the environment says goes before the file.

    Raises:
        AddressError: GANMNIST_URL is no address, or there is no GANMNIST_TOKEN beside it.
    """
    return from_environment() if os.environ.get(URL) and home == paths.home() else read_discovery(home)


def from_environment() -> Discovery | None:
    """Return what the environment says, or None where it says nothing.

    Raises:
        AddressError: It says half, or what is no address.
    """
    line = os.environ.get(URL)
    if not line:
        return None
    try:
        found = parse_address(line)
    except AddressError as error:
        raise AddressError(f"{URL}: {error}.") from None
    token = os.environ.get(TOKEN)
    if not token:
        raise AddressError(f"{URL} names a server, so {TOKEN} has to have your token for it: ask who runs it for one.")
    return found.with_token(token)


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
    return is_held(home / LOCK)
