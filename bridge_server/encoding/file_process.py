"""Writes large files in a process of its own: what writes a .3dm holds Python's interpreter for seconds at a time.

The process starts with the first such file and waits for the next. It ends when its input does, so with the server,
however that ends. Both sides send a line of JSON and then as many bytes as that says.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Any

from bridge_server.errors import ApiError
from ganmnist.config import GeometryConfig
from ganmnist.errors import SettingError
from ganmnist.models.provenance import Provenance

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_SECONDS = 60.0  # for one file; the largest take a few
_ARGUMENTS = [sys.executable, "-m", "bridge_server.encoding.file_process"]
_NO_WINDOW = getattr(subprocess, "CREATE_NO_WINDOW", 0)


class FileProcess:
    """The process that writes files, one at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def file_bytes(
        self, ending: str, images: NDArray[np.uint8], config: GeometryConfig, record: Provenance | None = None
    ) -> bytes:
        """Return what `ganmnist.export.write.file_bytes` does.

        Raises:
            SettingError: As it does.
            ApiError: The process took too long or ended.
        """
        asked = {
            "ending": ending,
            "shape": images.shape,
            "config": config.model_dump_json(),
            "record": record and record.to_text(),
        }
        with self._lock:
            process = self._started()
            timer = threading.Timer(_SECONDS, process.kill)
            timer.start()
            try:
                assert process.stdin
                assert process.stdout
                _send(process.stdin, asked, images.tobytes())
                told, content = _receive(process.stdout)
            except (OSError, ValueError):
                self._end()
                raise ApiError(
                    503, "file_process", "The file was not finished: lower count, or use the command line."
                ) from None
            finally:
                timer.cancel()
        if "refused" in told:
            raise SettingError(told["refused"])
        return content

    def close(self) -> None:
        """End the process."""
        process = self._process
        if process:
            process.kill()  # it has nothing to lose
            process.wait()

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self._process = subprocess.Popen(
                _ARGUMENTS,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                creationflags=_NO_WINDOW,
            )
        return self._process

    def _end(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None


def _send(stream: IO[bytes], told: dict[str, Any], content: bytes) -> None:
    stream.write(json.dumps({**told, "bytes": len(content)}).encode() + b"\n")
    stream.write(content)
    stream.flush()


def _receive(stream: IO[bytes]) -> tuple[dict[str, Any], bytes]:
    """Raise ValueError where the other side has ended."""
    told = json.loads(stream.readline())
    content = stream.read(told["bytes"])
    if len(content) != told["bytes"]:
        raise ValueError("cut short")
    return told, content


def _serve(asked: IO[bytes], answers: IO[bytes]) -> None:
    import numpy as np

    from ganmnist.export.write import file_bytes

    with suppress(ValueError):  # the server has ended
        while True:
            told, content = _receive(asked)
            images = np.frombuffer(content, np.uint8).reshape(told["shape"])
            config = GeometryConfig.model_validate_json(told["config"])
            record = Provenance.model_validate_json(told["record"]) if told["record"] else None
            try:
                _send(answers, {}, file_bytes(told["ending"], images, config, record))
            except SettingError as error:
                _send(answers, {"refused": str(error)}, b"")


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):  # of the terminal, which the server gets too
        _serve(sys.stdin.buffer, sys.stdout.buffer)
