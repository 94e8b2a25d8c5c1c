"""What messages are made of."""

from __future__ import annotations

from pydantic import Field

from ganmnist.fields import Settings, Whole


class Message(Settings):
    """Base of all messages: unknown fields are refused, numbers are finite."""


class Pixels(Message):
    """Images as bytes, since lists of numbers are slow to read in Rhino 7."""

    shape: tuple[Whole, Whole, Whole] = Field(description="Images, rows, columns.")
    data: str = Field(description="Base64 of uint8, row by row from the top.")


class RhinoObject(Message):
    """Geometry as openNURBS text: Rhino.Runtime.CommonObject.FromBase64String(archive3dm, opennurbs, data)."""

    archive3dm: Whole
    opennurbs: Whole
    data: str = Field(description="Base64 of the openNURBS archive.")
