"""The definition 09_export_and_restore."""

from __future__ import annotations

from ghpython_components.definitions.steps import APART, BESIDE, FORMS, LEFT, LOOK, NO_TRAINING, PRESS, NewRow, start
from ghpython_components.document.canvas import Canvas
from ghpython_components.document.parts import button, choice, mesh, panel, plane, slider
from ghpython_components.document.script_component import ROW

_UNITS = ("mm", "cm", "m", "in", "ft")


def export_and_restore(canvas: Canvas, row: NewRow) -> None:
    """09: digits as a file, and back."""
    first = start(canvas, row, NO_TRAINING)

    making = row(
        LEFT,
        first.box.bottom + APART,
        "Move the sliders. What Export saves is drawn anew from z, with the form and the sizes given there.",
    )
    drawn = making.component(
        "digits",
        "generate",
        digit=slider("digit", 7, 0, 9),
        seed=slider("seed", 0, 0, 100),
        count=slider("count", 4, 1, 16),
        form=choice("form", "solid", FORMS),
        plane=plane("stands at", 2 * BESIDE, 0),
    )
    making.part("mesh", mesh("digits"), (drawn, "geometry"))
    canvas.group("2  Some digits", making.members, LOOK)

    saving = row(
        making.box.right + APART,
        making.box.y + 11 * ROW,  # so that the wires to its first inputs pass over what feeds the others
        "Say in path where, as .3dm, .3mf, .stl, .obj, .ply, .json, .png, .gif or .npy, and press save. ~ is your home "
        "folder. A file that is there is replaced.",
    )
    saved = saving.component(
        "export",
        "export",
        model=(drawn, "name"),
        z=(drawn, "z"),
        form=choice("form", "solid", FORMS),
        height=slider("height", 4, 0.5, 20, 1),
        base=slider("base", 1, 0.1, 5, 1),
        units=choice("units", "mm", _UNITS),
        path=panel("~/ganmnist-digits.3dm", (190.0, 24.0), "path"),
        save=button("save"),
    )
    saving.part("file", panel("", (190.0, 60.0), "file"), (saved, "file"), down=9 * ROW)
    canvas.group("3  Save them", saving.members, PRESS)

    back = row(
        saving.box.right + APART,
        saving.box.y,
        "The file that was saved says which digits it holds, and they are made again, the same.\n\nFor another file "
        "wire a panel with its path into Restore, in place of the wire from Export.",
    )
    found = back.component("restore", "restore", path=(saved, "file"))
    again = back.component(
        "again",
        "generate",
        model=(found, "model"),
        z=(found, "z"),
        form=choice("form", "solid", FORMS),
        plane=plane("stands at", 0, 0),
    )
    back.part("again mesh", mesh("digits"), (again, "geometry"))
    canvas.group("4  Make them again", back.members, LOOK)
