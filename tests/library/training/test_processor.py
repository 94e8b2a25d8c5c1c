"""Who has the processor: as the system counts it."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from ganmnist.training import processor
from ganmnist.training.processor import OtherPrograms

KNOWN = sys.platform in ("linux", "win32", "darwin")


def work(seconds: float) -> None:
    """Take so much processor time."""
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


@pytest.mark.skipif(not KNOWN, reason="this system does not say")
def test_what_this_process_takes_is_none_of_others_and_what_a_neighbour_takes_is_theirs():
    if processor._times() is None:
        pytest.skip("the system does not say here")
    neighbour = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        time.sleep(0.3)
        others = OtherPrograms()
        begun = processor._times()
        time.sleep(1.5)
        beside = others.share()
        ended = processor._times()
    finally:
        neighbour.kill()
        neighbour.wait()
    assert 0.3 / others.cores < beside <= 1
    # Of the whole machine's time, as its cores and the clock say.
    assert ended.total - begun.total == pytest.approx(1.5 * others.cores, rel=0.3)
    begun = others._last
    work(0.4)
    share, ended = others.share(), others._last
    assert share * (ended.total - begun.total) <= max(ended.busy - begun.busy - 0.3, 0)


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux'")
def test_the_ticks_of_our_cores_alone_are_added_up_and_waiting_is_not_work(tmp_path, monkeypatch):
    stat = tmp_path / "stat"
    monkeypatch.setattr(processor, "_STAT", stat)
    monkeypatch.setattr(processor.os, "sched_getaffinity", lambda _: {0, 2})
    monkeypatch.setattr(processor.os, "sysconf", lambda _: 100)
    stat.write_text(
        "cpu  9 9 9 9 9 9 9 9 0 0\n"
        "cpu0 100 20 30 400 50 6 7 8 99 99\n"
        "cpu1 1000 1000 1000 1000 1000 0 0 0 0 0\n"
        "cpu2 100 0 0 100 0 0 0 0 0 0\n"
        "intr 5\n"
    )
    assert processor._linux() == pytest.approx((2.71, 8.21))


def test_where_the_system_says_nothing_nothing_is_made_up(monkeypatch):
    def refuse():
        raise OSError("no counters")

    for name in ("_linux", "_windows", "_mac"):
        monkeypatch.setattr(processor, name, refuse)
    assert OtherPrograms().share() is None


def test_counters_that_stand_still_say_nothing(monkeypatch):
    for name in ("_linux", "_windows", "_mac"):
        monkeypatch.setattr(processor, name, lambda: (0.0, 0.0))
    assert OtherPrograms().share() is None
