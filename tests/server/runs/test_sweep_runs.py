"""Sweeps as users live them: real server processes and real trainings, and a server that is killed meanwhile."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from bridge_server.backends.service import Service
from bridge_server.contract.evaluation import EvaluateRequest
from bridge_server.contract.sweeps import StartSweep, SweepState
from ganmnist.data import load
from ganmnist.models.manifest import ALL_BUNDLED
from ganmnist.validation import read_settings
from tests.conftest import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture
def steps(short):
    """Settings of a training of a few steps."""
    return {**{name: value for name, value in short.items() if name != "epochs"}, "steps": 8}


load_all = load.load_data


def fewer_test_images(data):
    return replace(data, test_images=data.test_images[:500], test_labels=data.test_labels[:500])


def test_a_sweep_ends_with_the_best_under_its_name(tmp_path, monkeypatch, steps):
    """Real trainings and the real judge, in this process, so that it has fewer digits to look at."""
    monkeypatch.setattr(Service, "_measured", 300)
    monkeypatch.setattr(load, "load_data", lambda **which: fewer_test_images(load_all(**which)))
    service = Service(tmp_path, "x", slots=2)
    if not load.is_at_hand(tmp_path):
        pytest.skip("no MNIST here: put its four files into GANMNIST_DATA")
    service.start()
    try:
        asked = {**steps, "model": "many", "sweep": {"learning_rate": [0.0001, 0.01]}, "others": "drop"}
        id = service.sweep_start(read_settings(StartSweep, asked)).reply.id
        deadline = time.monotonic() + 250  # other tests may run beside
        while (sweep := service.sweep(id)).state is not SweepState.ENDED:
            assert time.monotonic() < deadline, sweep
            time.sleep(0.1)
        assert [row.state for row in sweep.runs] == ["succeeded"] * 2, sweep
        assert sweep.runs[0].judged < sweep.runs[1].judged
        assert (sweep.best, sweep.runs[0].best, sweep.runs[1].text) == (sweep.runs[0].run, True, "dropped")
        assert [(model.name, model.id) for model in service.models().models] == [
            ("many", sweep.best),
            *zip(ALL_BUNDLED, ALL_BUNDLED, strict=True),
        ]
        measured = service.evaluate(EvaluateRequest(model="many", count=300))
        assert measured.samples.frechet == sweep.runs[0].judged, "it is known by now"
    finally:
        service.close()


@pytest.mark.skipif(os.name != "posix", reason="Windows has no SIGKILL")
def test_a_killed_server_goes_on_with_its_sweep(start_server, steps):
    server = start_server()
    asked = {**steps, "steps": 4000, "model": "many", "sweep": {"seed": [1, 2, 3]}}
    made = server.call("POST", "/api/sweeps", asked)[1]
    under_way = next(row for row in made["runs"] if row["model"] == "many-1")["run"]
    server.wait_for_step(under_way)
    server.kill()
    again = start_server(home=server.home)
    there = again.call("GET", f"/api/sweeps/{made['id']}")[1]
    assert {row["state"] for row in there["runs"]} >= {"interrupted"}
    assert there["trainings"] == 3
    assert again.call("POST", f"/api/sweeps/{made['id']}/resume")[0] == 200
    again.wait_for_run(under_way, "queued", "running")
    status, stopped = again.call("POST", f"/api/sweeps/{made['id']}/stop")
    assert status == 200, stopped
    for row in stopped["runs"]:
        again.wait_for_run(row["run"], "stopped", seconds=30)


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_ctrl_c_leaves_the_sweep_and_says_how_to_stop_it(start_server):
    server = start_server(mock=True)
    words = [
        "-m",
        "bridge_server",
        "sweep",
        "start",
        "--seed",
        "0..49",
        "--model",
        "many",
        "--data-dir",
        str(server.home),
    ]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    watching = subprocess.Popen([sys.executable, *words], stdout=subprocess.PIPE, text=True, env=environment)
    assert watching.stdout.readline() == "sweep many: 50 trainings\n"
    watching.stdout.readline()
    watching.send_signal(signal.SIGINT)
    said = watching.communicate(timeout=20)[0]
    assert "The sweep goes on without being watched" in said
    assert "sweep stop many" in said
    assert watching.returncode == 0
    (sweep,) = server.call("GET", "/api/sweeps")[1]["sweeps"]
    assert sweep["state"] == "running"
    assert json.dumps(sweep["axes"]) == json.dumps({"seed": list(range(50))})
