"""The Network and the Model component, and Train, which takes what Model gives or nothing."""

import json
import time

import pytest

from ganmnist.config import TrainConfig
from ganmnist.layers import Conv2D, Conv2DTranspose, Dense, Flatten, LeakyReLU, Reshape, Tanh
from ganmnist.networks.spec import ModelConfig, Sequential
from ganmnist.training.presets import PRESETS

GENERATOR = Sequential([Dense(49), Reshape((1, 7, 7)), Conv2DTranspose(1, stride=4), Tanh()])
MISFIT = Sequential([Dense(49), LeakyReLU(), Conv2D(8), Tanh()])
DISCRIMINATOR = Sequential([Flatten(), Dense(8), LeakyReLU(), Dense(1)])
MISFIT_SAID = "generator: layer 3 Conv2D needs an image, got 49 numbers: put a Reshape before it; 49 = 1 x 7 x 7"
NETWORK = 'a network such as {"layers": [{"layer": "Dense", "units": 128}]}'


@pytest.fixture(scope="module")
def server(start_shared_server):
    server = start_shared_server(mock=True)
    server.call("POST", "/api/networks/check", {})
    return server


@pytest.fixture
def rhino(open_rhino, server):
    """A canvas beside a server on which nothing runs: a Train component would take up what does."""
    for run in runs(server):
        server.call("POST", f"/api/runs/{run['id']}/stop")
    return open_rhino(server.home)


def place(rhino, *names):
    """Place components, each plugged into the one before: Network's network into Model's generator, gan into Train."""
    wires = {"network": ("network", "model", "generator"), "model": ("gan", "train", "gan")}
    for name in names:
        rhino.place(name)
    for source, (output, target, input) in wires.items():
        if source in names and target in names:
            rhino.do("wire", source=source, output=output, target=target, input=input)
    for name in names:
        rhino.solve(name)


def answered(rhino, name, *outputs):
    return rhino.until(name, lambda report: "asking" not in report["message"], *outputs)


def runs(server):
    return server.call("GET", "/api/runs")[1]["runs"]


def test_a_preset_comes_apart_into_text_to_edit_and_a_table_to_read(rhino):
    place(rhino, "network")
    fast = PRESETS["fast"].networks
    outputs = rhino.answer("network", "network", "table", "parameters", "multiply_adds", preset="fast")
    assert outputs["network"] == fast.generator.to_text()
    rows = fast.tables()[0]
    assert outputs["parameters"] == sum(row.parameters for row in rows)
    assert outputs["multiply_adds"] == sum(row.multiply_adds for row in rows)
    assert len(outputs["table"]) == 14
    assert outputs["table"][0] == "1 Dense -> 3136 (131,712 parameters)"  # (32 + 10) x 3136
    assert outputs["table"][3] == "4 Reshape -> 64 x 7 x 7"
    assert rhino.report("network")["message"] == "14 layers - 202 k"
    outputs = rhino.answer("network", "network", "table", preset="fast", part="Discriminator")
    assert outputs["network"] == fast.discriminator.to_text()
    assert outputs["table"][-1] == "11 ClassProjection -> 1 (1,420 parameters)"  # 129 x (1 + 10) + 1


def test_a_trained_model_comes_apart_too(rhino):
    place(rhino, "network")
    outputs = rhino.answer("network", "network", model="bundled", part="discriminator")
    assert outputs["network"].count('{"layer": "Conv2D"') == 3
    rhino.solve("network", model="nobody")
    report = rhino.until("network", lambda report: report["balloons"], "network")
    assert [level for level, _ in report["balloons"]] == ["Warning"]
    assert report["outputs"]["network"] == "not ready: " + report["balloons"][0][1]
    assert "no model nobody" in report["outputs"]["network"]


def test_a_network_goes_through_unchanged_and_z_is_as_long_as_asked(rhino):
    place(rhino, "network")
    outputs = rhino.answer("network", "network", "table", layers=GENERATOR.to_text(), latent_dim=5.0)
    assert outputs["network"] == GENERATOR.to_text()
    assert outputs["table"] == [
        "1 Dense -> 49 (294 parameters)",
        "2 Reshape -> 1 x 7 x 7",
        "3 Conv2DTranspose -> 1 x 28 x 28 (17 parameters)",
        "4 Tanh -> 1 x 28 x 28",
    ]
    assert rhino.report("network")["message"] == "4 layers - 311"


def test_a_misfit_shows_the_servers_own_sentence_wherever_it_arrives(rhino, server):
    place(rhino, "network", "model", "train")
    rhino.until("train", "press train")
    before = len(runs(server))
    rhino.solve("network", layers=MISFIT.to_text())
    report = rhino.until("network", lambda report: report["balloons"], "network")
    assert report["balloons"] == [["Error", MISFIT_SAID]]
    for name, output in (("network", "network"), ("model", "gan")):
        assert rhino.report(name, output)["outputs"][output] == f"not ready: {MISFIT_SAID}"
    for name in ("model", "train"):
        assert rhino.report(name)["balloons"] == [["Warning", f"not ready: {MISFIT_SAID}"]]
    assert rhino.report("train")["message"] == "not ready"

    report = rhino.solve("train", train=True)
    assert report["balloons"] == [["Error", f"not ready: {MISFIT_SAID}"]]
    rhino.solve("train", train=False)
    time.sleep(0.3)
    assert len(runs(server)) == before

    rhino.solve("network", layers=GENERATOR.to_text())
    assert rhino.until("train", "press train")["balloons"] == []
    assert len(runs(server)) == before


def test_what_is_no_part_and_what_is_no_network_is_said_without_asking(rhino):
    place(rhino, "network", "model")
    for inputs, sentence in (
        ({"part": "encoder"}, "part: expected generator or discriminator, got encoder"),
        ({"layers": "abc"}, f"layers: expected {NETWORK}, got abc"),
    ):
        report = rhino.solve("network", outputs=["network"], **inputs)
        assert (report["message"], report["balloons"]) == ("see the balloon", [["Error", sentence]])
        assert rhino.report("model")["balloons"] == [["Warning", f"not ready: {sentence}"]]
    gan = TrainConfig(networks=PRESETS["tutorial"].networks).to_text()
    rhino.place("alone", "model")
    (balloon,) = rhino.solve("alone", discriminator=gan)["balloons"]
    assert balloon[1].startswith(f"discriminator: expected {NETWORK}, got ")


def test_both_networks_and_how_they_are_trained_become_one_text(rhino, server):
    place(rhino, "model")
    inputs = {"generator": GENERATOR.to_text(), "discriminator": DISCRIMINATOR.to_text(), "latent_dim": 7}
    inputs |= {"loss": "hinge", "r1": 0.5, "learning_rate": 0.001, "beta1": 0.25, "batch_size": 64.0}
    outputs = rhino.answer("model", "gan", "table", "parameters", "memory", **inputs)
    networks = ModelConfig(latent_dim=7, generator=GENERATOR, discriminator=DISCRIMINATOR)
    assert TrainConfig.model_validate_json(outputs["gan"]) == TrainConfig(
        networks=networks, loss="hinge", r1=0.5, learning_rate=0.001, beta1=0.25, batch_size=64
    )
    assert outputs["table"][0] == "generator: 4 layers, 409 parameters"  # 8 x 49 + 17
    assert outputs["table"][5] == "discriminator: 4 layers, 6,289 parameters"
    assert outputs["table"][6] == "1 Flatten -> 784"
    assert len(outputs["table"]) == 2 + 4 + 4
    assert outputs["parameters"] == 409 + 6289
    said = server.call("POST", "/api/networks/check", {"batch_size": 1024})[1]["memory"]
    assert rhino.answer("model", "memory", batch_size=1024)["memory"] == said // 10**6 > 1000
    assert rhino.report("model")["message"] == "ready - 1.7 M"


def test_what_is_likely_to_train_badly_is_remarked(rhino):
    place(rhino, "model")
    squeezed = Sequential(GENERATOR.layers[:-1])
    rhino.solve("model", generator=squeezed.to_text())
    report = rhino.until("model", lambda report: report["message"].startswith("ready"), "gan")
    ((level, sentence),) = report["balloons"]
    assert level == "Remark"
    assert sentence.startswith("generator: ends in Conv2DTranspose")
    assert TrainConfig.model_validate_json(report["outputs"]["gan"]).networks.generator == squeezed


def test_settings_that_do_not_go_together_give_no_gan(rhino):
    place(rhino, "model")
    rhino.solve("model", loss="hinge", label_smoothing=0.1)
    report = rhino.until("model", lambda report: report["balloons"], "gan")
    assert report["balloons"][0][0] == "Error"
    assert "label_smoothing" in report["outputs"]["gan"]
    assert report["outputs"]["gan"] == "not ready: " + report["balloons"][0][1]


def test_train_takes_networks_and_settings_from_model_and_its_own_inputs_win(rhino, server):
    place(rhino, "model", "train")
    settings = {"loss": "hinge", "r1": 0.5, "learning_rate": 0.001, "beta1": 0.25}
    rhino.solve("model", generator=GENERATOR.to_text(), latent_dim=7, **settings)
    rhino.until("model", lambda report: report["message"].startswith("ready"))
    assert rhino.until("train", "press train")["balloons"] == []
    rhino.press("train", "train", beta1=0.75, epochs=2, seed=9)
    rhino.until("train", lambda report: " left" in report["message"])
    run = runs(server)[0]
    started = TrainConfig.model_validate(run["settings"])
    tutorial = PRESETS["tutorial"].networks
    assert started == TrainConfig(
        networks=ModelConfig(latent_dim=7, generator=GENERATOR, discriminator=tutorial.discriminator),
        **{**settings, "beta1": 0.75},
        epochs=2,
        seed=9,
    )


def test_train_refuses_what_is_not_from_model_before_it_is_pressed(rhino, server):
    place(rhino, "train")
    rhino.until("train", "press train")
    before = len(runs(server))
    for wrong in ("abc", "[]", GENERATOR.to_text()):
        report = rhino.solve("train", gan=wrong)
        ((level, sentence),) = report["balloons"]
        assert level == "Warning"
        assert sentence.startswith("gan: expected the text from Model")
        report = rhino.solve("train", gan=wrong, train=True)
        assert report["balloons"] == [["Error", sentence]]
        rhino.solve("train", gan=wrong)
    time.sleep(0.3)
    assert len(runs(server)) == before


def test_a_wire_to_train_that_brings_nothing_does_not_train_the_preset(rhino, server):
    rhino.place("data")
    place(rhino, "train")
    rhino.solve("data")
    rhino.do("wire", source="data", output="preview", target="train", input="gan")
    before = len(runs(server))
    report = rhino.solve("train", train=True)
    assert report["balloons"] == [["Error", "gan: its wire brings nothing: look at the component that it comes from"]]
    time.sleep(0.3)
    assert len(runs(server)) == before


def check(units):
    """Return the contract's answer to a check, of a network whose text is not the one that was sent."""
    part = {"text": f"units {units}", "rows": [], "parameters": units, "multiply_adds": 0}
    return {"gan": f'{{"seed": {units}}}', "generator": part, "discriminator": part, "memory": 0, "remarks": []}


def test_while_the_answer_is_late_no_older_network_is_passed_on(open_rhino, tmp_path, start_impostor):
    delay = [0.0]

    def reply(method, path, body):
        time.sleep(delay[-1])
        if "generator" not in body:
            return 200, json.dumps(check(100)).encode()
        return 200, json.dumps(check(body["generator"]["layers"][0]["units"])).encode()

    start_impostor(tmp_path / "home", reply)
    rhino = open_rhino()
    place(rhino, "network")
    rhino.place("model")
    first, second = Sequential([Dense(1)]).to_text(), Sequential([Dense(2)]).to_text()
    rhino.solve("network", layers=first)
    rhino.solve("model", generator=first)
    assert answered(rhino, "network", "network")["outputs"]["network"] == "units 1"
    assert answered(rhino, "model", "gan")["outputs"]["gan"] == '{"seed": 1}'
    delay.append(0.3)
    for name, input, output in (("network", "layers", "network"), ("model", "generator", "gan")):
        report = rhino.solve(name, **{input: second}, outputs=[output])
        assert report["message"] == "stale - asking"
        assert report["outputs"][output] == "not ready: the server has not answered yet"
        assert report["balloons"] == []
    assert answered(rhino, "network", "network")["outputs"]["network"] == "units 2"
    assert answered(rhino, "model", "gan")["outputs"]["gan"] == '{"seed": 2}'
    report = rhino.solve("model", generator=first, outputs=["gan"])  # known: it need not wait
    assert report["outputs"]["gan"] == '{"seed": 1}'


def test_what_was_checked_stays_when_the_server_dies_and_what_was_not_is_not_ready(open_rhino, start_server):
    server = start_server(mock=True)
    rhino = open_rhino(server.home)
    place(rhino, "network", "model")
    ready = rhino.until("model", lambda report: report["message"].startswith("ready"), "gan")
    server.kill()
    time.sleep(0.9)  # an answer is fresh for so long
    rhino.solve("network")
    report = rhino.until("network", "stale - server down", "network")
    assert report["outputs"]["network"] == PRESETS["tutorial"].networks.generator.to_text()
    assert [level for level, _ in report["balloons"]] == ["Warning"]
    assert rhino.report("model", "gan")["outputs"] == ready["outputs"]
    rhino.solve("network", preset="fast")
    assert rhino.report("network", "network")["outputs"]["network"].startswith("not ready: ")
    rhino.until("network", lambda report: report["balloons"])
    assert rhino.report("model", "gan")["outputs"]["gan"].startswith("not ready: ")

    start_server(home=server.home, mock=True)
    rhino.until("network", "14 layers - 202 k")
    assert rhino.until("model", lambda report: report["message"].startswith("ready"))["balloons"] == []
