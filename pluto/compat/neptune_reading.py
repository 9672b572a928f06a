"""A stored run as Neptune's attributes: their types, single values, and series."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any, Final, NamedTuple

import numpy as np

from pluto.compat.neptune_recording import OWN, PREVIEWS, STEPS
from pluto.compat.neptune_removal import Removal, read_removals
from pluto.compat.neptune_values import loaded
from pluto.errors import QueryError

FLOATS: Final = "float_series"
STRINGS: Final = "string_series"
HISTOGRAMS: Final = "histogram_series"
FILES: Final = "file_series"
FILE: Final = "file"
SETS: Final = "string_set"
SERIES: Final = (FLOATS, STRINGS, HISTOGRAMS, FILES)

RUN: Final = "run"
MODEL: Final = "model"
MODEL_VERSION: Final = "model_version"
"""What a run of Pluto stands for in a project of Neptune."""

GROUP: Final = "group:"
"""Begins a tag of Pluto that is a group tag of Neptune."""

_KINDS: Final = {"METRIC": FLOATS, "HISTOGRAM": HISTOGRAMS, "DATA": STRINGS}
"""Types of the names that a run has logged to, as those of series."""

_EPOCH: Final = np.datetime64(0, "ms")
_SINGLE: Final[tuple[tuple[type, str], ...]] = (
    (bool, "bool"),
    (int, "int"),
    (float, "float"),
    (str, "string"),
    (datetime, "datetime"),
    (set, SETS),
)


class Point(NamedTuple):
    """One value of a series.

    Attributes:
        step: as the script gave it.
        seconds: since the Unix epoch.
        preview: how complete a preview is; None for a final value.
    """

    step: float
    seconds: float
    value: Any
    preview: float | None = None


@dataclass(frozen=True)
class StoredFile:
    """A file of a run.

    Attributes:
        path: of the attribute.
        row: what `pluto.query.get_files` says of it.
    """

    client: Any
    run: str
    path: str
    row: Mapping[str, Any]

    @property
    def step(self) -> float:
        """The step under which it was logged."""
        return float(self.row["step"])

    @property
    def own_name(self) -> str:
        """The name in the set that it belongs to, folders included; or what it is stored as."""
        return str(self.row.get("caption") or self.row["fileName"])

    def download(self, destination: Path) -> Path:
        """Fetch it into a directory, or to the path of the new file."""
        return Path(self.client.fetch_file(self.row, destination))

    def download_below(self, folder: Path) -> Path:
        """Fetch it to its own name below a directory; never out of it."""
        name = PurePosixPath(self.own_name)
        if name.is_absolute() or ".." in name.parts:
            name = PurePosixPath(str(self.row["fileName"]))
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        return self.download(place)


def kind_of_single(value: Any) -> str:
    """Return Neptune's name for the type of a single value."""
    return next((name for kind, name in _SINGLE if isinstance(value, kind)), "string")


class StoredRun:
    """A run that is read through `pluto.query`.

    Args:
        client: of the server or the directory that has it.
        number: of the run.
        project: it belongs to.
    """

    def __init__(self, client: Any, number: int, project: str) -> None:
        self.client = client
        self.number = number
        self.project = project

    @cached_property
    def details(self) -> dict[str, Any]:
        """What is known about the run."""
        return dict(self.client.get_run(self.project, self.number))

    @cached_property
    def own(self) -> dict[str, Any]:
        """What the stand-ins for Neptune have noted about the run."""
        return dict((self.details["config"] or {}).get(OWN) or {})

    @property
    def run_id(self) -> str:
        """The id that names the run across processes, as the script knows it."""
        found = self.own.get("run_id") or self.details.get("externalId") or self.details["name"]
        return str(found)

    @property
    def container(self) -> str:
        """What it stands for: a run, or for instance a model."""
        return str(self.own.get("container") or RUN)

    @property
    def name(self) -> str:
        """The name: that of the experiment, where the script gave one."""
        return str(self.details["name"])

    @cached_property
    def values(self) -> dict[str, Any]:
        """The single values by path: those of the script, then those below `sys/`."""
        config = self.details["config"] or {}
        given = {path: loaded(value) for path, value in _leaves(config) if value is not None}
        return {**given, **self._system()}

    @cached_property
    def kinds(self) -> dict[str, str]:
        """The types of all attributes by path."""
        found = {path: kind_of_single(value) for path, value in self.values.items()}
        steps: dict[str, set[int]] = {}
        for file in self.file_rows:
            steps.setdefault(file["logName"], set()).add(int(file["step"]))
        for path, own in steps.items():
            found[path] = FILE if len(own) == 1 else FILES
        for entry in self.details["logNames"]:
            path, kind = entry["logName"], _KINDS.get(entry["logType"])
            is_gone = path in self.removed and self.removed[path].is_gone
            if kind is not None and not is_gone and not path.startswith((STEPS, PREVIEWS)):
                found[path] = kind
        return found

    @cached_property
    def removed(self) -> dict[str, Removal]:
        """What the script has taken back, by path."""
        return read_removals(self.own)

    @cached_property
    def file_rows(self) -> list[dict[str, Any]]:
        """Every file that counts, by step."""
        rows = self.client.get_files(self.project, self.number)
        return [row for row in rows if self._counts(row)]

    def _counts(self, row: Mapping[str, Any]) -> bool:
        removal = self.removed.get(row["logName"])
        if removal is None:
            return True
        name = StoredFile(self.client, self.run_id, row["logName"], row).own_name
        return not removal.hides(row["step"], _seconds(row["time"]), name)

    def files(self, path: str) -> list[StoredFile]:
        """Return the files of an attribute, by step; masks and the like are left out."""
        rows = [row for row in self.file_rows if row["logName"] == path]
        return [StoredFile(self.client, self.run_id, path, row) for row in rows]

    def download(self, path: str, destination: Path, *, is_set: bool = False) -> None:
        """Fetch the file of an attribute, or its files.

        Args:
            path: of the attribute.
            destination: of a single file a directory or the path of the new file; else a directory.
            is_set: whether it is a set even if there is one file.
        """
        files = self.files(path)
        if len(files) > 1 or is_set:
            destination.mkdir(parents=True, exist_ok=True)
        for file in files:
            if is_set or (len(files) > 1 and self.kinds[path] == FILE):
                file.download_below(destination)
            else:
                file.download(destination)

    def last(self, path: str) -> Any:
        """Return what stands for an attribute in a table: its value, or the last one."""
        kind = self.kinds[path]
        if kind in (FILE, FILES):
            return self.files(path)[-1]
        if kind == FLOATS and path in self.lasts:
            return self.lasts[path][1]
        if kind in SERIES:
            points = self.points(path)
            return points[-1].value if points else None
        return self.values[path]

    def table(self, path: str) -> list[dict[str, Any]]:
        """Return the rows of the last table of a name, as dicts."""
        values = self.client.structured(self.project, self.number, path) or ()
        tables = [json.loads(point.data) for point in values if point.type == "TABLE"]
        if not tables:
            return []
        columns = [column["name"] for column in tables[-1]["col"]]
        return [dict(zip(columns, row, strict=True)) for row in tables[-1]["table"]]

    def points(self, path: str, lo: float | None = None, hi: float | None = None) -> list[Point]:
        """Return a series by step: numbers, texts, histograms (as dicts), or files.

        Args:
            path: of the attribute.
            lo: the lowest step.
            hi: the highest step.

        Raises:
            QueryError: the source does not give series of this type.
        """
        if path in self.removed and self.removed[path].is_gone:
            return []
        kind = self.kinds[path]
        if kind == FLOATS:
            found = self._numbers(path)
        elif kind in (FILE, FILES):
            steps = self._true_steps(path)
            found = [
                Point(steps.get(int(file.step), file.step), _seconds(file.row["time"]), file)
                for file in self.files(path)
            ]
        else:
            found = self._structured(path, kind)
        low, high = -np.inf if lo is None else lo, np.inf if hi is None else hi
        return [point for point in found if low <= point.step <= high]

    def _numbers(self, path: str) -> list[Point]:
        names = [path, STEPS + path, PREVIEWS + path]
        series = {
            each.name: each for each in self.client.get_series(self.project, self.number, names)
        }
        if path not in series:
            return []
        main = series[path]
        steps, previews = (_by_step(series.get(name)) for name in names[1:])
        seconds = ((main.times - _EPOCH) / np.timedelta64(1, "s")).tolist()
        found = []
        for place, moment, value in zip(
            main.steps.tolist(), seconds, main.values.tolist(), strict=True
        ):
            if self._is_hidden(path, place, moment):
                continue
            preview = previews.get(place, np.nan)
            completion = None if np.isnan(preview) else preview
            found.append(Point(steps.get(place, place), moment, value, completion))
        return sorted(found)

    def _structured(self, path: str, kind: str) -> list[Point]:
        values = self.client.structured(self.project, self.number, path)
        if values is None:
            raise QueryError(
                f"{path}: this server gives numbers and files, not {kind.replace('_', ' ')}"
            )
        steps = self._true_steps(path)
        found: dict[int, Point] = {}
        for each in values:
            if self._is_hidden(path, each.step, each.time / 1000):
                continue
            value = each.data if kind == STRINGS else json.loads(each.data)
            found[each.step] = Point(steps.get(each.step, each.step), each.time / 1000, value)
        return sorted(found.values(), key=lambda point: point.step)

    def _true_steps(self, path: str) -> dict[int, float]:
        """Return the steps as the script gave them by place; nothing where they are the places."""
        name = STEPS + path
        if all(entry["logName"] != name for entry in self.details["logNames"]):
            return {}
        (series,) = self.client.get_series(self.project, self.number, [name])
        return _by_step(series)

    def _is_hidden(self, path: str, place: float, seconds: float) -> bool:
        removal = self.removed.get(path)
        return removal is not None and removal.hides(place, seconds)

    @cached_property
    def lasts(self) -> dict[str, tuple[int, float]]:
        """The last finite points of metrics, of the first hundred, as (step, value)."""
        found = self.client.get_statistics(self.project, self.number)["metrics"]
        last = {each["logName"]: each.get("last") for each in found}
        return {name: (int(at["step"]), at["value"]) for name, at in last.items() if at}

    def _system(self) -> dict[str, Any]:
        about, own = self.details, self.own
        tags = about.get("tags") or []
        number = about.get("displayId") if self.container == RUN else None
        known = {
            "sys/id": number or self.run_id,
            "sys/custom_run_id": self.run_id,
            "sys/name": about["name"],
            "sys/experiment/name": own.get("experiment"),
            "sys/description": own.get("description"),
            "sys/creation_time": _moment(own.get("creation_time") or about["createdAt"]),
            "sys/modification_time": _moment(about["updatedAt"]),
            "sys/failed": about["status"] == "FAILED",
            "sys/state": "active" if about["status"] == "RUNNING" else "inactive",
            "sys/tags": {tag for tag in tags if not tag.startswith(GROUP)},
            "sys/group_tags": {tag[len(GROUP) :] for tag in tags if tag.startswith(GROUP)},
        }
        return {path: value for path, value in known.items() if value is not None}


def _leaves(config: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield (path, value) of what the script's attributes keep in the config of a run."""
    for key, value in config.items():
        if not prefix and key == OWN:
            continue
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{prefix}{key}/")
        else:
            yield prefix + key, value


def _by_step(series: Any) -> dict[int, float]:
    if series is None:
        return {}
    return dict(zip(series.steps.tolist(), series.values.tolist(), strict=True))


def _moment(text: Any) -> datetime:
    return datetime.fromisoformat(str(text).replace("Z", "+00:00"))


def _seconds(text: Any) -> float:
    moment = _moment(str(text).replace(" ", "T"))
    return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp()
