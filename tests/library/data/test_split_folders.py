"""Folders for training and test as people call and nest them: the split is found, and nothing is merged in silence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ganmnist.data.load import load_data
from ganmnist.data.splits import Split, split_called, split_of
from tests.shaded import picture, shades


def digits(folder: Path, first: int, count: int) -> None:
    """So many pictures of three digits, the shade of each telling which digit and which picture it is."""
    for number in range(count):
        picture(folder / str(number % 3) / f"{number}.png", first + number)


def test_kaggles_folder_of_digits_has_the_digits_as_classes(tmp_path):
    digits(tmp_path / "trainingSet" / "trainingSet", 30, 60)
    digits(tmp_path / "trainingSample" / "trainingSample", 30, 6)
    for number in range(4):
        picture(tmp_path / "testSet" / "testSet" / f"img_{number}.jpg", 200)
    found = load_data(tmp_path)
    assert found.classes == ("0", "1", "2")
    assert sorted(shades(np.concatenate([found.train_images, found.test_images]))) == list(range(30, 90))
    assert found.report.split == "every tenth of each class"
    assert {(left.count, left.reason.split(",")[0]) for left in found.report.left_out} == {
        (6, "lies in a sample of the training pictures"),
        (4, "has no class"),
    }
    assert found.report.remarks == ()


@pytest.mark.parametrize("below", ["", "deeper/"])
def test_a_split_is_found_where_its_folders_lie_one_in_the_other(tmp_path, below):
    digits(tmp_path / below / "seg_train" / "seg_train", 30, 9)
    digits(tmp_path / below / "seg_test" / "seg_test", 100, 6)
    picture(tmp_path / below / "seg_pred" / "seg_pred" / "1.png", 200)
    found = load_data(tmp_path)
    assert found.classes == ("0", "1", "2")
    assert (sorted(shades(found.train_images)), sorted(shades(found.test_images))) == (
        list(range(30, 39)),
        list(range(100, 106)),
    )
    assert found.report.split == "by the folders seg_test and seg_train"
    assert [(left.count, left.example) for left in found.report.left_out] == [(1, f"{below}seg_pred/seg_pred/1.png")]


@pytest.mark.parametrize(
    ("train", "test"),
    [
        ("train", "test1"), ("train", "holdout"), ("train", "hold-out"), ("train2017", "val2017"),
        ("Trainingsdaten", "Testdaten"), ("Trainingsbilder", "Prüfung"), ("training", "Validierungsdaten"),
        ("apprentissage", "test"), ("entraînement", "évaluation"), ("données d'apprentissage", "jeu de test"),
        ("Entrenamiento", "Prueba"), ("datos de entrenamiento", "Validación"), ("addestramento", "prova"),
        ("treino", "teste"), ("treinamento", "validação"), ("訓練データ", "テスト"), ("学習", "検証"), ("训练", "测试"),
    ],
)  # fmt: skip
def test_a_split_is_found_in_the_words_of_many_languages(tmp_path, train, test):
    digits(tmp_path / train, 30, 9)
    digits(tmp_path / test, 100, 6)
    found = load_data(tmp_path)
    assert found.classes == ("0", "1", "2")
    assert (len(found.train_images), len(found.test_images)) == (9, 6)
    assert found.report.remarks == ()


@pytest.mark.parametrize("name", ["oak", "trainer", "station", "contest", "values", "device", "y", "xy", "", "0", "x1"])
def test_other_words_are_no_split(name):
    assert split_called(name) is split_of(name) is None


def test_a_split_is_found_among_other_words_of_a_name():
    assert split_of("Daten/Trainingsdaten_2024.npy") is Split.TRAIN
    assert split_of("xTest.npy") is split_of("t10k-images") is split_of("held_out.csv") is Split.TEST


def test_folders_that_are_merged_into_those_above_them_are_named(tmp_path):
    digits(tmp_path / "spring", 30, 9)
    digits(tmp_path / "autumn", 100, 9)
    picture(tmp_path / "winter" / "x.png", 200)
    found = load_data(tmp_path)
    assert found.classes == ("autumn", "spring", "winter")
    (remark,) = found.report.remarks
    assert remark.startswith(
        "the folders 0, 1 and 2 were read as part of the classes autumn and spring, which they lie in"
    )
    assert "call those above them train and test" in remark


def test_one_folder_in_each_class_loses_nothing_and_is_not_spoken_of(tmp_path):
    for name in ("cat", "dog"):
        picture(tmp_path / name / "images" / "x.png", 9)
    assert load_data(tmp_path).report.remarks == ()


def test_folders_of_two_splits_that_differ_in_capitals_are_one_class(tmp_path):
    for place, name in enumerate(("train/Oak", "train/elm", "test/oak", "test/ELM")):
        picture(tmp_path / name / "x.png", 30 + place)
    found = load_data(tmp_path)
    assert found.classes == ("elm", "Oak")
    assert found.test_labels[found.test_images[:, 14, 14] == 32].tolist() == [1]
    assert set(found.report.remarks) == {
        "Oak and oak were taken as one class, Oak",
        "ELM and elm were taken as one class, elm",
    }


def test_folders_of_one_split_that_differ_in_capitals_stay_two_classes(tmp_path):
    for place, name in enumerate(("train/a", "train/A", "test/a")):
        picture(tmp_path / name / "x.png", 30 + place)
    if len(list((tmp_path / "train").iterdir())) == 1:
        pytest.skip("this disk does not tell capitals apart")
    assert load_data(tmp_path).classes == ("A", "a")
