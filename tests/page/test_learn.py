"""Learn: one training step taken apart, of a training under way and of models, in a real browser."""

import json
import re

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120, func_only=True)]

SHOWN = "JSON.parse(document.querySelector('.learn').dataset.shown)"


@pytest.fixture(scope="module")
def server(start_shared_server):
    return start_shared_server()


@pytest.fixture(scope="module")
def mock(start_shared_server, make_model):
    server = start_shared_server(mock=True)
    make_model(server, "judged")
    return server


def shown(page):
    """Return what is shown, as soon as something is."""
    expect(page.locator(".learn")).to_have_attribute("data-shown", re.compile("step"))
    return json.loads(page.locator(".learn").get_attribute("data-shown"))


def pixels(page, name):
    return page.get_by_role("img", name=name, exact=False).first.evaluate("canvas => canvas.toDataURL()")


def test_a_training_under_way_is_taken_apart_as_it_goes_on_until_it_is_held(server, open_page, endless):
    run = server.start_run(model="growing", **endless)
    page = open_page(server, f"#/learn/run/{run['id']}")
    assert shown(page)["model"] == "growing"
    expect(page.locator(".chip")).to_have_text("live")
    expect(page.get_by_text("takes the fake for real with")).to_have_count(0)
    page.get_by_label("3 Judgement").check(force=True)
    expect(page.get_by_text("It takes the fake for real with")).to_be_visible()
    expect(page.locator(".part-discriminator")).to_have_attribute("data-on", "")
    expect(page.locator(".verdict-bar output").first).to_have_text(re.compile("% real"))
    before = shown(page)["step"]
    page.wait_for_function(
        "before => JSON.parse(document.querySelector('.learn').dataset.shown).step > before", arg=before
    )
    page.get_by_role("button", name="Hold").click()
    expect(page.locator(".chip")).to_have_text("held")
    held = shown(page)["step"]
    page.wait_for_timeout(2700)  # after which it would have looked again
    assert shown(page)["step"] == held
    server.call("POST", f"/api/runs/{run['id']}/stop")
    server.wait_for_run(run["id"], "stopped", seconds=5)
    page.get_by_role("button", name="Hold").click()
    expect(page.locator(".chip")).to_be_hidden()
    assert shown(page)["step"] > held
    expect(page.get_by_text("The training has ended: stopped")).to_be_visible()


def test_what_is_gone_is_said_and_nothing_else_shown_for_it(mock, open_page, make_model):
    make_model(mock, "lost")
    (run,) = mock.call("GET", "/api/runs?model=lost")[1]["runs"]
    assert mock.call("DELETE", "/api/models/lost")[0] == 200
    page = open_page(mock, "#/learn/lost", clean=False)  # a refusal is a word on the console
    expect(page.get_by_text("There is no model lost any more, so bundled is shown.")).to_be_visible()
    assert shown(page)["model"] == "bundled"
    page.goto(f"{mock.url}/#/learn/run/{run['id']}")
    expect(page.locator(".remark")).to_contain_text("There is no model of it to show.")
    expect(page.locator(".scene")).to_be_hidden()
    page.goto(f"{mock.url}/#/learn/bundled")
    expect(page.locator(".scene")).to_be_visible()
    page.goto(f"{mock.url}/#/learn/run/")
    page.wait_for_url(re.compile("#/learn/(bundled|judged)$"))
    page.goto(f"{mock.url}/#/learn/run/nonsense")
    expect(page.locator(".wrong:not(:empty)")).to_be_visible()
    expect(page.locator(".scene")).to_be_hidden()


def test_a_model_that_came_as_a_file_shows_its_generator_and_says_what_to_do_for_the_rest(server, open_page):
    page = open_page(server, "#/learn/bundled")
    assert (shown(page)["model"], shown(page)["digit"]) == ("bundled", 3)
    expect(page.locator(".remark")).to_contain_text("came as a file")
    expect(page.get_by_role("button", name="Train two minutes and watch both")).to_be_visible()
    expect(page.get_by_text("There is no discriminator to show")).to_be_visible()
    table = page.get_by_role("region", name="Generator, layer by layer")
    rows = server.call("POST", "/api/networks/check", {"model": "bundled"})[1]["generator"]["rows"]
    expect(table.locator(".layer-column strong")).to_have_text([row["layer"] for row in rows])
    fake, real = pixels(page, "The fake"), pixels(page, "A real one")
    page.get_by_role("button", name="Another real").click()
    page.wait_for_function(f"() => {SHOWN}.real === 1")
    assert (pixels(page, "The fake"), pixels(page, "A real one") == real) == (fake, False)
    page.get_by_label("Class").select_option("7")
    expect(page.get_by_role("img", name="The fake, to be a 7")).to_be_visible()
    expect(page.get_by_role("img", name="A real one, a 7")).to_be_visible()
    table.get_by_role("button", name=re.compile("^Conv2D: 1 x 28 x 28")).click()
    expect(page.locator(".closely figcaption")).to_contain_text("1 of 1 feature maps")


def test_the_stages_of_a_step_lead_from_z_to_the_next_step(mock, open_page):
    page = open_page(mock, "#/learn/judged")
    first = shown(page)
    said = []
    for _ in range(6):
        said.append(page.locator(".says").text_content())
        assert page.locator("[data-on]").count() >= 1
        page.locator(".stages .primary").click()
    assert [words.split(",")[0] for words in said[:2]] == [
        "A step begins with chance: a latent vector",
        "The generator makes an image of it",
    ]
    assert len({*said}) == 6
    answer = mock.call(
        "POST", "/api/networks/anatomy", {name: first[name] for name in ("model", "digit", "seed", "real")}
    )
    judging = answer[1]["judging"]
    assert f"Its loss, {judging['loss']:.2f} for these two" in said[3]
    assert f"Its loss, {judging['lesson']['loss']:.2f}, is how surely" in said[4]
    page.wait_for_function(
        "seed => JSON.parse(document.querySelector('.learn').dataset.shown).seed !== seed", arg=first["seed"]
    )
    expect(page.locator(".says")).to_have_text(said[0])
    expect(page.get_by_text("chapter 2")).to_be_visible()


def test_on_a_phone_the_stage_stands_right_above_the_part_it_is_about(mock, open_page):
    page = open_page(mock, "#/learn/judged", viewport={"width": 390, "height": 844})
    shown(page)
    for _ in range(4):
        page.get_by_role("button", name="Next", exact=True).click()
        expect(page.get_by_role("button", name="Next", exact=True)).to_be_focused()
        expect(page.locator(".stages + :is([data-on], :has([data-on]))")).to_be_in_viewport()


def test_the_gradient_is_blue_where_more_ink_would_pass_and_orange_where_less_would(mock, open_page):
    page = open_page(mock, "#/learn/judged")
    assert shown(page)
    colours = """canvas => {
        const { data } = canvas.getContext("2d").getImageData(0, 0, 28, 28);
        return Array.from({ length: 784 }, (_, at) => [...data.subarray(4 * at, 4 * at + 3)]);
    }"""
    tints = page.get_by_role("img", name="Gradient at the pixels").evaluate(colours)
    fake, real = (page.get_by_role("img", name=name).first.evaluate(colours) for name in ("The fake", "A real one"))
    more_ink = [
        before[0] - after[0] for before, after in zip(fake, real, strict=True)
    ]  # in the real one than in the fake
    seen = set()
    for tint, more in zip(tints, more_ink, strict=True):
        if abs(more) > 30:  # the mock has its gradient lead to the real one
            seen.add(more > 0)
            assert (tint[2] > tint[0]) == (more > 0)
    assert seen == {True, False}


def test_a_short_training_is_started_and_waited_for(mock, open_page):
    page = open_page(mock, "#/learn/bundled")
    page.get_by_role("button", name="Train two minutes and watch both").click()
    expect(page.locator(".remark")).to_contain_text("The training has begun")
    page.wait_for_function("() => /#\\/learn\\/digits-/.test(location.hash)")
    run = mock.call("GET", "/api/runs?limit=1")[1]["runs"][0]
    assert (run["settings"]["preset"], run["settings"]["seconds"]) == ("fast", 120)
    expect(page.locator(".verdict-bar output").first).to_have_text(re.compile("% real"))
