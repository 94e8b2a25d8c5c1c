"""Models: renamed, deleted after a question, taken along and brought in, compared."""

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.timeout(120, func_only=True)


@pytest.fixture(scope="module")
def server(start_shared_server, make_model):
    server = start_shared_server(mock=True)
    for name in ("alpha", "gamma", "delta"):
        make_model(server, name)
    return server


def names(server):
    return [model["name"] for model in server.call("GET", "/api/models")[1]["models"]]


def test_a_model_is_renamed_taken_along_deleted_after_a_question_and_brought_in_again(open_page, server):
    page = open_page(server, "#/models")
    page.get_by_role("button", name="Rename alpha").click()
    page.get_by_role("dialog").get_by_label("Name").fill("beta")
    page.get_by_role("dialog").get_by_role("button", name="Rename").click()
    expect(page.get_by_text("alpha is now beta.")).to_be_visible()
    with page.expect_download() as kept:
        page.get_by_role("button", name="Export beta").click()
    assert kept.value.suggested_filename == "beta.ganmnist"

    page.get_by_role("button", name="Delete beta").click()
    page.get_by_role("dialog").get_by_role("button", name="Keep it").click()
    assert "beta" in names(server)
    page.get_by_role("button", name="Delete beta").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("beta is deleted.")).to_be_visible()
    assert "beta" not in names(server)

    before = len(names(server))
    page.get_by_label("Model file").set_input_files(kept.value.path())
    expect(page.get_by_text(re.compile("is here"))).to_be_visible()
    assert len(names(server)) == before + 1
    expect(page.get_by_role("button", name="Delete bundled", exact=True)).to_have_count(0)


def test_a_wrong_model_file_is_refused_by_its_name_and_what_it_is(open_page, server, tmp_path):
    (tmp_path / "letter.pdf").write_bytes(b"%PDF-1.7")
    page = open_page(server, "#/models", clean=False)  # a refusal is a word on the console
    page.get_by_label("Model file").set_input_files(tmp_path / "letter.pdf")
    words = "letter.pdf: is a PDF, and no model file: a .ganmnist is wanted"
    expect(page.locator(".notice.bad")).to_contain_text(words)


def test_a_model_is_trained_on_from_its_row(open_page, server):
    page = open_page(server, "#/models")
    page.get_by_role("link", name="Train gamma on").click()
    expect(page.get_by_label("Start from")).to_have_value("gamma")
    expect(page.get_by_label("Seconds")).to_be_focused()
    page.get_by_label("Seconds").fill("30")
    with page.expect_response(
        lambda reply: reply.url.endswith("/api/runs") and reply.request.method == "POST"
    ) as begun:
        page.get_by_role("button", name="Start training").click()
    settings = begun.value.json()["settings"]
    assert (settings["start_from"], settings["seconds"]) == ("gamma", 30)


def asks(reply, model):
    """Tell whether an answer is that to a slant of 2 for a model."""
    body = reply.request.post_data_json if reply.url.endswith("/generate") else {}
    return (body.get("model"), body.get("slant"), reply.status) == (model, 2, 200)


def test_two_models_are_compared_under_the_same_sliders(open_page, server):
    page = open_page(server, "#/models")
    page.get_by_label("Left", exact=True).select_option("gamma")
    page.get_by_label("Right", exact=True).select_option("bundled")
    for model in ("gamma", "bundled"):
        expect(page.locator(f".compare .strip[data-shown^={model}]")).to_be_visible()
    expect(page.locator(".compare .unset input[name=slant]")).not_to_have_value("0")  # but where these digits are
    with (
        page.expect_response(lambda reply: asks(reply, "gamma")),
        page.expect_response(lambda reply: asks(reply, "bundled")),
    ):
        page.locator("input[name=slant]").fill("2")


def test_a_model_is_evaluated_beside_real_images_while_the_page_goes_on(open_page, server):
    page = open_page(server, "#/models")
    server.call("POST", "/api/evaluate", {"count": 10_000})  # whose turn it is first
    page.get_by_role("button", name="Evaluate gamma").click()
    row = page.locator("li[data-name=gamma]")
    expect(row.get_by_role("progressbar", name="Evaluation of gamma")).to_be_visible()
    expect(row.get_by_text(re.compile(r"Waiting for its turn|Evaluating, \d+ %"))).to_be_visible()
    expect(row.get_by_role("table")).to_be_visible()
    found = server.call("POST", "/api/evaluate", {"model": "gamma"})[1]
    fid, real = found["samples"]["frechet"], found["real_baseline"]["frechet"]
    told = row.get_by_role("row", name=re.compile("^FID")).inner_text().split("\t")
    assert told == ["FID", f"{fid:.1f}", f"{real:.1f}", found["explanations"]["frechet"]]
    expect(row.get_by_role("row")).to_have_count(1 + 5 + 10)
    expect(row.get_by_role("row", name=re.compile("^Share of 9"))).to_be_visible()


def test_an_evaluation_is_stopped_and_an_evaluation_that_fails_says_why(open_page, server):
    run = server.start_run(model="mock-fails")
    server.wait_for_run(run["id"], "failed")
    page = open_page(server, "#/models")
    page.get_by_role("button", name="Evaluate mock-fails").click()
    row = page.locator("li[data-name=mock-fails]")
    expect(row.get_by_text("The evaluation failed half way, as the name of the model asked for.")).to_be_visible()
    for count in (9_997, 9_998, 9_999):  # which take seconds
        server.call("POST", "/api/evaluate", {"count": count})
    page.get_by_role("button", name="Evaluate bundled", exact=True).click()
    page.get_by_role("button", name="Stop evaluating bundled").click()
    expect(page.locator("li[data-name=bundled]").get_by_text("Stopped.")).to_be_visible()


def test_a_name_that_is_taken_is_refused_in_the_servers_words(open_page, server):
    page = open_page(server, "#/models", clean=False)  # a refusal is a word on the console
    page.get_by_role("button", name="Rename delta").click()
    page.get_by_role("dialog").get_by_label("Name").fill("gamma")
    page.get_by_role("dialog").get_by_role("button", name="Rename").click()
    expect(page.get_by_text("There is a model gamma already")).to_be_visible()
    assert {"delta", "gamma"} <= set(names(server))


def test_where_there_are_many_the_newest_are_shown_and_the_others_when_they_are_asked_for(
    open_page, start_server, make_model
):
    server = start_server(mock=True)
    for name in ("oldest", "older", "newest"):
        make_model(server, name)
    page = open_page(server, clean=False)
    few(page, "views/models.js", "SHOWN = 50", "SHOWN = 1")
    few(page, "widgets/model_choice.js", "SHOWN = 100", "SHOWN = 1")
    few(page, "views/train.js", "SHOWN = 50", "SHOWN = 2")
    page.goto(f"{server.url}/#/models")
    page.reload()
    rows = page.locator(".models > li")
    expect(rows).to_have_count(3)
    page.get_by_role("button", name="and 2 more").click()
    page.get_by_role("button", name="and 1 more").click()
    expect(rows).to_have_count(5)
    assert [row.get_attribute("data-name") for row in rows.all()] == [
        "newest",
        "older",
        "oldest",
        "bundled",
        "bundled-unconditional",
    ]
    expect(page.get_by_role("button", name=re.compile("and .* more"))).to_have_count(0)

    page.evaluate("location.hash = '#/play'")
    choice = page.get_by_label("Model", exact=True)
    expect(choice.locator("option")).to_have_text(["newest", "bundled", "bundled-unconditional", "and 2 more …"])
    choice.select_option(label="and 2 more …")
    expect(choice.locator("option")).to_have_text(
        ["newest", "older", "bundled", "bundled-unconditional", "and 1 more …"]
    )
    expect(choice).to_have_value("bundled")
    page.evaluate("location.hash = '#/play/oldest'")  # by its address, though it is not among those listed
    expect(choice).to_have_value("oldest")
    expect(page.locator(".stage")).to_have_attribute("data-shown", re.compile('"model":"oldest"'))

    page.evaluate("location.hash = '#/train'")
    runs = page.get_by_label("Runs").get_by_role("listitem")
    expect(runs).to_have_count(2)
    page.get_by_role("button", name="and 1 more").click()
    expect(runs).to_have_count(3)


def few(page, module, before, after):
    """Have a page take a module of its with other words in it."""

    def change(route):
        reply = route.fetch()
        assert before in reply.text()
        route.fulfill(response=reply, body=reply.text().replace(before, after))

    page.route(f"**/static/{module}", change)


def test_models_that_cannot_be_read_are_told(open_page, server):
    said = "Model seven cannot be read: model.json is damaged. Put its files back, or delete models/1."
    page = open_page(server)
    page.route("**/api/models?*", lambda route: answer_with(route, remarks=[said]))
    page.evaluate("location.hash = '#/models'")
    expect(page.get_by_text(said)).to_be_visible()
    page.unroute_all(behavior="wait")


def answer_with(route, **changes):
    reply = route.fetch()
    route.fulfill(response=reply, json={**reply.json(), **changes})
