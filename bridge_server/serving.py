"""The process that serves: one at a time per data directory, on 127.0.0.1, announced in the discovery file."""

from __future__ import annotations

import logging
import os
import secrets
import signal
import socket
import sys
import uuid
from contextlib import AbstractContextManager, suppress
from ipaddress import ip_address
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from bridge_server import logs, web
from bridge_server.app import create_app
from bridge_server.contract import API_VERSION
from bridge_server.security import Guard
from ganmnist import __version__
from ganmnist.files import read_json, write_json

if TYPE_CHECKING:
    from bridge_server.backend import Backend

DEFAULT_PORT = 28280
ALREADY_RUNNING = 3
PORT_TAKEN = 4
DISCOVERY = "server.json"
LAUNCH = "launch.json"
_log = logging.getLogger("ganmnist.serving")


class CannotServe(Exception):
    """The server cannot start here; the message says why, `code` is the exit status of the process."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


def serve(home: Path, port: int, mock: bool) -> None:
    """Serve until the process is asked to end by SIGINT, SIGTERM or CTRL-BREAK.

    Args:
        home: Data directory; made if need be.
        port: On 127.0.0.1; 0 takes a free one.
        mock: Answer from made-up digits, without torch.

    Raises:
        CannotServe: Another server has the directory or the port.
    """
    home.mkdir(parents=True, exist_ok=True)
    with _only_one(home):
        listener = _listen(port)
        address, port = listener.getsockname()
        instance, token = uuid.uuid4().hex, secrets.token_urlsafe(32)
        url = f"http://127.0.0.1:{port}"
        logs.start(home / "server.log")
        backend = _backend(home, instance, mock)
        guard = Guard(create_app(backend), port, token, loopback=ip_address(address).is_loopback)
        server = web.create(guard, listener)
        for name in ("SIGINT", "SIGTERM", "SIGBREAK"):
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), _leave)
        try:
            backend.start()
            if not mock:
                remember_how_to_start(home)
            _announce(home, url, token, instance)
            print(f"ganmnist is ready at {url} - in Grasshopper, the Server component finds it by itself", flush=True)
            _log.info("ready", extra={"fields": {"url": url, "pid": os.getpid(), "mock": mock}})
            server.run()
        finally:
            for name in ("SIGINT", "SIGTERM", "SIGBREAK"):
                if hasattr(signal, name):
                    signal.signal(getattr(signal, name), signal.SIG_IGN)  # leaving already
            _withdraw(home, instance)
            listener.close()
            backend.close()
            _log.info("stopped")


def remember_how_to_start(home: Path) -> None:
    """Write down the command that starts the server, for the Server component's button."""
    home.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "bridge_server", "serve", "--data-dir", str(home)]
    write_json(home / LAUNCH, {"command": command, "version": __version__})


def _backend(home: Path, instance: str, mock: bool) -> Backend:
    if mock:
        from bridge_server.mock import Mock

        return Mock(instance)
    from bridge_server.service import Service

    return Service(home, instance)


def _only_one(home: Path) -> AbstractContextManager[object]:
    try:
        return FileLock(home / "server.lock").acquire(timeout=0)
    except Timeout:
        raise CannotServe(ALREADY_RUNNING, f"A server is already running on {home}{_where(home)}.") from None


def _where(home: Path) -> str:
    try:
        other = read_json(home / DISCOVERY)
        return f" at {other['url']} (process {other['pid']})"
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _listen(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if sys.platform == "win32":
        # There SO_REUSEADDR would let a second program take the very same port.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
    else:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
        listener.listen(1024)
    except OSError as error:
        listener.close()
        raise CannotServe(
            PORT_TAKEN, f"Port {port} cannot be used ({error.strerror}): end what uses it, or choose another: --port."
        ) from None
    return listener


def _announce(home: Path, url: str, token: str, instance: str) -> None:
    found = {
        "version": __version__,
        "pid": os.getpid(),
        "instance": instance,
        "url": url,
        "token": token,
        "api": API_VERSION,
    }
    write_json(home / DISCOVERY, found, private=True)


def _withdraw(home: Path, instance: str) -> None:
    """Remove the discovery file, if it is ours."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        if read_json(home / DISCOVERY)["instance"] == instance:
            (home / DISCOVERY).unlink()


def _leave(signum: int, frame: FrameType | None) -> None:
    raise SystemExit(0)
