"""Does one client, or a training, slow the others down? Starts a real server in an empty home and prints a table.

    python benchmarks/load.py

Clients ask for digits, each over a connection of its own and by the clock, whether the answer before has come or not: a
request that has to wait is late from the moment at which it was meant to be sent. One more asks for /api/health. All
loads, those beside the floods of `floods.py` too, run at rest and beside a training, twice over, since machines are
noisy: the table shows the best round and, in brackets, the others. It takes seven minutes; `--rounds 5` more.
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import json
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import psutil
from floods import FLOODS, Connection, Flood

ROUNDS = 2
SECONDS = 7.0  # of a load
ALONE = 8.0  # seconds for which the training has the machine to itself
HEALTHY = 5  # questions a second for the server's health
_MNIST = Path(__file__).resolve().parents[2] / "shared" / "mnist"


class Figures(NamedTuple):
    """What came of a load."""

    median: float  # ms
    p95: float  # ms
    per_second: float
    health: float  # p95, ms
    refused: int  # of the polite ones
    flood: Counter[str]  # how the flood was answered


class Load(NamedTuple):
    """Polite clients, perhaps beside one that floods."""

    what: str
    clients: int
    rate: float  # requests a second, of each
    flood: Flood | None = None


class Promise(NamedTuple):
    """What is promised of a load beside a training."""

    words: str
    holds: Callable[[Figures], bool]


PACED = Load("30 clients, 5/s each", 30, 5)  # beside which the training's pace is taken
LOADS: dict[Load, Promise | None] = {
    Load("1 client, 30/s", 1, 30): Promise("p95 <= 20 ms", lambda found: found.p95 <= 20),
    PACED: Promise("p95 <= 150 ms", lambda found: found.p95 <= 150),
    Load("30 clients, 10/s each", 30, 10): Promise(">= 250 requests/s", lambda found: found.per_second >= 250),
    Load("5 clients, 5/s each", 5, 5): None,
}
BESIDE_A_FLOOD = Promise("p95 <= 200 ms, health <= 50", lambda found: found.p95 <= 200 and found.health <= 50)
LOADS |= {Load(f"the same beside {flood.what}", 5, 5, flood): BESIDE_A_FLOOD for flood in FLOODS}


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure how long clients wait, at rest and beside a training.")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"how often (default: {ROUNDS})")
    parser.add_argument("--seconds", type=float, default=SECONDS, help=f"of each load (default: {SECONDS:g})")
    parser.add_argument("--floods", type=int, default=len(FLOODS), help="only so many floods, from the first")
    options = parser.parse_args()
    rounds, seconds = options.rounds, options.seconds
    loads = [load for load in LOADS if load.flood is None or load.flood in FLOODS[: options.floods]]
    if _MNIST.is_dir():
        os.environ.setdefault("GANMNIST_DATA", str(_MNIST))
    others = psutil.cpu_percent(2)
    rest: dict[Load, list[Figures]] = {load: [] for load in loads}
    beside: dict[Load, list[Figures]] = {load: [] for load in loads}
    paces: list[tuple[float, float]] = []
    with tempfile.TemporaryDirectory() as home, Server(Path(home)) as server, processes() as pool:

        def note(figures: dict[Load, list[Figures]], load: Load) -> None:
            figures[load].append(measure(load, seconds, server.port, server.token, pool))

        for number in range(1, rounds + 1):
            for load in loads:
                note(rest, load)
            with server.training(f"round-{number}") as pace:
                alone = pace(lambda: time.sleep(min(seconds, ALONE)))
                for load in loads:
                    if load == PACED:
                        paces.append((alone, pace(partial(note, beside, load))))
                    else:
                        note(beside, load)
            print(f"round {number} of {rounds} is done", file=sys.stderr, flush=True)
    print(f"{psutil.cpu_count()} cores, of which other programs took {others:.0f} % before this began\n")
    show(rest, beside)
    for alone, loaded in paces:
        words = f"{alone:.1f} steps/s alone, {loaded:.1f} beside {PACED.what}: {loaded / alone:.0%}"
        print(f"training: {words} (promised: >= 50 %)")
    for load in loads:
        answers = sum((found.flood for found in rest[load] + beside[load]), Counter())
        if load.flood and answers:
            words = ", ".join(f"{what}: {count:,}" for what, count in answers.most_common())
            print(f"{load.flood.what}: answered {words}")


def processes() -> ProcessPoolExecutor:
    """Return the processes from which loads come: one for the polite clients, one for the flood."""
    return ProcessPoolExecutor(2, multiprocessing.get_context("spawn"))


def measure(load: Load, seconds: float, port: int, token: str, pool: ProcessPoolExecutor) -> Figures:
    """Put a load on a server for some seconds."""
    before = min(0.5, seconds)  # for which the flood pours already, and for which it goes on
    flood = pool.submit(_in_loop, load.flood.pour, port, token, seconds + 2 * before) if load.flood else None
    if flood:
        time.sleep(before)
    polite = pool.submit(_in_loop, _polite, port, token, seconds, load.clients, load.rate).result()
    return Figures(*polite, flood.result() if flood else Counter())


def show(rest: dict[Load, list[Figures]], beside: dict[Load, list[Figures]]) -> None:
    print(
        "| load | at rest: p50, p95, health p95, ms | beside a training | p95 ratio, <= 3 | requests/s | promised | |"
    )
    print("| --- | --- | --- | --: | --- | --- | --- |")
    for load in rest:
        promise = LOADS[load]
        quiet, busy = sorted(rest[load], key=_p95), sorted(beside[load], key=_p95)
        cells = [
            load.what,
            _all(quiet, _times),
            _all(busy, _times),
            f"{busy[0].p95 / quiet[0].p95:.1f}",
            _all(busy, lambda found: f"{found.per_second:.0f}"),
            promise.words if promise else "",
            ("holds" if promise.holds(busy[0]) else "FAILS") if promise else "",
        ]
        print(f"| {' | '.join(cells)} |")
    print()
    refused = sum(found.refused for side in (rest, beside) for each in side.values() for found in each)
    if refused:
        print(f"{refused} requests of polite clients were refused!")


def _times(found: Figures) -> str:
    return f"{found.median:.1f}, {found.p95:.1f}, {found.health:.1f}"


def _p95(found: Figures) -> float:
    return found.p95


def _all(found: list[Figures], words: Callable[[Figures], str]) -> str:
    best, *others = (words(each) for each in found)
    return f"{best} ({'; '.join(others)})"


def _in_loop(load: Callable[..., Any], *arguments: object) -> Any:
    """Run a load in a process of its own."""
    return asyncio.run(load(*arguments))


async def _polite(
    port: int, token: str, seconds: float, clients: int, rate: float
) -> tuple[float, float, float, float, int]:
    connections = [await Connection.open(port, token, f"polite-{number}") for number in range(clients)]
    doctor = await Connection.open(port, token, "doctor")
    start = time.perf_counter() + 0.1
    times: list[float] = []
    healthy: list[float] = []
    refused = 0

    async def ask(connection: Connection, latent: float) -> int:
        status, _ = await connection.post("/api/generate", json.dumps({"latent": [latent]}).encode())
        return status

    async def look() -> int:
        status, _ = await doctor.get("/api/health")
        return status

    async def by_the_clock(rate: float, late: float, kept: list[float], send: Callable[[int], Awaitable[int]]) -> None:
        nonlocal refused
        for turn in range(int(rate * seconds)):
            due = start + (turn + late) / rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            status = await send(turn)
            kept.append(time.perf_counter() - due)
            refused += status != 200

    async def one(number: int, connection: Connection) -> None:  # no two ask for the same
        await by_the_clock(
            rate, number / clients, times, lambda turn: ask(connection, (turn * clients + number) / 1000)
        )

    await asyncio.gather(
        *(one(number, connection) for number, connection in enumerate(connections)),
        by_the_clock(HEALTHY, 0.5, healthy, lambda _: look()),
    )
    per_second = len(times) / (time.perf_counter() - start)
    for connection in (*connections, doctor):
        connection.close()
    return statistics.median(times) * 1e3, _late(times), per_second, _late(healthy), refused


def _late(times: list[float]) -> float:
    """Return the 95th percentile in ms."""
    return sorted(times)[int(0.95 * len(times))] * 1e3


class Server:
    """A server process."""

    def __init__(self, home: Path) -> None:
        command = [sys.executable, "-m", "bridge_server", "serve", "--port", "0", "--data-dir", str(home)]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        self.pid = self._process.pid
        found: dict[str, Any] = {}
        while found.get("pid") != self._process.pid:
            time.sleep(0.01)
            with suppress(OSError, ValueError):
                found = json.loads((home / "server.json").read_bytes())
        self.token = found["token"]
        self.port = int(found["url"].rsplit(":", 1)[1])
        self.call("POST", "/api/generate", {})  # the first one waits for torch

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(20)

    def call(self, method: str, path: str, body: dict[str, object] | None = None) -> dict[str, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        response = connection.getresponse()
        answer: dict[str, Any] = json.loads(response.read())
        connection.close()
        if response.status >= 400:
            raise SystemExit(answer["error"]["message"])
        return answer

    @contextmanager
    def training(self, model: str) -> Iterator[Callable[[Callable[[], object]], float]]:
        """Train meanwhile; yields what returns the steps a second, by the training's clock, while something is done."""
        path = f"/api/runs/{self.call('POST', '/api/runs', {'model': model, 'seconds': 1000})['id']}"

        def pace(meanwhile: Callable[[], object]) -> float:
            before = self.call("GET", path)
            meanwhile()
            while (after := self.call("GET", path))["step"] == before["step"]:
                time.sleep(0.05)
            return float((after["step"] - before["step"]) / (after["seconds"] - before["seconds"]))

        while self.call("GET", path)["step"] < 20:
            time.sleep(0.1)
        yield pace
        self.call("POST", f"{path}/stop", {})
        while self.call("GET", path)["state"] == "running":
            time.sleep(0.1)


if __name__ == "__main__":
    main()
