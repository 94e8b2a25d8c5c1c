"""The observer shows, judges and publishes in the background; what is published is the best there was."""

from __future__ import annotations

import errno
import itertools
import threading
import time
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from ganmnist.config import TrainConfig
from ganmnist.evaluation.judgement import Judgement
from ganmnist.latent.vectors import from_seed
from ganmnist.models.figures import Estimate
from ganmnist.models.store import ModelStore
from ganmnist.networks.build import build_generator
from ganmnist.training import observer
from ganmnist.training.observer import Observer, Snapshot
from tests.manifests import manifest_of


@pytest.fixture
def folder(home):
    return ModelStore(home).new("digits")


@pytest.fixture
def snapshot(tiny, class_conditional, folder):
    """A generator whose weights tell its step: snapshot(step, seconds=None, finished=False, conditional=False)."""

    def snapshot(step: int, seconds: float | None = None, *, finished: bool = False, conditional: bool = False):
        networks = class_conditional if conditional else tiny
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(step)
            weights = build_generator(networks).state_dict()
        manifest = manifest_of(
            folder,
            networks,
            data="synthetic-mnist",
            settings=TrainConfig(networks=networks, seed=11),
            step=step,
            seconds=float(step) if seconds is None else seconds,
            finished=finished,
        )
        return Snapshot(manifest, weights)

    return snapshot


@pytest.fixture
def judge(monkeypatch):
    """A judge that gives the figures of a list, one after the other, from the first second on."""

    class Judge:
        figures: list[float] = []  # noqa: RUF012
        seen: list[np.ndarray] = []  # noqa: RUF012

        def __init__(self, images, labels, classes, on_progress):
            pass

        @staticmethod
        def can_judge(images):
            return True

        def judge(self, images, asked, on_progress):
            self.meanwhile()
            on_progress(0.5)
            self.seen.append(images)
            return Judgement(Estimate(frechet=self.figures.pop(0), confident=0.5), (), ())

    Judge.figures, Judge.seen, Judge.meanwhile = [], [], staticmethod(lambda: None)
    monkeypatch.setattr(observer, "Estimator", Judge)
    monkeypatch.setattr(observer, "_JUDGED_IMAGES", 30)
    monkeypatch.setattr(observer, "_JUDGE_AFTER", 0.0)
    monkeypatch.setattr(observer, "_JUDGE_AT_END", 0.0)
    monkeypatch.setattr(observer, "_JUDGE_SECONDS", (0.0, 0.0))
    monkeypatch.setattr(observer, "_JUDGE_REST", 0.0)
    return Judge


def evaluate(background: Observer, snapshot: Snapshot) -> None:
    """Have it evaluate, and wait until it has."""
    background.evaluate(lambda: snapshot)
    with background._busy:
        pass


def published(folder) -> tuple[int, float | None]:
    manifest = folder.manifest()
    return manifest.step, manifest.estimate and manifest.estimate.frechet


def test_models_that_were_not_judged_are_published_as_they_come(digits, folder, snapshot):
    background = Observer(digits, folder, None, None)
    for step in (1, 2, 3):
        evaluate(background, snapshot(step))
        assert published(folder) == (step, None)
    assert background.close(snapshot(4, finished=True)).step == 4
    assert published(folder) == (4, None)
    assert background.estimate is None
    assert folder.load(last=True)[0].step == 4


def test_a_discriminator_that_was_asked_for_is_kept_once_and_no_full_disk_ends_a_training(
    digits, folder, snapshot, monkeypatch
):
    background = Observer(digits, folder, None, None)
    evaluate(background, snapshot(1))
    assert folder.kept_discriminator() is None
    folder.want_discriminator()
    assert folder.is_discriminator_wanted()
    evaluate(background, replace(snapshot(2), discriminator={"weight": torch.ones(3)}))
    kept = folder.kept_discriminator()
    assert kept.step == 2
    assert not folder.is_discriminator_wanted()
    evaluate(background, snapshot(3))
    assert folder.kept_discriminator() == kept

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(type(folder), "keep_discriminator", full)
    evaluate(background, replace(snapshot(4), discriminator={"weight": torch.ones(3)}))
    assert published(folder) == (4, None)
    background.close(snapshot(5, finished=True))


def test_the_best_by_the_judge_is_what_stays_and_the_last_is_kept_beside_it(digits, folder, snapshot, judge):
    judge.figures = [9.0, 4.0, 6.0, 5.0, 7.0]
    background = Observer(digits, folder, None, None)
    live = []
    for step in (1, 2, 3, 4):
        evaluate(background, snapshot(step))
        live.append((published(folder), background.estimate.frechet))
    assert live == [((1, 9.0), 9.0), ((2, 4.0), 4.0), ((2, 4.0), 6.0), ((4, 5.0), 5.0)]  # 5.0 may be as good as 4.0

    best = background.close(snapshot(5, finished=True))
    assert best.step == 2
    assert published(folder) == (2, 4.0)
    assert folder.manifest().finished
    z = from_seed(0, 3, 5)
    np.testing.assert_array_equal(best.generate(z), snapshot(2).sampler().generate(z))
    manifest, weights = folder.load(last=True)
    assert (manifest.step, manifest.estimate, manifest.finished) == (5, None, True)
    assert all(torch.equal(value, weights[key]) for key, value in snapshot(5).weights.items())


def test_at_the_end_what_may_be_as_good_as_the_best_counts(digits, folder, snapshot, judge):
    judge.figures = [4.0, 4.9]
    background = Observer(digits, folder, None, None)
    evaluate(background, snapshot(1))
    assert background.close(snapshot(2)).step == 2
    assert published(folder) == (2, 4.9)


def test_of_models_that_are_as_good_the_newer_counts(digits, folder, snapshot, judge):
    judge.figures = [4.0, 4.0]
    background = Observer(digits, folder, None, None)
    evaluate(background, snapshot(1))
    assert background.close(snapshot(2)).step == 2


def test_between_two_judgements_a_model_that_grows_is_published_and_one_that_became_worse_is_not(
    digits, folder, snapshot, judge, monkeypatch
):
    monkeypatch.setattr(observer, "_JUDGE_AFTER", 10.0)
    monkeypatch.setattr(observer, "_JUDGE_SECONDS", (10.0, 30.0))
    judge.figures = [9.0, 5.0, 7.0, 4.0]
    background = Observer(digits, folder, None, None)
    told = []
    for step in (1, 9, 10, 15, 20, 25, 30, 35, 40, 45):
        evaluate(background, snapshot(step))
        told.append(published(folder))
    assert told[:6] == [(1, None), (9, None), (10, 9.0), (15, None), (20, 5.0), (25, None)]
    assert told[6:] == [(20, 5.0), (20, 5.0), (40, 4.0), (45, None)]


def test_a_stop_between_two_judgements_is_judged_too(digits, folder, snapshot, judge, monkeypatch):
    monkeypatch.setattr(observer, "_JUDGE_AFTER", 10.0)
    monkeypatch.setattr(observer, "_JUDGE_SECONDS", (10.0, 30.0))
    judge.figures = [5.0, 7.0]
    background = Observer(digits, folder, None, None)
    evaluate(background, snapshot(10))
    evaluate(background, snapshot(15))
    assert published(folder) == (15, None)
    assert background.close(snapshot(16)).step == 10
    assert published(folder) == (10, 5.0)
    assert folder.load(last=True)[0].step == 16


def test_a_judge_that_takes_long_beside_other_programs_comes_back_the_later(digits, snapshot, judge, monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(observer, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    monkeypatch.setattr(observer, "_JUDGE_SECONDS", (10.0, 30.0))
    monkeypatch.setattr(observer, "_JUDGE_REST", 5.0)
    judge.figures = [1.0] * 3
    judge.meanwhile = staticmethod(lambda: clock.append(clock.pop() + 8))
    background = Observer(digits, None, None, None)
    judged = []
    for second in range(0, 100, 5):
        before = len(judge.seen)
        evaluate(background, snapshot(1, float(second)))
        judged += [second] if len(judge.seen) > before else []
    assert judged == [0, 40, 80]


def test_the_first_judgement_is_later_on_a_busy_machine_and_no_other(digits, snapshot, judge, monkeypatch):
    monkeypatch.setattr(observer, "_JUDGE_AFTER", 15.0)
    monkeypatch.setattr(observer, "_JUDGE_SECONDS", (10.0, 30.0))
    judge.figures = [1.0] * 3
    background = Observer(digits, None, None, None)
    background.slowness = 2.0
    judged = []
    for second in range(0, 60, 5):
        before = len(judge.seen)
        evaluate(background, snapshot(1, float(second)))
        judged += [second] if len(judge.seen) > before else []
    assert judged == [30, 40, 50]


def test_judgements_become_rarer_in_a_long_training(digits, folder, snapshot, judge, monkeypatch):
    monkeypatch.setattr(observer, "_JUDGE_AFTER", 10.0)
    monkeypatch.setattr(observer, "_JUDGE_SECONDS", (10.0, 30.0))
    judge.figures = [1.0] * 1000
    background = Observer(digits, None, None, None)
    judged = []
    for second in range(0, 1000, 5):
        before = len(judge.seen)
        evaluate(background, snapshot(1, float(second)))
        if len(judge.seen) > before:
            judged.append(second)
    gaps = [later - earlier for earlier, later in itertools.pairwise(judged)]
    assert judged[0] == 10
    assert gaps[0] == 10
    assert gaps[-1] == 30
    assert gaps == sorted(gaps)


@pytest.mark.parametrize(("seconds", "judged"), [(9.9, 0), (10.0, 1)])
def test_a_training_shorter_than_ten_seconds_is_not_judged(digits, snapshot, judge, monkeypatch, seconds, judged):
    monkeypatch.setattr(observer, "_JUDGE_AT_END", 10.0)
    judge.figures = [1.0]
    Observer(digits, None, None, None).close(snapshot(7, seconds))
    assert len(judge.seen) == judged


def test_where_there_are_too_few_real_images_nothing_is_judged(digits, folder, snapshot):
    background = Observer(digits, folder, None, None)
    background.close(snapshot(1, 1000.0))
    assert folder.manifest().estimate is None


def test_the_judge_sees_the_same_latents_each_time_and_classes_as_the_data_have_them(
    digits, snapshot, judge, monkeypatch
):
    monkeypatch.setattr(observer, "_JUDGED_IMAGES", 1000)  # in several batches
    judge.figures = [1.0, 1.0]
    background = Observer(digits, None, None, None)
    evaluate(background, snapshot(1, conditional=True))
    background.close(snapshot(1, conditional=True))
    np.testing.assert_array_equal(*judge.seen)
    z = from_seed(0, len(judge.seen[0]), 5)
    classes = np.resize(digits.train_labels, len(z)).astype(np.int64)
    expected = snapshot(1, conditional=True).sampler().generate(z, classes)
    np.testing.assert_array_equal(judge.seen[0], expected)


def test_the_best_of_the_part_before_stays_the_best_until_a_better_one_comes(digits, folder, snapshot, judge):
    judge.figures = [3.0]
    Observer(digits, folder, None, None).close(snapshot(1))
    for figure, step, expected in ((5.0, 2, 1), (3.9, 3, 1), (2.0, 4, 4)):
        judge.figures = [figure]
        background = Observer(digits, folder, Snapshot(*folder.load()), None)
        assert background.close(snapshot(step, finished=True)).step == expected
        assert folder.manifest().step == expected
        assert folder.manifest().finished
        assert folder.load(last=True)[0].step == step  # not one that an earlier part ended with
    assert sorted(path.suffix for path in folder.path.iterdir()) == [".json", ".safetensors"]


def test_previews_grow_from_the_latents_of_the_trainings_seed_in_a_thread_of_their_own(digits, snapshot):
    shown = []
    background = Observer(digits, None, None, lambda images: shown.append((images.copy(), threading.current_thread())))
    for step in (1, 2):
        evaluate(background, snapshot(step))
    z = from_seed(11, 16, 5)
    for step, (images, thread) in enumerate(shown, 1):
        np.testing.assert_array_equal(images, snapshot(step).sampler().generate(z))
        assert thread is not threading.main_thread()
    assert len(shown) == 2


def test_requests_are_dropped_while_one_runs_without_a_copy_of_the_weights(digits, snapshot):
    free, taken = threading.Event(), []

    def take():
        taken.append(1)
        return snapshot(1)

    background = Observer(digits, None, None, lambda images: free.wait(30))
    started = time.monotonic()
    for _ in range(100):
        background.evaluate(take)
    assert time.monotonic() - started < 20
    assert len(taken) == 1
    free.set()
    background.close(snapshot(2))


def test_the_end_waits_for_the_evaluation_that_runs(digits, snapshot):
    seen = []

    def slow(images):
        time.sleep(0.1)
        seen.append(images)

    background = Observer(digits, None, None, slow)
    background.evaluate(lambda: snapshot(1))
    background.close(snapshot(2))
    assert len(seen) == 2


@pytest.mark.parametrize("where", ["preview", "publish", "judge"])
def test_what_goes_wrong_in_an_evaluation_is_raised_at_the_next_one_and_at_the_end(
    digits, folder, snapshot, judge, monkeypatch, where
):
    full = OSError(errno.ENOSPC, "No space left on device")

    def fail(*given):
        raise full

    if where == "publish":
        monkeypatch.setattr(type(folder), "publish", fail)
    if where == "judge":
        monkeypatch.setattr(judge, "judge", fail)
    judge.figures = [1.0]
    background = Observer(digits, folder, None, fail if where == "preview" else None)
    evaluate(background, snapshot(1))
    for end in (lambda: background.evaluate(lambda: snapshot(2)), lambda: background.close(snapshot(2))):
        with pytest.raises(OSError, match="No space") as caught:
            end()
        assert caught.value is full


def test_what_goes_wrong_at_the_end_is_raised_too(digits, snapshot):
    def fail(images):
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        Observer(digits, None, None, fail).close(snapshot(1))


def test_an_evaluation_takes_one_thread_and_leaves_the_training_as_many_as_it_had(digits, snapshot):
    torch.set_num_threads(2)
    torch.ones(100_000).exp()
    used = []
    background = Observer(digits, None, None, lambda images: used.append(torch.get_num_threads()))
    evaluate(background, snapshot(1))
    assert used == [1]
    assert torch.get_num_threads() == 2


def test_where_pictures_are_few_it_is_told_how_new_the_images_are(digits, snapshot):
    early, one = snapshot(399), snapshot(400)
    drawn = one.sampler().generate(from_seed(0, 64, 5))
    copied = Observer(digits, None, None, None, few=drawn)
    evaluate(copied, early)
    assert copied.novelty is None, "first images are blurs, near to all there is"
    evaluate(copied, one)
    assert copied.novelty == pytest.approx(0, abs=0.01)
    many = Observer(digits, None, None, None)
    evaluate(many, one)
    assert many.novelty is None


def test_what_comes_while_the_judge_is_at_work_is_shown_and_published_meanwhile(digits, folder, snapshot, judge):
    judge.figures = [9.0]
    seen = []
    background = Observer(digits, folder, None, seen.append)
    one, newer = snapshot(1), snapshot(2)
    judge.meanwhile = staticmethod(lambda: background.evaluate(lambda: newer))
    evaluate(background, one)
    assert len(seen) == 2
    z = from_seed(11, 16, 5)
    np.testing.assert_array_equal(seen[1], newer.sampler().generate(z))
    assert published(folder) == (2, None), "and the judged one, which is older by then, does not take its place"
    assert background.estimate.frechet == 9.0


def test_what_came_too_late_for_one_judgement_is_not_shown_in_the_next_after_something_newer(
    digits, folder, snapshot, judge
):
    judge.figures = [9.0, 8.0]
    seen = []
    background = Observer(digits, folder, None, seen.append)
    evaluate(background, snapshot(1))
    background._newer = snapshot(2)
    evaluate(background, snapshot(3))
    assert len(seen) == 2
    assert published(folder) == (3, 8.0)
