"""What a script that competes in `training.py` is told and hands in. Runs without ganmnist."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


class Stopwatch:
    """Times a training from the start of its process, and stands still while samples are drawn.

    Attributes:
        images: uint8 (N, 28, 28), to train on.
        seed: Start of every random choice.
    """

    def __init__(self) -> None:
        """Read the command line."""
        parser = argparse.ArgumentParser()
        parser.add_argument("images", type=Path, help=".npy file of the training images")
        parser.add_argument("out", type=Path, help="folder for the samples: TIME.npy, and report.json")
        parser.add_argument("--started", type=float, required=True, help="start of this process, by time.time()")
        parser.add_argument("--times", type=float, nargs="+", required=True, help="seconds at which to draw samples")
        parser.add_argument("--seed", type=int, required=True)
        options = parser.parse_args()
        self.images: NDArray[np.uint8] = np.load(options.images, allow_pickle=False)
        self.seed = options.seed
        options.out.mkdir(parents=True, exist_ok=True)
        self._out, self._times, self._started = options.out, sorted(options.times), options.started
        self._paused = 0.0
        self._step, self._first = 0, 0.0
        self._shots: list[dict[str, float]] = []

    def step(self, draw: Callable[[], NDArray[np.uint8]], per_epoch: int) -> bool:
        """Take note that a training step has ended, draw samples if it is time, tell whether to go on.

        Args:
            draw: Draws the samples, uint8 (N, 28, 28).
            per_epoch: Steps in an epoch.
        """
        seconds = time.time() - self._started - self._paused
        self._step += 1
        if self._step == 1:
            self._first = seconds  # not counted in the pace: Keras compiles in it
        while self._times and seconds >= self._times[0]:
            begun = time.time()
            asked = self._times.pop(0)
            np.save(self._out / f"{asked:g}.npy", draw(), allow_pickle=False)
            self._shots.append({"time": asked, "seconds": seconds, "step": self._step})
            self._paused += time.time() - begun
        if not self._times:
            pace = (seconds - self._first) / max(self._step - 1, 1) * per_epoch
            report = {"seconds_per_epoch": pace, "shots": self._shots}
            (self._out / "report.json").write_text(json.dumps(report), encoding="utf-8")
        return bool(self._times)
