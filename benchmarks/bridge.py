"""How quick is the bridge? Starts a real server in an empty home and prints a table.

    python benchmarks/bridge.py [--calls 200] [--seconds 20] [--presets fast tutorial unconditional]

Cold start, memory, round trips of Generate at rest and beside a training, the training's pace alone and under that
load. Machines differ and are noisy: read the ratios.
"""

from __future__ import annotations

import argparse
import http.client
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import psutil

from ganmnist import PRESETS

FRAME = 1 / 60  # seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=20, help="for which each preset's pace is taken (default: 20)")
    parser.add_argument("--presets", nargs="+", choices=PRESETS, default=list(PRESETS), help="whose pace is taken")
    options = parser.parse_args()
    calls, seconds = options.calls, options.seconds
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        for mock in (True, False):
            with Server(home, mock) as server:
                row("mock" if mock else "server", "first answer of /api/health", f"{server.ready * 1e3:.0f} ms")
                started = time.perf_counter()
                server.generate()
                row("", "first digit after that", f"{(time.perf_counter() - started) * 1e3:.0f} ms")
                row("", "memory", f"{server.memory():.0f} MB")
        with Server(home) as server:
            server.generate()
            for form in ("images", "relief", "mesh", "points"):
                row("at rest", f"Generate one digit as {form}", spread(server.times(calls, form=form)))
            row("", "Generate 16 digits as relief", spread(server.times(-(-calls // 4), count=16)))
            id = server.start(seconds=1000, model="running")
            server.wait(id, steps=20)
            alone = server.pace(id, lambda: time.sleep(seconds / 4))
            loaded = [*server.times(calls, pause=FRAME, form="relief")]
            row("beside a training", "Generate one digit as relief, at 60 Hz at most", spread(loaded))
            row("", "training, steps a second alone", f"{alone:.1f}")
            busy = server.pace(id, partial(server.times, int(seconds / 4 / FRAME), pause=FRAME, form="relief"))
            row("", "training, share of that pace while sliders move", f"{busy / alone:.0%}")
            server.stop(id)
            for preset in options.presets:
                id = server.start(preset=preset, seconds=1000, model=preset)
                server.wait(id, steps=5)
                pace = server.pace(id, lambda: time.sleep(seconds))
                epoch = 60_000 // PRESETS[preset].batch_size
                row("training", f"{preset}: seconds for an epoch of 60,000", f"{epoch / pace:.0f}")
                server.stop(id)


class Server:
    """A server process with a connection to it."""

    def __init__(self, home: Path, mock: bool = False, options: tuple[str, ...] = ()) -> None:
        started = time.perf_counter()
        command = [sys.executable, "-m", "bridge_server", "serve", "--port", "0", "--data-dir", str(home), *options]
        if mock:
            command.append("--mock")
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        self.pid = self._process.pid
        found: dict = {}
        while found.get("pid") != self._process.pid:
            if self._process.poll() is not None:
                raise SystemExit("the server did not start")
            time.sleep(0.002)
            try:
                found = json.loads((home / "server.json").read_bytes())
            except (OSError, ValueError):
                continue
        self._token = found["token"]
        self.page = f"{found['url']}/#token={self._token}"
        self._connection = http.client.HTTPConnection("127.0.0.1", int(found["url"].rsplit(":", 1)[1]), timeout=60)
        self.call("GET", "/api/health")
        self.ready = time.perf_counter() - started

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()
        self._process.terminate()
        self._process.wait(20)

    def call(self, method: str, path: str, body: dict | None = None) -> dict:
        return json.loads(self.ask(method, path, None if body is None else json.dumps(body)))

    def ask(self, method: str, path: str, body: str | None) -> bytes:
        """Return the answer as it comes, up to its last byte."""
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        self._connection.request(method, path, body, headers)
        response = self._connection.getresponse()
        answer = response.read()
        if response.status >= 400:
            raise SystemExit(json.loads(answer)["error"]["message"])
        return answer

    def generate(self, **settings: object) -> dict:
        return self.call("POST", "/api/generate", settings)

    def times(self, calls: int, pause: float = 0.0, **settings: object) -> list[float]:
        """Return the seconds of every round trip; each asks for another digit, as a moving slider does."""
        seconds = []
        for number in range(calls):
            started = time.perf_counter()
            self.generate(latent=[number / calls], **settings)
            seconds.append(time.perf_counter() - started)
            time.sleep(max(0.0, pause - seconds[-1]))
        return seconds

    def start(self, **settings: object) -> str:
        return self.call("POST", "/api/runs", settings)["id"]

    def stop(self, id: str) -> None:
        self.call("POST", f"/api/runs/{id}/stop", {})
        while self.call("GET", f"/api/runs/{id}")["state"] in ("queued", "running"):
            time.sleep(0.1)

    def wait(self, id: str, steps: int) -> None:
        while self.call("GET", f"/api/runs/{id}")["step"] < steps:
            time.sleep(0.1)

    def pace(self, id: str, meanwhile: Callable[[], object]) -> float:
        """Return the steps a second of a run, by its own clock, while something is done."""
        before = self.call("GET", f"/api/runs/{id}")
        meanwhile()
        while (after := self.call("GET", f"/api/runs/{id}"))["step"] == before["step"]:
            time.sleep(0.05)
        return (after["step"] - before["step"]) / (after["seconds"] - before["seconds"])

    def memory(self) -> float:
        return psutil.Process(self._process.pid).memory_info().rss / 1e6


def row(when: str, what: str, figure: str) -> None:
    print(f"{when:<18} {what:<55} {figure}", flush=True)


def spread(seconds: list[float]) -> str:
    ordered = sorted(seconds)
    p95 = ordered[int(0.95 * len(ordered))]
    return f"median {statistics.median(ordered) * 1e3:.1f} ms, p95 {p95 * 1e3:.1f} ms"


if __name__ == "__main__":
    main()
