"""How good are the digits after so many steps? Trains our presets on one thread, prints a table and draws a plot.

    python benchmarks/steps.py [--only fast hinge] [--seeds 1] [--steps 800 1600]

What `training.py` measures in seconds is a machine's own. Here a training has a budget in steps, which its learning
rate decays over, and gives the same bits on every machine with the same torch. Each number of steps is a training of
its own. The contenders called after losses are the preset fast with another loss. 10,000 samples, with classes as
frequent as in MNIST, are judged against MNIST's test images and kept beside the figures. What --out holds already is
not trained again; two of these can fill it at once, beside other work.
"""

from __future__ import annotations

import argparse
import importlib.util
import statistics
import time
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from training import OTHER_LOSSES, SAMPLES, Rows, cell, machine, read_results, write_results, write_sheet

from ganmnist.config import TrainConfig
from ganmnist.data.load import load_data
from ganmnist.dataset import Dataset
from ganmnist.evaluation.evaluate import Evaluator
from ganmnist.latent.vectors import from_seed
from ganmnist.training.loop import train

STEPS = {"fast": (800, 1600, 3200, 6300), "tutorial": (1300, 2800, 7500), "unconditional": (1600, 3200, 6300)}
STEPS |= dict.fromkeys(OTHER_LOSSES, (3200,))
SEEDS = {"fast": 5, "tutorial": 3, "unconditional": 3} | dict.fromkeys(OTHER_LOSSES, 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=STEPS, default=list(STEPS), help="these contenders")
    parser.add_argument("--seeds", type=int, metavar="N", help=f"trainings of each (default: {SEEDS})")
    parser.add_argument("--steps", type=int, nargs="+", metavar="N", help=f"(default: {STEPS})")
    parser.add_argument("--samples", type=int, default=SAMPLES, metavar="N", help=f"to judge (default: {SAMPLES:,})")
    parser.add_argument("--out", type=Path, metavar="DIR", default=Path("build/steps"), help="where results go")
    options = parser.parse_args()
    torch.set_num_threads(1)
    data = load_data()
    if data.name != "MNIST":
        raise SystemExit(f"MNIST is needed, found {data.name}")
    evaluator = Evaluator(data)
    labels = np.random.default_rng(1).choice(data.train_labels, options.samples).astype(np.int64)
    for name in options.only:
        for seed in range(options.seeds or SEEDS[name]):
            for steps in options.steps or STEPS[name]:
                if not read_results(options.out, f"{name}-{steps}-{seed}"):
                    measure(name, steps, seed, data, evaluator, labels, options.out)

    baseline = evaluator.real_baseline(options.samples).model_dump()
    found = {name: results(options.out, name) for name in STEPS}
    lines = table({name: rows for name, rows in found.items() if rows}, baseline)
    print("\n".join([*lines, "", f"{machine()}, one thread."]))
    if importlib.util.find_spec("matplotlib"):
        from training_plot import plot, side_by_side

        drawn = {f"preset {name}": rows for name, rows in found.items() if rows and name not in OTHER_LOSSES}
        plot(drawn, baseline["frechet"], options.out / "steps.png", "steps")
        grids = {f"{steps:,} steps": options.out / f"fast-{steps}-0.png" for steps in (800, 3200, 6300)}
        if all(grid.exists() for grid in grids.values()):
            side_by_side(grids, options.out / "fast.png")


def measure(
    name: str, steps: int, seed: int, data: Dataset, evaluator: Evaluator, labels: NDArray[np.int64], out: Path
) -> None:
    """Train and judge once, and keep the figures, the samples and a sheet of them."""
    preset, loss = ("fast", name) if name in OTHER_LOSSES else (name, None)
    began = time.thread_time()
    sampler = train(data, TrainConfig(preset=preset, loss=loss, steps=steps, seed=seed))
    milliseconds = 1000 * (time.thread_time() - began) / steps
    asked = labels if sampler.classes else None
    samples = sampler.generate(from_seed(1, len(labels), sampler.latent_dim), asked)
    path = out / f"{name}-{steps}-{seed}"
    write_sheet(path.with_suffix(".png"), samples, asked)
    np.save(path.with_suffix(".npy"), samples, allow_pickle=False)
    figures = evaluator.evaluate(samples).model_dump()
    write_results(out, path.name, [{"seed": seed, "steps": steps, "milliseconds": milliseconds, **figures}])
    print(f"{name}, seed {seed}, {steps:,} steps: FID {figures['frechet']:.2f}", flush=True)


def results(out: Path, name: str) -> Rows:
    """Return a row for each training of a contender that was judged."""
    return [row for path in sorted(out.glob(f"{name}-*-*.json")) for row in read_results(out, path.stem)]


def table(found: dict[str, Rows], baseline: dict[str, float]) -> list[str]:
    """Return the figures as a table in Markdown: mean and worst of the seeds, and each of them."""
    lines = [
        "| | steps | ms a step | FID, mean (worst) | of each seed | recall, mean (worst) | of real digits' | sure |"
    ]
    lines.append("| --- | --: | --: | --: | --- | --: | --: | --: |")
    for name, rows in found.items():
        for steps in sorted({row["steps"] for row in rows}):
            group = sorted((row for row in rows if row["steps"] == steps), key=lambda row: row["seed"])
            recall = [row["recall"] for row in group]
            cells = [
                f"`{name}`",
                f"{steps:,}",
                f"{statistics.median(row['milliseconds'] for row in group):.0f}",
                cell([row["frechet"] for row in group], max),
                ", ".join(f"{row['frechet']:.1f}" for row in group),
                cell(recall, min),
                f"{statistics.mean(recall) / baseline['recall']:.0%}",
                cell([row["confident"] for row in group], min),
            ]
            lines.append("| " + " | ".join(cells) + " |")
    floor = [f"{baseline[name]:.2f}" for name in ("frechet", "recall", "confident")]
    return [*lines, f"| real digits | | | {floor[0]} | | {floor[1]} | 100% | {floor[2]} |"]


if __name__ == "__main__":
    main()
