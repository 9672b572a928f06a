"""The attributes of a run by the rules of neptune 1.x: each path has one type."""

from __future__ import annotations

import glob
import hashlib
import os
from argparse import Namespace
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pluto
from pluto.compat import neptune_client_errors as errors
from pluto.compat import neptune_client_types as types
from pluto.compat.neptune_reading import (
    FILE,
    FILES,
    FLOATS,
    GROUP,
    SERIES,
    SETS,
    STRINGS,
    kind_of_single,
)
from pluto.compat.neptune_recording import OWN, Recording
from pluto.compat.neptune_removal import Removal, Removals
from pluto.compat.neptune_values import flattened, notices, stored

FILE_SET: Final = "file_set"
ARTIFACT: Final = "artifact"
TAGS: Final = "sys/tags"
GROUP_TAGS: Final = "sys/group_tags"


class Attributes:
    """What is known of the attributes of a run that is being written.

    Args:
        recording: logs the series.
        kinds: types by path, of what an earlier process has written.
        values: its single values.
        removed: what it has taken back, by path.

    Attributes:
        kinds: types by path.
        values: single values and sets by path, and the last values of series.
    """

    def __init__(
        self,
        recording: Recording,
        kinds: Mapping[str, str],
        values: Mapping[str, Any],
        removed: Mapping[str, Removal],
    ) -> None:
        self._removals = Removals(recording, removed)
        self.kinds = dict(kinds)
        self.values = dict(values)
        self._recording = recording
        self._op = recording.op

    def assign(self, path: str, value: Any) -> None:
        """Set an attribute, or those below a path from a mapping; a series begins anew."""
        if isinstance(value, Namespace):
            value = vars(value)
        if isinstance(value, Mapping):
            for inner, item in value.items():
                self.assign(f"{path}/{inner}", item)
            return
        for kind, write in self._writers():
            if isinstance(value, kind):
                write(path, value)
                return
        if types.File.is_convertable(value) and stored(value) is None:
            self.upload(path, value)
        else:
            self._set(path, value)

    def append(
        self,
        path: str,
        values: Sequence[Any],
        steps: Any = None,
        timestamps: Any = None,
        caption: str | None = None,
    ) -> None:
        """Add values to a series, which their first one makes what it is.

        Pictures and files are shown with the caption.

        Raises:
            NeptuneUserApiInputException: there are more or fewer steps or times than values.
            MetadataInconsistency: the attribute is no series, or a value does not belong in it.
        """
        for name, given in (("steps", steps), ("timestamps", timestamps)):
            if given is not None and len(given) != len(values):
                raise errors.NeptuneUserApiInputException(
                    f"there are {len(given)} {name} for {len(values)} values of {path!r}"
                )
        for index, value in enumerate(values):
            step = None if steps is None else steps[index]
            seconds = None if timestamps is None else _seconds(timestamps[index])
            self._append(path, value, step, seconds, caption)

    def extend(self, path: str, values: Any, steps: Any = None, timestamps: Any = None) -> None:
        """Add values to a series, or to those below a path from nested mappings of lists."""
        if isinstance(values, Mapping):
            for inner, items in values.items():
                self.extend(f"{path}/{inner}", items, steps, timestamps)
        else:
            self.append(path, list(values), steps, timestamps)

    def add(self, path: str, values: str | Iterable[str], *, remove: bool = False) -> None:
        """Add texts to a set, or remove them.

        Raises:
            TypeDoesNotSupportAttributeException: it is no set.
        """
        words = {values} if isinstance(values, str) else set(map(str, values))
        if self.kinds.get(path, SETS) != SETS:
            raise errors.TypeDoesNotSupportAttributeException(
                f"{path!r} is a {self.kinds[path]}, not a set of texts"
            )
        present = set(self.values.get(path, ()))
        self._keep_set(path, present - words if remove else present | words)

    def clear(self, path: str) -> None:
        """Empty a set, or a series or the files of a set: what they held counts no longer.

        Raises:
            TypeDoesNotSupportAttributeException: it is a single value.
        """
        kind = self.kinds.get(path)
        if kind == SETS:
            self._keep_set(path, set())
        elif kind in (*SERIES, FILE, FILE_SET):
            self.values.pop(path, None)
            self._removals.remove(path, is_series=kind in SERIES)
        elif kind is not None:
            raise errors.TypeDoesNotSupportAttributeException(f"{path!r} is a {kind}: no set")

    def delete_files(self, path: str, names: str | Iterable[str]) -> None:
        """Take files out of a set, by their names, or all in a folder of it.

        Raises:
            TypeDoesNotSupportAttributeException: it is no set of files.
        """
        if self.kinds.get(path) not in (FILE, FILE_SET):
            raise errors.TypeDoesNotSupportAttributeException(f"{path!r} is no set of files")
        self._removals.remove_files(path, [names] if isinstance(names, str) else names)

    def upload(self, path: str, value: Any) -> None:
        """Keep a file: a path, a `File`, or what can be made one.

        Raises:
            FileNotFound: there is no file at the path.
            TypeError: it cannot be made a file.
        """
        file = value if isinstance(value, types.File) else types.File.create_from(value)
        self._check(path, FILE, (FILE, FILES))
        try:
            media = file.to_pluto()
        except FileNotFoundError as error:
            raise errors.FileNotFound(str(error)) from error
        self.kinds[path] = FILE
        self._removals.note(path)
        self._op.log({path: media}, step=self._op.step)

    def upload_files(self, path: str, patterns: str | Iterable[str]) -> None:
        """Keep the files that match patterns, with their names."""
        names = [patterns] if isinstance(patterns, str) else [os.fspath(each) for each in patterns]
        found = sorted(set(_matching(names)))
        if not found:
            notices.warn(("glob", path), "%r: no files match %s", path, ", ".join(names))
            return
        artifact = pluto.Artifact()
        for file in found:
            artifact.add_file(file, os.path.relpath(file) if _is_below(file) else Path(file).name)
        self.kinds[path] = FILE_SET
        self._removals.note(path)
        self._op.log({path: artifact}, step=self._op.step)

    def track_files(self, path: str, location: str, destination: str | None = None) -> None:
        """Keep the digest and the list of files, not the files themselves."""
        place = location.removeprefix("file://")
        files = sorted(_matching([place]))
        rows = [_tracked(file, place, destination) for file in files] or [[location, None, None]]
        text = "\n".join(f"{name} {digest}" for name, _, digest in rows)
        digest = hashlib.sha256(text.encode()).hexdigest()
        self.kinds[path], self.values[path] = ARTIFACT, digest
        self._op.update_config({path: digest})
        self._op.log(
            {f"{path}/files": pluto.Table(rows, columns=["path", "bytes", "sha256"])},
            step=self._op.step,
        )

    def pop(self, path: str) -> None:
        """Take a value, a series or a file back, or all below a path: they count no longer.

        Raises:
            MetadataInconsistency: there is none.
        """
        below = [each for each in self.kinds if each == path or each.startswith(f"{path}/")]
        if not below:
            raise errors.MetadataInconsistency(f"there is no attribute {path!r} to delete")
        for each in below:
            kind = self.kinds.pop(each)
            self.values.pop(each, None)
            if kind in (*SERIES, FILE, FILE_SET):
                self._removals.remove(each, is_series=kind in SERIES)
            else:
                self._op.update_config({each: None})

    def _writers(self) -> tuple[tuple[Any, Callable[[str, Any], None]], ...]:
        return (
            (types.File, self.upload),
            (types.FileSet, lambda path, files: self.upload_files(path, files.file_globs)),
            (types.StringSet, lambda path, words: self._keep_set(path, words.values)),
            (
                (types.FloatSeries, types.StringSeries, types.FileSeries),
                self._begin_anew,
            ),
            (_ATOMS, lambda path, atom: self._set(path, atom.value)),
            (types.GitRef, lambda _path, _ref: None),
        )

    def _begin_anew(self, path: str, series: Any) -> None:
        if self.kinds.get(path) in SERIES:
            self.clear(path)
        self.append(path, series.values, series.steps, series.timestamps)

    def _set(self, path: str, value: Any) -> None:
        value = _plain(value)
        if stored(value) is None or isinstance(value, (list, tuple, set)):
            notices.warn(
                ("set", path),
                "%r was not stored: %s is no single value; use stringify_unsupported()",
                path,
                type(value).__name__,
            )
            return
        kind = kind_of_single(value)
        is_single = self.kinds.get(path) not in (*SERIES, SETS, FILE, FILE_SET)
        self._check(path, kind, (self.kinds.get(path, kind),) if is_single else ())
        self.kinds[path], self.values[path] = kind, value
        self._keep_single(path, value)

    def _keep_single(self, path: str, value: Any) -> None:
        if path == "sys/name":
            self._op.rename(str(value))
        elif path == "sys/description":
            self._op.set_notes(str(value))
            self._op.update_config({OWN: {"description": str(value)}})
        else:
            self._op.update_config({path: stored(value)})

    def _keep_set(self, path: str, words: set[str]) -> None:
        before = set(self.values.get(path, ()))
        self.kinds[path], self.values[path] = SETS, set(words)
        if path in (TAGS, GROUP_TAGS):
            prefix = GROUP if path == GROUP_TAGS else ""
            self._op.add_tags(sorted(prefix + word for word in words - before))
            self._op.remove_tags(sorted(prefix + word for word in before - words))
        else:
            self._op.update_config({path: stored(words)})

    def _append(
        self, path: str, value: Any, step: Any, seconds: float | None, caption: str | None
    ) -> None:
        value = _plain(value)
        if isinstance(value, Mapping):
            for inner, item in flattened(value):
                self._append(f"{path}/{inner}", item, step, seconds, caption)
            return
        kind = _kind_in_series(value)
        if kind is None:
            notices.warn(("append", path), "%r: %s is not in a series", path, type(value).__name__)
            return
        self._check(path, kind, (kind,))
        self.kinds[path], self.values[path] = kind, value
        if kind == FILES:
            value = value if isinstance(value, types.File) else types.File.create_from(value)
            value = value.to_pluto(caption)
        self._removals.note(path)
        self._recording.log({path: value}, step, seconds)

    def _check(self, path: str, kind: str, allowed: Collection[str]) -> None:
        known = self.kinds.get(path)
        if known is not None and known not in allowed:
            raise errors.MetadataInconsistency(f"{path!r} is a {known}: a {kind} does not fit")


_ATOMS: Final = (
    types.Integer,
    types.Float,
    types.Boolean,
    types.String,
    types.Datetime,
    types.Artifact,
)


def _kind_in_series(value: Any) -> str | None:
    if isinstance(value, str):
        return STRINGS
    if isinstance(value, (bool, int, float)):
        return FLOATS
    is_file = isinstance(value, types.File) or types.File.is_convertable(value)
    return FILES if is_file else None


def _plain(value: Any) -> Any:
    """Return a scalar of numpy or torch as a number."""
    is_scalar = hasattr(value, "item") and not getattr(value, "shape", None)
    return value.item() if is_scalar else value


def _seconds(moment: Any) -> float:
    return moment.timestamp() if isinstance(moment, datetime) else float(moment)


def _matching(patterns: Iterable[str]) -> Iterator[str]:
    """Yield the files that patterns and directories name."""
    for pattern in patterns:
        for found in glob.glob(os.path.expanduser(pattern), recursive=True):
            inner = Path(found).rglob("*") if os.path.isdir(found) else [Path(found)]
            yield from (os.path.abspath(file) for file in inner if file.is_file())


def _is_below(file: str) -> bool:
    return not os.path.relpath(file).startswith(os.pardir)


def _tracked(file: str, place: str, destination: str | None) -> list[Any]:
    """Return the name, the size and the digest of a tracked file."""
    root = place if os.path.isdir(place) else os.path.dirname(os.path.abspath(place))
    name = os.path.relpath(file, root)
    content = hashlib.sha256()
    with open(file, "rb") as opened:
        while block := opened.read(1 << 20):
            content.update(block)
    named = f"{destination.rstrip('/')}/{name}" if destination else name
    return [named, os.path.getsize(file), content.hexdigest()]
