"""A run as it is told: what the store knows of it, what its training wrote, and what has become of its model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

from bridge_server.backends.forecasts import Forecasts
from bridge_server.contract.runs import Run, RunState
from bridge_server.runs.launcher import ANOTHER_VERSION, Launcher
from bridge_server.runs.progress import Tick, last_tick
from bridge_server.runs.status_text import remark_on_name, with_text
from bridge_server.runs.store import Record
from ganmnist.config import TrainConfig
from ganmnist.errors import ModelError, SettingError
from ganmnist.models.manifest import ModelManifest
from ganmnist.models.store import ModelFolder, ModelStore
from ganmnist.training.presets import recipe


class RunDescriptions:
    """Describes runs. A file of a run that cannot be read costs what it would tell of that run, and nothing else."""

    def __init__(
        self,
        store: ModelStore,
        launcher: Launcher,
        forecasts: Forecasts,
        sweep_of: Callable[[str], str | None],
    ) -> None:
        self._store = store
        self._sweep_of = sweep_of
        self._launcher = launcher
        self._forecasts = forecasts

    def describe(self, record: Record) -> Run:
        """Describe a run."""
        record = self._launcher.seen(record)
        tick = last_tick(self._store.path / record.id)
        model = self._model(record)
        if model and not record.state.is_active:
            record, tick = _gone_on(record, tick, model)
        state = record.state
        expected = self._forecasts.now().get(record.id) if state is RunState.QUEUED else None
        remarks = [*self._of_its_name(record), *([] if record.readable else [ANOTHER_VERSION])]
        run = Run(
            id=record.id,
            model=model.name if model else record.model,
            owner=record.owner,
            sweep=self._sweep_of(record.id),
            state=state,
            settings=record.settings,
            data=tick.data,
            created=record.created,
            place=expected and expected.place,
            seconds_to_start=expected and expected.seconds,
            epoch=tick.epoch,
            epochs=_epochs(record.settings),
            step=tick.step,
            steps=record.settings.steps,
            percent=tick.percent,
            seconds=tick.seconds,
            seconds_left=tick.seconds_left if state is RunState.RUNNING else None,
            loss_d=tick.loss_d,
            loss_g=tick.loss_g,
            frechet=tick.frechet,
            confident=tick.confident,
            preview=tick.preview,
            slowdown=tick.slowdown if state is RunState.RUNNING else None,
            text="",
            reason=record.reason,
            problem=record.problem or (tick.problem if state is RunState.RUNNING else None),
            warnings=[*remarks, *tick.warnings],
            remarks=[*remarks, *tick.remarks],
        )
        if model and not model.finished and not state.is_active and self._folder(record).is_being_trained():
            return run.model_copy(update={"text": f"{run.percent:.0f} % - a command line goes on with it"})
        return with_text(run, "stopping" if self._launcher.is_stopping(record.id) else tick.note)

    def name_by_now(self, record: Record) -> str:
        """Return the name of a run's model, which may have been renamed since."""
        model = self._model(record)
        return model.name if model else record.model  # nothing published yet

    def _model(self, record: Record) -> ModelManifest | None:
        try:
            return self._folder(record).manifest()
        except ModelError:
            return None

    def _folder(self, record: Record) -> ModelFolder:
        return self._store.folder(record.id, record.model)

    def _of_its_name(self, record: Record) -> list[str]:
        """Say beforehand what becomes of another model of the same name, or why this one is not called as was asked."""
        if not record.state.is_active:
            return []
        displaced = self._store.displaced(self._folder(record), record.owner)
        return [said for said in (remark_on_name(record.wanted, record.model), displaced) if said]


def _gone_on(record: Record, tick: Tick, model: ModelManifest) -> tuple[Record, Tick]:
    """Return where a training is by now that a command line went on with."""
    if model.step <= tick.step:
        return record, tick
    news = model.model_dump(include={"epoch", "step", "seconds"})
    if tick.step:
        news["percent"] = min(99.0, tick.percent * model.step / tick.step)
    if model.estimate:
        news |= {"frechet": model.estimate.frechet, "confident": model.estimate.confident}
    if model.finished:
        record = replace(record, state=RunState.SUCCEEDED, reason=None, problem=None)
        news["percent"] = 100.0
    return record, tick.model_copy(update=news)


@lru_cache(maxsize=512)  # to count what networks take costs more than all else that is told of a run
def _epochs(settings: TrainConfig) -> int | None:
    try:
        return recipe(settings).epochs
    except SettingError:  # stored by a version with other limits
        return settings.epochs
