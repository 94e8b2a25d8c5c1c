"""The JSON views: one for every call of the contract, all made from its table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, BinaryIO

from flask import Blueprint, Response, request
from pydantic import BaseModel
from pydantic_core import from_json, to_json

from bridge_server.access.guard import WHO
from bridge_server.access.roles import AS_OWNER, Asker
from bridge_server.backends.base import Backend
from bridge_server.contract.calls import CALLS, Call
from bridge_server.contract.media import EVENTS, JSON, PNG
from bridge_server.contract.replies import Attachment, Created, Stream
from bridge_server.contract.told import STRANGER
from bridge_server.errors import ApiError
from ganmnist.errors import SettingError
from ganmnist.names import OWNER

_ENTRIES = 2000  # of a list, and names in a whole body: twice what the contract has use for
_TOTAL = 100_000  # entries of all lists of a body: 256 vectors of 390 numbers, or a drawing of 20,000 points
_OBJECTS = 20_000
_SMALL = 20_000  # bytes, in which there is no room for harm


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
        who = request.environ.get(WHO, AS_OWNER)
        asker = {"who": who} if call.personal else {}
        return _reply(work(*path.values(), *read(), **asker), context_for(who))

    return view


def _reader(call: Call) -> Callable[[], Sequence[BaseModel | bytes | BinaryIO]]:
    """Return what reads the request of a call: nothing, its query string, its body, or both."""
    model = call.request
    if call.takes != JSON and model is None:
        return lambda: [body_of(call.takes)]
    if model is None:
        return list
    if call.method == "GET" or call.takes != JSON:
        fields = model.model_json_schema()["properties"].items()
        whole = {name for name, field in fields if field.get("type") == "integer"}

        def read() -> Sequence[BaseModel | BinaryIO]:
            query = model.model_validate(_numbers(request.args, whole))
            return [query] if call.method == "GET" else [query, stream_of(call.takes)]

        return read
    return lambda: [model.model_validate_json(_body())]


def _numbers(texts: Mapping[str, str], whole: set[str]) -> dict[str, object]:
    """Turn digits into numbers, since a query string has only texts and the models take no text for a number."""
    return {name: _number(text) if name in whole else text for name, text in texts.items()}


def _number(text: str) -> int | str:
    digits = text.removeprefix("-")  # below 0 is no less whole: a bound is what refuses it
    return int(text) if digits.isascii() and digits.isdigit() and len(digits) < 19 else text


def _body() -> bytes:
    body = json_bytes()
    # Before anything is made of them: a letter in a text counts too, which no text of ours has so often.
    for letter, what, most in ((b",", "entries in all its lists", _TOTAL), (b"{", "objects", _OBJECTS)):
        if (count := body.count(letter)) > most:
            raise ApiError(422, SettingError.code, f"the body: has about {count:,} {what}, at most {most:,} are read")
    if len(body) > _SMALL:
        with suppress(ValueError):  # not JSON, as the model will say
            _check_entries(from_json(body))
    return body


def json_bytes() -> bytes:
    """Return the body of the request as it came.

    The bytes, not Flask's JSON: deep nesting breaks json.loads, where pydantic's own parser calls it invalid.
    """
    return body_of(JSON)


def body_of(kind: str) -> bytes:
    """Return the body of the request as it came.

    Raises:
        ApiError: It is of another type.
    """
    _check_type(kind)
    return request.get_data()


def stream_of(kind: str) -> BinaryIO:
    """Return the body of a request that may be too large for the memory, to be read piece by piece.

    Raises:
        ApiError: It is of another type.
    """
    _check_type(kind)
    return request.stream  # type: ignore[return-value]


def _check_type(kind: str) -> None:
    if request.mimetype != kind:
        raise ApiError(415, "media_type", f"Send the body as Content-Type: {kind}.")


def _check_entries(value: object, place: str = "") -> int:
    """Refuse a body in which so much can be wrong that saying it would take seconds and gigabytes.

    Returns:
        Number of names in the objects of a value.
    """
    if not isinstance(value, list | dict):
        return 0
    entries, names = (value.items(), len(value)) if isinstance(value, dict) else (enumerate(value), 0)
    if len(value) <= _ENTRIES:
        nested = [(name, entry) for name, entry in entries if isinstance(entry, list | dict)]
        names += sum(_check_entries(entry, f"{place}.{name}".strip(".")[:80]) for name, entry in nested)
    most = max(len(value), names)
    if most > _ENTRIES:
        message = f"{place or 'the body'}: has {most:,} entries, at most {_ENTRIES:,} are read"
        raise ApiError(422, SettingError.code, message, field=place or None)
    return names


def context_for(who: Asker) -> str | None:
    """Return the context in which messages are written for somebody."""
    return None if who.name == OWNER else STRANGER


def _reply(made: object, context: str | None) -> Response:
    if isinstance(made, bytes):
        return Response(made, mimetype=PNG)
    if isinstance(made, Attachment):
        headers = [("Content-Disposition", f'attachment; filename="{made.name}"')]
        headers += [("X-Remark", remark) for remark in made.remarks]
        return Response(made.content, headers=headers, mimetype=made.media)
    if isinstance(made, Stream):
        return Response(_pieces(made, context), mimetype=EVENTS)
    status = 200
    if isinstance(made, Created):
        made, status = made.reply, 201
    assert isinstance(made, BaseModel)
    return Response(_json(made, context), status, mimetype="application/json")


def _pieces(stream: Stream, context: str | None) -> Iterator[bytes]:
    """Write server-sent events."""
    for event in stream.events:
        yield b":\n\n" if event is None else f"data: {event.model_dump_json(context=context)}\n\n".encode()


def _json(made: BaseModel, context: str | None) -> bytes:
    """Return a message as JSON, piece by piece: as one, 20 MB of meshes would hold the interpreter for a while."""
    lists = {
        name: value for name, value in made if isinstance(value, list) and value and isinstance(value[0], BaseModel)
    }
    parts = [made.model_dump_json(exclude={*lists}, context=context).encode()[1:-1]]
    for name, value in lists.items():
        parts.append(b'"%b":[%b]' % (name.encode(), b",".join(to_json(each, context=context) for each in value)))
    return b"{%b}" % b",".join(filter(None, parts))
