"""An assistant's tools, asked by the protocol's own client: a program of its own beside a real server."""

import base64
import io
import json
import os
import signal
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from anyio.from_thread import start_blocking_portal
from mcp import Client, MCPError, StdioServerParameters
from PIL import Image

from bridge_server.cli.mcp.answers import bounded
from bridge_server.cli.mcp.tools import TOOLS
from bridge_server.contract.calls import CALLS
from bridge_server.contract.openapi import FILE

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[3]
SCHEMAS = json.loads(FILE.read_text(encoding="utf-8"))["components"]["schemas"]


class Conversation:
    """What an assistant says and hears."""

    def __init__(self, portal, client):
        self._portal = portal
        self._client = client

    def tools(self):
        return self._portal.call(self._client.list_tools).tools

    def call(self, tool, /, on_progress=None, **arguments):
        """Call a tool: its text, read as JSON, and its pictures as grey pixels."""
        answer = self._portal.call(partial(self._client.call_tool, tool, arguments, progress_callback=on_progress))
        text, *pictures = answer.content
        assert not answer.is_error, text.text
        assert len(text.text) <= 20_100
        assert {picture.mime_type for picture in pictures} <= {"image/png"}
        return json.loads(text.text), [pixels(base64.b64decode(picture.data)) for picture in pictures]

    def refused(self, tool, /, **arguments):
        """Call a tool that refuses, and return what it says."""
        answer = self._portal.call(partial(self._client.call_tool, tool, arguments))
        assert answer.is_error
        return answer.content[0].text


def of_itself(schema):
    """Return a field's schema without its default, which a tool may have of its own, nor where definitions stand."""
    return {**schema, "default": 0, "$ref": schema.get("$ref", "").rpartition("/")[2]}


def pixels(png):
    return np.asarray(Image.open(io.BytesIO(png)).convert("L"))


@contextmanager
def talking(home, mode="auto"):
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    program = StdioServerParameters(
        command=sys.executable, args=["-m", "bridge_server", "mcp", "--data-dir", str(home)], env=env
    )
    with ExitStack() as stack:
        portal = stack.enter_context(start_blocking_portal())
        client = stack.enter_context(portal.wrap_async_context_manager(Client(program, mode=mode)))
        yield Conversation(portal, client)


@pytest.fixture(scope="module")
def assistant(start_shared_server):
    with talking(start_shared_server().home) as conversation:
        yield conversation


def test_the_tools_are_calls_of_the_contract_with_its_texts_and_bounds(assistant):
    calls = {call.name: call for call in CALLS}
    tools = {tool.name: tool for tool in assistant.tools()}
    assert [*tools] == [*TOOLS]
    for name, tool in tools.items():
        assert tool.description.startswith(calls[name].summary)
        request = calls[name].request
        known = SCHEMAS[request.__name__]["properties"] if request else {}
        for field in tool.input_schema["properties"].keys() & known.keys() - {"z"}:
            said = tool.input_schema["properties"][field]
            assert said.get("description", "").startswith(known[field].get("description", ""))
            if said.get("type") != "object":
                assert of_itself(said) == of_itself(known[field]), f"{name}.{field}"
    assert tools["generate"].input_schema["properties"]["count"]["maximum"] == 256
    assert (tools["models"].annotations.read_only_hint, tools["export"].annotations.read_only_hint) == (True, False)
    assert sum(len(tool.model_dump_json()) for tool in tools.values()) < 40_000, (
        "all of it is read in each conversation"
    )


def test_digits_are_seen_and_their_vectors_go_by_names(assistant):
    said, (picture,) = assistant.call("generate", digit=7, count=3, seed=5, columns=3)
    assert picture.shape == (28 * 8, 3 * 28 * 8)
    assert said["digits"] == [7, 7, 7]
    name = said["z"]
    again, (second,) = assistant.call("generate", z=[f"{name}[1]"])
    assert (picture[:, 224:448] == second).all()
    way, none = assistant.call("latents_between", z=[f"{name}[0]", f"{name}[2]"], steps=4)
    assert none == []
    _, (five,) = assistant.call("generate", z=[way["z"]], columns=5)
    assert (five[:, :224] == picture[:, :224]).all()
    assert (five[:, -224:] == picture[:, -224:]).all()
    assert again["z"] != name
    assert "z: z-999 is no name of vectors; the newest are" in assistant.refused("generate", z=["z-999"])
    assert f"{name} has 3 vectors" in assistant.refused("generate", z=[f"{name}[3]"])


def test_digits_become_files_where_they_are_wanted_and_are_made_again_from_them(assistant, tmp_path):
    path = tmp_path / "four.stl"
    _, (drawn,) = assistant.call("generate", digit=4, seed=2)
    said, _ = assistant.call("export", digit=4, seed=2, form="solid", path=str(path))
    assert (said["file"], said["bytes"]) == (str(path), path.stat().st_size)
    assert "is there already" in assistant.refused("export", digit=5, form="solid", path=str(path))
    assert assistant.call("export", digit=5, form="solid", path=str(path), overwrite=True)[0]["bytes"] > 84
    assert "the whole path" in assistant.refused("export", path="four.stl")
    assert "no folder" in assistant.refused("export", path=str(tmp_path / "none" / "four.stl"))
    assert "has to end in one of .obj" in assistant.refused("export", path=str(tmp_path / ".profile"))

    assistant.call("export", digit=4, seed=2, form="relief", path=str(tmp_path / "four.3dm"))
    found, _ = assistant.call("restore", path=str(tmp_path / "four.3dm"))
    assert (found["model"], found["count"], found["record"]["seed"]) == ("bundled", 1, 2)
    assert (assistant.call("generate", z=[found["z"]])[1][0] == drawn).all()
    assert "there is no such file" in assistant.refused("restore", path=str(tmp_path / "none.3dm"))
    for tool in ("restore", "latents_invert"):
        assert assistant.refused(tool, path=str(tmp_path)) == f"{tmp_path}: is a folder: name a file in it"

    _, (seven,) = assistant.call("generate", digit=7, truncation=0)
    Image.fromarray(seven).save(tmp_path / "drawing.png")
    inverted, (pair,) = assistant.call("latents_invert", path=str(tmp_path / "drawing.png"))
    assert (inverted["digit"], inverted["sure"], pair.shape) == (7, True, (224, 448))


def test_a_training_is_started_and_watched_and_draws(assistant, short, mnist_at_hand):
    heard = []

    async def hear(progress, total, message):
        heard.append((progress, total, message))

    run, _ = assistant.call("run_start", model="mine", **{**short, "epochs": 40})
    said = {"run": run}
    while said["run"]["state"] in ("queued", "running"):
        said, pictures = assistant.call("run_progress", id=run["id"], wait=30, on_progress=hear)
    assert said["run"]["state"] == "succeeded"
    assert heard
    assert all(0 <= progress <= total == 100 for progress, total, _ in heard)
    assert [picture.shape for picture in pictures] == [(4 * 28 * 8, 4 * 28 * 8)]
    assert 2 <= len(said["loss_d"]) == len(said["steps"]) <= 40
    assert "mine" in [model["name"] for model in assistant.call("models")[0]["models"]]
    assert assistant.call("generate", model="mine")[0]["model"] == "mine"


def test_what_is_wrong_is_said_in_the_servers_own_words(assistant, start_shared_server):
    assert assistant.refused("generate", count=257) == "count: must be at most 256, got 257"
    assert assistant.refused("generate", form="mesh") == "form: unknown field, got 'mesh'"
    assert assistant.refused("run", id="../models") == assistant.refused("run_stop", id="../models")
    assert (
        assistant.refused("run_progress", id="7")
        == "id: must be an id as runs has them, of 16 digits from 0 to f, got '7'"
    )
    assert assistant.refused("models", nonsense=1).startswith("nonsense: unknown field")
    assert assistant.refused("layers", nonsense=1).startswith("nonsense: unknown field")
    assert "no model" in assistant.refused("model", name="nobody").lower()
    for path in ("/a\0b.obj", "~no-such-person/x.obj", "x.obj"):
        assert assistant.refused("export", path=path).startswith("path: expected the whole path of a file"), path
    with pytest.raises(MCPError, match="There is no tool server_stop"):
        assistant.call("server_stop")


def test_an_assistant_of_before_is_served_too_and_without_a_server_told_how_to_start_one(tmp_path):
    with talking(tmp_path, mode="legacy") as conversation:
        assert len(conversation.tools()) == len(TOOLS)
        said = conversation.refused("models")
    assert "No server is running" in said
    assert f"serve --data-dir {tmp_path}" in said


def test_nothing_but_the_protocol_stands_on_standard_output_and_ctrl_c_ends_it(tmp_path):
    asked = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {}}
    asked["params"] = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "a", "version": "1"}}
    with subprocess.Popen(
        [sys.executable, "-m", "bridge_server", "mcp", "--data-dir", str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as program:
        program.stdin.write(f"no JSON\n{json.dumps(asked)}\n")
        program.stdin.flush()
        lines = []
        while not any("result" in line for line in lines):
            lines.append(json.loads(program.stdout.readline()))
        if os.name == "posix":
            program.send_signal(signal.SIGINT)  # while it waits for the next line
            assert program.wait(30) == 0
        program.stdin.close()
        assert program.stdout.read() == ""
    assert lines[-1]["result"]["serverInfo"]["name"] == "ganmnist"


def test_a_long_answer_is_cut_and_says_so():
    said = json.loads(bounded({"total": 500, "models": [{"name": "x" * 100}] * 500, "remarks": ["short"]}))
    assert len(said["models"]) + said["left_out"]["models"] == 500
    assert said["remarks"] == ["short"]


def test_without_its_package_the_command_says_what_to_install(server_command, tmp_path, monkeypatch):
    found = "bridge_server.cli.mcp.stdio.importlib.util.find_spec"
    monkeypatch.setattr(found, lambda name: None if name == "mcp" else object())
    code, out, said = server_command("mcp", "--data-dir", str(tmp_path))
    assert (code, out) == (1, "")
    assert "mcp is not installed: in the project's folder type: " in said
    assert said.strip().endswith("-m pip install -e '.[mcp]'" if os.name == "posix" else '"')
