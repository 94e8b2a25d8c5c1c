"""Our script components, key by key beside those that Rhino has saved: one form at a time, since no file mixes two."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

import pytest

from ghpython_components.archive import Chunk, Item, from_bytes, from_xml
from ghpython_components.archive.codes import BOOL, GUID, INT32, STRING
from ghpython_components.document.script_component import RHINO8, RHINOS, Rhino
from ghpython_components.document.user_objects import user_object
from ghpython_components.sources import component as sources

COMPONENTS = sources.all_components()
SCRIPTS = {rhino.base for rhino in RHINOS}
VERSION = {7: None, 8: 3}  # ScriptComponentVersion; GHPython has none
AT_LEAST = {7: 300, 8: 50}  # real components to learn from; fewer have in common what others have not
# What the user was about when the file was saved: the object was selected, its editor open, wires led to it.
PASSING = re.compile(r"(.*/)?Selected|ScriptEditor/.*|Source")
# What the author chooses; the last is whether there is an output `out`.
OWN = {"Category", "Name", "UsingStandardOutputParam"}
# What a value decides: in all real ones that have the one, the other is the same.
FOLLOWS = {
    "ScriptParamAccess": ("Access",),
    "TypeHintID": ("ConverterData/AssemblyName", "ConverterData/TypeName"),
}

Key = tuple[str, int | None]  # a place, and the type of the value there; a chunk has none
Table = dict[Key, Any]


@dataclass(frozen=True)
class Held:
    """A script component in a user object or a definition.

    Attributes:
        where: The file.
        form: Guid and version.
        parts: Name of each part, what sort of part it is, and what stands in it. Only parts of one sort are compared.
    """

    where: str
    form: tuple[Any, int | None]
    parts: list[tuple[str, str, Table]]


def table(chunk: Chunk, at: str = "") -> Table:
    found: Table = {(f"{at}{item.name}", item.type): item.value for item in chunk.items}
    for inner in chunk.chunks:
        found |= {(f"{at}{inner.name}/", None): None} | table(inner, f"{at}{inner.name}/")
    return {key: value for key, value in found.items() if not PASSING.fullmatch(key[0])}


def held(where: str, guid: Any, around: Chunk, body: Chunk) -> Held:
    data = body.chunk("ParameterData")
    rest = [chunk for chunk in body.chunks if chunk is not data]
    parts = [
        ("component", "component", table(Chunk(body.name, body.items, rest))),
        (around.name, around.name, table(Chunk(around.name, around.items))),
    ]
    for chunk in data.chunks:
        side, access = chunk.name.removesuffix("Param"), chunk.get("ScriptParamAccess")
        found = table(chunk) | {("Id", GUID): data.get(f"{side}Id", chunk.index)}
        parts.append((f"{side} {chunk.get('Name')}", side if access is None else f"script {side}", found))
    return Held(where, (guid, body.get("ScriptComponentVersion")), parts)


def components_in(where: str, content: bytes) -> Iterator[Held]:
    """Yield the script components in a user object or a definition."""
    root = from_xml(content) if content.lstrip(b"\xef\xbb\xbf")[:1] == b"<" else from_bytes(content)
    if root.name == "UserObject":
        if root.get("BaseID") in SCRIPTS:
            yield held(where, root.get("BaseID"), root, from_bytes(root.get("Object")))
        return
    for each in root.walk():
        if each.name == "Object" and each.get("GUID") in SCRIPTS:
            yield held(where, each.get("GUID"), each, each.chunk("Container"))


class Form:
    """What the real components of one form say."""

    def __init__(self, real: list[Held]) -> None:
        self.real = real
        self._parts = defaultdict(list)
        for each in real:
            for _, sort, part in each.parts:
                self._parts[sort].append(part)

    def faults(self, ours: Held) -> list[str]:
        """Say what in a component is not as in the real ones."""
        return [
            f"{ours.where}, {name}: {fault}"
            for name, sort, part in ours.parts
            for fault in (*self._keys_amiss(sort, part), *self._values_amiss(sort, part))
        ]

    def knows(self, sort: str) -> bool:
        return bool(self._parts[sort])

    def _keys_amiss(self, sort: str, part: Table) -> Iterator[str]:
        """Compare keys with the nearest real part, of those whose access is the same."""
        alike = self._keys_of(sort, part.get(("ScriptParamAccess", INT32)))
        if not alike:
            yield f"no real {sort} has its access"
            return
        nearest = min(alike, key=lambda keys: len(keys ^ part.keys()))
        yield from (f"no {key}" for key in nearest - part.keys())
        yield from (f"a strange {key}" for key in part.keys() - nearest)

    def _values_amiss(self, sort: str, part: Table) -> Iterator[str]:
        """Compare the values that are the same in all real parts, or in all in which another value is the same."""
        expected = self._constants(sort, None, None)
        for key in [key for key in part if key[0] in FOLLOWS]:
            decided = self._constants(sort, key, part[key])
            if not decided:
                yield f"no real {sort} has the {key[0]} {part[key]}"
            expected = expected | {each: decided[each] for each in decided if each[0] in FOLLOWS[key[0]]}
        for key in expected.keys() & part.keys():
            if key[0] not in OWN and part[key] != expected[key]:
                yield f"{key[0]} is {part[key]!r}, and {expected[key]!r} in all real ones"

    @cache  # noqa: B019  (a form lives as long as the tests)
    def _keys_of(self, sort: str, access: int | None) -> set[frozenset[Key]]:
        parts = self._parts[sort]
        return {frozenset(each) for each in parts if each.get(("ScriptParamAccess", INT32)) == access}

    @cache  # noqa: B019  (a form lives as long as the tests)
    def _constants(self, sort: str, key: Key | None, value: Any) -> Table:
        """Return what is the same in all real parts of a sort, or in all of them that have that value there."""
        found = defaultdict(list)
        for each in self._parts[sort]:
            if key is None or each.get(key) == value:
                for place, one in each.items():
                    found[place].append(one)
        return {place: ones[0] for place, ones in found.items() if all(one == ones[0] for one in ones)}


@pytest.fixture(scope="module")
def known(request):
    """The function that returns the form that ours have in a Rhino: known(rhino). Skips where too few real ones are."""
    found, missing = defaultdict(list), []
    for source in ("corpus", "public_files", "saved_definitions"):
        try:
            files = request.getfixturevalue(source)
        except pytest.skip.Exception as skipped:
            missing.append(str(skipped))
            continue
        for content in (each if isinstance(each, bytes) else each[-1] for each in files):
            for each in components_in(source, content):
                found[each.form].append(each)
    forms = {form: Form(real) for form, real in found.items()}

    def form(rhino: Rhino) -> Form:
        ours = (rhino.base, VERSION[rhino.number])
        count = len(found[ours])
        if missing and count < AT_LEAST[rhino.number]:
            pytest.skip(f"{count} real components for Rhino {rhino.number} are too few: {'; '.join(missing)}")
        assert count >= AT_LEAST[rhino.number]
        return forms[ours]

    return form


def has_out(component: Held) -> bool:
    return any(sort == "Output" for _, sort, _ in component.parts)


@pytest.fixture(params=RHINOS, ids=lambda rhino: f"Rhino {rhino.number}")
def rhino(request):
    return request.param


@pytest.fixture
def form(known, rhino):
    return known(rhino)


def test_user_objects_are_as_those_that_rhino_saved(form, rhino):
    for component in COMPONENTS:
        (ours,) = components_in(component.name, user_object(component, rhino))
        assert ours.form == form.real[0].form
        assert form.faults(ours) == []


def test_components_in_definitions_are_as_those_that_rhino_saved(form, rhino, dist):
    if not form.knows("Object"):
        pytest.skip("no definition saved by a Rhino here that has such a component")
    found = 0
    for path in (dist / "definitions" / f"rhino{rhino.number}").glob("*.gh"):
        for ours in components_in(path.name, path.read_bytes()):
            found += 1
            assert ours.form == form.real[0].form
            assert form.faults(ours) == []
    assert found > 50


def test_a_component_says_whether_it_has_the_output_for_what_is_printed(known):
    (component,) = [component for component in COMPONENTS if component.name == "walk"]
    (ours,) = components_in("walk", user_object(component, RHINO8))
    for each in [ours, *known(RHINO8).real]:
        assert each.parts[0][2]["UsingStandardOutputParam", BOOL] is has_out(each), each.where
    assert not has_out(ours)


def without(name):
    return lambda chunk: chunk.items.remove(next(item for item in chunk.items if item.name == name))


def having(name, kind, value):
    def change(chunk):
        chunk.items = [*(item for item in chunk.items if item.name != name), Item(name, kind, value)]

    return change


MIXED = {  # each is so in another form of a script component
    "MarshalGuids": ("component", having("MarshalGuids", BOOL, True)),
    "no version": ("component", without("ScriptComponentVersion")),
    "no Tooltip": ("component", without("Tooltip")),
    "a ToolTip outside": ("user object", having("ToolTip", STRING, "Trains a model.")),
    "a list without Access": ("list", without("Access")),
    "a list with the Access of a tree": ("list", having("Access", INT32, 2)),
    "WireDisplay": ("list", having("WireDisplay", INT32, 0)),
    "a version of another type": ("list", having("ScriptParameterVersion", STRING, "2")),
    "an output without version": ("output", without("ScriptParameterVersion")),
    "ReverseData": ("output", having("ReverseData", BOOL, False)),
    "a hint of GHPython": ("output", having("TypeHintID", GUID, UUID("35915213-5534-4277-81b8-1bdc9e7383d2"))),
    "no converter": ("output", lambda chunk: chunk.chunks.remove(chunk.chunk("ConverterData"))),
    "another converter": ("converter", having("TypeName", STRING, "System.String")),
}


@pytest.mark.parametrize("mixed", MIXED)
def test_what_belongs_to_another_form_is_found(known, mixed):
    (component,) = [component for component in COMPONENTS if component.name == "walk"]
    outer = from_bytes(user_object(component, RHINO8))
    body = from_bytes(outer.get("Object"))
    ports = body.chunk("ParameterData").chunks
    output = next(port for port in ports if port.name == "OutputParam")
    places = {
        "user object": outer,
        "component": body,
        "list": next(port for port in ports if port.get("ScriptParamAccess") == 1),
        "output": output,
        "converter": output.chunk("ConverterData"),
    }
    place, change = MIXED[mixed]
    form = known(RHINO8)
    assert form.faults(held("walk", RHINO8.base, outer, body)) == []
    change(places[place])
    assert len(form.faults(held("walk", RHINO8.base, outer, body))) >= 1
