"""Terms on the page: explained at a touch and by keys, where they stand."""

import pytest
from playwright.sync_api import expect

from ganmnist.layers import LAYERS
from ganmnist.terms import TERMS

pytestmark = pytest.mark.timeout(120, func_only=True)


@pytest.fixture(scope="module")
def server(start_shared_server):
    return start_shared_server(mock=True)


def test_a_touch_on_a_word_explains_it_until_another_is_touched(open_page, server):
    page = open_page(server, "#/models", has_touch=True, viewport={"width": 390, "height": 844})
    said = page.locator(".explanation")
    fid = page.get_by_role("button", name="FID").first
    fid.tap()
    expect(said).to_contain_text(TERMS["FID"].says)
    box = said.bounding_box()
    assert (box["x"] >= 0, box["x"] + box["width"] <= 390) == (True, True)
    page.get_by_role("button", name="Seed", exact=True).tap()
    expect(said).to_contain_text(TERMS["seed"].says)
    expect(fid).to_have_attribute("aria-expanded", "false")
    page.get_by_role("heading", name="Compare").tap()
    expect(said).to_be_hidden()


def test_keys_open_and_close_it_and_the_word_stays_in_focus(open_page, server):
    page = open_page(server)
    said, word = page.locator(".explanation"), page.get_by_role("button", name="Truncation", exact=True)
    word.press("Enter")
    expect(said).to_contain_text(TERMS["truncation"].says)
    expect(word).to_have_attribute("aria-describedby", "explanation")
    page.keyboard.press("Escape")
    expect(said).to_be_hidden()
    expect(word).to_be_focused()
    word.press("Space")
    expect(said).to_be_visible()
    page.keyboard.press("Tab")
    expect(said).to_be_hidden()
    expect(page.get_by_label("Truncation", exact=True)).to_be_focused()


def test_help_texts_and_layers_have_their_terms_explained(open_page, server):
    page = open_page(server, "#/train")
    page.get_by_text("More settings").click()
    page.locator("summary", has_text="Networks").click()
    said = page.locator(".explanation")
    page.locator(".field", has=page.get_by_label("R1")).get_by_role("button", name="gradient").click()
    expect(said).to_contain_text(TERMS["gradient"].says)
    expect(page.locator(".kept", has_text="preset's").first).to_be_visible()  # so no line begins with 's
    page.get_by_role("button", name="MinibatchStd").click()
    expect(said).to_contain_text(LAYERS["MinibatchStd"].__doc__.split("\n")[0])
