"""The server's own certificate, and that a client believes no other."""

import json
import os
import re
import socket
import ssl
import time
import webbrowser

import pytest

from bridge_server.access import certificates, pinning, tokens
from bridge_server.access.roles import Role
from bridge_server.cli import client, doctor
from bridge_server.cli.exit_codes import CommandError
from bridge_server.errors import AddressError, CertificateError
from bridge_server.process import discovery
from bridge_server.process.discovery import Discovery
from ghpython_components.shared import address as address_of_components
from ghpython_components.shared import tls as tls_of_components
from tests.tls import TOKEN, Recorder, Served, make_certificate


@pytest.fixture
def command(server_command, home):
    """Run a command on the user's data directory."""
    return server_command


def write(home, url, fingerprint=None, token=TOKEN):
    discovery.write_discovery(home / "server.json", Discovery(url=url, fingerprint=fingerprint, token=token))


def test_a_certificate_is_made_once_for_its_names_and_its_key_is_its_users_own(tmp_path):
    made = certificates.ensure(tmp_path, ("192.168.1.5", "teacher.local"))
    assert made.names == ("192.168.1.5", "teacher.local")
    assert certificates.ensure(tmp_path, ("other",)) == certificates.read(tmp_path) == made
    assert certificates.DAYS - 3 < made.days_left() < certificates.DAYS
    if os.name == "posix":
        assert (tmp_path / certificates.FILE).stat().st_mode & 0o777 == 0o600


def test_another_certificate_has_another_key_and_the_names_of_the_one_before(tmp_path):
    before = certificates.ensure(tmp_path, ("192.168.1.5",))
    key = (tmp_path / certificates.FILE).read_text().partition("-----END")[0]
    after = certificates.renew(tmp_path)
    assert (after.names, after.fingerprint == before.fingerprint) == (before.names, False)
    assert (tmp_path / certificates.FILE).read_text().partition("-----END")[0] != key


@pytest.mark.parametrize("damage", [b"", b"nonsense", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"])
def test_a_damaged_certificate_is_said_with_the_command_that_makes_another(tmp_path, damage):
    (tmp_path / certificates.FILE).write_bytes(damage)
    with pytest.raises(CertificateError, match=r"is damaged.*certificate renew"):
        certificates.read(tmp_path)
    assert certificates.renew(tmp_path) == certificates.read(tmp_path)


def test_a_key_of_another_certificate_is_damage_too(tmp_path):
    make_certificate(tmp_path / "a")
    make_certificate(tmp_path / "b")
    key = (tmp_path / "a" / certificates.FILE).read_text().partition("-----BEGIN CERTIFICATE")[0]
    own = (tmp_path / "b" / certificates.FILE).read_text().partition("-----BEGIN CERTIFICATE")[2]
    (tmp_path / "b" / certificates.FILE).write_text(f"{key}-----BEGIN CERTIFICATE{own}")
    with pytest.raises(CertificateError, match="is damaged"):
        certificates.server_context(tmp_path / "b")


@pytest.mark.parametrize("days", [400, 365 * 40])  # years of two digits, and of four
def test_components_read_the_same_end_of_a_certificate_out_of_its_bytes(tmp_path, days):
    made = make_certificate(tmp_path, days)
    der = ssl.PEM_cert_to_DER_cert(
        "-----BEGIN CERT" + (tmp_path / certificates.FILE).read_text().split("BEGIN CERT")[1]
    )
    assert tls_of_components.not_after(der) == made.expires.strftime("%Y%m%d%H%M%S")


PRINT = "0a" * 32
LINES = [
    (f"https://192.168.1.5:28280#{PRINT}", ("https://192.168.1.5:28280", PRINT, "192.168.1.5:28280")),
    (f"https://a.b/#{':'.join(['0A'] * 32)}", ("https://a.b", PRINT, "a.b")),
    ("https://a.b:443", ("https://a.b:443", None, "a.b")),
    ("http://a.b:80", ("http://a.b:80", None, "a.b")),
    ("http://127.0.0.1:1", ("http://127.0.0.1:1", None, "127.0.0.1:1")),
    *((line, None) for line in ("a.b:1", "https://a.b:1#12", f"http://a.b:1#{PRINT}", "https://a b", "ftp://a", "")),
]


@pytest.mark.parametrize(("line", "expected"), LINES, ids=[line or "nothing" for line, _ in LINES])
def test_components_and_commands_read_an_address_alike(line, expected):
    if expected is None:
        with pytest.raises(AddressError, match="expected https://HOST:PORT"):
            discovery.parse_address(line)
        with pytest.raises(ValueError, match="expected https://HOST:PORT"):
            address_of_components.address_of(line, None, "t", None)
        return
    ours = Discovery(**discovery.parse_address(line)._asdict(), token="t")
    theirs = address_of_components.address_of(line, None, "t", None)
    assert (ours.url, ours.fingerprint, ours.authority) == expected
    assert (theirs["url"], theirs["fingerprint"], theirs["authority"]) == expected
    assert (theirs["host"], theirs["port"]) == ours.address


def test_the_environment_goes_before_the_file_for_the_users_own_data_directory(home, tmp_path, monkeypatch):
    write(home, "http://127.0.0.1:1")
    write(tmp_path, "http://127.0.0.1:2")
    monkeypatch.setenv("GANMNIST_URL", f"https://a.b#{PRINT}")
    with pytest.raises(AddressError, match="GANMNIST_TOKEN has to have your token"):
        discovery.locate(home)
    with pytest.raises(ValueError, match="GANMNIST_TOKEN has to have your token"):
        address_of_components.find_address()
    monkeypatch.setenv("GANMNIST_TOKEN", "hers")
    assert discovery.locate(home) == Discovery(url="https://a.b", fingerprint=PRINT, token="hers")
    assert discovery.locate(tmp_path).url == "http://127.0.0.1:2"
    found = address_of_components.find_address()
    assert (found["url"], found["token"], found["instance"]) == ("https://a.b", "hers", None)


def test_status_asks_a_server_on_another_machine_whose_certificate_is_the_right_one(command, tmp_path, monkeypatch):
    made = make_certificate(tmp_path / "server")
    served = Served(tmp_path / "server")
    monkeypatch.setenv("GANMNIST_URL", f"{served.url}#{certificates.in_pairs(made.fingerprint)}")
    monkeypatch.setenv("GANMNIST_TOKEN", TOKEN)
    code, out, _ = command("status")
    assert (code, "is running" in out) == (0, True)
    code, _, err = command("serve", "--mock", "--port", "0")
    assert (code, "GANMNIST_URL names a server on another machine" in err) == (1, True)


@pytest.mark.parametrize("kind", ["another", "expired", "untrusted"])
def test_a_wrong_certificate_is_refused_in_a_sentence_and_is_told_nothing(command, home, tmp_path, kind):
    made = make_certificate(tmp_path / "impostor", 0 if kind == "expired" else 825)
    impostor = Recorder(tmp_path / "impostor")
    meant = {"another": PRINT, "expired": made.fingerprint, "untrusted": None}[kind]
    write(home, impostor.url, meant)
    code, _, err = command("status")
    assert (code, err.count("\n")) == (6, 1)
    said = {
        "another": f"shows another certificate, {made.fingerprint[:16]}... in place of {PRINT[:16]}..., so it was told "
        "nothing: ask who runs it whether it was renewed",
        "expired": f"has expired on {made.expires:%Y-%m-%d}, so it was told nothing: who runs it has to type "
        "ganmnist-server certificate renew",
        "untrusted": "is not trusted here (self-signed certificate): if the server has made it itself, its fingerprint",
    }
    assert said[kind] in err
    deadline = time.monotonic() + 5
    while not impostor.heard and time.monotonic() < deadline:
        time.sleep(0.02)
    assert impostor.heard == [b""]


def test_a_certificate_is_looked_at_before_anything_is_said_with_every_call(home, tmp_path):
    make_certificate(tmp_path / "impostor")
    impostor = Recorder(tmp_path / "impostor")
    found = Discovery(url=impostor.url, fingerprint=PRINT, token=TOKEN)
    with pytest.raises(CommandError, match="another certificate"):
        client.call(found, "server")
    assert not client.answers(found)
    time.sleep(0.1)
    assert b"".join(impostor.heard) == b""


def test_a_server_that_speaks_no_tls_is_said():
    with socket.create_server(("127.0.0.1", 0)) as plain:
        port = plain.getsockname()[1]
        connection = socket.create_connection(("127.0.0.1", port), timeout=5)
        other, _ = plain.accept()
        other.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        with pytest.raises(CertificateError, match="speaks no TLS"):
            pinning.wrap(connection, f"https://127.0.0.1:{port}", "127.0.0.1", PRINT)
        other.close()


def test_open_says_what_the_browser_will_show_before_it_opens(command, home, tmp_path, monkeypatch):
    made = make_certificate(tmp_path / "server")
    served = Served(tmp_path / "server")
    write(home, served.url, made.fingerprint)
    opened = []
    monkeypatch.setattr(webbrowser, "open", lambda address: opened.append(address) or True)
    code, out, _ = command("open")
    assert (code, opened) == (0, [f"{served.url}/#token={TOKEN}"])
    assert certificates.in_pairs(made.fingerprint) in out
    assert "The browser will warn" in out


def test_the_commands_of_the_certificate_say_what_clients_need(command, home):
    code, _, err = command("certificate", "show")
    assert (code, "There is no certificate yet" in err) == (1, True)
    made = make_certificate(home)
    assert certificates.in_pairs(made.fingerprint) in command("certificate", "show")[1]
    code, out, _ = command("certificate", "renew")
    assert code == 0
    assert certificates.in_pairs(certificates.read(home).fingerprint) in out
    assert "give everybody the new address" in out


def test_an_expired_certificate_is_not_served_and_the_command_that_renews_it_is_said(command, home):
    make_certificate(home, 0)
    tokens.add(home, "anna", Role.VIEWER)
    code, _, err = command("serve", "--mock", "--lan", "192.0.2.7", "--port", "0")
    assert code == 1
    assert re.search(r"expired on .*: ganmnist-server certificate renew --data-dir", err)


@pytest.mark.parametrize(("days", "verdict"), [(825, "ok"), (30, "note"), (0, "problem")])
def test_the_doctor_tells_in_time_that_a_certificate_expires(home, days, verdict):
    made = make_certificate(home, days)
    (finding,) = doctor._certificate(home)
    assert finding.verdict == verdict
    assert f"{made.expires:%Y-%m-%d}" in finding.text
    assert ("certificate renew" in finding.text) == (verdict != "ok")


@pytest.mark.skipif(os.name != "posix", reason="Windows has its users' folders closed")
def test_the_doctor_tells_that_others_could_read_the_key(home):
    make_certificate(home)
    (home / certificates.FILE).chmod(0o644)
    finding, _ = doctor._certificate(home)
    assert (finding.verdict, "could read the key" in finding.text) == ("problem", True)


def test_somebody_who_is_passed_on_by_a_proxy_has_an_address_without_a_fingerprint(command, home, tmp_path):
    words = ("token", "add", "anna", "--proxy", "https://ganmnist.studio.example:443", "--out", str(tmp_path / "anna"))
    assert command(*words)[0] == 0
    found = json.loads((tmp_path / "anna" / "anna.json").read_text())
    assert (found["url"], "fingerprint" in found) == ("https://ganmnist.studio.example", False)
    assert "fingerprint" not in (tmp_path / "anna" / "invitations.html").read_text()
    assert not (home / certificates.FILE).exists()
