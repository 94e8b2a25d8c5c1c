"""Tables of the command line keep names whole in a terminal of any width."""

from __future__ import annotations

import pytest

from ganmnist.cli.tables import print_table

NAMES = ["digits-of-the-first-afternoon", "digits-of-the-second-afternoon", "bundled"]
TITLES = ("model", "data", "epoch", "created")


def show(names, monkeypatch, capsys, width):
    monkeypatch.setenv("COLUMNS", str(width))
    rows = [(name, "trees and [houses] along the river", "12", "2026-11-28") for name in names]
    print_table(TITLES, rows, spare=("epoch", "created", "data"), wrapped=("data",))
    return capsys.readouterr().out


@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_no_name_is_cut_and_what_is_left_out_is_said(monkeypatch, capsys, width):
    output = show(NAMES, monkeypatch, capsys, width)
    assert all(name in output for name in NAMES)
    assert "…" not in output
    assert max(map(len, output.splitlines()[:-1])) <= width
    assert ("not shown in so narrow a terminal: data, epoch, created; --json" in output) == (width == 40)
    assert ("not shown" in output) == (width < 80)


def test_a_name_wider_than_the_terminal_goes_on_in_the_next_line(monkeypatch, capsys):
    output = show(["a" * 50], monkeypatch, capsys, 30)
    assert sum(line.count("a") for line in output.splitlines() if line.startswith("│")) == 50


def test_a_pipe_gets_all_columns_in_one_line(monkeypatch, capsys):
    monkeypatch.delenv("COLUMNS", raising=False)
    print_table(TITLES, [(NAMES[0], "trees " * 20, "12", "2026")], spare=("epoch",), wrapped=("data",))
    assert "trees " * 19 in capsys.readouterr().out
