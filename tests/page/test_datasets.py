"""Own pictures: dropped on the page, sent, read, shown by class, learned from, and deleted."""

import json
import re

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import expect

from bridge_server.access import tokens
from bridge_server.access.roles import Role
from tests.page.accessibility import serious

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120, func_only=True)]
SHAPES = {
    "ash": lambda pen, at: pen.ellipse((8 + at, 8, 40 + at, 50), outline=0, width=6),
    "oak": lambda pen, at: pen.rectangle((10 + at, 12, 40 + at, 48), outline=0, width=5),
    "élm": lambda pen, at: pen.line((10, 10 + at, 50, 50 - at), fill=0, width=7),
}


@pytest.fixture(scope="module")
def server(start_shared_server):
    return start_shared_server(mock=True)


@pytest.fixture
def trees(tmp_path):
    """A folder of three classes of drawn pictures, and a file in it that nobody can read."""
    for name, shape in SHAPES.items():
        (tmp_path / "trees" / name).mkdir(parents=True)
        for at in range(10):
            picture = Image.new("L", (60, 60), 255)
            shape(ImageDraw.Draw(picture), at)
            picture.save(tmp_path / "trees" / name / f"{at}.png")
    (tmp_path / "trees" / "oak" / "scan.heic").write_bytes(b"no picture")
    return tmp_path / "trees"


@pytest.fixture
def picture(tmp_path):
    """Write a picture under a name: picture("7.png")."""

    def write(name):
        Image.new("L", (28, 28)).save(tmp_path / name)
        return tmp_path / name

    return write


def drop(page, *paths):
    """Let go of files and folders above the page, as a hand does."""
    page.locator(".drop").scroll_into_view_if_needed()
    box = page.locator(".drop").bounding_box()
    files = {"items": [], "files": list(map(str, paths)), "dragOperationsMask": 1}
    client = page.context.new_cdp_session(page)
    for kind in ("dragEnter", "dragOver", "drop"):
        client.send("Input.dispatchDragEvent", {"type": kind, "x": box["x"] + 9, "y": box["y"] + 9, "data": files})


def choose(page, *files):
    page.get_by_label("Files of pictures").set_input_files(list(files))


def listed(server):
    return {data["name"] for data in server.call("GET", "/api/datasets")[1]["datasets"]}


def chosen(page, name):
    expect(page.locator("select[name=data]")).to_have_value(name)


def report(page):
    return page.locator(".sentences li")


def own(page):
    return page.get_by_role("group", name="Own pictures")


def cancel(page):
    return own(page).get_by_role("button", name="Cancel")


def dropped_once_more(page, file):
    """Hold what the server answers about an import that it has begun: it is being read, and stays so.

    Returns:
        Lets the server's own answers through again. Its route stays: a question asked while one is taken away is never
        answered.
    """
    held = [{"state": "preparing", "percent": 41.0}]

    def answer(route):
        if held and route.request.method == "GET":
            route.fulfill(json=held[0])
        else:
            route.continue_()

    page.route(re.compile(r"/api/datasets/\w+$"), answer)
    choose(page, file)
    expect(own(page).get_by_text("41 %")).to_be_visible()
    return held.clear


def test_a_folder_that_is_dropped_is_told_of_shown_by_class_and_learned_from(start_server, open_page, trees):
    server = start_server()
    page = open_page(server, "#/train")
    expect(page.locator(".data").first).to_contain_text("to train on")
    chosen(page, "")
    drop(page, trees)
    chosen(page, "trees")
    data = server.call("GET", "/api/datasets/trees")[1]
    assert [size["name"] for size in data["classes"]] == list(SHAPES)
    expect(report(page)).to_have_text(data["report"])
    columns = page.locator(".samples")
    expect(columns.get_by_role("img", name="Images of ash, oak, élm, a column each")).to_be_visible()
    expect(columns.locator(".labels > span")).to_have_text(["ash10", "oak10", "élm10"])
    assert columns.locator("canvas").evaluate("canvas => [canvas.width, canvas.height]") == [3 * 28, 4 * 28]

    page.locator("[name=model]").fill("grove")
    page.locator("[name=seconds]").fill("2")
    page.get_by_text("More settings").click()
    page.locator("[name=images]").fill("24")
    page.locator("[name=batch_size]").fill("8")
    page.get_by_role("button", name="Start training").click()
    page.locator(".chip[data-state=succeeded]").wait_for(timeout=90_000)
    expect(page.locator(".run .source")).to_have_text("Learned from trees.")
    page.get_by_role("link", name="Models").click()
    expect(page.locator("li[data-name=grove]")).to_contain_text("learned from trees")
    expect(page.locator(".strip[data-shown^=grove]")).to_have_count(2)  # nobody asks for it any more

    assert server.call("DELETE", "/api/models/grove")[0] == 200
    page.get_by_role("link", name="Train", exact=True).click()
    expect(page.locator(".run .chip")).to_have_text("model deleted")
    expect(page.locator(".run .figures")).to_be_hidden()


def test_pictures_and_folders_go_in_one_zip_and_a_csv_goes_as_it_is(start_server, open_page, trees, picture, tmp_path):
    server = start_server()
    page = open_page(server, "#/train")
    drop(page, trees / "oak", trees / "ash")
    chosen(page, "pictures")
    expect(report(page).nth(1)).to_have_text("ash: 10, oak: 10")
    choose(page, picture("1.png"), picture("2.png"))
    chosen(page, "pictures-2")
    expect(page.get_by_text("Another data set is called pictures, so this one is not.")).to_be_visible()
    expect(report(page).first).to_have_text("2 images in no classes")
    expect(page.get_by_role("img", name="Images of pictures-2")).to_be_visible()
    page.get_by_label("Folder of pictures").set_input_files(trees)
    chosen(page, "trees")
    expect(report(page).first).to_have_text("30 images in 3 classes")
    table = tmp_path / "table.csv"
    table.write_text("".join(f"{label}{',7' * 784}\n" for label in (0, 1, 1)))
    choose(page, table)
    chosen(page, "table")
    assert server.call("GET", "/api/datasets/table")[1]["source"].startswith("table.csv, sent at ")


def test_what_cannot_be_read_is_said_by_the_server_until_something_else_is_done(open_page, server, picture):
    page = open_page(server, "#/train")
    choose(page, picture("mock-fails.png"))
    problem = own(page).get_by_role("alert")
    expect(problem).to_have_text(re.compile(r"^mock-fails\.png: cannot be read, as the name .*: choose another$"))
    page.get_by_role("link", name="Models").click()
    page.get_by_role("link", name="Train", exact=True).click()
    expect(problem).to_be_visible()
    chosen(page, "")
    choose(page, picture("fir.png"))
    chosen(page, "fir")
    expect(problem).to_be_hidden()
    expect(report(page).last).to_have_text(re.compile("^left out 2 files, made-up.heic for one: "))


def test_what_is_too_large_or_empty_is_not_sent(open_page, server, tmp_path):
    page = open_page(server, "#/train")
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    large = tmp_path / "large.zip"
    with large.open("wb") as file:
        file.truncate(600 << 20)
    choose(page, large)
    expect(own(page).get_by_role("alert")).to_contain_text("There are 600 MB or more, and 512 MB at most can be sent.")
    (tmp_path / "hollow" / "inner").mkdir(parents=True)
    drop(page, tmp_path / "hollow")
    expect(own(page).get_by_role("alert")).to_contain_text("There are no files in it.")
    assert not [url for url in asked if "/datasets/file" in url]


def test_an_import_is_cancelled_while_it_is_sent(open_page, server, picture):
    page = open_page(server, "#/train", clean=False)
    page.route("**/api/datasets/file?*", lambda route: None)  # it never gets there
    choose(page, picture("yew.png"))
    expect(own(page).get_by_role("progressbar", name="Share of the import that is done")).to_be_visible()
    expect(own(page).get_by_role("status")).to_have_text("Sending yew.png")
    choose(page, picture("box.png"))
    expect(page.get_by_text("yew.png is being imported: wait for it, or cancel it.")).to_be_visible()
    page.bring_to_front()
    cancel(page).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("The import of yew.png is cancelled.")).to_be_visible()
    expect(page.get_by_role("button", name="Import your own pictures")).to_be_focused()
    assert not {"yew", "box"} & listed(server)


def test_an_import_is_cancelled_while_it_is_read(open_page, server, picture):
    page = open_page(server, "#/train")
    dropped_once_more(page, picture("pine.png"))
    assert "pine" in listed(server)
    cancel(page).click()
    expect(page.get_by_text("The import of pine.png is cancelled.")).to_be_visible()
    assert "pine" not in listed(server)
    chosen(page, "")


def test_an_import_goes_on_when_the_page_is_loaded_anew(open_page, server, picture):
    page = open_page(server, "#/train")
    release = dropped_once_more(page, picture("rowan.png"))
    page.reload()
    expect(own(page).get_by_role("status")).to_have_text("Reading rowan.png")
    release()
    chosen(page, "rowan")


def test_who_may_not_import_is_not_offered_it_and_a_student_deletes_what_is_theirs(start_server, open_page, picture):
    server = start_server(mock=True)
    page = open_page(server, "#/train")
    choose(page, picture("7.png"))
    chosen(page, "7")
    server.token = tokens.add(server.home, "vera", Role.VIEWER)
    page = open_page(server, "#/train")
    expect(page.locator("select[name=data] option")).to_have_count(2)
    expect(own(page)).to_be_hidden()
    server.token = tokens.add(server.home, "stan", Role.STUDENT)
    page = open_page(server, "#/train")
    choose(page, picture("8.png"))
    chosen(page, "8")
    page.locator("select[name=data]").select_option("7")
    expect(page.get_by_role("button", name="Delete 7")).to_be_hidden()
    page.locator("select[name=data]").select_option("8")
    page.get_by_role("button", name="Delete 8").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.locator("select[name=data] option")).to_have_count(2)


def test_what_was_not_sent_for_a_server_out_of_reach_is_sent_again(open_page, server, picture):
    page = open_page(server, "#/train", clean=False)
    expect(page.locator("select[name=data] option").first).to_have_text(re.compile("."))
    page.context.set_offline(True)
    choose(page, picture("lime.png"))
    expect(own(page).get_by_role("alert")).to_contain_text("The connection broke off while lime.png was sent")
    expect(page.locator("#trouble")).to_be_visible()
    page.context.set_offline(False)
    expect(page.locator("#trouble")).to_be_hidden()
    own(page).get_by_role("button", name="Send it again").click()
    chosen(page, "lime")
    expect(own(page).get_by_role("alert")).to_be_hidden()


def test_a_server_out_of_reach_while_it_reads_is_waited_for(open_page, server, picture):
    page = open_page(server, "#/train", clean=False)
    release = dropped_once_more(page, picture("plum.png"))
    release()
    page.context.set_offline(True)
    expect(own(page).get_by_role("status")).to_contain_text("the server does not answer, and is asked again")
    page.context.set_offline(False)
    chosen(page, "plum")


def test_an_import_that_died_with_its_server_is_told_of(start_server, open_page, picture):
    first = start_server(mock=True)
    page = open_page(first, "#/train", clean=False)
    release = dropped_once_more(page, picture("beech.png"))
    release()
    first.kill()
    expect(page.locator("#trouble")).to_contain_text("The server does not answer.")
    expect(own(page).get_by_role("status")).to_contain_text("the server does not answer, and is asked again")
    start_server(home=first.home, mock=True, port=first.port)
    expect(own(page).get_by_role("alert")).to_contain_text("beech.png was not read to its end")
    choose(page, picture("beech.png"))
    chosen(page, "beech")


def test_another_tab_has_it_as_soon_as_it_is_looked_at_and_knows_when_it_is_gone(open_page, server, picture):
    page, other = open_page(server, "#/train"), open_page(server, "#/train")
    choose(page, picture("hazel.png"))
    chosen(page, "hazel")
    for view in ("Models", "Train"):
        other.get_by_role("link", name=view, exact=True).click()
    other.locator("select[name=data]").select_option("hazel")
    expect(report(other).first).to_have_text("60 images in 3 classes")
    other.locator("select[name=data]").select_option("")
    run = server.start_run(model="nuts", data="Hazel")  # as a command may have it
    other.goto(f"{server.url}/#/train/again/{run['id']}")
    chosen(other, "hazel")

    page.get_by_role("button", name="Delete hazel").click()
    page.get_by_role("dialog").get_by_role("button", name="Keep it").click()
    assert "hazel" in listed(server)
    page.get_by_role("button", name="Delete hazel").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("hazel is deleted.")).to_be_visible()
    chosen(page, "")
    expect(page.locator("select[name=data] option[value=hazel]")).to_have_count(0)
    for view in ("Models", "Train"):
        other.get_by_role("link", name=view, exact=True).click()
    gone = other.get_by_text("hazel is gone: choose MNIST, or another, in its place.")
    expect(gone).to_be_visible()
    before = server.call("GET", "/api/runs")[1]["total"]
    other.get_by_role("button", name="Start training").click()  # which is no word of MNIST
    expect(other.locator("select[name=data]")).to_be_focused()
    assert server.call("GET", "/api/runs")[1]["total"] == before
    other.locator("select[name=data]").select_option("")
    expect(gone).to_have_count(0)
    other.goto(f"{server.url}/#/train/again/{run['id']}")
    expect(other.get_by_text("Hazel is gone: choose MNIST, or another, in its place.")).to_be_visible()
    other.locator("select[name=data]").select_option("")
    chosen(other, "")


def test_what_others_import_is_named_and_can_be_chosen_once_it_is_read(open_page, server, picture):
    page = open_page(server, "#/train")
    expect(page.locator("select[name=data] option").first).to_have_text(re.compile("."))
    body = picture("larch.png").read_bytes()
    kind = {"Content-Type": "application/octet-stream"}
    assert server.call("POST", "/api/datasets/file?file=larch.zip", body, kind)[0] == 200

    def as_if_under_way(route):  # one picture may be read before anybody asks
        reply = route.fetch()
        sets = [{**each, "state": "preparing"} for each in reply.json()["datasets"]]
        route.fulfill(response=reply, json={**reply.json(), "datasets": sets})

    page.route("**/api/datasets", as_if_under_way, times=1)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    option = page.locator("select[name=data] option[value=larch]")
    expect(option).to_have_text("larch, being read")
    expect(option).to_have_text("larch")
    chosen(page, "")


def test_the_drop_zone_is_a_button_for_the_keyboard(open_page, server, picture):
    page = open_page(server, "#/train")
    page.on("filechooser", lambda dialog: dialog.set_files(picture("holly.png")))
    zone = page.get_by_role("button", name="Import your own pictures")
    zone.focus()
    expect(zone).to_be_focused()
    page.wait_for_timeout(500)  # Playwright hears of dialogs a moment after it was asked to
    page.keyboard.press("Enter")
    chosen(page, "holly")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_report_of_many_classes_fits_a_phone_and_stands_in_nobodys_way(open_page, server, picture, scheme):
    page = open_page(server, "#/train", viewport={"width": 360, "height": 740}, color_scheme=scheme)
    names = ["<i>ash</i>", "a birch of a very long name indeed " * 3, *(f"class {number}" for number in range(10))]

    def many(route):
        reply = route.fetch()
        text = reply.text().replace('"ash"', json.dumps(names[0]))
        found = json.loads(text)
        for data in found["datasets"]:
            data["classes"] = [{"name": name, "train": 9, "test": 1} for name in names]
            data["report"] = [", ".join(names), names[1].replace(" ", "")]
        route.fulfill(response=reply, json=found)

    page.route("**/api/datasets", many)
    choose(page, picture(f"many-{scheme}.png"))
    expect(page.locator(".samples .labels > span")).to_have_text([f"{name}10" for name in names[:10]])
    shown = page.get_by_role("img", name=re.compile("a column each; 2 more classes are not shown"))
    expect(shown).to_be_visible()
    assert page.locator("main i").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert serious(page) == []
    page.unroute_all(behavior="wait")


def test_a_training_that_others_began_is_shown_by_itself(start_server, open_page):
    server = start_server(mock=True)
    page = open_page(server, "#/models")
    with page.expect_response("**/api/runs?*"):  # the first look
        page.get_by_role("link", name="Train", exact=True).click()
    expect(page.get_by_text("Nothing has been trained yet")).to_be_visible()
    server.start_run(model="elsewhere")
    expect(page.locator(".run h2")).to_have_text("elsewhere")
    expect(page.locator(".run .source")).to_have_text(re.compile("^Learn(s|ed) from mock-digits.$"))
    server.start_run(model="later")
    expect(page.locator(".list")).to_contain_text("later")
