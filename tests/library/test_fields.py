"""A field that has another name by now is still read by its old one, and shown by its new one."""

from __future__ import annotations

import copy
import json
from typing import Annotated

import pytest

from ganmnist.config import ActivationsConfig, FilmConfig, GenerateConfig, LatentConfig, SheetConfig
from ganmnist.errors import SettingError
from ganmnist.fields import Formerly, Number, Settings, Whole
from ganmnist.validation import read_settings

WITH_TRUNCATION = [LatentConfig, GenerateConfig, FilmConfig, SheetConfig, ActivationsConfig]


class Pen(Settings):
    nib: Annotated[Number, Formerly("tip")] = 1.0


class Desk(Settings):
    drawers: Annotated[Whole, Formerly("boxes")] = 2
    pen: Pen = Pen()


class Room(Pen, Desk):
    """Settings with the fields of two others."""


@pytest.mark.parametrize("settings", WITH_TRUNCATION)
def test_settings_that_say_boldness_are_read_as_truncation(settings):
    for read in (
        settings(boldness=0.25),
        read_settings(settings, {"boldness": 0.25}),
        settings.model_validate_json('{"boldness": 0.25}'),
    ):
        assert read == settings(truncation=0.25)
        assert (read.truncation, read.boldness) == (0.25, 0.25)
        assert "boldness" not in read.model_dump_json()
    assert "boldness" not in json.dumps(settings.model_json_schema())


@pytest.mark.parametrize("settings", WITH_TRUNCATION)
def test_copies_with_the_old_name_are_changed_too(settings):
    assert settings(seed=3).model_copy(update={"boldness": 0.25}) == settings(seed=3, truncation=0.25)


def test_settings_kept_as_json_before_the_name_changed_are_read():
    kept = (
        '{"seed":4,"digit":7,"latent":[],"slant":1.5,"thickness":null,"width":null,"size":null,"boldness":0.25,'
        '"count":3,"z":null}'
    )
    assert GenerateConfig.model_validate_json(kept) == GenerateConfig(
        seed=4, digit=7, slant=1.5, truncation=0.25, count=3
    )


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"boldness": 3}, "truncation: must be at most 2, got 3"),
        ({"boldness": "1"}, "truncation: must be a number, got '1'"),
        (
            {"boldness": 1, "truncation": 1},
            "truncation: was called boldness before, and both are given: leave out boldness",
        ),
        ({"Boldness": 1}, "Boldness: unknown field, got 1"),
    ],
)
def test_what_is_wrong_is_said_of_the_new_name(values, sentence):
    with pytest.raises(SettingError) as caught:
        read_settings(GenerateConfig, values)
    assert str(caught.value) == sentence


def test_old_names_are_inherited_from_several_settings_and_read_in_nested_ones():
    assert Room.renamed() == {"tip": "nib", "boxes": "drawers"}
    read = Room.model_validate_json('{"tip": 2, "boxes": 3.0, "pen": {"tip": 4}}')
    assert read == Room(nib=2.0, drawers=3, pen=Pen(nib=4.0))
    assert (read.boxes, read.pen.tip) == (3, 4.0)
    assert Pen.part_of(read) == Pen(nib=2.0)


def test_settings_can_be_copied_and_a_name_that_never_was_is_no_attribute():
    desk = Desk(boxes=3)
    assert copy.deepcopy(desk) == desk == desk.model_copy()
    assert not hasattr(desk, "shelves")
