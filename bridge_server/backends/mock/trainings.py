"""The mock's calls about runs: all arithmetic, under the queue's true rule."""

from __future__ import annotations

import math
import secrets
import threading
from contextlib import suppress
from functools import lru_cache

from bridge_server.access.roles import AS_OWNER, Asker
from bridge_server.backends.base import ALL_RUNS
from bridge_server.backends.forecasts import Expected
from bridge_server.backends.mock.datasets import ImportedData
from bridge_server.backends.mock.digits import digits
from bridge_server.backends.mock.sweeps import SweepBook
from bridge_server.backends.mock.training import (
    TICKS,
    TICKS_PER_PREVIEW,
    Training,
    describe,
    frechet,
    loss_d,
    loss_g,
    take_turns,
)
from bridge_server.backends.paging import is_among, page_of
from bridge_server.backends.sweeps import Sweeping
from bridge_server.contract.base import Picture
from bridge_server.contract.models import Model
from bridge_server.contract.replies import Created
from bridge_server.contract.runs import ProgressQuery, Queue, Run, RunProgress, Runs, RunsQuery, RunState, StartRun
from bridge_server.contract.sweeps import SweepsQuery
from bridge_server.errors import ApiError, Conflict
from bridge_server.runs import quotas
from bridge_server.runs.store import another_request, run_not_found
from bridge_server.runs.sweeps import SweepPress, SweepRecord
from ganmnist.config import TrainConfig
from ganmnist.errors import ModelNotFound
from ganmnist.models.manifest import now
from ganmnist.names import OWNER, numbered_name, stem_of
from ganmnist.training.presets import recipe


class MockTrainings(Sweeping):
    """The calls about runs and sweeps. Where each stands follows from the clock and from when it begins."""

    mock = True
    _measured = 1000  # which takes half a second

    def __init__(self, instance: str, slots: int) -> None:
        super().__init__(instance, slots)
        self._lock = threading.RLock()
        self._runs: list[Training] = []
        self._presses = 0
        self._imported: list[Model] = []
        self._deleted: set[str] = set()
        self._datasets = ImportedData()
        self._sweeps = SweepBook()

    def run_start(self, request: StartRun, who: Asker = AS_OWNER) -> Run | Created:
        with self._lock:
            if pressed := self._pressed(request, who.name):
                return self._describe(pressed)
            settings = TrainConfig.part_of(request)
            self._check_settings(settings)
            name = request.model or self._free_name("digits")
            for run in self._runs:
                if run.active() and run.model.lower() == name.lower() and run.owner == who.name:
                    return self._describe(run)
            self._check_quota(who.name, 1)
            if self._is_somebody_elses(name, who.name):
                name = self._free_name(name)
            return Created(self._describe(self._begin(request, settings, name, who.name)))

    def _check_settings(self, settings: TrainConfig) -> None:
        """Refuse what cannot be trained."""
        recipe(settings)
        if settings.start_from:
            self._check_start(settings.start_from)
        self._datasets.learned_from(settings.data)

    def _check_quota(self, owner: str, more: int) -> None:
        quotas.validate_active(owner, sum(run.active() for run in self._runs if run.owner == owner), more)

    def _begin(
        self, request: StartRun, settings: TrainConfig, name: str, owner: str, sweep: str | None = None
    ) -> Training:
        """Make up a training that takes its place in the queue."""
        fates = {"mock-fails": RunState.FAILED, "mock-interrupted": RunState.INTERRUPTED}
        fate = fates.get(stem_of(name) if sweep else name, RunState.SUCCEEDED)
        data = self._datasets.learned_from(settings.data)
        run = Training(
            id=secrets.token_hex(8),
            model=name,
            settings=settings,
            data=data.name,
            class_names=data.class_names if recipe(settings, len(data.class_names)).networks.classes else (),
            request=request,
            owner=owner,
            turn=self._next_turn(),
            created=now(),
            sweep=sweep,
            ends_at=1.0 if fate is RunState.SUCCEEDED else 0.5,
            fate=fate,
        )
        self._runs.append(run)
        take_turns(self._runs, self.slots)
        self._deleted.discard(name.lower())
        return run

    def _next_turn(self) -> int:
        self._presses += 1
        return self._presses

    def _pressed(self, request: StartRun, who: str) -> Training | None:
        """Return the run of an earlier press with the same key."""
        pressed = (run for run in self._runs if request.key and (run.owner, run.request.key) == (who, request.key))
        found = next(pressed, None)
        if found and found.request != request:
            raise another_request(found.id)
        return found

    def _check_start(self, name: str) -> None:
        try:
            self.model(name)
        except ModelNotFound as error:
            raise ModelNotFound(str(error).replace("model: ", "start_from: ", 1)) from None

    def _is_somebody_elses(self, name: str, who: str) -> bool:
        with suppress(ModelNotFound):
            id = self.model(name).id
            if next((run.owner for run in self._runs if run.id == id), OWNER) != who:
                return True
        unfinished = (run for run in self._runs if run.active() or run.state() is RunState.INTERRUPTED)
        held = [
            *((run.model, run.owner) for run in unfinished),
            *((of.name, of.owner) for of in self._sweeps.unsettled()),
        ]
        return any(model.lower() == name.lower() and owner != who for model, owner in held)

    def _free_name(self, stem: str) -> str:
        return numbered_name(stem, self._taken_names())

    def _taken_names(self) -> set[str]:
        held = (record.name for record in self._sweeps.unsettled())
        names = (*(run.model for run in self._runs), *(one.name for one in self._imported), *held)
        return {name.lower() for name in names}

    def runs(self, query: RunsQuery = ALL_RUNS, who: Asker = AS_OWNER) -> Runs:
        with self._lock:
            described = [self._describe(run) for run in reversed(self._runs) if who.manages(run.owner)]
            wanted = [run for run in described if query.model is None or run.model.lower() == query.model.lower()]
            runs, rest = page_of([run for run in wanted if is_among(run, query)], query)
            return Runs(runs=runs, **rest)

    def queue(self, who: Asker = AS_OWNER) -> Queue:
        with self._lock:
            active = sorted((run for run in self._runs if run.active()), key=lambda run: run.begins)
            places = []
            for run in map(self._describe, active):
                seconds = run.seconds_left if run.place is None else run.seconds_to_start
                expected = Expected(run.id, run.owner, run.place, seconds)
                places.append(expected.told(named=who.manages(run.owner)))
            return Queue(slots=self.slots, places=places)

    def _under_way(self) -> tuple[int, int]:
        states = [run.state() for run in self._runs]
        return states.count(RunState.RUNNING), states.count(RunState.QUEUED)

    def run(self, id: str, who: Asker = AS_OWNER) -> Run:
        return self._describe(self._find(id, who))

    def run_stop(self, id: str, who: Asker = AS_OWNER) -> Run:
        with self._lock:
            run = self._find(id, who)
            if run.active() or run.state() is RunState.INTERRUPTED:
                waits = run.state() is RunState.QUEUED
                run.stopped_at = run.share()
                if waits:
                    run.begins = math.inf
                take_turns(self._runs, self.slots)
            return self._describe(run)

    def run_resume(self, id: str, who: Asker = AS_OWNER) -> Run:
        with self._lock:
            run = self._find(id, who)
            if run.state() not in (RunState.INTERRUPTED, RunState.STOPPED):
                raise Conflict(f"Run {id} is {run.state()}: one that was interrupted or stopped can go on.")
            run.resumed_at, run.ends_at, run.fate = run.share(), 1.0, RunState.SUCCEEDED
            run.stopped_at, run.begins, run.turn = None, math.inf, self._next_turn()
            take_turns(self._runs, self.slots)
            return self._describe(run)

    def run_progress(self, id: str, query: ProgressQuery, who: Asker = AS_OWNER) -> RunProgress:
        run = self._find(id, who)
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

    def run_preview(self, id: str, who: Asker = AS_OWNER) -> bytes:
        from bridge_server.runs.previews import to_png

        number = self._find(id, who).ticks() // TICKS_PER_PREVIEW
        if not number:
            raise ApiError(404, "no_preview", f"Run {id} has no preview yet.")
        return to_png(digits(number), number)

    def _pressed_sweep(self, press: SweepPress) -> SweepRecord | None:
        with self._lock:
            return self._sweeps.pressed(press)

    def _add_sweep(self, press: SweepPress, who: Asker) -> tuple[SweepRecord, bool]:
        with self._lock:
            if found := self._sweeps.pressed(press):
                return found, False
            for settings in press.settings:
                self._check_settings(settings)
            self._check_quota(who.name, len(press.settings))
            name = press.name or self._free_name("digits")
            if self._is_somebody_elses(name, who.name):
                name = self._free_name(name)
            taken, id, runs = {*self._taken_names(), name.lower()}, secrets.token_hex(8), {}
            for settings in press.settings:
                model = numbered_name(f"{name}-1", taken)
                taken.add(model.lower())
                runs[self._begin(StartRun(), settings, model, who.name, id).id] = model
            asked = (press.axes, runs, press.others, press.key, press.asked)
            return self._sweeps.add(SweepRecord(id, name, who.name, press.name, now(), *asked)), True

    def _sweep_page(self, query: SweepsQuery, owner: str | None) -> tuple[list[SweepRecord], int, int]:
        found, rest = page_of(self._sweeps.of(owner), query)
        return found, rest["next"], rest["total"]

    def _sweep_record(self, id: str) -> SweepRecord:
        return self._sweeps.find(id)

    def _unsettled(self) -> SweepBook:
        return self._sweeps

    def _run_states(self, record: SweepRecord) -> list[RunState]:
        return [run.state() for run in self._of_sweep(record)]

    def _run_settings(self, record: SweepRecord) -> list[TrainConfig]:
        return [run.settings for run in self._of_sweep(record)]

    def _of_sweep(self, record: SweepRecord) -> list[Training]:
        with self._lock:
            return [run for run in self._runs if run.sweep == record.id]

    def _find(self, id: str, who: Asker) -> Training:
        with self._lock:
            for run in self._runs:
                if run.id == id and who.manages(run.owner):
                    return run
        raise run_not_found(id)

    def _describe(self, run: Training) -> Run:
        if run.state() is not RunState.QUEUED:
            return describe(run, None)
        before = (other for other in self._runs if other.state() is RunState.QUEUED and other.begins < run.begins)
        return describe(run, 1 + sum(1 for _ in before))


@lru_cache(maxsize=8)
def _picture(number: int, first: int, below: bool = False) -> Picture:
    from bridge_server.encoding.pixels import image_grid_picture

    return image_grid_picture(number, digits(first), below=below)
