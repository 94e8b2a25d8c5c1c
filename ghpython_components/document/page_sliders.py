"""The sliders that the page copies for the canvas, as Grasshopper's clipboard has them. They are kept with the page."""

from __future__ import annotations

from ghpython_components.archive import to_xml
from ghpython_components.document.canvas import Canvas
from ghpython_components.document.parts import slider, style_slider
from ghpython_components.document.script_component import RHINO7
from ghpython_components.sources.component import FOLDER, document
from ghpython_components.sources.help_texts import style_attributes

FILE = FOLDER.parent / "bridge_server" / "page" / "sliders.xml"
_SLIDERS = (  # named as the inputs of Generate; the page sets their values and leaves out those at auto
    slider("digit", 3, 0, 9),
    *(style_slider(name) for name in style_attributes("GenerateRequest", document())),
    slider("truncation", 1, 0, 2, 2),
    slider("seed", 0, 0, 100),
    slider("count", 6, 1, 64),
)
_ROW = 26.0  # pixels from one to the next


def text() -> bytes:
    """Return the content of the file."""
    canvas = Canvas("sliders", "The sliders of the page.", RHINO7)
    for row, part in enumerate(_SLIDERS):
        canvas.part(part.nickname, part, 0.0, _ROW * row)
    return to_xml(canvas.archive("Clipboard"))
