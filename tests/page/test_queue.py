"""The queue on the page: one's own runs with their names, others' as places; and no button that may not be used."""

import re

import pytest
from playwright.sync_api import expect

from bridge_server.access import tokens
from bridge_server.access.roles import Role

pytestmark = pytest.mark.timeout(120, func_only=True)


@pytest.fixture
def as_one(start_server, open_page):
    """Open the page of a mock as somebody of a class, while trainings of the owner's wait: as_one(name, role, view)."""
    server = start_server(mock=True)

    def open_one(name, role, view):
        for number in range(8):
            server.start_run(model=f"secret-{number}")
        server.token = tokens.add(server.home, name, role)
        return open_page(server, view)

    return open_one


def test_a_student_sees_places_of_others_and_names_of_their_own_alone(as_one):
    page = as_one("anna", Role.STUDENT, "#/train")
    queue = page.get_by_role("region", name="Queue")
    expect(queue).to_contain_text("somebody else's")
    page.locator("input[name=model]").fill("hers")
    page.get_by_role("button", name="Start training").click()
    expect(queue.get_by_role("link", name="hers")).to_contain_text(re.compile("in the queue, about|under way"))
    expect(page.locator(".run .lead")).to_have_text(re.compile("1st in the queue, about 10 seconds|left"))
    expect(page.locator(".list a")).to_have_count(1)
    expect(page.locator(".columns")).not_to_contain_text("secret")


def test_a_teacher_sees_whose_each_run_is(as_one):
    page = as_one("tom", Role.TEACHER, "#/train")
    expect(page.locator(".list a").first).to_contain_text("secret-7 of owner")
    expect(page.get_by_role("button", name="Stop")).to_be_visible()


def test_a_viewer_is_offered_nothing_that_starts_sends_or_stops(as_one):
    page = as_one("vera", Role.VIEWER, "#/train")
    expect(page.get_by_role("region", name="Queue")).to_contain_text("somebody else's")
    expect(page.locator("[name=seconds]")).to_be_visible()
    for button in ("Start training", "Stop", "Resume", "Load MNIST now", "Choose a folder"):
        expect(page.get_by_role("button", name=button)).to_have_count(0)
    expect(page.get_by_role("group", name="Own pictures")).to_have_count(0)


def test_models_are_changed_by_whose_they_are_alone(as_one):
    page = as_one("anna", Role.STUDENT, "#/models")
    expect(page.get_by_role("button", name="Export secret-0")).to_be_visible()
    for button in ("Rename secret-0", "Delete secret-0", "Import a model"):
        expect(page.get_by_role("button", name=button)).to_have_count(0)
