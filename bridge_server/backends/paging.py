"""A page of a list that is in memory, and what belongs to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict, TypeVar

from bridge_server.contract.base import PageQuery
from bridge_server.contract.runs import Run, RunsQuery, RunState

T = TypeVar("T")


class Rest(TypedDict):
    """How many there are, and what leads to the next page."""

    total: int
    next: int


def page_of(items: Sequence[T], query: PageQuery) -> tuple[list[T], Rest]:
    """Return the items that a query wants, and what a page says of the others."""
    end = query.after + query.limit
    return list(items[query.after : end]), Rest(total=len(items), next=end if end < len(items) else 0)


def is_among(run: Run, query: RunsQuery) -> bool:
    """Tell whether a run is in the state that a query wants."""
    unfinished = query.only == "unfinished" and run.state is RunState.INTERRUPTED
    return query.only is None or run.state.is_active or unfinished
