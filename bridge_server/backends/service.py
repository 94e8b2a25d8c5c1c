"""What each call does. No Flask: tests and other front ends call it directly. torch is imported when it is needed."""

from __future__ import annotations

import gc
import logging
import threading
from contextlib import AbstractContextManager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from bridge_server.access.roles import AS_OWNER, Asker, check_yours
from bridge_server.backends.base import ALL_MODELS, Drawing
from bridge_server.backends.datasets import DefaultData, ImportedData
from bridge_server.backends.discriminators import Discriminators, missing
from bridge_server.backends.evaluations import Work
from bridge_server.backends.judging import Judging
from bridge_server.backends.model_descriptions import to_model
from bridge_server.backends.samplers import Samplers
from bridge_server.backends.trainings import Trainings
from bridge_server.contract.anatomy import AnatomyRequest
from bridge_server.contract.datasets import Data, DataImport, DataList, DataUpload
from bridge_server.contract.digits import GenerateRequest
from bridge_server.contract.evaluation import EvaluateRequest
from bridge_server.contract.film import FilmRequest
from bridge_server.contract.latents import InvertRequest
from bridge_server.contract.models import Deleted, Model, Models, ModelsQuery
from bridge_server.contract.networks import ActivationsRequest
from bridge_server.contract.replies import Attachment
from bridge_server.contract.runs import RunState
from bridge_server.encoding.replies import Origin
from bridge_server.errors import ApiError, Conflict
from bridge_server.runs import cleanup, quotas
from bridge_server.runs.executors.base import Executor
from bridge_server.runs.executors.local import LocalProcesses
from ganmnist.config import GenerateConfig, LatentConfig, PresetName
from ganmnist.errors import ModelError, TrainingError
from ganmnist.export.restore import sources
from ganmnist.generation.film import FrameCache
from ganmnist.models.archive import ENDING, ModelFile, model_bytes
from ganmnist.models.manifest import ALL_BUNDLED, ModelManifest, Source
from ganmnist.networks.spec import ModelConfig

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ganmnist.generation.feature_maps import FeatureMaps
    from ganmnist.generation.film import RenderedFilm
    from ganmnist.generation.inversion_result import Inversion
    from ganmnist.generation.placement import Placement
    from ganmnist.generation.sampler import Sampler
    from ganmnist.latent.directions import Direction
    from ganmnist.latent.vectors import Latents
    from ganmnist.models.provenance import Provenance
    from ganmnist.training.anatomy import StepAnatomy

MAX_CACHED_FRAMES = 500  # images of films that are kept, 6 kB each for a digit
_log = logging.getLogger("ganmnist.service")


class Service(Trainings):
    """The calls, on top of the library."""

    def __init__(self, home: Path, instance: str, slots: int = quotas.SLOTS, executor: Executor | None = None) -> None:
        super().__init__(home, instance, slots, executor or LocalProcesses())
        self._data = DefaultData(home)
        self._imported = ImportedData(home, self._check_unused)
        self._samplers = Samplers()
        self._judging = Judging(home)
        self._discriminators = Discriminators(home, self._judging)
        self._frame_cache: FrameCache = {}
        self._closing = threading.Event()
        self._deleting = threading.Lock()

    def start(self) -> None:
        self._launcher.start()
        super().start()
        threading.Thread(target=self._warm, name="warm", daemon=True).start()
        threading.Thread(target=self._tidy, name="tidy", daemon=True).start()

    def close(self) -> None:
        self._closing.set()
        super().close()
        self._imported.close()
        self._launcher.close()
        self._runs.close()
        self._store.close()

    def data(self) -> Data:
        return self._data.describe()

    def data_prepare(self) -> Data:
        return self._data.prepare()

    def datasets(self, who: Asker = AS_OWNER) -> DataList:
        return self._imported.list(who)

    def dataset(self, name: str, who: Asker = AS_OWNER) -> Data:
        return self._imported.describe(name, who)

    def dataset_import(self, request: DataImport) -> Data:
        self._check_room()
        return self._imported.read(request)

    def dataset_upload(self, request: DataUpload, content: BinaryIO, who: Asker = AS_OWNER) -> Data:
        self._check_room()
        return self._imported.receive(request, content, who)

    def dataset_preview(self, name: str) -> bytes:
        return self._imported.preview(name)

    def dataset_delete(self, name: str, who: Asker = AS_OWNER) -> Deleted:
        return self._imported.delete(name, who)

    def _check_unused(self, name: str, who: Asker) -> None:
        """Refuse to change a data set while a training learns from it."""
        used = [run for run in self._runs.active() if (run.settings.data or "").lower() == name.lower()]
        if theirs := next((run for run in used if who.manages(run.owner)), None):
            raise Conflict(f"Data set {name} is being learned from by model {theirs.model}: stop its run first.")
        if used:
            raise Conflict(f"Data set {name} is being learned from by somebody else: wait until that has ended.")

    def models(self, query: ModelsQuery = ALL_MODELS, who: Asker = AS_OWNER) -> Models:
        if query.name:
            one = self._store.look_up(query.name)
            found, following, total = [one] if one else [], 0, int(one is not None)
        else:
            found, following = self._store.page(query.after, query.limit)
            total = self._store.count()
        active = self._runs.active_ids()
        models = [self._to_model(manifest, active, who) for manifest in found]
        return Models(models=models, total=total, next=following, remarks=self._store.damage(look=False))

    def model(self, name: str, who: Asker = AS_OWNER) -> Model:
        return self._to_model(self._store.manifest(name), self._runs.active_ids(), who)

    def _to_model(self, manifest: ModelManifest, active: set[str], who: Asker) -> Model:
        yours = who.manages_all or who.manages(self._store.folder(manifest.id, manifest.name).owner())
        return to_model(manifest, training=self._is_trained(manifest, active), yours=yours)

    def _is_trained(self, manifest: ModelManifest, active: set[str]) -> bool:
        """Tell whether a model is being trained: by a run of ours, or by a command line."""
        if manifest.finished or manifest.id in active:
            return manifest.id in active
        return self._store.folder(manifest.id, manifest.name).is_being_trained()

    def _naming(self) -> AbstractContextManager[object]:
        return self._store.naming()

    def _rename(self, id: str, name: str) -> None:
        self._store.rename(self._store.folder(id, name).manifest(), name)

    def _free_name(self, stem: str) -> str:
        return self._store.free_name(stem)

    def _drop(self, id: str, name: str, owner: str) -> None:
        with self._deleting, self._naming(), suppress(ModelError, TrainingError):
            folder = self._store.folder(id, name)
            if folder.manifest().name == name and folder.owner() == owner and not self._runs.is_active(id):
                self._store.delete(name)

    def model_file(self, name: str) -> Attachment:
        folder = self._store.find(name)
        return Attachment(f"{folder.name}{ENDING}", model_bytes(folder))

    def _keep(self, found: ModelFile) -> Model:
        from ganmnist.generation.sampler import validate_drawing

        self._check_room()
        validate_drawing(found, "the file")
        return to_model(self._store.add(found.manifest, found.weights).manifest())

    def model_delete(self, name: str, who: Asker = AS_OWNER) -> Deleted:
        with self._deleting:  # two at once would take the files from under each other
            folder = self._store.find(name)
            if folder.id not in ALL_BUNDLED:  # which stays whoever asks
                check_yours(who.manages(folder.owner()), f"Model {folder.name}")
            if self._runs.is_active(folder.id):
                raise Conflict(f"Model {folder.name} is being trained: stop its run first.")
            with suppress(ApiError):  # to delete must be possible on a full disk; no run goes on without its folder
                self._runs.move(folder.id, RunState.INTERRUPTED, RunState.STOPPED)
            try:
                self._store.delete(folder.name)
            except TrainingError as error:  # by a command line
                raise Conflict(str(error)) from None
            return Deleted(deleted=folder.name)

    def _drawing(self, config: GenerateConfig, model: str | None) -> Drawing[NDArray[np.uint8]]:
        _, sampler, origin = self._load(model)
        z, remarks = _latents(sampler, config)
        return Drawing(origin, z, remarks, lambda: sampler.generate(z), sampler.effort, sampler.directions)

    def _evaluation(self, request: EvaluateRequest) -> tuple[Source, Work]:
        manifest, sampler, origin = self._load(request.model)
        real = self._judging.find(manifest.settings.data)
        return origin.source, partial(self._judging.figures, sampler, real, request.count)

    def _film(self, request: FilmRequest) -> Drawing[RenderedFilm]:
        from ganmnist.generation.film import render_frames

        newest = None if request.model else self._store.newest()
        manifest, sampler, origin = self._load(newest.name if newest else request.model)
        z, remarks = _latents(sampler, request)
        folder = self._store.folder(manifest.id, manifest.name)

        def draw() -> RenderedFilm:
            if len(self._frame_cache) > MAX_CACHED_FRAMES:
                self._frame_cache.clear()
            return render_frames(folder, manifest, sampler, z, self._frame_cache)

        return Drawing(origin, z, remarks, draw, sampler.effort)

    def _placement(self, model: str | None) -> Placement:
        return self._load(model)[1].placement()

    def _search(self, request: InvertRequest, image: NDArray[np.uint8]) -> tuple[Origin, Inversion]:
        from ganmnist.generation.inversion import invert

        _, sampler, origin = self._load(request.model)
        sampler.directions()  # they may take seconds to find, and others search meanwhile
        with self._samplers.search_turn():
            return origin, invert(sampler, image, request.digit)

    def _walk(self, request: ActivationsRequest) -> tuple[Origin, list[FeatureMaps]]:
        from ganmnist.generation.feature_maps import walk

        _, sampler, origin = self._load(request.model)
        with self._turn(sampler.effort):
            return origin, walk(sampler, request)

    def _take_apart(self, request: AnatomyRequest) -> tuple[Origin, StepAnatomy, list[str]]:
        from ganmnist.training.anatomy import take_apart

        manifest, sampler, origin = self._load(request.model)
        folder = self._store.folder(manifest.id, manifest.name)
        training = self._is_trained(manifest, self._runs.active_ids())
        discriminator = self._discriminators.get(folder, manifest, training=training)
        data, remarks = self._discriminators.images(manifest.settings.data)
        sampler.directions_for(request)  # they may take seconds to find, and others draw meanwhile
        with self._turn(sampler.effort):
            found = take_apart(sampler, discriminator, data, request)
        known = {"data": data is not None, "known": discriminator is not None}
        return origin, found, [*remarks, *missing(found, sampler.name, training=training, **known)]

    def _turn(self, effort: float) -> AbstractContextManager[object]:
        return self._samplers.turn(effort)

    def _load(self, model: str | None) -> tuple[ModelManifest, Sampler, Origin]:
        """Return what a model is, loaded, and what replies say of where their digits come from."""
        manifest = self._store.manifest(model)
        folder = self._store.folder(manifest.id, manifest.name)
        sampler = self._samplers.get(folder, manifest)
        assert sampler.source is not None
        sampler.name = folder.name  # by now
        source = sampler.source._replace(model=sampler.name)
        training = not manifest.finished and self._runs.is_active(folder.id)
        return manifest, sampler, Origin(source, training, sampler.latent_dim)

    def _sources(self, record: Provenance) -> list[Source]:
        return sources(self._store, record)

    def _directions(self, model: str, config: LatentConfig) -> tuple[Direction, ...]:
        _, sampler, _ = self._load(model)
        return sampler.directions_for(config)

    def _networks(self, model: str) -> tuple[ModelConfig, PresetName]:
        manifest = self._store.manifest(model)
        return manifest.networks, manifest.settings.base

    def _warm(self) -> None:
        """Pay for the first generate, and for the first look through all models, before somebody waits for it."""
        try:
            self.generate(GenerateRequest())
            self._store.newest()
            gc.freeze()  # a full collection would go through all of torch: for 0.1 s nobody is answered
        except Exception:
            if not self._closing.is_set():  # torch cannot be imported while Python ends
                _log.exception("warming up")

    def _tidy(self) -> None:
        try:
            cleanup.remove(self._home, self._runs.all(), self._closing)
        except Exception:
            if not self._closing.is_set():
                _log.exception("removing what runs have left behind")


def _latents(sampler: Sampler, config: GenerateConfig) -> tuple[Latents, list[str]]:
    """Return whole vectors and remarks; the directions that sliders want may take seconds to find, so before a turn."""
    from ganmnist.latent.directions import unsupported_sliders
    from ganmnist.latent.vectors import inputs

    known = sampler.directions_for(config)
    return inputs(config, sampler.latent_dim, sampler.known_classes, known), unsupported_sliders(config, known)
