"""What stands in `model.json`: what a model is and how it came to be."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, NamedTuple, Self

from pydantic import AfterValidator, Field, ValidationError, model_validator

from ganmnist.class_names import ClassName, KnownClasses, names_of
from ganmnist.config import ModelName, TrainConfig
from ganmnist.errors import ModelError, counted
from ganmnist.fields import Flag, Number, Settings, Whole
from ganmnist.models.figures import Estimate, Evaluation
from ganmnist.networks.spec import ModelConfig
from ganmnist.storage import bundle
from ganmnist.validation import explain

BUNDLED = "bundled"  # name and id of the bundled model: `fast`, trained on MNIST
BUNDLED_UNCONDITIONAL = "bundled-unconditional"  # of one that was not told which digit is which
ALL_BUNDLED = (BUNDLED, BUNDLED_UNCONDITIONAL)


class ModelManifest(Settings):
    """What a model is and how it came to be."""

    id: str = Field(description="Name of its folder, never changes.")
    name: ModelName
    created: str = Field(description="When its training began, ISO 8601 in UTC.")
    data: str = Field(description="Name of the data set it learned from.")
    preset: str | None = Field(description="Preset of its networks, if one.")
    networks: ModelConfig
    class_names: tuple[ClassName, ...] = Field(
        (), description="What its classes are called, by their numbers; by those alone unless given."
    )
    settings: TrainConfig
    epoch: Whole = Field(ge=0, le=2**53)
    step: Whole = Field(ge=0, le=2**53)
    seconds: Number = Field(description="Time it was trained.", ge=0)
    finished: Flag = Field(description="False while its training is under way or was cut short.")
    estimate: Estimate | None = Field(None, description="What the judge said of it, if it was trained long enough.")
    evaluation: Evaluation | None = Field(None, description="What the judge said of 10,000 samples, if it was asked.")
    format: Whole = bundle.FORMAT
    weights: str = ""
    sha256: str = ""

    @model_validator(mode="after")
    def _check_names(self) -> Self:
        if self.class_names and len(self.class_names) != self.networks.classes:
            have = counted(self.networks.classes, "class", "es")
            raise ValueError(f"class_names: expected a name for each of {have}, got {len(self.class_names)}")
        return self

    @property
    def known_classes(self) -> KnownClasses:
        """The classes that digits of it may be chosen from."""
        return KnownClasses(names_of(self.networks.classes, self.class_names), self.name)


def now() -> str:
    """Return this moment as manifests tell it: ISO 8601 in UTC."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def not_later(created: str, than: str) -> str:
    """Return when something came to be, as `now` tells it and no later than `than`: a clock may have been wrong."""
    try:
        moment = datetime.fromisoformat(created)
        told = moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC).isoformat(timespec="milliseconds")
    except (ValueError, OverflowError):
        return than
    return min(told, than)


def _not_bundled(name: str) -> str:
    if name.lower() in ALL_BUNDLED:
        raise ValueError("is the name of a bundled model: choose another")
    return name


OwnName = Annotated[ModelName, AfterValidator(_not_bundled)]


class NewName(Settings):
    """The name of a model that is to be trained."""

    model: OwnName | None = Field(
        None, description="Name of the model that will be trained; digits-1, digits-2 ... unless given."
    )


def parse_model_manifest(values: dict[str, Any], where: str) -> ModelManifest:
    """Parse the values of a manifest; `where` names their file.

    Raises:
        ModelError: One sentence per field that is wrong.
    """
    try:
        return ModelManifest.model_validate(values)
    except ValidationError as error:
        raise ModelError(f"{where}: {explain(error)}") from None


def manifest_values(manifest: ModelManifest) -> dict[str, Any]:
    """Return what a manifest says of its model, without how its weights are stored."""
    return manifest.model_dump(mode="json", exclude={"format", "weights", "sha256"})


class Source(NamedTuple):
    """The model that draws: its name, its id, the step it had reached, and the SHA-256 of its weights."""

    model: str
    model_id: str
    step: int
    sha256: str
