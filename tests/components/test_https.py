"""Rhino on one machine, the server on another, and TLS between them, under both of Rhino's Pythons."""

import json
import time

import pytest

from bridge_server.access import certificates
from tests.tls import TOKEN, Recorder, Served, make_certificate


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A mock over TLS; `folder` has its certificate."""
    folder = tmp_path_factory.mktemp("tls")
    make_certificate(folder)
    served = Served(folder)
    served.folder = folder
    return served


@pytest.fixture
def ask(open_rhino, tmp_path):
    """Open a Rhino with a discovery file, place Generate and solve it: ask(url, fingerprint)."""

    def start(url, fingerprint=None):
        home = tmp_path / "home"
        home.mkdir(exist_ok=True)
        found = {"url": url, "token": TOKEN, **({"fingerprint": fingerprint} if fingerprint else {})}
        (home / "server.json").write_text(json.dumps(found))
        rhino = open_rhino(home)
        rhino.place("generate")
        rhino.solve("generate")
        return rhino

    return start


def balloon(rhino):
    ((_, sentence),) = rhino.until("generate", lambda report: report["balloons"])["balloons"]
    return sentence


def test_a_component_draws_over_tls_what_a_pinned_server_sends(ask, served):
    rhino = ask(served.url, certificates.read(served.folder).fingerprint)
    report = rhino.until("generate", "bundled - step 4680", "geometry")
    assert report["outputs"]["geometry"]
    rhino.solve("generate", latent=[1.0])  # over the same connection
    assert rhino.until("generate", "bundled - step 4680")["balloons"] == []
    rhino.place("server")
    rhino.solve("server")
    assert rhino.until("server", "running (mock)", "url")["outputs"]["url"] == served.url


def test_the_environment_says_where_the_server_is_without_a_file(open_rhino, served, monkeypatch):
    pairs = certificates.in_pairs(certificates.read(served.folder).fingerprint)
    monkeypatch.setenv("GANMNIST_URL", f"{served.url}/#{pairs}")
    monkeypatch.setenv("GANMNIST_TOKEN", TOKEN)
    rhino = open_rhino()
    rhino.place("generate")
    rhino.solve("generate")
    rhino.until("generate", "bundled - step 4680")


def test_half_of_an_address_in_the_environment_is_said(open_rhino, served, monkeypatch):
    monkeypatch.setenv("GANMNIST_URL", served.url)
    rhino = open_rhino()
    rhino.place("generate")
    rhino.solve("generate")
    assert "GANMNIST_TOKEN has to have your token" in balloon(rhino)


@pytest.mark.parametrize("kind", ["another", "expired", "untrusted"])
def test_a_wrong_certificate_is_refused_in_a_sentence_and_is_told_nothing(ask, tmp_path, kind):
    made = make_certificate(tmp_path / "impostor", 0 if kind == "expired" else 825)
    impostor = Recorder(tmp_path / "impostor")
    meant = {"another": "0a" * 32, "expired": made.fingerprint, "untrusted": None}[kind]
    said = {
        "another": f"another certificate, {made.fingerprint[:16]}... in place of 0a0a0a0a0a0a0a0a..., so it was told "
        "nothing: ask who runs it",
        "expired": f"has expired on {made.expires:%Y-%m-%d}, so it was told nothing: who runs it has to type",
        "untrusted": "if the server has made it itself, its fingerprint belongs to the address",
    }
    assert said[kind] in balloon(ask(impostor.url, meant))
    deadline = time.monotonic() + 10
    while len(impostor.heard) < 2 and time.monotonic() < deadline:  # it tries again by itself
        time.sleep(0.02)
    assert {*impostor.heard} == {b""}


def test_a_certificate_that_was_exchanged_is_noticed_before_the_next_call(ask, served, tmp_path):
    rhino = ask(served.url, certificates.read(served.folder).fingerprint)
    rhino.until("generate", "bundled - step 4680")
    file = tmp_path / "home" / "server.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "fingerprint": "0a" * 32}))
    rhino.solve("generate", latent=[1.0])
    assert "shows another certificate" in balloon(rhino)


def test_an_address_that_says_http_where_https_is_spoken_is_told_so(ask, served):
    assert "speaks https by now: ask who runs it" in balloon(ask(served.url.replace("https", "http")))
