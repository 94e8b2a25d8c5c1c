"""A picture of a definition, drawn from its file.

`python -m ghpython_components.pictures.canvas_picture FILE.ghx PICTURE.png` writes it.

It shows where things are and what is wired to what, not what Grasshopper would look like to the pixel.
"""

from __future__ import annotations

import argparse
import io
import sys
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from PIL import Image, ImageDraw, ImageFont

from ghpython_components.archive import ArchiveError, Chunk, from_bytes, from_xml
from ghpython_components.document.canvas import BUTTON, GENE_POOL, GROUP, PANEL, SLIDER, VALUE_LIST
from ghpython_components.document.wires import Box, Point, curve

_MARGIN, _TITLE = 18.0, 26.0  # of a group around its members, pixels
_GROUND, _INK, _WIRE, _BODY = (212, 208, 200), (30, 30, 34), (90, 90, 90), (235, 235, 235)
_FONT, _BIG = 11, 18


@dataclass
class Shown:
    """An object of a definition.

    Attributes:
        kind: Guid of what it is.
        guid: Its instance guid.
        chunk: All that the file says of it.
        box: Where it is; of a group, around its members.
        sources: Guids that wires come from, by the guid of the parameter they lead to.
        ends: Where wires end, by the guid of the parameter: the left middle of an input, the right middle of an output.
    """

    kind: UUID
    guid: UUID
    chunk: Chunk
    box: Box
    sources: dict[UUID, list[UUID]] = field(default_factory=dict)
    ends: dict[UUID, tuple[float, float]] = field(default_factory=dict)


def read_definition(content: bytes) -> list[Shown]:
    """Read what is on a canvas from a .ghx or .gh file.

    Raises:
        ArchiveError: It is none.
    """
    root = from_xml(content) if content.lstrip(b"\xef\xbb\xbf")[:1] == b"<" else from_bytes(content)
    found = root.chunk("Definition").chunk("DefinitionObjects").chunks
    objects = [_read(each.get("GUID"), each.chunk("Container")) for each in found]
    known = {each.guid: each for each in objects}
    for each in objects:
        if each.kind == GROUP.guid:
            each.box = _around([one.box for one in _within(each, known, set())])
    return objects


@dataclass(frozen=True)
class Wire:
    """A wire of a definition: the objects at its ends, and the curve between them."""

    source: Shown
    target: Shown
    points: list[Point]


def wires(objects: list[Shown]) -> list[Wire]:
    """Return the wires between objects, as they are drawn."""
    starts = {guid: (each, end) for each in objects for guid, end in each.ends.items()}
    found = []
    for each in objects:
        for target, sources in each.sources.items():
            left = each.ends[target] if target != each.guid else (each.box.x, each.box.middle)
            for source, start in (starts[source] for source in sources if source in starts):
                found.append(Wire(source, each, curve(start, left)))
    return found


def members(group: Shown) -> list[UUID]:
    """Return the guids of what a group is around."""
    return [group.chunk.get("ID", index) for index in range(group.chunk.get("ID_Count"))]


def picture(objects: list[Shown]) -> Image.Image:
    """Draw a canvas."""
    all_around = _around([each.box for each in objects])
    image = Image.new("RGB", (round(all_around.width) + 24, round(all_around.height) + 24), _GROUND)
    pen = _Pen(ImageDraw.Draw(image), image, all_around.x - 12, all_around.y - 12)
    for each in objects:
        if each.kind == GROUP.guid:
            pen.group(each)
    for wire in wires(objects):
        pen.wire(wire.points)
    for each in objects:
        if each.kind != GROUP.guid:
            pen.object(each)
    return image


class _Pen:
    def __init__(self, draw: ImageDraw.ImageDraw, image: Image.Image, x: float, y: float) -> None:
        self._draw, self._image, self._x, self._y = draw, image, x, y
        self._font, self._big = ImageFont.load_default(_FONT), ImageFont.load_default(_BIG)

    def group(self, group: Shown) -> None:
        _, *color = group.chunk.get("Colour")
        corners = self._corners(group.box)
        self._draw.rounded_rectangle(corners, 10, tuple(color), tuple(part - 40 for part in color))
        self._draw.text((corners[0] + 10, corners[1] + 4), group.chunk.get("NickName"), _INK, self._big)

    def wire(self, points: list[Point]) -> None:
        self._draw.line([self._at(*point) for point in points], _WIRE, 2)

    def object(self, shown: Shown) -> None:
        corners = self._corners(shown.box)
        chunk = shown.chunk
        if shown.kind == PANEL.guid:
            color = chunk.chunk("PanelProperties").get("Colour")[1:]
            self._draw.rectangle(corners, color, _INK)
            text = chunk.get("UserText") or f"({chunk.get('NickName')})"
            self._draw.multiline_text(
                (corners[0] + 5, corners[1] + 4), self._wrapped(text, shown.box), _INK, self._font
            )
            return
        self._draw.rounded_rectangle(corners, 4, _BODY, _INK)
        inputs, outputs = _ports(chunk, "Input"), _ports(chunk, "Output")
        for port, anchor, shift in [*((port, "lm", 4) for port in inputs), *((port, "rm", -4) for port in outputs)]:
            x, y = self._at(*shown.ends[port.get("InstanceGuid")])
            self._draw.text((x + shift, y), port.get("NickName"), _INK, self._font, anchor)
        icon = chunk.get("IconOverride")
        if icon:
            pivot = chunk.chunk("Attributes").get("Pivot")
            x, y = self._at(*pivot)
            drawn = Image.open(io.BytesIO(icon)).convert("RGBA")
            self._image.paste(drawn, (round(x) - 12, round(y) - 12), drawn)
            self._draw.text((x, corners[1] - 2), chunk.get("NickName"), _INK, self._font, "mb")
        else:
            middle = ((corners[0] + corners[2]) / 2, (corners[1] + corners[3]) / 2)
            self._draw.text(middle, _words(shown), _INK, self._font, "mm", align="center")

    def _wrapped(self, text: str, box: Box) -> str:
        lines = []
        for paragraph in text.split("\n"):
            line = ""
            for word in paragraph.split(" "):
                longer = f"{line} {word}" if line else word
                if line and self._font.getlength(longer) > box.width - 10:
                    lines.append(line)
                    longer = word
                line = longer
            lines.append(line)
        return "\n".join(lines)

    def _at(self, x: float, y: float) -> tuple[float, float]:
        return x - self._x, y - self._y

    def _corners(self, box: Box) -> tuple[float, float, float, float]:
        return (*self._at(box.x, box.y), *self._at(box.right, box.bottom))


def _read(kind: UUID, chunk: Chunk) -> Shown:
    guid = chunk.get("InstanceGuid")
    box = Box(*(chunk.chunk("Attributes").get("Bounds") or (0.0, 0.0, 0.0, 0.0)))
    shown = Shown(kind, guid, chunk, box)
    ports = _ports(chunk, "Input") + _ports(chunk, "Output")
    for port in ports or [chunk]:
        own = port.get("InstanceGuid")
        sources = [port.get("Source", index) for index in range(port.get("SourceCount") or 0)]
        if sources:
            shown.sources[own] = sources
        bounds = Box(*(port.chunk("Attributes").get("Bounds") or box))
        side = bounds.x if port.name == "InputParam" else bounds.right
        shown.ends[own] = (side, bounds.y + bounds.height / 2)
    return shown


def _within(group: Shown, known: dict[UUID, Shown], seen: set[UUID]) -> list[Shown]:
    """Return the objects in a group and in the groups within it."""
    seen.add(group.guid)
    found: list[Shown] = []
    for member in (known[guid] for guid in members(group) if guid in known and guid not in seen):
        found += _within(member, known, seen) if member.kind == GROUP.guid else [member]
    return found


def _ports(chunk: Chunk, side: str) -> list[Chunk]:
    data = [each for each in chunk.chunks if each.name == "ParameterData"]
    return [port for each in data for port in each.chunks if port.name == f"{side}Param"]


def _words(shown: Shown) -> str:
    """Say what a small object shows on the canvas."""
    chunk = shown.chunk
    name: str = chunk.get("NickName")
    if shown.kind == SLIDER.guid:
        return f"{name}   {chunk.chunk('Slider').get('Value'):g}"
    if shown.kind == VALUE_LIST.guid:
        entries = [each for each in chunk.chunks if each.name == "ListItem"]
        return f"{name}: {next(each.get('Name') for each in entries if each.get('Selected'))}"
    if shown.kind == GENE_POOL.guid:
        return f"{name}\n\n{chunk.chunk('GeneData').get('Count')} sliders"
    return f"[ {name} ]" if shown.kind == BUTTON.guid else name


def _around(boxes: list[Box]) -> Box:
    if not boxes:
        return Box(0.0, 0.0, 0.0, 0.0)
    left, top = min(box.x for box in boxes) - _MARGIN, min(box.y for box in boxes) - _MARGIN - _TITLE
    right, bottom = max(box.right for box in boxes) + _MARGIN, max(box.bottom for box in boxes) + _MARGIN
    return Box(left, top, right - left, bottom - top)


def main() -> int:
    """Draw one file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path, metavar="FILE", help="definition, .gh or .ghx")
    parser.add_argument("target", type=Path, metavar="PICTURE", help="file to write, .png")
    options = parser.parse_args()
    source, target = options.source, options.target
    if target.suffix.lower() not in Image.registered_extensions():
        parser.error(f"{target} has no ending of a picture, such as .png")
    try:
        drawn = picture(read_definition(source.read_bytes()))
        target.parent.mkdir(parents=True, exist_ok=True)
        drawn.save(target)
    except (ArchiveError, OSError) as error:
        print(f"{source}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
