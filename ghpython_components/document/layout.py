"""Rows of components on a canvas, each with what feeds it at its left: nothing overlaps, and wires run rightwards."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil
from uuid import UUID

from ghpython_components.document.canvas import Box, Canvas, Part, Placed
from ghpython_components.document.parts import panel
from ghpython_components.document.script_component import ROW
from ghpython_components.sources.component import Component

Source = Part | tuple[Placed, str]  # something new at the left, or an output of what stands there already
_FEED_GAP, _GAP, _BETWEEN = 6.0, 40.0, 60.0  # between feeders; from them to their component; between components
_WIDE, _LETTERS, _UNDER = 430.0, 62, 26.0  # of a note: width, letters in a line, and what is left free under it


class Row:
    """Objects from left to right, their tops in one line, under a note to read."""

    def __init__(self, canvas: Canvas, components: Mapping[str, Component], x: float, y: float, note: str) -> None:
        self._canvas = canvas
        self._components = components
        self._x = x
        self._y = self._top = y
        self._bottom = y
        self.members: list[Placed] = []
        if note:
            lines = sum(ceil(len(paragraph) / _LETTERS) or 1 for paragraph in note.split("\n"))
            placed = self._add(
                canvas.part(f"note: {note}", panel(note, (_WIDE, 12.0 + 16 * lines), "read me", True), x, y)
            )
            self._y = placed.box.bottom + _UNDER

    @property
    def box(self) -> Box:
        """What the row takes up so far."""
        left = min(member.box.x for member in self.members)
        right = max(member.box.right for member in self.members)
        return Box(left, self._top, right - left, self._bottom - self._top)

    def named(self, key: str) -> Placed:
        """Return the member of that name."""
        return next(member for member in self.members if member.key == key)

    def component(self, key: str, name: str, /, **inputs: Source | list[Source]) -> Placed:
        """Add a component with what feeds it, in the order of its inputs.

        Args:
            key: Its name in the definition.
            name: Of the component.
            inputs: What each input is wired to; of a list, in its order.
        """
        component = self._components[name]
        unknown = set(inputs) - {port.name for port in component.inputs}
        if unknown:
            raise KeyError(f"{component.title} has no input {', '.join(sorted(unknown))}")
        sources = [
            (port.name, number, source)
            for port in component.inputs
            if port.name in inputs
            for number, source in enumerate(_as_list(inputs[port.name]))
        ]
        feeders = [(port, number, source) for port, number, source in sources if isinstance(source, Part)]
        widest = max((part.size[0] for *_, part in feeders), default=0.0)
        top = self._y + _down(component, feeders, [port for port, _, source in sources if not isinstance(source, Part)])
        wires: dict[str, list[UUID]] = {}
        for port, number, source in sources:
            if isinstance(source, Part):
                left = self._x + widest - source.size[0]
                placed = self._add(self._canvas.part(f"{key}: {port} {number}", source, left, top))
                top = placed.box.bottom + _FEED_GAP
                wires.setdefault(port, []).append(placed.guid)
            else:
                wires.setdefault(port, []).append(source[0].output(source[1]))
        left = self._x + (widest + _GAP if feeders else 0.0)
        return self._add(self._canvas.component(key, component, left, self._y, wires), _BETWEEN)

    def part(self, key: str, part: Part, *sources: tuple[Placed, str], down: float = 0.0) -> Placed:
        """Add an object of Grasshopper's own, with wires to it; so far down that other wires pass over it."""
        guids = [placed.output(output) for placed, output in sources]
        return self._add(self._canvas.part(key, part, self._x, self._y + down, guids), _BETWEEN)

    def _add(self, placed: Placed, gap: float | None = None) -> Placed:
        self.members.append(placed)
        self._bottom = max(self._bottom, placed.box.bottom)
        if gap is not None:
            self._x = placed.box.right + gap
        return placed


def _down(component: Component, feeders: list[tuple[str, int, Part]], wired: list[str]) -> float:
    """Return how far below the component's top its feeders begin, so that wires from elsewhere pass beside them.

    At the top, if they end above the first input that such a wire leads to; else beside their own first input, where
    wires to the inputs above pass over them.
    """
    rows = {port.name: ROW * place for place, port in enumerate(component.inputs)}
    height = sum(part.size[1] + _FEED_GAP for *_, part in feeders) - _FEED_GAP
    if not feeders or (wired and height <= min(rows[port] for port in wired)):
        return 0.0
    return rows[feeders[0][0]]


def _as_list(source: Source | list[Source]) -> list[Source]:
    return source if isinstance(source, list) else [source]
