"""The picture of Learn in the docs, taken of a running server's page in Chromium.

`python docs/making/page_pictures.py HOME MODEL docs/images`, with the server's data directory and the name of a model
that was trained there, by `fast` for a minute, say: its discriminator is beside it.
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

_BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_WIDE, _HIGH = 1280, 1650


def take(home: Path, model: str, file: Path) -> None:
    """Write Learn with a model, at the stage of the gradient."""
    server = json.loads((home / "server.json").read_text(encoding="utf-8"))
    browser_path = next(filter(None, map(shutil.which, _BROWSERS)), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": _WIDE, "height": _HIGH})
        page.goto(f"{server['url']}/#token={server['token']}")
        page.evaluate("place => { location.hash = place; }", f"#/learn/{model}")
        page.locator(".stages").wait_for()
        page.get_by_label("5 Gradient").check(force=True)
        page.locator(".verdict-bar output").first.wait_for()
        page.wait_for_timeout(1000)  # bars move to where they stand, and the page to the stage
        page.screenshot(path=file)
        browser.close()
    with Image.open(file) as image:
        image.convert("RGB").quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(
            file, "PNG", optimize=True
        )


def main() -> None:
    """Write what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("home", type=Path, metavar="HOME", help="data directory of a running server")
    parser.add_argument("model", metavar="MODEL", help="a model that was trained there")
    parser.add_argument("images", type=Path, metavar="DIR", help="folder to write to")
    arguments = parser.parse_args()
    file = arguments.images / "page-learn.png"
    take(arguments.home, arguments.model, file)
    print(f"wrote {file}")


if __name__ == "__main__":
    main()
