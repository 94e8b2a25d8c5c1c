"""A connection over TLS, as waitress's loop wants its sockets: it never waits, not even in the handshake.

The handshake goes on whenever the other side has sent some more of it, by the same loop, the same limits and the same
patience as a request does: whoever connects and says nothing, or speaks no TLS, is an idle connection like any other.
"""

from __future__ import annotations

import errno
import socket
import ssl
import threading
from contextlib import suppress
from typing import Any

from bridge_server.access.guard import new_request_id
from bridge_server.errors import ApiError, answer

RECORD = 16_384  # bytes, the most that one record of TLS holds (RFC 8446, section 5.1)


class NotYet(Exception):
    """There is nothing to be had from the connection now.

    Attributes:
        for_room: It waits until it can send, and not until something has come.
    """

    def __init__(self, for_room: bool) -> None:
        super().__init__()
        self.for_room = for_room


class TlsSocket:
    """One connection of the server's side. Reading and writing are safe from different threads.

    Args:
        context: The server's, with its certificate.
        connection: What was accepted; it is this object's from here on.

    Raises:
        OSError: The other side has gone.
    """

    def __init__(self, context: ssl.SSLContext, connection: socket.socket) -> None:
        connection.setblocking(False)
        self._tls = context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        self._lock = threading.Lock()  # OpenSSL allows one call at a time for each connection
        self._is_over = False  # nothing of TLS may be said any more

    def recv(self, _: int) -> bytes:
        """Return what has come, nothing at the end. A whole record, or `select` would not know of the rest of it.

        Raises:
            NotYet: Nothing has come that the application may see.
        """
        with self._lock:
            try:
                return b"" if self._is_over else self._tls.recv(RECORD)
            except ssl.SSLWantReadError:
                raise NotYet(for_room=False) from None
            except ssl.SSLWantWriteError:
                raise NotYet(for_room=True) from None
            except ssl.SSLError as error:
                self._is_over = True
                if error.reason == "HTTP_REQUEST":
                    self._refuse_plain_http()
                return b""

    def send(self, data: bytes) -> int:
        """Send what there is room for, and return how many bytes that was.

        Raises:
            BlockingIOError: There is room for none.
            ConnectionResetError: The other side speaks no TLS any more.
        """
        view = memoryview(data)
        sent = 0
        while sent < len(view):
            piece = view[sent : sent + RECORD]
            # IronPython's ssl reads 2,048 bytes at a time, and waits for more where the last of them was full
            # (PythonSocket.ssl.read): a record must not end there.
            piece = piece[:-1] if len(piece) > 1 and len(piece) % 2048 == 0 else piece
            with self._lock:
                try:
                    if self._is_over:
                        raise ConnectionResetError(errno.ECONNRESET, "TLS has ended")
                    sent += self._tls.send(piece)
                except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                    break
                except ssl.SSLError as error:
                    self._is_over = True
                    raise ConnectionResetError(errno.ECONNRESET, "TLS has ended") from error
        if view and not sent:
            raise BlockingIOError(errno.EWOULDBLOCK, "no room")
        return sent

    def shutdown(self, how: int) -> None:
        """Cut the connection, without a word to the other side."""
        socket.socket.shutdown(self._tls, how)  # SSLSocket's own would take the state away from under a thread

    def close(self) -> None:
        """Tell the other side that this was all, if it can be told now, and close."""
        with self._lock:
            if not self._is_over and self._tls.version():
                with suppress(OSError, ValueError):
                    self._tls.unwrap()
            self._is_over = True
            self._tls.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tls, name)

    def _refuse_plain_http(self) -> None:
        """Say in plain HTTP that this is no place for it."""
        words = "This server speaks https only: ask who runs it for its address, or a new server.json."
        _, _, body = answer(ApiError(400, "https", words), new_request_id())
        head = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close"
        with suppress(OSError):
            socket.socket.send(self._tls, f"HTTP/1.1 400 Bad Request\r\n{head}\r\n\r\n".encode() + body)
