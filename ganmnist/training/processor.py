"""Who has this machine's processor: this process, other programs or nobody, by the system's own counters."""

from __future__ import annotations

import ctypes
import os
import sys
import time
from functools import cache
from pathlib import Path
from typing import NamedTuple

_STAT = Path("/proc/stat")
_SPARE = 0.35  # of a core may others take before it counts


class _Times(NamedTuple):
    """Seconds since some moment, of all cores together."""

    busy: float
    total: float
    own: float  # of this process


class OtherPrograms:
    """What other programs take of the cores that this process may run on.

    Attributes:
        cores: How many these are.
    """

    def __init__(self) -> None:
        self.cores = _cores()
        self._last = _times()

    def crowd(self, threads: int, share: float) -> bool:
        """Tell whether others, with such a share, take cores that so many threads of ours could use."""
        return self.cores * (1 - share) < min(self.cores, threads) - _SPARE

    def share(self) -> float | None:
        """Return the share, 0 to 1, that others had since this was last asked; None where the system does not say."""
        last, now = self._last, _times()
        self._last = now
        if last is None or now is None or now.total <= last.total:
            return None
        others = (now.busy - last.busy) - (now.own - last.own)
        return min(max(others / (now.total - last.total), 0.0), 1.0)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def _times() -> _Times | None:
    try:
        busy, total = _windows() if sys.platform == "win32" else _mac() if sys.platform == "darwin" else _linux()
    except (OSError, ValueError, AttributeError):  # a system that counts otherwise, or not at all
        return None
    return _Times(busy, total, time.process_time())


def _linux() -> tuple[float, float]:
    """Add up our cores in /proc/stat, see proc(5): user, nice, system, idle, iowait, irq, softirq, steal."""
    ours = {f"cpu{core}" for core in os.sched_getaffinity(0)} if sys.platform == "linux" else set()
    busy = total = 0
    for line in _STAT.read_text(encoding="ascii").splitlines():
        name, *ticks = line.split()
        if name in ours:
            numbers = [int(tick) for tick in ticks[:8]]
            total += sum(numbers)
            busy += sum(numbers) - sum(numbers[3:5])
    return busy / os.sysconf("SC_CLK_TCK"), total / os.sysconf("SC_CLK_TCK")


def _windows() -> tuple[float, float]:
    """Ask GetSystemTimes, whose numbers are tenths of microseconds; the kernel's time includes what nobody used."""
    idle, kernel, user = (ctypes.c_ulonglong() for _ in range(3))  # a FILETIME each, low half first
    if not ctypes.WinDLL("kernel32").GetSystemTimes(*(ctypes.byref(each) for each in (idle, kernel, user))):  # type: ignore[attr-defined,unused-ignore]
        raise OSError("GetSystemTimes refused")
    total = kernel.value + user.value
    return (total - idle.value) / 1e7, total / 1e7


def _mac() -> tuple[float, float]:
    """Ask host_statistics for HOST_CPU_LOAD_INFO: hundredths of seconds as user, system, idle and nice."""
    library, host = _mac_host()
    ticks, count = (ctypes.c_uint * 4)(), ctypes.c_uint(4)
    if library.host_statistics(host, 3, ctypes.byref(ticks), ctypes.byref(count)):
        raise OSError("host_statistics refused")
    return (sum(ticks) - ticks[2]) / 100, sum(ticks) / 100


@cache  # each asking for the host takes one of the few references to it that a process may have
def _mac_host() -> tuple[ctypes.CDLL, int]:
    library = ctypes.CDLL(None)
    return library, library.mach_host_self()
