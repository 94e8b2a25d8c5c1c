"""The running server, seen from a terminal: found by its address, and asked."""

from __future__ import annotations

import http.client
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from bridge_server.access import pinning
from bridge_server.access.tokens import CHALLENGE, PROOF, challenge
from bridge_server.cli.exit_codes import CommandError, ExitCode
from bridge_server.contract.calls import API_VERSION, CALLS
from bridge_server.contract.media import BYTES, JSON
from bridge_server.errors import AddressError, CertificateError
from bridge_server.process import discovery
from bridge_server.process.discovery import DISCOVERY, Discovery
from ganmnist.remedies import command

_SECONDS = 2.0  # for each answer
_WORK_SECONDS = 30.0  # for one to something that was sent
_LONGEST, _LARGEST = 10_000_000, 1 << 28  # bytes of an answer, and of a file
_CALLS = {call.name: (call.method, call.path) for call in CALLS}


def find(home: Path) -> Discovery:
    """Find the server of a data directory and make sure that it is the one that is meant.

    Raises:
        CommandError: None is running, or one does not answer, or shows another certificate; says what to do.
    """
    try:
        found = discovery.locate(home)
        if found and _is_meant(found):
            return found
    except AddressError as error:
        raise CommandError(ExitCode.PROBLEM, str(error)) from None
    except CertificateError as error:
        raise CommandError(ExitCode.NO_ANSWER, str(error)) from None
    if found and found.instance is None:
        raise CommandError(
            ExitCode.NO_ANSWER,
            f"The server at {found.url}, on another machine, does not answer, or does not know the token in "
            f"{DISCOVERY} or {discovery.TOKEN}: ask who runs it.",
        )
    if not discovery.is_locked(home):
        left = f"; {DISCOVERY} is left over from process {found.pid}, which does no harm" if found else ""
        raise CommandError(ExitCode.NOT_RUNNING, f"No server is running on {home}{left}. Start it: {start(home)}")
    if found is None:
        raise CommandError(ExitCode.NO_ANSWER, f"A server on {home} is starting or ending: ask again in a moment.")
    raise CommandError(ExitCode.NO_ANSWER, f"The server at {found.url} does not answer. {how_to_kill(found)}")


def answers(found: Discovery) -> bool:
    """Tell whether a server answers there, and the one that is meant: it knows the token, which it is not told."""
    try:
        return _is_meant(found)
    except CertificateError:
        return False


def _is_meant(found: Discovery) -> bool:
    sent, proof = challenge(found.token, found.authority)
    return _proof(found, sent) == proof


def is_ganmnist(found: Discovery) -> bool:
    """Tell whether any server of ganmnist answers there."""
    return _proof(found, "") is not None


def _proof(found: Discovery, sent: str) -> str | None:
    """Return the answer to a challenge, empty where it is not met; None where no server of ganmnist answers."""
    try:
        answer = _send(found, "health", {CHALLENGE: sent})
        is_ours = answer.status == 200 and answer.message().get("name") == "ganmnist"
    except (OSError, http.client.HTTPException, ValueError):
        return None
    return answer.proof or "" if is_ours else None


def call(
    found: Discovery, name: str, query: str = "", body: dict[str, Any] | None = None, **path: str
) -> dict[str, Any]:
    """Make a call, and return its answer.

    Args:
        found: The server.
        name: Of the call.
        query: What stands behind the ? of its address.
        body: The request, if the call takes one.
        path: What stands in its path.

    Raises:
        CommandError: It is refused, or there is no answer.
    """
    answer = fetch(found, name, query, body, path)
    try:
        return answer.message()
    except ValueError:
        raise _no_answer(found) from None


def fetch(
    found: Discovery,
    name: str,
    query: str = "",
    body: dict[str, Any] | bytes | None = None,
    path: Mapping[str, str] | None = None,
    client_id: str = "ganmnist-server",  # so that no flood of other programs keeps us from ending the server
) -> Answer:
    """Make a call as `call` does, and return what came as it came: a message or a file.

    Args:
        found: The server.
        name: Of the call.
        query: What stands behind the ? of its address.
        body: The request: a message, or a file's bytes.
        path: What stands in its path.
        client_id: Who asks: each may have so many requests under way.

    Raises:
        CommandError: It is refused, or there is no answer.
    """
    headers = {
        "Authorization": f"Bearer {found.token}",
        "X-Client-Api": str(API_VERSION),
        "X-Client-Id": client_id,
    }
    try:
        answer = _send(found, name, headers, query, body, path)
        problem = None if answer.status in (200, 201) else answer.message()["error"]["message"]
    except CertificateError as error:
        raise CommandError(ExitCode.NO_ANSWER, str(error)) from None
    except (OSError, http.client.HTTPException, ValueError, KeyError):
        raise _no_answer(found) from None
    if problem:
        raise CommandError(ExitCode.PROBLEM, problem)
    return answer


def _no_answer(found: Discovery) -> CommandError:
    return CommandError(ExitCode.NO_ANSWER, f"The server at {found.url} does not answer. {how_to_kill(found)}")


def how_to_kill(found: Discovery) -> str:
    """Say how to end a server that hangs."""
    if found.pid is None:
        return "Ask who runs it."
    command = f"taskkill /F /PID {found.pid}" if sys.platform == "win32" else f"kill -9 {found.pid}"
    return f"If that goes on, end it: {command} (a training loses at most its last minute, and can be resumed)."


def start(home: Path) -> str:
    """Return the command that starts the server of a data directory."""
    return command("ganmnist-server", "serve", "--data-dir", home)


class Answer(NamedTuple):
    """What came back.

    Attributes:
        status: Of HTTP.
        media: Type of the content.
        content: Its bytes.
        remarks: What there is to say of a file.
        proof: That the server knows the token, where it was asked for it.
    """

    status: int
    media: str
    content: bytes
    remarks: list[str]
    proof: str | None

    def message(self) -> dict[str, Any]:
        """Return the message that it is.

        Raises:
            ValueError: It is none.
        """
        message = json.loads(self.content)
        if not isinstance(message, dict):
            raise ValueError("not an object")
        return message


def _send(
    found: Discovery,
    name: str,
    headers: dict[str, str],
    query: str = "",
    body: dict[str, Any] | bytes | None = None,
    place: Mapping[str, str] | None = None,
) -> Answer:
    method, path = _CALLS[name]
    address = f"{path.format_map(place or {})}{query and '?'}{query}"
    seconds = _SECONDS if body is None else _WORK_SECONDS
    connection = http.client.HTTPConnection(*found.address, timeout=seconds)  # which asks no proxy
    content = json.dumps(body).encode() if isinstance(body, dict) else body
    if content is not None:
        headers = {**headers, "Content-Type": JSON if isinstance(body, dict) else BYTES}
    try:
        connection.connect()
        if found.is_secure:
            connection.sock = pinning.wrap(connection.sock, found.url, found.address[0], found.fingerprint)
        connection.request(method, address, content, {**headers, "Host": found.authority})
        response = connection.getresponse()
        media = response.headers.get_content_type()
        most = _LONGEST if media == JSON and "Content-Disposition" not in response.headers else _LARGEST
        came = response.read(most + 1)
        if len(came) > most:
            raise ValueError("longer than any answer")
    finally:
        connection.close()
    remarks = response.headers.get_all("X-Remark", [])
    return Answer(response.status, media, came, remarks, response.getheader(PROOF))
