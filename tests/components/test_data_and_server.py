"""The Data and the Server component."""

import json
import os
import signal
import sys

import pytest
import rhino3dm


def test_load_imports_the_data_and_shows_how_it_gets_on(open_rhino, start_server):
    server = start_server(mock=True)
    rhino = open_rhino(server.home)
    rhino.place("data")
    rhino.solve("data")
    rhino.until("data", "press load")
    rhino.press("data", "load")
    rhino.until("data", lambda report: report["message"].startswith("importing - "))
    outputs = rhino.until("data", "mock-digits", "name", "train", "test", "preview")["outputs"]
    assert (outputs["name"], outputs["train"], outputs["test"]) == ("mock-digits", 60000, 10000)
    assert rhino3dm.CommonObject.Decode({"version": 10000, **outputs["preview"]}).IsValid


def test_a_toggle_left_on_loads_nothing_when_the_file_opens(open_rhino, start_server):
    server = start_server(mock=True)
    rhino = open_rhino(server.home)
    rhino.place("data")
    rhino.solve("data", load=True)
    rhino.until("data", "press load")
    assert server.call("GET", "/api/data")[1]["state"] == "absent"


@pytest.fixture
def launched(tmp_path):
    """Let the Server component start a mock, which ends with the test."""
    home = tmp_path / "home with a space"
    home.mkdir()
    command = [sys.executable, "-m", "bridge_server", "serve", "--mock", "--port", "0", "--data-dir", str(home)]
    (home / "launch.json").write_text(json.dumps({"command": command, "version": "1"}))
    yield home
    if (home / "server.json").exists():
        os.kill(json.loads((home / "server.json").read_text())["pid"], signal.SIGKILL)


def test_start_starts_the_server_in_the_background(open_rhino, launched, python):
    rhino = open_rhino(launched)
    rhino.place("server")
    rhino.solve("server")
    rhino.until("server", "server down")
    report = rhino.press("server", "start")
    assert report["message"] == "starting"
    assert report["balloons"] == []
    report = rhino.until("server", "running (mock)", "url", "status")
    found = json.loads((launched / "server.json").read_text())
    assert report["outputs"]["url"] == found["url"]
    assert found["url"] in report["outputs"]["status"]
    rhino.press("server", "start")  # there is one already
    rhino.close()
    assert json.loads((launched / "server.json").read_text()) == found
    os.kill(found["pid"], 0)  # it outlives Rhino


def test_a_program_that_cannot_be_run_is_named(open_rhino, tmp_path):
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "launch.json").write_text('{"command": ["/nowhere/python", "-m", "bridge_server", "serve"]}')
    rhino = open_rhino()
    rhino.place("server")
    rhino.solve("server")
    rhino.press("server", "start")
    report = rhino.until("server", lambda report: "cannot be run" in str(report["balloons"]))
    assert "/nowhere/python cannot be run" in report["balloons"][0][1]
