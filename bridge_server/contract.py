"""The wire contract: every message as a model, and the table of calls. No torch, no Flask."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal, NamedTuple

from pydantic import Field, StringConstraints

from bridge_server.film_messages import Film, FilmRequest
from bridge_server.latent_messages import BetweenRequest, Inverted, InvertRequest, LatentVectors, SheetRequest
from bridge_server.messages import Message, Picture, Pixels, RhinoObject
from bridge_server.network_messages import Activations, ActivationsRequest, CheckedNetworks, Layers, NetworksCheck
from ganmnist.config import ExportConfig, GenerateConfig, GeometryConfig, ModelName, TrainConfig
from ganmnist.fields import Flag, Number, Settings, Whole
from ganmnist.models import NewName, OwnName
from ganmnist.provenance import Provenance

API_VERSION = 1
JSON, PNG, ZIP, BYTES = "application/json", "image/png", "application/zip", "application/octet-stream"
EVENTS = "text/event-stream"
FileFormat = Literal["obj", "stl", "ply", "3mf", "3dm", "json", "png", "gif", "npy"]
# What an export is to a browser. Text and COMPAS JSON are files too, which nobody should show or read as an answer.
MEDIA: dict[FileFormat, str] = {
    "obj": "model/obj",
    "stl": "model/stl",
    "ply": "application/vnd.ply",
    "3mf": "model/3mf",
    "3dm": "model/vnd.3dm",
    "json": JSON,
    "png": PNG,
    "gif": "image/gif",
    "npy": BYTES,
}

RunId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}$")]


class RunState(StrEnum):
    """Where a run stands."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    STOPPED = "stopped"
    INTERRUPTED = "interrupted"


class Health(Message):
    """That the server is there, and which one it is."""

    status: Literal["ok"] = "ok"
    name: Literal["ganmnist"] = "ganmnist"
    version: str = Field(description="Version of the server.")
    api: Whole = Field(description="Version of this contract.")
    instance: str = Field(description="Changes with every start; equals `instance` in the discovery file.")
    mock: Flag = Field(description="True when the answers are made up, for tests and for wiring.")


class Server(Message):
    """How the server fares."""

    version: str
    instance: str = Field(description="As in health.")
    pid: Whole = Field(description="Number of its process.")
    url: str
    seconds: Number = Field(description="How long it has been running.")
    running: Whole = Field(description="Trainings under way.")
    queued: Whole = Field(description="Trainings that wait for their turn.")
    memory: Whole | None = Field(description="Memory that its process takes, bytes; none where it is not known.")


class DataState(StrEnum):
    """Whether there is data to train on."""

    ABSENT = "absent"
    PREPARING = "preparing"
    READY = "ready"
    FAILED = "failed"


class Data(Message):
    """The data set that trainings use."""

    state: DataState
    name: str | None = Field(
        None,
        description="MNIST, synthetic-mnist (the offline default, drawn from the bundled model) or a folder's name.",
    )
    source: str | None = Field(None, description="Where it came from.")
    train: Whole | None = Field(None, description="Number of training images.")
    test: Whole | None = Field(None, description="Number of test images.")
    percent: Number = Field(0.0, description="How much is prepared.")
    problem: str | None = Field(None, description="Why it failed, and what to do.")
    preview: Picture | None = Field(
        None, description="The first images of each class, below the X axis: what a training shows stands above it."
    )


class StartRun(TrainConfig, NewName):
    """Starts a training."""

    key: str | None = Field(
        None, description="Idempotency key: the same key gives the same run.", min_length=1, max_length=128
    )


class Run(Message):
    """One training."""

    id: RunId
    model: str
    state: RunState
    settings: TrainConfig
    data: str | None = Field(None, description="Name of the data set.")
    created: str = Field(description="When Train was pressed, ISO 8601 in UTC.")
    place: Whole | None = Field(None, description="Place in the queue, from 1, while queued.")
    epoch: Whole = Field(0, description="Epoch under way, from 1; 0 before the first.")
    epochs: Whole | None = Field(None, description="Epochs of the whole training; none where its budget is in seconds.")
    step: Whole = 0
    percent: Number = Field(0.0, description="Share of the budget that is used up.")
    seconds: Number = Field(0.0, description="Time spent training.")
    seconds_left: Number | None = Field(None, description="Estimate of the time to the end.")
    loss_d: Number | None = Field(None, description="Loss of the discriminator.")
    loss_g: Number | None = Field(None, description="Loss of the generator.")
    frechet: Number | None = Field(
        None,
        description="Frechet distance to real digits by the judge's eyes, as 10,000 samples would show; "
        "less is better.",
    )
    confident: Number | None = Field(None, description="Share of its digits of which the judge is sure, 0 to 1.")
    preview: Whole = Field(0, description="Number of the newest preview; 0 before the first.")
    text: str = Field(description="The state in a few words: 41 % - 0:52 left - FID 12.")
    reason: str | None = Field(
        None, description="Why it failed or was interrupted: killed, crashed, out_of_memory, disk_full ..."
    )
    problem: str | None = Field(None, description="A sentence for people: what happened and what to do.")
    warnings: list[str] = Field(
        [], description="What goes badly in the training, and what to do about it, a sentence each."
    )


class Runs(Message):
    """All runs, newest first."""

    runs: list[Run]


class ProgressQuery(Message):
    """What the asker has already."""

    since: Whole = Field(0, description="Number of the last tick the asker has.", ge=0, le=2**31 - 1)
    preview: Whole = Field(0, description="Number of the newest preview the asker has.", ge=0, le=2**31 - 1)


class EventsQuery(Message):
    """What the asker of a stream has already."""

    since: Whole = Field(0, description="Number of the last tick the asker has.", ge=0, le=2**31 - 1)


class RunProgress(Message):
    """What is new in a run."""

    run: Run
    next: Whole = Field(description="Send this as `since` next time.")
    steps: list[Whole] = Field(description="Training steps since then of which the losses are known, at most 1,000.")
    loss_d: list[Number] = Field(description="Loss of the discriminator at each of them.")
    loss_g: list[Number] = Field(description="Loss of the generator at each of them.")
    frechet: list[Number | None] = Field(description="Frechet distance as last judged by then; none before.")
    preview: Picture | None = Field(None, description="The newest preview, if the asker lacks it.")


class Model(Message):
    """A model that can generate."""

    id: str
    name: str
    created: str
    data: str = Field(description="Name of the data set it learned from.")
    latent_dim: Whole
    classes: Whole = Field(description="Classes that a digit may be chosen from; 0 where none can be.")
    epoch: Whole = Field(description="Epochs trained.")
    step: Whole
    seconds: Number = Field(description="Time it was trained.")
    frechet: Number | None = Field(
        None, description="Frechet distance as in a run; none if its training was too short to be judged."
    )
    finished: Flag = Field(description="False while its training is under way or was cut short.")
    training: Flag = Field(False, description="True while it is being trained, or waits for its turn to go on.")
    preset: str | None = Field(description="Preset of its networks, if one.")


class ModelRename(Message):
    """Another name for a model."""

    name: OwnName = Field(description="The new name, which no other model may have.")


class Models(Message):
    """All models, newest first, and at the end the one that comes along."""

    models: list[Model]


class GenerateRequest(GenerateConfig, GeometryConfig):
    """Digits to generate."""

    model: ModelName | None = Field(None, description="Name of the model; the one that comes along unless given.")


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
    digits: list[Whole] = Field(description="Which digit each is to be; empty if the model knows no classes.")
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


class ExportRequest(GenerateRequest, ExportConfig):
    """Digits as a file."""

    format: FileFormat = Field(
        description="Kind of file: obj, stl, ply, 3mf, 3dm or json (COMPAS) of the geometry; png (a sheet), gif (one "
        "after the other) or npy of the images."
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


class Deleted(Message):
    """What was deleted."""

    deleted: str


class Call(NamedTuple):
    """One call of the contract."""

    name: str
    method: Literal["GET", "POST", "PATCH", "DELETE"]
    path: str
    request: type[Settings] | None
    reply: type[Message] | None  # None: a file
    summary: str
    public: bool = False  # answers without the token
    takes: str = JSON
    gives: str | tuple[str, ...] = JSON
    creates: bool = False  # always answers 201


CALLS = (
    Call("health", "GET", "/api/health", None, Health, "Is the server there, and which one?", public=True),
    Call("server", "GET", "/api/server", None, Server, "How does the server fare?"),
    Call("server_stop", "POST", "/api/server/stop", None, Server, "End the server; trainings can be resumed."),
    Call("server_token", "POST", "/api/server/token", None, Server, "Give the owner a new token, in server.json."),
    Call("data", "GET", "/api/data", None, Data, "Describe the data set."),
    Call("data_prepare", "POST", "/api/data/prepare", None, Data, "Find or download MNIST, in the background."),
    Call("layers", "GET", "/api/layers", None, Layers, "List the layers a network may have."),
    Call("networks_check", "POST", "/api/networks/check", NetworksCheck, CheckedNetworks, "Check two networks."),
    Call(
        "networks_activations",
        "POST",
        "/api/networks/activations",
        ActivationsRequest,
        Activations,
        "Walk through a generator, layer by layer.",
    ),
    Call("run_start", "POST", "/api/runs", StartRun, Run, "Start a training, or queue it."),
    Call("runs", "GET", "/api/runs", None, Runs, "List all runs."),
    Call("run", "GET", "/api/runs/{id}", None, Run, "Describe one run."),
    Call("run_stop", "POST", "/api/runs/{id}/stop", None, Run, "Stop a run; its model stays."),
    Call("run_resume", "POST", "/api/runs/{id}/resume", None, Run, "Go on with an interrupted run."),
    Call("run_progress", "GET", "/api/runs/{id}/progress", ProgressQuery, RunProgress, "What is new in a run."),
    Call("run_events", "GET", "/api/runs/{id}/events", EventsQuery, None, "A run's news as a stream.", gives=EVENTS),
    Call("run_preview", "GET", "/api/runs/{id}/preview.png", None, None, "The newest preview picture.", gives=PNG),
    Call("models", "GET", "/api/models", None, Models, "List all models."),
    Call("model", "GET", "/api/models/{name}", None, Model, "Describe one model."),
    Call("model_delete", "DELETE", "/api/models/{name}", None, Deleted, "Delete a model that is not being trained."),
    Call("model_rename", "PATCH", "/api/models/{name}", ModelRename, Model, "Give a model another name."),
    Call("model_file", "GET", "/api/models/{name}/file", None, None, "A model as one .ganmnist file.", gives=ZIP),
    Call(
        "model_import",
        "POST",
        "/api/models/file",
        None,
        Model,
        "Keep the model of a .ganmnist file, under another name if its own is taken.",
        takes=ZIP,
        creates=True,
    ),
    Call(
        "latents_invert", "POST", "/api/latents/invert", InvertRequest, Inverted, "Find the digit nearest to a drawing."
    ),
    Call("generate", "POST", "/api/generate", GenerateRequest, Generated, "Generate digits and their geometry."),
    Call("latents_between", "POST", "/api/latents/between", BetweenRequest, LatentVectors, "Latents on a path."),
    Call("latents_sheet", "POST", "/api/latents/sheet", SheetRequest, LatentVectors, "Latents in rows and columns."),
    Call("film", "POST", "/api/film", FilmRequest, Film, "Show digits through all kept states of a training."),
    Call(
        "export",
        "POST",
        "/api/export",
        ExportRequest,
        None,
        "Generate digits as a file.",
        gives=tuple(dict.fromkeys(MEDIA.values())),
    ),
    Call(
        "restore",
        "POST",
        "/api/restore",
        None,
        Restored,
        "Find out where the digits of a file come from, or of an object's text.",
        takes=BYTES,
    ),
)
