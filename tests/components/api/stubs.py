"""The stubs of RhinoCommon and Grasshopper that McNeel publishes, mended so that a type checker can use them.

`python tests/components/api/stubs.py` downloads them once, mends them into `.venv-stubs` and says into which folder.
They are made from the real assemblies, so every class, method and argument is there; but some files are no Python,
and in all of them imports, `staticmethod` and the assemblies' bases are missing. What is not theirs, such as System,
stands in `typings` beside this file. Ends with status 3 where they cannot be downloaded.
"""

from __future__ import annotations

import ast
import hashlib
import keyword
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

CACHE = Path(__file__).resolve().parents[3] / ".venv-stubs"
TYPINGS = Path(__file__).with_name("typings")
VERSION = "7.7.21140"
PACKAGES = ("Rhino", "Grasshopper", "GH_IO", "GH_Util")
NOT_DOWNLOADED = 3

# What an interface inherits is not in the stubs.
BASES = {
    "IGH_DocumentObject": "IGH_InstanceDescription",
    "IGH_ActiveObject": "IGH_DocumentObject",
    "IGH_Component": "IGH_ActiveObject",
    "IGH_Param": "IGH_ActiveObject",
}
# Types that stand inside of another one, which the stubs put beside it.
INSIDE = {"GH_ScheduleDelegate": "GH_Document"}
# More is known than the stubs say; and Python has the class that comes, not the base class that .NET announces.
RETURNS = {
    ("GH_ComponentParamServer", "Input"): "List[IGH_Param]",
    ("GH_ComponentParamServer", "Output"): "List[IGH_Param]",
    ("CommonObject", "FromBase64String"): "Any",
    ("CommonObject", "FromJSON"): "Any",
}
# Missing altogether.
ADDED = {"Grasshopper": "from data_tree import DataTree as DataTree"}


def main() -> int:
    """Print the folder of the mended stubs, made if need be."""
    recipe = hashlib.sha256(b"".join(path.read_bytes() for path in [Path(__file__), *sorted(TYPINGS.rglob("*.pyi"))]))
    mended = CACHE / f"mended-{recipe.hexdigest()[:16]}"
    if not mended.is_dir():
        try:
            archives = download(CACHE / VERSION)
        except subprocess.CalledProcessError as error:
            why = error.stderr.strip().rpartition("\n")[2]
            print(f"the stubs of RhinoCommon and Grasshopper cannot be downloaded: {why}", file=sys.stderr)
            return NOT_DOWNLOADED
        for old in CACHE.glob("mended-*"):
            shutil.rmtree(old)
        with tempfile.TemporaryDirectory(dir=CACHE) as folder:
            mend(archives, Path(folder) / "whole")
            (Path(folder) / "whole").rename(mended)
    print(mended)
    return 0


def download(folder: Path) -> list[Path]:
    """Return the published archives, one for each package, from the folder or from PyPI."""
    archives = [folder / f"{package}-stubs-{VERSION}.tar.gz" for package in PACKAGES]
    if not all(archive.is_file() for archive in archives):
        folder.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder)]
        wanted = [f"{package}-stubs=={VERSION}" for package in PACKAGES]
        subprocess.run([*command, *wanted], check=True, capture_output=True, text=True)
    return archives


def mend(archives: list[Path], folder: Path) -> None:
    """Write mended stubs into a folder, which then is what a type checker calls a stub path."""
    trees = {}
    for archive in archives:
        with tarfile.open(archive) as opened:
            for member in opened:
                found = re.fullmatch(r"[^/]+/(\w+)-stubs/((?:\w+/)*)__init__\.pyi", member.name)
                if found:
                    text = opened.extractfile(member).read().decode("utf-8-sig")
                    module = ".".join([found[1], *found[2].split("/")[:-1]])
                    trees[module] = ast.parse(_repaired(text), member.name)
    homes = _homes({**_typings(), **trees})
    for module, tree in trees.items():
        path = folder.joinpath(*module.split("."), "__init__.pyi")
        path.parent.mkdir(parents=True, exist_ok=True)
        below = [other.rpartition(".")[2] for other in trees if other.rpartition(".")[0] == module]
        path.write_text(_Mender(module, homes).module(tree, below), encoding="utf-8")


def _typings() -> dict[str, ast.Module]:
    """Return the modules in `typings` that stand in for namespaces of .NET."""
    found = {}
    for path in sorted((TYPINGS / "System").rglob("*.pyi")):
        parts = path.relative_to(TYPINGS).with_suffix("").parts
        module = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found[module] = ast.parse(path.read_text(encoding="utf-8"))
    return found


def _repaired(text: str) -> str:
    """Make Python of the text: names that are keywords, and types as .NET spells them."""
    words = "|".join(keyword.kwlist)
    text = re.sub(rf"(?<=[(, ])({words})(?=: )", r"\1_", text)  # an argument
    text = re.sub(rf"(?m)^( +)({words})(?= = )", r"\1\2_", text)  # a member of an enumeration
    return re.sub(r"`\d+", "", text).replace("[,]", "")


def _homes(trees: dict[str, ast.Module]) -> dict[str, list[str]]:
    """Return the modules in which each class stands, by the class's name."""
    homes: dict[str, list[str]] = {}
    for module, tree in trees.items():
        for node in tree.body:
            if isinstance(node, ast.ClassDef) and node.name not in INSIDE:
                homes.setdefault(node.name, []).append(module)
            elif isinstance(node, ast.Assign):  # Single = float
                homes.setdefault(node.targets[0].id, []).append(module)
    return homes


class _Mender:
    """Mends one module. Types are written in full, since many a property is named as its type is."""

    def __init__(self, module: str, homes: dict[str, list[str]]) -> None:
        self.name = module
        self.homes = homes
        self.imports = {"import typing as _typing", "import System as _System"}
        self.inside: set[str] = set()  # the classes inside of the one that is being mended

    def module(self, tree: ast.Module, below: list[str]) -> str:
        """Return the text of the module. `below` names the namespaces in it."""
        classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
        for inner, outer in INSIDE.items():
            if inner in classes and outer in classes:
                classes[outer].body.append(classes.pop(inner))
        bodies = [ast.unparse(ast.fix_missing_locations(self.class_(node))) for node in classes.values()]
        namespaces = [f"from . import {name} as {name}" for name in sorted(below)]
        return "\n".join([*sorted(self.imports), *namespaces, ADDED.get(self.name, ""), *bodies, ""])

    def class_(self, node: ast.ClassDef) -> ast.ClassDef:
        inner = [self.class_(item) for item in node.body if isinstance(item, ast.ClassDef)]
        self.inside = {item.name for item in inner}
        members: dict[str, list[ast.FunctionDef]] = {}
        for item in node.body:
            if isinstance(item, ast.FunctionDef):
                members.setdefault(item.name, []).append(item)
        values = [item.targets[0] for item in node.body if isinstance(item, ast.Assign)]
        bases = [ast.Name(BASES[node.name])] if node.name in BASES else node.bases
        # A class of this module by its mere name: nothing in the head of another hides it.
        node.bases = [base if self.name in self.homes.get(base.id, []) else self.type(base) for base in bases]
        if values and not members:
            node.bases = [_expression("_System.Enum")]
        elif {"Invoke", "BeginInvoke"} <= set(members):
            node.bases = [_expression("_System.Delegate")]
            members["__init__"] = [_made_of_a_function(members["Invoke"][0])]
        elif not node.bases:
            node.bases = [_expression("_System.Object")]
        own = ast.Subscript(_expression("_typing.ClassVar"), self.type(ast.Name(node.name)))
        node.body = [
            *inner,
            *(ast.AnnAssign(value, own, None, 1) for value in values),
            *(part for name, group in members.items() for part in self.member(node.name, name, group)),
        ] or [ast.Pass()]
        return node

    def member(self, owner: str, name: str, group: list[ast.FunctionDef]) -> list[ast.stmt]:
        """Mend all that share a name: the halves of a property, or the overloads of a method."""
        for function in group:
            self.signature(function, RETURNS.get((owner, name)))
        getter = next((function for function in group if _has(function, "property")), None)
        setter = next((function for function in group if _has(function, f"{name}.setter")), None)
        if getter is None and setter is None:
            for function in group:
                function.decorator_list = [
                    *([_expression("_typing.overload")] if len(group) > 1 else []),
                    *([] if _has_self(function) else [ast.Name("staticmethod")]),
                ]
            return list(group)
        if getter is None:  # it can only be written
            return [ast.AnnAssign(ast.Name(name), setter.args.args[-1].annotation, None, 1)]
        if not _has_self(getter):
            return [ast.AnnAssign(ast.Name(name), getter.returns, None, 1)]
        if len(getter.args.args) > 1:  # it has an index: x[1] where C# calls it Item, x.Name(1) elsewhere
            getter.decorator_list = []
            getter.name = "__getitem__" if name == "Item" else name
            if setter is None or name != "Item":
                return [getter]
            setter.name, setter.decorator_list = "__setitem__", []
        return [half for half in (getter, setter) if half]

    def signature(self, function: ast.FunctionDef, returns: str | None) -> None:
        for argument in function.args.args:
            if argument.annotation:
                argument.annotation = self.type(argument.annotation)
        last = function.args.args[-1] if function.args.args else None
        if last and last.arg == "args" and isinstance(last.annotation, ast.Subscript):
            # `params` in C#: one array, or as many items as one likes
            either = ast.Tuple([last.annotation.slice, last.annotation])
            last.annotation = ast.Subscript(_expression("_typing.Union"), either)
            function.args.vararg = function.args.args.pop()
        kind = _expression(returns) if returns else function.returns
        if kind:
            function.returns = self.type(kind)

    def type(self, node: ast.expr) -> ast.expr:
        """Return a type with its names in full. What nobody knows is Any."""
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Set":  # an array
            return ast.Subscript(_expression("_System.Array"), self.type(node.args[0]))
        if isinstance(node, ast.Subscript):
            kind = self.type(node.value)
            inner = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
            kinds = [self.type(each) for each in inner]
            if ast.unparse(kind) == "_typing.Any":
                return kind
            return ast.Subscript(kind, ast.Tuple(kinds) if len(kinds) > 1 else kinds[0])
        if isinstance(node, ast.List):  # the arguments of a callable
            return ast.List([self.type(each) for each in node.elts])
        if isinstance(node, ast.Constant):
            return node
        assert isinstance(node, ast.Name), ast.dump(node)
        return self.named(node.id)

    def named(self, name: str) -> ast.expr:
        """Return a type by its name."""
        if name in ("bool", "int", "float", "str"):
            return ast.Name(name)
        if name in ("None", "None_"):
            return ast.Constant(None)
        if name == "Object":  # takes anything
            return _expression("_typing.Any")
        if name in ("Tuple", "Iterable", "Callable", "Any"):
            return _expression(f"_typing.{name}")
        if name in self.inside:
            return ast.Name(name)
        homes = self.homes.get(name)
        if not homes:
            return _expression("_typing.Any")
        # Of several classes with one name, the nearest in the tree of namespaces.
        module = max(homes, key=lambda home: _common(home, self.name))
        alias = "_" + module.replace(".", "_")
        self.imports.add(f"import {module} as {alias}")
        return _expression(f"{alias}.{name}")


def _common(one: str, other: str) -> tuple[int, int]:
    """Return what is larger for the module that is nearer: the parts that both begin with, and the fewer others."""
    same = 0
    for a, b in zip(one.split("."), other.split("."), strict=False):
        if a != b:
            break
        same += 1
    return same, -one.count(".")


def _made_of_a_function(invoke: ast.FunctionDef) -> ast.FunctionDef:
    """Return how Python makes a delegate: of any function that takes what `Invoke` takes."""
    made = ast.parse("def __init__(self, method): ...").body[0]
    arguments = ast.List([argument.annotation for argument in invoke.args.args[1:]])
    made.args.args[1].annotation = ast.Subscript(ast.Name("Callable"), ast.Tuple([arguments, ast.Name("Object")]))
    return made


def _has(function: ast.FunctionDef, decorator: str) -> bool:
    return decorator in [ast.unparse(each) for each in function.decorator_list]


def _has_self(function: ast.FunctionDef) -> bool:
    return bool(function.args.args) and function.args.args[0].arg == "self"


def _expression(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


if __name__ == "__main__":
    sys.exit(main())
