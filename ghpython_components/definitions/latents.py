"""Definitions about latents: 06_between_and_sheet, 08_sketch and 11_alphabet."""

from __future__ import annotations

from string import ascii_uppercase

from ghpython_components.definitions.steps import (
    ABOVE,
    APART,
    BESIDE,
    FORMS,
    LEFT,
    LOOK,
    MAKE,
    NO_TRAINING,
    STYLE_ATTRIBUTES,
    NewRow,
    start,
)
from ghpython_components.document.canvas import Canvas
from ghpython_components.document.parts import choice, drawn_curves, mesh, panel, plane, slider
from ghpython_components.document.script_component import ROW

SOLIDS = ("extrusion", "solid", "voxels")
SMALL, LARGE = (160.0, 50.0), (160.0, 90.0)  # panels, pixels


def between_and_sheet(canvas: Canvas, row: NewRow) -> None:
    """06: from digit to digit, and around one."""
    first = start(canvas, row, NO_TRAINING)

    above = row(
        LEFT,
        first.box.bottom + APART,
        "Two digits to go between. Their z holds all that they grow from.\n\nFor a way through three or more, "
        "copy one of them, and wire its z to Between too, with the shift key held.",
    )
    one = above.component(
        "one",
        "generate",
        digit=slider("digit", 3, 0, 9),
        seed=slider("seed", 2, 0, 100),
        form=panel("images", (80.0, 24.0), "form"),
    )
    below = row(LEFT, above.box.bottom + APART / 2, "")
    other = below.component(
        "other",
        "generate",
        digit=slider("digit", 8, 0, 9),
        seed=slider("seed", 5, 0, 100),
        form=panel("images", (80.0, 24.0), "form"),
    )
    canvas.group("2  Two digits", above.members + below.members, LOOK)

    way = row(
        above.box.right + APART,
        one.box.y + 5 * ROW,  # so that one wire to Between is level
        "Move steps: so many from the one to the other, in a row.",
    )
    path = way.component("between", "between", z=[(one, "z"), (other, "z")], steps=slider("steps", 8, 1, 32))
    drawing = row(way.box.right + APART / 2, path.box.y, "")
    shown = drawing.component(
        "shown",
        "generate",
        z=(path, "z"),
        form=choice("form", "relief", FORMS),
        plane=plane("stands at", 0, 0),
        columns=slider("columns", 33, 1, 33),
    )
    drawing.part("row", mesh("digits"), (shown, "geometry"))
    canvas.group("3  The way between them", way.members + drawing.members, LOOK)

    around = row(
        way.members[0].box.x,
        drawing.box.bottom + APART,
        "One digit in the middle; to the right one thing grows, downwards another.",
    )
    sheet = around.component(
        "sheet",
        "sheet",
        digit=slider("digit", 4, 0, 9),
        seed=slider("seed", 7, 0, 100),
        across=choice("across", "slant", STYLE_ATTRIBUTES),
        down=choice("down", "thickness", STYLE_ATTRIBUTES),
        reach=slider("reach", 2, 0.5, 4, 1),
        rows=slider("rows", 5, 1, 11),
        columns=slider("columns", 7, 1, 11),
    )
    laid = around.component(
        "laid",
        "generate",
        z=(sheet, "z"),
        form=choice("form", "relief", FORMS),
        plane=plane("stands at", 0, BESIDE),
        columns=(sheet, "columns"),
    )
    around.part("rows", mesh("digits"), (laid, "geometry"))
    canvas.group("4  A sheet around one digit", around.members, LOOK)


def sketch(canvas: Canvas, row: NewRow) -> None:
    """08: from a drawing to the nearest digit."""
    first = start(canvas, row, "Press start, once. Then draw a digit in Rhino's Top view, with any curves.")

    drawing = row(
        LEFT,
        first.box.bottom + APART,
        "Right-click on strokes, choose Set Multiple Curves, and pick what you have drawn. Change a curve in Rhino, "
        "and Sketch looks again.\n\nThe panels say which digit it finds, where Generate's sliders stand for it, and "
        "how sure it is: from a likeness of 0.95 on.",
    )
    found = drawing.component("sketch", "sketch", curves=drawn_curves("strokes"))
    told = []
    below = drawing.part("found", panel("", SMALL, "found"), (found, "found"), down=1.5 * ABOVE)
    for output, size in (("sliders", LARGE), ("values", LARGE), ("likeness", SMALL)):
        under = row(below.box.x, below.box.bottom + ABOVE / 4, "")
        below = under.part(output, panel("", size, output), (found, output))
        told += under.members
    canvas.group("2  Draw a digit", drawing.members + told, MAKE)

    note = "The nearest digit that the bundled model can draw, beside your curves."
    near = row(drawing.box.right + APART, drawing.box.y, note)
    nearest = near.component(
        "nearest",
        "generate",
        z=(found, "z"),
        form=choice("form", "relief", FORMS),
        plane=plane("stands at", BESIDE, 0),
    )
    near.part("digit", mesh("digit"), (nearest, "geometry"))
    canvas.group("3  The nearest digit", near.members, LOOK)

    like = row(
        near.box.right + APART,
        near.box.y,
        "The same latent numbers with another digit: its style follows yours.",
    )
    varied = like.component(
        "varied",
        "generate",
        digit=slider("digit", 5, 0, 9),
        z=(nearest, "z"),
        form=choice("form", "relief", FORMS),
        plane=plane("stands at", 2 * BESIDE, 0),
    )
    like.part("varied digit", mesh("digit"), (varied, "geometry"))
    canvas.group("4  Go on from it", like.members, LOOK)


def alphabet(canvas: Canvas, row: NewRow) -> None:
    """11: from one hand of a letter to another, and a solid of what lies between."""
    first = start(
        canvas,
        row,
        "Press start, once. The letters are those of a model called alphabet, which learns them from the fonts of this "
        "machine: in the project's folder type, once, python examples/alphabet.py.",
    )

    asked = row(
        LEFT,
        first.box.bottom + APART,
        "The list says which letter. A model of your own pictures draws its classes here too: type its name, and "
        "wire a panel with the name of a class in place of the list.",
        190.0,
    )
    model = asked.part("model", panel("alphabet", (150.0, 24.0), "model"))
    under = row(LEFT, asked.box.bottom + ABOVE / 4, "")
    letter = under.part("letter", choice("letter", "A", tuple(ascii_uppercase)))
    above = row(asked.box.right + APART, asked.box.y, "Each seed is another hand.")
    wires = {"model": (model, ""), "digit": (letter, "")}
    one = above.component(
        "one",
        "generate",
        **wires,
        seed=slider("one hand", 5, 0, 100),
        form=panel("images", (80.0, 24.0), "form"),
    )
    below = row(above.members[0].box.x, above.box.bottom + APART / 2, "")
    other = below.component(
        "other",
        "generate",
        **wires,
        seed=slider("another hand", 9, 0, 100),
        form=panel("images", (80.0, 24.0), "form"),
    )
    canvas.group("2  Two hands of one letter", asked.members + under.members + above.members + below.members, LOOK)

    way = row(above.box.right + APART, one.box.y + 5 * ROW, "Each step is a letter between the two.")
    path = way.component(
        "between", "between", model=(one, "name"), z=[(one, "z"), (other, "z")], steps=slider("steps", 8, 1, 32)
    )
    canvas.group("3  The way between them", way.members, LOOK)

    cutting = row(
        way.box.right + APART,
        path.box.y,
        "extrusion cuts the letter's outline out of a board; threshold says how bold it is. Bake the mesh, to cut or "
        "to print.",
    )
    cut = cutting.component(
        "cut",
        "generate",
        model=(one, "name"),
        z=(path, "z"),
        form=choice("form", "extrusion", SOLIDS),
        height=slider("height", 6, 0.5, 20, 1),
        plane=plane("stands at", 0, 0),
        threshold=slider("threshold", 0.5, 0.05, 0.95, 2),
        columns=slider("columns", 33, 1, 33),
    )
    cutting.part("solids", mesh("letters"), (cut, "geometry"))
    canvas.group("4  Cut them as solids", cutting.members, MAKE)
