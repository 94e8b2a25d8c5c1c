"""The Flask application: wires views, page and errors; holds no logic."""

from __future__ import annotations

import logging
from pathlib import Path

from flask import Flask, Response, render_template, request
from werkzeug.exceptions import HTTPException

from bridge_server import errors
from bridge_server.access.guard import REQUEST_ID, WHO
from bridge_server.access.roles import AS_OWNER
from bridge_server.backends.base import Backend
from bridge_server.contract import openapi
from bridge_server.contract.datasets import MAX_UPLOAD
from bridge_server.errors import ApiError, answer
from bridge_server.web import api, hops
from ganmnist import __version__
from ganmnist.config import STYLE_ATTRIBUTES

_PAGE = Path(__file__).resolve().parents[1] / "page"
_log = logging.getLogger("ganmnist.app")


def create_app(backend: Backend) -> Flask:
    """Return the application that answers with `backend`. It is meant to stand behind `security.Guard`."""
    app = Flask(__name__, static_folder=_PAGE, static_url_path="/static")
    app.url_map.merge_slashes = False  # a path with double slashes is unknown, and not redirected
    app.register_blueprint(api.blueprint(backend))
    app.register_blueprint(hops.blueprint(backend))
    document = openapi.FILE.read_bytes()
    modules = sorted(path.relative_to(_PAGE).as_posix() for path in _PAGE.rglob("*.js"))

    @app.get("/openapi.json")
    def openapi_json() -> Response:
        return Response(document, mimetype="application/json")

    @app.get("/")
    def page() -> str:
        return render_template(
            "index.html",
            version=__version__,
            mock=backend.mock,
            modules=modules,
            style_attributes=STYLE_ATTRIBUTES,
            max_upload=MAX_UPLOAD,
        )

    @app.errorhandler(Exception)
    def fail(error: Exception) -> Response:
        if isinstance(error, HTTPException):
            error = _from_http(error)
        elif isinstance(error, OSError) and errors.is_full(error):
            error = ApiError(
                507, "disk_full", f"{error.filename or 'A file'} cannot be written: make room on the disk."
            )
        request_id = request.environ.get(REQUEST_ID, "")
        context = api.context_for(request.environ.get(WHO, AS_OWNER))
        status, headers, body = answer(error, request_id, context)
        if status == 500:
            _log.error("failure", exc_info=error, extra={"fields": {"request": request_id}})
        return Response(body, status, headers, mimetype="application/json")

    return app


def _from_http(error: HTTPException) -> ApiError:
    """Say in our words what Flask refuses."""
    if error.code == 404:
        return ApiError(404, "not_found", "There is nothing at this path; /openapi.json lists what there is.")
    if error.code == 405:
        allow = error.get_response().headers.get("Allow", "")
        return ApiError(405, "method", f"This path takes {allow} only.", headers={"Allow": allow})
    status = error.code if error.code and 400 <= error.code < 500 else 400
    return ApiError(status, "request", error.description or error.name)
