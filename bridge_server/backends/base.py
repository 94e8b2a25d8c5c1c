"""What any server of the contract can do, and what it must: the real service and the mock are its two children."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from functools import partial
from io import BytesIO
from typing import TYPE_CHECKING, BinaryIO, Generic, NamedTuple, TypeVar

from bridge_server.access.roles import AS_OWNER, Asker, check_yours
from bridge_server.backends.evaluations import Evaluations, Work
from bridge_server.backends.events import stream
from bridge_server.backends.model_descriptions import known_classes
from bridge_server.backends.network_checks import checked
from bridge_server.contract.anatomy import Anatomy, AnatomyRequest
from bridge_server.contract.base import MAX_DIGITS
from bridge_server.contract.calls import API_VERSION
from bridge_server.contract.datasets import Data, DataImport, DataList, DataUpload
from bridge_server.contract.digits import ExportRequest, Generated, GenerateRequest, Restored
from bridge_server.contract.evaluation import Evaluated, EvaluateRequest
from bridge_server.contract.film import Film, FilmRequest
from bridge_server.contract.latents import BetweenRequest, Inverted, InvertRequest, LatentVectors, SheetRequest
from bridge_server.contract.models import Deleted, Model, ModelRename, Models, ModelsQuery
from bridge_server.contract.networks import (
    Activations,
    ActivationsRequest,
    CheckedNetworks,
    LayerHelp,
    Layers,
    NetworksCheck,
)
from bridge_server.contract.openapi import tidy
from bridge_server.contract.replies import Attachment, Created, Stream
from bridge_server.contract.runs import EventsQuery, ProgressQuery, Queue, Run, RunProgress, Runs, RunsQuery, StartRun
from bridge_server.contract.server import Health, Me, Server
from bridge_server.encoding.drawings import inverted, parse_drawing
from bridge_server.encoding.exports import exported, validate_export
from bridge_server.encoding.file_process import FileProcess
from bridge_server.encoding.replies import Origin, activations, anatomy, film, generated, latent_vectors
from bridge_server.errors import ApiError, Conflict
from bridge_server.process.server_process import Process
from bridge_server.runs import quotas
from ganmnist import __version__
from ganmnist.config import GenerateConfig, LatentConfig, PresetName
from ganmnist.errors import DataError, ModelError, ModelNotFound, SettingError
from ganmnist.export.records import read_record
from ganmnist.export.restore import trace
from ganmnist.layers import LAYERS
from ganmnist.models.archive import ModelFile, read_model
from ganmnist.models.manifest import ALL_BUNDLED, BUNDLED, Source
from ganmnist.networks.spec import ModelConfig
from ganmnist.training.presets import PRESETS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ganmnist.generation.feature_maps import FeatureMaps
    from ganmnist.generation.film import RenderedFilm
    from ganmnist.generation.inversion_result import Inversion
    from ganmnist.generation.placement import Placement
    from ganmnist.latent.directions import Direction
    from ganmnist.models.provenance import Provenance
    from ganmnist.training.anatomy import StepAnatomy

_Images = TypeVar("_Images", covariant=True)
_DIGIT = 28 * 28  # pixels
ALL_MODELS, ALL_RUNS = ModelsQuery(), RunsQuery()


class Drawing(NamedTuple, Generic[_Images]):
    """Digits that are ready to be drawn: all that is slow but the drawing itself is done.

    Attributes:
        origin: The model that draws them.
        z: float32 (N, latent_dim + classes).
        remarks: What of the request the model does not know.
        draw: Draws them.
        each: What one of them takes, in usual ones.
        directions: Returns those of the model, which takes a second the first time.
    """

    origin: Origin
    z: NDArray[np.float32]
    remarks: list[str]
    draw: Callable[[], _Images]
    each: float = 1.0
    directions: Callable[[], Sequence[Direction]] = tuple

    def effort(self) -> float:
        """Return what all of them take, in usual ones."""
        return len(self.z) * self.each


class Backend(ABC):
    """One method per call of the contract, named as the call is. Path parameters come first, then the request.

    Args:
        instance: Changes with every start of a server.
        slots: How many trainings may be under way at a time.
    """

    mock = False

    def __init__(self, instance: str, slots: int = quotas.SLOTS) -> None:
        self.instance = instance
        self.slots = slots
        self._files = FileProcess()
        self._evaluations = Evaluations()
        self.process: Process | None = None  # that serves it; there is none where the calls are made directly

    def start(self) -> None:
        """Begin work in the background. Called once the server listens."""
        return

    def close(self) -> None:
        """End all work; what is under way is kept for the next start. At most about 5 s."""
        self._evaluations.close()
        self._files.close()

    def health(self) -> Health:
        return Health(version=__version__, api=API_VERSION, instance=self.instance, mock=self.mock)

    def me(self, who: Asker = AS_OWNER) -> Me:
        return Me(name=who.name, role=who.role, calls=sorted(who.calls()))

    def server(self) -> Server:
        return self._process().describe(*self._under_way(), self.slots)

    @abstractmethod
    def _under_way(self) -> tuple[int, int]:
        """Return how many runs are running and how many are queued."""

    def server_stop(self) -> Server:
        self._process().stop()  # which leaves the time to say so
        return self.server()

    def server_token(self) -> Server:
        self._process().rotate()
        return self.server()

    def _process(self) -> Process:
        if self.process is None:
            raise Conflict("No process of its own serves these calls.")
        return self.process

    def layers(self) -> Layers:
        return Layers(
            layers=[
                LayerHelp(
                    name=name,
                    description=(layer.__doc__ or "").strip(),
                    parameters=tidy(layer.model_json_schema()),
                )
                for name, layer in LAYERS.items()
            ]
        )

    def networks_check(self, request: NetworksCheck) -> CheckedNetworks:
        if request.model:
            base, preset = self._networks(request.model)
        else:
            base, preset = PRESETS[request.preset or "tutorial"].networks, None
        return checked(request, base, preset)

    def model_rename(self, name: str, request: ModelRename, who: Asker = AS_OWNER) -> Model:
        with self._naming():
            model = self.model(name, who)
            if model.id in ALL_BUNDLED:
                raise SettingError(f"name: {model.name} is part of ganmnist and keeps its name")
            check_yours(model.yours, f"Model {model.name}")
            if model.training:
                raise Conflict(f"Model {model.name} is being trained: stop its run first.")
            with suppress(ModelNotFound):
                if self.model(request.name).id != model.id:
                    raise Conflict(f"There is a model {request.name} already: choose another name.")
            self._rename(model.id, request.name)
        return self.model(request.name, who)

    @abstractmethod
    def _rename(self, id: str, name: str) -> None:
        """Give a model another name, which is free."""

    def model_import(self, content: bytes) -> Created:
        try:
            found = read_model(BytesIO(content), "the file")
            return Created(self._keep(found))
        except ModelError as error:
            raise ApiError(422, error.code, str(error)) from None

    @abstractmethod
    def _naming(self) -> AbstractContextManager[object]:
        """Return what to hold from the look whether a name is free until it is taken."""

    @abstractmethod
    def _keep(self, found: ModelFile) -> Model:
        """Keep a model that was checked, under a free name."""

    @abstractmethod
    def _networks(self, model: str) -> tuple[ModelConfig, PresetName]:
        """Return the networks of a model, and the preset whose settings it was trained with."""

    def latents_between(self, request: BetweenRequest) -> LatentVectors:
        from ganmnist.latent.interpolation import between

        model = self.model(request.model or BUNDLED)
        z = between(request, model.latent_dim, known_classes(model))
        return latent_vectors(model, z[None], [])

    def latents_sheet(self, request: SheetRequest) -> LatentVectors:
        from ganmnist.latent.sheet import sheet, sliders, unsupported

        model = self.model(request.model or BUNDLED)
        known = self._directions(model.name, sliders(request))
        z = sheet(request, model.latent_dim, known_classes(model), known)
        return latent_vectors(model, z, unsupported(request, known, model.latent_dim))

    @abstractmethod
    def _directions(self, model: str, config: LatentConfig) -> Sequence[Direction]:
        """Return the directions of a model, if the sliders of a request want any."""

    def networks_activations(self, request: ActivationsRequest) -> Activations:
        origin, layers = self._walk(request)
        with self._turn(sum(layer.images.size for layer in layers) / _DIGIT):
            return activations(request, origin, layers)

    @abstractmethod
    def _walk(self, request: ActivationsRequest) -> tuple[Origin, list[FeatureMaps]]:
        """Return the feature maps of each layer of a model for the one digit of a request."""

    def networks_anatomy(self, request: AnatomyRequest) -> Anatomy:
        return anatomy(*self._take_apart(request))

    @abstractmethod
    def _take_apart(self, request: AnatomyRequest) -> tuple[Origin, StepAnatomy, list[str]]:
        """Return one training step of a model, taken apart, and a sentence for each thing that is missing."""

    @abstractmethod
    def data(self) -> Data: ...

    @abstractmethod
    def data_prepare(self) -> Data: ...

    @abstractmethod
    def datasets(self, who: Asker = AS_OWNER) -> DataList: ...

    @abstractmethod
    def dataset(self, name: str, who: Asker = AS_OWNER) -> Data: ...

    @abstractmethod
    def dataset_import(self, request: DataImport) -> Data: ...

    @abstractmethod
    def dataset_upload(self, request: DataUpload, content: BinaryIO, who: Asker = AS_OWNER) -> Data: ...

    @abstractmethod
    def dataset_delete(self, name: str, who: Asker = AS_OWNER) -> Deleted: ...

    @abstractmethod
    def dataset_preview(self, name: str) -> bytes: ...

    @abstractmethod
    def run_start(self, request: StartRun, who: Asker = AS_OWNER) -> Run | Created: ...

    @abstractmethod
    def runs(self, query: RunsQuery = ALL_RUNS, who: Asker = AS_OWNER) -> Runs: ...

    @abstractmethod
    def queue(self, who: Asker = AS_OWNER) -> Queue: ...

    @abstractmethod
    def run(self, id: str, who: Asker = AS_OWNER) -> Run: ...

    @abstractmethod
    def run_stop(self, id: str, who: Asker = AS_OWNER) -> Run: ...

    @abstractmethod
    def run_resume(self, id: str, who: Asker = AS_OWNER) -> Run: ...

    @abstractmethod
    def run_progress(self, id: str, query: ProgressQuery, who: Asker = AS_OWNER) -> RunProgress: ...

    def run_events(self, id: str, query: EventsQuery, who: Asker = AS_OWNER) -> Stream:
        return stream(partial(self.run_progress, id, who=who), query, self._process())

    @abstractmethod
    def run_preview(self, id: str, who: Asker = AS_OWNER) -> bytes: ...

    @abstractmethod
    def models(self, query: ModelsQuery = ALL_MODELS, who: Asker = AS_OWNER) -> Models: ...

    @abstractmethod
    def model(self, name: str, who: Asker = AS_OWNER) -> Model: ...

    @abstractmethod
    def model_file(self, name: str) -> Attachment: ...

    @abstractmethod
    def model_delete(self, name: str, who: Asker = AS_OWNER) -> Deleted: ...

    def generate(self, request: GenerateRequest) -> Generated:
        drawing = self._drawing(request, request.model)
        known = drawing.directions() if request.project else ()  # before the turn
        with self._turn(drawing.effort()):
            return generated(request, drawing.origin, drawing.z, drawing.draw(), drawing.remarks, known)

    def evaluate(self, request: EvaluateRequest, who: Asker = AS_OWNER) -> Evaluated:
        return self._evaluations.ask(request, *self._evaluation(request), who.name)

    def evaluate_stop(self, request: EvaluateRequest, who: Asker = AS_OWNER) -> Evaluated:
        source, _ = self._evaluation(request)
        return self._evaluations.stop(request, source, who.name)

    @abstractmethod
    def _evaluation(self, request: EvaluateRequest) -> tuple[Source, Work]:
        """Return a model as it is now, and what finds its figures in the background."""

    @contextmanager
    def images(self, request: GenerateRequest) -> Iterator[NDArray[np.uint8]]:
        """Draw the images of `generate` alone, uint8 (N, 28, 28), and hold their turn while they are encoded."""
        drawing = self._drawing(request, request.model)
        with self._turn(drawing.effort()):
            yield drawing.draw()

    def export(self, request: ExportRequest) -> Attachment:
        drawing = self._drawing(request, request.model)
        validate_export(request, len(drawing.z))
        with self._turn(MAX_DIGITS):  # a file takes its time whatever is in it
            return exported(request, drawing.origin.source, drawing.z, drawing.draw(), self._files)

    def film(self, request: FilmRequest) -> Film:
        from ganmnist.models.frames import MAX_FRAMES

        drawing = self._film(request)
        with self._turn(MAX_FRAMES * drawing.effort()):
            frames = drawing.draw()
            return film(request, drawing.origin, drawing.z, frames, [*frames.remarks, *drawing.remarks])

    def latents_invert(self, request: InvertRequest) -> Inverted:
        image, doubt = parse_drawing(request, partial(self._placement, request.model))
        origin, found = self._search(request, image)
        return inverted(origin.source, image, found.doubted(doubt))

    @abstractmethod
    def _drawing(self, config: GenerateConfig, model: str | None) -> Drawing[NDArray[np.uint8]]:
        """Prepare the images of a request, uint8 (N, 28, 28), with a model, the bundled one unless named."""

    @abstractmethod
    def _film(self, request: FilmRequest) -> Drawing[RenderedFilm]:
        """Prepare the frames of a film."""

    @abstractmethod
    def _placement(self, model: str | None) -> Placement:
        """Return where a model has its ink, the bundled one unless named."""

    @abstractmethod
    def _search(self, request: InvertRequest, image: NDArray[np.uint8]) -> tuple[Origin, Inversion]:
        """Find the latent vector whose digit is nearest to an image, uint8 (28, 28)."""

    def _turn(self, effort: float) -> AbstractContextManager[object]:
        """Return what to hold while something is drawn and encoded that takes as much as so many usual digits."""
        return nullcontext()

    def restore(self, content: bytes) -> Restored:
        try:
            record = read_record(content, "the file")
        except DataError as error:
            raise ApiError(422, error.code, str(error)) from None
        name, remarks = trace(record, self._sources(record))
        count = len(record.vectors())
        return Restored(model=name or record.model, z=record.z, count=count, record=record, remarks=remarks)

    @abstractmethod
    def _sources(self, record: Provenance) -> list[Source]:
        """Return the models that a record may be of, as records name them."""
