"""What a sweep trains, and which of its models may go: rules as pure functions."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge_server.contract.sweeps import MAX_RUNS, StartSweep
from bridge_server.runs.sweep_plan import best_of, expand, values_of, worse_than
from ganmnist.config import TrainConfig
from ganmnist.errors import SettingError
from ganmnist.validation import read_settings

AXES = st.fixed_dictionaries(
    {},
    optional={
        "seed": st.lists(st.integers(0, 2**31 - 1), min_size=1, max_size=4, unique=True),
        "learning_rate": st.lists(st.floats(1e-6, 0.1), min_size=1, max_size=3, unique=True),
        "loss": st.lists(st.sampled_from(["bce", "hinge"]), min_size=1, max_size=2, unique=True),
        "steps": st.lists(st.integers(1, 1000), min_size=1, max_size=3, unique=True),
    },
).filter(bool)


@given(AXES)
def test_every_combination_is_trained_once_and_all_else_is_the_same(axes):
    common = TrainConfig(batch_size=16, epochs=3)
    made = expand(common, {"batch_size", "epochs"}, axes)
    values = [tuple(values_of(settings, list(axes)).values()) for settings in made]
    assert len(made) == len(set(values)) == math.prod(map(len, axes.values()))
    for place, allowed in enumerate(axes.values()):
        assert list(dict.fromkeys(each[place] for each in values)) == allowed, "in the order in which they were given"
    rest = {name for name in TrainConfig.model_fields if name not in axes}
    assert all(getattr(settings, name) == getattr(common, name) for settings in made for name in rest)
    assert [read_settings(TrainConfig, settings.model_dump()) for settings in made] == made


def test_the_last_setting_changes_first():
    made = expand(TrainConfig(), set(), {"seed": [1, 2], "learning_rate": [0.1, 0.01]})
    assert [(each.seed, each.learning_rate) for each in made] == [(1, 0.1), (1, 0.01), (2, 0.1), (2, 0.01)]


@pytest.mark.parametrize(
    ("given", "axes", "said"),
    [
        ((), {"learning_rate": [0.001, 0.5]}, "sweep.learning_rate: must be at most 0.1, got 0.5"),
        ((), {"seed": [1, 2.5]}, "sweep.seed: must be a whole number, got 2.5"),
        ((), {"loss": ["hinge", 3]}, "sweep.loss: must be"),
        ((), {"seed": [4, 1, 4]}, "sweep.seed: 4 stands there twice"),
        ((), {"r1": [1, 1.0]}, "sweep.r1: 1.0 stands there twice"),
        ((), {"start_from": ["mine", "other", "Mine"]}, "sweep.start_from: Mine stands there twice"),
        (("seed",), {"seed": [1, 2]}, "seed: has one value, and others in sweep"),
        ((), {"seed": list(range(40)), "steps": [1, 2, 3]}, "40 x 3 values are 120 trainings, at most 100"),
    ],
)
def test_what_cannot_be_swept_over_is_said_with_its_field(given, axes, said):
    with pytest.raises(SettingError, match=said.replace(".", r"\.")):
        expand(TrainConfig(), given, axes)


@pytest.mark.parametrize(
    ("sweep", "said"),
    [
        ({}, "sweep: must have at least 1 item"),
        ({"seed": []}, "sweep.seed: must have at least 2 items"),
        ({"seed": [3]}, "sweep.seed: has one value, the same for all: give it as a setting beside sweep"),
        ({"seed": [1, 2], "loss": ["hinge"]}, "sweep.loss: has one value, the same for all"),
        ({"data": ["a", "b"]}, "sweep.data: must be 'preset', "),
        ({"device": ["cpu", "cuda"]}, "sweep.device"),
        ({"seed": [True, 1]}, "must be a number or a text"),
        ({"seed": [None, 1]}, "must be a number or a text"),
        ({"r1": [1, math.inf]}, "must be a finite number"),
        ({"seed": list(range(MAX_RUNS + 1))}, "must have at most 100 items"),
    ],
)
def test_a_wrong_sweep_is_refused_in_a_sentence(sweep, said):
    with pytest.raises(SettingError, match=said.replace(".", r"\.")):
        read_settings(StartSweep, {"sweep": sweep})


@given(st.dictionaries(st.text(min_size=1), st.floats(0, 1e6), max_size=6), st.text())
def test_the_best_is_never_dropped_and_nobody_is_where_there_is_no_best(figures, other):
    best = best_of(figures)
    assert (best is None) == (not figures)
    assert best not in worse_than(best, figures)
    assert all(figures[run] >= figures[best] for run in worse_than(best, figures))
    assert worse_than(None, figures) == []
    if other not in figures:
        assert worse_than(other, figures) == [], "one that was not measured is no measure"
