"""Layers on the page: both networks edited as lists, checked while they are, and trained as they were left."""

import json
import re

import pytest
from playwright.sync_api import expect

from ghpython_components.archive import from_xml
from tests.page.accessibility import serious

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120, func_only=True)]


@pytest.fixture(scope="module")
def server(start_shared_server):
    return start_shared_server(mock=True)


@pytest.fixture
def editor(open_page, server):
    """Open the editor: editor(**options)."""

    def open_editor(**options):
        page = open_page(server, "#/train", **options)
        page.locator("summary", has_text="Networks").click()
        page.get_by_role("button", name="Edit layers").click()
        expect(page.get_by_role("button", name="Use these networks")).to_be_enabled()
        return page

    return open_editor


def part_of(page, part):
    return page.locator(f".network[aria-label={part}]")


def layers_of(page, part):
    return part_of(page, part).locator(".layer-row strong")


def test_a_misfit_is_shown_at_its_layer_with_the_shapes_before_it_and_mended_by_what_it_says(editor):
    page = editor()
    judge = part_of(page, "Discriminator")
    flatten = judge.locator(".layer-row", has_text="Flatten")
    place = layers_of(page, "Discriminator").all_text_contents().index("Flatten")
    flatten.get_by_role("button", name="Remove Flatten").click()
    wrong = judge.locator(".layer-row").nth(place)
    expect(wrong.locator(".wrong")).to_contain_text("put a Flatten before it")
    expect(judge.locator(".misfit")).to_have_count(1)
    expect(judge.locator(".layer-row").nth(place - 1).locator(".sides")).to_have_text("128 x 4 x 4")
    expect(wrong.locator(".sides")).to_have_text("?")
    for name in ("Use these networks", "Copy as JSON", "Download JSON"):
        expect(page.get_by_role("button", name=name)).to_be_disabled()
    judge.locator(".layer-row").nth(place - 1).locator(".grip").focus()
    judge.get_by_label("Layer", exact=True).select_option("Flatten")
    judge.get_by_role("button", name=re.compile("Add behind")).click()
    expect(judge.locator(".misfit")).to_have_count(0)
    expect(page.get_by_role("button", name="Use these networks")).to_be_enabled()


def test_what_no_number_may_be_is_said_at_its_field_with_no_sums_of_before(editor):
    page = editor()
    judge = part_of(page, "Discriminator")
    first = judge.locator(".layer-row").first
    first.get_by_label("filters").fill("-5")
    mark = first.locator(".parameter-field", has_text="filters").locator(".mark")
    expect(mark).to_have_text(re.compile("^a whole number from 1 to "))
    expect(judge.locator("h3")).not_to_contain_text("parameters")
    expect(first.locator(".sides")).to_have_text("?")
    first.get_by_label("filters").fill("17")
    expect(judge.locator("h3")).to_contain_text("parameters")
    page.get_by_label("classes").fill("101")
    expect(page.get_by_text("Wanted: a whole number from 0 to 100.")).to_be_visible()
    page.get_by_label("classes").fill("10")
    maker = part_of(page, "Generator")
    while maker.locator(".layer-row").count():
        maker.get_by_role("button", name=re.compile("^Remove")).first.click()
    expect(maker.get_by_text("The generator has no layer: add one.")).to_be_visible()
    expect(judge.locator("h3")).not_to_contain_text("parameters")

    first.get_by_label("kernel").fill("-3")
    page.keyboard.press("Escape")  # which loses nothing
    expect(page.get_by_text("Your changes of the layers are kept")).to_be_visible()
    page.get_by_role("button", name="Edit layers").click()
    expect(judge.locator(".layer-row").first.get_by_label("filters")).to_have_value("17")
    expect(first.get_by_label("kernel")).to_have_value("-3")
    first.get_by_label("kernel").fill("4")
    mark = first.locator(".parameter-field", has_text="kernel").locator(".mark")
    expect(mark).to_have_text(re.compile("^recommended [1-9]"))
    expect(maker.locator(".layer-row")).to_have_count(0)
    page.get_by_label("Start from").last.select_option("as the form has them")
    expect(maker.locator(".layer-row")).to_have_count(14)
    expect(judge.locator("h3")).to_contain_text("parameters")


def test_a_layer_is_moved_by_its_arrows_and_by_dragging(editor):
    page = editor()
    found = layers_of(page, "Generator")
    before = found.all_text_contents()
    assert before[:3] == ["Dense", "BatchNorm", "LeakyReLU"]
    down = part_of(page, "Generator").get_by_role("button", name="Move BatchNorm down").first
    down.focus()
    page.keyboard.press("Enter")
    expect(found.nth(2)).to_have_text("BatchNorm")
    assert found.all_text_contents()[:3] == ["Dense", "LeakyReLU", "BatchNorm"]
    expect(page.get_by_text("BatchNorm is layer 3 of 14.")).to_be_attached()
    assert page.evaluate("document.activeElement.ariaLabel") == "Move BatchNorm down"
    rows = part_of(page, "Generator").locator(".layer-row")
    rows.nth(0).scroll_into_view_if_needed()
    grip, target = rows.nth(2).locator(".grip").bounding_box(), rows.nth(1).bounding_box()
    page.mouse.move(grip["x"] + 5, grip["y"] + 5)
    page.mouse.down()
    page.mouse.move(grip["x"] + 5, target["y"] + 4, steps=4)
    page.mouse.up()
    expect(found.nth(1)).to_have_text("BatchNorm")
    assert found.all_text_contents() == before


def test_a_training_has_the_networks_as_they_were_left(editor, server):
    page = editor()
    first = part_of(page, "Discriminator").locator(".layer-row").first
    first.get_by_label("filters").fill("17")
    expect(first.locator(".sides")).to_have_text("17 x 14 x 14")
    expect(first.get_by_role("button", name="spectral_norm")).to_be_visible()  # a term, explained at a touch
    mark = first.locator(".parameter-field", has_text="kernel").locator(".mark")
    expect(mark).to_have_text("✓")
    first.get_by_label("kernel").fill("3")
    expect(mark).to_have_text("recommended 4")
    expect(page.get_by_role("button", name="Use these networks")).to_be_enabled()
    page.get_by_role("button", name="Use these networks").click()
    expect(page.get_by_role("region", name="Discriminator")).to_contain_text("17 x 14 x 14")
    page.locator("input[name=model]").fill("edited")
    page.get_by_role("button", name="Start training").click()
    expect(page.locator(".run h2")).to_have_text("edited")
    (run,) = server.call("GET", "/api/runs?model=edited")[1]["runs"]
    assert run["settings"]["preset"] == "fast"
    layer = run["settings"]["networks"]["discriminator"]["layers"][0]
    assert (layer["layer"], layer["filters"], layer["kernel"], layer["stride"]) == ("Conv2D", 17, 3, 2)
    server.wait_for_step(run["id"], 1200)  # past the first preview, which makes the model
    rows = server.call("POST", "/api/networks/check", {"model": "edited"})[1]["discriminator"]["rows"]
    assert rows[0]["output_shape"] == [17, 14, 14]
    page.get_by_role("button", name="Back to the preset's").click()
    expect(page.get_by_role("region", name="Discriminator")).to_contain_text("32 x 14 x 14")


def test_networks_of_a_preset_or_a_model_are_begun_with_and_kept_as_json(editor, server):
    page = editor()
    page.get_by_label("Start from").last.select_option("preset tutorial")
    expect(part_of(page, "Generator").locator("h3")).to_contain_text("1,661,825 parameters")
    with page.expect_download() as found:
        page.get_by_role("button", name="Download JSON").click()
    networks = json.loads(found.value.path().read_text())
    whole = server.call("POST", "/api/networks/check", {"preset": "tutorial"})[1]
    assert networks == json.loads(whole["gan"])["networks"]
    page.get_by_label("Start from").last.select_option("model bundled")
    expect(page.get_by_label("latent_dim")).to_have_value("32")


@pytest.mark.parametrize("rhino", [7, 8])
def test_both_chains_are_copied_as_wired_layer_components_that_make_the_same_networks(editor, server, rhino):
    page = editor(permissions=["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name=f"Copy as components of Rhino {rhino}").click()
    expect(page.get_by_text(f"Components of Rhino {rhino}: copied.")).to_be_visible()
    (clipboard,) = from_xml(page.evaluate("navigator.clipboard.readText()").encode()).chunks
    objects = clipboard.chunk("DefinitionObjects").chunks
    assert clipboard.chunk("DefinitionObjects").get("ObjectCount") == len(objects)
    panels, components, owners, guids = {}, [], {}, []
    for each in (found.chunk("Container") for found in objects):
        guids.append(each.get("InstanceGuid"))
        if each.get("UserText") is not None:
            panels[each.get("InstanceGuid")] = each.get("UserText")
            continue
        components.append(each)
        for port in each.chunk("ParameterData").chunks:
            guids.append(port.get("InstanceGuid"))
            owners[port.get("InstanceGuid")] = each
    assert len({*guids}) == len(guids)

    def brought(component):
        inputs = [port for port in component.chunk("ParameterData").chunks if port.name == "InputParam"]
        return {port.get("Name"): [port.get("Source", at) for at in range(port.get("SourceCount"))] for port in inputs}

    def chain(guid):
        """The layers up to an output, each with the texts that its panels bring."""
        wires = brought(owners[guid])
        values = {name: [panels[source] for source in found] for name, found in wires.items() if name != "layers"}
        layer = owners[guid].get("NickName"), {name: texts for name, texts in values.items() if texts}
        return [*(chain(*wires["layers"]) if wires["layers"] else []), layer]

    def texts(value):
        return [json.dumps(each).strip('"') for each in (value if isinstance(value, list) else [value])]

    (model,) = (each for each in components if each.get("NickName") == "Model")
    wires = brought(model)
    wanted = json.loads(server.call("POST", "/api/networks/check", {"preset": "fast"})[1]["gan"])["networks"]
    for part in ("generator", "discriminator"):
        layers = [(each.pop("layer"), {name: texts(each[name]) for name in each}) for each in wanted[part]["layers"]]
        assert chain(*wires[part]) == layers
    told = [panels[guid] for name in ("preset", "latent_dim", "classes") for guid in wires[name]]
    assert told == ["fast", "32", "10"]


def test_a_presets_networks_are_built_for_the_classes_of_the_data_set_that_is_chosen(open_page, mock_with_trees):
    page = open_page(mock_with_trees, "#/train")
    page.locator("[name=data]").select_option("trees")
    page.locator("summary", has_text="Networks").click()
    page.get_by_role("button", name="Edit layers").click()
    expect(page.get_by_label("classes", exact=True)).to_have_value("3")
    expect(page.get_by_role("button", name="Use these networks")).to_be_enabled()


def test_fields_say_what_holds_where_nothing_is_given(open_page, server):
    page = open_page(server, "#/train")
    page.get_by_text("More settings").click()
    expect(page.locator("[name=batch_size]")).to_have_attribute("placeholder", "32 (recommended)")
    expect(page.locator("[name=loss] option").first).to_have_text("nonsaturating (recommended)")
    expect(page.locator("[name=preset] option").first).to_have_text("fast (recommended)")
    page.locator("[name=preset]").select_option("tutorial")
    expect(page.locator("[name=batch_size]")).to_have_attribute("placeholder", "16 (recommended)")
    expect(page.locator("[name=seconds]")).to_have_attribute("placeholder", "300 (recommended)")
    page.locator("[name=epochs]").fill("3")
    expect(page.locator("[name=seconds]")).to_have_attribute("placeholder", "no limit")
    assert page.locator("form").first.locator("[placeholder=default], option:text-is('default')").count() == 0


def test_nothing_serious_stands_in_the_way_of_who_edits(editor):
    page = editor(viewport={"width": 390, "height": 844})
    part_of(page, "Generator").get_by_role("button", name="Remove Reshape").click()
    expect(page.locator(".misfit")).to_have_count(1)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert serious(page) == []
    assert page.evaluate("document.querySelector('dialog').scrollWidth") <= 390
