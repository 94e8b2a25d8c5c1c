"""The JSON views: one for every call of the contract, all made from its table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, Response, request
from pydantic import BaseModel

from bridge_server.backend import Backend, Created
from bridge_server.contract import CALLS, Call
from bridge_server.errors import Refusal


def blueprint(backend: Backend) -> Blueprint:
    """Return the views of all calls, answered by `backend`."""
    api = Blueprint("api", __name__)
    for call in CALLS:
        rule = call.path.replace("{", "<").replace("}", ">")
        api.add_url_rule(rule, call.name, _view(call, getattr(backend, call.name)), methods=[call.method])
    return api


def _view(call: Call, work: Callable[..., Any]) -> Callable[..., Response]:
    read = _reader(call)

    def view(**path: str) -> Response:
        return _reply(work(*path.values(), *read()))

    return view


def _reader(call: Call) -> Callable[[], list[BaseModel]]:
    """Return what reads the request of a call: nothing, its query string or its body."""
    model = call.request
    if model is None:
        return list
    if call.method == "GET":
        whole = {name for name, field in model.model_json_schema()["properties"].items() if field["type"] == "integer"}
        return lambda: [model.model_validate(_numbers(request.args, whole))]
    return lambda: [model.model_validate_json(_body())]


def _numbers(texts: Mapping[str, str], whole: set[str]) -> dict[str, object]:
    """Turn digits into numbers, since a query string has only texts and the models take no text for a number."""
    return {name: _number(text) if name in whole else text for name, text in texts.items()}


def _number(text: str) -> int | str:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else text


def _body() -> bytes:
    if request.mimetype != "application/json":
        raise Refusal(415, "media_type", "Send the body as Content-Type: application/json.")
    # The bytes, not Flask's JSON: deep nesting breaks json.loads, where pydantic's own parser calls it invalid.
    return request.get_data()


def _reply(made: object) -> Response:
    if isinstance(made, bytes):
        return Response(made, mimetype="image/png")
    status = 200
    if isinstance(made, Created):
        made, status = made.reply, 201
    assert isinstance(made, BaseModel)
    return Response(made.model_dump_json(), status, mimetype="application/json")
