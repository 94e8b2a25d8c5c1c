"""`ganmnist device`: what a training would be computed on."""

from __future__ import annotations

import json

from ganmnist.cli.main import main
from ganmnist.device import ACCELERATORS


def test_it_names_the_device_with_the_reason_and_why_the_others_are_not_there(capsys):
    assert main(["device", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["device"], said["why"], said["problems"]) == ("cpu", "there is no other that works", [])
    assert list(said["absent"]) == list(ACCELERATORS)
    assert main(["device"]) == 0
    assert capsys.readouterr().out.splitlines()[1].startswith("There is no cuda here: ")


def test_one_that_is_asked_for_and_is_not_there_ends_with_1_and_the_remedy(capsys):
    assert main(["device", "--device", "cuda"]) == 1
    assert "device: there is no cuda here" in capsys.readouterr().err
