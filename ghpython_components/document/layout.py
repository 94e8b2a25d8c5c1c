"""Rows of components on a canvas, each with what feeds it at its left: nothing overlaps, and wires run rightwards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from textwrap import wrap
from typing import NamedTuple
from uuid import UUID

from ghpython_components.document.canvas import Canvas, Part, Placed
from ghpython_components.document.parts import panel
from ghpython_components.document.script_component import size
from ghpython_components.document.wires import Box, Point, behind, curve
from ghpython_components.sources.component import Component

Output = tuple[Placed, str]


class Led(NamedTuple):
    """An output that is led through something new, which shows it."""

    part: Part
    source: Output


Source = Part | Output | Led  # something new at the left, an output of what stands there already, or both


class _Feeder(NamedTuple):
    """What is placed before a component, for one of its inputs."""

    port: str
    number: int  # in the order of a list
    part: Part
    sources: tuple[Output, ...] = ()


_FEED_GAP, _GAP, _BETWEEN = 6.0, 40.0, 60.0  # between feeders; from them to their component; between components
_WIDE, _LETTER, UNDER = 430.0, 6.9, 26.0  # of a note: width, a letter's width, and what is left free under it
_TURN, _FIRST_INPUT = 50.0, 12.0  # between lines; from a component's top to its first input
_CLEAR = 6.0  # between an object and a wire that passes it


class Row:
    """Objects from left to right, their tops in one line, under a note to read."""

    def __init__(
        self,
        canvas: Canvas,
        components: Mapping[str, Component],
        x: float,
        y: float,
        note: str,
        wide: float = _WIDE,
        between: float = _BETWEEN,
        close: bool = False,
    ) -> None:
        """Begin a row.

        Args:
            canvas: Where it is.
            components: All there are, by name.
            x, y: Left and top.
            note: To read above it; none if empty.
            wide: Width of the note.
            between: What is free between two components.
            close: Whether what feeds a component stands under what is left of it, rather than between the two.
        """
        self._canvas = canvas
        self._components = components
        self._x = x
        self._y = self._top = y
        self._bottom = y
        self._between = between
        self._close = close
        self.members: list[Placed] = []
        if note:
            letters = int((wide - 10) / _LETTER)
            lines = sum(len(wrap(paragraph, letters)) or 1 for paragraph in note.split("\n"))
            placed = self._add(
                canvas.part(f"note: {note}", panel(note, (wide, 12.0 + 16 * lines), "read me", True), x, y)
            )
            self._y = placed.box.bottom + UNDER

    @property
    def box(self) -> Box:
        """What the row takes up so far."""
        left = min(member.box.x for member in self.members)
        right = max(member.box.right for member in self.members)
        return Box(left, self._top, right - left, self._bottom - self._top)

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
        feeders: list[_Feeder] = []
        passing: list[tuple[str, Output]] = []
        for port in (port.name for port in component.inputs if port.name in inputs):
            for number, given in enumerate(_as_list(inputs[port])):
                if isinstance(given, Part):
                    feeders.append(_Feeder(port, number, given))
                elif isinstance(given, Led):
                    feeders.append(_Feeder(port, number, given.part, (given.source,)))
                else:
                    passing.append((port, given))
        aside = max((each.part.size[0] for each in feeders), default=0.0) + _GAP
        left = self._x + (aside if feeders and not (self._close and self.members) else 0.0)
        stands = Placed(key, UUID(int=0), Box(left, self._y, *size(component)), component)
        first = min((stands.hold(port)[1] for port, _ in passing), default=self._y)
        above = [each for each in feeders if passing and stands.hold(each.port)[1] < first]
        down = max(0.0, sum(each.part.size[1] + _FEED_GAP for each in above) - (first - _CLEAR - self._y))
        stands = replace(stands, box=stands.box._replace(y=self._y + down))
        curves = [curve(source.grip(output), stands.hold(port)) for port, (source, output) in passing]
        wires: dict[str, list[UUID]] = {}
        top = self._y
        for place, each in enumerate(feeders):
            if place == len(above):  # the first below the wires that pass
                top = max(top, stands.hold(each.port)[1] - each.part.size[1] / 2)
            box = self._free(Box(left - _GAP - each.part.size[0], top, *each.part.size), curves)
            sent = [source.output(output) for source, output in each.sources]
            placed = self._add(self._canvas.part(f"{key}: {each.port} {each.number}", each.part, box.x, box.y, sent))
            top = box.bottom + _FEED_GAP
            wires.setdefault(each.port, []).append(placed.guid)
        for port, (source, output) in passing:
            wires.setdefault(port, []).append(source.output(output))
        return self._add(self._canvas.component(key, component, left, stands.box.y, wires), self._between)

    def part(self, key: str, part: Part, *sources: tuple[Placed, str], down: float = 0.0) -> Placed:
        """Add an object of Grasshopper's own, with wires to it; so far down that other wires pass over it."""
        guids = [placed.output(output) for placed, output in sources]
        return self._add(self._canvas.part(key, part, self._x, self._y + down, guids), self._between)

    def _free(self, box: Box, curves: list[list[Point]]) -> Box:
        """Return the nearest place from there downwards that nothing stands at and no wire passes."""
        while any(box.overlaps(one.box, _FEED_GAP - 1) for one in self.members) or any(
            behind(points, box, _CLEAR) for points in curves
        ):
            box = box._replace(y=box.y + 2)
        return box

    def _add(self, placed: Placed, gap: float | None = None) -> Placed:
        self.members.append(placed)
        self._bottom = max(self._bottom, placed.box.bottom)
        if gap is not None:
            self._x = placed.box.right + gap
        return placed


def next_line(line: Row, last: Placed, output: str, x: float) -> float:
    """Return where the line under a line begins, so that the wire that turns, from its last object, runs between them.

    Args:
        line: The line above.
        last: Its last object, which the wire comes from.
        output: Its output.
        x: Where the wire ends.
    """
    top = line.box.bottom + _TURN
    own = last.box._replace(width=last.box.width - _CLEAR)
    others = [member.box for member in line.members if member is not last]
    while True:
        points = curve(last.grip(output), (x, top + _FIRST_INPUT))
        if not any(behind(points, box, _CLEAR) for box in others) and not behind(points, own, 0.0):
            return top
        top += 2


def _as_list(source: Source | list[Source]) -> list[Source]:
    return source if isinstance(source, list) else [source]
