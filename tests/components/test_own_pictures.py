"""Pictures of one's own on the canvas: Data imports them, Train learns from them."""

import io
import json
import os
import re
import sys
import threading
import time
import zipfile
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
import rhino3dm
from PIL import Image

from bridge_server.access import tokens
from bridge_server.access.roles import Role
from bridge_server.contract.datasets import MAX_UPLOAD
from ganmnist.data import files
from ganmnist.dataset_summary import DatasetSummary, LeftOut, ReadReport
from ghpython_components.shared import outgoing
from ghpython_components.sources.component import COMPONENTS

pytestmark = pytest.mark.slow

OUTPUTS = ("data", "train", "test", "classes", "report", "preview")
# Of Latin-1, which IronPython's json takes for bytes; of UTF-8 that looks like it; from other planes and directions.
ALPHABETS = ("Bäume", "Ã¼ber", "żółw", "木 の 絵", "رقم", "trees 🌳", "it's trees")


@pytest.fixture
def mock(start_server):
    return start_server(mock=True)


@pytest.fixture
def rhino(open_rhino, mock):
    rhino = open_rhino(mock.home)
    rhino.place("data")
    return rhino


@pytest.fixture(scope="module")
def server(start_shared_server):
    return start_shared_server()


@pytest.fixture
def trees(tmp_path):
    """Draw pictures of three classes: trees(name) returns their folder, in which there is a text too."""

    def draw(name, count=12):
        folder = tmp_path / name
        for number, kind in enumerate(("ash", "elm", "oak")):
            (folder / kind).mkdir(parents=True)
            for place in range(count):
                picture = np.zeros((28, 28), np.uint8)
                picture[4 + place : 8 + place, 6 * number + 4 : 6 * number + 9] = 220
                Image.fromarray(picture).save(folder / kind / f"{place}.png")
        (folder / "oak" / "about.txt").write_text("not a picture")
        return folder

    return draw


def datasets(server):
    return [data["name"] for data in server.call("GET", "/api/datasets")[1]["datasets"]]


def is_mesh(text):
    return rhino3dm.CommonObject.Decode({"version": 10000, **text}).IsValid


def begins(words):
    return lambda report: (report["message"] or "").startswith(words)


def test_a_source_is_imported_at_a_press_and_says_how_far_it_is_and_what_is_in_it(rhino, mock):
    rhino.solve("data", source="/pictures/trees")
    assert rhino.until("data", "press load", *OUTPUTS)["outputs"] == dict.fromkeys(OUTPUTS)
    rhino.press("data", "load", source="/pictures/trees")
    early = rhino.until("data", begins("importing - "), *OUTPUTS)
    assert early["outputs"] == dict.fromkeys(OUTPUTS)
    report = rhino.until("data", "trees - 60 images in 3 classes", *OUTPUTS)
    outputs = report["outputs"]
    assert (outputs["data"], outputs["train"], outputs["test"]) == ("trees", 54, 6)
    assert outputs["classes"] == ["ash: 10", "elm: 20", "oak: 30"]
    assert outputs["report"] == mock.call("GET", "/api/datasets/trees")[1]["report"]
    assert is_mesh(outputs["preview"])
    assert report["balloons"] == [["Remark", outputs["report"][-1]]]
    assert outputs["report"][-1].startswith("left out 2 files")


def test_an_opened_file_finds_what_was_imported_from_its_source_and_under_its_name(rhino, mock):
    sources = [{"source": "/pictures/trees"}, {"source": "/pictures/trees", "name": "forest"}]
    for inputs in sources:
        rhino.solve("data", **inputs)
        rhino.press("data", "load", **inputs)
        rhino.until("data", begins(inputs.get("name", "trees") + " - "))
    for inputs, name in [
        ({"source": '"/pictures/trees/" '}, "forest"),  # the newest; quoted as Windows copies a path
        ({"source": "/pictures/trees", "name": "trees"}, "trees"),
        ({"name": "TREES"}, "trees"),
    ]:
        rhino.do("reopen", name="data", inputs=inputs)
        assert rhino.until("data", begins(name + " - "), "data")["outputs"]["data"] == name
    assert datasets(mock) == ["forest", "trees"]


def test_what_was_left_out_is_known_by_how_the_servers_sentence_begins():
    left = LeftOut(reason=".heic is not read, save it as PNG", count=2, example="a.heic")
    summary = DatasetSummary(name="trees", source="/trees", train=54, test=6, report=ReadReport(left_out=(left,)))
    (begins_with,) = re.findall(r'^LEFT_OUT = "(.*)"', (COMPONENTS / "data" / "code.py").read_text(), re.MULTILINE)
    assert list(summary.sentences())[-1].startswith(begins_with)


def test_another_source_is_not_the_old_answers_until_load_is_pressed(rhino, mock):
    rhino.solve("data", source="/pictures/trees", name="mine")
    rhino.press("data", "load", source="/pictures/trees", name="mine")
    rhino.until("data", begins("mine - "))
    rhino.solve("data", source="/pictures/birds", name="mine")
    assert rhino.until("data", "press load", *OUTPUTS)["outputs"] == dict.fromkeys(OUTPUTS)
    rhino.press("data", "load", source="/pictures/birds", name="mine")
    rhino.until("data", begins("mine-2 - "))  # the first keeps its name
    rhino.solve("data", source="/pictures/trees", name="mine")
    rhino.until("data", begins("mine - "))
    assert datasets(mock) == ["mine-2", "mine"]


def test_without_a_source_it_is_mnist_whatever_it_is_called(rhino):
    for inputs in ({}, {"source": " ", "name": "mnist"}):
        rhino.solve("data", **inputs)
        assert rhino.until("data", "press load", "data")["outputs"]["data"] == "MNIST"  # a training fetches it itself
    rhino.press("data", "load")
    rhino.until("data", "mock-digits")


def test_a_name_that_nothing_was_imported_under_is_said_with_those_there_are(rhino, mock):
    mock.call("POST", "/api/datasets", {"path": "/pictures/trees"})
    rhino.solve("data", name="birds")
    ((level, sentence),) = rhino.until("data", "see the balloon")["balloons"]
    assert (level, sentence) == (
        "Warning",
        "name: no data set birds on the server; there are MNIST, trees. Say in source where its pictures are, and "
        "press load.",
    )


def test_what_cannot_be_read_is_said_in_the_servers_own_sentence(rhino, mock):
    rhino.solve("data", source="/pictures/trees", name="mock-fails")
    rhino.press("data", "load", source="/pictures/trees", name="mock-fails")
    report = rhino.until("data", "failed", *OUTPUTS)
    assert report["balloons"] == [["Error", mock.call("GET", "/api/datasets/mock-fails")[1]["problem"]]]
    assert report["outputs"] == dict.fromkeys(OUTPUTS)


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ({"source": "trees"}, "source: expected a whole path"),
        ({"source": "/nowhere/trees"}, "source: there is nothing at /nowhere/trees"),
        ({"source": "/tmp", "name": "Bäume"}, "name: "),
        (
            {"source": "/tmp", "name": "synthetic-mnist"},
            "name: synthetic-mnist is what the data set of MNIST is called",
        ),
    ],
)
def test_what_the_server_refuses_names_the_input(open_rhino, server, inputs, said):
    rhino = open_rhino(server.home)
    rhino.place("data")
    rhino.solve("data", **inputs)
    rhino.press("data", "load", **inputs)
    ((level, sentence),) = rhino.until("data", lambda report: report["balloons"])["balloons"]
    assert level == "Error"
    assert sentence.startswith(said)


def test_two_data_components_import_two_sources_at_once_and_a_second_file_has_its_own(rhino, mock):
    rhino.place("other", "data")
    rhino.do("open", document="beside")
    rhino.do("place", name="beside", component="data", document="beside", guid="guid-of-data")
    sources = {"data": "/pictures/trees", "other": "/pictures/birds", "beside": "/pictures/houses"}
    for name, source in sources.items():
        rhino.solve(name, source=source)
    for name, source in sources.items():
        rhino.press(name, "load", source=source)
    for name, source in sources.items():
        called = source.rsplit("/", 1)[1]
        report = rhino.until(name, begins(f"{called} - "), "data")
        assert report["outputs"]["data"] == called
    assert sorted(datasets(mock)) == ["birds", "houses", "trees"]


def test_a_press_while_it_is_being_imported_imports_it_once(rhino, mock):
    rhino.place("other", "data")
    for name in ("data", "other"):
        rhino.solve(name, source="/pictures/trees")
        rhino.until(name, "press load")
    for name in ("data", "other", "data"):
        rhino.press(name, "load", source="/pictures/trees")
    rhino.until("data", begins("importing - "))
    pressed = rhino.solve("data", source="/pictures/trees", load=True)
    assert ["Remark", "It is being imported already."] in pressed["balloons"]
    for name in ("data", "other"):
        report = rhino.until(name, begins("trees - "))
        assert [level for level, _ in report["balloons"]] == ["Remark"]
    assert datasets(mock) == ["trees"]


def test_a_press_while_the_server_is_down_is_made_when_it_is_there(open_rhino, start_server, tmp_path):
    rhino = open_rhino()
    rhino.place("data")
    rhino.solve("data", source="/pictures/trees")
    rhino.until("data", "server down")
    rhino.press("data", "load", source="/pictures/trees")
    start_server(home=tmp_path / "home", mock=True)
    rhino.until("data", begins("trees - "))


def test_a_toggle_left_on_imports_nothing_when_the_file_opens(rhino, mock):
    rhino.solve("data", load=True, source="/pictures/trees")
    rhino.until("data", "press load")
    rhino.do("reopen", name="data", inputs={"load": True, "source": "/pictures/trees"})
    rhino.until("data", "press load")
    assert datasets(mock) == []


@pytest.mark.parametrize("kind", ["hidden", "cluster"])
def test_where_there_is_one_solution_only_the_imported_set_is_there(open_rhino, mock, kind):
    mock.call("POST", "/api/datasets", {"path": "/pictures/trees"})
    time.sleep(0.6)
    rhino = open_rhino(mock.home)
    rhino.do("open", document="once", kind=kind)
    rhino.do("place", name="data", document="once")
    report = rhino.solve("data", source="/pictures/trees", outputs=["data"])
    assert (report["message"], report["outputs"]["data"]) == ("trees - 60 images in 3 classes", "trees")


def test_own_pictures_are_imported_and_learned_from_and_the_model_says_so(open_rhino, server, trees, python):
    name, model = f"trees-{python[0]}", f"drawn-{python[0]}"
    rhino = open_rhino(server.home)
    for component in ("data", "train", "generate", "models"):
        rhino.place(component)
    rhino.do("wire", source="data", output="data", target="train", input="data")
    rhino.do("wire", source="train", output="model", target="generate", input="model")
    inputs = {"source": str(trees("trees")), "name": name}
    rhino.solve("data", **inputs)
    rhino.until("data", "press load")
    settings = {"name": model, "images": 24, "batch_size": 8, "epochs": 2}
    refused = rhino.solve("train", train=False, **settings)
    assert refused["balloons"] == [
        ["Warning", "data: its wire brings nothing: press load of Data, and see what it says"]
    ]
    rhino.press("train", "train", **settings)
    time.sleep(0.3)
    assert model not in [run["model"] for run in server.call("GET", "/api/runs")[1]["runs"]]

    rhino.press("data", "load", **inputs)
    loaded = rhino.until("data", f"{name} - 36 images in 3 classes", *OUTPUTS, seconds=20)
    found = loaded["outputs"]
    left_out = [sentence for sentence in found["report"] if sentence.startswith("left out ")]
    assert loaded["balloons"] == [["Remark", sentence] for sentence in left_out]
    assert found["data"] == name
    assert found["classes"] == ["ash: 12", "elm: 12", "oak: 12"]
    assert found["train"] + found["test"] == 36
    assert is_mesh(found["preview"])

    rhino.until("train", "press train")
    rhino.press("train", "train", **settings)
    done = rhino.until("train", begins("finished - 2 epochs"), seconds=90)
    assert ["Remark", f"The model learned from {name}."] in done["balloons"]
    (run,) = [run for run in server.call("GET", "/api/runs")[1]["runs"] if run["model"] == model]
    assert (run["settings"]["data"], run["data"]) == (name, name)
    assert server.call("GET", f"/api/models/{model}")[1]["data"] == name
    facts = rhino.until("models", begins(model), "facts")["outputs"]["facts"]
    assert facts[0].startswith(f"{model}: {name}, ")
    rhino.until("generate", begins(f"{model} - step "))


@pytest.mark.parametrize("name", ALPHABETS)
def test_a_folder_in_any_alphabet_is_imported_and_found_again(open_rhino, server, trees, python, name):
    rhino = open_rhino(server.home)
    rhino.place("data")
    source = str(trees(name))
    rhino.solve("data", source=source)
    rhino.until("data", "press load")
    rhino.press("data", "load", source=source)
    loaded = rhino.until("data", lambda report: report["outputs"]["data"], "data", seconds=20)
    rhino.do("reopen", name="data", inputs={"source": source})
    assert rhino.until("data", loaded["message"], "data")["outputs"] == loaded["outputs"]
    assert server.call("GET", f"/api/datasets/{loaded['outputs']['data']}")[1]["source"] == source


def test_a_data_set_that_is_not_there_is_said_by_train(open_rhino, mock):
    rhino = open_rhino(mock.home)
    rhino.place("train")
    rhino.solve("train", data="birds")
    rhino.until("train", "press train")
    rhino.press("train", "train", data="birds")
    report = rhino.until("train", lambda report: report["balloons"])
    assert report["balloons"] == [["Error", "data: no data set birds; there are MNIST"]]


@pytest.fixture
def join(tmp_path):
    """Make the data directory of a student of a server: join(server) returns it."""

    def make(server):
        home = tmp_path / "student"
        home.mkdir()
        file = {"url": server.url, "token": tokens.add(server.home, "anna", Role.STUDENT)}
        (home / "server.json").write_text(json.dumps(file))
        return home

    return make


@pytest.mark.parametrize("name", ["trees", "木 の 絵"])
def test_a_server_on_another_machine_is_sent_the_folder_and_files(open_rhino, start_server, trees, join, name):
    server = start_server()
    rhino = open_rhino(join(server))
    rhino.place("data")
    folder = trees(name)
    rhino.solve("data", source=str(folder))
    rhino.until("data", "press load")
    rhino.press("data", "load", source=str(folder))
    loaded = rhino.until("data", lambda report: report["outputs"]["data"], "data", "classes", seconds=20)
    assert loaded["outputs"]["classes"] == ["ash: 12", "elm: 12", "oak: 12"]
    (data,) = server.call("GET", "/api/datasets")[1]["datasets"]
    assert data["source"].startswith(f"{name}.zip, sent by anna from ")
    rhino.do("reopen", name="data", inputs={"source": str(folder)})
    assert rhino.until("data", loaded["message"], "data")["outputs"]["data"] == loaded["outputs"]["data"]

    zipped = folder.with_name(f"{name} 2.zip")
    with zipfile.ZipFile(zipped, "w") as archive:
        for path in sorted(folder.rglob("*.png")):
            archive.write(path, path.relative_to(folder))
    rhino.solve("data", source=str(zipped), name="packed")
    rhino.press("data", "load", source=str(zipped), name="packed")
    rhino.until("data", "packed - 36 images in 3 classes", seconds=20)


def test_what_cannot_be_sent_is_said(open_rhino, start_server, join):
    rhino = open_rhino(join(start_server(mock=True)))
    rhino.place("data")
    rhino.solve("data", source="/nowhere/trees")
    rhino.press("data", "load", source="/nowhere/trees")
    ((level, sentence),) = rhino.until("data", lambda report: report["balloons"])["balloons"]
    assert level == "Error"
    assert sentence == (
        "source: /nowhere/trees cannot be read (No such file or directory): name a folder or a file on this machine"
    )


def test_what_is_too_large_to_be_sent_is_said_before_it_is_packed(
    open_rhino, start_server, join, built_with, tmp_path, trees
):
    assert (outgoing.LARGEST, outgoing.MOST_FILES) == (MAX_UPLOAD, files._MOST_ENTRIES)
    rhino = open_rhino(join(start_server(mock=True)), built_with("LARGEST = 512 << 20", "LARGEST = 2000000"))
    rhino.place("data")
    folder = trees("trees")
    (folder / "oak" / "film.mp4").write_bytes(bytes(3_000_000))
    rhino.solve("data", source=str(folder))
    rhino.press("data", "load", source=str(folder))
    ((level, sentence),) = rhino.until("data", lambda report: report["balloons"])["balloons"]
    assert level == "Error"
    assert sentence.startswith(f"source: {folder} has 3 MB, and a server on another machine takes 2 MB at most: ")


class Slow:
    """A server on another machine that takes its time, and what it was sent."""

    def __init__(self) -> None:
        self.sent: list[tuple[dict, bytes]] = []
        self.release = threading.Event()

    def __call__(self, method, path, body):
        url = urlsplit(path)
        if method == "GET":
            return 200, json.dumps({"datasets": self.datasets}).encode()
        self.sent.append((parse_qs(url.query), body))
        self.release.wait(20)
        return 200, json.dumps({"name": f"sent-{len(self.sent)}"}).encode()

    @property
    def datasets(self):
        return [
            {
                "name": f"sent-{number}",
                "state": "failed",
                "source": "{file[0]}, sent from {sent_from[0]}".format(**query),
                "problem": "stop here",
            }
            for number, (query, _) in reversed(list(enumerate(self.sent, 1)))
        ]


def test_presses_while_one_source_is_sent_send_the_others_once_and_all_else_goes_on(
    open_rhino, tmp_path, start_impostor, discovery, trees
):
    slow = Slow()
    impostor = start_impostor(tmp_path / "home", slow)
    discovery(tmp_path / "home", impostor.server.server_address[1], instance=None)
    rhino = open_rhino()
    rhino.place("data")
    one, other = str(trees("eins")), str(trees("zwei"))
    rhino.solve("data", source=one)
    rhino.until("data", "press load")
    for _ in range(3):
        rhino.press("data", "load", source=one)
    rhino.until("data", "sending - 100 %")
    rhino.solve("data", source=other)
    rhino.until("data", "press load")  # asked and answered while the first is on its way
    for _ in range(3):
        rhino.press("data", "load", source=other)
    rhino.until("data", begins("sending - "))
    slow.release.set()
    rhino.until("data", "failed")
    rhino.solve("data", source=one)
    rhino.until("data", "failed")
    assert [query["file"] for query, _ in slow.sent] == [["eins.zip"], ["zwei.zip"]]
    with zipfile.ZipFile(io.BytesIO(slow.sent[0][1])) as archive:
        assert archive.testzip() is None
        assert sorted(archive.namelist())[:2] == ["ash/0.png", "ash/1.png"]
        assert "oak/about.txt" in archive.namelist()  # the server says what it leaves out


@pytest.fixture
def elsewhere(open_rhino, start_server, join):
    """A Rhino with Data, whose server runs on another machine, and that server."""
    server = start_server()
    rhino = open_rhino(join(server))
    rhino.place("data")
    return rhino, server


def load(rhino, wanted, *outputs, **inputs):
    rhino.solve("data", **inputs)
    rhino.press("data", "load", **inputs)
    return rhino.until("data", wanted, *outputs, seconds=20)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems know no name that is not text")
def test_a_name_that_is_no_text_is_sent_with_replacement_letters(elsewhere, trees):
    rhino, _ = elsewhere
    folder = trees("trees")
    os.rename(folder / "oak" / "3.png", os.fsencode(folder / "oak") + b"/\xff\xe9.png")
    os.mkdir(os.fsencode(folder) + b"/\xff")
    os.rename(folder / "ash" / "3.png", os.fsencode(folder) + b"/\xff/\xe9.png")
    found = load(rhino, begins("trees - 36 images in 4 classes"), "classes", source=str(folder))["outputs"]["classes"]
    assert sorted(found)[1:] in (["ash: 11", "elm: 12", "oak: 12"], ["elm: 12", "oak: 12", "\ufffd: 1"])
    assert {each[1:] for each in found if each[0] in "?\ufffd"} == {": 1"}


def test_what_fails_on_the_way_is_said_and_the_next_source_is_sent(elsewhere, trees):
    rhino, _ = elsewhere
    ((level, sentence),) = load(rhino, "see the balloon", source="/no\0path")["balloons"]
    assert (level, sentence[:17]) == ("Error", "source: /no\0path ")
    load(rhino, begins("trees - 36 images"), source=str(trees("trees")))


def test_two_sources_of_one_name_are_two_sets_and_one_that_is_sent_again_stays_one(elsewhere, trees):
    rhino, server = elsewhere
    first, second = str(trees("one/trees")), str(trees("two/trees", 10))
    load(rhino, begins("trees - 36 images"), source=first)
    rhino.solve("data", source=second)
    rhino.until("data", "press load")
    load(rhino, begins("trees-2 - 30 images"), source=second)
    before = server.call("GET", "/api/datasets/trees")[1]["created"]
    load(rhino, begins("trees - 36 images"), source=first)
    deadline = time.monotonic() + 20
    while server.call("GET", "/api/datasets/trees")[1]["created"] in (before, None):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert sorted(datasets(server)) == ["trees", "trees-2"]


def test_what_tells_a_source_apart_is_machine_user_and_path_and_says_none_of_them(monkeypatch):
    known = {outgoing.sent_from("/pictures/trees"), outgoing.sent_from("/pictures/birds")}
    monkeypatch.setattr(outgoing.os.path, "expanduser", lambda _: "/home/berta")
    known.add(outgoing.sent_from("/pictures/trees"))
    monkeypatch.setattr(outgoing.socket, "gethostname", lambda: "another.school.net")
    known.add(outgoing.sent_from("/pictures/trees"))
    assert outgoing.sent_from("/pictures/trees/") in known
    assert len(known) == 4
    assert all(re.fullmatch("[0-9a-f]{16}", each) for each in known)


def test_a_folder_goes_with_all_that_lies_in_it_and_a_sentence_names_the_folder(elsewhere, trees, tmp_path):
    rhino, _ = elsewhere
    folder = trees("all")
    trees("all/train")
    for kind in ("ash", "elm", "oak"):
        os.rename(folder / kind, folder / "train" / kind / "deep")
    found = load(rhino, begins("all - 72 images"), "classes", source=str(folder))["outputs"]["classes"]
    assert found == ["ash: 24", "elm: 24", "oak: 24"]
    empty = tmp_path / "none"
    empty.mkdir()
    (empty / "about.txt").write_text("no picture")
    ((level, sentence),) = load(rhino, "failed", source=str(empty))["balloons"]
    assert (level, sentence.startswith(f"{empty}: ")) == ("Error", True), sentence


@pytest.mark.parametrize("name", ["trees ", "'trees'", 'old "trees"', "trees, sent at 2026", "a\nb"])
def test_a_folder_may_have_any_name_here_and_there(open_rhino, server, elsewhere, trees, python, name):
    if sys.platform == "win32":
        pytest.skip("Windows has no such names")
    folder = str(trees(name))
    for rhino in (open_rhino(server.home), elsewhere[0]):
        if rhino.names != ["data"]:
            rhino.place("data")
        loaded = load(rhino, lambda report: report["outputs"]["data"], "data", source=folder)
        assert " - 36 images" in loaded["message"]
        rhino.do("reopen", name="data", inputs={"source": folder})
        rhino.until("data", loaded["message"])


def test_a_name_as_long_as_one_may_be_is_found(rhino):
    name = "n" * 64
    load(rhino, lambda report: report["outputs"]["data"] == name, "data", source="/pictures/trees", name=name)
    load(rhino, lambda report: report["outputs"]["data"] == "n" * 60 + "-2", "data", source="/birds", name=name)


def test_a_refusal_is_said_at_its_own_source_until_load_is_pressed_again(open_rhino, start_server, trees, tmp_path):
    home = tmp_path / "home"
    server = start_server(home=home)
    rhino = open_rhino(home)
    rhino.place("data")
    folder, nowhere = str(trees("trees")), str(tmp_path / "nowhere")
    load(rhino, begins("trees - "), source=folder)
    server.kill()
    rhino.solve("data", source=nowhere)
    rhino.until("data", "server down")
    rhino.press("data", "load", source=nowhere)
    rhino.solve("data", source=folder)
    rhino.until("data", "stale - server down")
    start_server(home=home)
    report = rhino.until("data", begins("trees - "))
    assert [sentence for _, sentence in report["balloons"] if "nowhere" in sentence] == []
    for _ in range(2):
        rhino.solve("data", source=nowhere)
        ((level, sentence),) = rhino.until("data", "see the balloon")["balloons"]
        assert (level, sentence.startswith(f"source: there is nothing at {nowhere[:60]}")) == ("Error", True)
        time.sleep(1)  # longer than an answer stays fresh
    os.rename(folder, nowhere)
    load(rhino, begins("nowhere - 36 images"), source=nowhere)


def test_without_outputs_nothing_is_stale(open_rhino, tmp_path, start_impostor):
    def answer(method, path, body):
        time.sleep(0.2)
        if method == "POST":
            return 422, b'{"error": {"code": "invalid_setting", "message": "path: no"}}'
        return 200, b'{"datasets": []}'

    start_impostor(tmp_path / "home", answer)
    rhino = open_rhino()
    rhino.place("data")
    rhino.solve("data", source="/pictures/trees")
    rhino.until("data", "press load")
    assert rhino.solve("data", source="/pictures/birds")["message"] == "asking"
    rhino.until("data", "press load")
    assert rhino.press("data", "load", source="/pictures/birds")["message"] == "asking"
    assert rhino.until("data", lambda report: report["balloons"])["message"] == "see the balloon"


@pytest.mark.parametrize("kind", ["hidden", "cluster"])
def test_where_there_is_one_solution_only_an_import_is_waited_for(open_rhino, mock, kind):
    rhino = open_rhino(mock.home)
    rhino.do("open", document="once", kind=kind)
    rhino.do("place", name="data", document="once")
    rhino.solve("data", source="/pictures/trees", load=False)
    report = rhino.solve("data", source="/pictures/trees", load=True, outputs=["data"])
    assert (report["message"], report["outputs"]["data"]) == ("trees - 60 images in 3 classes", "trees")


def test_an_import_that_lasts_too_long_for_one_solution_says_what_to_do(open_rhino, mock, built_with):
    rhino = open_rhino(mock.home, built_with("LONG_WAIT = 2 * CALL_SECONDS", "LONG_WAIT = 0.1"))
    rhino.do("open", document="once", kind="hidden")
    rhino.do("place", name="data", document="once")
    rhino.solve("data", source="/pictures/trees", load=False)
    report = rhino.solve("data", source="/pictures/trees", load=True)
    ((level, sentence),) = report["balloons"]
    assert (report["message"], level) == ("see the balloon", "Error")
    assert sentence.endswith("imported after 0.1 seconds, and nothing is solved here a second time: solve again.")
    for _ in range(20):  # 0.1 seconds may be too little for an answer on a busy machine
        time.sleep(0.7)
        if rhino.solve("data", source="/pictures/trees")["message"] == "trees - 60 images in 3 classes":
            return
    pytest.fail("what was imported meanwhile is not there")


class Importing:
    """A server that is importing trees, and how often it was told to."""

    def __init__(self) -> None:
        self.told = 0
        self.under_way = True

    def __call__(self, method, path, body):
        if method == "POST":
            time.sleep(0.3)
            self.told += 1
            self.under_way = True
        data = {"name": "trees", "state": "preparing", "percent": 3, "source": "/pictures/trees", "problem": None}
        if method == "POST":
            return 200, json.dumps(data).encode()
        return 200, json.dumps({"datasets": [data] if self.under_way else []}).encode()


def test_a_press_after_the_server_died_within_an_import_is_remembered(open_rhino, tmp_path, start_impostor, discovery):
    first, second = Importing(), Importing()
    second.under_way = False
    dying = start_impostor(tmp_path / "home", first)
    rhino = open_rhino()
    rhino.place("data")
    rhino.solve("data", source="/pictures/trees")
    rhino.until("data", "importing - 3 %")
    dying.close()
    (tmp_path / "home" / "server.json").unlink()
    rhino.until("data", "server down")
    for _ in range(2):
        rhino.press("data", "load", source="/pictures/trees")
    another = start_impostor(tmp_path / "home", second)
    discovery(tmp_path / "home", another.server.server_address[1], instance="another")
    rhino.until("data", "importing - 3 %")
    assert (first.told, second.told) == (0, 1)


def test_a_second_press_while_the_first_is_on_its_way_is_no_second_call(open_rhino, tmp_path, start_impostor):
    server = Importing()
    server.under_way = False
    start_impostor(tmp_path / "home", server)
    rhino = open_rhino()
    rhino.place("data")
    rhino.solve("data", source="/pictures/trees")
    rhino.until("data", "press load")
    for _ in range(3):
        rhino.press("data", "load", source="/pictures/trees")
    rhino.until("data", "importing - 3 %")
    time.sleep(0.5)
    assert server.told == 1


def test_what_is_deleted_sends_no_more(open_rhino, tmp_path, start_impostor, discovery, trees):
    slow = Slow()
    impostor = start_impostor(tmp_path / "home", slow)
    discovery(tmp_path / "home", impostor.server.server_address[1], instance=None)
    rhino = open_rhino()
    rhino.place("data")
    for name in ("eins", "zwei"):
        source = str(trees(name))
        rhino.solve("data", source=source)
        rhino.until("data", "press load")
        rhino.press("data", "load", source=source)
        rhino.until("data", begins("sending - "))
    rhino.do("delete", name="data")
    time.sleep(1.5)
    slow.release.set()
    time.sleep(1)
    assert [query["file"] for query, _ in slow.sent] == [["eins.zip"]]
