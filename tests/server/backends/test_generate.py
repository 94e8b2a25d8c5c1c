"""Digits from the real server: the same that the library draws."""

import base64

import numpy as np
import pytest

from bridge_server.backends.service import Service
from bridge_server.contract.digits import GenerateRequest
from ganmnist.config import ActivationsConfig, TrainConfig
from ganmnist.generation.feature_maps import walk
from ganmnist.generation.sampler import Sampler
from ganmnist.latent.vectors import from_seed
from ganmnist.models.store import ModelStore
from ganmnist.storage import bundle

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server(start_shared_server):
    return start_shared_server()


def pixels(answer, name="images"):
    return np.frombuffer(base64.b64decode(answer[name]["data"]), np.uint8).reshape(answer[name]["shape"])


def test_an_empty_home_draws_the_digit_that_is_asked_for(server):
    assert not (server.home / "models").exists() or not list((server.home / "models").iterdir())
    status, answer = server.call("POST", "/api/generate", {"digit": 7, "count": 3, "seed": 5, "form": "images"})
    assert status == 200, answer
    assert (answer["model"], answer["training"], answer["digits"]) == ("bundled", False, [7, 7, 7])
    bundled = Sampler.load(ModelStore(server.home).find(None))
    z = from_seed(5, 3, bundled.latent_dim)
    np.testing.assert_array_equal(pixels(answer), bundled.generate(z, np.full(3, 7)))


def test_digits_that_nobody_chose_are_said(server):
    answer = server.call("POST", "/api/generate", {"count": 6, "seed": 2, "form": "images"})[1]
    bundled = Sampler.load(ModelStore(server.home).find(None))
    z = from_seed(2, 6, bundled.latent_dim)
    np.testing.assert_array_equal(pixels(answer), bundled.generate(z, np.array(answer["digits"])))


def test_a_slider_sent_to_where_it_stands_changes_nothing_at_that_digit(server):
    asked = {"count": 2, "seed": 5, "digit": 4, "form": "images"}
    assert server.call("POST", "/api/generate", asked)[1]["sliders"] == {}, "nobody asked"
    answer = server.call("POST", "/api/generate", {**asked, "project": True})[1]
    assert answer["sliders"].keys() == {"slant", "thickness", "width", "size"}
    moved = server.call("POST", "/api/generate", {**asked, "slant": answer["sliders"]["slant"][1]})[1]
    before, after = pixels(answer).astype(int), pixels(moved).astype(int)
    assert np.abs(after[1] - before[1]).max() <= 1
    assert np.abs(after[0] - before[0]).max() > 50, "the other stood elsewhere"


def test_a_request_reads_the_manifest_of_its_model_once(tmp_path, monkeypatch):
    read = []
    monkeypatch.setattr(
        bundle, "read_manifest_bytes", lambda path, go_on=bundle.read_manifest_bytes: read.append(path) or go_on(path)
    )
    service = Service(tmp_path, "0" * 32)
    try:
        service.generate(GenerateRequest(form="images"))  # which loads it too
        read.clear()
        service.generate(GenerateRequest(form="images", seed=1))
    finally:
        service.close()
    assert len(read) == 1


def test_a_model_without_classes_says_that_no_digit_can_be_chosen(server, short, check_problem):
    run = server.call("POST", "/api/runs", {"model": "plain", **short})[1]
    server.wait_for_run(run["id"], "succeeded")
    assert server.call("GET", "/api/models/plain")[1]["classes"] == 0
    assert server.call("POST", "/api/generate", {"model": "plain", "form": "images"})[1]["digits"] == []
    answer = server.raw("POST", "/api/generate", {"model": "plain", "digit": 3})
    assert "trained without classes" in check_problem(answer, 422, "invalid_setting")["message"]


def test_a_walk_shows_what_the_librarys_shows_and_ends_in_the_digit(server):
    config = ActivationsConfig(seed=3, digit=9, latent=(0.5,), maps=3)
    status, answer = server.call("POST", "/api/networks/activations", config.model_dump())
    assert status == 200, answer
    expected = walk(Sampler.load(ModelStore(server.home).find(None)), config)
    for layer, found in zip(expected, answer["layers"], strict=True):
        np.testing.assert_array_equal(pixels(found, "maps"), layer.images)
        assert (found["low"], found["high"]) == (layer.low, layer.high)
    digit = server.call("POST", "/api/generate", {"seed": 3, "digit": 9, "latent": [0.5], "form": "images"})[1]
    last = expected[-1]
    shown = last.low + last.images / 255 * (last.high - last.low)
    np.testing.assert_allclose((shown + 1) * 127.5, pixels(digit), atol=1)


def test_a_model_remembers_the_networks_and_the_settings_it_was_trained_with(server, short):
    settings = {**short, "loss": "relativistic", "r1": 0.25, "preset": "unconditional"}
    run = server.call("POST", "/api/runs", {"model": "own", **settings})[1]
    server.wait_for_run(run["id"], "succeeded")
    manifest = ModelStore(server.home).find("own").manifest()
    assert manifest.settings == TrainConfig.model_validate(settings)
    assert manifest.networks == manifest.settings.networks
    assert (manifest.id, manifest.preset) == (run["id"], None)
