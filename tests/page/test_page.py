"""The page as a whole: its token, its server gone and back, hostile words, and everybody who uses it."""

import re

import pytest
from playwright.sync_api import expect

from tests.page.accessibility import serious

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120, func_only=True)]
SHOWN = re.compile('"model":"bundled"')


@pytest.fixture(scope="module")
def server(start_shared_server, make_model):
    server = start_shared_server(mock=True)
    make_model(server, "named")
    return server


def test_the_token_leaves_the_address_at_once_and_outlives_a_reload(open_page, server):
    page = open_page(server)
    assert server.token not in page.url
    assert server.token not in page.evaluate("JSON.stringify(history.state) + document.documentElement.outerHTML")
    page.reload()
    expect(page.locator(".stage")).to_have_attribute("data-shown", SHOWN)


def test_without_a_token_the_page_says_how_to_get_one_and_takes_it(browser, server):
    context = browser.new_context()
    page = context.new_page()
    page.goto(server.url)
    expect(page.get_by_text("ganmnist-server open")).to_be_visible()
    page.get_by_label("Or paste the token").fill(f"  {server.token} ")
    page.get_by_role("button", name="Go on").click()
    expect(page.locator(".stage")).to_have_attribute("data-shown", SHOWN)
    context.close()


def test_a_server_that_went_away_is_told_of_and_carried_on_with(start_server, open_page):
    first = start_server(mock=True)
    page = open_page(first, clean=False)
    expect(page.locator(".stage")).to_have_attribute("data-shown", SHOWN)
    first.kill()
    page.get_by_role("button", name="Next seed").click()
    expect(page.locator("#trouble")).to_contain_text("ganmnist-server serve")
    start_server(home=first.home, mock=True, port=first.port)
    expect(page.locator("#trouble")).to_be_hidden()
    expect(page.locator(".stage")).to_have_attribute("data-shown", re.compile('"seed":1'))


def test_a_page_scrolled_down_shows_that_the_server_is_away_and_its_run_not_current(start_server, open_page):
    first = start_server(mock=True)
    first.start_run(model="mock-interrupted")
    page = open_page(first, "#/train", clean=False, viewport={"width": 700, "height": 400})
    expect(page.locator(".run .lead")).not_to_be_empty()
    first.kill()
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    expect(page.locator("#trouble")).to_be_in_viewport(ratio=1)
    assert page.evaluate("scrollY") > 200
    expect(page.locator(".run")).to_contain_text("Not current: so it stood when the server last answered.")
    start_server(home=first.home, mock=True, port=first.port)
    expect(page.locator("#trouble")).to_be_hidden()
    expect(page.get_by_text("Not current")).to_be_hidden()
    expect(page.locator("#view")).to_contain_text("Nothing has been trained yet")  # the mock forgets with its process


def test_a_page_whose_token_was_changed_while_the_server_was_away_asks_for_another_and_tells_nobody(
    start_server, open_page
):
    first = start_server(mock=True)
    page = open_page(first, clean=False)
    expect(page.locator(".stage")).to_have_attribute("data-shown", SHOWN)
    first.kill()
    page.get_by_role("button", name="Next seed").click()
    expect(page.locator("#trouble")).to_be_visible()
    (first.home / "owner.json").unlink()
    second = start_server(home=first.home, mock=True, port=first.port)
    expect(page.get_by_text("The server does not know this page's token")).to_be_visible()
    expect(page.locator("#trouble")).to_be_hidden()
    assert '"status": 401' not in (second.home / "server.log").read_text()
    page.get_by_label("Or paste the token").fill(f"{second.url}/#token={second.token}")
    page.get_by_role("button", name="Go on").click()
    expect(page.locator(".stage")).to_have_attribute("data-shown", re.compile('"seed":1'))


def test_a_server_that_is_out_of_reach_for_a_moment_is_back_by_itself(open_page, server):
    page = open_page(server, clean=False)
    expect(page.locator(".stage")).to_have_attribute("data-shown", SHOWN)
    page.context.set_offline(True)
    page.get_by_role("button", name="Next seed").click()
    expect(page.locator("#trouble")).to_be_visible()
    page.context.set_offline(False)
    expect(page.locator("#trouble")).to_be_hidden()
    expect(page.locator(".stage")).to_have_attribute("data-shown", re.compile('"seed":1'))


@pytest.mark.parametrize("address", ["#/constructor", "#/toString", "#/__proto__/x", "#/valueOf"])
def test_an_address_of_no_view_leaves_the_page_as_it_was(open_page, server, address):
    page = open_page(server)
    expect(page.locator(".stage")).to_have_attribute("data-shown", SHOWN)
    page.evaluate("address => { location.hash = address; }", address)
    page.evaluate("location.hash = '#/models'")
    expect(page.get_by_role("heading", name="Models")).to_be_visible()
    page.evaluate("address => { location.hash = address; }", address)
    expect(page.locator("nav a[aria-current=page]")).to_have_text("Models")


@pytest.mark.parametrize("address", ["#/play/%", "#/play/%E0%A4%A", "#/train/from/%"])
def test_an_address_that_says_nothing_is_taken_for_none(open_page, server, address):
    page = open_page(server, address)
    view = "Play" if "play" in address else "Train"
    expect(page.locator("nav a[aria-current=page]")).to_have_text(view)
    if view == "Play":
        expect(page.locator(".stage")).to_have_attribute("data-shown", SHOWN)


HOSTILE = "<img src=x onerror=document.title='owned'><script>document.title='owned'</script>"


def test_words_from_outside_are_shown_as_words(open_page, server):
    def poison(route):
        reply = route.fetch()
        body = reply.json()
        for model in body.get("models", []):
            model["data"] = HOSTILE
            if model["name"] == "named":
                model["name"] = HOSTILE
        for each in body.get("runs", []):
            each.update(model=HOSTILE, text=HOSTILE)
        if "run" in body:
            body["run"].update(model=HOSTILE, text=HOSTILE, problem=HOSTILE, warnings=[HOSTILE])
        route.fulfill(response=reply, json=body)

    page = open_page(server, "#/models", clean=False)
    for path in ("**/api/models?*", "**/api/runs?*", "**/progress?*"):
        page.route(path, poison)
    page.route("**/events?*", lambda route: route.fulfill(status=503, json={"error": {}}))
    for view, place in (
        ("#/train", ".problem"),
        ("#/train", ".remark"),
        ("#/models", ".models strong"),
        ("#/play", ".field .help"),
    ):
        page.evaluate("view => { location.hash = view; }", view)
        expect(page.locator(place).first).to_contain_text(HOSTILE)
    assert page.title() == "Play - ganmnist"
    assert page.locator("main img, main script").count() == 0
    page.unroute_all(behavior="wait")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_serious_stands_in_anybodys_way(open_page, server, scheme):
    page = open_page(server, "#/train", color_scheme=scheme)
    for view, ready in (
        ("#/train", ".film canvas"),
        ("#/play", ".thumbs canvas"),
        ("#/draw", ".easel .empty"),
        ("#/models", ".models .strip"),
        ("#/learn", ".lesson .still canvas"),
    ):
        page.evaluate("view => { location.hash = view; }", view)
        expect(page.locator(ready).first).to_be_visible()
        for details in page.locator("summary").all():
            details.click()
        assert serious(page) == []


def test_black_and_white_of_an_image_are_the_same_by_day_and_by_night(open_page, server):
    page = open_page(server)
    expect(page.locator(".stage")).to_have_attribute("data-shown", SHOWN)
    drawn = "document.querySelector('.thumbs canvas').toDataURL()"
    by_day = page.evaluate(drawn)
    page.emulate_media(color_scheme="dark")
    page.reload()
    expect(page.locator(".stage")).to_have_attribute("data-shown", SHOWN)
    assert page.evaluate(drawn) == by_day


def test_an_idle_page_hears_that_its_token_was_renewed(start_server, open_page):
    server = start_server(mock=True)
    page = open_page(server, clean=False)
    expect(page.locator(".stage")).to_have_attribute("data-shown", SHOWN)
    page.clock.install()
    page.reload()
    expect(page.locator(".stage")).to_have_attribute("data-shown", SHOWN)
    assert server.call("POST", "/api/server/token")[0] == 200
    page.clock.run_for(31_000)
    expect(page.get_by_text("The server does not know this page's token")).to_be_visible()


# What stands in a sentence is as high as its line; a choice of a few lies under the word that is pressed.
SMALL = """() => [...document.querySelectorAll("main :is(button:not(.term), a.button, select, summary, input), nav a")]
    .filter((each) => each.checkVisibility() && !["radio", "file"].includes(each.type))
    .map((each) => [each.outerHTML.slice(0, 90), each.getBoundingClientRect()])
    .filter(([, { width, height }]) => width && (height < 43.5 || width < 43.5)).map(([html]) => html)"""


@pytest.mark.parametrize("view", ["#/train", "#/play", "#/draw", "#/models", "#/learn"])
def test_nothing_is_wider_than_a_phone_nor_too_small_for_a_finger(open_page, server, view):
    page = open_page(server, view, viewport={"width": 360, "height": 740})
    expect(page.locator("main canvas").first).to_be_attached()
    if view == "#/train":
        expect(page.locator(".film-bar")).to_be_visible()  # of the run that has ended
    assert page.evaluate(SMALL) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    wide = "main *:not(.scroll *):not(.hidden)"
    edges = page.evaluate(f"[...document.querySelectorAll('{wide}')].map(e => e.getBoundingClientRect().right)")
    assert max(edges) <= 361


def test_on_a_phone_the_digit_stays_in_sight_and_the_page_scrolls_over_it(open_page, server):
    page = open_page(server, "#/play", has_touch=True, viewport={"width": 390, "height": 844})
    expect(page.locator(".stage")).to_have_attribute("data-shown", SHOWN)
    expect(page.locator(".peek")).to_be_hidden()
    for place in (".deep", ".pad"):
        expect(page.locator(place)).to_have_css("touch-action", "pan-y")
    page.locator("input[name=size]").scroll_into_view_if_needed()
    page.evaluate("document.querySelector('input[name=truncation]').scrollIntoView({ block: 'start' })")
    expect(page.locator(".peek")).to_be_in_viewport(ratio=1)
    before = page.locator(".peek").evaluate("canvas => canvas.toDataURL()")
    page.locator("input[name=seed]").fill("3")
    expect(page.locator(".stage")).to_have_attribute("data-shown", re.compile('"seed":3'))
    assert page.locator(".peek").evaluate("canvas => canvas.toDataURL()") != before


def test_all_of_it_can_be_reached_by_keys(open_page, server):
    page = open_page(server)
    expect(page.locator(".stage")).to_have_attribute("data-shown", SHOWN)
    seen = set()
    page.locator("body").press("Tab")
    for _ in range(60):
        seen.add(
            page.evaluate(
                "document.activeElement.name || document.activeElement.className || document.activeElement.text"
            )
        )
        page.keyboard.press("Tab")
    assert {"skip", "Train", "Models", "deep", "pad", "slant", "truncation", "seed", "count"} <= seen
