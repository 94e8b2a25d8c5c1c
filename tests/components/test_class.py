"""A student's Rhino uses the server of the class: a discovery file without an instance, put there by a person."""

import json
import sys
import time

import pytest

from bridge_server.access import tokens
from bridge_server.access.roles import Role


@pytest.fixture
def join(tmp_path):
    """Make the data directory of somebody who is given a token: join(server, name, role) returns it."""

    def make(server, name, role):
        home = tmp_path / name
        home.mkdir()
        file = {"url": server.url, "token": tokens.add(server.home, name, role)}
        (home / "server.json").write_text(json.dumps(file))
        return home

    return make


def test_a_student_draws_and_trains_and_goes_on_after_the_server_was_started_again(open_rhino, start_server, join):
    server = start_server(mock=True)
    rhino = open_rhino(join(server, "anna", Role.STUDENT))
    rhino.place("generate")
    rhino.place("train")
    rhino.solve("generate")
    rhino.until("generate", "bundled - step 4680")
    rhino.solve("train")
    rhino.until("train", "press train")
    rhino.press("train", "train", name="hers")
    rhino.until("train", lambda report: report["message"].startswith("finished"))
    assert server.call("GET", "/api/models/hers")[0] == 200

    assert server.stop() == 0
    rhino.solve("generate", latent=[1.0])
    report = rhino.until("generate", "stale - server down")
    ((level, sentence),) = report["balloons"]
    assert level == "Warning"
    assert sentence.endswith("ask who runs it")
    start_server(home=server.home, mock=True, port=server.port)
    assert rhino.until("generate", "bundled - step 4680")["balloons"] == []


def test_what_a_role_may_not_do_is_said_in_the_servers_own_sentence(open_rhino, start_server, join):
    server = start_server(mock=True)
    rhino = open_rhino(join(server, "ben", Role.VIEWER))
    rhino.place("train")
    rhino.solve("train")
    rhino.until("train", "press train")
    rhino.press("train", "train")
    ((level, sentence),) = rhino.until("train", lambda report: report["balloons"])["balloons"]
    assert level == "Error"
    assert sentence.startswith("ben may not do this as a viewer")
    assert server.call("GET", "/api/runs")[1]["runs"] == []


def test_a_program_that_is_no_server_of_ours_is_not_told_a_students_token(open_rhino, tmp_path, start_impostor):
    impostor = start_impostor(tmp_path / "home", None, {"name": "another program"})
    file = tmp_path / "home" / "server.json"
    found = json.loads(file.read_text())
    file.write_text(json.dumps({"url": found["url"], "token": found["token"]}))
    rhino = open_rhino()
    rhino.place("generate")
    rhino.solve("generate")
    rhino.until("generate", lambda report: report["balloons"])
    assert {path for _, path, _ in impostor.seen} == {"/api/health"}
    assert not any("Authorization" in headers for _, _, headers in impostor.seen)


def test_the_start_button_leaves_a_students_file_alone(open_rhino, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    file = '{"url": "http://127.0.0.1:9", "token": "hers"}'
    (home / "server.json").write_text(file)
    command = [sys.executable, "-m", "bridge_server", "serve", "--mock", "--port", "0", "--data-dir", str(home)]
    (home / "launch.json").write_text(json.dumps({"command": command, "version": "1"}))
    rhino = open_rhino(home)
    rhino.place("server")
    rhino.solve("server")
    rhino.until("server", "server down")
    rhino.press("server", "start")
    deadline = time.monotonic() + 10
    while not (home / "server.lock").exists():  # it has looked, and gone
        assert time.monotonic() < deadline
        time.sleep(0.05)
    time.sleep(0.5)
    assert (home / "server.json").read_text() == file
