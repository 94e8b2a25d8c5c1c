"""Train: from the press of the button to the film of how digits came about."""

import base64
import re

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from bridge_server.backends.mock.digits import digit
from bridge_server.backends.mock.training import STEPS

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120, func_only=True)]


FULL = {"error": {"code": "too_many_runs", "message": "8 wait: wait for one of them, or stop one.", "field": None}}
MANY = {"error": {"code": "too_many_streams", "message": "many", "field": None, "request_id": "0"}}


@pytest.fixture(scope="module")
def server(start_shared_server):
    return start_shared_server(mock=True)


def start(page, name, **settings):
    page.locator("input[name=model]").fill(name)
    for setting, value in settings.items():
        page.locator(f"input[name={setting}]").fill(str(value))
    page.get_by_role("button", name="Start training").click()


def chip(page, state):
    expect(page.locator(".chip")).to_have_text(state)


def test_a_training_is_watched_to_its_end_and_its_film_played_back(start_server, open_page):
    server = start_server()
    page = open_page(server, "#/train")
    expect(page.get_by_text("Nothing has been trained yet")).to_be_visible()
    page.get_by_text("More settings").click()
    start(page, "watched", seconds=3, images=96, batch_size=16)
    chip(page, "running")
    # A training stands back behind everything else that a machine does.
    expect(page.locator(".film canvas")).to_have_attribute("data-step", re.compile("[1-9]"), timeout=60_000)
    page.locator(".chip[data-state=succeeded]").wait_for(timeout=90_000)
    progress = server.call("GET", f"/api/runs/{page.url.rsplit('/', 1)[1]}/progress")[1]
    curve = page.get_by_role("img", name=re.compile("^Loss"))
    expect(curve).to_have_attribute("aria-label", re.compile(f"generator {progress['loss_g'][-1]:.2f}"))
    film = server.call("POST", "/api/film", {"model": "watched", "form": "images"})[1]
    slider = page.get_by_label("Film of the training")
    expect(slider).to_have_attribute("max", str(len(film["frames"]) - 1))
    expect(page.locator(".film canvas")).to_have_attribute("data-step", str(film["step"]))
    expect(page.locator(".figures")).to_contain_text("100 %")
    slider.fill("0")
    expect(page.locator(".film canvas")).to_have_attribute("data-step", str(film["frames"][0]["step"]))
    page.get_by_role("link", name="Play with its digits").click()
    expect(page.locator(".stage")).to_have_attribute("data-shown", re.compile('"model":"watched"'))


def test_the_form_has_every_setting_with_the_words_and_bounds_of_the_contract(open_page, server):
    page = open_page(server, "#/train")
    expect(page.locator("[name=model]")).to_be_visible()
    schema = server.call("GET", "/openapi.json")[1]["components"]["schemas"]["StartRun"]["properties"]
    fields = {field.get_attribute("name"): field for field in page.locator("form [name]").all()}
    assert fields.keys() == schema.keys() - {"networks", "key"}
    for name, field in fields.items():
        help = page.locator("#" + field.get_attribute("aria-describedby").split()[0])
        assert help.text_content() == schema[name]["description"]
    assert [fields["batch_size"].get_attribute(bound) for bound in ("min", "max")] == ["2", "1024"]
    assert fields["seed"].input_value() == "0"


def test_the_start_button_is_at_hand_and_covers_no_field(open_page, server):
    page = open_page(server, "#/train", viewport={"width": 1280, "height": 850})
    button = page.get_by_role("button", name="Start training")
    expect(page.locator("[name=seconds]")).to_be_visible()
    expect(button).to_be_in_viewport(ratio=1)
    page.get_by_text("More settings").click()
    for name in ("model", "seconds", "batch_size", "start_from", "model"):
        page.locator(f"[name={name}]").focus()
        expect(button).to_be_in_viewport(ratio=1)
        page.wait_for_function(
            """name => {
                const { left, top, bottom } = document.querySelector(`[name=${name}]`).getBoundingClientRect();
                const at = [top + 2, bottom - 2].map(y => document.elementFromPoint(left + 4, y)?.name);
                return at.every(found => found === name);
            }""",
            arg=name,
        )


def test_what_is_wrong_is_said_beside_its_field(open_page, server):
    page = open_page(server, "#/train", clean=False)  # a refusal is a word on the console
    page.get_by_text("More settings").click()
    page.locator("[name=batch_size]").fill("1")
    page.get_by_role("button", name="Start training").click()
    field = page.locator(".field", has=page.locator("[name=batch_size]"))
    expect(field.locator(".wrong")).not_to_be_empty()
    expect(page.locator("[name=batch_size]")).to_be_focused()
    page.locator("[name=batch_size]").fill("")
    page.locator("[name=loss]").select_option("hinge")
    page.locator("[name=label_smoothing]").fill("0.1")
    field = page.locator(".field", has=page.locator("[name=label_smoothing]"))
    expect(field.locator(".wrong")).to_contain_text("only the loss bce has labels")


def test_a_refusal_stays_until_something_else_is_done(open_page, server):
    page = open_page(server, "#/train", clean=False)  # a refusal is a word on the console
    page.route("**/api/runs", lambda route: route.fulfill(status=409, json=FULL))
    page.locator("[name=seconds]").fill("5")
    page.get_by_role("button", name="Start training").click()
    refusal = page.get_by_text("wait for one of them, or stop one")
    expect(refusal).to_be_visible()
    page.wait_for_timeout(600)  # the settings that were typed are looked at meanwhile
    expect(refusal).to_be_visible()
    page.locator("[name=seconds]").fill("6")
    expect(refusal).to_have_count(0)


def test_a_name_of_another_language_is_refused_with_the_nearest_one(open_page, server):
    page = open_page(server, "#/train", clean=False)  # a refusal is a word on the console
    page.locator("[name=model]").fill("Mein Übungsmodell 1")
    page.get_by_role("button", name="Start training").click()
    field = page.locator(".field", has=page.locator("[name=model]"))
    expect(field.locator(".wrong")).to_contain_text("as in Mein-Uebungsmodell-1")
    page.locator("[name=model]").fill("Mein-Uebungsmodell-1")
    expect(field.locator(".wrong")).to_be_empty()


def test_an_older_run_leads_to_its_own_model_under_the_name_it_has_now(open_page, server):
    page = open_page(server, "#/train", clean=False)
    start(page, "twice")
    chip(page, "succeeded")
    assert server.call("PATCH", "/api/models/twice", {"name": "renamed"})[0] == 200
    start(page, "twice")
    chip(page, "succeeded")
    page.locator(".list a", has_text="renamed").click()
    expect(page.get_by_role("link", name="Play with its digits")).to_have_attribute("href", "#/play/renamed")


def test_a_run_leads_to_no_model_of_the_same_name_that_is_another(open_page, server, make_model):
    make_model(server, "gone")
    assert server.call("DELETE", "/api/models/gone")[0] == 200
    make_model(server, "gone")
    second, first = (run["id"] for run in server.call("GET", "/api/runs?model=gone")[1]["runs"])
    page = open_page(server, f"#/train/{second}")
    play, longer = (page.get_by_role("link", name=name) for name in ("Play with its digits", "Train longer"))
    expect(play).to_be_visible()
    page.locator(f".list a[href='#/train/{first}']").click()
    expect(play).to_be_hidden()
    expect(page.get_by_role("link", name="Use its settings")).to_be_visible()
    expect(longer).to_be_hidden()
    page.goto(f"{server.url}/#/train/longer/{first}")  # as an older tab has it
    expect(page.get_by_text("The training of gone has no model any more to go on from.")).to_be_visible()
    assert page.locator("[name=start_from]").input_value() == ""
    for unsaid in ("again/", "sweep/"):
        page.goto(f"{server.url}/#/train/{unsaid}")
        page.wait_for_url("**/#/train")
    expect(page.locator(".run h2")).to_have_text("gone")  # what was shown before
    expect(page.locator(".notice.bad", has_text="openapi")).to_have_count(0)


def test_the_settings_of_a_run_are_shown_and_used_again_or_for_a_training_that_goes_on(open_page, server):
    run = server.start_run(model="before", batch_size=48, loss="hinge", steps=700, seed=5)
    server.wait_for_step(run["id"], 200)  # past the first preview
    server.call("POST", f"/api/runs/{run['id']}/stop")
    page = open_page(server, f"#/train/{run['id']}")
    page.get_by_text("Its settings", exact=True).click()
    told = page.locator(".settings")
    for name, value in (("Batch size", "48"), ("Loss", "hinge"), ("Steps", "700"), ("Seed", "5")):
        expect(told.locator("div", has_text=name)).to_contain_text(value)
    page.get_by_role("link", name="Use its settings").click()
    expect(page.locator("[name=batch_size]")).to_have_value("48")
    assert page.locator("[name=start_from]").input_value() == ""
    page.get_by_role("link", name="Train longer").click()
    expect(page.locator("[name=start_from]")).to_have_value("before")
    expect(page.locator("[name=seconds]")).to_be_focused()
    page.locator("[name=steps]").fill("900")
    with page.expect_request(lambda asked: asked.method == "POST" and asked.url.endswith("/api/runs")) as asked:
        page.get_by_role("button", name="Start training").click()
    sent = asked.value.post_data_json
    wanted = {"start_from": "before", "batch_size": 48, "loss": "hinge", "steps": 900, "seed": 5}
    assert {name: sent.get(name) for name in wanted} == wanted


def test_digits_that_are_not_new_say_how_old_they_are(open_page, server):
    page = open_page(server, "#/train", clean=False)
    page.clock.install()
    page.reload()
    page.route("**/events?*", lambda route: route.fulfill(status=503, json=MANY))
    held = {}

    def hold(route):
        held.setdefault("body", route.fetch().json())
        run = held["body"]["run"]  # one of before may be under way, too
        if run["model"] != "slow" or run["preview"] == 0 or run["state"] != "running":
            del held["body"]
            route.continue_()
        else:
            route.fulfill(json=held["body"])

    page.route("**/progress?*", hold)
    start(page, "slow")
    expect(page.locator(".run h2")).to_have_text("slow")
    expect(page.locator(".film canvas")).to_have_attribute("data-step", re.compile("[1-9]"))
    page.clock.fast_forward(10_000)
    expect(page.get_by_text(re.compile(r"^\d\d s old$"))).to_be_visible()
    page.unroute_all(behavior="wait")
    chip(page, "succeeded")
    expect(page.get_by_text("s old")).to_have_count(0)


def test_on_a_phone_the_training_is_seen_that_start_began(open_page, server):
    page = open_page(server, "#/train", viewport={"width": 390, "height": 844})
    page.locator("[name=seconds]").scroll_into_view_if_needed()
    start(page, "on-a-phone")
    expect(page.get_by_role("region", name="Training", exact=True).locator("h2")).to_have_text("on-a-phone")
    expect(page.locator(".run h2")).to_be_in_viewport()
    chip(page, "succeeded")
    missing, legend = (page.locator(f".run {place}").first for place in (".missing", ".halves .legend"))
    missing.evaluate("node => { node.hidden = false; node.textContent = 'No FID yet'; }")
    ends, begins = missing.bounding_box(), legend.bounding_box()
    assert begins["y"] - ends["y"] - ends["height"] >= 12


def test_networks_are_shown_layer_by_layer_and_follow_the_preset(open_page, server):
    page = open_page(server, "#/train")
    page.locator("summary", has_text="Networks").click()
    table = page.get_by_role("region", name="Generator")
    expect(table.locator("th")).to_have_text(["", "Layer", "Output shape", "Parameters"])
    expect(table.locator("tbody tr").first).to_contain_text("Dense")
    page.locator("[name=preset]").select_option("tutorial")
    expect(table).to_contain_text("256 x 7 x 7")
    expect(page.locator("summary", has_text="Networks")).to_contain_text("parameters, about")


def test_a_stopped_run_and_an_interrupted_one_go_on(open_page, server):
    page = open_page(server, "#/train")
    start(page, "mock-interrupted")
    chip(page, "interrupted")
    expect(page.locator(".problem")).to_contain_text("resume goes on where it was")
    page.get_by_role("button", name="Resume").click()
    chip(page, "succeeded")
    start(page, "halted")
    page.get_by_role("button", name="Stop").click()
    chip(page, "stopped")
    expect(page.locator(".list")).to_contain_text("halted")
    page.get_by_role("button", name="Resume").click()
    chip(page, "succeeded")


def test_a_run_without_fid_says_when_the_judge_looks(open_page, server):
    def without(route):
        reply = route.fetch()
        body = reply.json()
        body["run"].update(frechet=None, confident=None)
        route.fulfill(response=reply, json=body)

    page = open_page(server, "#/train", clean=False)
    page.route("**/events?*", lambda route: route.fulfill(status=503, json=MANY))
    page.route("**/progress?*", without)
    start(page, "unjudged")
    chip(page, "succeeded")
    expect(page.locator(".missing")).to_contain_text("No FID yet. The judge first looks after 15 seconds")
    page.unroute_all(behavior="wait")
    start(page, "judged")
    expect(page.locator(".figures")).to_contain_text(re.compile("FID[0-9]"))
    expect(page.locator(".missing")).to_be_hidden()


def test_without_a_stream_progress_is_asked_for(open_page, server):
    page = open_page(server, "#/train", clean=False)  # a refusal is a word on the console
    page.route("**/events?*", lambda route: route.fulfill(status=503, json=MANY))
    start(page, "polled")
    chip(page, "succeeded")
    expect(page.locator(".film canvas")).to_have_attribute("data-step", str(STEPS))


def test_a_film_shows_the_digits_of_the_preview_grow_out_of_noise(open_page, server):
    page = open_page(server, "#/train")
    page.get_by_text("More settings").click()
    start(page, "filmed", seed=7)
    chip(page, "succeeded")
    slider = page.get_by_label("Film of the training")
    expect(slider).to_have_attribute("max", "9")
    slider.fill("1")
    expect(page.locator(".film output")).to_have_text("0:00, step 5")
    expect(page.locator(".film canvas")).to_have_attribute("data-step", "5")
    noise = page.locator(".film canvas").evaluate("canvas => canvas.toDataURL()")
    slider.fill("9")
    expect(page.locator(".film canvas")).to_have_attribute("data-step", str(STEPS))
    assert page.locator(".film canvas").evaluate("canvas => canvas.toDataURL()") != noise
    z = server.call("POST", "/api/generate", {"seed": 7, "count": 16, "form": "images"})[1]["z"]
    moved = np.frombuffer(base64.b64decode(z), "<f4").reshape(16, -1)[13]
    drawn = page.locator(".film canvas").evaluate(
        """canvas => [...canvas.getContext("2d").getImageData(28, 84, 28, 28).data].filter((_, at) => at % 4 === 0)"""
    )
    right, up = (int(np.clip(way, -3, 3).round()) for way in moved[:2])
    ink = (0xFB - np.array(drawn).reshape(28, 28)) * 255 / (0xFB - 0x1E)
    assert ink == pytest.approx(digit(3, right, up).astype(float), abs=2), "the fourteenth, in the last row, is a 3"
    with page.expect_download() as kept:
        page.locator(".film").get_by_role("button", name="GIF").click()
    moving = Image.open(kept.value.path())
    assert (moving.n_frames, moving.size) == (10, (336, 336))
    moving.seek(9)
    last = np.array(moving.convert("L"))[252:, 84:168]
    assert last[1::3, 1::3] == pytest.approx(digit(3, right, up), abs=1)


def test_what_goes_badly_is_said_with_its_remedy_and_a_mere_remark_is_no_problem(open_page, server):
    page = open_page(server, "#/train")
    start(page, "mock-collapsed")
    expect(page.get_by_role("status").filter(has_text="only some of the digits")).to_contain_text("lower learning_rate")
    chip(page, "with problems")
    expect(page.locator(".run .chip")).to_have_attribute("data-state", "doubtful")
    expect(page.locator(".list .dot").first).to_have_attribute("data-state", "doubtful")
    start(page, "mock-busy")
    expect(page.locator(".run h2")).to_have_text("mock-busy")
    expect(page.locator(".run .remark")).to_have_text(re.compile("half of this machine"))
    chip(page, "succeeded")
    expect(page.locator(".list .dot").first).to_have_attribute("data-state", "succeeded")
