"""Messages about digits: to generate, to export, to draw again."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from bridge_server.contract.base import MAX_DIGITS, Message, Pixels, RhinoObject
from bridge_server.contract.media import FileFormat
from ganmnist.config import ExportConfig, GenerateConfig, GeometryConfig, ModelName, Vectors
from ganmnist.fields import Flag, Number, Whole
from ganmnist.models.provenance import Provenance


class GenerateRequest(GenerateConfig, GeometryConfig):
    """Digits to generate."""

    most: ClassVar[int] = MAX_DIGITS

    count: Whole = Field(1, description=GenerateConfig.model_fields["count"].description, ge=1, le=MAX_DIGITS)
    z: Vectors | None = Field(
        None, description=GenerateConfig.model_fields["z"].description, min_length=1, max_length=MAX_DIGITS
    )
    model: ModelName | None = Field(None, description="Name of the model; the bundled one unless given.")
    project: Flag = Field(
        False,
        description="Also say where the sliders with a name stand for each digit. The first time that this is asked of "
        "a model it takes a second.",
    )


class Generated(Message):
    """Digits, with their latents and their geometry."""

    model: str = Field(description="Name of the model that made them.")
    step: Whole = Field(description="Training step the model had reached; grows while it trains.")
    training: Flag = Field(False, description="True while the model is being trained: ask again in a second.")
    latent_dim: Whole
    z: str = Field(
        description="Base64 of float32, little endian, (count, latent_dim + classes): whole vectors, which sent again "
        "give the same digits."
    )
    digits: list[Whole] = Field(
        description="Which digit each is to be, by the number of its class; empty if the model knows no classes."
    )
    images: Pixels
    geometry: list[RhinoObject] = Field(
        description="Digit after digit: a Mesh, for points a PointCloud by rows, for contours a curve per line."
    )
    remarks: list[str] = Field([], description="What was asked for and cannot be had, a sentence each.")
    provenance: str = Field(
        description="Where the digits come from, as JSON text: put the base64 of a digit's own z between its last two "
        "quotes, and it is the text that restore takes."
    )
    owners: list[Whole] = Field(
        description="Which digit each of them belongs to, from 0. One in which no pixel is white enough has none."
    )
    sliders: dict[str, list[Number]] = Field(
        {},
        description="Where each slider with a name stands for each digit, if that was asked for: sent as the slider's "
        "value, it changes nothing. Those that the model has a direction for.",
    )


class ExportRequest(GenerateRequest, ExportConfig):
    """Digits as a file."""

    format: FileFormat = Field(
        description="Kind of file: obj, stl, ply, 3mf, 3dm or json (COMPAS) of the geometry; png (an image grid), gif "
        "(one after the other) or npy of the images."
    )


class Restored(Message):
    """Where digits come from, as a file or an object says."""

    model: str = Field(description="Name of the model by now; as it was if it is gone.")
    z: str = Field(
        description="Base64 of float32, little endian, (count, latent_dim + classes): what generate makes the same "
        "digits of."
    )
    count: Whole = Field(description="Number of digits.")
    record: Provenance
    remarks: list[str] = Field(description="That the model has changed since or is gone, and what to do.")
