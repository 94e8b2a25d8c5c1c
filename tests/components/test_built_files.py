"""The built files: one source that both of Rhino's Pythons read."""

import ast
import json
import keyword
import re
import subprocess
import sys

import pytest

from ganmnist.layers import LAYERS
from ghpython_components import build, descriptions, layers

OPENAPI = json.loads(build.OPENAPI.read_bytes())
NAMES = build.names(OPENAPI)
SOURCES = sorted([*build.SHARED.glob("*.py"), *build.COMPONENTS.glob("*/code.py")])
# In IronPython these are absent, or not what they are elsewhere.
TRAPS = {"argparse", "errno", "ctypes", "numpy", "multiprocessing", "asyncio", "ssl", "urllib2", "requests", "typing"}
RHINOS = {"Rhino", "Grasshopper", "System", "scriptcontext"}


def test_contract_py_is_what_build_makes_of_openapi_json():
    text = (build.SHARED / "contract.py").read_text()
    assert text == build.contract(OPENAPI), "stale: python -m ghpython_components.build --out DIR"


def test_building_twice_gives_the_same_bytes(built, tmp_path):
    command = [sys.executable, "-m", "ghpython_components.build", "--out", tmp_path]
    subprocess.run(command, check=True, cwd=build.FOLDER.parent, capture_output=True)
    files = sorted(path.name for path in built.iterdir())
    assert files == sorted(f"{name}.{ending}" for name in NAMES for ending in ("json", "py"))
    for name in files:
        assert (tmp_path / name).read_bytes() == (built / name).read_bytes()
        assert (tmp_path / name).read_bytes().isascii()
        assert b"\r" not in (tmp_path / name).read_bytes()


def test_build_needs_neither_the_library_nor_the_server():
    imports = [node for file in build.FOLDER.glob("*.py") for node in ast.walk(ast.parse(file.read_text()))]
    found = {alias.name for node in imports if isinstance(node, ast.Import) for alias in node.names}
    found |= {node.module for node in imports if isinstance(node, ast.ImportFrom)}
    ours = {"ghpython_components", "ghpython_components.descriptions"}
    assert found <= {"__future__", "argparse", "ast", "json", "importlib.metadata", "pathlib", "re", "uuid", *ours}


def test_both_pythons_compile_what_was_built(built, python, find_python):
    code = "import sys; [compile(open(path, 'rb').read(), path, 'exec') for path in sys.argv[1:]]"
    files = [str(path) for path in built.glob("*.py")]
    done = subprocess.run([find_python(python), "-c", code, *files], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", NAMES)
def test_no_name_is_given_twice(built, name):
    """Everything is pasted into one scope, in which the inputs and outputs are variables too."""
    tree = ast.parse((built / f"{name}.py").read_text())
    helpers = [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    defined = [node.name for node in helpers]
    interface = json.loads((built / f"{name}.json").read_text())
    inputs = {port["name"] for port in interface["inputs"]}
    ports = [port["name"] for port in interface["inputs"] + interface["outputs"]]
    assert len(set(ports)) == len(ports)
    assert len(set(defined)) == len(defined)
    assert not set(ports) & set(defined)
    assert not any(keyword.iskeyword(port) or port in ("print", "exec") for port in ports)
    assert not inputs & {name for node in tree.body if node not in helpers for name in stored(node)}
    own = (built / f"{name}.py").read_text().rsplit("# ---- ", 1)[1]
    for node in helpers:  # a function that runs in a thread must not see the next solve's inputs
        if isinstance(node, ast.FunctionDef) and f"def {node.name}(" in own:
            read = {sub.id for sub in ast.walk(node) if isinstance(sub, ast.Name) and isinstance(sub.ctx, ast.Load)}
            local = stored(node) | {argument.arg for argument in node.args.args}
            assert not (read - local) & inputs, node.name


def stored(tree):
    """Return the names that a piece of code gives values to; in Python 2 a list's own variables are among them."""
    found = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            found |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ExceptHandler) and node.name:
            found.add(node.name)
    return found


def test_every_input_and_output_says_what_it_is():
    guids = set()
    for name in NAMES:
        interface = build.interface(name, OPENAPI)
        guids.add(interface["guid"])
        assert interface["description"].endswith("."), name
        for port in interface["inputs"] + interface["outputs"]:
            assert port["description"].endswith("."), (name, port)
            assert port["nickname"] == port["name"]
        for port in interface["inputs"]:
            assert port["hint"] in {"bool", "int", "float", "str", "plane"}
            assert port["access"] in {"item", "list"}
            assert port["optional"] is True
    assert len(guids) == len(NAMES)
    described = {
        "StartRun.epochs": "At least 1, at most 10000.",
        "GenerateRequest.digit": "At least 0, below 100.",
        "GenerateRequest.cell": "Above 0, at most 1000000.0. Default 1.0.",
        "Reshape.shape": "Each at least 1, each at most 65536.",
    }
    for setting, end in described.items():
        assert descriptions.describe(setting, OPENAPI).endswith(end)


def test_the_tabs_of_the_components_are_in_the_order_of_the_work():
    tabs = {}
    for name in NAMES:
        interface = build.interface(name, OPENAPI)
        tabs.setdefault(interface["subcategory"], set()).add(interface["nickname"])
    tutorial = dict(sorted(tabs.items()))
    assert list(tutorial) == ["1 Data", "2 Layers", "3 Networks", "4 Model", "5 Train", "6 Generate"]
    assert tutorial.pop("2 Layers") == set(LAYERS)
    assert list(tutorial.values()) == [{"Server", "Data"}, {"Network"}, {"Model"}, {"Train"}, {"Generate", "Walk"}]


def test_a_layers_component_is_the_same_in_every_release():
    """Grasshopper knows a component by its guid, and its name is a file's name."""
    assert build.interface("layer_dense", OPENAPI)["guid"] == "07036925-eef5-59e8-9453-9c69434c5b36"
    assert set(layers.names(OPENAPI)) >= {"layer_leaky_re_lu", "layer_conv2d", "layer_conv2d_transpose"}
    assert set(layers.names(OPENAPI).values()) == set(LAYERS)


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


@pytest.mark.parametrize("name", NAMES)
def test_list_inputs_become_python_lists(built, name):
    """Rhino hands over .NET lists."""
    own = (built / f"{name}.py").read_text().rsplit("# ---- ", 1)[1]
    for port in json.loads((built / f"{name}.json").read_text())["inputs"]:
        if port["access"] == "list":
            assert len(re.findall(rf"\b{port['name']}\b(?!=)(?!\")", own)) == 1
            assert f"list({port['name']} or [])" in own
