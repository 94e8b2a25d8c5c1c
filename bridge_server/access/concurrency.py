"""How many requests of one client are under way at a time: a WSGI layer between the guard and the application.

Who asks for more is refused at once, which costs next to nothing, so that a client that floods takes no more of the
server's threads than any other. A client is whoever's token it is. On this machine, where all programs have the same
one, a Rhino says by a header which of them it is, and programs that say nothing count as one. What works without a
token costs too little to be counted, but for Hops: all of it counts as one client.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from functools import lru_cache
from ipaddress import ip_address
from typing import TYPE_CHECKING

from werkzeug.wsgi import ClosingIterator

from bridge_server.access.guard import WHO
from bridge_server.contract.calls import CALLS
from bridge_server.errors import ApiError

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

MAX_IN_FLIGHT = 2  # at a time, of one client
MAX_HOPS = 4  # as many as Hops sends at a time
_HOPS_AT_ONCE = 2  # of them are answered while the others wait: Hops does not ask again
RETRY_SECONDS = 1  # the least that Retry-After can say
STREAMS = 3  # at a time, of all clients: each holds a thread
STREAM_RETRY_SECONDS = 5
_AT_ONCE = nullcontext()
_FREE = frozenset(call.path for call in CALLS if call.public)


class Limit:
    """Lets a few requests of each client through at a time, and refuses the others.

    Args:
        app: The application.
        is_proxied: What others ask comes from this machine too, so that nobody's X-Client-Id counts.
    """

    def __init__(self, app: WSGIApplication, is_proxied: bool = False) -> None:
        self._app = app
        self._is_proxied = is_proxied
        self._lock = threading.Lock()
        self._streams = threading.Semaphore(STREAMS)
        self._hops = threading.Semaphore(_HOPS_AT_ONCE)
        self._under_way: Counter[tuple[str, str]] = Counter()  # only clients that have some, so it stays small

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path == "/solve":
            return self._answer(("", "hops"), MAX_HOPS, environ, start_response, self._hops)
        if path.startswith("/api/runs/") and path.endswith("/events"):
            return self._stream(environ, start_response)
        if path in _FREE or not path.startswith("/api/"):
            return self._app(environ, start_response)
        return self._answer(self._client(environ), MAX_IN_FLIGHT, environ, start_response)

    def _answer(
        self,
        client: tuple[str, str],
        most: int,
        environ: WSGIEnvironment,
        start_response: StartResponse,
        turn: AbstractContextManager[object] = _AT_ONCE,
    ) -> list[bytes]:
        with self._lock:
            if self._under_way[client] >= most:
                message = f"{most} requests of this client are under way: wait for an answer before you ask for more."
                raise ApiError(429, "too_many_requests", message, headers={"Retry-After": str(RETRY_SECONDS)})
            self._under_way[client] += 1
        try:
            # Read to its end here, since a client may have the last byte and ask again before we are told to close.
            with turn:
                return _whole(self._app(environ, start_response))
        finally:
            with self._lock:
                self._under_way[client] -= 1
                if not self._under_way[client]:
                    del self._under_way[client]

    def _stream(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if not self._streams.acquire(blocking=False):
            message = f"{STREAMS} streams are under way, as many as there may be: ask for the run's progress instead."
            raise ApiError(503, "too_many_streams", message, headers={"Retry-After": str(STREAM_RETRY_SECONDS)})
        try:
            return ClosingIterator(self._app(environ, start_response), self._streams.release)
        except BaseException:
            self._streams.release()
            raise

    def _client(self, environ: WSGIEnvironment) -> tuple[str, str]:
        # From elsewhere the token alone counts: who could choose another name for each request would have no limit.
        here = not self._is_proxied and _is_here(environ["REMOTE_ADDR"])
        return environ[WHO].name if WHO in environ else "", environ.get("HTTP_X_CLIENT_ID", "") if here else ""


@lru_cache(maxsize=64)
def _is_here(address: str) -> bool:
    return ip_address(address).is_loopback


def _whole(body: Iterable[bytes]) -> list[bytes]:
    try:
        return list(body)
    finally:
        if hasattr(body, "close"):
            body.close()
