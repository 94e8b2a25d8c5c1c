"""What does a training on a cluster cost, and what becomes of it when its node dies? Prints a table.

    python benchmarks/cluster.py [--runs 8] [--kills 10] [--steps 2000]

Needs the extra `ray`. A head and two nodes of one CPU each are processes of this machine, on 127.0.0.2 and with a token
of their own. Two servers, one with them and one without, train the same seeds on one thread, tiny networks on 128
images, for it is not about training. A node is killed with all its processes once a run has a checkpoint; checkpoints
are half a second apart, in place of thirty.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import secrets
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import psutil
from bridge import Server as _Server
from bridge import row
from many import NETWORKS

from ganmnist.data.idx import write_idx
from ganmnist.data.load import MNIST

ROOT = Path(__file__).resolve().parents[1]
HERE = "127.0.0.2"  # Ray takes 127.0.0.1 for another name of the address on the network
PATIENCE = 300.0  # seconds for any one thing
_HABITS = """
import os, sys
os.cpu_count = lambda: 1  # one thread, which gives the same bits
if "bridge_server.runs.worker" in sys.orig_argv:
    import ganmnist.training.loop as training
    training._SAVE_SECONDS = 0.5
"""


class Server(_Server):
    """A server that is asked now and then, over a new connection each time: idle ones are closed."""

    def ask(self, method: str, path: str, body: str | None) -> bytes:
        self._connection.close()
        return super().ask(method, path, body)


class Cluster:
    """A head and two nodes of this machine."""

    def __init__(self) -> None:
        from ray.cluster_utils import Cluster as RayCluster

        small = {"object_store_memory": 100_000_000, "include_dashboard": False, "node_ip_address": HERE}
        self._small = small
        self._cluster = RayCluster(initialize_head=True, head_node_args={"num_cpus": 0, **small})
        self.address: str = self._cluster.address
        self.nodes = [self._cluster.add_node(num_cpus=1, **small) for _ in range(2)]

    def raylets(self) -> list[psutil.Process]:
        return [psutil.Process(_raylet(node)) for node in self.nodes]

    def kill(self, raylet: psutil.Process) -> None:
        """Kill a node with all its processes, and add another."""
        for process in [raylet, *raylet.children(recursive=True)]:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        (dead,) = [node for node in self.nodes if _raylet(node) == raylet.pid]
        self.nodes.remove(dead)
        self._cluster.remove_node(dead, allow_graceful=False)
        self.nodes.append(self._cluster.add_node(num_cpus=1, **self._small))

    def close(self) -> None:
        self._cluster.shutdown()


def _raylet(node) -> int:
    return node.all_processes["raylet"][0].process.pid


def trainers(raylet: psutil.Process) -> list[psutil.Process]:
    found = []
    with suppress(psutil.NoSuchProcess):
        for process in raylet.children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                if "bridge_server.runs.worker" in process.cmdline():
                    found.append(process)
    return found


def wait(what: str, done: Callable[[], object]) -> float:
    """Wait until something is so, and return how long that took."""
    started = time.perf_counter()
    while not done():
        if time.perf_counter() - started > PATIENCE:
            raise SystemExit(f"{what}: not after {PATIENCE:.0f} s")
        time.sleep(0.02)
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=8, help="that are pressed at once (default: 8)")
    parser.add_argument("--kills", type=int, default=10, help="of nodes (default: 10)")
    parser.add_argument("--steps", type=int, default=2000, help="of each training that is killed (default: 2000)")
    options = parser.parse_args()
    if find_spec("ray") is None:
        raise SystemExit("ray is not installed: pip install -e '.[ray]'")
    with tempfile.TemporaryDirectory() as name, ExitStack() as ending:
        folder = Path(name)
        (folder / "sitecustomize.py").write_text(_HABITS)
        os.environ.update(
            PYTHONPATH=os.pathsep.join([name, str(ROOT), os.environ.get("PYTHONPATH", "")]),
            GANMNIST_DATA=str(few_images(folder / "images")),
            RAY_AUTH_MODE="token",
            RAY_AUTH_TOKEN=secrets.token_hex(32),
            RAY_USAGE_STATS_ENABLED="0",
            RAY_DISABLE_IMPORT_WARNING="1",
        )
        cluster = Cluster()
        ending.callback(cluster.close)
        homes = [folder / "local", folder / "cluster"]
        local = ending.enter_context(Server(homes[0]))
        spread = ending.enter_context(
            Server(homes[1], options=("--ray", cluster.address, "--slots", str(options.runs)))
        )
        first_previews(local, spread)
        bits(local, spread, homes)
        many(spread, cluster, homes[1], options.runs)
        kills(local, spread, cluster, homes, options.kills, options.steps)
        listeners(spread)


def few_images(folder: Path) -> Path:
    """Write 128 images in MNIST's files, too few for a judge."""
    chance = np.random.default_rng(0)
    for name in MNIST:
        write_idx(folder / f"{name}.gz", chance.integers(0, 10, (128, 28, 28) if "images" in name else 128, np.uint8))
    return folder


def start(server: Server, **settings: object) -> str:
    return server.start(networks=NETWORKS, batch_size=32, **settings)


def state(server: Server, id: str) -> str:
    return server.call("GET", f"/api/runs/{id}")["state"]


def finish(server: Server, id: str) -> None:
    wait("a run's end", lambda: state(server, id) not in ("queued", "running"))


def weights(home: Path, id: str) -> str:
    return json.loads((home / "models" / id / "model.json").read_bytes())["sha256"]


def first_previews(*servers: Server) -> None:
    """Seconds from the press of Train to the first preview, one server after the other, three times each."""
    for what, server in zip(("here", "on a node"), servers, strict=True):
        times = []
        for _ in range(3):
            id = start(server, steps=100_000)
            times.append(wait("a preview", partial(has_preview, server, id)))
            server.stop(id)
        row("first preview", what, f"{statistics.median(times):.1f} s, {max(times):.1f} s at worst of {len(times)}")


def has_preview(server: Server, id: str) -> bool:
    return server.call("GET", f"/api/runs/{id}")["preview"] > 0


def bits(local: Server, spread: Server, homes: list[Path]) -> None:
    same = 0
    for seed in (1, 2, 3):
        ids = [start(server, steps=40, seed=seed) for server in (local, spread)]
        for server, id in zip((local, spread), ids, strict=True):
            finish(server, id)
        here, there = (weights(home, id) for home, id in zip(homes, ids, strict=True))
        same += here == there
    row("same seed", "the same weights as here, to the bit", f"{same} of 3")


def many(spread: Server, cluster: Cluster, home: Path, runs: int) -> None:
    """Press many at once, and see which nodes are busy."""
    started = time.perf_counter()
    ids = [start(spread, steps=40, seed=seed) for seed in range(runs)]
    busy: dict[int, set[int]] = {}
    while any(state(spread, id) in ("queued", "running") for id in ids):
        for raylet in cluster.raylets():
            busy.setdefault(raylet.pid, set()).update(process.pid for process in trainers(raylet))
        time.sleep(0.1)
        if time.perf_counter() - started > PATIENCE:
            break
    done = [state(spread, id) for id in ids].count("succeeded")
    shares = " and ".join(str(len(pids)) for pids in busy.values())
    row("at once", f"{runs} runs over two nodes", f"{done} succeeded, trained {shares} to a node, {elapsed(started)}")


def kills(local: Server, spread: Server, cluster: Cluster, homes: list[Path], count: int, steps: int) -> None:
    """Kill the node of a run that has a checkpoint, again and again."""
    reference = start(local, steps=steps, seed=5)
    finish(local, reference)
    ended = same = 0
    silent, lost = [], []
    for number in range(1, count + 1):
        id = start(spread, steps=steps, seed=5)
        folder = homes[1] / "models" / id / "checkpoints"
        wait("a checkpoint", lambda folder=folder: any(folder.glob("*.json")))
        time.sleep(random.uniform(0, 0.5))
        node = next((raylet for raylet in cluster.raylets() if trainers(raylet)), None)
        if node is None:
            raise SystemExit("the run ended before its node could be killed: more --steps")
        before = spread.call("GET", f"/api/runs/{id}")["step"]
        saved = max(int(path.stem.removeprefix("step-")) for path in folder.glob("*.json"))
        killed = time.perf_counter()
        cluster.kill(node)
        wait("it goes on", lambda id=id, step=before: goes_on(spread, id, step))
        silent.append(time.perf_counter() - killed)
        lost.append(max(0, before - saved))
        finish(spread, id)
        ended += state(spread, id) == "succeeded"
        same += weights(homes[1], id) == weights(homes[0], reference)
        print(f"kill {number} of {count}: {ended} ended, {same} with the same bits", file=sys.stderr, flush=True)
    row("kill -9", "runs that ended by themselves, on another node", f"{ended} of {count}")
    row("", "with the bits of the one that was never cut", f"{same} of {count}")
    row("", "steps since the checkpoint", f"{statistics.median(lost):.0f}, {max(lost)} at worst")
    row(
        "", "until they went beyond where they were", f"{statistics.median(silent):.1f} s, {max(silent):.1f} s at worst"
    )


def goes_on(server: Server, id: str, step: int) -> bool:
    run = server.call("GET", f"/api/runs/{id}")
    return run["step"] > step or run["state"] not in ("queued", "running")


def listeners(spread: Server) -> None:
    """List the addresses on which the server and the drivers of its runs listen."""
    id = start(spread, steps=100_000)
    wait("a step", lambda: spread.call("GET", f"/api/runs/{id}")["step"])
    server = psutil.Process(spread.pid)
    for what, processes in (("the server", [server]), ("the driver of a run", server.children(recursive=True))):
        found = [each.laddr for process in processes for each in process.net_connections() if each.status == "LISTEN"]
        row("listeners", what, ", ".join(f"{address.ip}:{address.port}" for address in found) or "none")
    spread.stop(id)


def elapsed(started: float) -> str:
    return f"{time.perf_counter() - started:.0f} s"


if __name__ == "__main__":
    main()
