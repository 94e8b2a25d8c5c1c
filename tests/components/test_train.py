"""The Train component: one press, one run."""

import time

import pytest
import rhino3dm

from ganmnist.data import synthetic

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server(start_shared_server):
    return start_shared_server(mock=True)


@pytest.fixture
def mock(server):
    """A server on which nothing runs, and the runs of which begin with this test."""
    server.old = []
    for run in runs(server):
        server.call("POST", f"/api/runs/{run['id']}/stop")
    server.old = [run["id"] for run in runs(server)]
    return server


@pytest.fixture
def rhino(open_rhino, mock):
    rhino = open_rhino(mock.home)
    rhino.place("train")
    rhino.solve("train")
    rhino.until("train", "press train")
    return rhino


def runs(server):
    old = getattr(server, "old", [])
    return [run for run in server.call("GET", "/api/runs")[1]["runs"] if run["id"] not in old]


def test_a_press_makes_one_run_and_shows_how_it_gets_on(rhino, mock):
    rhino.press("train", "train", epochs=3, seed=7)
    training = rhino.until(
        "train", lambda report: report["message"].startswith("epoch 2/3"), "progress", "model", "run"
    )
    assert training["outputs"]["progress"] == training["message"]
    assert "left" in training["message"]
    outputs = ["losses_d", "losses_g", "preview", "model", "run"]
    done = rhino.until("train", lambda report: report["message"].startswith("finished - 3 epochs"), *outputs)
    (run,) = runs(mock)
    assert run["id"] == done["outputs"]["run"]
    assert run["model"] == done["outputs"]["model"]
    assert run["settings"]["epochs"] == 3
    assert run["settings"]["seed"] == 7
    assert len(done["outputs"]["losses_d"]) == len(done["outputs"]["losses_g"]) == 20  # every tick of the mock, once
    assert rhino3dm.CommonObject.Decode({"version": 10000, **done["outputs"]["preview"]}).IsValid
    solves = len(done["times"])
    time.sleep(1.0)
    assert len(rhino.report("train")["times"]) == solves  # a run that is over is asked about no more


def test_a_press_with_nothing_plugged_in_trains_the_fast_preset_and_shows_how_good_it_is(rhino, mock):
    rhino.press("train", "train")
    rhino.until("train", lambda report: "left - FID" in report["message"])
    done = rhino.until("train", lambda report: report["message"].startswith("finished"), "progress")
    assert done["message"] == "finished - 0:02 - FID 8.0" == done["outputs"]["progress"]
    (run,) = runs(mock)
    assert (run["settings"]["preset"], run["settings"]["networks"], run["epochs"]) == (None, None, None)


def test_seconds_are_the_budget_of_the_training(rhino, mock):
    rhino.press("train", "train", seconds=45.0)
    rhino.until("train", lambda report: " left" in report["message"])
    (run,) = runs(mock)
    assert (run["settings"]["seconds"], run["settings"]["epochs"], run["epochs"]) == (45, None, None)


def test_steps_are_a_budget_too(rhino, mock):
    rhino.press("train", "train", steps=300)
    rhino.until("train", lambda report: report["message"].startswith("finished - 300 steps"))
    (run,) = runs(mock)
    assert (run["settings"]["steps"], run["settings"]["seconds"], run["steps"]) == (300, None, 300)


def test_a_toggle_left_on_starts_no_run_when_the_file_opens(open_rhino, mock):
    rhino = open_rhino(mock.home)
    rhino.place("train")
    rhino.solve("train", train=True)
    rhino.solve("train", train=True)
    rhino.until("train", "press train")
    rhino.do("reopen", name="train", inputs={"train": True})
    assert runs(mock) == []
    rhino.solve("train", train=False)
    rhino.solve("train", train=True)
    rhino.until("train", lambda report: " left" in report["message"])
    rhino.do("reopen", name="train", inputs={"train": True})
    rhino.until("train", lambda report: " left" in report["message"])
    assert len(runs(mock)) == 1


def test_a_toggle_saved_as_on_starts_nothing_though_it_was_off_a_moment_ago(rhino, mock):
    rhino.solve("train", train=False)
    rhino.do("reopen", name="train", inputs={"train": True})
    rhino.until("train", "press train")
    time.sleep(0.3)
    assert runs(mock) == []


def test_two_presses_while_one_runs_make_one_run(rhino, mock):
    for _ in range(3):
        rhino.press("train", "train")
    rhino.until("train", lambda report: " left" in report["message"])
    report = rhino.solve("train", train=True)
    assert ["Remark", "It is training already: press stop first."] in report["balloons"]
    rhino.solve("train", train=False)
    time.sleep(0.2)
    assert len(runs(mock)) == 1


def test_a_press_while_the_server_is_down_makes_one_run_when_it_is_there(open_rhino, start_server, tmp_path):
    rhino = open_rhino()
    rhino.place("train")
    rhino.solve("train")
    rhino.until("train", "server down")
    rhino.press("train", "train")
    for _ in range(5):
        rhino.solve("train")
    report = rhino.solve("train", train=True)
    rhino.solve("train")
    assert {level for level, _ in report["balloons"]} == {"Warning", "Remark"}
    server = start_server(home=tmp_path / "home", mock=True)
    rhino.until("train", lambda report: " left" in report["message"])
    assert len(runs(server)) == 1


def test_a_press_is_forgotten_when_the_server_stays_away(open_rhino, start_server, tmp_path, built_with):
    rhino = open_rhino(components=built_with("PRESS_LASTS = 60.0", "PRESS_LASTS = 0.3"))
    rhino.place("train")
    rhino.solve("train")
    rhino.press("train", "train")
    time.sleep(0.4)
    server = start_server(home=tmp_path / "home", mock=True)
    rhino.until("train", "press train")
    assert runs(server) == []


def test_an_answer_lost_on_the_way_does_not_make_a_second_run(open_rhino, tmp_path, start_impostor, built):
    keys = []

    def reply(method, path, body):
        if method == "POST":
            keys.append(body["key"])
            return 200, b"" if len(keys) < 3 else b"{"
        return 200, b'{"runs": []}'

    impostor = start_impostor(tmp_path / "home", reply)
    rhino = open_rhino()
    rhino.place("train")
    rhino.solve("train")
    rhino.until("train", "press train")
    rhino.press("train", "train")
    rhino.until("train", "see the balloon")
    rhino.press("train", "train")
    rhino.until("train", lambda report: len(keys) >= 2)
    assert impostor.seen
    assert len(set(keys)) == len(keys) == 2  # a press, a key


def test_stop_ends_the_run_and_resume_goes_on_with_it_and_with_an_interrupted_one(rhino, mock):
    rhino.press("train", "train", epochs=4)
    rhino.until("train", lambda report: " left" in report["message"])
    rhino.press("train", "stop")
    rhino.until("train", lambda report: report["message"].startswith("stopped"))
    assert runs(mock)[0]["state"] == "stopped"
    rhino.press("train", "resume")
    rhino.until("train", lambda report: report["message"].startswith("finished"))
    assert len(runs(mock)) == 1

    rhino.press("train", "train", name="mock-interrupted")
    report = rhino.until("train", lambda report: report["message"].startswith("interrupted"))
    ((level, sentence),) = report["balloons"]
    assert level == "Warning"
    assert sentence.endswith("Press resume to go on.")
    rhino.press("train", "resume", name="mock-interrupted")
    rhino.until("train", lambda report: report["message"].startswith("finished"))
    assert len(runs(mock)) == 2


def test_a_failed_run_shows_the_servers_own_sentence(rhino, mock):
    rhino.press("train", "train", name="mock-fails")
    report = rhino.until("train", lambda report: report["message"].startswith("failed"))
    assert report["balloons"] == [["Error", runs(mock)[0]["problem"]]]


def test_a_training_that_goes_badly_says_so_while_it_runs_and_when_it_is_over(rhino, mock):
    rhino.press("train", "train", name="mock-collapsed")
    report = rhino.until("train", lambda report: report["balloons"])
    ((level, sentence),) = report["balloons"]
    assert level == "Warning"
    assert sentence.startswith("The training draws only some of the digits")
    assert " left" in report["message"]
    done = rhino.until("train", lambda report: report["message"].startswith("finished"))
    assert done["balloons"] == [["Warning", sentence]]
    assert runs(mock)[0]["warnings"] == [sentence]


def test_a_training_without_mnist_has_a_short_tag_and_says_in_the_balloon_what_it_learned_from(rhino, mock):
    rhino.press("train", "train", name="mock-offline")
    early = rhino.until("train", lambda report: report["balloons"])
    assert early["message"] == "no MNIST on disk and none to download"
    ((level, sentence),) = early["balloons"]
    assert level == "Remark"
    assert sentence.endswith("digits drawn from the bundled model instead")
    under_way = rhino.until(
        "train", lambda report: report["message"].startswith("epoch") or " left" in report["message"]
    )
    assert under_way["balloons"] == []
    done = rhino.until("train", lambda report: report["message"].startswith("finished"))
    ((level, sentence),) = done["balloons"]
    assert level == "Remark"
    assert sentence.startswith(f"The model learned from {synthetic.NAME}, digits drawn from the bundled model")
    assert "GANMNIST_DATA" in sentence


def test_the_first_press_calls_nothing_stale(open_rhino, tmp_path, start_impostor):
    def reply(method, path, body):
        time.sleep(0.2 if method == "POST" else 0)
        return 200, b'{"runs": []}'

    start_impostor(tmp_path / "home", reply)
    rhino = open_rhino()
    rhino.place("train")
    rhino.solve("train")
    rhino.until("train", "press train")
    assert rhino.solve("train", train=True)["message"] == "asking"


def test_refused_settings_show_the_servers_own_sentence_and_start_nothing(rhino, mock):
    rhino.press("train", "train", epochs=0)
    report = rhino.until("train", lambda report: report["balloons"])
    assert report["balloons"][0][0] == "Error"
    assert "epochs" in report["balloons"][0][1]
    assert runs(mock) == []


def test_an_opened_file_goes_on_with_its_run_and_a_second_train_does_not_take_it(rhino, mock):
    rhino.press("train", "train", epochs=5)
    before = rhino.until("train", lambda report: " left" in report["message"], "run")
    rhino.place("second", "train")
    rhino.solve("second")
    rhino.until("second", "press train")
    rhino.do("reopen", name="train", inputs={})
    after = rhino.until("train", lambda report: " left" in report["message"], "run")
    assert after["outputs"]["run"] == before["outputs"]["run"]


def test_a_training_that_waits_tells_its_place_and_how_long(rhino, mock):
    for _ in range(2):
        mock.call("POST", "/api/runs", {})
    rhino.press("train", "train")
    waiting = rhino.until("train", lambda report: "in the queue" in report["message"], "progress")
    assert waiting["message"] == waiting["outputs"]["progress"] == "2nd in the queue, about 10 seconds"
    rhino.until("train", lambda report: " left" in report["message"])


def test_digits_get_better_while_the_model_trains(rhino, mock):
    rhino.place("generate")
    rhino.do("wire", source="train", output="model", target="generate", input="model")
    rhino.press("train", "train", name="growing")
    early = rhino.until("generate", lambda report: report["outputs"]["name"] == "growing", "name", "step")
    late = rhino.until("generate", lambda report: report["outputs"]["step"] > early["outputs"]["step"], "step", "name")
    assert late["outputs"]["name"] == "growing"
    assert late["balloons"] == []


def test_a_model_in_training_is_asked_again_without_train_on_the_canvas(open_rhino, mock, python):
    mock.call("POST", "/api/runs", {"model": f"elsewhere-{python[0]}"})
    time.sleep(0.3)
    rhino = open_rhino(mock.home)
    rhino.place("generate")
    rhino.solve("generate", model=f"elsewhere-{python[0]}")
    early = rhino.until("generate", lambda report: report["outputs"]["step"], "step")
    late = rhino.until("generate", lambda report: report["outputs"]["step"] > early["outputs"]["step"], "step")
    assert len(late["times"]) == len(early["times"]) + 1
