"""The definitions that come along: what a user opens first. Each is made for both Rhinos."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial

from ghpython_components.archive import ArchiveError, from_bytes
from ghpython_components.canvas import WRITTEN, Canvas, Placed
from ghpython_components.layout import Row, Source
from ghpython_components.parts import button, choice, curves, gene_pool, mesh, panel, plane, points, slider
from ghpython_components.script_component import ROW, Rhino
from ghpython_components.sources import Component, version

NewRow = Callable[[float, float, str], Row]
_LEFT, _TOP, _APART = 60.0, 60.0, 110.0  # pixels: of the first object; between groups, whose titles stand above them
_PRESS, _LOOK, _MAKE = (255, 255, 222, 173), (255, 196, 226, 208), (255, 205, 217, 240)
_FORMS = ("relief", "mesh", "smooth", "solid", "voxels", "extrusion")
_LOSSES = ("bce", "nonsaturating", "hinge", "wasserstein", "relativistic")
_NO_TRAINING = "Press start, once. No training is needed: the model that comes along draws."
_ABOVE = 60.0  # pixels that wires have above a panel
_BESIDE = -40.0  # x of a digit's plane: at the left of what Train and Data show at the origin


def names() -> list[str]:
    """Return the names of all definitions."""
    return list(_DEFINITIONS)


def definition(name: str, components: Sequence[Component], rhino: Rhino) -> Canvas:
    """Return a definition for one of the two Rhinos."""
    description, draw = _DEFINITIONS[name]
    canvas = Canvas(name, f"{description} (ganmnist {version()})", rhino)
    draw(canvas, partial(Row, canvas, {component.name: component for component in components}))
    return canvas


def our_version(content: bytes) -> str | None:
    """Return the version of a .gh file that is as we wrote it, or None: what a user has saved is the user's."""
    try:
        properties = from_bytes(content).chunk("Definition").chunk("DefinitionProperties")
    except ArchiveError:
        return None
    stamped = re.fullmatch(r".* \(ganmnist (\S+)\)", properties.get("Description") or "")
    return stamped[1] if stamped and properties.get("Date") == WRITTEN else None


def _first_digit(canvas: Canvas, row: NewRow) -> None:
    start = _start(
        canvas,
        row,
        "Press start, once. The orange balloon goes away as soon as the server is there.\n\n"
        "Then move the sliders of step 3.",
    )

    training = row(
        _LEFT,
        start.box.bottom + _APART,
        "Not needed at first: a trained model comes along, and step 3 draws with it.\n\n"
        "Press train, and a model of your own grows for a minute; step 3 draws with that one.",
    )
    trained = _train(training, "my-digits", seconds=slider("seconds", 60, 10, 600))
    canvas.group("2  Train a model of your own", training.members, _PRESS)

    drawing = row(
        training.box.right + _APART,
        training.box.y + 14 * ROW,  # the model's wire runs level
        "Move the sliders: which digit, how it is written, and another hand with every seed.",
    )
    drawn = drawing.component(
        "generate",
        "generate",
        model=(trained, "model"),
        digit=slider("digit", 3, 0, 9),
        slant=slider("slant", 0, -3, 3, 2),
        thickness=slider("thickness", 0, -3, 3, 2),
        seed=slider("seed", 0, 0, 100),
        form=choice("form", "relief", _FORMS),
        plane=plane("stands at", _BESIDE, 0),
    )
    drawing.part("digit", mesh("digit"), (drawn, "geometry"))
    canvas.group("3  Move the sliders, bake the mesh", drawing.members, _LOOK)


def _tutorial(canvas: Canvas, row: NewRow) -> None:
    data = row(
        _LEFT,
        _TOP,
        "Press start, then load.\n\n"
        "MNIST has 60,000 handwritten digits of 28 x 28 pixels; the training rescales them to [-1, 1].",
    )
    _server(data)
    loaded = data.component("data", "data", load=button("load"))
    data.part("images", panel("", (120.0, 24.0), "training images"), (loaded, "train"))
    canvas.group("1  Import MNIST", data.members, _PRESS)

    first = _chain(row, "generator", data.box.bottom + _APART, _GENERATOR)
    second = _chain(row, "discriminator", first.box.bottom + _APART, _DISCRIMINATOR)
    canvas.group("2  The generator, layer by layer", first.members, _MAKE)
    canvas.group("3  The discriminator, layer by layer", second.members, _MAKE)

    model = row(
        max(first.box.right, second.box.right) + _APART,
        first.box.y,
        "Both networks and how they are trained: Adam with learning rate 0.0002 and beta1 0.5, binary cross-entropy.",
    )
    gan = model.component(
        "model",
        "model",
        generator=(first.named("generator network"), "network"),
        discriminator=(second.named("discriminator network"), "network"),
        loss=choice("loss", "bce", _LOSSES),
        batch_size=slider("batch size", 128, 16, 256),
        learning_rate=slider("learning rate", 0.0002, 0.0001, 0.005, 4),
        beta1=slider("beta1", 0.5, 0, 0.9, 2),
    )
    model.part("memory", panel("", (120.0, 24.0), "memory, MB"), (gan, "memory"), down=_ABOVE)
    canvas.group("4  The model", model.members, _MAKE)

    training = row(
        model.box.right + _APART,
        first.box.y,
        "Press train. First strokes after half a minute, digits after a few minutes.\n\n"
        "What Rhino shows at the origin is renewed while the model learns.",
    )
    trained = _train(training, "tutorial", gan=(gan, "gan"), epochs=slider("epochs", 5, 1, 50))
    canvas.group("5  Train", training.members, _PRESS)

    sliders = row(
        model.box.right + _APART,
        training.box.bottom + _APART,
        "The first numbers of the latent vector z, in standard deviations. The others come from the seed.",
    )
    z = sliders.part("latent", gene_pool("latent", 8, -3, 3))
    seed = sliders.part("seed", slider("seed", 0, 0, 100))
    canvas.group("6  Latent sliders", sliders.members, _LOOK)

    wires = {"model": (trained, "model"), "latent": (z, ""), "seed": (seed, "")}
    left = max(training.box.right, sliders.box.right) + _APART
    above = row(left, training.box.y, "")
    relief = above.component(
        "relief", "generate", **wires, form=choice("form", "relief", _FORMS), plane=plane("stands at", _BESIDE, 0)
    )
    above.part("mesh", mesh(), (relief, "geometry"))
    below = row(left, above.box.bottom + _APART / 2, "")
    dots = below.component(
        "points", "generate", **wires, form=panel("points", (80.0, 24.0)), plane=plane("stands at", 2 * _BESIDE, 0)
    )
    below.part("grid", points(), (dots, "geometry"))
    canvas.group("7  The digit, as a mesh and as points", above.members + below.members, _LOOK)


def _latent_sliders(canvas: Canvas, row: NewRow) -> None:
    start = _start(canvas, row, _NO_TRAINING)

    one = row(
        _LEFT,
        start.box.bottom + _APART,
        "Which digit, and how it is written, in standard deviations; boldness 0 is the most typical hand.\n\n"
        "Type the name of a model of your own into the panel, and that one draws.",
    )
    drawn = one.component(
        "one",
        "generate",
        model=panel("bundled", (150.0, 24.0), "model"),
        digit=slider("digit", 8, 0, 9),
        **_hand(),
        seed=slider("seed", 0, 0, 100),
        form=choice("form", "relief", _FORMS),
        cell=slider("cell", 1, 0.1, 5, 1),
        height=slider("height", 4, 0, 20, 1),
    )
    one.part("digit", mesh("digit"), (drawn, "geometry"))
    canvas.group("2  One digit", one.members, _LOOK)

    many = row(
        one.box.right + _APART,
        one.box.y,
        "Each digit with another random latent vector. Another seed, other digits; the same seed, the same digits.",
    )
    several = many.component(
        "many",
        "generate",
        model=panel("bundled", (150.0, 24.0), "model"),
        seed=slider("seed", 0, 0, 100),
        count=slider("count", 16, 1, 64),
        form=choice("form", "relief", _FORMS),
        plane=plane("stands at", 0, _BESIDE),
    )
    many.part("digits", mesh("digits"), (several, "geometry"))
    many.part("which", panel("", (80.0, 160.0), "which"), (several, "digits"))
    canvas.group("3  Many digits", many.members, _LOOK)


def _forms(canvas: Canvas, row: NewRow) -> None:
    start = _start(canvas, row, _NO_TRAINING)

    sliders = row(_LEFT, start.box.bottom + _APART, "One digit for all forms.")
    digit = sliders.part("digit", slider("digit", 8, 0, 9))
    second = row(_LEFT, sliders.box.bottom + _ABOVE / 4, "")
    hand = second.part("latent", gene_pool("latent", 6, -3, 3))
    third = row(_LEFT, second.box.bottom + _ABOVE / 4, "")
    limit = third.part("threshold", slider("threshold", 0.5, 0, 1, 2))
    canvas.group("2  Which digit", sliders.members + second.members + third.members, _LOOK)

    wires = {"digit": (digit, ""), "latent": (hand, "")}
    left = sliders.box.right + _APART
    printed = row(
        left,
        start.box.bottom + _APART,
        "A relief on a base, pillars and an extruded contour: closed solids, to bake and to print.",
    )
    solid = printed.component(
        "solid",
        "generate",
        **wires,
        form=panel("solid", (80.0, 24.0)),
        height=slider("height", 4, 0, 20, 1),
        base=slider("base", 1, 0.1, 5, 1),
    )
    printed.part("solid mesh", mesh("solid"), (solid, "geometry"))
    lower = row(left, printed.box.bottom + _APART / 2, "")
    pillars = lower.component(
        "voxels",
        "generate",
        **wires,
        form=choice("form", "voxels", ("voxels", "extrusion")),
        plane=plane("stands at", -_BESIDE, 0),
        threshold=(limit, ""),
    )
    lower.part("voxels mesh", mesh("voxels"), (pillars, "geometry"))
    canvas.group("3  Solids", printed.members + lower.members, _LOOK)

    drawn = row(
        left, lower.box.bottom + _APART, "Closed curves at several levels of white, and the points above the threshold."
    )
    lines = drawn.component(
        "contours",
        "generate",
        **wires,
        form=panel("contours", (80.0, 24.0)),
        plane=plane("stands at", -2 * _BESIDE, 0),
        threshold=slider("lowest", 0.2, 0, 1, 2),
        levels=slider("levels", 4, 1, 16),
    )
    drawn.part("curves", curves(), (lines, "geometry"))
    under = row(left, drawn.box.bottom + _APART / 2, "")
    dots = under.component(
        "points",
        "generate",
        **wires,
        form=panel("points", (80.0, 24.0)),
        plane=plane("stands at", -3 * _BESIDE, 0),
        threshold=(limit, ""),
    )
    under.part("points above", points(), (dots, "geometry"))
    canvas.group("4  Curves and points", drawn.members + under.members, _LOOK)


def _walk(canvas: Canvas, row: NewRow) -> None:
    start = _start(canvas, row, "Press start, once.")

    walk = row(
        _LEFT,
        start.box.bottom + _APART,
        "From the latent vector, at the bottom, to the digit, at the top: what leaves each layer of the generator. "
        "Look at it in Perspective, and move the sliders.",
    )
    walked = walk.component(
        "walk",
        "walk",
        digit=slider("digit", 4, 0, 9),
        latent=[slider(f"latent {number}", 0, -3, 3, 2) for number in range(1, 4)],
        seed=slider("seed", 3, 0, 100),
        maps=slider("maps", 16, 1, 32),
        form=choice("form", "mesh", ("mesh", "relief")),
        height=slider("height", 4, 0, 20, 1),
    )
    walk.part("maps", mesh("layers"), (walked, "geometry"))
    walk.part("table", panel("", (360.0, 280.0), "layers"), (walked, "layers"))
    canvas.group("2  Walk through the generator", walk.members, _LOOK)

    apart = row(
        _LEFT,
        walk.box.bottom + _APART,
        "The network of the model that comes along, taken apart: wire it into Model, or copy the text and change it.",
    )
    network = apart.component("network", "network", model=panel("bundled", (140.0, 24.0), "model"))
    apart.part("network table", panel("", (360.0, 280.0), "table"), (network, "table"))
    canvas.group("3  Take it apart", apart.members, _MAKE)


_Layer = tuple[str, dict[str, list[int]]]
_GENERATOR: tuple[_Layer, ...] = (
    ("layer_dense", {"units": [12544]}),
    ("layer_batch_norm", {}),
    ("layer_leaky_re_lu", {}),
    ("layer_reshape", {"shape": [256, 7, 7]}),
    ("layer_up_sampling2d", {}),
    ("layer_conv2d", {"filters": [128]}),
    ("layer_batch_norm", {}),
    ("layer_leaky_re_lu", {}),
    ("layer_up_sampling2d", {}),
    ("layer_conv2d", {"filters": [64]}),
    ("layer_batch_norm", {}),
    ("layer_leaky_re_lu", {}),
    ("layer_conv2d", {"filters": [1]}),
    ("layer_tanh", {}),
)
_DISCRIMINATOR: tuple[_Layer, ...] = (
    ("layer_conv2d", {"filters": [64], "stride": [2]}),
    ("layer_leaky_re_lu", {}),
    ("layer_conv2d", {"filters": [128], "stride": [2]}),
    ("layer_batch_norm", {}),
    ("layer_leaky_re_lu", {}),
    ("layer_flatten", {}),
    ("layer_dense", {"units": [1]}),
    ("layer_sigmoid", {}),
)
_MOST = {"units": 20000, "shape": 512, "filters": 256, "stride": 4}  # ends of the sliders
_WORDS = {
    "generator": "From 100 latent numbers to an image of 28 x 28 pixels.\n\n"
    "Change a slider, or put a layer between two others: Network says at once whether all fits.",
    "discriminator": "From an image to one number: how real it looks.",
}


def _chain(row: NewRow, part: str, top: float, layers: tuple[_Layer, ...]) -> Row:
    """Wire layers in a row, and Network behind them."""
    line = row(_LEFT, top, _WORDS[part])
    before: Placed | None = None
    for number, (name, parameters) in enumerate(layers, 1):
        feeds: dict[str, Source | list[Source]] = {
            parameter: [slider(parameter, value, 1, _MOST[parameter]) for value in values]
            for parameter, values in parameters.items()
        }
        if before is not None:
            feeds["layers"] = (before, "network")
        before = line.component(f"{part} {number}", name, **feeds)
    assert before is not None
    network = line.component(
        f"{part} network", "network", layers=(before, "network"), part=panel(part, (110.0, 24.0), "part")
    )
    line.part(f"{part} table", panel("", (360.0, 270.0), "layers"), (network, "table"), down=_ABOVE)
    return line


def _train(row: Row, name: str, **inputs: Source) -> Placed:
    trained = row.component(
        "train",
        "train",
        train=button("train"),
        stop=button("stop"),
        resume=button("resume"),
        name=panel(name, (150.0, 24.0), "name"),
        **inputs,
    )
    row.part("progress", panel("", (240.0, 44.0), "progress"), (trained, "progress"))
    return trained


def _hand() -> dict[str, Source]:
    """Return sliders for what has a name."""
    names = ("slant", "thickness", "width", "size")
    return {**{name: slider(name, 0, -3, 3, 2) for name in names}, "boldness": slider("boldness", 0.5, 0, 2, 2)}


def _start(canvas: Canvas, row: NewRow, words: str) -> Row:
    """Begin a definition that needs nothing but the server."""
    start = row(_LEFT, _TOP, words)
    _server(start)
    canvas.group("1  Start the server", start.members, _PRESS)
    return start


def _server(row: Row) -> None:
    server = row.component("server", "server", start=button("start"))
    row.part("server status", panel("", (280.0, 60.0), "server"), (server, "status"))


_DEFINITIONS: dict[str, tuple[str, Callable[[Canvas, NewRow], None]]] = {
    "01_first_digit": (
        "A digit as a mesh that follows sliders, and a button that trains a model of your own.",
        _first_digit,
    ),
    "02_the_tutorial": (
        "A GAN in seven steps: data, both networks layer by layer, training, sliders, a digit.",
        _tutorial,
    ),
    "03_latent_sliders": ("One digit that follows sliders with a name, and many digits from a seed.", _latent_sliders),
    "04_walk": ("What leaves each layer of the generator on the way to a digit, stacked.", _walk),
    "05_forms": ("One digit as solids to print, as contours and as points.", _forms),
}
