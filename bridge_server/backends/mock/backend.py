"""The whole contract with made-up answers, for wiring components and for tests: `serve --mock`. No torch.

Digits have seven segments: the first latent number moves a digit to the right, the second up.
A training takes two seconds, an evaluation of a thousand digits half a second. Failures come on request, by the name of
the model:

    mock-fails         its training fails half way, and so does its evaluation
    mock-interrupted   its training is interrupted half way, as if killed; resume finishes it
    mock-missing       generate answers 404
    mock-slow          generate takes three seconds
    mock-error         generate answers 500
    mock-collapsed     its training collapses, and the diagnostics of its run say so from the first preview on
    mock-offline       its training finds no MNIST, and says so at length as it begins
"""

from __future__ import annotations

import secrets
import threading
import time
from contextlib import AbstractContextManager, suppress
from functools import lru_cache, partial
from typing import TYPE_CHECKING, BinaryIO

from bridge_server.backends.base import ALL_MODELS, ALL_RUNS, Backend, Drawing, known_classes, to_model
from bridge_server.backends.evaluations import Work
from bridge_server.backends.mock import models
from bridge_server.backends.mock.datasets import DefaultData, ImportedData
from bridge_server.backends.mock.digits import LATENT_DIM, digits, directions, drawn, nearest
from bridge_server.backends.mock.figures import made_up
from bridge_server.backends.mock.film import frames
from bridge_server.backends.mock.training import (
    TICKS,
    TICKS_PER_PREVIEW,
    Training,
    describe,
    frechet,
    loss_d,
    loss_g,
)
from bridge_server.backends.paging import is_among, page_of
from bridge_server.contract.base import Picture
from bridge_server.contract.datasets import Data, DataImport, DataList, DataUpload
from bridge_server.contract.evaluation import EvaluateRequest
from bridge_server.contract.film import FilmRequest
from bridge_server.contract.latents import InvertRequest
from bridge_server.contract.models import Deleted, Model, Models, ModelsQuery
from bridge_server.contract.networks import ActivationsRequest
from bridge_server.contract.replies import Attachment, Created
from bridge_server.contract.runs import ProgressQuery, Run, RunProgress, Runs, RunsQuery, RunState, StartRun
from bridge_server.encoding.replies import Origin
from bridge_server.errors import ApiError, Conflict
from bridge_server.runs import quotas
from bridge_server.runs.store import another_request
from ganmnist.config import GenerateConfig, LatentConfig, PresetName, TrainConfig
from ganmnist.errors import ModelNotFound, SettingError
from ganmnist.models.archive import ModelFile
from ganmnist.models.catalogue import BUNDLED_FOLDER, NAMED, read
from ganmnist.models.manifest import BUNDLED, Source, now
from ganmnist.models.store import ModelStore
from ganmnist.names import OWNER, numbered_name
from ganmnist.networks.spec import ModelConfig
from ganmnist.training.presets import recipe

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ganmnist.generation.feature_maps import FeatureMaps
    from ganmnist.generation.film import RenderedFilm
    from ganmnist.generation.inversion_result import Inversion
    from ganmnist.generation.placement import Placement
    from ganmnist.latent.directions import Direction
    from ganmnist.models.provenance import Provenance


class Mock(Backend):
    """Answers that look right and mean nothing."""

    mock = True

    def __init__(self, instance: str) -> None:
        super().__init__(instance)
        self._lock = threading.RLock()
        self._runs: list[Training] = []
        self._imported: list[Model] = []
        self._deleted: set[str] = set()
        self._data = DefaultData()
        self._datasets = ImportedData()
        self._born = now()

    def data(self) -> Data:
        return self._data.describe()

    def data_prepare(self) -> Data:
        with self._lock:
            return self._data.prepare()

    def datasets(self) -> DataList:
        return self._datasets.list()

    def dataset(self, name: str) -> Data:
        return self._datasets.describe(name)

    def dataset_import(self, request: DataImport) -> Data:
        with self._lock:
            return self._datasets.read(request.path, request.name)

    def dataset_upload(self, request: DataUpload, content: BinaryIO, who: str = OWNER) -> Data:
        content.read()
        with self._lock:
            return self._datasets.read(request.file, request.name, request.sender(who))

    def dataset_delete(self, name: str) -> Deleted:
        with self._lock:
            return self._datasets.delete(name)

    def dataset_preview(self, name: str) -> bytes:
        return self._datasets.preview(name)

    def run_start(self, request: StartRun, who: str = OWNER) -> Run | Created:
        with self._lock:
            if pressed := self._pressed(request, who):
                return self._describe(pressed)
            settings = TrainConfig.part_of(request)
            recipe(settings)  # refuses what cannot be trained
            if settings.start_from:
                self._check_start(settings.start_from)
            data = self._datasets.learned_from(settings.data)
            name = request.model or self._free_name("digits")
            for run in self._runs:
                if run.active() and run.model.lower() == name.lower() and run.owner == who:
                    return self._describe(run)
            quotas.validate_active(who, sum(run.active() for run in self._runs if run.owner == who))
            if self._is_somebody_elses(name, who):
                name = self._free_name(name)
            fates = {"mock-fails": RunState.FAILED, "mock-interrupted": RunState.INTERRUPTED}
            fate = fates.get(name, RunState.SUCCEEDED)
            run = Training(
                id=secrets.token_hex(8),
                model=name,
                settings=settings,
                data=data.name,
                class_names=data.class_names if recipe(settings, len(data.class_names)).networks.classes else (),
                request=request,
                owner=who,
                begins=max([time.monotonic(), *(run.free_at() for run in self._runs)]),
                created=now(),
                ends_at=1.0 if fate is RunState.SUCCEEDED else 0.5,
                fate=fate,
            )
            self._runs.append(run)
            self._deleted.discard(name.lower())
            return Created(self._describe(run))

    def _pressed(self, request: StartRun, who: str) -> Training | None:
        """Return the run of an earlier press with the same key."""
        pressed = (run for run in self._runs if request.key and (run.owner, run.request.key) == (who, request.key))
        found = next(pressed, None)
        if found and found.request != request:
            raise another_request(found.id)
        return found

    def _is_somebody_elses(self, name: str, who: str) -> bool:
        with suppress(ModelNotFound):
            id = self.model(name).id
            if next((run.owner for run in self._runs if run.id == id), OWNER) != who:
                return True
        unfinished = (run for run in self._runs if run.active() or run.state() is RunState.INTERRUPTED)
        return any(run.model.lower() == name.lower() and run.owner != who for run in unfinished)

    def runs(self, query: RunsQuery = ALL_RUNS) -> Runs:
        with self._lock:
            described = map(self._describe, reversed(self._runs))
            wanted = [run for run in described if query.model is None or run.model.lower() == query.model.lower()]
            runs, rest = page_of([run for run in wanted if is_among(run, query)], query)
            return Runs(runs=runs, **rest)

    def _under_way(self) -> tuple[int, int]:
        states = [run.state() for run in self._runs]
        return states.count(RunState.RUNNING), states.count(RunState.QUEUED)

    def run(self, id: str) -> Run:
        return self._describe(self._find(id))

    def run_stop(self, id: str) -> Run:
        with self._lock:
            run = self._find(id)
            if run.active() or run.state() is RunState.INTERRUPTED:
                run.stopped_at = run.share()
            return self._describe(run)

    def run_resume(self, id: str, who: str = OWNER) -> Run:
        with self._lock:
            run = self._find(id)
            if run.state() not in (RunState.INTERRUPTED, RunState.STOPPED):
                raise Conflict(f"Run {id} is {run.state()}: one that was interrupted or stopped can go on.")
            quotas.validate_resumer(run.state(), run.owner, who)
            run.resumed_at, run.ends_at, run.fate = run.share(), 1.0, RunState.SUCCEEDED
            run.stopped_at = None
            run.begins = max([time.monotonic(), *(other.free_at() for other in self._runs if other is not run)])
            return self._describe(run)

    def run_progress(self, id: str, query: ProgressQuery) -> RunProgress:
        run = self._find(id)
        ticks = run.ticks()
        new = range(min(query.since, ticks) + 1, ticks + 1)
        number = ticks // TICKS_PER_PREVIEW
        return RunProgress(
            run=self._describe(run),
            next=ticks,
            steps=[int(tick / TICKS * run.steps()) for tick in new],
            loss_d=[loss_d(tick) for tick in new],
            loss_g=[loss_g(tick) for tick in new],
            frechet=[frechet(tick) if tick >= TICKS_PER_PREVIEW else None for tick in new],
            preview=_picture(number, number) if number > query.preview else None,
        )

    def run_preview(self, id: str) -> bytes:
        from bridge_server.runs.previews import to_png

        number = self._find(id).ticks() // TICKS_PER_PREVIEW
        if not number:
            raise ApiError(404, "no_preview", f"Run {id} has no preview yet.")
        return to_png(digits(number), number)

    def models(self, query: ModelsQuery = ALL_MODELS) -> Models:
        every = self._all_models()
        if query.name:
            every = [model for model in every if model.name.lower() == query.name.lower()]
            return Models(models=every, total=len(every))
        found, rest = page_of(every[:-1], query)
        return Models(models=[*found, every[-1]], total=len(every), next=rest["next"])

    def _all_models(self) -> list[Model]:
        """Return all models, newest first, and at the end the bundled one."""
        with self._lock:
            made = [models.trained(run, self._describe(run)) for run in self._runs if run.ticks() >= 1]
            newest = {model.name.lower(): model for model in [models.bundled(self._born), *made, *self._imported]}
            return [model for name, model in reversed(newest.items()) if name not in self._deleted]

    def model(self, name: str) -> Model:
        for model in self._all_models():
            if model.name.lower() == name.lower():
                return model
        names = ", ".join(model.name for model in self.models(ModelsQuery(limit=NAMED)).models)
        raise ModelNotFound(f"model: no model {name}; there are {names}")

    def _check_start(self, name: str) -> None:
        try:
            self.model(name)
        except ModelNotFound as error:
            raise ModelNotFound(str(error).replace("model: ", "start_from: ", 1)) from None

    def _naming(self) -> AbstractContextManager[object]:
        return self._lock

    def _rename(self, id: str, name: str) -> None:
        with self._lock:
            for run in self._runs:
                run.model = name if run.id == id else run.model
            self._imported = [
                model.model_copy(update={"name": name}) if model.id == id else model for model in self._imported
            ]
            self._deleted.discard(name.lower())

    def model_file(self, name: str) -> Attachment:
        from ganmnist import paths
        from ganmnist.models.archive import ENDING, model_bytes

        model = self.model(name)
        return Attachment(f"{model.name}{ENDING}", model_bytes(ModelStore(paths.home()).find(BUNDLED)))

    def _keep(self, found: ModelFile) -> Model:
        with self._lock:
            taken = {model.name.lower() for model in self._all_models()}
            name = found.manifest.name
            names = (name, *(f"{name[:56]}-{number}" for number in range(1, 10_000)))
            name = next(name for name in names if name.lower() not in taken)
            made = {"id": secrets.token_hex(8), "name": name, "finished": True}
            self._imported.append(to_model(found.manifest.model_copy(update=made)))
            self._deleted.discard(name.lower())
            return self._imported[-1]

    def model_delete(self, name: str) -> Deleted:
        with self._lock:
            model = self.model(name)
            if model.name == BUNDLED:
                raise SettingError(f"model: {BUNDLED} is part of ganmnist and stays")
            if any(run.active() and run.model.lower() == name.lower() for run in self._runs):
                raise Conflict(f"model {model.name} is being trained: stop its run first")
            self._imported = [other for other in self._imported if other.id != model.id]
            self._deleted.add(model.name.lower())
            return Deleted(deleted=model.name)

    def _sources(self, record: Provenance) -> list[Source]:
        return [models.source(model) for model in self._all_models()]

    def _drawing(self, config: GenerateConfig, model: str | None) -> Drawing[NDArray[np.uint8]]:
        from ganmnist.latent.vectors import inputs

        if model == "mock-missing":
            raise ModelNotFound(f"model: no model mock-missing; there is {BUNDLED}")
        if model == "mock-error":
            raise RuntimeError("mock-error was asked for")
        if model == "mock-slow":
            time.sleep(3)
        found = self.model(BUNDLED if model in (None, "mock-slow") else model)
        z = inputs(config, LATENT_DIM, known_classes(found), directions())
        return Drawing(models.origin(found), z, [], lambda: drawn(z))

    def _evaluation(self, request: EvaluateRequest) -> tuple[Source, Work]:
        model = self.model(request.model or BUNDLED)
        return models.source(model), partial(made_up, model, request.count)

    def _film(self, request: FilmRequest) -> Drawing[RenderedFilm]:
        from ganmnist.latent.vectors import inputs

        model = self.model(request.model or self.models().models[0].name)
        z = inputs(request, LATENT_DIM, known_classes(model), directions())
        return Drawing(models.origin(model), z, [], lambda: frames(model, z))

    def _placement(self, model: str | None) -> Placement:
        from ganmnist.generation.placement import MNIST

        return MNIST

    def _search(self, request: InvertRequest, image: NDArray[np.uint8]) -> tuple[Origin, Inversion]:
        model = self.model(request.model or BUNDLED)
        return models.origin(model), nearest(image, request.digit, known_classes(model))

    def _walk(self, request: ActivationsRequest) -> tuple[Origin, list[FeatureMaps]]:
        import numpy as np

        from ganmnist.generation.feature_maps import maps_of
        from ganmnist.latent.vectors import inputs

        model = self.model(request.model or BUNDLED)
        networks, _ = self._networks(model.name)
        one = GenerateConfig(**dict(LatentConfig.part_of(request)))
        (image,) = drawn(inputs(one, LATENT_DIM, known_classes(model), directions()))
        layers = []
        for row in networks.generator.table((networks.input_dim,), networks.input_dim):
            height, width = row.output_shape[1:] or (1, row.output_shape[0])
            shrunk = image.astype(np.float32)[np.arange(height) * 28 // height][:, np.arange(width) * 28 // width]
            output = np.broadcast_to(shrunk, row.output_shape) if len(row.output_shape) == 3 else shrunk[0]
            layers.append(maps_of(row.place, row.layer, output, request.maps))
        return models.origin(model), layers

    def _directions(self, model: str, config: LatentConfig) -> list[Direction]:
        return directions()

    def _networks(self, model: str) -> tuple[ModelConfig, PresetName]:
        id = self.model(model).id
        if id == BUNDLED:
            manifest = read(BUNDLED_FOLDER)
            return manifest.networks, manifest.settings.base
        settings = next((run.settings for run in self._runs if run.id == id), TrainConfig())
        return recipe(settings).networks, settings.base

    def _find(self, id: str) -> Training:
        with self._lock:
            for run in self._runs:
                if run.id == id:
                    return run
        raise ApiError(404, "run_not_found", f"There is no run {id}.")

    def _free_name(self, stem: str) -> str:
        taken = {name.lower() for name in (*(run.model for run in self._runs), *(one.name for one in self._imported))}
        return numbered_name(stem, taken)

    def _describe(self, run: Training) -> Run:
        return describe(run, sum(other.active() and other.begins < run.begins for other in self._runs))


@lru_cache(maxsize=8)
def _picture(number: int, first: int, below: bool = False) -> Picture:
    from bridge_server.encoding.pixels import image_grid_picture

    return image_grid_picture(number, digits(first), below=below)
