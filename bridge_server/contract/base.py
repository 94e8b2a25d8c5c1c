"""What all messages of the contract are made of: their base, failures, pixels and Rhino objects. No torch, no Flask."""

from __future__ import annotations

from pydantic import Field

from bridge_server.contract.told import Told
from ganmnist.fields import Settings, Whole

MAX_DIGITS = 256  # in one answer: somebody waits for it


class Message(Settings):
    """Base of all messages: unknown fields are refused, numbers are finite."""


class PageQuery(Message):
    """Which part of a list is wanted."""

    limit: Whole = Field(100, description="How many of them, at most.", ge=1, le=500)
    after: Whole = Field(0, description="`next` of the page before; 0 for the first page.", ge=0, le=2**53)


class Page(Message):
    """A part of a list."""

    total: Whole = Field(description="How many there are, on other pages too.")
    next: Whole = Field(0, description="Send this as `after` for the next page; 0 on the last.")


class Problem(Message):
    """What went wrong, and what to do about it."""

    code: str = Field(description="Short name of the error, for programs.")
    message: Told = Field(description="A sentence for people: what was expected, what came, what to do.")
    field: str | None = Field(None, description="Dotted name of the field that is wrong.")
    request_id: str = Field(description="Found again in the server's log.")


class ErrorBody(Message):
    """The body of every answer that is not a success."""

    error: Problem


class Pixels(Message):
    """Images as bytes, since lists of numbers are slow to read in Rhino 7."""

    shape: tuple[Whole, Whole, Whole] = Field(description="Images, rows, columns.")
    data: str = Field(description="Base64 of uint8, row by row from the top.")


class RhinoObject(Message):
    """Geometry as openNURBS text: Rhino.Runtime.CommonObject.FromBase64String(archive3dm, opennurbs, data)."""

    archive3dm: Whole
    opennurbs: Whole
    data: str = Field(description="Base64 of the openNURBS archive.")


class Picture(Message):
    """An image grid of digits as a flat mesh with one coloured vertex per pixel."""

    number: Whole = Field(description="Grows with every new picture.")
    mesh: RhinoObject
