"""Digits from the real server: the same that the library draws."""

import base64

import numpy as np
import pytest

from ganmnist.latent import from_seed
from ganmnist.models import ModelStore
from ganmnist.sampling import Sampler


@pytest.fixture(scope="module")
def server(start_shared_server):
    return start_shared_server()


def pixels(answer):
    return np.frombuffer(base64.b64decode(answer["images"]["data"]), np.uint8).reshape(answer["images"]["shape"])


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


def test_a_model_without_classes_says_that_no_digit_can_be_chosen(server, short, check_problem):
    run = server.call("POST", "/api/runs", {"model": "plain", **short})[1]
    server.wait_for_run(run["id"], "succeeded")
    assert server.call("GET", "/api/models/plain")[1]["classes"] == 0
    assert server.call("POST", "/api/generate", {"model": "plain", "form": "images"})[1]["digits"] == []
    answer = server.raw("POST", "/api/generate", {"model": "plain", "digit": 3})
    assert "trained without classes" in check_problem(answer, 422, "invalid_setting")["message"]
