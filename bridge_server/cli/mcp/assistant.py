"""Carries out the tools of an assistant: asks the running server, reads and writes the files that are named."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from bridge_server.cli import client
from bridge_server.cli.exit_codes import CommandError
from bridge_server.cli.mcp.answers import Told, bounded, enlarged, told, without_nothing
from bridge_server.cli.mcp.tools import FORMATS, TOOLS, Destination, Drawing, Origin, Tool, Watch
from bridge_server.cli.mcp.vectors import Vectors
from bridge_server.contract.base import Pixels
from bridge_server.contract.runs import Run
from bridge_server.encoding.pixels import pixels
from ganmnist.errors import DataError, GanError, SettingError, shown
from ganmnist.export.records import MAX_FILE
from ganmnist.remedies import file_problem, load_problem
from ganmnist.storage.atomic import write_atomic

_CLIENT = "assistant"
_SIDE = 1024  # pixels of a drawing that is sent


class ToolError(Exception):
    """A tool cannot be carried out; the message says why, and what to do."""


class Assistant:
    """What an assistant does with the server of a data directory, which may come and go meanwhile.

    Args:
        home: The data directory.
    """

    def __init__(self, home: Path) -> None:
        self._home = home
        self._vectors = Vectors()
        self._one_at_a_time = threading.Lock()  # the server takes two of one client, and refuses more

    def carry_out(self, tool: Tool, arguments: Mapping[str, Any]) -> Told:
        """Carry out a tool and say what came of it.

        Raises:
            ToolError: It cannot be done: the server's own sentence, or what is wrong with a file or an argument.
        """
        try:
            return self._carry_out(tool, arguments)
        except (CommandError, GanError) as error:
            raise ToolError(str(error)) from None
        except (OSError, ImportError) as error:
            raise ToolError(load_problem(error) or file_problem(error) or str(error)) from None

    def watched(self, arguments: Mapping[str, Any]) -> tuple[Run, float]:
        """Return the run that `run_progress` is to watch, and how many seconds it is to wait for its end.

        Raises:
            ToolError: As `carry_out`.
        """
        try:
            place, own, _ = TOOLS["run_progress"].split(arguments)
            assert isinstance(own, Watch)
            return Run.model_validate(self._ask("run", place=place).message()), own.wait
        except (CommandError, GanError) as error:
            raise ToolError(str(error)) from None

    def _carry_out(self, tool: Tool, arguments: Mapping[str, Any]) -> Told:
        place, own, request = tool.split(arguments)
        if request.get("z") is not None:
            request["z"] = self._vectors.find(request["z"])
        match own:
            case Destination():
                return self._write(tool, own, request)
            case Origin():
                answer = self._ask(tool.name, body=_origin(own))
            case Drawing() if own.path:
                answer = self._ask(tool.name, body={**request, "image": _drawing(own.path).model_dump()})
            case _ if tool.call.method == "GET":
                answer = self._ask(tool.name, urlencode(request), place=place)
            case _:
                answer = self._ask(tool.name, body=request if tool.call.request else None, place=place)
        assert tool.call.reply
        said = told(tool.call.reply, answer.message(), self._vectors, request.get("columns"))
        if tool.name == "run_progress" and answer.message()["run"]["preview"]:
            return said._replace(pictures=(enlarged(self._ask("run_preview", place=place).content),))
        return said

    def _write(self, tool: Tool, own: Destination, request: dict[str, Any]) -> Told:
        """Have digits made into a file."""
        path = _whole(own.path)
        ending = path.suffix.lower().removeprefix(".")
        if ending not in FORMATS:
            raise SettingError(f"path: {path.name} has to end in one of {', '.join(f'.{each}' for each in FORMATS)}")
        if not path.parent.is_dir():
            raise SettingError(f"path: there is no folder {path.parent}: name one that is there")
        if path.exists() and not own.overwrite:
            raise SettingError(f"path: {path} is there already: name another, or overwrite it if that is wanted")
        answer = self._ask(tool.name, body={**request, "format": ending})
        write_atomic(path, answer.content)
        return Told(
            bounded(without_nothing({"file": str(path), "bytes": len(answer.content), "remarks": answer.remarks}))
        )

    def _ask(
        self,
        name: str,
        query: str = "",
        body: dict[str, Any] | bytes | None = None,
        place: Mapping[str, str] | None = None,
    ) -> client.Answer:
        found = client.find(self._home)
        quoted = {key: quote(value, safe="") for key, value in (place or {}).items()}
        with self._one_at_a_time:
            return client.fetch(found, name, query, body, quoted, _CLIENT)


def _whole(text: str) -> Path:
    """Return a path that means the same file wherever this program was started.

    Raises:
        SettingError: It does not.
    """
    path = Path(text)
    with suppress(RuntimeError):  # ~ of somebody who has no folder
        path = path.expanduser()
    if not path.is_absolute() or "\0" in text:
        raise SettingError(f"path: expected the whole path of a file, from its drive or / on, got {shown(text)}")
    return path


def _existing(text: str) -> Path:
    path = _whole(text)
    if path.is_dir():
        raise DataError(f"{path}: is a folder: name a file in it")
    if not path.is_file():
        raise DataError(f"{path}: there is no such file: name another")
    return path


def _origin(own: Origin) -> bytes:
    if (own.path is None) == (own.text is None):
        raise SettingError("path: name either a file or a text")
    if own.text is not None:
        return own.text.encode()
    path = _existing(own.path or "")
    if path.stat().st_size > MAX_FILE:
        raise DataError(f"{path}: has more than {MAX_FILE:,} bytes, as no file of ganmnist's has: name another")
    return path.read_bytes()


def _drawing(text: str) -> Pixels:
    """Read a picture of a drawing, made smaller if it is larger than a server takes."""
    import numpy as np
    from PIL import Image

    from ganmnist.data.picture import read_grey

    grey = Image.fromarray(read_grey(_existing(text)))
    grey.thumbnail((_SIDE, _SIDE))
    return pixels(np.asarray(grey)[None])
