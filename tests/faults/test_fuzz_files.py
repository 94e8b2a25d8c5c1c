"""Whatever the bytes of a file: it is read, or refused in our own words, quickly and in little memory.

Each file that is good to begin with is damaged in a few places, at random but the same each time. The long form tries a
hundred times as many.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import struct
import time
import zipfile
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import psutil
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors

from ganmnist.cli.networks_file import read_networks
from ganmnist.config import TrainConfig
from ganmnist.data.csv_images import read_csv
from ganmnist.data.drawing import fit
from ganmnist.data.idx import IMAGES_MAGIC, read_idx
from ganmnist.data.picture import read_picture
from ganmnist.data.read import read_data
from ganmnist.errors import DataError, ModelError, SettingError
from ganmnist.models.archive import model_bytes, read_model
from ganmnist.models.manifest import parse_model_manifest
from ganmnist.models.store import ModelStore
from ganmnist.storage import bundle
from ganmnist.storage.safetensors_header import read_layouts
from ganmnist.training.presets import PRESETS

EXAMPLES = 100
pytestmark = pytest.mark.timeout(1200)  # the long form takes minutes
SECONDS = 5.0  # for one file, on a busy machine; torch takes two to import what spectral normalisation needs, once
GROWTH = 250e6  # bytes over all files of one test; a picture of as many pixels as may be takes most of it
OURS = (DataError, ModelError, SettingError)
PIECES = [b"", b"\0", b"\xff" * 4, b"\x7f\xff\xff\xff", b"\0" * 8, b"[" * 3000, b"9" * 5000, b"{}", b'"', b",", b"\n",
          b"../", b"-1", b"1e999", b"PK\1\2", b"PK\5\6", b"PK\6\7", b"NaN", b"\\ud800"]  # fmt: skip


class Damaged(NamedTuple):
    """A file, and pieces put into it from a byte until another: not its bytes, for hypothesis keeps what it draws."""

    seed: bytes
    pieces: tuple[tuple[int, int, bytes], ...]

    def content(self) -> bytes:
        content = bytearray(self.seed)
        for at, until, piece in self.pieces:
            content[at:until] = piece
        return bytes(content)


@st.composite
def damaged(draw, seeds: list[bytes]) -> Damaged:
    """A good file in which up to five pieces are cut out, put in or exchanged."""
    seed = draw(st.sampled_from(seeds))
    pieces = []
    for _ in range(draw(st.integers(0, 5))):
        at = draw(st.integers(0, len(seed)) | st.integers(0, min(64, len(seed))))
        until = at + draw(st.integers(0, 8) | st.integers(0, len(seed)))
        pieces.append((at, until, draw(st.sampled_from(PIECES) | st.binary(max_size=8))))
    return Damaged(seed, tuple(pieces))


@pytest.fixture
def fuzz(long) -> Callable:
    """Give a reader one file after the other: fuzz(strategy, read)."""

    def fuzz(strategy: st.SearchStrategy, read: Callable) -> None:
        slowest = 0.0
        process = psutil.Process()
        before = process.memory_info().rss

        @settings(
            max_examples=100 * EXAMPLES if long else EXAMPLES,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        )
        @given(strategy)
        def try_it(value) -> None:
            nonlocal slowest
            started = time.perf_counter()
            try:
                read(value.content() if isinstance(value, Damaged) else value)
                said = ""
            except OURS as error:
                said = str(error)
            assert said.isprintable()
            assert len(said) < 5000
            slowest = max(slowest, time.perf_counter() - started)

        try_it()
        assert slowest < SECONDS
        assert process.memory_info().rss - before < GROWTH

    return fuzz


@pytest.fixture
def read_as(tmp_path):
    """Return what reads bytes as a file of that name: read_as(read, name)."""

    def read_as(read: Callable, name: str) -> Callable[[bytes], object]:
        def read_bytes(content: bytes) -> object:
            (tmp_path / name).write_bytes(content)
            return read(tmp_path / name)

        return read_bytes

    return read_as


def silent(percent: float, words: str) -> None:
    pass


IDX = struct.pack(">4i", 2051, 3, 28, 28) + bytes(range(256)) * 9 + bytes(48)
CSV = (",".join(f"p{number}" for number in range(784)) + "\n" + ",".join(["7"] * 784) + "\n").encode()
LABELLED = ("label," + ",".join(["p"] * 784) + "\r\n" + ",".join(["3"] * 785)).encode()


def picture(ending: str, mode: str = "L") -> bytes:
    made = io.BytesIO()
    Image.fromarray(np.arange(600, dtype=np.uint8).reshape(20, 30)).convert(mode).save(made, ending)
    return made.getvalue()


PICTURES = [
    *(picture(ending) for ending in ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP")),
    *(picture("PNG", mode) for mode in ("P", "LA", "RGBA", "I;16", "1")),
    *(picture("TIFF", mode) for mode in ("F", "I", "CMYK")),
    *(picture(ending) for ending in ("PPM", "PCX", "SGI", "AVIF", "JPEG2000")),
    picture("QOI", "RGB"),
]


def npy(array: np.ndarray) -> bytes:
    made = io.BytesIO()
    np.save(made, array)
    return made.getvalue()


def npz(**arrays: np.ndarray) -> bytes:
    made = io.BytesIO()
    np.savez(made, **arrays)
    return made.getvalue()


DIGITS = np.arange(3 * 784, dtype=np.uint8).reshape(3, 28, 28)
ARRAYS = [
    npy(DIGITS),
    npy(DIGITS / 255),
    gzip.compress(npy(DIGITS), mtime=0),
    npz(x_train=DIGITS, y_train=np.arange(3), x_test=DIGITS, y_test=np.arange(3)),
    npz(a=DIGITS, b=np.array(["a", "b", "c"])),
]


def packed(names: list[str], method: int) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as archive:
        for name in names:
            archive.writestr(name, PICTURES[0])
    return made.getvalue()


ZIPS = [
    packed(names, method)
    for names in (["a.png"], ["x/a.png", "y/b.png", "notes.txt"], ["top/../x/a.png", "/y/a.png"])
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
]


@pytest.mark.parametrize("name", ["a.idx", "a.gz"])
def test_idx(fuzz, read_as, name):
    seed = gzip.compress(IDX, mtime=0) if name.endswith("gz") else IDX
    fuzz(damaged([seed]), read_as(lambda path: read_idx(path, IMAGES_MAGIC), name))


@pytest.mark.parametrize("name", ["a", "train-images-idx3-ubyte", "train-labels-idx1-ubyte.gz", "x.png"])
def test_a_folder_with_one_file_of_any_kind(fuzz, read_as, name):
    seeds = [IDX, gzip.compress(IDX, mtime=0), CSV, *PICTURES]
    fuzz(damaged(seeds), read_as(lambda path: read_data(path.parent), name))


def test_csv(fuzz, read_as):
    fuzz(damaged([CSV, LABELLED]), read_as(lambda path: read_csv(path, silent), "a.csv"))


def test_tables_as_spreadsheets_write_them(fuzz, read_as):
    other = ";".join(["label", *(f"p{number}" for number in range(784))]) + "\n" + ";".join(["0,5"] * 785) + "\n"
    seeds = [CSV, LABELLED, other.encode(), other.encode("utf-16"), gzip.compress(CSV, mtime=0)]
    fuzz(damaged(seeds), read_as(read_data, "a.csv"))


def test_arrays(fuzz, read_as):
    fuzz(damaged(ARRAYS), read_as(read_data, "a.npz"))


def test_a_folder_with_arrays(fuzz, read_as):
    fuzz(damaged([*ARRAYS, IDX]), read_as(lambda path: read_data(path.parent), "a"))


def test_a_drawing_of_any_pixels(fuzz):
    sides = st.integers(1, 40)
    pixels = st.tuples(sides, sides, st.integers(0, 255), st.integers(0, 255), st.integers(0, 9999))

    def read(drawn: tuple[int, int, int, int, int]) -> None:
        rows, columns, low, high, seed = drawn
        fit(np.random.default_rng(seed).integers(min(low, high), max(low, high) + 1, (rows, columns)).astype(np.uint8))

    fuzz(pixels, read)


def test_pictures(fuzz, read_as):
    fuzz(damaged(PICTURES), read_as(read_picture, "a.png"))


def test_zips_of_pictures(fuzz, read_as):
    fuzz(damaged(ZIPS), read_as(read_data, "a.zip"))


def test_names_in_zips(fuzz, read_as):
    # zipfile cuts names off at a zero, when it writes too.
    text = st.text(
        st.sampled_from("ab/\\.. \x1b:é\n") | st.characters(codec="utf-8", exclude_characters="\0"),
        min_size=1,
        max_size=30,
    )
    names = st.lists(text.map(lambda name: f"{name}.png"), min_size=1, max_size=6, unique=True)
    fuzz(names.map(lambda names: packed(names, zipfile.ZIP_STORED)), read_as(read_data, "a.zip"))


def test_an_entry_without_a_name_is_no_picture(read_as):
    """Which zipfile cannot tell from a folder: found in a search of ten minutes."""
    nameless = packed(["a.png"], zipfile.ZIP_DEFLATED).replace(b"a.png", b"\0.png")
    with pytest.raises(DataError, match="no pictures"):
        read_as(read_data, "a.zip")(nameless)


@pytest.fixture(scope="module")
def bundled(tmp_path_factory):
    """The bundled model."""
    return ModelStore(tmp_path_factory.mktemp("home")).find(None)


NUMBERS = st.sampled_from([-1, 0, 1, 2**31, 2**53, 2**63, 2**64, 10**30, 1.5, 1e308]) | st.integers(-10, 2000)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(max_size=8) | st.sampled_from(["F32", "U8", "Dense", "x" * 2000]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)


@st.composite
def changed(draw, seed: object) -> object:
    """A JSON value in which up to three values somewhere are others, are missing, or are too many."""
    value = json.loads(json.dumps(seed))
    for _ in range(draw(st.integers(1, 3))):
        place = value
        while True:
            keys = list(place) if isinstance(place, dict) else list(range(len(place)))
            if not keys:
                break
            key = draw(st.sampled_from(keys))
            if isinstance(place[key], dict | list) and place[key] and draw(st.integers(0, 3)):
                place = place[key]
                continue
            action = draw(st.integers(0, 2))
            if action == 0:
                place[key] = draw(JSON)
            elif action == 1:
                del place[key]
            elif isinstance(place, dict):
                place[draw(st.text(max_size=8))] = draw(JSON)
            else:
                place.insert(key, draw(JSON))
            break
    return value


HEADER = {
    "a": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]},
    "b/c": {"dtype": "U8", "shape": [5], "data_offsets": [24, 29]},
    "__metadata__": {"format": "pt"},
}


def with_header(header: object, length: int = 29) -> bytes:
    content = json.dumps(header).encode()
    return len(content).to_bytes(8, "little") + content + bytes(length)


def test_a_safetensors_header_that_is_taken_is_one_that_safetensors_takes_too(fuzz):
    def read(content: bytes) -> None:
        found = read_layouts(io.BytesIO(content), len(content), "weights")
        try:
            tensors = load_tensors(content)
        except SafetensorError:
            return  # the other way round: it may be stricter
        assert {name: tuple(tensor.shape) for name, tensor in tensors.items()} == {
            name: layout.shape for name, layout in found.items()
        }

    fuzz(damaged([with_header(HEADER)]) | changed(HEADER).map(with_header), read)


def test_manifests(fuzz, bundled):
    seed, _ = bundled.read_files()

    def read(content: bytes) -> None:
        parse_model_manifest(bundle.parse_manifest(content, "model", "model.json"), "model.json")

    fuzz(damaged([bundle.manifest_bytes(seed)]) | changed(seed).map(bundle.manifest_bytes), read)


def test_model_files(fuzz, bundled):
    fuzz(damaged([model_bytes(bundled)]), lambda content: read_model(io.BytesIO(content), "a.ganmnist"))


def test_model_files_that_are_whole_but_mean_something_else(fuzz, bundled):
    manifest, weights = bundled.read_files()

    def forge(values: dict) -> bytes:
        digest = hashlib.sha256(weights).hexdigest()
        whole = {**values, "format": 1, "sha256": digest, "weights": bundle.weights_name("model", digest)}
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w") as archive:
            archive.writestr("model.json", bundle.manifest_bytes(whole))
            archive.writestr(whole["weights"], weights)
        return made.getvalue()

    fuzz(changed(manifest), lambda values: read_model(io.BytesIO(forge(values)), "a.ganmnist"))


def test_networks(fuzz, read_as):
    text = TrainConfig(networks=PRESETS["fast"].networks, preset="fast").to_text()
    strategy = damaged([text.encode()]) | changed(json.loads(text)).map(lambda value: json.dumps(value).encode())
    fuzz(strategy, read_as(read_networks, "networks.json"))
