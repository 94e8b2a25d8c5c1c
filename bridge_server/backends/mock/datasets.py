"""Made-up data sets of the mock: an import takes half a second and finds three trees."""

from __future__ import annotations

import io
import time
from pathlib import PurePath
from typing import NamedTuple

from bridge_server.access.roles import Asker, check_yours
from bridge_server.backends.mock.digits import digits
from bridge_server.contract.datasets import Data, DataList, DataState
from bridge_server.contract.models import Deleted
from bridge_server.encoding.pixels import image_grid_picture
from bridge_server.errors import Conflict
from ganmnist.class_names import names_of
from ganmnist.config import DatasetName
from ganmnist.dataset_summary import ClassSize
from ganmnist.errors import DatasetNotFound
from ganmnist.models.manifest import now

DIGITS = "mock-digits"  # what trainings learn from where none is named
SECONDS = 0.5
_CLASSES = (("ash", 9, 1), ("elm", 18, 2), ("oak", 27, 3))


class DefaultData:
    """The digits that are learned from where no data set is named: ready half a second after they were asked for."""

    def __init__(self) -> None:
        self._prepared_at: float | None = None

    def describe(self) -> Data:
        if self._prepared_at is None:
            return Data(state=DataState.ABSENT)
        percent = min((time.monotonic() - self._prepared_at) / SECONDS, 1.0) * 100
        state = DataState.READY if percent == 100 else DataState.PREPARING
        data = Data(state=state, name=DIGITS, source="made up", percent=percent)
        if state is DataState.READY:
            picture = image_grid_picture(1, digits(0), below=True)
            data = data.model_copy(update={"train": 60_000, "test": 10_000, "preview": picture})
        return data

    def prepare(self) -> Data:
        if self._prepared_at is None:
            self._prepared_at = time.monotonic()
        return self.describe()


class _Import(NamedTuple):
    name: str
    source: str
    begun: float
    created: str
    owner: str


class Learned(NamedTuple):
    """What a training learns from: the name of the data, and those of its classes."""

    name: str
    class_names: tuple[str, ...]


class ImportedData:
    """Data sets that are all arithmetic. One whose name begins with mock-fails cannot be read."""

    def __init__(self) -> None:
        self._imports: dict[str, _Import] = {}

    def list(self, who: Asker) -> DataList:
        return DataList(datasets=[_data(each, who) for each in reversed(self._imports.values())])

    def describe(self, name: str, who: Asker) -> Data:
        data = _data(self._find(name), who)
        if data.state is not DataState.READY:
            return data
        return data.model_copy(update={"preview": image_grid_picture(1, digits(3), columns=3, below=True)})

    def preview(self, name: str) -> bytes:
        from ganmnist.export.pictures import sample_grid

        self._find(name)
        file = io.BytesIO()
        sample_grid(digits(3)[:12], len(_CLASSES)).save(file, "PNG")
        return file.getvalue()

    def read(self, path: str, name: DatasetName | None, who: Asker, sent: str = "") -> Data:
        from ganmnist.data.store import name_of

        chosen = wanted = name or name_of(PurePath(path.replace("\\", "/")).name)
        source = f"{path}, {sent}" if sent else path
        number = 1
        while (known := self._imports.get(chosen.lower())) and known.source != source:
            number += 1
            chosen = f"{wanted[:60]}-{number}"
        if known and _data(known, who).state is DataState.PREPARING:
            raise Conflict(f"A data set {chosen} is being imported: wait for it, or choose another name.")
        created = now()
        self._imports.pop(chosen.lower(), None)  # the newest is the last
        self._imports[chosen.lower()] = _Import(chosen, source, time.monotonic(), created, who.name)
        return _data(self._imports[chosen.lower()], who)

    def delete(self, name: str, who: Asker) -> Deleted:
        found = self._find(name)
        check_yours(who.manages(found.owner), f"Data set {found.name}")
        self._imports.pop(name.lower(), None)
        return Deleted(deleted=found.name)

    def learned_from(self, name: str | None) -> Learned:
        """Return what a training learns from for which this data set was named, if any was."""
        from ganmnist.data.store import MNIST_NAMES

        if name is None or name.lower() in (DIGITS, *MNIST_NAMES):
            return Learned(DIGITS, names_of(10))
        return Learned(self._find(name).name, tuple(name for name, *_ in _CLASSES))

    def _find(self, name: str) -> _Import:
        from ganmnist.data.store import MNIST_NAMES

        found = self._imports.get(name.lower())
        if found is None:
            if name.lower() in MNIST_NAMES:
                raise DatasetNotFound(f"data: {name} was not imported: it is always there, and cannot be deleted")
            names = ", ".join(each.name for each in self._imports.values())
            raise DatasetNotFound(f"data: no data set {name}; there are MNIST{names and ', ' + names}")
        return found


def _data(found: _Import, who: Asker) -> Data:
    percent = min((time.monotonic() - found.begun) / SECONDS, 1.0) * 100
    yours = who.manages(found.owner)
    data = Data(state=DataState.PREPARING, name=found.name, source=found.source, percent=percent, yours=yours)
    if percent < 100:
        return data
    if found.name.startswith("mock-fails"):
        problem = f"{found.source}: cannot be read, as the name of the data set asked for: choose another"
        return data.model_copy(update={"state": DataState.FAILED, "percent": 0.0, "problem": problem})
    return data.model_copy(
        update={
            "state": DataState.READY,
            "created": found.created,
            "train": sum(train for _, train, _ in _CLASSES),
            "test": sum(test for *_, test in _CLASSES),
            "classes": [ClassSize(name=name, train=train, test=test) for name, train, test in _CLASSES],
            "report": [
                "60 images in 3 classes",
                "ash: 10, elm: 20, oak: 30",
                "54 to train on, 6 kept for the test",
                "left out 2 files, made-up.heic for one: .heic is not read, save it as PNG",
            ],
        }
    )
