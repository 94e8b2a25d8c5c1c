"""Which images are kept for the test: as folders or files are called, or every tenth."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

_Bytes = NDArray[np.uint8]
Parts = tuple[_Bytes, _Bytes, _Bytes, _Bytes]
_SEED = 28
_LONGEST = 40  # letters that a word for a split has
_READ = 255  # letters of a name, as many as a folder's or a file's has at most
_FEW = 20  # of fewer images none is spared for the test
_CAMEL = re.compile(r"(?<=[^\W\d_A-Z])(?=[A-Z])")
_WORD = re.compile(r"[^\W\d_]+\d*[^\W\d_]*")
_HELD_OUT = re.compile(r"(hold|held)[-_ ]?out")
# What stands around such a word: x_train and y_train, Trainingsdaten, test1 of a few, COCO's train2017.
_AROUND = re.compile(
    r"[xy]?(?P<word>.+?)s?(?:set|sets|data|dataset|daten|datensatz|satz|menge|bilder|images?|imgs?|pictures?)?"
    r"[xy]?\d{0,4}"
)


class Split(StrEnum):
    """What images are for, as a name tells it."""

    TRAIN = "train"
    TEST = "test"
    VALIDATION = "validation"


# In English, German, French, Spanish, Italian, Portuguese; Japanese and Chinese. As `_plain` writes them.
_WORDS = {
    Split.TRAIN: (
        *("train", "training", "trn", "learn", "learning", "lern", "lernen", "apprentissage", "entrainement"),
        *("entrenamiento", "aprendizaje", "addestramento", "allenamento", "apprendimento"),
        *(
            "treino",
            "treinamento",
            "treinar",
            "aprendizado",
            "訓練",
            "訓練用",
            "訓練データ",
            "学習",
            "学習用",
            "学習データ",
            "训练",
        ),
    ),
    Split.TEST: (
        *("test", "testing", "t10k", "tst", "eval", "evaluation", "evaluierung", "holdout", "unseen"),
        *("pruf", "pruef", "prufung", "pruefung", "tester", "essai", "essais"),
        *(
            "prueba",
            "pruebas",
            "evaluacion",
            "prova",
            "prove",
            "collaudo",
            "valutazione",
            "teste",
            "testes",
            "avaliacao",
        ),
        *("テスト", "テスト用", "テストデータ", "测试"),
    ),
    Split.VALIDATION: (
        *("val", "valid", "validation", "dev", "validierung", "validierungs", "validacion", "validazione"),
        *("convalida", "validacao", "検証", "検証用", "検証データ", "验证"),
    ),
}


def _plain(name: str) -> str:
    """Return a name in small letters without accents, its beginning at least: taking apart all of a long one lasts."""
    apart = unicodedata.normalize("NFKD", name.strip()[:_READ].lower())
    return _HELD_OUT.sub("holdout", "".join(letter for letter in apart if not unicodedata.combining(letter)))


_SPLITS = {_plain(word): each for each, words in _WORDS.items() for word in words}


def split_called(name: str) -> Split | None:
    """Tell which split is called so, and nothing else: Testing, val, Trainingsdaten."""
    plain = _plain(name)
    if plain in _SPLITS:
        return _SPLITS[plain]
    found = _AROUND.fullmatch(plain) if len(plain) <= _LONGEST else None
    return _SPLITS.get(found["word"]) if found else None


def split_of(path: str) -> Split | None:
    """Tell which split a file's name has in it, or else the last folder's that has one: mnist_train, x_test, t10k."""
    for name in reversed(path.split("/")):
        words = _WORD.findall(_plain(_CAMEL.sub(" ", name)))
        found = {split_called(word) for word in words} - {None}
        if found:
            return found.pop() if len(found) == 1 else None
    return None


def is_given(splits: Iterable[Split | None]) -> bool:
    """Tell whether some images are for the training and others for the test."""
    found = set(splits)
    return Split.TRAIN in found and not found.isdisjoint((Split.TEST, Split.VALIDATION))


def split(images: _Bytes, labels: _Bytes) -> Parts:
    """Keep every tenth of each class, by chance but always the same, for the test if there are 20 images in all.

    Returns:
        Training images uint8 (N, 28, 28), their labels (N,), test images and their labels.
    """
    train, test = _split(labels)
    return images[train], labels[train], images[test], labels[test]


def how_split(labels: _Bytes) -> str:
    """Say how `split` parts images with such labels."""
    if len(labels) < _FEW:
        return f"none of fewer than {_FEW}"
    return "every tenth of each class" if labels.any() else "every tenth"


def shuffled(images: _Bytes, labels: _Bytes) -> tuple[_Bytes, _Bytes]:
    """Return images and labels by chance but always in the same order: files lie class by class."""
    order = np.random.default_rng(_SEED).permutation(len(labels))
    return images[order], labels[order]


def _split(labels: NDArray[np.uint8]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the places of the training images, in the order they are trained in, and of the test images."""
    shuffled = np.random.default_rng(_SEED).permutation(len(labels))
    if len(labels) < _FEW:
        return shuffled, shuffled[:0]
    of_each = [shuffled[labels[shuffled] == label] for label in np.unique(labels)]
    test = np.concatenate([places[: len(places) // 10] for places in of_each])
    return shuffled[~np.isin(shuffled, test)], test
