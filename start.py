"""Set ganmnist up in this folder, and run it. Needs nothing but Python.

The first time it makes a virtual environment in `.venv` and downloads about 300 MB of tested packages into it, which
takes a few minutes; nothing is installed outside this folder. With `--gpu` it installs a torch that can use the
graphics card of this machine, which takes gigabytes; `--gpu=NAME` says which, by its folder in PyTorch's index: cu130,
cu126, xpu and so on. Then it does one of these:
"""

import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
import urllib.request
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent
ENVIRONMENT = ROOT / ".venv"
PYTHON = ENVIRONMENT / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
INDEX = "https://download.pytorch.org/whl/"
CPU_TORCH = f"{INDEX}cpu/"  # PyPI's torch for Linux brings gigabytes of CUDA along
CUDA = ((13, 0, "cu130"), (12, 6, "cu126"))  # which torch a driver takes, by the newest CUDA that it knows
TASKS = {
    "demo": (
        "fetch MNIST, train a model for a minute, and write its first digits to first-digits/\n"
        "                           (--seconds N, --images N, --out DIR); done too where no task is named",
        [PYTHON, ROOT / "examples" / "first_digits.py"],
    ),
    "test": (
        "run the whole test suite (options as pytest's)",
        [PYTHON, "-m", "pytest", "-n", "3", "--dist", "loadfile"],
    ),
    "setup": ("install what is missing, and run nothing", []),
}

# What the pinned packages are made for, as pip finds wheels of all of them: to be looked up anew with other versions.
TORCH = "torch==2.13.0"
PACKAGES = (TORCH, "rhino3dm==8.35.0", "manifold3d==3.5.4", "numpy==2.4.6")
OLDEST, NEWEST = (3, 11), (3, 14)
SYSTEMS = {  # the oldest macOS, or glibc of Linux
    "win-amd64": (),
    "macosx-arm64": (14,),
    "linux-x86_64": (2, 28),
    "linux-aarch64": (2, 28),
}
ELSEWHERE = {  # what helps on other systems
    "win-arm64": "install Python for x64 (on python.org: Windows installer, 64-bit), which runs on Windows on ARM too",
    "win32": "install the 64-bit Python from python.org",
    "macosx-x86_64": "a Mac with Apple silicon can have a Python that is made for it, from python.org; no torch of "
    "this version is made for Intel Macs",
}
DEEPEST = 156  # letters of the longest path to a folder below site-packages: torch's licences
LONGEST_FOLDER = 247  # letters that Windows allows it without long paths


def main() -> int:
    for stream in (sys.stdout, sys.stderr):  # no letter of a path is worth a traceback
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    words, gpu = _without_gpu(sys.argv[1:])
    task = words[0] if words else "demo"
    tasks = "\n".join(f"    python start.py {name:6} {what}" for name, (what, _) in TASKS.items())
    activation = "\n".join(_activation())
    if task in ("-h", "--help", "help"):
        print(f"{__doc__}\n{tasks}\n\n{activation}")
        return 0
    if task not in TASKS:
        return _fail(f"there is no task {task!r}; there are:\n{tasks}")
    problem = _problem()
    if problem:
        return _fail(problem)
    try:
        _prepare("dev" if task == "test" else "", even_if_done=task == "setup", gpu=gpu)
    except LookupError as error:
        return _fail(str(error.args[0]))
    except subprocess.CalledProcessError as error:
        hint = " (on Debian and Ubuntu: apt install python3-venv)" if "ensurepip" in map(str, error.cmd) else ""
        return _fail(f"setting up failed with status {error.returncode}{hint}; what went wrong stands above")
    command = [str(word) for word in TASKS[task][1]]
    status = subprocess.call([*command, *words[1:]], cwd=ROOT) if command else 0
    if task != "test" and status == 0:
        print(f"\n{activation}", flush=True)
    return status


def _activation() -> list:
    """Say how a terminal finds the commands by their names: a line for each kind that this system has."""
    scripts = str(PYTHON.parent)
    said = ["To type the commands by their names, `ganmnist generate --help`, first once in each terminal:"]
    if os.name != "nt":
        return [*said, f"    source {shlex.quote(scripts + '/activate')}"]
    quoted = scripts.replace("'", "''")
    return [
        *said,
        f'    "{scripts}\\activate.bat"',
        "or in PowerShell, which may run no scripts:",
        f"    $env:Path = '{quoted};' + $env:Path",
    ]


def _without_gpu(words: list) -> tuple:
    """Take `--gpu` out of the words typed, and return it too: a name, auto, or nothing."""
    found = [word for word in words if word == "--gpu" or word.startswith("--gpu=")]
    gpu = (found[-1].partition("=")[2] or "auto") if found else ""
    return [word for word in words if word not in found], gpu


def _problem() -> str:
    """Say why the packages cannot be installed, or would be of no use, before pip is asked. Nothing where all is well.

    What pip says of it takes a screen, and does not name the remedy.
    """
    if not OLDEST <= sys.version_info[:2] <= NEWEST or platform.python_implementation() != "CPython" or _is_threaded():
        kind = f"{platform.python_implementation()}{' without GIL' if _is_threaded() else ''}"
        how = f"py -{_dotted(NEWEST)} start.py" if os.name == "nt" else f"python{_dotted(NEWEST)} start.py"
        return (
            f"Python {_dotted(OLDEST)} to {_dotted(NEWEST)} is needed, this is {kind} {platform.python_version()}: "
            f"install one of them from https://www.python.org/downloads, beside this one if you like, and type: {how}"
        )
    system, release = _system()
    if system not in SYSTEMS or sys.maxsize < 2**32:
        remedy = ELSEWHERE.get(system, f"take one of {', '.join(SYSTEMS)}, with 64 bits")
        return f"{PACKAGES[0]} is not made for this Python's system, {system}: {remedy}"
    if release < SYSTEMS[system]:
        what, remedy = ("macOS", "update it") if sys.platform == "darwin" else ("glibc", "take a newer Linux")
        found = _dotted(release) or "another C library"
        return f"{what} {_dotted(SYSTEMS[system])} or newer is needed, this is {found}: {remedy}"
    if "WindowsApps" in sys.base_prefix:
        return (
            "this is Python from the Microsoft Store, which hides from Rhino the files that it has to find: install "
            "Python from https://www.python.org/downloads, and then type in the project's folder: py start.py"
        )
    most = LONGEST_FOLDER - DEEPEST - len("/.venv/Lib/site-packages/")
    if os.name == "nt" and len(str(ROOT)) > most and not _has_long_paths():
        return (
            f"the path of this folder has {len(str(ROOT))} letters, and torch fits below one of at most {most}: move "
            "it to where its path is shorter, or have Windows allow long paths "
            "(https://learn.microsoft.com/windows/win32/fileio/maximum-file-path-limitation)"
        )
    return ""


def _is_threaded() -> bool:
    """Tell whether this is the free-threaded Python, for which some packages are not made."""
    return bool(sysconfig.get_config_var("Py_GIL_DISABLED"))


def _system() -> tuple:
    """Return the system that this Python is made for, as pip tells them apart; and the release of macOS or glibc."""
    system, release = sysconfig.get_platform(), ""
    if sys.platform == "darwin":
        system, release = f"macosx-{platform.machine()}", platform.mac_ver()[0]
    elif sys.platform == "linux":
        release = platform.libc_ver()[1] if platform.libc_ver()[0] == "glibc" else ""
    return system, tuple(int(number) for number in release.split(".")[:2] if number.isdigit())


def _has_long_paths() -> bool:
    import winreg

    try:
        with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, r"SYSTEM\CurrentControlSet\Control\FileSystem") as key:
            return winreg.QueryValueEx(key, "LongPathsEnabled")[0] == 1
    except OSError:
        return False


def _prepare(extra: str, even_if_done: bool, gpu: str = "") -> None:
    """Make the environment, and install what is missing in it, unless that was done from these very files.

    A torch for a graphics card, once installed, stays until `.venv` is deleted, or another is asked for.

    Raises:
        LookupError: Which torch fits the graphics card is not known; says what to do.
    """
    wanted = "\n".join(
        [extra, *(path.read_text(encoding="utf-8") for path in (ROOT / "pyproject.toml", *_lists(extra)))]
    )
    chosen = ENVIRONMENT / "gpu.txt"  # the torch for a graphics card that is there
    there = chosen.read_text(encoding="utf-8") if chosen.exists() and _is_usable() else ""
    new = [] if gpu in ("", there) or sys.platform == "darwin" else _gpu_torch(gpu)
    done = ENVIRONMENT / f"installed-{extra or 'plain'}.txt"
    usable = _is_usable()
    if usable and not new and not even_if_done and done.exists() and done.read_text(encoding="utf-8") == wanted:
        return
    size = "some gigabytes" if new else "about 300 MB"
    print(f"Setting up .venv, once: a few minutes for downloads of {size} ...", flush=True)
    if not usable:
        venv.create(ENVIRONMENT, with_pip=True, clear=True, symlinks=os.name != "nt")
    pip = [str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check", "--no-compile"]
    if new:
        # The one that is there would do as well for pip, which does not tell one build of a version from another.
        subprocess.run([str(PYTHON), "-m", "pip", "uninstall", "--yes", "torch"], check=True)
        chosen.unlink(missing_ok=True)
        subprocess.run(new, check=True)
        chosen.write_text(gpu, encoding="utf-8")
    elif sys.platform == "linux" and not there:
        # First, so that the lists find it there: they have no hash of this file, which comes from another index.
        source = ["--no-deps", "--extra-index-url", CPU_TORCH] if _answers(CPU_TORCH) else []
        subprocess.run([*pip, *source, TORCH], check=True)
    lists = [word for path in _lists(extra) for word in ("--requirement", str(path))]
    subprocess.run([*pip, "--no-deps", "--require-hashes", *lists], check=True)  # the files that the tests passed with
    subprocess.run([*pip, "--no-deps", "--no-build-isolation", "--editable", str(ROOT)], check=True)
    # On all cores, where pip takes one. Files for other Pythons that some packages hold cannot be compiled.
    subprocess.run([str(PYTHON), "-m", "compileall", "-qq", "-j", "0", str(ENVIRONMENT)], check=False)
    done.write_text(wanted, encoding="utf-8")


def _gpu_torch(gpu: str) -> list:
    """Return the command that installs the torch for a graphics card, with all of CUDA that it brings along.

    uv finds out by itself which one fits; without it, that is told by NVIDIA's driver, or has to be said.
    """
    uv = shutil.which("uv")
    if uv:
        return [uv, "pip", "install", "--python", str(PYTHON), "--torch-backend", gpu, TORCH]
    pip = [str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check"]
    name = _cuda_build() if gpu == "auto" else gpu
    return [*pip, "--index-url", f"{INDEX}{name}/", "--extra-index-url", "https://pypi.org/simple", TORCH]


def _cuda_build() -> str:
    """Return the newest build of torch that NVIDIA's driver takes."""
    known = _driver_cuda()
    if known is None:
        raise LookupError(
            "--gpu: no NVIDIA driver answers here (nvidia-smi): install it from https://www.nvidia.com/drivers; for "
            "another card name the build that https://pytorch.org/get-started/locally shows for it, as --gpu=xpu"
        )
    for *least, name in CUDA:
        if known >= tuple(least):
            return name
    raise LookupError(
        f"--gpu: NVIDIA's driver knows CUDA {_dotted(known)}, and {_dotted(CUDA[-1][:2])} or newer is needed: update "
        "it from https://www.nvidia.com/drivers"
    )


def _driver_cuda() -> tuple | None:
    """Return the newest CUDA that NVIDIA's driver knows; nothing where there is none."""
    try:
        said = subprocess.run(["nvidia-smi"], capture_output=True, text=True, errors="replace", timeout=30)
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.search(r"CUDA Version: (\d+)\.(\d+)", said.stdout)
    return (int(found[1]), int(found[2])) if found else None


def _is_usable() -> bool:
    """Tell whether there is an environment made for this place, of a Python that is still there and not the Store's."""
    if not PYTHON.exists():
        return False
    made = (ENVIRONMENT / "pyvenv.cfg").read_text(encoding="utf-8", errors="replace")
    return "WindowsApps" not in made and ("\ncommand = " not in made or str(ENVIRONMENT) in made)


def _lists(extra: str) -> list:
    return [ROOT / "requirements.txt", *([ROOT / f"requirements-{extra}.txt"] if extra else [])]


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except OSError:
        return False


def _dotted(version: tuple) -> str:
    return ".".join(map(str, version))


def _fail(sentence: str) -> int:
    print(f"start.py: {sentence}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
