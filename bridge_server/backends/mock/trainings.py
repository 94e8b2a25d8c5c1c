"""The mock's calls about runs: all arithmetic, under the queue's true rule."""

from __future__ import annotations

import math
import secrets
import threading
from contextlib import suppress
from functools import lru_cache

from bridge_server.access.roles import AS_OWNER, Asker
from bridge_server.backends.base import ALL_RUNS, Backend
from bridge_server.backends.forecasts import Expected
from bridge_server.backends.mock.datasets import ImportedData
from bridge_server.backends.mock.digits import digits
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
from bridge_server.contract.base import Picture
from bridge_server.contract.models import Model
from bridge_server.contract.replies import Created
from bridge_server.contract.runs import ProgressQuery, Queue, Run, RunProgress, Runs, RunsQuery, RunState, StartRun
from bridge_server.errors import ApiError, Conflict
from bridge_server.runs import quotas
from bridge_server.runs.store import another_request, run_not_found
from ganmnist.config import TrainConfig
from ganmnist.errors import ModelNotFound
from ganmnist.models.manifest import now
from ganmnist.names import OWNER, numbered_name
from ganmnist.training.presets import recipe


class MockTrainings(Backend):
    """The calls about runs. Where each stands follows from the clock and from when it begins."""

    mock = True

    def __init__(self, instance: str, slots: int) -> None:
        super().__init__(instance, slots)
        self._lock = threading.RLock()
        self._runs: list[Training] = []
        self._presses = 0
        self._imported: list[Model] = []
        self._deleted: set[str] = set()
        self._datasets = ImportedData()

    def run_start(self, request: StartRun, who: Asker = AS_OWNER) -> Run | Created:
        with self._lock:
            if pressed := self._pressed(request, who.name):
                return self._describe(pressed)
            settings = TrainConfig.part_of(request)
            recipe(settings)  # refuses what cannot be trained
            if settings.start_from:
                self._check_start(settings.start_from)
            data = self._datasets.learned_from(settings.data)
            name = request.model or self._free_name("digits")
            for run in self._runs:
                if run.active() and run.model.lower() == name.lower() and run.owner == who.name:
                    return self._describe(run)
            quotas.validate_active(who.name, sum(run.active() for run in self._runs if run.owner == who.name))
            if self._is_somebody_elses(name, who.name):
                name = self._free_name(name)
            fates = {"mock-fails": RunState.FAILED, "mock-interrupted": RunState.INTERRUPTED}
            fate = fates.get(name, RunState.SUCCEEDED)
            run = Training(
                id=secrets.token_hex(8),
                model=name,
                settings=settings,
                data=data.name,
                class_names=data.class_names if recipe(settings, len(data.class_names)).networks.classes else (),
                request=request,
                owner=who.name,
                turn=self._next_turn(),
                created=now(),
                ends_at=1.0 if fate is RunState.SUCCEEDED else 0.5,
                fate=fate,
            )
            self._runs.append(run)
            take_turns(self._runs, self.slots)
            self._deleted.discard(name.lower())
            return Created(self._describe(run))

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
        return any(run.model.lower() == name.lower() and run.owner != who for run in unfinished)

    def _free_name(self, stem: str) -> str:
        taken = {name.lower() for name in (*(run.model for run in self._runs), *(one.name for one in self._imported))}
        return numbered_name(stem, taken)

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
