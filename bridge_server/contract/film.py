"""Messages about films: a digit through all snapshots of a training."""

from pydantic import Field

from bridge_server.contract.base import Message, Pixels, RhinoObject
from ganmnist.config import FilmConfig, FilmGeometryConfig, ModelName
from ganmnist.fields import Flag, Number, Whole


class FilmRequest(FilmConfig, FilmGeometryConfig):
    """The same digits through all snapshots of a training."""

    model: ModelName | None = Field(
        None, description="Name of a model that was trained here; the newest of them unless given."
    )


class FilmFrame(Message):
    """One state of a training."""

    step: Whole
    epoch: Whole = Field(description="Epochs trained.")
    seconds: Number = Field(description="Time it was trained.")


class Film(Message):
    """A digit that grows out of noise, frame by frame."""

    model: str = Field(description="Name of the model.")
    step: Whole = Field(description="Training step the model had reached; grows while it trains.")
    training: Flag = Field(description="True while the model is being trained: its film grows, ever more slowly.")
    latent_dim: Whole
    frames: list[FilmFrame] = Field(description="The states, the earliest first; the last one is the model itself.")
    count: Whole = Field(description="Digits in every frame.")
    z: str = Field(description="Base64 of the whole vectors they grow from, as in Generated.")
    digits: list[Whole] = Field(
        description="Which digit each is to be, by the number of its class; empty if the model knows no classes."
    )
    images: Pixels = Field(description="The digits of every frame, frame by frame.")
    geometry: list[RhinoObject] = Field(description="The images as geometry, as those of Generated.")
    remarks: list[str] = Field([], description="What was asked for and cannot be had, a sentence each.")
    owners: list[Whole] = Field(
        description="Which image each of them belongs to, from 0. One in which no pixel is white enough has none."
    )
