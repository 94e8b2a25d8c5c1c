"""What a file is, by the bytes that it begins with."""

from __future__ import annotations

import io
import zipfile

import numpy as np
import pytest
from PIL import Image

from ganmnist.config import GeometryConfig
from ganmnist.export.write import file_bytes
from ganmnist.models.archive import model_bytes
from ganmnist.models.store import ModelStore
from ganmnist.storage.magic import HEAD, what_is

DIGIT = np.eye(28, dtype=np.uint8)[None] * 255


@pytest.mark.parametrize(
    ("ending", "form", "name"),
    [
        (".png", "images", "a PNG picture"),
        (".gif", "images", "a GIF picture"),
        (".npy", "images", "an array of NumPy, .npy"),
        (".stl", "solid", "an .stl of geometry"),
        (".ply", "solid", "a .ply of geometry"),
        (".3dm", "solid", "a file of Rhino, .3dm"),
        (".3mf", "solid", "a .3mf or an Office document"),
        (".obj", "solid", "a text"),
        (".json", "solid", "a text, JSON"),
    ],
)
def test_what_we_write_is_known_by_its_first_bytes(ending, form, name):
    assert what_is(file_bytes(ending, DIGIT, GeometryConfig(form=form))[:HEAD]) == name


@pytest.mark.parametrize(
    ("format", "name"), [("JPEG", "a JPEG picture"), ("BMP", "a BMP picture"), ("TIFF", "a TIFF picture"),
                         ("WEBP", "a WebP picture")]
)  # fmt: skip
def test_pictures_are_known(format, name):
    file = io.BytesIO()
    Image.fromarray(DIGIT[0]).save(file, format)
    assert what_is(file.getvalue()[:HEAD]) == name


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"", "empty"),
        (b"%PDF-1.7", "a PDF"),
        (b"Dear reader,\n", "a text"),
        (b"\xef\xbb\xbf<!DOCTYPE html>", "a text"),
        (b"<!doctype html><p>", "a web page"),
        (b"version https://git-lfs.github.com/spec/v1\n", "a pointer of Git LFS"),
        (b"  [1, 2]", "a text, JSON"),
        (b"\x00\x01\x02", "of a kind that is not known here"),
    ],
)
def test_other_things_are_known_or_not(head, name):
    assert what_is(head) == name


def test_a_model_file_is_no_common_zip(tmp_path):
    model = model_bytes(ModelStore(tmp_path).find(None))
    assert what_is(model[:HEAD]) == "a model file, .ganmnist"
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.txt", "a")
    assert what_is(file.getvalue()[:HEAD]) == "a zip"
