"""The Data and the Server component."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress

import pytest
import rhino3dm
from filelock import FileLock

SERVE = [sys.executable, "-m", "bridge_server", "serve", "--mock"]


def test_load_imports_the_data_and_shows_how_it_gets_on(open_rhino, start_server):
    server = start_server(mock=True)
    rhino = open_rhino(server.home)
    rhino.place("data")
    rhino.solve("data")
    rhino.until("data", "press load")
    rhino.press("data", "load")
    rhino.until("data", lambda report: report["message"].startswith("importing - "))
    outputs = rhino.until("data", "mock-digits", "data", "train", "test", "preview")["outputs"]
    assert (outputs["data"], outputs["train"], outputs["test"]) == ("mock-digits", 60000, 10000)
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


@pytest.fixture
def press_start(open_rhino, tmp_path):
    """Have the Server component start a command, and wait for what it says: press_start(*command) gives it and Rhino.

    The words have to be there within 5 seconds of the command's end.
    """
    home, ended = tmp_path / "home", tmp_path / "ended"

    def press(*command):
        home.mkdir(exist_ok=True)
        watched = ["sh", "-c", '"$@"; status=$?; touch "$0"; exit $status', str(ended), *command]
        (home / "launch.json").write_text(json.dumps({"command": watched}))
        rhino = open_rhino()
        rhino.place("server")
        rhino.solve("server")
        rhino.until("server", "server down")
        pressed = time.time()
        assert rhino.press("server", "start")["message"] in ("starting", "see the balloon")
        report = rhino.until("server", "see the balloon", "status")
        took = time.time() - max(pressed, ended.stat().st_mtime)
        print(f"{took:.1f} s after its end, {time.time() - pressed:.1f} s after the press")
        assert took < 5
        ((level, sentence),) = report["balloons"]
        assert level == "Error"
        assert report["outputs"]["status"] == sentence
        return sentence, rhino

    return press


def test_a_command_that_ends_at_once_is_said_with_its_status_and_how_to_see_why(press_start):
    sentence, rhino = press_start("/bin/false")
    assert "did not start: it ended at once (exit status 1). To see why, start it in a terminal: sh -c " in sentence
    solves = len(rhino.report("server")["times"])
    time.sleep(2.5)
    assert len(rhino.report("server")["times"]) == solves  # it looks on, and says it once


def test_a_python_without_ganmnist_is_said(press_start):
    sentence, _ = press_start(sys.executable, "-m", "no_such_package", "serve")
    assert "(exit status 1)" in sentence


def test_a_server_that_cannot_start_says_itself_why(press_start, tmp_path):
    sentence, _ = press_start(*SERVE, "--lan", "192.0.2.1")
    assert (
        sentence
        == "The server did not start: " + json.loads((tmp_path / "home" / "not_started.json").read_text())["problem"]
    )
    assert "192.0.2.1 cannot be used" in sentence


def test_what_an_earlier_start_has_left_is_not_taken_for_this_ones_cause(press_start, tmp_path):
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "not_started.json").write_text('{"problem": "of yesterday"}')
    sentence, _ = press_start("/bin/false")
    assert "of yesterday" not in sentence


def test_a_directory_that_another_process_has_is_said(press_start, tmp_path):
    (tmp_path / "home").mkdir()
    with FileLock(tmp_path / "home" / "server.lock"):
        sentence, _ = press_start(*SERVE, "--port", "0")
    assert f"A server is already running on {tmp_path / 'home'}" in sentence


def test_a_port_that_was_asked_for_and_is_taken_is_said(press_start):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        sentence, _ = press_start(*SERVE, "--port", port)
    assert f"Port {port} of 127.0.0.1 cannot be used" in sentence


def test_a_file_that_cannot_be_used_is_named(press_start, tmp_path):
    (tmp_path / "home" / "server.lock").mkdir(parents=True)
    sentence, _ = press_start(*SERVE, "--port", "0")
    assert f"cannot use {tmp_path / 'home' / 'server.lock'}" in sentence


def test_a_directory_in_which_not_even_the_cause_can_be_left_is_said(press_start, tmp_path):
    (tmp_path / "home" / "server.lock").mkdir(parents=True)
    (tmp_path / "home" / "not_started.json" / "in the way").mkdir(parents=True)
    sentence, _ = press_start(*SERVE, "--port", "0")
    assert f"did not start: {tmp_path / 'home'} cannot be used (exit status 7)" in sentence


def test_a_full_disk_is_said(press_start, tmp_path):
    mount = 'mount -t tmpfs -o size=4k none "$0" && echo 1 > "$0/filler" && exec "$@"'
    unshare = [shutil.which("unshare") or "false", "-rm", "sh", "-c"]
    if subprocess.run([*unshare, mount, tmp_path, "true"], capture_output=True, check=False).returncode:
        pytest.skip("no small disk can be made here: unshare -rm is refused")
    sentence, _ = press_start(*unshare, mount, str(tmp_path / "home"), *SERVE, "--port", "0")
    assert f"did not start: the disk of {tmp_path / 'home'} is full (exit status 8)" in sentence


def test_a_server_of_another_version_is_said_when_start_is_pressed(open_rhino, tmp_path, start_impostor):
    start_impostor(tmp_path / "home", None, {"api": 0})
    rhino = open_rhino()
    rhino.place("server")
    rhino.solve("server")
    rhino.press("server", "start")
    ((level, sentence),) = rhino.until("server", lambda report: report["balloons"])["balloons"]
    assert level == "Error"
    assert "update the server" in sentence


def test_after_a_start_that_failed_a_server_is_found_and_another_press_tries_again(press_start, start_server, tmp_path):
    _, rhino = press_start("/bin/false")
    (tmp_path / "home" / "launch.json").write_text(json.dumps({"command": ["/nowhere/python"]}))
    rhino.press("server", "start")
    rhino.until("server", lambda report: "/nowhere/python cannot be run" in str(report["balloons"]))
    server = start_server(home=tmp_path / "home", mock=True)
    report = rhino.until("server", "running (mock)", "url")
    assert (report["outputs"]["url"], report["balloons"]) == (server.url, [])


def test_a_server_that_does_not_come_up_is_said_in_the_end(open_rhino, tmp_path, built_with):
    rhino = open_rhino(components=built_with("PATIENCE = 30.0", "PATIENCE = 0.5"))
    (tmp_path / "home" / "launch.json").write_text(json.dumps({"command": ["sleep", "5"]}))
    rhino.place("server")
    rhino.solve("server")
    assert rhino.press("server", "start")["message"] == "starting"
    report = rhino.until("server", "see the balloon")
    assert "has not come up within" in report["balloons"][0][1]
    assert report["balloons"][0][1].endswith("what it does in a terminal: sleep 5")


def test_a_press_while_the_server_starts_starts_no_second(open_rhino, tmp_path):
    (tmp_path / "home").mkdir()
    command = ["sh", "-c", 'echo started >> "$0"; sleep 1', str(tmp_path / "starts")]
    (tmp_path / "home" / "launch.json").write_text(json.dumps({"command": command}))
    rhino = open_rhino()
    rhino.place("server")
    rhino.solve("server")
    rhino.press("server", "start")
    rhino.press("server", "start")
    rhino.until("server", "see the balloon")
    assert (tmp_path / "starts").read_text() == "started\n"


def test_a_second_user_of_the_machine_gets_a_server_of_their_own(open_rhino, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    (home / "launch.json").write_text(json.dumps({"command": [*SERVE, "--data-dir", str(home)]}))
    with socket.socket() as first_user:
        with suppress(OSError):  # somebody else on this machine may have it
            first_user.bind(("127.0.0.1", 28280))
            first_user.listen()
        rhino = open_rhino()
        rhino.place("server")
        rhino.solve("server")
        rhino.press("server", "start")
        url = rhino.until("server", "running (mock)", "url")["outputs"]["url"]
    os.kill(json.loads((home / "server.json").read_text())["pid"], signal.SIGTERM)
    assert not url.endswith(":28280")


@pytest.mark.skipif(os.name != "posix", reason="Windows has its users' folders closed")
@pytest.mark.parametrize("name", ["launch.json", "."])
def test_what_other_users_could_have_written_is_not_started(open_rhino, launched, name):
    (launched / name).chmod((launched / name).stat().st_mode | 0o002)
    rhino = open_rhino(launched)
    rhino.place("server")
    rhino.solve("server")
    rhino.press("server", "start")
    rhino.until("server", lambda report: "Other users of this machine can write to" in str(report["balloons"]))
    assert not (launched / "server.json").exists()
