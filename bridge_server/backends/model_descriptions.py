"""A model as it is told."""

from __future__ import annotations

from bridge_server.contract.models import Model
from ganmnist.class_names import KnownClasses
from ganmnist.models.manifest import ALL_BUNDLED, ModelManifest


def known_classes(model: Model) -> KnownClasses:
    """Return the classes that digits of a model may be chosen from."""
    return KnownClasses(tuple(model.class_names), model.name)


def to_model(manifest: ModelManifest, *, training: bool = False, yours: bool = True) -> Model:
    """Return a model as the contract describes it.

    Args:
        manifest: What it is.
        training: Whether it is being trained.
        yours: Whether who asks may change it; nobody may change a bundled one.
    """
    return Model(
        id=manifest.id,
        name=manifest.name,
        created=manifest.created,
        data=manifest.data,
        latent_dim=manifest.networks.latent_dim,
        classes=manifest.networks.classes,
        class_names=list(manifest.known_classes.names),
        epoch=manifest.epoch,
        step=manifest.step,
        seconds=manifest.seconds,
        frechet=manifest.estimate and manifest.estimate.frechet,
        finished=manifest.finished,
        training=training,
        preset=manifest.preset,
        yours=yours and manifest.id not in ALL_BUNDLED,
    )
