"""Who has a token: the owner, and the people whom the owner gave one.

Of theirs only SHA-256 hashes are kept, in a file that a running server looks at with every request, so that a token
that was added or removed counts at once.

A client may have the server prove that it knows the client's token before it is told it: it sends `challenge(token)`
in a header of /api/health, and a server that knows the token answers with `prove` of it in another (HMAC-SHA256,
RFC 2104). Whoever took the port of a server that has ended cannot; nor can it have the server at its new address do it,
since the proof holds for the address that was asked for.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, NamedTuple

from filelock import FileLock, Timeout
from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from bridge_server.access.roles import Role
from bridge_server.errors import TokenError
from ganmnist.config import ModelName
from ganmnist.errors import shown
from ganmnist.models.manifest import now
from ganmnist.names import OWNER, which_letters
from ganmnist.storage.atomic import read_json, write_json

FILE = "tokens.json"
LOCK = "tokens.lock"
CHALLENGE, PROOF = "X-Challenge", "X-Proof"  # headers of /api/health and of its answer
_MAX_CHALLENGE = 200
_PATIENCE = 10.0  # seconds to wait for other commands, each of which takes a moment
_log = logging.getLogger("ganmnist.tokens")


class Principal(BaseModel):
    """Somebody who has a token."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: ModelName
    role: Role
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    created: str


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    tokens: tuple[Principal, ...] = ()


class _Known(NamedTuple):
    stamp: tuple[int, int, int] | None
    principals: tuple[Principal, ...]


def new_token() -> str:
    """Return a token of 256 bits."""
    return secrets.token_urlsafe(32)


def challenge(token: str, host: str) -> tuple[str, str]:
    """Return what has a server at an address (as in Host) prove that it knows a token, and the proof."""
    digest = _digest(token.encode())
    sent = f"{_id(digest)} {secrets.token_hex(16)}"
    return sent, _proof(digest, sent, host)


class Tokens:
    """All tokens that a running server takes. Safe to use from several threads.

    Args:
        owner: The owner's token.
        home: Data directory with the tokens of the others.
    """

    def __init__(self, owner: str, home: Path) -> None:
        self._path = home / FILE
        self._known = _Known(None, ())
        self.replace_owner(owner)

    def replace_owner(self, token: str) -> None:
        """Take another token of the owner's from now on, and no longer the one before."""
        self._owner = Principal(name=OWNER, role=Role.TEACHER, sha256=_digest(token.encode()), created=now())

    def principal(self, sent: bytes) -> Principal | None:
        """Return whose token this is, or None if it is nobody's."""
        digest = _digest(sent)
        found = None
        for principal in (self._owner, *self._others()):  # to the end, so that the time tells nothing
            if hmac.compare_digest(principal.sha256, digest):
                found = principal
        return found

    def prove(self, sent: str, host: str) -> str | None:
        """Return the proof that a challenge asks for at an address of ours, or None if it is about no token known."""
        if not 0 < len(sent) <= _MAX_CHALLENGE:
            return None
        wanted = sent.partition(" ")[0]
        known = (principal.sha256 for principal in (self._owner, *self._others()))
        return next((_proof(digest, sent, host) for digest in known if _id(digest) == wanted), None)

    def _others(self) -> tuple[Principal, ...]:
        stamp = _stamp(self._path)
        known = self._known
        if stamp != known.stamp:
            try:
                known = _Known(stamp, tuple(read_principals(self._path.parent)))
            except TokenError as error:
                known = _Known(stamp, ())  # let nobody in rather than somebody who was removed
                _log.error("tokens", extra={"fields": {"problem": str(error)}})
            self._known = known
        return known.principals


def read_principals(home: Path) -> list[Principal]:
    """Return everybody who was given a token, the oldest first.

    Raises:
        TokenError: The file is damaged.
    """
    path = home / FILE
    try:
        return list(_File.model_validate(read_json(path)).tokens)
    except FileNotFoundError:
        return []
    except (OSError, ValueError, ValidationError):
        remedy = "delete it, and give everybody a new token (ganmnist-server token add)"
        raise TokenError(f"{path} cannot be read: {remedy}.") from None


def add(home: Path, name: str, role: Role) -> str:
    """Give somebody a token and return it: it is kept nowhere.

    Raises:
        TokenError: Somebody of that name has one, or the name has other letters than a name may have.
    """
    token = new_token()
    try:
        added = Principal(name=name, role=role, sha256=_digest(token.encode()), created=now())
    except ValidationError:
        raise TokenError(f"{shown(name)} is no name: {which_letters(name)}, 64 at most.") from None
    with _changing(home):
        principals = read_principals(home)
        if any(principal.name.lower() == name.lower() for principal in principals) or name.lower() == OWNER:
            raise TokenError(f"{name} has a token already: token remove {name} takes it away.")
        _write(home, [*principals, added])
    return token


def remove(home: Path, name: str) -> None:
    """Take somebody's token away.

    Raises:
        TokenError: Nobody of that name has one.
    """
    with _changing(home):
        principals = read_principals(home)
        others = [principal for principal in principals if principal.name.lower() != name.lower()]
        if len(others) == len(principals):
            names = ", ".join(principal.name for principal in principals)
            raise TokenError(f"{name} has no token; there are {names or 'none'}.")
        _write(home, others)


@contextmanager
def _changing(home: Path) -> Iterator[None]:
    """Hold what one command has at a time: the right to read the file and write it again.

    Raises:
        TokenError: Another command holds it, and does not let go.
    """
    home.mkdir(parents=True, exist_ok=True)
    try:
        held = FileLock(home / LOCK).acquire(timeout=_PATIENCE, poll_interval=0.02)
    except Timeout:
        raise TokenError(f"{home / LOCK} is held by another command: wait, or end it.") from None
    with held:
        yield


def _write(home: Path, principals: list[Principal]) -> None:
    write_json(home / FILE, _File(tokens=tuple(principals)).model_dump(mode="json"), private=True)


def _id(digest: str) -> str:
    """Return what names a token and tells nothing of it, nor of its digest."""
    return hashlib.sha256(f"id {digest}".encode()).hexdigest()[:16]


def _proof(digest: str, sent: str, host: str) -> str:
    return hmac.new(digest.encode(), f"{sent} {host.lower()}".encode(), hashlib.sha256).hexdigest()


def _digest(token: bytes) -> str:
    return hashlib.sha256(token).hexdigest()


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
