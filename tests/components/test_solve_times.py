"""Rhino's screen never waits for the server, whatever state that is in."""

import json
import shutil
import socket
import time

import pytest


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


@pytest.fixture(scope="module")
def mock(start_shared_server):
    server = start_shared_server(mock=True)
    yield server
    server.kill()  # it would wait for the answers that it owes


@pytest.mark.parametrize("model", ["mock-digits", "mock-slow", "mock-missing", "mock-error"])
def test_a_solve_is_quick_with_a_server(open_rhino, mock, assert_quick, model):
    assert_quick(drag(open_rhino(mock.home), model))


def test_a_solve_is_quick_without_a_server(open_rhino, assert_quick):
    assert_quick(drag(open_rhino()))


def test_a_solve_is_quick_after_the_server_was_killed(open_rhino, start_server, assert_quick):
    server = start_server(mock=True)
    server.kill()
    assert_quick(drag(open_rhino(server.home)))


def test_a_solve_is_quick_when_a_socket_accepts_and_says_nothing(open_rhino, tmp_path, discovery, assert_quick):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        discovery(tmp_path / "home", silent.getsockname()[1])
        rhino = open_rhino()
        assert_quick(drag(rhino))
        report = rhino.until("generate", lambda report: report["balloons"])
        assert "does not answer" in report["balloons"][0][1]
        assert report["threads"] < 7


def test_an_answer_that_does_not_come_in_time_is_given_up(open_rhino, tmp_path, start_impostor, built, assert_quick):
    for file in built.iterdir():
        shutil.copy(file, tmp_path)
    code = (tmp_path / "generate.py").read_text()
    assert "CALL_SECONDS = 5.0\n" in code
    (tmp_path / "generate.py").write_text(code.replace("CALL_SECONDS = 5.0\n", "CALL_SECONDS = 0.5\n"))

    def late(method, path, body):
        time.sleep(2)
        return 200, json.dumps({"late": True}).encode()

    start_impostor(tmp_path / "home", late)
    rhino = open_rhino(components=tmp_path)
    assert_quick(drag(rhino))
    report = rhino.until("generate", lambda report: report["balloons"])
    assert report["balloons"][0][0] == "Warning"
    assert "did not answer within 0.5 seconds" in report["balloons"][0][1]
