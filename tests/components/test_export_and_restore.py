"""Export saves what Generate drew, and Restore finds it again: in the file, and in what Generate has put on a mesh."""

import base64
import json

import numpy as np
import pytest
import rhino3dm

from ganmnist.models.provenance import HEAD


@pytest.fixture(scope="module")
def server(start_shared_server):
    return start_shared_server()


@pytest.fixture
def rhino(open_rhino, server):
    rhino = open_rhino(server.home)
    rhino.place("export")
    rhino.place("restore")
    return rhino


@pytest.fixture(scope="module")
def drawn(server):
    """What the server says of three digits, and their vectors."""
    reply = server.call("POST", "/api/generate", {"count": 3, "seed": 5})[1]
    return reply, np.frombuffer(base64.b64decode(reply["z"]), "<f4").reshape(3, -1)


def tree(vectors) -> dict:
    return {"tree": {str(place): vector for place, vector in enumerate(vectors.tolist())}}


def press(rhino, ends, **inputs):
    rhino.solve("export", save=False, **inputs)
    rhino.solve("export", save=True, **inputs)
    return rhino.until("export", lambda report: ends(report), "file")


def test_a_press_saves_the_file_and_restore_finds_the_same_vectors(rhino, server, drawn, tmp_path):
    _, vectors = drawn
    path = tmp_path / "digits.3dm"
    first = press(
        rhino, lambda r: (r["message"] or "").startswith("saved"), path=str(path), z=tree(vectors), form="solid"
    )
    assert first["message"].startswith("saved digits.3dm - ")
    assert first["outputs"]["file"] == str(path)
    assert len(rhino3dm.File3dm.Read(str(path)).Objects) == 3
    again = press(
        rhino, lambda r: (r["message"] or "").startswith("replaced"), path=str(path), z=tree(vectors), form="solid"
    )
    assert again["message"].startswith("replaced digits.3dm - ")
    assert [found.name for found in tmp_path.glob("*.*")] == ["digits.3dm"], "nothing half-written stays"

    rhino.solve("restore", path=str(path))
    report = rhino.until("restore", "3 of bundled", "z", "model", "record", "remarks")
    assert report["balloons"] == []
    found = np.array([report["outputs"]["z"][str(place)] for place in range(3)], np.float32)
    np.testing.assert_array_equal(found, vectors)
    assert json.loads(report["outputs"]["record"])["geometry"]["form"] == "solid"


def test_a_wrong_file_is_refused_by_its_name_and_what_it_is(rhino, tmp_path):
    (tmp_path / "letter.pdf").write_bytes(b"%PDF-1.7")
    rhino.solve("restore", path=str(tmp_path / "letter.pdf"))
    report = rhino.until("restore", lambda report: report["balloons"])
    assert report["balloons"][0][1].startswith("letter.pdf: is a PDF, and holds no record of ganmnist.")


@pytest.mark.parametrize(
    ("name", "form", "said"),
    [("a.stl", None, True), ("a.3mf", "mesh", True), ("a.stl", "solid", False), ("a.3dm", None, False)],
)
def test_of_a_file_to_print_it_is_said_before_it_is_saved_whether_it_can_be(rhino, drawn, tmp_path, name, form, said):
    inputs = {"form": form} if form else {}
    rhino.solve("export", save=False, path=str(tmp_path / name), z=tree(drawn[1]), **inputs)
    remarks = [sentence for level, sentence in rhino.report("export")["balloons"] if level == "Remark"]
    words = "form: {} is no body, so it cannot be printed; solid, voxels, extrusion can".format(form or "relief")
    assert remarks == ([words] if said else [])


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("digits.3dm", "whole path"),
        ("{}/gone/digits.3dm", "there is no folder"),
        ("{}/digits", "no ending"),
        ("{}/digits.dwg", "format"),
    ],
)
def test_a_path_that_cannot_be_is_refused_in_a_sentence(rhino, drawn, tmp_path, path, words):
    report = press(rhino, lambda r: r["balloons"], path=path.format(tmp_path), z=tree(drawn[1]))
    assert words in report["balloons"][-1][1]
    assert not [*tmp_path.glob("digits*")]


def test_what_generate_bakes_remembers_its_digit(open_rhino, server, python, drawn):
    if python == "2.7":
        pytest.skip("without rhino3dm nobody reads user text")
    _, vectors = drawn
    rhino = open_rhino(server.home)
    for name in ("generate", "restore"):
        rhino.place(name)
    rhino.solve("generate", count=3, seed=5)
    report = rhino.until("generate", lambda report: (report["message"] or "").startswith("bundled - step"), "geometry")
    mesh = rhino3dm.CommonObject.Decode(report["outputs"]["geometry"][1])
    text = mesh.GetUserString("ganmnist")
    assert text.startswith(HEAD)
    rhino.solve("restore", text=text)
    found = rhino.until("restore", "1 of bundled", "z")["outputs"]["z"]
    np.testing.assert_array_equal(np.array(found["0"], np.float32), vectors[1])


def test_a_model_that_is_gone_is_said_in_a_balloon(rhino, drawn):
    reply, _ = drawn
    record = json.loads(reply["provenance"]) | {"z": reply["z"], "sha256": "0" * 64, "model_id": "x", "model": "lost"}
    text = json.dumps(record, separators=(",", ":"))
    rhino.solve("restore", text=text)
    report = rhino.until("restore", "3 of lost", "model")
    assert "lost is gone" in report["balloons"][0][1]
