"""What the server's tests share: calls by their names, and the look of a failure."""

import json
import re
import sys

import pytest

from bridge_server.cli import main as command_line
from bridge_server.contract.calls import CALLS


@pytest.fixture(scope="session")
def asker():
    """Return what makes calls to a server by their names, and checks each answer against its model."""
    calls = {call.name: call for call in CALLS}

    def asker(server):
        def ask(name, /, body=None, query="", expect=200, **path):
            call = calls[name]
            status, headers, content = server.raw(call.method, call.path.format(**path) + query, body)
            assert status == expect, content
            if call.reply is None:
                assert headers["Content-Type"] == "image/png"
                return content
            assert headers["Content-Type"] == "application/json"
            return call.reply.model_validate_json(content)

        return ask

    return asker


@pytest.fixture(scope="module", params=["mock", "real"])
def server(request, start_shared_server):
    """Either kind of server in turn, unless a module has one of its own."""
    return start_shared_server(mock=request.param == "mock")


@pytest.fixture(scope="module")
def ask(server, asker):
    """Make a call to the server by its name."""
    return asker(server)


@pytest.fixture(scope="session")
def check_problem():
    """Check that an answer is a failure in the one shape that failures have, and return its `error`."""

    def check(answer, status, code=None):
        found, headers, content = answer
        assert found == status, content
        assert headers["Content-Type"] == "application/json"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert not [name for name in headers if name.lower().startswith("access-control-")]
        body = json.loads(content)
        assert body.keys() == {"error"}
        error = body["error"]
        assert error.keys() == {"code", "message", "field", "request_id"}
        assert re.fullmatch("[0-9a-f]{16}", error["request_id"])
        assert "Traceback" not in error["message"]
        if code:
            assert error["code"] == code
        return error

    return check


@pytest.fixture
def server_command(monkeypatch, capsys):
    """Run a command of ganmnist-server in this process: exit status, output and errors."""

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["ganmnist-server", *words])
        try:
            code = command_line.main()
        except SystemExit as error:
            code = error.code
        said = capsys.readouterr()
        return code, said.out, said.err

    return run
