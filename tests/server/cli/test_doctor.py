"""What the doctor finds, and what it says to do about it."""

import contextlib
import json
import os
import platform
import shutil
import socket
import sqlite3
import sys
import tempfile
from importlib import metadata
from pathlib import Path

import pytest
from PIL import Image

import ganmnist
from bridge_server.cli import doctor as module
from bridge_server.cli.doctor import Verdict, doctor
from bridge_server.cli.serve import remember_how_to_start
from bridge_server.runs.store import Press, RunStore
from ganmnist.config import TrainConfig
from ganmnist.models.manifest import BUNDLED
from ganmnist.models.store import ModelStore

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def findings(capsys, monkeypatch):
    """Have the doctor look: findings(home) returns its exit status and the findings by what they are about."""
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as free:
        monkeypatch.setattr(module, "DEFAULT_PORT", free.getsockname()[1])
    monkeypatch.setattr(module, "import_problem", lambda package: None)  # torch takes its seconds
    monkeypatch.setattr(module, "chosen_device", lambda: None)

    def look(home):
        code = doctor(home)
        *lines, last = capsys.readouterr().out.splitlines()
        found = {line[9:25].strip(): (line[:8].strip(), line[25:]) for line in lines}
        problems = sum(verdict == "problem" for verdict, _ in found.values())
        assert last == f"{problems} problem{'s' * (problems != 1)}"
        assert code == (1 if problems else 0)
        return code, found

    return look


@pytest.fixture
def model(tmp_path):
    """The folder of a model in the data directory."""
    folder = tmp_path / "models" / "0123456789abcdef"
    shutil.copytree(ModelStore(tmp_path).folder(BUNDLED, BUNDLED).path, folder)
    return folder


def test_a_new_user_has_no_problems(findings, tmp_path):
    code, found = findings(tmp_path / "not there yet")
    assert code == 0
    assert found["server"][0] == Verdict.NOTE
    assert "(will be made)" in found["data directory"][1]
    assert not (tmp_path / "not there yet").exists()


def test_the_versions_are_there_for_a_bug_report(findings, tmp_path):
    _, found = findings(tmp_path)
    assert found["ganmnist"][1] == f"{ganmnist.__version__}, on {platform.platform()}"
    assert found["Python"][1].startswith(platform.python_version())
    assert found["torch"][1] == metadata.version("torch")


chosen_device = module.chosen_device


def test_the_device_of_a_training_is_named_with_the_reason(findings, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "chosen_device", chosen_device)
    assert findings(tmp_path)[1]["device"] == ("ok", "a training is computed on cpu: there is no other that works")
    monkeypatch.setattr(module.shutil, "which", lambda name, **_: f"/usr/bin/{name}")
    code, found = findings(tmp_path)
    assert (code, found["accelerator"][0]) == (0, "note")
    assert "nvidia-smi is here" in found["accelerator"][1]
    assert "python start.py setup --gpu" in found["accelerator"][1]


def test_a_graphics_card_that_cannot_be_used_is_a_problem_with_its_remedy(findings, tmp_path, monkeypatch):
    said = "The graphics card (cuda) cannot be used (no driver): install or update the driver, or choose device cpu."
    chosen = {"device": "cpu", "why": "there is no other that works", "problems": [said], "absent": {}}
    monkeypatch.setattr(module, "chosen_device", lambda: chosen)
    code, found = findings(tmp_path)
    assert (code, found["device"][0], found["accelerator"][0]) == (1, "ok", "problem")
    assert found["accelerator"][1] == said


def test_all_is_well_beside_a_running_server(findings, start_server):
    server = start_server()
    code, found = findings(server.home)
    assert code == 0
    assert server.url in found["server"][1]
    for about in ("server", "token", "launch.json", "runs", "bundled models", "torch", "Python", "port"):
        assert found[about][0] == Verdict.OK, found[about]


def test_a_server_that_was_killed_left_no_harm(findings, start_server):
    server = start_server(mock=True)
    server.kill()
    code, found = findings(server.home)
    assert code == 0
    assert found["server"][0] == Verdict.NOTE
    assert "does no harm" in found["server"][1]


def test_a_server_that_does_not_know_the_token_is_a_problem(findings, start_server):
    server = start_server(mock=True)
    file = server.home / "server.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "token": "wrong"}))
    code, found = findings(server.home)
    assert code == 1
    assert found["server"][0] == Verdict.PROBLEM


def test_a_port_that_another_program_has_is_in_nobodys_way_but_hops(findings, tmp_path, monkeypatch):
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as taken:
        monkeypatch.setattr(module, "DEFAULT_PORT", taken.getsockname()[1])
        monkeypatch.setattr("bridge_server.cli.client._SECONDS", 0.2)
        code, found = findings(tmp_path)
    assert (code, found["port"][0]) == (0, Verdict.NOTE)
    assert "another program" in found["port"][1]
    assert "serve takes a free one" in found["port"][1]


def test_a_port_that_the_server_of_another_directory_has_is_told_apart(findings, start_server, tmp_path, monkeypatch):
    other = start_server(mock=True)
    monkeypatch.setattr(module, "DEFAULT_PORT", other.port)
    assert "a ganmnist server of another data directory" in findings(tmp_path)[1]["port"][1]


def test_a_directory_that_cannot_be_written_to_is_a_problem(findings, tmp_path, monkeypatch):
    made = tempfile.TemporaryFile

    def refuse(dir):
        if dir == refused:
            raise PermissionError(13, "Permission denied", str(dir))
        return made(dir=dir)

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)  # root, as whom tests may run, may write anywhere
    (tmp_path / "models").mkdir()
    for refused in (tmp_path, tmp_path / "models"):
        code, found = findings(tmp_path)
        assert (code, found["data directory"][0]) == (1, Verdict.PROBLEM)
        assert f"{refused} cannot be written to (Permission denied)" in found["data directory"][1]


def test_a_file_in_place_of_the_directory_is_a_problem(findings, tmp_path):
    (tmp_path / "file").write_text("")
    code, found = findings(tmp_path / "file")
    assert (code, found["data directory"][0]) == (1, Verdict.PROBLEM)


def test_a_disk_that_is_almost_full_is_a_problem(findings, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "FREE_BYTES", 10**18)
    assert findings(tmp_path)[1]["data directory"][0] == Verdict.PROBLEM


def test_mnist_that_is_not_where_it_is_said_to_be_is_a_problem(findings, tmp_path, monkeypatch):
    monkeypatch.setenv("GANMNIST_DATA", str(tmp_path / "nowhere"))
    assert findings(tmp_path)[1]["data"][0] == Verdict.PROBLEM
    monkeypatch.delenv("GANMNIST_DATA")
    verdict, text = findings(tmp_path)[1]["data"]
    assert (verdict, "synthetic-mnist" in text) == (Verdict.NOTE, True)


def test_data_that_the_trainer_cannot_read_are_a_problem_by_the_name_of_the_variable(findings, tmp_path, monkeypatch):
    (tmp_path / "empty").mkdir()
    (tmp_path / "cut.png").write_bytes(b"\x89PNG")
    for name in ("empty", "cut.png"):
        monkeypatch.setenv("GANMNIST_DATA", str(tmp_path / name))
        verdict, text = findings(tmp_path / "home")[1]["data"]
        assert verdict == Verdict.PROBLEM
        assert text.startswith(f"GANMNIST_DATA names what cannot be learned from. {tmp_path / name}: ")
        assert text.endswith("or unset GANMNIST_DATA")


def test_data_that_the_trainer_reads_are_ok_whatever_they_are(findings, tmp_path, monkeypatch):
    lines = ["label," + ",".join(f"pixel{n}" for n in range(784)), *(f"{n % 3}," + "9," * 783 + "9" for n in range(9))]
    (tmp_path / "nine.csv").write_text("\n".join(lines))
    monkeypatch.setenv("GANMNIST_DATA", str(tmp_path / "nine.csv"))
    verdict, text = findings(tmp_path)[1]["data"]
    assert verdict == Verdict.OK
    assert str(tmp_path / "nine.csv") in text


def test_data_are_read_for_some_seconds_at_most(findings, tmp_path, monkeypatch):
    (tmp_path / "pictures").mkdir()
    for number in range(3):
        Image.new("L", (28, 28), number).save(tmp_path / "pictures" / f"{number}.png")
    monkeypatch.setenv("GANMNIST_DATA", str(tmp_path / "pictures"))
    monkeypatch.setattr(module, "_READ_SECONDS", -1.0)
    verdict, text = findings(tmp_path)[1]["data"]
    assert (verdict, text) == (Verdict.OK, f"{tmp_path / 'pictures'}, read without a fault as far as 0 %")


@pytest.fixture
def broken(tmp_path, monkeypatch):
    """Have other processes meet a torch that cannot be imported: broken(what its import does)."""

    def broken(code):
        (tmp_path / "broken" / "torch").mkdir(parents=True)
        (tmp_path / "broken" / "torch" / "__init__.py").write_text(code)
        monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path / "broken"), str(ROOT)]))

    return broken


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (
            "raise OSError(126, 'Error loading c10.dll')",
            "torch cannot be loaded (OSError: [Errno 126] Error loading c10.d",
        ),
        (
            "raise ImportError('DLL load failed while importing _C')",
            "torch cannot be loaded (ImportError: DLL load failed",
        ),
        (
            "raise ModuleNotFoundError(\"No module named 'torch'\", name='torch')",
            "torch is not installed: in the project",
        ),
        ("import os; os.abort()", "torch cannot be loaded (its process ended with status -6)"),
    ],
)
def test_a_torch_that_cannot_be_imported_is_a_problem_though_it_is_installed(broken, code, said):
    broken(code)
    assert module.import_problem("torch").startswith(said)
    assert "start.py setup" in module.import_problem("torch")
    assert module.import_problem("numpy") is None


def test_on_windows_the_first_remedy_is_what_a_missing_dll_is_in(broken, monkeypatch):
    broken("raise OSError(126, 'Error loading c10.dll')")
    monkeypatch.setattr(sys, "platform", "win32")
    assert "install the Microsoft Visual C++ Redistributable, https://aka.ms/" in module.import_problem("torch")


def test_generate_and_training_say_why_torch_cannot_be_loaded(broken, start_server):
    broken("raise OSError(126, 'Error loading c10.dll')")
    server = start_server()
    status, answer = server.call("POST", "/api/generate", {})
    assert status == 503
    assert answer["error"]["message"].startswith("torch cannot be loaded ([Errno 126] Error loading c10.dll): ")
    run = server.wait_for_run(server.start_run(seconds=1)["id"], "failed")
    assert run["problem"].startswith("torch cannot be loaded ([Errno 126] Error loading c10.dll): ")


def test_python_from_the_microsoft_store_is_a_problem(findings, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "base_prefix", r"C:\Program Files\WindowsApps\PythonSoftwareFoundation.Python.3.13")
    code, found = findings(tmp_path)
    assert (code, found["Python"][0]) == (1, Verdict.PROBLEM)
    assert "python.org" in found["Python"][1]


def test_a_whole_model_is_no_problem(findings, tmp_path, model):
    code, found = findings(tmp_path)
    assert (code, found["models"][1]) == (0, "1 whole")


def test_a_flipped_byte_in_a_models_weights_is_noticed(findings, tmp_path, model):
    (weights,) = model.glob("*.safetensors")
    content = bytearray(weights.read_bytes())
    content[len(content) // 2] ^= 1
    weights.write_bytes(content)
    code, found = findings(tmp_path)
    assert (code, found["model"][0]) == (1, Verdict.PROBLEM)
    assert weights.name in found["model"][1]


@pytest.mark.parametrize("content", ["", "{", "[]", '{"format": 0, "checksum": "x"}'])
def test_a_damaged_or_foreign_manifest_is_noticed(findings, tmp_path, model, content):
    (model / "model.json").write_text(content)
    code, found = findings(tmp_path)
    assert (code, found["model"][0]) == (1, Verdict.PROBLEM)
    assert str(model) in found["model"][1]


def test_a_run_that_is_not_what_was_written_is_noticed(findings, tmp_path):
    store = RunStore(tmp_path / "runs.sqlite")
    store.add(Press("leaves", TrainConfig()), lambda wanted, held: "leaves")
    store.close()
    with contextlib.closing(sqlite3.connect(tmp_path / "runs.sqlite")) as database:
        database.execute("UPDATE runs SET model = 'other'")
        database.commit()
    code, found = findings(tmp_path)
    assert (code, found["runs"][0]) == (1, Verdict.PROBLEM)
    assert "checksum" in found["runs"][1]


def test_a_damaged_store_of_runs_is_noticed(findings, tmp_path):
    (tmp_path / "runs.sqlite").write_bytes(b"SQLite format 3\0" + b"\xff" * 4096)
    code, found = findings(tmp_path)
    assert (code, found["runs"][0]) == (1, Verdict.PROBLEM)


@pytest.mark.parametrize("content", ['{"command": ["/nowhere/python", "serve"]}', "{", '{"command": []}', "[]"])
def test_a_launch_file_that_starts_nothing_is_noticed(findings, tmp_path, content):
    (tmp_path / "launch.json").write_text(content)
    assert findings(tmp_path)[1]["launch.json"][0] == Verdict.PROBLEM
    remember_how_to_start(tmp_path)
    assert findings(tmp_path)[1]["launch.json"][0] == Verdict.OK


def test_a_launch_file_whose_python_lacks_the_server_is_noticed(findings, tmp_path):
    command = [sys.executable, "-m", "no_bridge_server", "serve"]
    (tmp_path / "launch.json").write_text(json.dumps({"command": command}))
    verdict, text = findings(tmp_path)[1]["launch.json"]
    assert verdict == Verdict.PROBLEM
    assert "does not start the server (exit status 1); to have it written anew: ganmnist-server serve" in text


def test_a_damaged_file_of_tokens_is_noticed(findings, tmp_path):
    (tmp_path / "tokens.json").write_text("{")
    assert findings(tmp_path)[1]["tokens"][0] == Verdict.PROBLEM


def test_the_doctor_does_not_wait_for_torch(tmp_path):
    import subprocess

    script = "import sys, pathlib; from bridge_server.cli.doctor import doctor; doctor(pathlib.Path(sys.argv[1])); "
    script += "assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", script, tmp_path], check=True, cwd=ROOT, capture_output=True)


@pytest.mark.skipif(os.name != "posix", reason="Windows has its users' folders closed")
@pytest.mark.parametrize(
    ("name", "mode", "verdict", "words"),
    [
        ("launch.json", 0o666, Verdict.PROBLEM, "launch.json can be written to by other users"),
        ("tokens.json", 0o620, Verdict.PROBLEM, "tokens.json can be written to by other users"),
        (".", 0o770, Verdict.PROBLEM, "chmod go-w"),
        (".", 0o755, Verdict.NOTE, "can read models and logs: chmod 700"),
    ],
)
def test_what_other_users_can_do_with_its_files_is_said(findings, tmp_path, name, mode, verdict, words):
    tmp_path.chmod(0o700)
    assert "other users" not in findings(tmp_path)[1]
    if name != ".":
        (tmp_path / name).write_text("{}")
    (tmp_path / name).chmod(mode)
    found = findings(tmp_path)[1]["other users"]
    assert found[0] == verdict
    assert words in found[1]
