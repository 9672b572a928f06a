"""What a value in an event file is: its plugin decides, or its field in older files."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterator
from typing import Any, Final

from pluto.data import Histogram, Table
from pluto.errors import UsageError
from pluto.media.naming import extension_from_content
from pluto.migrate.protobuf import Message
from pluto.migrate.run import STRING_SERIES, Content, Item, Value

HPARAMS_START: Final = "_hparams_/session_start_info"
_GRAPH: Final = 4
# Of Summary.Value
_TAG, _SIMPLE, _IMAGE, _HISTO, _AUDIO, _TENSOR, _METADATA = 1, 2, 4, 5, 6, 8, 9
# Of TensorProto
_DTYPE, _SHAPE, _CONTENT, _FLOATS, _DOUBLES, _STRINGS = 1, 2, 4, 5, 6, 8
_FORMS: Final = {1: "f", 2: "d", 3: "i", 9: "q"}  # DataType -> struct
_PR_ROWS: Final = ("TP", "FP", "TN", "FN", "precision", "recall")
_TEXT_SUFFIX: Final = "/text_summary"  # which writers add to the tag
_FAILURE: Final = 3


def scalar_of(value: Message) -> float | None:
    """Return the number in a value; None if it is something else.

    Writers of TensorFlow 2 put it into a tensor, whose plugin is named by the first value of a
    tag at least.
    """
    if _SIMPLE in value:
        return value.single(_SIMPLE)
    if _TENSOR not in value or _plugin(value) not in ("scalars", ""):
        return None
    tensor = value.message(_TENSOR)
    numbers = None if tensor.message(_SHAPE).messages(2) else numbers_of(tensor)
    return numbers[0] if numbers and len(numbers) == 1 else None


def numbers_of(tensor: Message) -> list[float] | None:
    """Return the numbers of a tensor in order; None if they are of another type."""
    form = _FORMS.get(tensor.integer(_DTYPE))
    if form is None:
        return None
    content = tensor.blob(_CONTENT)
    if content:
        return [float(each) for (each,) in struct.iter_unpack(f"<{form}", content)]
    if _DOUBLES in tensor:
        return tensor.doubles(_DOUBLES)
    pieces = b"".join(tensor.blobs(_FLOATS))
    return [float(each) for (each,) in struct.iter_unpack("<f", pieces)]


class Hyperparameters:
    """What the plugin of hyperparameters was told (plugins/hparams/plugin_data.proto)."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.failed = False

    def take(self, content: bytes) -> None:
        """Take one of its messages: the start or the end of a session, or the experiment."""
        message = Message(content)
        for entry in message.message(3).messages(1):
            self.values[entry.text(1)] = _plain(entry.message(2))
        if message.message(4).integer(1) == _FAILURE:
            self.failed = True


class Values:
    """Turns what is no number into items.

    Args:
        hyperparameters: take what was said of them.
        lost: gets what cannot be taken over.
    """

    def __init__(self, hyperparameters: Hyperparameters, lost: dict[str, None]) -> None:
        self._hyperparameters = hyperparameters
        self._lost = lost
        self._plugins: dict[str, str] = {}

    def of_event(self, event: Message, time: int) -> Iterator[Item]:
        """Yield what an event has besides its values: the graph of the model."""
        graph = event.blob(_GRAPH)
        if graph:
            yield Content("graph", "FILE", graph, "graph.pb", 0, time)

    def of_value(self, name: str, value: Message, step: int, time: int) -> Iterator[Item]:
        """Yield what a value is that is no number."""
        tag = value.text(_TAG)
        plugin = self._plugins.setdefault(tag, _plugin(value)) or self._plugins[tag]
        if plugin == "hparams":
            self._hyperparameters.take(value.message(_METADATA).message(1).blob(2))
            return
        kind = next((field for field in (_IMAGE, _HISTO, _AUDIO) if field in value), None)
        convert = _BY_FIELD.get(kind) if kind else _BY_PLUGIN.get(plugin)
        try:
            if convert is None:
                raise UsageError(f"values of the plugin {plugin or 'without a name'}")  # noqa: TRY301
            yield from convert(name, value, step, time)
        except (UsageError, struct.error, IndexError) as error:
            self._lost[f"{name}: {error}"] = None


def _plugin(value: Message) -> str:
    return value.message(_METADATA).message(1).text(1)


def _plain(value: Message) -> Any:
    """Return a google.protobuf.Value: null 1, number 2, string 3, bool 4."""
    if 2 in value:
        return value.double(2)
    if 3 in value:
        return value.text(3)
    return bool(value.integer(4)) if 4 in value else None


_Items = Iterator[Value | Content]


def _picture(name: str, body: bytes, step: int, time: int, place: int = 0) -> Content:
    extension = extension_from_content(body, ".png")
    return Content(name, "IMAGE", body, f"{name}{extension}", step, time, place=place)


def _image(name: str, value: Message, step: int, time: int) -> _Items:
    yield _picture(name, value.message(_IMAGE).blob(4), step, time)


def _images(name: str, value: Message, step: int, time: int) -> _Items:
    """Yield the pictures of a tensor: width and height as texts, then each as PNG."""
    for index, body in enumerate(value.message(_TENSOR).blobs(_STRINGS)[2:]):
        yield _picture(name, body, step, time, index)


def _sound(name: str, value: Message, step: int, time: int) -> _Items:
    body = value.message(_AUDIO).blob(4)
    yield Content(name, "AUDIO", body, f"{name}.wav", step, time)


def _sounds(name: str, value: Message, step: int, time: int) -> _Items:
    """Yield the sounds of a tensor: pairs of a WAV file and its label."""
    tensor = value.message(_TENSOR)
    width = [size.integer(1) for size in tensor.message(_SHAPE).messages(2)]
    strings = tensor.blobs(_STRINGS)
    pairs = 2 if len(width) == 2 and width[1] == 2 else 1
    for index, body in enumerate(strings[::pairs]):
        yield Content(name, "AUDIO", body, f"{name}.wav", step, time, place=index)


def _texts(name: str, value: Message, step: int, time: int) -> _Items:
    strings = value.message(_TENSOR).blobs(_STRINGS)
    text = "\n".join(body.decode("utf-8", "replace") for body in strings)
    yield Value(name.removesuffix(_TEXT_SUFFIX), STRING_SERIES, text, step, time)


def _histogram(name: str, value: Message, step: int, time: int) -> _Items:
    """Yield a HistogramProto: min 1, max 2, upper limits of the buckets 6, their counts 7."""
    histogram = value.message(_HISTO)
    low, high = histogram.double(1), histogram.double(2)
    buckets = list(zip(histogram.doubles(6), histogram.doubles(7), strict=True))
    yield _counted(name, _with_left_edges(buckets, low, high), step, time)


def _with_left_edges(
    buckets: list[tuple[float, float]], low: float, high: float
) -> list[tuple[float, float, float]]:
    """Return (left, right, count) between the least and the greatest value that was counted."""
    found, left = [], -math.inf
    for right, count in buckets:
        if count:
            found.append((max(left, min(low, right)), min(right, max(high, left)), count))
        left = right
    return found


def _histograms(name: str, value: Message, step: int, time: int) -> _Items:
    """Yield a tensor of rows left, right, count."""
    numbers = numbers_of(value.message(_TENSOR)) or []
    rows = list(zip(numbers[::3], numbers[1::3], numbers[2::3], strict=True))
    yield _counted(name, [row for row in rows if row[2]], step, time)


def _counted(name: str, rows: list[tuple[float, float, float]], step: int, time: int) -> Value:
    counts: list[float] = []
    edges: list[float] = []
    for left, right, count in rows:
        wide = right if right > left else math.nextafter(left, math.inf)
        if not edges:
            edges.append(left)
        elif left > edges[-1]:
            counts.append(0)
            edges.append(left)
        counts.append(count)
        edges.append(max(wide, math.nextafter(edges[-1], math.inf)))
    if not counts:
        return Value(name, "HISTOGRAM", Histogram([]).to_json(), step, time)
    if len(counts) == 1 and edges[1] - edges[0] < 1e-9:  # one number, many times
        return Value(name, "HISTOGRAM", _of_one_number(edges[0], counts[0]), step, time)
    return Value(name, "HISTOGRAM", Histogram((counts, edges)).to_json(), step, time)


def _of_one_number(number: float, count: float) -> str:
    return Histogram(([count], [number - 0.5, number + 0.5])).to_json()


def _curve(name: str, value: Message, step: int, time: int) -> _Items:
    numbers = numbers_of(value.message(_TENSOR)) or []
    width = len(numbers) // len(_PR_ROWS)
    columns = {row: numbers[place * width :][:width] for place, row in enumerate(_PR_ROWS)}
    yield Value(name, "TABLE", Table(columns).to_json(), step, time)


_Convert = Callable[[str, Message, int, int], _Items]
_BY_FIELD: Final[dict[int, _Convert]] = {_IMAGE: _image, _HISTO: _histogram, _AUDIO: _sound}
_BY_PLUGIN: Final[dict[str, _Convert]] = {
    "images": _images,
    "audio": _sounds,
    "text": _texts,
    "histograms": _histograms,
    "pr_curves": _curve,
}
