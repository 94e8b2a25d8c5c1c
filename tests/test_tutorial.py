"""The tutorial: its code runs and prints what it says, the notebook is the same text, and what it names is there."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from ganmnist import PRESETS
from ganmnist.training.diagnostics import EARLY, WINDOW
from ghpython_components import definitions

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[1]
TUTORIAL = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
# Runs the cells of a notebook in their order, and says for each what it has printed.
RUN = """
import contextlib, io, json, sys
names, printed = {}, []
for code in json.load(sys.stdin):
    with contextlib.redirect_stdout(io.StringIO()) as out:
        exec(code, names)
    printed.append(out.getvalue())
print(json.dumps(printed))
"""


@pytest.fixture(scope="module")
def notebook():
    """The program that writes the notebook."""
    made = importlib.util.spec_from_file_location("notebook", ROOT / "docs" / "making" / "notebook.py")
    module = importlib.util.module_from_spec(made)
    made.loader.exec_module(module)
    return module


def test_the_notebook_is_the_text_of_the_tutorial(notebook):
    assert notebook.FILE.read_text(encoding="utf-8") == notebook.text(), "stale: python docs/making/notebook.py"


def test_the_notebook_runs_and_prints_what_the_tutorial_says(notebook, mnist_at_hand, home):
    cells = json.loads(notebook.text())["cells"]
    codes = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    fast = [code.replace("seconds=60", "seconds=1") for code in codes]
    assert fast != codes
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", RUN], input=json.dumps(fast), env=environment, cwd=home, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    install, *printed, sliders = json.loads(done.stdout)
    assert (install, sliders) == ("", "")
    assert printed == [said for _, said in notebook.blocks()]
    assert {"digits.png", "way.png", "digit.stl"} <= {path.name for path in home.iterdir()}


def test_its_networks_are_the_presets():
    generator, discriminator = PRESETS["tutorial"].networks.tables()
    totals = [sum(row.parameters for row in rows) for rows in (discriminator, generator)]
    assert "The discriminator has {:,} parameters, the generator {:,}.".format(*totals) in TUTORIAL


def test_when_a_training_says_that_it_goes_badly_is_told():
    assert f"of the losses from step {WINDOW}\non, of the images from step {EARLY} on" in TUTORIAL


def test_the_definitions_and_groups_that_it_names_are_there():
    named = set(re.findall(r"`(\d\d_\w+)`", TUTORIAL))
    assert len(named) >= 5
    assert named <= {*definitions.names()}
    source = "".join(path.read_text() for path in (ROOT / "ghpython_components" / "definitions").glob("*.py"))
    for group in re.findall(r"\*(\d  [^*]+)\*", TUTORIAL):
        assert f'"{group}"' in source


def test_what_it_names_on_the_page_is_there():
    page = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "bridge_server" / "page").rglob("*.js"))
    fields = {"Preset", "Learning rate"}  # made from the settings' names
    for line in re.findall(r"^- \*On the page\.\* (.*(?:\n  .*)*)", TUTORIAL, re.MULTILINE):
        for name in re.findall(r"\*+([^*]+)\*+", line.replace("\n ", "")):
            assert name in fields or f'"{name}' in page or f'"{name.lower()}"' in page, name
