"""Sentences in answers: whoever is not the server's owner is told of files, and not in which folders they lie.

Where a path ends in a sentence cannot be known: names of folders hold blanks, commas and brackets. So what is a path
and nothing else is told apart from sentences, folders that the server knows of are hidden as they are, and what looks
like a path is hidden after that.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path, PurePath, PurePosixPath, PureWindowsPath
from typing import Annotated

from pydantic import PlainSerializer, SerializationInfo

STRANGER = "stranger"  # context in which a message is written for somebody else than the owner
_KNOWN = "\0"  # stands for a folder that the server knows of, as no sentence has it
_SEPARATORS = re.compile(r"[/\\]+")
_FOLDERS = re.compile(
    r"""
    (?:
        \0                              # in a folder known, or: a path begins here, and not in the middle of an
      | (?<![\w./\\~-])(?!(?<=:)//)     # address or of another path
        (?!/api/(?:data|datasets|evaluate|export|film|generate|health|latents|layers|me|models|networks|queue|restore|runs
             |server|sweeps)
           (?![\w.-])|/openapi\.json)   # the server's own
        (?: file:[/\\]+(?:[A-Za-z]:[/\\])?
          | [/\\]{2}[?.][/\\](?:UNC[/\\])?(?:[A-Za-z]:[/\\]+)?
          | (?:~[\w.-]*|[A-Za-z]:)?[/\\]+
        )(?=\S)                         # of an address, of Windows, of Unix, a home, a drive or a server
    )
    (?:
        (?: [^/\\:*?"<>|,;()\n\0]       # folders, whose names may hold blanks,
          | \([^()/\\\n\0]*\)           # brackets in pairs,
          | [,;](?![^/\\\n]{0,40}\d[/\\]\d)  # commas, but in "a.csv, 28/28",
          | :(?!\s)                     # and colons that end no part of a sentence
        )+(?<![\s,;:])[/\\]+
    )*
    """,
    re.VERBOSE | re.IGNORECASE,
)
_hidden: set[str] = set()


def hide(folder: Path) -> None:
    """Have a folder that sentences of this process may be about left out of them all."""
    _hidden.update({str(folder), str(folder.resolve())})


def without_folders(text: str, known: Iterable[str] = ()) -> str:
    """Return a sentence with the names of files in it, in place of their whole paths.

    Args:
        text: The sentence.
        known: Folders and files that it may be about, beside those that the server knows of.
    """
    text = text.replace(_KNOWN, "")
    for path in sorted({*known, *_hidden}, key=len, reverse=True):
        text = _without(path, text)
    return _FOLDERS.sub("", text)


def file_name(text: str) -> str:
    """Return the last part of what is a path and nothing else; any other text without folders."""
    path = _whole(text)
    return path.name if path else without_folders(text)


def _whole(text: str) -> PurePath | None:
    if text.startswith("/"):
        return PurePosixPath(text)
    path = PureWindowsPath(text)
    return path if path.is_absolute() else None


def _without(path: str, text: str) -> str:
    """Put a path's last part in its place, or what stands for it where the path goes on."""
    whole = _whole(path)
    parts = [part for part in _SEPARATORS.split(path) if part]
    if whole is None or len(whole.parts) < 2 or parts[-1].lower() not in text.lower():
        return text
    written = r"[/\\]+".join(map(re.escape, parts))
    lead = r"[/\\]+" if path[0] in "/\\" else ""
    return re.sub(
        rf"(?<![\w.]){lead}{written}(?:([/\\]+)|(?!\w))",
        lambda found: _KNOWN if found[1] else parts[-1],
        text,
        flags=re.IGNORECASE,
    )


def _told(text: str, info: SerializationInfo) -> str:
    return without_folders(text) if info.context == STRANGER else text


def _named(text: str, info: SerializationInfo) -> str:
    return file_name(text) if info.context == STRANGER else text


Told = Annotated[str, PlainSerializer(_told)]
ToldPath = Annotated[str, PlainSerializer(_named)]
