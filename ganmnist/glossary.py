"""The glossary: the terms of the field and the layers; `python -m ganmnist.glossary` writes docs/glossary.md.

The file is committed. The server passes the same on to the page, and the components are built with it. No torch.
"""

from __future__ import annotations

import argparse
from inspect import cleandoc
from pathlib import Path

from ganmnist.layers import LAYERS
from ganmnist.terms import TERMS, Term

FILE = Path(__file__).resolve().parents[1] / "docs" / "glossary.md"


def glossary() -> list[Term]:
    """Return all terms by their names: those of the field, and each layer with the first sentences of its own."""
    layers = {name: Term(name, _says(layer)) for name, layer in LAYERS.items()}
    return sorted([*TERMS.values(), *layers.values()], key=lambda term: term.name.lower())


def text() -> str:
    """Return the page as the file holds it."""
    lines = [
        "# Glossary",
        "",
        "This page is written by `python -m ganmnist.glossary` from the terms in `ganmnist/terms.py` and the layers in",
        "`ganmnist/layers`. On the server's page a touch on a dotted word says the same. The [tutorial](tutorial.md)",
        "explains them where they are needed, with their reasons.",
        "",
        "| term | what it is |",
        "| --- | --- |",
        *(f"| {_written(term)} | {term.says} |" for term in glossary()),
    ]
    return "\n".join(lines) + "\n"


def _written(term: Term) -> str:
    return f"[{term.name}](layers.md#{term.name.lower()})" if term.name in LAYERS else f"**{term.name}**"


def _says(layer: type) -> str:
    return " ".join(cleandoc(layer.__doc__ or "").split("\n\n")[0].split())


def main() -> None:
    """Write the committed file."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    FILE.write_text(text(), encoding="utf-8", newline="\n")
    print(f"wrote {FILE.name}: {len(glossary())} terms")


if __name__ == "__main__":
    main()
