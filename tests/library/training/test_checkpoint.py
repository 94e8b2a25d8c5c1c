"""Checkpoints: two are kept, a damaged one is set aside and the one before is used."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from safetensors import safe_open

from ganmnist.config import TrainConfig
from ganmnist.errors import ModelError
from ganmnist.pixels import rescale
from ganmnist.storage import bundle
from ganmnist.training import checkpoint
from ganmnist.training.presets import recipe
from ganmnist.training.step import GANTrainer


def new_game(config: TrainConfig) -> GANTrainer:
    return GANTrainer(recipe(config))


@pytest.fixture
def play(digits):
    """Play on: play(trainer, steps)."""
    real = torch.from_numpy(rescale(digits.train_images[:8]))
    classes = torch.from_numpy(digits.train_labels[:8].astype(np.int64))

    def play(trainer: GANTrainer, steps: int) -> GANTrainer:
        for _ in range(steps):
            trainer.train_step(real, classes, trainer.step / 20)
        return trainer

    with torch.random.fork_rng(devices=[]):
        yield play


@pytest.fixture
def three_saves(tmp_path, short, play):
    """A folder in which steps 2, 3 and 4 were saved, and the trainer as it stands."""
    trainer = play(new_game(short), 2)
    for _ in range(3):
        checkpoint.save(tmp_path, trainer, short, "digits")
        play(trainer, 1)
    return tmp_path


def steps(folder) -> list[int]:
    return sorted(int(path.stem.split("-")[1]) for path in folder.glob("step-*.json"))


@pytest.mark.parametrize("kind", ["tiny", "class_conditional"])
def test_a_restored_game_is_the_saved_one_and_plays_on_alike(tmp_path, short, play, everything, kind, request):
    short = short.model_copy(update={"networks": request.getfixturevalue(kind)})
    trainer = play(new_game(short), 3)
    trainer.seconds = 12.5
    checkpoint.save(tmp_path, trainer, short, "digits")
    other = play(new_game(short), 1)
    assert checkpoint.restore(tmp_path, other, short, "digits")
    assert (other.step, other.seconds) == (3, 12.5)
    chance = torch.get_rng_state()
    play(trainer, 3)
    torch.set_rng_state(chance)
    play(other, 3)
    expected, found = everything(trainer), everything(other)
    assert expected.keys() == found.keys()
    assert [name for name in expected if not torch.equal(expected[name], found[name])] == []


def test_a_checkpoint_of_the_version_before_goes_on_to_the_same_bits(tmp_path, short, play, everything):
    trainer = play(new_game(short), 3)
    checkpoint.save(tmp_path, trainer, short, "digits")
    path = tmp_path / "step-00000003.json"
    manifest = bundle.read_manifest(path)
    with safe_open(tmp_path / manifest["weights"], "pt") as weights:
        tensors = {name: weights.get_tensor(name) for name in list(weights.keys())}
    tensors["chance"] = tensors.pop("rng_state")  # as it was called
    before = {name: manifest[name] for name in ("step", "seconds", "settings", "data")}
    bundle.save(path, before, tensors)
    other = play(new_game(short), 1)
    assert checkpoint.restore(tmp_path, other, short, "digits")
    assert torch.equal(torch.get_rng_state(), tensors["chance"])
    play(other, 2)
    torch.set_rng_state(tensors["chance"])
    expected, found = everything(play(trainer, 2)), everything(other)
    assert [name for name in expected if not torch.equal(expected[name], found[name])] == []


def test_a_checkpoint_of_a_newer_version_is_refused_and_kept(tmp_path, short, play, monkeypatch):
    monkeypatch.setattr(checkpoint, "FORMAT", checkpoint.FORMAT + 1)
    checkpoint.save(tmp_path, play(new_game(short), 1), short, "digits")
    monkeypatch.undo()
    with pytest.raises(ModelError, match="newer version: bring the project's folder up to date"):
        checkpoint.restore(tmp_path, new_game(short), short, "digits")
    assert steps(tmp_path) == [1]


def test_restoring_brings_back_the_state_of_the_random_generator(tmp_path, short, play):
    checkpoint.save(tmp_path, play(new_game(short), 1), short, "digits")
    expected = torch.randn(5)
    torch.manual_seed(99)
    checkpoint.restore(tmp_path, new_game(short), short, "digits")
    assert torch.equal(torch.randn(5), expected)


def test_the_two_newest_are_kept(three_saves):
    assert steps(three_saves) == [3, 4]
    assert len(list(three_saves.iterdir())) == 4


def test_an_empty_folder_has_nothing_to_restore(tmp_path, short):
    trainer = new_game(short)
    assert not checkpoint.restore(tmp_path, trainer, short, "digits")
    assert not checkpoint.restore(tmp_path / "none", trainer, short, "digits")
    assert trainer.step == 0


@pytest.mark.parametrize("part", ["step-00000004.json", "step-00000004-*.safetensors"])
@pytest.mark.parametrize("damage", ["flip", "cut", "empty"])
def test_a_damaged_newest_is_set_aside_and_the_one_before_used(three_saves, short, part, damage):
    (path,) = three_saves.glob(part)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.write_bytes({"flip": bytes(content), "cut": bytes(content[:-9]), "empty": b""}[damage])
    trainer = new_game(short)
    assert checkpoint.restore(three_saves, trainer, short, "digits")
    assert trainer.step == 3
    assert steps(three_saves) == [3]
    assert (three_saves / "step-00000004.json.damaged").exists()


def test_without_its_weights_the_newest_is_set_aside(three_saves, short):
    next(three_saves.glob("step-00000004-*.safetensors")).unlink()
    trainer = new_game(short)
    assert checkpoint.restore(three_saves, trainer, short, "digits")
    assert trainer.step == 3


def test_when_all_are_damaged_there_is_none(three_saves, short):
    for path in three_saves.glob("*.safetensors"):
        path.write_bytes(b"")
    assert not checkpoint.restore(three_saves, new_game(short), short, "digits")
    assert not list(three_saves.glob("step-*.json"))


def test_a_checkpoint_of_other_settings_is_refused(three_saves, short, tiny):
    other = TrainConfig(**{**short.model_dump(), "beta1": 0.9})
    with pytest.raises(ModelError, match="other settings"):
        checkpoint.restore(three_saves, new_game(other), other, "digits")
    assert steps(three_saves) == [3, 4]


def test_a_checkpoint_of_settings_that_only_another_version_knows_is_refused_in_the_same_words(three_saves, short):
    newest = max(three_saves.glob("step-*.json"))
    bundle.update(newest, {"settings": {**short.model_dump(mode="json"), "preset": "quick"}})
    with pytest.raises(ModelError, match="other settings"):
        checkpoint.restore(three_saves, new_game(short), short, "digits")


def test_weights_that_a_killed_process_left_without_a_manifest_go_with_the_next_save(three_saves, short, play):
    orphan = three_saves / "step-00000003-0123456789ab.safetensors"
    older = three_saves / "step-00000001-0123456789ab.safetensors"
    for path in (orphan, older):
        path.write_bytes(b"weights whose manifest was never written")
    trainer = new_game(short)
    checkpoint.restore(three_saves, trainer, short, "digits")
    play(trainer, 1)
    checkpoint.save(three_saves, trainer, short, "digits")
    play(trainer, 1)
    checkpoint.save(three_saves, trainer, short, "digits")
    assert steps(three_saves) == [5, 6]
    assert len(list(three_saves.iterdir())) == 4


def test_a_damaged_checkpoint_stays_to_be_looked_at_until_the_training_ends(three_saves, short, play):
    manifest = three_saves / "step-00000004.json"
    manifest.write_bytes(b"{}")
    trainer = new_game(short)
    checkpoint.restore(three_saves, trainer, short, "digits")
    play(trainer, 4)
    checkpoint.save(three_saves, trainer, short, "digits")
    assert (three_saves / "step-00000004.json.damaged").exists()
    assert len(list(three_saves.glob("step-00000004-*.safetensors"))) == 1
    checkpoint.remove_all(three_saves)
    assert list(three_saves.iterdir()) == []


def test_nothing_is_removed_where_nothing_is(tmp_path):
    checkpoint.remove_all(tmp_path / "none")


def test_what_a_checkpoint_holds_is_tensors_and_json(three_saves):
    manifest = bundle.read_manifest(three_saves / "step-00000004.json")
    assert manifest["step"] == 4
    names = safe_open(three_saves / manifest["weights"], "pt").keys()
    assert {name.split("/")[0] for name in names} == {
        "generator", "discriminator", "averaged", "adam_g", "adam_d", "rng_state",
    }  # fmt: skip
    assert {path.suffix for path in three_saves.iterdir()} == {".json", ".safetensors"}


def test_a_checkpoint_whose_tensors_are_not_those_of_its_settings_is_set_aside_by_name(
    three_saves, short, play, caplog
):
    other = play(new_game(short), 4)
    other.averaged["01_Dense.weight"] = torch.zeros(3, 5)
    checkpoint.save(three_saves, other, short, "digits")
    trainer = new_game(short)
    assert checkpoint.restore(three_saves, trainer, short, "digits")
    assert "tensor averaged/01_Dense.weight was expected to be F32 (147, 5), it is F32 (3, 5)" in caplog.text


def test_a_checkpoint_of_other_data_is_refused(three_saves, short):
    with pytest.raises(ModelError, match="on digits, the data are synthetic-mnist now"):
        checkpoint.restore(three_saves, new_game(short), short, "synthetic-mnist")


def test_a_damaged_checkpoint_is_named_in_a_warning(three_saves, short, caplog):
    newest = max(three_saves.glob("step-*.json"))
    newest.write_bytes(newest.read_bytes()[:-9])
    checkpoint.restore(three_saves, new_game(short), short, "digits")
    assert newest.name in caplog.text
    assert "set aside" in caplog.text
