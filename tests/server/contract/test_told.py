"""Whoever is not the server's owner is told of files, and not in which folders they lie."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from bridge_server.access import tokens
from bridge_server.access.roles import Role
from bridge_server.contract import told as told_module
from bridge_server.contract.calls import CALLS
from bridge_server.contract.datasets import Data, DataState
from bridge_server.contract.told import STRANGER, Told, file_name, hide, without_folders
from bridge_server.errors import answer
from ganmnist.errors import DataError
from ganmnist.fields import Settings

SENTENCES = [
    ("/home/ida/trees: 6 pictures cannot be read", "trees: 6 pictures cannot be read"),
    (
        "The disk of /home/ida/ganmnist has 3 MB left, and more is needed",
        "The disk of ganmnist has 3 MB left, and more is needed",
    ),
    (r"C:\Users\Ida Bär\Pictures\oak.zip cannot be opened", "oak.zip cannot be opened"),
    (r"from \\server\class 7\trees", "from trees"),
    ("~/trees/oak", "oak"),
    ("cannot read (/a/b.png), /c/d.png", "cannot read (b.png), d.png"),
    ("oak/1.png (its bytes are not those of one)", "oak/1.png (its bytes are not those of one)"),
    ("see http://127.0.0.1:28280/api/runs and /openapi.json, POST /api/data/prepare", None),
    ("1/2 of 28 / 28, and/or ../x", None),
    (r"C:\Users\Max (Work)\deep\x.csv: is damaged", "x.csv: is damaged"),
    ("/mnt/Klasse (7b)/Bilder, neu/eichen: is empty", "eichen: is empty"),
    (r"D:\a, b\c;d\e.csv: cannot be read", "e.csv: cannot be read"),
    ("read:/home/anna/secret/x", "read:x"),
    ("file:///home/anna/k/x", "x"),
    ("file:///C:/Users/anna/x", "x"),
    (r"\\?\C:\Users\anna\x", "x"),
    (r"\\?\UNC\server\share\anna\x", "x"),
    ("/api/home/anna/x, /api/../home/anna/y", "x, y"),
    ("//home/anna/x", "x"),
    ("/home//anna/x", "x"),
    ("~anna/projekt/x", "x"),
    ("'/home/anna/x' -> '/home/berta/y'", "'x' -> 'y'"),
    ("/a/b.csv: 28/28, see http://a.org/b/c or POST /api/data", "b.csv: 28/28, see http://a.org/b/c or POST /api/data"),
    ("/a/b.png, 28/28 and /c/d.png", "b.png, 28/28 and d.png"),
]


@pytest.mark.parametrize(("told", "shown"), SENTENCES, ids=[told[:20] for told, _ in SENTENCES])
def test_a_sentence_names_files_and_no_folders(told, shown):
    assert without_folders(told) == (told if shown is None else shown)


def test_the_servers_own_addresses_are_no_folders():
    for call in CALLS:
        asked = f"ask {call.method} {call.path.format(name='oak', id='0')}"
        assert without_folders(asked) == asked


@pytest.mark.parametrize(
    "path",
    [
        "/tmp/secret (anna), geheim/a: b/bad.csv",
        r"C:\Users\Max (Work), neu\a; b\bad.csv",
        r"\\?\C:\Users\anna\bad.csv",
        r"\\server\share\anna\bad.csv",
        "/a\nb/bad.csv",
    ],
)
def test_of_what_is_a_path_as_a_whole_the_last_part_is_told(path):
    assert file_name(path) == "bad.csv"
    found = Data(state=DataState.FAILED, source=path, report=[f"{path} has 3 rows"], problem=f"In {path}: is damaged")
    told = found.model_dump_json(context=STRANGER)
    assert '"source":"bad.csv","' in told
    assert '"report":["bad.csv has 3 rows"]' in told
    assert '"problem":"In bad.csv: is damaged"' in told
    assert Data.model_validate_json(found.model_dump_json()) == found


def test_what_a_file_was_sent_as_is_told_whole():
    assert file_name("trees.zip, sent by anna") == "trees.zip, sent by anna"


@pytest.fixture
def hidden(monkeypatch):
    monkeypatch.setattr(told_module, "_hidden", set())
    return hide


def test_a_folder_that_the_server_knows_of_is_told_in_no_sentence_whatever_its_name(hidden):
    hidden(Path("/srv/a: b, (c/ganmnist"))
    assert without_folders("in /srv/a: b, (c/ganmnist/models/0/model.json: is") == "in model.json: is"
    assert without_folders("The disk of /srv/a: b, (c/ganmnist has 3 MB") == "The disk of ganmnist has 3 MB"
    assert without_folders("read:/SRV/a: b, (c\\ganmnist/x, y") == "read:x, y"
    hidden(Path("/"))  # as HOME is in some containers
    assert without_folders("28 / 28") == "28 / 28"


FOLDER = some.text(some.characters(categories=("L", "N"), include_characters=" -_."), min_size=1, max_size=9)


@given(some.lists(FOLDER.filter(lambda name: name.strip(" .")), min_size=2, max_size=5))
def test_no_folder_of_a_whole_path_is_left(names):
    *folders, file = (name.strip(" .") for name in names)
    shown = without_folders(f"source: /{'/'.join([*folders, file])}: unknown")
    assert shown == f"source: {file}: unknown"


def test_a_message_is_whole_for_the_owner_and_short_for_others():
    class Found(Settings):
        source: Told | None
        others: list[Told]

    found = Found(source="/a/b", others=["/c/d", "e"])
    assert found.model_dump_json() == '{"source":"/a/b","others":["/c/d","e"]}'
    assert found.model_dump_json(context=STRANGER) == '{"source":"b","others":["d","e"]}'
    error = DataError("/home/ida/x: is damaged")
    assert b"/home/ida/x" in answer(error, "1").body
    assert b"/home" not in answer(error, "1", STRANGER).body


def test_a_viewer_hears_of_data_and_models_and_of_no_folder_of_the_machine(start_server, tmp_path):
    home = tmp_path / "Klasse 7b, (neu"
    (home / "models" / "0123456789abcdef").mkdir(parents=True)
    (home / "models" / "0123456789abcdef" / "model.json").write_text("{")
    token = tokens.add(home, "vera", Role.VIEWER)
    server = start_server(home=home)
    (tmp_path / "nothing").mkdir()
    assert server.call("POST", "/api/datasets", {"path": str(tmp_path / "nothing")})[0] == 200
    as_viewer = {"Authorization": f"Bearer {token}"}
    heard = {}
    for path in ("/api/data", "/api/datasets", "/api/datasets/nothing", "/api/models", "/api/runs", "/api/server"):
        status, _, body = server.raw("GET", path, headers=as_viewer)
        assert status == 200, body
        heard[path] = body.decode()
        assert not re.search(rf'"[^"]*{re.escape(str(tmp_path.parent))}', heard[path]), heard[path]
        assert "Klasse" not in heard[path]
    assert '"source":"nothing"' in heard["/api/datasets/nothing"]
    assert "model.json" in heard["/api/models"] or "0123456789abcdef" in heard["/api/models"]
    assert str(tmp_path / "nothing") in server.raw("GET", "/api/datasets")[2].decode(), "the owner is told"
