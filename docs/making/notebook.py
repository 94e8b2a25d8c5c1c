"""Writes examples/tutorial.ipynb out of docs/tutorial.md: `python docs/making/notebook.py`.

Text and code live in the tutorial alone. The notebook adds a cell that installs the library where it is missing, shows
pictures where the tutorial saves them, and has sliders at its end. What the tutorial's code prints is left out: here it
runs. The file is committed.
"""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]
TUTORIAL, FILE = _ROOT / "docs" / "tutorial.md", _ROOT / "examples" / "tutorial.ipynb"
_INSTALL = """\
# Nothing to do where ganmnist is installed. In Colab: pack this project's folder as ganmnist.zip and upload it first.
import importlib.util
import subprocess
import sys

if importlib.util.find_spec("ganmnist") is None:
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "ganmnist.zip"], check=True)
"""
_SLIDERS_TEXT = """\
## Sliders

The first six of the 100 latent numbers of your model, the others from a seed. Without `ipywidgets` one digit is shown:
change its numbers in the code.
"""
_SLIDERS = """\
def draw(seed=0, **latent):
    sliders = GenerateConfig(seed=seed, latent=tuple(latent.values()))
    return sample_grid(sampler.sample(sliders)).resize((280, 280), 0)


try:
    from ipywidgets import FloatSlider, IntSlider, interact
except ImportError:
    picture = draw(seed=0, z1=1.5, z2=-1.0)
else:
    numbers = {f"z{place}": FloatSlider(0, min=-3, max=3, step=0.1) for place in range(1, 7)}
    picture = interact(draw, seed=IntSlider(0, min=0, max=100), **numbers).widget
picture
"""
_PYTHON = re.compile(r"```python\n(.*?)```\n(?:\n```text\n(.*?)```\n)?", re.DOTALL)


def blocks() -> list[tuple[str, str]]:
    """Return the Python of the tutorial, each block with what it prints, nothing where that is not said."""
    return [(code, printed) for code, printed in _PYTHON.findall(TUTORIAL.read_text(encoding="utf-8"))]


def text() -> str:
    """Return the notebook as the file holds it."""
    words = TUTORIAL.read_text(encoding="utf-8")
    cells = [_cell("code", _INSTALL)]
    from_here = 0
    for found in _PYTHON.finditer(words):
        cells += [_cell("markdown", _links(words[from_here : found.start()])), _cell("code", _shown(found[1]))]
        from_here = found.end()
    cells += [_cell("markdown", _links(words[from_here:])), _cell("markdown", _SLIDERS_TEXT), _cell("code", _SLIDERS)]
    for number, cell in enumerate(cells, 1):
        cell["id"] = f"cell-{number:02}"
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook = {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"


def _cell(kind: str, content: str) -> dict[str, object]:
    cell: dict[str, object] = {"cell_type": kind, "metadata": {}, "source": content.strip("\n").splitlines(True)}
    if kind == "code":
        cell |= {"execution_count": None, "outputs": []}
    return cell


def _shown(code: str) -> str:
    """Have a notebook show the picture that a block makes."""
    return f"{code}picture\n" if "picture = " in code else code


def _links(words: str) -> str:
    """Have links lead from `examples/` to where they lead from `docs/`."""
    return re.sub(r"\]\((?![a-z]+:|#)", "](../docs/", words)


def main() -> None:
    """Write the committed file."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    FILE.write_text(text(), encoding="utf-8", newline="\n")
    print(f"wrote {FILE.name}: {len(blocks())} blocks of code")


if __name__ == "__main__":
    main()
