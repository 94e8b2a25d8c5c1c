"""What each icon shows: a few lines per component, in pixels of a 24 x 24 sheet, drawn within 2 to 22.

Ink is what is there, the colour what the component makes of it. A colour is a family: green serves and fetches, blue
has weights, teal shapes, violet normalises, pink bends, orange looks after a training, red trains. Networks run from
blue to pink, and a pink dot is what one chooses: a class, a slider.
"""

from __future__ import annotations

from collections.abc import Callable
from zlib import crc32

import numpy as np

from ghpython_components.icons.pen import INK, PAPER, Colour, Pen

GREY: Colour = (140, 144, 156)
GREEN: Colour = (22, 152, 84)
LIME: Colour = (96, 222, 140)
SKY: Colour = (172, 208, 252)
BLUE: Colour = (28, 112, 228)
TEAL: Colour = (0, 158, 152)
MINT: Colour = (150, 230, 220)
LILAC: Colour = (214, 200, 250)
VIOLET: Colour = (124, 72, 220)
PINK: Colour = (228, 36, 120)
ORANGE: Colour = (236, 96, 16)
RED: Colour = (222, 40, 52)


def server(pen: Pen) -> None:
    """Two units of a rack, awake, on a cable."""
    for top in (2, 9):
        pen.box(2, top, 22, top + 6, corner=1)
        pen.box(4, top + 2, 7, top + 4, LIME)
        pen.line((14, top + 3), (19, top + 3), colour=PAPER)
    pen.line((12, 15), (12, 20))
    pen.line((3, 20), (21, 20))
    pen.box(10, 18, 14, 22, GREEN)


def data(pen: Pen) -> None:
    """A pile of sheets, a digit on the uppermost."""
    for shift in (0, 3, 6):
        pen.box(8 - shift, 2 + shift, 22 - shift, 16 + shift, INK, corner=1.5)
        pen.box(10 - shift, 4 + shift, 20 - shift, 14 + shift, PAPER)
    pen.line((6, 12), (12, 12), (8, 19), colour=GREEN)


def train(pen: Pen) -> None:
    """A loss that falls, and the button that starts it."""
    pen.line((3, 3), (3, 21), (21, 21))
    pen.curve(lambda x: 17 - 13.5 * np.exp((6.5 - x) / 3), 6.5, 21, colour=RED)
    pen.face((13, 2), (22, 7), (13, 12), colour=RED)


def losses(pen: Pen) -> None:
    """The losses of two networks over the steps, that pull at each other."""
    pen.line((3, 3), (3, 21), (21, 21))
    pen.curve(lambda x: 14 + 4.5 * np.exp((5 - x) / 9) * np.cos((x - 5) / 2), 5, 21, colour=BLUE)
    pen.curve(lambda x: 8 - 4.5 * np.exp((5 - x) / 9) * np.cos((x - 5) / 2), 5, 21, colour=PINK)


def models(pen: Pen) -> None:
    """A list of digits, one of them chosen."""
    for top in (2, 9, 16):
        pen.box(2, top, 8, top + 6, corner=1)
        pen.line((11, top + 3), (17 if top == 9 else 21, top + 3), colour=INK if top == 9 else GREY)
        pen.line((5, top + 1.5), (5, top + 4.5), colour=PAPER, width=1.5)
    pen.dot(19.5, 12, 2.5, PINK)


def evaluate(pen: Pen) -> None:
    """A gauge whose hand is high."""
    turns = np.linspace(np.pi, 0, 19)
    pen.line(*[(12 + 9 * float(np.cos(turn)), 15.5 - 10 * float(np.sin(turn))) for turn in turns], width=3)
    pen.line((4, 20.5), (20, 20.5), width=3)
    pen.line((12, 15.5), (16.5, 9.5), colour=ORANGE, width=3)
    pen.dot(12, 15.5, 2.5, ORANGE)


def generate(pen: Pen) -> None:
    """A digit as MNIST has them, white on black, and the slider that it follows."""
    pen.box(5, 2, 19, 16, corner=1)
    pen.line((10, 5), (13, 5), (14, 6), (13.5, 8), (12, 9), (14, 10), (14, 12), (13, 13), (10, 13), colour=PAPER)
    pen.line((3, 20), (21, 20))
    pen.dot(8, 20, 2.5, PINK)


def network(pen: Pen) -> None:
    """Layers one behind the other, growing."""
    pen.line((4, 12), (20, 12))
    for left, half, colour in ((2, 4, BLUE), (9, 7, VIOLET), (16, 10, PINK)):
        pen.box(left, 12 - half, left + 6, 12 + half, colour, corner=1)


def model(pen: Pen) -> None:
    """A digit between the generator, which opens, and the discriminator, which closes."""
    pen.face((2, 9), (7, 4), (7, 20), (2, 15), colour=BLUE)
    pen.box(8, 2, 16, 22, corner=1)
    pen.line((10.5, 7.5), (12, 6), (12, 18), colour=PAPER)
    pen.face((17, 4), (22, 9), (22, 15), (17, 20), colour=PINK)


def walk(pen: Pen) -> None:
    """What leaves layer after layer, stacked and growing."""
    for y, half, colour in ((19, 6, BLUE), (13, 8, VIOLET), (6.5, 10, PINK)):
        rise = 0.45 * half
        if colour != BLUE:  # a gap between this plane and the one under it
            pen.line((12 - half / 2, y + rise / 2), (12, y + rise), (12 + half / 2, y + rise / 2), colour=PAPER)
        pen.face((12 - half, y), (12, y - rise), (12 + half, y), (12, y + rise), colour=colour)


def between(pen: Pen) -> None:
    """Two vectors, and what lies on the arc from one to the other."""
    turns = np.linspace(np.pi, 0, 5)
    places = [(12 + 7 * float(np.cos(turn)), 18.5 - 14 * float(np.sin(turn))) for turn in turns]
    pen.line(*places, width=1)
    for (x, y), colour in zip(places, (BLUE, VIOLET, VIOLET, VIOLET, PINK), strict=True):
        pen.dot(x, y, 2 if colour == VIOLET else 3, colour)


def sheet(pen: Pen) -> None:
    """Rows and columns of one digit, ever larger to the right and downwards."""
    for row in range(3):
        for column in range(3):
            x, y, half = 5 + 7 * column, 5 + 7 * row, 1.5 + row / 2 + column / 4
            pen.box(x - half, y - half, x + half, y + half, PINK if row == column == 1 else BLUE, corner=1)


def sketch(pen: Pen) -> None:
    """A stroke that a hand has drawn, and the pen at its end."""
    pen.line((4, 5), (9, 3), (13, 6), (10, 11), (4, 19), (11, 20), colour=BLUE)
    pen.face((11, 20), (12.5, 15.5), (15.5, 18.5))
    pen.face((13.5, 14.5), (19, 9), (22, 12), (16.5, 17.5), colour=PINK)


def film(pen: Pen) -> None:
    """A strip of film on which a digit comes out of the grey."""
    pen.face((2, 3), (22, 3), (22, 21), (2, 21), colour=INK)
    for hole in (4, 9, 13, 18):
        for top in (4, 18):
            pen.box(hole, top, hole + 2, top + 2, colour=PAPER)
    for left, colour in ((3, SKY), (9.5, VIOLET), (16, PINK)):
        pen.box(left, 7.5, left + 5, 16.5, colour=colour)


def export(pen: Pen) -> None:
    """A digit goes down into a tray."""
    pen.line((3, 15), (3, 21), (21, 21), (21, 15))
    pen.line((12, 2), (12, 11), colour=PINK, width=3)
    pen.face((6, 10), (18, 10), (12, 17), colour=PINK)


def restore(pen: Pen) -> None:
    """Out of the tray, back to where it came from."""
    pen.line((3, 15), (3, 21), (21, 21), (21, 15))
    pen.line((12, 17), (12, 8), colour=BLUE, width=3)
    pen.face((6, 9), (12, 2), (18, 9), colour=BLUE)


def dense(pen: Pen) -> None:
    """All to all."""
    pen.face((4.5, 4.5), (19, 7), (19, 17), (4.5, 19.5), colour=PAPER)
    for left in (4.5, 12, 19.5):
        for right in (7, 17):
            pen.line((4.5, left), (19, right), width=1)
        pen.dot(4.5, left, 2.5, BLUE)
    for right in (7, 17):
        pen.dot(19, right, 3, BLUE)


def conv2d(pen: Pen) -> None:
    """A kernel of pixels becomes one."""
    pen.face((2, 16), (16, 2), (22, 18), (18, 22), colour=SKY)
    _cells(pen, 2, 2, 3, 3, BLUE)
    pen.cell(18, 18)


def conv2d_transpose(pen: Pen) -> None:
    """One pixel becomes a kernel of them."""
    pen.face((2, 6), (6, 2), (22, 8), (8, 22), colour=SKY)
    _cells(pen, 8, 8, 3, 3, BLUE)
    pen.cell(2, 2)


def up_sampling2d(pen: Pen) -> None:
    """The same image, larger."""
    for x, y, size in ((2, 2, 3), (8, 8, 7)):
        for column, row in ((0, 0), (1, 1)):
            pen.cell(x + size * column, y + size * row, TEAL, size)
            pen.cell(x + size * column, y + size * (1 - row), INK, size)


def pixel_shuffle(pen: Pen) -> None:
    """Four channels, interleaved."""
    for x, y, colour in ((2, 2, TEAL), (7, 2, INK), (2, 7, MINT), (7, 7, GREY)):
        for across, down in ((0, 0), (10, 0), (0, 10), (10, 10)):
            pen.cell(x + across, y + down, colour)


def reshape(pen: Pen) -> None:
    """A row becomes an image."""
    _cells(pen, 2, 2, 4, 1)
    _arrow(pen, (4, 9), (4, 16), (9, 16))
    _cells(pen, 12, 12, 2, 2, TEAL)


def flatten(pen: Pen) -> None:
    """An image becomes a row."""
    _cells(pen, 2, 2, 2, 2)
    _arrow(pen, (14, 6), (18, 6), (18, 14))
    _cells(pen, 2, 18, 4, 1, TEAL)


def batch_norm(pen: Pen) -> None:
    """A bell."""
    pen.line((3, 21), (21, 21))
    _bell(pen, 12, 3.5, 15)


def conditional_batch_norm(pen: Pen) -> None:
    """A bell on the string of a class."""
    pen.line((3, 21), (21, 21))
    pen.line((10, 9), (18.5, 5.5), width=1)
    _bell(pen, 10, 3, 10)
    pen.dot(18.5, 5.5, 3.5, PINK)


def group_norm(pen: Pen) -> None:
    """A bell for each group."""
    pen.line((3, 21), (10, 21))
    pen.line((14, 21), (21, 21))
    _bell(pen, 6.5, 1.5, 14, 3, 10)
    _bell(pen, 17.5, 1.5, 14, 14, 21)


def leaky_re_lu(pen: Pen) -> None:
    """What is negative passes in part."""
    _axes(pen, 11.5, 14.5)
    pen.line((3, 18), (11.5, 14.5), (19.5, 3), colour=PINK, width=2.5)


def re_lu(pen: Pen) -> None:
    """What is negative does not pass."""
    _axes(pen, 11.5, 18.5)
    pen.line((3.5, 18.5), (11.5, 18.5), (21, 4), colour=PINK, width=3)


def tanh(pen: Pen) -> None:
    """From -1 to 1."""
    _axes(pen, 11.5, 11.5)
    pen.curve(lambda x: 11.5 - 8 * np.tanh((x - 11.5) / 3), 3, 20.5, colour=PINK, width=2.5)


def sigmoid(pen: Pen) -> None:
    """From 0 to 1."""
    _axes(pen, 2.5, 21.5)
    pen.line((5.5, 2.5), (21.5, 2.5), colour=GREY, width=1)
    pen.curve(lambda x: 11.5 - 6.5 * np.tanh((x - 13) / 5), 5, 21, colour=PINK, width=2.5)


def dropout(pen: Pen) -> None:
    """Some are left out."""
    for row, y in enumerate((4.5, 12, 19.5)):
        for column, x in enumerate((4.5, 12, 19.5)):
            if (row, column) in ((0, 1), (1, 2), (2, 0)):
                pen.dot(x, y, 2.5)
                pen.dot(x, y, 1.5, PAPER)
            else:
                pen.dot(x, y, 2.5, ORANGE)


def minibatch_std(pen: Pen) -> None:
    """How far samples lie apart."""
    for x, y in ((4.5, 7.5), (6.5, 16.5), (11.5, 4.5), (12.5, 19.5), (11.5, 12)):
        pen.dot(x, y, 2.5, ORANGE)
    pen.line((19, 3), (19, 21))
    for y in (3, 21):
        pen.line((17, y), (21, y))


def class_projection(pen: Pen) -> None:
    """A sample measured along the direction of its class."""
    pen.line((3, 20), (20, 20))
    pen.line((13.5, 6), (13.5, 19), width=1)
    _arrow(pen, (3, 20), (13.5, 3.5), colour=BLUE)
    pen.dot(19, 19, 3, PINK)


def latent_clusters(pen: Pen) -> None:
    """A plane divided among clusters."""
    for end in ((2.5, 6), (21.5, 7), (11, 21.5)):
        pen.line((12, 12), end)
    colours = (BLUE, BLUE, ORANGE, ORANGE, PINK, PINK)
    places = ((9, 4.5), (14.5, 4.5), (4.5, 12.5), (6.5, 18.5), (19, 13), (16, 18.5))
    for (x, y), colour in zip(places, colours, strict=True):
        pen.dot(x, y, 2.5, colour)


def initials(pen: Pen, name: str) -> None:
    """A layer that has no drawing: a block on the line, with initials of its name and a colour that the name gives."""
    colours = (BLUE, TEAL, VIOLET, PINK, ORANGE, GREEN, GREY)
    words = [word for word in name.upper().split("_") if word]
    letters = "".join(word[0] for word in words)[:3] if len(words) > 1 else name.upper()[:2]
    pen.line((3, 12), (21, 12))
    pen.box(4, 3, 20, 21, colours[crc32(name.encode()) % len(colours)], corner=2)
    pen.text(letters, 11 if len(letters) < 3 else 8, PAPER)


def package(pen: Pen) -> None:
    """A digit that grows out of its image, white on black as MNIST has them, 64 x 64 pixels."""
    right, down = np.array((6.2, 1.6)), np.array((-1.8, 4.8))  # a pixel of the image, seen from a corner
    corner = np.array((18.5, 5))
    pen.face(corner, corner + 7 * right, corner + 7 * right + 9 * down, corner + 9 * down)
    for row, (start, end) in enumerate(((1, 5), (4, 6), (4, 6), (2, 5), (4, 6), (4, 6), (1, 5)), 1):
        up = np.array((0, -1.5 - row / 2))
        a, b = (corner + column * right + row * down for column in (start, end))
        c, d = b + down, a + down
        pen.face(d + up, c + up, c, d, colour=PINK)
        pen.face(c + up, b + up, b, c, colour=VIOLET)
        pen.face(a + up, b + up, c + up, d + up, colour=PAPER)


def _cells(pen: Pen, x: float, y: float, columns: int, rows: int, colour: Colour = INK) -> None:
    """Draw pixels side by side, four wide and one apart."""
    for row in range(rows):
        for column in range(columns):
            pen.cell(x + 5 * column, y + 5 * row, colour)


def _arrow(pen: Pen, *points: tuple[float, float], colour: Colour = INK) -> None:
    """Draw a line with a head at its end."""
    pen.line(*points, colour=colour)
    (x, y), tip = points[-2], points[-1]
    along = np.subtract(tip, (x, y)) / np.hypot(*np.subtract(tip, (x, y)))
    across = np.array((-along[1], along[0]))
    ends = [tuple((tip - 3 * along + side * across).tolist()) for side in (3, -3)]
    pen.line(ends[0], tip, ends[1], colour=colour)


def _axes(pen: Pen, x: float, y: float) -> None:
    """Draw thin axes that cross in (x, y)."""
    pen.line((x, 2.5), (x, 21.5), width=1)
    pen.line((2.5, y), (21.5, y), width=1)


def _bell(pen: Pen, middle: float, spread: float, height: float, start: float = 3, end: float = 21) -> None:
    """Draw a normal distribution over the bottom line."""

    def bell(x: np.ndarray) -> np.ndarray:
        return 18 - height * np.exp(-(((x - middle) / spread) ** 2) / 2)

    pen.area(bell, start, end, 19, LILAC)
    pen.curve(bell, start, end, colour=VIOLET)


DRAWINGS: dict[str, Callable[[Pen], None]] = {
    "server": server,
    "data": data,
    "train": train,
    "generate": generate,
    "network": network,
    "model": model,
    "sketch": sketch,
    "walk": walk,
    "between": between,
    "sheet": sheet,
    "film": film,
    "losses": losses,
    "models": models,
    "evaluate": evaluate,
    "export": export,
    "restore": restore,
    **{
        f"layer_{layer.__name__}": layer
        for layer in (
            dense,
            conv2d,
            conv2d_transpose,
            up_sampling2d,
            pixel_shuffle,
            reshape,
            flatten,
            batch_norm,
            conditional_batch_norm,
            group_norm,
            leaky_re_lu,
            re_lu,
            tanh,
            sigmoid,
            dropout,
            minibatch_std,
            class_projection,
            latent_clusters,
        )
    },
}
