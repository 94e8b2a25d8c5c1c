"""The steps of a training: on an accelerator the same as on the processor, without waiting for each.

There is no accelerator where these run. The processor stands in for one, to compare what is computed; and torch's meta
device, which computes nothing, finds every tensor that is made elsewhere and every wait for a number.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from itertools import chain

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from ganmnist import device as devices
from ganmnist.config import TrainConfig
from ganmnist.device import PROCESSOR, Choice
from ganmnist.errors import DeviceError
from ganmnist.models.store import ModelStore
from ganmnist.training import checkpoint, loop
from ganmnist.training import runner as running
from ganmnist.training.diagnostics import Remark
from ganmnist.training.loop import train
from ganmnist.training.losses import LOSSES
from ganmnist.training.presets import recipe
from ganmnist.training.runner import READ_INTERVAL, DeviceRunner, HostRunner, runner, step_seconds
from ganmnist.training.step import GANTrainer

META = torch.device("meta")
GONE = torch.AcceleratorError("CUDA error: unspecified launch failure")


@pytest.fixture(autouse=True)
def chance():
    with torch.random.fork_rng(devices=[]):
        yield


@pytest.fixture
def stand_in(monkeypatch):
    """Have the processor be computed on as an accelerator is."""
    monkeypatch.setattr(running, "runner", DeviceRunner)
    monkeypatch.setattr(loop, "runner", DeviceRunner)


@pytest.fixture
def folder(home):
    return ModelStore(home).new("digits")


def trained(kind, plan, digits, steps, **made):
    """Return a trainer after some steps, and the losses that were told."""
    torch.manual_seed(1)
    trainer = GANTrainer(plan, **made)
    classes = digits.train_labels.astype(np.int64) % plan.networks.kinds
    run = kind(trainer, digits.train_images, classes, 3)
    return trainer, [run.step(step / 100) for step in range(steps)]


@pytest.mark.parametrize("loss", LOSSES)
def test_an_accelerator_learns_what_the_processor_does(class_conditional, digits, loss, everything, monkeypatch):
    """Twenty steps, in which all of the schedule moves, an epoch ends, and penalties come three times."""
    monkeypatch.setattr(running, "_READ_SECONDS", 1000)
    config = TrainConfig(networks=class_conditional, batch_size=16, learning_rate=1e-4, r1=0.1, loss=loss)
    plan = replace(recipe(config), decay_start=0.1, noise=0.0, latent_spread=0.5)
    here, told_here = trained(HostRunner, plan, digits, 20)
    there, told_there = trained(DeviceRunner, plan, digits, 20)
    losses_here, losses_there = ([*chain.from_iterable(told)][:17] for told in (told_here, told_there))
    assert np.allclose(losses_there, losses_here, atol=1e-3)
    expected, found = everything(here), everything(there)
    for name, tensor in expected.items():
        torch.testing.assert_close(found[name].float(), tensor.float(), atol=1e-3, rtol=1e-2, msg=name)


def test_its_losses_are_read_at_once_at_first_and_then_every_sixteen_steps(class_conditional, digits, monkeypatch):
    monkeypatch.setattr(running, "_READ_SECONDS", 1000)
    plan = recipe(TrainConfig(networks=class_conditional, batch_size=16))
    _, told = trained(DeviceRunner, plan, digits, 2 * READ_INTERVAL + 1)
    assert [len(losses) for losses in told] == [1, *[0] * 15, 16, *[0] * 15, 16]


def test_steps_that_take_long_are_read_each(class_conditional, digits, monkeypatch):
    monkeypatch.setattr(running, "_READ_SECONDS", 1e-9)
    plan = recipe(TrainConfig(networks=class_conditional, batch_size=16))
    _, told = trained(DeviceRunner, plan, digits, 5)
    assert [len(losses) for losses in told] == [1] * 5


def test_each_kind_of_step_is_captured_once_after_it_was_called_twice(class_conditional, digits, monkeypatch):
    captures, replays = [], []

    def captured(work, device):
        captures.append(device)

        def replay():
            replays.append(len(captures))
            work()

        return replay

    monkeypatch.setattr(devices, "captured", captured)
    plan = recipe(TrainConfig(networks=class_conditional, batch_size=16, r1=0.1))
    trainer, _ = trained(DeviceRunner, plan, digits, 25)
    assert captures == [PROCESSOR] * 2
    # Steps 0 and 8 are penalised, 1 and 2 are not: those are called. What is captured is only done when it is replayed.
    assert len(replays) == 25 - 4
    assert trainer.step == 25
    seen = [value.item() for key, value in trainer.averaged.items() if key.endswith("num_batches_tracked")]
    assert seen == [25]


class Vigilant(TorchDispatchMode):
    """Refuses every tensor outside the meta device, and every look at a number."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if "_fused_adam_" in str(func):  # torch has none for meta
            return None
        made = func(*args, **(kwargs or {}))
        for tensor in made if isinstance(made, tuple | list) else [made]:
            assert not isinstance(tensor, torch.Tensor) or tensor.device == META, func
        assert "_local_scalar_dense" not in str(func), func
        return made


@pytest.mark.parametrize(
    "settings",
    [*({"loss": loss} for loss in LOSSES), {"preset": "tutorial"}, {"preset": "unconditional"}, {"networks": "normed"}],
    ids=str,
)
def test_nothing_in_a_step_is_made_elsewhere_or_waits_for_the_device(settings, normed, digits):
    settings = {**settings, **({"networks": normed} if "networks" in settings else {})}
    plan = recipe(TrainConfig(**settings, batch_size=16))
    trainer = GANTrainer(plan, device=META, augmented=True)
    run = DeviceRunner(trainer, digits.train_images, digits.train_labels.astype(np.int64), 0)
    run._order.zero_()
    with Vigilant():
        for turn in {trainer.turn(), trainer.turn()._replace(penalised=False), trainer.turn()._replace(alone=True)}:
            run._learn(turn)


def test_the_first_weights_are_those_of_the_processor_whatever_the_device(class_conditional):
    plan, made = recipe(TrainConfig(networks=class_conditional)), []
    for device in (PROCESSOR, META):
        torch.manual_seed(4)
        GANTrainer(plan, device=device)
        made.append(torch.rand(3).tolist())
    assert made[0] == made[1]


def test_the_processor_has_the_runner_of_the_processor(class_conditional, digits):
    plan = recipe(TrainConfig(networks=class_conditional))
    for device, kind in ((PROCESSOR, HostRunner), (META, DeviceRunner)):
        trainer = GANTrainer(plan, device=device)
        assert type(runner(trainer, digits.train_images, digits.train_labels.astype(np.int64), 0)) is kind


@pytest.mark.usefixtures("stand_in")
def test_a_whole_training_goes_as_on_the_processor(digits, short, folder, monkeypatch):
    monkeypatch.setattr(running, "_READ_SECONDS", 1000)
    monkeypatch.setattr(running, "READ_INTERVAL", 5)
    said = []
    sampler = train(digits, short, folder, on_progress=said.append)
    assert [progress.step for progress in said] == list(range(1, 17))
    assert said[-1].epoch == 2
    assert said[0].loss_d == said[4].loss_d != said[5].loss_d  # told at every step, and read now and then
    assert folder.manifest().finished
    assert sampler.device == PROCESSOR


def test_a_training_moves_between_devices(digits, short, folder, monkeypatch, everything):
    """Cut short on one, gone on with on another: its weights are carried over, whatever device was chosen."""
    stop = iter([False] * 4 + [True]).__next__
    train(digits, short, folder, should_stop=stop)
    moved = GANTrainer(recipe(short), device=PROCESSOR)
    assert checkpoint.restore(folder.checkpoints, moved, short.model_copy(update={"device": "cuda"}), digits.name)
    assert moved.step == 5
    monkeypatch.setattr(loop, "runner", DeviceRunner)
    train(digits, short, folder)
    assert folder.manifest().step == 16


@pytest.fixture
def failing(monkeypatch):
    """Have a graphics card that fails at step 5: failing(error)."""

    def fail(error):
        class Failing(DeviceRunner):
            def step(self, progress):
                if self._trainer.step == 5:
                    raise error
                return super().step(progress)

        chosen = iter([Failing, HostRunner])
        monkeypatch.setattr(loop, "runner", lambda *given: next(chosen)(*given))
        monkeypatch.setattr(loop, "choose_device", lambda *_, **__: Choice(torch.device("cuda"), "it is quicker"))
        monkeypatch.setattr(loop, "stream", lambda device: nullcontext())
        make = GANTrainer
        monkeypatch.setattr(loop, "GANTrainer", lambda *given, device, **named: make(*given, **named))

    return fail


def test_where_the_device_fails_auto_goes_on_on_the_processor_and_says_so(digits, short, folder, failing, monkeypatch):
    monkeypatch.setattr(loop, "_SAVE_SECONDS", 0.0)  # a checkpoint at every step
    failing(GONE)
    said, warned = [], []
    train(digits, short, folder, on_progress=said.append, on_warnings=warned.append)
    assert [progress.step for progress in said] == [*range(1, 6), *range(6, 17)]
    (sentence,) = warned[-1]
    assert sentence.startswith("The graphics card (cuda) does not work, or is gone (CUDA error: unspecified launch")
    assert sentence.endswith("The training goes on on the processor.")
    assert isinstance(sentence, Remark)
    assert folder.manifest().finished


def test_a_device_that_was_chosen_by_name_ends_the_training_so_that_it_can_go_on(digits, short, folder, failing):
    chosen = short.model_copy(update={"device": "cuda"})
    failing(torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB."))
    with pytest.raises(DeviceError, match=r"device: the graphics card .* has too little memory .*: end other"):
        train(digits, chosen, folder)
    train(digits, short, folder)
    assert folder.manifest().finished


def test_what_else_goes_wrong_is_no_fault_of_the_device(digits, short, folder, failing):
    failing(RuntimeError("can't start new thread"))
    with pytest.raises(RuntimeError, match="new thread"):
        train(digits, short, folder)


def test_auto_warns_of_a_device_that_cannot_be_used(digits, short, monkeypatch):
    broken = Choice(PROCESSOR, "there is no other that works", ("The graphics card (cuda) cannot be used: mend it.",))
    monkeypatch.setattr(loop, "choose_device", lambda *_, **__: broken)
    warned = []
    train(digits, short, on_warnings=warned.append, should_stop=lambda: True)
    assert warned[0] == broken.problems


@pytest.mark.usefixtures("stand_in")
def test_a_trial_times_a_step_and_uses_up_no_chance(class_conditional, monkeypatch):
    monkeypatch.setattr(running, "_TRIAL", {True: (1, 2)})
    torch.manual_seed(2)
    before = torch.get_rng_state()
    assert 0 < step_seconds(recipe(TrainConfig(networks=class_conditional, batch_size=8)), PROCESSOR) < 10
    assert torch.equal(torch.get_rng_state(), before)
