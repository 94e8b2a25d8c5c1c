"""The data set as the server shows it: prepared in the background, then remembered."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

from bridge_server.contract.server import Data, DataState
from bridge_server.encoding.pixels import image_grid_picture
from ganmnist.errors import GanError

_PREVIEW_ROWS = 4
_log = logging.getLogger("ganmnist.data")


class DataKeeper:
    """Prepares the data once, and says how far it is."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._lock = threading.Lock()
        self._data = Data(state=DataState.ABSENT)
        self._preparations = 0

    def describe(self) -> Data:
        """Say what there is. Data that lie on disk already are read on the first question, in the background."""
        from ganmnist.data.load import is_at_hand

        if self._data.state is DataState.ABSENT and is_at_hand(self._home):
            return self.prepare()
        return self._data

    def prepare(self) -> Data:
        """Find or download the data in the background, unless that is done or under way.

        Digits that stand in for MNIST are not what was asked for, so it is tried again.
        """
        from ganmnist.data.synthetic import NAME as STAND_IN

        with self._lock:
            if self._data.state in (DataState.ABSENT, DataState.FAILED) or self._data.name == STAND_IN:
                self._preparations += 1
                self._data = Data(state=DataState.PREPARING)
                threading.Thread(target=self._prepare, name="data", daemon=True).start()
            return self._data

    def _prepare(self) -> None:
        try:
            self._data = self._load()
        except (GanError, OSError) as error:
            self._data = Data(state=DataState.FAILED, problem=str(error))
        except Exception as error:
            _log.exception("data cannot be prepared")
            self._data = Data(state=DataState.FAILED, problem=f"{type(error).__name__}: {error}")

    def _load(self) -> Data:
        from ganmnist.data.load import load_data
        from ganmnist.dataset import first_of_each, image_grid_columns

        dataset = load_data(home=self._home, on_progress=self._report)
        return Data(
            state=DataState.READY,
            name=dataset.name,
            source=dataset.source,
            train=len(dataset.train_images),
            test=len(dataset.test_images),
            percent=100.0,
            preview=image_grid_picture(
                self._preparations, first_of_each(dataset, _PREVIEW_ROWS), image_grid_columns(dataset), below=True
            ),
        )

    def _report(self, percent: float, words: str) -> None:
        self._data = Data(state=DataState.PREPARING, percent=float(percent))
