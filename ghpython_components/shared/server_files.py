"""The files of the server on this machine: where they are, what they say, and the commands that start it."""

import json
import os
import re
import sys

from ghpython_components.shared.remedies import INSTALL


def home():
    """Return the folder of the server's files, as the server finds it."""
    chosen = os.environ.get("GANMNIST_HOME")
    if chosen:
        return os.path.abspath(os.path.expanduser(chosen))
    user = os.path.expanduser("~")
    if os.name == "nt":
        return os.path.join(os.environ.get("LOCALAPPDATA") or os.path.join(user, "AppData", "Local"), "ganmnist")
    library = os.path.join(user, "Library", "Application Support")
    if sys.platform == "darwin" or (sys.platform == "cli" and os.path.isdir(library)):  # IronPython names no system
        return os.path.join(library, "ganmnist")
    return os.path.join(user, ".local", "share", "ganmnist")


def read_file(name):
    """Return what a JSON file of the server says, or None where there is no such file or it is damaged."""
    try:
        with open(os.path.join(home(), name), "rb") as opened:
            content = json.loads(opened.read().decode("utf-8"))
    except (EnvironmentError, ValueError):
        return None
    return content if isinstance(content, dict) else None


def file_stamp(name="server.json"):
    """Return what changes when a file of the server is written anew: age and size, or None where there is none.

    That of its discovery file changes when a server starts or ends.
    """
    try:
        found = os.stat(os.path.join(home(), name))
    except EnvironmentError:
        return None
    return found.st_mtime, found.st_size


def writable_by_others(name):
    """Return the path of a file of the server, or of its folder, if other users can write to it; else None."""
    if not hasattr(os, "getuid"):  # Windows has its users' folders closed
        return None
    for path in (home(), os.path.join(home(), name)):
        try:
            found = os.stat(path)
        except EnvironmentError:
            continue
        if found.st_mode & 0o022 or found.st_uid not in (0, os.getuid()):
            return path
    return None


def start_command():
    """Return the command that starts the server, as a list; None where none is known, or others may have named it."""
    command = None if writable_by_others("launch.json") else (read_file("launch.json") or {}).get("command")
    return command if isinstance(command, list) and command else None


def install_command():
    """Return the command that brings the components up to date, as a list: that of the server's own environment."""
    command = start_command() or []
    program = command[: command.index("serve")] if "serve" in command else ["ganmnist-server"]
    return program + ["install-components"]


def in_terminal():
    """Say what starts the server in a terminal."""
    command = start_command()
    return "in a terminal: {0}".format(typed(command)) if command else INSTALL


def typed(command):
    """Put a command into one line as a terminal takes it: PowerShell reads what begins with a quote as a text."""
    return re.sub(r'^"([A-Za-z]:\\)', r'\1"', quoted(command))


def quoted(command):
    """Put a command into one line, quoted as Windows and .NET read it."""
    return " ".join(_quoted(part) for part in command)


def _quoted(part):
    if part and not re.search(r"[\s\"]", part):
        return part
    return '"' + re.sub(r"(\\*)$", r"\1\1", re.sub(r'(\\*)"', r'\1\1\\"', part), count=1) + '"'
