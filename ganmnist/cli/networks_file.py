"""Networks in a file, as JSON to read and to edit. No torch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ganmnist.config import TrainConfig
from ganmnist.errors import SettingError
from ganmnist.networks.spec import ModelConfig
from ganmnist.remedies import command
from ganmnist.storage.atomic import write_atomic
from ganmnist.validation import read_settings

MAX_BYTES = 1_000_000  # networks as long as can be, written with room to spare, have a hundredth


def read_networks(path: Path) -> TrainConfig:
    """Read networks from a file, and how to train them if it says that too.

    Args:
        path: JSON as `TrainConfig.to_text` or `ModelConfig.to_text` gives it.

    Raises:
        SettingError: It cannot be read, is no JSON, or the networks in it are wrong.
    """
    values = _read_object(path)
    if "networks" not in values:
        values = {"networks": read_settings(ModelConfig, values)}
    return read_settings(TrainConfig, values)


def write_networks(path: Path, config: TrainConfig) -> None:
    """Write networks, and how to train them, to a .json file.

    Raises:
        SettingError: The name has another ending.
    """
    if path.suffix.lower() != ".json":
        raise SettingError(f"out: {path} ends in {path.suffix or 'nothing'}; networks are written as .json")
    write_atomic(path, f"{config.to_text()}\n".encode())


def _read_object(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise SettingError(f"networks: {path} cannot be read ({error.strerror}): {_remedy()}") from None
    if len(content) > MAX_BYTES:
        raise SettingError(f"networks: {path} has more than {MAX_BYTES:,} bytes, so it holds no networks: {_remedy()}")
    try:
        values = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise SettingError(
            f"networks: {path} is no JSON ({error}): mend it there, or begin anew; {_remedy()}"
        ) from None
    if isinstance(values, dict) and "layers" in values:
        raise SettingError(f"networks: {path} holds one network; generator and discriminator are two: {_remedy()}")
    if not isinstance(values, dict):
        raise SettingError(f'networks: {path} is no JSON object with "generator" and "discriminator": {_remedy()}')
    return values


def _remedy() -> str:
    return f"{command('ganmnist', 'networks', 'show', '--out', 'networks.json')} writes some to begin with"
