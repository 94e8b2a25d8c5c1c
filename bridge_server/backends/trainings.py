"""What each call about runs does, on top of their store and the launcher."""

from __future__ import annotations

from functools import lru_cache, partial
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

from bridge_server.access.roles import AS_OWNER, Asker
from bridge_server.backends.base import ALL_RUNS, Backend
from bridge_server.backends.forecasts import Forecasts
from bridge_server.backends.paging import is_among, page_of
from bridge_server.backends.run_descriptions import RunDescriptions
from bridge_server.contract.replies import Created
from bridge_server.contract.runs import ProgressQuery, Queue, Run, RunProgress, Runs, RunsQuery, RunState, StartRun
from bridge_server.errors import ApiError, Conflict
from bridge_server.runs import previews, quotas
from bridge_server.runs.executors.base import Executor
from bridge_server.runs.launcher import Launcher
from bridge_server.runs.progress import TickReader
from bridge_server.runs.store import Held, Press, Record, RunStore, run_not_found
from ganmnist.config import TrainConfig
from ganmnist.data.load import is_default
from ganmnist.models.index import MANIFEST
from ganmnist.models.store import ModelStore
from ganmnist.training.presets import recipe
from ganmnist.training.start import with_networks

MAX_LOSSES = 1000
_Item = TypeVar("_Item")


class Trainings(Backend):
    """The calls about runs. A run that is not the asker's to see is not there for them."""

    def __init__(self, home: Path, instance: str, slots: int, executor: Executor) -> None:
        super().__init__(instance, slots)
        self._home = home
        self._store = ModelStore(home)
        self._runs = RunStore(home / "runs.sqlite")
        self._launcher = Launcher(self._runs, self._store.path, slots, executor)
        self._forecasts = Forecasts(self._runs, self._store.path, slots)
        self._described = RunDescriptions(self._store, self._launcher, self._forecasts)
        self._ticks = lru_cache(maxsize=8)(lambda id: TickReader(self._store.path / id))

    def run_start(self, request: StartRun, who: Asker = AS_OWNER) -> Run | Created:
        asked = sha256(request.model_dump_json(exclude={"key"}).encode()).hexdigest()
        press = Press(request.model, TrainConfig.part_of(request), request.key, who.name, asked)
        if record := self._runs.pressed(press):  # whatever has become of what it names
            return self._describe(record)
        settings = with_networks(press.settings, self._store)
        recipe(settings)  # refuses what cannot be trained
        if settings.data:
            is_default(settings.data, self._home)  # refuses what is not there
        self._check_room()
        theirs = request.model is not None and self._is_somebody_elses(request.model, who.name)
        record, new = self._runs.add(press._replace(settings=settings), partial(self._choose_name, who.name, theirs))
        self._launcher.wake()
        run = self._describe(record)
        return Created(run) if new else run

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

    def _is_somebody_elses(self, name: str, who: str) -> bool:
        model = self._store.look_up(name)
        return model is not None and self._store.folder(model.id, model.name).owner() != who


def thin(items: list[_Item], most: int) -> list[_Item]:
    """Leave out items evenly until `most` are left; the last one stays."""
    step = -(-len(items) // most) or 1
    return items[::-1][::step][::-1]
