"""Tables for people: what does not fit beside the names is wrapped or left out, and a name is never cut."""

from __future__ import annotations

import os
from collections.abc import Sequence

from rich.cells import cell_len
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from ganmnist.cli.screen import Screen
from ganmnist.cli.terminal import printed

_WRAPPED = 12  # columns of a terminal that a wrapped text has at least
_FRAME = 4  # columns that a table of one column takes for its lines
_UNBOUNDED = 10_000  # columns of a pipe or a file


def print_table(
    titles: Sequence[str], rows: Sequence[Sequence[str]], *, spare: Sequence[str], wrapped: Sequence[str]
) -> None:
    """Print a table whose first column is names.

    Args:
        titles: Of the columns.
        rows: The cells, texts as they are.
        spare: Columns that may be left out where the terminal is narrow, the first ones first.
        wrapped: Columns whose texts may take several lines.
    """
    titles, rows = [printed(title) for title in titles], [[printed(text) for text in row] for row in rows]
    console = Screen()
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = _UNBOUNDED
    left_out: list[str] = []
    table = _table(titles, rows, left_out, wrapped, console.width - _FRAME)
    while _narrowest(console, table) > console.width and len(left_out) < len(spare):
        left_out.append(spare[len(left_out)])
        table = _table(titles, rows, left_out, wrapped, console.width - _FRAME)
    console.print(table)
    if left_out:
        missing = ", ".join(title for title in titles if title in left_out)
        print(f"not shown in so narrow a terminal: {missing}; --json prints all")


def _narrowest(console: Screen, table: Table) -> int:
    return Measurement.get(console, console.options.update(max_width=_UNBOUNDED), table).minimum


def _table(
    titles: Sequence[str], rows: Sequence[Sequence[str]], left_out: list[str], wrapped: Sequence[str], room: int
) -> Table:
    table = Table()
    shown = [place for place, title in enumerate(titles) if title not in left_out]
    for place in shown:
        widest = max(cell_len(text) for text in (titles[place], *(row[place] for row in rows)))
        least = min(widest, _WRAPPED) if titles[place] in wrapped else min(widest, room)
        table.add_column(titles[place], min_width=least, overflow="fold")
    for row in rows:
        table.add_row(*(Text(row[place]) for place in shown))
    return table
