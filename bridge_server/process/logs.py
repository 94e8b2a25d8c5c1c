"""The server's logs: one JSON object a line, in files of limited size.

What somebody did that only some may do stands in a file of its own too, which no flood of requests washes away.
"""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import TextIO

from bridge_server.access.guard import ACTIONS

LOG, ACTIONS_LOG = "server.log", "actions.log"
_MAX_BYTES = 1_000_000
_KEPT = 2


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line)


class _File(RotatingFileHandler):
    """Writes a line and asks the disk nothing before: with Python's own a line took a tenth of a digit's time."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = self.format(record) + self.terminator
            if self._stream().tell() + len(line) > self.maxBytes:
                self.doRollover()
            self._stream().write(line)
            self.flush()
        except Exception:
            self.handleError(record)

    def _stream(self) -> TextIO:
        if self.stream is None:
            self.stream = self._open()
        return self.stream


def start(home: Path) -> None:
    """Write what the server and waitress have to say to files. Header values, bodies and tokens are never among it.

    Args:
        home: Data directory.
    """
    everything, actions = _handler(home / LOG), _handler(home / ACTIONS_LOG)
    for name, level, handler in (
        ("ganmnist", logging.INFO, everything),
        ("waitress", logging.ERROR, everything),
        (ACTIONS, logging.INFO, actions),
    ):
        logger = logging.getLogger(name)
        logger.setLevel(level)
        logger.addHandler(handler)
        logger.propagate = False


def _handler(path: Path) -> logging.Handler:
    handler = _File(path, maxBytes=_MAX_BYTES, backupCount=_KEPT, encoding="utf-8")
    handler.setFormatter(_JsonLines())
    return handler
