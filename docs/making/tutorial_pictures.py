"""The pictures of docs/tutorial.md, drawn from trainings that `trainings.py` has made in a folder:

python docs/making/trainings.py DIR
python docs/making/tutorial_pictures.py DIR docs/images
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from drawing import BLUE, INK, LINE, MUTED, ORANGE, PAPER, RED, Sheet, greys, mean_so_far, signed
from numpy.typing import NDArray
from trainings import NAME

from ganmnist import GenerateConfig, ModelStore, Sampler, load_data
from ganmnist.generation.film import render_frames
from ganmnist.geometry.heightfield import relief
from ganmnist.geometry.solids import solid_relief
from ganmnist.latent.interpolation import path
from ganmnist.latent.vectors import from_seed
from ganmnist.networks.build import build_discriminator
from ganmnist.pixels import rescale, tile

GUESSING = 2 * np.log(2)  # the discriminator's loss where it says a half to everything


class Trained:
    """The healthy training: its model, its discriminator, its losses."""

    def __init__(self, home: Path) -> None:
        self.folder = ModelStore(home).find(NAME)
        self.sampler = Sampler.load(self.folder)
        self.losses = np.array(json.loads((home / f"{NAME}.json").read_bytes())["losses"])
        self.digits = load_data().train_images
        self.discriminator = build_discriminator(self.sampler.networks)
        self.discriminator.load_state_dict(self.folder.load_discriminator())

    def judge(self, images: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
        """Return what leaves each layer of the discriminator; BatchNorm takes the batch's own mean, as in training."""
        with torch.inference_mode():
            samples = torch.from_numpy(rescale(images)).reshape(-1, 1, 28, 28)
            return [output.numpy() for output in self.discriminator.train().walk(samples)]


def data(trained: Trained, home: Path) -> Sheet:
    """A digit, a piece of it in numbers, the same in [-1, 1]; and what a channel is."""
    sheet, digit, (row, column) = Sheet(900, 510), trained.digits[0], (6, 14)
    piece = digit[row : row + 7, column : column + 7]
    sheet.image((30, 40), digit, 224)
    sheet.box((30 + 8 * column, 40 + 8 * row), (56, 56), None, ORANGE, 2)
    for left, numbers, form, title in (
        (330, piece, "{:.0f}", "0 to 255"),
        (620, rescale(piece[None])[0, 0], "{:.2f}", "-1 to 1"),
    ):
        sheet.cells((left, 40), numbers, 32, piece, form, 10)
        sheet.box((left, 40), (224, 224), None, ORANGE, 2)
        sheet.text((left + 112, 274), title, 13, MUTED, "ma")
    sheet.text((142, 274), "28 x 28 pixels", 13, MUTED, "ma")
    sheet.arrow((266, 152), (318, 152), ORANGE)
    sheet.arrow((562, 152), (612, 152))
    sheet.text((587, 128), "/ 127.5 - 1", 10, MUTED, "mm")
    maps = trained.judge(trained.digits[:64])[0][0]
    colour = np.stack([np.roll(digit, shift, 1) for shift in (-1, 0, 1)], -1)
    for left, apart, sheets, words in (
        (30, 0, [digit], "a grey image: 1 channel"),
        (
            220,
            40,
            [np.eye(3, dtype=np.uint8)[part] * colour[..., part, None] for part in range(3)],
            "a colour image: 3",
        ),
        (490, 26, [greys(each) for each in maps[:12]], "behind a layer with 64 filters: 64 (here 12 of them)"),
    ):
        for place, each in reversed(list(enumerate(sheets))):
            sheet.image((left + apart * place, 345 + 3 * (len(sheets) - 1 - place)), each, 90, PAPER)
        sheet.text((left, 478), words, 12, MUTED)
    return sheet


def generator(trained: Trained, home: Path) -> Sheet:
    """From z to a digit: what leaves the layers where the shape changes."""
    sheet, outputs = Sheet(980, 250), trained.sampler.walk(from_seed(SEED, 1, 100))
    rows, _ = trained.sampler.networks.tables()
    sheet.image((20, 70), greys(from_seed(SEED, 1, 100).reshape(20, 5)), 32)
    sheet.text((14, 204), "z: 100\nnumbers", 11, MUTED)
    stages = {4: "Dense, Reshape", 5: "UpSampling", 8: "Conv2D", 9: "UpSampling", 12: "Conv2D"}
    for number, (place, word) in enumerate(stages.items()):
        maps, left = outputs[place - 1], 92 + 152 * number
        sheet.arrow((left - 30, 134), (left - 8, 134))
        shown = np.pad(np.stack([greys(each) for each in maps[:9]]), ((0, 0), (0, 1), (0, 1)), constant_values=128)
        sheet.image((left, 74), tile(shown, 3), 120)
        channels, side, _ = rows[place - 1].output_shape
        sheet.text((left + 60, 46), word, 13, INK, "ma")
        sheet.text((left + 60, 204), f"{channels} maps\nof {side} x {side}", 11, MUTED, "ma")
    sheet.arrow((822, 134), (844, 134))
    digit = trained.sampler.generate(from_seed(SEED, 1, 100))[0]
    sheet.image((852, 74), digit, 112)
    sheet.text((908, 46), "Conv2D, Tanh", 13, INK, "ma")
    sheet.text((908, 204), "1 map of 28 x 28:\nthe image", 11, MUTED, "ma")
    sheet.text((20, 14), "One latent vector on its way (the first nine maps of each layer)", 13, MUTED)
    return sheet


def layers(trained: Trained, home: Path) -> Sheet:
    """Upsampling, a kernel with padding, stride, LeakyReLU: each with numbers small enough to follow."""
    sheet = Sheet(980, 560)
    _repeat(sheet, (20, 20))
    _kernel(sheet, (510, 20))
    _stride(sheet, (20, 300))
    _leaky(sheet, (510, 300))
    return sheet


def _repeat(sheet: Sheet, at: tuple[int, int]) -> None:
    small = np.array([[0, 9, 0], [5, 9, 0], [0, 9, 2]])
    sheet.text(at, "Upsampling repeats: 3 x 3 becomes 6 x 6", 14)
    sheet.cells((at[0], at[1] + 80), small, 30, greys(small.astype(float)))
    sheet.arrow((at[0] + 104, at[1] + 125), (at[0] + 150, at[1] + 125))
    large = small.repeat(2, 0).repeat(2, 1)
    sheet.cells((at[0] + 164, at[1] + 35), large, 30, greys(large.astype(float)))
    sheet.box((at[0] + 224, at[1] + 35), (60, 60), None, ORANGE, 3)
    sheet.box((at[0] + 30, at[1] + 80), (30, 30), None, ORANGE, 3)


def _kernel(sheet: Sheet, at: tuple[int, int]) -> None:
    image = np.array([[0, 9, 0, 0, 0], [0, 9, 0, 0, 0], [0, 9, 9, 0, 0], [0, 9, 0, 9, 0], [0, 9, 9, 0, 0]])
    kernel = np.array([[-1, 2, -1]] * 3)
    padded = np.pad(image, 1)
    seen = np.array([[(padded[r : r + 3, c : c + 3] * kernel).sum() for c in range(5)] for r in range(5)])
    sheet.text(at, 'A kernel of 3 x 3, padding "same": 5 x 5 stays 5 x 5', 14)
    shades = np.pad(greys(image.astype(float)), 1, constant_values=225)
    sheet.cells((at[0], at[1] + 35), padded, 26, shades)
    sheet.text((at[0], at[1] + 224), "the zeros around are the padding", 11, MUTED)
    sheet.box((at[0], at[1] + 35), (78, 78), None, ORANGE, 3)
    sheet.cells((at[0] + 206, at[1] + 60), kernel, 24, np.full((3, 3), 250, np.uint8))
    sheet.text((at[0] + 242, at[1] + 140), "times the kernel,\nadded up", 11, MUTED, "ma")
    sheet.arrow((at[0] + 190, at[1] + 190), (at[0] + 292, at[1] + 190))
    sheet.cells((at[0] + 306, at[1] + 61), seen, 26, greys(seen.astype(float)))
    sheet.box((at[0] + 306, at[1] + 61), (26, 26), None, ORANGE, 3)
    sheet.text((at[0] + 290, at[1] + 200), "high where a line is upright", 11, MUTED)


def _stride(sheet: Sheet, at: tuple[int, int]) -> None:
    sheet.text(at, "Stride 2: every second place, 6 x 6 becomes 3 x 3", 14)
    sheet.cells((at[0], at[1] + 35), np.zeros((6, 6)), 30, np.full((6, 6), 250, np.uint8), "", 1)
    for place, colour in (((0, 0), ORANGE), ((0, 2), BLUE), ((2, 0), RED)):
        row, column = place
        sheet.box((at[0] + 30 * column, at[1] + 35 + 30 * row), (90, 90), None, colour, 3)
        corner = (at[0] + 254 + 15 * column, at[1] + 80 + 15 * row)
        sheet.box(corner, (30, 30), colour, LINE)
    for row, column in ((1, 1), (0, 2), (1, 2), (2, 0), (2, 1), (2, 2)):
        sheet.box((at[0] + 254 + 30 * column, at[1] + 80 + 30 * row), (30, 30), None, LINE)
    sheet.arrow((at[0] + 194, at[1] + 125), (at[0] + 240, at[1] + 125))
    sheet.text((at[0] + 254, at[1] + 182), "28 / 2 = 14 a side,\n14 / 2 = 7 a side", 12, MUTED)


def _leaky(sheet: Sheet, at: tuple[int, int]) -> None:
    sheet.text(at, "LeakyReLU: a fifth of what is negative passes", 14)
    left, middle, unit = at[0] + 130, at[1] + 165, 26
    sheet.line([(left - 4.2 * unit, middle), (left + 4.2 * unit, middle)], LINE, 1)
    sheet.line([(left, middle + 1.6 * unit), (left, middle - 4.6 * unit)], LINE, 1)
    sheet.line([(left - 4 * unit, middle + 0.8 * unit), (left, middle), (left + 4 * unit, middle - 4 * unit)], BLUE, 3)
    sheet.line([(left - 4 * unit, middle + 2), (left, middle + 2)], ORANGE, 2)
    sheet.text((left - 4.2 * unit, middle + 34), "in: -4   out: -0.8", 12, BLUE)
    sheet.text((left + 4.5 * unit, middle - 4 * unit), "in: 4   out: 4", 12, BLUE)
    sheet.text((left - 4.2 * unit, middle - 24), "ReLU gives 0 here:", 11, ORANGE)
    sheet.text(
        (left + 2.4 * unit, middle + 10),
        "where a curve is flat, no change of a weight\nchanges anything: nothing is learned",
        11,
        MUTED,
    )


def discriminator(trained: Trained, home: Path) -> Sheet:
    """A real digit and a generated one on their way to one number."""
    sheet = Sheet(980, 420)
    images = [trained.digits[:64], trained.sampler.sample(GenerateConfig(count=64, seed=SEED))]
    rows = trained.sampler.networks.tables()[1]
    weights = [each for name, each in trained.discriminator.state_dict().items() if name.endswith("weight")][-1]
    for number, (word, batch) in enumerate(zip(("real", "generated"), images, strict=True)):
        outputs, top = trained.judge(batch), 60 + 180 * number
        one = int(np.argsort(outputs[-1][:, 0])[16 if number else 48])  # one that is doubted, one that is believed
        sheet.image((20, top), batch[one], 112)
        sheet.text((20, top + 116), word, 13, INK)
        for left, place in ((180, 2), (340, 5)):
            shown = np.stack([greys(each) for each in outputs[place - 1][one][:9]])
            sheet.arrow((left - 34, top + 56), (left - 10, top + 56))
            sheet.image((left, top), tile(np.pad(shown, ((0, 0), (0, 1), (0, 1)), constant_values=128), 3), 120)
        found = outputs[4][one] * weights.numpy().reshape(128, 7, 7)
        sheet.arrow((468, top + 56), (490, top + 56))
        sheet.image((500, top), signed(found.sum(0)), 112)
        sheet.arrow((620, top + 56), (650, top + 56))
        logit = float(outputs[-1][one, 0])  # the Sigmoid belongs to the loss
        share = 1 / (1 + np.exp(-logit))
        sheet.text((662, top + 26), f"sum {logit:+.2f}", 16)
        sheet.arrow((750, top + 56), (780, top + 56))
        sheet.box((792, top + 44), (160, 20))
        sheet.box((792, top + 44), (160 * share, 20), BLUE, None)
        sheet.text((792, top + 70), f"{100 * share:.0f} % real", 16, BLUE)
        sheet.text((662, top + 70), "Dense", 11, MUTED)
        sheet.text((792, top + 22), "Sigmoid", 11, MUTED)
    for left, place in ((180, 2), (340, 5)):
        channels, side, _ = rows[place - 1].output_shape
        sheet.text((left, 20), f"{channels} maps of {side} x {side}\n(nine of them)", 11, MUTED)
    sheet.text(
        (500, 20), "6,272 numbers, each times its weight, added\nup by place: blue for real, orange against", 11, MUTED
    )
    return sheet


def training(trained: Trained, home: Path) -> Sheet:
    """Both losses, and the same eight latent vectors through the film."""
    sheet, (d, g) = Sheet(980, 560), trained.losses.T
    at, size, most = (50, 30), (880, 190), 4.0
    for level in (0, 1, 2, 3, 4):
        y = at[1] + size[1] * (1 - level / most)
        sheet.line([(at[0], y), (at[0] + size[0], y)], LINE, 1)
        sheet.text((at[0] - 10, y), str(level), 11, MUTED, "rm")
    guess = at[1] + size[1] * (1 - GUESSING / most)
    sheet.line([(at[0], guess), (at[0] + size[0], guess)], MUTED, 1)
    sheet.curve(at, size, mean_so_far(d), most, ORANGE)
    sheet.curve(at, size, mean_so_far(g), most, BLUE)
    sheet.text((at[0] + 362, at[1] + 4), "level line: a discriminator that only guesses, 1.39", 13, MUTED)
    sheet.text((at[0] + 12, at[1] + 4), "loss of the generator", 13, BLUE)
    sheet.text((at[0] + 172, at[1] + 4), "loss of the discriminator", 13, ORANGE)
    sheet.text((at[0] + size[0], at[1] + size[1] + 6), f"step {len(d):,}", 11, MUTED, "ra")
    film = render_frames(trained.folder, trained.folder.manifest(), trained.sampler, from_seed(SEED, 8, 100))
    steps = [frame.step for frame in film.frames]
    wanted = [min(range(len(steps)), key=lambda i: abs(steps[i] - step)) for step in (1, 50, 150, 500, len(d))]
    for number, place in enumerate(dict.fromkeys(wanted)):
        left = 50 + 180 * number
        sheet.image((left, 300), tile(np.pad(film.images[place], ((0, 0), (0, 2), (0, 2))), 2), 112)
        sheet.text((left, 274), f"step {steps[place]:,}", 13, INK)
    return sheet


def failures(trained: Trained, home: Path) -> Sheet:
    """Trainings that were spoiled, below the healthy one: the same four latent vectors, and the losses."""
    sheet = Sheet(980, 540)
    for number, (name, words) in enumerate(SPOILED.items()):
        top = 40 + 124 * number
        folder = ModelStore(home).find(name)
        z = from_seed(SEED, 4, 100)
        film = render_frames(folder, folder.manifest(), Sampler.load(folder), z)
        steps = [frame.step for frame in film.frames]
        sheet.text((20, top + 26), words, 13)
        for column, step in enumerate((10, 28, 55, 211)):
            place = min(range(len(steps)), key=lambda i, step=step: abs(steps[i] - step))
            shown = np.pad(film.images[place], ((0, 0), (0, 1), (0, 1)), constant_values=128)
            sheet.image((200 + 120 * column, top), tile(shown, 2), 106)
            if not number:
                sheet.text((200 + 120 * column, 14), f"step {steps[place]}", 13, MUTED)
        losses = np.array(json.loads((home / f"{name}.json").read_bytes())["losses"])[:250]
        most = 10.0
        sheet.box((700, top), (250, 104))
        for level in (5, 10):
            sheet.text((694, top + 104 * (1 - level / most)), str(level), 10, MUTED, "rm")
        for values, colour in ((losses[:, 0], ORANGE), (losses[:, 1], BLUE)):
            sheet.curve((700, top), (250, 104), mean_so_far(values, 0.8), most, colour)
    sheet.text((700, 14), "loss: generator", 13, BLUE)
    sheet.text((812, 14), "discriminator", 13, ORANGE)
    sheet.text((950, 40 + 124 * 3 + 108), "step 250", 10, MUTED, "ra")
    return sheet


def latent(trained: Trained, home: Path) -> Sheet:
    """Between two vectors, along one number, and towards the middle."""
    sheet, z = Sheet(980, 400), from_seed(SEED, 8, 100)
    moved = np.repeat(z[3:4], 9, 0)
    moved[:, strongest(trained.sampler)] = np.linspace(-3, 3, 9)
    rows = (
        ("from one latent vector to another", path(z[[0, 3]], 8, 100)),
        ("one of the 100 numbers, from -3 to 3", moved),
        ("truncation, from 1 to 0", np.linspace(1, 0, 9)[:, None] * z[3:4]),
    )
    for number, (words, vectors) in enumerate(rows):
        top = 14 + 128 * number
        sheet.text((20, top), words, 13, MUTED)
        for place, image in enumerate(trained.sampler.generate(vectors.astype(np.float32))):
            sheet.image((20 + 106 * place, top + 22), image, 90)
    return sheet


def strongest(sampler: Sampler) -> int:
    """Return the place of the latent number that the first layer weighs most."""
    return int(np.linalg.norm(sampler.first_weights(), axis=0).argmax())


def to_print(trained: Trained, home: Path) -> Sheet:
    """An image, the relief over it, the solid to print, and a cut through it."""
    sheet, image = Sheet(980, 330), trained.sampler.generate(from_seed(SEED, 1, 100))[0]
    row = int(image.sum(1).argmax())
    sheet.image((20, 80), image, 150)
    sheet.line([(14, 80 + 150 * (row + 0.5) / 28), (176, 80 + 150 * (row + 0.5) / 28)], ORANGE, 2)
    sheet.text((20, 20), "28 x 28 greys", 13)
    sheet.mesh((240, 240), relief(image, height=6.0), 6.0)
    sheet.text((240, 20), "a height for each", 13)
    sheet.mesh((490, 240), solid_relief(image, height=6.0, base=2.0), 6.0)
    sheet.text((490, 20), "a base below: closed, 27 x 27 mm", 13)
    left, foot, unit = 750, 190, 7.4
    heights = image[row] / 255 * 6 + 2
    outline = [(left + unit * x, foot - unit * height) for x, height in enumerate(heights)]
    sheet.line([(left, foot), *outline, (left + 27 * unit, foot), (left, foot)], ORANGE, 2)
    sheet.text((left, 20), "the cut along the line", 13)
    sheet.text((left, foot + 10), "base 2 mm, black ends there;\nwhite is 6 mm higher", 11, MUTED)
    return sheet


SEED = 4
SPOILED = {
    NAME: "the preset's settings",
    "rate": "learning rate 0.02:\na hundred times too much",
    "momentum": "learning rate 0.004\nand beta1 0.9",
    "norm": "no BatchNorm\nin the generator",
}
PICTURES: dict[str, Callable[[Trained, Path], Sheet]] = {
    "tutorial-1-data.png": data,
    "tutorial-2-generator.png": generator,
    "tutorial-2-layers.png": layers,
    "tutorial-3-discriminator.png": discriminator,
    "tutorial-4-training.png": training,
    "tutorial-4-failures.png": failures,
    "tutorial-5-latent.png": latent,
    "tutorial-6-print.png": to_print,
}


def main() -> None:
    """Write them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("home", type=Path, metavar="DIR", help="folder with the trainings")
    parser.add_argument("out", type=Path, help="folder to write to")
    parser.add_argument("names", nargs="*", help="some of the pictures; all unless given")
    arguments = parser.parse_args()
    trained = Trained(arguments.home)
    for name in arguments.names or PICTURES:
        PICTURES[name](trained, arguments.home).save(arguments.out / name)
        print(f"wrote {arguments.out / name}", flush=True)


if __name__ == "__main__":
    main()
