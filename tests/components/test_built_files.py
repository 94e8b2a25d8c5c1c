"""The built files: one source that both of Rhino's Pythons read."""

import ast
import json
import keyword
import re
import subprocess
import sys

import pytest

from ghpython_components import build

SOURCES = sorted([*build.SHARED.glob("*.py"), *build.COMPONENTS.glob("*/code.py")])
# In IronPython these are absent, or not what they are elsewhere.
TRAPS = {"argparse", "errno", "ctypes", "numpy", "multiprocessing", "asyncio", "ssl", "urllib2", "requests", "typing"}
RHINOS = {"Rhino", "Grasshopper", "System", "scriptcontext"}


@pytest.fixture(scope="module")
def openapi():
    return json.loads(build.OPENAPI.read_bytes())


def test_contract_py_is_what_build_makes_of_openapi_json(openapi):
    text = (build.SHARED / "contract.py").read_text()
    assert text == build.contract(openapi), "stale: python -m ghpython_components.build --out DIR"


def test_building_twice_gives_the_same_bytes(built, tmp_path):
    command = [sys.executable, "-m", "ghpython_components.build", "--out", tmp_path]
    subprocess.run(command, check=True, cwd=build.FOLDER.parent, capture_output=True)
    files = sorted(path.name for path in built.iterdir())
    assert files == sorted(f"{name}.{ending}" for name in build.names() for ending in ("json", "py"))
    for name in files:
        assert (tmp_path / name).read_bytes() == (built / name).read_bytes()
        assert (tmp_path / name).read_bytes().isascii()
        assert b"\r" not in (tmp_path / name).read_bytes()


def test_build_needs_neither_the_library_nor_the_server():
    imports = list(ast.walk(ast.parse((build.FOLDER / "build.py").read_text())))
    found = {alias.name for node in imports if isinstance(node, ast.Import) for alias in node.names}
    found |= {node.module for node in imports if isinstance(node, ast.ImportFrom)}
    assert found <= {"__future__", "argparse", "ast", "json", "importlib.metadata", "pathlib"}


def test_both_pythons_compile_what_was_built(built, python, find_python):
    code = "import sys; [compile(open(path, 'rb').read(), path, 'exec') for path in sys.argv[1:]]"
    files = [str(path) for path in built.glob("*.py")]
    done = subprocess.run([find_python(python), "-c", code, *files], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", build.names())
def test_no_name_is_given_twice(built, name):
    """Everything is pasted into one scope, in which the inputs and outputs are variables too."""
    tree = ast.parse((built / f"{name}.py").read_text())
    defined = [node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    interface = json.loads((built / f"{name}.json").read_text())
    ports = [port["name"] for port in interface["inputs"] + interface["outputs"]]
    assert len(set(ports)) == len(ports)
    assert len(set(defined)) == len(defined)
    assert not set(ports) & set(defined)
    assert not any(keyword.iskeyword(port) for port in ports)
    code = build.COMPONENTS / name / "code.py"
    helpers = {node.name for node in ast.walk(ast.parse(code.read_text())) if isinstance(node, ast.FunctionDef)}
    for node in ast.walk(tree):  # a function that runs in a thread must not see the next solve's inputs
        if isinstance(node, ast.FunctionDef) and node.name in helpers:
            local = {argument.arg for argument in node.args.args}
            local |= {sub.id for sub in ast.walk(node) if isinstance(sub, ast.Name) and isinstance(sub.ctx, ast.Store)}
            read = {sub.id for sub in ast.walk(node) if isinstance(sub, ast.Name) and isinstance(sub.ctx, ast.Load)}
            assert not (read - local) & {port["name"] for port in interface["inputs"]}, node.name


def test_every_input_and_output_says_what_it_is(openapi):
    guids = set()
    for name in build.names():
        interface = build.interface(name, openapi)
        guids.add(interface["guid"])
        for port in interface["inputs"] + interface["outputs"]:
            assert port["description"].endswith("."), (name, port)
        for port in interface["inputs"]:
            assert port["hint"] in {"bool", "int", "float", "str", "plane"}
            assert port["access"] in {"item", "list"}
            assert port["optional"] is True
    assert len(guids) == 4
    assert build.describe("StartRun.epochs", openapi).endswith("At least 1, at most 10000.")
    assert build.describe("GenerateRequest.digit", openapi).endswith("At least 0, below 100.")
    assert build.describe("GenerateRequest.cell", openapi).endswith("Above 0, at most 1000000.0. Default 1.0.")


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(build.FOLDER)))
def test_the_sources_avoid_what_ironpython_lacks(path):
    text = path.read_text()
    assert text.isascii()
    for node in ast.walk(ast.parse(text)):
        assert not isinstance(node, ast.JoinedStr | ast.NamedExpr | ast.AnnAssign | ast.Nonlocal), node.lineno
        assert not isinstance(node, ast.Raise) or node.cause is None, node.lineno
        if isinstance(node, ast.FunctionDef | ast.Lambda):
            assert not node.args.kwonlyargs
            assert not node.args.posonlyargs
        if isinstance(node, ast.FunctionDef):
            assert node.returns is None
            assert not any(argument.annotation for argument in node.args.args)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id != "print"
            if node.func.id == "isinstance":
                kinds = {sub.id for sub in ast.walk(node.args[1]) if isinstance(sub, ast.Name)}
                assert not kinds & {"str", "unicode", "bytes", "basestring"}, node.lineno
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module]
            for name in names:
                top = name.split(".")[0]
                assert top not in TRAPS
                assert top in sys.stdlib_module_names | RHINOS | {"ghpython_components", "httplib", "urllib"}, name


def test_list_inputs_become_python_lists():
    """Rhino hands over .NET lists."""
    for name in build.names():
        code = (build.COMPONENTS / name / "code.py").read_text()
        metadata = json.loads((build.COMPONENTS / name / "metadata.json").read_text())
        for port in metadata["inputs"]:
            if port["access"] == "list":
                assert len(re.findall(rf"\b{port['name']}\b", code)) - code.count(f"{port['name']}=") == 1
                assert f"list({port['name']} or [])" in code
