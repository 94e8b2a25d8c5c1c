"""What greedy and hostile clients send, as fast as a server takes it; `load.py` puts it beside polite clients."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from itertools import cycle
from typing import Any, NamedTuple

Request = tuple[str, bytes]  # path and body of a POST


class Flood(NamedTuple):
    """Connections that ask at once, again as soon as an answer is there, and heed no Retry-After."""

    what: str
    connections: int
    requests: tuple[Request, ...] = ()  # in turn; none: the connections stay silent
    per_client: int = 1_000  # connections of one client
    sources: tuple[str, ...] = ("127.0.0.1",)  # addresses that the connections come from

    async def pour(self, port: int, token: str, seconds: float) -> Counter[str]:
        """Send it for some seconds; return how often each answer came."""
        end = time.perf_counter() + seconds
        answers: Counter[str] = Counter()
        connections = []
        for number in range(self.connections):
            source = self.sources[number % len(self.sources)]
            connections.append(await Connection.open(port, token, f"flood-{number // self.per_client}", source))

        async def one(connection: Connection, requests: Iterator[Request]) -> None:
            with suppress(ConnectionError, asyncio.IncompleteReadError, TimeoutError):  # the server let it go
                while time.perf_counter() < end:
                    path, body = next(requests)
                    async with asyncio.timeout(max(0.1, end + 5 - time.perf_counter())):
                        status, headers = await connection.post(path, body)
                    answers[f"{status} with Retry-After" if b"retry-after:" in headers.lower() else f"{status}"] += 1

        if self.requests:
            await asyncio.gather(*(one(connection, cycle(self.requests)) for connection in connections))
        else:
            await asyncio.sleep(seconds)
        for connection in connections:
            connection.close()
        return answers


class Connection:
    """A connection that stays open, with as little work of our own as can be."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: str) -> None:
        self._reader = reader
        self._writer = writer
        self._head = head

    @classmethod
    async def open(cls, port: int, token: str, client: str, source: str = "127.0.0.1") -> Connection:
        head = (
            f" HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\nX-Client-Id: {client}\r\n"
            "Content-Type: application/json\r\n"
        )
        return cls(*await asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0)), head)

    async def get(self, path: str) -> tuple[int, bytes]:
        """Return status and headers."""
        return await self._send(f"GET {path}{self._head}\r\n".encode())

    async def post(self, path: str, body: bytes) -> tuple[int, bytes]:
        """Return status and headers."""
        return await self._send(f"POST {path}{self._head}Content-Length: {len(body)}\r\n\r\n".encode() + body)

    async def _send(self, request: bytes) -> tuple[int, bytes]:
        self._writer.write(request)
        headers = await self._reader.readuntil(b"\r\n\r\n")
        length = headers.lower().split(b"content-length:")[1].split(b"\r\n")[0]
        await self._reader.readexactly(int(length))
        return int(headers[9:12]), headers

    def close(self) -> None:
        self._writer.close()


def _post(path: str, **body: Any) -> Request:
    return path, json.dumps(body, separators=(",", ":")).encode()


def _drawing() -> dict[str, Any]:
    """Return a stroke that may be a 1 or a 7."""
    image = bytearray(112 * 112)
    for row in range(20, 90):
        image[112 * row + 60 : 112 * row + 70] = bytes([255] * 10)
    return {"shape": [1, 112, 112], "data": base64.b64encode(bytes(image)).decode()}


def _hops(**inputs: object) -> Request:
    types = {int: "System.Int32", str: "System.String"}
    values = [
        {"ParamName": name, "InnerTree": {"{0}": [{"type": types[type(value)], "data": json.dumps(value)}]}}
        for name, value in inputs.items()
    ]
    return _post("/solve", pointer="hops/digit", values=values)


_WRONG = [[9] * 2000] * 240
SLIDER = Flood("a slider over 50 connections", 50, (_post("/api/generate", latent=[0.5]),))
FLOODS = (
    SLIDER,
    Flood(
        "480,000 numbers too many over 8 connections",
        8,
        (
            _post("/api/generate", z=_WRONG),
            _post("/api/latents/between", z=_WRONG),
            _post("/api/latents/sheet", z=_WRONG),
            _post("/api/film", z=_WRONG),
            _post("/api/export", z=_WRONG),
            _post("/api/latents/invert", curves=[[[0, 0]] * 160_000]),
        ),
    ),
    Flood("4 clients with two drawings each", 8, (_post("/api/latents/invert", image=_drawing()),), per_client=2),
    Flood("76 solids as .3dm", 1, (_post("/api/export", count=76, form="solid", format="3dm"),)),
    Flood("16 digits by Hops over 4 connections", 4, (_hops(count=16),)),
    Flood("410 silent connections", 410, sources=("127.0.0.2", "127.0.0.3")),
)
