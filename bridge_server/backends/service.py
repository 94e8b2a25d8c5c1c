"""What each call does. No Flask: tests and other front ends call it directly. torch is imported when it is needed."""

from __future__ import annotations

import gc
import logging
import threading
from contextlib import AbstractContextManager, suppress
from functools import lru_cache, partial
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TypeVar

from bridge_server.backends.base import ALL_MODELS, ALL_RUNS, Backend, Drawing, to_model
from bridge_server.backends.datasets import DefaultData, ImportedData
from bridge_server.backends.evaluations import Work
from bridge_server.backends.judging import Judging
from bridge_server.backends.paging import is_among, page_of
from bridge_server.backends.run_descriptions import RunDescriptions
from bridge_server.backends.samplers import Samplers
from bridge_server.contract.datasets import Data, DataImport, DataList, DataUpload
from bridge_server.contract.digits import GenerateRequest
from bridge_server.contract.evaluation import EvaluateRequest
from bridge_server.contract.film import FilmRequest
from bridge_server.contract.latents import InvertRequest
from bridge_server.contract.models import Deleted, Model, Models, ModelsQuery
from bridge_server.contract.networks import ActivationsRequest
from bridge_server.contract.replies import Attachment, Created
from bridge_server.contract.runs import ProgressQuery, Run, RunProgress, Runs, RunsQuery, RunState, StartRun
from bridge_server.encoding.replies import Origin
from bridge_server.errors import ApiError, Conflict
from bridge_server.runs import cleanup, previews, quotas
from bridge_server.runs.launcher import Launcher
from bridge_server.runs.progress import TickReader
from bridge_server.runs.store import Held, Press, Record, RunStore
from ganmnist.config import GenerateConfig, LatentConfig, PresetName, TrainConfig
from ganmnist.data.load import is_default
from ganmnist.errors import TrainingError
from ganmnist.export.restore import sources
from ganmnist.generation.film import FrameCache
from ganmnist.models.archive import ENDING, ModelFile, model_bytes
from ganmnist.models.index import MANIFEST
from ganmnist.models.manifest import ModelManifest, Source
from ganmnist.models.store import ModelStore
from ganmnist.names import OWNER
from ganmnist.networks.spec import ModelConfig
from ganmnist.training.presets import recipe
from ganmnist.training.start import with_networks

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

MAX_LOSSES = 1000
MAX_CACHED_FRAMES = 500  # images of films that are kept, 6 kB each for a digit
_Item = TypeVar("_Item")
_log = logging.getLogger("ganmnist.service")


class Service(Backend):
    """The calls, on top of the library."""

    def __init__(self, home: Path, instance: str) -> None:
        super().__init__(instance)
        self._home = home
        self._store = ModelStore(home)
        self._runs = RunStore(home / "runs.sqlite")
        self._launcher = Launcher(self._runs, self._store.path)
        self._described = RunDescriptions(self._store, self._runs, self._launcher)
        self._data = DefaultData(home)
        self._imported = ImportedData(home, self._check_unused)
        self._samplers = Samplers()
        self._judging = Judging(home)
        self._frame_cache: FrameCache = {}
        self._closing = threading.Event()
        self._deleting = threading.Lock()
        self._ticks = lru_cache(maxsize=8)(lambda id: TickReader(self._store.path / id))

    def start(self) -> None:
        self._launcher.start()
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

    def datasets(self) -> DataList:
        return self._imported.list()

    def dataset(self, name: str) -> Data:
        return self._imported.describe(name)

    def dataset_import(self, request: DataImport) -> Data:
        self._check_room()
        return self._imported.read(request)

    def dataset_upload(self, request: DataUpload, content: BinaryIO, who: str = OWNER) -> Data:
        self._check_room()
        return self._imported.receive(request, content, who)

    def dataset_preview(self, name: str) -> bytes:
        return self._imported.preview(name)

    def dataset_delete(self, name: str) -> Deleted:
        self._check_unused(name)
        return self._imported.delete(name)

    def _check_unused(self, name: str) -> None:
        """Refuse to change a data set while a training learns from it."""
        active = self._runs.active()
        if used := next((run for run in active if (run.settings.data or "").lower() == name.lower()), None):
            raise Conflict(f"Data set {name} is being learned from by model {used.model}: stop its run first.")

    def run_start(self, request: StartRun, who: str = OWNER) -> Run | Created:
        asked = sha256(request.model_dump_json(exclude={"key"}).encode()).hexdigest()
        press = Press(request.model, TrainConfig.part_of(request), request.key, who, asked)
        if record := self._runs.pressed(press):  # whatever has become of what it names
            return self._describe(record)
        settings = with_networks(press.settings, self._store)
        recipe(settings)  # refuses what cannot be trained
        if settings.data:
            is_default(settings.data, self._home)  # refuses what is not there
        self._check_room()
        theirs = request.model is not None and self._is_somebody_elses(request.model, who)
        record, new = self._runs.add(press._replace(settings=settings), partial(self._choose_name, who, theirs))
        self._launcher.wake()
        run = self._describe(record)
        return Created(run) if new else run

    def runs(self, query: RunsQuery = ALL_RUNS) -> Runs:
        if query.model:
            return self._runs_of(query.model, query)
        records, following, total = self._runs.page(query.after, query.limit, query.only)
        return Runs(runs=[self._describe(record) for record in records], total=total, next=following)

    def _runs_of(self, name: str, query: RunsQuery) -> Runs:
        """List the runs of a model, which has the name by now, or will have it."""
        model = self._store.look_up(name, thorough=False)
        known = [self._describe(record) for record in self._runs.of_model(name, model.id if model else None)]
        runs, rest = page_of(
            [run for run in known if run.model.lower() == name.lower() and is_among(run, query)], query
        )
        return Runs(runs=runs, **rest)

    def _under_way(self) -> tuple[int, int]:
        running = [record for record in self._runs.running() if self._launcher.seen(record).state is RunState.RUNNING]
        return len(running), self._runs.count(RunState.QUEUED)

    def run(self, id: str) -> Run:
        return self._describe(self._runs.get(id))

    def run_stop(self, id: str) -> Run:
        self._runs.get(id)
        self._launcher.stop(id)
        return self.run(id)

    def run_resume(self, id: str, who: str = OWNER) -> Run:
        record = self._runs.get(id)
        quotas.validate_resumer(record.state, record.owner, who)
        self._check_room()
        folder = self._store.folder(id, record.model)
        if not folder.path.exists():
            raise Conflict(f"Nothing is left of run {id} to go on with: start a new training.")
        published = (folder.path / MANIFEST).exists()
        if record.state is RunState.STOPPED and published and not folder.has_checkpoints():
            raise Conflict(
                f"The checkpoints of {record.model} are gone, as they are a day after a stop: start a new training "
                f"from its model, start_from {record.model}."
            )
        self._runs.requeue(id, self._described.name_by_now(record))
        self._launcher.wake()
        return self.run(id)

    def run_progress(self, id: str, query: ProgressQuery) -> RunProgress:
        record = self._runs.get(id)
        ticks = self._ticks(id).since(query.since)
        run = self._describe(record)
        losses = [(tick.step, tick.loss_d, tick.loss_g, tick.frechet) for tick in ticks if tick.note is None]
        known = thin([(step, d, g, f) for step, d, g, f in losses if d is not None and g is not None], MAX_LOSSES)
        content = previews.read_preview(self._store.path / id) if run.preview > query.preview else None
        return RunProgress(
            run=run,
            next=ticks[-1].tick if ticks else query.since,
            steps=[step for step, *_ in known],
            loss_d=[d for _, d, _, _ in known],
            loss_g=[g for _, _, g, _ in known],
            frechet=[frechet for *_, frechet in known],
            preview=previews.to_picture(content) if content else None,
        )

    def run_preview(self, id: str) -> bytes:
        self._runs.get(id)
        content = previews.read_preview(self._store.path / id)
        if content is None:
            raise ApiError(404, "no_preview", f"Run {id} has no preview yet.")
        return content

    def models(self, query: ModelsQuery = ALL_MODELS) -> Models:
        if query.name:
            one = self._store.look_up(query.name)
            found, following, total = [one] if one else [], 0, int(one is not None)
        else:
            found, following = self._store.page(query.after, query.limit)
            total = self._store.count()
        active = self._runs.active_ids()
        models = [to_model(manifest, self._is_trained(manifest, active)) for manifest in found]
        return Models(models=models, total=total, next=following, remarks=self._store.damage(look=False))

    def model(self, name: str) -> Model:
        manifest = self._store.manifest(name)
        return to_model(manifest, self._is_trained(manifest, self._runs.active_ids()))

    def _is_trained(self, manifest: ModelManifest, active: set[str]) -> bool:
        """Tell whether a model is being trained: by a run of ours, or by a command line."""
        if manifest.finished or manifest.id in active:
            return manifest.id in active
        return self._store.folder(manifest.id, manifest.name).is_being_trained()

    def _naming(self) -> AbstractContextManager[object]:
        return self._store.naming()

    def _rename(self, id: str, name: str) -> None:
        self._store.rename(self._store.folder(id, name).manifest(), name)

    def model_file(self, name: str) -> Attachment:
        folder = self._store.find(name)
        return Attachment(f"{folder.name}{ENDING}", model_bytes(folder))

    def _keep(self, found: ModelFile) -> Model:
        from ganmnist.generation.sampler import validate_drawing

        self._check_room()
        validate_drawing(found, "the file")
        return to_model(self._store.add(found.manifest, found.weights).manifest())

    def model_delete(self, name: str) -> Deleted:
        with self._deleting:  # two at once would take the files from under each other
            folder = self._store.find(name)
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
        return Drawing(origin, z, remarks, lambda: sampler.generate(z), sampler.effort)

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

    def _check_room(self) -> None:
        problem = quotas.lack_of_room(self._home)
        if problem:
            raise ApiError(507, "disk_full", problem)

    def _choose_name(self, who: str, theirs: bool, wanted: str | None, held: list[Held]) -> str:
        """Choose the name of a new run: names that are somebody else's are taken, one's own can be used again."""
        names = {name for name, _ in held}
        if wanted is None:
            return self._store.free_name("digits", names)
        theirs = theirs or any(name == wanted.lower() and owner != who for name, owner in held)
        return self._store.free_name(wanted, names) if theirs else wanted

    def _describe(self, record: Record) -> Run:
        return self._described.describe(record)

    def _is_somebody_elses(self, name: str, who: str) -> bool:
        model = self._store.look_up(name)
        return model is not None and self._store.folder(model.id, model.name).owner() != who


def _latents(sampler: Sampler, config: GenerateConfig) -> tuple[Latents, list[str]]:
    """Return whole vectors and remarks; the directions that sliders want may take seconds to find, so before a turn."""
    from ganmnist.latent.directions import unsupported_sliders
    from ganmnist.latent.vectors import inputs

    known = sampler.directions_for(config)
    return inputs(config, sampler.latent_dim, sampler.known_classes, known), unsupported_sliders(config, known)


def thin(items: list[_Item], most: int) -> list[_Item]:
    """Leave out items evenly until `most` are left; the last one stays."""
    step = -(-len(items) // most) or 1
    return items[::-1][::step][::-1]
