"""MNIST from a mirror, here a real web server on this machine: whole and checked, or not at all."""

from __future__ import annotations

import gzip
import hashlib
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from ganmnist.data import download, load
from ganmnist.data.load import MNIST, load_data


def content_of(name: str) -> bytes:
    """Small files in MNIST's layout."""
    chance = np.random.default_rng(3)
    count = 100 if name.startswith("train") else 20
    if "images" in name:
        header = [2051, count, 28, 28]
        body = chance.integers(0, 256, (count, 28, 28), np.uint8)
    else:
        header = [2049, count]
        body = chance.integers(0, 10, count, np.uint8)
    return np.array(header, ">i4").tobytes() + body.tobytes()


class Mirror:
    """A web server that lends what `answers` says, by file name."""

    def __init__(self):
        self.answers = {f"{name}.gz": gzip.compress(content_of(name)) for name in MNIST}
        self.asked: list[str] = []
        mirror = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                name = self.path.rsplit("/", 1)[1]
                mirror.asked.append(name)
                content = mirror.answers.get(name)
                if content is None:
                    self.send_error(404)
                    return
                self.send_response(200)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_):
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/mnist/"
        threading.Thread(target=self.server.serve_forever, daemon=True, kwargs={"poll_interval": 0.01}).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def mirror():
    made = Mirror()
    yield made
    made.close()


@pytest.fixture
def cache(home, monkeypatch):
    """An empty cache; the checksums are those of the small files."""
    monkeypatch.delenv("GANMNIST_DATA", raising=False)
    monkeypatch.setattr(load, "MNIST", {name: hashlib.sha256(content_of(name)).hexdigest() for name in MNIST})
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    return home / "data" / "mnist"


@pytest.fixture
def dead():
    """The address of a port that nobody listens on."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{held.getsockname()[1]}/mnist/"


@pytest.fixture
def babbling():
    """The address of a server that does not speak HTTP."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def babble():
            while True:
                try:
                    peer, _ = listening.accept()
                except OSError:
                    return
                with peer:
                    peer.recv(1 << 16)
                    peer.sendall(b"SSH-2.0-not-a-mirror\r\n")

        threading.Thread(target=babble, daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/mnist/"
        listening.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def few_drawn(monkeypatch):
    """Draw some digits only, for drawing them all takes seconds."""
    monkeypatch.setattr("ganmnist.data.synthetic.TRAIN", 20)
    monkeypatch.setattr("ganmnist.data.synthetic.TEST", 10)


def test_a_download_fills_the_cache_once(mirror, cache, monkeypatch):
    monkeypatch.setattr(download, "MIRRORS", (mirror.url,))
    found = load_data()
    assert found.name == "MNIST"
    assert found.train_images.shape == (100, 28, 28)
    assert sorted(mirror.asked) == sorted(path.name for path in cache.iterdir())
    mirror.asked.clear()
    np.testing.assert_array_equal(load_data().train_images, found.train_images)
    assert mirror.asked == []


def test_progress_grows_from_file_to_file(mirror, cache, monkeypatch):
    monkeypatch.setattr(download, "MIRRORS", (mirror.url,))
    monkeypatch.setattr(download, "_TOTAL", sum(map(len, mirror.answers.values())))
    said: list[tuple[float, str]] = []
    load_data(on_progress=lambda percent, words: said.append((percent, words)))
    downloading = [percent for percent, words in said if words.startswith("downloading")]
    assert downloading == sorted(downloading)
    assert downloading[0] > 0
    assert downloading[-1] == 99
    assert said[-1] == (100, "ready")


def test_a_file_that_is_there_already_is_not_fetched_again(mirror, cache, monkeypatch):
    monkeypatch.setattr(download, "MIRRORS", (mirror.url,))
    cache.mkdir(parents=True)
    first = next(iter(mirror.answers))
    (cache / first).write_bytes(mirror.answers[first])
    load_data()
    assert first not in mirror.asked


@pytest.mark.parametrize(
    "answer",
    [gzip.compress(b"another file"), b"not gzip", b"", gzip.compress(bytes(80 << 20))],
    ids=["another", "plain", "empty", "swelling"],
)
def test_a_file_with_another_checksum_is_refused_and_nothing_is_left_behind(
    mirror, cache, monkeypatch, few_drawn, answer
):
    monkeypatch.setattr(download, "MIRRORS", (mirror.url,))
    mirror.answers[f"{next(iter(MNIST))}.gz"] = answer
    assert load_data().name == "synthetic-mnist"
    assert not cache.exists() or list(cache.iterdir()) == []


def test_the_second_mirror_is_asked_when_the_first_is_dead(mirror, cache, monkeypatch, dead):
    monkeypatch.setattr(download, "MIRRORS", (dead, mirror.url))
    assert load_data().name == "MNIST"


def test_the_second_mirror_is_asked_when_the_first_lends_something_else(mirror, cache, monkeypatch):
    other = Mirror()
    other.answers = dict.fromkeys(other.answers, gzip.compress(b"something else"))
    other.answers.popitem()
    monkeypatch.setattr(download, "MIRRORS", (other.url, mirror.url))
    assert load_data().name == "MNIST"
    other.close()


def test_the_second_mirror_is_asked_when_the_first_does_not_speak_http(mirror, cache, monkeypatch, babbling):
    monkeypatch.setattr(download, "MIRRORS", (babbling, mirror.url))
    assert load_data().name == "MNIST"


def test_without_any_mirror_digits_are_drawn_that_say_loudly_they_are_not_mnist(
    cache, monkeypatch, dead, babbling, few_drawn
):
    monkeypatch.setattr(download, "MIRRORS", (dead, babbling))
    said: list[str] = []
    found = load_data(on_progress=lambda percent, words: said.append(words))
    assert found.name == "synthetic-mnist"
    assert "not MNIST" in found.source
    assert any(dead in words and babbling in words and "drawn from the bundled model" in words for words in said)
    assert len(found.train_images) == 20


def test_mnist_is_looked_for_again_each_time_and_preferred_to_what_stood_in_for_it(
    mirror, cache, monkeypatch, dead, few_drawn
):
    monkeypatch.setattr(download, "MIRRORS", (dead,))
    assert load_data().name == "synthetic-mnist"
    monkeypatch.setattr(download, "MIRRORS", (mirror.url,))
    assert load_data().name == "MNIST"
