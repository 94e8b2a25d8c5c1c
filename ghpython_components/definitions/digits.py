"""Definitions about digits: 01_first_digit, 03_latent_sliders and 05_forms."""

from __future__ import annotations

from ghpython_components.definitions.steps import (
    ABOVE,
    APART,
    BESIDE,
    FORMS,
    LEFT,
    LOOK,
    NO_TRAINING,
    PRESS,
    TOP,
    NewRow,
    data_and_train,
    start,
    style_sliders,
)
from ghpython_components.document.canvas import Canvas
from ghpython_components.document.parts import (
    choice,
    curves,
    gene_pool,
    mesh,
    panel,
    plane,
    points,
    slider,
    style_slider,
)
from ghpython_components.document.script_component import ROW


def first_digit(canvas: Canvas, row: NewRow) -> None:
    first = start(
        canvas,
        row,
        "Press start, once. The orange balloon goes away as soon as the server is there.\n\n"
        "Then move the sliders of step 3.",
    )

    training = data_and_train(
        row,
        first.box.bottom + APART,
        "Not needed at first: a trained model is bundled, and step 3 draws with it.\n\n"
        "Press train, and a model of your own grows for a minute; step 3 draws with that one. It learns from MNIST; "
        "10_own_pictures has other things to learn from.",
        "my-digits",
        seconds=slider("seconds", 60, 10, 600),
    )
    canvas.group("2  Train a model of your own", training.members, PRESS)

    drawing = row(
        training.box.right + APART,
        training.box.y + 16 * ROW,  # the model's wire runs level
        "Move the sliders: which digit, how it is written, and another style with every seed.",
    )
    drawn = drawing.component(
        "generate",
        "generate",
        model=(training.trained, "model"),
        digit=slider("digit", 3, 0, 9),
        slant=style_slider("slant"),
        thickness=style_slider("thickness"),
        seed=slider("seed", 0, 0, 100),
        form=choice("form", "relief", FORMS),
        plane=plane("stands at", BESIDE, 0),
    )
    drawing.part("digit", mesh("digit"), (drawn, "geometry"))
    canvas.group("3  Move the sliders, bake the mesh", drawing.members, LOOK)


def latent_sliders(canvas: Canvas, row: NewRow) -> None:
    first = start(canvas, row, NO_TRAINING)

    one = row(
        LEFT,
        first.box.bottom + APART,
        "Which digit, and how it is written, in standard deviations; truncation 0 is the most typical style.\n\n"
        "Type the name of a model of your own into the panel, and that one draws.",
    )
    drawn = one.component(
        "one",
        "generate",
        model=panel("bundled", (150.0, 24.0), "model"),
        digit=slider("digit", 8, 0, 9),
        **style_sliders(),
        seed=slider("seed", 0, 0, 100),
        form=choice("form", "relief", FORMS),
        cell=slider("cell", 1, 0.1, 5, 1),
        height=slider("height", 4, 0, 20, 1),
    )
    one.part("digit", mesh("digit"), (drawn, "geometry"))
    canvas.group("2  One digit", one.members, LOOK)

    many = row(
        one.box.right + APART,
        one.box.y,
        "Each digit with another random latent vector. Another seed, other digits; the same seed, the same digits.",
    )
    several = many.component(
        "many",
        "generate",
        model=panel("bundled", (150.0, 24.0), "model"),
        seed=slider("seed", 0, 0, 100),
        count=slider("count", 16, 1, 64),
        form=choice("form", "relief", FORMS),
        plane=plane("stands at", 0, BESIDE),
    )
    many.part("digits", mesh("digits"), (several, "geometry"))
    many.part("which", panel("", (80.0, 160.0), "which"), (several, "digits"))
    canvas.group("3  Many digits", many.members, LOOK)


def forms(canvas: Canvas, row: NewRow) -> None:
    first = start(canvas, row, NO_TRAINING)

    left = first.box.right + APART
    printed = row(
        left,
        TOP,
        "A relief on a base, pillars and an extruded contour: closed solids, to bake and to print.",
    )
    # The sliders of all four stand at half their height, so that no wire is steep where it passes what feeds another.
    sliders = row(LEFT, printed.box.bottom + 40 * ROW, "One digit for all forms.", 150.0)
    digit = sliders.part("digit", slider("digit", 8, 0, 9))
    second = row(LEFT, sliders.box.bottom + ABOVE / 4, "")
    hand = second.part("latent", gene_pool("latent", 6, -3, 3))
    canvas.group("2  Which digit", sliders.members + second.members, LOOK)

    wires = {"digit": (digit, ""), "latent": (hand, "")}
    solid = printed.component(
        "solid",
        "generate",
        **wires,
        form=panel("solid", (80.0, 24.0)),
        height=slider("height", 4, 0, 20, 1),
        base=slider("base", 1, 0.1, 5, 1),
    )
    printed.part("solid mesh", mesh("solid"), (solid, "geometry"))
    lower = row(left, printed.box.bottom + APART / 2, "")
    pillars = lower.component(
        "voxels",
        "generate",
        **wires,
        form=choice("form", "voxels", ("voxels", "extrusion")),
        plane=plane("stands at", -BESIDE, 0),
        threshold=slider("threshold", 0.5, 0, 1, 2),
    )
    lower.part("voxels mesh", mesh("voxels"), (pillars, "geometry"))
    canvas.group("3  Solids", printed.members + lower.members, LOOK)

    drawn = row(
        left, lower.box.bottom + APART, "Closed curves at several levels of white, and the points above the threshold."
    )
    lines = drawn.component(
        "contours",
        "generate",
        **wires,
        form=panel("contours", (80.0, 24.0)),
        plane=plane("stands at", -2 * BESIDE, 0),
        threshold=slider("lowest", 0.2, 0, 1, 2),
        levels=slider("levels", 4, 1, 16),
    )
    drawn.part("curves", curves(), (lines, "geometry"))
    under = row(left, drawn.box.bottom + APART / 2, "")
    dots = under.component(
        "points",
        "generate",
        **wires,
        form=panel("points", (80.0, 24.0)),
        plane=plane("stands at", -3 * BESIDE, 0),
        threshold=slider("threshold", 0.5, 0, 1, 2),
    )
    under.part("points above", points(), (dots, "geometry"))
    canvas.group("4  Curves and points", drawn.members + under.members, LOOK)
