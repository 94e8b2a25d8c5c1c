"""Many hands on the buttons at once: one run per press, and one end per run."""

from __future__ import annotations

import random
import threading
import time

from bridge_server.contract.runs import RunState
from bridge_server.runs.store import FINAL

broken: list = []


def at_once(*works):
    """Do all of them at the same moment, each in a thread."""
    gate = threading.Barrier(len(works))

    def do(work):
        gate.wait()
        work()

    threads = [threading.Thread(target=do, args=[work]) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def insist(server, method, path, body=None):
    """Ask until the server has time for the question."""
    while (answer := server.call(method, path, body))[0] == 429:
        time.sleep(0.05)
    if answer[0] >= 500:
        broken.append(answer)  # a thread's assertion would be heard by nobody
    return answer


def test_fifty_identical_clicks_on_train_make_one_run(start_server, short, save_seconds):
    server = start_server()
    answers = []
    at_once(
        *[
            lambda: answers.append(
                insist(server, "POST", "/api/runs", {**short, "epochs": 10_000, "model": "clicks", "key": "press"})
            )
        ]
        * 50
    )
    assert sorted(status for status, _ in answers) == [200] * 49 + [201]
    assert len({run["id"] for _, run in answers}) == 1
    assert len(server.call("GET", "/api/runs")[1]["runs"]) == 1


def test_a_run_has_one_end_whoever_presses_what_at_the_same_moment(start_server, short, save_seconds, long):
    """Stop races with the start, with the finish, with a kill and its resumption, and with delete."""
    server = start_server()
    said: dict[str, list[str]] = {}
    watching = threading.Event()

    def watch():
        while not watching.wait(0.01):
            status, answer = server.call("GET", "/api/runs")
            for run in answer["runs"] if status == 200 else []:
                states = said.setdefault(run["id"], [])
                if not states or states[-1] != run["state"]:
                    states.append(run["state"])

    watcher = threading.Thread(target=watch)
    watcher.start()
    worst = 0.0
    for number in range(24 if long else 6):
        name = f"model-{number}"
        run = server.start_run(**{**short, "epochs": (10_000, 200)[number % 2], "model": name})
        path = f"/api/runs/{run['id']}"
        if number % 3:
            server.wait_for_run(run["id"], "running", "succeeded")
            time.sleep(random.uniform(0, 3))

        def kill():
            for trainer in server.trainers():
                trainer.kill()

        pressed = time.monotonic()
        at_once(
            *[lambda path=path: insist(server, "POST", f"{path}/stop")] * 4,
            *[lambda path=path: insist(server, "POST", f"{path}/resume")] * 4,
            *[lambda name=name: insist(server, "DELETE", f"/api/models/{name}")] * 2,
            kill,
        )
        insist(server, "POST", f"{path}/stop")  # a resumption may have come last
        server.wait_for_run(run["id"], "stopped", "succeeded", seconds=5.5)
        worst = max(worst, time.monotonic() - pressed)
        assert not server.trainers()
        at_once(*[lambda name=name: insist(server, "DELETE", f"/api/models/{name}")] * 8)
    watching.set()
    watcher.join()
    print(f"final after {worst:.2f} s at worst")
    assert worst < 5
    assert not broken
    for states in said.values():
        ends = [state for state in states if RunState(state) in FINAL]
        assert ends[:-1] == ["stopped"] * (len(ends) - 1), "what is resumed was stopped"
        assert RunState(states[-1]) in FINAL, states
