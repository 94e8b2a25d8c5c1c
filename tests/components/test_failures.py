"""Whatever fails, the user reads one sentence that says what to do, and keeps the last digit."""

import json
import time

import pytest

from ghpython_components.sources import component, layer_components

pytestmark = pytest.mark.slow

COMMAND = {"command": ["/opt/my python/bin/python", "-m", "bridge_server", "serve"], "version": "1"}


def answers(balloon):
    return lambda report: any(balloon in text for _, text in report["balloons"])


@pytest.fixture(scope="module")
def mock(start_shared_server):
    return start_shared_server(mock=True)


INPUTS_FIRST = {  # what asks the server nothing before it is wired, and what it says then
    "export": "Wire the z of Generate into z",
    "restore": "Say in path which file",
}


def test_what_is_dropped_without_a_server_gives_one_warning_with_the_command_that_starts_it(open_rhino, tmp_path):
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "launch.json").write_text(json.dumps(COMMAND))
    rhino = open_rhino()
    openapi = component.document()
    for name in sorted({*component.names(openapi)} - {*layer_components.names(openapi)} - {*INPUTS_FIRST}):
        rhino.place(name)
        rhino.solve(name)
        report = rhino.until(name, lambda report: report["balloons"])
        ((level, sentence),) = report["balloons"]
        assert level == "Warning"
        assert sentence.endswith('"/opt/my python/bin/python" -m bridge_server serve')
        assert report["message"] == "server down"


def test_what_is_dropped_beside_a_server_says_nothing(open_rhino, mock):
    rhino = open_rhino(mock.home)
    said = {
        "data": "press load",
        "train": "press train",
        "server": "running (mock)",
        "generate": "bundled - step 4680",
        "sketch": "draw a digit",
        "walk": "bundled - step 4680",
        "between": "wire two z",
        "sheet": "7 x 7",
        "network": "14 layers - 1.7 M",
        "model": "ready - 1.7 M",
        "models": "bundled of 2",
        "evaluate": "press evaluate",
        "losses": "no run yet",
    }
    openapi = component.document()
    assert {*said, *INPUTS_FIRST, "film"} == {*component.names(openapi)} - {*layer_components.names(openapi)}
    for name, message in said.items():
        rhino.place(name)
        rhino.solve(name)
        assert rhino.until(name, message)["balloons"] == []


def test_a_film_says_that_a_model_must_be_trained_first(open_rhino, mock):
    rhino = open_rhino(mock.home)
    rhino.place("film")
    rhino.solve("film")
    ((level, sentence),) = rhino.until("film", lambda report: report["balloons"])["balloons"]
    assert (level, sentence.split(": ")[0]) == ("Warning", "model")
    assert "train one to see a film" in sentence


@pytest.mark.parametrize("name", INPUTS_FIRST)
def test_what_needs_an_input_first_says_which_with_or_without_a_server(open_rhino, mock, tmp_path, name):
    for home in (tmp_path / "home", mock.home):
        rhino = open_rhino(home)
        rhino.place(name)
        rhino.solve(name)
        ((level, sentence),) = rhino.report(name)["balloons"]
        assert level == "Remark"
        assert sentence.startswith(INPUTS_FIRST[name])


def test_the_last_digit_stays_when_the_server_dies_and_it_recovers_by_itself(open_rhino, start_server, built_with):
    server = start_server(mock=True)
    # A server that starts is noticed at once, however long the server was down.
    rhino = open_rhino(server.home, built_with("RETRY = (0.5, 1.0, 2.0, 4.0)", "RETRY = (60.0,)"))
    rhino.place("generate")
    rhino.solve("generate", latent=[2.0])
    before = rhino.until("generate", lambda report: report["outputs"]["geometry"], "geometry")
    server.kill()

    rhino.solve("generate", latent=[-2.0])
    report = rhino.until("generate", "stale - server down", "geometry")
    assert report["outputs"]["geometry"] == before["outputs"]["geometry"]
    assert [level for level, _ in report["balloons"]] == ["Warning"]
    solves = len(report["times"])

    start_server(home=server.home, mock=True)  # another port, another token
    report = rhino.until("generate", "bundled - step 4680", "geometry")
    assert report["outputs"]["geometry"] != before["outputs"]["geometry"]
    assert report["balloons"] == []
    # Once for the server that answers; and once before, if the old file was seen gone before the new one was there.
    assert len(report["times"]) - solves in (1, 2)


def test_a_slider_dragged_while_the_server_is_down_does_not_keep_it_from_recovering(open_rhino, start_server):
    """What asks again may come from an earlier solve than the connection does."""
    server = start_server(mock=True)
    server.kill()
    rhino = open_rhino(server.home)
    rhino.place("generate")
    for tick in range(5):
        rhino.solve("generate", latent=[tick / 5])
        rhino.until("generate", "server down")
    time.sleep(0.6)  # and it has tried again
    assert [level for level, _ in rhino.report("generate")["balloons"]] == ["Warning"]
    start_server(home=server.home, mock=True)
    rhino.until("generate", "bundled - step 4680")


def test_an_older_server_is_the_side_to_update(open_rhino, tmp_path, start_impostor):
    start_impostor(tmp_path / "home", None, {"api": 0})
    rhino = open_rhino()
    rhino.place("generate")
    rhino.solve("generate")
    report = rhino.until("generate", answers("version 0 of the contract"))
    assert "update the server (bring the project's folder up to date, type there: python" in report["balloons"][0][1]


def test_an_older_component_is_the_side_to_update(open_rhino, tmp_path, start_impostor):
    start_impostor(tmp_path / "home", None, {"api": 2})
    rhino = open_rhino()
    rhino.place("generate")
    rhino.solve("generate")
    report = rhino.until("generate", answers("version 2 of the contract"))
    assert "update the components (ganmnist-server install-components, and restart" in report["balloons"][0][1]


def test_the_components_are_brought_up_to_date_by_the_environment_that_the_server_is_in(
    open_rhino, tmp_path, start_impostor
):
    start_impostor(tmp_path / "home", None, {"api": 2})
    (tmp_path / "home" / "launch.json").write_text(json.dumps(COMMAND))
    rhino = open_rhino()
    rhino.place("generate")
    rhino.solve("generate")
    report = rhino.until("generate", answers("version 2 of the contract"))
    command = '"/opt/my python/bin/python" -m bridge_server install-components'
    assert f"update the components ({command}, and restart Rhino)" in report["balloons"][0][1]


@pytest.mark.parametrize("name", ["generate", "server"])
def test_where_no_server_was_ever_started_it_is_said_what_installs_one(open_rhino, name):
    rhino = open_rhino()
    rhino.place(name)
    rhino.solve(name)
    report = rhino.until(name, "server down")
    if name == "server":
        rhino.press("server", "start")
        report = rhino.until("server", "see the balloon")
    ((_, sentence),) = report["balloons"]
    assert sentence.endswith(", in the project's folder type: python start.py")


def test_a_token_that_the_server_of_a_class_does_not_know_is_said(open_rhino, start_server, tmp_path):
    server = start_server(mock=True)
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "server.json").write_text(json.dumps({"url": server.url, "token": "wrong"}))
    rhino = open_rhino()
    rhino.place("generate")
    rhino.solve("generate")
    rhino.until("generate", answers("does not know the token in server.json: ask who runs it"))


def test_another_program_on_the_port_is_never_told_the_token(open_rhino, tmp_path, start_impostor):
    impostor = start_impostor(tmp_path / "home", None, token="somebody else's")
    rhino = open_rhino()
    rhino.place("generate")
    rhino.solve("generate")
    rhino.until("generate", answers("another program answers in its place"))
    assert {path for _, path, _ in impostor.seen} == {"/api/health"}
    assert not any("Authorization" in headers for _, _, headers in impostor.seen)


def test_a_broken_answer_is_one_sentence(open_rhino, tmp_path, start_impostor):
    contents = {b"{": "cannot be read", b"[]": "cannot be read", b"\xff": "cannot be read", b"{}": "could not be used"}
    now = []
    start_impostor(tmp_path / "home", lambda method, path, body: (200, now[-1]))
    rhino = open_rhino()
    rhino.place("generate")
    for seed, (content, sentence) in enumerate(contents.items()):
        now.append(content)
        rhino.solve("generate", seed=seed)
        report = rhino.until("generate", answers(sentence))
        assert [level for level, _ in report["balloons"]] == ["Error"]


def test_a_damaged_discovery_file_means_that_no_server_is_running(open_rhino, tmp_path):
    (tmp_path / "home").mkdir()
    rhino = open_rhino()
    contents = ("", "{", "[]", '{"url": 5, "token": "a", "instance": "b"}', '{"url": "http://x:y", "token": "a"}')
    for number, content in enumerate(contents):
        (tmp_path / "home" / "server.json").write_text(content)
        name = f"data {number}"
        rhino.place(name, "data")
        rhino.solve(name)
        rhino.until(name, answers("No ganmnist server is running"))


def test_a_refused_setting_shows_the_servers_own_sentence(open_rhino, mock):
    rhino = open_rhino(mock.home)
    rhino.place("generate")
    rhino.solve("generate", cell=-1.0)
    report = rhino.until("generate", lambda report: report["balloons"])
    said = mock.call("POST", "/api/generate", {"cell": -1.0})[1]["error"]["message"]
    assert report["balloons"] == [["Error", said]]
    assert "cell" in said


def test_a_connection_closed_while_idle_costs_the_user_nothing(open_rhino, tmp_path, start_impostor):
    data = {"state": "absent", "name": None, "train": None, "test": None, "percent": 0.0, "problem": None}
    impostor = start_impostor(tmp_path / "home", lambda method, path, body: (200, json.dumps(data).encode()))
    impostor.server.RequestHandlerClass.timeout = 0.1  # after which it closes an idle connection
    rhino = open_rhino()
    rhino.place("data")
    rhino.solve("data")
    rhino.until("data", lambda report: report["message"] == "press load")
    time.sleep(1.0)  # until it is asked again
    report = rhino.solve("data")
    assert report["message"] == "press load"
    assert report["balloons"] == []
    rhino.until("data", lambda report: len(impostor.seen) >= 4)
    assert [path for _, path, _ in impostor.seen] == ["/api/health", "/api/data"] * 2
