"""Who may ask, and how much: a WSGI layer around the whole application, so that no route escapes it.

A web page that the user happens to visit can reach 127.0.0.1 too. Three locks keep it out: the Host header must be ours
(a page that points its own name at 127.0.0.1 fails here), Origin and Sec-Fetch-Site must not be another site's, and all
but a few harmless pages want the token, which only programs of this user can read.

Hops cannot send a token. So digits are drawn for it without one as long as the server listens to this machine alone:
any program here may ask for them, and nothing else.
"""

from __future__ import annotations

import hmac
import logging
import secrets
import time
from collections.abc import Callable, Iterable
from http.client import responses
from typing import TYPE_CHECKING

from bridge_server.contract import API_VERSION, CALLS
from bridge_server.errors import Refusal, answer

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

MAX_BODY = 2_000_000
REQUEST_ID = "ganmnist.request_id"
_PUBLIC = frozenset({"/", "/openapi.json", *(call.path for call in CALLS if call.public)})
_HEADERS = (
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    (
        "Content-Security-Policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    ),
)
_log = logging.getLogger("ganmnist.requests")


class Guard:
    """Refuses what must not reach the application, and logs every request in one line.

    Args:
        app: The application.
        port: Where it is served.
        token: What all that is not public wants.
        loopback: Whether the server listens to this machine alone; only then does Hops need no token.
    """

    def __init__(self, app: WSGIApplication, port: int, token: str, *, loopback: bool) -> None:
        self._app = app
        self._loopback = loopback
        self._hosts = frozenset(f"{name}:{port}" for name in ("127.0.0.1", "localhost", "[::1]"))
        self._origins = frozenset(f"http://{host}" for host in self._hosts)
        self._bearer = f"Bearer {token}".encode()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request_id = new_request_id()
        environ[REQUEST_ID] = request_id
        started = time.monotonic()
        status = 500

        def start(line: str, headers: list[tuple[str, str]], *rest: object) -> Callable[[bytes], object]:
            nonlocal status
            status = int(line[:3])
            own = [*_HEADERS, ("X-Request-Id", request_id)]
            if not any(name.lower() == "cache-control" for name, _ in headers):
                own.append(("Cache-Control", "no-store"))
            return start_response(line, [*headers, *own])

        try:
            self._check(environ)
            return self._app(environ, start)
        except Exception as error:
            if not isinstance(error, Refusal):
                _log.exception("failure outside the application", extra={"fields": {"request": request_id}})
            return refuse(error, request_id, environ, start)
        finally:
            _log.info("request", extra={"fields": _line(environ, request_id, status, started)})

    def _check(self, environ: WSGIEnvironment) -> None:
        """Raise a Refusal unless the request may pass. The order matters: strangers learn nothing but that they are."""
        if environ.get("HTTP_HOST", "").lower() not in self._hosts:
            raise Refusal(403, "host", "This server answers at 127.0.0.1 and localhost only.")
        origin = environ.get("HTTP_ORIGIN")
        if origin is not None and origin.lower() not in self._origins:
            raise Refusal(403, "origin", "Other web sites may not use this server.")
        if environ.get("HTTP_SEC_FETCH_SITE", "none") not in ("none", "same-origin") and not _opens_the_page(environ):
            raise Refusal(403, "origin", "Other web sites may not use this server.")
        _check_client(environ.get("HTTP_X_CLIENT_API"))
        open_to_all = _is_public(environ) or (self._loopback and _is_hops(environ))
        if not open_to_all and not self._has_token(environ):
            raise Refusal(
                401,
                "token",
                "The token is missing or not this server's: read it from server.json, it changes with every start.",
                headers={"WWW-Authenticate": "Bearer"},
            )
        if int(environ.get("CONTENT_LENGTH") or 0) > MAX_BODY:
            raise Refusal(413, "too_large", f"The body is larger than {MAX_BODY:,} bytes.")

    def _has_token(self, environ: WSGIEnvironment) -> bool:
        sent = environ.get("HTTP_AUTHORIZATION", "").encode("latin-1", "replace")
        return hmac.compare_digest(sent, self._bearer)


def new_request_id() -> str:
    """Return the name of one request, by which it is found in the log."""
    return secrets.token_hex(8)


def refuse(
    error: Exception, request_id: str, environ: WSGIEnvironment, start_response: Callable[..., object]
) -> Iterable[bytes]:
    """Answer a WSGI request with the body of a failure."""
    status, extra, body = answer(error, request_id)
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body))), *extra.items()]
    start_response(f"{status} {responses.get(status, 'Unknown')}", headers)
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]


def _check_client(version: str | None) -> None:
    if version is None or version == str(API_VERSION):
        return
    newer = version.isascii() and version.isdigit() and int(version[:9]) > API_VERSION
    update = "the server (pip install -U ganmnist)" if newer else "the Grasshopper components"
    raise Refusal(
        426,
        "client_api",
        f"The client speaks version {version[:20]} of the contract, the server version {API_VERSION}: update {update}.",
    )


def _is_public(environ: WSGIEnvironment) -> bool:
    path = environ["PATH_INFO"]
    return environ["REQUEST_METHOD"] in ("GET", "HEAD") and (path in _PUBLIC or path.startswith("/static/"))


def _is_hops(environ: WSGIEnvironment) -> bool:
    method: str = environ["REQUEST_METHOD"]
    path: str = environ["PATH_INFO"]
    return (method in ("GET", "HEAD") and path.startswith("/hops/")) or (method == "POST" and path == "/solve")


def _opens_the_page(environ: WSGIEnvironment) -> bool:
    """Tell whether a link on another site was followed to our page, which is harmless."""
    return (
        environ["PATH_INFO"] == "/"
        and environ["REQUEST_METHOD"] == "GET"
        and environ.get("HTTP_SEC_FETCH_MODE") == "navigate"
        and environ.get("HTTP_SEC_FETCH_DEST") == "document"
    )


def _line(environ: WSGIEnvironment, request_id: str, status: int, started: float) -> dict[str, object]:
    return {
        "request": request_id,
        "method": environ["REQUEST_METHOD"][:16],
        "path": environ["PATH_INFO"][:200],
        "status": status,
        "ms": round((time.monotonic() - started) * 1000, 1),
    }
