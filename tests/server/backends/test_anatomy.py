"""The call that takes a training step apart: of the mock and of the real server, finished and under way."""

from __future__ import annotations

import base64
import time

import numpy as np
import pytest

from ganmnist.models.manifest import BUNDLED
from ganmnist.models.store import ModelStore

pytestmark = pytest.mark.slow

MAX_ANSWER = 300_000


@pytest.fixture(scope="module")
def trained(server, ask, short):
    """A model whose training has ended here."""
    run = ask("run_start", {"model": "trained", **short}, expect=201)
    server.wait_for_run(run.id, "succeeded")
    return "trained"


def bytes_of(pixels):
    return np.frombuffer(base64.b64decode(pixels.data), np.uint8).reshape(pixels.shape)[0]


def test_both_sides_of_a_step_are_told_of_a_model_that_was_trained_here(server, ask, trained):
    found = ask("networks_anatomy", {"model": "TRAINED", "seed": 4})
    assert (found.model, found.training, found.remarks) == ("trained", False, [])
    tables = ask("networks_check", {"model": "trained"})
    shown = (found.layers, found.judging.fake.layers, found.judging.real.layers)
    for layers, table in zip(shown, (tables.generator, tables.discriminator, tables.discriminator), strict=True):
        assert [(each.layer, each.output_shape) for each in layers] == [
            (row.layer, row.output_shape) for row in table.rows
        ]
    for verdict in (found.judging.fake, found.judging.real, found.judging.lesson.verdict):
        assert verdict.probability == pytest.approx(1 / (1 + np.exp(-verdict.logit)))
    gradient = bytes_of(found.judging.lesson.gradient)
    assert max(abs(gradient.astype(int) - 128).ravel()) == 127
    assert found.judging.lesson.steepest > 0
    assert found.judging.lesson.verdict.logit > found.judging.fake.logit
    z = np.frombuffer(base64.b64decode(found.z), "<f4")
    drawn = ask("generate", {"model": "trained", "z": [z.tolist()], "form": "images"})
    assert np.array_equal(bytes_of(drawn.images), bytes_of(found.fake))
    assert np.abs(bytes_of(found.real.image).astype(int) - bytes_of(found.fake)).max() > 50


def test_another_z_is_another_fake_and_another_real_another_real(ask, trained):
    first, other_z, other_real = (
        ask("networks_anatomy", {"model": trained, "seed": seed, "real": real})
        for seed, real in ((0, 0), (1, 0), (0, 1))
    )
    assert first.fake != other_z.fake
    assert first.real.image == other_z.real.image
    assert first.fake == other_real.fake
    assert first.real.image != other_real.real.image


def test_a_model_from_a_file_shows_its_generator_and_says_why_no_more(server, ask):
    status, _, content = server.raw("POST", "/api/networks/anatomy", {"digit": 7, "maps": 16})
    assert status == 200
    assert len(content) < MAX_ANSWER
    found = ask("networks_anatomy", {"digit": 7})
    assert (found.model, found.digit, found.class_name, found.judging) == (BUNDLED, 7, "7", None)
    assert found.real.class_name == "7"
    (remark,) = found.remarks
    assert "came as a file" in remark
    assert "Train a model here" in remark


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"digit": 10}, 422, "digit"),
        ({"maps": 17}, 422, "maps"),
        ({"real": -1}, 422, "real"),
        ({"model": "no"}, 404, None),
    ],
)
def test_what_cannot_be_taken_apart_is_refused(server, check_problem, body, status, field):
    error = check_problem(server.raw("POST", "/api/networks/anatomy", body), status)
    assert error["field"] == field


def test_a_training_hands_its_discriminator_over_to_whoever_looks_on_and_keeps_none_otherwise(server, ask, endless):
    run = ask("run_start", {"model": "growing", **endless}, expect=201)
    deadline = time.monotonic() + 60

    def look():
        while True:
            assert time.monotonic() < deadline
            if any(model.name == "growing" for model in ask("models").models):
                found = ask("networks_anatomy", {"model": "growing"})
                if found.judging:
                    return found
                assert "on its way" in found.remarks[0]
            time.sleep(0.05)

    first = look()
    assert first.training
    while (later := look()).judging.step == first.judging.step:
        pass
    assert later.judging.step > first.judging.step
    if not server.call("GET", "/api/health")[1]["mock"]:
        folder = ModelStore(server.home).folder(run.id, "growing")
        while folder.is_discriminator_wanted():  # the last who looked is served, and nobody after that
            assert time.monotonic() < deadline
            time.sleep(0.02)
        kept = folder.kept_discriminator()
        reached = server.wait_for_step(run.id, kept.step + 500)
        assert reached["step"] > kept.step
        assert folder.kept_discriminator() == kept
    ask("run_stop", id=run.id)
    server.wait_for_run(run.id, "stopped", seconds=5)
    assert ask("networks_anatomy", {"model": "growing"}).judging.step > first.judging.step


def test_a_data_set_that_is_gone_leaves_the_fake_alone(server, ask, trained, monkeypatch):
    if server.call("GET", "/api/health")[1]["mock"]:
        pytest.skip("a mock has no data to lose")
    store = ModelStore(server.home)
    manifest = store.manifest(trained)
    folder = store.folder(manifest.id, trained)
    _, weights = folder.load()
    lost = manifest.settings.model_copy(update={"data": "lost"})
    folder.publish(manifest.model_copy(update={"settings": lost}), weights)
    found = ask("networks_anatomy", {"model": trained})
    assert found.real is found.judging.real is None
    assert found.judging.fake.logit != 0
    assert "lost" in found.remarks[0]
