"""The mock: quick to start, free of torch, and as ill-behaved as one asks."""

import base64
import subprocess
import sys
import time

import numpy as np

from bridge_server.backends.mock.backend import Mock
from bridge_server.backends.mock.digits import digit
from bridge_server.contract.digits import GenerateRequest
from bridge_server.contract.runs import StartRun


def test_the_mock_starts_without_torch_and_numpy():
    code = (
        "import sys, bridge_server.cli.serve; from bridge_server.backends.mock.backend import Mock; Mock('x').health();"
        "print(sorted({'torch', 'numpy', 'PIL', 'compas'} & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_the_whole_mock_works_without_torch():
    code = (
        "import sys; from bridge_server.backends.mock.backend import Mock; m = Mock('x');"
        "from bridge_server.contract import anatomy, digits, film, networks, runs;"
        "m.generate(digits.GenerateRequest()); m.data_prepare(); m.run_start(runs.StartRun()); m.layers();"
        "m.networks_check(networks.NetworksCheck(model='bundled'));"
        "m.networks_activations(networks.ActivationsRequest());"
        "m.networks_anatomy(anatomy.AnatomyRequest());"
        "m._runs[0].begins -= 60; m.film(film.FilmRequest());"
        "print('torch' in sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"


def test_a_seven_stands_upright_and_moves_to_the_right():
    expected = np.zeros((28, 28), np.uint8)
    expected[3:6, 9:24] = 255  # the bar, at the top
    expected[3:24, 21:24] = 255  # the stem, at the right
    np.testing.assert_array_equal(digit(7, right=3), expected)
    assert len({digit(number).tobytes() for number in range(10)}) == 10


def test_the_same_request_gives_the_same_digits():
    mock = Mock("x")
    request = GenerateRequest(seed=7, count=2)
    assert mock.generate(request) == mock.generate(request)
    assert mock.generate(request).images != mock.generate(GenerateRequest(seed=8, count=2)).images


def test_the_failures_are_those_asked_for(start_server, check_problem):
    server = start_server(mock=True)
    check_problem(server.raw("POST", "/api/generate", {"model": "mock-missing"}), 404, "model_not_found")
    error = check_problem(server.raw("POST", "/api/generate", {"model": "mock-error"}), 500, "internal")
    assert "mock-error" not in error["message"]
    assert error["request_id"] in error["message"]
    assert "RuntimeError: mock-error was asked for" in (server.home / "server.log").read_text()


def test_the_digit_asked_for_is_drawn_and_moved_by_the_first_two_latents():
    mock = Mock("x")
    reply = mock.generate(GenerateRequest(digit=4, latent=(2, -1), form="images"))
    assert base64.b64decode(reply.images.data) == digit(4, right=2, up=-1).tobytes()


def test_a_training_is_judged_better_as_it_goes_on():
    mock = Mock("x")
    id = mock.run_start(StartRun()).reply.id
    seen = []
    for seconds in (0.2, 0.52, 1.02, 2.0):
        mock._runs[0].begins = time.monotonic() - seconds
        seen.append(mock.run(id))
    assert [run.frechet for run in seen] == [None, 20, 12, 8]
    assert seen[1].text == "26 % - 0:01 left - FID 20"
    assert seen[3].text == "finished - 0:02 - FID 8.0"
    assert seen[1].confident < seen[3].confident < 1


def test_a_training_fails_or_is_interrupted_when_its_name_says_so(start_server):
    server = start_server(mock=True)
    _, fails = server.call("POST", "/api/runs", {"model": "mock-fails"})
    _, cut = server.call("POST", "/api/runs", {"model": "mock-interrupted"})
    assert (cut["state"], cut["place"]) == ("queued", 1)
    failed = server.wait_for_run(fails["id"], "failed")
    assert failed["problem"]
    assert failed["epoch"] == 5
    assert server.wait_for_run(cut["id"], "interrupted")["reason"] == "killed"
    status, resumed = server.call("POST", f"/api/runs/{cut['id']}/resume")
    assert (status, resumed["state"]) == (200, "running")
    assert resumed["epoch"] >= 5
    server.wait_for_run(cut["id"], "succeeded")


def test_an_interrupted_training_can_be_stopped_and_goes_on_when_asked_to():
    mock = Mock("x")
    id = mock.run_start(StartRun(model="mock-interrupted")).reply.id
    mock._runs[0].begins = time.monotonic() - 5
    assert mock.run(id).state == "interrupted"
    stopped = mock.run_stop(id)
    assert stopped.state == "stopped"
    assert stopped.text.endswith(" - resume to go on")
    assert mock.run_resume(id).state == "running"
    assert mock.run(id).percent >= stopped.percent


def test_names_are_minted_one_after_the_other():
    mock = Mock("x")
    assert [mock.run_start(StartRun()).reply.model for _ in range(3)] == ["digits-1", "digits-2", "digits-3"]
