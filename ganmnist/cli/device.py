"""The command `device`: what a training would be computed on, and why."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, get_args

from ganmnist.cli.options import add_command, given, print_result
from ganmnist.config import DeviceName, TrainConfig
from ganmnist.validation import read_settings

if TYPE_CHECKING:
    from ganmnist.cli.options import Commands


def add_device(commands: Commands) -> None:
    """Add the command `device`."""
    added = add_command(commands, "device", device)
    described = TrainConfig.model_fields["device"].description
    added.add_argument("--device", choices=get_args(DeviceName), help=f"{described} [auto]")


def device(options: argparse.Namespace) -> None:
    """Say what a training would be computed on, and why: where there is a choice its first steps are tried out."""
    from ganmnist.device import ACCELERATORS, why_absent
    from ganmnist.training.presets import recipe
    from ganmnist.training.runner import choose_device

    config = read_settings(TrainConfig, given(options, TrainConfig))
    choice = choose_device(config, recipe(config))
    absent = {kind: said for kind in ACCELERATORS if (said := why_absent(kind)) and said not in choice.problems}
    values = {"device": choice.device.type, "why": choice.why, "problems": choice.problems, "absent": absent}
    told = [f"a training is computed on {choice.device.type}: {choice.why}", *choice.problems, *absent.values()]
    print_result(options, values, "\n".join(told))
