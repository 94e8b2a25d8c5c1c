"""How quick is the way from z to the answer over HTTP? Starts a server in an empty home and prints a table.

    python benchmarks/geometry.py [--calls 30]

Relief meshes of 1 and of 64 digits, from the first byte of the question to the last of the answer: the bars are 8 and
60 ms on two cores, medians. Beside them in the same run stands what a straightforward version takes for the same,
without HTTP: a digit at a time, faces in plain loops, and rhino3dm's own encoding. Machines differ and are noisy: read
the ratios.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import rhino3dm
from bridge import Server

from ganmnist import GenerateConfig, ModelStore
from ganmnist.config import GeometryConfig
from ganmnist.export.rhino import encode
from ganmnist.generation.sampler import Sampler
from ganmnist.geometry.forms import build
from ganmnist.latent.vectors import inputs

BARS = {1: 8, 64: 60}  # ms


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=30)
    calls = parser.parse_args().calls
    print("digits  z to answer    bar  straightforward  ratio  draw, encode")
    with tempfile.TemporaryDirectory() as folder, Server(Path(folder)) as server:
        import torch

        torch.set_num_threads(1)
        sampler = Sampler.load(ModelStore(Path(folder)).find(None))
        for count, bar in BARS.items():
            z = inputs(GenerateConfig(count=count), sampler.latent_dim, sampler.classes)
            images = sampler.generate(z)
            body = json.dumps({"z": z.tolist()})
            server.ask("POST", "/api/generate", body)
            ours = median(lambda body=body: server.ask("POST", "/api/generate", body), calls)
            plain = median(lambda z=z: straightforward(sampler, z), max(3, calls // 10))
            draw = median(lambda z=z: sampler.generate(z), calls)
            packed = median(lambda images=images: [encode(piece) for piece in build(images, GeometryConfig())], calls)
            parts = f"{draw:.1f}, {packed:.1f}"
            print(f"{count:>6} {ours:>9.1f} ms {bar:>3} ms {plain:>13.1f} ms {plain / ours:>5.1f}x   {parts}")


def straightforward(sampler: Sampler, z: np.ndarray) -> list[dict]:
    """Make the same meshes as one would who does not mind the time."""
    made = []
    for vector in z:
        (image,) = sampler.generate(vector[None])
        mesh = rhino3dm.Mesh()
        rows, columns = image.shape
        for row in range(rows):
            for column in range(columns):
                grey = int(image[row, column])
                mesh.Vertices.Add(float(column), float(rows - 1 - row), grey * 4 / 255)
                mesh.VertexColors.Add(grey, grey, grey)
        for row in range(rows - 1):
            for column in range(columns - 1):
                at = row * columns + column
                mesh.Faces.AddFace(at + columns, at + columns + 1, at + 1, at)
        mesh.Normals.ComputeNormals()
        made.append(mesh.Encode())
    return made


def median(act: Callable[[], object], times: int) -> float:
    """Return the median of the milliseconds that something takes."""
    seconds = []
    for _ in range(times):
        started = time.perf_counter()
        act()
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds) * 1e3


if __name__ == "__main__":
    main()
