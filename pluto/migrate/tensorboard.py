"""TensorBoard: each directory with event files is a run.

Read without TensorBoard: the format is TFRecord files of the message `Event`
(https://github.com/tensorflow/tensorboard/blob/master/tensorboard/compat/proto/event.proto).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from pluto.migrate.protobuf import Message
from pluto.migrate.record_files import tf_records
from pluto.migrate.run import Facts, Identity, Item, Numbers, SourceError
from pluto.migrate.steps import Placing
from pluto.migrate.tensorboard_values import HPARAMS_START, Hyperparameters, Values, scalar_of

SOURCE: Final = "tensorboard"
_FILES: Final = "*tfevents*"
_WALL_TIME, _STEP, _SUMMARY, _VALUE, _TAG = 1, 2, 5, 1, 1


def runs(path: Path, project: str | None = None) -> list[TensorBoardRun]:
    """Return the runs at and below a directory, or of one event file.

    What a writer puts into directories of their own belongs to the run above: the curves of
    `add_scalars("rates", {"body": …})`, as `rates/body`, and the hyperparameters of `add_hparams`.

    Args:
        path: a directory or an event file.
        project: that the runs go to; by default it is named after the directory.

    Raises:
        SourceError: there are no event files.
    """
    files = [path] if path.is_file() else sorted(path.rglob(_FILES))
    directories: dict[Path, list[Path]] = {}
    for file in files:
        directories.setdefault(file.resolve().parent, []).append(file.resolve())
    if not directories:
        raise SourceError(f"there are no event files (*tfevents*) below {path}")
    top = path.resolve()
    root = top.parent if top in directories else top
    if path.is_file():
        root = top.parent.parent
    found: dict[Path, TensorBoardRun] = {}
    for directory in sorted(directories, key=lambda each: len(each.parts)):
        part = _Part(directory, directories[directory])
        above = next((found[each] for each in directory.parents if each in found), None)
        if above is None or not above.adopt(part):
            found[directory] = TensorBoardRun(part, root, project or root.name or SOURCE)
    return list(found.values())


@dataclass
class _Part:
    """A directory with event files, and what each of its tags is called."""

    directory: Path
    files: list[Path]
    prefix: str | None = None
    suffix: str = ""
    tags: dict[str, list[int]] = field(default_factory=dict)
    _is_read: bool = False

    def scan(self) -> dict[str, list[int]]:
        """Return the steps of each scalar; other tags have none."""
        if not self._is_read:
            for _, event in self.events():
                for value in event.message(_SUMMARY).messages(_VALUE):
                    steps = self.tags.setdefault(value.text(_TAG), [])
                    if scalar_of(value) is not None:
                        steps.append(event.integer(_STEP))
            self._is_read = True
        return self.tags

    def events(self) -> Iterator[tuple[Path, Message]]:
        for file in self.files:
            for record in tf_records(file):
                yield file, Message(record)

    def name(self, tag: str) -> str:
        return f"{tag}/{self.suffix}" if self.suffix else tag


class TensorBoardRun:
    """The event files of a directory."""

    def __init__(self, part: _Part, root: Path, project: str) -> None:
        self._parts = [part]
        self._root = part.directory
        first = part.files[0]
        key = "/".join((*part.directory.parts[-2:], first.name))
        name = part.directory.relative_to(root).as_posix()
        self._identity = Identity(SOURCE, key, project, name)
        self._hyperparameters = Hyperparameters()
        self._times: list[int] = []
        self._lost: dict[str, None] = {}

    @property
    def identity(self) -> Identity:
        """Named by its directory and its first file, whose name has its time and machine."""
        return self._identity

    def adopt(self, part: _Part) -> bool:
        """Take what the writer of this run has put into a directory of its own."""
        place = part.directory.relative_to(self._root).as_posix()
        tags = [tag for tag in part.scan() if not tag.startswith("_hparams_/")]
        if HPARAMS_START in part.tags and _is_time(place):
            self._parts.append(part)
            return True
        if len(part.tags) != 1 or len(tags) != 1:
            return False
        for begin in (f"{tags[0].replace('/', '_')}_", f"{tags[0]}/"):
            if place.startswith(begin) and len(place) > len(begin):
                part.suffix = place[len(begin) :]
                self._parts.append(part)
                return True
        return False

    def items(self) -> Iterator[tuple[str, Item]]:
        """Yield everything that was logged; the origin is the event file."""
        for part in self._parts:
            places = {
                tag: Placing(SOURCE, part.name(tag), steps) for tag, steps in part.scan().items()
            }
            values = Values(self._hyperparameters, self._lost)
            for file, event in part.events():
                origin = file.relative_to(self._root).as_posix()
                time = round(event.double(_WALL_TIME) * 1000)
                self._times.append(time) if len(self._times) < 2 else self._note(time)
                for item in self._event(part, event, time, places, values):
                    yield origin, item

    def _note(self, time: int) -> None:
        self._times = [min(*self._times, time), max(*self._times, time)]

    def _event(
        self, part: _Part, event: Message, time: int, places: dict[str, Placing], values: Values
    ) -> Iterator[Item]:
        step = event.integer(_STEP)
        yield from values.of_event(event, time)
        for value in event.message(_SUMMARY).messages(_VALUE):
            tag = value.text(_TAG)
            number = scalar_of(value)
            if number is None:
                yield from values.of_value(part.name(tag), value, max(step, 0), time)
                continue
            place, row = places[tag].put(number, step)
            yield Numbers(row, place, time)

    def facts(self) -> Facts:
        """Return the hyperparameters as the config, and the first and last of the times."""
        found: dict[str, Any] = {"config": self._hyperparameters.values}
        if self._hyperparameters.failed:
            found |= {"status": "FAILED", "cause": {"reason": "the session ended with a failure"}}
        first, last = (min(self._times), max(self._times)) if self._times else (0, 0)
        return Facts(created_at=first, finished_at=last, lost=list(self._lost), **found)


def _is_time(place: str) -> bool:
    try:
        return float(place) > 0
    except ValueError:
        return False
