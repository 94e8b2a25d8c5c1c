"""The zip that the page makes of files, read by Python: its names, its bytes, its checksums."""

import base64
import io
import zipfile
import zlib
from datetime import datetime

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120, func_only=True)]
WHEN = datetime(2024, 2, 29, 13, 37, 42)
MADE = """async ([entries, lastModified]) => {
  const { zip } = await import("/static/lib/zip.js");
  const file = (bytes) => new File([Uint8Array.fromBase64(bytes)], "x", { lastModified });
  const files = entries.map(([path, bytes]) => ({ path, file: file(bytes) }));
  const counts = [];
  const made = await zip(files, { progress: (count) => counts.push(count) });
  if (String(counts) !== String(files.map((_, at) => at + 1))) throw new Error(`told of ${counts}`);
  return new Uint8Array(await made.arrayBuffer()).toBase64();
}"""


@pytest.fixture(scope="module")
def server(start_shared_server):
    return start_shared_server(mock=True)


def made(page, files):
    entries = [[path, base64.b64encode(content).decode()] for path, content in files.items()]
    # That time of day where the browser is, as a zip has it.
    when = page.evaluate("when => new Date(when).getTime()", WHEN.isoformat())
    return base64.b64decode(page.evaluate(MADE, [entries, when]))


part = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="/\0"), min_size=1, max_size=12)
paths = st.lists(part, min_size=1, max_size=4).map("/".join)


def test_a_zip_holds_every_file_under_its_name_to_the_bit(open_page, server):
    page = open_page(server)

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
    @given(st.dictionaries(paths, st.binary(max_size=300), max_size=30))
    @example({})
    @example({"trees/élm/榆 🌳.png": b"\0" * 1000, "trees/élm/e\u0301.png": b""})
    @example({"small": bytes(range(256)) * 4096, "large": bytes(range(256)) * 4096 + b"!", "many": b"1" * 5_000_000})
    def holds(files):
        content = made(page, files)
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            assert archive.testzip() is None
            assert {entry.filename: archive.read(entry) for entry in archive.infolist()} == files
            for entry in archive.infolist():
                assert zlib.crc32(files[entry.filename]) == entry.CRC
                assert entry.compress_type == zipfile.ZIP_STORED
                assert entry.date_time == WHEN.timetuple()[:6]
                assert entry.external_attr >> 16 == 0o100644

    holds()


def test_a_zip_of_more_files_than_16_bits_count_is_read_too(open_page, server):
    page = open_page(server)
    for count in (65_534, 65_535, 70_001):
        content = page.evaluate(
            """async (count) => {
              const { zip } = await import("/static/lib/zip.js");
              const content = new Uint8Array([55]).buffer; // what stands in for a file is read in no time
              const file = { size: 1, lastModified: 0, arrayBuffer: async () => content };
              const made = await zip(Array.from({ length: count }, (_, at) => ({ path: String(at), file })));
              return new Uint8Array(await made.arrayBuffer()).toBase64();
            }""",
            count,
        )
        with zipfile.ZipFile(io.BytesIO(base64.b64decode(content))) as archive:
            assert sorted(map(int, archive.namelist())) == list(range(count))
            assert archive.read(str(count - 1)) == b"7"
