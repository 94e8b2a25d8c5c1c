"""Digits drawn again from the record that a file carries."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ganmnist import paths
from ganmnist.errors import ModelError, ModelNotFound
from ganmnist.models.manifest import Source
from ganmnist.models.provenance import Provenance

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ganmnist.models.store import ModelStore


class RestoredDigits(NamedTuple):
    """Digits drawn again: their record, the images, uint8 (N, 28, 28), and what may be otherwise than it was."""

    record: Provenance
    images: NDArray[np.uint8]
    remarks: list[str]


def restore(record: Provenance, home: Path | None = None) -> RestoredDigits:
    """Draw the digits of a record again: the same bytes, unless a remark says that the model has changed.

    Args:
        record: As `read_record` finds it.
        home: Folder of the models; the user's own unless given.

    Raises:
        ModelNotFound: The model is gone.
        SettingError: It takes other vectors by now.
    """
    from ganmnist.generation.sampler import Sampler
    from ganmnist.models.store import ModelStore

    store = ModelStore(home or paths.home())
    name, remarks = trace(record, sources(store, record))
    if name is None:
        raise ModelNotFound(" ".join(remarks))
    sampler = Sampler.load(store.find(name))
    if remarks:
        last = Sampler.load(store.find(name), last=True)  # where a training ended worse than it was
        if last.source and last.source.sha256 == record.sha256:
            sampler, remarks = last, []
    return RestoredDigits(record, sampler.generate(record.vectors()), remarks)


def sources(store: ModelStore, record: Provenance) -> list[Source]:
    """Return the models that a record may be of, as records name them: those of its weights, and that of its id."""
    found = store.of_weights(record.sha256)
    with suppress(ModelError):
        found.append(store.folder(record.model_id, record.model).manifest())
    return [Source(model.name, model.id, model.step, model.sha256) for model in found]


def trace(record: Provenance, known: Iterable[Source]) -> tuple[str | None, list[str]]:
    """Find the model of a record, by its weights, else by its id.

    Returns:
        Its name by now, or None; and a sentence with the remedy if it has changed or is gone.
    """
    known = list(known)
    for source in known:
        if source.sha256 == record.sha256:
            return source.model, []
    for source in known:
        if source.model_id == record.model_id:
            return source.model, [
                f"Model {source.model} has changed since: it was at step {record.step} and is at step {source.step}, "
                "so the digits may differ. Import the model file of that time (ganmnist models import) to have the "
                "same again."
            ]
    return None, [
        f"Model {record.model} is gone, and no other has its weights. Import its model file (ganmnist models import), "
        "or choose a model that takes as many numbers."
    ]
