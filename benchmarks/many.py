"""Does it matter how many models and runs there are? Fills a home with 10, 500 and 10,000, and prints a table.

    python benchmarks/many.py

Each home has a server of its own, a real one. The models are tiny and share one file of weights; each comes from a run
that has ended. Times are of whole requests over one connection, the median and the slowest of some: the first of each
is left out, since it reads what the others find in memory. It takes two minutes.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from load import Server

from ganmnist.config import TrainConfig
from ganmnist.models.manifest import ModelManifest, manifest_values
from ganmnist.networks.build import build_generator
from ganmnist.networks.spec import ModelConfig
from ganmnist.storage import bundle

COUNTS = (10, 500, 10_000)
TRIES = 15
_PATIENCE = 20.0  # seconds for all tries of one call
NETWORKS = {
    "latent_dim": 4,
    "generator": {
        "layers": [{"layer": "Dense", "units": 784}, {"layer": "Reshape", "shape": [1, 28, 28]}, {"layer": "Tanh"}]
    },
    "discriminator": {"layers": [{"layer": "Flatten"}, {"layer": "Dense", "units": 1}, {"layer": "Sigmoid"}]},
}
# As the first versions made it: whatever came later is added when the store is opened.
_RUNS = """
CREATE TABLE runs (id TEXT PRIMARY KEY, model TEXT NOT NULL COLLATE NOCASE, state TEXT NOT NULL, settings TEXT NOT NULL,
    key TEXT, created TEXT NOT NULL, turn INTEGER NOT NULL, reason TEXT, problem TEXT) STRICT;
"""
CALLS: dict[str, tuple[str, str, Callable[[int], dict[str, Any] | None]]] = {
    "generate, of a model by its name": ("POST", "/api/generate", lambda count: {"model": f"m-{count // 2}"}),
    "generate, of the bundled model": ("POST", "/api/generate", lambda count: {}),
    "GET /api/models": ("GET", "/api/models", lambda count: None),
    "GET /api/runs": ("GET", "/api/runs", lambda count: None),
    "GET /api/server": ("GET", "/api/server", lambda count: None),
    "start a run, and stop it": ("POST", "/api/runs", lambda count: {"networks": NETWORKS, "images": 96}),
}


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--counts", type=int, nargs="+", default=COUNTS)
    counts = options.parse_args().counts
    found: dict[str, list[str]] = {}
    for count in counts:
        with tempfile.TemporaryDirectory() as folder:
            home = Path(folder) / "home"
            fill(home, count)
            for what, words in measure(home, count).items():
                found.setdefault(what, []).append(words)
        print(f"{count:,} are measured", file=sys.stderr, flush=True)
    print(f"| ms, median (slowest) | {' | '.join(f'{count:,}' for count in counts)} |")
    print(f"| --- | {' | '.join('--:' for _ in counts)} |")
    for what, cells in found.items():
        print(f"| {what} | {' | '.join(cells)} |")


def fill(home: Path, count: int) -> None:
    """Make a home with so many models, and as many runs that have ended."""
    networks = ModelConfig.model_validate(NETWORKS)
    config = TrainConfig(networks=networks)
    first = home / "models" / f"{0:016x}"
    tick = json.dumps(
        {"tick": 1, "epoch": 2, "step": 6, "percent": 100.0, "seconds": 1.0, "loss_d": 1.0, "loss_g": 1.0}
    )
    for number in range(count):
        folder = home / "models" / f"{number:016x}"
        manifest = ModelManifest(
            id=folder.name,
            name=f"m-{number}",
            created=f"2026-01-01T{number // 3600:02}:{number // 60 % 60:02}:{number % 60:02}.000+00:00",
            data="MNIST",
            preset=None,
            networks=networks,
            settings=config,
            epoch=2,
            step=6,
            seconds=1.0,
            finished=True,
        )
        if not number:
            bundle.save(folder / "model.json", manifest_values(manifest), build_generator(networks).state_dict())
            (weights,) = first.glob("*.safetensors")
            stored = bundle.read_manifest(first / "model.json")
        else:
            folder.mkdir()
            os.link(weights, folder / weights.name)
            values = {**stored, **manifest_values(manifest)}
            (folder / "model.json").write_bytes(bundle.manifest_bytes(values))
        (folder / "progress.jsonl").write_text(f"{tick}\n")
    with sqlite3.connect(home / "runs.sqlite") as database:
        database.executescript(_RUNS)
        settings = config.model_dump_json()
        database.executemany(
            "INSERT INTO runs VALUES (?, ?, 'succeeded', ?, NULL, '2026-01-01T00:00:00.000+00:00', ?, NULL, NULL)",
            ((f"{number:016x}", f"m-{number}", settings, number + 1) for number in range(count)),
        )
    database.close()


def measure(home: Path, count: int) -> dict[str, str]:
    """Return what each call takes, in words; and what a command of the command line takes, which finds all anew."""
    found = {}
    with Server(home) as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
        headers = {"Authorization": f"Bearer {server.token}", "Content-Type": "application/json"}

        def ask(method: str, path: str, body: dict[str, Any] | None) -> Any:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            response = connection.getresponse()
            content = response.read()
            assert response.status in (200, 201), content
            return json.loads(content)

        for what, (method, path, body) in CALLS.items():
            times: list[float] = []
            while len(times) <= TRIES and sum(times) < _PATIENCE:
                began = time.perf_counter()
                answer = ask(method, path, body(count))
                times.append(time.perf_counter() - began)
                if "stop" in what:
                    ask("POST", f"/api/runs/{answer['id']}/stop", {})
            found[what] = _words(times[1:] or times)
        connection.close()
    command = [sys.executable, "-m", "ganmnist", "models"]
    times = []
    for _ in range(3):
        began = time.perf_counter()
        done = subprocess.run(
            command, env={**os.environ, "GANMNIST_HOME": str(home)}, capture_output=True, check=True, timeout=120
        )
        times.append(time.perf_counter() - began)
        assert b"m-" in done.stdout
    found["the command ganmnist models"] = _words(times)
    return found


def _words(times: list[float]) -> str:
    return f"{statistics.median(times) * 1e3:.0f} ({max(times) * 1e3:.0f})"


if __name__ == "__main__":
    main()
