"""What to do about it: commands as they can be typed, and the remedies that more than one sentence names.

No package index has ganmnist: `python start.py` installs it, into `.venv` in the project's folder. Whether a terminal
finds the programs there by their bare names depends on the terminal, so a command is given as it works where it is
read. The components cannot import this: theirs stand in `ghpython_components/shared/remedies.py`.
"""

import re
import shlex
import shutil
import sys
import sysconfig
from pathlib import Path

SETUP = "python start.py setup"
INSTALL = f"in the project's folder type: {SETUP}"
UPDATE = f"bring the project's folder up to date, type there: {SETUP}"
UPDATE_SERVER = f"the server ({UPDATE}, and start the server again)"
UPDATE_COMPONENTS = "the components (ganmnist-server install-components, and restart Rhino)"
RESTORE = "take ganmnist/weights anew from a fresh copy of the project (with git: git checkout -- ganmnist/weights)"

_MODULES = {"ganmnist": "ganmnist", "ganmnist-server": "bridge_server"}
_PLAIN = re.compile(r"[\w.:\\/=+~-]+")  # needs no quotes in cmd or in PowerShell
_DRIVE = re.compile(r"[A-Za-z]:\\")


def command(program: str, *words: object) -> str:
    """Return a command of ours as it can be typed here: by its bare name only where that finds this very program.

    Args:
        program: ganmnist or ganmnist-server.
        words: Its arguments.
    """
    own = Path(sysconfig.get_path("scripts")) / program
    found = shutil.which(program)
    if found and own.parent.is_dir() and Path(found).parent.samefile(own.parent):
        return typed(program, *words)
    if shutil.which(program, path=str(own.parent)):
        return typed(own, *words)
    return typed(sys.executable, "-m", _MODULES[program], *words)


def typed(*words: object) -> str:
    """Return a command as the terminals of this system read it: cmd and PowerShell alike, or a POSIX shell."""
    if sys.platform != "win32":
        return shlex.join(str(word) for word in words)
    return " ".join(_typed_on_windows(str(word)) for word in words)


def _typed_on_windows(word: str) -> str:
    if _PLAIN.fullmatch(word):
        return word
    # PowerShell takes what begins with a quote for a text and no command, so the drive stands before it.
    drive = _DRIVE.match(word)
    begin = drive.end() if drive else 0
    return f'{word[:begin]}"{word[begin:]}"'
