"""Tables of what a project of Neptune 1.x has: runs, models, versions of models."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pluto.compat import neptune_client_errors as errors
from pluto.compat.neptune_begin import reader_of
from pluto.compat.neptune_query.types import File
from pluto.compat.neptune_reading import RUN, StoredRun


class TableEntry:
    """A row of a table.

    Args:
        row: values by path.
        kinds: types of the run's attributes by path.

    Example:
        >>> entry = TableEntry({"train/lr": 0.1}, {"train/lr": "float"})
        >>> entry.get_attribute_value("train/lr"), entry["train"]["lr"].get()
        (0.1, 0.1)
    """

    def __init__(self, row: Mapping[str, Any], kinds: Mapping[str, str]) -> None:
        self._row = row
        self._kinds = kinds

    def __getitem__(self, path: str) -> EntryHandler:
        return EntryHandler(self, path)

    def get_attribute_value(self, path: str) -> Any:
        """Return the value of an attribute, of a series the last one.

        Raises:
            ValueError: the run has no such attribute, or the table no such column.
            MetadataInconsistency: it is a file.
        """
        kind = self.get_attribute_type(path)
        if isinstance(self._row[path], File):
            raise errors.MetadataInconsistency(f"{path!r} is a {kind}: use download()")
        return self._row[path]

    def get_attribute_type(self, path: str) -> str:
        """Return the type of an attribute, such as `float_series`.

        Raises:
            ValueError: as for its value.
        """
        if path not in self._row or path not in self._kinds:
            raise ValueError(f"the row has no attribute {path!r}")
        return self._kinds[path]

    def download_file_attribute(
        self,
        path: str,
        destination: str | None = None,
        progress_bar: Any = None,  # noqa: ARG002
    ) -> None:
        """Fetch a file into a directory or to a path, or the files of a set into a directory.

        Raises:
            ValueError: there is none.
            MetadataInconsistency: it is no file.
        """
        self._fetch(path, destination, is_set=False)

    def download_file_set_attribute(
        self,
        path: str,
        destination: str | None = None,
        progress_bar: Any = None,  # noqa: ARG002
    ) -> None:
        """Fetch every file of a set into a directory.

        Raises:
            ValueError: there is none.
            MetadataInconsistency: it is no set of files.
        """
        self._fetch(path, destination, is_set=True)

    def _fetch(self, path: str, destination: str | None, *, is_set: bool) -> None:
        kind, file = self.get_attribute_type(path), self._row[path]
        if not isinstance(file, File):
            raise errors.MetadataInconsistency(f"{path!r} is a {kind}, not a file")
        with reader_of() as client:
            run = StoredRun(client, file.run, file.project)
            run.download(path, Path(destination or "."), is_set=is_set)


class EntryHandler:
    """An attribute in a row, or what is below a path.

    Args:
        entry: the row.
        path: of the attribute.
    """

    def __init__(self, entry: TableEntry, path: str) -> None:
        self._entry = entry
        self._path = path

    def __getitem__(self, path: str) -> EntryHandler:
        return EntryHandler(self._entry, f"{self._path}/{path}")

    def get(self) -> Any:
        """Return the value; see `TableEntry.get_attribute_value`."""
        return self._entry.get_attribute_value(self._path)

    def download(self, destination: str | None = None) -> None:
        """Fetch the file or the files; see `TableEntry.download_file_attribute`."""
        self._entry.download_file_attribute(self._path, destination)


class RunsTable:
    """Runs as rows, attributes as columns.

    Args:
        frame: of pandas.
        kinds: types of the attributes of each run, by its `sys/id`.
    """

    def __init__(self, frame: Any, kinds: Mapping[str, Mapping[str, str]]) -> None:
        self._frame = frame
        self._kinds = kinds

    def to_pandas(self) -> Any:
        """Return it as a frame of pandas."""
        return self._frame

    def to_rows(self) -> list[TableEntry]:
        """Return the rows."""
        rows = self._frame.to_dict("records")
        return [TableEntry(row, self._kinds[row["sys/id"]]) for row in rows]

    def __iter__(self) -> Iterator[TableEntry]:
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

    kinds: dict[str, Mapping[str, str]] = {}

    def is_wanted(run: StoredRun) -> bool:
        kinds[str(run.values["sys/id"])] = run.kinds
        return chosen(run)

    wanted = None if columns is None else ["sys/id", *columns]
    condition = parse_query(query) if query else None
    frame = tables.overview(
        tables.Question(project, condition, RUN, container),
        AttributeFilter(wanted),
        sort_by,
        "asc" if ascending else "desc",
        limit=limit,
        chosen=is_wanted,
    )
    return RunsTable(frame, kinds)
