"""The commands about sweeps, which the running server trains: start, list, watch, stop, resume."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from bridge_server.cli import client
from bridge_server.cli.exit_codes import CommandError, ExitCode
from bridge_server.contract.sweeps import StartSweep, Sweeps, SweepState, SweepTable, SweptName
from bridge_server.process.discovery import Discovery
from ganmnist.cli.options import add_settings, given
from ganmnist.config import TrainConfig
from ganmnist.remedies import command

if TYPE_CHECKING:
    from rich.console import RenderableType

_LOOK_SECONDS = 1.0  # from one look to the next
_QUIET = 10.0  # seconds between lines where there is no terminal


def add_start(parser: argparse.ArgumentParser) -> None:
    """Add the options of `sweep start`: every setting of a training, with one value or several."""
    parser.add_argument("--model", metavar="NAME", help=StartSweep.model_fields["model"].description)
    parser.add_argument(
        "--drop",
        action="store_true",
        help="Delete the models that the judge finds to be worse than the best; all are kept unless given.",
    )
    add_settings(parser, TrainConfig, get_args(SweptName))


def start(home: Path, options: argparse.Namespace) -> ExitCode:
    """Start a sweep and watch it."""
    found = client.find(home)
    values = {name: _flat(value) for name, value in given(options, TrainConfig).items()}
    axes = {name: value for name, value in values.items() if isinstance(value, list) and len(value) > 1}
    if not axes:
        raise CommandError(
            ExitCode.USAGE,
            "A sweep goes over several values of at least one setting, as --seed 0..4 or --learning-rate 0.001 0.003.",
        )
    body: dict[str, Any] = {
        **{name: value[0] if isinstance(value, list) else value for name, value in values.items() if name not in axes},
        "sweep": axes,
        "others": "drop" if options.drop else "keep",
    }
    if options.model:
        body["model"] = options.model
    table = SweepTable.model_validate(client.call(found, "sweep_start", body=body))
    print(f"sweep {table.name}: {table.trainings} trainings", *table.warnings, sep="\n")
    return _watch(home, found, table.id)


def list_sweeps(home: Path) -> ExitCode:
    """Print the newest sweeps."""
    from ganmnist.cli.tables import print_table

    sweeps = Sweeps.model_validate(client.call(client.find(home), "sweeps"))
    rows = [
        [each.name, each.state, ", ".join(each.axes), str(each.trainings), each.text, each.owner]
        for each in sweeps.sweeps
    ]
    if rows:
        titles = ["name", "state", "over", "trainings", "stands", "owner"]
        print_table(titles, rows, spare=["owner", "trainings"], wrapped=["over", "stands"])
    else:
        print("there is no sweep yet:", command("ganmnist-server", "sweep", "start", "--seed", "0..4"))
    if more := sweeps.total - len(rows):
        print(f"and {more:,} more")
    return ExitCode.OK


def watch(home: Path, name: str | None) -> ExitCode:
    """Show a sweep as a table that is renewed until it has ended."""
    found = client.find(home)
    return _watch(home, found, _find(found, name))


def stop(home: Path, name: str | None) -> ExitCode:
    """Stop all trainings of a sweep."""
    return _ask(home, name, "sweep_stop")


def resume(home: Path, name: str | None) -> ExitCode:
    """Go on with those trainings of a sweep that were interrupted."""
    return _ask(home, name, "sweep_resume")


def _ask(home: Path, name: str | None, call: str) -> ExitCode:
    found = client.find(home)
    table = SweepTable.model_validate(client.call(found, call, id=_find(found, name)))
    print(f"sweep {table.name}: {table.text}")
    return ExitCode.OK


def _flat(value: Any) -> Any:
    """Return the values of an option in one list: those of ranges come as lists."""
    if not isinstance(value, list):
        return value
    return [each for part in value for each in (part if isinstance(part, list) else [part])]


def _find(found: Discovery, name: str | None) -> str:
    """Return the id of the sweep of a name or id, the newest of them.

    Raises:
        CommandError: There is none.
    """
    sweeps = Sweeps.model_validate(client.call(found, "sweeps")).sweeps
    wanted = [each for each in sweeps if name is None or name.lower() in (each.name.lower(), each.id)]
    if not wanted:
        there = ", ".join(dict.fromkeys(each.name for each in sweeps)) or "none"
        raise CommandError(ExitCode.PROBLEM, f"There is no sweep {name or ''}".rstrip() + f"; there are {there}.")
    return wanted[0].id


def _watch(home: Path, found: Discovery, id: str) -> ExitCode:
    """Show a sweep until it has ended, or until Ctrl-C, which leaves it as it is."""
    from ganmnist.cli.tables import print_table

    last = None
    try:
        with _shown() as show:
            for last in _looks(found, id):
                show(last)
    except KeyboardInterrupt:
        if last and last.state is not SweepState.ENDED:
            where = ("--data-dir", home)
            print(f"The sweep goes on without being watched. To see it: {_command('watch', last.name, *where)}")
            print(f"To stop it: {_command('stop', last.name, *where)}")
            return ExitCode.OK
    assert last is not None
    titles, rows = _cells(last)
    print_table(titles, rows, spare=["step"], wrapped=["state"])
    print(f"{last.name}: {last.text}")
    for sentence in (last.decided, *last.warnings):
        if sentence:
            print(sentence)
    return ExitCode.OK if last.best else ExitCode.PROBLEM


def _command(*words: object) -> str:
    return command("ganmnist-server", "sweep", *words)


def _looks(found: Discovery, id: str) -> Iterator[SweepTable]:
    """Yield how a sweep stands, again and again, until nothing of it goes on by itself."""
    while True:
        table = SweepTable.model_validate(client.call(found, "sweep", id=id))
        yield table
        if table.state in (SweepState.ENDED, SweepState.INTERRUPTED):
            return
        time.sleep(_LOOK_SECONDS)


@contextmanager
def _shown() -> Iterator[Callable[[SweepTable], object]]:
    """Lend what shows a sweep: a table that is renewed in a terminal, else a line now and then."""
    from rich.live import Live

    from ganmnist.cli.screen import Screen

    screen = Screen()
    if screen.is_terminal:
        with Live(console=screen, transient=True, auto_refresh=False) as live:
            yield lambda table: live.update(_drawn(table), refresh=True)
        return
    said, at = "", -_QUIET

    def show(table: SweepTable) -> None:
        nonlocal said, at
        if table.text != said and time.monotonic() >= at + _QUIET:
            said, at = table.text, time.monotonic()
            print(f"{table.name}: {said}", flush=True)

    yield show


def _drawn(table: SweepTable) -> RenderableType:
    from rich.table import Table
    from rich.text import Text

    titles, rows = _cells(table)
    drawn = Table(*titles, title=f"{table.name}: {table.text}", title_justify="left", caption="Ctrl-C: watch no longer")
    for row in rows:
        drawn.add_row(*map(Text, row))
    return drawn


def _cells(table: SweepTable) -> tuple[list[str], list[list[str]]]:
    """Return the titles of a sweep's table, and its rows, the best first."""
    rows = []
    for run in table.runs:
        figure = run.frechet if run.judged is None else run.judged
        fid = "" if figure is None else f"{figure:.1f}{' best' if run.best else ''}"
        values = ["" if value is None else str(value) for value in run.values.values()]
        rows.append([run.model, *values, run.text, f"{run.step:,}", fid])
    return ["model", *(name.replace("_", " ") for name in table.axes), "state", "step", "FID"], rows
