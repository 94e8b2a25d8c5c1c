"""The commands that ask a running server: what they say, and how they end."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import webbrowser
from pathlib import Path

import psutil
import pytest

from bridge_server.cli import commands
from bridge_server.cli import main as command_line
from bridge_server.cli.exit_codes import MEANINGS, ExitCode

pytestmark = pytest.mark.slow

DOCS = Path(__file__).resolve().parents[3] / "docs" / "server.md"


@pytest.fixture
def command(server_command):
    """Run a command on a data directory: command(home, "status", "--json")."""
    return lambda home, *words: server_command(*words, "--data-dir", str(home))


def test_every_exit_status_has_its_meaning_in_the_help_and_in_the_documentation(capsys, monkeypatch):
    assert list(MEANINGS) == list(ExitCode)
    documented = dict(re.findall(r"^\| ([0-9]) \| (.*) \|$", DOCS.read_text(encoding="utf-8"), re.MULTILINE))
    assert documented == {str(int(code)): meaning for code, meaning in MEANINGS.items()}
    for words in (["--help"], ["serve", "--help"], ["stop", "--help"]):
        monkeypatch.setattr(sys, "argv", ["ganmnist-server", *words])
        with pytest.raises(SystemExit):
            command_line.main()
        help_text = capsys.readouterr().out
        assert all(f"  {code:d}  {meaning}" in help_text for code, meaning in MEANINGS.items())


@pytest.mark.parametrize("words", [["status"], ["stop"], ["open"]])
def test_without_a_server_a_command_says_so_in_one_line_and_its_exit_status_does_too(command, tmp_path, words):
    code, out, err = command(tmp_path, *words)
    assert (code, out, err.count("\n")) == (5, "", 1)
    assert "No server is running" in err


def test_status_shows_how_the_server_fares_to_people_and_to_programs(command, start_server):
    server = start_server(mock=True)
    for model in ("a", "b"):
        assert server.call("POST", "/api/runs", {"model": model})[0] == 201
    code, out, _ = command(server.home, "status", "--json")
    said = json.loads(out)
    assert (code, said["state"], said["data_dir"]) == (0, "running", str(server.home))
    found = said["server"]
    assert (found["pid"], found["url"]) == (server.process.pid, server.url)
    assert found["instance"] == server.call("GET", "/api/health")[1]["instance"]
    assert (found["running"], found["queued"], found["slots"]) == (1, 1, 1)
    assert [place["place"] for place in said["queue"]["places"]] == [None, 1]
    assert 0 < found["seconds"] < 60
    assert found["memory"] == pytest.approx(psutil.Process(server.process.pid).memory_info().rss, rel=0.2)
    code, out, _ = command(server.home, "status")
    assert code == 0
    assert server.url in out
    assert re.search("trainings +1 under way, 1 waiting, one at a time\n", out)
    assert re.search(" 1st in the queue, about 10 seconds: b, run [0-9a-f]{16}\n", out)


def test_status_tells_programs_that_no_server_is_running(command, tmp_path):
    code, out, err = command(tmp_path, "status", "--json")
    assert (code, err) == (5, "")
    assert json.loads(out)["state"] == "not_running"


def test_stop_comes_back_when_the_server_has_ended_and_another_can_start(command, start_server):
    server = start_server(mock=True)
    code, out, _ = command(server.home, "stop")
    assert code == 0
    assert f"{server.url} has ended" in out
    assert not (server.home / "server.json").exists()
    assert server.process.wait(2) == 0
    start_server(home=server.home, mock=True, port=server.port)


def test_stop_keeps_the_training_under_way_for_later(command, start_server, endless):
    server = start_server()
    _, run = server.call("POST", "/api/runs", {"model": "kept", **endless})
    server.wait_for_run(run["id"], "running")
    code, out, _ = command(server.home, "stop")
    assert (code, "can be resumed" in out) == (0, True)
    again = start_server(home=server.home)
    assert again.call("GET", f"/api/runs/{run['id']}")[1]["state"] in ("interrupted", "queued", "running")


@pytest.mark.skipif(os.name != "posix", reason="Windows cannot halt a process by a signal")
def test_a_server_that_hangs_is_told_from_one_that_is_not_there_and_how_to_kill_it_is_said(command, start_server):
    server = start_server(mock=True)
    server.process.send_signal(signal.SIGSTOP)
    try:
        for words in (["status"], ["stop"]):
            code, _, err = command(server.home, *words)
            assert code == 6
            assert f"kill -9 {server.process.pid}" in err
        code, out, _ = command(server.home, "doctor")
        assert code == 1
        assert f"kill -9 {server.process.pid}" in out
    finally:
        server.process.send_signal(signal.SIGCONT)


def test_a_server_that_does_not_end_in_time_is_named_with_the_command_that_kills_it(command, start_server, monkeypatch):
    server = start_server(mock=True)
    monkeypatch.setattr(commands, "STOP_SECONDS", 0.3)
    slow = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import http.client, sys; c = http.client.HTTPConnection('127.0.0.1', int(sys.argv[1]));"
            "c.request('POST', '/api/generate', b'{\"model\": \"mock-slow\"}',"
            "{'Authorization': 'Bearer ' + sys.argv[2], 'Content-Type': 'application/json'});"
            "print('asked', flush=True); print(c.getresponse().status)",
            str(server.port),
            server.token,
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert slow.stdout.readline() == "asked\n"
    time.sleep(0.2)
    code, _, err = command(server.home, "stop")
    assert code == 6
    assert f" {server.process.pid}" in err
    assert slow.communicate(timeout=20)[0] == "200\n", "what was under way is answered"
    assert server.process.wait(10) == 0


def test_the_discovery_file_of_a_killed_server_is_harmless(command, start_server):
    server = start_server(mock=True)
    server.kill()
    for words in (["status"], ["stop"]):
        code, _, err = command(server.home, *words)
        assert code == 5
        assert f"left over from process {server.process.pid}" in err


def test_a_start_first_removes_what_a_killed_server_left_behind(command, start_server):
    """Or somebody would be told to kill a process number that another program has by now."""
    killed, other = start_server(mock=True), start_server(mock=True)
    killed.kill()
    assert command(killed.home, "serve", "--mock", "--port", str(other.port))[0] == 4
    assert not (killed.home / "server.json").exists()


def test_another_server_on_the_port_is_not_taken_for_ours_and_never_told_the_token(command, start_server):
    server, other = start_server(mock=True), start_server(mock=True)
    server.kill()
    file = server.home / "server.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "url": other.url}))
    assert command(server.home, "stop")[0] == 5
    assert other.call("GET", "/api/health")[0] == 200
    assert '"/api/server' not in (other.home / "server.log").read_text()


def test_open_hands_the_token_to_the_browser_behind_a_fragment(command, start_server, monkeypatch):
    server = start_server(mock=True)
    opened = []
    monkeypatch.setattr(webbrowser, "open", lambda address: opened.append(address) or True)
    code, out, _ = command(server.home, "open")
    assert (code, opened) == (0, [f"{server.url}/#token={server.token}"])
    assert server.token not in out
    monkeypatch.setattr(webbrowser, "open", lambda address: False)
    assert opened[0] in command(server.home, "open")[1]


def test_a_rotated_token_counts_at_once_and_the_one_before_is_refused(command, start_server, check_problem):
    server = start_server(mock=True)
    before = json.loads((server.home / "server.json").read_text())
    assert command(server.home, "token", "rotate")[0] == 0
    after = json.loads((server.home / "server.json").read_text())
    assert after["token"] != before["token"]
    assert {**after, "token": None} == {**before, "token": None}
    check_problem(server.raw("GET", "/api/runs"), 401, "token")
    server.token = after["token"]
    assert server.call("GET", "/api/runs")[0] == 200
    if os.name == "posix":
        assert (server.home / "server.json").stat().st_mode & 0o777 == 0o600


def test_a_token_is_rotated_where_no_server_runs_too(command, start_server):
    server = start_server(mock=True)
    server.stop()
    assert command(server.home, "token", "rotate")[:2] == (
        0,
        "no server is running; the next one that starts has a new token\n",
    )
    assert start_server(home=server.home, mock=True, port=server.port).token != server.token


def test_the_token_before_does_not_come_back_with_the_next_start(command, start_server):
    server = start_server(mock=True)
    assert command(server.home, "token", "rotate")[0] == 0
    rotated = json.loads((server.home / "server.json").read_text())["token"]
    server.kill()
    assert start_server(home=server.home, mock=True, port=server.port).token == rotated


def test_a_server_that_does_not_know_the_token_is_told_nothing(command, start_server):
    """It may have read `instance` off the one whose port it took: health tells that to everybody."""
    server = start_server(mock=True)
    file = server.home / "server.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "token": "another"}))
    assert command(server.home, "status")[0] == 6
    assert '"/api/server' not in (server.home / "server.log").read_text()


def test_a_token_that_cannot_be_written_down_stays_as_it_was(start_server, monkeypatch, tmp_path):
    from bridge_server.process import discovery
    from bridge_server.process.server_process import Process

    process = Process(tmp_path, "http://127.0.0.1:1")
    process.announce()
    before = discovery.read_discovery(tmp_path).token

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(discovery, "write_discovery", full)
    with pytest.raises(OSError, match="No space"):
        process.rotate()
    assert process.tokens.principal(before.encode())
    assert discovery.read_discovery(tmp_path).token == before
