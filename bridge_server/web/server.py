"""waitress, hardened: refuses in our own words, and lets no slow connection hold the door."""

from __future__ import annotations

import errno
import logging
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from copy import copy
from ipaddress import ip_address
from ssl import SSLContext
from typing import TYPE_CHECKING, Any

from waitress import create_server
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.server import BaseWSGIServer
from waitress.task import ErrorTask, WSGITask

from bridge_server.access.concurrency import RETRY_SECONDS
from bridge_server.access.guard import MAX_BODY, new_request_id
from bridge_server.errors import ApiError, answer
from bridge_server.web.tls import RECORD, NotYet, TlsSocket

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

LargestBody = Callable[[str, str, str], int]
THREADS = 8
REQUEST_SECONDS = 30  # within which a whole request, headers and body, has to arrive, and its answer to be taken
SLOWEST = 100_000  # bytes a second of a body larger than MAX_BODY, for which there is so much more time
CONNECTIONS = 400  # less than `select` takes anywhere
PER_ADDRESS = 40  # of them; a Rhino needs two, a browser six
PER_ADDRESS_HERE = 200  # all programs of this machine have the same
_IN_MEMORY = 5_000_000  # bytes of an answer that wait without a file on the disk: 64 reliefs are 4 MB
_UNREAD = 300_000  # bytes of answers that wait for their reader, above which its next request waits too
_UNREAD_OF_PEER = 600_000_000  # bytes, above which its longest idle reader is closed: two of the largest files
_NO_END = 1 << 40  # bytes that wait for a reader before a thread waits with them: what is unread is bounded above
_SPARE = 10  # of them, which close while new ones come
_OWN_FILES = 80  # descriptors beside those of connections: logs, databases, pipes to processes, files being read
_EXHAUSTED = {errno.EMFILE, errno.ENFILE}
_TOLD_EVERY = 60.0  # seconds between two lines of log about the same
_BREATH = 0.05  # seconds
_EVERY = 1.0  # seconds between two looks at what takes too long
_HERE = "this machine"
_CODES = {413: "too_large", 431: "headers_too_large"}
_log = logging.getLogger("ganmnist.serving")


class _Refuse(ErrorTask):  # type: ignore[misc]  # waitress has no types
    """Answers what waitress cannot read with the body that all our failures have."""

    def execute(self) -> None:
        found = self.request.error
        # 501 would blame the server for a coding that the client made up.
        status = found.code if found.code in _CODES or found.code == 500 else 400
        reason = "Bad Request" if status == 400 else found.reason
        refusal = ApiError(status, _CODES.get(status, "request"), f"The request cannot be read: {found.body}.")
        _, _, body = answer(refusal, new_request_id())
        self.status = f"{status} {reason}"
        self.response_headers.extend([("Content-Type", "application/json"), ("X-Content-Type-Options", "nosniff")])
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)


class _Answer(WSGITask):  # type: ignore[misc]
    """Lets a connection that was told to come back later wait for its turn."""

    def finish(self) -> None:
        super().finish()
        if self.status.startswith("429"):
            self.channel.ignored_until = time.monotonic() + RETRY_SECONDS


class _Parser(HTTPRequestParser):  # type: ignore[misc]
    """Knows from the headers how large a body this request may have, before any of it is kept."""

    adj: Any

    def parse_header(self, header_plus: bytes) -> None:
        try:
            super().parse_header(header_plus)
        except ValueError:  # as of an address in a bracket that is never closed, or a length of 5,000 digits
            raise ParsingError("a part of its head is none that HTTP has") from None
        self.adj = copy(self.adj)
        most = self.adj.largest_body(self.command, self.path, self.headers.get("AUTHORIZATION", ""))
        self.adj.max_request_body_size = most + 1  # waitress refuses what is as large as this


class _Channel(HTTPChannel):  # type: ignore[misc]
    """A connection that knows since when the request under way is being sent, or its answer is being taken."""

    task_class = _Answer
    error_task_class = _Refuse
    parser_class = _Parser

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.waiting_since = time.monotonic()
        self.ignored_until = 0.0
        self._answering = False  # a thread of ours is sending
        self._held = False  # its next request waits, without a thread, until its answers are taken
        self._wants_room = False  # TLS has something of its own to send before it reads on

    def writable(self) -> bool:
        # What a thread is sending, `select` would find writable again and again until it is sent, and the thread would
        # have to wait for the interpreter at every turn.
        return not self._answering and (self._held or self._wants_room or bool(super().writable()))

    def _flush_exception(self, flush: Callable[..., bool] | None, do_close: bool = True) -> tuple[bool, bool] | None:
        if do_close:  # the loop itself; a thread of ours leaves the closing to it
            return super()._flush_exception(flush, do_close)  # type: ignore[no-any-return]
        self._answering = True
        try:
            return super()._flush_exception(flush, do_close)  # type: ignore[no-any-return]
        finally:
            self._answering = False

    def readable(self) -> bool:
        # So a flood is as slow as it was asked to be. `select` looks again within a second.
        return not self._wants_room and time.monotonic() >= self.ignored_until and bool(super().readable())

    def handle_read(self) -> None:
        try:
            super().handle_read()
        except NotYet as waits:
            self._wants_room = waits.for_room

    def handle_write(self) -> None:
        self._wants_room = False
        super().handle_write()
        if self._held and self.connected and self.total_outbufs_len <= _UNREAD:
            self._held = False
            self.server.add_task(self)

    def service(self) -> None:
        if self.connected and self.total_outbufs_len > _UNREAD:
            self._held = True  # until the loop finds that enough was sent
            self.server.pull_trigger()
            return
        self.waiting_since = time.monotonic()
        super().service()
        self.waiting_since = time.monotonic()

    def write_soon(self, data: bytes) -> int:
        self.waiting_since = time.monotonic()  # the other side has waited until now, and not we
        return super().write_soon(data)  # type: ignore[no-any-return]

    def patience(self) -> float:
        """Return how many seconds the other side has: more for a large body, if it may send one."""
        parser = self.request
        large = parser is not None and parser.headers_finished and not parser.error
        return REQUEST_SECONDS + (max(0, parser.content_length - MAX_BODY) / SLOWEST if large else 0)

    def is_idle(self) -> bool:
        """Tell whether it waits for the other side: for a request, or to get rid of an answer."""
        return not self.requests or bool(self.total_outbufs_len)

    def cut(self) -> None:
        self.will_close = True
        with suppress(OSError):  # the other side was quicker
            self.socket.shutdown(socket.SHUT_RDWR)  # wakes `select`, which waits for room where nobody reads


def _open(server: BaseWSGIServer, connection: Any, address: Any, *rest: Any, **keywords: Any) -> None:
    """Take up a new connection. It replaces the longest idle one of its peer, or of all, if there are too many."""
    channels = [channel for channel in server.active_channels.values() if not channel.will_close]
    theirs = [channel for channel in channels if _peer(channel.addr) == _peer(address)]
    full = len(channels) >= server.adj.connection_limit - _SPARE
    too_many = full or len(theirs) >= (PER_ADDRESS_HERE if _peer(address) == _HERE else PER_ADDRESS)
    if too_many and not _cut_longest_idle(channels if full else theirs):
        connection.close()
        return
    if server.tls is not None:
        try:
            connection = TlsSocket(server.tls, connection)
        except OSError:  # it has gone already
            connection.close()
            return
    _Channel(server, connection, address, *rest, **keywords)


def _cut_longest_idle(channels: list[_Channel]) -> bool:
    """Let go of the connection that has waited longest for its other side, and tell whether there is one."""
    idle = [channel for channel in channels if channel.is_idle()]
    if idle:
        min(idle, key=lambda channel: channel.waiting_since).cut()
    return bool(idle)


class _Accept:
    """Takes connections from the listener, and makes room where the process may open no more files."""

    def __init__(self, server: BaseWSGIServer) -> None:
        self._server = server
        self._accept = server.accept
        self._told = -_TOLD_EVERY
        server.accept = self

    def __call__(self) -> Any:
        try:
            return self._accept()
        except OSError as error:
            if error.errno in _EXHAUSTED:
                self._make_room(error)
            raise  # waitress goes on with the next

    def _make_room(self, error: OSError) -> None:
        now = time.monotonic()
        channels = list(self._server.active_channels.values())
        if now - self._told >= _TOLD_EVERY:
            self._told = now
            words = "%s with %d connections: the longest idle one is closed; raise the limit, ulimit -n"
            _log.error(words, error.strerror, len(channels))
        if not _cut_longest_idle([channel for channel in channels if not channel.will_close]):
            time.sleep(_BREATH)  # or `select` would find the listener readable again at once


def _peer(address: Any) -> str:
    """Return who connects: all of the addresses that only this machine has are one."""
    return _HERE if ip_address(address[0]).is_loopback else str(address[0])


class _Maintenance:
    """Closes connections whose request takes too long, however busily they send it byte by byte."""

    def __init__(self, server: BaseWSGIServer) -> None:
        self._server = server
        self._next = 0.0
        self._ask = server.readable
        server.maintenance = self
        server.readable = self._readable

    def _readable(self) -> bool:
        # waitress reckons with the wall clock when it is time: a clock set back a day would stop it for a day.
        self._server.next_channel_cleanup = 0.0
        return bool(self._ask())

    def __call__(self, _: float) -> None:
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + _EVERY
        channels = [channel for channel in self._server.active_channels.values() if not channel.will_close]
        for channel in channels:
            if channel.is_idle() and now - channel.waiting_since > channel.patience():
                channel.cut()
        _bound_unread(channels)


def _bound_unread(channels: list[_Channel]) -> None:
    """Let go of connections of each peer that leaves too much unread."""
    of_peers: dict[str, list[_Channel]] = {}
    for channel in channels:
        if channel.total_outbufs_len and not channel.will_close:
            of_peers.setdefault(_peer(channel.addr), []).append(channel)
    for theirs in of_peers.values():
        theirs.sort(key=lambda channel: channel.waiting_since)
        # One that is alone has asked for one large answer, and takes it as fast as it can.
        while len(theirs) > 1 and sum(channel.total_outbufs_len for channel in theirs) > _UNREAD_OF_PEER:
            theirs.pop(0).cut()


def create(
    app: WSGIApplication,
    listener: socket.socket,
    largest_body: LargestBody = lambda *_: MAX_BODY,
    tls: SSLContext | None = None,
) -> BaseWSGIServer:
    """Return a server of `app` on a socket that listens already; its `run` serves until SystemExit.

    Args:
        app: The application.
        listener: The socket.
        largest_body: Tells from method, path and Authorization how many bytes the body of a request may have.
        tls: Speaks TLS with this certificate in place of plain HTTP.
    """
    server = create_server(
        app,
        sockets=[listener],
        threads=THREADS,
        ident=None,
        connection_limit=_most_connections(),
        channel_request_lookahead=0,
        recv_bytes=RECORD,
        url_scheme="https" if tls else "http",
        max_request_header_size=16_384,
        outbuf_overflow=_IN_MEMORY,
        outbuf_high_watermark=_NO_END,
        clear_untrusted_proxy_headers=True,
    )
    server.adj.largest_body = largest_body
    server.tls = tls
    server.channel_class = _open
    _Accept(server)
    _Maintenance(server)
    return server


def _most_connections() -> int:
    """Have the system allow as many open files as `CONNECTIONS` need, and return how many connections it allows."""
    try:
        import resource
    except ImportError:  # on Windows sockets are no files
        return CONNECTIONS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CONNECTIONS + _OWN_FILES
    if 0 <= soft < wanted:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted if hard < 0 else min(wanted, hard), hard))
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return CONNECTIONS if soft < 0 else max(2 * _SPARE, min(CONNECTIONS, soft - _OWN_FILES))
