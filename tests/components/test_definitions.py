"""The files of the bundled definitions: rules that Grasshopper does not check by itself, and how they look."""

import io
import re
import subprocess
import sys

import pytest
from PIL import Image

from ghpython_components import definitions
from ghpython_components.archive import codes, from_bytes, from_xml
from ghpython_components.document.canvas import (
    BUTTON,
    CURVES,
    GENE_POOL,
    GROUP,
    MESH,
    PANEL,
    PLANE,
    POINTS,
    SLIDER,
    VALUE_LIST,
)
from ghpython_components.document.script_component import RHINOS, parse_component, title
from ghpython_components.document.wires import behind
from ghpython_components.pictures.canvas_picture import members, read_definition, wires
from ghpython_components.sources import component as sources

pytestmark = pytest.mark.slow

NAMES = definitions.names()
COMPONENTS = sources.all_components()
CASES = [(name, rhino.number) for rhino in RHINOS for name in NAMES]
MARGIN, WIDEST = 4.0, 2400.0  # pixels: between a wire and an object; of a definition with its groups
KINDS = (SLIDER, BUTTON, PANEL, VALUE_LIST, GENE_POOL, PLANE, MESH, CURVES, POINTS, GROUP)


@pytest.fixture(params=CASES, ids=lambda case: f"{case[0]}-{case[1]}")
def case(request):
    return request.param


@pytest.fixture
def content(dist, case):
    name, rhino = case
    return (dist / "definitions" / f"rhino{rhino}" / f"{name}.ghx").read_bytes()


@pytest.fixture
def objects(content):
    """What is on the canvas but groups."""
    return [each for each in read_definition(content) if each.kind != GROUP.guid]


@pytest.fixture
def groups(content):
    return [each for each in read_definition(content) if each.kind == GROUP.guid]


def test_both_forms_of_a_file_hold_the_same(dist, case):
    name, rhino = case
    folder = dist / "definitions" / f"rhino{rhino}"
    assert from_bytes((folder / f"{name}.gh").read_bytes()) == from_xml((folder / f"{name}.ghx").read_bytes())


def test_no_guid_is_used_twice(content):
    found = re.findall(r'<item name="(?:InstanceGuid|DocumentID)"[^>]*>([^<]*)<', content.decode())
    assert len(found) > 20
    assert len(set(found)) == len(found)


def test_every_wire_ends_at_an_output_and_counts_agree(objects):
    inputs, outputs = set(), set()
    for each in objects:
        ports = [port for data in each.chunk.chunks if data.name == "ParameterData" for port in data.chunks]
        if ports:
            inputs |= {port.get("InstanceGuid") for port in ports if port.name == "InputParam"}
            outputs |= {port.get("InstanceGuid") for port in ports if port.name == "OutputParam"}
        else:
            inputs.add(each.guid)
            outputs.add(each.guid)
        for port in [*ports, each.chunk]:
            stated = port.get("SourceCount") or 0
            assert sum(item.name == "Source" for item in port.items) == stated
    wires = 0
    for each in objects:
        for target, sources_ in each.sources.items():
            assert target in inputs
            assert set(sources_) <= outputs
            assert len(set(sources_)) == len(sources_)
            wires += len(sources_)
    assert wires > 5


def test_wires_make_no_circle(objects):
    home = {port: each.guid for each in objects for port in each.ends}
    before = {each.guid: {home[s] for found in each.sources.values() for s in found} for each in objects}
    while before:
        free = [guid for guid, needs in before.items() if not needs & before.keys()]
        assert free
        for guid in free:
            del before[guid]


def test_nothing_overlaps_and_all_is_in_one_group(objects, groups):
    for number, one in enumerate(objects):
        for other in objects[number + 1 :]:
            assert not overlap(one.box, other.box), (one.chunk.get("NickName"), other.chunk.get("NickName"))
    for number, one in enumerate(groups):
        for other in groups[number + 1 :]:
            assert not overlap(one.box, other.box), (one.chunk.get("NickName"), other.chunk.get("NickName"))
    inside = [guid for group in groups for guid in members(group)]
    assert sorted(inside) == sorted(each.guid for each in objects)


def overlap(one, other):
    return one.x < other.right and other.x < one.right and one.y < other.bottom and other.y < one.bottom


def test_wires_run_from_left_to_right_except_where_a_line_turns(objects):
    """A turn leads to the next line: its target begins under its source's bottom, and stands further left."""
    for wire in wires(objects):
        (start, _), (end, _) = wire.points[0], wire.points[-1]
        turns = wire.target.box.y >= wire.source.box.bottom and wire.target.box.x < wire.source.box.x
        assert start <= end or turns, (wire.source.chunk.get("NickName"), wire.target.chunk.get("NickName"))


def test_no_wire_runs_behind_an_object_that_it_does_not_belong_to(objects):
    for wire in wires(objects):
        crossed = [each for each in objects if each not in (wire.source, wire.target)]
        found = [each.chunk.get("NickName") for each in crossed if behind(wire.points, each.box, MARGIN)]
        assert found == [], (wire.source.chunk.get("NickName"), wire.target.chunk.get("NickName"))


def test_a_picture_of_it_is_legible_at_the_width_of_a_page(groups):
    assert max(group.box.right for group in groups) - min(group.box.x for group in groups) <= WIDEST


def test_what_is_shown_is_shown_once(objects):
    """A parameter to bake from is hidden: the component before it shows the same."""
    for each in objects:
        led = each.kind in (MESH.guid, CURVES.guid, POINTS.guid) and each.guid in each.sources
        assert each.chunk.get("Hidden") is (True if led else None), each.chunk.get("NickName")


@pytest.fixture(params=[rhino.number for rhino in RHINOS])
def tutorial(request, dist):
    """What is on the canvas of the tutorial."""
    return read_definition((dist / "definitions" / f"rhino{request.param}" / "02_the_tutorial.ghx").read_bytes())


def test_the_tutorials_data_reach_its_training(tutorial):
    before = {}
    for wire in wires(tutorial):
        before.setdefault(wire.target.guid, []).append(wire.source)
    (train,) = [each for each in tutorial if each.chunk.get("NickName") == "Train"]
    reached, ahead = set(), [train]
    while ahead:
        each = ahead.pop()
        reached.add(each.chunk.get("NickName"))
        ahead += before.get(each.guid, [])
    assert {"Data", "Network", "Model", "latent dim"} <= reached


def test_data_says_what_is_learned_from_wherever_there_is_a_training(objects):
    """It leads to the input data of Train, itself or through a panel that shows it, and to no other input of Train."""
    owners = {end: each for each in objects for end in each.ends}
    for train in (each for each in objects if each.chunk.get("NickName") == "Train"):
        led = []
        for port in train.chunk.chunk("ParameterData").chunks:
            for source in train.sources.get(port.get("InstanceGuid"), []):
                before = owners[source]
                shown = before.sources.get(before.guid, []) if before.kind == PANEL.guid else []
                names = [owners[end].chunk.get("NickName") for end in (source, *shown)]
                led += [port.get("Name")] if "Data" in names else []
        assert led == ["data"]


@pytest.mark.parametrize(
    "words", ["[-1, 1]", "7 x 7 x 256", "padding", "filters", "kernel", "learning_rate", "beta1", "latent dim"]
)
def test_the_tutorial_gives_reasons(tutorial, words):
    notes = [each.chunk.get("UserText") for each in tutorial if each.chunk.get("NickName") == "read me"]
    assert any(words in note for note in notes)


def test_groups_are_numbered_steps(groups):
    titles = sorted(group.chunk.get("NickName") for group in groups)
    assert [title.split("  ")[0] for title in titles] == [str(number) for number in range(1, len(groups) + 1)]
    assert all(re.fullmatch(r"\d  [A-Z].*\w", title) for title in titles)


def test_the_first_thing_to_read_says_what_to_press(objects):
    first = min((each for each in objects if each.kind == PANEL.guid), key=lambda each: (each.box.y, each.box.x))
    assert first.chunk.get("UserText").startswith("Press start")


def test_every_component_is_the_one_built_now(objects, case):
    rhino = next(rhino for rhino in RHINOS if rhino.number == case[1])
    built = {title(component, rhino): component for component in COMPONENTS}
    ours = [each for each in objects if each.kind == rhino.base]
    assert ours
    for each in ours:
        component = parse_component(each.chunk)
        expected = built[component.title]
        assert (component.source, component.inputs, component.outputs) == (
            expected.source,
            expected.inputs,
            expected.outputs,
        )


def test_there_is_nothing_that_starts_by_itself(objects, case):
    """No timer, no toggle: only objects whose keys are known, and buttons are up."""
    rhino = next(rhino for rhino in RHINOS if rhino.number == case[1])
    assert {each.kind for each in objects} <= {rhino.base, *(kind.guid for kind in KINDS)}
    for each in objects:
        if each.kind == BUTTON.guid:
            assert (each.chunk.get("ExpressionNormal"), each.chunk.get("ExpressionPressed")) == ("False", "True")


def test_sliders_stand_within_their_ends(objects):
    sliders = [each for each in objects if each.kind == SLIDER.guid]
    assert sliders
    for each in sliders:
        data = each.chunk.chunk("Slider")
        low, value, high = data.get("Min"), data.get("Value"), data.get("Max")
        assert low <= value <= high
        assert (data.get("Interval"), data.get("Digits") > 0) in ((0, True), (1, False))
        assert round(value, data.get("Digits")) == value


def keys(chunk):
    found = {(item.name, item.type) for item in chunk.items}
    for inner in chunk.chunks:
        found |= {(inner.name, None)} | {(f"{inner.name}/{name}", kind) for name, kind in keys(inner)}
    return found


def test_objects_have_the_keys_that_all_of_their_kind_have_in_saved_definitions(dist, saved_definitions):
    real = {}
    for each in (found for content in saved_definitions for found in read_definition(content)):
        real.setdefault(each.kind, []).append(keys(each.chunk))
    hidden = ("Hidden", codes.BOOL)
    assert any(hidden in found for kind in (MESH, CURVES, POINTS) for found in real.get(kind.guid, ()))
    compared = set()
    for name, rhino in CASES:
        for each in read_definition((dist / "definitions" / f"rhino{rhino}" / f"{name}.ghx").read_bytes()):
            if each.kind not in real:
                continue
            compared.add(each.kind)
            everywhere = set.intersection(*real[each.kind])
            # A wire may lead to any of them, and any that draws may be hidden.
            anywhere = set.union(*real[each.kind], {("Source", codes.GUID), hidden})
            optional = {key for key in everywhere if key[0].startswith("PersistentData")}
            if each.kind in (kind.guid for kind in KINDS):
                assert keys(each.chunk) <= anywhere, each.chunk.get("NickName")
                assert everywhere - optional <= keys(each.chunk), each.chunk.get("NickName")
    assert {SLIDER.guid, BUTTON.guid, PANEL.guid, VALUE_LIST.guid, GENE_POOL.guid, PLANE.guid, MESH.guid} <= compared


def test_the_document_around_them_has_the_keys_of_saved_ones(dist, saved_definitions):
    def around(content):
        definition = from_xml(content).chunk("Definition")
        heads = [chunk for chunk in definition.chunks if chunk.name not in ("GHALibraries", "DefinitionObjects")]
        return {(chunk.name, key) for chunk in heads for key in keys(chunk)} | keys_of(definition)

    def keys_of(definition):
        return {(chunk.name, None) for chunk in definition.chunks} | {
            (item.name, item.type) for item in definition.items
        }

    everywhere = set.intersection(*map(around, saved_definitions))
    assert len(everywhere) > 15
    for name, rhino in CASES:
        assert everywhere <= around((dist / "definitions" / f"rhino{rhino}" / f"{name}.ghx").read_bytes())


def test_a_picture_of_a_definition_is_drawn_from_its_file(dist, tmp_path):
    source = dist / "definitions" / "rhino8" / "01_first_digit.gh"
    command = [sys.executable, "-m", "ghpython_components.pictures.canvas_picture", source, tmp_path / "picture.png"]
    subprocess.run(command, check=True, cwd=sources.FOLDER.parent)
    image = Image.open(io.BytesIO((tmp_path / "picture.png").read_bytes()))
    assert min(image.size) > 600
    assert len(image.getcolors(1_000_000)) > 50
