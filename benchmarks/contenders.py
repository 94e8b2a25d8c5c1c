"""Those who compete in `training.py`: each trains in processes of its own and hands in what it had at given times."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from bridge import Server
from numpy.typing import NDArray

from ganmnist.dataset import Dataset
from ganmnist.generation.sampler import Sampler
from ganmnist.latent.vectors import from_seed
from ganmnist.models.store import ModelFolder, ModelStore
from ganmnist.training.presets import PRESETS

SCRIPTS = {"keras": "keras_dcgan.py", "plain": "plain_dcgan.py"}
PATIENCE = 60.0  # seconds that a first model may be late
_TRIAL = 3.0  # seconds of the training that tells how long everything around a training takes
_SPARE = 1.0  # seconds left for the judge's last word, which the trial is too short for
_DRAWING = 1  # seed of the latents: 0 is that of the judge that chooses a model while it trains


@dataclass(frozen=True)
class Shot:
    """What a contender had at one time.

    Attributes:
        time: Seconds it was asked for.
        seconds: Seconds from the press of Train, or from the start of its process, to this state.
        step: Steps until then.
        per_epoch: Seconds for 60,000 images, by the training's own clock.
        draw: Draws an image for each of the classes it is given, of that class if it knows any: uint8 (N, 28, 28).
        classes: Whether it knows them.
    """

    time: float
    seconds: float
    step: int
    per_epoch: float
    draw: Callable[[NDArray[np.int64]], NDArray[np.uint8]]
    classes: bool


@contextmanager
def neighbours(count: int) -> Iterator[None]:
    """Have so many programs beside, each of which takes all of a core that it is given."""
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for process in busy:
            process.kill()
            process.wait()


def train_preset(preset: str, scratch: Path, times: Sequence[float], seed: int, loss: str | None) -> Iterator[Shot]:
    """Press Train on a real server and copy what it has published at each time; the last time is the budget.

    Args:
        preset: Name of the preset.
        loss: Loss in place of the preset's.
        scratch: Empty folder.
        times: Seconds after the press, rising.
        seed: Seed of the training.
    """
    with Server(scratch) as server:
        server.generate()  # by now it has imported all it needs, as in front of a user
        settings = {"preset": preset} | ({"loss": loss} if loss else {})
        around = _press(server, "trial", settings, 0, _TRIAL).wait() - _TRIAL
        budget = times[-1] - around - _SPARE
        if budget <= 0:
            raise SystemExit(f"times: {times[-1]:g} s are too short, {around + _SPARE:.1f} s pass around a training")
        print(f"{preset}: {around:.1f} s pass around a training, {budget:.1f} s are left for it", flush=True)
        run = _press(server, preset, settings, seed, budget)
        model = ModelStore(scratch).folder(run.id, preset)
        copies = []
        for moment in times[:-1]:
            run.watch(moment)
            copies.append((moment, _copy(model, scratch / f"{moment:g}"), run.seconds()))
        run.watch(budget)
        ended = run.wait()
        copies.append((times[-1], _copy(model, scratch / f"{times[-1]:g}"), ended))
    for moment, folder, seconds in copies:
        manifest = folder.manifest()
        per_epoch = manifest.seconds / manifest.step * (60_000 // PRESETS[preset].batch_size)
        yield Shot(moment, seconds, manifest.step, per_epoch, partial(_draw, folder), manifest.networks.classes > 0)


def train_script(
    name: str, python: str, data: Dataset, scratch: Path, times: Sequence[float], seed: int
) -> Iterator[Shot]:
    """Run a script that times itself with a Stopwatch.

    Args:
        name: One of SCRIPTS.
        python: Interpreter that runs it.
        data: Images to train on.
        scratch: Empty folder.
        times: Seconds after the start of its process, rising.
        seed: Seed of the training.
    """
    images = scratch / "images.npy"
    np.save(images, data.train_images, allow_pickle=False)
    options = ["--seed", str(seed), "--times", *(f"{moment:g}" for moment in times), "--started", repr(time.time())]
    command = [python, Path(__file__).with_name(SCRIPTS[name]), images, scratch, *options]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        raise SystemExit(f"{SCRIPTS[name]} ended with exit status {done.returncode}:\n{done.stderr}")
    report = json.loads((scratch / "report.json").read_bytes())
    for shot in report["shots"]:
        path = scratch / f"{shot['time']:g}.npy"
        pace = report["seconds_per_epoch"]
        yield Shot(shot["time"], shot["seconds"], shot["step"], pace, partial(_read, path), classes=False)


@dataclass(frozen=True)
class _Run:
    """A training on a server, and when Train was pressed."""

    server: Server
    id: str
    pressed: float

    def seconds(self) -> float:
        return time.monotonic() - self.pressed

    def watch(self, until: float) -> None:
        """Wait until so many seconds after the press, and ask once a second, as a component in Grasshopper does."""
        while (left := until - self.seconds()) > 0:
            time.sleep(min(left, 1.0))
            self._is_over()

    def wait(self) -> float:
        """Wait for its end and return how many seconds after the press that was."""
        while not self._is_over():
            time.sleep(0.05)
        return self.seconds()

    def _is_over(self) -> bool:
        run = self.server.call("GET", f"/api/runs/{self.id}")
        if run["state"] not in ("queued", "running", "succeeded"):
            raise SystemExit(f"{run['settings']['preset']}: its training is {run['state']}: {run['problem']}")
        return bool(run["state"] == "succeeded")


def _press(server: Server, model: str, settings: dict[str, str], seed: int, budget: float) -> _Run:
    pressed = time.monotonic()
    return _Run(server, server.start(model=model, **settings, seed=seed, seconds=budget), pressed)


def _copy(source: ModelFolder, home: Path) -> ModelFolder:
    """Copy a model that is being trained, and with it the moment: the weights bear their checksum in their name."""
    copy = ModelStore(home).folder(source.id, source.name)
    copy.path.mkdir(parents=True)
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            manifest = (source.path / "model.json").read_bytes()
            weights = json.loads(manifest)["weights"]
            (copy.path / weights).write_bytes((source.path / weights).read_bytes())
        except FileNotFoundError:  # nothing is published yet, or something newer just now
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            (copy.path / "model.json").write_bytes(manifest)
            return copy


def _draw(folder: ModelFolder, labels: NDArray[np.int64]) -> NDArray[np.uint8]:
    sampler = Sampler.load(folder)
    return sampler.generate(from_seed(_DRAWING, len(labels), sampler.latent_dim), labels)


def _read(path: Path, labels: NDArray[np.int64]) -> NDArray[np.uint8]:
    samples: NDArray[np.uint8] = np.load(path, allow_pickle=False)
    return samples[: len(labels)]
