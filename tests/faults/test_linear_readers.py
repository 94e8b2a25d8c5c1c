"""Whatever is repeated in a file from elsewhere: twice as much of it takes twice as long, not four times."""

from __future__ import annotations

import io
import struct
import time
import zipfile
import zlib
from collections.abc import Callable
from contextlib import suppress

import numpy as np
import pytest
from PIL import Image

from ganmnist.class_names import class_name
from ganmnist.cli.networks_file import read_networks
from ganmnist.data.classes import numbered
from ganmnist.data.picture import read_picture
from ganmnist.data.read import read_data
from ganmnist.data.splits import split_of
from ganmnist.data.store import name_of
from ganmnist.errors import GanError
from ganmnist.export.label import METADATA, MODEL_PART
from ganmnist.export.records import read_record
from ganmnist.models.archive import read_model
from ganmnist.models.provenance import HEAD
from ganmnist.names import which_letters
from ganmnist.storage.safetensors_header import read_layouts

pytestmark = pytest.mark.timeout(300)
FEW, MANY = 2_000, 16_000
ENOUGH = 0.02  # seconds, below which a processor's time tells nothing


def package(xml: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr(MODEL_PART, xml)
    return made.getvalue()


def picture(kind: str) -> bytes:
    made = io.BytesIO()
    Image.fromarray(np.arange(784, dtype=np.uint8).reshape(28, 28)).save(made, kind)
    return made.getvalue()


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


PNG, JPEG, GIF = picture("PNG"), picture("JPEG"), picture("GIF")
GIF_AT = 13 + (3 << (GIF[10] & 7) + 1)
TAG = f'<metadata name="{METADATA}"'.encode()
KEY = b'{"ganmnist": '
# What a record, a picture, a network or a model is looked for in: a part of it, so many times.
RECORDS: dict[str, Callable[[int], bytes]] = {
    "tags that are never closed": lambda n: package(b"<model>" + TAG * n),
    "metadata without an end": lambda n: package(b"<model>" + TAG + b">" + b"&quot;" * n),
    "metadata of nothing": lambda n: package(b"<model>" + (TAG + b"><") * n),
    "records of nothing": lambda n: b"[" + b'{"ganmnist":{}},' * n,
    "unknown names of a record": lambda n: KEY + b"{" + b",".join(b'"a%d":1' % each for each in range(4 * n)) + b"}}",
    "records one in the other": lambda n: b"[0," + KEY * min(n, 900) + b'"' + b"a" * n * 10 + b'"' + b"}" * min(n, 900),
    "blanks in front of a colon": lambda n: b"{" + (b'"ganmnist"' + b" " * 50) * n,
    "a record without an end": lambda n: HEAD.encode() * n,
    "comments of many lines": lambda n: b"# ganmnist: aaaa\n" * n,
    "comments that are none": lambda n: (b"# ganmnist: " + b"a" * 50 + b"\x01\n\n\n") * n,
    "texts of .3dm": lambda n: b"3D Geometry File Format" + HEAD.encode("utf-16-le") * n,
    "chunks of a PNG": lambda n: PNG[:33] + chunk(b"tEXt", b"a\0b") * n + PNG[33:],
    "records of a PNG": lambda n: PNG[:33] + chunk(b"tEXt", b"ganmnist\0b") * n + PNG[33:],
    "comments of a GIF": lambda n: GIF[:GIF_AT] + b"\x21\xfe\x01a\0" * n + GIF[GIF_AT:],
    "blocks of a GIF's comment": lambda n: GIF[:GIF_AT] + b"\x21\xfe" + b"\x01a" * n + b"\0" + GIF[GIF_AT:],
}
PICTURES: dict[str, Callable[[int], bytes]] = {
    "chunks of a PNG": RECORDS["chunks of a PNG"],
    "comments of a GIF": RECORDS["comments of a GIF"],
    "blocks of a GIF's comment": RECORDS["blocks of a GIF's comment"],
    "comments of a JPEG": lambda n: JPEG[:2] + b"\xff\xfe\0\x03a" * n + JPEG[2:],
    "EXIF data of a JPEG": lambda n: JPEG[:2] + b"\xff\xe1\0\x0fExif\0\0aaaaaaa" * 10 * n + JPEG[2:],
    "colours of a JPEG": lambda n: JPEG[:2] + b"\xff\xe2\0\x12ICC_PROFILE\0\1\1aa" * n + JPEG[2:],
    "blanks of a portable map": lambda n: b"P2" + b" " * n * 10 + b"28 28 255 " + b"7 " * 784,
    "comments of a portable map": lambda n: b"P2\n" + b"# a\n" * n + b"28 28 255 " + b"7 " * 784,
    "lines of an X bitmap": lambda n: b"#define a_width 28\n" * n,
}


def labels_of_marks(count: int) -> bytes:
    pixels = ",".join(["7"] * 784)
    return "\n".join(f"a{MARKS * min(count * 2, 30_000)},{pixels}" for _ in range(3)).encode()


MARKS = "\u0301\u0323"  # each in front of the other: to compose them is to sort them
# What a name is made of, or a class: so many letters that stand above and below others.
NAMES: dict[str, Callable[[str], object]] = {
    "of a class": class_name,
    "of a data set": name_of,
    "that may be chosen": which_letters,
    "of a split": split_of,
    "of a label": lambda text: numbered(["a", text], "a table"),
    "of a label in an array": lambda text: numbered(np.array(["a", text]), "a table"),
}
FILES: dict[str, tuple[str, Callable[[int], bytes]]] = {
    "rows of a table": ("a.csv", lambda n: (",".join(["7"] * 785) + "\n").encode() * (n // 20)),
    "labels of marks": ("a.csv", labels_of_marks),
    "folders of marks": ("a.zip", lambda n: zipped({f"a{MARKS * n}/1.png": PNG, "b/1.png": PNG})),
    "rows that are too short": ("a.csv", lambda n: b"1,2,3\n" * n),
    "one endless row": ("a.csv", lambda n: b"1," * 10 * n),
    "quotes": ("a.csv", lambda n: b'"' * 10 * n),
    "quotes within quotes": ("a.csv", lambda n: b'"a""b",' * n),
    "blanks": ("a.csv", lambda n: b" \t" * 10 * n),
    "empty lines": ("a.csv", lambda n: b"\n" * 10 * n),
    "pictures of nothing in a zip": (
        "a.zip",
        lambda n: zipped({f"{each % 7}/{each}.png": b"" for each in range(n // 4)}),
    ),
    "folders in folders": ("a.zip", lambda n: zipped({"a/" * min(n // 20, 900) + "1.png": PNG})),
    "arrays of nothing": ("a.npz", lambda n: zipped({f"{each}.npy": b"\x93NUMPY" for each in range(n // 4)})),
}


def zipped(entries: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return made.getvalue()


def assert_linear(make: Callable[[int], bytes], read: Callable[[bytes], object]) -> None:
    times = []
    for count in (FEW, FEW, MANY, MANY):  # the first time imports what is needed
        content = make(count)
        began = time.process_time()
        with suppress(GanError):
            read(content)
        times.append(time.process_time() - began)
    _, few, *many = times
    assert min(many) < 2.5 * (MANY / FEW) * max(few, ENOUGH), f"{FEW:,}: {few:.3f} s, {MANY:,}: {min(many):.3f} s"


@pytest.mark.parametrize("kind", RECORDS)
def test_records_are_looked_for_in_linear_time(kind):
    assert_linear(RECORDS[kind], lambda content: read_record(content, "a file"))


@pytest.mark.parametrize("kind", NAMES)
def test_names_are_made_in_linear_time(kind):
    assert_linear(lambda n: ("a" + MARKS * n).encode(), lambda content: NAMES[kind](content.decode()))


@pytest.mark.parametrize("kind", PICTURES)
def test_pictures_are_read_in_linear_time(kind):
    assert_linear(PICTURES[kind], lambda content: read_picture(io.BytesIO(content), "a picture"))


@pytest.mark.parametrize("kind", FILES)
def test_images_are_read_in_linear_time(kind, tmp_path):
    name, make = FILES[kind]

    def read(content: bytes) -> None:
        (tmp_path / name).write_bytes(content)
        read_data(tmp_path / name)

    assert_linear(make, read)


@pytest.mark.parametrize(
    "make",
    [
        lambda n: b"[" * n,
        lambda n: b'{"a":' * n,
        lambda n: b'{"generator": {"layers": [' + b'{"layer": "Tanh"},' * n + b"]}}",
        lambda n: b'{"' + b"a" * 10 * n + b'": 1}',
        lambda n: b"{" + b'"a": 1,' * n + b'"b": 1}',
    ],
)
def test_networks_are_read_in_linear_time(make, tmp_path):
    def read(content: bytes) -> None:
        (tmp_path / "a.json").write_bytes(content)
        read_networks(tmp_path / "a.json")

    assert_linear(make, read)


@pytest.mark.parametrize(
    "make",
    [
        lambda n: zipped({f"{each}": b"" for each in range(n // 4)}),
        lambda n: zipped({"model.json": b'{"a":' * n, "model.safetensors": b""}),
        lambda n: zipped({"model.json": b'{"' + b"a" * n * 10 + b'": 1}', "model.safetensors": b""}),
    ],
)
def test_models_are_read_in_linear_time(make):
    assert_linear(make, lambda content: read_model(io.BytesIO(content), "a file"))


@pytest.mark.parametrize(
    "part", [b"{", b'{"a":', b'"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},', b'"a":[[[', b'"a": "b",']
)
def test_heads_of_weights_are_read_in_linear_time(part):
    def make(n: int) -> bytes:
        head = b"{" + part * n + b"}"
        return struct.pack("<Q", len(head)) + head

    assert_linear(make, lambda content: read_layouts(io.BytesIO(content), len(content), "a file"))
