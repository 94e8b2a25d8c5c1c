"""The mock's models as the contract describes them."""

from __future__ import annotations

import hashlib

from bridge_server.backends.mock.datasets import DIGITS
from bridge_server.backends.mock.digits import LATENT_DIM
from bridge_server.backends.mock.training import EPOCHS, STEPS, TICKS, Training, frechet
from bridge_server.contract.models import Model
from bridge_server.contract.runs import Run, RunState
from bridge_server.encoding.replies import Origin
from ganmnist.class_names import names_of
from ganmnist.config import PresetName
from ganmnist.models.manifest import BUNDLED, BUNDLED_UNCONDITIONAL, Source


def bundled(born: str) -> list[Model]:
    """Return those that are there from the start."""
    return [_bundled(BUNDLED, "fast", 10, born), _bundled(BUNDLED_UNCONDITIONAL, "unconditional", 0, born)]


def _bundled(name: str, preset: PresetName, classes: int, born: str) -> Model:
    names = names_of(classes)
    return Model(
        id=name,
        name=name,
        created=born,
        data=DIGITS,
        latent_dim=LATENT_DIM,
        classes=classes,
        class_names=list(names),
        epoch=EPOCHS,
        step=STEPS,
        seconds=120.0,
        frechet=frechet(TICKS),
        finished=True,
        preset=preset,
    )


def trained(training: Training, run: Run, yours: bool) -> Model:
    """Return the model of a training, which knows the classes of its data."""
    return Model(
        id=run.id,
        name=run.model,
        created=run.created,
        data=run.data or DIGITS,
        latent_dim=LATENT_DIM,
        classes=len(training.class_names),
        class_names=list(training.class_names),
        epoch=run.epoch,
        step=run.step,
        seconds=run.seconds,
        frechet=run.frechet,
        finished=run.state is RunState.SUCCEEDED,
        preset=None if run.settings.networks else run.settings.base,
        training=training.active(),
        yours=yours,
    )


def source(model: Model) -> Source:
    """Return where its digits come from, as records say it."""
    made_up = hashlib.sha256(f"{model.id} {model.step}".encode()).hexdigest()
    return Source(model.name, model.id, model.step, made_up)


def origin(model: Model) -> Origin:
    """Return where its digits come from, as replies say it."""
    return Origin(source(model), model.training, LATENT_DIM)
