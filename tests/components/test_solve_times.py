"""Rhino's screen never waits for the server, whatever state that is in."""

import socket
import threading
import time
from contextlib import suppress
from itertools import pairwise

import pytest

pytestmark = pytest.mark.slow


def drag(rhino, model=None):
    """Drag a slider of Generate for half a second, and return the milliseconds of each solve.

    Another component is solved first: the first of a Rhino session imports the standard library.
    """
    rhino.place("first", "generate")
    rhino.solve("first")
    rhino.place("generate")
    for tick in range(30):
        rhino.solve("generate", latent=[tick / 20, 0.0, 0.3], model=model)
        time.sleep(0.01)
    return rhino.report("generate")["times"]


def drag_the_others(rhino):
    """Drag a slider of each other component that is solved anew meanwhile; return the milliseconds of each solve."""
    sliders = {
        "network": lambda tick: {"latent_dim": tick + 1},
        "model": lambda tick: {"learning_rate": (tick + 1) / 1000},
        "walk": lambda tick: {"latent": [tick / 20, 0.3]},
        "between": lambda tick: {"steps": tick + 1, "z": {"tree": {"0": [0.5] * 74, "1": [-0.5] * 64}}},
        "sheet": lambda tick: {"reach": (tick + 1) / 10},
        "film": lambda tick: {"latent": [tick / 20, 0.3]},
        "sketch": lambda tick: {"curves": [{"curve": [[3, 20, 5], [3, 27, 15], [3, 22, -5]]}], "pen": tick + 1.0},
        "losses": lambda tick: {"width": 50.0 + tick},
        "models": lambda tick: {"choose": "0"},
        "evaluate": lambda tick: {"count": 129, "evaluate": tick % 2 == 1},
        "export": lambda tick: {"height": tick / 2, "z": {"tree": {"0": [0.5] * 74}}},
        "restore": lambda tick: {"text": "ganmnist" * (tick + 1)},
    }
    rhino.place("first", "generate")
    rhino.solve("first")
    for name in sliders:
        rhino.place(name)
    for tick in range(20):
        for name, slider in sliders.items():
            rhino.solve(name, **slider(tick))
            time.sleep(0.005)
    return [time for name in sliders for time in rhino.report(name)["times"]]


@pytest.fixture(scope="module")
def mock(start_shared_server):
    server = start_shared_server(mock=True)
    yield server
    server.kill()  # it would wait for the answers that it owes


@pytest.mark.parametrize("model", ["bundled", "mock-slow", "mock-missing", "mock-error"])
def test_a_solve_is_quick_with_a_server(open_rhino, mock, assert_quick, model):
    assert_quick(drag(open_rhino(mock.home), model))


def test_a_solve_of_the_others_is_quick_with_a_server(open_rhino, mock, assert_quick):
    assert_quick(drag_the_others(open_rhino(mock.home)))


def test_a_solve_is_quick_without_a_server(open_rhino, assert_quick):
    assert_quick(drag(open_rhino()))
    assert_quick(drag_the_others(open_rhino()))


def test_a_chain_of_layers_follows_a_slider(open_rhino, mock, assert_quick):
    rhino = open_rhino(mock.home)
    layers = [*["layer_dense"] * 12, "layer_reshape", "layer_tanh"]
    chain = [*(f"{place} {layer}" for place, layer in enumerate(layers)), "network"]
    for name, component in zip(chain, [*layers, "network"], strict=True):
        rhino.place(name, component)
    for source, target in pairwise(chain):
        rhino.do("wire", source=source, output="network", target=target, input="layers")
    rhino.place("model")
    rhino.do("wire", source="network", output="network", target="model", input="generator")
    for name in [*chain[1:], "model"]:
        rhino.solve(name, units=784, shape=[1, 28, 28])
    for tick in range(20):
        rhino.solve(chain[0], units=tick + 1)
        time.sleep(0.01)
    times = {name: rhino.report(name)["times"][-20:] for name in [*chain, "model"]}
    assert_quick([sum(of_a_tick) for of_a_tick in zip(*(times[name] for name in chain[:-1]), strict=True)])
    assert_quick(times["network"])
    assert_quick(times["model"])
    report = rhino.until("model", lambda report: report["message"].startswith("ready"), "table")
    assert report["outputs"]["table"][1] == "1 Dense -> 20 (2,020 parameters)"  # the newest


def test_a_solve_is_quick_after_the_server_was_killed(open_rhino, start_server, assert_quick):
    server = start_server(mock=True)
    server.kill()
    assert_quick(drag(open_rhino(server.home)))


def test_a_solve_is_quick_when_a_socket_accepts_and_says_nothing(open_rhino, tmp_path, discovery, assert_quick):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        discovery(tmp_path / "home", silent.getsockname()[1])
        assert_quick(drag_the_others(open_rhino()))
        rhino = open_rhino()
        assert_quick(drag(rhino))
        report = rhino.until("generate", lambda report: report["balloons"])
        assert "does not answer" in report["balloons"][0][1]
        assert report["threads"] < 7


def test_a_solve_is_quick_when_every_answer_comes_late(open_rhino, tmp_path, start_impostor, assert_quick):
    def late(method, path, body):
        time.sleep(0.08)
        return 422, b'{"error": {"code": "c", "message": "m"}}'

    start_impostor(tmp_path / "home", late)
    rhino = open_rhino()
    rhino.place("generate")
    for seed in range(10):
        rhino.solve("generate", seed=seed)
        time.sleep(0.2)
    times = rhino.report("generate")["times"][1:]
    assert max(times) > 25  # it did wait
    assert_quick(times)


def test_a_server_that_is_down_is_not_asked_at_every_tick(open_rhino, tmp_path, start_impostor):
    impostor = start_impostor(tmp_path / "home", None, token="another")
    drag(open_rhino())
    assert 2 <= len(impostor.seen) <= 5  # by two components


def test_an_answer_that_does_not_come_in_time_is_given_up_and_asked_for_again(
    open_rhino, tmp_path, start_impostor, built_with
):
    delays = [1.5, 0]

    def late(method, path, body):
        time.sleep(delays.pop(0))
        return 422, b'{"error": {"code": "c", "message": "late but there"}}'

    start_impostor(tmp_path / "home", late)
    rhino = open_rhino(components=built_with("CALL_SECONDS = 5.0", "CALL_SECONDS = 0.5"))
    rhino.place("generate")
    rhino.solve("generate")
    report = rhino.until("generate", lambda report: report["balloons"])
    ((level, sentence),) = report["balloons"]
    assert level == "Warning"
    assert "did not answer within 0.5 seconds" in sentence
    rhino.until("generate", lambda report: report["balloons"] == [["Error", "late but there"]])


def test_an_answer_that_never_ends_is_given_up(open_rhino, tmp_path, discovery, built_with):
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def dribble():
            connection, _ = listener.accept()
            with connection, suppress(OSError):
                while True:
                    connection.sendall(b"H")
                    time.sleep(0.1)

        threading.Thread(target=dribble, daemon=True).start()
        discovery(tmp_path / "home", listener.getsockname()[1])
        rhino = open_rhino(components=built_with("GIVE_UP = 3 * CALL_SECONDS", "GIVE_UP = 0.5"))
        rhino.place("data")
        rhino.solve("data")
        time.sleep(0.6)
        (balloon,) = rhino.solve("data")["balloons"]
        assert balloon[0] == "Warning"
        assert "never ends" in balloon[1]
