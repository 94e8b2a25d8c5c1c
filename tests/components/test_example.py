"""The component that examples/components.md shows."""

import re

from ghpython_components.sources import component

PAGE = component.FOLDER.parent / "examples" / "components.md"


def test_the_component_of_the_walk_through_works(unpack, open_rhino, start_server, tmp_path, monkeypatch):
    blocks = dict(re.findall(r"```(\w+)\n(.*?)```", PAGE.read_text(), re.DOTALL))
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / "code.py").write_text(blocks["python"])
    (folder / "metadata.json").write_text(blocks["json"])
    monkeypatch.setattr(component, "COMPONENTS", tmp_path)
    unpack(component.component("models", component.document()), "models", tmp_path)

    rhino = open_rhino(start_server(mock=True).home, tmp_path)
    rhino.place("models")
    assert rhino.answer("models", "names")["names"] == ["bundled", "bundled-unconditional"]
    assert rhino.answer("models", "names", data="MNIST")["names"] == []
    assert rhino.report("models")["message"] == "0 models"
