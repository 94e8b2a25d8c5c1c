"""Large files are written by a process of their own, with the same bytes, and no failure of it goes unsaid."""

import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest

from bridge_server.encoding import file_process
from bridge_server.encoding.file_process import FileProcess
from bridge_server.errors import ApiError
from ganmnist.config import GeometryConfig
from ganmnist.errors import SettingError
from ganmnist.export.write import file_bytes

IMAGES = np.arange(3 * 784, dtype=np.uint8).reshape(3, 28, 28)


@pytest.fixture
def process():
    process = FileProcess()
    yield process
    process.close()


@pytest.mark.parametrize("ending", [".obj", ".3mf", ".json"])
def test_its_files_have_the_bytes_that_the_library_writes(process, ending):
    config = GeometryConfig(form="solid", height=2.5)
    assert process.file_bytes(ending, IMAGES, config) == file_bytes(ending, IMAGES, config)


def test_what_cannot_be_written_is_refused_with_the_librarys_sentence_and_the_next_file_is_written(process):
    with pytest.raises(SettingError) as refused:
        process.file_bytes(".3mf", IMAGES, GeometryConfig(form="images"))
    with pytest.raises(SettingError) as expected:
        file_bytes(".3mf", IMAGES, GeometryConfig(form="images"))
    assert str(refused.value) == str(expected.value)
    assert process.file_bytes(".obj", IMAGES, GeometryConfig(form="mesh"))


def test_a_process_that_ends_within_a_file_is_said_and_the_next_file_has_another(process, monkeypatch):
    with monkeypatch.context() as changed:
        changed.setattr(file_process, "_ARGUMENTS", [sys.executable, "-c", "input()"])
        with pytest.raises(ApiError, match="The file was not finished"):
            process.file_bytes(".obj", IMAGES, GeometryConfig(form="mesh"))
    assert process.file_bytes(".obj", IMAGES, GeometryConfig(form="mesh"))
    psutil.Process(process._process.pid).kill()  # between two files
    process._process.wait()
    assert process.file_bytes(".obj", IMAGES, GeometryConfig(form="mesh"))


def test_a_file_that_takes_too_long_is_ended(process, monkeypatch):
    monkeypatch.setattr(file_process, "_ARGUMENTS", [sys.executable, "-c", "import time; time.sleep(60)"])
    monkeypatch.setattr(file_process, "_SECONDS", 0.5)
    began = time.monotonic()
    with pytest.raises(ApiError, match="The file was not finished"):
        process.file_bytes(".obj", IMAGES, GeometryConfig(form="mesh"))
    assert time.monotonic() - began < 10


def test_it_ends_with_the_server_however_that_ends(start_server):
    server = start_server(mock=True)
    assert server.raw("POST", "/api/export", {"format": "stl", "form": "solid", "count": 9})[0] == 200
    (writer,) = psutil.Process(server.process.pid).children()
    assert Path(writer.cmdline()[-1]).name == "bridge_server.encoding.file_process"
    server.kill()
    server.wait_for_end(writer)
