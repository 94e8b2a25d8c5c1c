"""Settings: every default, bound and help text that the library, its command line and the server share. No torch."""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import prod
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    Field,
    Strict,
    ValidationError,
    model_validator,
)

from ganmnist.errors import NetworkError, SettingError
from ganmnist.fields import Number, Settings, Whole, whole
from ganmnist.layers import LAYERS, AnyLayer, Shape

IMAGE_SHAPE: Shape = (1, 28, 28)
MAX_PARAMETERS = 50_000_000
MAX_ACTIVATIONS = 2_000_000
MAX_CLASSES = 100


def _not_a_device(name: str) -> str:
    if re.fullmatch(r"con|prn|aux|nul|(com|lpt)[0-9]", name, re.IGNORECASE):
        raise ValueError("is the name of a device on Windows: choose another")
    return name


ModelName = Annotated[
    str,
    Field(
        description="Name of the model: letters, digits, _ and -.",
        min_length=1,
        max_length=64,
        pattern=r"^[A-Za-z0-9_-]+$",  # in pydantic's engine $ is the end of the text, never a newline before it
    ),
    AfterValidator(_not_a_device),
]
Seed = Annotated[int, Strict(), Field(ge=0, le=2**31 - 1), BeforeValidator(whole)]


class LayerRow(Settings):
    """One line of a layer table."""

    place: Whole = Field(description="Place of the layer, from 1.")
    layer: str = Field(description="Name of the layer.")
    output_shape: tuple[int, ...] = Field(description="(units,) or (channels, height, width).")
    parameters: Whole = Field(description="Trained numbers in the layer.")
    multiply_adds: Whole = Field(description="Multiplications for one sample.")


class NetworkConfig(Settings):
    """A network as the list of its layers, first to last."""

    layers: tuple[AnyLayer, ...] = Field(description="The layers, first to last.", min_length=1, max_length=64)

    def table(self, input_shape: Shape, condition: int = 0) -> list[LayerRow]:
        """Follow the shapes from `input_shape` through all layers, building nothing.

        Args:
            input_shape: What arrives at the first layer.
            condition: Length of the condition that some layers are told.

        Raises:
            NetworkError: A layer does not fit; names it by place and name, what arrives and what it needs.
        """
        rows = []
        shape = input_shape
        for place, layer in enumerate(self.layers, 1):
            try:
                after = layer.output_shape(shape)
            except NetworkError as error:
                raise NetworkError(f"layer {place} {layer.layer} {error}") from None
            rows.append(
                LayerRow(
                    place=place,
                    layer=layer.layer,
                    output_shape=after,
                    parameters=layer.parameters(shape, condition),
                    multiply_adds=layer.multiply_adds(shape, condition),
                )
            )
            shape = after
        return rows


class ModelConfig(Settings):
    """The two networks of a GAN and the length of its latent vector."""

    latent_dim: Whole = Field(100, description="Length of the latent vector z.", ge=1, le=1024)
    classes: Whole = Field(
        0, description="Classes that both networks are told, one-hot; 0: they are told none.", ge=0, le=MAX_CLASSES
    )
    generator: NetworkConfig = Field(description="From z, and the class, to an image of 1 x 28 x 28 in [-1, 1].")
    discriminator: NetworkConfig = Field(description="From an image to one number: how real it looks.")

    @property
    def input_dim(self) -> int:
        """Length of what the generator grows an image from: z, then the class as one-hot."""
        return self.latent_dim + self.classes

    def tables(self) -> tuple[list[LayerRow], list[LayerRow]]:
        """Return the layer tables of generator and discriminator.

        Raises:
            NetworkError: A layer does not fit; names it by place and name, what arrives and what it needs.
        """
        inputs = self.input_dim
        return self.generator.table((inputs,), inputs), self.discriminator.table(IMAGE_SHAPE, self.classes)

    @model_validator(mode="after")
    def _shapes_fit(self) -> Self:
        inputs = (self.input_dim,)
        for part, start, condition, end in (
            ("generator", inputs, self.input_dim, IMAGE_SHAPE),
            ("discriminator", IMAGE_SHAPE, self.classes, (1,)),
        ):
            network: NetworkConfig = getattr(self, part)
            try:
                rows = network.table(start, condition)
            except NetworkError as error:
                raise ValueError(f"{part}: {error}") from None
            last = rows[-1]
            if last.output_shape != end:
                raise ValueError(
                    f"{part}: must end in {end}, but layer {last.place} {last.layer} gives {last.output_shape}"
                )
            parameters = sum(row.parameters for row in rows)
            if parameters > MAX_PARAMETERS:
                raise ValueError(
                    f"{part}: {parameters:,} parameters, at most {MAX_PARAMETERS:,}: use fewer units or filters"
                )
            numbers = sum(prod(row.output_shape) for row in rows)
            if numbers > MAX_ACTIVATIONS:
                raise ValueError(
                    f"{part}: {numbers:,} numbers per sample between its layers, at most {MAX_ACTIVATIONS:,}"
                )
        return self


class DataConfig(Settings):
    """Which images to train on."""

    images: Whole | None = Field(
        None, description="Train on the first so many images; all of them unless given.", ge=2, le=60000
    )


class TrainConfig(DataConfig):
    """One training, from the press of the button to its end."""

    preset: Literal["fast", "tutorial", "unconditional"] = Field(
        "fast",
        description="fast (digits in seconds, each of the class you choose), tutorial (the networks of the DCGAN "
        "tutorial) or unconditional (fast without classes).",
    )
    networks: ModelConfig | None = Field(None, description="Networks of your own, in place of a preset's.")
    epochs: Whole | None = Field(None, description="How often the training sees every image, at most.", ge=1, le=10_000)
    seconds: Number | None = Field(
        None,
        description="How long it trains, at most; the preset's own time unless epochs or seconds are given.",
        gt=0,
        le=1_000_000,
    )
    batch_size: Whole | None = Field(
        None, description="Images per training step; the preset's own unless given.", ge=2, le=1024
    )
    learning_rate: Number | None = Field(
        None, description="Step size of Adam; the preset's own unless given.", gt=0, le=0.1
    )
    beta1: Number | None = Field(None, description="Momentum of Adam; the preset's own unless given.", ge=0, lt=1)
    seed: Seed = Field(0, description="Start of every random choice: the same seed gives the same training.")


class Plane(Settings):
    """A frame in model units; digits stand upright along its y axis."""

    origin: tuple[Number, Number, Number] = Field(
        (0.0, 0.0, 0.0), description="Lower left corner of the first digit, model units."
    )
    xaxis: tuple[Number, Number, Number] = Field((1.0, 0.0, 0.0), description="Direction of the rows of pixels.")
    yaxis: tuple[Number, Number, Number] = Field(
        (0.0, 1.0, 0.0), description="Direction from the digit's foot to its head."
    )


Form = Literal["images", "mesh", "relief", "points"]


class GeometryConfig(Settings):
    """How pixels become geometry."""

    form: Form = Field(
        "relief", description="images, mesh (flat, a colour per pixel), relief (white pixels high) or points."
    )
    cell: Number = Field(1.0, description="Side of a pixel, model units.", gt=0, le=1e6)
    height: Number = Field(4.0, description="Height of a white pixel, model units.", ge=0, le=1e6)
    plane: Plane = Field(Plane(), description="Frame in which the first digit stands.")


class GenerateConfig(Settings):
    """Which digits to generate."""

    count: Whole = Field(1, description="Number of samples.", ge=1, le=256)
    seed: Seed = Field(0, description="Start of the random latents: the same seed gives the same digits.")
    digit: Whole | None = Field(
        None,
        description="Which digit, if the model was trained with classes; drawn from the seed unless given.",
        ge=0,
        lt=MAX_CLASSES,
    )
    latent: tuple[Annotated[Number, Field(ge=-10, le=10)], ...] = Field(
        (),
        description="First numbers of every latent vector, in standard deviations (-3 to 3 is usual).",
        max_length=1024,
    )
    z: tuple[tuple[Annotated[Number, Field(ge=-10, le=10)], ...], ...] | None = Field(
        None, description="Whole latent vectors, in place of count, seed and latent.", min_length=1, max_length=256
    )


class EvaluateConfig(Settings):
    """How many digits to measure."""

    count: Whole = Field(10_000, description="Number of samples; more say more.", ge=129, le=100_000)


S = TypeVar("S", bound=BaseModel)


def read_settings(model: type[S], values: Mapping[str, Any]) -> S:
    """Check plain values against a settings model.

    Raises:
        SettingError: One sentence per field that is wrong: its name, what was expected, what came.
    """
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise SettingError(explain(error)) from None


def explain(error: ValidationError) -> str:
    """Put pydantic's findings into sentences: field, what was expected, what came."""
    details = error.errors(include_url=False)
    # A list whose item is wrong is also reported as too short: the item says it all.
    places = [detail["loc"] for detail in details]
    inner = [d for d in details if not any(len(p) > len(d["loc"]) and p[: len(d["loc"])] == d["loc"] for p in places)]
    return "; ".join(_sentence(detail) for detail in inner)


def _sentence(detail: Mapping[str, Any]) -> str:
    field = field_name(detail)
    if detail["type"] == "union_tag_invalid":
        return f"{field}: unknown layer {detail['ctx']['tag']}; known are {', '.join(LAYERS)}"
    message = detail["msg"].removeprefix("Value error, ")
    came = detail.get("input")
    if isinstance(came, str | int | float):
        message += f", got {came[:80]!r}" if isinstance(came, str) else f", got {came}"
    return f"{field}: {message}" if field else message


def field_name(detail: Mapping[str, Any]) -> str:
    """Return the dotted name of the field a pydantic finding is about."""
    return ".".join(str(part) for part in detail["loc"])
