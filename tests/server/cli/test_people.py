"""A class is invited, somebody comes late, loses a card or leaves: one command each, done as a whole or not at all."""

import json
import os
import re

import pytest

from bridge_server.access import certificates, tokens
from bridge_server.access.roles import Role
from bridge_server.access.tokens import Tokens
from bridge_server.contract.runs import RunState
from bridge_server.process import discovery
from bridge_server.runs.store import Press, RunStore
from ganmnist.config import TrainConfig

URL = "https://192.168.1.5:28280"


@pytest.fixture
def command(server_command, tmp_path):
    """Run a command on the test's data directory."""
    return lambda *words: server_command(*map(str, words), "--data-dir", str(tmp_path / "home"))


@pytest.fixture
def home(tmp_path):
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


def names(home):
    return [principal.name for principal in tokens.read_principals(home)]


def whose(home, token):
    found = Tokens("secret", home).principal(token.encode())
    return found and (found.name, found.role)


def test_one_command_invites_thirty(command, home, tmp_path):
    out = tmp_path / "class"
    code, said, _ = command("token", "add", "--count", "30", "--out", out, "--url", URL)
    assert (code, "30 invitations" in said) == (0, True)
    expected = [f"student-{number:02d}" for number in range(1, 31)]
    assert names(home) == expected
    assert {path.name for path in out.iterdir()} == {"invitations.html", *(f"{name}.json" for name in expected)}
    if os.name == "posix":
        assert {path.stat().st_mode & 0o777 for path in out.iterdir()} == {0o600}
        assert out.stat().st_mode & 0o777 == 0o700
    sheet = (out / "invitations.html").read_text(encoding="utf-8")
    kept = (home / tokens.FILE).read_text()
    fingerprint = certificates.read(home).fingerprint
    for name in expected:
        found = json.loads((out / f"{name}.json").read_text())
        assert (found["url"], found["fingerprint"]) == (URL, fingerprint)
        assert whose(home, found["token"]) == (name, Role.STUDENT)
        assert sheet.count(f'href="{URL}/#token={found["token"]}"') == 1
        assert found["token"] not in said + kept
    assert sheet.count("<svg") == 30
    assert sheet.count(certificates.in_pairs(fingerprint)) == 30
    assert set(re.findall(r"https?://[^/<\"# ]+", re.sub("<svg.*?</svg>", "", sheet))) == {URL}, (
        "nothing from elsewhere"
    )


@pytest.mark.parametrize(
    ("words", "code", "problem"),
    [
        (["zoe", "Anna", "ben"], 1, "Anna, ben have tokens already: token renew NAME gives another"),
        (["zoe", "ZOE"], 1, "zoe stands there more than once"),
        (["zoe", "../zoe"], 1, "../zoe is no name: a name has letters from a to z"),
        (["zoe", "nul"], 1, "nul is a name that Windows keeps for a device: choose another."),
        (["zoe", "owner"], 1, "owner is who runs the server"),
        ([f"s{number}" for number in range(201)], 1, "expected 1 to 200 people at a time, got 201"),
        (["--count", "0"], 2, "expected 1 to 200 people, got 0"),
        (["--count", "201"], 2, "expected 1 to 200 people, got 201"),
        (["--count", "5", "zoe"], 2, "one of NAME ..., --names FILE and --count N"),
        ([], 2, "one of NAME ..., --names FILE and --count N"),
    ],
)
def test_where_one_name_is_wrong_nobody_is_invited(command, home, tmp_path, words, code, problem):
    for name in ("anna", "ben"):
        tokens.add(home, name, Role.STUDENT)
    found, said, err = command("token", "add", *words, "--out", tmp_path / "class", "--url", URL)
    assert (found, said, problem in err) == (code, "", True), err
    assert names(home) == ["anna", "ben"]
    assert not (tmp_path / "class").exists()


def test_a_folder_that_holds_something_is_refused_and_left_as_it_was(command, home, tmp_path):
    (tmp_path / "class").mkdir()
    (tmp_path / "class" / "mine.txt").write_text("mine")
    code, _, err = command("token", "add", "anna", "--out", tmp_path / "class", "--url", URL)
    assert (code, "has files already: name a folder that is new or empty" in err) == (1, True)
    assert command("token", "add", "anna", "--out", tmp_path / "class" / "mine.txt", "--url", URL)[0] == 1
    assert [path.name for path in (tmp_path / "class").iterdir()] == ["mine.txt"]
    assert names(home) == []


def test_invitations_need_an_address_that_others_can_reach(command, home, tmp_path):
    code, _, err = command("token", "add", "anna", "--out", tmp_path / "anna")
    assert (code, "--url https://ADDRESS:PORT" in err) == (2, True)
    assert (names(home), (tmp_path / "anna").exists()) == ([], False)


def failing(work, at):
    """Do as `work` does, but for one time, when the disk is full."""
    times = iter(range(at + 1))

    def write(path, *rest, **options):
        if next(times, None) == at:
            raise OSError(28, "No space left on device", str(path))
        return work(path, *rest, **options)

    return write


@pytest.mark.parametrize("at", [0, 2])
def test_nobody_has_a_token_whose_invitation_could_not_be_written(command, home, tmp_path, monkeypatch, at):
    monkeypatch.setattr(discovery, "write_discovery", failing(discovery.write_discovery, at))
    assert command("token", "add", "a", "b", "c", "d", "--out", tmp_path / "class", "--url", URL)[0] == 8
    assert names(home) == []
    assert not (tmp_path / "class").exists()


def test_no_invitation_is_left_of_tokens_that_could_not_be_written(command, home, tmp_path, monkeypatch):
    (tmp_path / "class").mkdir()
    tokens.add(home, "anna", Role.STUDENT)
    monkeypatch.setattr(tokens, "write_json", failing(tokens.write_json, 0))
    assert command("token", "add", "ben", "--out", tmp_path / "class", "--url", URL)[0] == 8
    assert names(home) == ["anna"]
    assert [*(tmp_path / "class").iterdir()] == []


def test_a_class_list_is_read_as_people_write_it(command, home, tmp_path):
    file = tmp_path / "class.txt"
    file.write_text("\ufeffAnna Müller\r\n\r\n  Zoë  \nbob\n", encoding="utf-8")
    assert command("token", "add", "--names", file, "--out", tmp_path / "class", "--url", URL)[0] == 0
    assert names(home) == ["Anna-Mueller", "Zoe", "bob"]
    for content, problem in (
        ("carl\n王芳\n".encode(), "line 2, 王芳, has no letter from a to z"),
        ("Zoë\n".encode("latin-1"), "is no text in UTF-8"),
        (b" \n", "has no names"),
        (b"carl, dora, emil\n", "line 1, carl, dora, emil, has several columns, or people"),
        ("Ärger;Carl;7b\n".encode(), "line 1, Ärger;Carl;7b, has several columns"),
    ):
        file.write_bytes(content)
        code, _, err = command("token", "add", "--names", file)
        assert (code, problem in err) == (1, True), err
    assert len(names(home)) == 3
    file.write_text("Óscar, Carl\n", encoding="utf-8")
    assert command("token", "add", "--names", file)[0] == 0
    assert names(home)[3:] == ["Oscar-Carl"]


def test_what_an_option_names_is_never_taken_for_the_data_directory(command, home, tmp_path):
    file = tmp_path / "class.txt"
    file.write_text("anna\n")
    for words, problem in (
        (("--names", tmp_path), f"{tmp_path}: it is a folder: name a file"),
        (("--names", tmp_path / "none.txt"), "none.txt: there is no such file or folder: name another"),
        (("--names", file, "--out", file, "--url", URL), f"{file}: there is something by that name: name another"),
    ):
        code, _, err = command("token", "add", *words)
        assert (code, problem in err, "--data-dir" in err) == (1, True, False), err
    assert names(home) == []


def test_tokens_that_may_not_be_read_just_now_are_nothing_to_delete(command, home):
    (home / tokens.FILE).mkdir(parents=True)
    code, _, err = command("token", "list")
    assert (code, "cannot be read" in err, "delete" in err) == (1, True, False), err


def test_a_lost_card_is_replaced_and_the_one_before_is_refused_at_once(command, home, tmp_path):
    before, other = (tokens.add(home, name, role) for name, role in (("anna", Role.TEACHER), ("ben", Role.VIEWER)))
    running = Tokens("secret", home)
    assert running.principal(before.encode()).name == "anna"
    assert command("token", "renew", "ANNA", "--out", tmp_path / "again", "--url", URL)[0] == 0
    after = json.loads((tmp_path / "again" / "anna.json").read_text())["token"]
    assert running.principal(before.encode()) is None
    assert running.principal(after.encode()).name == "anna"
    assert (whose(home, after), whose(home, other)) == (("anna", Role.TEACHER), ("ben", Role.VIEWER))
    assert names(home) == ["anna", "ben"]
    code, _, err = command("token", "renew", "zoe")
    assert (code, err) == (1, "ganmnist: zoe has no token; there are anna, ben.\n")


def test_a_lost_card_counts_until_another_is_written(command, home, tmp_path, monkeypatch):
    before = tokens.add(home, "anna", Role.STUDENT)
    monkeypatch.setattr(discovery, "write_discovery", failing(discovery.write_discovery, 0))
    assert command("token", "renew", "anna", "--out", tmp_path / "again", "--url", URL)[0] == 8
    assert whose(home, before) == ("anna", Role.STUDENT)


def test_the_name_of_who_left_is_given_to_nobody_else_and_back_to_themselves_alone(command, home):
    before = tokens.add(home, "anna", Role.STUDENT)
    assert command("token", "remove", "Anna")[:2] == (
        0,
        "the token of anna is refused from now on; their models and data sets stay, and are a teacher's to change\n",
    )
    code, _, err = command("token", "add", "ANNA")
    assert (code, "token renew ANNA gives the same person another; somebody else needs another name" in err) == (
        1,
        True,
    )
    assert names(home) == []
    code, said, _ = command("token", "renew", "anna")
    assert (code, whose(home, said.split()[-1])) == (0, ("anna", Role.STUDENT))
    assert whose(home, before) is None


def test_numbers_go_on_after_the_highest_that_anybody_ever_had(command, home):
    assert command("token", "add", "--count", "3")[0] == 0
    assert command("token", "remove", "student-03", "student-01")[0] == 0
    assert command("token", "add", "--count", "2")[0] == 0
    assert command("token", "add", "--count", "1", "--role", "viewer")[0] == 0
    assert names(home) == ["student-02", "student-04", "student-05", "viewer-01"]
    _, _, err = command("token", "add", "Student-01")
    assert "needs another name, as Student-06." in err


def test_a_course_that_is_over_is_one_command_and_no_half_of_one(command, home):
    for name in ("anna", "ben", "carl"):
        tokens.add(home, name, Role.STUDENT)
    assert command("token", "remove", "anna", "nobody")[0] == 1
    assert names(home) == ["anna", "ben", "carl"]
    for words in ([], ["anna", "--all"]):
        assert command("token", "remove", *words)[0] == 2
    assert command("token", "remove", "--all")[0] == 0
    assert names(home) == []
    assert command("token", "remove", "--all")[0] == 1


def test_the_trainings_of_who_leaves_are_stopped_by_the_running_server_and_no_others(command, home, start_server):
    anna, ben = ({"Authorization": f"Bearer {tokens.add(home, name, Role.STUDENT)}"} for name in ("anna", "ben"))
    server = start_server(home=home, mock=True)
    runs = {}
    for name, headers in (("a1", anna), ("b1", ben), ("a2", anna)):
        runs[name] = server.call("POST", "/api/runs", {"model": name}, headers)[1]["id"]
    code, said, _ = command("token", "remove", "anna")
    assert (code, "2 trainings of theirs are stopped" in said) == (0, True)
    assert server.call("GET", "/api/runs", headers=anna)[0] == 401
    states = {name: server.call("GET", f"/api/runs/{id}")[1]["state"] for name, id in runs.items()}
    assert (states["a1"], states["a2"]) == ("stopped", "stopped")
    assert states["b1"] in ("queued", "running")


def test_without_a_server_they_are_stopped_before_the_next_one_begins_them(command, home):
    for name in ("anna", "ben"):
        tokens.add(home, name, Role.STUDENT)
    store = RunStore(home / "runs.sqlite")
    ids = {
        model: store.add(Press(model, TrainConfig(), owner=owner), lambda name, held: name)[0].id
        for model, owner in (("a1", "anna"), ("b1", "ben"), ("a2", "anna"))
    }
    store.move(ids["a1"], RunState.QUEUED, RunState.RUNNING)  # as a server leaves it that is killed
    store.close()
    code, said, _ = command("token", "remove", "anna")
    assert (code, "2 trainings of theirs are stopped" in said) == (0, True)
    store = RunStore(home / "runs.sqlite")
    assert [store.get(ids[model]).state for model in ("a1", "b1", "a2")] == ["stopped", "queued", "stopped"]
    store.close()


def test_a_network_is_served_before_anybody_has_a_token_and_invited_while_it_is(
    command, home, start_server, lan_address, tmp_path
):
    server = start_server(home=home, mock=True, options=("--lan", lan_address))
    assert re.search(r"Nobody has a token yet.*token add --count 30 --out class", server.output())
    assert command("token", "add", "--count", "30", "--out", tmp_path / "class")[0] == 0
    invited = [json.loads(path.read_text()) for path in (tmp_path / "class").glob("*.json")]
    assert {(each["url"], each["fingerprint"]) for each in invited} == {(server.url, server.fingerprint)}
    told = {
        server.call("GET", "/api/me", headers={"Authorization": f"Bearer {each['token']}"})[1]["name"]
        for each in invited
    }
    assert len(told) == 30
