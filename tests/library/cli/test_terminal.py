"""Letters that the output lacks, or that command a terminal: no command of ours ends in a traceback for one."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parents[3]
LETTERS = "żółw 数"


@pytest.fixture
def run(tmp_path):
    """Run a command of ganmnist, or of another module, as if in a pipe that knows few letters."""
    home = tmp_path / LETTERS
    home.mkdir()

    def run(encoding, *words, module="ganmnist"):
        environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "PYTHONIOENCODING": encoding,
            "GANMNIST_HOME": str(home),
            "PYTHONUTF8": "0",
        }
        return subprocess.run([sys.executable, "-m", module, *words], env=environment, cwd=home, capture_output=True)

    return run


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
@pytest.mark.parametrize(
    ("words", "module", "status"),
    [
        (["networks", "show", "--out", f"{LETTERS}.json"], "ganmnist", 0),
        (["networks", "show", "--networks", f"{LETTERS}.json"], "ganmnist", 2),
        (["data", "import", LETTERS], "ganmnist", 1),
        (["generate", "--model", LETTERS, "--out", "x.png"], "ganmnist", 1),
        (["models", "export", "bundled", "--out", f"{LETTERS}.ganmnist"], "ganmnist", 0),
        (["status"], "bridge_server", 5),
        (["token", "add", LETTERS, "--role", "student"], "bridge_server", 1),
        (["install-components", "--to", LETTERS, "--rhino", "8", "--dry-run"], "bridge_server", 0),
        (["install-components", "--to", LETTERS, "--rhino", "8"], "bridge_server", 0),
    ],
    ids=lambda value: " ".join(value[:2]).replace(LETTERS, "...") if isinstance(value, list) else str(value),
)
def test_a_letter_that_the_output_lacks_is_shown_by_its_number(run, encoding, words, module, status):
    done = run(encoding, *words, module=module)
    said = done.stdout + done.stderr
    assert b"Traceback" not in said
    assert done.returncode == status, said
    assert b"\\u017c" in said


@pytest.mark.skipif(sys.platform == "win32", reason="has no pseudo-terminals")
def test_a_terminal_gets_colours_and_bars_and_only_texts_are_printed_letter_by_letter(tmp_path, home):
    import pty

    program = """
from ganmnist.cli.main import main
from ganmnist.cli.progress import bar
from ganmnist.cli.tables import print_table
from ganmnist.cli.terminal import show_any_letter
show_any_letter()
print_table(["model"], [["a\x1b[2Jb"]], spare=(), wrapped=())
with bar("import\x1b[3J") as advance:
    advance(50, "[/x]\x1b[4J")
main(["models"])
main(["generate", "--count", "170", "--out", "many.npy"])
"""
    screen, terminal = pty.openpty()
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm-256color"}
    said = b""
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=terminal, stderr=terminal, cwd=tmp_path, env=environment
    ):
        os.close(terminal)
        try:
            while part := os.read(screen, 1 << 16):
                said += part
        except OSError:  # Linux says so that there is no more
            pass
    os.close(screen)
    told = said.decode()
    assert "a\\x1b[2Jb" in told
    assert "[/x]\\x1b[4J" in told
    assert not re.search(r"\x1b\[[234]J", told)
    assert told.count("\\x1b") == told.count("\\x1b[2J") + told.count("\\x1b[3J") + told.count("\\x1b[4J")
    assert "\x1b[1mmodel" in told
    assert "━" in told
    assert "170 of 170 digits" in told


def test_a_list_of_pictures_in_classes_of_any_name_can_be_printed(run, tmp_path):
    for name in ("dąb", "wiąz"):
        for number in range(3):
            path = tmp_path / LETTERS / "drzewa" / name / f"ż{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            picture = Image.new("L", (28, 28), 0)
            picture.paste(255, (9, 3, 19, 20 + number))
            picture.save(path)
    assert run("ascii", "data", "import", "drzewa").returncode == 0
    listed = run("ascii", "data", "list")
    assert (listed.returncode, listed.stderr) == (0, b"")
    assert b"\\u0105" in listed.stdout


@pytest.mark.parametrize(
    ("words", "module"),
    [
        (["generate", "--model", "\x1b]0;x\x07", "--out", "x.png"], "ganmnist"),
        (["data", "import", "\x1b[2J\x9b1m\u202e"], "ganmnist"),
        (["train", "--model", "\x7f\b\x1bc"], "ganmnist"),
        (["\x1b[2J"], "ganmnist"),
        (["status", "--data-dir", "\x1b[2J"], "bridge_server"),
        (["serve", "--\x1b[2J"], "bridge_server"),
    ],
    ids=lambda value: ascii(value[:2]) if isinstance(value, list) else value,
)
def test_no_name_commands_the_terminal(run, words, module):
    done = run("utf-8", *words, module=module)
    said = (done.stdout + done.stderr).decode()
    assert done.returncode
    assert "\\x1b" in said or "\\x7f" in said, said
    assert not {*said} & {*map(chr, range(0x20)), *map(chr, range(0x7F, 0xA0)), "\u202e"} - {"\n"}
