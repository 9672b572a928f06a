"""Runs of Pluto as the frames of pandas that Neptune's queries return."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from pluto.compat.neptune_begin import project_of, reader_of
from pluto.compat.neptune_query.filters import MISSING, Attribute, AttributeFilter, Filter, fits
from pluto.compat.neptune_query.types import File, Histogram
from pluto.compat.neptune_reading import (
    FILE,
    FILES,
    FLOATS,
    HISTOGRAMS,
    RUN,
    STRINGS,
    Point,
    StoredFile,
    StoredRun,
)
from pluto.compat.requires import to_install
from pluto.names import directory_name

EXPERIMENT: Final = "experiment"
"""What the rows of a table are: experiments by name, or else runs by id (`RUN`)."""

Chosen = str | list[str] | Filter | None
Attributes = str | list[str] | AttributeFilter | None


@dataclass(frozen=True)
class Question:
    """Which runs are asked for.

    Attributes:
        project: `workspace/name`, or the name; None for what the environment says.
        chosen: a pattern of names or ids, a list of them, or a filter; None for all.
        unit: `EXPERIMENT` or `RUN`.
        container: whether runs are meant, or for instance the models of Neptune 1.x.
    """

    project: str | None
    chosen: Chosen
    unit: str
    container: str = RUN

    def label(self, run: StoredRun) -> str:
        """Return how a run is called in tables."""
        return run.name if self.unit == EXPERIMENT else str(run.values["sys/id"])

    @contextmanager
    def runs(self) -> Iterator[list[tuple[str, StoredRun]]]:
        """Give (label, run) of all that are asked for, the newest first.

        Of several runs with the name of an experiment the newest is it.
        """
        project = project_of(self.project)[0]
        with reader_of(project) as client:
            found: dict[str, StoredRun] = {}
            for listed in client.list_runs(project, limit=None):
                run = StoredRun(client, listed["id"], project)
                if self._may_be(listed["name"]) and self._is(run):
                    found.setdefault(self.label(run), run)
            yield list(found.items())

    def _may_be(self, name: str) -> bool:
        """Tell from the list of runs alone whether one can be meant."""
        is_by_name = self.unit == EXPERIMENT and not isinstance(self.chosen, (Filter, type(None)))
        return not is_by_name or fits(self.chosen, name)  # type: ignore[arg-type]

    def _is(self, run: StoredRun) -> bool:
        if run.container != self.container:
            return False
        if self.chosen is None or (self.unit == EXPERIMENT and not isinstance(self.chosen, Filter)):
            return True
        if isinstance(self.chosen, Filter):
            return self.chosen.holds(lambda name: value_of(run, name))
        return any(fits(self.chosen, name) for name in {self.label(run), run.run_id})


def value_of(run: StoredRun, path: str) -> Any:
    """Return the (last) value of an attribute; `MISSING` if there is none."""
    place = "sys/id" if path == "id" else path
    if place in run.values:
        return run.values[place]
    return run.last(place) if place in run.kinds else MISSING


def attribute_filter(given: Attributes) -> AttributeFilter:
    """Return a choice of attributes in any of its forms."""
    return given if isinstance(given, AttributeFilter) else AttributeFilter(given)


def names(question: Question) -> list[str]:
    """Return what the runs are called."""
    with question.runs() as runs:
        return [label for label, _ in runs]


def attributes(question: Question, chosen: Attributes) -> list[str]:
    """Return the paths of the attributes of runs."""
    choice = attribute_filter(chosen)
    with question.runs() as runs:
        found = {path for _, run in runs for path in chosen_paths(run, choice)}
    return sorted(found)


def overview(
    question: Question,
    attributes: Attributes,
    sort_by: str | Attribute,
    sort_direction: Literal["asc", "desc"],
    *,
    limit: int | None = None,
    type_suffix_in_column_names: bool = False,
    chosen: Callable[[StoredRun], bool] = lambda _run: True,
) -> Any:
    """Return a frame with a row for each run and a column for each attribute.

    Args:
        question: which runs.
        attributes: which attributes.
        sort_by: path of an attribute; runs without it come last.
        sort_direction: `asc` = the smallest first.
        limit: how many runs at most.
        type_suffix_in_column_names: whether columns are called `<path>:<type>`.
        chosen: tells whether a run is wanted after all.
    """
    pandas = pandas_module()
    choice, suffix = attribute_filter(attributes), type_suffix_in_column_names
    key = sort_by if isinstance(sort_by, str) else sort_by.name
    rows, keys = {}, {}
    with question.runs() as runs:
        for label, run in runs:
            if not chosen(run):
                continue
            paths = chosen_paths(run, choice)
            rows[label] = {_column(path, run, suffix): _cell(label, run, path) for path in paths}
            keys[label] = value_of(run, key)
    order = _sorted(keys, ascending=sort_direction == "asc")[:limit]
    columns = sorted({column for label in order for column in rows[label]})
    data = [[rows[label].get(column) for column in columns] for label in order]
    return pandas.DataFrame(data, index=pandas.Index(order, name=question.unit), columns=columns)


def metrics(
    question: Question,
    attributes: Attributes,
    *,
    type_suffix_in_column_names: bool = False,
    include_point_previews: bool = False,
    **options: Any,
) -> Any:
    """Return a frame with every point: a row for each run and step, a column for each metric.

    Args:
        question: which runs.
        attributes: which attributes.
        type_suffix_in_column_names: whether columns are called `<path>:<type>`.
        include_point_previews: whether previews are points; columns then tell which are.
        **options: of `series`.
    """
    return series(
        question,
        attributes,
        (FLOATS,),
        with_previews=include_point_previews,
        suffix=type_suffix_in_column_names,
        **options,
    )


def series(
    question: Question,
    attributes: Attributes,
    kinds: Sequence[str] = (STRINGS, HISTOGRAMS, FILES, FILE),
    *,
    include_time: Literal["absolute"] | None = None,
    step_range: tuple[float | None, float | None] = (None, None),
    lineage_to_the_root: bool = True,  # noqa: ARG001 - a fork has its history, here too
    tail_limit: int | None = None,
    with_previews: bool = False,
    suffix: bool = False,
) -> Any:
    """Return a frame with a row for each run and step, and a column for each series.

    Args:
        question: which runs.
        attributes: which attributes.
        kinds: the types that belong in the table.
        include_time: `absolute` gives each series the columns `value` and `absolute_time`.
        step_range: the lowest and the highest step; None is open.
        lineage_to_the_root: without effect: a fork has the history of its parent.
        tail_limit: how many points of each series at most, from its end.
        with_previews: whether previews are points, and columns tell which.
        suffix: whether the names of columns tell the types.
    """
    choice, with_time = attribute_filter(attributes), include_time is not None
    cells: dict[tuple[str, float], dict[Any, Any]] = {}
    with question.runs() as runs:
        for label, run in runs:
            for path in chosen_paths(run, choice):
                if run.kinds[path] not in kinds:
                    continue
                points = run.points(path, *step_range)
                if not with_previews:
                    points = [point for point in points if point.preview is None]
                column = _column(path, run, suffix)
                for point in points if tail_limit is None else points[-tail_limit:]:
                    row = cells.setdefault((label, point.step), {})
                    value = _value(label, run, path, point)
                    row.update(_columns(column, point, value, with_time, with_previews))
    return _frame(question.unit, cells, is_flat=not (with_time or with_previews))


def download(files: Any, destination: str | Path | None) -> Any:
    """Fetch files and return a frame of where they are, as `files` has them.

    Args:
        files: a `File`, several, or a series or frame of pandas that has some.
        destination: a directory; the working directory by default.
    """
    pandas = pandas_module()
    wanted = list(dict.fromkeys(_files_in(files)))
    root = Path(destination or ".")
    cells: dict[tuple[str, float], dict[Any, Any]] = {}
    with reader_of() as client:
        for file in wanted:
            folder = root / directory_name(file.container) / directory_name(file.attribute)
            folder.mkdir(parents=True, exist_ok=True)
            name = file.path if file.step is None else f"step-{file.step:g}-{file.path}"
            path = client.fetch_file(file.row, folder / Path(name).name)
            step = float("nan") if file.step is None else file.step
            cells.setdefault((file.container, step), {})[file.attribute] = str(path)
    if not cells:
        return pandas.DataFrame()
    return _frame(RUN, cells, is_flat=True)


def _files_in(files: Any) -> Iterator[File]:
    if isinstance(files, File):
        yield files
    elif hasattr(files, "to_numpy"):
        yield from _files_in(files.to_numpy().ravel().tolist())
    elif isinstance(files, (list, tuple, set)):
        for each in files:
            yield from _files_in(each)


def chosen_paths(run: StoredRun, choice: AttributeFilter) -> list[str]:
    """Return the attributes of a run that are chosen."""
    return [path for path, kind in run.kinds.items() if choice.chooses(path, kind)]


def _column(path: str, run: StoredRun, suffix: bool) -> str:
    return f"{path}:{run.kinds[path]}" if suffix else path


def _cell(label: str, run: StoredRun, path: str) -> Any:
    value = run.last(path)
    if isinstance(value, StoredFile):
        return _file(label, run, path, None if run.kinds[path] == FILE else value.step, value)
    return _histogram(value) if run.kinds[path] == HISTOGRAMS else value


def _value(label: str, run: StoredRun, path: str, point: Point) -> Any:
    if run.kinds[path] in (FILE, FILES):
        return _file(label, run, path, point.step, point.value)
    return _histogram(point.value) if run.kinds[path] == HISTOGRAMS else point.value


def _file(label: str, run: StoredRun, path: str, step: float | None, stored: StoredFile) -> File:
    names = {"experiment_name": run.name, "run_id": run.run_id}
    return File(run.project, run.number, label, path, step, stored.row, **names)


def _histogram(document: Any) -> Histogram:
    given = document.get("given")
    if given is None:
        bins = document["bins"]
        width = (bins["max"] - bins["min"]) / bins["num"]
        edges = [bins["min"] + width * number for number in range(bins["num"])] + [bins["max"]]
        return Histogram("COUNTING", edges, document["freq"])
    kind = "COUNTING" if "counts" in given else "DENSITY"
    return Histogram(kind, given["bin_edges"], given.get("counts", given.get("densities")))


def _columns(
    column: str, point: Point, value: Any, with_time: bool, with_previews: bool
) -> dict[Any, Any]:
    if not (with_time or with_previews):
        return {column: value}
    found = {(column, "value"): value}
    if with_time:
        moment = pandas_module().Timestamp(point.seconds, unit="s", tz="UTC")
        found[column, "absolute_time"] = moment
    if with_previews:
        found[column, "is_preview"] = point.preview is not None
        found[column, "preview_completion"] = 1.0 if point.preview is None else point.preview
    return found


def _frame(unit: str, cells: dict[tuple[str, float], dict[Any, Any]], *, is_flat: bool) -> Any:
    pandas = pandas_module()
    columns = sorted({column for row in cells.values() for column in row})
    keys = sorted(cells, key=lambda key: (key[0], key[1]))
    index = pandas.MultiIndex.from_tuples(keys, names=[unit, "step"]) if keys else None
    data = [[cells[key].get(column) for column in columns] for key in keys]
    heads = columns if is_flat else pandas.MultiIndex.from_tuples(columns) if columns else []
    return pandas.DataFrame(data, index=index, columns=heads)


def _sorted(keys: dict[str, Any], *, ascending: bool) -> list[str]:
    known = [label for label, key in keys.items() if key is not MISSING and key is not None]
    try:
        known.sort(key=lambda label: keys[label], reverse=not ascending)
    except TypeError:  # values of several types
        known.sort(key=lambda label: str(keys[label]), reverse=not ascending)
    return [*known, *(label for label in keys if label not in set(known))]


def pandas_module() -> Any:
    """Return pandas.

    Raises:
        ImportError: it is not installed.
    """
    from importlib import import_module

    try:
        return import_module("pandas")
    except ModuleNotFoundError as error:
        raise ImportError(
            f"tables of runs are frames of pandas: {to_install('neptune', 'pandas')}"
        ) from error
