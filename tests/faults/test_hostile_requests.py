"""Ten thousand hostile requests: each is refused quickly and in the one shape, and the server grows by next to nothing.

The short form sends fewer, with a bound in proportion; FAULTS=long sends them all.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import re
import socket
import time
from collections import Counter

import psutil
import pytest

REQUESTS = 10_000 if os.environ.get("FAULTS") == "long" else 1_500
GROWTH = 100e6 * REQUESTS / 10_000  # bytes
SECONDS = 1.0  # for each refusal
BODIES = (
    b"",
    b"{",
    b"\xff\xfe\x00",
    b"[" * 100_000,
    b'{"count":' * 50_000,
    b'{"count": 1' + b"0" * 5_000 + b"}",
    b'{"count": NaN}',
    b'{"count": 1e999}',
    b'{"model": "\\ud800"}',
    b'{"model": "../../etc/passwd"}',
    b'{"model": "nobody", "count": 1}',
    b'{"latent": [' + b"0," * 100_000 + b"0]}",
    json.dumps({str(number): number for number in range(20_000)}).encode(),
    b'{"preset": "fast", "generator": {"layers": [' + b'{"layer": "Dense", "units": 2048},' * 60 + b'{"layer": "x"}]}}',
    b'{"generator": {"layers": ' + b"[" * 900 + b"]" * 900 + b"}}",
    b" " * 1_999_999 + b"{",
)
PATHS = ("/api/generate", "/api/networks/check", "/api/networks/activations", "/api/runs", "/solve")
RAW = (
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    b"GET\r\n\r\n",
    b"GET / HTTP/9.9\r\nHost: 127.0.0.1\r\n\r\n",
    b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
    b"GET / HTTP/1.1\r\nX: " + b"a" * 20_000 + b"\r\n\r\n",
    b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
    b"POST / HTTP/1.1\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n",
    b"POST / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n",
    b"GET /" + b"%00" * 3_000 + b" HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
)


def requests(server, number: int):
    """Yield hostile requests, each as the bytes of one, in an order that is the same every time."""
    ours = f"Host: 127.0.0.1:{server.port}"
    token = f"Authorization: Bearer {server.token}"
    paths = ("/", "/nowhere", "/api/health", "/api/models", "/hops/digit", "/static/../web/app.py", "/api/runs/x/stop")
    chance = random.Random(1)
    for _ in range(number):
        kind = chance.randrange(5)
        method = chance.choice(("GET", "POST", "DELETE", "OPTIONS", "PUT", "TRACE"))
        path = chance.choice(paths)
        if kind == 0:
            yield chance.choice(RAW)
        elif kind == 1:
            hosts = chance.choice(([], ["Host:"], ["Host: evil.example"], [ours, ours], [ours, "Host: evil.example"]))
            yield head(method, path, *hosts, token)
        elif kind == 2:
            other = chance.choice(("Origin: null", "Origin: http://evil.example", "Sec-Fetch-Site: cross-site"))
            yield head(method, path, ours, token, other)
        elif kind == 3:
            sent = chance.choice(("Bearer x", "Bearer " + "a" * 8_000, "Basic \xff", ""))
            yield head(method, "/api/runs", ours, f"Authorization: {sent}")
        else:
            body = chance.choice(BODIES)
            about = chance.choice(("application/json", "application/json", "text/plain"))
            lines = (ours, token, f"Content-Type: {about}", f"Content-Length: {len(body)}")
            yield head("POST", chance.choice(PATHS), *lines) + body


def head(method: str, path: str, *lines: str) -> bytes:
    return "\r\n".join([f"{method} {path} HTTP/1.1", *lines, "Connection: close", "", ""]).encode("latin-1")


def send(server, content: bytes):
    """Send raw bytes on a connection of their own, and return status, headers and body."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(content)
        response = http.client.HTTPResponse(connection, method=content.split(b" ")[0].decode("latin-1"))
        response.begin()
        return response.status, response.headers, response.read()


def assert_refused(answer) -> None:
    status, headers, content = answer
    assert 400 <= status < 500, (status, content[:500])
    assert headers["Content-Type"] == "application/json"
    assert not [name for name in headers if name.lower().startswith("access-control-")]
    error = json.loads(content)["error"]
    assert {"code", "message", "field", "request_id"} == error.keys()
    assert re.fullmatch("[0-9a-f]{16}", error["request_id"])
    assert "Traceback" not in error["message"]


@pytest.mark.timeout(900)
def test_hostile_requests_are_refused_quickly_and_leave_no_memory_behind(start_server):
    server = start_server()
    assert server.call("POST", "/api/generate", {})[0] == 200  # torch is there
    for body in BODIES:  # what each path needs once, it has
        for path in PATHS:
            server.raw("POST", path, body)
    process = psutil.Process(server.process.pid)
    before = process.memory_info().rss
    slowest, most, statuses = 0.0, before, Counter()
    for number, content in enumerate(requests(server, REQUESTS)):
        started = time.monotonic()
        answer = send(server, content)
        slowest = max(slowest, time.monotonic() - started)
        assert_refused(answer)
        statuses[answer[0]] += 1
        if number % 100 == 0:
            most = max(most, process.memory_info().rss)
    after = process.memory_info().rss
    print(f"{REQUESTS} requests, slowest {slowest * 1000:.0f} ms, grown by {(after - before) / 1e6:.1f} MB", statuses)
    assert slowest < SECONDS
    assert after - before < GROWTH
    assert most - before < 100e6
    assert server.call("POST", "/api/generate", {})[0] == 200
    assert process.num_threads() < 64
