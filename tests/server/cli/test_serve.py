"""The process: how it is found, that there is one only, and how it leaves."""

import contextlib
import errno
import json
import os
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from unittest.mock import Mock

import psutil
import pytest

from bridge_server.cli import main as command_line
from bridge_server.cli.exit_codes import CommandError, ExitCode
from bridge_server.cli.serve import DEFAULT_PORT
from bridge_server.errors import TokenError
from bridge_server.web import server as web

pytestmark = pytest.mark.slow


def full_database():
    """Return what SQLite says where the disk is full."""
    with contextlib.closing(sqlite3.connect(":memory:")) as database:
        database.execute("PRAGMA page_size = 512")
        database.execute("PRAGMA max_page_count = 1")
        with pytest.raises(sqlite3.OperationalError) as caught:
            database.execute("CREATE TABLE t (x)")
    return caught.value


def serve(*options):
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "bridge_server", "serve", "--mock", *options], capture_output=True, text=True, timeout=20
    )
    assert time.monotonic() - started < 10
    return done


def test_the_discovery_file_says_where_the_server_is_to_its_user_alone(start_server):
    server = start_server(mock=True, fresh=True)
    file = server.home / "server.json"
    found = json.loads(file.read_text())
    assert found.keys() == {"version", "pid", "instance", "url", "token", "api"}
    assert found["pid"] == server.process.pid
    assert found["instance"] == server.call("GET", "/api/health")[1]["instance"]
    assert len(found["token"]) >= 43
    if os.name == "posix":
        assert file.stat().st_mode & 0o777 == 0o600


def test_a_second_server_on_the_same_directory_leaves_and_says_why(start_server):
    server = start_server(mock=True, fresh=True)
    before = (server.home / "server.json").read_bytes()
    second = serve("--port", "0", "--data-dir", str(server.home))
    assert second.returncode == 3
    assert second.stderr.count("\n") == 1
    assert server.url in second.stderr
    assert (server.home / "server.json").read_bytes() == before
    assert server.call("GET", "/api/health")[0] == 200


def test_a_second_server_on_the_same_port_leaves_and_says_why(start_server, tmp_path):
    server = start_server(mock=True, fresh=True)
    second = serve("--port", str(server.port), "--data-dir", str(tmp_path / "other"))
    assert second.returncode == 4
    assert second.stderr.count("\n") == 1
    assert str(server.port) in second.stderr
    assert not (tmp_path / "other" / "server.json").exists()


def test_where_the_usual_port_is_taken_a_server_takes_a_free_one_and_says_which(tmp_path):
    with contextlib.closing(socket.socket()) as other:
        with contextlib.suppress(OSError):  # another user of this machine may have it
            other.bind(("127.0.0.1", DEFAULT_PORT))
            other.listen()
        command = [sys.executable, "-m", "bridge_server", "serve", "--mock", "--data-dir", str(tmp_path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as second:
            said, ready = second.stdout.readline(), second.stdout.readline()
            port = json.loads((tmp_path / "server.json").read_text())["url"].rpartition(":")[2]
            second.terminate()
    assert said == f"Port {DEFAULT_PORT} cannot be had, so this server takes {port}.\n"
    assert f":{port} " in ready


def test_a_usual_port_that_is_asked_for_by_name_and_taken_is_refused(tmp_path):
    with contextlib.closing(socket.socket()) as other:
        with contextlib.suppress(OSError):
            other.bind(("127.0.0.1", DEFAULT_PORT))
            other.listen()
        assert serve("--port", str(DEFAULT_PORT), "--data-dir", str(tmp_path)).returncode == 4


FAILURES = [
    (CommandError(ExitCode.ALREADY_RUNNING, "One is running."), 3, "One is running."),
    (TokenError("The tokens are damaged."), 1, "The tokens are damaged."),
    (PermissionError(13, "Permission denied", "/there"), 7, "/there: it may not be used: change its permissions"),
    (OSError(errno.ENOSPC, "No space left on device"), 8, " is full: make room on it, "),
    (full_database(), 8, " is full: make room on it, "),
]


@pytest.mark.parametrize(("error", "status", "words"), FAILURES, ids=[type(each[0]).__name__ for each in FAILURES])
def test_a_server_that_cannot_start_leaves_its_sentence_in_a_file(monkeypatch, capsys, tmp_path, error, status, words):
    monkeypatch.setattr(command_line, "serve", Mock(side_effect=error))
    monkeypatch.setattr(sys, "argv", ["ganmnist-server", "serve", "--data-dir", str(tmp_path)])
    assert command_line.main() == status
    problem = json.loads((tmp_path / "not_started.json").read_text())["problem"]
    assert words in problem
    assert capsys.readouterr().err == f"ganmnist: {problem}\n"


def test_a_mistake_of_ours_is_left_in_the_file_too(monkeypatch, tmp_path):
    monkeypatch.setattr(command_line, "serve", Mock(side_effect=ZeroDivisionError("by nothing")))
    monkeypatch.setattr(sys, "argv", ["ganmnist-server", "serve", "--data-dir", str(tmp_path)])
    with pytest.raises(ZeroDivisionError):
        command_line.main()
    assert "ZeroDivisionError: by nothing" in (tmp_path / "not_started.json").read_text()


def test_a_good_start_removes_what_a_bad_one_has_left(start_server, tmp_path):
    (tmp_path / "not_started.json").write_text("{}")
    start_server(home=tmp_path, mock=True)
    assert not (tmp_path / "not_started.json").exists()


@pytest.mark.parametrize("port", ["x", "-1", "65536"])
def test_a_port_that_is_none_is_refused(port):
    done = serve("--port", port)
    assert done.returncode == 2
    assert "port" in done.stderr


def test_a_data_directory_that_cannot_be_made_is_said_in_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    done = serve("--port", "0", "--data-dir", str(tmp_path / "file"))
    assert done.returncode == 7
    assert done.stderr.count("\n") == 1
    assert str(tmp_path / "file") in done.stderr


def test_a_server_that_leaves_takes_its_discovery_file_along(start_server):
    server = start_server(mock=True, fresh=True)
    assert server.stop() == 0
    assert not (server.home / "server.json").exists()


def test_after_a_crash_the_next_server_starts_and_takes_the_place(start_server):
    first = start_server(mock=True, fresh=True)
    first.kill()
    assert (first.home / "server.json").exists()
    second = start_server(home=first.home, mock=True, fresh=True)
    assert second.call("GET", "/api/health")[0] == 200


def test_the_owner_keeps_the_token_while_the_address_stays_and_gets_another_at_another(start_server):
    first = start_server(mock=True, fresh=True)
    first.kill()
    second = start_server(home=first.home, mock=True, fresh=True, port=first.port)
    assert second.token == first.token
    second.stop()
    elsewhere = start_server(home=first.home, mock=True, fresh=True)
    assert elsewhere.token != first.token, "whoever has the port now may have been told it by a page"
    if os.name == "posix":
        assert (first.home / "owner.json").stat().st_mode & 0o777 == 0o600


def test_a_real_server_leaves_the_command_that_starts_it(start_server):
    server = start_server(fresh=True)
    launch = json.loads((server.home / "launch.json").read_text())
    assert launch["command"] == [sys.executable, "-m", "bridge_server", "serve", "--data-dir", str(server.home)]
    mock = start_server(mock=True, fresh=True)
    assert not (mock.home / "launch.json").exists()


def test_only_the_loopback_address_listens(start_server):
    server = start_server(mock=True, fresh=True)
    listening = [c.laddr for c in psutil.Process(server.process.pid).net_connections() if c.status == "LISTEN"]
    assert listening == [("127.0.0.1", server.port)]


def test_slow_connections_do_not_keep_others_out(start_server):
    server = start_server(mock=True, fresh=True)
    slow = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(110)]
    try:
        for connection in slow:
            connection.sendall(b"POST /api/runs HTTP/1.1\r\nContent-Length: 50\r\n")
        started = time.monotonic()
        assert server.call("GET", "/api/health")[0] == 200
        assert time.monotonic() - started < 0.5
    finally:
        for connection in slow:
            connection.close()


def test_a_server_that_leaves_answers_who_is_waiting(start_server):
    server = start_server(mock=True, fresh=True)
    answers = []
    asking = threading.Thread(
        target=lambda: answers.append(server.call("POST", "/api/generate", {"model": "mock-slow"}))
    )
    asking.start()
    time.sleep(0.2)
    started = time.monotonic()
    assert server.stop() == 0
    assert 2 < time.monotonic() - started < 6
    asking.join()
    assert answers[0][0] == 200


def test_a_request_that_trickles_in_is_cut_off_in_the_end(monkeypatch):
    monkeypatch.setattr(web, "REQUEST_SECONDS", 0.5)
    listener = socket.create_server(("127.0.0.1", 0))
    server = web.create(lambda environ, start_response: [], listener)
    threading.Thread(target=server.run, daemon=True).start()
    with socket.create_connection(listener.getsockname()) as slow:
        slow.sendall(b"GET / HTTP/1.1\r\nX: ")
        deadline = time.monotonic() + 5
        with contextlib.suppress(OSError):  # the other side has closed
            while time.monotonic() < deadline:
                slow.sendall(b"a")
                time.sleep(0.05)
        assert time.monotonic() < deadline


def test_the_loop_rests_while_a_thread_sends_an_answer(monkeypatch):
    turns, flush, readable = [], web.HTTPChannel._flush_some, web._Channel.readable

    def slowly(channel, do_close=True):
        before = len(turns)
        channel.server.pull_trigger()  # as any other connection may wake the loop
        time.sleep(0.3)
        turns_meanwhile.append(len(turns) - before)
        return flush(channel, do_close)

    def count(channel):
        turns.append(1)
        return readable(channel)

    turns_meanwhile: list[int] = []
    monkeypatch.setattr(web.HTTPChannel, "_flush_some", slowly)
    monkeypatch.setattr(web._Channel, "readable", count)

    def app(environ, start_response):
        start_response("200 OK", [("Content-Length", "2")])
        return [b"ok"]

    listener = socket.create_server(("127.0.0.1", 0))
    server = web.create(app, listener)
    threading.Thread(target=server.run, daemon=True).start()
    with socket.create_connection(listener.getsockname()) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert client.makefile("rb").read().endswith(b"\r\n\r\nok")
    assert max(turns_meanwhile) < 10


@pytest.mark.skipif(os.name != "posix", reason="Windows has its users' folders closed")
def test_the_data_directory_is_its_users_own(start_server, tmp_path):
    server = start_server(home=tmp_path / "new", mock=True)
    server.stop()
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o777)
    start_server(home=shared, mock=True)
    assert shared.stat().st_mode & 0o777 == 0o755, "what others may not write to is not theirs to change"
