"""Loaded generators are shared, and nobody waits for the work of others that is long."""

import threading
from types import SimpleNamespace

import pytest
import torch

from bridge_server.backends import samplers
from bridge_server.backends.samplers import Samplers


def manifest(id, sha256="1"):
    return SimpleNamespace(id=id, sha256=sha256, finished=True)


@pytest.fixture
def loaded(monkeypatch):
    """What was loaded, by folder; the folder `slow` is loaded when `go` is set."""
    found = SimpleNamespace(folders=[], go=threading.Event())

    def load(folder, before):
        found.folders.append(folder)
        if folder == "slow":
            assert found.go.wait(5)
        return object()

    monkeypatch.setattr(samplers, "_load", load)
    yield found
    found.go.set()


def test_a_model_is_loaded_once_and_again_when_it_was_published(loaded):
    kept = Samplers()
    first = kept.get("a", manifest("a"))
    assert kept.get("a", manifest("a")) is first
    assert kept.get("a", manifest("a", "2")) is not first
    assert loaded.folders == ["a", "a"]


def test_only_the_models_used_last_are_kept(loaded):
    kept = Samplers()
    for id in "abcdeabcde":
        kept.get(id, manifest(id))
        kept.get("a", manifest("a"))
    assert loaded.folders.count("a") == 1
    assert loaded.folders.count("c") == 2


def test_while_a_model_is_loaded_the_others_can_be_used_and_nobody_loads_the_same(loaded):
    kept = Samplers()
    got = []
    threads = [threading.Thread(target=lambda: got.append(kept.get("slow", manifest("slow")))) for _ in range(3)]
    for thread in threads:
        thread.start()
    kept.get("a", manifest("a"))
    assert not got
    loaded.go.set()
    for thread in threads:
        thread.join()
    assert loaded.folders.count("slow") == 1
    assert len(set(got)) == 1


def test_many_digits_do_not_hold_up_a_few():
    kept = Samplers()
    for few in (1, 16):
        with kept.turn(1024), kept.turn(few):
            pass


@pytest.fixture
def two_cores():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def test_each_thread_that_draws_takes_one_core(loaded, two_cores):
    """What torch is told holds for the thread that tells it, and most threads use what another has loaded."""
    kept, cores = Samplers(), []

    def use():
        kept.get("a", manifest("a"))
        cores.append(torch.get_num_threads())

    for _ in range(2):
        thread = threading.Thread(target=use)
        thread.start()
        thread.join()
    assert cores == [1, 1]
