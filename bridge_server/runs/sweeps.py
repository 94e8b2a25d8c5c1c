"""The sweeps: what is remembered of each beside its runs, in the same file, written in the same breath.

A sweep is its name, its runs, and what the judge has decided in the end. All else follows from the runs.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple

from pydantic import Field

from bridge_server.errors import ApiError, Conflict
from bridge_server.runs.database import SWEEP_CHECKSUM, SWEEP_COLUMNS
from bridge_server.runs.store import Held, Press, Record, RunStore
from ganmnist.config import TrainConfig
from ganmnist.fields import Number, Settings

Others = Literal["keep", "drop"]
# Given the name that is wanted, how many runs there are, and the names that are held: the sweep's and its runs'.
ChooseNames = Callable[[str | None, int, list[Held]], tuple[str, list[str]]]


class Verdict(Settings):
    """What the judge has decided."""

    best: str | None = Field(description="The run whose model is the best; none where that cannot be said.")
    figures: dict[str, Number] = Field(
        description="FID of each run's model by which that was decided, lower is better."
    )
    said: str = Field(description="Which is the best and by what, or why none is, a sentence.")


@dataclass(frozen=True)
class SweepRecord:
    """What is remembered of a sweep.

    Attributes:
        name: That the best model gets.
        wanted: The name that was asked for, if one was.
        axes: Names of the settings that have several values.
        runs: Its runs by id, in order, each with the name that its model was given.
        asked: A digest of all that was asked for.
        verdict: What was decided, once all have ended.
        settled: Whether all that follows from the verdict is done.
        number: Grows with every sweep.
    """

    id: str
    name: str
    owner: str
    wanted: str | None
    created: str
    axes: tuple[str, ...]
    runs: dict[str, str]
    others: Others
    key: str | None
    asked: str
    verdict: Verdict | None = None
    settled: bool = False
    number: int = 0


class SweepPress(NamedTuple):
    """A press of Start: what is to be swept over, and by whom.

    Attributes:
        name: That the best model shall get, if one is given.
        settings: Of each training.
        axes: Names of the settings in which they differ.
        others: What becomes of the models that are not the best.
        owner: Who presses.
        asked: A digest of all that was asked for, by which the same request is known again.
        key: Idempotency key.
    """

    name: str | None
    settings: Sequence[TrainConfig]
    axes: tuple[str, ...]
    others: Others
    owner: str
    asked: str
    key: str | None = None


class SweepStore(RunStore):
    """All runs and all sweeps. Safe to use from several threads; raises what RunStore does."""

    _of_runs: dict[str, str] | None = None  # the sweep of each run that is of one

    def pressed_sweep(self, press: SweepPress) -> SweepRecord | None:
        """Return the sweep of an earlier press: with the same key, or under way with the same name and settings.

        Raises:
            Conflict: Something else was asked for under that key, or under the name of a sweep that is under way.
        """
        if press.key is not None:
            found = self._sweep("owner = ? AND key = ?", press.owner, press.key)
            if found and found.asked != press.asked:
                raise another_sweep(found.id)
            if found:
                return found
        if press.name is None:
            return None
        found = self._sweep("NOT settled AND owner = ? AND name = ?", press.owner, press.name)
        if found and (press.key is not None or found.asked != press.asked):
            raise under_way(found.name)
        return found

    def add_sweep(self, press: SweepPress, choose: ChooseNames) -> tuple[SweepRecord, bool]:
        """Queue all runs of a new sweep or none, unless it is there.

        Returns:
            The sweep, and whether it is new.

        Raises:
            Conflict: As `pressed_sweep` has it.
            ApiError: All of them are more than one person may have.
        """
        with self._transaction():
            if found := self.pressed_sweep(press):
                return found, False
            self._check_quota(press.owner, len(press.settings))
            name, models = choose(press.name, len(press.settings), self._held())
            pressed = [Press(None, settings, owner=press.owner) for settings in press.settings]
            made = SweepRecord(
                id=secrets.token_hex(8),
                name=name,
                owner=press.owner,
                wanted=press.name,
                created=datetime.now(UTC).isoformat(timespec="milliseconds"),
                axes=press.axes,
                runs={self._insert(each, model): model for each, model in zip(pressed, models, strict=True)},
                others=press.others,
                key=press.key,
                asked=press.asked,
            )
            row = (made.id, name, made.owner, made.wanted, made.created, json.dumps(made.axes), json.dumps(made.runs))
            self._database.execute(
                f"INSERT INTO sweeps ({SWEEP_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, 0)",
                (*row, made.others, made.key, made.asked),
            )
            self._seal_sweep(made.id)
            self._of_runs = None
            return self.sweep(made.id), True

    def sweep(self, id: str) -> SweepRecord:
        """Return one sweep.

        Raises:
            ApiError: There is none of that id.
        """
        found = self._sweep("id = ?", id)
        if found is None:
            raise sweep_not_found(id)
        return found

    def sweeps(self, after: int, limit: int, owner: str | None) -> tuple[list[SweepRecord], int, int]:
        """Return some sweeps, newest first, what leads to the next page, 0 on the last, and how many there are.

        Args:
            after: The number of the last one of the page before; 0 for the first page.
            limit: How many, at most.
            owner: Whose they are; everybody's if none is named.
        """
        wanted, whose = ("1", ()) if owner is None else ("owner = ?", (owner,))
        before = ("AND number < ?", (after,)) if after else ("", ())
        with self._lock:
            query = f"{wanted} {before[0]} ORDER BY number DESC LIMIT ?"
            found = self._sweeps(query, *whose, *before[1], limit + 1)
            ((total,),) = self._rows(f"SELECT count(*) FROM sweeps WHERE {wanted}", *whose)
        return found[:limit], found[limit - 1].number if len(found) > limit else 0, int(total)

    def unsettled(self) -> list[SweepRecord]:
        """Return the sweeps that are not over, the oldest first."""
        return self._sweeps("NOT settled ORDER BY number")

    def decide(self, id: str, verdict: Verdict) -> None:
        """Store what was decided, before anything is done about it."""
        self._change(id, "verdict = ?", verdict.model_dump_json())

    def settle(self, id: str) -> None:
        """Store that all that follows from the verdict is done."""
        self._change(id, "settled = 1")

    def of_sweep(self, record: SweepRecord) -> list[Record]:
        """Return the runs of a sweep, in order."""
        known = {run.id: run for run in self._select(f"id IN ({', '.join('?' * len(record.runs))})", *record.runs)}
        return [known[id] for id in record.runs]

    def sweep_of(self, run: str) -> str | None:
        """Return the sweep that a run is of, if it is of one."""
        with self._lock:
            if self._of_runs is None:
                rows = self._rows("SELECT id, runs FROM sweeps")
                self._of_runs = {each: id for id, runs in rows for each in json.loads(runs)}
            return self._of_runs.get(run)

    def _held(self) -> list[Held]:
        names = self._rows("SELECT lower(name), owner FROM sweeps WHERE NOT settled")
        return [*super()._held(), *(Held(*row) for row in names)]

    def _change(self, id: str, what: str, *values: object) -> None:
        with self._transaction():
            self._database.execute(f"UPDATE sweeps SET {what} WHERE id = ?", (*values, id))
            self._seal_sweep(id)

    def _seal_sweep(self, id: str) -> None:
        self._database.execute(f"UPDATE sweeps SET checksum = {SWEEP_CHECKSUM} WHERE id = ?", (id,))

    def _sweep(self, where: str, *values: object) -> SweepRecord | None:
        return next(iter(self._sweeps(where, *values)), None)

    def _sweeps(self, where: str, *values: object) -> list[SweepRecord]:
        return [
            _record(*row) for row in self._rows(f"SELECT {SWEEP_COLUMNS}, number FROM sweeps WHERE {where}", *values)
        ]


def _record(*row: Any) -> SweepRecord:
    id, name, owner, wanted, created, axes, runs, others, key, asked, verdict, settled, number = row
    found = verdict and Verdict.model_validate_json(verdict)
    known = (tuple(json.loads(axes)), json.loads(runs), others, key, asked)
    return SweepRecord(id, name, owner, wanted, created, *known, found, bool(settled), number)


def sweep_not_found(id: str) -> ApiError:
    """Return the refusal of a sweep that is not there, or not for whoever asks."""
    return ApiError(404, "sweep_not_found", f"There is no sweep {id}.")


def another_sweep(id: str) -> Conflict:
    """Return the refusal of a key with which another sweep was started."""
    return Conflict(
        f"key: sweep {id} was started with this key and other settings: take another key for another sweep."
    )


def under_way(name: str) -> Conflict:
    """Return the refusal of a sweep under the name of one that is under way."""
    return Conflict(f"Sweep {name} is under way already: wait for it, stop it, or choose another name.")
