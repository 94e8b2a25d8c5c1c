"""The calls about sweeps, on top of those about runs: how a sweep stands follows from its runs."""

from __future__ import annotations

from abc import abstractmethod
from collections import Counter
from collections.abc import Sequence
from hashlib import sha256

from bridge_server.access.roles import AS_OWNER, Asker
from bridge_server.backends.sweep_endings import SweepEndings
from bridge_server.contract.replies import Created
from bridge_server.contract.runs import RunState
from bridge_server.contract.sweeps import (
    StartSweep,
    Sweep,
    SweepRun,
    Sweeps,
    SweepsQuery,
    SweepState,
    SweepTable,
    Value,
)
from bridge_server.errors import Conflict
from bridge_server.runs.status_text import remark_on_name, without_fid
from bridge_server.runs.store import FINAL
from bridge_server.runs.sweep_plan import best_of, expand, values_of, worse_than
from bridge_server.runs.sweeps import SweepPress, SweepRecord, sweep_not_found
from ganmnist.config import TrainConfig

ALL_SWEEPS = SweepsQuery()


class Sweeping(SweepEndings):
    """The calls about sweeps. A sweep that is not the asker's to see is not there for them."""

    def sweep_start(self, request: StartSweep, who: Asker = AS_OWNER) -> SweepTable | Created:
        asked = sha256(request.model_dump_json(exclude={"key"}).encode()).hexdigest()
        axes = tuple(request.sweep)
        press = SweepPress(request.model, (), axes, request.others, who.name, asked, request.key)
        if record := self._pressed_sweep(press):  # whatever has become of what it names
            return self._table(record)
        settings = expand(TrainConfig.part_of(request), request.model_fields_set, request.sweep)
        record, new = self._add_sweep(press._replace(settings=settings), who)
        self._see_sweeps_through()
        return Created(self._table(record)) if new else self._table(record)

    def sweeps(self, query: SweepsQuery = ALL_SWEEPS, who: Asker = AS_OWNER) -> Sweeps:
        found, following, total = self._sweep_page(query, None if who.manages_all else who.name)
        return Sweeps(sweeps=[self._describe_sweep(record) for record in found], total=total, next=following)

    def sweep(self, id: str, who: Asker = AS_OWNER) -> SweepTable:
        return self._table(self._find_sweep(id, who))

    def sweep_stop(self, id: str, who: Asker = AS_OWNER) -> SweepTable:
        record = self._find_sweep(id, who)
        states = dict(zip(record.runs, self._run_states(record), strict=True))
        unfinished = [run for run, state in states.items() if state not in FINAL]
        # Those that wait first: one that is stopped makes room for the next.
        for run in sorted(unfinished, key=lambda run: states[run] is RunState.RUNNING):
            self.run_stop(run, who)
        return self._table(record)

    def sweep_resume(self, id: str, who: Asker = AS_OWNER) -> SweepTable:
        record = self._find_sweep(id, who)
        states = zip(record.runs, self._run_states(record), strict=True)
        interrupted = [run for run, state in states if state is RunState.INTERRUPTED]
        if not interrupted:
            raise Conflict(f"No training of sweep {record.name} is interrupted: there is nothing to go on with.")
        for run in interrupted:
            self.run_resume(run, who)
        return self._table(record)

    @abstractmethod
    def _pressed_sweep(self, press: SweepPress) -> SweepRecord | None:
        """Return the sweep of an earlier press, as `SweepStore.pressed_sweep` has it."""

    @abstractmethod
    def _add_sweep(self, press: SweepPress, who: Asker) -> tuple[SweepRecord, bool]:
        """Queue all trainings of a sweep or none, and return it, and whether it is new."""

    @abstractmethod
    def _sweep_page(self, query: SweepsQuery, owner: str | None) -> tuple[list[SweepRecord], int, int]:
        """Return a page of somebody's sweeps or of all, what leads to the next, and how many there are."""

    @abstractmethod
    def _sweep_record(self, id: str) -> SweepRecord:
        """Return what is remembered of a sweep.

        Raises:
            ApiError: There is none of that id.
        """

    @abstractmethod
    def _run_settings(self, record: SweepRecord) -> list[TrainConfig]:
        """Return the settings of a sweep's runs, in order."""

    def _find_sweep(self, id: str, who: Asker) -> SweepRecord:
        record = self._sweep_record(id)
        if not who.manages(record.owner):
            raise sweep_not_found(id)
        return record

    def _describe_sweep(self, record: SweepRecord) -> Sweep:
        states = self._run_states(record)
        verdict = record.verdict if record.settled else None
        state = _state(record, states)
        return Sweep(
            id=record.id,
            name=record.name,
            owner=record.owner,
            created=record.created,
            state=state,
            axes=_axes(record, self._run_settings(record)),
            others=record.others,
            trainings=len(states),
            ended=sum(each in FINAL for each in states),
            best=verdict and verdict.best,
            text=_text(state, states, self._at.get(record.id)),
            decided=verdict and verdict.said,
            warnings=self._warnings(record),
        )

    def _warnings(self, record: SweepRecord) -> list[str]:
        """Say why a name is not what was asked for."""
        if not record.settled:
            said = remark_on_name(record.wanted, record.name)
            return [said] if said else []
        best = record.verdict and record.verdict.best
        model = best and self._model_of(best)
        if not model or model.name.lower() == record.name.lower():
            return []
        return [f"The best is called {model.name}, not {record.name}."]

    def _table(self, record: SweepRecord) -> SweepTable:
        record = self._sweep_record(record.id)  # as it is by now
        runs = [self.run(id) for id in record.runs]
        figures = record.verdict.figures if record.verdict else {}
        so_far = {run.id: run.frechet for run in runs if run.frechet is not None}
        best = record.verdict.best if record.verdict else best_of(so_far)
        dropped = worse_than(best, figures) if record.settled and record.others == "drop" else []
        values = [values_of(settings, record.axes) for settings in self._run_settings(record)]
        rows = [
            SweepRun(
                run=run.id,
                model=run.model,
                values=own,
                state=run.state,
                step=run.step,
                percent=run.percent,
                frechet=run.frechet,
                judged=figures.get(run.id),
                best=run.id == best,
                preview=run.preview,
                text="dropped" if run.id in dropped and not run.step else without_fid(run),
                problem=run.problem,
            )
            for run, own in zip(runs, values, strict=True)
        ]
        return SweepTable(**dict(self._describe_sweep(record)), runs=sorted(rows, key=_rank))


def _state(record: SweepRecord, states: Sequence[RunState]) -> SweepState:
    if record.settled:
        return SweepState.ENDED
    if any(state.is_active for state in states):
        return SweepState.RUNNING
    return SweepState.INTERRUPTED if RunState.INTERRUPTED in states else SweepState.JUDGING


def _text(state: SweepState, states: Sequence[RunState], at: tuple[int, int] | None = None) -> str:
    """Return the state in a few words; `at`: which model the judge looks at, of how many."""
    count = Counter(states)
    ended = sum(count[each] for each in FINAL)
    failed = f", {count[RunState.FAILED]} failed" if count[RunState.FAILED] else ""
    cut = f", {count[RunState.INTERRUPTED]} interrupted" if count[RunState.INTERRUPTED] else ""
    match state:
        case SweepState.RUNNING:
            under_way = f"{count[RunState.RUNNING]} under way, {count[RunState.QUEUED]} waiting"
            return f"{ended} of {len(states)} ended{failed}, {under_way}{cut}"
        case SweepState.INTERRUPTED:
            return f"{ended} of {len(states)} ended{failed}{cut} - resume to go on, or stop"
        case SweepState.JUDGING:
            so_far = f", {at[0]} of {at[1]}" if at else ""
            return f"all {len(states)} ended{failed} - the judge compares them{so_far}"
        case SweepState.ENDED:
            stopped = f", {count[RunState.STOPPED]} stopped" if count[RunState.STOPPED] else ""
            return f"finished - {count[RunState.SUCCEEDED]} of {len(states)} trained to their end{failed}{stopped}"


def _axes(record: SweepRecord, settings: Sequence[TrainConfig]) -> dict[str, list[Value | None]]:
    """Return the values of each axis, in the order in which they were given."""
    values = [values_of(each, record.axes) for each in settings]
    return {name: list(dict.fromkeys(each[name] for each in values)) for name in record.axes}


def _rank(row: SweepRun) -> tuple[bool, float, float]:
    """Return where a row stands: the best first, by the judge, by the judge so far; sorting keeps the others' order."""
    judged, so_far = (float("inf") if figure is None else figure for figure in (row.judged, row.frechet))
    return not row.best, judged, so_far
