"""Plays Rhino for the built components, under both of its Pythons."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import time
import urllib.request
import zipfile
import zlib
from contextlib import suppress
from dataclasses import asdict, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote

import pytest
from filelock import FileLock

from bridge_server.access.tokens import CHALLENGE, PROOF, Tokens
from ghpython_components.document.script_component import RHINOS
from ghpython_components.document.user_objects import read_user_object
from ghpython_components.sources.component import Component

ROOT = Path(__file__).resolve().parents[2]
HOST = Path(__file__).with_name("fake_rhino") / "host.py"
SITE = ROOT / ".venv-py39" / "site"
WHEELS = ROOT / ".venv-wheels"
# Packages that carry what Grasshopper itself has written, or what shipping tools have: .ghuser and .gh files.
CORPUS = (
    "compas==2.15.1",
    "compas_fab==2.0.1",
    "ladybug_grasshopper==1.72.5",
    "honeybee_grasshopper_core==1.45.0",
    "dragonfly_grasshopper==1.73.3",
)
# What people's Rhinos have saved and they have published: owner, project, commit and path, a line for each file.
PUBLIC = Path(__file__).with_name("public_files.txt").read_text().split()
PYTHONS = ("2.7", "3.9")
TOKEN = "secret"  # of impostors
# What takes minutes runs each test under one of the two Pythons, by turns; `FAULTS=long` runs all under both.
BY_TURNS = {
    f"test_{name}.py"
    for name in (
        *("bad_moments", "data_and_server", "definitions_played", "documents", "evaluate", "failures", "losses"),
        *("networks", "own_pictures", "solve_times", "train", "tutorial"),
    )
}


def pytest_collection_modifyitems(config, items):
    """Leave out, of each test that takes its turn, the one under the other Python."""
    if os.environ.get("FAULTS") == "long":
        return
    left_out = [item for item in items if item.path.name in BY_TURNS and not _has_its_turn(item)]
    dropped = {id(item) for item in left_out}
    items[:] = [item for item in items if id(item) not in dropped]
    config.hook.pytest_deselected(items=left_out)


def _has_its_turn(item) -> bool:
    python = getattr(item, "callspec", None) and item.callspec.params.get("python")
    if python is None:
        return True
    either = item.nodeid.replace(python, "")
    return PYTHONS[zlib.crc32(either.encode()) % len(PYTHONS)] == python


def find_python(version: str) -> str:
    """Return the interpreter of that version, or skip the test."""
    found = shutil.which(f"python{version}")
    if found and "shims" not in found:
        return found
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    for path in sorted(pyenv.glob(f"versions/{version}.*/bin/python")):
        return str(path)
    return pytest.skip(f"no Python {version} here: Rhino's Pythons are 2.7 and 3.9, on PATH or under pyenv")


class Rhino:
    """A process in which a canvas lives."""

    def __init__(self, python: str, components: Path, home: Path, site: Path | None) -> None:
        self.home = home
        environment = {**os.environ, "GANMNIST_HOME": str(home), "PYTHONPATH": str(site or "")}
        self.process = subprocess.Popen(
            [python, str(HOST), str(components)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        with suppress(PermissionError, AttributeError):  # it is the program in front; where a test may say so
            os.setpriority(os.PRIO_PROCESS, self.process.pid, -5)
        self.names: list[str] = []

    def do(self, command: str, **arguments):
        """Have the canvas do something and return its answer; a mistake or a traceback anywhere fails the test."""
        self.process.stdin.write(json.dumps({"do": command, **arguments}) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, "Rhino has crashed"
        answer = json.loads(line)
        assert not answer["mistakes"], answer["mistakes"]
        assert "traceback" not in answer, answer["traceback"]
        return answer["answer"]

    def place(self, name: str, component: str | None = None) -> None:
        self.do("place", name=name, component=component)
        self.names.append(name)

    def solve(self, component: str, /, *runs: dict, outputs=(), **inputs):
        """Set inputs and solve; several runs are what a list on an item input gives."""
        return self.do("solve", name=component, runs=list(runs) or [inputs], outputs=list(outputs))

    def press(self, component: str, button: str, /, **inputs):
        """Press and let go of a button: two solves."""
        self.solve(component, **{button: True}, **inputs)
        return self.solve(component, **{button: False}, **inputs)

    def answer(self, component: str, /, *outputs: str, **inputs):
        """Set inputs, wait for the answer to them, and return outputs."""
        self.solve(component, **inputs)
        report = self.until(component, lambda report: "asking" not in report["message"], *outputs)
        assert report["balloons"] == []
        return report["outputs"]

    def report(self, name: str, *outputs: str):
        return self.do("report", name=name, outputs=list(outputs))

    def until(self, name: str, wanted, *outputs: str, seconds: float = 60.0):
        """Look on until a report pleases, or has the wanted message; return it."""
        message = wanted
        if isinstance(message, str):
            wanted = lambda report: report["message"] == message  # noqa: E731
        deadline = time.monotonic() + seconds
        while True:
            report = self.report(name, *outputs)
            if wanted(report):
                return report
            assert time.monotonic() < deadline, f"still {report['message']!r}, {report['balloons']}"
            time.sleep(0.02)

    def close(self) -> None:
        self.process.stdin.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()


def one_at_a_time(folder: Path) -> FileLock:
    """Return what to hold while a folder that all test processes share is filled."""
    folder.mkdir(exist_ok=True)
    return FileLock(folder / "lock")


@pytest.fixture(scope="session")
def dist(tmp_path_factory, worker_id) -> Path:
    """The folder with all that is built for Grasshopper, once for all processes of a run."""
    own = tmp_path_factory.getbasetemp()
    shared = (own if worker_id == "master" else own.parent) / "built"
    with one_at_a_time(shared):
        if not (shared / "dist").exists():
            command = [sys.executable, "-m", "ghpython_components.build", "--out", shared / "unfinished"]
            subprocess.run(command, check=True, cwd=ROOT, capture_output=True)
            (shared / "unfinished").rename(shared / "dist")
    return shared / "dist"


def unpack(component: Component, name: str, folder: Path) -> None:
    """Write a component as the stand-in for Rhino takes it: its script, and its inputs and outputs."""
    (folder / f"{name}.py").write_text(component.source, encoding="ascii", newline="\n")
    (folder / f"{name}.json").write_text(json.dumps(asdict(replace(component, source=""))))


@pytest.fixture(scope="session")
def unpacked(dist, tmp_path_factory) -> dict[str, Path]:
    """Folders with the components, read back out of the user objects of the Rhino that has that Python."""
    folders = {}
    for python, rhino in zip(PYTHONS, RHINOS, strict=True):
        folders[python] = tmp_path_factory.mktemp(f"rhino{rhino.number}")
        for path in (dist / f"rhino{rhino.number}").glob("*.ghuser"):
            name = path.stem.removeprefix("ganmnist_").removesuffix(f"_rh{rhino.number}")
            unpack(read_user_object(path.read_bytes()), name, folders[python])
    return folders


@pytest.fixture(scope="session")
def built(unpacked) -> Path:
    """A folder with the components of either Rhino; their scripts are the same."""
    return unpacked[PYTHONS[-1]]


@pytest.fixture(name="unpack")
def unpack_fixture():
    """The function that writes a component for the stand-in for Rhino: unpack(component, name, folder)."""
    return unpack


@pytest.fixture(name="find_python")
def find_python_fixture():
    """The function that finds an interpreter: find_python(version)."""
    return find_python


@pytest.fixture
def built_with(built, tmp_path):
    """Build components with another constant, so that a test need not wait: built_with("WAIT = 0.03", "WAIT = 1")."""

    def change(old: str, new: str) -> Path:
        folder = tmp_path / "changed"
        shutil.copytree(built, folder)
        files = [file for file in folder.glob("*.py") if old in file.read_text()]
        assert files
        for file in files:
            code = file.read_text()
            assert code.count(old + " ") + code.count(old + "\n") == 1
            file.write_text(code.replace(old, new))
        return folder

    return change


@pytest.fixture(scope="session")
def rhino3dm_site() -> Path:
    """A folder in which Python 3.9 finds rhino3dm, which stands in for Rhino.Geometry; made once."""
    python = find_python("3.9")
    with one_at_a_time(SITE.parent):
        if not (SITE / "rhino3dm").is_dir():
            command = [python, "-m", "pip", "install", "-q", "--target", SITE, "rhino3dm"]
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode:
                pytest.skip(f"rhino3dm cannot be installed for Python 3.9: {done.stderr[-300:]}")
    return SITE


@pytest.fixture(scope="session")
def corpus() -> list[tuple[str, str, bytes]]:
    """Package, name and content of the .ghuser and .gh files in other projects' packages; downloaded once."""
    with one_at_a_time(WHEELS):
        missing = [each for each in CORPUS if not list(WHEELS.glob(f"{each.replace('==', '-')}-*.whl"))]
        if missing:
            command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--dest", WHEELS, *missing]
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode:
                pytest.skip(f"user objects of other projects cannot be downloaded: {done.stderr[-300:]}")
    found = []
    for each in CORPUS:
        (wheel,) = WHEELS.glob(f"{each.replace('==', '-')}-*.whl")
        with zipfile.ZipFile(wheel) as package:
            names = [name for name in package.namelist() if name.endswith((".ghuser", ".gh"))]
            found += [(each.split("==")[0], name, package.read(name)) for name in names]
    return found


@pytest.fixture(scope="session")
def public_files() -> list[tuple[str, bytes]]:
    """Name and content of the files in other people's repositories; downloaded once."""
    with one_at_a_time(WHEELS):
        for each in PUBLIC:
            path = WHEELS / each
            if not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                unfinished = path.with_name(f"{path.name}.part")
                try:
                    address = f"https://raw.githubusercontent.com/{quote(each)}"
                    with urllib.request.urlopen(address, timeout=20) as answer:
                        unfinished.write_bytes(answer.read())
                except OSError as error:
                    pytest.skip(f"what Rhino saved for others cannot be downloaded: {address}: {error}")
                unfinished.rename(path)
    return [(each, (WHEELS / each).read_bytes()) for each in PUBLIC]


@pytest.fixture(scope="session")
def saved_definitions() -> list[bytes]:
    """Contents of the .ghx files, saved by other people's Rhinos, that lie beside the project."""
    files = sorted((ROOT.parent / "shared" / "gh-examples").glob("*.ghx"))
    if not files:
        pytest.skip("no definitions saved by a Rhino here: they lie in ../shared/gh-examples")
    return [path.read_bytes() for path in files]


@pytest.fixture(params=PYTHONS)
def python(request) -> str:
    """Each of Rhino's Pythons in turn, by version."""
    find_python(request.param)
    return request.param


@pytest.fixture
def open_rhino(python, unpacked, tmp_path, request):
    """Open Rhinos that close with the test: open_rhino(home, components)."""
    site = request.getfixturevalue("rhino3dm_site") if python == "3.9" else None
    opened = []

    def open_one(home: Path | None = None, components: Path = unpacked[python]) -> Rhino:
        folder = home or tmp_path / "home"
        folder.mkdir(exist_ok=True)
        opened.append(Rhino(find_python(python), components, folder, site))
        return opened[-1]

    yield open_one
    for rhino in opened:
        rhino.close()


class Impostor:
    """A server in the test's own process, which says what the test wants it to say.

    `reply(method, path, body)` returns status and bytes, and headers if there are to be any. /api/health is answered as
    by our server, unless `health` says otherwise, or the token it knows is another.
    """

    def __init__(self, home: Path, reply, health: dict | None = None, token: str = TOKEN) -> None:
        tokens = Tokens(token, home)
        self.seen: list[tuple[str, str, dict]] = []  # method, path, headers
        health = {
            "status": "ok",
            "name": "ganmnist",
            "version": "1",
            "api": 1,
            "instance": "i",
            "mock": True,
            **(health or {}),
        }
        impostor = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                content = self.rfile.read(length)
                is_json = self.headers.get("Content-Type") == "application/json"
                body = json.loads(content) if is_json else content or None
                impostor.seen.append((self.command, self.path, dict(self.headers)))
                status, content, *headers = (200, json.dumps(health).encode())
                if self.path == "/api/health":
                    headers = [{PROOF: tokens.prove(self.headers.get(CHALLENGE, ""), self.headers["Host"])}]
                else:
                    status, content, *headers = reply(self.command, self.path, body)
                self.send_response(status)
                for name, value in headers[0].items() if headers else ():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = answer  # noqa: N815

            def log_message(self, *_) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.block_on_close = False
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        announce(home, self.server.server_address[1])

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


def announce(home: Path, port: int, **changes) -> None:
    """Write a discovery file that points at a port."""
    home.mkdir(exist_ok=True)
    found = {"version": "1", "pid": 1, "instance": "i", "url": f"http://127.0.0.1:{port}", "token": TOKEN, "api": 1}
    (home / "server.json").write_text(json.dumps({**found, **changes}))


@pytest.fixture
def discovery():
    """The function that writes discovery files: discovery(home, port, **changes)."""
    return announce


@pytest.fixture
def start_impostor():
    """Start impostors that end with the test: start_impostor(home, reply, health, token)."""
    impostors = []

    def start(home: Path, reply, health: dict | None = None, token: str = TOKEN) -> Impostor:
        home.mkdir(exist_ok=True)
        impostors.append(Impostor(home, reply, health, token))
        return impostors[-1]

    yield start
    for impostor in impostors:
        impostor.close()


@pytest.fixture
def assert_quick():
    """Check the milliseconds of solves: a frame or two. A hiccup of a busy machine in fifty of them is forgiven."""

    def check(times: list[float]) -> None:
        times = sorted(times)
        print(f"median {times[len(times) // 2]:.1f} ms, worst {times[-1]:.1f} ms of {len(times)}")
        assert times[-2 - len(times) // 50] < 50, times
        assert times[-1] < 250, times

    return check
