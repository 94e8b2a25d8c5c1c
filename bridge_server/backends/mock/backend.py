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
    mock-busy          its training has a busy machine, and its run remarks on that
    mock-offline       its training finds no MNIST, and says so at length as it begins
"""

from __future__ import annotations

import secrets
import time
from contextlib import AbstractContextManager, suppress
from functools import partial
from typing import TYPE_CHECKING, BinaryIO

from bridge_server.access.roles import AS_OWNER, Asker, Role, check_yours
from bridge_server.backends.base import ALL_MODELS, Drawing
from bridge_server.backends.discriminators import missing
from bridge_server.backends.evaluations import Work
from bridge_server.backends.mock import anatomy, models
from bridge_server.backends.mock.datasets import DefaultData
from bridge_server.backends.mock.digits import LATENT_DIM, directions, drawn, nearest
from bridge_server.backends.mock.figures import made_up
from bridge_server.backends.mock.film import frames
from bridge_server.backends.mock.trainings import MockTrainings
from bridge_server.backends.model_descriptions import known_classes, to_model
from bridge_server.backends.paging import page_of
from bridge_server.contract.anatomy import AnatomyRequest
from bridge_server.contract.datasets import Data, DataImport, DataList, DataUpload
from bridge_server.contract.evaluation import EvaluateRequest
from bridge_server.contract.film import FilmRequest
from bridge_server.contract.latents import InvertRequest
from bridge_server.contract.models import Deleted, Model, Models, ModelsQuery
from bridge_server.contract.networks import ActivationsRequest
from bridge_server.contract.replies import Attachment
from bridge_server.encoding.replies import Origin
from bridge_server.errors import Conflict
from bridge_server.runs import quotas
from ganmnist.config import GenerateConfig, LatentConfig, PresetName, TrainConfig
from ganmnist.errors import ModelNotFound, SettingError
from ganmnist.models.archive import ModelFile
from ganmnist.models.catalogue import BUNDLED_FOLDERS, NAMED, read
from ganmnist.models.manifest import ALL_BUNDLED, BUNDLED, Source, now
from ganmnist.models.store import ModelStore
from ganmnist.names import OWNER
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
    from ganmnist.training.anatomy import StepAnatomy


class Mock(MockTrainings):
    """Answers that look right and mean nothing."""

    def __init__(self, instance: str, slots: int = quotas.SLOTS) -> None:
        super().__init__(instance, slots)
        self._data = DefaultData()
        self._born = now()

    def data(self) -> Data:
        return self._data.describe()

    def data_prepare(self) -> Data:
        with self._lock:
            return self._data.prepare()

    def datasets(self, who: Asker = AS_OWNER) -> DataList:
        return self._datasets.list(who)

    def dataset(self, name: str, who: Asker = AS_OWNER) -> Data:
        return self._datasets.describe(name, who)

    def dataset_import(self, request: DataImport) -> Data:
        with self._lock:
            return self._datasets.read(request.path, request.name, AS_OWNER)

    def dataset_upload(self, request: DataUpload, content: BinaryIO, who: Asker = AS_OWNER) -> Data:
        content.read()
        with self._lock:
            return self._datasets.read(request.file, request.name, who, request.sender(who.name))

    def dataset_delete(self, name: str, who: Asker = AS_OWNER) -> Deleted:
        with self._lock:
            return self._datasets.delete(name, who)

    def dataset_preview(self, name: str) -> bytes:
        return self._datasets.preview(name)

    def models(self, query: ModelsQuery = ALL_MODELS, who: Asker = AS_OWNER) -> Models:
        every = self._all_models(who)
        if query.name:
            every = [model for model in every if model.name.lower() == query.name.lower()]
            return Models(models=every, total=len(every))
        trained, bundled = every[: -len(ALL_BUNDLED)], every[-len(ALL_BUNDLED) :]
        found, rest = page_of(trained, query)
        return Models(models=[*found, *bundled], total=len(every), next=rest["next"])

    def _all_models(self, who: Asker = AS_OWNER) -> list[Model]:
        """Return all models, newest first, and at the end the bundled ones."""
        with self._lock:
            made = [
                models.trained(run, self._describe(run), who.manages(run.owner))
                for run in self._runs
                if run.ticks() >= 1
            ]
            kept = [model.model_copy(update={"yours": who.manages(OWNER)}) for model in self._imported]
            newest = {model.name.lower(): model for model in [*made, *kept]}
            found = [model for name, model in reversed(newest.items()) if name not in self._deleted]
        return [*found, *models.bundled(self._born)]

    def model(self, name: str, who: Asker = AS_OWNER) -> Model:
        for model in self._all_models(who):
            if model.name.lower() == name.lower():
                return model
        names = ", ".join(model.name for model in self.models(ModelsQuery(limit=NAMED)).models)
        raise ModelNotFound(f"model: no model {name}; there are {names}")

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

    def _drop(self, id: str, name: str, owner: str) -> None:
        with self._lock, suppress(ModelNotFound):
            if self.model(name).id == id and self._find(id, Asker(owner, Role.STUDENT)).active() is False:
                self._deleted.add(name.lower())

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

    def model_delete(self, name: str, who: Asker = AS_OWNER) -> Deleted:
        with self._lock:
            model = self.model(name, who)
            if model.id in ALL_BUNDLED:
                raise SettingError(f"model: {model.name} is part of ganmnist and stays")
            check_yours(model.yours, f"Model {model.name}")
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
        return Drawing(models.origin(found), z, [], lambda: drawn(z), directions=directions)

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
        model = self.model(request.model or BUNDLED)
        generator, _ = self._networks(model.name)[0].tables()
        (image,) = drawn(anatomy.vector(model, request))
        return models.origin(model), anatomy.walked(generator, image, request.maps)

    def _take_apart(self, request: AnatomyRequest) -> tuple[Origin, StepAnatomy, list[str]]:
        model = self.model(request.model or BUNDLED)
        judged = any(run.id == model.id for run in self._runs)
        found = anatomy.taken_apart(model, self._networks(model.name)[0], request, judged=judged)
        return models.origin(model), found, missing(found, model.name, training=model.training)

    def _directions(self, model: str, config: LatentConfig) -> list[Direction]:
        return directions()

    def _networks(self, model: str) -> tuple[ModelConfig, PresetName]:
        id = self.model(model).id
        if id in ALL_BUNDLED:
            manifest = read(BUNDLED_FOLDERS / id)
            return manifest.networks, manifest.settings.base
        settings = next((run.settings for run in self._runs if run.id == id), TrainConfig())
        return recipe(settings).networks, settings.base
