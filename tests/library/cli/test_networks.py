"""`ganmnist networks`, and the files that networks are kept in."""

from __future__ import annotations

import json

import pytest
import rhino3dm
from PIL import Image

from ganmnist.cli.main import main
from ganmnist.cli.networks_file import MAX_BYTES, read_networks
from ganmnist.config import ActivationsConfig, TrainConfig
from ganmnist.generation.feature_maps import walk
from ganmnist.generation.sampler import Sampler
from ganmnist.layers import LAYERS
from ganmnist.models.store import ModelStore
from ganmnist.training.presets import PRESETS


@pytest.fixture
def say(home, capsys):
    """Run a command in this process, in a home without models of one's own: say(...) -> status, output, errors."""

    def say(*arguments: str) -> tuple[int, str, str]:
        status = main(arguments)
        output, errors = capsys.readouterr()
        return status, output, errors

    return say


def test_show_lists_the_layers_of_both_networks_as_they_are_written_in_python(say):
    status, output, _ = say("networks", "show", "--preset", "unconditional", "--latent-dim", "7")
    assert status == 0
    generator, discriminator = output.split("discriminator, ")
    (row,) = (line.split("│") for line in generator.splitlines() if "Conv2D(32" in line)
    assert [cell.strip() for cell in row[1:-1]] == [
        "11", "Conv2D(32, bias=False)", "32 x 28 x 28", "18,432", "14,450,688"
    ]  # fmt: skip
    assert "from 7 latent numbers" in generator
    assert "Conv2D(64, kernel=4, stride=2)" in discriminator
    assert "32 images a step" in discriminator


def test_show_tells_programs_the_sums_and_the_remarks(say, tmp_path, tiny):
    bent = tiny.to_text().replace('{"layer": "Tanh"}', '{"layer": "LeakyReLU"}')
    (tmp_path / "bent.json").write_text(bent, encoding="utf-8")
    status, output, errors = say("networks", "show", "--networks", str(tmp_path / "bent.json"), "--json")
    assert status == 0, errors
    shown = json.loads(output)
    assert shown["networks"] == json.loads(bent)
    assert (shown["preset"], shown["batch_size"]) == ("tutorial", 16)
    rows = shown["generator"]["rows"]
    assert rows[4] == {
        "place": 5,
        "layer": "UpSampling2D",
        "output_shape": [3, 28, 28],
        "parameters": 0,
        "multiply_adds": 0,
    }
    assert shown["generator"]["parameters"] == 6 * 147 + 2 * 147 + 28
    assert "put a Tanh behind it" in shown["remarks"][0]
    assert "put a Tanh behind it" in say("networks", "show", "--networks", str(tmp_path / "bent.json"))[1]


def test_show_writes_networks_that_it_reads_again(say, tmp_path):
    path = tmp_path / "mine.json"
    status, output, _ = say("networks", "show", "--preset", "tutorial", "--latent-dim", "8", "--out", str(path))
    assert status == 0
    assert output.splitlines()[-1].endswith(f"ganmnist train --networks {path}")
    assert len(path.read_text(encoding="utf-8").splitlines()) > 20  # a line per layer
    assert read_networks(path) == TrainConfig(
        preset="tutorial", networks=PRESETS["tutorial"].networks.model_copy(update={"latent_dim": 8})
    )


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'{"generator": ', "line 1"),
        (b"[1]", "object"),
        (b'{"layers": []}', "two"),
        (b"[" * 100_000, "recursion"),
        (b"\xff\xfe\x00", "no JSON"),
        (b" " * (MAX_BYTES + 1), f"more than {MAX_BYTES:,} bytes"),
    ],
    ids=["cut off", "a list", "one network", "too deep", "no text", "too large"],
)
@pytest.mark.parametrize("command", [["networks", "show"], ["train"]], ids=" ".join)
def test_a_file_without_networks_is_named_with_what_to_do(say, tmp_path, command, content, words):
    (tmp_path / "mine.json").write_bytes(content)
    status, output, errors = say(*command, "--networks", str(tmp_path / "mine.json"))
    assert (status, output) == (2, "")
    (line,) = errors.splitlines()
    assert str(tmp_path / "mine.json") in line
    assert words in line
    assert "ganmnist networks show --out" in line


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        ("[3, 7, 7]", "[3, 7, 8]", "generator: layer 4 Reshape cannot make 3 x 7 x 8 (168 numbers) of 147 numbers"),
        ('"Flatten"', '"Flaten"', "discriminator: layer 5: unknown layer Flaten; did you mean Flatten?"),
        ('"units": 147', '"units": "many"', "generator: layer 1 Dense: units: "),
    ],
)
def test_a_misfit_in_a_file_is_its_sentence(say, tmp_path, tiny, before, after, sentence):
    assert before in tiny.to_text()
    (tmp_path / "mine.json").write_text(tiny.to_text().replace(before, after), encoding="utf-8")
    for command in (["networks", "show"], ["train"]):
        status, output, errors = say(*command, "--networks", str(tmp_path / "mine.json"))
        assert (status, output) == (2, "")
        assert errors.startswith(f"ganmnist: {sentence}")


def test_layers_lists_every_layer_with_its_parameters(say):
    status, output, _ = say("networks", "layers")
    assert status == 0
    assert {*LAYERS, "interpolation"} <= set(output.split())
    listed = {entry["layer"]: entry for entry in json.loads(say("networks", "layers", "--json")[1])}
    assert list(listed) == list(LAYERS)
    assert listed["UpSampling2D"]["parameters"][0] == {
        "name": "size",
        "values": "whole number, 2 to 8",
        "default": "2",
        "help": "How often each pixel is repeated per direction.",
    }


def test_walk_draws_every_layer_of_the_digit_that_is_asked_for(say, tmp_path, home):
    options = ["--digit", "4", "--seed", "3", "--latent", "-1.5", "--maps", "2", "--out", str(tmp_path / "walk.png")]
    status, output, errors = say("networks", "walk", *options, "--json")
    assert status == 0, errors
    told = json.loads(output)
    expected = walk(
        Sampler.load(ModelStore(home).find(None)), ActivationsConfig(digit=4, seed=3, latent=(-1.5,), maps=2)
    )
    assert told["model"] == "bundled"
    assert [layer["high"] for layer in told["layers"]] == [step.high for step in expected]
    assert told["layers"][5]["output_shape"] == [64, 14, 14]
    with Image.open(tmp_path / "walk.png") as picture:
        assert min(picture.size) > 100


def test_walk_stacks_the_layers_as_geometry(say, tmp_path):
    path = tmp_path / "walk.3dm"
    status, output, errors = say("networks", "walk", "--cell", "0.5", "--out", str(path))
    assert status == 0, errors
    assert "14 layers of bundled" in output
    objects = list(rhino3dm.File3dm.Read(str(path)).Objects)
    tops = [thing.Geometry.GetBoundingBox().Max.Z for thing in objects]
    assert len(objects) == 14
    assert tops == sorted(set(tops))
    assert isinstance(objects[0].Geometry, rhino3dm.Mesh)  # flat, unless a form is given
    assert tops[0] == objects[0].Geometry.GetBoundingBox().Min.Z
