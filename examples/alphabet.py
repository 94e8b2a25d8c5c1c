"""An alphabet out of this machine's fonts: learn their letters, go from one hand to another, and cut what lies between.

    python examples/alphabet.py [--letters ABC] [--seconds N] [--fonts DIR ...] [--out DIR]

Each letter of each font is drawn as a picture, in a folder for each letter, as pictures of your own would lie. The
command line imports and trains, as any program can have it do; the library draws. Fonts stay where they are: what
comes out is what the model has learned.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ganmnist import GenerateConfig, GeometryConfig, Sampler, load_model, path, write
from ganmnist.cli.terminal import show_any_letter
from ganmnist.latent.vectors import inputs

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
ENDINGS = (".ttf", ".otf", ".ttc")
SIZE, MARGIN = 96, 8  # pixels of a letter's picture
MISSING = "\U000ffffe"  # no font has it, so what is drawn for it is drawn for any letter that a font lacks
HANDS, STEPS = (5, 9), 8  # seeds of the two that the way leads between, and its steps


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--letters", type=letters, default=LETTERS, help="which letters [%(default)s]")
    parser.add_argument("--seconds", type=float, default=60, help="how long it trains [%(default)s]")
    parser.add_argument("--fonts", type=Path, nargs="+", metavar="DIR", help="folders with fonts; the system's own")
    parser.add_argument("--out", type=Path, default=Path("alphabet"), help="folder to write to [%(default)s]")
    options = parser.parse_args()
    show_any_letter()

    folders = options.fonts or font_folders(sys.platform, os.environ, Path.home())
    drawn = draw_letters(find_fonts(folders), options.letters, options.out / "letters")
    if not drawn:
        sys.exit(f"no font with these letters in {', '.join(map(str, folders))}: name folders of fonts, --fonts DIR")
    print(f"drew {drawn:,} letters into {options.out / 'letters'}", flush=True)

    data = ganmnist("data", "import", str(options.out / "letters"), "--name", "alphabet")["name"]
    trained = ganmnist("train", "--data", data, "--model", "alphabet", "--seconds", str(options.seconds))
    sampler = load_model(trained["name"])
    print(f"trained {sampler.name}, {trained['step']:,} steps")

    ways = np.stack([between_hands(sampler, letter) for letter in options.letters])  # (letters, steps + 1, 28, 28)
    columns = len(ways)
    downwards = ways.swapaxes(0, 1).reshape(-1, 28, 28)  # a column for each letter, from the one hand to the other
    write(options.out / "alphabet.png", downwards, GeometryConfig(columns=columns, invert=True), scale=2)
    halfway = ways[:, STEPS // 2]
    cut = GeometryConfig(form="extrusion", height=6, columns=min(columns, 13))
    for name in ("alphabet.3dm", "alphabet.stl"):
        write(options.out / name, halfway, cut)
    for name in ("alphabet.png", "alphabet.3dm", "alphabet.stl"):
        print(f"wrote {(options.out / name).resolve()}")
    print("In Grasshopper, 11_alphabet.gh draws with this model.")


def letters(text: str) -> str:
    """Read which letters are wanted; they name folders, which on most systems are the same in small and in capitals."""
    if not text.isalnum() or len(set(text.casefold())) != len(text):
        raise argparse.ArgumentTypeError(f"expected letters or digits, each once, capital or small, got {text}")
    return text


def font_folders(platform: str, environment: Mapping[str, str], user: Path) -> list[Path]:
    """Return where a system keeps its fonts; `platform` as `sys.platform`."""
    if platform == "win32":
        windows = Path(environment.get("WINDIR") or r"C:\Windows")
        local = Path(environment.get("LOCALAPPDATA") or user / "AppData" / "Local")
        return [windows / "Fonts", local / "Microsoft" / "Windows" / "Fonts"]
    if platform == "darwin":
        return [Path("/System/Library/Fonts"), Path("/Library/Fonts"), user / "Library" / "Fonts"]
    data = Path(environment.get("XDG_DATA_HOME") or user / ".local" / "share")
    return [Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), data / "fonts", user / ".fonts"]


def find_fonts(folders: list[Path]) -> list[Path]:
    """Return the font files in folders and in the folders there, in order of their names."""
    found = {path for folder in folders for path in folder.rglob("*") if path.suffix.lower() in ENDINGS}
    return sorted(found, key=lambda font: (font.name, font))


def draw_letters(fonts: list[Path], wanted: str, folder: Path) -> int:
    """Draw each letter of each font into a folder of its own; return how many there are.

    What an earlier call has left there is removed first. Of fonts that draw a letter alike one is enough.
    """
    for before in folder.glob("?/*.png"):
        before.unlink()
    seen: set[bytes] = set()
    for number, font in enumerate(fonts):
        for letter, picture in pictures(font, wanted):
            if (content := letter.encode() + picture.tobytes()) not in seen:
                seen.add(content)
                (folder / letter).mkdir(parents=True, exist_ok=True)
                picture.save(folder / letter / f"{number:04} {font.stem}.png")
    for emptied in folder.glob("?"):
        if not any(emptied.iterdir()):
            emptied.rmdir()
    return len(seen)


def pictures(file: Path, wanted: str) -> Iterator[tuple[str, Image.Image]]:
    """Yield the letters that a font has, each with its picture, white on black. A file that is no font has none."""
    try:
        font = ImageFont.truetype(str(file), SIZE)
        lacking = picture_of(font, MISSING)
        for letter in wanted:
            drawn = picture_of(font, letter)
            if drawn and drawn != lacking:
                yield letter, drawn
    except (OSError, ValueError):  # not a font, or one of coloured pictures, which have sizes of their own
        return


def picture_of(font: ImageFont.FreeTypeFont, letter: str) -> Image.Image | None:
    """Draw a letter as large as it is; None of one that is empty, or larger than letters are."""
    left, top, right, bottom = map(round, font.getbbox(letter))
    if not 0 < right - left <= 4 * SIZE or not 0 < bottom - top <= 4 * SIZE:
        return None
    drawn = Image.new("L", (right - left + 2 * MARGIN, bottom - top + 2 * MARGIN), 0)
    ImageDraw.Draw(drawn).text((MARGIN - left, MARGIN - top), letter, fill=255, font=font)
    return drawn if drawn.getbbox() else None


def ganmnist(*words: str) -> dict:
    """Run a command of ganmnist and return its result; how far it is, and what is wrong, it says itself."""
    done = subprocess.run([sys.executable, "-m", "ganmnist", *words, "--json"], stdout=subprocess.PIPE, check=False)
    if done.returncode:
        sys.exit(done.returncode)
    return json.loads(done.stdout)


def between_hands(sampler: Sampler, letter: str) -> np.ndarray:
    """Go from one hand of a letter to another: uint8 (steps + 1, 28, 28)."""
    keys = [
        inputs(GenerateConfig(digit=letter, seed=seed), sampler.latent_dim, sampler.known_classes) for seed in HANDS
    ]
    return sampler.generate(path(np.concatenate(keys), STEPS, sampler.latent_dim))


if __name__ == "__main__":
    main()
