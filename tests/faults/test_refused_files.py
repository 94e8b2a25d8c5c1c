"""A file that the system refuses harms what needs it and nothing else, and what may pass can be gone on with."""

from __future__ import annotations

import os
import shutil

import pytest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name != "posix", reason="a folder stands for a file that nobody can read, not even root"),
]


def test_files_of_one_run_that_cannot_be_read_harm_no_other(start_server, short):
    server = start_server()
    harmed, whole = (server.start_run(**short, model=name) for name in ("harmed", "whole"))
    for run in (harmed, whole):
        server.wait_for_run(run["id"], "succeeded")
    folder = server.home / "models" / harmed["id"]
    for name in ("progress.jsonl", "preview.png", "settings.json", "belongs_to.json", "model.json"):
        path = folder / name
        path.rename(folder / "kept") if path.exists() else None
        path.mkdir()
        status, listed = server.call("GET", "/api/runs")
        assert status == 200, (name, listed)
        assert [run["model"] for run in listed["runs"]] == ["whole", "harmed"]
        assert (listed["runs"][0]["step"], listed["runs"][0]["warnings"]) == (6, [])
        assert bool(listed["runs"][1]["warnings"]) == (name == "progress.jsonl")
        for call in ("/api/server", f"/api/runs/{harmed['id']}", f"/api/runs/{harmed['id']}/progress"):
            assert server.call("GET", call)[0] == 200, (name, call)
        assert server.call("GET", f"/api/runs/{harmed['id']}/preview.png")[0] in (200, 404)
        models = server.call("GET", "/api/models")[1]
        assert "whole" in [model["name"] for model in models["models"]]
        assert ["Model harmed cannot be read" in remark for remark in models["remarks"]] == (
            [True] if name == "model.json" else []
        )
        assert server.call("POST", "/api/generate", {"model": "whole"})[0] == 200
        path.rmdir()
        if (folder / "kept").exists():
            (folder / "kept").rename(path)
    assert server.call("GET", "/api/models")[1]["remarks"] == []


@pytest.mark.parametrize("what", ["checkpoints", "model.json"])
def test_a_save_that_is_refused_interrupts_and_the_training_goes_on_once_it_is_not(
    start_server, short, save_seconds, what
):
    server = start_server()
    run = server.start_run(**{**short, "images": None, "epochs": 40}, model="refused")
    server.wait_for_step(run["id"], 20)
    while not (server.home / "models" / run["id"] / "checkpoints").exists():
        server.wait_for_step(run["id"])
    (trainer,) = server.trainers()
    trainer.suspend()
    place = server.home / "models" / run["id"] / what
    aside = place.with_name("aside")
    if place.exists():
        place.rename(aside)
    if what == "model.json":
        place.mkdir()
        (place / "in the way").write_text("")
    else:
        place.write_text("")
    trainer.resume()
    cut = server.wait_for_run(run["id"], "interrupted", seconds=180)
    assert cut["reason"] == "files", cut
    assert "resume goes on from the last checkpoint" in cut["problem"]
    assert any(word in cut["problem"] for word in ("File exists", "Not a directory", "Is a directory", "not empty"))

    shutil.rmtree(place) if place.is_dir() else place.unlink()
    if aside.exists():
        aside.rename(place)
    server.call("POST", f"/api/runs/{run['id']}/resume")
    assert server.wait_for_run(run["id"], "succeeded", seconds=180)["step"] == 40 * (128 // 32)
