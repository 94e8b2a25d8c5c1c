"""Programs beside the two commands: asked for help, they say what they do and do not do it."""

from __future__ import annotations

import sys
from importlib import import_module

import pytest


@pytest.mark.parametrize(
    "name",
    [
        "bridge_server.contract.openapi",
        "ganmnist.glossary",
        "ganmnist.networks.layer_docs",
        "ganmnist.weights.train_bundled",
        "ganmnist.weights.train_judge",
        "ghpython_components.build",
        "ghpython_components.install",
        "ghpython_components.pictures.canvas_picture",
        "ghpython_components.pictures.docs",
    ],
)
def test_help_does_nothing_but_help(name, monkeypatch, capsys):
    module = import_module(name)
    monkeypatch.setattr(sys, "argv", [name, "--help"])
    with pytest.raises(SystemExit) as left:
        module.main()
    assert left.value.code == 0
    assert "usage: " in capsys.readouterr().out
