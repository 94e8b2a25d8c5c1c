"""A training on a cluster, as its process on the server's machine: it trains nothing, and has it done on a node.

It hears the server and writes into the run's folder as the worker does, so that all promises about a training process
hold for it. A node that is lost costs what it did since its last checkpoint: the training goes on on another one.
"""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

from filelock import FileLock

from bridge_server.runs.executors.base import Ended
from bridge_server.runs.executors.cluster import Cluster, ClusterProblem, Host, NodeLost
from bridge_server.runs.executors.node import About
from bridge_server.runs.executors.relay import Receiver, Shipment
from bridge_server.runs.progress import TickWriter
from bridge_server.runs.protocol import FAILURE, SETTINGS, Exit
from bridge_server.runs.quotas import ROOM
from bridge_server.runs.worker import DiskSpaceMonitor, carry_out
from ganmnist.config import TrainConfig
from ganmnist.models.store import ModelStore
from ganmnist.storage.atomic import read_json, write_json
from ganmnist.validation import read_settings

_LOOK_SECONDS = 0.25  # from one report of the node to the next, and where the end is near
_LAST_LOOK_SECONDS = 0.05
_MOST_LOSSES = 3  # of nodes in a row, without a checkpoint from any of them
_log = logging.getLogger("ganmnist.courier")


class _Errand:
    """A training that is carried to a node, and to another when that is lost.

    Args:
        folder: Of the run.
        cluster: Where the nodes are.
        stop: Tells whether it is to end.
    """

    def __init__(self, folder: Path, cluster: Cluster, stop: Callable[[], bool]) -> None:
        request = read_json(folder / SETTINGS)
        home = folder.parents[1]
        self._settings = read_settings(TrainConfig, request["settings"])
        self._model = ModelStore(home).folder(folder.name, request["model"])
        self._cluster, self._stop = cluster, stop
        self._ticks = TickWriter(folder)
        self._disk = DiskSpaceMonitor(folder)
        self._lost: str | None = None  # what became of the node before
        self._receiver = Receiver(self._model, self._ticks, _to_log)
        self._ship = partial(Shipment, self._model, request, self._settings, home, self._note)

    def run(self) -> Exit:
        """Have it trained, and tell how that ended."""
        if self._disk.is_low():
            return Exit.DISK_FULL
        losses = 0
        while True:
            saved = self._receiver.saved
            try:
                return self._on_a_node()
            except NodeLost as error:
                _log.warning("%s", error)
                if self._stop():
                    return Exit.SAVED
                losses = 1 if self._receiver.saved > saved else losses + 1
                if losses == _MOST_LOSSES:
                    raise ClusterProblem(
                        f"{error}, the last of {losses} nodes without a checkpoint from any: see to the cluster (ray "
                        "status)."
                    ) from None
                self._lost = f"{error}: the training goes on on another node."

    def _on_a_node(self) -> Exit:
        self._note(0, "waiting for a node")
        host = self._cluster.hire(self._model.id, self._settings.device, self._stop)
        if host is None:
            return Exit.SAVED
        try:
            about = host.about()
            _check_versions(about)
            _to_log(f"on node {about.host}\n".encode())
            self._note(0, "sending data to a node")
            shipment = self._ship()
            for pieces in shipment.pieces(self._lost):
                if self._stop():
                    return Exit.SAVED
                host.put(pieces)
            host.begin(shipment.data)
            return self._follow(host, about.host)
        finally:
            with suppress(NodeLost):
                host.close()

    def _follow(self, host: Host, name: str) -> Exit:
        """Take what comes of the training until it has ended."""
        asked = full = False
        while True:
            report = host.look()
            self._receiver.take(report, host.read)
            if report.ended:
                return self._judge(report.ended, name, full)
            full = full or self._disk.is_low()
            if (full or self._stop()) and not asked:
                host.ask()
                asked = True
            time.sleep(_LAST_LOOK_SECONDS if asked else _LOOK_SECONDS)

    def _judge(self, ended: Ended, host: str, full: bool) -> Exit:
        if full and ended.code == Exit.SAVED:
            return Exit.DISK_FULL
        if ended.code == Exit.DISK_FULL:
            room = f"a training leaves {ROOM // 1_000_000} MB free"
            return self._fail("disk_full", f"The disk of the node {host} is full: {room}. Make room there.")
        if ended.out_of_memory or ended.code == Exit.OUT_OF_MEMORY:
            return self._fail("out_of_memory", f"The node {host} ran out of memory. Close other programs there.")
        if ended.code in list(Exit):
            return Exit(ended.code)
        raise NodeLost(f"The training process on the node {host} was ended (exit status {ended.code})")

    def _fail(self, code: str, message: str) -> Exit:
        write_json(self._model.path / FAILURE, {"code": code, "message": message})
        return Exit.NODE

    def _note(self, percent: float, words: str) -> None:
        self._ticks.write(
            note=f"{words} - {percent:.0f} %" if percent else words, problem=self._lost, warnings=(), remarks=()
        )


def carry(open_cluster: Callable[[], Cluster], folder: Path, stop: Callable[[], bool]) -> Exit:
    """Have a node train what the folder says, as soon as nobody else does; what comes of it comes into the folder."""
    with FileLock(ModelStore(folder.parents[1]).folder(folder.name, "").lock):
        try:
            return _Errand(folder, open_cluster(), stop).run()
        except ClusterProblem as problem:
            write_json(folder / FAILURE, {"code": "node", "message": str(problem)})
            return Exit.NODE


def _check_versions(about: About) -> None:
    """Refuse a node on which the same seed would give another model.

    Raises:
        ClusterProblem: Another version of something is there.
    """
    here = About(about.host)
    for name in ("ganmnist", "python", "torch"):
        there, wanted = getattr(about, name), getattr(here, name)
        if there != wanted:
            raise ClusterProblem(
                f"The node {about.host} has {name} {there}, this server {wanted}: install the same there, "
                "start its Ray again."
            )


def _to_log(content: bytes) -> None:
    sys.stderr.buffer.write(content)
    sys.stderr.buffer.flush()


def main() -> int:
    """Carry out the training in a folder on a Ray cluster: `courier ADDRESS FOLDER`."""
    from bridge_server.runs.executors.ray_cluster import RayCluster

    address, path = sys.argv[1:]
    folder = Path(path)

    def gone(problem: str) -> None:
        """End at once: Ray's own calls may wait for ever."""
        write_json(folder / FAILURE, {"code": "node", "message": problem})
        os._exit(Exit.NODE)

    return carry_out(folder, partial(carry, partial(RayCluster, address, gone)))


if __name__ == "__main__":
    os._exit(main())  # Ray's farewells would take seconds
