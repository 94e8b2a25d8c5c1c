"""Ray behind the seam: nodes of a Ray cluster, hired one for each training.

Each training has a driver of its own, so that the server never loads Ray: its client ends the whole process when the
cluster is gone for long. Between driver and node Ray speaks pickle, so a cluster that asks for no token is refused.
"""

from __future__ import annotations

import importlib.util
import logging
import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from bridge_server.runs.executors.cluster import ClusterProblem, NodeLost
from bridge_server.runs.executors.local import LocalProcesses
from bridge_server.runs.executors.node import About, Node, Piece, Report
from ganmnist.remedies import extra_missing

_log = logging.getLogger("ganmnist.ray")
COURIER = "bridge_server.runs.executors.courier"
_CONNECT_SECONDS = 30.0  # until an address is called one without a cluster
_GONE_SECONDS = 30.0  # without a word of the head after which a cluster is gone
_LOST_SECONDS = 30.0  # for a node to answer
_ASK_SECONDS = 3.0  # from one question to the head to the next
_CHECK_SECONDS = _CONNECT_SECONDS + 10
_REFUSED = "refused"  # what a token was
_HABITS = {
    "RAY_AUTH_MODE": "token",
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_DEDUP_LOGS": "0",
    # Longer than our own patience, whose sentence says what to do.
    "RAY_gcs_rpc_server_reconnect_timeout_s": "600",
}


def on_ray(address: str) -> LocalProcesses:
    """Return what has trainings carried out on a Ray cluster, which is tried out first.

    Args:
        address: HOST:PORT of its head.

    Raises:
        ClusterProblem: There is none, or it cannot be used; says what to do.
    """
    if importlib.util.find_spec("ray") is None:
        raise ClusterProblem(extra_missing("ray"))
    _try_out(address)
    return LocalProcesses(COURIER, address, environment={**os.environ, **_HABITS})


def _try_out(address: str) -> None:
    """Connect as a training does, and meanwhile with a token that cannot be right."""
    with ThreadPoolExecutor() as at_once:
        ours, wrong = at_once.map(partial(_connect, address), ({}, {"RAY_AUTH_TOKEN": secrets.token_hex(32)}))
    if ours == _REFUSED:
        raise ClusterProblem(
            f"The cluster at {address} has another token than this server: put the one of its head into "
            ".ray/auth_token in this user's folder, or into RAY_AUTH_TOKEN."
        )
    if ours:
        raise ClusterProblem(ours)
    if wrong != _REFUSED:
        raise ClusterProblem(
            f"The cluster at {address} takes anybody for its user: whoever reaches it can run programs on all nodes. "
            "Stop it (ray stop), make a token (ray get-auth-token --generate), give it to all nodes, and start each "
            "with RAY_AUTH_MODE=token in its environment."
        )


def _connect(address: str, changes: dict[str, str]) -> str:
    """Connect in a process of its own: nothing where that can be done, _REFUSED for the token, or what is wrong."""
    command = [sys.executable, "-m", "bridge_server.runs.executors.ray_cluster", address]
    environment = {**os.environ, **_HABITS, **changes}
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        late = threading.Timer(_CHECK_SECONDS, process.kill)
        late.start()
        try:
            for line in process.stderr:
                if "InvalidAuthToken" in line:  # it would ask again and again
                    process.kill()
                    return _REFUSED
            said = process.stdout.read().strip().splitlines()
            return said[-1] if said else _unreachable(address) if process.wait() else ""
        finally:
            late.cancel()


def _unreachable(address: str) -> str:
    return (
        f"No Ray cluster answers at {address}: start its head (ray start --head), and a node on this machine too (ray "
        "start --address); or name the address that ray start --head has printed."
    )


class RayCluster:
    """A Ray cluster, as one driver sees it.

    Args:
        address: HOST:PORT of its head.
        gone: Called, in a thread, with a sentence when the cluster does not answer any more; ends the process.

    Raises:
        ClusterProblem: It cannot be connected to.
    """

    def __init__(self, address: str, gone: Callable[[str], object]) -> None:
        os.environ.update({name: value for name, value in _HABITS.items() if name not in os.environ})
        waiting = threading.Timer(_CONNECT_SECONDS, gone, [_unreachable(address)])
        waiting.daemon = True
        waiting.start()
        import ray

        ours = signal.getsignal(signal.SIGTERM)
        try:
            ray.init(address=address, namespace=secrets.token_hex(8), log_to_driver=False, logging_level=logging.ERROR)
        except Exception as error:  # it has many kinds for this
            raise ClusterProblem(_refusal(address, error)) from None
        finally:
            waiting.cancel()
        signal.signal(signal.SIGTERM, ours)  # Ray's own would end the process with nothing said
        self._ray: Any = ray
        self._heard = time.monotonic()
        threading.Thread(target=self._listen, daemon=True).start()
        threading.Thread(target=self._watch, args=[address, gone], daemon=True).start()

    def hire(self, id: str, device: str, stop: Callable[[], bool]) -> _RayHost | None:
        """Hire a node, as `Cluster.hire`."""
        gpus = int(device not in ("auto", "cpu"))
        if gpus and not any(node["Alive"] and node["Resources"].get("GPU") for node in self._ray.nodes()):
            raise ClusterProblem(
                f"device: no node of the cluster has a GPU for {device}: choose cpu, or add such a node."
            )
        actor = (
            self._ray.remote(Node)
            .options(num_cpus=1, num_gpus=gpus, max_restarts=0, scheduling_strategy="SPREAD")
            .remote(id)
        )
        host = _RayHost(self._ray, actor)
        about = actor.about.remote()
        while not self._ray.wait([about], timeout=0.25)[0]:
            if stop():
                self._ray.kill(actor)
                return None
        host.about()
        return host

    def _listen(self) -> None:
        while True:
            try:
                self._ray.nodes()
                self._heard = time.monotonic()
            except Exception as error:  # it has many kinds for this; `_watch` says what it means
                _log.warning("the head of the cluster does not answer: %s", error)
            time.sleep(_ASK_SECONDS)

    def _watch(self, address: str, gone: Callable[[str], object]) -> None:
        while time.monotonic() - self._heard < _GONE_SECONDS:
            time.sleep(1.0)
        gone(f"The cluster at {address} has gone away: start its head again.")


class _RayHost:
    """A node of a Ray cluster: `cluster.Host`."""

    def __init__(self, ray: Any, actor: Any) -> None:
        self._ray, self._actor = ray, actor
        self._name = "of the cluster"

    def about(self) -> About:
        about: About = self._call("about")
        self._name = about.host
        return about

    def put(self, pieces: list[Piece]) -> None:
        self._call("put", pieces)

    def begin(self, data: str | None) -> None:
        self._call("begin", data)

    def look(self) -> Report:
        report: Report = self._call("look")
        return report

    def read(self, name: str, offset: int) -> bytes:
        content: bytes = self._call("read", name, offset)
        return content

    def ask(self) -> None:
        self._call("ask")

    def close(self) -> None:
        try:
            self._call("close")
        finally:
            self._ray.kill(self._actor)

    def _call(self, method: str, *arguments: object) -> Any:
        errors = self._ray.exceptions
        try:
            return self._ray.get(getattr(self._actor, method).remote(*arguments), timeout=_LOST_SECONDS)
        except errors.RayTaskError as error:
            raise ClusterProblem(f"The node {self._name} cannot do it ({error.cause}): see to that there.") from None
        except errors.RayError as error:
            words = str(error).strip()
            if "No module named" in words:
                raise ClusterProblem(
                    "A node has no ganmnist: install there what this server has, and start Ray there from that Python."
                ) from None
            if "creation task" in words:
                raise ClusterProblem(f"A node cannot begin ({words.splitlines()[-1]}): see to that there.") from None
            raise NodeLost(f"The node {self._name} was lost") from None


def _refusal(address: str, error: Exception) -> str:
    words = " ".join(str(error).split())
    if "ersion mismatch" in words:
        return f"The cluster at {address} has another Ray or Python than this server: {words[:300]}"
    return f"{_unreachable(address)} Ray says: {words[:200]}"


def _check() -> int:
    """Connect to the address on the command line; where that fails, print the reason in one line."""

    def gone(problem: str) -> None:
        print(problem, flush=True)
        os._exit(1)

    try:
        RayCluster(sys.argv[1], gone)
    except ClusterProblem as problem:
        gone(str(problem))
    os._exit(0)  # without Ray's farewells


if __name__ == "__main__":
    sys.exit(_check())
