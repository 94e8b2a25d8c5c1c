"""A model is one file: the same bytes for the same model, and nothing of it is kept unless all of it is right."""

from __future__ import annotations

import hashlib
import io
import json
import stat
import zipfile
from pathlib import Path

import pytest
import torch
from safetensors.torch import save as to_safetensors

from ganmnist.errors import ModelError, SettingError
from ganmnist.generation.sampler import Sampler, validate_drawing
from ganmnist.models import archive as model_file
from ganmnist.models import store as models
from ganmnist.models.archive import export_model, import_model, model_bytes
from ganmnist.models.manifest import ALL_BUNDLED, BUNDLED
from ganmnist.models.store import ModelStore
from ganmnist.networks.build import build_generator
from ganmnist.storage import bounded, bundle
from tests.manifests import manifest_of


@pytest.fixture
def store(home):
    return ModelStore(home)


@pytest.fixture
def folder(store, tiny, short):
    """A small model called leaves."""
    folder = store.new("leaves")
    manifest = manifest_of(folder, tiny, settings=short, finished=False)
    folder.publish(manifest, build_generator(tiny).state_dict())
    return folder


@pytest.fixture
def write(tmp_path, folder):
    """Write a model file of parts of one's own: write(values=..., weights=..., sign=...) -> its path.

    `values` changes the manifest, whose checksum is made right again; the weights are named by their SHA-256.
    """
    manifest, content = folder.read_files()

    def write(values=None, weights=content, more=(), method=zipfile.ZIP_STORED, names=None) -> Path:
        digest = hashlib.sha256(weights).hexdigest()
        whole = {**manifest, "sha256": digest, "weights": bundle.weights_name("model", digest), **(values or {})}
        entries = [("model.json", bundle.manifest_bytes(whole)), (whole["weights"], weights), *more]
        path = tmp_path / "made.ganmnist"
        with zipfile.ZipFile(path, "w", method) as archive:
            for place, (name, part) in enumerate(entries):
                archive.writestr(names[place] if names else name, part)
        return path

    return write


def refusal(store: ModelStore, path: Path) -> str:
    """Import a file, see that it is refused and that nothing is left of it, and return the sentence."""
    before = sorted(store.path.rglob("*"))
    with pytest.raises(ModelError) as caught:
        import_model(store, path)
    assert sorted(store.path.rglob("*")) == before
    assert str(path) in str(caught.value)
    return str(caught.value)


def test_a_model_comes_back_from_its_file_as_it_was_with_a_new_id_and_a_free_name(store, folder, tmp_path):
    export_model(folder, tmp_path / "a.ganmnist")
    came = import_model(store, tmp_path / "a.ganmnist")
    assert came.name == "leaves-1"
    assert came.id != folder.id
    changed = {"id", "name", "finished"}
    before, after = (each.manifest().model_dump(exclude=changed) for each in (folder, came))
    assert before == after
    assert came.manifest().finished, "it has no checkpoints here, so nothing can go on with its training"
    assert (Sampler.load(came).sample() == Sampler.load(folder).sample()).all()


def test_its_name_stays_where_nobody_has_it_and_another_may_be_given(store, folder, tmp_path):
    export_model(folder, tmp_path / "a.ganmnist")
    store.delete("leaves")
    assert import_model(store, tmp_path / "a.ganmnist").name == "leaves"
    assert import_model(store, tmp_path / "a.ganmnist", "mine").name == "mine"
    assert import_model(store, tmp_path / "a.ganmnist", "MINE").name == "MINE-1"
    for name in ("bundled", "../up", "NUL"):
        with pytest.raises(SettingError, match="model"):
            import_model(store, tmp_path / "a.ganmnist", name)


def test_the_bundled_model_goes_out_too_and_comes_back_as_another(store, tmp_path):
    export_model(store.find(None), tmp_path / "a.ganmnist")
    assert import_model(store, tmp_path / "a.ganmnist").name == f"{BUNDLED}-1"


def test_the_same_model_gives_the_same_bytes(folder, tmp_path, monkeypatch):
    first = model_bytes(folder)
    monkeypatch.setattr("time.time", lambda: 2_000_000_000.0)
    assert model_bytes(folder) == first
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        assert [entry.filename for entry in archive.infolist()] == ["model.json", folder.manifest().weights]
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


@pytest.mark.parametrize("name", ["a.zip", "a", "a.json"])
def test_a_file_of_another_ending_is_not_written(folder, tmp_path, name):
    with pytest.raises(SettingError, match=r"a model is written as \.ganmnist"):
        export_model(folder, tmp_path / name)
    assert not (tmp_path / name).exists()


def test_a_damaged_model_is_not_exported(folder, tmp_path):
    (weights,) = folder.path.glob("*.safetensors")
    weights.write_bytes(weights.read_bytes()[:-1])
    with pytest.raises(ModelError, match="damaged"):
        export_model(folder, tmp_path / "a.ganmnist")
    assert not (tmp_path / "a.ganmnist").exists()


def test_a_file_that_somebody_packed_anew_is_taken(store, write):
    assert import_model(store, write(method=zipfile.ZIP_DEFLATED)).name == "leaves-1"


@pytest.mark.parametrize("place", range(0, 100, 7))
def test_a_changed_byte_is_noticed_wherever_it_is_or_changes_nothing(store, folder, tmp_path, place):
    content = bytearray(model_bytes(folder))
    content[len(content) * place // 100] ^= 0x10
    (tmp_path / "a.ganmnist").write_bytes(content)
    try:
        came = import_model(store, tmp_path / "a.ganmnist")
    except ModelError:
        assert len(list(store.path.iterdir())) == 1
    else:
        assert came.read_files()[1] == folder.read_files()[1]


@pytest.mark.parametrize("share", [0, 0.001, 0.3, 0.9, 0.999])
def test_a_truncated_file_is_refused(store, folder, tmp_path, share):
    content = model_bytes(folder)
    (tmp_path / "a.ganmnist").write_bytes(content[: int(len(content) * share)])
    assert ("no zip, or damaged" if share else "a.ganmnist: is empty") in refusal(store, tmp_path / "a.ganmnist")


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("digits.png", b"\x89PNG\r\n\x1a\n", "is a PNG picture"),
        ("paper.pdf", b"%PDF-1.7", "is a PDF"),
        ("model.ganmnist", b"Not found", "is a text"),
        ("folder", None, "is a folder"),
    ],
)
def test_a_wrong_file_is_refused_by_its_name_what_it_is_and_what_is_wanted(store, tmp_path, name, content, what):
    if content is None:
        (tmp_path / name).mkdir()
    else:
        (tmp_path / name).write_bytes(content)
    sentence = refusal(store, tmp_path / name)
    assert f"{tmp_path / name}: {what}, and no model file: a .ganmnist is wanted, as ganmnist models export" in sentence


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["../model.json", "weights"], "expected model.json"),
        (["model.json", "/etc/passwd"], "expected model-"),
        (["model.json", "x/model.safetensors"], "expected model-"),
        (["model.json", "model.json"], "expected model.json and its weights"),
        (["a", "b"], "got a, b"),
    ],
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_names_in_it_are_exactly_the_two(store, write, names, words):
    assert words in refusal(store, write(names=names))


def test_a_third_file_or_a_folder_in_it_is_refused(store, write):
    assert "model.json" in refusal(store, write(more=[("readme.txt", b"hello")]))
    assert "model.json" in refusal(store, write(more=[("folder/", b"")]))


def test_a_link_in_place_of_the_weights_is_no_weights(store, folder, tmp_path):
    path = tmp_path / "a.ganmnist"
    with zipfile.ZipFile(path, "w") as archive:
        manifest, _ = folder.read_files()
        archive.writestr("model.json", bundle.manifest_bytes(manifest))
        link = zipfile.ZipInfo(manifest["weights"])
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    assert "SHA-256" in refusal(store, path)


def test_weights_of_other_networks_are_refused_with_the_tensor(store, write, tiny):
    tensors = {**build_generator(tiny).state_dict(), "01_Dense.bias": torch.zeros(3)}
    message = refusal(store, write(weights=to_safetensors(tensors)))
    assert "tensor 01_Dense.bias was expected to be F32 (147,), it is F32 (3,)" in message


def test_weights_larger_than_the_networks_need_are_refused_before_they_are_inflated(store, write, monkeypatch):
    path = write(weights=bytes(30 << 20), method=zipfile.ZIP_DEFLATED)
    read = []
    monkeypatch.setattr(bounded, "read_at_most", lambda file, limit: read.append(limit) or file.read(limit))
    assert "at most 1,0" in refusal(store, path)
    assert max(read) < 10_000, "the manifest alone"


def test_what_swells_more_than_a_hundredfold_is_refused(store, write, monkeypatch):
    monkeypatch.setattr(bounded, "_SMALL", 1000)
    path = write(values={"data": "x" * 900_000}, method=zipfile.ZIP_DEFLATED)
    assert "more than 100 times its size" in refusal(store, path)


def test_a_size_that_is_not_the_declared_one_is_noticed(store, write):
    path = write(method=zipfile.ZIP_STORED)
    content = bytearray(path.read_bytes())
    directory = content.rindex(b"PK\x01\x02")
    for at in (directory + 20, directory + 24):  # the packed size and the other in the directory, one less each
        content[at : at + 4] = (int.from_bytes(content[at : at + 4], "little") - 1).to_bytes(4, "little")
    path.write_bytes(content)
    assert "damaged" in refusal(store, path)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"epoch": "one"}, "epoch"),
        ({"step": -1}, "step"),
        ({"format": 2}, "bring the project's folder up to date"),
        ({"name": "../up"}, "name"),
        ({"networks": {}}, "networks"),
        ({"data": "\x1b[2J"}, "data: expected"),
        ({"created": "x" * 300}, "created: expected"),
        ({"extra": 1}, "extra"),
    ],
)
def test_a_manifest_that_says_what_none_may_say_is_refused_with_the_field(store, write, values, words):
    assert words in refusal(store, write(values=values))


def test_names_of_classes_come_along_and_none_does_anything_to_a_terminal(store, write, tiny):
    of_two = tiny.model_copy(update={"classes": 2})
    values = {"networks": of_two.model_dump(mode="json"), "class_names": ["oak", "elm"]}
    weights = to_safetensors(build_generator(of_two).state_dict())
    came = import_model(store, write(values=values, weights=weights)).manifest()
    assert came.class_names == ("oak", "elm")
    for name, words in (("\x1b[2J", "class_names.1: expected"), (256 * "x", "class_names.1"), (7, "class_names.1")):
        assert words in refusal(store, write(values=values | {"class_names": ["oak", name]}, weights=weights))
    words = "class_names: expected a name for each of 2 classes, got 3"
    assert words in refusal(store, write(values=values | {"class_names": ["oak"] * 3}, weights=weights))


def test_a_manifest_changed_by_hand_is_refused(store, write):
    path = write()
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    values = json.loads(entries["model.json"])
    entries["model.json"] = json.dumps({**values, "step": 99}).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    assert "checksum" in refusal(store, path)


def test_a_file_larger_than_any_model_is_refused_before_it_is_read(store, tmp_path):
    with (tmp_path / "a.ganmnist").open("wb") as file:
        file.truncate(model_file.MAX_FILE + 1)
    assert "larger than" in refusal(store, tmp_path / "a.ganmnist")


def test_a_zip_of_a_million_entries_is_refused_before_they_are_listed(store, write, monkeypatch):
    path = write(more=[(f"{number}", b"") for number in range(40)])
    monkeypatch.setattr(zipfile, "ZipFile", lambda *_: pytest.fail("they were listed"))
    assert "is a zip of other files, and no model file: a .ganmnist is wanted" in refusal(store, path)
    assert "pictures are imported as data: ganmnist data import" in refusal(store, path)


def test_what_a_damaged_zip_is_called_in_it_does_not_swell_the_sentence(store, folder, tmp_path):
    """Found by the long form of the search in tests/faults."""
    content = bytearray(model_bytes(folder))
    content[26:28] = b"\xff\x0f"  # the length of the first name in its own header: the file itself would be the name
    (tmp_path / "a.ganmnist").write_bytes(content)
    assert len(refusal(store, tmp_path / "a.ganmnist")) < 400


def test_an_absent_file_is_named(store, tmp_path):
    assert "No such file" in refusal(store, tmp_path / "none.ganmnist")


def test_a_full_disk_leaves_nothing_behind(store, folder, tmp_path, monkeypatch):
    export_model(folder, tmp_path / "a.ganmnist")
    before = sorted(store.path.rglob("*"))
    for failing in (1, 2):
        calls = []

        def write_atomic(path, content, failing=failing, calls=calls):
            calls.append(path)
            if len(calls) == failing:
                raise OSError(28, "No space left on device")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)

        monkeypatch.setattr(bundle, "write_atomic", write_atomic)
        with pytest.raises(OSError, match="No space"):
            import_model(store, tmp_path / "a.ganmnist")
        assert sorted(store.path.rglob("*")) == before


def test_importing_makes_no_tensor(store, write, monkeypatch):
    monkeypatch.setattr("safetensors.torch.load", lambda content: pytest.fail("a tensor was made"))
    import_model(store, write())


def test_weights_that_are_not_finite_are_refused_with_the_tensor(store, write, tiny):
    weights = build_generator(tiny).state_dict()
    name = list(weights)[-2]
    weights[name].view(-1)[3] = float("nan")
    with pytest.raises(ModelError, match=rf"{name} has numbers that are not finite"):
        import_model(store, write(weights=to_safetensors(weights)))
    assert [model.name for model in store.list()] == ["leaves", *ALL_BUNDLED]


def test_a_model_that_was_cut_off_on_its_way_into_the_store_is_none(store, write, monkeypatch):
    path = write()
    monkeypatch.setattr(Path, "replace", lambda self, target: (_ for _ in ()).throw(KeyboardInterrupt))
    monkeypatch.setattr(models.shutil, "rmtree", lambda *_, **__: None)  # killed: nothing is tidied up
    with pytest.raises(KeyboardInterrupt):
        import_model(store, path)
    assert list(store.path.glob(".*.tmp"))
    assert [model.name for model in store.list()] == ["leaves", *ALL_BUNDLED]


def test_a_model_that_draws_no_numbers_is_not_taken(store, folder, write):
    """Each weight is finite, and no digit is."""
    _, tensors = folder.load()
    large = to_safetensors(
        {
            name: torch.full_like(tensor, 3e38) if tensor.is_floating_point() else tensor
            for name, tensor in tensors.items()
        }
    )
    with pytest.raises(ModelError, match="so large that what it draws is no number"):
        import_model(store, write(weights=large), check=validate_drawing)
    assert [model.name for model in store.list()] == ["leaves", *ALL_BUNDLED]
    assert import_model(store, write(), check=validate_drawing).name == "leaves-1"
