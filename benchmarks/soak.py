"""Does a server grow while people use it? Puts mixed traffic on a real one and prints its size as time goes by.

    python benchmarks/soak.py --minutes 30

Eight clients ask for digits in all forms, ways between them, sheets, films, files, drawings and lists; some of what
they send is wrong, some sockets are left silent, a training is started and stopped every minute, and a data set is
imported and deleted.
"""

from __future__ import annotations

import argparse
import http.client
import io
import itertools
import json
import os
import random
import socket
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

import numpy as np
import psutil
from floods import FLOODS
from load import _MNIST, Server

MINUTES = 30.0
CLIENTS = 8
ROWS = 7  # of the table
FORMS = ("images", "relief", "mesh", "smooth", "solid", "voxels", "extrusion", "contours", "points")
GOOD = (
    *(("POST", "/api/generate", {"form": form, "count": 3}) for form in FORMS),
    *(("POST", "/api/export", {"format": format, "count": 2}) for format in ("obj", "3mf", "3dm", "png", "npy")),
    ("POST", "/api/latents/between", {}),
    ("POST", "/api/latents/sheet", {}),
    ("POST", "/api/film", {}),
    ("GET", "/api/models", None),
    ("GET", "/api/runs", None),
    ("GET", "/api/datasets", None),
    ("GET", "/api/server", None),
    ("GET", "/", None),
    ("GET", "/openapi.json", None),
)
WRONG = (
    ("POST", "/api/generate", {"count": -1}),
    ("POST", "/api/generate", {"model": "nobody"}),
    ("GET", "/api/runs/0123456789abcdef", None),
    ("GET", "/nowhere", None),
    ("POST", "/api/restore", {}),
)


def main() -> None:
    parser = argparse.ArgumentParser(description="Watch a server grow, or not, under mixed traffic.")
    parser.add_argument("--minutes", type=float, default=MINUTES, help=f"how long (default: {MINUTES:g})")
    seconds = 60 * parser.parse_args().minutes
    if _MNIST.is_dir():
        os.environ.setdefault("GANMNIST_DATA", str(_MNIST))
    with tempfile.TemporaryDirectory() as home, Server(Path(home)) as server:
        end = time.monotonic() + seconds
        answers: Counter[str] = Counter()
        people = [
            *(threading.Thread(target=ask, args=(server, end, number, answers)) for number in range(CLIENTS)),
            threading.Thread(target=train, args=(server, end)),
            threading.Thread(target=bring, args=(server, end)),
            threading.Thread(target=stay_silent, args=(server, end)),
        ]
        for person in people:
            person.start()
        watch(server.pid, seconds, answers)
        for person in people:
            person.join()
        print(f"\nanswers: {', '.join(f'{status}: {count:,}' for status, count in sorted(answers.items()))}")


def watch(pid: int, seconds: float, answers: Counter[str]) -> None:
    """Print a row now and then."""
    process = psutil.Process(pid)
    print("| minutes | memory, MB | descriptors | threads | children | requests |")
    print("| --: | --: | --: | --: | --: | --: |")
    for row in range(ROWS):
        time.sleep(seconds / ROWS)
        memory = process.memory_info().rss / 1e6
        files, threads, children = process.num_fds(), process.num_threads(), len(process.children())
        minutes = (row + 1) * seconds / ROWS / 60
        print(
            f"| {minutes:.1f} | {memory:.0f} | {files} | {threads} | {children} | {sum(answers.values()):,} |",
            flush=True,
        )


def ask(server: Server, end: float, number: int, answers: Counter[str]) -> None:
    """Be one client: two requests a second, one of five wrong, one of fifty a drawing."""
    chance = random.Random(number)
    drawing = next(flood for flood in FLOODS if "drawings" in flood.what).requests[0]
    while time.monotonic() < end:
        time.sleep(chance.uniform(0.2, 0.8))
        method, path, body = chance.choice(WRONG if chance.random() < 0.2 else GOOD)
        content = None if body is None else json.dumps(body).encode()
        if chance.random() < 0.02:
            method, (path, content) = "POST", drawing
        answers[str(send(server, method, path, content, f"client-{number}"))] += 1


def send(server: Server, method: str, path: str, body: bytes | None, client: str, kind: str = "json") -> int:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    headers = {"Authorization": f"Bearer {server.token}", "Content-Type": f"application/{kind}", "X-Client-Id": client}
    connection.request(method, path, body, headers)
    response = connection.getresponse()
    response.read()
    connection.close()
    return response.status


def train(server: Server, end: float) -> None:
    for number in itertools.count():
        run = server.call("POST", "/api/runs", {"model": f"soak-{number}", "seconds": 1000})
        pause(end, 40)
        server.call("POST", f"/api/runs/{run['id']}/stop", {})
        if pause(end, 20):
            return


def bring(server: Server, end: float) -> None:
    images = np.random.default_rng(0).integers(0, 256, (300, 28, 28), np.uint8)
    file = io.BytesIO()
    np.savez(file, x_train=images, y_train=np.arange(300) % 3)
    while not pause(end, 10):
        send(server, "POST", "/api/datasets/file?file=soak.npz", file.getvalue(), "bring", "octet-stream")
        pause(end, 10)
        send(server, "DELETE", "/api/datasets/soak", None, "bring")


def stay_silent(server: Server, end: float) -> None:
    while not pause(end, 5):
        silent = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(30)]
        pause(end, 5)
        for connection in silent[::2]:  # the others are let go by the server
            connection.close()


def pause(end: float, seconds: float) -> bool:
    """Wait, and tell whether it is over."""
    time.sleep(max(0.0, min(seconds, end - time.monotonic())))
    return time.monotonic() >= end


if __name__ == "__main__":
    main()
