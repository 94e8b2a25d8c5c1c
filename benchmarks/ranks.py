"""What several processes gain: images a second of one and of two, with one thread each, and FID at as many images seen.

    python benchmarks/ranks.py [--ranks 1 2] [--presets tutorial fast] [--seconds 10] [--rounds 3]
                               [--images 25600] [--seeds 0 1] [--samples 5000]

A batch is divided among the processes, so every preset is tried with its own batch in all, and with its own batch in
each process. The trainings take turns, so that a neighbour who comes and goes hits all of them. Where others use the
machine, images a second say little: so there is the processor time of an image beside them, without the time that a
process waits for another, and what follows from it where each process has a core to itself. FID is of trainings on so
many images, with the quiet end that a user's have; --images 0 leaves them out.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from training import machine

from ganmnist.config import TrainConfig
from ganmnist.data.load import load_data
from ganmnist.evaluation.evaluate import Evaluator
from ganmnist.latent.vectors import from_seed
from ganmnist.training.loop import train
from ganmnist.training.presets import PRESETS
from ganmnist.training.ranks import joined

_WARM = 0.3  # share of a training in which its pace is not measured yet
Result = dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ranks", type=int, nargs="+", default=[1, 2], metavar="N", help="numbers of processes")
    parser.add_argument("--presets", nargs="+", choices=PRESETS, default=["tutorial", "fast"])
    parser.add_argument("--seconds", type=float, default=10, metavar="S", help="of each training that is timed")
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="trainings of each kind that are timed")
    parser.add_argument("--images", type=int, default=25_600, metavar="N", help="that each training sees for its FID")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1], metavar="N", help="of those")
    parser.add_argument("--samples", type=int, default=5000, metavar="N", help="digits by which each is judged")
    parser.add_argument("--as-one-of", type=Path, metavar="DIR", help=argparse.SUPPRESS)  # where torchrun starts it
    options = parser.parse_args()
    if options.as_one_of:
        take_part(options.as_one_of)
        return

    print(f"{machine()}; torch {torch.__version__}; one thread in each process")
    kinds = [
        (preset, ranks, batch)
        for preset in options.presets
        for batch in sorted({PRESETS[preset].batch_size * ranks for ranks in options.ranks})
        for ranks in options.ranks
        if batch % ranks == 0
    ]
    if options.rounds:
        print(paces(kinds, options.rounds, options.seconds), flush=True)
    if options.images:
        print(quality(kinds, options.images, options.seeds, options.samples))


def paces(kinds: list[tuple[str, int, int]], rounds: int, seconds: float) -> str:
    """Time each kind of training, preset, processes and images a step, in turn, and return a table."""
    found: dict[tuple[str, int, int], list[Result]] = {kind: [] for kind in kinds}
    for _ in range(rounds):
        for preset, ranks, batch in kinds:
            config = TrainConfig(preset=preset, seconds=seconds, batch_size=batch, device="cpu")
            found[preset, ranks, batch].append(started(ranks, config))
    rows = [
        "\n| preset | images a step | processes | images a second | processor ms an image, in all "
        "| images a second with a core each, at most |\n| --- | --: | --: | --: | --: | --: |"
    ]
    for (preset, ranks, batch), results in found.items():
        pace, busy, alone = (
            statistics.median(result[name] for result in results) for name in ("pace", "busy", "alone")
        )
        rows.append(f"| {preset} | {batch} | {ranks} | {pace:,.0f} | {1000 * busy:.2f} | {alone:,.0f} |")
    return "\n".join(rows)


def quality(kinds: list[tuple[str, int, int]], images: int, seeds: Iterable[int], samples: int) -> str:
    """Train each kind on so many images, and return FID and recall as a table."""
    rows = ["\n| preset | images a step | processes | steps | FID | recall |\n| --- | --: | --: | --: | --: | --: |"]
    for preset, ranks, batch in kinds:
        results = [
            started(ranks, TrainConfig(preset=preset, steps=images // batch, batch_size=batch, seed=seed), samples)
            for seed in seeds
        ]
        distances = ", ".join(f"{result['fid']:.1f}" for result in results)
        recalls = ", ".join(f"{result['recall']:.2f}" for result in results)
        rows.append(f"| {preset} | {batch} | {ranks} | {images // batch:,} | {distances} | {recalls} |")
    return "\n".join(rows)


def started(ranks: int, config: TrainConfig, samples: int = 0) -> Result:
    """Have so many processes train, and return what they measured."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "task.json").write_text(json.dumps([config.model_dump(mode="json"), samples]))
        subprocess.run(
            [
                *(sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(ranks)),
                *(__file__, "--as-one-of", folder),
            ],
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            check=True,
        )
        parts = [json.loads((Path(folder) / f"{rank}.json").read_text()) for rank in range(ranks)]
    count, busiest = parts[0]["images"], max(part["processor"] for part in parts)
    return {
        **parts[0],
        "pace": count / parts[0]["seconds"],
        "busy": sum(part["processor"] for part in parts) / count,
        "alone": count / busiest,
    }


def take_part(folder: Path) -> None:
    """Train as one of several processes, and write what this one has measured."""
    settings, samples = json.loads((folder / "task.json").read_text())
    config, steps = TrainConfig.model_validate(settings), list[tuple[float, float]]()

    def note() -> bool:
        steps.append((time.perf_counter(), time.process_time()))
        return False

    with joined() as ranks:
        with ranks.leader_first():
            data = load_data()
        sampler = train(data, config, should_stop=note, ranks=ranks)
    first = int(len(steps) * _WARM)
    seconds, processor = (end - begun for begun, end in zip(steps[first], steps[-1], strict=True))
    batch = config.batch_size or PRESETS[config.base].batch_size
    result: Result = {"images": (len(steps) - 1 - first) * batch, "seconds": seconds, "processor": processor}
    if samples and ranks.leads:
        labels = np.random.default_rng(1).choice(data.train_labels, samples).astype(np.int64)
        figures = Evaluator(data).evaluate(sampler.generate(from_seed(1, samples, sampler.latent_dim), labels))
        result.update(fid=figures.frechet, recall=figures.recall)
    (folder / f"{ranks.rank}.json").write_text(json.dumps(result))


if __name__ == "__main__":
    main()
