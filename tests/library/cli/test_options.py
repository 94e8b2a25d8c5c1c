"""Settings as options of the command line."""

from __future__ import annotations

import argparse

import pytest

from ganmnist.cli.main import _parser, main
from ganmnist.cli.options import add_settings, given
from ganmnist.config import BetweenConfig, FilmGeometryConfig, GeometryConfig
from ganmnist.fields import Flag, Settings
from ganmnist.validation import read_settings


class Both(Settings):
    """Flags with either default, and with none."""

    on: Flag = True
    off: Flag = False
    undecided: Flag | None = None


@pytest.mark.parametrize("name", Both.model_fields)
def test_a_true_or_false_setting_is_a_flag_and_its_contrary(name):
    parser = argparse.ArgumentParser()
    add_settings(parser, Both)
    for words, value in (([f"--{name}"], True), ([f"--no-{name}"], False), ([], Both().model_dump()[name])):
        assert getattr(read_settings(Both, given(parser.parse_args(words), Both)), name) is value


@pytest.mark.parametrize(
    ("command", "settings", "name"),
    [
        ("generate --out x.png", GeometryConfig, "invert"),
        ("film --out x.png", FilmGeometryConfig, "invert"),
        ("between --out x.gif", BetweenConfig, "closed"),
        ("between --out x.gif", BetweenConfig, "linear"),
    ],
)
def test_every_command_takes_its_true_or_false_settings_as_flags(command, settings, name):
    for option, value in ((f"--{name}", True), (f"--no-{name}", False)):
        assert given(_parser().parse_args([*command.split(), option]), settings)[name] is value


def test_generate_inverts_as_the_flag_says(tmp_path, home, capsys):
    import numpy as np

    from ganmnist.cli.main import main

    drawn = {}
    for option in ("--invert", "--no-invert"):
        path = tmp_path / f"{option}.obj"
        assert main(["generate", option, "--form", "points", "--out", str(path)]) == 0, capsys.readouterr().err
        lines = [line.split() for line in path.read_text(encoding="ascii").splitlines() if line.startswith("v ")]
        drawn[option] = np.array([float(line[3]) for line in lines])  # heights
    np.testing.assert_allclose(drawn["--invert"], 4.0 - drawn["--no-invert"], atol=1e-6)


@pytest.mark.parametrize(
    ("words", "command"),
    [("generate --out x.png", "generate"), ("models", "models"), ("models export a --out b", "models export")],
)
def test_an_unknown_option_is_answered_with_the_usage_of_its_command(words, command, capsys):
    with pytest.raises(SystemExit) as left:
        main([*words.split(), "--nothing"])
    errors = capsys.readouterr().err
    assert left.value.code == 2
    assert errors.startswith(f"usage: ganmnist {command} [-h]")
    assert errors.endswith(f"ganmnist {command}: error: unknown: --nothing\n")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("train --seconds abc", "--seconds: expected a number as 0.5, got abc"),
        ("train --seed 1.5", "--seed: expected a whole number, got 1.5"),
        ("generate --out x.png --scale two", "--scale: expected a whole number, got two"),
        ("between --out x.gif --seeds 1 x", "--seeds: expected a whole number, got x"),
    ],
)
def test_a_value_that_is_no_number_is_answered_in_words_and_not_in_pythons(words, expected, capsys):
    with pytest.raises(SystemExit) as left:
        main(words.split())
    assert left.value.code == 2
    assert capsys.readouterr().err.endswith(f"error: argument {expected}\n")
