"""What comes of few pictures? Trains on 60 and on 300, from chance and from the bundled model, and prints a table.

    python benchmarks/few_pictures.py [--only letters] [--counts 60] [--steps 1600] [--out DIR]

The pictures are digits of MNIST, and letters of the fonts and icons of the icon themes that this machine has. They are
saved as PNG files in folders for train and test, a folder for each class in them, and imported as anybody's are.
Novelty is how far samples are from the nearest picture that was learned from, as a share of how far those are from each
other; that of held-out pictures stands beside it. FID and recall compare with held-out pictures; of letters and icons
the judge, which knows digits alone, says little. --out keeps an image grid of each training: rows of samples, below
each sample the picture that was learned from and is nearest to it.
"""

from __future__ import annotations

import argparse
import io
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from ganmnist import paths
from ganmnist.config import GeometryConfig, TrainConfig
from ganmnist.data.load import load_data
from ganmnist.data.read import read_data
from ganmnist.dataset import Dataset
from ganmnist.errors import DataError
from ganmnist.evaluation.copying import Originals
from ganmnist.evaluation.evaluate import Evaluator
from ganmnist.export.write import write
from ganmnist.generation.sampler import Sampler
from ganmnist.latent.vectors import from_seed
from ganmnist.models.manifest import BUNDLED
from ganmnist.models.store import ModelStore
from ganmnist.training import loop
from ganmnist.training.presets import PRESETS
from ganmnist.training.start import with_networks

Pictures = list[tuple[str, bytes]]  # class and file
LETTERS = "ABCDEFGHIJ"
SIDE = 64  # pixels of a letter's picture
HELD_OUT = 500
FONTS = [Path(folder) for folder in ("/usr/share/fonts", "/Library/Fonts", "/System/Library/Fonts", "C:/Windows/Fonts")]
ICONS = [Path("/usr/share/icons")]
OF_A_KIND = 100  # icons at least
SHOWN = (4, 20)  # rows and columns of an image grid
_OTHERS = ("Emoji", "Symbol", "Math", "Dingbats", "D050000L")  # fonts of other things than letters


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=SETS, default=list(SETS), help="these pictures")
    parser.add_argument("--starts", nargs="+", choices=("chance", BUNDLED), default=["chance", BUNDLED])
    parser.add_argument("--counts", type=int, nargs="+", default=[60, 300], metavar="N", help="pictures to learn from")
    parser.add_argument("--steps", type=int, default=1600, help="of each training (default: 1600)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--samples", type=int, default=2000, metavar="N", help="to compare (default: 2,000)")
    parser.add_argument("--fonts", type=Path, nargs="+", default=FONTS, metavar="DIR")
    parser.add_argument("--icons", type=Path, nargs="+", default=ICONS, metavar="DIR")
    parser.add_argument("--out", type=Path, metavar="DIR", help="keep an image grid of each training there")
    options = parser.parse_args()
    print("| pictures | from | FID | recall | novelty | of held-out | copies, it says | classes |")
    print("| --- | --- | --: | --: | --: | --: | --- | --: |")
    for name in options.only:
        pictures = SETS[name](options)
        for count in options.counts:
            if len(pictures) < count + 2:
                print(f"| {count} {name} | only {len(pictures)} are here | | | | | | |", flush=True)
                continue
            with tempfile.TemporaryDirectory() as folder:
                data = imported(pictures, count, Path(folder))
            for start in options.starts:
                figures = row(f"{count}-{name}", data, start, options)
                print(f"| {count} {name} | {start} | {' | '.join(figures)} |", flush=True)


def digits(options: argparse.Namespace) -> Pictures:
    """Return digits of MNIST, or of what stands in for it."""
    data = load_data()
    chosen = np.random.default_rng(options.seed).permutation(len(data.train_images))[:5000]
    return [(data.classes[data.train_labels[one]], png(Image.fromarray(data.train_images[one]))) for one in chosen]


def letters(options: argparse.Namespace) -> Pictures:
    """Return the letters of all fonts, dark on white."""
    files = sorted({path for folder in options.fonts for path in folder.rglob("*.[to]tf")})
    return [found for path in files if not any(other in path.name for other in _OTHERS) for found in glyphs(path)]


def glyphs(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the letters that a font has, each as a class and a picture."""
    try:
        font = ImageFont.truetype(str(path), SIDE * 3 // 4)
        absent = font.getmask("\U0010fffe").getbbox(), bytes(font.getmask("\U0010fffe"))
        for letter in LETTERS:
            mask = font.getmask(letter)
            if mask.getbbox() and (mask.getbbox(), bytes(mask)) != absent:
                image = Image.new("L", (SIDE, SIDE), 255)
                ImageDraw.Draw(image).text((SIDE / 2, SIDE / 2), letter, 0, font, anchor="mm")
                yield letter, png(image)
    except (OSError, ValueError):  # a font of bitmaps, or one that is damaged
        return


def icons(options: argparse.Namespace) -> Pictures:
    """Return the icons of all themes, of 32 x 32 pixels, their kinds as classes."""
    files = [path for folder in options.icons for path in sorted(folder.rglob("32x32/*/*.png"))]
    files = [path for path in files if not path.is_symlink()]  # those are others under a second name
    kinds = Counter(path.parent.name for path in files)
    return [(path.parent.name, path.read_bytes()) for path in files if kinds[path.parent.name] >= OF_A_KIND]


SETS: dict[str, Callable[[argparse.Namespace], Pictures]] = {"digits": digits, "letters": letters, "icons": icons}


def imported(pictures: Pictures, count: int, folder: Path) -> Dataset:
    """Save so many pictures, and others that are held out, as files in folders, and read them as anybody's."""
    order = np.random.default_rng(1).permutation(len(pictures))[: count + HELD_OUT]
    for number, one in enumerate(order):
        name, content = pictures[one]
        path = folder / ("train" if number < count else "test") / name / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return read_data(folder)


def row(name: str, data: Dataset, start: str, options: argparse.Namespace) -> list[str]:
    """Train on pictures and return what came of it."""
    said: list[tuple[str, ...]] = []
    sampler = train(data, start, options, said.append)
    originals = Originals(data.train_images)
    images = draw(sampler, data, options.samples)
    try:
        figures = Evaluator(data).evaluate(images)
        judged = [f"{figures.frechet:.0f}", f"{figures.recall:.2f}"]
    except DataError:  # too few are held out
        judged = ["-", "-"]
    if options.out:
        rows, columns = SHOWN
        options.out.mkdir(parents=True, exist_ok=True)
        shown = images[: rows * columns].reshape(rows, columns, 28, 28)
        near = nearest(images[: rows * columns], data.train_images).reshape(rows, columns, 28, 28)
        grid = np.stack([shown, near], 1).reshape(-1, 28, 28)
        write(options.out / f"{name}-{start}.png", grid, GeometryConfig(columns=columns))
    novelty = originals.novelty(images), originals.novelty(data.test_images)
    copies = "yes" if said and any("copies" in sentence for sentence in said[-1]) else "no"
    return [*judged, *(f"{value:.2f}" for value in novelty), copies, str(len(data.classes))]


def train(
    data: Dataset, start: str, options: argparse.Namespace, on_warnings: Callable[[tuple[str, ...]], object]
) -> Sampler:
    """Train `fast` for so many steps, from chance or from a model."""
    steps_per_epoch = max(len(data.train_images) // PRESETS["fast"].batch_size, 1)
    config = TrainConfig(
        preset="fast",
        seed=options.seed,
        epochs=max(options.steps // steps_per_epoch, 1),
        start_from=None if start == "chance" else start,
    )
    store = ModelStore(paths.home())
    model = store.find(start) if config.start_from else None
    config = with_networks(config, store)
    return loop.train(data, config, on_warnings=on_warnings, start=model, adapt=True)


def draw(sampler: Sampler, data: Dataset, count: int) -> NDArray[np.uint8]:
    """Draw samples, with classes as frequent as in the pictures."""
    asked = np.random.default_rng(2).choice(data.train_labels, count).astype(np.int64)
    return sampler.generate(from_seed(3, count, sampler.latent_dim), asked if sampler.classes else None)


def nearest(images: NDArray[np.uint8], others: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return for each image that of the others that is nearest to it."""
    rows, columns = (one.reshape(len(one), -1).astype(np.float32) for one in (images, others))
    return others[((columns**2).sum(1) - 2 * rows @ columns.T).argmin(1)]


def png(image: Image.Image) -> bytes:
    content = io.BytesIO()
    image.save(content, "PNG")
    return content.getvalue()


if __name__ == "__main__":
    main()
