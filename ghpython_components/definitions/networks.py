"""Definitions about networks: 02_the_tutorial and 04_walk."""

from __future__ import annotations

from ghpython_components.definitions.steps import (
    ABOVE,
    APART,
    BESIDE,
    LEFT,
    LOOK,
    MAKE,
    PRESS,
    TOP,
    NewRow,
    data,
    explain,
    server,
    start,
    train,
)
from ghpython_components.document.canvas import Canvas, Part, Placed
from ghpython_components.document.layout import Led, Row, Source, next_line
from ghpython_components.document.parts import choice, gene_pool, mesh, panel, plane, points, slider

_LOSSES = ("bce", "nonsaturating", "hinge", "wasserstein", "relativistic")
_Layer = tuple[str, dict[str, list[int]]]
_Line = tuple[str, tuple[_Layer, ...]]  # what to read beside it, and its layers
_GENERATOR: tuple[_Line, ...] = (
    (
        "Dense makes 12,544 numbers out of the latent ones: 7 x 7 x 256.\n\n"
        "BatchNorm keeps them near 0 with spread 1. LeakyReLU lets a little of what is negative through, so that "
        "nothing dies.",
        (("layer_dense", {"units": [12544]}), ("layer_batch_norm", {}), ("layer_leaky_re_lu", {})),
    ),
    (
        "Why 7 x 7 x 256: two doublings make 28, and 256 maps are rich enough for strokes.\n\n"
        "UpSampling2D repeats every pixel: the first doubling, to 14.",
        (("layer_reshape", {"shape": [256, 7, 7]}), ("layer_up_sampling2d", {})),
    ),
    (
        f"Conv2D smooths what was repeated.\n\n{explain('filters', 'kernel')}",
        (
            ("layer_conv2d", {"filters": [128], "kernel": [3]}),
            ("layer_batch_norm", {}),
            ("layer_leaky_re_lu", {}),
        ),
    ),
    (
        "The second doubling, to 28.\n\npadding same puts zeros around the image, and 28 stays 28; "
        "valid would make it 26.",
        (
            ("layer_up_sampling2d", {}),
            ("layer_conv2d", {"filters": [64], "kernel": [3]}),
            ("layer_batch_norm", {}),
            ("layer_leaky_re_lu", {}),
        ),
    ),
    (
        "One filter: one map, the grey image.\n\nTanh gives -1 to 1 and nothing else: black to white, "
        "the range that the digits were scaled to.",
        (("layer_conv2d", {"filters": [1], "kernel": [3]}), ("layer_tanh", {})),
    ),
    (
        "latent dim: how many random numbers a digit grows from. Few, and digits look alike; many take longer to learn."
        "\n\nChange a slider, or put a layer between two others: Network says at once whether all fits.",
        (),
    ),
)
_DISCRIMINATOR: tuple[_Line, ...] = (
    (
        "The other way round: stride 2 halves the image, 28 to 14.\n\nLeakyReLU lets a gradient through to the "
        "generator even where a filter sees nothing.",
        (("layer_conv2d", {"filters": [64], "stride": [2]}), ("layer_leaky_re_lu", {})),
    ),
    (
        "14 to 7, and twice the filters: the first ones look for strokes, these for what strokes make.",
        (("layer_conv2d", {"filters": [128], "stride": [2]}), ("layer_batch_norm", {})),
    ),
    (
        "Flatten lays the maps out in one line. Dense weighs them all into one number.",
        (("layer_leaky_re_lu", {}), ("layer_flatten", {}), ("layer_dense", {"units": [1]})),
    ),
    ("Sigmoid makes it a probability: 1 is real, 0 is drawn by the generator.", (("layer_sigmoid", {}),)),
)
_UNDER_NETWORK = 165.0  # pixels from the top of Network to the wire that passes under it
_SLIDER_MAXIMA = {"units": 20000, "shape": 512, "filters": 256, "kernel": 9, "stride": 4}  # ends of the sliders
_READ, _BESIDE_READ, _CLOSE = 220.0, 75.0, 40.0  # of a chain: the width of notes, and gaps


def tutorial(canvas: Canvas, row: NewRow) -> None:
    first = row(LEFT, TOP, "Press start, then load.")
    server(first)
    about = row(
        first.box.right + APART,
        TOP,
        "MNIST: 60,000 handwritten digits of 28 x 28 pixels, grey from 0 to 255.\n\nThe training scales them to "
        "[-1, 1]. Why: that is the range of tanh, the last layer of the generator. What is drawn and what is real must "
        "differ in the strokes alone.\n\nFor pictures of your own wire a panel with the path of their folder into "
        "source.",
    )
    importing = row(about.box.right + APART, TOP + ABOVE, "")
    loaded = data(importing)
    canvas.group("1  Import MNIST", first.members + about.members + importing.members, PRESS)

    size = slider("latent dim", 100, 1, 200)
    generator = _chain(
        row, "generator", _bottom(first.members + about.members + importing.members) + APART, _GENERATOR, size
    )
    discriminator = _chain(row, "discriminator", _bottom(generator) + APART, _DISCRIMINATOR)
    canvas.group("2  The generator, layer by layer", generator, MAKE)
    canvas.group("3  The discriminator, layer by layer", discriminator, MAKE)
    chains = max(placed.box.right for placed in generator + discriminator)

    model = row(
        chains + APART,
        importing.box.bottom + 8.5 * APART,
        f"{explain('learning_rate')} Too far, and the losses swing or run away; too little, and nothing comes.\n\n"
        f"{explain('beta1')} At the usual 0.9 two networks that chase each other overshoot; 0.5 is calmer.\n\n"
        "loss bce: binary cross-entropy, for a probability.",
        360.0,
    )
    gan = model.component(
        "model",
        "model",
        generator=(_named(generator, "generator network"), "network"),
        discriminator=(_named(discriminator, "discriminator network"), "network"),
        latent_dim=(_named(generator, "generator latent"), ""),
        loss=choice("loss", "bce", _LOSSES),
        batch_size=slider("batch size", 16, 4, 256),
        learning_rate=slider("learning rate", 0.0002, 0.0001, 0.02, 4),
        beta1=slider("beta1", 0.5, 0, 0.9, 2),
    )
    canvas.group("4  The model", model.members, MAKE)

    training = row(
        model.box.right + APART,
        model.box.y,
        "Press train. First strokes after seconds, digits after a minute or two. What Rhino shows at the origin "
        f"is renewed meanwhile.\n\n{explain('epoch')} data comes from step 1.",
        420.0,
    )
    trained = train(
        training,
        "tutorial",
        gan=(gan, "gan"),
        data=Led(panel("", (150.0, 24.0), "data"), (loaded, "data")),
        epochs=slider("epochs", 2, 1, 50),
    )
    canvas.group("5  Train", training.members, PRESS)

    top = training.box.bottom + 1.5 * APART
    sliders = row(
        model.box.x,
        top + 2.5 * APART,
        "The first numbers of the latent vector z, in standard deviations. The others come from the seed.",
        360.0,
    )
    pool = row(sliders.box.right - 150, sliders.box.bottom + ABOVE / 2, "")
    z = pool.part("latent", gene_pool("latent", 8, -3, 3))
    under = row(pool.box.x, pool.box.bottom + ABOVE / 2, "")
    seed = under.part("seed", slider("seed", 0, 0, 100))
    canvas.group("6  Latent sliders", sliders.members + pool.members + under.members, LOOK)

    wires = {"model": (trained, "model"), "latent": (z, ""), "seed": (seed, "")}
    above = row(training.box.x, top, "", between=40.0)
    relief = above.component(
        "relief", "generate", **wires, form=panel("relief", (80.0, 24.0)), plane=plane("stands at", BESIDE, 0)
    )
    above.part("mesh", mesh(), (relief, "geometry"))
    below = row(trained.box.right - 70, above.box.bottom + APART / 2, "", between=40.0)
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


def _chain(row: NewRow, part: str, top: float, lines: tuple[_Line, ...], latent: Part | None = None) -> list[Placed]:
    """Wire layers in lines, each beside what there is to read about it, and at the end of the last line Network."""
    placed: list[Placed] = []
    line: Row | None = None
    before: Placed | None = None
    start = LEFT + _READ + _BESIDE_READ
    number = 0
    for words, layers in lines:
        if line is not None and before is not None:
            left = start + (0.0 if layers and not layers[0][1] else 190.0)  # with a slider before the first
            top = max(_bottom(placed) + _CLOSE, next_line(line, before, "network", left))
        note = row(LEFT, top, words, _READ)
        line = row(start, top, "", between=_CLOSE, close=True)
        for name, parameters in layers:
            number += 1
            feeds: dict[str, Source | list[Source]] = {
                parameter: [slider(parameter, value, 1, _SLIDER_MAXIMA[parameter]) for value in values]
                for parameter, values in parameters.items()
            }
            if before is not None:
                feeds["layers"] = (before, "network")
            before = line.component(f"{part} {number}", name, **feeds)
        placed += note.members + line.members
    assert line is not None
    assert before is not None
    feeds = {"layers": (before, "network"), "part": panel(part, (110.0, 24.0), "part")}
    if latent is not None:
        size = line.part(f"{part} latent", latent, down=_UNDER_NETWORK)
        feeds["latent_dim"] = (size, "")
    checked = line.component(f"{part} network", "network", **feeds)
    line.part(
        f"{part} table", panel("", (240.0, 230.0), "layers"), (checked, "table"), down=3 * ABOVE if latent else ABOVE
    )
    return placed + [each for each in line.members if each not in placed]


def _bottom(placed: list[Placed]) -> float:
    return max(each.box.bottom for each in placed)


def _named(placed: list[Placed], key: str) -> Placed:
    return next(each for each in placed if each.key == key)
