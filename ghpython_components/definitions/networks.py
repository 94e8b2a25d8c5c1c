"""Definitions about networks: 02_the_tutorial and 04_walk."""

from __future__ import annotations

from ghpython_components.definitions.steps import (
    ABOVE,
    APART,
    BESIDE,
    FORMS,
    LEFT,
    LOOK,
    MAKE,
    PRESS,
    TOP,
    NewRow,
    server,
    start,
    train,
)
from ghpython_components.document.canvas import Canvas, Placed
from ghpython_components.document.layout import Row, Source
from ghpython_components.document.parts import button, choice, gene_pool, mesh, panel, plane, points, slider

_LOSSES = ("bce", "nonsaturating", "hinge", "wasserstein", "relativistic")
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
_SLIDER_MAXIMA = {"units": 20000, "shape": 512, "filters": 256, "stride": 4}  # ends of the sliders
_WORDS = {
    "generator": "From 100 latent numbers to an image of 28 x 28 pixels.\n\n"
    "Change a slider, or put a layer between two others: Network says at once whether all fits.",
    "discriminator": "From an image to one number: how real it looks.",
}


def tutorial(canvas: Canvas, row: NewRow) -> None:
    data = row(
        LEFT,
        TOP,
        "Press start, then load.\n\n"
        "MNIST has 60,000 handwritten digits of 28 x 28 pixels; the training rescales them to [-1, 1].",
    )
    server(data)
    loaded = data.component("data", "data", load=button("load"))
    data.part("images", panel("", (120.0, 24.0), "training images"), (loaded, "train"))
    canvas.group("1  Import MNIST", data.members, PRESS)

    first = _chain(row, "generator", data.box.bottom + APART, _GENERATOR)
    second = _chain(row, "discriminator", first.box.bottom + APART, _DISCRIMINATOR)
    canvas.group("2  The generator, layer by layer", first.members, MAKE)
    canvas.group("3  The discriminator, layer by layer", second.members, MAKE)

    model = row(
        max(first.box.right, second.box.right) + APART,
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
    model.part("memory", panel("", (120.0, 24.0), "memory, MB"), (gan, "memory"), down=ABOVE)
    canvas.group("4  The model", model.members, MAKE)

    training = row(
        model.box.right + APART,
        first.box.y,
        "Press train. First strokes after half a minute, digits after a few minutes.\n\n"
        "What Rhino shows at the origin is renewed while the model learns.",
    )
    trained = train(training, "tutorial", gan=(gan, "gan"), epochs=slider("epochs", 5, 1, 50))
    canvas.group("5  Train", training.members, PRESS)

    sliders = row(
        model.box.right + APART,
        training.box.bottom + APART,
        "The first numbers of the latent vector z, in standard deviations. The others come from the seed.",
    )
    z = sliders.part("latent", gene_pool("latent", 8, -3, 3))
    seed = sliders.part("seed", slider("seed", 0, 0, 100))
    canvas.group("6  Latent sliders", sliders.members, LOOK)

    wires = {"model": (trained, "model"), "latent": (z, ""), "seed": (seed, "")}
    left = max(training.box.right, sliders.box.right) + APART
    above = row(left, training.box.y, "")
    relief = above.component(
        "relief", "generate", **wires, form=choice("form", "relief", FORMS), plane=plane("stands at", BESIDE, 0)
    )
    above.part("mesh", mesh(), (relief, "geometry"))
    below = row(left, above.box.bottom + APART / 2, "")
    dots = below.component(
        "points", "generate", **wires, form=panel("points", (80.0, 24.0)), plane=plane("stands at", 2 * BESIDE, 0)
    )
    below.part("grid", points(), (dots, "geometry"))
    canvas.group("7  The digit, as a mesh and as points", above.members + below.members, LOOK)


def walk(canvas: Canvas, row: NewRow) -> None:
    first = start(canvas, row, "Press start, once.")

    walk = row(
        LEFT,
        first.box.bottom + APART,
        "From the latent vector, at the bottom, to the digit, at the top: the feature maps of each layer of the "
        "generator. Look at it in Perspective, and move the sliders.",
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
    canvas.group("2  Walk through the generator", walk.members, LOOK)

    apart = row(
        LEFT,
        walk.box.bottom + APART,
        "The network of the bundled model, taken apart: wire it into Model, or copy the text and change it.",
    )
    network = apart.component("network", "network", model=panel("bundled", (140.0, 24.0), "model"))
    apart.part("network table", panel("", (360.0, 280.0), "table"), (network, "table"))
    canvas.group("3  Take it apart", apart.members, MAKE)


def _chain(row: NewRow, part: str, top: float, layers: tuple[_Layer, ...]) -> Row:
    """Wire layers in a row, and Network behind them."""
    line = row(LEFT, top, _WORDS[part])
    before: Placed | None = None
    for number, (name, parameters) in enumerate(layers, 1):
        feeds: dict[str, Source | list[Source]] = {
            parameter: [slider(parameter, value, 1, _SLIDER_MAXIMA[parameter]) for value in values]
            for parameter, values in parameters.items()
        }
        if before is not None:
            feeds["layers"] = (before, "network")
        before = line.component(f"{part} {number}", name, **feeds)
    assert before is not None
    network = line.component(
        f"{part} network", "network", layers=(before, "network"), part=panel(part, (110.0, 24.0), "part")
    )
    line.part(f"{part} table", panel("", (360.0, 270.0), "layers"), (network, "table"), down=ABOVE)
    return line
