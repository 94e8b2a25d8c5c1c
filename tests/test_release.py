"""The workflows: with the least rights, by actions that are pinned, and by commands that there are."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import yaml

from ghpython_components import yak
from ghpython_components.document.releases import RELEASES
from tests import command_lines

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / ".github" / "workflows"
WORKFLOWS = {path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.yml"))}
JOBS = [(name, job, found) for name, workflow in WORKFLOWS.items() for job, found in workflow["jobs"].items()]
TAGGED = "startsWith(github.ref, 'refs/tags/')"


def steps(key):
    return [(f"{name}/{job}", step) for name, job, found in JOBS for step in found["steps"] if key in step]


@pytest.mark.parametrize(("where", "step"), steps("uses"), ids=lambda each: each if isinstance(each, str) else "")
def test_every_action_is_pinned_to_a_major_version_or_a_commit(where, step):
    assert re.fullmatch(r"[\w.-]+/[\w./-]+@(v\d+|release/v\d+|[0-9a-f]{40})", step["uses"]), where


@pytest.mark.parametrize(("where", "step"), steps("run"), ids=lambda each: each if isinstance(each, str) else "")
def test_every_command_is_there_and_holds_nothing_that_others_may_write(where, step):
    assert "${{" not in step["run"], "what an expression brings would be run as it stands"
    for line in step["run"].splitlines():
        command_lines.parse(line)


def test_no_job_may_do_more_than_it_has_to():
    for name, workflow in WORKFLOWS.items():
        assert workflow["permissions"] in ({}, {"contents": "read"}), name
    allowed = {(name, job): found.get("permissions") or {} for name, job, found in JOBS}
    assert {where: rights for where, rights in allowed.items() if "write" in rights.values()} == {
        ("release", "publish"): {"id-token": "write"}
    }


def test_all_jobs_end_by_themselves():
    assert all(found["timeout-minutes"] <= 90 for _, _, found in JOBS)


def test_nothing_is_published_without_a_tag_a_trial_and_a_persons_press():
    jobs = WORKFLOWS["release"]["jobs"]
    for name, environment in (("publish", "pypi"), ("rhino", "food4rhino")):
        assert jobs[name]["environment"]["name"] == environment
        assert jobs[name]["if"] == TAGGED
    assert (jobs["publish"]["needs"], jobs["try"]["needs"], jobs["rhino"]["needs"]) == ("try", "build", "publish")
    secrets = re.findall(r"secrets\.(\w+)", (FOLDER / "release.yml").read_text(encoding="utf-8"))
    assert secrets == ["YAK_TOKEN"]
    assert WORKFLOWS["release"][True] == {"push": {"tags": ["v*"]}, "workflow_dispatch": None}  # YAML's `on`


def test_what_is_handed_on_from_job_to_job_is_what_is_built():
    jobs = WORKFLOWS["release"]["jobs"]
    built = {step["with"]["name"] for step in jobs["build"]["steps"] if "upload-artifact" in step.get("uses", "")}
    taken = {
        step["with"]["name"]
        for job in ("try", "publish", "rhino")
        for step in jobs[job]["steps"]
        if "download-artifact" in step.get("uses", "")
    }
    assert built == taken == {"python", "rhino"}
    assert all(yak.file_name("1.0.0", release).endswith(".yak") for release in RELEASES)
    tools = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    assert any(each.startswith("build>") for each in tools["dev"])
