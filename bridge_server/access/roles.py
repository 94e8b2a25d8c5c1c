"""What whoever has a token may do: a table from roles to calls of the contract, and with whose things."""

from __future__ import annotations

import re
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from bridge_server.contract.calls import CALLS
from bridge_server.errors import ApiError
from ganmnist.names import OWNER


class Role(StrEnum):
    """What somebody is in a class."""

    VIEWER = "viewer"
    STUDENT = "student"
    TEACHER = "teacher"


class Asker(NamedTuple):
    """Who makes a call, by the name of the token, and in which role."""

    name: str
    role: Role

    @property
    def manages_all(self) -> bool:
        """Whether what is everybody's is theirs to see and to change."""
        return self.role is Role.TEACHER

    def manages(self, owner: str) -> bool:
        """Tell whether they see the runs of an owner, and may change what is that owner's."""
        return self.manages_all or self.name == owner

    def calls(self) -> frozenset[str]:
        """Return the names of the calls that they may make."""
        return _EVERYTHING if self.name == OWNER else ALLOWED[self.role]


def check_yours(yours: bool, what: str) -> None:
    """Refuse to change what is somebody else's.

    Args:
        yours: Whether it is the asker's to change.
        what: What it is and what it is called.

    Raises:
        ApiError: It is not.
    """
    if not yours:
        raise ApiError(403, "role", f"{what} is somebody else's: ask them, or who runs the server.")


AS_OWNER = Asker(OWNER, Role.TEACHER)  # of the data directory, and whoever calls without HTTP
_READ_ONLY = frozenset(
    {
        "health",
        "me",
        "server",
        "queue",
        "data",
        "datasets",
        "dataset",
        "dataset_preview",
        "layers",
        "networks_check",
        "networks_activations",
        "networks_anatomy",
        "runs",
        "run",
        "run_progress",
        "run_events",
        "run_preview",
        "sweeps",
        "sweep",
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
_EVERYTHING = frozenset(call.name for call in CALLS)
_OWNERS = frozenset({"dataset_import"})  # it reads the machine's own disk, where a teacher elsewhere has no business
# A call that is in no set is the teacher's, until somebody decides otherwise.
ALLOWED = {
    Role.VIEWER: _READ_ONLY,
    Role.STUDENT: _READ_ONLY
    | {"data_prepare", "dataset_upload", "dataset_delete", "run_start", "run_stop", "run_resume"}
    | {"sweep_start", "sweep_stop", "sweep_resume"}
    | {"model_file", "model_rename", "model_delete"},
    Role.TEACHER: _EVERYTHING - _OWNERS,
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
