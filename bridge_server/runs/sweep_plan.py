"""What a sweep trains, and which of its models is the best: pure functions."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from itertools import product

from bridge_server.contract.sweeps import MAX_RUNS, SweptName, Value
from ganmnist.config import TrainConfig
from ganmnist.errors import SettingError, counted
from ganmnist.validation import read_settings


def expand(common: TrainConfig, given: Collection[str], axes: Mapping[SweptName, Sequence[Value]]) -> list[TrainConfig]:
    """Return the settings of each training: every combination of values, the last axis changing first.

    Args:
        common: What is the same for all of them.
        given: Names of the settings that were given in it.
        axes: The values of each setting that has several.

    Raises:
        SettingError: A value is none that its setting may have, stands there twice, or has another beside it in the
            common settings; or there are too many combinations.
    """
    for name in axes:
        if name in given:
            raise SettingError(f"{name}: has one value, and others in sweep: leave one of them out")
    count = math.prod(len(values) for values in axes.values())
    if count > MAX_RUNS:
        sizes = " x ".join(str(len(values)) for values in axes.values())
        raise SettingError(
            f"sweep: {sizes} values are {counted(count, 'training')}, at most {MAX_RUNS} may be swept over"
        )
    read = {name: _read(name, values) for name, values in axes.items()}
    return [common.model_copy(update=dict(zip(read, values, strict=True))) for values in product(*read.values())]


def _read(name: str, values: Sequence[Value]) -> list[object]:
    """Return values as their setting has them."""
    found: list[object] = []
    for value in values:
        try:
            read = getattr(read_settings(TrainConfig, {name: value}), name)
        except SettingError as error:
            raise SettingError(f"sweep.{error}") from None
        if _same(read) in map(_same, found):
            raise SettingError(f"sweep.{name}: {value} stands there twice: leave one out")
        found.append(read)
    return found


def _same(value: object) -> object:
    """Return what is equal of two values that mean the same: names do in any case."""
    return value.lower() if isinstance(value, str) else value


def values_of(settings: TrainConfig, axes: Sequence[str]) -> dict[str, Value | None]:
    """Return a training's values of the settings that a sweep goes over."""
    return {name: getattr(settings, name, None) for name in axes}


def best_of(figures: Mapping[str, float]) -> str | None:
    """Return the run with the lowest FID, the first of equals; none where there is no figure."""
    return min(figures, key=lambda run: figures[run], default=None)


def worse_than(best: str | None, figures: Mapping[str, float]) -> list[str]:
    """Return the runs that may be dropped: those that the judge has looked at, but the best.

    Where nobody is the best nobody is worse, and one without a figure might be the best.
    """
    return [run for run in figures if run != best] if best in figures else []
