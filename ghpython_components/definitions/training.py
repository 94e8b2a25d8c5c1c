"""The definitions about trainings: 07_watch_a_training and 10_own_pictures."""

from __future__ import annotations

from ghpython_components.definitions.steps import (
    ABOVE,
    APART,
    BESIDE,
    FORMS,
    LEFT,
    LOOK,
    PRESS,
    NewRow,
    data,
    data_and_train,
    explain,
    start,
    train,
)
from ghpython_components.document.canvas import Canvas
from ghpython_components.document.parts import button, choice, curves, mesh, panel, plane, slider
from ghpython_components.document.script_component import ROW

_DIAGRAM, _FILM = -110.0, -160.0  # y of their planes: below what Train shows on the X axis


def watch_a_training(canvas: Canvas, row: NewRow) -> None:
    """07: how a training goes, and what grows."""
    first = start(canvas, row, "Press start, once. Then press train in step 2; steps 3 and 4 follow the training.")

    training = data_and_train(
        row,
        first.box.bottom + APART,
        "Press train. Two minutes are enough for digits; what Rhino shows at the origin is renewed meanwhile.",
        "watched",
        ABOVE,
        seconds=slider("seconds", 120, 10, 1800),
    )
    trained = training.trained
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

    why = row(
        LEFT,
        training.box.bottom + APART,
        f"Press evaluate. More digits say more.\n\n{explain('FID', 'precision', 'recall')}",
        220.0,
    )
    measuring = row(why.box.right + 75.0, why.box.y, "")
    measured = measuring.component(
        "evaluate",
        "evaluate",
        model=(trained, "model"),
        count=slider("count", 1000, 200, 10_000),
        evaluate=button("evaluate"),
        stop=button("stop"),
    )
    measuring.part("figures", panel("", (270.0, 160.0), "figures"), (measured, "figures"))
    canvas.group("5  How good it is", why.members + measuring.members, PRESS)

    listed = row(
        LEFT,
        max(measuring.box.bottom, growing.box.bottom) + APART,
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
    canvas.group("6  Choose a model", listed.members + chosen.members, LOOK)


def own_pictures(canvas: Canvas, row: NewRow) -> None:
    """10: pictures of one's own, learned from and drawn."""
    first = start(canvas, row, "Press start, once. Then type the path of your pictures into the panel of step 2.")

    importing = row(
        LEFT,
        first.box.bottom + APART,
        "Say in source where they are: a folder with a sub-folder for each class, a .zip of one, or a .csv of pixels. "
        "~ is your home folder.\n\nPress load, and read in report what is in it and what was left out. Pictures of any "
        "size become 28 x 28 pixels, light on dark. A hundred of a class are a start, thousands are better.",
    )
    loaded = data(importing, source=panel("~/pictures", (190.0, 24.0), "source"))
    classes = importing.part("classes", panel("", (280.0, 90.0), "classes"), (loaded, "classes"), down=ABOVE)
    under = row(classes.box.x, classes.box.bottom + ABOVE / 4, "")
    under.part("report", panel("", (280.0, 130.0), "report"), (loaded, "report"))
    canvas.group("2  Import your pictures", importing.members + under.members, PRESS)

    learning = row(
        importing.box.right + APART,
        importing.box.y,
        "Press train. Small pictures of few kinds show something within minutes; what Rhino shows at the origin is "
        "renewed meanwhile.",
    )
    trained = train(learning, "my-pictures", ABOVE, data=(loaded, "data"), seconds=slider("seconds", 300, 10, 3600))
    canvas.group("3  Train a model", learning.members, PRESS)

    drawing = row(
        learning.box.right + APART,
        learning.box.y + 13 * ROW,  # the model's wire runs level
        "digit is a class of the panel classes: its number, from 0, or out of a panel its name.",
    )
    drawn = drawing.component(
        "generate",
        "generate",
        model=(trained, "model"),
        digit=slider("class", 0, 0, 9),
        seed=slider("seed", 0, 0, 100),
        count=slider("count", 9, 1, 64),
        form=choice("form", "relief", FORMS),
        plane=plane("stands at", BESIDE, 0),
    )
    drawing.part("drawn", mesh("pictures"), (drawn, "geometry"))
    canvas.group("4  Draw", drawing.members, LOOK)
