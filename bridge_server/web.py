"""waitress, hardened: refuses in our own words, and lets no slow connection hold the door."""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING, Any

from waitress import create_server
from waitress.channel import HTTPChannel
from waitress.server import BaseWSGIServer
from waitress.task import ErrorTask

from bridge_server.errors import Refusal, answer
from bridge_server.security import MAX_BODY, new_request_id

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

THREADS = 8
REQUEST_SECONDS = 30  # a whole request, headers and body, has to arrive within
_CODES = {413: "too_large", 431: "headers_too_large"}


class _Refuse(ErrorTask):  # type: ignore[misc]  # waitress has no types
    """Answers what waitress cannot read with the body that all our failures have."""

    def execute(self) -> None:
        found = self.request.error
        # 501 would blame the server for a coding that the client made up.
        status = found.code if found.code in _CODES or found.code == 500 else 400
        reason = "Bad Request" if status == 400 else found.reason
        refusal = Refusal(status, _CODES.get(status, "request"), f"The request cannot be read: {found.body}.")
        _, _, body = answer(refusal, new_request_id())
        self.status = f"{status} {reason}"
        self.response_headers.extend([("Content-Type", "application/json"), ("X-Content-Type-Options", "nosniff")])
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)


class _Channel(HTTPChannel):  # type: ignore[misc]
    """A connection that knows since when the request under way is being sent."""

    error_task_class = _Refuse

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.waiting_since = time.monotonic()

    def service(self) -> None:
        super().service()
        self.waiting_since = time.monotonic()


class _Maintenance:
    """Closes connections whose request takes too long, however busily they send it byte by byte."""

    def __init__(self, server: BaseWSGIServer) -> None:
        self._server = server

    def __call__(self, now: float) -> None:
        cutoff = time.monotonic() - REQUEST_SECONDS
        for channel in list(self._server.active_channels.values()):
            if not channel.requests and channel.waiting_since < cutoff:
                channel.will_close = True


def create(app: WSGIApplication, listener: socket.socket) -> BaseWSGIServer:
    """Return a server of `app` on a socket that listens already; its `run` serves until SystemExit."""
    server = create_server(
        app,
        sockets=[listener],
        threads=THREADS,
        ident=None,
        connection_limit=400,
        cleanup_interval=1,
        max_request_header_size=16_384,
        max_request_body_size=MAX_BODY + 1,  # waitress refuses what is as large as this
        clear_untrusted_proxy_headers=True,
    )
    server.channel_class = _Channel
    server.maintenance = _Maintenance(server)
    return server
