"""The pages of `docs/` as a site in a browser: letters strong enough to be read, and tables that keys scroll."""

import pytest
from playwright.sync_api import expect

from tests.page.accessibility import serious
from tests.test_site import built, copied

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120, func_only=True)]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    tree = copied(tmp_path_factory.mktemp("tree"))
    done = built(tree)
    assert done.returncode == 0, done.stdout + done.stderr
    return tree / "site"


def test_pages_are_legible_and_wide_tables_are_reached_by_keys(browser, site):
    # Labels beside names by day, and the widest tables on a phone by night.
    for name, scheme, width in (("api", "light", 1280), ("layers", "dark", 390)):
        page = browser.new_page(color_scheme=scheme, viewport={"width": width, "height": 800})
        page.goto((site / f"{name}.html").as_uri())
        table = page.locator(".md-typeset__scrollwrap").first
        expect(table).to_be_attached()
        if name == "layers":
            expect(table).to_have_attribute("tabindex", "0")
        assert serious(page) == [], f"{name}, {scheme}"
    page.set_viewport_size({"width": 2400, "height": 800})
    expect(page.locator(".md-typeset__scrollwrap[tabindex]")).to_have_count(0)  # no stop where nothing is hidden
