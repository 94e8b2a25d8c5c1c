"""Messages about latents: what lies between them, and sheets of them."""

from pydantic import Field

from bridge_server.message import Message
from ganmnist.config import BetweenConfig, ModelName, SheetConfig
from ganmnist.fields import Whole


class BetweenRequest(BetweenConfig):
    """A path through latent vectors."""

    model: ModelName | None = Field(None, description="Name of the model; the one that comes along unless given.")


class SheetRequest(SheetConfig):
    """A sheet of latent vectors, around one digit or between four."""

    model: ModelName | None = Field(None, description="Name of the model; the one that comes along unless given.")


class LatentVectors(Message):
    """Whole latent vectors, to be sent to `generate` as its z."""

    model: str = Field(description="Name of the model they are for.")
    latent_dim: Whole = Field(description="How many numbers of a vector are latent; the others weigh the classes.")
    rows: Whole = Field(description="Rows of a sheet; 1 for a path.")
    columns: Whole = Field(description="Vectors in a row: what `generate` takes as its columns.")
    z: str = Field(
        description="Base64 of float32, little endian, (rows * columns, latent_dim + classes), row by row from the top."
    )
    remarks: list[str] = Field([], description="What was asked for and cannot be had, a sentence each.")
