"""The diagnostics of trainings that go wrong; and that there are none of one that goes well.

The judge looks at digits of the bundled model, a few hundred at a time, as if a training had drawn them.
"""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest
import torch

from ganmnist.class_names import DIGITS
from ganmnist.errors import TrainingError
from ganmnist.evaluation.evaluate import Estimator
from ganmnist.evaluation.judgement import Judgement
from ganmnist.generation.sampler import Sampler
from ganmnist.latent.vectors import from_seed
from ganmnist.layers import ClassProjection
from ganmnist.models.figures import Estimate
from ganmnist.models.store import ModelStore
from ganmnist.networks.spec import Sequential
from ganmnist.training import loop
from ganmnist.training.diagnostics import WINDOW, Diagnostics, diagnose
from ganmnist.training.loop import train
from ganmnist.training.presets import PRESETS
from ganmnist.training.step import GANTrainer

pytestmark = pytest.mark.slow

CONDITIONAL, UNCONDITIONAL, TUTORIAL = PRESETS["fast"], PRESETS["unconditional"], PRESETS["tutorial"]
GUESSING = [1.3] * WINDOW  # losses of a discriminator that can but guess
WINNING = [0.01] * WINDOW
ASKED = np.arange(300) % 10


@pytest.fixture(scope="module")
def draw(tmp_path_factory):
    """Draw digits: draw(seed, classes)."""
    sampler = Sampler.load(ModelStore(tmp_path_factory.mktemp("home")).find(None))
    return lambda seed, classes: sampler.generate(from_seed(seed, len(classes), sampler.latent_dim), classes)


@pytest.fixture(scope="module")
def estimator(draw):
    labels = np.arange(450) % 10
    return Estimator(draw(1, labels), labels.astype(np.uint8), DIGITS)


@pytest.fixture(scope="module")
def say(estimator):
    """What is said of images that a plan has drawn: say(plan, images, losses_d=GUESSING, step=1000)."""

    def say(plan, images, losses_d=GUESSING, step=1000):
        judgement = estimator.judge(images, ASKED if plan.networks.classes else None)
        return diagnose(plan, losses_d, replace(judgement, step=step))

    return say


@pytest.mark.parametrize("plan", [CONDITIONAL, UNCONDITIONAL, TUTORIAL])
def test_of_good_digits_nothing_is_said_even_if_the_discriminator_tells_them(say, draw, plan):
    images = draw(2, ASKED)
    assert say(plan, images) == say(plan, images, WINNING) == ()


def test_a_generator_of_one_digit_is_named_by_that_digit(say, draw):
    (sentence,) = say(UNCONDITIONAL, draw(3, np.full(300, 4)))
    assert sentence == ("Only some digits are made: hardly any but 4 (mode collapse). Lower learning_rate, now 0.003.")


def test_the_digits_that_a_generator_leaves_out_are_named(say, draw):
    classes = np.array([0, 1, 3, 4, 6, 7, 8])[np.arange(300) % 7]
    (sentence,) = say(TUTORIAL, draw(4, classes))
    assert sentence.startswith("Only some digits are made: hardly any 2, 5 and 9 (mode collapse). Put a MinibatchStd")


def test_a_digit_that_the_data_lack_is_not_missed(draw):
    labels = np.array([0, 1, 3, 4, 5, 6, 7, 8, 9])[np.arange(450) % 9]
    estimator = Estimator(draw(1, labels), labels.astype(np.uint8), DIGITS)
    judgement = replace(estimator.judge(draw(5, labels[:300])), step=1000)
    assert diagnose(UNCONDITIONAL, GUESSING, judgement) == ()


def test_a_generator_of_one_image_is_told_that_it_makes_one(say, draw):
    one = np.repeat(draw(6, np.array([7])), 300, 0)
    alike, only = say(UNCONDITIONAL, one)
    assert alike.startswith("All generated images are nearly the same (mode collapse). ")
    assert only.startswith("Only some digits are made: hardly any but 7 ")
    black = say(TUTORIAL, np.zeros((300, 28, 28), np.uint8))
    assert black[0].startswith("All generated images are nearly the same")


def test_one_image_for_each_class_is_told_and_so_is_one_class_of_ten(say, draw):
    each = draw(7, np.arange(10))[ASKED]
    (sentence,) = say(CONDITIONAL, each)
    assert sentence.startswith("All generated images of the same class are nearly the same (mode collapse). ")
    images = draw(8, ASKED)
    images[ASKED == 3] = images[3]
    (sentence,) = say(CONDITIONAL, images)
    assert sentence.startswith("All generated images of 3 are nearly the same")


def test_digits_other_than_those_asked_for_are_told_of_a_model_with_classes(say, draw):
    swapped = np.array([0, 1, 8, 3, 4, 2, 6, 7, 5, 9])
    images = draw(9, swapped[ASKED])
    (sentence,) = say(CONDITIONAL, images)
    assert sentence == "Asked for 2, 5 and 8, the generator draws something else. Lower learning_rate, now 0.003."
    assert say(UNCONDITIONAL, images) == ()
    layers = [layer for layer in CONDITIONAL.networks.discriminator.layers if not isinstance(layer, ClassProjection)]
    unaware = CONDITIONAL.networks.model_copy(update={"discriminator": Sequential(layers=tuple(layers))})
    (sentence,) = say(replace(CONDITIONAL, networks=unaware), images)
    assert "End the discriminator in ClassProjection" in sentence


@pytest.mark.parametrize("classes", [(), tuple("abcdefghij"), tuple("1234567890")])
def test_of_classes_that_are_no_digits_as_the_judge_knows_them_only_sameness_is_told(draw, classes):
    labels = np.arange(450) % 10
    estimator = Estimator(draw(1, labels), labels.astype(np.uint8) if classes else None, classes)
    fours = draw(3, np.full(300, 4))
    assert diagnose(UNCONDITIONAL, GUESSING, replace(estimator.judge(fours), step=1000)) == ()
    if classes:
        assert diagnose(CONDITIONAL, GUESSING, replace(estimator.judge(fours, ASKED), step=1000)) == ()
        images = draw(8, ASKED)
        images[ASKED == 2] = images[2]
        (sentence,) = diagnose(CONDITIONAL, GUESSING, replace(estimator.judge(images, ASKED), step=1000))
        assert sentence.startswith(f"All generated images of {classes[2]} are")


def test_a_training_that_has_hardly_begun_may_draw_what_it_likes(say):
    assert say(UNCONDITIONAL, np.zeros((300, 28, 28), np.uint8), step=399) == ()
    assert say(UNCONDITIONAL, np.zeros((300, 28, 28), np.uint8), step=400) != ()


def bad(frechet: float) -> Judgement:
    return Judgement(Estimate(frechet=frechet, confident=0.2), (), ())


def test_a_discriminator_that_wins_is_told_with_what_weakens_it():
    (sentence,) = diagnose(UNCONDITIONAL, WINNING, bad(900.0))
    assert sentence.startswith("The discriminator wins: ")
    assert sentence.endswith(
        "Raise r1, now 0.05, or give the discriminator fewer filters, or a Dropout between its layers."
    )
    (sentence,) = diagnose(TUTORIAL, WINNING, None)  # too few images for the judge
    assert "Set r1 to 0.1, label_smoothing to 0.1, or" in sentence
    (sentence,) = diagnose(replace(TUTORIAL, loss="hinge"), WINNING, bad(900.0))
    assert "spectral_norm" in sentence
    assert diagnose(replace(TUTORIAL, loss="wasserstein"), [-80.0] * WINDOW, bad(900.0)) == ()
    assert diagnose(UNCONDITIONAL, WINNING[1:], bad(900.0)) == ()  # not for long enough


def test_smoothed_labels_keep_a_discriminator_that_wins_from_a_loss_of_zero():
    smooth = replace(TUTORIAL, label_smoothing=0.1)
    (sentence,) = diagnose(smooth, [0.33] * WINDOW, bad(900.0))  # 0.325 is the least there can be
    assert "wins" in sentence
    assert "label_smoothing" not in sentence
    assert diagnose(TUTORIAL, [0.33] * WINDOW, bad(900.0)) == ()


def test_losses_that_run_away_are_told():
    (sentence,) = diagnose(UNCONDITIONAL, [40.0] * WINDOW, bad(900.0))
    assert sentence.startswith("The losses run away: ")
    assert "learning_rate, now 0.003, " in sentence
    assert diagnose(UNCONDITIONAL, [40.0] * (WINDOW - 1), None) == ()  # the first steps of any training swing
    assert diagnose(UNCONDITIONAL, [3e6] * 30, None) == (sentence,)
    (sentence,) = diagnose(replace(UNCONDITIONAL, learning_rate=0.02), [40.0] * WINDOW, bad(900.0))
    assert sentence.endswith("Lower learning_rate, now 0.02: no preset has more than 0.003.")


def test_what_is_said_is_said_once_and_taken_back():
    told = []
    diagnostics = Diagnostics(UNCONDITIONAL, told.append)
    for loss in WINNING:
        diagnostics.add_loss(loss)
    for judgement in (None, bad(900.0), bad(900.0), bad(10.0), bad(10.0)):
        diagnostics.update(judgement)
    assert [len(sentences) for sentences in told] == [1, 0]


@pytest.fixture
def at_every_step(monkeypatch):
    monkeypatch.setattr(loop, "_EVALUATE_SECONDS", (0.0, 0.0))


def test_a_generator_that_does_not_learn_loses_to_the_discriminator(digits, short, monkeypatch):
    recipe = loop.recipe
    unfair = {"learning_rate": 1e-9, "discriminator_rate": 1e7, "loss": "nonsaturating", "r1": 0.0, "epochs": 40}
    monkeypatch.setattr(loop, "recipe", lambda *given: replace(recipe(*given), **unfair))
    told = []
    train(digits, short, on_warnings=told.append)
    (sentences,) = told
    assert sentences[0].startswith("The discriminator wins")


@pytest.mark.parametrize("where", ["generator", "discriminator", "averaged"])
@pytest.mark.parametrize("at_the_end", [False, True])
def test_weights_that_are_not_finite_end_a_training_and_are_neither_published_nor_saved(
    digits, short, home, monkeypatch, at_every_step, where, at_the_end
):
    play, seen = GANTrainer.train_step, []

    def break_down(trainer, *given):
        losses = play(trainer, *given)
        if trainer.step == 6:
            state = trainer.averaged if where == "averaged" else getattr(trainer, where).state_dict()
            next(value for value in state.values() if value.dim() > 1).view(-1)[0] = torch.nan
        return losses  # of the step before the NaN: numbers

    monkeypatch.setattr(GANTrainer, "train_step", break_down)
    folder = ModelStore(home).new("digits")

    def follow(progress):
        seen.append(progress)
        deadline = time.monotonic() + 60
        while len(seen) == 5 and not (folder.path / "model.json").exists():  # another thread publishes
            assert time.monotonic() < deadline
            time.sleep(0.01)

    with pytest.raises(TrainingError, match=r"step [67] .*NaN.*learning_rate 0\.0002, a tenth of the 0\.002") as caught:
        train(
            digits,
            short,
            folder,
            on_progress=follow,
            should_stop=lambda: at_the_end and len(seen) == 6,
        )
    assert "The model stays as it was before" in str(caught.value)
    assert all(bool(tensor.isfinite().all()) for tensor in folder.load()[1].values())
    assert not list(folder.checkpoints.glob("*.safetensors"))


@pytest.mark.parametrize(("novelty", "said"), [(None, False), (0.9, False), (0.2, True)])
def test_a_model_that_copies_its_pictures_says_so_with_what_helps(novelty, said):
    found = diagnose(CONDITIONAL, GUESSING, None, novelty)
    assert len(found) == said
    assert not said or ("It copies" in found[0] and "start_from" in found[0])
