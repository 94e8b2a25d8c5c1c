"""The pages as a site: built as `make site` does, without a broken link, and read without a network."""

from __future__ import annotations

import html
import os
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
import yaml

import ganmnist

pytestmark = pytest.mark.slow
pytest.importorskip("zensical", reason="no site generator here: pip install -e .[docs]")

ROOT = Path(__file__).resolve().parents[1]
CONFIG = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))


class _Asked(HTMLParser):
    """Collects what a browser fetches for a page, and the links to follow."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.links: list[str] = []
        self.ids: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        named = dict(attrs)
        self.ids |= {named["id"]} if named.get("id") else set()
        if tag in ("script", "img", "iframe", "source"):
            self.fetched.append(named.get("src") or "")
        elif tag == "link" and named.get("rel") in ("stylesheet", "icon", "preload", "preconnect"):
            self.fetched.append(named.get("href") or "")
        elif tag == "a":
            self.links.append(named.get("href") or "")


def built(tree: Path) -> subprocess.CompletedProcess:
    """Build the site of a tree."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "zensical", "build", "--clean", "--strict"]
    return subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, timeout=100)


def copied(copy: Path) -> Path:
    """Copy all that the site is made of into a folder."""
    shutil.copy(ROOT / "mkdocs.yml", copy)
    shutil.copytree(ROOT / "docs", copy / "docs", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "ganmnist", copy / "ganmnist", ignore=shutil.ignore_patterns("weights", "__pycache__"))
    return copy


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    return copied(tmp_path_factory.mktemp("tree"))


@pytest.fixture(scope="module")
def site(tree):
    done = built(tree)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "griffe" not in done.stdout + done.stderr, "a docstring that cannot be read as one"
    return {path.name: _Asked(path.read_text(encoding="utf-8")) for path in (tree / "site").glob("*.html")}


def test_every_page_is_built_and_is_in_the_menu(site):
    pages = {path.stem for path in (ROOT / "docs").glob("*.md")}
    assert pages | {"404"} == {name.removesuffix(".html") for name in site}
    menu = re.findall(r"([\w-]+)\.md", yaml.safe_dump(CONFIG["nav"]))
    assert sorted(menu) == sorted(pages)


def test_nothing_is_fetched_from_elsewhere(site, tree):
    for name, page in site.items():
        assert [each for each in page.fetched if re.match(r"(https?:)?//", each)] == [], name
    styles = "".join(path.read_text(encoding="utf-8") for path in (tree / "site").rglob("*.css"))
    assert not re.search(r"(url\(|@import)\s*['\"]?(https?:)?//", styles)


def test_links_and_anchors_lead_somewhere_on_the_site_too(site, tree):
    for name, page in site.items():
        for link in page.links if name != "404.html" else ():
            target, _, anchor = link.partition("#")
            if re.match(r"[a-z]+:", link):
                continue
            assert not target or (tree / "site" / target).exists(), f"{name}: {link}"
            if anchor and (target.endswith(".html") or not target):
                assert anchor in site[target or name].ids, f"{name}: {link}"


def test_the_api_has_the_docstring_of_every_public_name(site, tree):
    page = (tree / "site" / "api.html").read_text(encoding="utf-8")
    for name, home in ganmnist._HOMES.items():
        assert f"ganmnist.{home}.{name}" in site["api.html"].ids, name
    assert "Train a GAN" in re.sub("<[^>]+>", "", page)
    assert ":::" not in re.sub("<[^>]+>", "", page)
    for name, field in ganmnist.TrainConfig.model_fields.items():
        told = " ".join(re.sub("<[^>]+>", "", html.unescape(page)).split())
        assert " ".join((field.description or "").split())[:40] in told, name


@pytest.mark.parametrize("link", ["nowhere.md", "index.md#nowhere", "../README.md"])
def test_a_broken_link_fails_the_build(tmp_path, link):
    (tmp_path / "docs").mkdir()
    (tmp_path / "mkdocs.yml").write_text(yaml.safe_dump({**CONFIG, "nav": ["index.md"], "plugins": []}))
    (tmp_path / "docs" / "index.md").write_text(f"# Here\n\n[there]({link})\n")
    done = built(tmp_path)
    assert done.returncode != 0
    assert "does not exist" in done.stderr
