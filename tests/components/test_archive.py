"""The archive format, against files that Rhino wrote: those in other projects' packages, and saved definitions."""

import random
import re
import struct
import subprocess
import sys
import time
import zlib
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ghpython_components.archive import TYPES, ArchiveError, Chunk, Item, from_bytes, from_xml, to_bytes, to_xml
from ghpython_components.archive.binary import inflate, parse, unparse
from ghpython_components.archive.chunks import MAX_BYTES, MAX_DEPTH

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
GHUSER_FILES = {
    "compas": 5,
    "compas_fab": 38,
    "ladybug_grasshopper": 122,
    "honeybee_grasshopper_core": 70,
    "dragonfly_grasshopper": 122,
}


def test_every_user_object_in_other_projects_packages_is_written_back_to_the_same_bytes(corpus):
    started = time.monotonic()
    counts = dict.fromkeys(GHUSER_FILES, 0)
    definitions = 0
    for package, name, content in corpus:
        inflated = inflate(content)
        chunk = parse(inflated)
        assert unparse(chunk) == inflated, name
        assert from_bytes(to_bytes(chunk)) == chunk, name
        if name.endswith(".gh"):
            definitions += 1
            continue
        counts[package] += 1
        inner = inflate(chunk.get("Object"))
        assert unparse(parse(inner)) == inner, name
    assert (counts, definitions) == (GHUSER_FILES, 1)
    print(f"{sum(counts.values())} user objects and a definition in {time.monotonic() - started:.1f} s")


def test_what_rhino_wrote_goes_through_xml_unchanged_but_for_its_line_breaks(corpus):
    for _, name, content in corpus:
        chunk = from_bytes(content)
        for each in (chunk,) if name.endswith(".gh") else (chunk, from_bytes(chunk.get("Object"))):
            assert from_xml(to_xml(each)) == with_line_feeds(each), name


def with_line_feeds(chunk):
    """XML knows one kind of line break."""
    items = [
        replace(item, value=item.value.replace("\r\n", "\n").replace("\r", "\n")) if item.type == 10 else item
        for item in chunk.items
    ]
    return Chunk(chunk.name, items, [with_line_feeds(inner) for inner in chunk.chunks], chunk.index)


def test_saved_definitions_are_written_back_line_by_line(saved_definitions):
    """All is the same but comments, the short form of empty elements, and digits beyond what tells a number."""
    assert len(saved_definitions) == 5
    for content in saved_definitions:
        chunk = from_xml(content)
        assert parse(unparse(chunk)) == chunk
        theirs, ours = lines(content), lines(to_xml(chunk))
        assert len(theirs) == len(ours)
        for their, our in zip(theirs, ours, strict=True):
            assert their == our or digits(their) == digits(our)


def lines(content):
    text = re.sub(r"\n *<!--.*?-->", "", content.decode("utf-8-sig"))
    return re.sub(r"<(\w+)([^<>]*?) ?/>", r"<\1\2></\1>", text).split("\n")


def digits(line):
    before, number, after = re.fullmatch(r"(.*>)(-?\d+\.\d+)(<.*)", line).groups()
    return before, struct.pack("<f", float(number)) if "gh_single" in before else float(number), after


def test_items_of_real_files_are_in_the_order_that_sort_gives(corpus):
    """Rhino sorts a chunk's items by name and index, and keeps the order of its chunks."""
    rhinos = 0
    for _, _, content in corpus:
        chunk = from_bytes(content)
        before = [list(each.items) for each in chunk.walk()]
        chunk.sort()
        rhinos += before == [each.items for each in chunk.walk()]
    assert rhinos > 300


NUMBERS = st.floats(allow_nan=False)
SINGLES = st.floats(width=32, allow_nan=False)
TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"], max_codepoint=0xFFFD), max_size=300)
VALUES = {
    1: st.booleans(),
    2: st.integers(0, 255),
    3: st.integers(-(2**31), 2**31 - 1),
    4: st.integers(-(2**63), 2**63 - 1),
    5: SINGLES,
    6: NUMBERS,
    7: st.builds(
        lambda sign, number, scale: Decimal((sign, tuple(map(int, str(number))), -scale)),
        st.integers(0, 1),
        st.integers(0, 2**96 - 1),
        st.integers(0, 28),
    ),
    8: st.integers(-(2**63), 2**63 - 1),
    9: st.uuids(),
    10: TEXTS,
    20: st.binary(max_size=300),
    21: st.lists(NUMBERS, max_size=9).map(tuple),
    36: st.tuples(*[st.integers(0, 255)] * 4),
    37: st.binary(max_size=300),
    **dict.fromkeys((30, 32), st.tuples(*[st.integers(-(2**31), 2**31 - 1)] * 2)),
    **dict.fromkeys((31, 33), st.tuples(SINGLES, SINGLES)),
    34: st.tuples(*[st.integers(-(2**31), 2**31 - 1)] * 4),
    35: st.tuples(*[SINGLES] * 4),
    **{code: st.tuples(*[NUMBERS] * count) for code, count in {50: 2, 51: 3, 52: 4, 60: 2, 61: 4, 70: 6}.items()},
    71: st.tuples(*[NUMBERS] * 6),
    72: st.tuples(*[NUMBERS] * 9),
    80: st.tuples(*[st.integers(0, 2**31 - 1)] * 3),
}


def test_there_are_29_types():
    assert len(TYPES) == 29
    assert set(VALUES) == set(TYPES)


@pytest.mark.parametrize("code", sorted(TYPES))
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_a_value_of_any_type_comes_back_from_bytes_and_from_xml(code, data):
    index = data.draw(st.none() | st.integers(0, 2**31 - 1))
    item = Item(data.draw(TEXTS), code, data.draw(VALUES[code]), index)
    chunk = Chunk("Root", [item], [Chunk("inner", [], [], 3)])
    assert from_bytes(to_bytes(chunk)) == chunk
    assert from_xml(to_xml(chunk)) == chunk


@pytest.mark.parametrize(
    ("code", "value", "content", "text"),
    [
        (1, True, b"\1", ">true<"),
        (3, -2, b"\xfe\xff\xff\xff", ">-2<"),
        (5, 0.1, b"\xcd\xcc\xcc\x3d", ">0.1<"),
        (6, 1e-7, struct.pack("<d", 1e-7), ">1E-07<"),
        (6, 3.0, struct.pack("<d", 3), ">3<"),
        (7, Decimal("-12.3450"), struct.pack("<4I", 123450, 0, 0, 1 << 31 | 4 << 16), ">-12.3450<"),
        (
            9,
            UUID("00112233-4455-6677-8899-aabbccddeeff"),
            bytes.fromhex("33221100554477668899aabbccddeeff"),
            ">00112233-4455-6677-8899-aabbccddeeff<",
        ),
        (10, "ä" * 100, b"\xc8\x01" + "ä".encode() * 100, ">" + "ä" * 100 + "<"),
        (20, b"abc", b"\3\0\0\0abc", '<stream length="3">YWJj</stream>'),
        (36, (255, 1, 2, 3), b"\3\2\1\xff", "<ARGB>255;1;2;3</ARGB>"),
        (35, (1.0, 2.5, 3.0, 4.0), struct.pack("<4f", 1, 2.5, 3, 4), "<Y>2.5</Y>"),
    ],
)
def test_a_value_looks_as_in_real_files(code, value, content, text):
    chunk = Chunk("Root", [Item("a", code, value)])
    assert unparse(chunk) == b"\4Root" + struct.pack("<3i", -1, 1, 0) + b"\1a" + struct.pack("<2i", -1, code) + content
    assert text in re.sub(r"\s+<", "<", to_xml(chunk).decode("utf-8-sig"))


@pytest.mark.parametrize("value", [3.5, "a", None, 2**31, b"abc"])
def test_a_value_that_is_not_of_its_type_is_refused_when_written(value):
    with pytest.raises(ArchiveError, match="Root: a is no gh_int32"):
        to_bytes(Chunk("Root", [Item("a", 3, value)]))


def test_a_damaged_file_is_an_error_and_nothing_worse(corpus):
    """Cut off and with flipped bits, compressed and inflated; a flipped bit may also give other values."""
    chance = random.Random(4)
    tried = errors = 0
    slowest = 0.0
    for _, name, content in chance.sample(corpus, 25):
        inflated = inflate(content)
        for whole, read in ((content, from_bytes), (inflated, parse), (to_xml(parse(inflated)), from_xml)):
            for _ in range(12):
                damaged = bytearray(whole)
                if chance.random() < 0.5:
                    del damaged[chance.randrange(len(damaged)) :]
                for _ in range(chance.randrange(4)):
                    at = chance.randrange(len(damaged) or 1)
                    damaged[at : at + 1] = bytes([chance.randrange(256)])
                started = time.monotonic()
                try:
                    read(bytes(damaged))
                except ArchiveError:
                    errors += 1
                except Exception as error:
                    raise AssertionError(f"{name}: {type(error).__name__}: {error}") from error
                slowest = max(slowest, time.monotonic() - started)
                tried += 1
    assert errors > tried / 2
    assert slowest < 3


def deep(depth):
    return b"".join(b"\1a" + struct.pack("<3i", -1, 0, 1) for _ in range(depth)) + b"\1a" + struct.pack("<3i", -1, 0, 0)


def deflated(content):
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    return deflate.compress(content) + deflate.flush()


BOMBS = {
    "a gigabyte of zeros": (lambda: deflated(bytes(10**9)), "larger than"),
    "many chunks in chunks": (lambda: deflated(deep(MAX_DEPTH + 2)), "more than is real"),
    "a million chunks in chunks": (lambda: deflated(deep(1_000_000)), "more than is real"),
    "two billion items": (lambda: deflated(b"\1a" + struct.pack("<3i", -1, 2**31 - 1, 0)), "more than is real"),
    "a million small items": (
        lambda: deflated(b"\1a" + struct.pack("<3i", -1, 10**6, 0) + (b"\1b" + struct.pack("<2ib", -1, 1, 1)) * 10**6),
        "more than is real",
    ),
    "a text of two gigabytes": (lambda: deflated(b"\xff\xff\xff\xff\x07abc"), "more bytes"),
    "a text whose length has no end": (lambda: deflated(b"\xff" * 50), "length of a text"),
    "an array of two billion": (
        lambda: deflated(b"\1a" + struct.pack("<3i", -1, 1, 0) + b"\1b" + struct.pack("<3i", -1, 21, 2**31 - 1)),
        "more bytes",
    ),
    "an array of less than nothing": (
        lambda: deflated(b"\1a" + struct.pack("<3i", -1, 1, 0) + b"\1b" + struct.pack("<3i", -1, 21, -2)),
        "expected -16 more bytes",
    ),
    "nothing": (lambda: b"", "cut off"),
    "a picture": (lambda: b"\x89PNG\r\n\x1a\n" + bytes(100), "other or damaged"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_soon_and_in_little_memory(name, tmp_path):
    make, words = BOMBS[name]
    file = tmp_path / "bomb.ghuser"
    file.write_bytes(make())
    code = (
        "import resource, sys, time\n"
        "from ghpython_components.archive import ArchiveError, from_bytes\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "started = time.monotonic()\n"
        "try:\n    from_bytes(open(sys.argv[1], 'rb').read())\n"
        "except ArchiveError as error:\n    print(error)\n"
        "grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before\n"
        "print(time.monotonic() - started < 5, grown < 300_000)\n"
    )
    pytest.importorskip("resource", reason="memory is measured where Python has the module resource")
    done = subprocess.run([sys.executable, "-c", code, file], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    sentence, verdict = done.stdout.strip().split("\n")
    assert words in sentence
    assert verdict == "True True"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "XML"),
        (b"<Archive name='Root'><items count='2'></items></Archive>", "expected 2 times item, got 0"),
        (b"<Archive><items count='0'></items></Archive>", "has no name"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><Archive name="&b;"/>', "document type"),
        (b"<chunk name='a'><chunks count='1'>" * 10_000, "XML"),
        (
            b"<chunk name='a'><chunks count='1'>" * 1000 + b"<chunk name='a'/>" + b"</chunks></chunk>" * 1000,
            "more chunks",
        ),
        (b"<a name='a'><items count='1'><item name='b' type_name='gh_bool' type_code='1'>1</item></items></a>", "'1'"),
        (b"<a name='a'><items count='1'><item name='b' type_name='gh_bool' type_code='3'>1</item></items></a>", "none"),
        (b"<a name='a'><items count='1'><item name='b' type_name='gh_int32' type_code='3'>x</item></items></a>", "'x'"),
        (b"\xff\xfe<\0", "XML"),
        (b" " * (MAX_BYTES + 1), "larger than"),
        ("<a name='a' index='\u0665'/>".encode() + b"<", "XML"),
    ],
)
def test_xml_that_is_no_archive_is_refused(content, words):
    with pytest.raises(ArchiveError, match=re.escape(words)):
        from_xml(content)
