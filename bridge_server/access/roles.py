"""What whoever has a token may do: a table from roles to calls of the contract."""

from __future__ import annotations

import re
from enum import StrEnum
from functools import lru_cache

from bridge_server.contract.calls import CALLS


class Role(StrEnum):
    """What somebody is in a class."""

    VIEWER = "viewer"
    STUDENT = "student"
    TEACHER = "teacher"


_READ_ONLY = frozenset(
    {
        "health",
        "server",
        "data",
        "datasets",
        "dataset",
        "dataset_preview",
        "layers",
        "networks_check",
        "networks_activations",
        "runs",
        "run",
        "run_progress",
        "run_events",
        "run_preview",
        "models",
        "model",
        "generate",
        "evaluate",
        "evaluate_stop",
        "latents_between",
        "latents_sheet",
        "latents_invert",
        "film",
        "export",
        "restore",
    }
)
_OWNERS = frozenset({"dataset_import"})  # it reads the machine's own disk, where a teacher elsewhere has no business
# A call that is in no set is the teacher's, until somebody decides otherwise.
ALLOWED = {
    Role.VIEWER: _READ_ONLY,
    Role.STUDENT: _READ_ONLY | {"data_prepare", "dataset_upload", "run_start", "run_stop", "run_resume", "model_file"},
    Role.TEACHER: frozenset(call.name for call in CALLS) - _OWNERS,
}
_PATHS = [(call, re.compile(re.sub(r"{\w+}", "[^/]+", call.path))) for call in CALLS]


def is_allowed(role: Role, method: str, path: str) -> bool:
    """Tell whether a role may send a request. What is no call of the contract is the teacher's."""
    found = _found(method, path)
    if role is Role.TEACHER:
        return _OWNERS.isdisjoint(found)
    return bool(found) and ALLOWED[role].issuperset(found)


@lru_cache(maxsize=256)  # it takes as long as the rest of the guard's work, and most ask for the same
def _found(method: str, path: str) -> frozenset[str]:
    """Return the names of all calls that fit: /api/models/{name} fits whatever else may lie beside it one day."""
    method = "GET" if method == "HEAD" else method
    return frozenset(call.name for call, pattern in _PATHS if call.method == method and pattern.fullmatch(path))
