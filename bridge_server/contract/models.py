"""Messages about models."""

from __future__ import annotations

from pydantic import Field

from bridge_server.contract.base import Message, Page, PageQuery
from bridge_server.contract.told import Told
from ganmnist.config import ModelName
from ganmnist.fields import Flag, Number, Whole
from ganmnist.models.manifest import OwnName


class Model(Message):
    """A model that can generate."""

    id: str
    name: str
    created: str
    data: str = Field(description="Name of the data set it learned from.")
    latent_dim: Whole
    classes: Whole = Field(description="Classes that a digit may be chosen from; 0 where none can be.")
    class_names: list[str] = Field(
        description="What they are called, by their numbers: what may be chosen as digit, beside the numbers."
    )
    epoch: Whole = Field(description="Epochs trained.")
    step: Whole
    seconds: Number = Field(description="Time it was trained.")
    frechet: Number | None = Field(
        None, description="Frechet distance as in a run; none if its training was too short to be judged."
    )
    finished: Flag = Field(description="False while its training is under way or was cut short.")
    training: Flag = Field(False, description="True while it is being trained, or waits for its turn to go on.")
    preset: str | None = Field(description="Preset of its networks, if one.")
    yours: Flag = Field(False, description="Whether it is the asker's: to rename and delete, if their role lets them.")


class ModelRename(Message):
    """Another name for a model."""

    name: OwnName = Field(description="The new name, which no other model may have.")


class ModelsQuery(PageQuery):
    """Which models are wanted."""

    name: ModelName | None = Field(None, description="Only the model of this name, if there is one.")


class Models(Page):
    """Models, newest first, and at the end of every page the bundled ones, beyond `limit`; or the one of a name."""

    models: list[Model]
    remarks: list[Told] = Field([], description="Which models cannot be read, why, and what to do, a sentence each.")


class Deleted(Message):
    """What was deleted."""

    deleted: str
