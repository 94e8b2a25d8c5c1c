"""Command lines as documents and workflows show them, held against the programs that they are for."""

from __future__ import annotations

import argparse
import importlib.util
import re
import shlex
from pathlib import Path

from bridge_server.cli import main as server_command
from ganmnist.cli import main as library_command
from ghpython_components import install

ROOT = Path(__file__).resolve().parents[1]
OURS = ("ganmnist", "ganmnist-server")
_MODULES = {"ganmnist": "ganmnist", "bridge_server": "ganmnist-server"}
# Programs of others, of which a line may name any.
OTHERS = {
    "source",
    "curl",
    "ray",
    "pre-commit",
    "uv",
    "pipx",
    "pip",
    "export",
    "chmod",
    "test",
    "for",
    "pytest",
    "build",
}


def parse(line: str) -> None:
    """Have a whole line read by the program that it is for.

    Raises:
        AssertionError: It would be refused, or there is no such program.
    """
    program, words = _taken_apart(line)
    try:
        if program == "ganmnist":
            _, rest = library_command._parser().parse_known_args(words)
        elif program == "ganmnist-server" and words[:1] == [server_command.INSTALL]:
            _, rest = install.parser().parse_known_args(words[1:])
        elif program == "ganmnist-server":
            _, rest = server_command._parser().parse_known_args(words)
        else:
            return
    except SystemExit as refused:
        if refused.code:  # not as --help ends
            raise AssertionError(f"{line}: is refused") from None
        return
    assert not rest, f"{line}: {rest} are unknown"


def validate_begun(line: str) -> None:
    """Hold a line that may not be whole, such as `ganmnist models`, against the commands and options that there are.

    Raises:
        AssertionError: There is no such program, command or option.
    """
    program, words = _taken_apart(line)
    if program not in OURS:
        return
    parser = library_command._parser() if program == "ganmnist" else server_command._parser()
    if words[:1] == [server_command.INSTALL]:
        parser, words = install.parser(), words[1:]
    for word in words:
        commands = _commands(parser)
        if word.startswith("-"):
            assert word.split("=")[0] in parser._option_string_actions, f"{line}: there is no {word}"
        elif commands:
            assert word in commands, f"{line}: there is no {word}, but {', '.join(commands)}"
            parser = commands[word]


def _taken_apart(line: str) -> tuple[str, list[str]]:
    """Return the program that a line starts, one of ours by its bare name, and its words."""
    words = shlex.split(re.sub(r"^\.venv\\Scripts\\", "", line), comments=True)
    while words and re.fullmatch(r"[A-Z_]+=\S*", words[0]):
        del words[0]
    program = words[0].removeprefix(".venv/bin/")
    if program == "torchrun":
        words = words[words.index("-m") - 1 :]
        program = "python"
    if program in ("python", "python3"):
        return _python(line, words[1:])
    if program == "make":
        targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
        assert words[1] in targets, f"{line}: the Makefile has no {words[1]}"
    elif program not in OURS:
        assert program in OTHERS or program.startswith("./"), f"{line}: what is {program}?"
    return program, words[1:]


def _python(line: str, words: list[str]) -> tuple[str, list[str]]:
    if words[0] == "-m":
        module = words[1]
        assert module in OTHERS or importlib.util.find_spec(module), f"{line}: there is no module {module}"
        return _MODULES.get(module, module), words[2:]
    if words[0] == "start.py":
        tasks = re.findall(r'^    "(\w+)": \(', (ROOT / "start.py").read_text(encoding="utf-8"), re.MULTILINE)
        task = [word for word in words[1:] if not word.startswith("-")][:1]
        assert set(task) <= {*tasks}, f"{line}: start.py has no {task}"
        assert all((ROOT / word).exists() for word in words[1:] if word.startswith("tests/")), line
    else:
        assert words[0] == "-c" or (ROOT / words[0]).is_file(), f"{line}: there is no {words[0]}"
    return "python", words


def _commands(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    return next((each.choices for each in parser._actions if isinstance(each, argparse._SubParsersAction)), {})
