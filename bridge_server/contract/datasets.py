"""Messages about what there is to learn from: MNIST, and data sets of one's own."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field, SerializationInfo, field_serializer

from bridge_server.contract.base import Message, Picture
from bridge_server.contract.told import STRANGER, ToldPath, without_folders
from ganmnist.config import DatasetName
from ganmnist.dataset_summary import ClassSize
from ganmnist.fields import Flag, Number, Spelled, Whole
from ganmnist.names import OWNER

MAX_UPLOAD = 512 << 20  # bytes of a file that is sent
_Sender = Annotated[str, Spelled(r"^[A-Za-z0-9]{1,64}$", "must be 1 to 64 letters from a to z, and digits")]


class DataState(StrEnum):
    """Whether there is data to train on."""

    ABSENT = "absent"
    PREPARING = "preparing"
    READY = "ready"
    FAILED = "failed"


class Data(Message):
    """A data set: what trainings learn from where none is named, or one that was imported."""

    state: DataState
    name: str | None = Field(
        None,
        description="Its name, which a training asks for it by. Where none was imported: MNIST, synthetic-mnist (the "
        "offline default, drawn from the bundled model) or a folder's name.",
    )
    source: ToldPath | None = Field(None, description="Where it came from.")
    created: str | None = Field(None, description="When it was imported, ISO 8601 in UTC.")
    train: Whole | None = Field(None, description="Number of training images.")
    test: Whole | None = Field(None, description="Number of test images.")
    classes: list[ClassSize] = Field([], description="Its classes by number; none if the images have none.")
    report: list[str] = Field([], description="What is in it, and what was left out and why, a sentence each.")
    percent: Number = Field(0.0, description="How much is prepared.")
    problem: str | None = Field(None, description="Why it failed, and what to do.")
    yours: Flag = Field(False, description="Whether it is the asker's: to delete, if their role lets them.")
    preview: Picture | None = Field(
        None,
        description="The first images of each class, below the X axis: what a training shows stands above it. Not in "
        "lists.",
    )

    @field_serializer("report")
    def _report(self, report: list[str], info: SerializationInfo) -> list[str]:
        return [self._told(line) for line in report] if info.context == STRANGER else report

    @field_serializer("problem")
    def _problem(self, problem: str | None, info: SerializationInfo) -> str | None:
        return self._told(problem) if problem and info.context == STRANGER else problem

    def _told(self, sentence: str) -> str:
        """Return a sentence that may be about where the data came from, for somebody else than the owner."""
        return without_folders(sentence, [self.source] if self.source else [])


class DataList(Message):
    """All data sets that were imported, or are being imported, newest first."""

    datasets: list[Data]


class DataImport(Message):
    """Reads images on the server's own machine and keeps them as a data set."""

    path: str = Field(
        description="Whole path of a folder of pictures (a sub-folder for each class), of a .zip of one, of a picture, "
        "of a .csv of pixels, of .npz or .npy arrays, or of IDX files or their folder.",
        min_length=1,
        max_length=4096,
    )
    name: DatasetName | None = Field(None, description="What to call it; as the folder or file is called unless given.")


class DataUpload(Message):
    """Says what a file is that is sent to be kept as a data set."""

    file: str = Field(description="What it is called, with its ending: trees.zip.", min_length=1, max_length=255)
    name: DatasetName | None = Field(None, description="What to call the data set; as the file is called unless given.")
    sent_from: _Sender | None = Field(
        None,
        description="What its sender knows the source by, such as a digest of machine, user and path. What is sent "
        "from there once more by the same person takes the place of the data set before. It stands in source: "
        "trees.zip, sent from 1f0e.",
    )

    def sender(self, who: str) -> str:
        """Say who sent it and from where, if that is known: what another person sends never takes its place."""
        by = "" if who == OWNER else f"by {who} "
        return f"sent {by}from {self.sent_from}" if self.sent_from else ""
