"""Messages about latents: what lies between them, sheets of them, and the one nearest to a drawing."""

from typing import Annotated, ClassVar

from pydantic import Field

from bridge_server.contract.base import MAX_DIGITS, Message, Pixels
from ganmnist.class_names import ClassChoice
from ganmnist.config import BetweenConfig, ModelName, SheetConfig, Vectors
from ganmnist.fields import Flag, Number, Whole
from ganmnist.terms import explain


class BetweenRequest(BetweenConfig):
    """A path through latent vectors."""

    most: ClassVar[int] = MAX_DIGITS

    z: Vectors = Field(description=BetweenConfig.model_fields["z"].description, min_length=1, max_length=MAX_DIGITS)
    steps: Whole = Field(8, description=BetweenConfig.model_fields["steps"].description, ge=1, le=MAX_DIGITS)
    model: ModelName | None = Field(None, description="Name of the model; the bundled one unless given.")


class SheetRequest(SheetConfig):
    """A sheet of latent vectors, around one digit or between four."""

    most: ClassVar[int] = MAX_DIGITS

    model: ModelName | None = Field(None, description="Name of the model; the bundled one unless given.")


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


_Point = tuple[Annotated[Number, Field(ge=-1e9, le=1e9)], Annotated[Number, Field(ge=-1e9, le=1e9)]]
_Curve = Annotated[list[_Point], Field(max_length=5000, fail_fast=True)]
_Curves = Annotated[list[_Curve], Field(max_length=1000, fail_fast=True)]
_Length = Annotated[Number, Field(gt=0, le=1e9)]


class InvertRequest(Message):
    """A drawing whose nearest digit is to be found: an image or curves."""

    model: ModelName | None = Field(None, description="Name of the model; the bundled one unless given.")
    digit: ClassChoice | None = Field(
        None, description="Which digit it is, by its name or its number; the one that comes nearest unless given."
    )
    image: Pixels | None = Field(
        None, description="One image of 8 to 1,024 greys a side, light strokes on dark or dark ones on light."
    )
    curves: _Curves | None = Field(
        None, description="Polylines in place of an image: points (x, y) in the frame, y upwards, 20,000 at most."
    )
    pen: _Length | None = Field(
        None, description="Width of the strokes, model units; an eighth of the drawing's longer side unless given."
    )
    size: _Length | None = Field(
        None,
        description="Side of the frame, model units: the drawing keeps its place and size in it. Unless given, it is "
        "made as large as what the model draws, and put in the same place.",
    )


class Inverted(Message):
    """The latent vector whose digit is nearest to a drawing."""

    model: str = Field(description="Name of the model.")
    step: Whole = Field(description="Training step the model had reached; grows while it trains.")
    latent_dim: Whole
    z: str = Field(description="Base64 of float32, little endian: the latent vector, then a weight for each class.")
    digit: Whole | None = Field(description="Number of its class; none if the model knows no classes.")
    class_name: str | None = Field(description="What that class is called.")
    text: str = Field(description="What was found, in a few words: a 7, perhaps a 7, oak.")
    likeness: Number = Field(description=f"Of the drawing and the digit found. {explain('likeness')}")
    sure: Flag = Field(description="Whether that is enough to be sure; where not, a remark says what to do.")
    sliders: dict[str, Number] = Field(description="Where Generate's sliders with a name stand for it.")
    mse: Number = Field(description=explain("mean squared error", "good up to 0.01."))
    read: Pixels = Field(description="The drawing as it was read.")
    found: Pixels = Field(description="What the model makes of the latent vector.")
    remarks: list[str] = Field(description="What is not as it should be, a sentence each.")
