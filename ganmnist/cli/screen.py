"""The terminal as tables, bars and colours are drawn on it: only rich commands it, and no text in them does."""

from __future__ import annotations

from collections.abc import Iterable
from typing import IO

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from ganmnist.cli.terminal import bare, printed


class Screen(Console):
    """A console that writes to the stream itself: its own codes as they are, those of a text by their numbers."""

    @property
    def file(self) -> IO[str]:
        """The stream, without what `show_any_letter` puts around it: that would print rich's own codes as letters."""
        return bare(super().file)

    @file.setter
    def file(self, file: IO[str]) -> None:
        self._file = file

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Yield what rich makes of something to print, its texts without commands."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(printed(segment.text), segment.style)
