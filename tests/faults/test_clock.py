"""The wall clock is for show: deadlines, durations and the order of things hold though it jumps to and fro."""

from __future__ import annotations

import ast
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
# What only the wall clock can tell: when something began, for people; and how old a file is.
TOLD_BY_THE_WALL = {
    ("bridge_server/access/certificates.py", "datetime.now"),
    ("bridge_server/access/pinning.py", "datetime.now"),
    ("bridge_server/runs/store.py", "datetime.now"),
    ("bridge_server/runs/sweeps.py", "datetime.now"),
    ("bridge_server/runs/executors/node.py", "time.time"),
    ("ganmnist/models/manifest.py", "datetime.now"),
    ("bridge_server/runs/cleanup.py", "time.time"),
    ("ganmnist/storage/bundle.py", "time.time"),
}
_JUMPS = """
import random, time
_time = time.time
time.time = lambda: _time() + random.choice([-86400.0, 0.0, 86400.0])
"""


def test_nothing_else_asks_the_wall_clock():
    asked = set()
    for package in ("bridge_server", "ganmnist"):
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                    name = f"{node.value.id}.{node.attr}"
                    if name in ("time.time", "time.time_ns", "datetime.now", "datetime.utcnow", "datetime.today"):
                        asked.add((path.relative_to(ROOT).as_posix(), name))
    assert asked == TOLD_BY_THE_WALL


def test_runs_wait_train_stop_and_go_on_as_ever_while_the_clock_jumps_by_days(
    start_server, short, save_seconds, tmp_path
):
    habits = tmp_path / "habits" / "sitecustomize.py"
    habits.write_text(habits.read_text() + _JUMPS)
    server = start_server()
    endless = {**short, "images": None, "epochs": 10_000}
    first, second = (server.start_run(**endless) for _ in range(2))
    server.wait_for_step(first["id"])
    assert [run["id"] for run in server.call("GET", "/api/runs")[1]["runs"]] == [second["id"], first["id"]]

    server.trainers()[0].kill()
    server.wait_for_run(first["id"], "interrupted", seconds=2)
    server.wait_for_step(second["id"])
    pressed = time.monotonic()
    server.call("POST", f"/api/runs/{second['id']}/stop")
    server.wait_for_run(second["id"], "stopped", seconds=5.5)
    assert time.monotonic() - pressed < 5

    server.call("POST", f"/api/runs/{first['id']}/resume")
    run = server.wait_for_step(first["id"], 100)
    assert 0 < run["seconds"] < 60
    assert run["seconds_left"] > 0
