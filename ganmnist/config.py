"""Settings: every default, bound and help text that the library, its command line and the server share. No torch."""

from __future__ import annotations

import json
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, Strict
from pydantic.config import JsonDict

from ganmnist.class_names import ClassChoice
from ganmnist.fields import Flag, Formerly, Number, Settings, Spelled, Whole, whole
from ganmnist.names import Name
from ganmnist.networks.spec import ModelConfig
from ganmnist.terms import explain

ModelName = Annotated[Name, Field(description="Name of the model: letters, digits, _ and -.")]
DatasetName = Annotated[Name, Field(description="Name of the data set: letters, digits, _ and -.")]
Seed = Annotated[int, Strict(), Field(ge=0, le=2**31 - 1), BeforeValidator(whole)]


class DataConfig(Settings):
    """Which images to train on."""

    data: DatasetName | None = Field(
        None, description="Name of the data set to learn from, as it was imported; MNIST unless given."
    )
    images: Whole | None = Field(
        None, description="Train on the first so many images; all of them unless given.", ge=2, le=60000
    )


PresetName = Literal["fast", "tutorial", "unconditional"]
LossName = Literal["bce", "nonsaturating", "hinge", "wasserstein", "relativistic"]
DeviceName = Literal["auto", "cpu", "cuda", "mps", "xpu"]


class OptimizationConfig(Settings):
    """How the two networks are trained: settings that a preset fills in."""

    preset: PresetName | None = Field(
        None,
        description="fast (digits in seconds, each of the class you choose), tutorial (the networks of the DCGAN "
        "tutorial) or unconditional (fast without classes); fast unless given. Networks of your own are trained as "
        "the preset's are, as tutorial's unless given.",
    )
    loss: LossName | None = Field(
        None,
        description="Loss function: bce (the tutorial's), nonsaturating (the same without labels), hinge, "
        "wasserstein (with gradient penalty) or relativistic; the preset's own unless given.",
    )
    batch_size: Whole | None = Field(
        None, description=explain("batch size", "the preset's own unless given."), ge=2, le=1024
    )
    learning_rate: Number | None = Field(
        None, description=explain("learning rate", "the preset's own unless given."), gt=0, le=0.1
    )
    beta1: Number | None = Field(None, description=explain("beta1", "the preset's own unless given."), ge=0, lt=1)
    r1: Number | None = Field(
        None,
        description=f"Weight of R1; the preset's own unless given. R1: {explain('R1')}",
        ge=0,
        le=100,
    )
    label_smoothing: Number | None = Field(
        None,
        description=explain("label smoothing", "for loss bce; the preset's own unless given."),
        ge=0,
        le=0.5,
    )


class TrainConfig(OptimizationConfig, DataConfig):
    """One training, from the press of the button to its end."""

    networks: ModelConfig | None = Field(None, description="Networks of your own, in place of a preset's.")
    start_from: ModelName | None = Field(
        None,
        description="Name of a model whose networks and weights the training starts from, in place of chance: to train "
        "it on, or to teach it a few pictures of your own. That model stays as it is.",
    )
    epochs: Whole | None = Field(None, description="How often the training sees every image, at most.", ge=1, le=10_000)
    steps: Whole | None = Field(
        None,
        description="How many training steps it does, at most. On a busy machine they take longer and the digits stay "
        "as good, where a budget in seconds would have fewer.",
        ge=1,
        le=10_000_000,
    )
    seconds: Number | None = Field(
        None,
        description="How long it trains, at most; the preset's own time unless epochs, steps or seconds are given.",
        gt=0,
        le=1_000_000,
    )
    seed: Seed = Field(0, description=explain("seed"))
    device: DeviceName = Field(
        "auto",
        description="What it is computed on: cpu, cuda (NVIDIA, or AMD with ROCm), mps (Apple silicon), xpu (Intel) or "
        "auto (what is there and quicker for these networks).",
    )

    @property
    def base(self) -> PresetName:
        """Name of the preset whose settings hold where these leave them open."""
        return self.preset or ("tutorial" if self.networks else "fast")

    def to_text(self) -> str:
        """Return what is set as JSON to read and to edit."""
        values = self.model_dump(exclude_defaults=True, exclude={"networks"})
        lines = [f"{json.dumps(name)}: {json.dumps(value)}" for name, value in values.items()]
        if self.networks:
            lines.append(f'"networks": {self.networks.to_text()}')
        return "{" + ",\n".join(lines) + "}"


class Plane(Settings):
    """A frame in model units; digits stand upright along its y axis."""

    origin: tuple[Number, Number, Number] = Field(
        (0.0, 0.0, 0.0), description="Lower left corner of the first digit, model units."
    )
    xaxis: tuple[Number, Number, Number] = Field((1.0, 0.0, 0.0), description="Direction of the rows of pixels.")
    yaxis: tuple[Number, Number, Number] = Field(
        (0.0, 1.0, 0.0), description="Direction from the digit's foot to its head."
    )


Form = Literal["images", "relief", "mesh", "smooth", "solid", "voxels", "extrusion", "contours", "points"]


MIN_LENGTH, MAX_LENGTH = 1e-6, 1e6  # model units: smaller solids fall together, and far out points no longer differ


class PlacementConfig(Settings):
    """Where geometry stands, and how large it is."""

    cell: Number = Field(1.0, description="Side of a pixel, model units.", ge=MIN_LENGTH, le=MAX_LENGTH)
    height: Number = Field(4.0, description="Height of a white pixel, model units.", ge=0, le=MAX_LENGTH)
    plane: Plane = Field(Plane(), description="Frame in which the first digit stands.")


class GeometryConfig(PlacementConfig):
    """How pixels become geometry."""

    form: Form = Field(
        "relief",
        description="images, mesh (flat, a colour per pixel), smooth (flat, a colour per vertex), relief (white pixels "
        "high), solid (a relief closed to be printed), voxels (a pillar on every white pixel), extrusion (the solid of "
        "a contour), contours (closed curves) or points.",
    )
    base: Number = Field(
        1.0, description="Thickness of a solid under black pixels, model units.", ge=MIN_LENGTH, le=MAX_LENGTH
    )
    threshold: Number | None = Field(
        None,
        description="Share of white from which on a pixel counts, for voxels, extrusion, contours and points; 0.5 "
        "unless given, for points all of them.",
        ge=0,
        le=1,
    )
    levels: Whole = Field(1, description="Contours per digit, evenly from the threshold to white.", ge=1, le=16)
    invert: Flag = Field(False, description="Turn white and black about first.")
    columns: Whole | None = Field(
        None, description="Digits side by side, in as many rows as it takes; near a square unless given.", ge=1, le=256
    )


Units = Literal["mm", "cm", "m", "in", "ft"]


class ExportConfig(Settings):
    """What a file says beside its geometry."""

    units: Units | None = Field(
        None, description="What a model unit is in .3mf and .3dm: mm, cm, m, in or ft; mm unless given."
    )


class StackConfig(PlacementConfig):
    """How the feature maps of a network's layers become geometry."""

    form: Literal["images", "mesh", "relief", "points"] = Field(
        "mesh", description="images, mesh (flat, a colour per number), relief (large numbers high) or points."
    )


_Style = Annotated[Number, Field(ge=-5, le=5)]
_IS_STYLE: JsonDict = {"x-style": True}  # so the contract passes it on to the page and the canvas


def _style(what: str) -> Any:
    return Field(None, description=f"{what}, in standard deviations; auto unless given.", json_schema_extra=_IS_STYLE)


class LatentConfig(Settings):
    """Where a digit grows from."""

    seed: Seed = Field(0, description=explain("seed"))
    digit: ClassChoice | None = Field(
        None,
        description="Which digit: the name of a class, in any case, or its number from 0, if the model was trained "
        "with classes; drawn from the seed unless given. A number that is a name, as 7 where the classes are called 3 "
        "and 7, is taken as the name.",
    )
    latent: tuple[Annotated[Number, Field(ge=-10, le=10)], ...] = Field(
        (),
        description="First numbers of every latent vector, in standard deviations (-3 to 3 is usual).",
        max_length=1024,
    )
    slant: _Style | None = _style("How far a digit leans to the right")
    thickness: _Style | None = _style("How thick a digit's strokes are")
    width: _Style | None = _style("How wide a digit is relative to its height")
    size: _Style | None = _style("How large a digit is")
    truncation: Annotated[Number, Formerly("boldness")] = Field(
        1.0,
        description=explain("truncation"),
        ge=0,
        le=2,
    )


# Attributes of a digit's style that sliders set, each along a direction that is found by its name.
STYLE_ATTRIBUTES = tuple(name for name, f in LatentConfig.model_fields.items() if f.json_schema_extra == _IS_STYLE)
MAX_DIGITS = 1_000_000  # at once, as images 784 MB
# Of half a million wrong numbers one is told: all of them would take seconds and gigabytes.
Vector = Annotated[tuple[Annotated[Number, Field(ge=-10, le=10)], ...], Field(fail_fast=True)]
Vectors = Annotated[tuple[Vector, ...], Field(fail_fast=True)]


class GenerateConfig(LatentConfig):
    """Which digits to generate."""

    most: ClassVar[int] = MAX_DIGITS  # however the vectors of z stand in rows

    count: Whole = Field(1, description="Number of samples.", ge=1, le=MAX_DIGITS)
    z: Vectors | None = Field(
        None,
        description="Whole latent vectors, in place of count, seed, latent and truncation: the model's latent numbers, "
        "and unless the digit or the seed is to say it the weights of its classes. Several may stand in one row.",
        min_length=1,
        max_length=MAX_DIGITS,
    )


class BetweenConfig(Settings):
    """A path through latent vectors."""

    most: ClassVar[int] = MAX_DIGITS  # on the whole path

    z: Vectors = Field(
        description="Two or more whole latent vectors, in the order of the path, as in generate. Each is on the path.",
        min_length=1,
        max_length=MAX_DIGITS,
    )
    steps: Whole = Field(
        8,
        description="Steps from each vector to the next: 8 between two of them make 9 digits, both ends among them.",
        ge=1,
        le=100_000,
    )
    closed: Flag = Field(
        False, description="Go on from the last vector to the first: a loop, which does not show its first digit twice."
    )
    linear: Flag = Field(
        False,
        description="Go straight, and not on the great circle: vectors half way are then shorter, and their digits "
        "more typical, as with a low truncation.",
    )


_Way = Annotated[
    str,
    Spelled(
        rf"^({'|'.join(STYLE_ATTRIBUTES)}|[0-9]{{1,4}})$",
        f"must be {', '.join(STYLE_ATTRIBUTES)} or the place of a latent number, from 0",
    ),
]


class SheetConfig(LatentConfig):
    """A sheet of latents, along two directions around one digit or between four corners."""

    most: ClassVar[int] = MAX_DIGITS  # on the whole sheet

    z: Vectors | None = Field(
        None,
        description="One whole latent vector for the digit in the middle, in place of seed, latent and truncation; or "
        "four for the corners, row by row from the top, between which the whole sheet lies.",
        min_length=1,
        max_length=4,
    )
    across: _Way = Field(
        "slant",
        description=f"What grows from left to right: {', '.join(STYLE_ATTRIBUTES[:-1])} or {STYLE_ATTRIBUTES[-1]}; or "
        "a latent number by its place, from 0.",
    )
    down: _Way = Field("thickness", description="What grows from top to bottom: as for across.")
    reach: Number = Field(
        2.0,
        description="How far it goes to either side of the digit in the middle, in standard deviations.",
        gt=0,
        le=5,
    )
    rows: Whole = Field(7, description="Digits from top to bottom.", ge=1, le=256)
    columns: Whole = Field(7, description="Digits from left to right.", ge=1, le=256)


class FilmConfig(GenerateConfig):
    """The same few digits through all snapshots of a training."""

    most: ClassVar[int] = 8

    count: Whole = Field(1, description="Number of samples in every frame.", ge=1, le=most)
    z: Vectors | None = Field(
        None, description=GenerateConfig.model_fields["z"].description, min_length=1, max_length=most
    )


class FilmGeometryConfig(GeometryConfig):
    """How a film becomes geometry."""

    arrange: Literal["row", "stack"] = Field(
        "row", description="row (frame beside frame along x) or stack (frame above frame along z)."
    )


class ActivationsConfig(LatentConfig):
    """A walk through a generator, layer by layer, for one digit."""

    maps: Whole = Field(16, description="Feature maps shown of each layer, at most.", ge=1, le=64)


class AnatomyConfig(LatentConfig):
    """One training step, taken apart for one fake and one real image."""

    real: Whole = Field(
        0,
        description="Which real image stands beside it, by number from 0: of the same class where there are any. Round "
        "where they come to their end.",
        ge=0,
        le=2**31 - 1,
    )
    maps: Whole = Field(8, description="Feature maps shown of each layer, at most.", ge=1, le=16)


class EvaluateConfig(Settings):
    """How many digits to measure."""

    count: Whole = Field(10_000, description="Number of samples; more say more.", ge=129, le=100_000)
