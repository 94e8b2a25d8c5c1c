"""Digits as files over HTTP, and back: the same calls to the mock and to the real server."""

import base64
import json
from http import HTTPStatus

import numpy as np
import pytest

from bridge_server.contract.media import BYTES, MEDIA


@pytest.fixture(scope="module", params=["mock", "real"])
def server(request, start_shared_server):
    return start_shared_server(mock=request.param == "mock")


@pytest.mark.parametrize("format", MEDIA)
def test_every_kind_comes_with_its_media_type_and_the_same_bytes_twice(server, format):
    pictures = ("png", "gif", "npy")
    body = {"format": format, "count": 2, "seed": 3, **({} if format in pictures else {"form": "solid"})}
    status, headers, content = server.raw("POST", "/api/export", body)
    assert status == HTTPStatus.OK, content
    assert headers["Content-Type"].split(";")[0] == MEDIA[format]
    assert headers["Content-Disposition"] == f'attachment; filename="bundled.{format}"'
    assert server.raw("POST", "/api/export", body)[2] == content


def test_a_record_of_a_reply_restores_to_vectors_that_give_the_same_images(server, asker):
    ask = asker(server)
    reply = ask("generate", {"count": 2, "seed": 3, "form": "images"})
    text = reply.provenance[:-2] + reply.z + reply.provenance[-2:]
    found = server.raw("POST", "/api/restore", text.encode(), {"Content-Type": BYTES})
    restored = json.loads(found[2])
    assert (restored["model"], restored["count"], restored["remarks"]) == ("bundled", 2, [])
    vectors = np.frombuffer(base64.b64decode(restored["z"]), "<f4").reshape(2, -1).tolist()
    again = ask("generate", {"z": vectors, "form": "images"})
    assert again.images == reply.images


@pytest.mark.parametrize(
    ("body", "field", "words"),
    [
        ({"format": "stl", "form": "contours"}, "form", ".3dm"),
        ({"format": "obj", "units": "mm"}, "units", ".3mf"),
        ({"format": "dwg"}, "format", "3dm"),
        ({"format": "png", "form": "solid"}, "form", "a .png file holds the images"),
        ({"format": "npy", "form": "relief"}, "form", ".3dm"),
        ({"format": "json", "form": "mesh", "count": 256}, "count", "lower it to 38"),
    ],
)
def test_what_cannot_be_a_file_is_refused_with_what_would_do(server, check_problem, body, field, words):
    error = check_problem(server.raw("POST", "/api/export", body), 422)
    assert error["field"] == field
    assert words in error["message"]


@pytest.mark.parametrize(
    ("format", "form", "remarks"),
    [("stl", "relief", 1), ("3mf", "mesh", 1), ("stl", "solid", 0), ("obj", "relief", 0), ("png", "images", 0)],
)
def test_what_cannot_be_printed_says_so_in_a_header(server, format, form, remarks):
    _, headers, _ = server.raw("POST", "/api/export", {"format": format, "form": form})
    said = headers.get_all("X-Remark", [])
    assert len(said) == remarks
    assert all(f"form: {form} " in remark and "solid" in remark for remark in said)


def test_a_file_counts_vectors_however_they_stand_in_rows(server, asker, check_problem):
    z = np.frombuffer(base64.b64decode(asker(server)("generate", {"count": 5, "form": "images"}).z), "<f4")
    body = {"format": "3dm", "form": "contours", "levels": 16, "z": [z.tolist()]}
    error = check_problem(server.raw("POST", "/api/export", body), 422)
    assert error["message"].startswith("count: 5 digits as contours")


def test_a_file_without_a_record_is_refused(server, check_problem):
    answer = server.raw("POST", "/api/restore", b"solid ascii", {"Content-Type": BYTES})
    assert "holds no record" in check_problem(answer, 422, "data")["message"]
