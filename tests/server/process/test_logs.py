"""What the log says, and what it never says."""

import contextlib
import json
import logging

import pytest
from werkzeug.test import Client

from bridge_server.access import tokens
from bridge_server.access.guard import Guard
from bridge_server.access.roles import Role
from bridge_server.process import logs


@pytest.fixture
def quiet():
    """Take away what a test has added to the loggers."""
    loggers = [logging.getLogger(name) for name in ("ganmnist", "waitress", "ganmnist.actions")]
    before = [(logger, list(logger.handlers), logger.propagate, logger.level) for logger in loggers]
    yield
    for logger, handlers, propagate, level in before:
        for handler in {*logger.handlers} - {*handlers}:
            logger.removeHandler(handler)
            handler.close()
        logger.propagate = propagate
        logger.setLevel(level)


def test_the_log_takes_no_more_than_its_share_of_the_disk(tmp_path, monkeypatch, quiet):
    monkeypatch.setattr(logs, "_MAX_BYTES", 2_000)
    logs.start(tmp_path)
    for number in range(200):
        logging.getLogger("ganmnist.test").info("line", extra={"fields": {"number": number}})
    files = sorted(tmp_path.glob("server.log*"))
    assert [file.name for file in files] == ["server.log", "server.log.1", "server.log.2"]
    assert all(file.stat().st_size <= 2_000 for file in files)
    assert json.loads(files[0].read_text().splitlines()[-1])["number"] == 199


def test_no_token_that_was_ever_sent_no_header_and_no_body_is_in_any_file_but_its_own(start_server):
    server = start_server(mock=True)
    secrets = {
        "owner": server.token,
        "student": tokens.add(server.home, "anna", Role.STUDENT),
        "wrong": "wrong-token-0123456789",
        "header": "header-value-0123456789",
        "query": "query-value-0123456789",
        "body": "body-value-0123456789",
    }
    for token in ("owner", "student", "wrong"):
        for scheme in ("Bearer ", "bearer ", ""):
            headers = {
                "Authorization": scheme + secrets[token],
                "X-Other": secrets["header"],
                "Cookie": secrets["header"],
            }
            for method, path in (("GET", "/api/runs"), ("POST", "/api/generate"), ("GET", "/nowhere"), ("PUT", "/")):
                for content in ({"model": secrets["body"]}, {secrets["body"]: 1}, secrets["body"].encode() + b"\xff"):
                    server.raw(method, f"{path}?token={secrets['query']}", content, headers)
    assert server.raw("POST", "/api/generate", {"model": "mock-error"})[0] == 500
    for name in ("Origin", "Host", "X-Client-Api", "Content-Type", "Transfer-Encoding", "Content-Length"):
        with contextlib.suppress(OSError):
            server.raw("POST", "/api/runs", b"", {name: secrets["header"]})
    assert server.call("POST", "/api/server/token")[0] == 200
    secrets["rotated"] = json.loads((server.home / "server.json").read_text())["token"]
    server.token = secrets["rotated"]
    assert server.call("GET", "/api/runs")[0] == 200
    server.stop()
    written = {file.name: file.read_text("latin-1") for file in server.home.iterdir() if file.is_file()}
    assert {"server.log", "server-output.txt"} <= written.keys()
    assert secrets["rotated"] in written.pop("owner.json"), "where the next start goes on with it"
    for name, text in written.items():
        assert not [secret for secret, value in secrets.items() if value in text], name
    assert '"who": "anna"' in written["server.log"]


@pytest.mark.parametrize(("status", "noted"), [(200, [200]), (500, [500]), (409, []), (503, [])])
def test_an_action_that_broke_off_is_noted_as_one_that_was_done_and_what_was_refused_is_not(
    tmp_path, quiet, status, noted
):
    def app(environ, start_response):
        start_response(f"{status} So", [])
        return []

    logs.start(tmp_path)
    client = Client(Guard(app, 28280, tokens.Tokens("secret", tmp_path)))
    client.delete("/api/models/mine", headers={"Host": "127.0.0.1:28280", "Authorization": "Bearer secret"})
    lines = (tmp_path / "actions.log").read_text().splitlines()
    assert [json.loads(line)["status"] for line in lines] == noted


def test_who_did_what_outlasts_floods_of_refusals_and_says_no_token_that_somebody_put_into_a_path(
    start_server, monkeypatch
):
    server = start_server(mock=True)
    anna = tokens.add(server.home, "anna", Role.STUDENT)
    as_anna = {"Authorization": f"Bearer {anna}"}
    assert server.call("POST", "/api/runs", {"model": "hers"}, as_anna)[0] == 201
    assert server.call("POST", "/api/datasets", {"path": "/nowhere"}, as_anna)[0] == 403
    for _ in range(300):
        server.raw("GET", "/api/" + "x" * 300, headers={"Authorization": "nobody"})
        server.raw("POST", "/api/generate", {"form": "images"})
        assert server.raw("PUT", "/api/" + "x" * 190, headers=as_anna)[0] == 403
    server.raw("GET", f"/{anna}")
    server.raw("GET", f"/{'.' * (199 - 39)}{anna}")
    actions = [json.loads(line) for line in (server.home / "actions.log").read_text().splitlines()]
    did = [(line["who"], line["method"], line["path"], line["status"]) for line in actions]
    assert did == [("anna", "POST", "/api/runs", 201)]
    log = (server.home / "server.log").read_text()
    assert anna[:39] not in log
    assert '"status": 403' in log
