"""Which package may know which, what is slow to import, and what the code never does."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("ganmnist", "bridge_server", "ghpython_components")
ALLOWED = {
    "ganmnist": {"ganmnist"},
    "bridge_server": {"bridge_server", "ganmnist"},
    "ghpython_components": {"ghpython_components"},
}
# Lowest first. A room (a folder, or a file beside the folders) imports rooms of the lines above its own, and no other
# room of its own line; inside functions and for annotations too. A package's own `__init__` stands outside.
ROOMS = {
    "ganmnist": (
        {"errors", "fields", "names", "paths", "remedies", "terms"},
        {"class_names", "dataset_summary", "pixels", "storage", "layers"},
        {"dataset", "networks"},
        {"config", "validation", "glossary"},
        {"models", "latent", "geometry", "device"},
        {"evaluation"},
        {"generation"},
        {"data", "training", "export"},
        {"cli", "weights"},
        {"__main__"},
    ),
    "bridge_server": (
        {"contract"},
        {"errors"},
        {"encoding"},
        {"access", "runs"},
        {"process"},
        {"backends"},
        {"web"},
        {"cli"},
        {"__main__"},
    ),
    "ghpython_components": (
        {"archive", "icons", "sources", "shared"},
        {"document", "components"},
        {"definitions", "yak"},
        {"build", "pictures"},
        {"install"},
    ),
}
MAY_IMPORT_TORCH_AT_THE_TOP = (
    "ganmnist/device.py",
    "ganmnist/networks/",
    "ganmnist/layers/modules.py",
    "ganmnist/generation/",
    "ganmnist/evaluation/",
    "ganmnist/training/",
    "ganmnist/weights/",
)
# These are had without waiting for torch, whatever they import in turn.
WITHOUT_TORCH = (
    "ganmnist",
    "ganmnist.config",
    "ganmnist.layers",
    "ganmnist.glossary",
    "ganmnist.networks.spec",
    "ganmnist.networks.layer_docs",
    "ganmnist.validation",
    "ganmnist.training.advice",
    "ganmnist.training.presets",
    "ganmnist.models.store",
    "ganmnist.models.figures",
    "ganmnist.models.frames",
    "ganmnist.models.archive",
    "ganmnist.latent.vectors",
    "ganmnist.latent.interpolation",
    "ganmnist.latent.sheet",
    "ganmnist.data.load",
    "ganmnist.generation.feature_maps",
    "ganmnist.generation.film",
    "ganmnist.storage.safetensors_header",
    "ganmnist.geometry.heightfield",
    "ganmnist.cli.film",
    "ganmnist.cli.main",
    "bridge_server.contract.calls",
)
DEBUGGERS = {"pdb", "ipdb", "pudb", "bdb", "debugpy", "code", "flask_debugtoolbar"}
PICKLES = {"pickle", "cPickle", "_pickle", "cloudpickle", "dill", "joblib", "shelve", "marshal"}


def imports_of(tree: ast.AST) -> set[str]:
    """Names of all modules that a file imports, also inside functions."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= {node.module, *(f"{node.module}.{name.name}" for name in node.names)}
        elif isinstance(node, ast.Call) and _name(node.func).endswith(("import_module", "__import__")) and node.args:
            found |= {str(part.value) for part in ast.walk(node.args[0]) if isinstance(part, ast.Constant)}
    return found


def calls_of(tree: ast.AST) -> list[ast.Call]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.Call)]


def _name(node: ast.AST | None) -> str:
    """Return `a.b.c` for such an expression, and nothing for any other."""
    if isinstance(node, ast.Attribute):
        return f"{_name(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


@pytest.fixture(scope="module")
def trees() -> dict[str, ast.AST]:
    """Every source file of the packages, parsed, by its path in the project."""
    return {
        path.relative_to(ROOT).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("*.py"))
    }


def test_there_is_source_to_read_in_every_package(trees):
    assert {path.split("/")[0] for path in trees} == set(PACKAGES)


def test_a_package_imports_only_the_packages_it_may_know(trees):
    strangers = {
        path: sorted({name.split(".")[0] for name in imports_of(tree)} & set(PACKAGES) - ALLOWED[path.split("/")[0]])
        for path, tree in trees.items()
    }
    assert {path: names for path, names in strangers.items() if names} == {}


def floors(package: str) -> dict[str, int]:
    """Return the line of ROOMS in which each room of a package stands."""
    return {room: floor for floor, rooms in enumerate(ROOMS[package]) for room in rooms}


def _room(path: str) -> str:
    """Return the room of a file or module: `geometry` for `ganmnist/geometry/forms.py`, nothing for the package."""
    return ([*path.removesuffix(".py").replace("/", ".").split("."), ""])[1].replace("__init__", "")


def _wrong_ways(path: str, tree: ast.AST) -> set[str]:
    package = path.split("/")[0]
    known, room = floors(package), _room(path)
    if not room:
        return set()
    asked = {_room(name) for name in imports_of(tree) if name.startswith(f"{package}.")} & set(known)
    return {f"{path} imports {other}" for other in asked - {room} if known[other] >= known[room]}


def test_every_file_has_a_room(trees):
    for package in PACKAGES:
        found = {_room(path) for path in trees if path.startswith(f"{package}/")} - {""}
        assert found == set(floors(package))


def test_a_room_imports_only_the_rooms_below_it(trees):
    assert sorted(way for path, tree in trees.items() for way in _wrong_ways(path, tree)) == []


@pytest.mark.parametrize(
    "line",
    ["from ganmnist.cli import main", "def f():\n    import ganmnist.training.loop", "from ganmnist import latent"],
)
def test_an_import_against_the_rules_is_seen_wherever_it_stands(line):
    assert _wrong_ways("ganmnist/geometry/forms.py", ast.parse(line)) != set()


def test_no_files_import_each_other_in_a_circle(trees):
    """Imports inside functions and for annotations count; the `__init__` files, which pass names on, do not."""
    modules = {path.removesuffix(".py").replace("/", "."): path for path in trees if not path.endswith("__init__.py")}
    left = {name: imports_of(trees[path]) & set(modules) - {name} for name, path in modules.items()}
    while free := {name for name, needs in left.items() if not needs & set(left)}:
        left = {name: needs & set(left) - free for name, needs in left.items() if name not in free}
    assert left == {}


def test_torch_is_imported_at_the_top_of_a_file_only_where_networks_live(trees):
    for path, tree in trees.items():
        top = ast.Module([node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)], [])
        if "torch" in {name.split(".")[0] for name in imports_of(top)}:
            assert path.startswith(MAY_IMPORT_TORCH_AT_THE_TOP), path


def test_nothing_is_pickled(trees):
    for path, tree in trees.items():
        assert not {name.split(".")[0] for name in imports_of(tree)} & PICKLES, path
        loaders = {"torch.load", "torch.save", "pandas.read_pickle", "torch.jit.load", "numpy.fromfile"}
        assert not loaders & {_name(call.func) for call in calls_of(tree)}, path


def test_arrays_are_read_and_written_without_pickles(trees):
    for path, tree in trees.items():
        for call in calls_of(tree):
            allowed = [keyword.value for keyword in call.keywords if keyword.arg == "allow_pickle"]
            refused = [isinstance(value, ast.Constant) and value.value is False for value in allowed]
            assert all(refused), f"{path}:{call.lineno}"
            if _name(call.func) in ("np.load", "np.save", "numpy.load", "numpy.save"):
                assert refused, f"{path}:{call.lineno}"


def test_no_debugger_is_left_in_or_can_be_reached(trees):
    for path, tree in trees.items():
        assert not {name.split(".")[0] for name in imports_of(tree)} & DEBUGGERS, path
        assert not {name for name in imports_of(tree) if name.startswith("werkzeug.debug")}, path
        for call in calls_of(tree):
            assert _name(call.func).split(".")[-1] not in ("breakpoint", "set_trace", "run_simple"), path
            asked = [keyword.value for keyword in call.keywords if keyword.arg in ("debug", "use_debugger")]
            assert all(isinstance(value, ast.Constant) and value.value is False for value in asked), path


def test_bodies_are_never_parsed_by_flask(trees):
    """Deep nesting makes get_json answer 500."""
    names = {
        f"{path}:{node.lineno}"
        for path, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and (node.attr == "get_json" or _name(node) == "request.json")
    }
    assert names == set()


def test_no_exception_of_every_kind_is_swallowed_without_a_word(trees):
    for path, tree in trees.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ExceptHandler) and (
                node.type is None or _name(node.type) in ("Exception", "BaseException")
            ):
                assert not all(isinstance(line, ast.Pass) for line in node.body), f"{path}:{node.lineno}"


def test_no_file_is_too_long_to_read_in_one_sitting(trees):
    lengths = {path: len((ROOT / path).read_text(encoding="utf-8").splitlines()) for path in trees}
    assert {path: length for path, length in lengths.items() if length > 400} == {}


def test_settings_shapes_and_messages_are_had_without_waiting_for_torch():
    script = "import sys\n" + "".join(
        f"import {module}\nassert 'torch' not in sys.modules, '{module}'\n" for module in WITHOUT_TORCH
    )
    script += (
        "from ganmnist import PRESETS, GenerateConfig, ModelConfig, ModelStore, Sequential, TrainConfig, relief, walk\n"
    )
    script += "assert 'torch' not in sys.modules\nprint('done')\n"
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout == "done\n", done.stderr


def test_every_public_name_is_there():
    import ganmnist

    assert all(getattr(ganmnist, name) is not None for name in ganmnist.__all__)
    assert {*ganmnist.__all__} <= {*dir(ganmnist)}
    with pytest.raises(AttributeError, match="nonsense"):
        ganmnist.nonsense  # noqa: B018


def test_the_page_of_the_architecture_has_a_row_for_each_room():
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    for package, lines in ROOMS.items():
        (section,) = re.findall(rf"^## {package},.*?(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
        rows = re.findall(r"^\| ((?:`[^`|]*`(?:, )?)+) \|", section, re.MULTILINE)
        named = sorted(name.removesuffix(".py").rstrip("/") for row in rows for name in re.findall(r"`([^`]*)`", row))
        pages = {"page"} if package == "bridge_server" else set()
        assert named == sorted(set().union(*lines, pages) - {"__main__"})
