"""The training loop: what it reports, how it ends, and that its digits live."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch

from ganmnist import losses
from ganmnist.config import GenerateConfig, TrainConfig
from ganmnist.errors import DataError, TrainingError
from ganmnist.game import Game
from ganmnist.models import ModelStore
from ganmnist.presets import _dcgan
from ganmnist.sampling import Sampler
from ganmnist.training import _Every, train


def changed(config: TrainConfig, **values) -> TrainConfig:
    return TrainConfig(**{**config.model_dump(), **values})


def pixels(sampler: Sampler) -> bytes:
    return sampler.sample(GenerateConfig(count=8, seed=3)).tobytes()


@pytest.fixture
def folder(home):
    return ModelStore(home).new("digits")


def test_progress_is_told_after_every_step_and_counts_from_one(digits, short):
    said = []
    train(digits, short, on_progress=said.append)
    assert [progress.step for progress in said] == list(range(1, 17))
    assert [progress.epoch for progress in said] == [1] * 8 + [2] * 8
    assert {(progress.steps, progress.epochs) for progress in said} == {(16, 2)}
    assert [progress.percent for progress in said] == [6.25 * step for step in range(1, 17)]
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
    assert said[-1].steps == 2 * 3


def test_every_image_is_seen_once_an_epoch_in_an_order_of_its_own(digits, short, monkeypatch):
    seen: list[list[int]] = []
    numbered = np.zeros((64, 28, 28), np.uint8)
    numbered[:, 0, 0] = np.arange(64)

    def note(self, real):
        seen.append(((real[:, 0, 0, 0] + 1) * 127.5).round().int().tolist())
        self.step += 1
        return 0.5, 0.5

    monkeypatch.setattr(Game, "play", note)
    train(replace(digits, train_images=numbered), changed(short, batch_size=16))
    first, second = (list(itertools.chain(*batches)) for batches in (seen[:4], seen[4:]))
    assert sorted(first) == sorted(second) == list(range(64))
    assert first != second
    assert first != sorted(first)


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


def test_looking_at_previews_does_not_change_the_training(digits, short, folder, monkeypatch):
    alone = pixels(train(digits, short))
    monkeypatch.setattr("ganmnist.training._PREVIEW_SECONDS", (0.0, 0.0))
    assert pixels(train(digits, short, folder, on_preview=lambda images: None)) == alone


def test_previews_grow_from_the_same_latents_and_come_at_the_start_and_the_end(digits, short, monkeypatch):
    shown = []
    train(digits, short, on_preview=lambda images: shown.append(images.copy()))
    assert len(shown) >= 2
    assert {images.shape for images in shown} == {(16, 28, 28)}
    assert {images.dtype for images in shown} == {np.dtype(np.uint8)}
    sampler = train(digits, short)
    z = np.random.default_rng(short.seed).standard_normal((16, 5)).astype(np.float32)
    np.testing.assert_array_equal(shown[-1], sampler.generate(z))


def test_a_clock_strikes_ever_more_rarely_within_its_bounds():
    clock = _Every(0.5, 10.0)
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
    monkeypatch.setattr("ganmnist.training._SAVE_SECONDS", 0.0)
    sampler = train(digits, short, folder)
    manifest = folder.manifest()
    assert (manifest.step, manifest.epoch, manifest.finished) == (16, 2, True)
    assert (manifest.name, manifest.data, manifest.preset) == ("digits", "drawn-digits", None)
    assert manifest.settings == short
    assert manifest.seconds > 0
    assert list(folder.checkpoints.iterdir()) == []
    assert sorted(path.suffix for path in folder.path.iterdir()) == ["", ".json", ".safetensors"]
    assert pixels(Sampler.load(folder)) == pixels(sampler)


def test_a_stop_at_the_last_step_is_a_finished_training(digits, short, folder):
    said = []
    train(digits, short, folder, on_progress=said.append, should_stop=lambda: len(said) == 16)
    assert folder.manifest().finished
    assert list(folder.checkpoints.glob("*")) == []


def test_a_training_publishes_while_it_goes_on(digits, short, folder):
    published = []

    def look(progress):
        published.append(folder.path.exists() and folder.manifest().step)

    train(digits, short, folder, on_progress=look)
    assert published[:2] == [False, 1]


def test_a_model_under_training_takes_its_name_at_once_and_keeps_its_date(digits, short, folder, home):
    train(digits, short, folder)
    created = folder.manifest().created
    train(digits, short, folder)
    assert folder.manifest().created == created
    newer = ModelStore(home).new("digits")
    train(digits, short, newer, should_stop=lambda: True)
    assert ModelStore(home).find("digits").id == newer.id
    assert ModelStore(home).find("digits-1").id == folder.id


def test_losses_that_are_no_numbers_end_the_training_and_name_the_learning_rate(digits, short, folder, monkeypatch):
    said = []

    def break_down(fake):
        return torch.nn.functional.softplus(-fake).mean() * (float("nan") if len(said) == 3 else 1)

    monkeypatch.setattr(losses, "generator_bce", break_down)
    with pytest.raises(TrainingError, match=r"step 4 .*learning_rate.*0\.002"):
        train(digits, short, folder, on_progress=said.append)
    assert len(said) == 3
    assert not folder.manifest().finished


def test_fewer_images_than_a_batch_are_refused(digits, short, folder):
    with pytest.raises(DataError, match=r"drawn-digits: 31 images .*batch of 32.*batch_size"):
        train(digits, changed(short, images=31), folder)
    assert not folder.path.exists()


def test_adam_has_the_rates_of_the_settings(short):
    game = Game(changed(short, learning_rate=0.0123, beta1=0.25))
    for adam in (game.adam_g, game.adam_d):
        assert adam.param_groups[0]["lr"] == 0.0123
        assert adam.param_groups[0]["betas"] == (0.25, 0.999)
    assert {id(p) for p in game.adam_g.param_groups[0]["params"]} == {id(p) for p in game.generator.parameters()}
    assert {id(p) for p in game.adam_d.param_groups[0]["params"]} == {id(p) for p in game.discriminator.parameters()}


def test_losses_are_binary_cross_entropy_and_finite_for_a_sure_discriminator():
    real, fake = torch.tensor([[2.0], [-1.0]]), torch.tensor([[0.5], [3.0]])
    bce = torch.nn.functional.binary_cross_entropy
    ones, zeros = torch.ones(2, 1), torch.zeros(2, 1)
    expected = bce(torch.sigmoid(real), ones) + bce(torch.sigmoid(fake), zeros)
    assert losses.discriminator_bce(real, fake).item() == pytest.approx(expected.item(), rel=1e-6)
    assert losses.generator_bce(fake).item() == pytest.approx(bce(torch.sigmoid(fake), ones).item(), rel=1e-6)
    assert losses.generator_bce(torch.tensor([[-500.0]])).item() == 500
    assert losses.discriminator_bce(torch.tensor([[-500.0]]), torch.tensor([[500.0]])).item() == 1000


def test_the_average_follows_the_generator_fast_at_first_and_slowly_later(short, digits):
    game = Game(short)
    name = next(iter(game.averaged))
    for step, decay in ((0, 2 / 11), (99_999, 0.999)):
        game.step = step
        before, now = game.averaged[name].clone(), game.generator.state_dict()[name]
        with torch.no_grad():
            now += 1.0
        game.step += 1
        game._average()
        expected = decay * before + (1 - decay) * now
        torch.testing.assert_close(game.averaged[name], expected)


def test_each_network_learns_and_only_from_its_own_loss(short, digits):
    game = Game(short)
    before = {key: value.clone() for key, value in game.generator.state_dict().items()}
    judge = {key: value.clone() for key, value in game.discriminator.state_dict().items()}
    with torch.random.fork_rng(devices=[]):
        game.play(torch.zeros(4, 1, 28, 28))
    weights = [key for key in before if key.endswith("weight")]
    assert all(not torch.equal(before[key], game.generator.state_dict()[key]) for key in weights)
    assert any(not torch.equal(judge[key], game.discriminator.state_dict()[key]) for key in judge)
    assert all(parameter.requires_grad for parameter in game.discriminator.parameters())
    assert {v.item() for key, v in game.averaged.items() if key.endswith("num_batches_tracked")} == {1}


def test_after_twenty_hard_steps_the_images_are_neither_black_nor_alike(digits):
    """The tutorial's layers at half their width, at a rate that drives them black in ten steps without the guard."""
    config = TrainConfig(networks=_dcgan(128, 64, 32, (64, 128)), epochs=3, batch_size=32, learning_rate=0.001)
    sampler = train(digits, config, should_stop=_after(20))
    images = sampler.sample(GenerateConfig(count=16)).astype(float)
    assert images.mean() > 40
    assert images.std(0).mean() > 5
    assert len(np.unique(images, axis=0)) == 16


def test_narrow_networks_make_digits_white_on_black_of_many_kinds_in_a_few_seconds(digits):
    config = TrainConfig(networks=_dcgan(32, 16, 8, (16, 32)), epochs=16, batch_size=64, learning_rate=0.002)
    images = train(digits, config).sample(GenerateConfig(count=32)).astype(float)
    middle = images[:, 4:24, 4:24]
    border = np.concatenate([images[:, :2].ravel(), images[:, -2:].ravel()])
    assert middle.mean() > border.mean() + 30
    assert images.std(0).mean() > 20


def _after(steps: int):
    asked = itertools.count(1)
    return lambda: next(asked) == steps
