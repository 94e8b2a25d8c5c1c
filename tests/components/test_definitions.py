"""The bundled definitions: rules that Grasshopper does not check by itself, and a run of each in a stand-in."""

import io
import json
import re
import subprocess
import sys
from dataclasses import dataclass, field

import pytest
import rhino3dm
from PIL import Image

from ganmnist.networks.spec import ModelConfig
from ganmnist.training.presets import PRESETS
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
from ghpython_components.pictures.canvas_picture import members, read_definition
from ghpython_components.sources import component as sources

pytestmark = pytest.mark.slow

NAMES = definitions.names()
COMPONENTS = sources.all_components()
CASES = [(name, rhino.number) for rhino in RHINOS for name in NAMES]
KINDS = (SLIDER, BUTTON, PANEL, VALUE_LIST, GENE_POOL, PLANE, MESH, CURVES, POINTS, GROUP)
RHINO_OF = {"2.7": 7, "3.9": 8}  # Python: Rhino


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


def test_wires_run_from_left_to_right(objects):
    starts = {guid: end for each in objects for guid, end in each.ends.items()}
    for each in objects:
        for target, found in each.sources.items():
            end = each.box.x if target == each.guid else each.ends[target][0]
            assert all(starts[source][0] <= end for source in found), each.chunk.get("NickName")


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
    compared = set()
    for name, rhino in CASES:
        for each in read_definition((dist / "definitions" / f"rhino{rhino}" / f"{name}.ghx").read_bytes()):
            if each.kind not in real:
                continue
            compared.add(each.kind)
            everywhere = set.intersection(*real[each.kind])
            anywhere = set.union(*real[each.kind], {("Source", codes.GUID)})  # a wire may lead to any of them
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


@dataclass
class Plugged:
    """A definition in the stand-in for Grasshopper."""

    rhino: object
    inputs: dict = field(default_factory=dict)  # component: what its sliders, lists and panels bring, by input
    sinks: dict = field(default_factory=dict)  # component: outputs that something hangs on

    def solve(self, name, **changes):
        return self.rhino.solve(name, **{**self.inputs[name], **changes})

    def press(self, name, button):
        self.solve(name, **{button: True})
        self.solve(name)

    def named(self, nickname):
        """Return the names of the components with that nickname, from left to right."""
        return [name for name in self.rhino.names if name.endswith(f" {nickname}")]


@pytest.fixture
def plug(dist, open_rhino, python, tmp_path, unpack):
    """Put a definition on the canvas of the Rhino that has this Python, read back out of its file."""

    def plug_in(name, home):
        number = RHINO_OF[python]
        content = (dist / "definitions" / f"rhino{number}" / f"{name}.ghx").read_bytes()
        shown = [each for each in read_definition(content) if each.kind != GROUP.guid]
        base = next(rhino.base for rhino in RHINOS if rhino.number == number)
        folder = tmp_path / "scripts"
        folder.mkdir()
        scripts, owners = {}, {}
        for each in (each for each in shown if each.kind == base):
            component = parse_component(each.chunk)
            called = f"{len(scripts)} {component.nickname}"
            unpack(component, called, folder)
            scripts[called] = each
            for port in each.chunk.chunk("ParameterData").chunks:
                owners[port.get("InstanceGuid")] = called, port.get("Name")
        parts = {each.guid: each for each in shown if each.kind != base}
        canvas = Plugged(open_rhino(home, folder))
        for called in scripts:
            canvas.rhino.place(called)
        for called, each in scripts.items():
            canvas.inputs[called] = {}
            for port in each.chunk.chunk("ParameterData").chunks:
                found = each.sources.get(port.get("InstanceGuid"), []) if port.name == "InputParam" else []
                if any(source in owners for source in found):
                    for before, output in (owners[source] for source in found):
                        canvas.rhino.do("wire", source=before, output=output, target=called, input=port.get("Name"))
                elif found:
                    brought = [value for source in found for value in brings(parts[source])]
                    one = port.get("ScriptParamAccess") == 0
                    assert not one or len(brought) == 1
                    canvas.inputs[called][port.get("Name")] = brought[0] if one else brought
        for part in parts.values():
            for source in part.sources.get(part.guid, []):
                before, output = owners[source]
                canvas.sinks.setdefault(before, set()).add(output)
        for called in scripts:
            canvas.solve(called)
        return canvas

    return plug_in


def brings(part):
    """Return the values that an object of Grasshopper's own puts out."""
    if part.kind == SLIDER.guid:
        slider = part.chunk.chunk("Slider")
        return [int(slider.get("Value")) if slider.get("Interval") == 1 else slider.get("Value")]
    if part.kind == PANEL.guid:
        return [part.chunk.get("UserText")]
    if part.kind == GENE_POOL.guid:
        genes = part.chunk.chunk("GeneData")
        return [float(genes.get("Value", index)) for index in range(genes.get("Count"))]
    if part.kind == VALUE_LIST.guid:
        (chosen,) = [each for each in part.chunk.chunks if each.name == "ListItem" and each.get("Selected")]
        return [json.loads(chosen.get("Expression"))]
    if part.kind == PLANE.guid:
        numbers = part.chunk.chunk("PersistentData").chunk("Branch", 0).chunk("Item", 0).get("plane")
        return [{"plane": dict(zip(("origin", "xaxis", "yaxis"), zip(*[iter(numbers)] * 3, strict=True), strict=True))}]
    if part.kind == CURVES.guid:
        return []  # until the user sets some
    assert part.kind == BUTTON.guid
    return [False]


@pytest.fixture(scope="module")
def server(start_shared_server):
    return start_shared_server()


@pytest.fixture(scope="module")
def mock(start_shared_server):
    return start_shared_server(mock=True)


def vectors(report):
    """Return the vectors that a component puts out, from branch {0} on."""
    tree = report["outputs"]["z"] or {}
    return [tree[str(place)] for place in range(len(tree))]


def corners(texts):
    """Return the lower left corner of each mesh, x and y."""
    boxes = [rhino3dm.CommonObject.Decode({"version": 10000, **text}).GetBoundingBox() for text in texts]
    return [(box.Min.X, box.Min.Y) for box in boxes]


def is_mesh(text):
    return rhino3dm.CommonObject.Decode({"version": 10000, **text}).IsValid


def test_the_first_digit_trains_and_draws(plug, server, python):
    canvas = plug("01_first_digit", server.home)
    rhino = canvas.rhino
    ((finder,), (trainer,), (drawer,)) = map(canvas.named, ("Server", "Train", "Generate"))
    assert len(rhino.names) == 3
    rhino.until(finder, "running")
    drawn = rhino.until(drawer, lambda report: report["message"].startswith("bundled"), "geometry", "digits")
    assert drawn["outputs"]["digits"] == [3]
    assert is_mesh(drawn["outputs"]["geometry"][0])

    own = f"digits-{python[0]}"
    canvas.inputs[trainer].update(name=own, seconds=2)
    canvas.press(trainer, "train")
    rhino.until(trainer, lambda report: report["message"].startswith("finished"), seconds=90)
    drawn = rhino.until(drawer, lambda report: report["message"].startswith(own), "geometry")
    assert is_mesh(drawn["outputs"]["geometry"][0])
    for name in rhino.names:
        assert [text for level, text in rhino.report(name)["balloons"] if level != "Remark"] == [], name


def test_the_tutorial_composes_the_tutorials_networks(plug, server):
    canvas = plug("02_the_tutorial", server.home)
    rhino = canvas.rhino
    (model,) = canvas.named("Model")
    report = rhino.until(model, "ready - 1.7 M", "gan")
    gan = json.loads(report["outputs"]["gan"])
    tutorial = PRESETS["tutorial"]
    assert ModelConfig.model_validate(gan["networks"]) == tutorial.networks
    for setting in ("learning_rate", "beta1", "batch_size", "loss"):
        assert gan[setting] == getattr(tutorial, setting)
    relief, dots = canvas.named("Generate")
    assert canvas.inputs[relief]["form"] == "relief"
    assert canvas.inputs[dots]["form"] == "points"
    for name in rhino.names:
        rhino.until(name, lambda report: "asking" not in (report["message"] or ""))
        assert rhino.report(name)["balloons"] == [], name
    tables = [rhino.report(name, "table")["outputs"]["table"] for name in canvas.named("Network")]
    assert [len(table) for table in tables] == [14, 8]
    assert tables[0][-1] == "14 Tanh -> 1 x 28 x 28"
    assert len(rhino.until(relief, lambda report: "step" in report["message"], "geometry")["outputs"]["geometry"]) == 1


@pytest.mark.parametrize("name", ["03_latent_sliders", "04_walk", "05_forms"])
def test_what_hangs_on_an_output_gets_something_to_show(plug, server, name):
    canvas = plug(name, server.home)
    rhino = canvas.rhino
    assert len(canvas.sinks) >= 3
    for component, outputs in canvas.sinks.items():
        report = rhino.until(
            component, lambda report: report["message"] and "asking" not in report["message"], *outputs
        )
        assert report["balloons"] == []
        assert all(report["outputs"][output] for output in outputs), (component, report)


def test_two_digits_have_a_way_between_them_and_one_a_sheet_around_it(plug, server):
    canvas = plug("06_between_and_sheet", server.home)
    rhino = canvas.rhino
    ((between,), (sheet,)) = map(canvas.named, ("Between", "Sheet"))
    one, other, shown, laid = canvas.named("Generate")
    ends = [
        rhino.until(name, lambda report, digit=digit: report["outputs"]["digits"] == [digit], "digits", "z")
        for name, digit in ((one, 3), (other, 8))
    ]
    rhino.until(between, "9 digits")
    rhino.until(sheet, "5 x 7")
    wanted = [end["outputs"]["z"]["0"] for end in ends]
    way = rhino.until(shown, lambda report: vectors(report)[::8] == wanted, "geometry", "z")["outputs"]
    assert len(way["geometry"]) == 9
    assert all(map(is_mesh, way["geometry"]))
    assert [canvas.inputs[name]["form"] for name in (one, other)] == ["images", "images"]  # to be seen once
    rows = rhino.until(laid, lambda report: len(report["outputs"]["geometry"] or ()) == 35, "geometry")
    assert [rhino.report(name)["balloons"] for name in rhino.names] == [[]] * len(rhino.names)
    assert all(map(is_mesh, rows["outputs"]["geometry"]))
    (first, *_, ninth), laid_out = map(corners, (way["geometry"], rows["outputs"]["geometry"]))
    assert (ninth[0] > first[0], ninth[1]) == (True, first[1])  # one row of nine, however many there are
    assert (laid_out[7][0], laid_out[7][1] < laid_out[0][1]) == (laid_out[0][0], True)  # rows of seven


def test_a_training_is_watched_as_losses_and_film_and_the_newest_model_draws(plug, mock, python):
    canvas = plug("07_watch_a_training", mock.home)
    rhino = canvas.rhino
    ((trainer,), (losses,), (film,), (models,), (drawer,)) = map(
        canvas.named, ("Train", "Losses", "Film", "Models", "Generate")
    )
    own = f"watched-{python[0]}"
    canvas.inputs[trainer]["name"] = own
    canvas.press(trainer, "train")
    rhino.until(trainer, lambda report: report["message"].startswith("finished"), seconds=30)
    rhino.until(losses, lambda report: report["message"].startswith(f"{own} - finished"))
    rhino.until(film, f"{own} - 10 frames")
    canvas.press(models, "refresh")
    rhino.until(models, lambda report: report["message"].startswith(own))
    rhino.until(drawer, lambda report: report["message"].startswith(own))
    for component, outputs in canvas.sinks.items():
        found = rhino.report(component, *outputs)
        assert all(found["outputs"].values()), component
        assert found["balloons"] == [], component


def test_drawn_curves_become_the_nearest_digit_and_another_in_that_hand(plug, server):
    canvas = plug("08_sketch", server.home)
    rhino = canvas.rhino
    (sketch,) = canvas.named("Sketch")
    nearest, varied = canvas.named("Generate")
    rhino.until(sketch, "draw a digit")
    seven = {"curve": [[3, 27, 0], [20, 27, 0], [8, 2, 0]]}
    canvas.solve(sketch, curves=[seven])
    found = rhino.until(sketch, lambda report: report["message"].startswith("a 7"), "z", "sliders", "values")["outputs"]
    assert len(found["sliders"]) == len(found["values"]) > 0
    drawn = rhino.until(nearest, lambda report: vectors(report) == [found["z"]["0"]], "z", "digits", "geometry")
    assert drawn["outputs"]["digits"] == [7]
    assert is_mesh(drawn["outputs"]["geometry"][0])
    latent = found["z"]["0"][:-10]
    follows = rhino.until(varied, lambda report: [z[:-10] for z in vectors(report)] == [latent], "z", "digits")
    assert follows["outputs"]["digits"] == [5]


def test_saved_digits_are_made_again_out_of_their_file(plug, server, tmp_path):
    canvas = plug("09_export_and_restore", server.home)
    rhino = canvas.rhino
    ((export,), (restore,)) = map(canvas.named, ("Export", "Restore"))
    made, again = canvas.named("Generate")
    assert canvas.inputs[export]["path"].endswith(".3dm")
    saved = vectors(rhino.until(made, lambda report: len(vectors(report)) == 4, "z"))
    path = tmp_path / "digits.3dm"
    canvas.inputs[export]["path"] = str(path)
    canvas.press(export, "save")
    assert rhino.until(export, lambda report: report["outputs"]["file"], "file")["outputs"]["file"] == str(path)
    rhino.until(restore, "4 of bundled")
    shown = rhino.until(again, lambda report: vectors(report) == saved, "z", "geometry")["outputs"]
    assert all(map(is_mesh, shown["geometry"]))
    assert canvas.inputs[again]["form"] == canvas.inputs[export]["form"] == canvas.inputs[made]["form"]
