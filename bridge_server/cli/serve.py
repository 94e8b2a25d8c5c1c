"""The process that serves: one at a time per data directory, on 127.0.0.1 unless told otherwise."""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
from contextlib import AbstractContextManager, suppress
from functools import partial
from pathlib import Path
from tempfile import gettempdir
from types import FrameType
from typing import TYPE_CHECKING, NamedTuple

from bridge_server.access import certificates, tokens
from bridge_server.access.concurrency import Limit
from bridge_server.access.guard import Guard
from bridge_server.cli.exit_codes import CommandError, ExitCode
from bridge_server.cli.people import how_to_invite
from bridge_server.contract.told import hide
from bridge_server.process import discovery, logs
from bridge_server.process.discovery import DISCOVERY, LOCK
from bridge_server.process.reserve import keep_reserve, release_on_full_disk
from bridge_server.process.server_process import Process
from bridge_server.runs import quotas
from bridge_server.web import server as web
from bridge_server.web.app import create_app
from ganmnist import __version__, paths
from ganmnist.errors import counted
from ganmnist.remedies import command
from ganmnist.storage.atomic import write_json
from ganmnist.storage.locks import Held, hold
from ganmnist.storage.private import make_private

if TYPE_CHECKING:
    from bridge_server.backends.base import Backend

DEFAULT_PORT = 28280
LAUNCH = "launch.json"
NOT_STARTED = "not_started.json"
_LOCK_SECONDS = 0.2  # for which a command may hold the lock as it looks whether a server does
_log = logging.getLogger("ganmnist.serving")


class Lan(NamedTuple):
    """A network to serve.

    Attributes:
        address: Of this machine on that network, IPv4.
        names: What else the server answers to there.
        is_plain: Over plain HTTP, which can be overheard, in place of TLS.
    """

    address: str
    names: tuple[str, ...] = ()
    is_plain: bool = False


def serve(
    home: Path,
    port: int | None,
    mock: bool,
    lan: Lan | None = None,
    proxy: str | None = None,
    slots: int = quotas.SLOTS,
    ray: str | None = None,
) -> None:
    """Serve until the process is asked to end: by a call, or by SIGINT, SIGTERM or CTRL-BREAK.

    Args:
        home: Data directory; made if need be.
        port: 0 takes a free one; None DEFAULT_PORT, or a free one where that cannot be had. A network is told an
            address by hand, so there None insists on DEFAULT_PORT.
        mock: Answer from made-up digits, without torch.
        lan: Serve a network in place of this machine alone.
        proxy: Serve whom a proxy on this machine passes on as well; its address.
        slots: How many trainings may be under way at a time.
        ray: HOST:PORT of a Ray cluster that carries them out, in place of this machine.

    Raises:
        CommandError: Another server has the directory or the port, the certificate has expired, or the cluster
            cannot be used.
        CertificateError: The certificate is damaged.
        TokenError: Who has a token for the network cannot be read.
    """
    for folder in (home, Path.home(), Path(gettempdir()), Path(os.environ.get(paths.DATA) or home)):
        hide(folder)
    make_private(home)
    release_on_full_disk(home)
    with _only_one(home):
        _remove_leftover(home)
        nobody = bool(lan or proxy) and not tokens.read_principals(home)
        certificate = None
        if lan and not lan.is_plain:
            certificate = certificates.ensure(home, (lan.address, *lan.names))
            _check_age(home, certificate)
        listener = _listener(lan, port)
        address, taken = listener.getsockname()
        url = f"{'https' if certificate else 'http'}://{address}:{taken}"
        process = Process(home, url, certificate and certificate.fingerprint)
        logs.start(home)
        backend = _backend(home, process.instance, mock, slots, ray)
        backend.process = process
        app = create_app(backend)
        names = (lan.address, *lan.names) if lan else ()
        guard = Guard(Limit(app, proxy is not None), taken, process.tokens, names, certificate is not None, proxy)
        tls = certificates.server_context(home) if certificate else None
        server = web.create(guard, listener, guard.largest_body, tls)
        process.wake = server.pull_trigger
        for name in ("SIGINT", "SIGTERM", "SIGBREAK"):
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), partial(_leave, process))
        try:
            backend.start()
            if not mock:
                remember_how_to_start(home)
            if certificate:
                print(
                    f"The network is served over TLS. The certificate is good until {certificate.expires:%Y-%m-%d}.\n"
                    f"Its fingerprint (SHA-256): {certificates.in_pairs(certificate.fingerprint)}\n"
                    f"On another machine, with a token: {discovery.URL}={url}#{certificate.fingerprint}",
                    flush=True,
                )
            elif lan:
                print(
                    "The network is served over plain HTTP: whoever can listen in there reads everything, tokens too. "
                    "Use it only on a network that you trust, or leave --insecure-http out.",
                    flush=True,
                )
            if proxy:
                print(f"Whom the proxy at {proxy} passes on is served as well, with a token.", flush=True)
            if ray:
                print(f"Trainings are carried out on the Ray cluster at {ray}.", flush=True)
            if port is None and taken != DEFAULT_PORT:
                print(f"Port {DEFAULT_PORT} cannot be had, so this server takes {taken}.", flush=True)
            keep_reserve(home)
            process.announce()
            with suppress(OSError):
                (home / NOT_STARTED).unlink(missing_ok=True)
            if nobody:
                invite = how_to_invite(home, *(("--proxy", proxy) if proxy else ()))
                print(f"Nobody has a token yet. For a class of thirty, in another terminal: {invite}", flush=True)
            print(f"ganmnist is ready at {url} - in Grasshopper, the Server component finds it by itself", flush=True)
            _log.info("ready", extra={"fields": {"url": url, "pid": os.getpid(), "mock": mock}})
            server.run()
        finally:
            for name in ("SIGINT", "SIGTERM", "SIGBREAK"):
                if hasattr(signal, name):
                    signal.signal(getattr(signal, name), signal.SIG_IGN)  # leaving already
            process.withdraw()
            listener.close()
            backend.close()
            _log.info("stopped")


def listen(address: str, port: int) -> socket.socket:
    """Return a socket that listens; port 0 takes a free one.

    Raises:
        CommandError: The port is taken, or the address is not this machine's.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if sys.platform == "win32":
        # There SO_REUSEADDR would let a second program take the very same port.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
    else:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((address, port))
        listener.listen(1024)
    except OSError as error:
        listener.close()
        raise CommandError(
            ExitCode.PORT_TAKEN,
            f"Port {port} of {address} cannot be used ({error.strerror}): end what uses it, or choose another: --port.",
        ) from None
    return listener


def note_failure(home: Path, sentence: str) -> None:
    """Leave word of why there is no server, for the Server component, which sees no terminal. If it can be left."""
    with suppress(OSError):
        write_json(home / NOT_STARTED, {"problem": sentence})


def remember_how_to_start(home: Path) -> None:
    """Write down the command that starts the server, for the Server component's button."""
    home.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "bridge_server", "serve", "--data-dir", str(home)]
    write_json(home / LAUNCH, {"command": command, "version": __version__})


def _listener(lan: Lan | None, port: int | None) -> socket.socket:
    """Return a socket that listens where `serve` is told to."""
    if lan:
        return listen(lan.address, DEFAULT_PORT if port is None else port)
    if port is not None:
        return listen("127.0.0.1", port)
    try:
        return listen("127.0.0.1", DEFAULT_PORT)
    except CommandError:  # another user of this machine, most likely; components find a server wherever it is
        return listen("127.0.0.1", 0)


def _check_age(home: Path, certificate: certificates.Certificate) -> None:
    """Raise CommandError where clients would refuse a certificate, and say when that is near."""
    how = certificates.how_to_renew(home)
    if (days := certificate.days_left()) < 0:
        when = f"{certificate.expires:%Y-%m-%d}"
        raise CommandError(ExitCode.PROBLEM, f"The certificate has expired on {when}, and clients refuse it: {how}")
    if days < certificates.RENEW_DAYS:
        print(f"The certificate is good for {counted(days, 'day')} more: {how}", flush=True)


def _backend(home: Path, instance: str, mock: bool, slots: int, ray: str | None) -> Backend:
    if mock:
        from bridge_server.backends.mock.backend import Mock

        return Mock(instance, slots)
    from bridge_server.backends.service import Service

    if ray is None:
        return Service(home, instance, slots)
    from bridge_server.runs.executors.cluster import ClusterProblem
    from bridge_server.runs.executors.ray_cluster import on_ray

    try:
        return Service(home, instance, slots, on_ray(ray))
    except ClusterProblem as problem:
        raise CommandError(ExitCode.PROBLEM, str(problem)) from None


def _only_one(home: Path) -> AbstractContextManager[object]:
    try:
        return hold(home / LOCK, _LOCK_SECONDS)
    except Held:
        found = discovery.read_discovery(home)
        where = f" at {found.url} (process {found.pid})" if found else ""
        how = command("ganmnist-server", "stop", "--data-dir", home)
        raise CommandError(
            ExitCode.ALREADY_RUNNING, f"A server is already running on {home}{where}; to end it: {how}."
        ) from None


def _remove_leftover(home: Path) -> None:
    """Remove a stale discovery file: the process number in it may be another program's by now."""
    if home == paths.home() and (line := os.environ.get(discovery.URL)):
        raise CommandError(
            ExitCode.PROBLEM,
            f"{discovery.URL} names a server on another machine, {line.partition('#')[0]}: unset it to run one here, "
            "or choose another --data-dir.",
        )
    found = discovery.read_discovery(home)
    if found and found.instance is None:
        raise CommandError(
            ExitCode.PROBLEM,
            f"{home / DISCOVERY} names a server on another machine, {found.url}: "
            "remove the file to run one here, or choose another --data-dir.",
        )
    (home / DISCOVERY).unlink(missing_ok=True)


def _leave(process: Process, signum: int, frame: FrameType | None) -> None:
    process.leaving.set()
    raise SystemExit(0)
