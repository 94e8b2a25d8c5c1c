"""What a graphics card is worth: the preset `fast` on it and, for the same times, on the processor of this machine.

    python benchmarks/device.py [--device auto|cuda|mps|xpu] [--times 2 5 10 30] [--samples 5000]

For each device and time a training of its own, with that budget, which ends in a quiet end as a user's would: steps a
second once it is under way, and FID against MNIST's test images. Then how long one digit takes, and a thousand. At most
five minutes. Without an accelerator it measures the processor, and says so.
"""

from __future__ import annotations

import argparse
import statistics
import time
from typing import get_args

import numpy as np
import torch
from training import machine

from ganmnist.config import DeviceName, TrainConfig
from ganmnist.data.load import load_data
from ganmnist.dataset import Dataset
from ganmnist.device import PROCESSOR
from ganmnist.errors import DeviceError
from ganmnist.evaluation.evaluate import Evaluator
from ganmnist.generation.sampler import load_model
from ganmnist.latent.vectors import from_seed
from ganmnist.training.loop import Progress, train
from ganmnist.training.presets import recipe
from ganmnist.training.runner import choose_device, step_seconds

_WARM = 0.3  # share of a training in which its pace is not measured yet
_CALLS = 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", choices=get_args(DeviceName), default="auto")
    parser.add_argument("--times", type=float, nargs="+", metavar="S", default=[2, 5, 10, 30], help="seconds")
    parser.add_argument("--samples", type=int, metavar="N", default=5000, help="digits by which each is judged")
    options = parser.parse_args()

    config = TrainConfig(device=options.device)
    try:
        choice = choose_device(config, recipe(config))
    except DeviceError as error:
        raise SystemExit(f"device.py: {error}") from None
    print(f"{hardware(choice.device)}; torch {torch.__version__}; {choice.device.type}: {choice.why}")
    for problem in choice.problems:
        print(problem)
    if choice.device == PROCESSOR:
        print("No accelerator: what follows is the processor alone.")
    torch.set_num_threads(1)  # as the server draws; a training chooses for itself
    devices = list(dict.fromkeys([choice.device.type, "cpu"]))
    data = load_data()
    evaluator = Evaluator(data)

    print("\n| device | ms a step, tried out | one digit, ms | 1,000 digits, ms |\n| --- | --: | --: | --: |")
    for device in devices:
        plan = recipe(TrainConfig())
        step = 1000 * step_seconds(plan, torch.device(device))
        print(f"| {device} | {step:.2f} | {drawing(device, 1):.2f} | {drawing(device, 1000):.1f} |", flush=True)

    print("\n| device | seconds | steps | steps a second | FID | recall |\n| --- | --: | --: | --: | --: | --: |")
    for device in devices:
        for seconds in sorted(options.times):
            print(row(device, seconds, data, evaluator, options.samples), flush=True)


def row(device: DeviceName, seconds: float, data: Dataset, evaluator: Evaluator, samples: int) -> str:
    """Train for a time, and return what came out as a row of the table."""
    known: list[tuple[float, int]] = []

    def note(progress: Progress) -> None:
        known.append((progress.seconds, progress.step))

    sampler = train(data, TrainConfig(seconds=seconds, device=device), on_progress=note, adapt=True)
    labels = np.random.default_rng(1).choice(data.train_labels, samples).astype(np.int64)
    figures = evaluator.evaluate(sampler.generate(from_seed(1, samples, sampler.latent_dim), labels))
    (begun, first), (ended, last) = known[int(len(known) * _WARM)], known[-1]
    pace = (last - first) / max(ended - begun, 1e-9)
    return f"| {device} | {seconds:g} | {last:,} | {pace:,.0f} | {figures.frechet:.1f} | {figures.recall:.2f} |"


def drawing(device: DeviceName, count: int) -> float:
    """Return how long the bundled model takes for so many digits, in milliseconds."""
    sampler = load_model(device=device)
    sampler.generate(from_seed(4, min(count, 16), sampler.latent_dim))
    z, times = from_seed(3, count, sampler.latent_dim), []
    for _ in range(_CALLS if count == 1 else 1):
        start = time.perf_counter()
        sampler.generate(z)  # as bytes, on the processor: whatever it is drawn on is waited for
        times.append(1000 * (time.perf_counter() - start))
    return statistics.median(times)


def hardware(device: torch.device) -> str:
    """Return what is computed with."""
    named = device.type in ("cuda", "xpu")
    return f"{torch.get_device_module(device).get_device_name(device)}, {machine()}" if named else machine()


if __name__ == "__main__":
    main()
