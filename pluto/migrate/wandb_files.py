"""wandb's own files: what it keeps of each run on the machine that trained.

`wandb/offline-run-<time>-<id>/run-<id>.wandb`, and the same in `run-<time>-<id>` of runs that were
online. wandb itself has no reader of these files that scripts may use, so they are read by their
format: a log of protobuf messages, of which the numbers below are from wandb_internal.proto.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from pluto.console_lines import LineFolder
from pluto.media.plain import to_json
from pluto.migrate.protobuf import Message
from pluto.migrate.record_files import wandb_records
from pluto.migrate.run import (
    STRING_SERIES,
    Content,
    Facts,
    Identity,
    Item,
    Line,
    Numbers,
    SourceError,
    Value,
)
from pluto.migrate.wandb_values import History, plain_summary

SOURCE: Final = "wandb"
NOBODY: Final = "-"  # in the place of the entity, where the run was begun without one
# Of Record
HISTORY, SUMMARY, OUTPUT, CONFIG, FILES, STATS, ARTIFACT = 2, 3, 4, 5, 6, 7, 8
ALERT, OUTPUT_RAW, RUN, EXIT, ENVIRONMENT = 10, 13, 17, 18, 26
_UPDATE, _REMOVE = 1, 2
_KEY, _NESTED_KEY, _VALUE_JSON = 1, 2, 16
_STDOUT: Final = 1
INTERNAL_ARTIFACTS: Final = frozenset({"run_table", "wandb-history", "job"})
_TABLE: Final = ".table.json"
_OWN_FILES: Final = ("media/", "artifact/")
_NOT_KEPT: Final = frozenset({"output.log", "wandb-summary.json", "config.yaml"})
_ENVIRONMENT_TEXTS: Final = {
    "os": 1, "python": 2, "program": 6, "host": 12, "executable": 14, "gpu": 18, "cuda": 25,
}  # fmt: skip


def runs(path: Path, project: str | None = None) -> list[WandbRun]:
    """Return the runs of all `.wandb` files at or below a path, the oldest first.

    A run that was resumed has several files.

    Args:
        path: a `.wandb` file, the directory of a run, or one above.
        project: that the runs go to; by default their own.

    Raises:
        SourceError: there are no such files.
    """
    found = [path] if path.is_file() else sorted(path.rglob("*.wandb"))
    files = dict.fromkeys(each.resolve() for each in found)  # latest-run is a link
    if not files:
        raise SourceError(f"there are no .wandb files below {path}")
    by_run: dict[str, list[Path]] = {}
    for file in sorted(files, key=lambda each: each.parent.name):
        by_run.setdefault(file.name, []).append(file)
    return [WandbRun(parts, project) for parts in by_run.values()]


class WandbRun:
    """The `.wandb` files of one run."""

    def __init__(self, files: list[Path], project: str | None) -> None:
        self._files = files
        self._run: dict[str, Any] = {}
        self._config: dict[str, Any] = {}
        self._summary: dict[str, Any] = {}
        self._environment: dict[str, Any] = {}
        self._exit: Message | None = None
        self._lost: dict[str, None] = {}
        self._samples = 0
        self._last_time = 0
        self._directory = files[0].parent
        self._history = History(self._file_of, self._lost)
        self._identity = self._first_identity(project)

    @property
    def identity(self) -> Identity:
        """`wandb::<entity>/<project>/<id>`, as runs that are exported from the service have it."""
        return self._identity

    def _first_identity(self, project: str | None) -> Identity:
        """Return what the run is called, from its first record; a broken file from its name."""
        fallback = self._files[0].stem.removeprefix("run-")
        try:
            for record in wandb_records(self._files[0]):
                message = Message(record)
                if RUN in message:
                    self._take_run(message.message(RUN))
                    break
        except SourceError:
            pass  # told when the items are read
        run = self._run
        own = run.get("project") or "uncategorized"
        key = f"{run.get('entity') or NOBODY}/{own}/{run.get('id') or fallback}"
        return Identity(SOURCE, key, project or own, run.get("name") or run.get("id") or fallback)

    def items(self) -> Iterator[tuple[str, Item]]:
        """Yield everything that was logged; the origins are the files and their consoles."""
        for file in self._files:
            self._begin(file.parent)
            folders = {error: LineFolder() for error in (False, True)}
            console = f"{file.parent.name}/console"
            for record in wandb_records(file):
                message = Message(record)
                yield from ((file.parent.name, item) for item in self._items(message))
                yield from ((console, self._noted(line)) for line in _lines(message, folders))
            if self._exit is not None:
                yield from ((console, line) for line in _last_lines(folders, self._last_time))

    def _begin(self, directory: Path) -> None:
        self._directory, self._exit = directory, None

    def _noted(self, line: Line) -> Line:
        self._last_time = max(self._last_time, line.time)
        return line

    def _items(self, message: Message) -> Iterator[Item]:
        if EXIT in message:
            self._exit = message.message(EXIT)
        for number, take in _TAKE.items():
            if number in message:
                yield from take(self, message.message(number))
        self._last_time = max(self._last_time, self._history.last)

    def _take_history(self, record: Message) -> Iterator[Item]:
        row: dict[str, Any] = {}
        for item in record.messages(1):
            _put(row, item)
        yield from self._history.items(row, record.message(2).integer(1))

    def _take_summary(self, record: Message) -> Iterator[Item]:
        _change(self._summary, record)
        yield from ()

    def _take_config(self, record: Message) -> Iterator[Item]:
        _change(self._config, record)
        yield from ()

    def _take_run(self, run: Message) -> Iterator[Item]:
        """Take what a run is called; the last record of it counts."""
        names = {
            "id": 1, "entity": 2, "project": 3, "group": 6, "job_type": 7, "name": 8, "notes": 9,
            "sweep": 12, "host": 13,
        }  # fmt: skip
        self._run |= {name: run.text(number) for name, number in names.items() if number in run}
        self._run["tags"] = run.texts(10)
        began = _time(run.message(17))
        self._run.setdefault("began", began)
        git = run.message(21)
        if 1 in git or 2 in git:
            self._run["git"] = {"remote": git.text(1), "commit": git.text(2)}
        _change(self._config, run.message(4))
        return iter(())

    def _take_stats(self, record: Message) -> Iterator[Item]:
        numbers = {
            f"sys/{item.text(1)}": float(json.loads(item.text(_VALUE_JSON)))
            for item in record.messages(3)
        }
        yield Numbers(numbers, self._samples, _time(record.message(2)), system=True)
        self._samples += 1

    def _take_files(self, record: Message) -> Iterator[Item]:
        for each in record.messages(1):
            path = each.text(1)
            if path in _NOT_KEPT or path.startswith(_OWN_FILES):
                continue
            file = self._file_of(path)
            yield Content(f"save/{path}", "ARTIFACT", file, path, *self._when, caption=path)

    def _take_artifact(self, record: Message) -> Iterator[Item]:
        kind, name = record.text(4), record.text(5)
        is_internal = kind in INTERNAL_ARTIFACTS
        manifest = record.message(12)
        entries = manifest.messages(4)
        facts: dict[str, Any] = {"name": name, "type": kind, "aliases": record.texts(11)}
        facts["metadata"] = json.loads(record.text(8) or "{}")
        facts["references"] = [each.text(3) for each in entries if each.text(3)]
        about = to_json({"artifact": {key: value for key, value in facts.items() if value}})
        stored = [each for each in entries if each.text(6)]
        if is_internal:  # of a table, that is in the history; what its cells show is only here
            stored = [each for each in stored if not each.text(1).endswith(_TABLE)]
        elif not stored and 5 in manifest:
            self._lost[f"artifact {name}: its list of files is kept apart"] = None
        for place, each in enumerate(stored):
            yield Content(
                f"artifacts/{name}",
                "ARTIFACT",
                Path(each.text(6)),
                each.text(1),
                *self._when,
                caption=each.text(1),
                annotations=None if place else about,
                place=place,
            )

    def _take_alert(self, record: Message) -> Iterator[Item]:
        text = ": ".join(filter(None, (record.text(1), record.text(2))))
        yield Value("alerts", STRING_SERIES, text, *self._when)

    def _take_environment(self, record: Message) -> Iterator[Item]:
        for name, number in _ENVIRONMENT_TEXTS.items():
            if number in record:
                self._environment[name] = record.text(number)
        if 5 in record:
            self._environment["args"] = record.texts(5)
        yield from ()

    @property
    def _when(self) -> tuple[int, int]:
        return self._history.step, self._last_time or self._run.get("began", 0)

    def _file_of(self, path: str) -> Path:
        return self._directory / "files" / path

    def facts(self) -> Facts:
        """Return config, summary and the rest; without a record of the end the run has failed."""
        run = self._run
        began = run.get("began") or self._history.first
        status, cause = _ending(self._exit)
        ended = began + self._exit.integer(2) * 1000 if self._exit is not None else 0
        config = {key: value for key, value in self._config.items() if key != "_wandb"}
        kept = ("id", "entity", "project", "group", "job_type", "sweep", "host", "git")
        config["wandb"] = {key: run[key] for key in kept if run.get(key)} | {"charts": self._charts}
        return Facts(
            created_at=began,
            finished_at=max(ended, self._last_time),
            status=status,
            cause=cause,
            config=config,
            summary=plain_summary(self._summary),
            tags=tags_of(run.get("tags") or [], run.get("group"), run.get("job_type")),
            notes=run.get("notes"),
            system_metadata={"wandb": self._environment} if self._environment else {},
            lost=list(self._lost),
        )

    @property
    def _charts(self) -> dict[str, Any]:
        """The custom charts that the run has defined."""
        own = self._config.get("_wandb")
        charts = own.get("visualize") if isinstance(own, Mapping) else None
        return dict(charts) if isinstance(charts, Mapping) else {}


def tags_of(tags: list[str], group: str | None, job_type: str | None) -> list[str]:
    """Return the tags of a run, its group and kind of job among them."""
    more = [
        f"{name}:{value}" for name, value in (("group", group), ("job_type", job_type)) if value
    ]
    return [*tags, *more]


def _ending(end: Message | None) -> tuple[str, dict[str, Any] | None]:
    if end is None:
        return "FAILED", {"reason": "no end was recorded: it crashed, or was still running"}
    code = end.integer(1)
    return ("FAILED", {"exitCode": code}) if code else ("COMPLETED", None)


_TAKE: Final[Mapping[int, Callable[[WandbRun, Message], Iterator[Item]]]] = {
    RUN: WandbRun._take_run,  # noqa: SLF001 - of this module
    HISTORY: WandbRun._take_history,  # noqa: SLF001
    SUMMARY: WandbRun._take_summary,  # noqa: SLF001
    CONFIG: WandbRun._take_config,  # noqa: SLF001
    STATS: WandbRun._take_stats,  # noqa: SLF001
    FILES: WandbRun._take_files,  # noqa: SLF001
    ARTIFACT: WandbRun._take_artifact,  # noqa: SLF001
    ALERT: WandbRun._take_alert,  # noqa: SLF001
    ENVIRONMENT: WandbRun._take_environment,  # noqa: SLF001
}


def _lines(message: Message, folders: dict[bool, LineFolder]) -> Iterator[Line]:
    """Yield the lines that a piece of the console completes."""
    for number in (OUTPUT, OUTPUT_RAW):
        if number in message:
            output = message.message(number)
            error = output.integer(1) != _STDOUT
            for text, time in folders[error].feed(output.text(3), _time(output.message(2))):
                yield Line(text, time, error)


def _last_lines(folders: dict[bool, LineFolder], time: int) -> Iterator[Line]:
    """Yield the lines of an ended run that have no end."""
    for error, folder in folders.items():
        yield from (Line(text, when, error) for text, when in folder.close(time))


def _time(timestamp: Message) -> int:
    """Return a google.protobuf.Timestamp in milliseconds."""
    return timestamp.integer(1) * 1000 + timestamp.integer(2) // 1_000_000


def _path_of(item: Message) -> list[str]:
    return item.texts(_NESTED_KEY) or [item.text(_KEY)]


def _put(target: dict[str, Any], item: Message) -> None:
    """Set the value of an item under its nested name."""
    *above, last = _path_of(item)
    for key in above:
        inner = target.get(key)
        if not isinstance(inner, dict):
            inner = target[key] = {}
        target = inner
    try:
        target[last] = json.loads(item.text(_VALUE_JSON))
    except ValueError as error:
        raise SourceError(f"the value of {last} is no JSON: {error}") from error


def _change(target: dict[str, Any], record: Message) -> None:
    """Apply the changes of a config or summary record."""
    for item in record.messages(_UPDATE):
        _put(target, item)
    for item in record.messages(_REMOVE):
        *above, last = _path_of(item)
        place: Any = target
        for key in above:
            place = place.get(key) if isinstance(place, dict) else None
        if isinstance(place, dict):
            place.pop(last, None)
