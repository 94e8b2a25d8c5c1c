"""Evaluates a training in the background: shows it, judges it, publishes it. No step waits for that.

The judge takes half a second, on a busy machine ten times that: what is newer by then is shown and published meanwhile.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganmnist.dataset import Dataset
from ganmnist.evaluation.copying import Originals
from ganmnist.evaluation.evaluate import Estimator
from ganmnist.evaluation.judgement import Judgement
from ganmnist.generation.sampler import Sampler
from ganmnist.latent.vectors import from_seed, in_turn
from ganmnist.models.figures import Estimate
from ganmnist.models.frames import Frame, FrameKeeper
from ganmnist.models.manifest import ModelManifest
from ganmnist.models.store import ModelFolder
from ganmnist.training.diagnostics import EARLY

PREVIEW_IMAGES = 16
_JUDGED_IMAGES = 1000
_PARTS = 10  # in which they are drawn
_COMPARED_IMAGES = 64  # with the few that were learned from
_JUDGE_AFTER = 15.0  # seconds of training before the first judgement: until then everything gets better
_JUDGE_AT_END = 10.0  # seconds; a training shorter than this is not judged at all
_JUDGE_SECONDS = (10.0, 30.0)  # between two judgements
_JUDGE_REST = (
    5.0  # times as long as the last took, from its beginning: beside other programs it takes the training's time
)
_TOLERANCE = 1.25  # a model so much worse than the best may be as good: a thousand images tell no closer


@dataclass(frozen=True)
class Snapshot:
    """The averaged generator at one step, with the manifest it would be published under.

    Attributes:
        discriminator: The weights of the discriminator at that step, where somebody has asked for them.
    """

    manifest: ModelManifest
    weights: dict[str, Tensor]
    discriminator: dict[str, Tensor] | None = None

    def sampler(self) -> Sampler:
        return Sampler(
            self.manifest.networks,
            self.weights,
            self.manifest.name,
            self.manifest.step,
            self.manifest.class_names,
        )


class Observer:
    """A background evaluator: a request is dropped while one is shown, for a newer one comes soon.

    As a context it ends no sooner than the one that runs, also when the training fails: what is published is whole.

    Attributes:
        judgement: What the judge said last; None before its first word.
        judging: Whether the judge is at work, which takes a core for half a second.
        slowness: How many times as long as it could a step takes, beside other programs. So much later is the first
            judgement, which takes seconds of a core.
        novelty: How new the images are, as `Originals` tells it; None where they need not be compared, and early on.
    """

    def __init__(
        self,
        data: Dataset,
        folder: ModelFolder | None,
        best: Snapshot | None,
        on_preview: Callable[[NDArray[np.uint8]], object] | None,
        *,
        judge_at_once: bool = False,
        few: NDArray[np.uint8] | None = None,
    ) -> None:
        """Set up; the thread starts with the first request.

        Args:
            data: What the model learns from; the judge compares with its training images.
            folder: Where the best model is published and the last one is kept beside it.
            best: The best model of an earlier part of this training.
            on_preview: Called with uint8 (16, 28, 28), grown from the same latents each time.
            judge_at_once: It begins with digits worth judging.
            few: The images that it learns from, uint8 (N, 28, 28), where they are so few that it may copy them.
        """
        self.judgement: Judgement | None = None
        self.judging = False
        self.slowness = 1.0
        self.novelty: float | None = None
        self._originals = None if few is None else Originals(few)
        self._data, self._folder, self._best, self._on_preview = data, folder, best, on_preview
        self._improving = True  # the last judgement was the best so far
        self._published: ModelManifest | None = None
        self._sampler: Sampler | None = None
        self._estimator: Estimator | None = None
        self._next_judgement = 0.0 if judge_at_once else _JUDGE_AFTER
        # One thread for all of them: one that starts when memory lacks leaves the one that started it waiting for ever.
        self._executor = ThreadPoolExecutor(1, "observer")
        self._busy = threading.Lock()
        self._newer: Snapshot | None = None  # that has come while the judge is at work
        self._shown = -1  # step of what was shown last
        self._error: BaseException | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._executor.shutdown()

    def keep(self, snapshot: Snapshot, frames: FrameKeeper) -> None:
        """Keep a snapshot for the film of the training, in the background, after what is under way."""
        manifest = snapshot.manifest
        frame = Frame(epoch=manifest.epoch, step=manifest.step, seconds=manifest.seconds)
        self._executor.submit(self._in_background, lambda: frames.keep(frame, snapshot.weights))

    def evaluate(self, take: Callable[[], Snapshot]) -> None:
        """Evaluate what the training is now, in the background; dropped where the one before is still being shown.

        Raises:
            Exception: What went wrong in an earlier evaluation.
        """
        self._raise_error()
        if self.judging:
            self._newer = take()
            return
        if self._busy.acquire(blocking=False):
            snapshot = take()
            self._executor.submit(
                self._in_background, lambda: self._evaluate(snapshot, self._judge_after()), self._busy
            )

    def close(self, last: Snapshot) -> Sampler:
        """Evaluate the end of the training, publish the best model and return it, ready to sample.

        Raises:
            Exception: What went wrong in an evaluation.
        """
        with self._busy:
            self._raise_error()
            if self._best is None:
                self._publish(last)  # the judge may take a second
            self._evaluate(last, _JUDGE_AT_END)
            if self._improving or self._best is None:
                return last.sampler()
            best = _with(self._best, finished=last.manifest.finished)
            self._publish(best)
            if self._folder:
                self._folder.keep_last(last.manifest, last.weights)
            return best.sampler()

    def _in_background(self, work: Callable[[], None], held: threading.Lock | None = None) -> None:
        torch.set_num_threads(1)  # of this thread alone: the other cores are the training's
        try:
            work()
        except BaseException as error:
            self._error = error
        finally:
            if held:
                held.release()

    def _judge_after(self) -> float:
        return self._next_judgement * (1.0 if self.judgement else self.slowness)

    def _evaluate(self, snapshot: Snapshot, judge_after: float) -> None:
        """Show a snapshot, judge it if that is due, and publish it, or the best so far where it has become worse."""
        manifest = snapshot.manifest
        self._show(snapshot)
        if manifest.seconds >= judge_after and Estimator.can_judge(self._data.train_images):
            least, most = _JUDGE_SECONDS
            begun = time.monotonic()
            self.judging = True
            self.judgement = replace(self._judge(snapshot.sampler()), step=manifest.step)
            self.judging = False
            pause = max(min(max(least, manifest.seconds / 10), most), _JUDGE_REST * (time.monotonic() - begun))
            self._next_judgement = manifest.seconds + pause
            snapshot = _with(snapshot, estimate=self.judgement.estimate)
            self._improving = self._best is None or _distance(snapshot) <= _TOLERANCE * _distance(self._best)
            if self._best is None or _distance(snapshot) <= _distance(self._best):
                self._best = snapshot
        self._publish_current(snapshot)

    def _publish_current(self, snapshot: Snapshot) -> None:
        """Publish a snapshot, or the best where it has become worse since; never what is older than what is there."""
        if not self._improving:
            self._publish(self._best or snapshot)
        elif self._published is None or self._published.step <= snapshot.manifest.step:
            self._publish(snapshot)

    def _show_newer(self, _: float) -> None:
        """Show and publish what has come meanwhile; called in between by the judge."""
        newer, self._newer = self._newer, None
        if newer and newer.manifest.step > self._shown:
            self._show(newer)
            self._publish_current(newer)

    def _show(self, snapshot: Snapshot) -> None:
        """Have previews made of a snapshot, keep its discriminator if it has one, and tell how new its images are."""
        manifest = snapshot.manifest
        self._shown = manifest.step
        if self._sampler is None:
            self._sampler = snapshot.sampler()
        self._sampler.update(snapshot.weights, manifest.step)
        if self._on_preview:
            z = from_seed(manifest.settings.seed, PREVIEW_IMAGES, self._sampler.latent_dim)
            self._on_preview(self._sampler.generate(z))
        if self._folder and snapshot.discriminator:
            with suppress(OSError):  # whoever looks on ends no training
                self._folder.keep_discriminator(snapshot.discriminator, manifest.step)
        if self._originals and manifest.step >= EARLY:
            z = from_seed(0, _COMPARED_IMAGES, self._sampler.latent_dim)
            self.novelty = self._originals.novelty(self._sampler.generate(z))

    def _publish(self, snapshot: Snapshot) -> None:
        if self._folder and snapshot.manifest != self._published:
            self._folder.publish(snapshot.manifest, snapshot.weights)
            self._published = snapshot.manifest

    @property
    def estimate(self) -> Estimate | None:
        """How good the judge found the model last."""
        return self.judgement.estimate if self.judgement else None

    def _judge(self, sampler: Sampler) -> Judgement:
        data = self._data
        if self._estimator is None:
            labels = data.train_labels if data.classes else None
            self._estimator = Estimator(data.train_images, labels, data.classes, self._show_newer)
        z = from_seed(0, _JUDGED_IMAGES, sampler.latent_dim)  # always the same, so that judgements can be compared
        classes = data.train_labels[-_JUDGED_IMAGES:] if sampler.classes else in_turn(len(z), 0)
        asked = np.resize(classes, len(z)).astype(np.int64)
        images = []
        for part in np.array_split(np.arange(len(z)), _PARTS):
            images.append(sampler.generate(z[part], asked[part]))
            self._show_newer(len(images) / _PARTS)
        return self._estimator.judge(np.concatenate(images), asked if sampler.classes else None, self._show_newer)

    def _raise_error(self) -> None:
        if self._error is not None:
            raise self._error


def _with(snapshot: Snapshot, **changes: object) -> Snapshot:
    return replace(snapshot, manifest=snapshot.manifest.model_copy(update=changes))


def _distance(snapshot: Snapshot) -> float:
    return snapshot.manifest.estimate.frechet if snapshot.manifest.estimate else float("inf")
