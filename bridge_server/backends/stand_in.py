"""Whether the digits that stand in for MNIST were drawn before."""

from __future__ import annotations

from pathlib import Path

from ganmnist.data import synthetic
from ganmnist.data.load import MNIST

DRAWN = f"{synthetic.NAME}, digits of the bundled model, is here already and stands in where MNIST cannot be had"


def is_drawn(home: Path) -> bool:
    """Tell whether a training without the network finds them as files."""
    folder = home / "data" / synthetic.NAME
    return all((folder / f"{name}.gz").exists() for name in MNIST)
