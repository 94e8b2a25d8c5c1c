"""Grasshopper's own objects that feed a component or show what it gives: sliders, buttons, lists, panels."""

from __future__ import annotations

from decimal import Decimal

from ghpython_components.archive import Chunk, Item, codes
from ghpython_components.archive.codes import BOOL, COLOR, DECIMAL, DOUBLE, INT32, STRING
from ghpython_components.document.canvas import (
    BUTTON,
    CURVES,
    GENE_POOL,
    MESH,
    PANEL,
    PLANE,
    POINTS,
    SLIDER,
    VALUE_LIST,
    Part,
)

_YELLOW = (255, 255, 250, 90)
_WHITE = (255, 255, 255, 255)
_HIDDEN = (Item("Hidden", BOOL, True),)


def slider(nickname: str, value: float, low: float, high: float, digits: int = 0) -> Part:
    """A slider; without digits, of whole numbers."""
    items = [
        Item("Digits", INT32, digits),
        Item("GripDisplay", INT32, 1),
        Item("Interval", INT32, 0 if digits else 1),
        Item("Max", DOUBLE, float(high)),
        Item("Min", DOUBLE, float(low)),
        Item("SnapCount", INT32, 0),
        Item("Value", DOUBLE, float(value)),
    ]
    return Part(SLIDER, nickname, (150.0, 20.0), chunks=(Chunk("Slider", items),))


def style_slider(attribute: str) -> Part:
    """A slider for an attribute of a digit's style, in standard deviations."""
    return slider(attribute, 0, -3, 3, 2)


def button(nickname: str) -> Part:
    """A button: true while it is held down."""
    items = (Item("ExpressionNormal", STRING, "False"), Item("ExpressionPressed", STRING, "True"))
    return Part(BUTTON, nickname, (110.0, 22.0), items, pivot=False)


def choice(nickname: str, chosen: str, choices: tuple[str, ...]) -> Part:
    """A list of words of which one is chosen."""
    entries = [
        Chunk(
            "ListItem",
            [
                Item("Expression", STRING, f'"{word}"'),
                Item("Name", STRING, word),
                Item("Selected", BOOL, word == chosen),
            ],
            index=index,
        )
        for index, word in enumerate(choices)
    ]
    items = (Item("ListCount", INT32, len(choices)), Item("ListMode", INT32, 1))
    return Part(VALUE_LIST, nickname, (150.0, 22.0), items, tuple(entries))


def gene_pool(nickname: str, count: int, low: int, high: int) -> Part:
    """So many sliders in one, all at 0."""
    items = [
        Item("Count", INT32, count),
        Item("Decimals", INT32, 2),
        Item("Maximum", DECIMAL, Decimal(f"{high}.00")),
        Item("Minimum", DECIMAL, Decimal(f"{low}.00")),
        *(Item("Value", DECIMAL, Decimal("0.00"), index) for index in range(count)),
    ]
    height = 20.0 * count + 24
    looks = (Item("SliderScroll", DOUBLE, 0.0),)
    return Part(GENE_POOL, nickname, (150.0, height), chunks=(Chunk("GeneData", items),), attributes=looks, pivot=False)


def panel(text: str, size: tuple[float, float], nickname: str = "", note: bool = False) -> Part:
    """A text to read or to pass on; with a wire to it, what that brings. A note is white."""
    looks = tuple(Item(name, INT32, 0) for name in ("MarginLeft", "MarginRight", "MarginTop"))
    properties = [
        Item("Colour", COLOR, _WHITE if note else _YELLOW),
        Item("DrawIndices", BOOL, False),
        Item("DrawPaths", BOOL, False),
        Item("Multiline", BOOL, True),
        Item("SpecialCodes", BOOL, False),
        Item("Stream", BOOL, False),
        Item("Wrap", BOOL, True),
    ]
    items = (Item("ScrollRatio", DOUBLE, 0.0), Item("UserText", STRING, text))
    return Part(PANEL, nickname, size, items, (Chunk("PanelProperties", properties),), looks)


def plane(nickname: str, x: float, y: float) -> Part:
    """A plane parallel to the world's XY, at that origin."""
    numbers = (x, y, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
    item = Chunk("Item", [Item("plane", codes.PLANE, numbers)], index=0)
    branch = Chunk("Branch", [Item("Count", INT32, 1), Item("Path", STRING, "{0}")], [item], 0)
    return Part(PLANE, nickname, (66.0, 24.0), chunks=(Chunk("PersistentData", [Item("Count", INT32, 1)], [branch]),))


def mesh(nickname: str = "Mesh") -> Part:
    """A parameter that holds meshes, to bake; what it is wired to shows them already."""
    return Part(MESH, nickname, (50.0, 24.0), _HIDDEN)


def curves(nickname: str = "Crv") -> Part:
    """A parameter that holds curves, to bake; what it is wired to shows them already."""
    return Part(CURVES, nickname, (50.0, 24.0), _HIDDEN)


def drawn_curves(nickname: str) -> Part:
    """A parameter for curves that the user sets."""
    return Part(CURVES, nickname, (50.0, 24.0))


def points(nickname: str = "Pt") -> Part:
    """A parameter that holds points, to bake; what it is wired to shows them already."""
    return Part(POINTS, nickname, (50.0, 24.0), _HIDDEN)
