"""What the values in a history of wandb are: numbers, texts, and media by their `_type`.

The forms are those of wandb's history, in its `.wandb` files and in its public API alike.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from pluto.data import Histogram, Table
from pluto.errors import UsageError
from pluto.media.plain import to_json
from pluto.migrate.run import STRING_SERIES, Content, Item, Numbers, SourceError, Value

OWN_COLUMNS: Final = frozenset({"_step", "_timestamp", "_runtime", "_wandb"})
MOST_LISTED: Final = 64  # longer lists of numbers become a histogram
_WORDS: Final = frozenset({"NaN", "Infinity", "-Infinity"})

FileOf = Callable[[str], Path]
"""Gives the place of a file that a run names, such as `media/images/x.png`."""

_LOG_TYPES: Final[Mapping[str, str]] = {
    "image-file": "IMAGE",
    "images/separated": "IMAGE",
    "images": "IMAGE",
    "audio-file": "AUDIO",
    "audio": "AUDIO",
    "video-file": "VIDEO",
    "videos": "VIDEO",
}


class History:
    """Turns rows of a history into items.

    Args:
        file_of: gives the place of a file.
        lost: gets what cannot be taken over.

    Attributes:
        first, last: times of the rows, in milliseconds; 0 if there are none.
        step: of the last row.
    """

    def __init__(self, file_of: FileOf, lost: dict[str, None]) -> None:
        self._file_of = file_of
        self._lost = lost
        self.first = self.last = self.step = 0

    def items(self, row: Mapping[str, Any], step: int | None = None) -> Iterator[Item]:
        """Yield what a row has; nested names get a dot, as wandb shows them.

        Args:
            row: of the history; values that are None are nothing.
            step: of the row, unless it has `_step`.
        """
        self.step = int(row.get("_step", self.step + 1 if step is None else step))
        self.last = round(float(row.get("_timestamp") or 0) * 1000) or self.last
        self.first = self.first or self.last
        numbers: dict[str, float] = {}
        others: list[Item] = []
        for name, value in row.items():
            if name not in OWN_COLUMNS:
                self._sort(name, value, numbers, others)
        if numbers:
            yield Numbers(numbers, self.step, self.last)
        yield from others

    def _sort(self, name: str, value: Any, numbers: dict[str, float], others: list[Item]) -> None:
        if value is None:
            return
        number = number_of(value)
        if number is not None:
            numbers[name] = number
        elif isinstance(value, str):
            others.append(Value(name, STRING_SERIES, value, self.step, self.last))
        elif isinstance(value, Mapping) and "_type" in value:
            others += self._typed(name, value)
        elif isinstance(value, Mapping):
            for key, item in value.items():
                self._sort(f"{name}.{key}", item, numbers, others)
        elif isinstance(value, Sequence):
            self._listed(name, value, numbers, others)
        else:
            self._lost[f"{name}: a value of the type {type(value).__name__}"] = None

    def _listed(
        self, name: str, value: Sequence[Any], numbers: dict[str, float], others: list[Item]
    ) -> None:
        found = [number_of(item) for item in value]
        if len(value) > MOST_LISTED and None not in found:
            others.append(Value(name, "HISTOGRAM", Histogram(found).to_json(), *self._when))
            return
        for place, item in enumerate(value):
            is_media = isinstance(item, Mapping) and "_type" in item
            self._sort(name if is_media else f"{name}/{place}", item, numbers, others)

    @property
    def _when(self) -> tuple[int, int]:
        return self.step, self.last

    def _typed(self, name: str, value: Mapping[str, Any]) -> list[Item]:
        """Return what a value with a `_type` is; what cannot be read is noted as lost."""
        kind = value["_type"]
        try:
            if kind == "histogram":
                return [Value(name, "HISTOGRAM", _histogram(value), *self._when)]
            if kind == "table-file":
                return [Value(name, "TABLE", self._table(value["path"]), *self._when)]
            if kind == "table":
                table = Table(value.get("data"), columns=value.get("columns") or ())
                return [Value(name, "TABLE", table.to_json(), *self._when)]
            return list(self._files(name, kind, value))
        except (KeyError, TypeError, ValueError, OSError, SourceError) as error:
            self._lost[f"{name} ({kind}): {error}"] = None
            return []

    def _table(self, path: str) -> str:
        document = json.loads(self._file_of(path).read_text("utf-8"))
        return Table(document["data"], columns=document["columns"]).to_json()

    def _files(self, name: str, kind: str, value: Mapping[str, Any]) -> Iterator[Content]:
        parts = _parts(kind, value)
        if not parts:
            raise SourceError("it names no file")
        for place, part in enumerate(parts):
            path = part["path"]
            yield Content(
                name,
                _LOG_TYPES.get(kind, "FILE"),
                self._file_of(path),
                path,
                *self._when,
                caption=part.get("caption"),
                annotations=self._boxes(part.get("boxes")),
                place=place,
            )
            for layer, mask in (part.get("masks") or {}).items():
                where = self._file_of(mask["path"])
                yield Content(f"{name}/masks/{layer}", "IMAGE", where, mask["path"], *self._when)

    def _boxes(self, layers: Mapping[str, Any] | None) -> str | None:
        """Return the boxes over a picture in the form of `pluto.Image`."""
        if not layers:
            return None
        read = {
            layer: json.loads(self._file_of(boxes["path"]).read_text("utf-8"))
            for layer, boxes in layers.items()
        }
        for boxes in read.values():
            for box in boxes.get("box_data", ()):
                box.setdefault("domain", "fraction")  # as wandb takes them
        return to_json({"boxes": read})


def number_of(value: Any) -> float | None:
    """Return a number, also one that JSON cannot carry and that stands there as a word."""
    if isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, str) and value in _WORDS:
        return float(value)
    return None


def plain_summary(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the numbers and texts of a summary under one name each; media are left out.

    Example:
        >>> plain_summary({"acc": {"max": 0.9}, "_step": 5, "phase": "end"})
        {'acc.max': 0.9, 'phase': 'end'}
    """
    found: dict[str, Any] = {}
    for name, value in values.items():
        if name in OWN_COLUMNS or name.startswith("_"):
            continue
        number = number_of(value)
        if number is not None:
            found[name] = value if not isinstance(value, str) else number
        elif isinstance(value, str):
            found[name] = value
        elif isinstance(value, Mapping) and "_type" not in value:
            inner = {f"{name}.{key}": item for key, item in value.items() if key != "_type"}
            found.update(plain_summary(inner))
    return found


def _histogram(value: Mapping[str, Any]) -> str:
    counts = value.get("values") or []
    packed = value.get("packedBins")
    edges = value.get("bins")
    if packed:
        width, low = float(packed["size"]), float(packed["min"])
        edges = [low + width * place for place in range(int(packed["count"]) + 1)]
    if not counts:
        return Histogram([]).to_json()
    try:
        return Histogram((counts, edges)).to_json()
    except UsageError:  # counts that are weights, or edges that do not rise
        if not all(math.isfinite(each) for each in [*counts, *(edges or [])]):
            raise
        return Histogram(([round(each) for each in counts], edges)).to_json()


def _parts(kind: str, value: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the files that a value names, as mappings with `path` and what belongs to it."""
    if kind != "images/separated":
        listed = next((value[key] for key in ("audio", "videos", "html") if key in value), None)
        return [dict(each) for each in listed] if isinstance(listed, list) else _single(value)
    parts = [{"path": path} for path in value["filenames"]]
    for key, inner in (("captions", "caption"), ("all_boxes", "boxes"), ("all_masks", "masks")):
        given = value.get(key)
        if isinstance(given, list):
            for part, item in zip(parts, given, strict=False):
                part[inner] = item
    return parts


def _single(value: Mapping[str, Any]) -> list[dict[str, Any]]:
    if isinstance(value.get("path"), str):
        return [dict(value)]
    return []
