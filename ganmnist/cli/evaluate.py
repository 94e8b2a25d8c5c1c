"""The command line's `evaluate`: the figures of a model, or of a file of samples, beside those of real images."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ganmnist import paths
from ganmnist.class_names import DIGITS
from ganmnist.cli.data import add_directory, load
from ganmnist.cli.options import add_command, add_settings, given
from ganmnist.cli.progress import bar
from ganmnist.cli.tables import print_table
from ganmnist.config import EvaluateConfig
from ganmnist.errors import SettingError
from ganmnist.models.manifest import BUNDLED
from ganmnist.models.store import ModelStore
from ganmnist.validation import read_settings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ganmnist.cli.options import Commands
    from ganmnist.dataset import Dataset
    from ganmnist.models.figures import Evaluation


def add_evaluate(commands: Commands) -> None:
    """Add the command `evaluate`."""
    added = add_command(commands, "evaluate", evaluate)
    added.add_argument(
        "what", nargs="?", help="Name of a model, the bundled one unless given, or a .npy file of samples."
    )
    added.add_argument("--model", metavar="NAME", help="Name of the model, as other commands take it.")
    add_directory(added)
    add_settings(added, EvaluateConfig)


def evaluate(options: argparse.Namespace) -> None:
    """Measure how good the digits of a model are, beside real ones."""
    from ganmnist.data import synthetic
    from ganmnist.evaluation.evaluate import Evaluator

    if options.what and options.model:
        raise SettingError(f"evaluate: {options.what} or --model {options.model}, not both")
    what: str | None = options.what or options.model
    config = read_settings(EvaluateConfig, given(options, EvaluateConfig))
    found = load(options.directory, (options.directory is None and _learned_from(what)) or None)
    with bar("looking") as advance:  # which also refuses too few of them, before anything is drawn
        evaluator = Evaluator(found, lambda fraction: advance(100 * fraction, found.name))
    images = _samples(what, config.count, found)
    with bar("judging") as advance:
        judged = evaluator.evaluate(images, lambda fraction: advance(50 * fraction, "the samples"))
        baseline = evaluator.real_baseline(len(images), lambda fraction: advance(50 + 50 * fraction, found.name))
    remarks = [evaluator.remark] if evaluator.remark else []
    if found.name == synthetic.NAME:
        remarks.append(f"Compared with digits of {found.source}. Real digits are another measure.")
    if baseline.images < judged.images:
        remarks.append("The fewer the images, the higher the Frechet distance: --count evens the numbers.")
    if options.json:
        figures = baseline.model_dump()  # for one release under its former name, floor, too
        told = {"samples": judged.model_dump(), "real_baseline": figures, "floor": figures}
        print(json.dumps({**told, "data": found.name, "remarks": remarks}))
        return
    compared = synthetic.NAME if found.name == synthetic.NAME else f"real images of {found.name}"
    _print(what or BUNDLED, judged, compared, baseline, found.classes, remarks)


def _print(
    name: str, judged: Evaluation, compared: str, baseline: Evaluation, classes: Sequence[str], remarks: list[str]
) -> None:
    rows = [
        (figure, f"{getattr(judged, figure):.3f}", f"{getattr(baseline, figure):.3f}")
        for figure in ("frechet", "inception", "confident", "precision", "recall")
    ]
    if {*classes} <= {*DIGITS}:  # the judge sees digits in whatever there is
        for digit, share, true in zip(DIGITS, judged.classes, baseline.classes, strict=True):
            rows.append((f"share of {digit}", f"{share:.1%}", f"{true:.1%}"))
    print_table(("figure", name, compared), rows, spare=(), wrapped=())
    print("\n".join([f"{judged.images:,} images beside {baseline.images:,}", *remarks]))


def _learned_from(what: str | None) -> str | None:
    """Return the data set by whose name a model was trained, if it was by one."""
    if what is None or what.endswith(".npy"):
        return None
    return ModelStore(paths.home()).manifest(what).settings.data


def _samples(what: str | None, count: int, data: Dataset) -> NDArray[np.uint8]:
    """Read a file of samples, or have a model draw them, with the classes in the proportions of the real images."""
    from ganmnist.evaluation.evaluate import read_samples
    from ganmnist.generation.draw_like import draw_like
    from ganmnist.generation.sampler import Sampler

    if what and what.endswith(".npy"):
        return read_samples(Path(what))[:count]
    sampler = Sampler.load(ModelStore(paths.home()).find(what))
    with bar("sampling") as advance:
        return draw_like(data, sampler, count, lambda fraction: advance(100 * fraction, sampler.name))
