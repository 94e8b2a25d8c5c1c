"""User objects: their ports, icons and guids, and how ours are known. Their form: test_script_form.py."""

import io

import pytest
from PIL import Image

from ghpython_components.archive import Chunk, Item, from_bytes, to_bytes
from ghpython_components.archive.codes import STRING
from ghpython_components.document.script_component import RHINO7, RHINO8, RHINOS
from ghpython_components.document.user_objects import file_name, our_version, user_object
from ghpython_components.icons.icons import icon
from ghpython_components.sources import component as sources

COMPONENTS = sources.all_components()
BY_NAME = {component.name: component for component in COMPONENTS}
# What Grasshopper knows the objects by: it is the same in every release.
GUIDS = {
    ("train", 7): "ac4099e7-e360-53bf-8bea-58de9cb0d071",
    ("train", 8): "6f6b2061-eb03-52b7-b689-9e3f30623b0f",
    ("layer_dense", 8): "eddb5479-392f-574c-bedf-025905c49117",
}


def opened(component, rhino):
    """Return the outer and the inner chunk of a user object."""
    outer = from_bytes(user_object(component, rhino))
    return outer, from_bytes(outer.get("Object"))


@pytest.mark.parametrize("rhino", RHINOS, ids=lambda rhino: f"Rhino {rhino.number}")
def test_counts_agree_and_ports_have_their_hints(rhino):
    hints = {guid: name for name, guid in rhino.hints.items()}
    for component in COMPONENTS:
        _, inner = opened(component, rhino)
        data = inner.chunk("ParameterData")
        assert (data.get("InputCount"), data.get("OutputCount")) == (len(component.inputs), len(component.outputs))
        for index, port in enumerate(component.inputs):
            chunk = data.chunk("InputParam", index)
            assert (chunk.get("Name"), chunk.get("NickName"), chunk.get("Description")) == (
                port.name,
                port.name,
                port.description,
            )
            assert hints[chunk.get("TypeHintID")] == port.hint
            access = {"item": 0, "list": 1, "tree": 2}[port.access]
            assert chunk.get("ScriptParamAccess") == access
            assert chunk.get("Access") == (access or None)
            assert chunk.get("Optional") is True
            assert data.get("InputId", index) == rhino.input
        for index in range(len(component.outputs)):
            assert data.get("OutputId", index) == rhino.output
        assert len(data.items) == 2 + len(component.inputs) + len(component.outputs)


def test_the_two_kinds_can_lie_in_one_folder_and_nothing_else_shares_a_guid():
    objects = [(component, rhino, *opened(component, rhino)) for component in COMPONENTS for rhino in RHINOS]
    assert (
        len({file_name(component.name, rhino) for component, rhino, *_ in objects})
        == len(objects)
        == 2 * len(COMPONENTS)
    )
    assert len({outer.get("Name") for *_, outer, _ in objects}) == len(objects)
    guids = [outer.get("InstanceGuid") for *_, outer, _ in objects]
    for *_, inner in objects:
        guids += [chunk.get("InstanceGuid") for chunk in inner.walk() if chunk.get("InstanceGuid")]
    assert len(set(guids)) == len(guids)


def test_guids_are_those_of_every_release():
    for (name, number), guid in GUIDS.items():
        rhino = {7: RHINO7, 8: RHINO8}[number]
        assert str(opened(BY_NAME[name], rhino)[0].get("InstanceGuid")) == guid


@pytest.mark.parametrize("rhino", RHINOS, ids=lambda rhino: f"Rhino {rhino.number}")
def test_the_icon_in_the_tab_is_that_on_the_canvas(rhino):
    for component in COMPONENTS:
        outer, inner = opened(component, rhino)
        assert outer.get("Icon") == inner.get("IconOverride") == icon(component.name)
        assert Image.open(io.BytesIO(outer.get("Icon"))).size == (24, 24)
        assert outer.get("SubCategory")[0].isdigit()


def test_our_files_are_known_by_name_guid_and_script():
    train, walk = BY_NAME["train"], BY_NAME["walk"]
    name, content = file_name("train", RHINO8), user_object(train, RHINO8)
    assert our_version(name, content) == sources.version()
    assert our_version("train.ghuser", content) is None
    assert our_version(file_name("train", RHINO7), content) is None
    assert our_version(name, user_object(walk, RHINO8)) is None
    for damaged in (b"", content[:-9], to_bytes(Chunk("UserObject")), b"\x89PNG"):
        assert our_version(name, damaged) is None
    outer = from_bytes(content)
    outer.items = [Item("Object", item.type, b"") if item.name == "Object" else item for item in outer.items]
    assert our_version(name, to_bytes(outer)) is None
    outer.items.append(Item("Object", STRING, "text"))
    assert our_version(name, to_bytes(outer)) is None
