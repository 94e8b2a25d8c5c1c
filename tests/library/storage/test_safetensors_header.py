"""What a safetensors file says of its tensors is read from its header alone, and believed only if it fills the file."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import save

from ganmnist.errors import ModelError
from ganmnist.networks.build import build_generator, generator_layouts
from ganmnist.storage.safetensors_header import MAX_HEADER, Layout, layouts, read_layouts
from ganmnist.training.presets import PRESETS

ROOT = Path(__file__).resolve().parents[3]
A = {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}
B = {"dtype": "U8", "shape": [5], "data_offsets": [24, 29]}


def read(content: bytes):
    return read_layouts(io.BytesIO(content), len(content), "weights")


def with_header(header: object, length: int = 29) -> bytes:
    content = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(content).to_bytes(8, "little") + content + bytes(length)


def test_what_safetensors_writes_is_read_as_what_it_wrote():
    tensors = {
        "scalar": torch.tensor(3),
        "none": torch.zeros(0, 4),
        **{str(kind): torch.ones(2, 3).to(kind) for kind in (torch.float16, torch.bfloat16, torch.bool, torch.int8)},
    }
    assert read(save(tensors)) == layouts(tensors)
    assert layouts(tensors)["scalar"] == Layout("I64", ())


@pytest.mark.parametrize("kind", ["tiny", "class_conditional", "normed"])
def test_the_layouts_of_networks_are_those_of_the_built_ones(request, kind):
    networks = request.getfixturevalue(kind)
    assert generator_layouts(networks) == layouts(build_generator(networks).state_dict())


def test_having_layouts_imports_no_compiler(class_conditional):
    """Which takes torch a second, and which it needs on its device without memory for all that computes."""
    script = (
        "import json, sys\nfrom ganmnist import ModelConfig\nfrom ganmnist.networks.build import generator_layouts\n"
        "generator_layouts(ModelConfig.model_validate(json.loads(sys.argv[1]))); assert 'sympy' not in sys.modules"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    networks = class_conditional.model_dump_json()
    done = subprocess.run([sys.executable, "-c", script, networks], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_having_layouts_leaves_chance_alone():
    before = torch.get_rng_state()
    generator_layouts(PRESETS["fast"].networks)
    assert torch.equal(torch.get_rng_state(), before)


def test_entries_may_stand_in_any_order_and_beside_metadata():
    assert read(with_header({"b": B, "__metadata__": {"format": "pt"}, "a": A})) == {
        "b": Layout("U8", (5,)),
        "a": Layout("F32", (2, 3)),
    }


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "its header is no JSON"),
        (b"\0" * 8, "its header is no JSON"),
        (b"\xff" * 64, "its header is larger than"),
        ((MAX_HEADER + 1).to_bytes(8, "little"), "its header is larger than 1,048,576 bytes"),
        (with_header(b"[" * 100_000), "its header is no JSON"),
        (with_header([A]), "it does not begin with {"),
        (with_header({"a": A, "b": B}, 28), "expected 164 bytes, as its header says, got 163"),
        (with_header({"a": A, "b": B}, 30), "expected 164 bytes, as its header says, got 165"),
        (with_header({"a": {**A, "data_offsets": [0, 25]}, "b": B}), "tensor a of F32 (2, 3) was expected at bytes 0"),
        (with_header({"a": {**A, "data_offsets": [5, 29]}}), "expected at bytes 0 to 24, its header says 5 to 29"),
        (with_header({"a": A, "b": {**B, "data_offsets": [23, 28]}}), "tensor b of U8 (5,) was expected at bytes 24"),
        (with_header({"a": A, "b": {**B, "data_offsets": [29, 24]}}), "expected at bytes 24 to 29"),
        (with_header({"a": {**A, "dtype": "F99"}}), "tensor a has no dtype"),
        (with_header({"a": {**A, "shape": [-2, -3]}}), "tensor a has no dtype, shape"),
        (with_header({"a": {**A, "shape": [True, 6]}}), "tensor a has no dtype"),
        (with_header({"a": {**A, "shape": [2.0, 3]}}), "tensor a has no dtype"),
        (with_header({"a": {**A, "shape": [1] * 9}}), "tensor a has no dtype"),
        (with_header({"a": {**A, "shape": [1 << 48]}}), "tensor a has no dtype"),
        (with_header({"a": {**A, "more": 1}}), "tensor a has no dtype"),
        (with_header({"a": None}), "tensor a has no dtype"),
        (with_header({"x" * 999: None}), "tensor " + "x" * 80 + "... has no dtype"),
        (with_header({"\x1b[2J": None}), r"tensor \x1b[2J has no dtype"),
    ],
)  # fmt: skip
def test_a_header_that_does_not_fit_its_file_is_refused_with_the_tensor(content, words):
    with pytest.raises(ModelError) as caught:
        read(content)
    assert str(caught.value).startswith("weights: ")
    assert words in str(caught.value)


def test_no_more_than_the_header_is_read():
    file = io.BytesIO(with_header({"a": A, "b": B}))
    size = len(file.getvalue())
    read_layouts(file, size, "weights")
    assert file.tell() == size - 29


HEADERS = {
    "a nested __metadata__": b'{"__metadata__":{"a":{"b":"c"}},"a":A}',
    "a number in __metadata__": b'{"__metadata__":{"a":1},"a":A}',
    "a list for __metadata__": b'{"__metadata__":[],"a":A}',
    "a mark of the order of bytes": b"\xef\xbb\xbf" + b'{"a":A}',
    "UTF-16": '{"a":A}'.encode("utf-16-le"),
    "a tensor twice": b'{"a":A,"a":A}',
    "a field twice": b'{"a":{"dtype":"F32","dtype":"F32","shape":[2,3],"data_offsets":[0,24]}}',
    "half a letter": b'{"\\ud800":A}',
    "bytes that are no letter": b'{"\xff":A}',
    "less than nothing": b'{"a":{"dtype":"F32","shape":[2,3],"data_offsets":[-0,24]}}',
    "no number": b'{"__metadata__":{"a":NaN},"a":A}',
    "a number without an end": b'{"a":{"dtype":"F32","shape":[2,' + b"3" * 5000 + b'],"data_offsets":[0,24]}}',
    "a blank before it": b' {"a":A}',
}


@pytest.mark.parametrize("name", HEADERS)
def test_a_header_that_the_library_would_stumble_over_is_refused_in_our_words(name):
    header = HEADERS[name].replace(b"A", json.dumps(A).encode()) if b"\0" not in HEADERS[name] else HEADERS[name]
    with pytest.raises(ModelError, match=r"^weights: (not a safetensors file|its __metadata__)") as refused:
        read(with_header(header, 24))
    assert len(str(refused.value)) < 300


def test_metadata_of_texts_is_what_safetensors_may_write():
    tensors = {"a": torch.ones(2, 3)}
    assert read(save(tensors, {"format": "pt"})) == layouts(tensors)
