"""Sentences in answers: whoever is not the server's owner is told of files, and not in which folders they lie."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import PlainSerializer, SerializationInfo

STRANGER = "stranger"  # context in which a message is written for somebody else than the owner
_FOLDERS = re.compile(
    r"""
    (?<![\w.:/\\~-])                    # a path begins here, and not in the middle of an address or of another path
    (?!/api/|/openapi\.json)            # the server's own
    (?:~|[A-Za-z]:|\\)?[/\\](?=\S)      # of Unix, of a home, of a drive, of a server
    (?:[^/\\:*?"<>|,;()\n]+[/\\])*      # folders, whose names may hold blanks
    """,
    re.VERBOSE,
)


def without_folders(text: str) -> str:
    """Return a sentence with the names of files in it, in place of their whole paths."""
    return _FOLDERS.sub("", text)


def _told(text: str, info: SerializationInfo) -> str:
    return without_folders(text) if info.context == STRANGER else text


Told = Annotated[str, PlainSerializer(_told)]
