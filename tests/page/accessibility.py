"""What stands in the way of those who see, hear or move otherwise, as axe finds it."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe


def serious(page) -> list[tuple[str, str]]:
    """The rules that a page breaks seriously, each with the first place where it does."""
    found = Axe().run(page).response["violations"]
    return [(each["id"], each["nodes"][0]["html"]) for each in found if each["impact"] in ("serious", "critical")]
