"""What is said about what to do: commands that work as they are printed, and remedies that are true."""

from __future__ import annotations

import errno
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ganmnist import remedies
from ghpython_components import install
from ghpython_components.shared import remedies as of_components

ROOT = Path(__file__).resolve().parents[2]


def test_a_command_has_its_bare_name_where_the_terminal_finds_that_very_program(monkeypatch, tmp_path):
    program = tmp_path / "my bin" / "ganmnist"
    program.parent.mkdir()
    program.touch(0o755)
    monkeypatch.setattr("sysconfig.get_path", lambda name: str(program.parent))
    monkeypatch.setenv("PATH", str(program.parent))
    assert remedies.command("ganmnist", "models") == "ganmnist models"
    monkeypatch.setenv("PATH", "/nowhere")
    assert remedies.command("ganmnist", "models") == f"'{program}' models"
    other = tmp_path / "other"
    shutil.copytree(program.parent, other)
    monkeypatch.setenv("PATH", str(other))
    assert remedies.command("ganmnist", "models") == f"'{program}' models"


def test_a_command_that_is_not_installed_is_run_as_a_module(monkeypatch, tmp_path):
    monkeypatch.setattr("sysconfig.get_path", lambda name: str(tmp_path))
    command = remedies.command("ganmnist-server", "serve", "--data-dir", "my data")
    assert shlex.split(command) == [sys.executable, "-m", "bridge_server", "serve", "--data-dir", "my data"]


def test_a_printed_command_works_as_it_is_printed(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    shell = shutil.which("sh", path="/bin") if sys.platform != "win32" else None
    done = subprocess.run(remedies.command("ganmnist", "--version"), shell=True, executable=shell, capture_output=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("words", "typed"),
    [
        ([r"C:\ganmnist\.venv\Scripts\ganmnist-server", "serve"], r"C:\ganmnist\.venv\Scripts\ganmnist-server serve"),
        ([r"C:\Users\Jane Doe\ganmnist-server", "serve"], r'C:\"Users\Jane Doe\ganmnist-server" serve'),
        (["ganmnist", "--out", "my digits.png"], 'ganmnist --out "my digits.png"'),
    ],
)
def test_on_windows_a_command_begins_with_no_quote_which_powershell_would_take_for_a_text(monkeypatch, words, typed):
    monkeypatch.setattr(sys, "platform", "win32")
    assert remedies.typed(*words) == typed


def test_library_and_components_name_the_same_remedies():
    assert of_components.INSTALL in remedies.INSTALL
    assert install.STORE == remedies.STORE
    assert of_components.UPDATE_SERVER == remedies.UPDATE_SERVER
    assert of_components.UPDATE_COMPONENTS.format("ganmnist-server install-components") == remedies.UPDATE_COMPONENTS


def test_nothing_sends_anybody_to_a_package_index_which_has_no_ganmnist():
    tree = [path for part in ("ganmnist", "bridge_server", "ghpython_components", "docs") for path in part_files(part)]
    tree += [ROOT / "README.md", ROOT / "start.py", *part_files("examples")]
    found = {path: by_name(path.read_text(encoding="utf-8")) for path in tree}
    assert {path.name: lines for path, lines in found.items() if lines} == {}


def by_name(text: str) -> list[str]:
    """Return the lines that install ganmnist by its name, where a folder or a file has to stand."""
    lines = re.findall(r"(?:pip3?|pipx|uv tool|uv pip) install\b.*|\buvx\b.*", text)
    return [line for line in lines if re.search(r"""(?<![\w./\\-])ganmnist(?=[\s"'`\[=<>]|$)(?!-)""", line)]


@pytest.mark.parametrize("line", ["pip install ganmnist", 'uv tool install "ganmnist[mcp]"', "pipx install ganmnist"])
def test_an_installation_by_name_is_seen(line):
    assert by_name(f"type\n    {line}\n") != []
    assert by_name(line.replace("ganmnist", "/home/anna/ganmnist")) == []


@pytest.mark.parametrize(
    ("left", "setup", "extra"),
    [
        ("uv-receipt.toml", "uv tool install --force --torch-backend cpu .", ["uv", "tool", "install", ".[mcp]"]),
        ("pipx_metadata.json", "pipx reinstall ganmnist", ["pipx", "inject", "ganmnist", "mcp<3,>=2.3"]),
        ("pyvenv.cfg", "python start.py setup", [sys.executable, "-m", "pip", "install", "-e", ".[mcp]"]),
    ],
)
def test_a_remedy_names_what_has_installed_this(tmp_path, monkeypatch, left, setup, extra):
    (tmp_path / left).touch()
    monkeypatch.setattr(remedies, "requires", lambda name: ["numpy>=2", 'mcp<3,>=2.3; extra == "mcp"'])
    installer = remedies._installer(tmp_path)
    assert remedies._setup(installer) == setup
    said = shlex.split(remedies._setup(installer, "mcp"))
    assert [word for word in said if word in extra] == extra


def part_files(part: str) -> list[Path]:
    return [path for path in (ROOT / part).rglob("*") if path.suffix in (".py", ".js", ".md", ".html", ".json")]


def test_a_command_that_needs_torch_says_why_it_cannot_be_loaded_and_what_to_do(tmp_path, home):
    (tmp_path / "torch").mkdir()
    (tmp_path / "torch" / "__init__.py").write_text("raise OSError(126, 'Error loading c10.dll')")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])}
    command = [sys.executable, "-m", "ganmnist", "generate", "--out", str(tmp_path / "x.png")]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith(
        "ganmnist: torch cannot be loaded ([Errno 126] Error loading c10.dll): delete the folder .venv"
    )


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), ImportError("x"), ValueError("torch")])
def test_an_error_of_another_kind_is_nobodys_package(error):
    with pytest.raises(type(error)) as caught:
        raise error
    assert remedies.load_problem(caught.value) is None


def test_what_the_system_refuses_is_said_by_the_files_name_with_a_remedy():
    for kind, words in ((errno.EISDIR, "it is a folder: name a file"), (errno.ENAMETOOLONG, "choose a shorter one")):
        assert words in remedies.file_problem(OSError(kind, "x", "digits.png"))
        assert remedies.file_problem(OSError(kind, "x", "digits.png")).startswith("digits.png: ")
    assert (
        remedies.file_problem(OSError(errno.EIO, "Input/output error", "digits.png"))
        == "digits.png: Input/output error"
    )
    assert remedies.file_problem(ValueError("no file")) is None


def test_a_data_directory_that_cannot_be_written_is_named_with_the_variable_that_names_another(tmp_path):
    refused = OSError(errno.EROFS, "Read-only file system", str(tmp_path / "models" / "a"))
    said = remedies.file_problem(refused, tmp_path)
    assert f"the data directory {tmp_path} cannot be used (Read-only file system)" in said
    assert said.endswith("name another in GANMNIST_HOME")
    assert "GANMNIST_HOME" not in remedies.file_problem(
        OSError(errno.EROFS, "Read-only", str(tmp_path.parent / "a.png")), tmp_path
    )
