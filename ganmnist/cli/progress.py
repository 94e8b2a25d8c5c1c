"""What a command says while it works: a bar, and warnings. Standard output holds results alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

_screen = Console(stderr=True)


@contextmanager
def bar(title: str) -> Iterator[Callable[[float, str], object]]:
    """Show a progress bar; lends a function that takes percent and words."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TextColumn("{task.fields[words]}"))
    with Progress(*columns, TimeRemainingColumn(), console=_screen) as progress:
        task = progress.add_task(title, total=100, words="")
        yield lambda percent, words: progress.update(task, completed=percent, words=words)


def warn(sentences: Sequence[str]) -> None:
    """Show sentences that are no result, a line each."""
    for sentence in sentences:
        _screen.print(sentence, style="yellow", markup=False, highlight=False, soft_wrap=True)
