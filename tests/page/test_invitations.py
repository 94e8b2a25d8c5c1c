"""Who one is on the page: in by a card, named in the header, offered what the role may do, signed out, sent away."""

import json
import re
import subprocess
import sys
from io import BytesIO
from types import SimpleNamespace

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import expect

from bridge_server.access import tokens
from bridge_server.access.roles import Role

pytestmark = pytest.mark.timeout(120, func_only=True)
SHOWN = re.compile('"model":"bundled"')


def test_the_code_on_a_printed_card_opens_the_page_signed_in(start_server, browser, tmp_path):
    server = start_server(mock=True)
    words = ["token", "add", "anna", "ben", "--out", tmp_path / "class", "--url", server.url, "--data-dir", server.home]
    subprocess.run([sys.executable, "-m", "bridge_server", *words], check=True, capture_output=True)
    context = browser.new_context()
    sheet = context.new_page()
    sheet.emulate_media(media="print")
    sheet.goto((tmp_path / "class" / "invitations.html").as_uri())
    links = []
    for name in ("anna", "ben"):
        picture = Image.open(BytesIO(sheet.get_by_role("img", name=f"code of the link of {name}").screenshot()))
        (code,) = zxingcpp.read_barcodes(picture)
        token = json.loads((tmp_path / "class" / f"{name}.json").read_text())["token"]
        assert code.text == f"{server.url}/#token={token}"
        links.append(code.text)
    page = context.new_page()
    page.goto(links[1])
    expect(page.locator("#account")).to_contain_text("ben, student")
    context.close()


@pytest.fixture(scope="module")
def a_class(start_shared_server, make_model):
    """A mock with a model of the owner's and one of a student's: a_class(name) is its server as that person has it."""
    server = start_shared_server(mock=True)
    make_model(server, "owners")
    people = {role: tokens.add(server.home, f"{role}-1", role) for role in Role}
    people["owner"] = server.token
    server.token = people[Role.STUDENT]
    make_model(server, "students")
    server.token = people["owner"]
    return lambda role: SimpleNamespace(url=server.url, token=people[role])


TRAIN = {"Start training", "Choose a folder"}
CHANGE = {"Rename", "Delete"}
OFFERED = {  # on Train, and of the models of the owner's and of the student's
    "viewer": (set(), set(), set()),
    "student": (TRAIN, {"Export"}, {"Export", *CHANGE}),
    "teacher": (TRAIN, {"Export", *CHANGE, "Import a model"}, {"Export", *CHANGE}),
    "owner": (TRAIN, {"Export", *CHANGE, "Import a model"}, {"Export", *CHANGE}),
}


@pytest.mark.parametrize("role", OFFERED)
def test_each_role_is_named_and_offered_what_it_may_do_and_no_call_is_refused(open_page, a_class, role):
    page = open_page(a_class(role), "#/train")  # which fails if anything is refused
    named = "owner" if role == "owner" else f"{role}-1, {role}"
    expect(page.locator("#account span")).to_have_text(named)
    on_train, of_owners, of_students = OFFERED[role]
    page.locator("input[name=seconds]").fill("5")
    for name in ("Start training", "Choose a folder"):
        expect(page.get_by_role("button", name=name)).to_have_count(int(name in on_train))
    expect(page.get_by_text("A viewer starts no training")).to_have_count(int(role == "viewer"))

    page.evaluate("location.hash = '#/models'")
    for model, offered in (("owners", of_owners), ("students", of_students)):
        expect(page.get_by_role("button", name=f"Evaluate {model}")).to_be_visible()
        for name in ("Export", *sorted(CHANGE)):
            expect(page.get_by_role("button", name=f"{name} {model}")).to_have_count(int(name in offered))
        expect(page.get_by_role("link", name=f"Train {model} on")).to_have_count(int(role != "viewer"))
    expect(page.get_by_role("button", name="Import a model")).to_have_count(int("Import a model" in of_owners))
    page.get_by_role("button", name="Evaluate owners").click()
    expect(page.get_by_role("region", name="Figures of owners")).to_be_visible()

    page.evaluate("location.hash = '#/play/owners'")
    expect(page.locator(".stage")).to_have_attribute("data-shown", re.compile('"model":"owners"'))
    page.evaluate("location.hash = '#/draw'")
    page.locator(".easel canvas").click()
    expect(page.locator(".verdict")).not_to_be_empty()


def test_who_signs_out_leaves_nothing_in_the_tab_and_somebody_else_comes_in(open_page, a_class):
    page = open_page(a_class("teacher"), "#/models")
    expect(page.get_by_role("button", name="Delete owners")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="You are signed out")).to_be_visible()
    expect(page.locator("#account")).to_be_empty()
    assert page.evaluate("[sessionStorage.length, location.hash]") == [0, ""]
    page.reload()
    expect(page.get_by_role("heading", name="Open the page with its token")).to_be_visible()
    page.get_by_label("Or paste the token").fill(a_class("viewer").token)
    page.get_by_role("button", name="Go on").click()
    expect(page.locator("#account")).to_contain_text("viewer-1, viewer")
    page.evaluate("location.hash = '#/models'")
    expect(page.get_by_role("button", name="Evaluate owners")).to_be_visible()
    expect(page.get_by_role("button", name="Delete owners")).to_have_count(0)


def test_an_invitation_that_was_taken_away_is_told_in_one_sentence_and_a_new_ones_file_lets_in_again(
    start_server, open_page, lan_address, tmp_path
):
    server = start_server(mock=True, options=("--lan", lan_address, "--insecure-http"))
    server.token = tokens.add(server.home, "anna", Role.STUDENT)
    page = open_page(server, clean=False)
    expect(page.locator("#account")).to_contain_text("anna, student")
    expect(page.locator("footer")).to_contain_text("once the file that came with your card is in its place")
    expect(page.locator("footer")).not_to_contain_text("by itself")
    with tokens.renewing(server.home, "anna") as given:
        pass
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")  # as who comes back to the tab
    expect(page.get_by_role("heading", name="Your invitation is no longer good")).to_be_visible()
    expect(page.get_by_text("It was renewed or taken away: ask who runs the server for a new one.")).to_be_visible()
    expect(page.locator("main")).not_to_contain_text("ganmnist-server")
    expect(page.locator("#account")).to_be_empty()
    for name, content in (("no-token.json", '{"url": "x"}'), ("no-json.json", given[0].token)):
        file = tmp_path / name
        file.write_text(content)
        page.get_by_label("File for Grasshopper").set_input_files(file)
        expect(page.get_by_text(f"{name} is no invitation")).to_be_visible()
    file = tmp_path / "anna.json"
    file.write_text(json.dumps({"url": server.url, "token": given[0].token}))
    page.get_by_label("File for Grasshopper").set_input_files(file)
    expect(page.locator("#account")).to_contain_text("anna, student")
    expect(page.locator(".stage")).to_have_attribute("data-shown", SHOWN)
    server.kill()
    page.get_by_role("button", name="Next seed").click()
    expect(page.locator("#trouble")).to_contain_text("if that takes long, ask who runs it")
