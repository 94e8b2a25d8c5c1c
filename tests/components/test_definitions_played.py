"""The bundled definitions, each read out of its file and played on the canvas of a stand-in for Grasshopper."""

import json
from dataclasses import dataclass, field

import pytest
import rhino3dm

from ganmnist.models.store import ModelStore
from ganmnist.networks.spec import ModelConfig
from ganmnist.training.presets import PRESETS
from ghpython_components.document.canvas import BUTTON, CURVES, GENE_POOL, GROUP, PANEL, PLANE, SLIDER, VALUE_LIST
from ghpython_components.document.script_component import RHINOS, parse_component
from ghpython_components.pictures.canvas_picture import read_definition

pytestmark = pytest.mark.slow

RHINO_OF = {"2.7": 7, "3.9": 8}  # Python: Rhino


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
                # A panel on the way hands on what it is wired to.
                found = [
                    led
                    for source in found
                    for led in (parts[source].sources.get(source) if source in parts else ()) or [source]
                ]
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
    ((finder,), _, (trainer,), (drawer,)) = map(canvas.named, ("Server", "Data", "Train", "Generate"))
    assert len(rhino.names) == 4
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
    generator, discriminator = canvas.named("Network")
    assert canvas.inputs[generator]["latent_dim"] == canvas.inputs[model]["latent_dim"] == gan["networks"]["latent_dim"]
    assert "latent_dim" not in canvas.inputs[discriminator]
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
    ((trainer,), (losses,), (film,), (measurer,), (models,), (drawer,)) = map(
        canvas.named, ("Train", "Losses", "Film", "Evaluate", "Models", "Generate")
    )
    own = f"watched-{python[0]}"
    canvas.inputs[trainer]["name"] = own
    canvas.press(trainer, "train")
    rhino.until(trainer, lambda report: report["message"].startswith("finished"), seconds=30)
    rhino.until(losses, lambda report: report["message"].startswith(f"{own} - finished"))
    rhino.until(film, f"{own} - 10 frames")
    canvas.press(measurer, "evaluate")
    rhino.until(measurer, lambda report: report["message"].startswith(f"{own} - FID"))
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


def test_own_pictures_are_learned_from_and_drawn(plug, mock, python):
    canvas = plug("10_own_pictures", mock.home)
    rhino = canvas.rhino
    ((importer,), (trainer,), (drawer,)) = map(canvas.named, ("Data", "Train", "Generate"))
    assert canvas.inputs[importer]["source"] == "~/pictures"
    rhino.until(importer, "press load")
    rhino.until(drawer, lambda report: report["message"].startswith("bundled"))
    canvas.inputs[importer]["source"] = f"/pictures/trees-{python[0]}"
    canvas.press(importer, "load")
    rhino.until(importer, lambda report: report["message"].startswith(f"trees-{python[0]} - "))
    assert "ash: 10" in rhino.report(importer, *canvas.sinks[importer])["outputs"]["classes"]
    own = f"drawn-{python[0]}"
    canvas.inputs[trainer]["name"] = own
    canvas.press(trainer, "train")
    done = rhino.until(trainer, lambda report: report["message"].startswith("finished"), seconds=30)
    assert done["balloons"] == [["Remark", f"The model learned from trees-{python[0]}."]]
    drawn = rhino.until(drawer, lambda report: report["message"].startswith(own), "geometry", "digits")
    assert drawn["outputs"]["digits"] == [0] * 9
    assert all(map(is_mesh, drawn["outputs"]["geometry"]))


def test_one_letter_in_two_hands_has_solids_between_them(plug, server):
    """The bundled digits are called letters here: which they are makes no difference to the wires."""
    store = ModelStore(server.home)
    if store.look_up("alphabet") is None:
        bundled = store.find("bundled")
        named = bundled.manifest().model_copy(update={"name": "alphabet", "class_names": tuple("ABCDEFGHIJ")})
        store.add(named, bundled.read_files()[1])
    canvas = plug("11_alphabet", server.home)
    rhino = canvas.rhino
    (between,) = canvas.named("Between")
    one, other, cut = canvas.named("Generate")
    ends = [
        rhino.until(name, lambda report: report["message"].startswith("alphabet"), "z", "digits")
        for name in (one, other)
    ]
    assert [end["outputs"]["digits"] for end in ends] == [[0], [0]], "class A"
    rhino.until(between, "9 digits")
    wanted = [end["outputs"]["z"]["0"] for end in ends]
    assert wanted[0] != wanted[1]
    drawn = lambda report: "asking" not in report["message"] and vectors(report)[::8] == wanted  # noqa: E731
    way = rhino.until(cut, drawn, "geometry", "z", "name")["outputs"]
    assert (len(way["geometry"]), way["name"]) == (9, "alphabet")
    solids = [rhino3dm.CommonObject.Decode({"version": 10000, **text}) for text in way["geometry"]]
    assert all(solid.IsClosed for solid in solids)
    assert [rhino.report(name)["balloons"] for name in rhino.names] == [[]] * len(rhino.names)
