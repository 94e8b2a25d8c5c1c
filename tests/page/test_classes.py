"""Classes have names on the page: where one is chosen, where one is said, and in what is taken along."""

import re

import pytest
from playwright.sync_api import expect

from ghpython_components.archive import from_xml

pytestmark = pytest.mark.timeout(120, func_only=True)


@pytest.fixture(scope="module")
def server(mock_with_trees):
    return mock_with_trees


def shown(page, words):
    expect(page.locator(".stage")).to_have_attribute("data-shown", re.compile(words))


def test_a_class_is_chosen_and_told_by_its_name_and_taken_along(open_page, server):
    page = open_page(server, "#/play/trees", permissions=["clipboard-read", "clipboard-write"])
    choices = page.get_by_role("radiogroup", name="Digit")
    expect(choices.locator("label")).to_have_text(["any", "ash", "elm", "oak"])
    shown(page, '"model":"trees","digit":"ash"')  # of bundled it was 3
    choices.get_by_label("oak").check(force=True)
    shown(page, '"digit":"oak"')
    expect(page.get_by_role("button", name="Sample 2, oak", exact=True)).to_be_visible()
    page.get_by_role("button", name="Copy as Python").click()
    expect(page.get_by_text("Copy as Python: copied.")).to_be_visible()
    assert 'GenerateConfig(digit="oak", ' in page.evaluate("navigator.clipboard.readText()")
    page.get_by_role("button", name="Copy as Grasshopper sliders").click()
    expect(page.get_by_text("Copy as Grasshopper sliders: copied.")).to_be_visible()
    (clipboard,) = from_xml(page.evaluate("navigator.clipboard.readText()").encode()).chunks
    kept = [each.chunk("Container") for each in clipboard.chunk("DefinitionObjects").chunks]
    (slider,) = [each.chunk("Slider") for each in kept if each.get("NickName") == "digit"]
    assert slider.get("Value") == 2, "a slider has numbers only"


def test_a_slider_moved_before_the_classes_are_known_asks_for_one_that_the_model_has(open_page, server):
    page = open_page(server, "#/models")
    held = []
    page.route("**/api/models*", lambda route: held.append(route))
    page.evaluate("location.hash = '#/play/trees'")
    page.locator("input[name=slant]").fill("1.5")
    page.route("**/api/models*", lambda route: route.continue_())
    for route in held:
        route.continue_()
    shown(page, '"model":"trees","digit":"ash".*"slant":1.5')


def test_the_way_to_another_class_is_chosen_by_its_name(open_page, server):
    page = open_page(server, "#/play/trees")
    other = page.get_by_label("To digit")
    expect(other.locator("option")).to_have_text(["the same", "ash", "elm", "oak"])
    with page.expect_request(lambda asked: (asked.post_data_json or {}).get("digit") == "elm"):
        other.select_option("elm")
    expect(page.locator(".between canvas")).to_have_attribute("data-shown", re.compile('"elm"]'))


def test_another_model_offers_its_own_classes(open_page, server):
    page = open_page(server, "#/play/trees")
    page.get_by_role("radiogroup", name="Digit").get_by_label("elm").check(force=True)
    shown(page, '"digit":"elm"')
    page.get_by_label("Model", exact=True).select_option("bundled")
    expect(page.get_by_role("radiogroup", name="Digit").locator("label")).to_have_text(["any", *"0123456789"])
    shown(page, '"model":"bundled","digit":0')
    expect(page.get_by_role("button", name="Sample 1, a 0", exact=True)).to_be_visible()
    expect(page.get_by_label("To digit").locator("option")).to_have_text(["the same", *"0123456789"])


def test_a_drawing_is_found_as_a_class_by_its_name_and_play_goes_on_with_it(open_page, server):
    page = open_page(server, "#/draw")
    page.get_by_role("combobox", name="Model").select_option("trees")
    page.locator(".easel canvas").click()
    expect(page.locator(".verdict")).to_have_text(re.compile(r"^(perhaps )?(ash|elm|oak) \(likeness "))
    name = re.search("ash|elm|oak", page.locator(".verdict").inner_text())[0]
    page.get_by_role("button", name="Play with it").click()
    shown(page, f'"digit":"{name}"')
    expect(page.get_by_role("radiogroup", name="Digit").get_by_label(name)).to_be_checked()


def test_the_list_of_models_names_classes_and_two_are_compared_by_what_either_knows(open_page, server):
    page = open_page(server, "#/models")
    expect(page.locator("li[data-name=trees]")).to_contain_text("ash, elm, oak")
    expect(page.locator("li[data-name=bundled]")).not_to_contain_text("0, 1")
    page.get_by_label("Left", exact=True).select_option("trees")
    page.get_by_label("Right", exact=True).select_option("bundled")
    choices = page.get_by_role("radiogroup", name="Digit")
    expect(choices.locator("label")).to_have_text(["any", "ash", "elm", "oak", *"0123456789"])

    def asks(model, digit):
        def is_it(asked):
            body = asked.post_data_json or {} if asked.url.endswith("/generate") else {}
            return body.get("count") == 6 and body.get("model") == model and body.get("digit") == digit

        return is_it

    with page.expect_request(asks("trees", "elm")), page.expect_request(asks("bundled", None)):
        choices.get_by_label("elm").check(force=True)
    expect(page.get_by_text("bundled has no class elm, so any are shown.")).to_be_visible()
