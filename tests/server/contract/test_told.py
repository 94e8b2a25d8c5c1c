"""Whoever is not the server's owner is told of files, and not in which folders they lie."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as some

from bridge_server.access import tokens
from bridge_server.access.roles import Role
from bridge_server.contract.told import STRANGER, Told, without_folders
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
]


@pytest.mark.parametrize(("told", "shown"), SENTENCES, ids=[told[:20] for told, _ in SENTENCES])
def test_a_sentence_names_files_and_no_folders(told, shown):
    assert without_folders(told) == (told if shown is None else shown)


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
    token = tokens.add(tmp_path, "vera", Role.VIEWER)
    (tmp_path / "models" / "0123456789abcdef").mkdir(parents=True)
    (tmp_path / "models" / "0123456789abcdef" / "model.json").write_text("{")
    server = start_server(home=tmp_path)
    (tmp_path / "nothing").mkdir()
    assert server.call("POST", "/api/datasets", {"path": str(tmp_path / "nothing")})[0] == 200
    as_viewer = {"Authorization": f"Bearer {token}"}
    heard = {}
    for path in ("/api/data", "/api/datasets", "/api/datasets/nothing", "/api/models", "/api/runs", "/api/server"):
        status, _, body = server.raw("GET", path, headers=as_viewer)
        assert status == 200, body
        heard[path] = body.decode()
        assert not re.search(rf'"[^"]*{re.escape(str(tmp_path.parent))}', heard[path]), heard[path]
    assert '"source":"nothing"' in heard["/api/datasets/nothing"]
    assert "model.json" in heard["/api/models"] or "0123456789abcdef" in heard["/api/models"]
    assert str(tmp_path / "nothing") in server.raw("GET", "/api/datasets")[2].decode(), "the owner is told"
