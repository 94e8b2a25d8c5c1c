"""The people of a class: who has a token, what each may do with it, and how a network is served."""

import json
import os
import re
import threading
from pathlib import Path

import psutil
import pytest
from filelock import FileLock
from werkzeug.test import Client

from bridge_server.access import certificates, tokens
from bridge_server.access.guard import Guard
from bridge_server.access.roles import ALLOWED, Role, is_allowed
from bridge_server.access.tokens import CHALLENGE, PROOF, Tokens
from bridge_server.backends.mock.backend import Mock
from bridge_server.contract.calls import CALLS
from bridge_server.errors import TokenError
from bridge_server.web.app import create_app
from ghpython_components.shared import proof as proof_of_components

HOST = {"Host": "127.0.0.1:28280"}


@pytest.fixture
def guarded(tmp_path):
    """A mock behind its guard, in this process: guarded(lan=()) returns what asks it."""
    backend = Mock("test")

    def make(lan=()):
        return Client(Guard(create_app(backend), 28280, Tokens("secret", tmp_path), lan))

    return make


@pytest.fixture
def command(server_command, tmp_path):
    """Run a command on the test's data directory."""
    return lambda *words: server_command(*words, "--data-dir", str(tmp_path))


def bearer(token):
    return {**HOST, "Authorization": f"Bearer {token}"}


def test_each_role_may_what_the_one_before_may_and_more():
    assert ALLOWED[Role.VIEWER] < ALLOWED[Role.STUDENT] < ALLOWED[Role.TEACHER]
    assert ALLOWED[Role.TEACHER] == {call.name for call in CALLS} - {"dataset_import"}
    for name in ("model_import", "server_stop", "server_token"):
        assert name not in ALLOWED[Role.STUDENT]
    assert not [call.name for call in CALLS if call.name in ALLOWED[Role.VIEWER] and call.method == "DELETE"]


@pytest.mark.parametrize("role", Role)
def test_a_role_is_let_in_to_its_calls_and_to_no_others(guarded, tmp_path, role):
    client = guarded()
    token = tokens.add(tmp_path, "anna", role)
    for call in CALLS:
        if call.name == "server_stop" and role is Role.TEACHER:
            continue
        path = call.path.format(id="0" * 16, name="nothing") if "{" in call.path else call.path
        answer = client.open(path, method=call.method, headers=bearer(token))
        if call.name in ALLOWED[role]:
            assert answer.status_code not in (401, 403), call.name
        else:
            assert answer.status_code == 403, call.name
            error = json.loads(answer.data)["error"]
            assert error["code"] == "role"
            assert "anna" in error["message"]


@pytest.mark.parametrize("role", [Role.VIEWER, Role.STUDENT])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/api/runs"),
        ("OPTIONS", "/api/runs"),
        ("POST", "/api/models/file"),
        ("GET", "/api/models/bundled/secret"),
        ("GET", "/api/models/"),
        ("POST", "/api/models/bundled"),
        ("GET", "/nowhere"),
        ("GET", "/api/runs\n"),
        ("POST", "/api/server/stop"),
        ("POST", "/api/server/../runs"),
        ("HEAD", "/nowhere"),
    ],
)
def test_what_no_table_allows_is_refused(role, method, path):
    assert not is_allowed(role, method, path)
    assert is_allowed(Role.TEACHER, method, path)


def test_head_is_allowed_where_get_is():
    assert is_allowed(Role.VIEWER, "HEAD", "/api/runs")
    assert is_allowed(Role.VIEWER, "GET", "/api/models/bundled")


def test_whoever_asks_is_told_what_they_may_do(guarded, tmp_path):
    client = guarded()
    calls = {call.name for call in CALLS}
    for role, allowed in ALLOWED.items():
        token = tokens.add(tmp_path, str(role), role)
        told = client.get("/api/me", headers=bearer(token)).json
        assert (told["name"], told["role"], set(told["calls"])) == (str(role), str(role), allowed)
    assert set(client.get("/api/me", headers=bearer("secret")).json["calls"]) == calls


def test_a_token_counts_from_the_moment_it_is_added_until_it_is_removed(guarded, tmp_path):
    client = guarded()
    assert client.get("/api/runs", headers=bearer("secret")).status_code == 200
    anna = tokens.add(tmp_path, "anna", Role.STUDENT)
    ben = tokens.add(tmp_path, "ben", Role.VIEWER)
    for token in (anna, ben, "secret"):
        assert client.get("/api/runs", headers=bearer(token)).status_code == 200
    tokens.remove(tmp_path, "ANNA")
    assert client.get("/api/runs", headers=bearer(anna)).status_code == 401
    assert client.get("/api/runs", headers=bearer(ben)).status_code == 200
    (tmp_path / tokens.FILE).write_text("{")
    assert client.get("/api/runs", headers=bearer(ben)).status_code == 401, "a damaged file lets nobody in"
    assert client.get("/api/runs", headers=bearer("secret")).status_code == 200, "but the owner"


def test_of_many_who_add_and_remove_tokens_at_once_each_has_what_was_said(tmp_path):
    gate, added = threading.Barrier(14), {}
    for name in ("x", "y"):
        tokens.add(tmp_path, name, Role.VIEWER)

    def work(name):
        gate.wait()
        if name in ("x", "y"):
            tokens.remove(tmp_path, name)
        else:
            added[name] = tokens.add(tmp_path, name, Role.STUDENT)

    threads = [threading.Thread(target=work, args=[name]) for name in ("x", "y", *(f"s-{n}" for n in range(12)))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(added) == 12
    assert {principal.name for principal in tokens.read_principals(tmp_path)} == set(added)
    known = Tokens("secret", tmp_path)
    assert all(known.principal(token.encode()).name == name for name, token in added.items())


def test_a_command_that_waits_for_another_in_vain_says_so(command, tmp_path, monkeypatch):
    monkeypatch.setattr(tokens, "_PATIENCE", 0.05)
    with FileLock(tmp_path / tokens.LOCK):
        code, out, err = command("token", "add", "anna", "--role", "viewer")
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert "tokens.lock is held by another program" in err


@pytest.mark.parametrize("sent", ["", "Bearer", "Bearer ", "bearer {}", "Basic {}", "Bearer {}x", "Bearer  {}", "{}"])
def test_only_the_very_token_is_taken(guarded, tmp_path, sent):
    token = tokens.add(tmp_path, "anna", Role.TEACHER)
    assert guarded().get("/api/runs", headers={**HOST, "Authorization": sent.format(token)}).status_code == 401


def test_a_hash_is_no_token(guarded, tmp_path):
    tokens.add(tmp_path, "anna", Role.TEACHER)
    (principal,) = tokens.read_principals(tmp_path)
    assert guarded().get("/api/runs", headers=bearer(principal.sha256)).status_code == 401


def test_tokens_are_shown_once_and_kept_as_hashes_readable_by_the_owner_alone(command, tmp_path):
    code, out, _ = command("token", "add", "anna", "--role", "student")
    token = out.split()[-1]
    assert code == 0
    assert len(token) >= 43
    file = tmp_path / tokens.FILE
    assert token not in file.read_text()
    if os.name == "posix":
        assert file.stat().st_mode & 0o777 == 0o600
    assert re.match(r"anna +student +since \d{4}-\d\d-\d\d\n", command("token", "list")[1])
    assert command("token", "remove", "anna")[0] == 0
    said = command("token", "list")[1]
    assert said.startswith(
        "nobody but the owner has a token: ganmnist-server token add --count 30 --out class --data-dir "
    )


@pytest.mark.parametrize("name", ["", "a b", "a/b", "a\n", "owner", "x" * 65, "Anna"])
def test_a_name_that_is_none_or_taken_gets_no_token(tmp_path, name):
    tokens.add(tmp_path, "anna", Role.VIEWER)
    with pytest.raises(TokenError):
        tokens.add(tmp_path, name, Role.VIEWER)
    assert [principal.name for principal in tokens.read_principals(tmp_path)] == ["anna"]


def test_a_name_without_a_token_and_a_damaged_file_are_said_in_one_line(command, tmp_path):
    assert command("token", "remove", "nobody")[::2] == (1, "ganmnist: nobody has no token; there are none.\n")
    (tmp_path / tokens.FILE).write_text('{"tokens": [{"name": "anna"}]}')
    for words in (["list"], ["add", "ben", "--role", "viewer"], ["remove", "anna"]):
        code, _, err = command("token", *words)
        assert (code, err.count("\n")) == (1, 1)


@pytest.mark.parametrize(
    "words",
    [
        ["--lan", "0.0.0.0"],
        ["--lan", "127.0.0.1"],
        ["--lan", "localhost"],
        ["--lan", "224.0.0.1"],
        ["--lan", "::"],
        ["--lan", "*"],
        ["--lan", "192.168.1.5", "--name", "*"],
        ["--lan", "192.168.1.5", "--name", "*.local"],
        ["--lan", "192.168.1.5", "--name", "a:1"],
        ["--name", "teacher.local"],
        ["--slots", "0"],
        ["--slots", "65"],
        ["--slots", "two"],
        ["--insecure-http"],
        ["--proxy", "http://studio.example"],
        ["--proxy", "https://studio.example", "--lan", "192.168.1.5"],
    ],
)
def test_an_address_that_is_none_on_a_network_a_wildcard_and_a_wrong_number_are_refused(command, words):
    assert command("serve", *words)[0] == 2


def test_an_address_of_another_machine_cannot_be_served(command, tmp_path):
    tokens.add(tmp_path, "anna", Role.STUDENT)
    code, _, err = command("serve", "--lan", "192.0.2.7", "--mock", "--port", "0")
    assert (code, "192.0.2.7" in err) == (4, True)


@pytest.mark.parametrize("options", [(), ("--insecure-http",)], ids=["https", "http"])
def test_a_network_is_served_by_its_names_to_those_with_a_token_and_to_no_hops(
    start_server, check_problem, lan_address, tmp_path, options
):
    address = lan_address
    home = tmp_path / "home"
    home.mkdir()
    token = tokens.add(home, "anna", Role.STUDENT)
    server = start_server(home=home, mock=True, options=("--lan", address, "--name", "Teacher.local", *options))
    assert server.url == f"{'http' if options else 'https'}://{address}:{server.port}"
    assert ("whoever can listen in there reads everything" in server.output()) == bool(options)
    if not options:
        assert server.fingerprint == certificates.read(home).fingerprint
        assert f"GANMNIST_URL={server.url}#{server.fingerprint}\n" in server.output()
    listening = [c.laddr for c in psutil.Process(server.process.pid).net_connections() if c.status == "LISTEN"]
    assert listening == [(address, server.port)]

    student = {"Authorization": f"Bearer {token}"}
    for host in (address, "teacher.local", "TEACHER.LOCAL"):
        assert server.call("GET", "/api/runs", headers={**student, "Host": f"{host}:{server.port}"})[0] == 200
    names = ("127.0.0.1", "localhost", "teacher", "x.teacher.local", "teacher.local.evil.example", "0.0.0.0")
    for host in (*(f"{name}:{server.port}" for name in names), address, f"{address}:1"):
        check_problem(server.raw("GET", "/api/runs", headers={**student, "Host": host}), 403, "host")
    assert server.call("GET", "/api/runs", headers={**student, "Origin": server.url})[0] == 200
    check_problem(server.raw("GET", "/api/runs", headers={**student, "Origin": "http://192.0.2.7"}), 403, "origin")

    for method, path in (("GET", "/hops/digit"), ("POST", "/solve"), ("GET", "/api/runs")):
        error = check_problem(server.raw(method, path, headers={"Authorization": ""}), 401, "token")
        assert "ask who runs it" in error["message"]
    assert server.call("POST", "/api/runs", {"model": "hers"}, headers=student)[0] == 201
    check_problem(server.raw("DELETE", "/api/models/nobodys", headers=student), 404, "model_not_found")
    check_problem(server.raw("POST", "/api/server/stop", headers=student), 403, "role")
    lines = [json.loads(line) for line in (home / "server.log").read_text().splitlines()]
    assert [line["who"] for line in lines if line.get("method") == "DELETE"] == ["anna"]
    assert server.call("POST", "/api/server/stop")[0] == 200
    assert server.process.wait(10) == 0


def test_whom_a_proxy_passes_on_needs_a_token_as_everybody_here_does_then(start_server, check_problem, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    proxy = ("--proxy", "https://Studio.example:443")
    server = start_server(home=home, mock=True, options=proxy)
    assert "token add --count 30 --proxy https://studio.example --out class" in server.output().lower()
    token = tokens.add(home, "anna", Role.STUDENT)
    assert server.url == f"http://127.0.0.1:{server.port}"
    student = {"Authorization": f"Bearer {token}", "Host": "studio.example"}
    same = {**student, "Origin": "https://studio.example"}
    assert server.call("GET", "/api/runs", headers=same)[0] == 200
    assert server.call("GET", "/api/runs")[0] == 200
    check_problem(server.raw("GET", "/api/runs", headers={**student, "Origin": "http://studio.example"}), 403, "origin")
    check_problem(server.raw("GET", "/api/runs", headers={**student, "Host": "studio.example:1"}), 403, "host")
    for host in ("studio.example", f"127.0.0.1:{server.port}"):
        check_problem(server.raw("GET", "/hops/digit", headers={"Authorization": "", "Host": host}), 401, "token")


def test_a_data_directory_that_names_another_machine_is_not_taken_over(command, tmp_path):
    file = tmp_path / "server.json"
    file.write_text('{"url": "http://192.168.1.5:28280", "token": "hers"}')
    code, _, err = command("serve", "--mock", "--port", "0")
    assert (code, err.count("\n")) == (1, 1)
    assert "remove the file" in err
    assert json.loads(file.read_text())["token"] == "hers"


def test_the_table_of_roles_is_documented():
    text = (Path(__file__).resolve().parents[3] / "docs" / "server.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| (viewer|student|teacher) \|", text, re.MULTILINE) == [str(role) for role in Role]


def test_a_server_proves_each_token_that_it_knows_and_no_other(guarded, tmp_path):
    client = guarded()
    anna = tokens.add(tmp_path, "anna", Role.VIEWER)
    for token in ("secret", anna):
        sent, proof = tokens.challenge(token, HOST["Host"])
        assert client.get("/api/health", headers={**HOST, CHALLENGE: sent}).headers[PROOF] == proof
        assert tokens.challenge(token, HOST["Host"]) != (sent, proof), "no proof serves twice"
    principal = tokens.read_principals(tmp_path)[0]
    digest = principal.sha256
    for other in (tokens.challenge("guessed", HOST["Host"])[0], "", digest, f"{digest[:16]} x", sent + "x" * 200):
        assert PROOF not in client.get("/api/health", headers={**HOST, CHALLENGE: other}).headers
    assert PROOF not in client.get("/", headers={**HOST, CHALLENGE: sent}).headers


def test_components_and_server_mean_the_same_proof(tmp_path):
    for token in ("secret", "a-longer_One"):
        sent, proof = proof_of_components.challenge(token, "Localhost:80")
        assert Tokens(token, tmp_path).prove(sent, "localhost:80") == proof


def test_a_proof_that_is_passed_on_from_a_server_at_another_address_is_none(guarded):
    client = guarded()
    sent, proof = tokens.challenge("secret", "127.0.0.1:1")
    passed_on = client.get("/api/health", headers={**HOST, CHALLENGE: sent})
    assert passed_on.headers[PROOF] != proof
    refused = client.get("/api/health", headers={"Host": "127.0.0.1:1", CHALLENGE: sent})
    assert refused.status_code == 403
    assert PROOF not in refused.headers
