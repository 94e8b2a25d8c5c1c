"""Who has a token: the owner, and the people whom the owner gave one.

Of theirs only SHA-256 hashes are kept, in a file that a running server looks at with every request, so that a token
that was added, renewed or removed counts at once. Runs, models and data sets belong to a name, so a name stays with the
person who had it first, also when the token was removed.

A client may have the server prove that it knows the client's token before it is told it: it sends `challenge(token)`
in a header of /api/health, and a server that knows the token answers with `prove` of it in another (HMAC-SHA256,
RFC 2104). Whoever took the port of a server that has ended cannot; nor can it have the server at its new address do it,
since the proof holds for the address that was asked for.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import re
import secrets
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, NamedTuple

from pydantic import BaseModel, ConfigDict, StringConstraints, TypeAdapter, ValidationError

from bridge_server.access.roles import Role
from bridge_server.errors import TokenError
from ganmnist.config import ModelName
from ganmnist.errors import shown
from ganmnist.models.manifest import now
from ganmnist.names import OWNER, is_device, numbered_name, which_letters
from ganmnist.remedies import UNUSABLE
from ganmnist.storage.atomic import read_json, write_json
from ganmnist.storage.locks import Held, hold

FILE = "tokens.json"
LOCK = "tokens.lock"
CHALLENGE, PROOF = "X-Challenge", "X-Proof"  # headers of /api/health and of its answer
MAX_PEOPLE = 200  # who are given a token at once
_MAX_CHALLENGE = 200
_PATIENCE = 10.0  # seconds to wait for other commands, each of which takes a moment
_NAME: TypeAdapter[str] = TypeAdapter(ModelName)
_log = logging.getLogger("ganmnist.tokens")


class Principal(BaseModel):
    """Somebody who has a token."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: ModelName
    role: Role
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    created: str


class Given(NamedTuple):
    """A token as it is given to somebody: nobody can tell it again."""

    name: str
    role: Role
    token: str


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    tokens: tuple[Principal, ...] = ()
    left: tuple[Principal, ...] = ()  # whose tokens were removed


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
    """Return everybody who has a token, the oldest first.

    Raises:
        TokenError: The file is damaged.
    """
    return list(_read(home).tokens)


@contextmanager
def adding(home: Path, names: Sequence[str] | int, role: Role) -> Iterator[list[Given]]:
    """Give people tokens, all of them or none: they count once the block has ended, and never where it raises.

    Args:
        home: Data directory.
        names: Of the people. A number: so many, called student-01, student-02 ... as their role is.
        role: Of each of them.

    Raises:
        TokenError: A name is somebody's already, stands there twice, or has other letters than a name may have; or
            there are more than MAX_PEOPLE.
    """
    with _changing(home):
        known = _read(home)
        wanted = _numbered(known, names, role) if isinstance(names, int) else names
        _check_names(known, wanted)
        given = [Given(name, role, new_token()) for name in wanted]
        yield given
        _write(home, known.model_copy(update={"tokens": (*known.tokens, *map(_principal, given))}))


def add(home: Path, name: str, role: Role) -> str:
    """Give one person a token and return it; raises as `adding`."""
    with adding(home, [name], role) as given:
        pass
    return given[0].token


@contextmanager
def renewing(home: Path, name: str) -> Iterator[list[Given]]:
    """Give somebody another token, in the same role: once the block has ended it counts, and the one before does not.

    Whoever had one that was removed has one again.

    Raises:
        TokenError: Nobody of that name ever had one.
    """
    with _changing(home):
        known = _read(home)
        before = next((each for each in (*known.tokens, *known.left) if _is(each, name)), None)
        if before is None:
            raise _nobody(known, name)
        given = Given(before.name, before.role, new_token())
        yield [given]
        if before in known.tokens:
            tokens = tuple(_principal(given) if each is before else each for each in known.tokens)
            _write(home, known.model_copy(update={"tokens": tokens}))
        else:
            left = tuple(each for each in known.left if each is not before)
            _write(home, _File(tokens=(*known.tokens, _principal(given)), left=left))


def remove(home: Path, *names: str) -> list[str]:
    """Take people's tokens away, all or none, and return their names as they have them.

    Raises:
        TokenError: Somebody of them has none.
    """
    with _changing(home):
        known = _read(home)
        for name in names:
            if not any(_is(each, name) for each in known.tokens):
                raise _nobody(known, name)
        leaving = tuple(each for each in known.tokens if any(_is(each, name) for name in names))
        tokens = tuple(each for each in known.tokens if each not in leaving)
        _write(home, _File(tokens=tokens, left=(*known.left, *leaving)))
    return [each.name for each in leaving]


def _read(home: Path) -> _File:
    path = home / FILE
    try:
        return _File.model_validate(read_json(path))
    except FileNotFoundError:
        return _File()
    except OSError as error:
        raise TokenError(f"{path} cannot be read ({error.strerror}): {UNUSABLE}.") from None
    except (ValueError, ValidationError):
        remedy = "delete it, and give everybody a new token (ganmnist-server token add), each under the name they had"
        raise TokenError(
            f"{path} cannot be read: {remedy}, since what is theirs goes by it; nor give a name of somebody who left."
        ) from None


def _numbered(known: _File, count: int, stem: str) -> list[str]:
    """Return names that nobody ever had, with numbers that go on after the highest: student-31, student-32 ..."""
    numbers = re.compile(rf"{re.escape(stem)}-([0-9]{{1,9}})", re.IGNORECASE)
    found = (numbers.fullmatch(each.name) for each in (*known.tokens, *known.left))
    highest = max((int(match[1]) for match in found if match), default=0)
    return [f"{stem}-{number:02d}" for number in range(highest + 1, highest + count + 1)]


def _another(known: _File, name: str) -> str:
    """Return a name like one that is taken: with the next number where it has one, else with a number behind it."""
    if numbered := re.fullmatch(r"(.+)-[0-9]{1,9}", name):
        return _numbered(known, 1, numbered[1])[0]
    return numbered_name(name, {each.name.lower() for each in (*known.tokens, *known.left)})


def _check_names(known: _File, names: Sequence[str]) -> None:
    """Raise TokenError unless all of these people may be given their first token."""
    if not 1 <= len(names) <= MAX_PEOPLE:
        raise TokenError(f"expected 1 to {MAX_PEOPLE} people at a time, got {len(names):,}: add them in parts.")
    for name in names:
        try:
            _NAME.validate_python(name)
        except ValidationError:
            if is_device(name):
                raise TokenError(f"{shown(name)} is a name that Windows keeps for a device: choose another.") from None
            raise TokenError(f"{shown(name)} is no name: {which_letters(name)}, 64 at most.") from None
    counts = Counter(name.lower() for name in names)
    for name in names:
        if counts[name.lower()] > 1:
            raise TokenError(
                f"{name} stands there more than once, in capitals or not: add a letter or a number to one."
            )
    if OWNER in counts:
        raise TokenError(f"{OWNER} is who runs the server: choose another name for somebody else.")
    if has := [name for name in names if any(_is(each, name) for each in known.tokens)]:
        who = f"{', '.join(has)} {'has a token' if len(has) == 1 else 'have tokens'} already"
        raise TokenError(f"{who}: token renew NAME gives another, token remove NAME takes one away.")
    taken = {each.name.lower() for each in (*known.tokens, *known.left)}
    for name in names:
        if name.lower() in taken:
            raise TokenError(
                f"{name} had a token, and what {name} has made still goes by that name: token renew {name} gives the "
                f"same person another; somebody else needs another name, as {_another(known, name)}."
            )


def _is(principal: Principal, name: str) -> bool:
    return principal.name.lower() == name.lower()


def _nobody(known: _File, name: str) -> TokenError:
    if name.lower() == OWNER:
        return TokenError(f"{OWNER} is who runs the server: token rotate gives them another token.")
    names = ", ".join(principal.name for principal in known.tokens)
    return TokenError(f"{shown(name) or 'an empty name'} has no token; there are {names or 'none'}.")


def _principal(given: Given) -> Principal:
    return Principal(name=given.name, role=given.role, sha256=_digest(given.token.encode()), created=now())


@contextmanager
def _changing(home: Path) -> Iterator[None]:
    """Hold what one command has at a time: the right to read the file and write it again.

    Raises:
        TokenError: Another command holds it, and does not let go.
    """
    home.mkdir(parents=True, exist_ok=True)
    try:
        held = hold(home / LOCK, _PATIENCE)
    except Held as error:
        raise TokenError(f"{error}.") from None
    with held:
        yield


def _write(home: Path, file: _File) -> None:
    write_json(home / FILE, file.model_dump(mode="json"), private=True)


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
