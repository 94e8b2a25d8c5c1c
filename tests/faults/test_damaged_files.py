"""A flipped byte or a lost end in any file: noticed or harmless, the server lives, and what was before it is used."""

from __future__ import annotations

import os

import pytest

from ganmnist.storage.atomic import read_json

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name != "posix", reason="Windows keeps open files from being replaced"),
]


def flip(content: bytes) -> bytes:
    """Return the content with one bit in its midst the other way."""
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 4]) + content[middle + 1 :] if content else b"\xff"


def cut(content: bytes) -> bytes:
    return content[: len(content) * 2 // 3]


def empty(content: bytes) -> bytes:
    return b""


def test_a_damaged_checkpoint_is_named_and_the_one_before_it_goes_on(start_server, short, save_seconds):
    server = start_server()
    run = server.start_run(**{**short, "images": None, "epochs": 10_000})
    folder = server.home / "models" / run["id"] / "checkpoints"
    for of_weights, spoil in ((True, flip), (False, cut)):
        server.wait_for_step(run["id"], run["step"] + 1)
        while len(list(folder.glob("step-*.json"))) < 2:
            server.wait_for_step(run["id"])
        server.trainers()[0].kill()
        server.wait_for_run(run["id"], "interrupted")
        older, newer = sorted(folder.glob("step-*.json"))[-2:]
        damaged = folder / read_json(newer)["weights"] if of_weights else newer
        damaged.write_bytes(spoil(damaged.read_bytes()))

        server.call("POST", f"/api/runs/{run['id']}/resume")
        while damaged.name not in (run["problem"] or ""):
            run = server.wait_for_step(run["id"], int(older.stem.split("-")[1]) + 1)
        assert "the one before it is used" in run["problem"]
        assert newer.with_suffix(".json.damaged").exists()


def test_no_damage_to_a_file_that_is_read_now_and_then_breaks_the_server(start_server, short, save_seconds):
    server = start_server()
    run = server.start_run(**short, model="mine")
    server.wait_for_run(run["id"], "succeeded")
    folder = server.home / "models" / run["id"]
    files = [path for path in (*folder.glob("*"), *server.home.glob("*")) if path.is_file()]
    kinds = {path.suffix for path in files}
    assert kinds >= {".json", ".safetensors", ".jsonl", ".png", ".sqlite", ".log", ".lock"}
    # The weights first, before they are loaded and kept in memory.
    files.sort(key=lambda path: (path.suffix != ".safetensors", not path.name.startswith("model")))
    for path in files:
        whole = path.read_bytes()
        for spoil in (flip, cut, empty):
            if path.name in ("runs.sqlite", "server.log", "server-output.txt"):
                continue  # the first below; the others are open, and written to alone
            path.write_bytes(spoil(whole))
            answers = ask_everything(server, run["id"])
            assert {status for status, _ in answers.values()} <= {200, 404, 409}, (path, spoil, answers)
            status, answer = answers["generate"]
            if path.parent == folder and path.name.startswith("model"):
                assert status in (404, 409), (path, spoil)
                assert path.name in answer["error"]["message"]
            else:
                assert status == 200, (path, spoil, answer)
            path.write_bytes(whole)


def ask_everything(server, id) -> dict:
    """Return status and answer of every call that reads files, by a word for it."""
    calls = {
        "health": ("GET", "/api/health"),
        "runs": ("GET", "/api/runs"),
        "run": ("GET", f"/api/runs/{id}"),
        "progress": ("GET", f"/api/runs/{id}/progress?since=0&preview=0"),
        "preview": ("GET", f"/api/runs/{id}/preview.png"),
        "models": ("GET", "/api/models"),
        "model": ("GET", "/api/models/mine"),
        "data": ("GET", "/api/data"),
    }
    answers = {name: server.call(*call) for name, call in calls.items()}
    answers["generate"] = server.call("POST", "/api/generate", {"model": "mine", "form": "images"})
    return answers


def test_a_damaged_store_is_set_aside_and_the_next_server_knows_all_runs(start_server, short, save_seconds):
    server = start_server()
    run = server.start_run(**short, model="mine")
    server.wait_for_run(run["id"], "succeeded")
    known = server.call("GET", "/api/runs")[1]
    server.stop()
    store = server.home / "runs.sqlite"
    store.write_bytes(store.read_bytes().replace(b"succeeded", b"succeedee"))
    server = start_server(home=server.home)
    assert server.call("GET", "/api/runs")[1] == known
    assert "runs.sqlite" in (server.home / "server.log").read_text()
    assert (server.home / "runs.sqlite.damaged").exists()
