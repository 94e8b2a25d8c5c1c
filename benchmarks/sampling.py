"""How long does a digit take? One z and 64 z through the bundled generator, in the ways torch has; cold start, memory.

    python benchmarks/sampling.py [--calls 40]

Each way is compared with `Sampler.generate`, which promises the same bytes for the same z: how many of 64 digits come
out otherwise, and by how many grey levels at most.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from ganmnist import paths
from ganmnist.generation.sampler import Sampler
from ganmnist.latent.vectors import from_seed
from ganmnist.models.store import ModelStore
from ganmnist.pixels import to_images

Images = NDArray[np.uint8]
Way = Callable[[NDArray[np.float32]], Images]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=40)
    calls = parser.parse_args().calls
    torch.set_num_threads(1)  # as the server does: a digit is too small to share
    sampler = Sampler.load(ModelStore(paths.home()).find(None))
    z = from_seed(3, 64, sampler.latent_dim)
    exact = sampler.generate(z)
    print("| way | one z, ms | 64 z, ms | other digits | grey levels |")
    print("| --- | --: | --: | --: | --: |")
    for name, way in ways(sampler).items():
        images = way(z)
        off = np.abs(images.astype(int) - exact)
        took = f"{clock(way, z[:1], calls):.2f}", f"{clock(way, z, calls):.1f}"
        figures = [*took, str((off.max((1, 2)) > 0).sum()), str(off.max())]
        print(f"| {name} | {' | '.join(figures)} |")
    print(f"\ncold start: ganmnist generate --out digit.png took {statistics.median(cold_starts(min(calls, 5))):.2f} s")
    print(f"memory of this process: {memory():.0f} MB, of which the model {weights(sampler) / 1e6:.1f} MB")


def ways(sampler: Sampler) -> dict[str, Way]:
    """Return the ways to run the generator, by name."""
    generator = sampler._generator
    inputs = torch.from_numpy(sampler._inputs(from_seed(0, 1, sampler.latent_dim), None))
    with torch.inference_mode():
        traced = torch.jit.optimize_for_inference(torch.jit.freeze(torch.jit.trace(generator, inputs)))

    def one_by_one(z: NDArray[np.float32]) -> Images:
        with torch.inference_mode():
            parts = torch.split(torch.from_numpy(sampler._inputs(z, None)), 1)
            return np.concatenate([to_images(traced(part)) for part in parts])

    return {"Sampler.generate": sampler.generate, "torch.jit, one by one": one_by_one}


def clock(way: Way, z: NDArray[np.float32], calls: int) -> float:
    """Return how long a call takes, in milliseconds."""
    times = []
    for _ in range(calls):
        start = time.perf_counter()
        way(z)
        times.append(1000 * (time.perf_counter() - start))
    return statistics.median(times)


def cold_starts(calls: int) -> list[float]:
    """Return how long the command line takes from nothing to a file, a few times, in seconds."""
    times = []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(calls):
            start = time.perf_counter()
            command = [sys.executable, "-m", "ganmnist", "generate", "--out", str(Path(folder) / "digit.png")]
            subprocess.run(command, check=True, capture_output=True)
            times.append(time.perf_counter() - start)
    return times


def memory() -> float:
    import psutil

    return float(psutil.Process().memory_info().rss / 1e6)


def weights(sampler: Sampler) -> int:
    return sum(value.numel() * value.element_size() for value in sampler._generator.state_dict().values())


if __name__ == "__main__":
    main()
