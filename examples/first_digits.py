"""The server through its HTTP API: start it, train a small model, watch it learn, hold its first digits.

    python examples/first_digits.py [--seconds N] [--images N] [--out DIR]

Everything here is the standard library, so it reads as a client of your own would.
"""

from __future__ import annotations

import argparse
import base64
import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np

from ganmnist import GeometryConfig, paths, write
from ganmnist.cli.terminal import show_any_letter
from ganmnist.remedies import command

QUIET = 10.0  # seconds between lines in a file
said = time.monotonic()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60, help="how long it trains")
    parser.add_argument("--images", type=int, default=60000, help="train on the first so many images")
    parser.add_argument("--out", type=Path, default=Path("first-digits"))
    options = parser.parse_args()
    show_any_letter()

    server = Server()
    try:
        name = prepare(server)
        model = train(server, options.seconds, options.images)
        write_digits(server, model, options.out)
    finally:
        server.end()
    print(f"\nThe model is called {model}; it learned from {name}. More of its digits:")
    print(f"    {command('ganmnist', 'generate', '--model', model, '--count', 16, '--out', 'more.png')}")
    print("\n".join(what_next()))


def what_next() -> list[str]:
    """Say how to go on: in Rhino where there is one, and in a browser where there is none."""
    if sys.platform in ("win32", "darwin"):
        return [
            "To use it in Rhino, install the components:",
            f"    {command('ganmnist-server', 'install-components')}",
        ]
    return [
        "To use it in a browser (Rhino runs on Windows and macOS), start the server; from a second terminal, its page:",
        f"    {command('ganmnist-server', 'serve')}",
        f"    {command('ganmnist-server', 'open')}",
    ]


class Server:
    """The server of this user: the one that runs already, or one of our own until `end`."""

    def __init__(self) -> None:
        self._process = None
        self._found = find()
        if not self._found:
            print("Starting the server ...", flush=True)
            self._process = subprocess.Popen(
                [sys.executable, "-m", "bridge_server", "serve", "--port", "0"], stdin=subprocess.DEVNULL
            )
            while not self._found:
                if self._process.poll() is not None:
                    sys.exit("the server did not start: what it said stands above")
                time.sleep(0.1)
                self._found = find()

    def call(self, method: str, path: str, body: dict | None = None) -> dict:
        """Send one request; the token from the discovery file opens the door."""
        return json.loads(
            request(self._found["url"] + path, method, body, {"Authorization": f"Bearer {self._found['token']}"})
        )

    def end(self) -> None:
        if self._process:
            self._process.terminate()
            self._process.wait()


def find() -> dict | None:
    """Read the discovery file, and trust it only if the server it names says it is that one."""
    try:
        found = json.loads((paths.home() / "server.json").read_bytes())
        health = json.loads(request(found["url"] + "/api/health"))
    except (OSError, ValueError):
        return None
    return found if health["instance"] == found["instance"] else None


def request(url: str, method: str = "GET", body: dict | None = None, headers: dict | None = None) -> bytes:
    content = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json", **(headers or {})}
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # never through a proxy to this machine
    try:
        with opener.open(urllib.request.Request(url, content, headers, method=method), timeout=30) as response:
            return response.read()
    except urllib.error.HTTPError as error:
        sys.exit(json.loads(error.read())["error"]["message"])


def prepare(server: Server) -> str:
    data = server.call("POST", "/api/data/prepare", {})
    while data["state"] == "preparing":
        show(f"data {data['percent']:.0f} %")
        time.sleep(0.3)
        data = server.call("GET", "/api/data")
    if data["state"] == "failed":
        sys.exit(data["problem"])
    show(f"data: {data['name']}, {data['train']:,} images ({data['source']})\n")
    return data["name"]


def train(server: Server, seconds: float, images: int) -> str:
    run = server.call("POST", "/api/runs", {"preset": "fast", "seconds": seconds, "images": images})
    while run["state"] in ("queued", "running"):
        show(f"training {run['model']}: {run['text']}")  # FID is the distance to real digits: less is better
        time.sleep(0.3)
        run = server.call("GET", f"/api/runs/{run['id']}")
    if run["state"] != "succeeded":
        sys.exit(run["problem"] or f"the training {run['state']}")
    show(f"trained {run['model']}: {run['text']}\n")
    return run["model"]


def write_digits(server: Server, model: str, folder: Path) -> None:
    """Ask for 16 digits, 0 to 9 and on, and write them as a picture and as meshes in which white stands high."""
    classes = server.call("GET", f"/api/models/{model}")["classes"]
    images = np.empty((16, 28, 28), np.uint8)
    for number in range(16):
        wanted = {"digit": number % classes} if classes else {}  # own images may have none
        answer = server.call("POST", "/api/generate", {"model": model, "seed": number, "form": "images", **wanted})
        images[number] = np.frombuffer(base64.b64decode(answer["images"]["data"]), np.uint8).reshape(28, 28)
    for name in ("digits.png", "digits.obj", "digits.3dm"):
        write(folder / name, images, GeometryConfig(form="relief"), scale=8 if name.endswith(".png") else None)
        print(f"wrote {(folder / name).resolve()}")


def show(text: str) -> None:
    """Write over the line, on a terminal; in a file, where there would be many, say now and then how far it is."""
    global said
    if sys.stdout.isatty():
        print(f"\r{text.rstrip():<100}", end="\n" if text.endswith("\n") else "", flush=True)
    elif text.endswith("\n") or time.monotonic() > said + QUIET:
        said = time.monotonic()
        print(text.rstrip(), flush=True)


if __name__ == "__main__":
    main()
