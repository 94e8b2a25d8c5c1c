"""The table of all definitions, and what they are written with."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial

from ghpython_components.archive import ArchiveError, from_bytes
from ghpython_components.definitions.digits import first_digit, forms, latent_sliders
from ghpython_components.definitions.files import export_and_restore
from ghpython_components.definitions.latents import alphabet, between_and_sheet, sketch
from ghpython_components.definitions.networks import tutorial, walk
from ghpython_components.definitions.steps import NewRow
from ghpython_components.definitions.training import own_pictures, watch_a_training
from ghpython_components.document.canvas import WRITTEN, Canvas
from ghpython_components.document.layout import Row
from ghpython_components.document.script_component import Rhino
from ghpython_components.sources.component import Component, version

_DEFINITIONS: dict[str, tuple[str, Callable[[Canvas, NewRow], None]]] = {
    "01_first_digit": (
        "A digit as a mesh that follows sliders, and a button that trains a model of your own.",
        first_digit,
    ),
    "02_the_tutorial": (
        "A GAN in seven steps: data, both networks layer by layer, training, sliders, a digit.",
        tutorial,
    ),
    "03_latent_sliders": ("One digit that follows sliders with a name, and many digits from a seed.", latent_sliders),
    "04_walk": ("The feature maps of each layer of the generator on the way to a digit, stacked.", walk),
    "05_forms": ("One digit as solids to print, as contours and as points.", forms),
    "06_between_and_sheet": (
        "The digits on the way from one to another, and rows and columns around one.",
        between_and_sheet,
    ),
    "07_watch_a_training": (
        "Losses as curves, the film of a digit that grows out of noise, and the list of models.",
        watch_a_training,
    ),
    "08_sketch": ("Curves drawn in Rhino, and the digit of the model that is nearest to them.", sketch),
    "09_export_and_restore": (
        "Digits saved as a file that remembers where they come from, and made again from it.",
        export_and_restore,
    ),
    "10_own_pictures": (
        "Pictures of your own, imported from a folder, learned from and drawn.",
        own_pictures,
    ),
    "11_alphabet": (
        "One letter in two hands, out of the fonts of this machine, and solids of what lies between.",
        alphabet,
    ),
}


def names() -> list[str]:
    """Return the names of all definitions."""
    return list(_DEFINITIONS)


def definition(name: str, components: Sequence[Component], rhino: Rhino) -> Canvas:
    """Return a definition for one of the two Rhinos."""
    description, draw = _DEFINITIONS[name]
    canvas = Canvas(name, f"{description} (ganmnist {version()})", rhino)
    draw(canvas, partial(Row, canvas, {component.name: component for component in components}))
    return canvas


def our_version(content: bytes) -> str | None:
    """Return the version of a .gh file that is as we wrote it, or None: what a user has saved is the user's."""
    try:
        properties = from_bytes(content).chunk("Definition").chunk("DefinitionProperties")
    except ArchiveError:
        return None
    stamped = re.fullmatch(r".* \(ganmnist (\S+)\)", properties.get("Description") or "")
    return stamped[1] if stamped and properties.get("Date") == WRITTEN else None
