"""Bodies within the size limit in which as much as possible is wrong: refused before it costs time or memory."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import psutil
import pytest

from ganmnist.models.provenance import HEAD

TRIES = 4
UNKNOWN = b",".join(b'"a%d":1' % each for each in range(150_000))
COSTLY = {
    "500,000 numbers out of bounds": ("generate", {"z": [[99] * 2000] * 250}),
    "500,000 numbers that a model cannot take": ("generate", {"z": [[0] * 2000] * 250}),
    "98,000 numbers out of bounds": ("latents/between", {"z": [[99] * 1400] * 70}),
    "98,000 texts for numbers": ("export", {"z": [["a"] * 1400] * 70, "format": "png"}),
    "a sheet of wide corners": ("latents/sheet", {"z": [[99] * 2000] * 4}),
    "a film of wide vectors": ("film", {"z": [[99] * 2000] * 8}),
    "330,000 points": ("latents/invert", {"curves": [[[0, 0]] * 330] * 1000}),
    "98,000 points that are none": ("latents/invert", {"curves": [[0] * 1400] * 70}),
    "140,000 objects for points": ("latents/invert", {"curves": [[{}] * 1400] * 100}),
    "lists under 900 unknown names": ("runs", {f"x{each}": [0] * 100 for each in range(900)}),
    "a latent of 300,000": ("generate", {"latent": [0] * 300_000}),
    "a record of 150,000 unknown names": ("restore", b'{"ganmnist":{' + UNKNOWN + b"}}"),
    "a record that begins well and has 150,000 unknown names": ("restore", HEAD.encode() + UNKNOWN + b"}"),
    "a record of a list in which 700,000 numbers stand": (
        "restore",
        HEAD.encode() + b'"a":[' + b"1," * 700_000 + b"1]}",
    ),
}


@pytest.fixture(scope="module")
def server(warm_server):
    return warm_server


@pytest.mark.parametrize("name", COSTLY)
def test_a_costly_body_is_refused_in_no_time(server, name):
    path, content = COSTLY[name]
    is_file = isinstance(content, bytes)
    body = content if is_file else json.dumps(content, separators=(",", ":")).encode()
    headers = {"Content-Type": "application/octet-stream" if is_file else "application/json"}
    assert len(body) < 2_000_000
    peak = _peak_of(server.process.pid)
    spent = _processor_time(server.process.pid)
    for _ in range(TRIES):
        status, answer = server.call("POST", f"/api/{path}", body, headers)
        assert status == 422
        assert len(answer["error"]["message"]) < 1000
    assert (_processor_time(server.process.pid) - spent) / TRIES < 0.1
    assert peak() < 20_000_000


def _processor_time(pid: int) -> float:
    """Return the seconds of processor that a process has had: other tests may run beside it."""
    spent = psutil.Process(pid).cpu_times()
    return spent.user + spent.system


def _peak_of(pid: int):
    """Return what tells by how many bytes the memory of a process has grown at most from now on."""
    if sys.platform != "linux":
        return lambda: 0
    status = Path(f"/proc/{pid}/status")

    def highest() -> int:
        return 1024 * int(re.search(r"VmHWM:\s+(\d+)", status.read_text())[1])

    Path(f"/proc/{pid}/clear_refs").write_text("5")  # the peak is counted anew
    before = highest()
    return lambda: highest() - before
