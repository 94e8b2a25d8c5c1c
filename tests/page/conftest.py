"""A real Chromium in front of the page."""

from __future__ import annotations

import pytest

from tests.chromium import chromium

pytest.importorskip("playwright.sync_api", reason="no Playwright here: pip install -e .[dev]")
from playwright.sync_api import expect, sync_playwright

WAIT = 20_000  # ms: long, for a slow machine; nothing waits longer than it must
expect.set_options(timeout=WAIT)


@pytest.fixture(scope="session")
def browser():
    """The browser that all tests of this folder share."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium(),
            # Without a graphics card WebGL is drawn by the processor; and root has no sandbox.
            args=["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"],
        )
        yield browser
        browser.close()


class Watched:
    """What went wrong in a page: words on its console, exceptions, answers that are failures, requests elsewhere."""

    def __init__(self, page, url: str) -> None:
        self.found: list[str] = []
        self.elsewhere: list[str] = []
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.found.append(str(error)))
        page.on("request", lambda request: request.url.startswith((url, "blob:")) or self.elsewhere.append(request.url))

    def _hear(self, message) -> None:
        if "GL Driver Message" not in message.text:  # a driver's remark on how fast a picture is read back
            self.found.append(f"{message.type}: {message.text} {message.location}")


# Once in each tab. By an address with the token the page would open Play first, whose relief takes a moment.
SIGN_IN = "if (!window.name) { window.name = 'open'; sessionStorage.setItem('ganmnist.token', '%s'); }"


@pytest.fixture
def open_page(browser):
    """Open pages of a server that end with the test and must be clean by then: open_page(server, "#/play", ...).

    `clean=False` is for tests in which the server fails on purpose.
    """
    opened = []

    def open_one(server, view: str = "#/play", clean: bool = True, **options):
        context = browser.new_context(**options)
        context.set_default_timeout(WAIT)
        page = context.new_page()
        watched = Watched(page, server.url)
        opened.append((context, watched, clean))
        page.add_init_script(SIGN_IN % server.token)
        page.goto(f"{server.url}/{view}")
        expect(page.locator("nav a[aria-current=page]")).to_be_visible()
        return page

    yield open_one
    for context, watched, clean in opened:
        context.close()
        assert watched.elsewhere == []
        assert not clean or watched.found == []


@pytest.fixture(scope="session")
def make_model():
    """Have a mock make a model in a moment: its training is stopped as soon as there is one."""

    def make(server, name: str) -> None:
        run = server.start_run(model=name)
        server.wait_for_step(run["id"], 1200)  # past the first preview
        assert server.call("POST", f"/api/runs/{run['id']}/stop")[1]["state"] == "stopped"

    return make
