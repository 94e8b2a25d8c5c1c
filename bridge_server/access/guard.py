"""Who may ask, and how much: a WSGI layer around the whole application, so that no route escapes it.

A web page that the user happens to visit can reach 127.0.0.1 too. Three locks keep it out: the Host header must be ours
(a page that points its own name at 127.0.0.1 fails here), Origin and Sec-Fetch-Site must not be another site's, and all
but a few harmless pages want the token, which only programs of this user can read. The people of a class have tokens of
their own, and may do what their role says.

Hops cannot send a token. So digits are drawn for it without one as long as the server listens to this machine alone:
any program here may ask for them, and nothing else.
"""

from __future__ import annotations

import logging
import re
import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from http.client import responses
from typing import TYPE_CHECKING

from bridge_server.access.roles import Asker, Role, is_allowed
from bridge_server.access.tokens import CHALLENGE, PROOF, Principal, Tokens
from bridge_server.contract.calls import API_VERSION, CALLS
from bridge_server.contract.datasets import MAX_UPLOAD
from bridge_server.errors import ApiError, answer
from ganmnist.export import records
from ganmnist.models.archive import MAX_FILE
from ganmnist.names import OWNER
from ganmnist.remedies import UPDATE_COMPONENTS, UPDATE_SERVER

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

MAX_BODY = 2_000_000
REQUEST_ID = "ganmnist.request_id"
ACTIONS = "ganmnist.actions"  # name of the log of who did what
WHO = "ganmnist.who"  # the Asker whose token it is; absent where none is needed
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
_PUBLIC = frozenset({"/", "/openapi.json", *(call.path for call in CALLS if call.public)})
_LARGEST = {"model_import": MAX_FILE, "restore": records.MAX_FILE, "dataset_upload": MAX_UPLOAD}  # bytes
_LARGE: dict[tuple[str, str], int] = {
    (call.method, call.path): _LARGEST[call.name] for call in CALLS if call.name in _LARGEST
}
_HEALTH = next(call.path for call in CALLS if call.name == "health")
_CHALLENGE = f"HTTP_{CHALLENGE.upper().replace('-', '_')}"
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
_actions = logging.getLogger(ACTIONS)
_SECRET = re.compile(r"[A-Za-z0-9_-]{40,}")  # as long as a token: somebody may put one where it does not belong


class Guard:
    """Refuses what must not reach the application, and logs every request in one line.

    Args:
        app: The application.
        port: Where it is served.
        tokens: What all that is not public wants.
        lan: Names and addresses that it answers to on a network. None: the server listens to this machine alone, and
            only then does Hops need no token.
        is_secure: The server speaks TLS.
        proxy: Address of a proxy on this machine that passes on what others ask, as https://HOST. Then everybody
            seems to be here, and Hops needs a token too.
    """

    def __init__(
        self,
        app: WSGIApplication,
        port: int,
        tokens: Tokens,
        lan: Sequence[str] = (),
        is_secure: bool = False,
        proxy: str | None = None,
    ) -> None:
        self._app = app
        self._tokens = tokens
        self._loopback = not lan and proxy is None
        own = [f"{name.lower()}:{port}" for name in lan or LOOPBACK]
        passed_on = [] if proxy is None else [proxy.lower()]
        self._hosts = frozenset([*own, *(url.partition("://")[2] for url in passed_on)])
        self._origins = frozenset([*(f"{'https' if is_secure else 'http'}://{host}" for host in own), *passed_on])

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
            if environ["PATH_INFO"] == _HEALTH and (proof := self._proof(environ)):
                own.append((PROOF, proof))
            return start_response(line, [*headers, *own])

        try:
            self._check(environ)
            return self._app(environ, start)
        except Exception as error:
            if not isinstance(error, ApiError):
                _log.exception("failure outside the application", extra={"fields": {"request": request_id}})
            return refuse(error, request_id, environ, start)
        finally:
            fields = _line(environ, request_id, status, started)
            _log.info("request", extra={"fields": fields})
            # Of what broke off with 500 nobody knows how far it came; whatever else is above 400 did nothing.
            done = status < 400 or status == 500
            if done and WHO in environ and _changes(environ["REQUEST_METHOD"], environ["PATH_INFO"]):
                _actions.info("action", extra={"fields": fields})

    def _proof(self, environ: WSGIEnvironment) -> str | None:
        host = environ.get("HTTP_HOST", "").lower()  # of another address it would be somebody else who is believed
        return self._tokens.prove(environ.get(_CHALLENGE, ""), host) if host in self._hosts else None

    def _check(self, environ: WSGIEnvironment) -> None:
        """Raise ApiError unless a request may pass. The order matters: strangers learn nothing but that they are."""
        if environ.get("HTTP_HOST", "").lower() not in self._hosts:
            names = "127.0.0.1 and localhost" if self._loopback else "the names it was started with"
            raise ApiError(403, "host", f"This server answers at {names} only.")
        origin = environ.get("HTTP_ORIGIN")
        if origin is not None and origin.lower() not in self._origins:
            raise ApiError(403, "origin", "Other web sites may not use this server.")
        if environ.get("HTTP_SEC_FETCH_SITE", "none") not in ("none", "same-origin") and not _opens_the_page(environ):
            raise ApiError(403, "origin", "Other web sites may not use this server.")
        _check_client(environ.get("HTTP_X_CLIENT_API"))
        if not _is_public(environ) and not (self._loopback and _is_hops(environ)):
            self._check_principal(environ)
        most = self.largest_body(environ["REQUEST_METHOD"], environ["PATH_INFO"], environ.get("HTTP_AUTHORIZATION", ""))
        if int(environ.get("CONTENT_LENGTH") or 0) > most:
            raise ApiError(413, "too_large", f"The body is larger than {most:,} bytes.")

    def _check_principal(self, environ: WSGIEnvironment) -> None:
        principal = self._principal(environ.get("HTTP_AUTHORIZATION", ""))
        if principal is None:
            where = "it stands in server.json" if self._loopback else "ask who runs it for one"
            message = (
                f"The token is missing or not this server's: send the header Authorization: Bearer TOKEN; {where}."
            )
            raise ApiError(401, "token", message, headers={"WWW-Authenticate": "Bearer"})
        environ[WHO] = Asker(principal.name, principal.role)
        if principal.name != OWNER and not is_allowed(principal.role, environ["REQUEST_METHOD"], environ["PATH_INFO"]):
            raise ApiError(
                403, "role", f"{principal.name} may not do this as a {principal.role}: ask who runs the server."
            )

    def largest_body(self, method: str, path: str, authorization: str) -> int:
        """Return how many bytes the body of a request may have; only who may send a whole file may send so many."""
        if (method, path) in _LARGE:
            principal = self._principal(authorization)
            if principal and is_allowed(principal.role, method, path):
                return _LARGE[method, path]
        return MAX_BODY

    def _principal(self, authorization: str) -> Principal | None:
        scheme, _, sent = authorization.partition(" ")
        return self._tokens.principal(sent.encode("latin-1", "replace")) if scheme == "Bearer" else None


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
    update = UPDATE_SERVER if newer else UPDATE_COMPONENTS
    raise ApiError(
        426,
        "client_api",
        f"The client speaks version {version[:20]} of the contract, the server version {API_VERSION}: update {update}.",
    )


def _changes(method: str, path: str) -> bool:
    """Tell whether a request would change what others see: whoever only looks on may not send it."""
    return method not in ("GET", "HEAD") and not is_allowed(Role.VIEWER, method, path)


def _is_public(environ: WSGIEnvironment) -> bool:
    path = environ["PATH_INFO"]
    return environ["REQUEST_METHOD"] in ("GET", "HEAD") and (path in _PUBLIC or path.startswith("/static/"))


def _is_hops(environ: WSGIEnvironment) -> bool:
    method: str = environ["REQUEST_METHOD"]
    path: str = environ["PATH_INFO"]
    if method in ("GET", "HEAD"):
        return path.strip("/").lower().partition("/")[0] == "hops"
    return method == "POST" and path == "/solve"


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
        **({"who": environ[WHO].name} if WHO in environ else {}),
        "method": environ["REQUEST_METHOD"][:16],
        "path": _SECRET.sub("...", environ["PATH_INFO"])[:200],  # a token may lie across the cut
        "status": status,
        "ms": round((time.monotonic() - started) * 1000, 1),
    }
