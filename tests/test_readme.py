"""What the README shows works as it stands there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from ghpython_components.sources.component import all_components

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PYTHON_BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
COMPONENTS = [each for each in all_components() if not each.name.startswith("layer_")]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.mark.parametrize("code", PYTHON_BLOCKS)
def test_the_python_of_the_readme_runs(code, home):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, cwd=home, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


def test_the_misfit_of_the_readme_is_what_its_networks_say_without_their_reshape(home):
    (code,) = (code for code in PYTHON_BLOCKS if "Reshape((64, 7, 7)),\n" in code)
    (sentence,) = re.findall(r"^    (generator: .*)$", README, re.MULTILINE)
    misfit = code.replace("Reshape((64, 7, 7)),\n", "")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", misfit], env=environment, cwd=home, capture_output=True, text=True)
    assert done.returncode == 1
    assert sentence in done.stderr


@pytest.mark.parametrize("component", COMPONENTS, ids=lambda component: component.name)
def test_the_readme_names_the_inputs_and_outputs_of_every_component(component):
    (row,) = re.findall(rf"^\| \*\*{component.nickname}\*\* \| .* \| (.*) \| (.*) \|$", README, re.MULTILINE)
    assert row == tuple(", ".join(port.name for port in ports) for ports in (component.inputs, component.outputs))


def test_the_readme_shows_python():
    assert len(PYTHON_BLOCKS) >= 2


def test_the_forge_runs_the_test_command_of_the_readme_on_every_system_and_python_that_we_name():
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "tests.yml").read_text(encoding="utf-8"))
    assert workflow["permissions"] == {"contents": "read"}
    (job,) = workflow["jobs"].values()
    (command,) = (step["run"] for step in job["steps"] if "run" in step)
    assert command == "python start.py test"
    assert f"\n    {command}\n" in README
    matrix = job["strategy"]["matrix"]
    assert {name.split("-")[0] for name in matrix["os"]} == {"windows", "macos", "ubuntu"}
    named = [each.rsplit(" ", 1)[1] for each in PROJECT["classifiers"] if re.search(r":: Python :: \d+\.\d+$", each)]
    assert matrix["python"] == named
    assert PROJECT["requires-python"] == f">={named[0]}"
    assert f"{named[0]} to {named[-1]}" in README


@pytest.mark.parametrize("file", sorted((ROOT / ".github" / "ISSUE_TEMPLATE").iterdir()), ids=lambda file: file.name)
def test_the_forge_can_read_its_issue_templates(file):
    head, *_ = yaml.safe_load_all(file.read_text(encoding="utf-8").split("\n---\n")[0])
    needed = {"blank_issues_enabled"} if file.name == "config.yml" else {"name", "about", "labels"}
    assert needed <= head.keys()
