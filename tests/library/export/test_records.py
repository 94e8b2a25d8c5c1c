"""A file of digits says where they come from, and the same bytes come out of that again."""

import json
import re
import zipfile
from contextlib import suppress

import numpy as np
import pytest
import rhino3dm
import trimesh
from PIL import Image

from ganmnist.config import GenerateConfig, GeometryConfig
from ganmnist.errors import DataError, ModelNotFound, SettingError
from ganmnist.export.records import read_file, read_record
from ganmnist.export.restore import restore, trace
from ganmnist.export.write import file_bytes
from ganmnist.generation.sampler import Sampler
from ganmnist.latent.vectors import inputs
from ganmnist.models.provenance import HEAD, KEY, Provenance, parse_provenance
from ganmnist.models.store import ModelStore

WITH_RECORD = [".png", ".gif", ".obj", ".ply", ".3mf", ".3dm", ".json"]
GEOMETRY = GeometryConfig(form="solid", cell=0.5, columns=2)
OLD_FILE = """\
# ganmnist, lengths in model units
# ganmnist: {"format":"ganmnist-1","version":"0.1.0","model":"bundled","mode
# ganmnist: l_id":"bundled","step":51337,"sha256":"6fe5eab2d5794e3c989989cc2
# ganmnist: 0381ae6a24e95ecd14480d6c389cc47fa51a6e5","seed":4,"geometry":{"c
# ganmnist: ell":1.0,"height":4.0,"plane":{"origin":[0.0,0.0,0.0],"xaxis":[1
# ganmnist: .0,0.0,0.0],"yaxis":[0.0,1.0,0.0]},"form":"relief","base":1.0,"t
# ganmnist: hreshold":null,"levels":1,"invert":false,"columns":null},"units"
# ganmnist: :null,"numbers":42,"z":"ydsmvhfpMr3o9NQ+6L0oPk4Z0r4lgKq6Upsfvt0y
# ganmnist: GD0Z2c2+DJN3PbIHcT0drsk+TB+iPTCzAj5zHr++tywQP+Az9b7YB40+MOmovQ1y
# ganmnist: Yb5LAii+JwksviWowj10ZuG85MS9Pncw6r4C6km6xV1kvoqfRj5Mjge/tfivvZI3
# ganmnist: Vz0AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAACAPwAAAAAAAAAA"}
o digit_1
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Three digits of the bundled model: record and images."""
    sampler = Sampler.load(ModelStore(tmp_path_factory.mktemp("none")).find(None))
    z = inputs(GenerateConfig(count=3, seed=7), sampler.latent_dim, sampler.classes)
    return Provenance.of(sampler.source, 7, GEOMETRY, z), sampler.generate(z)


@pytest.fixture
def content(made):
    return lambda ending: file_bytes(ending, made[1], GEOMETRY, made[0])


@pytest.mark.parametrize("ending", WITH_RECORD)
def test_a_file_gives_its_record_and_that_the_same_bytes(content, made, tmp_path, ending):
    found = read_record(content(ending), ending)
    assert found == made[0]
    again = restore(found, tmp_path)
    assert again.remarks == []
    np.testing.assert_array_equal(again.images, made[1])
    assert file_bytes(ending, again.images, found.geometry, found) == content(ending)


def test_a_file_of_the_release_before_gives_the_vectors_of_the_settings_by_their_names_now():
    # `ganmnist generate --digit 7 --boldness 0.25 --seed 4 --out old.obj`, its first lines
    record = read_record(OLD_FILE.encode(), "old.obj")
    z = inputs(GenerateConfig(digit=7, truncation=0.25, seed=4), record.numbers - 10, 10)
    np.testing.assert_array_equal(record.vectors(), z)
    assert record.geometry == GeometryConfig()


def test_other_readers_find_the_record_where_their_kind_of_file_has_texts(content, made, tmp_path):
    for ending in WITH_RECORD:
        (tmp_path / f"d{ending}").write_bytes(content(ending))
    text = made[0].to_text()
    with Image.open(tmp_path / "d.png") as picture:
        assert picture.text[KEY] == text
    with Image.open(tmp_path / "d.gif") as picture:
        assert picture.info["comment"].decode() == text
        assert picture.n_frames == 3
        picture.seek(2)
        np.testing.assert_array_equal(np.asarray(picture.convert("L"))[::8, ::8], made[1][2])
    model = rhino3dm.File3dm.Read(str(tmp_path / "d.3dm"))
    assert model.Strings[KEY] == text
    own = [found.Attributes.GetUserString(KEY) for found in model.Objects]
    np.testing.assert_array_equal([parse_provenance(each, "it").vectors()[0] for each in own], made[0].vectors())
    assert all(found.Geometry.IsValid for found in model.Objects)
    assert json.loads((tmp_path / "d.json").read_text())[KEY] == json.loads(text)


@pytest.mark.parametrize("form", ["solid", "voxels", "extrusion"])
@pytest.mark.parametrize("ending", [".obj", ".stl", ".ply", ".3mf"])
def test_solids_are_watertight_in_every_file_as_trimesh_reads_it(made, tmp_path, ending, form):
    path = tmp_path / f"d{ending}"
    config = GeometryConfig(form=form)
    path.write_bytes(file_bytes(ending, made[1], config, made[0].model_copy(update={"geometry": config})))
    assert trimesh.load(path, force="mesh").is_watertight


def test_objects_of_one_file_are_put_together_though_its_document_says_nothing(made, tmp_path):
    model = rhino3dm.File3dm()
    for text in made[0].each():
        mesh = rhino3dm.Mesh()
        mesh.SetUserString(KEY, text)
        model.Objects.AddMesh(mesh)
    model.Write(str(tmp_path / "baked.3dm"), 7)
    assert read_record((tmp_path / "baked.3dm").read_bytes(), "it") == made[0]


def test_no_line_of_a_comment_is_longer_than_80_letters(content):
    lines = content(".obj").decode().splitlines()
    assert max(len(line) for line in lines if line.startswith("#")) <= 80
    header = content(".ply").partition(b"end_header")[0].decode().splitlines()
    assert max(map(len, header)) <= 90


@pytest.mark.parametrize("ending", [".stl", ".npy"])
def test_a_file_without_a_place_for_it_says_so(content, ending):
    with pytest.raises(DataError, match="have no place for one"):
        read_record(content(ending), ending)


def test_units_stand_in_the_files_that_have_a_place_for_them(made, tmp_path):
    record = made[0].model_copy(update={"units": "in"})
    (tmp_path / "d.3dm").write_bytes(file_bytes(".3dm", made[1], GEOMETRY, record))
    settings = rhino3dm.File3dm.Read(str(tmp_path / "d.3dm")).Settings
    assert settings.ModelUnitSystem == rhino3dm.UnitSystem.Inches
    (tmp_path / "d.3mf").write_bytes(file_bytes(".3mf", made[1], GEOMETRY, record))
    assert b'unit="inch"' in zipfile.ZipFile(tmp_path / "d.3mf").read("3D/3dmodel.model")
    with pytest.raises(SettingError, match=r"units: \.obj .*\.3mf, \.3dm"):
        file_bytes(".obj", made[1], GEOMETRY, record)


def test_a_model_that_changed_or_is_gone_is_said_with_its_remedy(made, tmp_path):
    record = made[0]
    assert trace(record, [record_source(record, name="renamed")]) == ("renamed", [])
    name, (remark,) = trace(record, [record_source(record, sha256="0" * 64, step=9)])
    assert (name, "is at step 9" in remark, "import" in remark) == (record.model, True, True)
    gone = record.model_copy(update={"sha256": "0" * 64, "model_id": "other", "model": "lost"})
    with pytest.raises(ModelNotFound, match=r"lost is gone.*import"):
        restore(gone, tmp_path)


def record_source(record, name=None, **changes):
    from ganmnist.models.manifest import Source

    return Source(name or record.model, record.model_id, record.step, record.sha256)._replace(**changes)


@pytest.mark.parametrize("ending", WITH_RECORD)
def test_damaged_files_end_in_one_sentence(content, made, ending):
    whole = content(ending)
    chance = np.random.default_rng(3)
    for _ in range(60):
        damaged = bytearray(whole[: chance.integers(1, len(whole))])
        for place in chance.integers(0, min(len(damaged), 4000), 20):
            damaged[place] = chance.integers(256)
        with suppress(DataError):  # the only error there is; some damage is beside the record
            read_record(bytes(damaged), "it")


HOSTILE = {
    "nothing": b"",
    "nesting": b'{"ganmnist":' + b'{"a":' * 100_000,
    "a record of nothing": HEAD.encode() + b"}",
    "vectors without end": HEAD.encode() + b'"z":"' + b"A" * 9_000_000 + b'"}',
    "a chunk beyond the file": b"\x89PNG\r\n\x1a\n\xff\xff\xff\xfftEXtganmnist\0{",
    "heads without an end": b"3D Geometry File Format" + HEAD.encode("utf-16-le") * 3,
    "an empty zip": b"PK\x05\x06" + bytes(18),
    "a list for a record": b'{"ganmnist": {"z": 5}}',
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_ends_in_one_sentence(name):
    with pytest.raises(DataError, match=r"^it: "):
        read_record(HOSTILE[name], "it")


def test_of_many_long_records_so_many_are_read_as_a_file_of_digits_has(made, monkeypatch):
    read = []
    monkeypatch.setattr("ganmnist.export.records._LETTERS", 1000)
    monkeypatch.setattr("ganmnist.export.records.parse_provenance", lambda text, _: read.append(text) or made[0])
    text = made[0].to_text()
    read_record(b"3D Geometry File Format" + (text * 50).encode("utf-16-le"), "it")
    assert len(read) == 1000 // len(text) + 1


def test_a_record_with_very_many_names_is_refused_before_they_are_looked_at():
    names = ",".join(f'"a{each}":1' for each in range(300))
    with pytest.raises(DataError, match=r"^it: its record has 601 colons and commas, where records have at most 200: "):
        parse_provenance(f"{HEAD}{names}}}", "it")


@pytest.mark.parametrize("z", ["AAAA", "AADAfw==" * 42, "?", ""])
def test_vectors_that_are_none_are_refused(made, z):
    text = json.dumps({**json.loads(made[0].to_text()), "z": z})
    with pytest.raises(DataError, match="z"):
        parse_provenance(text, "it")


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("letter.pdf", b"%PDF-1.7", "is a PDF, and holds no record of ganmnist"),
        ("notes.txt", b"Dear reader", "is a text, and holds no record of ganmnist"),
        ("photo.png", b"\x89PNG\r\n\x1a\n", "is a PNG picture, and holds no record of ganmnist"),
        ("cut.png", b"\x89PNG\r\n\x1a\n\0\0", "is a PNG picture, and damaged"),
        ("empty.obj", b"", "is empty, and holds no record of ganmnist"),
    ],
)
def test_a_wrong_file_is_refused_by_its_name_and_what_it_is(tmp_path, name, content, what):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=f"^{re.escape(str(tmp_path / name))}: {what}"):
        read_file(tmp_path / name)


def test_a_folder_in_place_of_a_file_is_said(tmp_path):
    with pytest.raises(DataError, match="is a folder: name a file in it"):
        read_file(tmp_path)
