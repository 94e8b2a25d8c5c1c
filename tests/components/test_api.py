"""The built components call RhinoCommon and Grasshopper as they are: a type checker knows them from McNeel's stubs."""

from __future__ import annotations

import ast
import hashlib
import json
import subprocess
import sys
from collections import Counter
from functools import cache
from importlib.metadata import version
from pathlib import Path

import pytest

from ghpython_components.sources import component as sources

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]  # the checker alone takes 40 s

API = Path(__file__).with_name("api")
COMPONENTS = {component.name: component for component in sources.all_components()}
HINTS = {"bool": "bool", "int": "int", "float": "float", "str": "str", "plane": "_types.Plane", "curve": "_types.Curve"}
# Arguments that are objects of .NET in every helper that takes them, and their types in canvas_types.pyi.
ARGUMENTS = {
    "curve": "_types.Curve",
    "clouds": "_types.Clouds",
    "document": "_types.Document | None",
    "ghenv": "_types.Environment",
    "host": "_types.Host",
    "memory": "_types.Memory",
    "plane": "_types.Plane | None",
    "point": "_types.Point",
    "process": "_types.Process",
    "tree": "_types.Tree | None",
    "shapes": "_types.Shapes",
}
# What .NET does not have, a call that it does not take, and a name that nothing gives a value to.
RULES = (
    "reportAbstractUsage",
    "reportArgumentType",
    "reportAssignmentType",
    "reportAttributeAccessIssue",
    "reportCallIssue",
    "reportFunctionMemberAccess",
    "reportIndexIssue",
    "reportMissingImports",
    "reportOptionalMemberAccess",
    "reportUndefinedVariable",
    "reportUnboundVariable",
)
# A component, a part of a line in it, and that part with a mistake in it.
MISTAKES = [
    ("train", "GH_RuntimeMessageLevel, level), sentence)", "GH_RuntimeMessageLevel, level))"),
    ("data", "document = host.OnPingDocument()", "document = host.OnPingDocument(True)"),
    ("data", "host.ExpireSolution(False)", "host.ExpireSolution()"),
    ("data", "ScheduleSolution(1, Grasshopper.Kernel.GH_Document.GH_ScheduleDelegate(expire))", "ScheduleSolution()"),
    ("data", "Grasshopper.Kernel.GH_Document.GH_ScheduleDelegate(expire)", "expire"),
    ("data", "Grasshopper.Kernel.GH_Document.GH_ScheduleDelegate(", "Grasshopper.Kernel.GH_ScheduleDelegate("),
    ("data", "GH_ScheduleDelegate(expire)", "GH_ScheduleDelegate(lambda: None)"),
    ("data", "System.Action(act)", "System.Action(lambda _: None)"),
    ("data", "InvokeOnUiThread(System.Action(act))", "InvokeOnUiThread()"),
    ("data", "self.host.Message = state or tag(text)", "self.host.Message = 1"),
    ("data", "CommonObject.FromBase64String(", "CommonObject.FromBase64("),
    ("data", 'answer["opennurbs"], answer["data"])', 'answer["opennurbs"])'),
    ("data", "import scriptcontext", "import scriptcontexts"),
    ("data", "me = Component(ghenv)", "me = Component(ghenvironment)"),
    ("generate", "from Grasshopper import DataTree", "from Grasshopper import DataTrees"),
    ("generate", "Grasshopper.Kernel.Data import GH_Path", "Grasshopper.Kernel import GH_Path"),
    ("generate", "_numbers(plane.Origin)", "_numbers(plane)"),
    ("generate", "tree.Add(number, path)", "tree.Add(number, 0, path)"),
    ("generate", "tree.Add(number, path)", 'tree.Add(number, "{0}")'),
    ("generate", "GH_Path(System.Array[int](list(places)))", "GH_Path(list(places))"),
    ("generate", "    seed=seed,", "    seed=sed,"),
    ("generate", '.SetUserString("ganmnist", texts[owner])', '.SetUserString("ganmnist", texts)'),
    ("server", "import Process, ProcessStartInfo", "import Process, StartInfo"),
    ("server", "ProcessStartInfo(command[0], quoted(command[1:]))", "ProcessStartInfo(command[0], quoted(command), 1)"),
    ("server", "Process.Start(how)", "Process.Start()"),
    ("server", "if process.HasExited", "if process.HasExited()"),
    ("server", "clr.AddReference(name)", "clr.AddReference()"),
]


def names_of_dot_net() -> list[tuple[str, int, int, str]]:
    """Return component, line, column and name of each `.Name` with a capital; what is shared stands there once.

    Those of ssl are Python's.
    """
    found = {}
    for component in COMPONENTS.values():
        lines = component.source.splitlines()
        for node in ast.walk(ast.parse(component.source)):
            if isinstance(node, ast.Attribute) and node.attr[0].isupper() and ast.unparse(node.value) != "ssl":
                place = node.end_lineno, node.end_col_offset
                found.setdefault((lines[place[0] - 1], place[1]), (component.name, *place, node.attr))
    return list(found.values())


NAMES = names_of_dot_net()


def files_of_the_misspelt() -> list[list[int]]:
    """Return the numbers of the names that are misspelt in one copy of a component, each of which costs a fifth of a
    second: of each function one name, for the checker may not know what follows it.
    """
    files: dict[tuple[str, int], list[int]] = {}
    taken: Counter[tuple[str, int]] = Counter()
    for number, (name, line, _, _) in enumerate(NAMES):
        around = [node for node in functions_of(name) if node.lineno <= line <= node.end_lineno]
        function = name, min((node.lineno for node in around), default=0)
        alone = not around or COMPONENTS[name].source.splitlines()[line - 1].strip().startswith("self.")  # shared
        files.setdefault((name, -1 - number if alone else taken[function]), []).append(number)
        taken[function] += 1
    return list(files.values())


@cache
def functions_of(name: str) -> list[ast.FunctionDef]:
    return [node for node in ast.walk(ast.parse(COMPONENTS[name].source)) if isinstance(node, ast.FunctionDef)]


MISSPELT = files_of_the_misspelt()


@pytest.fixture(scope="module")
def reports(tmp_path_factory, request) -> dict[str, list[tuple[int, str]]]:
    """What is wrong in each component and in each with a mistake: line and message, by the file's name.

    The checker takes seconds, so what it said of these very files is kept in pytest's cache.
    """
    done = subprocess.run([sys.executable, API / "stubs.py"], capture_output=True, text=True)
    if done.returncode == 3:
        pytest.skip(done.stderr)
    assert done.returncode == 0, done.stderr
    files = {}
    for name, component in COMPONENTS.items():
        files[f"given_{name}.pyi"] = given(component)
        files[f"{name}.py"] = typed(name, component.source)
    for number, (name, old, new) in enumerate(MISTAKES):
        source = COMPONENTS[name].source
        times = source.count(old)
        assert times == 1, f"{times} times in {name}: {old}"
        files[f"mistake_{number}.py"] = typed(name, source.replace(old, new))
    for place, numbers in enumerate(MISSPELT):
        lines = COMPONENTS[NAMES[numbers[0]][0]].source.splitlines()
        for _, line, column, _ in sorted((NAMES[number] for number in numbers), reverse=True):
            lines[line - 1] = f"{lines[line - 1][:column]}z{lines[line - 1][column:]}"
        files[f"misspelt_{place}.py"] = typed(NAMES[numbers[0]][0], "\n".join(lines))
    settings = {
        "include": ["*.py"],
        "stubPath": done.stdout.strip(),
        "extraPaths": [str(API / "typings")],
        "pythonVersion": "3.9",
        "typeCheckingMode": "off",
        **dict.fromkeys(RULES, "error"),
    }
    files["pyrightconfig.json"] = json.dumps(settings)
    key = hashlib.sha256(json.dumps([files, version("basedpyright")]).encode()).hexdigest()
    kept = request.config.cache.get("ganmnist/api", {})
    if kept.get("key") != key:
        project = tmp_path_factory.mktemp("api")
        for name, content in files.items():
            (project / name).write_text(content)
        kept = {"key": key, "reports": checked(project)}
        request.config.cache.set("ganmnist/api", kept)
    forgiven = {name: imports_that_may_fail(text) for name, text in files.items() if name.endswith(".py")}
    found = {Path(name).stem: [] for name in forgiven}
    for name, line, message in kept["reports"]:
        if line + 1 not in forgiven[name]:
            found[Path(name).stem].append((line, message))  # counted from 0, behind the one that `typed` has added
    return found


def checked(project: Path) -> list[tuple[str, int, str]]:
    """Return the errors in a folder: file, line and message. One start for all, since it takes seconds."""
    command = [sys.executable, "-m", "basedpyright", "--outputjson", "--project", project]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.stdout, done.stderr
    reports = json.loads(done.stdout)["generalDiagnostics"]
    return [
        (Path(report["file"]).name, report["range"]["start"]["line"], report["message"])
        for report in reports
        if report["severity"] == "error"
    ]


def given(component: sources.Component) -> str:
    """Return a stub of what Grasshopper gives a script: its inputs, any of which may be empty, and ghenv."""
    lines = ["import canvas_types as _types", "ghenv: _types.Environment"]
    for port in component.inputs:
        kind = HINTS[port.hint]
        whole = {"item": kind, "list": f"list[{kind}]", "tree": "_types.Tree"}[port.access]
        lines.append(f"{port.name}: {whole} | None")
    return "\n".join(lines)


def typed(name: str, source: str) -> str:
    """Return a component's source with one more line, above it, and with types for arguments."""
    lines = source.splitlines()
    functions = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef)]
    arguments = [argument for function in functions for argument in function.args.args if argument.arg in ARGUMENTS]
    for argument in sorted(arguments, key=lambda found: (found.lineno, found.col_offset), reverse=True):
        line, end = lines[argument.lineno - 1], argument.end_col_offset
        lines[argument.lineno - 1] = f'{line[:end]}: "{ARGUMENTS[argument.arg]}"{line[end:]}'
    return "\n".join([f"from given_{name} import *; import canvas_types as _types", *lines, ""])


def imports_that_may_fail(source: str) -> set[int]:
    """Return the lines of imports under a `try`: they name modules of Python 2."""
    attempts = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Try)]
    imports = [line for node in attempts for line in node.body if isinstance(line, ast.Import | ast.ImportFrom)]
    return {line.lineno for line in imports}


@pytest.mark.parametrize("name", COMPONENTS)
def test_a_component_keeps_to_what_rhino_and_grasshopper_have(name, reports):
    assert reports[name] == []


@pytest.mark.parametrize("number", range(len(MISTAKES)), ids=[new.strip() or old for _, old, new in MISTAKES])
def test_a_mistake_is_reported_where_it_is(number, reports):
    name, old, _ = MISTAKES[number]
    source = COMPONENTS[name].source
    line = source[: source.index(old)].count("\n") + 1
    assert line in [place for place, _ in reports[f"mistake_{number}"]]


@pytest.mark.parametrize("number", range(len(NAMES)), ids=[f"{name}:{line}:{attr}" for name, line, _, attr in NAMES])
def test_every_name_of_dot_net_is_reported_when_it_is_misspelt(number, reports):
    """If one is not, the checker does not know what stands before the dot: name an argument as ARGUMENTS does."""
    name, line, _, attr = NAMES[number]
    (file,) = (place for place, numbers in enumerate(MISSPELT) if number in numbers)
    said = [message for place, message in reports[f"misspelt_{file}"] if place == line]
    text = COMPONENTS[name].source.splitlines()[line - 1].strip()
    assert any(f'"{attr}z"' in message for message in said), f"{attr} in {text}: {said}"


@pytest.mark.parametrize("argument", ARGUMENTS)
def test_an_argument_that_gets_a_type_is_there(argument):
    functions = [function for name in COMPONENTS for function in functions_of(name)]
    assert any(argument in {found.arg for found in function.args.args} for function in functions)
