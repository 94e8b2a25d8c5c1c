"""What a command says while it works: a bar, and warnings. Standard output holds results alone.

In a file, or a pipe, a bar would be a heap of letters: there a line now and then says how far it is.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING

import numpy as np
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from ganmnist.cli.screen import Screen
from ganmnist.cli.terminal import printed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ganmnist.generation.sampler import Sampler
    from ganmnist.latent.vectors import Latents

_screen = Screen(stderr=True)
_PART = 160  # digits, half a second's work or so
_QUIET = 10.0  # seconds between lines where there is no terminal


@contextmanager
def bar(title: str) -> Iterator[Callable[[float, str], object]]:
    """Show a progress bar; lends a function that takes percent and words."""
    if not _screen.is_terminal:
        yield _lines(title)
        return
    columns = (_text("{task.description}"), BarColumn(), TaskProgressColumn(), _text("{task.fields[words]}"))
    with Progress(*columns, TimeRemainingColumn(), console=_screen) as progress:
        task = progress.add_task(printed(title), total=100, words="")
        yield lambda percent, words: progress.update(task, completed=percent, words=printed(words))


def busy(words: str) -> AbstractContextManager[object]:
    """Say what takes a while, of which nobody knows how long."""
    return _screen.status(escape(words)) if _screen.is_terminal else nullcontext()


def _text(format: str) -> TextColumn:
    return TextColumn(format, markup=False)  # a name may hold [brackets]


def _lines(title: str) -> Callable[[float, str], object]:
    """Return what says how far it is where there is no terminal: a line, if the one before is a while ago."""
    said = time.monotonic()

    def advance(percent: float, words: str) -> None:
        nonlocal said
        if time.monotonic() >= said + _QUIET:
            said = time.monotonic()
            _screen.print(f"{title} {percent:.0f} %  {words}", markup=False, highlight=False, soft_wrap=True)

    return advance


def warn(sentences: Sequence[str]) -> None:
    """Show sentences that are no result, a line each."""
    for sentence in sentences:
        _screen.print(sentence, style="yellow", markup=False, highlight=False, soft_wrap=True)


def draw(sampler: Sampler, z: Latents) -> NDArray[np.uint8]:
    """Draw the digits of whole vectors, uint8 (N, 28, 28), with a bar where that takes a while."""
    if len(z) <= _PART:
        return sampler.generate(z)
    drawn = np.empty((len(z), 28, 28), np.uint8)
    with bar("drawing") as advance:
        for start in range(0, len(z), _PART):
            drawn[start : start + _PART] = sampler.generate(z[start : start + _PART])
            done = min(start + _PART, len(z))
            advance(100 * done / len(z), f"{done:,} of {len(z):,} digits")
    return drawn
