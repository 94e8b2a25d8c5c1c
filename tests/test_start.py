"""`start.py` says before pip runs why it would fail, sets up what can be used, and says what it can do."""

from __future__ import annotations

import importlib.util
import os
import platform
import re
import subprocess
import sys
import sysconfig
import tomllib
import types
import venv
from pathlib import Path, PureWindowsPath

import pytest

from ganmnist import remedies

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def start():
    """The script as a module of its own."""
    made = importlib.util.spec_from_file_location("start", ROOT / "start.py")
    module = importlib.util.module_from_spec(made)
    made.loader.exec_module(module)
    return module


@pytest.fixture
def on(monkeypatch):
    """Be elsewhere: on(system, python=(3, 13), mac="", glibc="", prefix="")."""

    def be(system, python=(3, 13), mac="", glibc="", prefix=sys.base_prefix):
        kind = {"win": "win32", "mac": "darwin", "lin": "linux"}[system[:3]]
        monkeypatch.setattr(sys, "platform", kind)
        monkeypatch.setattr(sys, "version_info", (*python, 0, "final", 0))
        monkeypatch.setattr(sys, "base_prefix", prefix)
        monkeypatch.setattr(platform, "python_version", lambda: ".".join(map(str, python)))
        universal = "macosx-10.13-universal2" if kind == "darwin" else system
        monkeypatch.setattr(sysconfig, "get_platform", lambda: universal)
        monkeypatch.setattr(platform, "machine", lambda: system.split("-")[-1])
        monkeypatch.setattr(platform, "mac_ver", lambda: (mac, ("", "", ""), ""))
        monkeypatch.setattr(platform, "libc_ver", lambda: ("glibc", glibc) if glibc else ("", ""))

    return be


def test_here_nothing_is_in_the_way(start):
    assert start._problem() == ""


@pytest.mark.parametrize(
    ("system", "what"),
    [
        ("win-amd64", {}),
        ("macosx-arm64", {"mac": "14.0"}),
        ("macosx-arm64", {"mac": "26.1", "python": (3, 14)}),
        ("linux-x86_64", {"glibc": "2.28", "python": (3, 11)}),
        ("linux-aarch64", {"glibc": "2.41"}),
    ],
)
def test_what_the_packages_are_made_for_is_taken(start, on, system, what):
    on(system, **what)
    assert start._problem() == ""


@pytest.mark.parametrize(
    ("system", "what", "said", "remedy"),
    [
        ("linux-x86_64", {"glibc": "2.41", "python": (3, 15)}, "3.11 to 3.14 is needed, this is CPython 3.15", "type"),
        ("linux-x86_64", {"glibc": "2.41", "python": (3, 10)}, "this is CPython 3.10", "https://www.python.org"),
        ("linux-x86_64", {"glibc": "2.27"}, "glibc 2.28 or newer is needed, this is 2.27", "newer Linux"),
        ("linux-x86_64", {}, "this is another C library", "newer Linux"),
        ("linux-armv7l", {"glibc": "2.41"}, "not made for this Python's system, linux-armv7l", "linux-aarch64"),
        ("macosx-x86_64", {"mac": "15.1"}, "macosx-x86_64", "Apple silicon"),
        ("macosx-arm64", {"mac": "13.7"}, "macOS 14 or newer is needed, this is 13.7", "update"),
        ("win-arm64", {}, "win-arm64", "Python for x64"),
        ("win32", {}, "win32", "64-bit"),
        ("win-amd64", {"prefix": r"C:\Program Files\WindowsApps\PythonSoftwareFoundation.Python.3.13"},
         "Microsoft Store", "py start.py"),
    ],
)  # fmt: skip
def test_what_pip_would_fail_at_is_said_in_one_line_with_the_remedy(start, on, system, what, said, remedy):
    on(system, **what)
    sentence = start._problem()
    assert said in sentence
    assert remedy in sentence.split(": ", 1)[1]
    assert "\n" not in sentence


def test_start_and_the_doctor_say_the_same_of_the_microsoft_stores_python(start, on):
    on("win-amd64", prefix=r"C:\Program Files\WindowsApps\PythonSoftwareFoundation.Python.3.13")
    assert start._problem() == remedies.STORE


def test_the_python_without_gil_is_refused(start, monkeypatch):
    monkeypatch.setattr(sysconfig, "get_config_var", lambda name: name == "Py_GIL_DISABLED")
    assert "this is CPython without GIL" in start._problem()


@pytest.mark.parametrize(("letters", "long_paths", "fits"), [(66, False, True), (67, False, False), (200, True, True)])
def test_a_folder_too_deep_for_torch_on_windows_is_said_before(start, on, monkeypatch, letters, long_paths, fits):
    on("win-amd64")
    monkeypatch.setattr(os, "name", "nt")
    monkeypatch.setattr(start, "ROOT", "C:\\" + (letters - 3) * "x")
    monkeypatch.setattr(start, "_has_long_paths", lambda: long_paths)
    said = start._problem()
    assert (said == "") == fits
    assert fits or "has 67 letters, and torch fits below one of at most 66: move it" in said


def test_the_table_is_that_of_the_pinned_packages_and_the_pythons_that_we_name(start):
    pinned = re.findall(r"^\S+==\S+", (ROOT / "requirements.txt").read_text(encoding="utf-8"), re.MULTILINE)
    assert set(start.PACKAGES) <= set(pinned), "see for which systems and Pythons pip finds wheels of the new version"
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = re.findall(r":: Python :: (3\.\d+)", "\n".join(project["classifiers"]))
    assert (named[0], named[-1]) == (start._dotted(start.OLDEST), start._dotted(start.NEWEST))


@pytest.fixture
def environment(start, monkeypatch, tmp_path):
    """An environment of start.py's own in another folder, into which pip installs nothing."""
    folder = tmp_path / "a project" / ".venv"
    venv.create(folder, symlinks=os.name != "nt")
    monkeypatch.setattr(start, "ENVIRONMENT", folder)
    monkeypatch.setattr(start, "PYTHON", folder / start.PYTHON.relative_to(ROOT / ".venv"))
    monkeypatch.setattr(start, "_answers", lambda url: False)
    return folder


def test_an_environment_is_used_again_unless_it_was_moved_or_is_the_stores(start, environment):
    assert start._is_usable()
    made = environment / "pyvenv.cfg"
    text = made.read_text(encoding="utf-8")
    made.write_text(text.replace("a project", "where it was before"), encoding="utf-8")
    assert not start._is_usable()
    made.write_text(text.replace("home = ", r"home = C:\Program Files\WindowsApps"), encoding="utf-8")
    assert not start._is_usable()
    made.write_text("home = /usr/bin\n", encoding="utf-8")  # as other programs make them
    assert start._is_usable()


def test_setup_installs_though_that_was_done(start, environment, monkeypatch, capsys):
    runs = []
    monkeypatch.setattr(subprocess, "run", lambda command, check: runs.append(command))
    monkeypatch.setattr(sys, "platform", "darwin")  # whose torch is in the list
    for even_if_done in (False, False, True):
        start._prepare("", even_if_done)
    assert [run[:4] for run in runs if "pip" in run] == [[str(start.PYTHON), "-m", "pip", "install"]] * 4
    assert [run[2] for run in runs] == ["pip", "pip", "compileall"] * 2
    assert "--require-hashes" in runs[0]
    assert runs[1][-1] == str(ROOT)


def test_every_file_that_is_installed_has_a_hash_and_dev_names_nothing_twice():
    names = []
    for list_ in ("requirements.txt", "requirements-dev.txt"):
        text = (ROOT / list_).read_text(encoding="utf-8")
        for package in re.split(r"\n(?=\S)", text.partition("\n    make lock\n")[2] or text):
            if package.startswith("#"):
                continue
            assert re.match(r"\S+==\S+( ; .*)? \\\n    --hash=sha256:[0-9a-f]{64}", package), package
            names.append(package.partition("==")[0])
    assert len(names) == len(set(names)) > 60
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    assert {re.match(r"[\w-]+", each)[0] for each in asked} <= {*names}


def run(*words: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "start.py", *words], cwd=ROOT, capture_output=True, text=True)


@pytest.mark.parametrize("word", ["--help", "-h"])
def test_help_says_what_it_can_do(word):
    done = run(word)
    assert (done.returncode, done.stderr) == (0, "")
    assert all(f"python start.py {task}" in done.stdout for task in ("demo", "test", "setup"))
    assert "--gpu" in done.stdout


@pytest.mark.parametrize("task", ["nonsense", ""])
def test_an_unknown_task_is_refused_with_those_that_there_are(task):
    done = run(task)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"there is no task '{task}'; there are:" in done.stderr
    assert "python start.py setup" in done.stderr


@pytest.fixture
def pip(start, environment, monkeypatch):
    """The commands that would be run, nvidia-smi's answer apart: pip.says is that."""
    runs = []

    def run(command, **how):
        if command == ["nvidia-smi"]:
            if not pip.says:
                raise FileNotFoundError("nvidia-smi")
            return subprocess.CompletedProcess(command, 0, pip.says)
        if "compileall" not in command:
            runs.append([str(word) for word in command])
        return None

    pip = types.SimpleNamespace(runs=runs, says="", uv=None)
    monkeypatch.setattr(start.subprocess, "run", run)
    monkeypatch.setattr(start.shutil, "which", lambda name: pip.uv)
    monkeypatch.setattr(sys, "platform", "linux")
    return pip


@pytest.mark.parametrize(("cuda", "build"), [("13.1", "cu130"), ("13.0", "cu130"), ("12.6", "cu126")])
def test_gpu_installs_the_torch_that_nvidias_driver_takes_once(start, pip, cuda, build):
    pip.says = f"| NVIDIA-SMI 580.65   Driver Version: 580.65   CUDA Version: {cuda}  |"
    start._prepare("", even_if_done=False, gpu="auto")
    uninstall, install, lists, _ = pip.runs
    assert uninstall[2:5] == ["pip", "uninstall", "--yes"]
    assert install[-1] == start.TORCH
    assert install[install.index("--index-url") + 1] == f"https://download.pytorch.org/whl/{build}/"
    assert "--no-deps" not in install, "CUDA comes along"
    assert "--require-hashes" in lists
    for gpu in ("auto", ""):
        start._prepare("", even_if_done=False, gpu=gpu)
    assert len(pip.runs) == 4


def test_a_torch_for_the_graphics_card_stays_when_the_rest_is_set_up_anew(start, pip):
    start._prepare("", even_if_done=False, gpu="xpu")
    assert "https://download.pytorch.org/whl/xpu/" in pip.runs[1]
    pip.runs.clear()
    start._prepare("", even_if_done=True)
    assert ["--require-hashes" in run for run in pip.runs] == [True, False]
    assert not any(start.TORCH in run for run in pip.runs)


def test_without_gpu_linux_gets_a_torch_without_cuda(start, pip, monkeypatch):
    monkeypatch.setattr(start, "_answers", lambda url: url == "https://download.pytorch.org/whl/cpu/")
    start._prepare("", even_if_done=False)
    assert pip.runs[0][-4:] == ["--no-deps", "--extra-index-url", "https://download.pytorch.org/whl/cpu/", start.TORCH]


def test_uv_finds_out_which_torch_fits(start, pip):
    pip.uv = "/usr/bin/uv"
    start._prepare("", even_if_done=False, gpu="auto")
    assert pip.runs[1] == ["/usr/bin/uv", "pip", "install", "--python", str(start.PYTHON), "--torch-backend", "auto",
                           start.TORCH]  # fmt: skip


@pytest.mark.parametrize(
    ("says", "said"),
    [("", "no NVIDIA driver answers"), ("no devices were found", "--gpu=xpu"), ("CUDA Version: 11.8", "12.6 or newer")],
)
def test_a_driver_that_does_not_do_is_said_before_anything_is_installed(start, pip, says, said):
    pip.says = says
    with pytest.raises(LookupError, match=said):
        start._prepare("", even_if_done=False, gpu="auto")
    assert pip.runs == []


def test_a_mac_needs_no_other_torch(start, pip, monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    start._prepare("", even_if_done=False, gpu="auto")
    assert len(pip.runs) == 2


@pytest.mark.parametrize(
    ("words", "rest", "gpu"),
    [
        ([], [], ""),
        (["--gpu"], [], "auto"),
        (["setup", "--gpu=cu126"], ["setup"], "cu126"),
        (["test", "-k", "x", "--gpu"], ["test", "-k", "x"], "auto"),
    ],
)
def test_gpu_may_stand_anywhere(start, words, rest, gpu):
    assert start._without_gpu(words) == (rest, gpu)


@pytest.mark.skipif(os.name == "nt", reason="needs a POSIX shell")
def test_the_line_that_it_prints_makes_a_terminal_find_the_commands(start, monkeypatch, tmp_path):
    scripts = tmp_path / "Jane's folder" / ".venv" / "bin"
    venv.create(scripts.parent)
    (scripts / "ganmnist").write_text("#!/bin/sh\n")
    (scripts / "ganmnist").chmod(0o755)
    monkeypatch.setattr(start, "PYTHON", scripts / "python")
    line = start._activation()[-1].strip()
    done = subprocess.run(["bash", "-c", f"{line} && command -v ganmnist"], capture_output=True, text=True)
    assert done.stdout == f"{scripts / 'ganmnist'}\n"


@pytest.mark.parametrize(
    "line",
    ["source .venv/bin/activate", r".venv\Scripts\activate.bat", r'$env:Path = "$PWD\.venv\Scripts;$env:Path"'],
)
def test_the_readme_has_a_line_for_every_terminal(line):
    assert f"`{line}`" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_on_windows_it_prints_a_line_for_each_of_the_two_shells(start, monkeypatch):
    monkeypatch.setattr(start, "PYTHON", PureWindowsPath(r"C:\Jane's folder\.venv\Scripts\python.exe"))
    monkeypatch.setattr(os, "name", "nt")
    _, cmd, _, powershell = start._activation()
    assert cmd.strip() == '"C:\\Jane\'s folder\\.venv\\Scripts\\activate.bat"'
    assert powershell.strip() == r"$env:Path = 'C:\Jane''s folder\.venv\Scripts;' + $env:Path"
