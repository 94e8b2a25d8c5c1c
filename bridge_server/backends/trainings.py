"""What each call about runs does, on top of their store and the launcher."""

from __future__ import annotations

from functools import lru_cache, partial
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

from bridge_server.access.roles import AS_OWNER, Asker
from bridge_server.backends.base import ALL_RUNS
from bridge_server.backends.forecasts import Forecasts
from bridge_server.backends.paging import is_among, page_of
from bridge_server.backends.run_descriptions import RunDescriptions
from bridge_server.backends.sweeps import Sweeping
from bridge_server.contract.replies import Created
from bridge_server.contract.runs import ProgressQuery, Queue, Run, RunProgress, Runs, RunsQuery, RunState, StartRun
from bridge_server.contract.sweeps import SweepsQuery
from bridge_server.errors import ApiError, Conflict
from bridge_server.runs import previews, quotas
from bridge_server.runs.executors.base import Executor
from bridge_server.runs.launcher import Launcher
from bridge_server.runs.progress import TickReader
from bridge_server.runs.store import Held, Press, Record, run_not_found
from bridge_server.runs.sweeps import SweepPress, SweepRecord, SweepStore
from ganmnist.config import TrainConfig
from ganmnist.data.load import is_default
from ganmnist.models.index import MANIFEST
from ganmnist.models.store import ModelStore
from ganmnist.training.presets import recipe
from ganmnist.training.start import with_networks

MAX_LOSSES = 1000
_Item = TypeVar("_Item")


class Trainings(Sweeping):
    """The calls about runs and sweeps. A run that is not the asker's to see is not there for them."""

    def __init__(self, home: Path, instance: str, slots: int, executor: Executor) -> None:
        super().__init__(instance, slots)
        self._home = home
        self._store = ModelStore(home)
        self._runs = SweepStore(home / "runs.sqlite")
        self._launcher = Launcher(self._runs, self._store.path, slots, executor)
        self._forecasts = Forecasts(self._runs, self._store.path, slots)
        self._described = RunDescriptions(self._store, self._launcher, self._forecasts, self._runs.sweep_of)
        self._ticks = lru_cache(maxsize=8)(lambda id: TickReader(self._store.path / id))

    def run_start(self, request: StartRun, who: Asker = AS_OWNER) -> Run | Created:
        asked = sha256(request.model_dump_json(exclude={"key"}).encode()).hexdigest()
        press = Press(request.model, TrainConfig.part_of(request), request.key, who.name, asked)
        if record := self._runs.pressed(press):  # whatever has become of what it names
            return self._describe(record)
        settings = self._settings(press.settings)
        self._check_room()
        theirs = self._is_somebody_elses(request.model, who.name)
        record, new = self._runs.add(press._replace(settings=settings), partial(self._choose_name, who.name, theirs))
        self._launcher.wake()
        run = self._describe(record)
        return Created(run) if new else run

    def _settings(self, settings: TrainConfig) -> TrainConfig:
        """Return settings with the networks of the model that they start from; refuse what cannot be trained."""
        settings = with_networks(settings, self._store)
        recipe(settings)
        if settings.data:
            is_default(settings.data, self._home)  # refuses what is not there
        return settings

    def runs(self, query: RunsQuery = ALL_RUNS, who: Asker = AS_OWNER) -> Runs:
        if query.model:
            return self._runs_of(query.model, query, who)
        owner = None if who.manages_all else who.name
        records, following, total = self._runs.page(query.after, query.limit, query.only, owner)
        return Runs(runs=[self._describe(record) for record in records], total=total, next=following)

    def _runs_of(self, name: str, query: RunsQuery, who: Asker) -> Runs:
        """List the runs of a model, which has the name by now, or will have it."""
        model = self._store.look_up(name, thorough=False)
        found = self._runs.of_model(name, model.id if model else None)
        known = [self._describe(record) for record in found if who.manages(record.owner)]
        runs, rest = page_of(
            [run for run in known if run.model.lower() == name.lower() and is_among(run, query)], query
        )
        return Runs(runs=runs, **rest)

    def queue(self, who: Asker = AS_OWNER) -> Queue:
        expected = self._forecasts.now().values()
        return Queue(slots=self.slots, places=[each.told(named=who.manages(each.owner)) for each in expected])

    def _under_way(self) -> tuple[int, int]:
        running = [record for record in self._runs.running() if self._launcher.seen(record).state is RunState.RUNNING]
        return len(running), self._runs.count(RunState.QUEUED)

    def run(self, id: str, who: Asker = AS_OWNER) -> Run:
        return self._describe(self._find(id, who))

    def run_stop(self, id: str, who: Asker = AS_OWNER) -> Run:
        self._find(id, who)
        self._launcher.stop(id)
        return self.run(id)

    def run_resume(self, id: str, who: Asker = AS_OWNER) -> Run:
        record = self._find(id, who)
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

    def run_progress(self, id: str, query: ProgressQuery, who: Asker = AS_OWNER) -> RunProgress:
        record = self._find(id, who)
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

    def run_preview(self, id: str, who: Asker = AS_OWNER) -> bytes:
        self._find(id, who)
        content = previews.read_preview(self._store.path / id)
        if content is None:
            raise ApiError(404, "no_preview", f"Run {id} has no preview yet.")
        return content

    def _pressed_sweep(self, press: SweepPress) -> SweepRecord | None:
        return self._runs.pressed_sweep(press)

    def _add_sweep(self, press: SweepPress, who: Asker) -> tuple[SweepRecord, bool]:
        press = press._replace(settings=[self._settings(each) for each in press.settings])
        self._check_room()
        theirs = self._is_somebody_elses(press.name, who.name)
        made = self._runs.add_sweep(press, partial(self._choose_names, who.name, theirs))
        self._launcher.wake()
        return made

    def _choose_names(
        self, who: str, theirs: bool, wanted: str | None, count: int, held: list[Held]
    ) -> tuple[str, list[str]]:
        """Choose the name of a sweep as that of a run, and for its runs names that are free, numbered."""
        name = self._choose_name(who, theirs, wanted, held)
        names = [name]
        while len(names) <= count:
            names.append(self._store.free_name(f"{name}-1", [*names, *(each.name for each in held)]))
        return name, names[1:]

    def _sweep_page(self, query: SweepsQuery, owner: str | None) -> tuple[list[SweepRecord], int, int]:
        return self._runs.sweeps(query.after, query.limit, owner)

    def _sweep_record(self, id: str) -> SweepRecord:
        return self._runs.sweep(id)

    def _unsettled(self) -> SweepStore:
        return self._runs

    def _run_states(self, record: SweepRecord) -> list[RunState]:
        return [run.state for run in self._runs.of_sweep(record)]

    def _run_settings(self, record: SweepRecord) -> list[TrainConfig]:
        return [run.settings for run in self._runs.of_sweep(record)]

    def _find(self, id: str, who: Asker) -> Record:
        """Return a run that is the asker's to see.

        Raises:
            ApiError: There is none.
        """
        record = self._runs.get(id)
        if not who.manages(record.owner):
            raise run_not_found(id)
        return record

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

    def _is_somebody_elses(self, name: str | None, who: str) -> bool:
        model = self._store.look_up(name) if name else None
        return model is not None and self._store.folder(model.id, model.name).owner() != who


def thin(items: list[_Item], most: int) -> list[_Item]:
    """Leave out items evenly until `most` are left; the last one stays."""
    step = -(-len(items) // most) or 1
    return items[::-1][::step][::-1]
