"""Servers over TLS in the test's own process: a mock behind its guard, and one that pretends to be it."""

from __future__ import annotations

import socket
import ssl
import threading
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

from bridge_server.access import certificates
from bridge_server.access.certificates import Certificate
from bridge_server.access.concurrency import Limit
from bridge_server.access.guard import Guard
from bridge_server.backends.mock.backend import Mock
from bridge_server.process.discovery import OWNER_FILE, Discovery, write_discovery
from bridge_server.process.server_process import Process
from bridge_server.web import server as web
from bridge_server.web.app import create_app

TOKEN = "secret-of-the-owner"


def make_certificate(folder: Path, days: float = certificates.DAYS) -> Certificate:
    """Make a certificate that is good for so many days; with 0 it has expired."""
    folder.mkdir(exist_ok=True)
    with patch.object(certificates, "DAYS", days), patch.object(certificates, "_EARLIER", timedelta(days=1)):
        return certificates.ensure(folder, ("127.0.0.1",))


class Served:
    """A mock server over TLS.

    Args:
        folder: With its certificate.
    """

    def __init__(self, folder: Path) -> None:
        listener = socket.create_server(("127.0.0.1", 0))
        self.port = listener.getsockname()[1]
        self.url = f"https://127.0.0.1:{self.port}"
        write_discovery(folder / OWNER_FILE, Discovery(url=self.url, token=TOKEN))  # which a next start goes on with
        backend = Mock("i")
        backend.process = Process(folder, self.url)
        guard = Guard(Limit(create_app(backend)), self.port, backend.process.tokens, ("127.0.0.1",), is_secure=True)
        server = web.create(guard, listener, guard.largest_body, certificates.server_context(folder))
        threading.Thread(target=server.run, daemon=True).start()


class Recorder:
    """Shakes hands with whoever connects, and writes down all that it is told then.

    Args:
        folder: With its certificate.
    """

    def __init__(self, folder: Path) -> None:
        self.heard: list[bytes] = []  # of each connection
        self._context = certificates.server_context(folder)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"https://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            heard = b""
            connection.settimeout(5)
            with suppress(OSError), self._context.wrap_socket(connection, server_side=True) as secure:
                while piece := secure.recv(10_000):
                    heard += piece
                    with suppress(ssl.SSLError):
                        secure.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
            self.heard.append(heard)
