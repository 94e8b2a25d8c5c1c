"""From exceptions to answers: one table of statuses, one body for every failure."""

from __future__ import annotations

import errno
import re
import sqlite3
from collections.abc import Mapping
from typing import NamedTuple

from pydantic import ValidationError

from bridge_server.contract.base import ErrorBody, Problem
from ganmnist.errors import DataError, DatasetNotFound, GanError, GeometryError, ModelError, ModelNotFound, SettingError
from ganmnist.remedies import load_problem
from ganmnist.validation import explain, field_name

_FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}  # a user's quota is a full disk too


class TokenError(Exception):
    """A token that cannot be given or taken away, or a damaged file of them; the message says what to do."""


class AddressError(Exception):
    """What should say where the server is does not; the message says what was expected."""


class CertificateError(Exception):
    """A certificate that cannot be used, or is not the one that was meant; the message says what to do."""


class ApiError(Exception):
    """A request that the server does not carry out."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        field: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.field = field
        self.headers = dict(headers or {})


class Conflict(ApiError):
    """The request is right, but not in the state that things are in."""

    def __init__(self, message: str) -> None:
        super().__init__(409, "conflict", message)


class Answer(NamedTuple):
    """Status, extra headers and body of a failure."""

    status: int
    headers: dict[str, str]
    body: bytes


# The first class that fits decides, so children come before their parents.
STATUSES: tuple[tuple[type[GanError], int], ...] = (
    (ModelNotFound, 404),
    (DatasetNotFound, 404),
    (SettingError, 422),
    (GeometryError, 422),
    (ModelError, 409),
    (DataError, 503),
    (GanError, 422),
)


def answer(error: Exception, request_id: str, context: str | None = None) -> Answer:
    """Put an exception into the one body that failures have. What nobody foresaw says only the request id.

    Args:
        error: What went wrong.
        request_id: Of the request.
        context: In which the message is written: STRANGER, or None for the owner.
    """
    refusal = _refusal(error)
    problem = Problem(code=refusal.code, message=refusal.message, field=refusal.field, request_id=request_id)
    if refusal.status == 500:
        problem = problem.model_copy(update={"message": f"{refusal.message} Request {request_id} in server.log."})
    return Answer(refusal.status, refusal.headers, ErrorBody(error=problem).model_dump_json(context=context).encode())


def _refusal(error: Exception) -> ApiError:
    if isinstance(error, ApiError):
        return error
    if isinstance(error, ValidationError):
        return _invalid(error)
    if isinstance(error, GanError):
        status = next(status for kind, status in STATUSES if isinstance(error, kind))
        return ApiError(status, error.code, str(error), field=_named(str(error)) if status == 422 else None)
    if problem := load_problem(error):
        return ApiError(503, "packages", problem)
    return ApiError(500, "internal", "The server made a mistake; what happened is in its log.")


def _invalid(error: ValidationError) -> ApiError:
    first = error.errors(include_url=False, include_input=False)[0]
    if first["type"] == "json_invalid":
        return ApiError(422, "invalid_json", f"The body is not JSON: {first['msg']}.")
    message = explain(error)
    return ApiError(422, SettingError.code, message, field=field_name(first) or _named(message))


def _named(message: str) -> str | None:
    """Return the field that a sentence of the library is about: it begins with its name."""
    named = re.match(r"([a-z][a-z0-9_.]*): ", message)
    return named and named[1]


def is_full(error: BaseException) -> bool:
    """Tell whether something failed because the disk is full."""
    if isinstance(error, sqlite3.Error):
        return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
    return isinstance(error, OSError) and error.errno in _FULL
