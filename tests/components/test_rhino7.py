"""What GHPython of Rhino 7 does that Rhino 8 does not: descriptions out of the script, text, decimal commas."""

from __future__ import annotations

import ast
import base64
import json
import re

import numpy as np
import pytest

from ghpython_components.shared import text
from ghpython_components.sources import component as sources

COMPONENTS = {component.name: component for component in sources.all_components()}
# Of Latin-1, which IronPython's json takes for bytes; of UTF-8 that looks like it; from other planes and directions.
NAMES = ("müll", "Ã¼ber", "żółw", "数字", "رقم", "digit 😀", "a 'quoted' name")
WITH_CULTURE = re.compile(r"\{\w*:\S*?[gGfFeEn,%]\}")


@pytest.fixture(scope="module")
def mock(start_shared_server):
    return start_shared_server(mock=True)


@pytest.fixture(scope="module")
def server(start_shared_server):
    return start_shared_server()


@pytest.fixture(scope="module")
def drawn(server):
    """The vector of a digit."""
    return np.frombuffer(base64.b64decode(server.call("POST", "/api/generate", {"seed": 5})[1]["z"]), "<f4").tolist()


@pytest.mark.parametrize("python", ["2.7"], indirect=True)
def test_after_the_first_solve_components_and_ports_are_described_as_in_their_files(open_rhino, mock):
    rhino = open_rhino(mock.home)
    for name, component in COMPONENTS.items():
        rhino.place(name)
        described = rhino.solve(name)["described"]
        inputs, outputs = (
            {port.name: port.description for port in ports} for ports in (component.inputs, component.outputs)
        )
        assert described == [component.description, inputs, outputs], name


@pytest.mark.parametrize("name", NAMES)
def test_a_name_in_any_alphabet_is_answered_by_the_servers_own_sentence(open_rhino, mock, name):
    rhino = open_rhino(mock.home)
    rhino.place("generate")
    rhino.solve("generate", model=name)
    report = rhino.until("generate", lambda report: report["balloons"])
    ((_, sentence),) = report["balloons"]
    assert sentence.startswith("model: ")
    assert name in sentence


@pytest.mark.parametrize("name", NAMES[:-1])
def test_digits_are_saved_and_restored_under_a_path_in_any_alphabet(open_rhino, server, drawn, tmp_path, name):
    folder = tmp_path / name
    folder.mkdir()
    rhino = open_rhino(server.home)
    rhino.place("export")
    rhino.place("restore")
    path = str(folder / f"{name}.3dm")
    rhino.solve("export", save=False, path=path, z={"tree": {"0": drawn}})
    rhino.solve("export", save=True, path=path, z={"tree": {"0": drawn}})
    rhino.until("export", lambda report: (report["message"] or "").startswith(f"saved {name}.3dm - "))
    rhino.solve("restore", path=path)
    assert rhino.until("restore", "1 of bundled")["balloons"] == []


@pytest.mark.parametrize("name", NAMES)
def test_a_network_in_any_alphabet_is_refused_with_what_was_written(open_rhino, mock, name):
    rhino = open_rhino(mock.home)
    rhino.place("model")
    rhino.solve("model", generator=json.dumps({"layers": [{"layer": name}]}, ensure_ascii=False))
    report = rhino.until("model", lambda report: report["balloons"])
    assert "layer" in report["balloons"][0][1]


def test_no_number_is_written_with_the_comma_of_a_country():
    """IronPython formats floats, and thousands, as the culture it runs in: `shared/text.py` has the formats for it."""
    for name, component in COMPONENTS.items():
        for node in ast.walk(ast.parse(component.source)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and WITH_CULTURE.search(node.value):
                assert node.value in ("{0:.{1}f}", "{0:.{1}g}"), f"{name}:{node.lineno}: {node.value}"


@pytest.mark.parametrize(("number", "expected"), [(0, "0"), (999, "999"), (1000, "1,000"), (1661825, "1,661,825")])
def test_thousands_stand_apart(number, expected):
    assert text.grouped(number) == expected
