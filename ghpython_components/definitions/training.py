"""The definition 07_watch_a_training."""

from __future__ import annotations

from ghpython_components.definitions.steps import ABOVE, APART, BESIDE, FORMS, LEFT, LOOK, PRESS, NewRow, start, train
from ghpython_components.document.canvas import Canvas
from ghpython_components.document.parts import button, choice, curves, mesh, panel, plane, slider

_DIAGRAM, _FILM = -110.0, -160.0  # y of their planes: below what Train shows on the X axis


def watch_a_training(canvas: Canvas, row: NewRow) -> None:
    """07: how a training goes, and what grows."""
    first = start(canvas, row, "Press start, once. Then press train in step 2; steps 3 and 4 follow the training.")

    training = row(
        LEFT,
        first.box.bottom + APART,
        "Press train. Two minutes are enough for digits; what Rhino shows at the origin is renewed meanwhile.",
    )
    trained = train(training, "watched", ABOVE, seconds=slider("seconds", 120, 10, 1800))
    canvas.group("2  Train a model", training.members, PRESS)

    diagram = row(
        training.box.right + APART,
        training.box.y,
        "The losses of both networks, and at the right the distance to real digits (FID), which falls.\n\n"
        "For the numbers at the axes wire points and labels into Text Tag.",
    )
    drawn = diagram.component(
        "losses",
        "losses",
        run=(trained, "run"),
        plane=plane("stands at", 0, _DIAGRAM),
        width=slider("width", 100, 20, 500),
        height=slider("height", 60, 20, 500),
    )
    diagram.part("both", curves("losses"), (drawn, "discriminator"), (drawn, "generator"))
    diagram.part("distance", curves("FID"), (drawn, "frechet"), down=ABOVE)
    canvas.group("3  Losses", diagram.members, LOOK)

    growing = row(
        training.box.right + APART,
        diagram.box.bottom + APART,
        "One digit through the states of the training, from noise on, each with its step and its time. "
        "It grows while the model trains.",
    )
    film = growing.component(
        "film",
        "film",
        model=(trained, "model"),
        digit=slider("digit", 3, 0, 9),
        seed=slider("seed", 0, 0, 100),
        count=slider("count", 1, 1, 8),
        arrange=choice("arrange", "row", ("row", "stack")),
        form=choice("form", "mesh", FORMS),
        plane=plane("stands at", 0, _FILM),
    )
    growing.part("frames", mesh("frames"), (film, "geometry"))
    growing.part("steps", panel("", (150.0, 240.0), "steps"), (film, "steps"))
    canvas.group("4  The film", growing.members, LOOK)

    listed = row(
        LEFT,
        max(training.box.bottom, growing.box.bottom) + APART,
        "All models, newest first. Type the name of one, or its place from 0: that one draws.",
    )
    models = listed.component("models", "models", choose=panel("0", (150.0, 24.0), "choose"), refresh=button("refresh"))
    listed.part("facts", panel("", (420.0, 90.0), "facts"), (models, "facts"), down=ABOVE)
    chosen = row(listed.box.right + APART / 2, listed.members[1].box.y, "")
    digits = chosen.component(
        "chosen",
        "generate",
        model=(models, "model"),
        digit=slider("digit", 3, 0, 9),
        seed=slider("seed", 0, 0, 100),
        count=slider("count", 4, 1, 16),
        plane=plane("stands at", 2 * BESIDE, 0),
    )
    chosen.part("chosen digits", mesh("digits"), (digits, "geometry"))
    canvas.group("5  Choose a model", listed.members + chosen.members, LOOK)
