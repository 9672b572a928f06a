"""Runs as a page: one folder with the dashboard and their data, opened from the disk by a browser.

A page that is a file may neither load modules nor fetch files. So the dashboard comes as one
classic script, and the data as scripts beside it, each of which hands over some values by their
keys; an index says which script has which key, and scripts are loaded when values are asked for.
"""

from __future__ import annotations

import base64
import json
import shutil
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from html import escape
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple
from urllib.parse import quote

import msgspec
import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from pluto.errors import UsageError
from pluto.server import ui_lineage, ui_records, ui_runs, ui_story
from pluto.server.backend import RunReads
from pluto.server.data_directory import Secrets
from pluto.server.endpoints import Reads
from pluto.server.file_rows import FileRow
from pluto.server.files import media_type
from pluto.server.keys import generate_key
from pluto.server.rows import RunRow
from pluto.server.schemas import DetailsQuery, NoQuery
from pluto.server.serve import make_state
from pluto.server.settings import ServerSettings
from pluto.server.static import WEB
from pluto.storage import Buckets

BUCKETS: Final = 2000
"""So many buckets of a metric are kept, with minimum and maximum: two for each pixel of a chart."""
MAX_TEXT: Final = 4 << 20
"""Longer texts are files to open, and are not shown in the page."""
_CHUNK: Final = 1 << 20

_HAND_OVER: Final = (
    "(window.plutoExport??((values)=>(window.plutoEarly??=[]).push(values)))({values});\n"
)
# Scripts and styles of the folder only; no request leaves it, wherever it is opened.
_POLICY: Final = (
    "default-src 'none'; script-src 'self' file:; style-src 'self' file:;"
    " img-src 'self' file: data: blob:; media-src 'self' file: blob:; frame-src 'self' file:"
)
_PAGE: Final = """<!doctype html>
<html lang="en" data-exported="{time}">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta http-equiv="Content-Security-Policy" content="{policy}" />
    <title>{title}</title>
    <link rel="icon" type="image/svg+xml" href="favicon.svg" />
    <link rel="stylesheet" href="pluto.css" />
    <script src="data/index.js" defer></script>
    <script src="pluto.js" defer></script>
  </head>
  <body>
    <div id="app"></div>
    <noscript>This page draws its charts with JavaScript; please switch it on.</noscript>
  </body>
</html>
"""


class Chosen(NamedTuple):
    """A run to export: below `root`, with this number."""

    root: Path
    number: int


@dataclass(frozen=True)
class ExportedPage:
    """What was written.

    Attributes:
        directory: where it is; `index.html` in it is the page.
        runs, metrics, files: how many there are of each.
        missing: files of the runs whose bytes are not on this disk.
    """

    directory: Path
    runs: int
    metrics: int
    files: int
    missing: int


def export_page(
    runs: Sequence[Chosen], directory: Path, charts: Sequence[str] = (), *, media: bool = True
) -> ExportedPage:
    """Write runs as a page into a new directory, which appears when it is complete.

    Args:
        runs: one or more, of this disk.
        directory: must not exist, or be empty.
        charts: patterns such as `train/*` of the metrics to export; none: all of them.
        media: copy images, texts and other files too.

    Raises:
        UsageError: there is something in the directory, or a run is not there.
    """
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise UsageError(f"{directory} is not empty: remove it, or choose another place")
    if not (WEB / "export").is_dir():
        raise UsageError("this installation has no dashboard: build it once with 'make web'")
    partial = directory.parent / f".{directory.name}.part"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        done = _Page(partial, charts, media).write(runs)
        if directory.exists():
            directory.rmdir()
        partial.rename(directory)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return ExportedPage(directory, **done)


@dataclass(frozen=True)
class _PageReads(Reads):
    """Gives the addresses of files and runs as they are in the page."""

    def file_url(self, run_id: int, file: FileRow) -> str:  # noqa: ARG002 blobs have one name
        """Return the path of a file's bytes in the folder."""
        suffix = Path(file.file_name).suffix[1:]
        ending = f".{suffix}" if suffix.isascii() and suffix.isalnum() else ""
        return f"files/{file.sha256}{ending}"

    def url(self, row: RunRow) -> str:
        """Return the run's place in the page."""
        return f"#{_place(row)}"


def _place(row: RunRow) -> str:
    return f"/p/{quote(row.project, safe='')}/r/{row.id}"


class _Data:
    """Values by their keys, in scripts of about a megabyte, and the index of all."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._index: dict[str, str] = {}
        self._pending: dict[str, bytes] = {}
        self._number = 0
        directory.mkdir()

    def add(self, key: str, value: object) -> None:
        """Add a value, which JSON can tell or an answer of the server is."""
        self._pending[key] = msgspec.json.encode(value)
        if sum(map(len, self._pending.values())) >= _CHUNK:
            self._flush()

    def finish(self, first: Mapping[str, object]) -> None:
        """Write the rest, and the index with what the page needs at once."""
        self._flush()
        values = {key: msgspec.json.encode(value) for key, value in first.items()}
        values["index"] = msgspec.json.encode(self._index)
        self._write("index.js", values)

    def _flush(self) -> None:
        if self._pending:
            self._number += 1
            name = f"{self._number}.js"
            self._index.update(dict.fromkeys(self._pending, f"data/{name}"))
            self._write(name, self._pending)
            self._pending = {}

    def _write(self, name: str, values: Mapping[str, bytes]) -> None:
        pairs = (json.dumps(key).encode() + b":" + value for key, value in values.items())
        before, _, after = _HAND_OVER.partition("{values}")
        script = before.encode() + b"{" + b",".join(pairs) + b"}" + after.encode()
        (self._directory / name).write_bytes(script)


@dataclass
class _Page:
    """One page on its way into a directory."""

    directory: Path
    charts: Sequence[str]
    media: bool
    metrics: int = 0
    files: int = 0
    missing: int = 0
    first: dict[str, object] = field(default_factory=dict)
    wanted: frozenset[int] = frozenset()

    def write(self, chosen: Sequence[Chosen]) -> dict[str, int]:
        """Write everything; return how much of each there was."""
        for name in ("pluto.js", "pluto.css"):
            shutil.copyfile(WEB / "export" / name, self.directory / name)
        for name in ("favicon.svg", "licenses.txt"):
            shutil.copyfile(WEB / name, self.directory / name)
        data = _Data(self.directory / "data")
        listed: list[Any] = []
        for root in dict.fromkeys(each.root for each in chosen):
            numbers = [each.number for each in chosen if each.root == root]
            listed += self._of_one_root(data, root, numbers)
        self._finish(data, listed)
        return {
            "runs": len(listed),
            "metrics": self.metrics,
            "files": self.files,
            "missing": self.missing,
        }

    def _of_one_root(self, data: _Data, root: Path, numbers: Sequence[int]) -> list[Any]:
        settings = ServerSettings(root, mode="ui", auth="off")
        reads = _PageReads(make_state(settings, Secrets(generate_key(), b"")))
        with closing(reads.state.catalog):
            rows = [reads.require(number) for number in numbers]
            self.first["session"] = replace(
                ui_runs.session(reads, NoQuery()), directory=None, snippet=""
            )
            self.wanted = frozenset(numbers)
            reads.views.of(rows)  # so that their lineage misses none of them
            for row in rows:
                self._run(data, reads, row)
            listed = ui_runs.all_runs(reads)
            return [self._without_charts(run) for run in listed if run.id in self.wanted]

    def _finish(self, data: _Data, listed: Sequence[Any]) -> None:
        projects: dict[str, list[Any]] = {run.project: [] for run in listed}
        for run in listed:
            projects[run.project].append(run)
        self.first["projects"] = {
            "projects": [
                ui_runs.UiProject(
                    name,
                    len(runs),
                    sum(run.status == "RUNNING" for run in runs),
                    max(run.updated_at for run in runs),
                )
                for name, runs in projects.items()
            ]
        }
        self.first["runs"] = ui_runs.UiRuns(1, list(listed))
        only = listed[0]
        project = quote(only.project, safe="")
        self.first["start"] = f"/p/{project}/r/{only.id}" if len(listed) == 1 else f"/p/{project}"
        data.finish(self.first)
        title = f"{only.name} · Pluto" if len(listed) == 1 else f"{only.project} · Pluto"
        now = int(time.time() * 1000)
        page = _PAGE.format(time=now, policy=_POLICY, title=escape(title))
        (self.directory / "index.html").write_text(page, "utf-8")

    def _run(self, data: _Data, reads: Reads, row: RunRow) -> None:
        query, key = DetailsQuery(run_id=row.id), f"runs/{row.id}"
        answer = ui_runs.run(reads, query)
        names = [info for info in answer.names if info.type != "METRIC" or self._wants(info.name)]
        run = replace(self._without_charts(answer.run), sync_command=None, unsent=0)
        self.first[key] = replace(answer, run=run, names=names)
        data.add(f"{key}/story", ui_story.story(reads, query))
        data.add(f"{key}/lineage", self._lineage(reads, query))
        data.add(f"{key}/graph", ui_story.graph(reads, query))
        data.add(f"{key}/console", list(_console(reads, row.id)))
        structured = [info.name for info in names if info.type not in {"METRIC", "FILE"}]
        values = {name: _structured(reads, row.id, name) for name in structured}
        data.add(f"{key}/data", {name: points for name, points in values.items() if points})
        data.add(f"{key}/files", self._files(data, reads, row) if self.media else [])
        reader = reads.reader(row)
        for info in names:
            if info.type == "METRIC":
                self.metrics += 1
                data.add(f"series/{row.id}/{info.name}", _series(reader, info.name))

    def _lineage(self, reads: Reads, query: DetailsQuery) -> ui_lineage.Lineage:
        """Return what the page may tell: of runs that are not in it, not even the names."""
        found = ui_lineage.lineage(reads, query)
        uses = [
            each if each.run is None or each.run.id in self.wanted else replace(each, run=None)
            for each in found.uses
        ]
        used_by = [each for each in found.used_by if each.run and each.run.id in self.wanted]
        return ui_lineage.Lineage(uses, used_by, 0)

    def _wants(self, metric: str) -> bool:
        return not self.charts or any(fnmatchcase(metric, pattern) for pattern in self.charts)

    def _without_charts(self, run: Any) -> Any:
        """Leave out what the run's summary says of metrics that are not exported."""
        summary = msgspec.json.decode(msgspec.json.encode(run.summary))
        kept = {name: value for name, value in summary.items() if self._wants(name)}
        count = run.metric_count if not self.charts else len(kept)
        return replace(run, summary=kept, metric_count=count)

    def _files(self, data: _Data, reads: Reads, row: RunRow) -> list[Any]:
        """Copy the bytes of all files; return their rows as the page shows them."""
        blobs = reads.state.catalog.blobs(row.id)
        shown = ui_records.files(reads, ui_records.UiFilesQuery(run_id=row.id)).files
        rows = [file for file in reads.state.files.rows(row.id) if file.sha256]
        kept = []
        for one, file in zip(shown, rows, strict=True):
            source = blobs.path(str(file.sha256))
            if not source.is_file():
                self.missing += 1
                continue
            self.files += 1
            target = self.directory / one.url
            target.parent.mkdir(exist_ok=True)
            if not target.exists():
                shutil.copyfile(source, target)
                if _is_text(file):
                    text = source.read_text("utf-8", "replace")
                    data.add(f"text/{one.url}", text)
            # The pixels of an image that is a file may not be read, those of a data: URL may.
            masked = file.file_type == "mask"
            kept.append(replace(one, url=_data_url(source)) if masked else one)
        return kept


def _is_text(file: FileRow) -> bool:
    kind = media_type(file)
    readable = kind.startswith("text/") or kind in {"application/json", "application/yaml"}
    return readable and file.size <= MAX_TEXT


def _data_url(mask: Path) -> str:
    return f"data:image/png;base64,{base64.b64encode(mask.read_bytes()).decode()}"


def _console(reads: Reads, run_id: int) -> Iterable[Any]:
    after, more = 0, True
    while more:
        query = ui_records.ConsoleQuery(run_id=run_id, after=after, limit=ui_records.PAGE)
        page = ui_records.console(reads, query)
        yield from page.lines
        more = page.more
        after = page.lines[-1].id if page.lines else after


def _structured(reads: Reads, run_id: int, name: str) -> list[Any]:
    """Return as many values as the page shows: it asks for no more."""
    return ui_records.data(reads, ui_records.DataQuery(run_id=run_id, name=name, limit=500)).points


def _series(reader: RunReads, name: str) -> dict[str, object]:
    axes: tuple[Literal["step"], Literal["time"]] = ("step", "time")
    by_axis = {axis: reader.buckets(name, None, None, BUCKETS, axis) for axis in axes}
    downsampled = bool((by_axis["step"].count > 1).any())
    return {
        "downsampled": downsampled,
        **{axis: _columns(buckets) for axis, buckets in by_axis.items()},
    }


def _columns(buckets: Buckets) -> list[str]:
    """Return x and mean, and minimum, maximum and flags where they tell more, in base64."""
    if not buckets.flags.any() and (buckets.count == 1).all():
        return [_base64(buckets.x), _base64(buckets.mean)]
    extremes = [_base64(buckets.min), _base64(buckets.max)]
    return [_base64(buckets.x), *extremes, _base64(buckets.mean), _base64(buckets.flags)]


def _base64(column: NDArray[Any]) -> str:
    return base64.b64encode(np.ascontiguousarray(column, "<f8").tobytes()).decode()
