"""The mock's sweeps, which are remembered as long as it lives."""

from __future__ import annotations

import threading
from dataclasses import replace

from bridge_server.runs.sweeps import (
    SweepPress,
    SweepRecord,
    Verdict,
    another_sweep,
    sweep_not_found,
    under_way,
)


class SweepBook:
    """All sweeps, by the rules of `SweepStore`. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._records: dict[str, SweepRecord] = {}

    def pressed(self, press: SweepPress) -> SweepRecord | None:
        """Return the sweep of an earlier press, as `SweepStore.pressed_sweep` does."""
        for record in self.of(press.owner):
            if press.key is not None and record.key == press.key:
                if record.asked != press.asked:
                    raise another_sweep(record.id)
                return record
        for record in self.of(press.owner):
            if press.name and not record.settled and record.name.lower() == press.name.lower():
                if press.key is not None or record.asked != press.asked:
                    raise under_way(record.name)
                return record
        return None

    def add(self, record: SweepRecord) -> SweepRecord:
        """Remember a sweep, and return it with its number."""
        with self._lock:
            self._records[record.id] = replace(record, number=len(self._records) + 1)
            return self._records[record.id]

    def find(self, id: str) -> SweepRecord:
        """Return one sweep.

        Raises:
            ApiError: There is none of that id.
        """
        with self._lock:
            if id not in self._records:
                raise sweep_not_found(id)
            return self._records[id]

    def of(self, owner: str | None) -> list[SweepRecord]:
        """Return somebody's sweeps or all, newest first."""
        with self._lock:
            return [record for record in reversed(self._records.values()) if owner in (None, record.owner)]

    def unsettled(self) -> list[SweepRecord]:
        """Return the sweeps that are not over, the oldest first."""
        return [record for record in reversed(self.of(None)) if not record.settled]

    def decide(self, id: str, verdict: Verdict) -> None:
        """Remember what was decided."""
        with self._lock:
            self._records[id] = replace(self._records[id], verdict=verdict)

    def settle(self, id: str) -> None:
        """Remember that all that follows is done."""
        with self._lock:
            self._records[id] = replace(self._records[id], settled=True)
