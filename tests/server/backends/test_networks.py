"""Networks checked before they are trained, and trained as they were checked: the mock and the real server alike."""

import json

import pytest

from bridge_server.contract.networks import NetworkTable
from ganmnist.config import TrainConfig
from ganmnist.models.manifest import BUNDLED
from ganmnist.models.store import ModelStore
from ganmnist.networks.spec import ModelConfig, training_memory
from ganmnist.training.presets import MAX_MEMORY, PRESETS

pytestmark = pytest.mark.slow

# A generator of one's own, of all layers that the presets do without.
OWN = {
    "layers": [
        {"layer": "Dense", "units": 98, "spectral_norm": True},
        {"layer": "Reshape", "shape": [2, 7, 7]},
        {"layer": "Conv2DTranspose", "filters": 4, "kernel": 3},
        {"layer": "GroupNorm", "groups": 2},
        {"layer": "ReLU"},
        {"layer": "PixelShuffle"},
        {"layer": "Dropout", "rate": 0.25},
        {"layer": "Tanh"},
    ]
}
SHAPES = [(98,), (2, 7, 7), (4, 14, 14), (4, 14, 14), (4, 14, 14), (1, 28, 28), (1, 28, 28), (1, 28, 28)]


@pytest.fixture
def refuse(server, check_problem):
    """Send a body to `check`, or to where trainings are started, and return the error it is refused with."""

    def refuse(body, path="/api/networks/check", status=422):
        return check_problem(server.raw("POST", path, body), status)

    return refuse


def shapes(table: NetworkTable):
    return [row.output_shape for row in table.rows]


def settings(checked) -> TrainConfig:
    return TrainConfig.model_validate_json(checked.gan)


@pytest.mark.parametrize("preset", ["fast", "tutorial", "unconditional"])
def test_a_preset_is_taken_apart(ask, preset):
    checked = ask("networks_check", {"preset": preset})
    networks = PRESETS[preset].networks
    assert (checked.generator.rows, checked.discriminator.rows) == networks.tables()
    assert (settings(checked).networks, settings(checked).preset) == (networks, preset)
    assert checked.memory == training_memory(networks, PRESETS[preset].batch_size)
    assert checked.remarks == []


def test_nothing_at_all_is_the_tutorial(ask):
    assert ask("networks_check", {}).generator.text == PRESETS["tutorial"].networks.generator.to_text()


def test_a_generator_of_ones_own_stands_over_the_tutorials_discriminator(ask):
    checked = ask("networks_check", {"generator": OWN})
    assert shapes(checked.generator) == SHAPES
    assert checked.generator.rows[0].parameters == checked.generator.rows[0].multiply_adds + 98 == 101 * 98
    tutorial = PRESETS["tutorial"].networks
    assert checked.discriminator.text == tutorial.discriminator.to_text()
    assert settings(checked).networks == ModelConfig(generator=OWN, discriminator=tutorial.discriminator)


def test_what_a_network_costs_is_the_sum_of_its_rows(ask):
    table = ask("networks_check", {"generator": OWN}).generator
    assert table.parameters == 101 * 98 + (2 * 9 + 1) * 4 + 2 * 4
    assert table.multiply_adds == 100 * 98 + 98 * 4 * 9


def test_a_longer_latent_vector_and_more_classes_widen_the_first_layer(ask):
    checked = ask("networks_check", {"generator": OWN, "latent_dim": 5, "classes": 3})
    assert checked.generator.rows[0].parameters == (5 + 3 + 1) * 98
    assert (settings(checked).networks.latent_dim, settings(checked).networks.classes) == (5, 3)


@pytest.mark.parametrize("body", [{"preset": "fast"}, {"generator": OWN}])
def test_the_text_of_a_part_sent_again_is_the_same_part(ask, body):
    first = ask("networks_check", body)
    parts = {"generator": json.loads(first.generator.text), "discriminator": json.loads(first.discriminator.text)}
    again = ask("networks_check", {**body, **parts})
    assert again == first
    assert first.generator.text.count("\n") == 1 + len(first.generator.rows), "a line per layer"


def test_the_bundled_model_is_taken_apart_with_what_it_was_trained_with(server, ask):
    checked = ask("networks_check", {"model": BUNDLED})
    networks = ModelStore(server.home).find(BUNDLED).manifest().networks
    assert (settings(checked).networks, settings(checked).preset) == (networks, "fast")


def test_a_preset_beside_a_model_gives_the_training_and_not_the_networks(ask):
    checked = ask("networks_check", {"model": BUNDLED, "preset": "tutorial"})
    assert settings(checked).preset == "tutorial"
    networks = settings(ask("networks_check", {"model": BUNDLED})).networks
    assert settings(checked).networks == networks
    assert checked.memory == training_memory(networks, PRESETS["tutorial"].batch_size)


def test_a_part_beside_a_model_takes_the_place_of_the_models(ask):
    checked = ask("networks_check", {"model": BUNDLED, "generator": OWN, "latent_dim": 7})
    assert shapes(checked.generator) == SHAPES
    assert checked.generator.rows[0].parameters == (7 + 10 + 1) * 98
    assert checked.discriminator == ask("networks_check", {"model": BUNDLED}).discriminator


def test_what_is_checked_is_what_is_trained(server, ask, short):
    game = {"preset": "unconditional", "loss": "hinge", "r1": 0.125, "learning_rate": 0.002, "beta1": 0.25}
    game["batch_size"] = 48
    gan = json.loads(ask("networks_check", {**short["networks"], **game}).gan)
    assert gan.keys() == {"networks", *game}
    started = ask("run_start", {**gan, "model": "Checked", "images": 96, "epochs": 2}, expect=201)
    assert started.settings == TrainConfig.model_validate({**short, **game})
    server.wait_for_run(started.id, "succeeded")
    again = ask("networks_check", {"model": "cHECKED"})
    assert settings(again).networks == started.settings.networks
    assert settings(again).preset == "unconditional"
    assert [row.output_shape for row in again.generator.rows] == [(784,), (1, 28, 28), (1, 28, 28)]
    assert [row.output_shape for row in again.discriminator.rows] == [(784,), (1,), (1,)]
    assert ask("model", name="Checked").preset is None


def test_networks_that_are_likely_to_train_badly_are_remarked_upon(ask):
    without_tanh = {"layers": OWN["layers"][:-1]}
    (remark,) = ask("networks_check", {"generator": without_tanh}).remarks
    assert remark.startswith("generator: ends in Dropout")
    assert "Tanh" in remark
    bent, tied = ask("networks_check", {"preset": "tutorial", "loss": "wasserstein", "generator": without_tanh}).remarks
    assert (bent, "layer 4 BatchNorm" in tied) == (remark, True)


def test_a_training_that_needs_too_much_memory_says_how_much_and_which_batch_fits(ask, refuse):
    wide = {
        "layers": [
            {"layer": "Dense", "units": 49 * 64},
            {"layer": "Reshape", "shape": [64, 7, 7]},
            {"layer": "UpSampling2D", "size": 4},
            *[{"layer": "Conv2D", "filters": 256, "kernel": 1}] * 5,
            {"layer": "Conv2D", "filters": 1},
            {"layer": "Tanh"},
        ]
    }
    error = refuse({"generator": wide, "batch_size": 1024})
    assert error["field"] == "batch_size"
    before, after = error["message"].split(": lower it to ")
    fits = int(after.split(",")[0])
    assert "with 1024 images a step" in before
    assert "at most 6 GB" in before
    checked = ask("networks_check", {"generator": wide, "batch_size": fits})
    assert 0.99 * MAX_MEMORY < checked.memory <= MAX_MEMORY
    assert f"about {training_memory(settings(checked).networks, 1024) / 1e9:.1f} GB" in before
    assert refuse({"generator": wide, "batch_size": fits + 1})["field"] == "batch_size"


def test_labels_are_smoothed_only_where_the_loss_has_labels(ask, refuse):
    error = refuse({"label_smoothing": 0.1, "loss": "hinge"})
    assert (error["code"], error["field"]) == ("invalid_setting", "label_smoothing")
    assert "choose bce" in error["message"]
    assert refuse({"label_smoothing": 0.1, "preset": "fast"})["field"] == "label_smoothing"
    assert settings(ask("networks_check", {"label_smoothing": 0.1})).label_smoothing == 0.1


MISFITS = [
    (
        {"generator": {"layers": [{"layer": "Dense", "units": 98}, {"layer": "UpSampling2D"}]}},
        [
            "generator: layer 2 UpSampling2D ",
            "needs an image",
            "got 98 numbers",
            "put a Reshape before it",
        ],
    ),
    (
        {"generator": {"layers": [{"layer": "Dense", "units": 49}, {"layer": "Reshape", "shape": [3, 7, 7]}]}},
        ["generator: layer 2 Reshape ", "3 x 7 x 7 (147 numbers)", "49 numbers", "49 = 1 x 7 x 7"],
    ),
    (
        {"generator": {"layers": [*OWN["layers"][:2], {"layer": "Tanh"}]}},
        ["generator: must end in 1 x 28 x 28", "layer 3 Tanh gives 2 x 7 x 7", "UpSampling2D of size 4", "1 filter"],
    ),
    (
        {"discriminator": {"layers": [{"layer": "Conv2D", "filters": 3}, {"layer": "Dense", "units": 1}]}},
        ["discriminator: layer 2 Dense ", "needs a row of numbers", "got 3 x 28 x 28", "put a Flatten before it"],
    ),
    (
        {"discriminator": {"layers": [{"layer": "Conv2D", "filters": 3, "stride": 8}]}},
        [
            "discriminator: must end in 1 number",
            "layer 1 Conv2D gives 3 x 4 x 4",
            "put a Flatten and a Dense of 1 unit",
        ],
    ),
    (
        {"model": BUNDLED, "generator": {"layers": [{"layer": "Flatten"}, {"layer": "ConditionalBatchNorm"}]}},
        ["generator: layer 2 ConditionalBatchNorm ", "needs an image", "got 42 numbers"],
    ),
]


@pytest.mark.parametrize(("body", "words"), MISFITS)
def test_a_misfit_names_part_place_and_layer_what_came_what_is_needed_and_the_fix(refuse, body, words):
    error = refuse(body)
    assert error["message"].startswith(words[0])
    assert not [word for word in words if word not in error["message"]]
    assert error["field"] == words[0].split(":")[0]


@pytest.mark.parametrize(("body", "words"), MISFITS)
def test_a_misfit_is_answered_with_the_rows_before_it_to_whoever_edits(ask, body, words):
    found = ask("networks_check", {**body, "misfits": True})
    part, _, message = words[0].partition(": ")
    table = getattr(found, part)
    assert [word for word in (message, *words[1:]) if word not in table.misfit.message] == []
    assert [row.place for row in table.rows] == [*range(1, len(table.rows) + 1)]
    assert table.misfit.place - len(table.rows) == (0 if "must end" in message else 1)
    assert (found.gan, found.memory) == ("", 0)
    other = found.discriminator if part == "generator" else found.generator
    assert other.misfit is None
    assert other.rows
    assert found.plan.batch_size


@pytest.mark.parametrize(("preset", "seconds"), [("fast", 120), ("tutorial", 300)])
def test_the_plan_says_what_a_preset_fills_in(ask, preset, seconds):
    plan = ask("networks_check", {"preset": preset, "beta1": 0.25, "misfits": True}).plan
    wanted = PRESETS[preset]
    assert (plan.preset, plan.beta1, plan.seconds, plan.epochs, plan.steps) == (preset, 0.25, seconds, None, None)
    for name in ("loss", "batch_size", "learning_rate", "r1", "label_smoothing"):
        assert getattr(plan, name) == getattr(wanted, name)


def test_networks_that_do_not_fit_are_refused_before_anything_is_queued(server, ask, refuse):
    before = [run.id for run in ask("runs").runs]
    folders = sorted(server.home.glob("models/*"))
    tutorial = json.loads(PRESETS["tutorial"].networks.to_text())
    for body, words in MISFITS:
        networks = {**tutorial, **{part: body[part] for part in ("generator", "discriminator") if part in body}}
        if "model" in body:
            networks |= {"latent_dim": 32, "classes": 10}
        error = refuse({"networks": networks, "model": "misfit"}, "/api/runs")
        assert error["message"].startswith("networks: " + words[0])
        assert error["field"] == "networks"
    wide = {**tutorial, "latent_dim": 1024, "generator": {"layers": [{"layer": "Dense", "units": 65536}]}}
    assert "67,174,400 parameters, at most 50,000,000" in refuse({"networks": wide}, "/api/runs")["message"]
    assert refuse({"networks": tutorial, "label_smoothing": 0.1, "loss": "hinge"}, "/api/runs")
    assert [run.id for run in ask("runs").runs] == before
    assert sorted(server.home.glob("models/*")) == folders
    assert refuse({"model": "misfit", "form": "images"}, "/api/generate", 404)


def test_the_networks_of_a_model_that_is_not_there_cannot_be_taken(refuse):
    error = refuse({"model": "nobody"}, status=404)
    assert error["code"] == "model_not_found"
    assert BUNDLED in error["message"]
