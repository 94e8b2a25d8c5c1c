"""Sweeps on the page: started from the form, seen as one row and one table, and stopped."""

import re

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120, func_only=True)]


@pytest.fixture
def train(start_server, open_page):
    """Open Train of a mock with so many slots: its page and its server."""

    def open_one(slots, **options):
        server = start_server(mock=True, options=("--slots", str(slots)))
        return open_page(server, "#/train", **options), server

    return open_one


def fill(page, seeds, setting=None, values=""):
    page.get_by_text("Several at once").click()
    page.get_by_label("Seeds").fill(str(seeds))
    if setting:
        page.get_by_label("Setting", exact=True).select_option(setting)
        page.get_by_label("Values").fill(values)


def test_several_seeds_and_values_are_one_row_and_one_table_with_the_best_first(train):
    page, server = train(8)
    page.locator("input[name=model]").fill("many")
    fill(page, 2, "learning_rate", "0.001, 0.002")
    page.get_by_role("button", name="Start 4 trainings").click()
    panel = page.get_by_role("region", name="Sweep", exact=True)
    expect(panel.locator("tbody tr")).to_have_count(4)
    expect(page.locator(".list a")).to_have_count(1)
    expect(page.locator(".list a")).to_contain_text(re.compile("many . 4"))
    expect(panel.locator(".chip")).to_have_text("ended")
    expect(panel.locator("tbody tr").first).to_have_class("best")
    expect(panel.locator("tbody tr").first).to_contain_text(re.compile("many.*best"))
    expect(panel.locator("tbody canvas:visible")).to_have_count(4)
    expect(panel).to_contain_text("The best has FID")
    page.set_viewport_size({"width": 390, "height": 844})
    for cell in panel.locator("tbody tr").first.locator(":scope > *").all():
        box = cell.bounding_box()
        assert box["x"] >= 0, box
        assert box["x"] + box["width"] <= 390, box
    expect(panel.locator("tbody .state").first).to_be_in_viewport()
    page.set_viewport_size({"width": 1280, "height": 720})
    (sweep,) = server.call("GET", "/api/sweeps")[1]["sweeps"]
    assert sweep["axes"] == {"seed": [0, 1], "learning_rate": [0.001, 0.002]}
    panel.get_by_role("link", name="many-2").click()
    expect(page.get_by_role("region", name="Training", exact=True)).to_contain_text("many-2")
    page.get_by_role("link", name="All trainings of its sweep").click()
    expect(panel).to_be_visible()


def test_a_sweep_is_stopped_as_a_whole(train):
    page, server = train(1)
    fill(page, 5)
    page.get_by_role("button", name="Start 5 trainings").click()
    panel = page.get_by_role("region", name="Sweep", exact=True)
    page.goto(f"{server.url}/#/")  # where one starts: at what is under way
    expect(panel.locator("tbody tr")).to_have_count(5)
    panel.get_by_role("button", name="Stop all").click()
    expect(panel.locator("tbody .state", has_text="stopped")).to_have_count(5)
    assert server.call("GET", "/api/server")[1]["queued"] == 0


def test_what_is_wrong_with_a_sweep_is_said_beside_its_fields(train):
    page, _ = train(1, clean=False)  # a refusal is a word on the console
    fill(page, 1, "learning_rate", "0.001 5")
    page.get_by_role("button", name="Start 2 trainings").click()
    expect(page.locator(".sweep-form .wrong")).to_contain_text("must be at most 0.1, got 5")
    page.get_by_label("Values").fill("0.001")
    expect(page.locator(".sweep-form .wrong")).to_be_empty()
    page.get_by_label("Values", exact=True).fill("0.001")
    page.get_by_role("button", name="Start training").click()
    expect(page.locator(".sweep-form .wrong")).to_contain_text("has one value, the same for all")
    expect(page.get_by_role("button", name="Start training")).to_be_visible()
