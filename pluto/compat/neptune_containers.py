"""Tables of what a project of Neptune 1.x has: runs, models, versions of models."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from pluto.compat.neptune_reading import RUN, StoredRun


class RunsTable:
    """Runs as rows, attributes as columns.

    Args:
        frame: of pandas.
    """

    def __init__(self, frame: Any) -> None:
        self._frame = frame

    def to_pandas(self) -> Any:
        """Return it as a frame of pandas."""
        return self._frame

    def to_rows(self) -> list[dict[str, Any]]:
        """Return the rows as dicts."""
        rows: list[dict[str, Any]] = self._frame.to_dict("records")
        return rows

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self.to_rows())


def containers(
    project: str | None,
    container: str,
    *,
    query: str | None,
    columns: Iterable[str] | None,
    limit: int | None,
    sort_by: str,
    ascending: bool,
    chosen: Callable[[StoredRun], bool] = lambda _run: True,
) -> RunsTable:
    """Return a table of the containers of one kind.

    Args:
        project: `workspace/name`.
        container: `run`, `model`, or `model_version`.
        query: a condition in Neptune's query language.
        columns: paths of attributes; all by default. `sys/id` is always there.
        limit: how many at most.
        sort_by: path of an attribute.
        ascending: whether the smallest comes first.
        chosen: tells whether one is wanted after all.

    Raises:
        UsageError: the query cannot be understood.
    """
    from pluto.compat.neptune_nql import parse_query
    from pluto.compat.neptune_query import tables
    from pluto.compat.neptune_query.filters import AttributeFilter

    wanted = None if columns is None else ["sys/id", *columns]
    condition = parse_query(query) if query else None
    frame = tables.overview(
        tables.Question(project, condition, RUN, container),
        AttributeFilter(wanted),
        sort_by,
        "asc" if ascending else "desc",
        limit=limit,
        chosen=chosen,
    )
    return RunsTable(frame)
