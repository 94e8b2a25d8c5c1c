"""Set everything up and run it: `python start.py` for the first digits, `python start.py test` for the tests.

Needs nothing but Python 3.11 or newer. It makes a virtual environment in `.venv`, installs the project there with
tested versions, and goes on inside it.
"""

import os
import subprocess
import sys
import urllib.request
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent
ENVIRONMENT = ROOT / ".venv"
PYTHON = ENVIRONMENT / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
CPU_TORCH = "https://download.pytorch.org/whl/cpu/"  # PyPI's torch for Linux brings gigabytes of CUDA along
TASKS = {
    "demo": [PYTHON, ROOT / "examples" / "first_digits.py"],
    "test": [PYTHON, "-m", "pytest", "-n", "3", "--dist", "loadfile"],
}


def main() -> int:
    task = sys.argv[1] if len(sys.argv) > 1 else "demo"
    if sys.version_info < (3, 11):  # noqa: UP036 - nothing has checked it yet
        return _fail(f"Python 3.11 or newer is needed, this is {sys.version.split()[0]}: see https://www.python.org")
    if task not in TASKS:
        return _fail(f"unknown task {task}: python start.py [{'|'.join(TASKS)}]")
    try:
        _prepare("dev" if task == "test" else "")
    except subprocess.CalledProcessError as error:
        hint = " (on Debian and Ubuntu: apt install python3-venv)" if "ensurepip" in map(str, error.cmd) else ""
        return _fail(f"setting up failed with status {error.returncode}{hint}; what went wrong stands above")
    return subprocess.call([*map(str, TASKS[task]), *sys.argv[2:]], cwd=ROOT)


def _prepare(extra: str) -> None:
    """Make the environment unless it was made from these very files."""
    wanted = "\n".join([extra, *(path.read_text(encoding="utf-8") for path in _recipe())])
    done = ENVIRONMENT / f"installed-{extra or 'plain'}.txt"
    if done.exists() and done.read_text(encoding="utf-8") == wanted:
        return
    print("Setting up .venv, once: a few minutes for downloads of about 300 MB ...", flush=True)
    if not PYTHON.exists():
        venv.create(ENVIRONMENT, with_pip=True, clear=True, symlinks=os.name != "nt")
    target = f"{ROOT}[{extra}]" if extra else str(ROOT)
    command = [PYTHON, "-m", "pip", "install", "--disable-pip-version-check"]
    source = ["--extra-index-url", CPU_TORCH] if sys.platform == "linux" and _answers(CPU_TORCH) else []
    subprocess.run(
        [*map(str, command), *source, "--constraint", str(ROOT / "constraints.txt"), "--editable", target], check=True
    )
    done.write_text(wanted, encoding="utf-8")


def _recipe() -> tuple[Path, ...]:
    return ROOT / "pyproject.toml", ROOT / "constraints.txt"


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except OSError:
        return False


def _fail(sentence: str) -> int:
    print(f"start.py: {sentence}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
