"""Draw: what is drawn, with a mouse, a finger or a file, is found again, and Play goes on with it."""

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from bridge_server.backends.mock.digits import digit

pytestmark = pytest.mark.timeout(120, func_only=True)
PAPER, INK = 0xFB, 0x1E  # the red of both in page.css


@pytest.fixture(scope="module")
def server(start_shared_server):
    return start_shared_server(mock=True)


@pytest.fixture
def page(open_page, server):
    page = open_page(server, "#/draw")
    expect(page.get_by_text("Draw a digit here")).to_be_visible()
    return page


def stroke(page, *corners, lift=True):
    box = page.locator(".easel canvas").bounding_box()
    for place, (x, y) in enumerate(corners):
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
        if not place:
            page.mouse.down()
    if lift:
        page.mouse.up()


def verdict(page, text):
    expect(page.locator(".verdict")).to_contain_text(re.compile(text))


def white(page, selector):
    """How white the 28 x 28 pixels of a canvas are, 0 to 255, as its ink on paper tells."""
    grey = page.locator(selector).first.evaluate(
        """canvas => {
            const pen = new OffscreenCanvas(28, 28).getContext("2d", { willReadFrequently: true });
            pen.drawImage(canvas, 0, 0);
            return [...pen.getImageData(0, 0, 28, 28).data].filter((_, at) => at % 4 === 0);
        }"""
    )
    return (PAPER - np.array(grey).reshape(28, 28)) * 255 / (PAPER - INK)


def picture(image, mode="L"):
    """A file as a browser would upload it: the digit ten times as large, not square, in the upper left of it."""
    large = np.zeros((280, 400), np.uint8)
    large[:, :280] = np.kron(image, np.ones((10, 10), np.uint8))
    made = Image.fromarray(255 - large)
    if mode == "LA":
        made = Image.merge("LA", [Image.new("L", made.size), Image.fromarray(large)])
    file = io.BytesIO()
    made.save(file, "PNG")
    return {"name": "digit.png", "mimeType": "image/png", "buffer": file.getvalue()}


def test_the_nearest_digit_shows_up_before_the_pen_is_lifted_and_goes_with_the_drawing(page):
    stroke(page, (0.67, 0.2), (0.67, 0.8), lift=False)
    verdict(page, r"^(perhaps )?a 1 \(likeness \d\.\d\d, mean squared error 0\.\d{3}\)$")
    assert white(page, ".result canvas") == pytest.approx(digit(1).astype(float), abs=2)
    assert white(page, ".reading canvas")[6:22, 12:16].max(1) == pytest.approx(255, abs=60), "drawn to the right"
    page.mouse.up()
    stroke(page, (0.33, 0.2), (0.33, 0.5), (0.67, 0.5))
    verdict(page, "a 4 ")
    page.get_by_role("button", name="Undo").click()
    verdict(page, "a 1 ")
    page.get_by_role("button", name="Clear").click()
    verdict(page, "^Draw one large digit")
    assert not white(page, ".result canvas").any()
    for button in ("Undo", "Clear", "Play with it"):
        expect(page.get_by_role("button", name=button)).to_be_disabled()


def test_one_search_is_under_way_and_the_last_drawing_wins(page):
    told = []  # of each search, that it has begun, and that it is answered

    def tell(what):
        return lambda event: event.url.endswith("/api/latents/invert") and told.append(what)

    def late(route):
        page.wait_for_timeout(400)
        route.continue_()

    page.on("request", tell("begun"))
    page.on("response", tell("answered"))
    page.route("**/api/latents/invert", late)
    with page.expect_request("**/api/latents/invert"):
        stroke(page, (0.33, 0.2), (0.67, 0.2), lift=False)
    for height in (0.3, 0.4, 0.5, 0.6, 0.7, 0.8):
        stroke(page, (0.67, height), lift=False)
        expect(page.locator(".verdict")).to_have_text("Looking …")
    page.mouse.up()
    verdict(page, "a 7 ")
    page.unroute_all(behavior="wait")
    assert len(told) < 2 * 7, "what came while one was under way is passed over"
    assert told == ["begun", "answered"] * (len(told) // 2)


def test_what_is_drawn_before_the_models_are_listed_is_looked_for_once_they_are(open_page, server):
    page = open_page(server)
    held = []
    page.route("**/api/models*", lambda route: held.append(route))
    page.get_by_role("link", name="Draw", exact=True).click()
    stroke(page, (0.67, 0.2), (0.67, 0.8))
    page.wait_for_timeout(400)  # longer than a pen has to rest
    page.route("**/api/models*", lambda route: route.continue_())
    with page.expect_request("**/api/latents/invert") as asked:
        for route in held:
            route.continue_()
    assert asked.value.post_data_json["model"] == "bundled"
    verdict(page, "a 1 ")


def test_a_picture_of_any_shape_is_drawn_from_a_file_dark_on_light_or_cut_out(page):
    for mode in ("L", "LA"):
        page.get_by_label("Picture").set_input_files(picture(digit(4), mode))
        verdict(page, "a 4 ")
        page.get_by_role("button", name="Clear").click()
        verdict(page, "^Draw one large digit")
    for content, sentence in (
        (b"no picture", "is no picture"),
        (picture(0 * digit(4))["buffer"], "Nothing stands out"),
    ):
        page.get_by_label("Picture").set_input_files({**picture(digit(4)), "buffer": content})
        expect(page.get_by_role("alert").filter(has_text=sentence)).to_be_visible()


@pytest.mark.parametrize(("paper", "ink"), [(120, 30), (150, 40), (180, 151), (70, 200)])
def test_a_photo_on_paper_of_any_grey_is_drawn_however_it_is_lit(page, paper, ink):
    covered = np.kron(digit(4), np.ones((10, 10))) / 255
    y, x = np.mgrid[0:280, 0:280] / 280 - 0.5
    lit = (paper * (1 - covered) + ink * covered) * (1 + 0.2 * x + 0.1 * y)
    photo = lit + np.random.default_rng(1).normal(0, 1.5, lit.shape)
    file = io.BytesIO()
    Image.fromarray(photo.clip(0, 255).astype(np.uint8)).save(file, "JPEG", quality=85)
    page.get_by_label("Picture").set_input_files({"name": "a.jpg", "mimeType": "image/jpeg", "buffer": file.getvalue()})
    verdict(page, "a 4 ")


def test_a_finger_draws_and_play_goes_on_with_the_vector_that_was_found(open_page, server):
    page = open_page(server, "#/draw", has_touch=True, viewport={"width": 390, "height": 844})
    z = np.zeros(74, "<f4")
    z[0], z[5], z[64 + 6] = 2, 0.12345679, 1
    sliders = {"slant": 2.0, "thickness": -1.25, "width": 0.0, "size": 4.5}

    def answer(route):
        reply = route.fetch()
        told = {"digit": 6, "class_name": "6", "text": "a 6"}
        found = {"z": base64.b64encode(z.tobytes()).decode(), "sliders": sliders, **told}
        route.fulfill(response=reply, json={**reply.json(), **found})

    page.route("**/api/latents/invert", answer)
    page.locator(".easel canvas").tap()
    verdict(page, "a 6 ")
    page.unroute_all(behavior="wait")

    def draws_one(request):  # the map of Play asks too, for many
        return request.url.endswith("/generate") and len(request.post_data_json.get("z", ())) == 1

    with page.expect_request(draws_one) as asked:
        page.get_by_role("button", name="Play with it").click()
        assert "z=1x74." in page.url, "it leads there from the first moment on"
    body = asked.value.post_data_json
    assert np.array_equal(np.array(body["z"], np.float32), z[None])
    assert not sliders.keys() & body.keys(), "they stand where the digit is"
    expect(page.locator("input[name=slant]")).to_have_value("2")
    assert page.evaluate("scrollY") == 0
    expect(page.locator(".stage")).to_have_attribute("data-shown", re.compile(r'"z":\[\['))
    assert white(page, ".thumbs canvas") == pytest.approx(digit(6, right=2).astype(float), abs=2)
    page.get_by_role("button", name="Next seed").click()
    expect(page.locator(".stage")).to_have_attribute("data-shown", re.compile('"z":null'))
    expect(page.get_by_text("From your drawing")).to_be_hidden()
