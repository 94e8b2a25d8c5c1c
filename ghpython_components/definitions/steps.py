"""What the definitions have in common: where they begin, the colours of their groups, and steps that several need."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from ghpython_components.document.canvas import Canvas, Placed
from ghpython_components.document.layout import UNDER, Row, Source
from ghpython_components.document.parts import button, panel, slider, style_slider
from ghpython_components.document.script_component import ROW
from ghpython_components.document.wires import Box
from ghpython_components.sources import help_texts
from ghpython_components.sources.component import document

NewRow = Callable[..., Row]
LEFT, TOP, APART = 60.0, 60.0, 110.0  # pixels: of the first object; between groups, whose titles stand above them
PRESS, LOOK, MAKE = (255, 255, 222, 173), (255, 196, 226, 208), (255, 205, 217, 240)
_OPENAPI = document()
STYLE_ATTRIBUTES = help_texts.style_attributes("GenerateRequest", _OPENAPI)
FORMS = tuple(form for form, known in _OPENAPI["x-forms"].items() if known["pieces"] == "Mesh")  # a mesh per digit
NO_TRAINING = "Press start, once. No training is needed: the bundled model draws."
ABOVE = 60.0  # pixels that wires have above a panel
_LEVEL = 4 * ROW  # of Data below Train, so that the wire between them runs under the buttons
BESIDE = -40.0  # x of a digit's plane: at the left of what Train and Data show at the origin


def explain(*terms: str) -> str:
    """Return what the glossary says of terms, a paragraph each."""
    return "\n\n".join(help_texts.explain(term, _OPENAPI) for term in terms)


def start(canvas: Canvas, row: NewRow, words: str) -> Row:
    """Begin a definition that needs nothing but the server."""
    first = row(LEFT, TOP, words)
    server(first)
    canvas.group("1  Start the server", first.members, PRESS)
    return first


def server(row: Row) -> None:
    """Add the Server component, with its button and its words."""
    found = row.component("server", "server", start=button("start"))
    row.part("server status", panel("", (280.0, 60.0), "server"), (found, "status"))


def data(row: Row, **inputs: Source) -> Placed:
    """Add the Data component, with its button."""
    return row.component("data", "data", load=button("load"), **inputs)


def train(row: Row, name: str, down: float = 0.0, **inputs: Source) -> Placed:
    """Add the Train component, with its buttons, the name of the model and, so far down, how it gets on."""
    trained = row.component(
        "train",
        "train",
        train=button("train"),
        stop=button("stop"),
        resume=button("resume"),
        name=panel(name, (150.0, 24.0), "name"),
        **inputs,
    )
    row.part("progress", panel("", (180.0, 60.0), "progress"), (trained, "progress"), down=down)
    return trained


class Training(NamedTuple):
    """A step that trains: the Train component, all that stands in the step, and where."""

    trained: Placed
    members: list[Placed]
    box: Box


def data_and_train(row: NewRow, top: float, words: str, name: str, down: float = 0.0, **inputs: Source) -> Training:
    """Begin a line with words to read, Data and, at its right, Train, which learns from it: see `train`."""
    note = row(LEFT, top, words)
    under = note.box.bottom + UNDER
    importing = row(LEFT, under + _LEVEL, "")
    loaded = data(importing)
    learning = row(importing.box.right + APART / 2, under, "")
    trained = train(learning, name, down, data=(loaded, "data"), **inputs)
    members = note.members + importing.members + learning.members
    bottom = max(importing.box.bottom, learning.box.bottom)
    return Training(trained, members, Box(LEFT, top, learning.box.right - LEFT, bottom - top))


def style_sliders() -> dict[str, Source]:
    """Return sliders for the attributes of a digit's style, and for how typical it is."""
    return {
        **{name: style_slider(name) for name in STYLE_ATTRIBUTES},
        "truncation": slider("truncation", 0.5, 0, 2, 2),
    }
