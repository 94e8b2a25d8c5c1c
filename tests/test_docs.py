"""What the pages show: commands are understood, code is code, links and anchors lead somewhere."""

from __future__ import annotations

import ast
import importlib.util
import json
import re
from pathlib import Path

import pytest

from bridge_server.contract.calls import CALLS
from tests import command_lines

ROOT = Path(__file__).resolve().parents[1]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").glob("*.md")),
    ROOT / "examples/components.md",
]
_STARTS = r"(?:\.venv/bin/|\.venv\\Scripts\\)?(?:ganmnist(?:-server)?|torchrun|python|uv|pipx|make|ray|pre-commit|curl)"
LINES = re.compile(rf"^(?: {{4,}}|\t)({_STARTS} .*)$", re.MULTILINE)
BEGUN = re.compile(r"`((?:\.venv/bin/|\.venv\\Scripts\\)?(?:ganmnist|ganmnist-server|python start\.py)(?: [^`]*)?)`")
BLOCKS = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^()\s]+)\)")


def text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def blocks(page: Path, *kinds: str) -> list[str]:
    return [code for kind, code in BLOCKS.findall(text(page)) if kind in kinds]


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as the forge and the site make them alike."""
    titles = re.findall(r"^#+ (.+)$", BLOCKS.sub("", text(page)), re.MULTILINE)
    plain = [re.sub(r"[`*]|\[([^]]*)\]\([^)]*\)", r"\1", title).strip().lower() for title in titles]
    return {re.sub(r"[^\w\- ]", "", title).replace(" ", "-") for title in plain}


@pytest.fixture(params=PAGES, ids=lambda page: page.name)
def page(request):
    return request.param


def test_the_commands_of_a_page_are_understood(page):
    found = text(page)
    for line in [*LINES.findall(found), *LINES.findall("".join(blocks(page, "", "text", "sh")))]:
        command_lines.parse(line)
    for line in BEGUN.findall(re.sub(r"\n(?:  )?", " ", found)):
        command_lines.validate_begun(line)


def names_of(module: str) -> set[str]:
    """Return the names that a module has; those that run in Rhino alone are read and not imported."""
    if not module.startswith("ghpython_components."):
        return {*dir(importlib.import_module(module))}
    tree = ast.parse((ROOT / f"{module.replace('.', '/')}.py").read_text(encoding="utf-8"))
    targets = [target for node in tree.body if isinstance(node, ast.Assign) for target in node.targets]
    assigned = {target.id for target in targets if isinstance(target, ast.Name)}
    return assigned | {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}


def test_the_python_of_a_page_compiles_and_imports_what_there_is(page):
    for code in blocks(page, "python"):
        for node in ast.walk(ast.parse(code)):
            if isinstance(node, ast.ImportFrom):
                assert {name.name for name in node.names} <= names_of(node.module), ast.unparse(node)
            elif isinstance(node, ast.Import):
                assert all(importlib.util.find_spec(name.name) for name in node.names), ast.unparse(node)


def test_the_json_of_a_page_is_json(page):
    for code in blocks(page, "json"):
        json.loads(code)


def test_the_calls_of_a_page_are_those_of_the_contract(page):
    known = {(call.method, call.path) for call in CALLS}
    for method, path in re.findall(r"\b(GET|POST|PATCH|DELETE) +(/api/[\w/{}.-]*[\w}])", text(page)):
        assert (method, path) in known, f"{method} {path}"


def test_every_link_of_a_page_leads_to_a_file_and_a_heading(page):
    for target in LINK.findall(BLOCKS.sub("", text(page))):
        if "://" in target or target.startswith("mailto:"):
            continue
        name, _, anchor = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        assert file.exists(), target
        assert not anchor or anchor in anchors(file), f"{target}: no such heading"


def test_there_is_something_to_hold_against():
    lines = [line for page in PAGES for line in LINES.findall(text(page))]
    assert len(lines) > 50
    assert sum(len(blocks(page, "python")) for page in PAGES) > 8


@pytest.mark.parametrize(
    "line",
    [
        "ganmnist generate --nonsense 3 --out a.png",
        "ganmnist-server serve --slots none",
        "ganmnist-server nonsense",
        "ganmnist-server install-components --nonsense",
        "python -m ganmnist.nonsense",
        "python benchmarks/nonsense.py",
        "python start.py nonsense",
        "make nonsense",
        "torchrun --nproc-per-node 2 -m ganmnist nonsense",
        "nonsense",
    ],
)
def test_a_line_that_nothing_understands_is_seen(line):
    with pytest.raises(AssertionError):
        command_lines.parse(line)


@pytest.mark.parametrize("line", ["ganmnist nonsense", "ganmnist train --nonsense", "ganmnist-server token nonsense"])
def test_a_command_that_there_is_not_is_seen_though_it_is_only_begun(line):
    with pytest.raises(AssertionError):
        command_lines.validate_begun(line)
