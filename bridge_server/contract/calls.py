"""The wire contract: every message as a model, and the table of calls. No torch, no Flask."""

from __future__ import annotations

from typing import Literal, NamedTuple

from bridge_server.contract.anatomy import Anatomy, AnatomyRequest
from bridge_server.contract.base import Message
from bridge_server.contract.datasets import Data, DataImport, DataList, DataUpload
from bridge_server.contract.digits import ExportRequest, Generated, GenerateRequest, Restored
from bridge_server.contract.evaluation import Evaluated, EvaluateRequest
from bridge_server.contract.film import Film, FilmRequest
from bridge_server.contract.latents import BetweenRequest, Inverted, InvertRequest, LatentVectors, SheetRequest
from bridge_server.contract.media import BYTES, EVENTS, JSON, MEDIA, PNG, ZIP
from bridge_server.contract.models import Deleted, Model, ModelRename, Models, ModelsQuery
from bridge_server.contract.networks import Activations, ActivationsRequest, CheckedNetworks, Layers, NetworksCheck
from bridge_server.contract.runs import EventsQuery, ProgressQuery, Queue, Run, RunProgress, Runs, RunsQuery, StartRun
from bridge_server.contract.server import Health, Me, Server
from bridge_server.contract.sweeps import StartSweep, Sweeps, SweepsQuery, SweepTable
from ganmnist.fields import Settings

API_VERSION = 1


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
    personal: bool = False  # what it does depends on who asks


CALLS = (
    Call("health", "GET", "/api/health", None, Health, "Is the server there, and which one?", public=True),
    Call("me", "GET", "/api/me", None, Me, "Who asks, and what may they do?", personal=True),
    Call("server", "GET", "/api/server", None, Server, "How does the server fare?"),
    Call("server_stop", "POST", "/api/server/stop", None, Server, "End the server; trainings can be resumed."),
    Call("server_token", "POST", "/api/server/token", None, Server, "Give the owner a new token, in server.json."),
    Call("data", "GET", "/api/data", None, Data, "Describe the data set."),
    Call("data_prepare", "POST", "/api/data/prepare", None, Data, "Find or download MNIST, in the background."),
    Call("datasets", "GET", "/api/datasets", None, DataList, "List the data sets that were imported.", personal=True),
    Call("dataset", "GET", "/api/datasets/{name}", None, Data, "Describe a data set that was imported.", personal=True),
    Call("dataset_import", "POST", "/api/datasets", DataImport, Data, "Import images from this machine's disk."),
    Call(
        "dataset_upload",
        *("POST", "/api/datasets/file", DataUpload, Data),
        "Import images from a file.",
        takes=BYTES,
        personal=True,
    ),
    Call(
        "dataset_delete",
        *("DELETE", "/api/datasets/{name}", None, Deleted, "Delete a data set, or end its import."),
        personal=True,
    ),
    Call("dataset_preview", "GET", "/api/datasets/{name}/preview.png", None, None, "Images of each class.", gives=PNG),
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
    Call(
        "networks_anatomy",
        *("POST", "/api/networks/anatomy", AnatomyRequest, Anatomy),
        "Take one training step of a model apart.",
    ),
    Call("run_start", "POST", "/api/runs", StartRun, Run, "Start a training, or queue it.", personal=True),
    Call("runs", "GET", "/api/runs", RunsQuery, Runs, "List runs, a page of them.", personal=True),
    Call("queue", "GET", "/api/queue", None, Queue, "What is trained, and in which order the rest is.", personal=True),
    Call("run", "GET", "/api/runs/{id}", None, Run, "Describe one run.", personal=True),
    Call("run_stop", "POST", "/api/runs/{id}/stop", None, Run, "Stop a run; its model stays.", personal=True),
    Call(
        "run_resume",
        *("POST", "/api/runs/{id}/resume", None, Run),
        "Go on with a run that was interrupted or stopped.",
        personal=True,
    ),
    Call(
        "run_progress",
        *("GET", "/api/runs/{id}/progress", ProgressQuery, RunProgress, "What is new in a run."),
        personal=True,
    ),
    Call(
        "run_events",
        *("GET", "/api/runs/{id}/events", EventsQuery, None, "A run's news as a stream."),
        gives=EVENTS,
        personal=True,
    ),
    Call(
        "run_preview",
        *("GET", "/api/runs/{id}/preview.png", None, None, "The newest preview picture."),
        gives=PNG,
        personal=True,
    ),
    Call(
        "sweep_start",
        *("POST", "/api/sweeps", StartSweep, SweepTable),
        "Start a training for each combination of values, all of them or none.",
        personal=True,
    ),
    Call("sweeps", "GET", "/api/sweeps", SweepsQuery, Sweeps, "List sweeps, a page of them.", personal=True),
    Call("sweep", "GET", "/api/sweeps/{id}", None, SweepTable, "One sweep as a table of its trainings.", personal=True),
    Call(
        "sweep_stop",
        *("POST", "/api/sweeps/{id}/stop", None, SweepTable, "Stop a sweep: all of its trainings."),
        personal=True,
    ),
    Call(
        "sweep_resume",
        *("POST", "/api/sweeps/{id}/resume", None, SweepTable),
        "Go on with those trainings of a sweep that were interrupted.",
        personal=True,
    ),
    Call("models", "GET", "/api/models", ModelsQuery, Models, "List models, a page of them.", personal=True),
    Call("model", "GET", "/api/models/{name}", None, Model, "Describe one model.", personal=True),
    Call(
        "model_delete",
        *("DELETE", "/api/models/{name}", None, Deleted, "Delete a model that is not being trained."),
        personal=True,
    ),
    Call(
        "model_rename",
        *("PATCH", "/api/models/{name}", ModelRename, Model, "Give a model another name."),
        personal=True,
    ),
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
    Call(
        "evaluate",
        *("POST", "/api/evaluate", EvaluateRequest, Evaluated),
        "How good are a model's digits? Ask again.",
        personal=True,
    ),
    Call(
        "evaluate_stop", "POST", "/api/evaluate/stop", EvaluateRequest, Evaluated, "End an evaluation.", personal=True
    ),
    Call("latents_between", "POST", "/api/latents/between", BetweenRequest, LatentVectors, "Latents on a path."),
    Call("latents_sheet", "POST", "/api/latents/sheet", SheetRequest, LatentVectors, "Latents in rows and columns."),
    Call("film", "POST", "/api/film", FilmRequest, Film, "Show digits through all snapshots of a training."),
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
