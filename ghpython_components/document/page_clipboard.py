"""What the page copies for the canvas, as Grasshopper's clipboard has it: sliders and a panel. Kept with the page."""

from __future__ import annotations

from pathlib import Path

from ghpython_components.archive import to_xml
from ghpython_components.document.canvas import Canvas, Part
from ghpython_components.document.parts import panel, slider, style_slider
from ghpython_components.document.script_component import RHINO7
from ghpython_components.sources.component import FOLDER, document
from ghpython_components.sources.help_texts import style_attributes

_PAGE = FOLDER.parent / "bridge_server" / "page"
_SLIDERS = (  # named as the inputs of Generate; the page sets their values and leaves out those at auto
    slider("digit", 3, 0, 9),
    *(style_slider(name) for name in style_attributes("GenerateRequest", document())),
    slider("truncation", 1, 0, 2, 2),
    slider("seed", 0, 0, 100),
    slider("count", 6, 1, 64),
)
_PANEL = (panel("networks", (300.0, 200.0), "gan"),)  # whose text the page sets
_ROW = 26.0  # pixels from one to the next


def files() -> dict[Path, bytes]:
    """Return the content of each file."""
    return {
        _PAGE / "sliders.xml": _clipboard("sliders", "The sliders of the page.", _SLIDERS),
        _PAGE / "panel.xml": _clipboard("networks", "Networks of the page.", _PANEL),
    }


def _clipboard(name: str, says: str, parts: tuple[Part, ...]) -> bytes:
    canvas = Canvas(name, says, RHINO7)
    for row, part in enumerate(parts):
        canvas.part(part.nickname, part, 0.0, _ROW * row)
    return to_xml(canvas.archive("Clipboard"))
