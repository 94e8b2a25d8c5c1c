"""Models come and go as one file each, are checked before anything is kept, and are given other names."""

import io
import json
import socket
import zipfile

import pytest

from bridge_server.access.guard import MAX_BODY
from bridge_server.contract.media import ZIP
from ganmnist.models.archive import MAX_FILE

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def file(server):
    """The file of the bundled model."""
    status, headers, content = server.raw("GET", "/api/models/BUNDLED/file")
    assert (status, headers["Content-Type"]) == (200, ZIP)
    assert headers["Content-Disposition"] == 'attachment; filename="bundled.ganmnist"'
    return content


def send(server, content: bytes, **headers):
    return server.raw("POST", "/api/models/file", content, {"Content-Type": ZIP, **headers})


def names(ask) -> list[str]:
    return [model.name for model in ask("models").models]


def test_a_model_goes_out_as_a_file_and_comes_back_under_a_free_name(server, ask, file):
    made = []
    for name in ("bundled-1", "bundled-2"):
        status, headers, content = send(server, file)
        assert (status, headers["Content-Type"]) == (201, "application/json")
        made.append(json.loads(content))
        assert (made[-1]["name"], made[-1]["finished"]) == (name, True)
        assert ask("model", name=name).id == made[-1]["id"]
    assert made[0]["id"] != made[1]["id"]
    assert ask("generate", {"model": "bundled-1", "form": "images"}).model == "bundled-1"
    for name in ("bundled-1", "bundled-2"):
        ask("model_delete", name=name)


def test_what_comes_back_draws_the_same_digits(server, ask, file):
    name = json.loads(send(server, file)[2])["name"]
    drawn = [ask("generate", {"model": model, "seed": 3, "form": "images"}).images for model in ("bundled", name)]
    ask("model_delete", name=name)
    assert drawn[0] == drawn[1]


@pytest.mark.parametrize("damage", ["empty", "no zip", "cut", "flipped", "another file in it"])
def test_a_file_that_is_no_whole_model_is_refused_and_nothing_is_kept(server, ask, check_problem, file, damage):
    flipped = bytearray(file)
    flipped[len(file) // 2] ^= 1
    longer = io.BytesIO(file)
    with zipfile.ZipFile(longer, "a") as archive:
        archive.writestr("../../evil.py", "print('here')")
    content = {
        "empty": b"",
        "no zip": b"[" * 10_000,
        "cut": file[:-100],
        "flipped": bytes(flipped),
        "another file in it": longer.getvalue(),
    }[damage]
    before = names(ask), sorted(path.name for path in server.home.glob("models/*"))
    check_problem(send(server, content), 422, "model")
    assert (names(ask), sorted(path.name for path in server.home.glob("models/*"))) == before


def test_a_body_of_another_type_is_refused(server, check_problem, file):
    check_problem(server.raw("POST", "/api/models/file", file, {"Content-Type": "application/json"}), 415, "media_type")


def headers_alone(server, method: str, path: str, length: int, token: str) -> tuple[int, bytes]:
    """Announce a body and send none of it, to see whether it would be taken: status, or 0 where the server waits."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=1) as connection:
        connection.sendall(
            f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nAuthorization: Bearer {token}\r\n"
            f"Content-Type: {ZIP}\r\nContent-Length: {length}\r\n\r\n".encode()
        )
        try:
            return int(connection.recv(100).split()[1])
        except TimeoutError:
            return 0


def test_only_whoever_has_the_token_may_send_more_than_other_bodies_have_and_only_a_model(server):
    wanted = "POST", "/api/models/file"
    assert headers_alone(server, *wanted, MAX_BODY + 1, server.token) == 0
    assert headers_alone(server, *wanted, MAX_FILE, server.token) == 0
    assert headers_alone(server, *wanted, MAX_FILE + 1, server.token) == 413
    assert headers_alone(server, *wanted, MAX_BODY + 1, "wrong") == 413
    assert headers_alone(server, *wanted, MAX_BODY + 1, "") == 413
    assert headers_alone(server, "POST", "/api/runs", MAX_BODY + 1, server.token) == 413
    assert headers_alone(server, "PATCH", "/api/models/file", MAX_BODY + 1, server.token) == 413


def test_a_file_larger_than_other_bodies_arrives_whole(server, check_problem, file):
    error = check_problem(send(server, bytes(MAX_BODY + 1)), 422, "model")
    assert "is of a kind that is not known here, and no model file" in error["message"]


def test_a_model_is_given_another_name(server, ask, file, check_problem):
    first, second = (json.loads(send(server, file)[2]) for _ in range(2))
    renamed = ask("model_rename", {"name": "Leaves"}, name=first["name"])
    assert (renamed.id, renamed.name) == (first["id"], "Leaves")
    assert ask("model", name="leaves") == renamed
    check_problem(server.raw("GET", f"/api/models/{first['name']}"), 404, "model_not_found")
    assert ask("model_rename", {"name": "LEAVES"}, name="leaves").name == "LEAVES"
    for name, status in (("leaves", 409), ("Bundled", 422), ("../x", 422), ("", 422)):
        check_problem(server.raw("PATCH", f"/api/models/{second['name']}", {"name": name}), status)
    check_problem(server.raw("PATCH", "/api/models/bundled", {"name": "mine"}), 422, "invalid_setting")
    check_problem(server.raw("PATCH", "/api/models/nobody", {"name": "mine"}), 404, "model_not_found")
    for name in ("leaves", second["name"]):
        ask("model_delete", name=name)


def test_a_model_called_file_is_a_model_like_any_other(server, ask, file):
    imported = json.loads(send(server, file)[2])
    ask("model_rename", {"name": "file"}, name=imported["name"])
    assert ask("model", name="file").id == imported["id"]
    assert json.loads(send(server, file)[2])["name"] == imported["name"]
    for name in ("file", imported["name"]):
        ask("model_delete", name=name)


def test_a_model_in_training_keeps_its_name_until_that_has_ended(server, ask, endless, check_problem):
    started = ask("run_start", {"model": "growing", **endless}, expect=201)
    while "growing" not in names(ask):
        pass
    check_problem(server.raw("PATCH", "/api/models/growing", {"name": "grown"}), 409, "conflict")
    ask("run_stop", id=started.id)
    server.wait_for_run(started.id, "stopped", "succeeded", seconds=10)
    assert ask("model_rename", {"name": "grown"}, name="growing").name == "grown"
    ask("model_delete", name="grown")
