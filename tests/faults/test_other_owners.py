"""Somebody of the class with the id of another's run: every call refuses it, and no answer tells what is in it."""

from __future__ import annotations

import json

import pytest

from bridge_server.access import tokens
from bridge_server.access.roles import Role
from bridge_server.contract.calls import CALLS

SECRETS = {"model": "unpublished-of-anna", "seed": 987_654_321}
OF_A_RUN = [call for call in CALLS if "/runs/{id}" in call.path]
LOOKS = [call for call in CALLS if call.method == "GET" and "{" not in call.path]


@pytest.mark.parametrize("mock", [True, False])
def test_the_runs_of_others_can_neither_be_seen_nor_touched(start_server, tmp_path, endless, check_refusal, mock):
    home = tmp_path / "home"
    home.mkdir()
    anna, ben, vera = (
        {"Authorization": f"Bearer {tokens.add(home, name, role)}"}
        for name, role in (("anna", Role.STUDENT), ("ben", Role.STUDENT), ("vera", Role.VIEWER))
    )
    server = start_server(home=home, mock=mock)
    for number in range(4):
        server.start_run(**endless, model=f"teachers-{number}")
    status, secret = server.call("POST", "/api/runs", {**endless, **SECRETS, "key": "press"}, anna)
    assert (status, secret["state"]) == (201, "queued")
    assert {call.name for call in OF_A_RUN} >= {"run", "run_stop", "run_resume", "run_progress", "run_events"}
    for stranger in (ben, vera):
        for call in OF_A_RUN:
            answer = server.raw(call.method, call.path.format(id=secret["id"]), headers=stranger)
            unknown = server.raw(call.method, call.path.format(id="0" * 16), headers=stranger)
            assert check_refusal(answer) == check_refusal(unknown), "it is told that there is one"
        for call in LOOKS:
            status, _, content = server.raw(call.method, call.path, headers=stranger)
            assert status == 200, (call.name, content)
            for told in (secret["id"], SECRETS["model"], str(SECRETS["seed"]), '"anna"'):
                assert told not in content.decode(), (call.name, told)
        assert len(server.call("GET", "/api/queue", headers=stranger)[1]["places"]) == 5, "but that there is one"
    status, bens = server.call("POST", "/api/runs", {**endless, "key": "press"}, ben)
    assert (status, bens["id"] != secret["id"]) == (201, True), "a key is its holder's"
    mine = server.call("GET", f"/api/runs/{secret['id']}", headers=anna)[1]
    assert (mine["state"] in ("queued", "running"), mine["settings"]["seed"]) == (True, SECRETS["seed"])
    assert server.call("POST", f"/api/runs/{secret['id']}/stop", headers=anna)[1]["state"] == "stopped"


@pytest.fixture
def check_refusal():
    def check(answer):
        status, headers, content = answer
        assert headers["Content-Type"] == "application/json"
        error = json.loads(content)["error"]
        return status, error["code"], error["field"]

    return check
