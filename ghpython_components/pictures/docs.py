"""Writes the pictures in the documentation: `python -m ghpython_components.pictures.docs docs/images`."""

from __future__ import annotations

import argparse
from pathlib import Path

from PIL import Image

from ghpython_components import definitions
from ghpython_components.archive import to_bytes
from ghpython_components.document.script_component import RHINO8
from ghpython_components.icons.icons import contact_sheet
from ghpython_components.pictures.canvas_picture import picture, read_definition
from ghpython_components.sources.component import all_components


def pictures() -> dict[str, Image.Image]:
    """Return all pictures, by file name."""
    components = all_components()
    drawn = {"components.png": contact_sheet(component.name for component in components)}
    for name in definitions.names():
        file = to_bytes(definitions.definition(name, components, RHINO8).archive())
        drawn[f"{name}.png"] = picture(read_definition(file)).quantize(256)
    return drawn


def main() -> None:
    """Write them into a folder."""
    parser = argparse.ArgumentParser(description="Draw the icons and the definitions for the documentation.")
    parser.add_argument("out", type=Path, metavar="DIR", help="folder to write to")
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    for name, image in pictures().items():
        image.save(out / name, "PNG", optimize=True)
        print(f"wrote {out / name}")


if __name__ == "__main__":
    main()
