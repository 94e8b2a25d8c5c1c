"""Faults that take minutes come in two forms: a short one for every day, and the true one for --long or FAULTS=long."""

import os

import numpy as np
import pytest

from ganmnist.data.idx import write_idx
from ganmnist.data.load import MNIST


def pytest_addoption(parser):
    parser.addoption("--long", action="store_true", help="the faults at their true length (or: FAULTS=long)")


def pytest_configure(config):
    if config.getoption("--long", default=False):
        os.environ["FAULTS"] = "long"


@pytest.fixture(scope="session")
def long() -> bool:
    """Whether the faults are to have their true length."""
    return os.environ.get("FAULTS") == "long"


SAVE_SECONDS = 0.5
_HABITS = f"""
import os, sys
os.cpu_count = lambda: 1  # one thread, which gives the same bits
if "bridge_server.runs.worker" in sys.orig_argv:
    import ganmnist.training.loop as training
    training._SAVE_SECONDS = {SAVE_SECONDS}
"""


@pytest.fixture
def save_seconds(tmp_path, monkeypatch) -> float:
    """Seconds from one checkpoint to the next, in all trainings from here on; on one thread, and of 128 images."""
    images = np.random.default_rng(0).integers(0, 256, (128, 28, 28), np.uint8)
    labels = (np.arange(128) % 10).astype(np.uint8)
    for name in MNIST:
        write_idx(tmp_path / "data" / f"{name}.gz", images if "images" in name else labels)
    habits = tmp_path / "habits"
    habits.mkdir()
    (habits / "sitecustomize.py").write_text(_HABITS)
    monkeypatch.setenv("GANMNIST_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("PYTHONPATH", str(habits))
    return SAVE_SECONDS
