"""What the page copies for the canvas, as Grasshopper's clipboard has it: sliders, and layers. Kept with the page."""

from __future__ import annotations

from pathlib import Path

from ghpython_components.archive import to_xml
from ghpython_components.document.canvas import Canvas
from ghpython_components.document.parts import panel, slider, style_slider
from ghpython_components.document.script_component import RHINO7, RHINOS, Rhino
from ghpython_components.sources.component import FOLDER, all_components, document
from ghpython_components.sources.help_texts import style_attributes
from ghpython_components.sources.layer_components import names

_PAGE = FOLDER.parent / "bridge_server" / "page"
_SLIDERS = (  # named as the inputs of Generate; the page sets their values and leaves out those at auto
    slider("digit", 3, 0, 9),
    *(style_slider(name) for name in style_attributes("GenerateRequest", document())),
    slider("truncation", 1, 0, 2, 2),
    slider("seed", 0, 0, 100),
    slider("count", 6, 1, 64),
)
_ROW = 26.0  # pixels from one to the next
_VALUE = panel("", (50.0, 22.0), "value")


def files() -> dict[Path, bytes]:
    """Return the content of each file."""
    layers = {_PAGE / f"layers-rhino{rhino.number}.xml": _layers(rhino) for rhino in RHINOS}
    return {_PAGE / "sliders.xml": _sliders(), **layers}


def _sliders() -> bytes:
    canvas = Canvas("sliders", "The sliders of the page.", RHINO7)
    for row, part in enumerate(_SLIDERS):
        canvas.part(part.nickname, part, 0.0, _ROW * row)
    return to_xml(canvas.archive("Clipboard"))


def _layers(rhino: Rhino) -> bytes:
    """Return one component of each layer, Model, and a panel: the page makes chains of copies of them."""
    canvas = Canvas("layers", "The layers of the page.", rhino)
    wanted = {*names(document()), "model"}
    for component in all_components():
        if component.name in wanted:
            canvas.component(component.name, component, 0.0, 0.0, {})
    canvas.part("value", _VALUE, 0.0, 0.0)
    return to_xml(canvas.archive("Clipboard"))
