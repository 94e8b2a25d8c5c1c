"""The icon of every component."""

from __future__ import annotations

import io
import math
from collections.abc import Iterable
from functools import cache

from PIL import Image, ImageDraw, ImageFont

from ghpython_components.icons.drawings import DRAWINGS, initials, package
from ghpython_components.icons.pen import INK, PAPER, Pen

SIDE, PACKAGE_SIDE = 24, 64  # pixels: what Grasshopper and Rhino's package manager show
_GROUNDS = (((240, 240, 240), INK), ((190, 190, 190), INK), ((50, 50, 50), PAPER))  # and the colour of words on them
_CARD = 128  # pixels between the icons of the sheet


@cache
def icon(name: str) -> bytes:
    """Return the icon of a component as a PNG file, 24 x 24 with alpha; what has no drawing gets its initials."""
    pen = Pen(SIDE)
    if name in DRAWINGS:
        DRAWINGS[name](pen)
    else:
        initials(pen, name.removeprefix("layer_"))
    return pen.png()


def package_icon() -> bytes:
    """Return the icon of the package as a PNG file, 64 x 64 with alpha."""
    pen = Pen(PACKAGE_SIDE)
    package(pen)
    return pen.png()


def contact_sheet(components: Iterable[str], columns: int = 8) -> Image.Image:
    """Return a picture of the icons, four times as large and as they are, on light, mid grey and dark grounds."""
    drawn = list(DRAWINGS)  # families together
    shown = sorted(components, key=lambda name: (drawn.index(name) if name in drawn else len(drawn), name))
    smalls = [Image.open(io.BytesIO(icon(name))) for name in shown]
    band = _CARD * math.ceil(len(shown) / columns) + 16
    sheet = Image.new("RGB", (_CARD * columns, band * len(_GROUNDS)))
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(11)
    for top, (ground, words) in zip(range(0, sheet.height, band), _GROUNDS, strict=True):
        draw.rectangle((0, top, sheet.width, top + band), ground)
        for place, (name, small) in enumerate(zip(shown, smalls, strict=True)):
            x, y = place % columns * _CARD, top + place // columns * _CARD + 12
            large = small.resize((4 * SIDE, 4 * SIDE), Image.Resampling.NEAREST)
            sheet.paste(large, (x + 2, y), large)
            sheet.paste(small, (x + 100, y + 68), small)
            draw.text((x + 4, y + 98), name.removeprefix("layer_").replace("_", " "), words, font)
    return sheet
