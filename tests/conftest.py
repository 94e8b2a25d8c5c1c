"""What all tests share: a home of their own, the real MNIST where it is at hand, servers that are real processes."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import sysconfig
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from bridge_server.access import pinning
from tests.forked import ForkedServer

ROOT = Path(__file__).resolve().parents[1]
_MNIST = ROOT.parent / "shared" / "mnist"
if _MNIST.is_dir():
    os.environ["GANMNIST_DATA"] = str(_MNIST)
# Processes side by side would have their threads wait for each other; a training tries out by itself how many it has.
os.environ.setdefault("OMP_NUM_THREADS", "1")
_PYTHONPATH = os.environ.get("PYTHONPATH")
# As where the environment is active: commands are printed by their bare names.
os.environ["PATH"] = os.pathsep.join([sysconfig.get_path("scripts"), *filter(None, [os.environ.get("PATH")])])


def pytest_collection_modifyitems(items):
    """Run the slow files first: one that began last would have a processor to itself at the end."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


class Server:
    """A server process under test."""

    def __init__(
        self,
        home: Path,
        mock: bool,
        port: int,
        options: tuple[str, ...] = (),
        within: tuple[str, ...] = (),
        installed: Path | None = None,
        fresh: bool = False,
    ) -> None:
        self.home = home
        arguments = ["serve", "--port", str(port), "--data-dir", str(home), *options, *(["--mock"] if mock else [])]
        # An installed program finds its packages by itself; any other is that of this tree.
        paths = [] if installed else [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
        env = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
        self._output = home / "server-output.txt"
        changed = os.environ.get("PYTHONPATH") != _PYTHONPATH  # by a test that has other modules imported
        if os.name == "posix" and not (within or installed or fresh or changed):
            self.process = ForkedServer(arguments, home, self._output, env)
        else:
            program = [str(installed)] if installed else [sys.executable, "-m", "bridge_server"]
            with self._output.open("wb") as output:
                self.process = subprocess.Popen(
                    [*within, *program, *arguments],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    cwd=home,
                    env=env,
                    # On Windows only a process group can be sent a Ctrl-Break.
                    creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
                )
        if within:  # what is mounted for the server alone is seen through it
            self.home = Path(f"/proc/{self.process.pid}/root{home}")
        found = self._wait_for_discovery()
        self.url: str = found["url"]
        self.token: str = found["token"]
        self.fingerprint: str | None = found.get("fingerprint")
        self.host, port = self.url.partition("://")[2].split(":")
        self.port = int(port)

    def call(self, method: str, path: str, body=None, headers=None, timeout=30.0):
        """Send one request, with the token unless `headers` has an Authorization. Returns status and JSON answer."""
        status, _, content = self.raw(method, path, body, headers, timeout)
        return status, json.loads(content) if content[:1] in (b"{", b"[") else content

    def raw(self, method: str, path: str, body=None, headers=None, timeout=30.0):
        """Send one request and return status, headers and bytes. A body that is not bytes is sent as JSON."""
        sent = {"Authorization": f"Bearer {self.token}", **(headers or {})}
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        if body is not None:
            sent.setdefault("Content-Type", "application/json")
        connection = http.client.HTTPConnection(self.host, self.port, timeout=timeout)
        try:
            connection.connect()
            if self.fingerprint:
                connection.sock = pinning.wrap(connection.sock, self.url, self.host, self.fingerprint)
            connection.request(method, path, body, sent)
            response = connection.getresponse()
            return response.status, response.headers, response.read()
        finally:
            connection.close()

    def wait_for_run(self, id: str, *states: str, seconds: float = 60.0) -> dict:
        """Ask until the run is in one of the states, and return it."""
        deadline = time.monotonic() + seconds
        while True:
            status, run = self.call("GET", f"/api/runs/{id}")
            assert status == 200, run
            if run["state"] in states:
                return run
            assert time.monotonic() < deadline, f"run is {run['state']} ({run['text']}), not {states}: {self.output()}"
            time.sleep(0.05)

    def start_run(self, **settings) -> dict:
        """Start a training, or queue it, and return its run."""
        status, run = self.call("POST", "/api/runs", settings)
        assert status in (200, 201), run
        return run

    def wait_for_step(self, id: str, step: int = 1) -> dict:
        """Ask until the run has come to a step, and return it."""
        deadline = time.monotonic() + 60
        while (run := self.call("GET", f"/api/runs/{id}")[1])["step"] < step:
            assert time.monotonic() < deadline, run
            assert run["state"] in ("queued", "running"), run
            time.sleep(0.02)
        return run

    def train_on_trees(self) -> None:
        """Have a mock import a data set called trees and learn a model of that name from it."""
        assert self.call("POST", "/api/datasets", {"path": "/pictures/trees"})[0] == 200
        while self.call("GET", "/api/datasets/trees")[1]["state"] != "ready":
            time.sleep(0.02)
        self.wait_for_run(self.start_run(model="trees", data="trees")["id"], "succeeded")

    def trainers(self) -> list[psutil.Process]:
        """Return the training processes that this server has started and that are alive."""
        children = psutil.Process(self.process.pid).children()
        return [child for child in children if "bridge_server.runs.worker" in child.cmdline()]

    @staticmethod
    def wait_for_end(process: psutil.Process, seconds: float = 5.0) -> float:
        """Wait for a process that is nobody's child any more, and return how long that took."""
        started = time.monotonic()
        with suppress(psutil.NoSuchProcess):
            while process.status() != psutil.STATUS_ZOMBIE:  # which it stays where nobody collects it
                assert time.monotonic() < started + seconds, "the process lives on"
                time.sleep(0.02)
        return time.monotonic() - started

    def output(self) -> str:
        return self._output.read_text(errors="replace")

    def kill(self) -> None:
        """End the process as a crash would."""
        self.process.kill()
        self.process.wait(10)

    def stop(self) -> int:
        """Ask the process to end, as Ctrl-C does, and return its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT if os.name == "posix" else signal.CTRL_BREAK_EVENT)
        return self.process.wait(20)

    def _wait_for_discovery(self) -> dict:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with suppress(OSError, ValueError):
                found = json.loads((self.home / "server.json").read_bytes())
                if found["pid"] == self.process.pid:
                    return found
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        self.process.kill()
        raise AssertionError(f"the server did not start (exit status {self.process.wait()}): {self.output()}")


# Networks so small that a training is all bookkeeping.
TINY = {
    "latent_dim": 4,
    "generator": {
        "layers": [{"layer": "Dense", "units": 784}, {"layer": "Reshape", "shape": [1, 28, 28]}, {"layer": "Tanh"}]
    },
    "discriminator": {"layers": [{"layer": "Flatten"}, {"layer": "Dense", "units": 1}, {"layer": "Sigmoid"}]},
}


@pytest.fixture(scope="session")
def mnist_at_hand():
    """Skip what trains on MNIST itself where it is not."""
    if "GANMNIST_DATA" not in os.environ:
        pytest.skip("no MNIST here: put its four files into GANMNIST_DATA")


@pytest.fixture(scope="session")
def lan_address():
    """This machine's address on a network; skips where it is on none."""
    for addresses in psutil.net_if_addrs().values():
        for found in addresses:
            if found.family == socket.AF_INET and not found.address.startswith("127."):
                with suppress(OSError), socket.create_server((found.address, 0)):
                    return found.address
    return pytest.skip("this machine is on no network")


@pytest.fixture(scope="session")
def short():
    """Settings of a training that takes a moment."""
    return {"networks": TINY, "images": 96, "batch_size": 32, "epochs": 2}


@pytest.fixture(scope="session")
def endless():
    """Settings of a training that somebody has to stop."""
    return {"networks": TINY, "images": 6000, "batch_size": 32, "epochs": 10_000}


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A data directory for one test, in GANMNIST_HOME too."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("GANMNIST_HOME", str(folder))
    return folder


@pytest.fixture
def start_server(tmp_path):
    """Start servers that end with the test: start_server(home=None, mock=False, port=0, options=(), installed=None).

    They are forked from a process that has imported what they need, unless they are to be `fresh`: tests/forked.py.
    """
    yield from _servers(tmp_path)


@pytest.fixture(scope="module")
def start_shared_server(tmp_path_factory):
    """Start servers that all tests of a module share."""
    yield from _servers(tmp_path_factory.mktemp("shared"))


@pytest.fixture(scope="module")
def warm_server(start_shared_server):
    """A real server that has drawn a digit: torch is loaded once, and stays."""
    server = start_shared_server()
    assert server.call("POST", "/api/generate", {"form": "images"})[0] == 200
    return server


@pytest.fixture(scope="module")
def mock_with_trees(start_shared_server):
    """A mock with a model called trees, which knows ash, elm and oak."""
    server = start_shared_server(mock=True)
    server.train_on_trees()
    return server


def _servers(folder: Path):
    servers: list[Server] = []

    def start(
        home: Path | None = None,
        mock: bool = False,
        port: int = 0,
        options: tuple[str, ...] = (),
        within: tuple[str, ...] = (),
        installed: Path | None = None,
        fresh: bool = False,
    ) -> Server:
        chosen = home or folder / f"home-{len(servers)}"
        chosen.mkdir(exist_ok=True)
        servers.append(Server(chosen, mock, port, options, within, installed, fresh))
        return servers[-1]

    yield start
    for server in servers:
        with suppress(subprocess.TimeoutExpired):
            server.stop()
        server.kill()
