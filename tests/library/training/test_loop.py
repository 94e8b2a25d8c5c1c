"""The training loop: what it reports, how it ends, and that its digits live."""

from __future__ import annotations

import errno
import itertools
import threading
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from ganmnist.config import GenerateConfig, TrainConfig
from ganmnist.errors import DataError, TrainingError
from ganmnist.evaluation.judgement import Judgement
from ganmnist.generation import sampler as sampling
from ganmnist.generation.sampler import Sampler
from ganmnist.layers import Conv2D, Dense, Reshape
from ganmnist.models.figures import Estimate
from ganmnist.models.store import ModelStore
from ganmnist.networks.build import build_generator
from ganmnist.networks.spec import ModelConfig, Sequential
from ganmnist.training import loop, observer
from ganmnist.training.loop import _GrowingInterval, train
from ganmnist.training.observer import Observer
from ganmnist.training.presets import PRESETS
from ganmnist.training.step import GANTrainer

pytestmark = pytest.mark.slow


def changed(config: TrainConfig, **values) -> TrainConfig:
    return TrainConfig(**{**config.model_dump(), **values})


def pixels(sampler: Sampler) -> bytes:
    return sampler.sample(GenerateConfig(count=8, seed=3)).tobytes()


@pytest.fixture
def folder(home):
    return ModelStore(home).new("digits")


@pytest.fixture
def evaluates_at_every_step(monkeypatch):
    """The observer evaluates at every step, and the training waits until it has done so."""

    class Patient(Observer):
        def evaluate(self, take):
            super().evaluate(take)
            with self._busy:
                pass

    monkeypatch.setattr(loop, "Observer", Patient)
    monkeypatch.setattr(loop, "_EVALUATE_SECONDS", (0.0, 0.0))


@pytest.fixture
def judge(evaluates_at_every_step, monkeypatch):
    """A judge that judges every step, by a list of figures: judge.extend([...])."""
    figures: list[float] = []

    class Judge:
        def __init__(self, images, labels, classes, on_progress):
            self.images = images

        @staticmethod
        def can_judge(images):
            return bool(figures)

        def judge(self, images, asked, on_progress):
            return Judgement(Estimate(frechet=figures.pop(0), confident=0.5), (), ())

    monkeypatch.setattr(observer, "Estimator", Judge)
    monkeypatch.setattr(observer, "_JUDGED_IMAGES", 20)
    monkeypatch.setattr(observer, "_JUDGE_AFTER", 0.0)
    monkeypatch.setattr(observer, "_JUDGE_AT_END", 0.0)
    monkeypatch.setattr(observer, "_JUDGE_SECONDS", (0.0, 0.0))
    monkeypatch.setattr(observer, "_JUDGE_REST", 0.0)
    return figures


@pytest.fixture
def clock(monkeypatch):
    """Steps that take a quarter of a second each, by the clock of the training: clock.step is how long."""
    clock = SimpleNamespace(now=100.0, step=0.25)
    play = GANTrainer.train_step

    def timed(self, *given):
        clock.now += clock.step
        return play(self, *given)

    monkeypatch.setattr(GANTrainer, "train_step", timed)
    monkeypatch.setattr(loop, "time", SimpleNamespace(perf_counter=lambda: clock.now))
    return clock


def test_progress_is_told_after_every_step_and_counts_from_one(digits, short):
    said = []
    train(digits, short, on_progress=said.append)
    assert [progress.step for progress in said] == list(range(1, 17))
    assert [progress.epoch for progress in said] == [1] * 8 + [2] * 8
    assert {progress.epochs for progress in said} == {2}
    assert [progress.fraction for progress in said] == [step / 16 for step in range(1, 17)]
    assert [progress.percent for progress in said] == [6.25 * step for step in range(1, 17)]
    assert {progress.estimate for progress in said} == {None}
    assert all(np.isfinite([progress.loss_d, progress.loss_g]).all() for progress in said)


def test_the_time_left_follows_from_the_pace(digits, short):
    said = []
    train(digits, short, on_progress=said.append)
    assert said[-1].seconds_left == 0
    for earlier, later in itertools.pairwise(said):
        assert earlier.seconds <= later.seconds
    for progress in said:
        expected = progress.seconds / progress.step * (16 - progress.step)
        assert progress.seconds_left == pytest.approx(expected)


def test_images_beyond_the_last_whole_batch_of_an_epoch_are_left_out(digits, short):
    said = []
    train(digits, changed(short, images=100, batch_size=30), on_progress=said.append)
    assert said[-1].step == 2 * 3


@pytest.fixture
def played(monkeypatch):
    """What each step is given, without a trainer: the numbers in the images' first pixels, and the classes."""
    seen: list[tuple[list[int], list[int]]] = []

    def note(self, real, classes, progress):
        seen.append((((real[:, 0, 0, 0] + 1) * 127.5).round().int().tolist(), classes.tolist()))
        self.step += 1
        return 0.5, 0.5

    monkeypatch.setattr(GANTrainer, "train_step", note)
    return seen


@pytest.fixture
def numbered(digits):
    """64 images with their number in the first pixel, of the classes 0, 7, 4, 1, 8, 5 ..."""
    images = np.zeros((64, 28, 28), np.uint8)
    images[:, 0, 0] = np.arange(64)
    return replace(digits, train_images=images, train_labels=(np.arange(64) * 7 % 10).astype(np.uint8))


@pytest.mark.parametrize("kind", ["tiny", "class_conditional"])
def test_every_image_is_seen_once_an_epoch_in_an_order_of_its_own(numbered, short, played, kind, request):
    train(numbered, changed(short, networks=request.getfixturevalue(kind), batch_size=16))
    first, second = (list(itertools.chain(*(numbers for numbers, _ in steps))) for steps in (played[:4], played[4:]))
    assert sorted(first) == sorted(second) == list(range(64))
    assert first != second
    assert first != sorted(first)


def test_images_come_with_their_classes_and_sorted_by_class_where_networks_are_conditioned_on_it(
    numbered, short, class_conditional, played
):
    train(numbered, changed(short, networks=class_conditional, batch_size=16))
    for numbers, classes in played:
        assert classes == [number * 7 % 10 for number in numbers]
        assert classes == sorted(classes)
    assert any(numbers != sorted(numbers) for numbers, _ in played)


def test_the_same_seed_gives_the_same_weights_and_another_seed_others(digits, short):
    weights = pixels(train(digits, short))
    assert pixels(train(digits, short)) == weights
    assert pixels(train(digits, changed(short, seed=8))) != weights


def test_the_callers_randomness_stays_as_it_was(digits, short):
    torch.manual_seed(3)
    np.random.seed(3)
    before = torch.get_rng_state(), np.random.get_state()[1].copy()
    sampler = train(digits, short)
    sampler.sample()
    assert torch.equal(torch.get_rng_state(), before[0])
    np.testing.assert_array_equal(np.random.get_state()[1], before[1])


@pytest.mark.parametrize("kind", ["tiny", "class_conditional"])
def test_looking_judging_and_publishing_do_not_change_the_training(digits, short, folder, judge, kind, request):
    config = changed(short, networks=request.getfixturevalue(kind))
    alone = pixels(train(digits, config))
    judge.extend(range(100, 0, -1))
    watched = train(digits, config, folder, on_preview=lambda images: None)
    assert pixels(watched) == alone
    assert len(judge) == 100 - 16


def test_a_look_that_is_slow_to_begin_does_not_undo_what_the_training_has_drawn_meanwhile(digits, short, monkeypatch):
    alone = pixels(train(digits, short))
    later = threading.Event()

    def slow(networks):
        if threading.current_thread() is not threading.main_thread():
            assert later.wait(30)
        return build_generator(networks)

    monkeypatch.setattr(sampling, "build_generator", slow)
    assert pixels(train(digits, short, on_progress=lambda now: now.step == 8 and later.set())) == alone


def test_previews_grow_from_the_same_latents_and_come_at_the_start_and_the_end(digits, short):
    shown = []
    sampler = train(digits, short, on_preview=lambda images: shown.append(images.copy()))
    assert len(shown) >= 2
    assert {images.shape for images in shown} == {(16, 28, 28)}
    assert {images.dtype for images in shown} == {np.dtype(np.uint8)}
    z = np.random.default_rng(short.seed).standard_normal((16, 5)).astype(np.float32)
    np.testing.assert_array_equal(shown[-1], sampler.generate(z))


def test_previews_of_a_model_with_classes_show_them_in_turn(digits, short, class_conditional):
    shown = []
    sampler = train(
        digits, changed(short, networks=class_conditional), on_preview=lambda images: shown.append(images.copy())
    )
    z = np.random.default_rng(short.seed).standard_normal((16, 5)).astype(np.float32)
    np.testing.assert_array_equal(shown[-1], sampler.generate(z, np.array([*range(10), *range(6)])))


def test_no_step_waits_for_a_preview(digits, short):
    ended, waited = threading.Event(), []

    def slow(images):
        waited.append(ended.wait(60))  # a preview that takes as long as the training

    train(digits, short, on_progress=lambda now: now.step == 16 and ended.set(), on_preview=slow)
    assert all(waited)


def test_what_goes_wrong_in_a_preview_ends_the_training(digits, short, folder):
    def fail(images):
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match="No space") as caught:
        train(digits, short, folder, on_preview=fail)
    assert caught.value.errno == errno.ENOSPC


def test_a_training_is_not_said_to_be_finished_when_its_end_cannot_be_published(digits, short, folder, monkeypatch):
    def full(self, manifest, generator):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(loop, "_SAVE_SECONDS", 0.0)
    monkeypatch.setattr(type(folder), "publish", full)
    with pytest.raises(OSError, match="No space"):
        train(digits, short, folder)
    assert list(folder.checkpoints.glob("*.json"))  # to go on from, when there is space again


def test_a_budget_in_seconds_ends_the_training_then(digits, tiny, folder, clock):
    said = []
    train(digits, TrainConfig(networks=tiny, seconds=2.2, batch_size=32), folder, on_progress=said.append)
    assert [progress.seconds for progress in said] == [0.25 * step for step in range(1, 10)]
    assert {progress.epochs for progress in said} == {None}
    assert [progress.epoch for progress in said] == [1] * 8 + [2]
    assert said[3].fraction == pytest.approx(1 / 2.2)
    assert said[3].seconds_left == pytest.approx(1.2)
    assert said[3].share == said[3].fraction  # under its former name
    assert (said[-1].fraction, said[-1].seconds_left) == (1, 0)
    assert folder.manifest().finished


@pytest.mark.parametrize(
    ("budget", "steps"),
    [
        ({"epochs": 2, "seconds": 1.0}, 4),
        ({"epochs": 1, "seconds": 100}, 8),
        ({"epochs": 1, "seconds": 1.5}, 6),
        ({"epochs": 2, "steps": 5}, 5),
        ({"epochs": 1, "steps": 9}, 8),
        ({"steps": 3, "seconds": 1.0}, 3),
        ({"epochs": 2, "steps": 7, "seconds": 0.5}, 2),
    ],
)
def test_of_several_budgets_the_one_that_is_used_up_first_ends_the_training(digits, short, clock, budget, steps):
    said = []
    train(digits, changed(short, **{"epochs": None, **budget}), on_progress=said.append)
    assert (said[-1].step, said[-1].fraction) == (steps, 1)
    assert (said[-1].epochs, said[-1].steps) == (budget.get("epochs"), budget.get("steps"))
    assert said[0].fraction == pytest.approx(1 / steps)


def test_without_a_budget_a_training_takes_as_long_as_its_preset_says(digits, tiny, clock):
    clock.step = 100.0
    said = []
    train(digits, TrainConfig(networks=tiny, batch_size=32), on_progress=said.append)
    assert said[-1].seconds == -(-PRESETS["tutorial"].seconds // 100) * 100


def test_the_best_model_by_the_judge_is_returned_and_published_and_the_last_is_kept(digits, short, folder, judge, home):
    sixth = pixels(train(digits, short, should_stop=_after(6)))
    judge.extend([9, 9, 8, 7, 7, 3, 4, 5, 6, 7, 8, 9, 9, 8, 4, 3.8])
    said = []
    sampler = train(digits, short, folder, on_progress=said.append)
    assert pixels(sampler) == sixth
    assert sampler.step == 6
    assert said[-1].estimate.frechet == 4  # the last step's own is known after it
    manifest = folder.manifest()
    assert (manifest.step, manifest.estimate.frechet, manifest.finished) == (6, 3, True)
    assert pixels(Sampler.load(ModelStore(home).find("digits"))) == sixth
    last = Sampler.load(folder, last=True)
    assert last.step == 16
    assert pixels(last) == pixels(train(digits, short))


@pytest.mark.parametrize(("second", "best"), [([5.0] * 12, 3), ([5.0] * 5 + [2.0] + [5.0] * 6, 10), ([2.0] * 12, 16)])
def test_a_resumed_training_keeps_the_best_of_the_part_before_until_there_is_a_better_one(
    digits, short, folder, judge, second, best
):
    judge.extend([9.0, 8.0, 3.0, 4.0])
    assert train(digits, short, folder, should_stop=_after(4)).step == 3
    assert (folder.manifest().finished, folder.load(last=True)[0].step) == (False, 4)
    judge.extend(second)
    assert train(digits, short, folder).step == best
    assert (folder.manifest().step, folder.manifest().finished) == (best, True)
    assert folder.load(last=True)[0].step == 16


def test_a_training_shorter_than_the_judges_first_time_is_not_judged(digits, short, folder, judge, monkeypatch):
    monkeypatch.setattr(observer, "_JUDGE_AFTER", 1000.0)
    monkeypatch.setattr(observer, "_JUDGE_AT_END", 1000.0)
    judge.append(1.0)
    assert train(digits, short, folder).step == 16
    assert folder.manifest().estimate is None
    assert judge == [1.0]


def test_data_of_other_classes_than_the_networks_are_refused(digits, short, class_conditional, folder):
    three = replace(digits, classes=("a", "b", "c"), train_labels=digits.train_labels % 3)
    with pytest.raises(
        DataError, match=rf"{digits.name}: has 3 classes, the networks are built for 10: build them for 3"
    ):
        train(three, changed(short, networks=class_conditional), folder)
    with pytest.raises(DataError, match="has 0 classes"):
        train(replace(digits, classes=()), changed(short, networks=class_conditional), folder)
    assert not folder.path.exists()


@pytest.mark.parametrize(
    ("classes", "names"),
    [
        (("oak", "elm", "ash"), ("oak", "elm", "ash")),
        (("a\x1b[2J", "O\u0308l", "\udc80" + 300 * "x"), ("a\\x1b[2J", "\u00d6l", "\\udc80" + 249 * "x")),
        ((), ()),
    ],
)
def test_a_model_knows_what_the_classes_of_its_data_are_called(digits, folder, classes, names):
    other = replace(digits, classes=classes, train_labels=digits.train_labels % max(len(classes), 1))
    sampler = train(other, TrainConfig(epochs=1, images=8, batch_size=4), folder)
    assert folder.manifest().class_names == sampler.known_classes.names == names


def test_a_model_of_digits_knows_them_by_their_numbers_and_one_without_classes_knows_none(digits, short, folder):
    fast = TrainConfig(epochs=1, images=8, batch_size=4)
    assert train(digits, fast, folder).known_classes.names == tuple("0123456789")
    assert folder.manifest().class_names == tuple("0123456789")
    named = replace(digits, classes=tuple("abcdefghij"))
    assert train(named, short, should_stop=_after(1)).known_classes.names == ()


@pytest.mark.parametrize("classes", [("a", "b", "c"), ()])
def test_a_preset_is_built_for_the_classes_of_the_data(digits, classes):
    other = replace(digits, classes=classes, train_labels=digits.train_labels % max(len(classes), 1))
    config = TrainConfig(epochs=1, images=8, batch_size=4)
    assert train(other, config).classes == len(classes)


def test_networks_without_classes_learn_from_data_of_any(digits, short):
    assert train(replace(digits, classes=("a", "b", "c")), short, should_stop=_after(1)).classes == 0


@pytest.mark.parametrize("after", ["Conv2D", "Flatten"])
def test_layers_that_compare_samples_may_stand_anywhere(digits, short, class_conditional, after):
    layers = list(class_conditional.discriminator.layers)
    deviation = layers.pop(1)
    layers.insert(1 if after == "Conv2D" else 2, deviation)
    other = class_conditional.model_copy(update={"discriminator": Sequential(layers=layers)})
    train(digits, changed(short, networks=other), should_stop=_after(2))


def test_a_training_that_adapts_finds_its_threads_and_gives_a_model_too(digits, short, class_conditional, monkeypatch):
    made = []
    monkeypatch.setattr(
        loop,
        "ThreadCount",
        lambda: (
            made.append(1)
            or SimpleNamespace(most=2, trying=False, step=lambda seconds, in_company: made.append(seconds))
        ),
    )
    monkeypatch.setattr(loop, "_has_bfloat16", lambda: True)
    config = changed(short, networks=class_conditional)
    adapted = train(digits, config, adapt=True)
    assert len(made) == 1 + 16
    assert made[1:] == sorted(made[1:])  # told the seconds after every step
    assert pixels(adapted) != pixels(train(digits, config))
    assert len(made) == 1 + 16  # nobody else chooses threads


def test_a_clock_strikes_ever_more_rarely_within_its_bounds():
    clock = _GrowingInterval(0.5, 10.0)
    strikes = [second / 10 for second in range(6000) if clock.due(second / 10)]
    gaps = [later - earlier for earlier, later in itertools.pairwise(strikes)]
    assert strikes[0] == 0
    assert gaps[0] == pytest.approx(0.5)
    assert gaps[-1] == pytest.approx(10.0, abs=0.11)
    assert all(later >= earlier - 0.11 for earlier, later in itertools.pairwise(gaps))


def test_a_stop_ends_the_training_within_one_step_and_leaves_a_model_to_use(digits, short, folder, home):
    said = []
    sampler = train(digits, short, folder, on_progress=said.append, should_stop=lambda: len(said) == 5)
    assert len(said) == 5
    assert sampler.step == 5
    manifest = ModelStore(home).find("digits").manifest()
    assert (manifest.step, manifest.epoch, manifest.finished) == (5, 1, False)
    assert pixels(Sampler.load(folder)) == pixels(sampler)


def test_a_finished_training_says_so_and_removes_its_checkpoints(digits, short, folder, monkeypatch):
    monkeypatch.setattr("ganmnist.training.loop._SAVE_SECONDS", 0.0)
    sampler = train(digits, short, folder)
    manifest = folder.manifest()
    assert (manifest.step, manifest.epoch, manifest.finished) == (16, 2, True)
    assert (manifest.name, manifest.data, manifest.preset) == ("digits", digits.name, None)
    assert manifest.settings == short
    assert manifest.seconds > 0
    assert list(folder.checkpoints.iterdir()) == []
    stems = {path.name.split(".")[0].split("-")[0] for path in folder.path.iterdir()}
    assert stems == {"checkpoints", "film", "model", "discriminator"}
    assert pixels(Sampler.load(folder)) == pixels(sampler)


def test_a_stop_at_the_last_step_is_a_finished_training(digits, short, folder):
    said = []
    train(digits, short, folder, on_progress=said.append, should_stop=lambda: len(said) == 16)
    assert folder.manifest().finished
    assert list(folder.checkpoints.glob("*")) == []


def test_a_training_publishes_while_it_goes_on(digits, short, folder, evaluates_at_every_step):
    published = []

    def look(progress):
        published.append(folder.path.exists() and folder.manifest().step)

    train(digits, short, folder, on_progress=look)
    assert published == [False, *range(1, 16)]


def test_a_model_under_training_takes_its_name_at_once_and_keeps_its_date(digits, short, folder, home):
    train(digits, short, folder)
    created = folder.manifest().created
    train(digits, short, folder)
    assert folder.manifest().created == created
    newer = ModelStore(home).new("digits")
    train(digits, short, newer, should_stop=lambda: True)
    assert ModelStore(home).find("digits").id == newer.id
    assert ModelStore(home).find("digits-1").id == folder.id


def test_losses_that_are_not_finite_end_the_training_and_name_the_learning_rate(
    digits, short, folder, evaluates_at_every_step, monkeypatch
):
    said = []

    def break_down(self, *given):
        loss_d, loss_g = play(self, *given)
        return loss_d, loss_g * (float("nan") if len(said) == 3 else 1)

    play = GANTrainer.train_step
    monkeypatch.setattr(GANTrainer, "train_step", break_down)
    with pytest.raises(TrainingError, match=r"step 4 .*learning_rate.*0\.002"):
        train(digits, short, folder, on_progress=said.append)
    assert len(said) == 3
    assert not folder.manifest().finished


def test_fewer_images_than_a_batch_are_refused(digits, short, folder):
    with pytest.raises(DataError, match=rf"{digits.name}: 31 images .*batch of 32.*batch_size"):
        train(digits, changed(short, images=31), folder)
    assert not folder.path.exists()


def test_narrow_networks_make_digits_white_on_black_of_many_kinds_in_a_few_seconds(digits):
    config = TrainConfig(networks=_narrow(8), epochs=16, batch_size=64, learning_rate=0.002)
    images = train(digits, config).sample(GenerateConfig(count=32)).astype(float)
    middle = images[:, 4:24, 4:24]
    border = np.concatenate([images[:, :2].ravel(), images[:, -2:].ravel()])
    assert middle.mean() > border.mean() + 30
    assert images.std(0).mean() > 20


def test_after_twenty_hard_steps_the_images_are_neither_black_nor_alike(digits):
    """The tutorial's layers at half their width and five times their rate."""
    config = TrainConfig(networks=_narrow(2), epochs=3, batch_size=32, learning_rate=0.001)
    images = train(digits, config, should_stop=_after(20)).sample(GenerateConfig(count=16)).astype(float)
    assert images.mean() > 40
    assert images.std(0).mean() > 5
    assert len(np.unique(images, axis=0)) == 16


def _narrow(times: int) -> ModelConfig:
    """The tutorial's networks with so many times fewer channels."""

    def narrow(layer):
        if isinstance(layer, Conv2D) and layer.filters > 1:
            return layer.model_copy(update={"filters": layer.filters // times})
        if isinstance(layer, Dense) and layer.units > 1:
            return Dense(units=layer.units // times)
        return Reshape(shape=(layer.shape[0] // times, 7, 7)) if isinstance(layer, Reshape) else layer

    full = PRESETS["tutorial"].networks
    return ModelConfig(
        latent_dim=full.latent_dim,
        generator=Sequential(layers=[narrow(layer) for layer in full.generator.layers]),
        discriminator=Sequential(layers=[narrow(layer) for layer in full.discriminator.layers]),
    )


def _after(steps: int):
    asked = itertools.count(1)
    return lambda: next(asked) == steps
