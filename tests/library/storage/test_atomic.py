"""A file is there whole or not at all."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from ganmnist import paths
from ganmnist.storage import atomic
from ganmnist.storage.atomic import read_json, write_atomic, write_json

posix = pytest.mark.skipif(os.name != "posix", reason="Windows has no permission bits")


def test_a_file_is_written_into_a_folder_that_is_not_there_yet(tmp_path):
    write_atomic(tmp_path / "a" / "b" / "file", b"content")
    assert (tmp_path / "a" / "b" / "file").read_bytes() == b"content"


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    write_atomic(tmp_path / "file", b"old")

    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(atomic.os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_atomic(tmp_path / "file", b"new")
    assert (tmp_path / "file").read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_file_that_a_scanner_holds_is_replaced_when_it_lets_go(tmp_path, monkeypatch):
    tries = []
    replace = Path.replace

    def held_twice(self, target):
        tries.append(target)
        if len(tries) < 3:
            error = PermissionError("held")
            error.winerror = 32
            raise error
        return replace(self, target)

    monkeypatch.setattr(atomic.Path, "replace", held_twice)
    write_atomic(tmp_path / "file", b"new")
    assert (tmp_path / "file").read_bytes() == b"new"
    assert len(tries) == 3


def test_a_folder_without_permission_is_not_tried_again(tmp_path, monkeypatch):
    tries = []

    def refuse(self, target):
        tries.append(target)
        raise PermissionError("read only")

    monkeypatch.setattr(atomic.Path, "replace", refuse)
    with pytest.raises(PermissionError):
        write_atomic(tmp_path / "file", b"new")
    assert len(tries) == 1


@posix
def test_a_private_file_is_for_its_owner_alone(tmp_path):
    write_atomic(tmp_path / "token", b"secret", private=True)
    assert stat.S_IMODE((tmp_path / "token").stat().st_mode) == 0o600


@posix
def test_a_common_file_has_the_users_usual_permissions(tmp_path):
    before = os.umask(0o027)
    try:
        write_atomic(tmp_path / "digits.png", b"")
        assert os.umask(0o027) == 0o027
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "digits.png").stat().st_mode) == 0o640


def test_json_comes_back_as_it_was(tmp_path):
    value = {"name": "zürich", "numbers": [1, 2.5, None, True]}
    write_json(tmp_path / "value.json", value)
    assert read_json(tmp_path / "value.json") == value
    assert "zürich" in (tmp_path / "value.json").read_text(encoding="utf-8")


def test_the_home_is_the_one_in_the_environment(home, tmp_path, monkeypatch):
    assert paths.home() == home.resolve()
    monkeypatch.setenv("GANMNIST_HOME", "~/digits")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert paths.home() == (tmp_path / "digits").resolve()


@pytest.mark.parametrize(
    ("platform", "end"),
    [
        ("linux", ".local/share/ganmnist"),
        ("darwin", "Library/Application Support/ganmnist"),
        ("win32", "AppData/Local/ganmnist"),
    ],
)
def test_without_it_the_home_is_where_the_system_keeps_such_files(monkeypatch, platform, end):
    monkeypatch.delenv("GANMNIST_HOME", raising=False)
    monkeypatch.delenv("LOCALAPPDATA", raising=False)
    monkeypatch.setattr(paths.sys, "platform", platform)
    assert paths.home().as_posix() == (Path.home() / end).as_posix()


def test_half_a_letter_in_a_name_is_kept_as_json_escapes_it(tmp_path):
    """Names on a Linux disk are bytes: those that are no UTF-8 come as such."""
    name = "b\udcffd ż"
    write_json(tmp_path / "a.json", {"command": [name]})
    assert read_json(tmp_path / "a.json") == {"command": [name]}
    assert "ż" in (tmp_path / "a.json").read_text(encoding="utf-8")


def test_a_folder_and_a_name_that_is_too_long_are_refused_by_their_own_names(tmp_path):
    for path, kind in ((tmp_path, errno.EISDIR), (tmp_path / ("x" * 300), errno.ENAMETOOLONG)):
        with pytest.raises(OSError, match=r"folder|directory|long") as caught:
            write_atomic(path, b"content")
        assert (caught.value.errno, caught.value.filename, caught.value.filename2) == (kind, str(path), None)
    assert list(tmp_path.iterdir()) == []


def test_a_name_as_long_as_the_system_takes_is_written(tmp_path):
    write_atomic(tmp_path / ("x" * 250), b"content")
    assert (tmp_path / ("x" * 250)).read_bytes() == b"content"
