"""Rhino's screen never waits for the server, whatever state that is in."""

import socket
import threading
import time
from contextlib import suppress

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


@pytest.mark.parametrize("model", ["bundled", "mock-slow", "mock-missing", "mock-error"])
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
    impostor = start_impostor(tmp_path / "home", None, {"instance": "another"})
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
