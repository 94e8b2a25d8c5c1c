"""The built files: one source that both of Rhino's Pythons read."""

import ast
import json
import keyword
import re
import subprocess
import sys

import pytest

from ganmnist.layers import LAYERS
from ghpython_components import build
from ghpython_components.archive import from_xml
from ghpython_components.document import page_clipboard
from ghpython_components.sources import component as sources
from ghpython_components.sources import help_texts, layer_components

OPENAPI = sources.document()
COMPONENTS = {component.name: component for component in sources.all_components()}
NAMES = list(COMPONENTS)
SOURCES = sorted([*sources.SHARED.glob("*.py"), *sources.COMPONENTS.glob("*/code.py")])
# In IronPython these are absent, or not what they are elsewhere; ssl may be, so it is looked for where it is needed.
TRAPS = {"argparse", "errno", "ctypes", "numpy", "multiprocessing", "asyncio", "ssl", "urllib2", "requests", "typing"}
RHINOS = {"clr", "Rhino", "Grasshopper", "System", "scriptcontext"}


def test_what_the_page_copies_is_what_build_makes():
    files = page_clipboard.files()
    for path, content in files.items():
        assert path.read_bytes() == content, "stale: python -m ghpython_components.build"
    (clipboard,) = from_xml(next(content for path, content in files.items() if path.name == "sliders.xml")).chunks
    named = {each.chunk("Container").get("NickName") for each in clipboard.chunk("DefinitionObjects").chunks}
    assert named < {port.name for port in COMPONENTS["generate"].inputs}


def test_contract_py_is_what_build_makes_of_openapi_json():
    text = (sources.SHARED / "contract.py").read_text()
    assert text == build.contract(OPENAPI), "stale: python -m ghpython_components.build"


def test_building_twice_gives_the_same_bytes(dist, tmp_path):
    command = [sys.executable, "-m", "ghpython_components.build", "--out", tmp_path]
    done = subprocess.run(command, check=True, cwd=sources.FOLDER.parent, capture_output=True, text=True)
    files = sorted(path.relative_to(dist) for path in dist.rglob("*") if path.is_file())
    assert files == sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file())
    for file in files:
        assert (tmp_path / file).read_bytes() == (dist / file).read_bytes(), file
    for file in files:
        assert file.suffix == ".ghuser" or re.search(rf"^{re.escape(file.as_posix())} +1 ", done.stdout, re.MULTILINE)


@pytest.mark.parametrize("python", ["2.7", "3.9"])
def test_what_a_user_object_holds_is_what_was_written(unpacked, python):
    assert sorted(path.stem for path in unpacked[python].glob("*.py")) == NAMES
    for name, component in COMPONENTS.items():
        script = (unpacked[python] / f"{name}.py").read_bytes()
        assert script == component.source.encode("ascii")
        assert b"\r" not in script
        found = json.loads((unpacked[python] / f"{name}.json").read_text())
        for side in ("inputs", "outputs"):
            assert [sources.Port(**port) for port in found[side]] == list(getattr(component, side)), name


def test_every_script_says_its_version_in_its_first_line():
    for component in COMPONENTS.values():
        first = component.source.split("\n", 1)[0]
        assert first == f"# ganmnist {sources.version()} - {component.title}"


def test_build_needs_neither_the_library_nor_the_server():
    run_in_rhino = {*sources.SHARED.rglob("*.py"), *sources.COMPONENTS.rglob("*.py")}
    files = set(sources.FOLDER.rglob("*.py")) - run_in_rhino
    imports = [node for file in files for node in ast.walk(ast.parse(file.read_text()))]
    found = {alias.name for node in imports if isinstance(node, ast.Import) for alias in node.names}
    found |= {node.module for node in imports if isinstance(node, ast.ImportFrom)}
    known = {*sys.stdlib_module_names, "ghpython_components", "numpy", "PIL"}
    assert {name.split(".")[0] for name in found} <= known


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
    inputs, outputs = ([port["name"] for port in interface[side]] for side in ("inputs", "outputs"))
    ports = inputs + outputs
    assert len(set(inputs)) == len(inputs)
    assert len(set(outputs)) == len(outputs)
    assert len(set(defined)) == len(defined)
    assert not set(ports) & set(defined)
    assert not any(keyword.iskeyword(port) or port in ("print", "exec") for port in ports)
    # What goes through a component, like z, has one name on both sides; nothing else is written over.
    assert not (set(inputs) - set(outputs)) & {
        name for node in tree.body if node not in helpers for name in stored(node)
    }
    own = (built / f"{name}.py").read_text().rsplit("# ---- ", 1)[1]
    for node in helpers:  # a function that runs in a thread must not see the next solve's inputs
        if isinstance(node, ast.FunctionDef) and f"def {node.name}(" in own:
            read = {sub.id for sub in ast.walk(node) if isinstance(sub, ast.Name) and isinstance(sub.ctx, ast.Load)}
            local = stored(node) | {argument.arg for argument in node.args.args}
            assert not (read - local) & set(inputs), node.name


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
    for name, component in COMPONENTS.items():
        assert component.description.endswith("."), name
        for port in component.inputs + component.outputs:
            assert port.description.endswith("."), (name, port)
        for port in component.inputs:
            assert port.hint in {"bool", "int", "float", "str", "plane", "curve"}
            assert port.access in {"item", "list", "tree"}
    described = {
        "StartRun.epochs": "At least 1, at most 10000.",
        "GenerateRequest.digit": "is taken as the name. At least 0.",
        "GenerateRequest.cell": "At least 1e-06, at most 1000000.0. Default 1.0.",
        "StartRun.learning_rate": "Above 0, at most 0.1.",
        "Reshape.shape": "Each at least 1, each at most 65536.",
    }
    for setting, end in described.items():
        assert help_texts.describe(setting, OPENAPI).endswith(end)


def test_the_tabs_of_the_components_are_in_the_order_of_the_work():
    tabs = {}
    for component in COMPONENTS.values():
        tabs.setdefault(component.subcategory, set()).add(component.nickname)
    tutorial = dict(sorted(tabs.items()))
    assert list(tutorial) == ["1 Data", "2 Layers", "3 Networks", "4 Model", "5 Train", "6 Generate"]
    assert tutorial.pop("2 Layers") == set(LAYERS)
    assert list(tutorial.values()) == [
        {"Server", "Data"},
        {"Network"},
        {"Model"},
        {"Train", "Losses"},
        {"Generate", "Walk", "Film", "Between", "Sheet", "Sketch", "Models", "Evaluate", "Export", "Restore"},
    ]


def test_a_layers_component_is_the_same_in_every_release():
    """Its name is a file's name, and Grasshopper knows it by a guid that is made of that."""
    assert set(layer_components.names(OPENAPI)) >= {"layer_leaky_re_lu", "layer_conv2d", "layer_conv2d_transpose"}
    assert set(layer_components.names(OPENAPI).values()) == set(LAYERS)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(sources.FOLDER)))
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
                assert top not in TRAPS or (name, path.name, node.col_offset > 0) == ("ssl", "tls.py", True)
                assert top in sys.stdlib_module_names | RHINOS | {"ghpython_components", "httplib", "urllib"}, name


@pytest.mark.parametrize("name", NAMES)
def test_list_inputs_become_python_lists(built, name):
    """Rhino hands over .NET lists."""
    own = (built / f"{name}.py").read_text().rsplit("# ---- ", 1)[1]
    for port in json.loads((built / f"{name}.json").read_text())["inputs"]:
        if port["access"] == "list":
            assert len(re.findall(rf"\b{port['name']}\b(?!=)(?!\")", own)) == 1
            assert f"list({port['name']} or [])" in own
