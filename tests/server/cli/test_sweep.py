"""The commands about sweeps, on a mock: what they send, what they print, and how they end."""

import re

import pytest


@pytest.fixture(scope="module")
def server(start_shared_server):
    return start_shared_server(mock=True, options=("--slots", "8"))


@pytest.fixture
def sweep(server_command, server):
    return lambda *words: server_command("sweep", *words, "--data-dir", str(server.home))


def test_ranges_and_lists_become_axes_and_single_values_are_the_same_for_all(sweep, server):
    words = ("--seed", "0..1", "7", "--learning-rate", "1e-4", "2e-4", "--steps", "800", "--model", "many", "--drop")
    code, out, err = sweep("start", *words)
    assert (code, err) == (0, "")
    assert "sweep many: 6 trainings" in out
    table = out[out.index("model") :]
    assert re.search(r"many +│ 0.000\d +│ \d +│", table), table
    assert "best" in table
    assert "The best has FID" in out
    (found,) = server.call("GET", "/api/sweeps")[1]["sweeps"]
    assert found["axes"] == {"learning_rate": [0.0001, 0.0002], "seed": [0, 1, 7]}
    assert (found["others"], found["state"]) == ("drop", "ended")
    run = server.call("GET", f"/api/runs/{found['best']}")[1]
    assert (run["settings"]["steps"], run["model"]) == (800, "many")
    code, out, _ = sweep("list")
    assert code == 0
    assert re.search(r"many +│ +ended", out)
    assert "many" in sweep("watch", "MANY")[1]


def test_a_sweep_is_stopped_by_its_name(sweep, server):
    server.call("POST", "/api/sweeps", {"model": "stopped", "sweep": {"seed": list(range(20))}})
    code, out, _ = sweep("stop", "stopped")
    assert (code, out.startswith("sweep stopped: ")) == (0, True)
    assert sweep("resume", "stopped")[0] == 1, "nothing is interrupted"


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("start", "--steps", "5"), 2, "several values of at least one setting, as --seed 0..4"),
        (("start", "--seed", "4..1"), 2, "expected 1 to 1000"),
        (("start", "--seed", "a"), 2, "expected a whole number or a range as 0..4, got a"),
        (("start", "--learning-rate", "1", "2"), 1, "sweep.learning_rate: must be at most 0.1, got 1"),
        (("start", "--data", "a", "b"), 2, "unrecognized|unknown"),
        (("watch", "nobody"), 1, "There is no sweep nobody; there are "),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(sweep, words, status, said):
    code, _, err = sweep(*words)
    assert code == status, err
    assert re.search(said, err), err
