"""A server that has too much to do is left alone for as long as it says, and nothing turns red."""

import json
import threading
import time

import pytest

DATA = {"state": "absent", "name": None, "train": None, "test": None, "percent": 0.0, "problem": None}
READY = {**DATA, "state": "ready", "name": "MNIST", "train": 60000, "test": 10000}
BUSY = 429, b'{"error": {"code": "too_many_requests", "message": "Wait."}}', {"Retry-After": "1"}


def answer(data):
    return 200, json.dumps(data).encode()


def test_a_busy_server_is_left_alone_for_as_long_as_it_says_and_the_last_answer_stays(
    open_rhino, tmp_path, start_impostor
):
    answers, asked = [answer(READY), BUSY, answer(READY)], []

    def reply(method, path, body):
        asked.append(time.monotonic())
        return answers[len(asked) - 1]

    start_impostor(tmp_path / "home", reply)
    rhino = open_rhino()
    rhino.place("data")
    rhino.solve("data")
    rhino.until("data", "MNIST")
    time.sleep(0.9)  # until it is asked again
    rhino.solve("data")
    report = rhino.until("data", "stale - server busy", "data", "train")
    assert report["outputs"] == {"data": "MNIST", "train": 60000}
    assert report["balloons"] == []
    rhino.solve("data")  # asks nothing
    assert rhino.until("data", "MNIST")["balloons"] == []
    assert len(asked) == 3
    assert asked[2] - asked[1] >= 1


def test_a_press_that_a_busy_server_refuses_is_made_again(open_rhino, tmp_path, start_impostor):
    presses = []

    def reply(method, path, body):
        if method == "POST":
            presses.append(time.monotonic())
            return BUSY if len(presses) == 1 else answer(READY)
        return answer(READY if len(presses) > 1 else DATA)

    start_impostor(tmp_path / "home", reply)
    rhino = open_rhino()
    rhino.place("data")
    rhino.solve("data")
    rhino.until("data", "press load")
    rhino.press("data", "load")
    rhino.until("data", "MNIST")
    assert len(presses) == 2
    assert presses[1] - presses[0] >= 1


def test_a_slider_that_moves_on_does_not_shorten_the_wait(open_rhino, tmp_path, start_impostor):
    asked = []

    def reply(method, path, body):
        asked.append(time.monotonic())
        return BUSY if len(asked) == 1 else (422, b'{"error": {"code": "c", "message": "here again"}}')

    start_impostor(tmp_path / "home", reply)
    rhino = open_rhino()
    rhino.place("generate")
    for seed in range(20):
        rhino.solve("generate", seed=seed)
        time.sleep(0.02)
    rhino.until("generate", lambda report: report["balloons"] == [["Error", "here again"]])
    assert asked[1] - asked[0] >= 1


@pytest.mark.parametrize("wait", ["soon", "-5", "1e9", "Wed, 21 Oct 2015 07:28:00 GMT"])
def test_a_wait_that_is_no_number_of_seconds_does_no_harm(open_rhino, tmp_path, start_impostor, wait):
    asked = []

    def reply(method, path, body):
        asked.append(path)
        return (429, b'{"error": {"code": "c", "message": "m"}}', {"Retry-After": wait})

    start_impostor(tmp_path / "home", reply)
    rhino = open_rhino()
    rhino.place("data")
    rhino.solve("data")
    rhino.until("data", lambda report: report["balloons"] == [["Error", "m"]])


def test_the_components_of_one_rhino_make_two_calls_at_a_time_under_one_name(open_rhino, tmp_path, start_impostor):
    under_way, most = [], []
    done = threading.Event()

    def reply(method, path, body):
        under_way.append(path)
        most.append(len(under_way))
        done.wait(0.1)
        under_way.pop()
        return answer(READY)

    impostor = start_impostor(tmp_path / "home", reply)
    rhino = open_rhino()
    names = [f"data {number}" for number in range(10)]
    for name in names:
        rhino.place(name, "data")
        rhino.solve(name)
    for name in names:
        rhino.until(name, "MNIST")
    assert max(most) == 2
    assert len({headers["X-Client-Id"] for _, path, headers in impostor.seen if path != "/api/health"}) == 1


def test_twenty_components_of_one_rhino_are_none_too_many_for_the_server(open_rhino, start_server):
    server = start_server(mock=True)
    rhino = open_rhino(server.home)
    names = [f"generate {number}" for number in range(20)]
    for name in names:
        rhino.place(name, "generate")
    for tick in range(3):
        for name in names:
            rhino.solve(name, latent=[tick / 3])
    for name in names:
        rhino.until(name, "bundled - step 4680")
    statuses = [json.loads(line).get("status") for line in (server.home / "server.log").read_text().splitlines()]
    assert statuses.count(200) > 20
    assert 429 not in statuses
