"""A pair of weights and manifest is whole after every kill, and no damage to it goes unnoticed."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ganmnist.errors import ModelError
from ganmnist.storage import bundle
from ganmnist.storage.safetensors_header import layouts

ROOT = Path(__file__).resolve().parents[3]
TENSORS = {"a/weight": torch.arange(6.0).reshape(2, 3), "a/count": torch.tensor(3), "chance": torch.arange(9).byte()}
KILLS = """
import os, random, signal, sys, time
from pathlib import Path
import torch
from ganmnist.storage import bundle
from ganmnist.storage.safetensors_header import Layout

path, chance = Path(sys.argv[1]), random.Random(5)
for kill in range(10):
    started = kill * 1_000_000
    writer = os.fork()  # torch is imported once, not ten times
    if not writer:
        while True:
            started += 1
            bundle.save(path, {"number": started}, {"numbers": torch.full((20_000,), float(started // 3))})
    while not path.exists() or bundle.read_manifest(path)["number"] <= started:
        time.sleep(0.001)
    time.sleep(chance.uniform(0, 0.02))
    os.kill(writer, signal.SIGKILL)
    os.waitpid(writer, 0)
    manifest, tensors = bundle.load(path, lambda _: {"numbers": Layout("F32", (20_000,))})
    assert tensors["numbers"].tolist() == [float(manifest["number"] // 3)] * 20_000
print("read after every kill")
"""


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A saved pair, for tests that only read it or put back what they spoil."""
    path = tmp_path_factory.mktemp("bundle") / "model.json"
    bundle.save(path, {"name": "digits", "step": 12, "seconds": 0.5, "list": [1, 2]}, TENSORS)
    return path


def load(path: Path, tensors=TENSORS):
    """Load a pair that must hold tensors like these."""
    return bundle.load(path, lambda _: layouts(tensors))


def weights_of(manifest: Path) -> Path:
    (weights,) = manifest.parent.glob("*.safetensors")
    return weights


def test_what_was_saved_comes_back(saved):
    manifest, tensors = load(saved)
    assert manifest["name"] == "digits"
    assert manifest["step"] == 12
    assert tensors.keys() == TENSORS.keys()
    for name, tensor in TENSORS.items():
        assert tensors[name].dtype == tensor.dtype
        assert torch.equal(tensors[name], tensor)


def test_channels_last_tensors_come_back_with_their_numbers_in_place(tmp_path):
    tensor = torch.arange(24.0).reshape(1, 2, 3, 4).to(memory_format=torch.channels_last)
    bundle.save(tmp_path / "model.json", {}, {"tensor": tensor})
    assert torch.equal(load(tmp_path / "model.json", {"tensor": tensor})[1]["tensor"], tensor)


def test_a_new_save_removes_the_weights_it_replaces_and_no_others(tmp_path):
    bundle.save(tmp_path / "model.json", {}, {"a": torch.zeros(1)})
    bundle.save(tmp_path / "other.json", {}, {"a": torch.zeros(2)})
    bundle.save(tmp_path / "model.json", {}, {"a": torch.ones(1)})
    assert len(list(tmp_path.glob("model-*.safetensors"))) == 1
    assert load(tmp_path / "model.json", {"a": torch.zeros(1)})[1]["a"].item() == 1
    assert load(tmp_path / "other.json", {"a": torch.zeros(2)})[1]["a"].tolist() == [0, 0]


@given(st.data())
def test_a_changed_byte_of_the_weights_is_noticed(saved, data):
    weights = weights_of(saved)
    whole = weights.read_bytes()
    spoilt = bytearray(whole)
    spoilt[data.draw(st.integers(0, len(whole) - 1), "place")] ^= data.draw(st.integers(1, 255), "bits")
    weights.write_bytes(spoilt)
    try:
        with pytest.raises(ModelError, match=r"SHA-256.*damaged"):
            load(saved)
    finally:
        weights.write_bytes(whole)


@given(st.data())
def test_a_changed_byte_of_the_manifest_is_noticed_or_changes_nothing(saved, data):
    """A space that became a line break says the same."""
    whole = saved.read_bytes()
    meant = bundle.read_manifest(saved)
    spoilt = bytearray(whole)
    spoilt[data.draw(st.integers(0, len(whole) - 1), "place")] ^= data.draw(st.integers(1, 255), "bits")
    saved.write_bytes(spoilt)
    try:
        assert bundle.read_manifest(saved) == meant
    except ModelError:
        pass
    finally:
        saved.write_bytes(whole)


@given(st.data())
def test_a_truncated_file_is_noticed(saved, data):
    for path in (saved, weights_of(saved)):
        whole = path.read_bytes()
        needed = len(whole.rstrip())
        path.write_bytes(whole[: data.draw(st.integers(0, needed - 1))])
        try:
            with pytest.raises(ModelError):
                load(saved)
        finally:
            path.write_bytes(whole)


@pytest.mark.parametrize("content", [b"", b"[]", b"null", b'"checksum"', b"{}", b"\xff\xfe", b'{"checksum": 1}'])
def test_what_is_no_manifest_is_refused_as_one(tmp_path, content):
    (tmp_path / "model.json").write_bytes(content)
    with pytest.raises(ModelError, match=r"model\.json"):
        bundle.read_manifest(tmp_path / "model.json")


def test_absent_files_are_named(tmp_path):
    with pytest.raises(ModelError, match=r"model\.json"):
        load(tmp_path / "model.json")
    bundle.save(tmp_path / "model.json", {}, {"a": torch.zeros(1)})
    weights = weights_of(tmp_path / "model.json")
    weights.unlink()
    with pytest.raises(ModelError, match=weights.name):
        load(tmp_path / "model.json")


def test_another_format_is_refused_with_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr(bundle, "FORMAT", 2)
    bundle.save(tmp_path / "model.json", {}, {"a": torch.zeros(1)})
    monkeypatch.undo()
    with pytest.raises(ModelError, match=r"format 2, but this version reads 1: bring the project's folder up to date"):
        load(tmp_path / "model.json")


def test_weights_that_are_no_safetensors_are_refused_though_their_checksum_is_right(tmp_path):
    bundle.save(tmp_path / "model.json", {}, {"a": torch.zeros(1)})
    for content in (b"\xff" * 64, (10).to_bytes(8, "little") + b"{}", b""):
        weights = forge(tmp_path / "model.json", content)
        with pytest.raises(ModelError, match=weights.name):
            load(tmp_path / "model.json")


def forge(manifest: Path, content: bytes) -> Path:
    """Put other weights in place, with a manifest that has their checksum."""
    weights_of(manifest).unlink()
    digest = hashlib.sha256(content).hexdigest()
    weights = manifest.with_name(bundle.weights_name("model", digest))
    weights.write_bytes(content)
    bundle.update(manifest, {"sha256": digest, "weights": weights.name})
    return weights


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"a": None}, r"tensor a of F32 \(2, 3\) is missing"),
        ({"a": torch.zeros(3, 2)}, r"tensor a was expected to be F32 \(2, 3\), it is F32 \(3, 2\)"),
        ({"a": torch.zeros(2, 3).double()}, r"tensor a was expected to be F32 \(2, 3\), it is F64 \(2, 3\)"),
        ({"b": torch.zeros(7)}, r"tensor b is none that its networks have"),
    ],
    ids=["missing", "another shape", "another type", "one too many"],
)
def test_tensors_other_than_the_manifest_builds_are_refused_by_name_before_they_are_made(
    tmp_path, monkeypatch, changes, sentence
):
    import safetensors.torch

    found = {name: tensor for name, tensor in {"a": torch.zeros(2, 3), **changes}.items() if tensor is not None}
    bundle.save(tmp_path / "model.json", {}, found)
    monkeypatch.setattr(safetensors.torch, "load", lambda content: pytest.fail("a tensor was made"))
    with pytest.raises(ModelError, match=f"{weights_of(tmp_path / 'model.json').name}: {sentence}"):
        load(tmp_path / "model.json", {"a": torch.zeros(2, 3)})


@pytest.mark.parametrize("name", ["../x.safetensors", "model.safetensors", 3, None, "model-012345678901.safetensors"])
def test_a_manifest_names_its_weights_by_their_checksum_and_no_other_file(tmp_path, name):
    bundle.save(tmp_path / "model.json", {}, {"a": torch.zeros(1)})
    bundle.update(tmp_path / "model.json", {"weights": name})
    with pytest.raises(ModelError, match=r"model\.json: does not name its weights"):
        load(tmp_path / "model.json", {"a": torch.zeros(1)})


@pytest.mark.parametrize("content", [b"[" * 200_000, b'{"checksum": "' + b"x" * bundle.MAX_MANIFEST + b'"}'])
def test_a_manifest_that_would_take_too_much_to_read_is_refused(tmp_path, content):
    (tmp_path / "model.json").write_bytes(content)
    with pytest.raises(ModelError, match=r"model\.json: cannot be read as a manifest"):
        bundle.read_manifest(tmp_path / "model.json")


def test_a_value_changes_without_its_weights(tmp_path):
    bundle.save(tmp_path / "model.json", {"name": "a", "step": 3}, TENSORS)
    bundle.update(tmp_path / "model.json", {"name": "b"})
    manifest, tensors = load(tmp_path / "model.json")
    assert (manifest["name"], manifest["step"]) == ("b", 3)
    assert torch.equal(tensors["chance"], TENSORS["chance"])


@pytest.mark.skipif(os.name != "posix", reason="Windows has no fork")
def test_a_writer_killed_again_and_again_leaves_a_readable_pair_and_no_heap_of_files(tmp_path):
    path = tmp_path / "model.json"
    done = subprocess.run(
        [sys.executable, "-c", KILLS, str(path)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout == "read after every kill\n", done.stderr
    long_ago = time.time() - 3600
    (tmp_path / ".model.json.abandoned.tmp").write_bytes(b"half of a manifest")
    for temporary in tmp_path.glob(".*.tmp"):
        os.utime(temporary, (long_ago, long_ago))
    young = tmp_path / ".model.json.being-written.tmp"
    young.write_bytes(b"by another process, now")
    bundle.save(path, {"number": 0}, TENSORS)
    names = sorted(found.name for found in tmp_path.iterdir())
    assert names == sorted(["model.json", weights_of(path).name, young.name])
