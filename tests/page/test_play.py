"""Play: what is dragged is drawn, the newest state wins, and what is copied makes the same digits."""

import base64
import json
import os
import re
import subprocess
import sys

import pytest
from PIL import Image
from playwright.sync_api import expect

from ghpython_components.archive import from_xml

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120, func_only=True)]
PAPER, INK = 0xFB, 0x1E  # the red of both in page.css


@pytest.fixture(scope="module")
def server(start_shared_server):
    return start_shared_server(mock=True)


@pytest.fixture
def page(open_page, server):
    page = open_page(server)
    shown(page, seed=0)
    return page


def shown(page, **wanted):
    """Wait until the digits of these settings are on the page."""
    for name, value in wanted.items():
        number = json.dumps(value).replace(".", r"\.")
        expect(page.locator(".stage")).to_have_attribute("data-shown", re.compile(f'"{name}":{number}[,}}]'))


def pixels(page, selector=".thumbs canvas", at=0):
    """The red of 28 x 28 pixels of the first canvas, `at` pixels from the left and from the top."""
    return page.locator(selector).first.evaluate(
        """(canvas, at) => {
            const pen = new OffscreenCanvas(28, 28).getContext("2d", { willReadFrequently: true });
            pen.drawImage(canvas, -at, -at);
            return [...pen.getImageData(0, 0, 28, 28).data].filter((_, place) => place % 4 === 0);
        }""",
        at,
    )


def middle(grey):
    """Row and column around which the ink lies."""
    ink = [PAPER - value for value in grey]
    return (
        sum(place // 28 * value for place, value in enumerate(ink)) / sum(ink),
        sum(place % 28 * value for place, value in enumerate(ink)) / sum(ink),
    )


def drag(page, name, values):
    page.locator(f"input[name={name}]").evaluate(
        """(slider, values) => {
            for (const value of values) {
                slider.value = value;
                slider.dispatchEvent(new Event("input"));
            }
        }""",
        list(values),
    )


def stood(page, at=0, **settings):
    """Where the sliders stand for one of six threes, as the server says."""
    asked = {"digit": 3, "count": 6, "form": "images", "project": True, **settings}
    answer = page.evaluate(
        """async (asked) => {
            const { post } = await import("/static/lib/api.js");
            return post("/api/generate", asked);
        }""",
        asked,
    )
    return {name: values[at] for name, values in answer["sliders"].items()}


def test_a_slider_at_auto_stands_where_the_digit_is_and_goes_on_from_there(page):
    slant, thickness = page.locator("input[name=slant]"), page.locator("input[name=thickness]")
    first, fifth = stood(page, seed=0), stood(page, at=4, seed=0)
    assert float(slant.input_value()) == pytest.approx(first["slant"], abs=0.03)
    page.get_by_role("button", name="Sample 5").click()
    assert float(slant.input_value()) == pytest.approx(fifth["slant"], abs=0.03)
    assert float(thickness.input_value()) == pytest.approx(fifth["thickness"], abs=0.03)
    expect(page.locator(".slider", has=slant).locator("output")).to_have_text("auto")
    before = float(slant.input_value())
    slant.press("ArrowRight")
    assert float(slant.input_value()) == pytest.approx(before + 0.05)
    shown(page, slant=round(before + 0.05, 2))
    page.get_by_role("button", name="Slant auto").click()
    shown(page, slant=None)
    expect(slant).to_have_value(f"{before:g}")


def test_the_address_leads_to_the_same_digits_in_another_tab(page, open_page, server):
    drag(page, "slant", [-1.5])
    page.locator("input[name=seed]").fill("12")
    page.locator(".digits").get_by_label("any").check(force=True)
    drag(page, "count", [3])
    page.get_by_label("voxels").check(force=True)
    drag(page, "threshold", [0.3])
    shown(page, slant=-1.5, seed=12, digit=None, count=3)
    page.wait_for_url(re.compile("threshold"))
    address = page.url.partition("/#")[2]
    assert address == "/play/bundled?digit=any&slant=-1.5&seed=12&count=3&form=voxels&threshold=0.3"
    drawn = pixels(page)
    page.reload()
    shown(page, slant=-1.5, seed=12, digit=None, count=3)
    other = open_page(server, f"#{address}")
    shown(other, slant=-1.5, seed=12, digit=None, count=3, form="voxels")
    assert pixels(other) == drawn
    expect(other.locator("input[name=threshold]")).to_have_value("0.3")
    other.wait_for_timeout(400)  # so that nothing is left to be written
    other.locator("input[name=slant]").press("ArrowRight")
    other.reload()
    shown(other, slant=-1.45, seed=12)
    other.locator("input[name=slant]").press("ArrowRight")  # what is still to be written of it is not, over a link
    other.evaluate("location.hash = '#/play/bundled?seed=x&digit=4&slant=&count=900&form=none&z=2.AAA&nothing=1'")
    shown(other, seed=0, digit=4, slant=None, count=36, z=None)
    expect(other.get_by_text("The link is incomplete: of its latent vectors only a part is there")).to_be_visible()
    expect(other.get_by_label("relief")).to_be_checked()
    other.wait_for_url(re.compile("count=36"))
    other.evaluate("location.hash = '#/play/bundled?digit=99&latent=1x64.AAAA&height=1e9'")
    shown(other, digit=0, latent=None)
    expect(other.get_by_text("bundled has no class 99, so 0 is shown.")).to_be_visible()
    expect(other.get_by_text("which is beyond its bound: 1000000 is drawn.")).to_be_visible()
    expect(other.locator(".slider", has_text="Height").locator("output")).to_have_text("1.0e+6")
    other.get_by_role("button", name="Download").click()
    expect(other.get_by_role("dialog").get_by_label("Form", exact=True)).to_have_value("relief")


def test_a_model_without_classes_is_shown_wherever_it_comes_from(page):
    page.get_by_label("any").first.check(force=True)
    shown(page, model="bundled", digit=None)
    page.evaluate("location.hash = '#/play/bundled-unconditional?digit=any'")
    shown(page, model="bundled-unconditional", digit=None)
    page.reload()
    shown(page, model="bundled-unconditional", digit=None)
    page.evaluate("location.hash = '#/play/bundled-unconditional?digit=3&seed=5'")
    shown(page, seed=5, digit=None)
    expect(page.get_by_text("bundled-unconditional has no classes, so any are shown.")).to_be_visible()


def test_a_slider_that_is_let_go_stands_in_the_address_at_once(page):
    drag(page, "slant", [-1.0, -0.5, 2.0])
    page.locator("input[name=slant]").dispatch_event("change")
    page.reload()
    shown(page, slant=2)


def test_each_form_of_a_file_is_shown_as_the_file_has_it(page):
    for form in ("mesh", "smooth", "voxels", "extrusion", "contours"):
        with page.expect_request("**/api/export") as asked:
            page.get_by_label(form).check(force=True)
        assert (asked.value.post_data_json["form"], len(asked.value.post_data_json["z"])) == (form, 1)
        expect(page.locator(".stage")).to_have_attribute("data-made", form)
        page.wait_for_function(
            """(form) => {
                const canvas = document.querySelector(".deep");
                if (!canvas.dataset.view.endsWith(form)) return false;
                const gl = canvas.getContext("webgl2"), bytes = new Uint8Array(4 * canvas.width * canvas.height);
                gl.readPixels(0, 0, canvas.width, canvas.height, gl.RGBA, gl.UNSIGNED_BYTE, bytes);
                return new Uint32Array(bytes.buffer).some((pixel) => pixel);
            }""",
            arg=form,
        )
        for name, shows in (("height", form not in ("mesh", "smooth")), ("levels", form == "contours")):
            expect(page.locator(f".measures input[name={name}]")).to_be_visible(visible=shows)
    with page.expect_request("**/api/export") as asked:
        drag(page, "levels", [4])
    assert asked.value.post_data_json["levels"] == 4


def test_a_file_is_written_with_the_measures_that_are_set_and_those_typed(page):
    page.get_by_label("solid").check(force=True)
    drag(page, "height", [7])
    page.get_by_role("button", name="Download").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Height")).to_have_value("7")
    expect(dialog.get_by_label("Threshold")).to_be_hidden()
    dialog.get_by_label("Base").fill("2.5")
    dialog.get_by_label("Format").select_option("3mf")
    dialog.get_by_label("Units").select_option("cm")
    with page.expect_request("**/api/export") as asked, page.expect_download():
        dialog.get_by_role("button", name="Download").click()
    wanted = {"form": "solid", "height": 7, "base": 2.5, "format": "3mf", "units": "cm", "count": 6}
    assert {name: asked.value.post_data_json.get(name) for name in wanted} == wanted
    assert "threshold" not in asked.value.post_data_json


def test_latent_numbers_are_moved_from_where_the_digit_is(page):
    stands = stood(page, seed=0)
    page.get_by_text("Latent numbers").click()
    third = page.locator("input[name=z3]")
    expect(page.locator("input[name=z1]")).to_have_value(re.compile(r"\."))
    assert float(page.locator("input[name=z1]").input_value()) == pytest.approx(stands["slant"], abs=0.03)
    with page.expect_request(lambda asked: "latent" in (asked.post_data_json or {})) as asked:
        third.fill("2.5")
    latent = asked.value.post_data_json["latent"]
    assert latent == pytest.approx([stands["slant"], stands["thickness"], 2.5], abs=1e-6)
    expect(page.locator("input[name=width]")).to_have_value("2.5")  # the mock's third direction
    page.get_by_role("button", name="All as the seed gives them").click()
    shown(page, latent=None)


def test_the_way_through_the_layers_is_shown_for_the_digit_that_is_large(page, server):
    page.get_by_role("button", name="Sample 2").click()
    page.get_by_text("Through the layers").click()
    layers = page.locator(".walk li")
    told = server.call("POST", "/api/networks/activations", {"form": "images"})[1]["layers"]
    expect(layers).to_have_count(len(told))
    expect(layers.last).to_contain_text(re.compile(f"{len(told)} {told[-1]['layer']} 1 . 28 . 28"))
    page.locator(".digits").get_by_label("8").check(force=True)
    expect(page.locator(".walk")).to_have_attribute("data-shown", re.compile('"digit":8'))


def test_a_picture_that_was_downloaded_brings_its_digits_back_wherever_it_is_dropped(page):
    page.locator("input[name=seed]").fill("9")
    shown(page, seed=9)
    drawn = pixels(page)
    page.get_by_role("button", name="Download").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Form", exact=True).select_option("images")
    dialog.get_by_label("Format").select_option("png")
    with page.expect_download() as kept:
        dialog.get_by_role("button", name="Download").click()
    page.locator("input[name=seed]").fill("1")
    shown(page, seed=1)
    content = base64.b64encode(kept.value.path().read_bytes()).decode()
    page.evaluate(
        """(content) => {
            const data = new DataTransfer();
            const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
            data.items.add(new File([bytes], "kept.png", { type: "image/png" }));
            const drop = new DragEvent("drop", { bubbles: true, cancelable: true, dataTransfer: data });
            document.querySelector(".map-card").dispatchEvent(drop);
        }""",
        content,
    )
    expect(page.get_by_text("kept.png: its digits are here again.")).to_be_visible()
    expect(page.locator(".stage")).to_have_attribute("data-shown", re.compile(r'"count":6.*"z":\[\['))
    assert pixels(page) == drawn
    page.wait_for_url(re.compile("z=6x74[.]"))
    page.reload()
    expect(page.locator(".stage")).to_have_attribute("data-shown", re.compile(r'"count":6.*"z":\[\['))
    assert pixels(page) == drawn


def test_the_way_between_two_digits_is_kept_as_a_gif_that_goes_there_and_back(page):
    expect(page.locator(".between canvas")).to_have_attribute("data-shown", re.compile("bundled"))
    with page.expect_download() as kept:
        page.locator(".between").get_by_role("button", name="Save as GIF").click()
    film = Image.open(kept.value.path())
    assert (film.format, kept.value.suggested_filename) == ("GIF", "bundled-between.gif")
    assert 2 < film.n_frames <= 24 + 22, "frames that are alike are one"


def test_a_slider_that_is_dragged_ends_at_the_digit_of_its_last_value(page):
    before = middle(pixels(page))
    drag(page, "slant", [-3 + step / 10 for step in range(61)])
    shown(page, slant=3)
    after = middle(pixels(page))
    assert after[1] - before[1] == pytest.approx(3, abs=0.2), "the mock moves a digit three pixels to the right"
    assert after[0] == pytest.approx(before[0], abs=0.2)


def test_an_older_answer_never_replaces_a_newer_one(page):
    asked = []

    def late(route):
        body = route.request.post_data_json
        if body.get("count") == 6:  # and not for the map or the way between seeds
            asked.append(body.get("thickness"))
        page.wait_for_timeout(max(0, 120 - 20 * len(asked)))
        route.continue_()

    page.route("**/api/generate", late)
    drag(page, "thickness", [0.5, 1.0, 1.5, 2.0, 2.5, 3.0])
    shown(page, thickness=3)
    page.unroute_all(behavior="wait")
    steps = [value for value in asked if value]
    assert steps[0] == 0.5
    assert 3 in steps
    assert len(steps) <= 4, "what came while one was under way is passed over"


def test_what_a_tab_kept_before_the_slider_had_its_name_is_shown_again(page):
    kept = {"model": "bundled", "digit": 5, "seed": 8, "count": 2, "boldness": 0.4}
    page.add_init_script(f"sessionStorage.setItem('ganmnist.play', JSON.stringify({json.dumps(kept)}));")
    page.evaluate("history.replaceState(null, '', '#/play')")
    page.reload()
    shown(page, truncation=0.4, digit=5, seed=8)
    expect(page.locator("input[name=truncation]")).to_have_value("0.4")
    assert "boldness" not in page.locator(".stage").get_attribute("data-shown")


def test_a_step_of_a_slider_writes_nothing_about_the_others_nor_about_samples_that_stay_what_they_were(page):
    drag(page, "slant", [1])
    shown(page, slant=1)
    page.evaluate(
        """() => {
            window.written = [];
            const watch = new MutationObserver((found) => {
                for (const { target, attributeName } of found) written.push(`${target.className} ${attributeName}`);
            });
            const seen = { subtree: true, childList: true, characterData: true, attributes: true };
            for (const place of document.querySelectorAll(".controls, .thumbs")) watch.observe(place, seen);
        }"""
    )
    drag(page, "slant", [2])
    shown(page, slant=2)
    written = page.evaluate("written")
    assert len(written) == 2, written  # the value of the one that moved, to be seen and to be heard


def test_small_pictures_are_no_layers_of_their_own(page):
    session = page.context.new_cdp_session(page)
    found = []
    session.on("LayerTree.layerTreeDidChange", lambda told: found.extend(told.get("layers", [])))
    session.send("DOM.enable")
    session.send("LayerTree.enable")
    drag(page, "slant", [1])
    shown(page, slant=1)
    page.wait_for_function("new Promise((next) => requestAnimationFrame(() => setTimeout(() => next(true))))")
    nodes = {layer["backendNodeId"] for layer in found if "backendNodeId" in layer}
    described = [session.send("DOM.describeNode", {"backendNodeId": node})["node"] for node in nodes]
    classes = [node["attributes"][1] for node in described if node["nodeName"] == "CANVAS"]
    assert classes == ["deep"]


def test_a_slider_is_left_alone_again_by_its_button(page):
    drag(page, "width", [2])
    shown(page, width=2)
    page.get_by_role("button", name="Width auto").click()
    shown(page, width=None)


def test_being_told_to_wait_is_obeyed(open_page, server):
    page = open_page(server, clean=False)  # a refusal is a word on the console
    shown(page, seed=0)
    refused = []

    def busy(route):
        if route.request.post_data_json.get("count") != 6 or len(refused) == 2:
            route.continue_()
            return
        refused.append(route.request.post_data_json)
        error = {"code": "too_many_requests", "message": "wait", "field": None, "request_id": "0"}
        route.fulfill(status=429, headers={"Retry-After": "1"}, json={"error": error})

    page.route("**/api/generate", busy)
    drag(page, "size", [1])
    shown(page, size=1)
    assert len(refused) == 2
    page.unroute_all(behavior="wait")


def test_the_digit_is_turned_by_mouse_keys_and_fingers(open_page, server):
    page = open_page(server, has_touch=True, viewport={"width": 390, "height": 844})
    deep = page.locator(".deep")
    expect(deep).to_have_attribute("data-view", "-0.40 0.92 2.75 relief")
    shown(page, seed=0)
    page.wait_for_function(  # something lit is on the canvas: before the digit a bare plane is, and it is sharp too
        """canvas => {
            if (canvas.width < canvas.clientWidth) return false; // sharp once it rests
            const gl = canvas.getContext("webgl2"), bytes = new Uint8Array(4 * canvas.width * canvas.height);
            gl.readPixels(0, 0, canvas.width, canvas.height, gl.RGBA, gl.UNSIGNED_BYTE, bytes);
            return new Set(new Uint32Array(bytes.buffer)).size > 100;
        }""",
        arg=deep.element_handle(),
    )
    deep.focus()
    page.keyboard.press("ArrowRight")
    expect(deep).to_have_attribute("data-view", "-0.28 0.92 2.75 relief")
    page.keyboard.press("0")
    expect(deep).to_have_attribute("data-view", "-0.40 0.92 2.75 relief")
    box = deep.bounding_box()
    page.mouse.move(box["x"] + 100, box["y"] + 100)
    page.mouse.down()
    page.mouse.move(box["x"] + 200, box["y"] + 50)
    page.mouse.up()
    expect(deep).to_have_attribute("data-view", "0.40 0.52 2.75 relief")
    deep.evaluate(
        """canvas => {
            canvas.setPointerCapture = () => {};
            const touch = (type, pointerId, clientX) =>
                canvas.dispatchEvent(new PointerEvent(type, { pointerId, clientX, clientY: 9, pointerType: "touch" }));
            touch("pointerdown", 7, 100);
            touch("pointerdown", 8, 200);
            touch("pointermove", 8, 300);
            touch("pointerup", 7, 100);
            touch("pointerup", 8, 300);
        }"""
    )
    expect(deep).to_have_attribute("data-view", re.compile("0.40 0.52 1.60"))
    for form in ("solid", "points"):
        page.get_by_label(form).check(force=True)
        expect(deep).to_have_attribute("data-view", re.compile(form))
    page.get_by_label("image").check(force=True)
    expect(page.locator(".flat")).to_be_visible()


def test_the_map_moves_two_sliders_shows_what_they_would_give_and_mixes_no_two_digits(page):
    pad = page.locator(".pad")
    expect(pad).to_have_attribute("data-shown", re.compile("bundled"))
    (top, left), (bottom, right) = (middle(pixels(page, ".pad canvas", at)) for at in (0, 28 * 8))
    assert right - left == pytest.approx(6, abs=0.5)
    assert bottom - top == pytest.approx(6, abs=0.5)
    box = pad.bounding_box()
    pad.click(position={"x": box["width"] - 1, "y": box["height"] / 2})
    expect(page.locator(".stage")).to_have_attribute("data-shown", re.compile(r'"slant":2\.9'))
    pad.press("ArrowUp")
    expect(page.locator(".stage")).to_have_attribute("data-shown", re.compile('"thickness":0.1'))
    look = "canvas => canvas.toDataURL()"
    before, held = page.locator(".pad canvas").evaluate(look), []

    def hold_the_last_row(route):
        row = len((route.request.post_data_json or {}).get("z") or []) == 9
        held.extend([route] * row)
        if not row or len(held) < 9:
            route.continue_()

    page.route("**/api/generate", hold_the_last_row)
    page.locator(".digits").get_by_label("7").check(force=True)
    while len(held) < 9:
        page.wait_for_timeout(20)
    assert page.locator(".pad canvas").evaluate(look) == before
    held[-1].continue_()
    expect(pad).to_have_attribute("data-shown", re.compile('"digit":7'))
    assert page.locator(".pad canvas").evaluate(look) != before


def test_between_two_digits_plays_from_one_to_the_other(page):
    canvas = page.locator(".between canvas")
    expect(canvas).to_have_attribute("data-shown", re.compile("bundled"))
    assert pixels(page, ".between canvas") == pixels(page)
    way = page.get_by_label("Way from one to the other")
    page.locator(".between").get_by_role("button", name="Play").click()
    expect(way).not_to_have_value("0")
    page.locator(".between").get_by_role("button", name="Pause").click()
    expect(page.locator(".between").get_by_role("button", name="Play")).to_be_visible()
    page.get_by_label("To digit").select_option("8")
    expect(canvas).to_have_attribute("data-shown", re.compile('"8"]'))
    way.fill("23")
    end = pixels(page, ".between canvas")
    page.locator("input[name=seed]").fill("1")
    page.locator(".digits").get_by_label("8").check(force=True)
    shown(page, seed=1, digit=8)
    assert pixels(page) == end


def test_what_is_copied_as_python_makes_the_same_digits(start_server, open_page):
    server = start_server()
    page = open_page(server, permissions=["clipboard-read", "clipboard-write"])
    page.locator("input[name=seed]").fill("41")
    drag(page, "slant", [1.25])
    shown(page, seed=41, slant=1.25)
    page.get_by_role("button", name="Copy as Python").click()
    expect(page.get_by_text("Copy as Python: copied.")).to_be_visible()
    program = page.evaluate("navigator.clipboard.readText()")
    program += "import base64\nprint(base64.b64encode(images.tobytes()).decode())\n"
    environment = {**os.environ, "GANMNIST_HOME": str(server.home), "OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment, cwd="/")
    assert done.returncode == 0, done.stderr
    told, made = done.stdout.splitlines()
    assert told == "(6, 28, 28)"
    first = base64.b64decode(made)[:784]
    drawn = pixels(page)
    assert max(abs(PAPER + (INK - PAPER) * white / 255 - red) for white, red in zip(first, drawn, strict=True)) <= 1


def test_what_is_copied_as_grasshopper_sliders_has_the_values_of_those_that_are_set(open_page, server):
    page = open_page(server, permissions=["clipboard-read", "clipboard-write"])
    page.locator(".digits").get_by_label("8").check(force=True)
    page.locator("input[name=seed]").fill("4100")
    drag(page, "thickness", [-1.25])
    shown(page, digit=8, seed=4100, thickness=-1.25)
    page.get_by_role("button", name="Copy as Grasshopper sliders").click()
    expect(page.get_by_text("Copy as Grasshopper sliders: copied.")).to_be_visible()
    (clipboard,) = from_xml(page.evaluate("navigator.clipboard.readText()").encode()).chunks
    objects = clipboard.chunk("DefinitionObjects")
    found = {}
    for place, each in enumerate(objects.chunks):
        assert each.index == place
        kept = each.chunk("Container")
        slider = kept.chunk("Slider")
        found[kept.get("NickName")] = (slider.get("Min"), slider.get("Value"), slider.get("Max"))
    assert clipboard.name == "Clipboard"
    assert objects.get("ObjectCount") == len(objects.chunks)
    assert found == {
        "digit": (0, 8, 9),
        "thickness": (-3, -1.25, 3),
        "truncation": (0, 1, 2),
        "seed": (0, 4100, 4100),
        "count": (1, 6, 64),
    }


def test_every_kind_of_file_that_holds_a_form_can_be_kept_and_no_other(page, server):
    schema = server.call("GET", "/openapi.json")[1]["components"]["schemas"]["ExportRequest"]["properties"]
    page.get_by_role("button", name="Download").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Form", exact=True)).to_have_value("relief")
    pictures = {"png", "gif", "npy"}
    for form in schema["form"]["enum"]:
        dialog.get_by_label("Form", exact=True).select_option(form)
        offered = set(dialog.get_by_label("Format").evaluate("s => [...s].filter(o => !o.disabled).map(o => o.value)"))
        asked = {kind: {"form": form, "format": kind, "threshold": 0.5} for kind in schema["format"]["enum"]}
        taken = {kind for kind, body in asked.items() if server.raw("POST", "/api/export", body)[0] == 200}
        assert offered == (taken if form == "images" else taken - pictures), form
    for form, said in (("relief", True), ("solid", False)):
        dialog.get_by_label("Form", exact=True).select_option(form)
        dialog.get_by_label("Format").select_option("stl")
        expect(dialog.get_by_text("which cannot be printed; solid, voxels and extrusion can")).to_have_count(int(said))
    dialog.get_by_label("Form", exact=True).select_option("contours")
    dialog.get_by_label("Format").select_option("json")
    with page.expect_download() as kept:
        dialog.get_by_role("button", name="Download").click()
    assert kept.value.suggested_filename == "bundled-3-0.json"
    found = json.loads(kept.value.path().read_bytes())
    assert [len(found["digits"]), found["ganmnist"]["seed"]] == [6, 0]


def test_a_file_that_is_refused_is_refused_in_the_servers_words(open_page, server):
    page = open_page(server, clean=False)  # a refusal is a word on the console
    page.get_by_label("points").check(force=True)
    page.get_by_role("button", name="Download").click()
    expect(page.get_by_role("dialog").get_by_label("Form", exact=True)).to_have_value("points")
    page.route(
        "**/api/export",
        lambda route: route.continue_(post_data=json.dumps({**route.request.post_data_json, "format": "stl"})),
    )
    page.get_by_role("dialog").get_by_role("button", name="Download").click()
    expect(page.locator(".notice.bad")).to_contain_text("points cannot be written as .stl: choose .obj")
    page.unroute_all(behavior="wait")


def test_what_is_wrong_with_a_form_is_said_until_it_is_right(open_page, server):
    page = open_page(server, "#/play/bundled?count=1&form=voxels&height=0", clean=False)
    expect(page.locator(".wrong:not(:empty)")).to_contain_text("height")
    drag(page, "height", [3])
    expect(page.locator(".stage")).to_have_attribute("data-made", "voxels")
    expect(page.locator(".wrong:not(:empty)")).to_have_count(0)
