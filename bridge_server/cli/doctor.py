"""`ganmnist-server doctor`: looks at all that a server needs, one line each, and says how to mend what is wrong."""

from __future__ import annotations

import json
import os
import platform
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

from bridge_server.access import certificates, tokens
from bridge_server.cli import client
from bridge_server.cli.exit_codes import CommandError, ExitCode
from bridge_server.cli.serve import DEFAULT_PORT, LAUNCH, listen
from bridge_server.errors import CertificateError, TokenError
from bridge_server.process import discovery
from bridge_server.runs.database import validate_checksums
from ganmnist import __version__, remedies
from ganmnist.data import load, synthetic
from ganmnist.errors import DataError, ModelError, counted
from ganmnist.models.manifest import ALL_BUNDLED
from ganmnist.models.store import ModelStore
from ganmnist.storage import bundle
from ganmnist.storage.atomic import read_json
from ganmnist.storage.private import readable_by_others, writable_by_others

FREE_BYTES = 500_000_000  # MNIST, synthetic digits and a dozen trainings
_MANIFESTS = ("model.json", "last.json")
_COMPILED = ("torch", "numpy", "PIL", "contourpy", "manifold3d", "rhino3dm", "safetensors")
_TRUSTED = (LAUNCH, discovery.DISCOVERY, discovery.OWNER_FILE, tokens.FILE, certificates.FILE)  # name what is believed
_NVIDIA = "nvidia-smi"  # comes with the driver
_RUN_SECONDS = 30.0  # for the server to say its version
_READ_SECONDS = 10.0  # of the data


class Verdict(StrEnum):
    """What a look at one thing gave."""

    OK = "ok"
    NOTE = "note"  # worth knowing, and no harm
    PROBLEM = "problem"


class Finding(NamedTuple):
    """One line of the doctor's."""

    verdict: Verdict
    about: str
    text: str


def doctor(home: Path) -> ExitCode:
    """Print what is found as it is found; PROBLEM if anything needs mending."""
    problems = 0
    for look in _LOOKS:
        for verdict, about, text in _findings(look, home):
            print(f"{verdict:8} {about:15} {text}", flush=True)
            problems += verdict is Verdict.PROBLEM
    print(counted(problems, "problem"))
    return ExitCode.PROBLEM if problems else ExitCode.OK


def _findings(look: Callable[[Path], Iterator[Finding]], home: Path) -> Iterator[Finding]:
    """Look at one thing. A file that cannot be read is a finding, and the others are looked at all the same."""
    try:
        yield from look(home)
    except OSError as error:
        text = f"{error.filename or home} cannot be used ({error.strerror or error}): {remedies.UNUSABLE}"
        yield Finding(Verdict.PROBLEM, look.__name__.strip("_"), text)


def _version(home: Path) -> Iterator[Finding]:
    yield Finding(Verdict.OK, "ganmnist", f"{__version__}, on {platform.platform()}")


def _python(home: Path) -> Iterator[Finding]:
    verdict = Verdict.OK if sys.version_info >= (3, 11) else Verdict.PROBLEM
    yield Finding(verdict, "Python", f"{platform.python_version()}, {sys.executable} (3.11 or newer is needed)")
    if remedies.is_from_store():
        yield Finding(Verdict.PROBLEM, "Python", remedies.STORE)


def _packages(home: Path) -> Iterator[Finding]:
    """Import what is compiled, since that it is installed does not say that the system can load it."""
    for package in _COMPILED:
        problem = import_problem(package)
        if problem:
            yield Finding(Verdict.PROBLEM, package, problem)
        elif package == "torch":
            yield Finding(Verdict.OK, package, version(package))
            yield from _device()


def _device() -> Iterator[Finding]:
    found = chosen_device()
    if found is None:
        return
    yield Finding(Verdict.OK, "device", f"a training is computed on {found['device']}: {found['why']}")
    if found["problems"]:
        yield Finding(Verdict.PROBLEM, "accelerator", " ".join(found["problems"]))
    elif "cuda" in found["absent"] and shutil.which(_NVIDIA):
        text = f"{_NVIDIA} is here, so there may be a graphics card. {found['absent']['cuda']}"
        yield Finding(Verdict.NOTE, "accelerator", text)


def chosen_device() -> dict[str, Any] | None:
    """Return what `ganmnist device` says; nothing where it fails. A process of its own: a driver may end it."""
    command = [sys.executable, "-m", "ganmnist", "device", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace")
    try:
        return dict(json.loads(done.stdout))
    except ValueError:
        return None


def import_problem(package: str) -> str | None:
    """Say why a package cannot be loaded. Tried in a process of its own, which a broken library may end."""
    done = subprocess.run([sys.executable, "-c", f"import {package}"], capture_output=True, text=True, errors="replace")
    if done.returncode == 0:
        return None
    said = done.stderr.strip().splitlines() or [f"its process ended with status {done.returncode}"]
    return remedies.cannot_load(package, said[-1])


def _directory(home: Path) -> Iterator[Finding]:
    there = next(folder for folder in (home, *home.parents) if folder.exists())
    for folder in [there, *(path for path in sorted(home.glob("*")) if path.is_dir())]:
        try:
            with tempfile.TemporaryFile(dir=folder):
                pass
        except OSError as error:
            remedy = "change its permissions, or choose another: --data-dir"
            text = f"{folder} cannot be written to ({error.strerror}): {remedy}"
            yield Finding(Verdict.PROBLEM, "data directory", text)
            return
    yield from _who_else(home)
    free = shutil.disk_usage(there).free
    text = f"{home}{'' if there == home else ' (will be made)'}, {free / 1e9:,.1f} GB free"
    if free < FREE_BYTES:
        yield Finding(Verdict.PROBLEM, "data directory", f"{text}: make room for {FREE_BYTES / 1e6:g} MB")
    else:
        yield Finding(Verdict.OK, "data directory", text)


def _who_else(home: Path) -> Iterator[Finding]:
    """Say what other users of this machine can do with the files of the server."""
    files = [path for path in (home, *(home / name for name in _TRUSTED)) if path.exists()]
    written = [path for path in files if writable_by_others(path)]
    if written:
        text = f"{written[0]} can be written to by other users of this machine: chmod go-w {written[0]}"
        yield Finding(Verdict.PROBLEM, "other users", text)
    elif home.exists() and readable_by_others(home):
        text = f"other users of this machine can read models and logs: chmod 700 {home}"
        yield Finding(Verdict.NOTE, "other users", text)


def _server(home: Path) -> Iterator[Finding]:
    try:
        found = client.find(home)
    except CommandError as error:
        verdict = Verdict.NOTE if error.code is ExitCode.NOT_RUNNING else Verdict.PROBLEM
        yield Finding(verdict, "server", str(error))
        return
    yield Finding(Verdict.OK, "server", f"answers at {found.url}")
    try:
        client.call(found, "server")
    except CommandError as error:
        yield Finding(Verdict.PROBLEM, "token", str(error))
    else:
        yield Finding(Verdict.OK, "token", "taken by the server")


def _port(home: Path) -> Iterator[Finding]:
    found = discovery.read_discovery(home)
    if found and found.address[1] == DEFAULT_PORT and client.answers(found):
        return
    try:
        listen("127.0.0.1", DEFAULT_PORT).close()
    except CommandError:
        other = discovery.Discovery(url=f"http://127.0.0.1:{DEFAULT_PORT}", token="")
        who = "a ganmnist server of another data directory" if client.is_ganmnist(other) else "another program"
        how = f"netstat -ano | findstr :{DEFAULT_PORT}" if sys.platform == "win32" else f"lsof -i :{DEFAULT_PORT}"
        text = f"{DEFAULT_PORT} is taken by {who} ({how} says which): serve takes a free one, Hops wants this one"
        yield Finding(Verdict.NOTE, "port", text)
    else:
        yield Finding(Verdict.OK, "port", f"{DEFAULT_PORT} is free")


def _launch(home: Path) -> Iterator[Finding]:
    try:
        command = [str(word) for word in read_json(home / LAUNCH)["command"]]
        program = command[: command.index("serve")]
    except FileNotFoundError:
        yield Finding(Verdict.NOTE, LAUNCH, "not there yet: the first start writes it, for the Server component")
    except (OSError, ValueError, LookupError, TypeError):
        yield Finding(
            Verdict.PROBLEM, LAUNCH, f"{home / LAUNCH} is damaged; to have it written anew: {client.start(home)}"
        )
    else:
        problem = _why_it_does_not_run(program)
        if problem:
            text = f"{program[0]} {problem}; to have it written anew: {client.start(home)}"
            yield Finding(Verdict.PROBLEM, LAUNCH, text)
        else:
            yield Finding(Verdict.OK, LAUNCH, f"starts {program[0]}")


def _why_it_does_not_run(program: list[str]) -> str | None:
    try:
        done = subprocess.run([*program, "--version"], capture_output=True, timeout=_RUN_SECONDS)
    except FileNotFoundError:
        return "is not there any more"
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"cannot be run ({getattr(error, 'strerror', None) or error})"
    return f"does not start the server (exit status {done.returncode})" if done.returncode else None


class _LongEnough(Exception):
    """What was read so far was all right."""


def _data(home: Path) -> Iterator[Finding]:
    """Read what a training would read without the network, as it would, for some seconds at most."""
    if not load.is_at_hand(home):
        without = synthetic.DRAWN if load.is_drawn(home) else f"without a network {synthetic.NAME} stands in"
        text = f"MNIST is not here yet: it is downloaded when it is needed; {without}"
        yield Finding(Verdict.NOTE, "data", text)
        return
    begun, come = time.monotonic(), 0.0

    def report(percent: float, words: str) -> None:
        nonlocal come
        come = percent
        if time.monotonic() > begun + _READ_SECONDS:
            raise _LongEnough

    try:
        found = load.load_data(home=home, on_progress=report)
    except _LongEnough:
        where = os.environ.get(load.ENVIRONMENT) or home / "data" / "mnist"
        yield Finding(Verdict.OK, "data", f"{where}, read without a fault as far as {come:.0f} %")
    except (DataError, OSError) as error:
        unset = f"; or unset {load.ENVIRONMENT}" if os.environ.get(load.ENVIRONMENT) else ""
        yield Finding(Verdict.PROBLEM, "data", f"{error}{unset}")
    else:
        text = f"{found.name}, {counted(len(found.train_images), 'image')} to learn from, in {found.source}"
        yield Finding(Verdict.OK, "data", text)


def _models(home: Path) -> Iterator[Finding]:
    store = ModelStore(home)
    bundled = [store.folder(name, name).path for name in ALL_BUNDLED]
    problems = [problem for folder in bundled if (problem := _damage(folder, must_be=True))]
    for problem in problems:
        yield Finding(Verdict.PROBLEM, "bundled model", f"{problem}: {remedies.RESTORE}")
    if not problems:
        yield Finding(Verdict.OK, "bundled models", "whole")
    whole = 0
    for folder in sorted(path for path in store.path.glob("*") if path.is_dir()):
        if problem := _damage(folder):
            remedy = "resume its run if it is interrupted, or delete the folder"
            yield Finding(Verdict.PROBLEM, "model", f"{problem}: {remedy}")
        else:
            whole += (folder / _MANIFESTS[0]).exists()
    yield Finding(Verdict.OK, "models", f"{whole} whole")


def _damage(folder: Path, *, must_be: bool = False) -> str | None:
    """Return what is wrong with the models of a folder, in which one may have to be."""
    problem = None
    for _ in range(2):  # a training may have published between the manifest and the weights
        try:
            found = [folder / name for name in _MANIFESTS if (folder / name).exists()]
            for path in found or [folder / _MANIFESTS[0]] * must_be:
                manifest = bundle.read_manifest(path)
                bundle.read_weights(path.with_name(manifest["weights"]), manifest["sha256"])
        except ModelError as error:
            problem = str(error)
        else:
            return None
    return problem


def _runs(home: Path) -> Iterator[Finding]:
    path = home / "runs.sqlite"
    if not path.exists():
        yield Finding(Verdict.OK, "runs", "none yet")
        return
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as database:
            (said,) = database.execute("PRAGMA quick_check(1)").fetchone()
            (runs,) = database.execute("SELECT count(*) FROM runs").fetchone()
            validate_checksums(database)
    except sqlite3.Error as error:
        said = str(error)
    if said == "ok":
        yield Finding(Verdict.OK, "runs", f"{runs} stored")
    else:
        remedy = "start the server anew, which sets it aside and uses the copy from before; the models stay"
        yield Finding(Verdict.PROBLEM, "runs", f"{path} is damaged ({said}): {remedy}")


def _tokens(home: Path) -> Iterator[Finding]:
    try:
        principals = tokens.read_principals(home)
    except TokenError as error:
        yield Finding(Verdict.PROBLEM, "tokens", str(error))
    else:
        if principals:
            yield Finding(Verdict.OK, "tokens", f"{len(principals)} given to others: ganmnist-server token list")


def _certificate(home: Path) -> Iterator[Finding]:
    try:
        found = certificates.read(home)
    except CertificateError as error:
        yield Finding(Verdict.PROBLEM, "certificate", str(error))
        return
    if found is None:
        return  # none is needed before a network is served
    path, how = home / certificates.FILE, certificates.how_to_renew(home)
    if readable_by_others(path):
        text = f"other users of this machine could read the key in {path}, and pass for the server: {how}"
        yield Finding(Verdict.PROBLEM, "certificate", text)
    days = found.days_left()
    until = f"good until {found.expires:%Y-%m-%d}"
    if days < 0:
        text = f"expired on {found.expires:%Y-%m-%d}, and clients refuse it: {how}"
        yield Finding(Verdict.PROBLEM, "certificate", text)
    elif days < certificates.RENEW_DAYS:
        yield Finding(
            Verdict.NOTE, "certificate", f"{until}, {counted(days, 'day')} more; everybody needs the next: {how}"
        )
    else:
        yield Finding(Verdict.OK, "certificate", until)


_LOOKS: tuple[Callable[[Path], Iterator[Finding]], ...] = (
    _version,
    _python,
    _packages,
    _directory,
    _server,
    _port,
    _launch,
    _data,
    _models,
    _runs,
    _tokens,
    _certificate,
)
