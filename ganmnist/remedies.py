"""What to do about it: commands as they can be typed, and the remedies that more than one sentence names.

No package index has ganmnist: it is installed out of the project's folder, by `python start.py` into `.venv` there, or
by uv or pipx as a tool, and remedies name what has installed it. Whether a terminal finds the programs by their bare
names depends on the terminal, so a command is given as it works where it is read. The components cannot import this:
theirs stand in `ghpython_components/shared/remedies.py`.
"""

import errno
import re
import shlex
import shutil
import sys
import sysconfig
import traceback
from importlib.metadata import requires
from pathlib import Path

_NAME = "ganmnist"
_PLAIN = re.compile(r"[\w.:\\/=+~-]+")  # needs no quotes in cmd or in PowerShell
_DRIVE = re.compile(r"[A-Za-z]:\\")


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


def _installer(environment: Path) -> str:
    """Return what has made a virtual environment, by what it leaves there: uv, pipx, or start.py and whoever else."""
    for left, program in (("uv-receipt.toml", "uv"), ("pipx_metadata.json", "pipx")):
        if (environment / left).exists():
            return program
    return "start.py"


def _setup(installer: str, extra: str = "") -> str:
    """Return the command that installs all of it anew, or what an extra brings, to be typed in the project's folder."""
    what = f".[{extra}]" if extra else "."
    if installer == "uv":
        return typed("uv", "tool", "install", "--force", "--torch-backend", "cpu", what)
    if installer == "pipx":  # which remembers where it had this from
        return typed("pipx", "inject", _NAME, *_brought_by(extra)) if extra else typed("pipx", "reinstall", _NAME)
    return typed(sys.executable, "-m", "pip", "install", "-e", what) if extra else "python start.py setup"


def _brought_by(extra: str) -> list[str]:
    """Return what an extra of ours requires, as an index knows it."""
    return [each.partition(";")[0].strip() for each in requires(_NAME) or [] if f'extra == "{extra}"' in each]


_BY = _installer(Path(sys.prefix))
SETUP = _setup(_BY)
GPU = "uv tool install --force --torch-backend auto ." if _BY == "uv" else "python start.py setup --gpu"
INSTALL = f"in the project's folder type: {SETUP}"
UPDATE = f"bring the project's folder up to date, type there: {SETUP}"
UPDATE_SERVER = f"the server ({UPDATE}, and start the server again)"
UPDATE_COMPONENTS = "the components (ganmnist-server install-components, and restart Rhino)"
RESTORE = "take ganmnist/weights anew from a fresh copy of the project (with git: git checkout -- ganmnist/weights)"

UNUSABLE = "change its permissions, take it away, or choose another --data-dir"
REINSTALL = (
    f"delete the folder .venv in the project's folder, and type there: {SETUP}" if _BY == "start.py" else INSTALL
)
STORE = (
    "this is Python from the Microsoft Store, which hides from Rhino the files that it has to find: install "
    "Python from https://www.python.org/downloads, and then type in the project's folder: py start.py"
)
_RUNTIME = "install the Microsoft Visual C++ Redistributable, https://aka.ms/vs/17/release/vc_redist.x64.exe"
_SHUT = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST)  # a folder nobody can write into
_REASON = 300  # letters of what a loader says
_OURS = ("ganmnist", "bridge_server", "ghpython_components", "__main__")

_MODULES = {"ganmnist": "ganmnist", "ganmnist-server": "bridge_server"}


def command(program: str, *words: object) -> str:
    """Return a command of ours as it can be typed here: by its bare name only where that finds this very program.

    Args:
        program: ganmnist or ganmnist-server.
        words: Its arguments.
    """
    own = Path(sysconfig.get_path("scripts")) / program
    found = shutil.which(program)
    # uv and pipx put a link to it where terminals look.
    if found and own.parent.is_dir() and any(each.parent.samefile(own.parent) for each in _ways(Path(found))):
        return typed(program, *words)
    if shutil.which(program, path=str(own.parent)):
        return typed(own, *words)
    return typed(sys.executable, "-m", _MODULES[program], *words)


def _ways(found: Path) -> tuple[Path, Path]:
    return found, found.resolve()


def extra_missing(extra: str) -> str:
    """Say that the package which an extra of ours brings is not installed, and how to install it here."""
    return f"{extra} is not installed: in the project's folder type: {_setup(_BY, extra)}"


def is_from_store() -> bool:
    """Tell whether this Python is from the Microsoft Store."""
    return "WindowsApps" in sys.base_prefix


def file_problem(error: BaseException, home: Path | None = None) -> str | None:
    """Say which file cannot be used and what to do, if the system refused one; else None."""
    if not isinstance(error, OSError) or not error.filename or error.errno is None:
        return None
    if home and error.errno in _SHUT and Path(error.filename).is_relative_to(home):
        return (
            f"{error.filename}: the data directory {home} cannot be used ({error.strerror}): change its permissions, "
            f"or name another in GANMNIST_HOME"
        )
    remedy = {
        errno.EEXIST: "there is something by that name: name another",
        errno.EISDIR: "it is a folder: name a file",
        errno.ENAMETOOLONG: "its name is too long: choose a shorter one",
        errno.ENOENT: "there is no such file or folder: name another",
        errno.ENOTDIR: "it lies in what is no folder: name another place",
        errno.EACCES: "it may not be used: change its permissions, or name another",
        errno.EROFS: "nothing can be written there: name another place",
        errno.ENOSPC: "the disk is full: make room on it",
    }
    return f"{error.filename}: {remedy.get(error.errno, error.strerror)}"


def load_problem(error: BaseException) -> str | None:
    """Say which package cannot be loaded, why, and what to do, if that is what went wrong; else None."""
    if not isinstance(error, ImportError | OSError):
        return None
    frames = (frame for frame, _ in traceback.walk_tb(error.__traceback__) if frame.f_code.co_name == "<module>")
    loading = [str(frame.f_globals.get("__name__")).partition(".")[0] for frame in frames]
    if isinstance(error, ModuleNotFoundError) and error.name:
        loading.append(error.name.partition(".")[0])
    package = next((name for name in loading if name not in (*_OURS, "importlib")), None)
    return package and cannot_load(package, str(error))


def cannot_load(package: str, reason: str) -> str:
    """Say what to do about a package that cannot be loaded; `reason` is Python's own sentence."""
    if "No module named" in reason and package in reason:
        return f"{package} is not installed: {INSTALL}"
    remedy = f"{_RUNTIME}; if that does not help, {REINSTALL}" if sys.platform == "win32" else REINSTALL
    return f"{package} cannot be loaded ({' '.join(reason.split())[:_REASON].rstrip('.')}): {remedy}"
