"""The commands that ask a running server for something."""

from __future__ import annotations

import json
import time
import webbrowser
from datetime import timedelta
from pathlib import Path

from bridge_server.access import certificates
from bridge_server.cli import client
from bridge_server.cli.exit_codes import CommandError, ExitCode
from bridge_server.contract.runs import Queue
from bridge_server.contract.server import Server
from bridge_server.process import discovery

_PLACES = 10  # of the queue, shown
STOP_SECONDS = 20.0  # the server gives answers under way 5 s and a training 6 s


def status(home: Path, as_json: bool) -> ExitCode:
    """Say whether a server is running, and how it fares."""
    try:
        found = client.find(home)
        server = Server.model_validate(client.call(found, "server"))
        queue = Queue.model_validate(client.call(found, "queue"))
    except CommandError as error:
        if not as_json:
            raise
        state = error.code.name.lower()
        print(json.dumps({"state": state, "data_dir": str(home), "problem": str(error)}, indent=2))
        return error.code
    if as_json:
        known = {"server": server.model_dump(), "queue": queue.model_dump()}
        print(json.dumps({"state": "running", "data_dir": str(home), **known}, indent=2))
        return ExitCode.OK
    print(f"ganmnist {server.version} is running at {found.url}")  # which a proxy may be
    print(f"process    {server.pid}, for {timedelta(seconds=int(server.seconds))}")
    at_once = "one at a time" if server.slots == 1 else f"{server.slots} at a time"
    print(f"trainings  {server.running} under way, {server.queued} waiting, {at_once}")
    for place in queue.places[:_PLACES]:
        model = client.call(found, "run", id=place.run)["model"] if place.run else None
        print(f"           {place.text}{f': {model}, run {place.run}' if model else ''}")
    if len(queue.places) > _PLACES:
        print(f"           and {len(queue.places) - _PLACES} more")
    if server.memory is not None:
        print(f"memory     {server.memory / 1e6:,.0f} MB, without its training")
    print(f"instance   {server.instance}")
    print(f"data       {home}")
    return ExitCode.OK


def stop(home: Path) -> ExitCode:
    """Ask the server to end, and wait until it has."""
    found = client.find(home)
    server = Server.model_validate(client.call(found, "server_stop"))
    deadline = time.monotonic() + STOP_SECONDS
    while discovery.is_locked(home) or client.answers(found):
        if time.monotonic() > deadline:
            raise CommandError(
                ExitCode.NO_ANSWER, f"The server has not ended after {STOP_SECONDS:g} s. {client.how_to_kill(found)}"
            )
        time.sleep(0.05)
    trainings = "its training is" if server.running == 1 else f"{server.running} trainings are"
    resumed = f"; {trainings} interrupted and can be resumed" if server.running else ""
    print(f"the server at {found.url} has ended{resumed}")
    return ExitCode.OK


def open_page(home: Path) -> ExitCode:
    """Open the server's page in the browser. The token goes along behind a #, which browsers send to nobody."""
    found = client.find(home)
    if found.fingerprint:
        print(
            "The browser will warn that nobody vouches for the certificate: the server has made it itself.\n"
            "Have it show the certificate, and go on only if its SHA-256 fingerprint, with colons or without, is\n"
            f"{certificates.in_pairs(found.fingerprint)}",
            flush=True,
        )
    if webbrowser.open(found.link):
        print(f"opened {found.url}")
    else:
        print(f"no browser can be opened here; the address, for your eyes only: {found.link}")
    return ExitCode.OK
