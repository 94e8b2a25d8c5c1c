"""The queue on the page: one's own runs with their names, others' as places; and no button that may not be used."""

import re

import pytest
from playwright.sync_api import expect

from bridge_server.access import tokens
from bridge_server.access.roles import Role

pytestmark = pytest.mark.timeout(120, func_only=True)


@pytest.fixture
def as_one(start_server, open_page):
    """Open the page of a mock as somebody of a class: as_one(name, role, view) returns page and server."""
    server = start_server(mock=True)
    owner = server.token

    def open_one(name, role, view, before=lambda server: None):
        before(server)
        server.token = tokens.add(server.home, name, role)
        page = open_page(server, view)
        server.token = owner
        return page, server

    return open_one


def press(server, model):
    assert server.call("POST", "/api/runs", {"model": model})[0] == 201


def test_a_student_sees_places_of_others_and_names_of_their_own_alone(as_one):
    def others(server):
        for number in range(8):
            press(server, f"secret-{number}")

    page, _ = as_one("anna", Role.STUDENT, "#/train", others)
    queue = page.get_by_role("region", name="Queue")
    expect(queue).to_contain_text("somebody else's")
    page.locator("input[name=model]").fill("hers")
    page.get_by_role("button", name="Start training").click()
    expect(queue.get_by_role("link", name="hers")).to_contain_text(re.compile("in the queue, about|under way"))
    expect(page.locator(".run .lead")).to_have_text(re.compile("1st in the queue, about 10 seconds|left"))
    expect(page.locator(".list a")).to_have_count(1)
    expect(page.get_by_text("secret")).to_have_count(0)


def test_a_teacher_sees_whose_each_run_is(as_one):
    page, server = as_one("tom", Role.TEACHER, "#/train", lambda server: press(server, "digits"))
    expect(page.locator(".list a")).to_contain_text("digits of owner")
    expect(page.get_by_role("button", name="Stop")).to_be_visible()


def test_a_viewer_is_offered_nothing_that_starts_sends_or_stops(as_one):
    page, _ = as_one("vera", Role.VIEWER, "#/train", lambda server: press(server, "digits"))
    expect(page.get_by_role("region", name="Queue")).to_contain_text("somebody else's")
    expect(page.locator("[name=seconds]")).to_be_visible()
    for button in ("Start training", "Stop", "Resume", "Load MNIST now", "Choose pictures"):
        expect(page.get_by_role("button", name=button)).to_have_count(0)
    expect(page.get_by_role("group", name="Own pictures")).to_have_count(0)


def test_models_are_changed_by_whose_they_are_alone(as_one, make_model):
    page, server = as_one("anna", Role.STUDENT, "#/models", lambda server: make_model(server, "owners"))
    expect(page.get_by_role("button", name="Export owners")).to_be_visible()
    for button in ("Rename owners", "Delete owners", "Import a model"):
        expect(page.get_by_role("button", name=button)).to_have_count(0)
