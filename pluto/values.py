"""Whatever the user logs, sorted into numbers, texts, structured data and media."""

from __future__ import annotations

import math
import operator
import sys
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

from pluto.errors import UsageError
from pluto.names import clean_key

if TYPE_CHECKING:
    from pluto.data import Data  # a value of these types brings its module along
    from pluto.file import File

MAX_STEP: Final = 2**63 - 1
MAX_NUMBERS_IN_A_LIST: Final = 64
MAX_DEPTH: Final = 32
_PLAIN: Final = frozenset((bool, int, float, str, dict, list, tuple, type(None)))


class Sorted:
    """What one call of `log` holds, by where it goes.

    `refused` has (key, reason) of everything that cannot be stored.
    """

    def __init__(self) -> None:
        self.numbers: dict[str, float] = {}
        self.texts: dict[str, str] = {}
        self.data: list[tuple[str, Data]] = []
        self.files: list[tuple[str, File, int]] = []
        self.refused: list[tuple[str, str]] = []


def sort_values(data: Mapping[Any, Any]) -> Sorted:
    """Sort what the user logged; nested mappings are flattened with `/`.

    Numbers are Python's, numpy's, bools (as 0 and 1), any array or tensor of one element, and all
    that `float()` takes, such as `Decimal`. Texts become a string series. A list of media keeps
    its order under one name; a list of 2 to 64 numbers becomes `name/0`, `name/1`, and so on, a
    list of one is that one.
    What pluto.Image, Plotly or Table is made of (figures, Pillow images, data frames) becomes one.

    Example:
        >>> sort_values({"train": {"loss": 0.5, "ok": True}}).numbers
        {'train/loss': 0.5, 'train/ok': 1.0}
    """
    found = Sorted()
    for key, value in data.items():
        _sort(found, clean_key(key), value, 0)
    return found


def _sort(found: Sorted, key: str, value: Any, depth: int) -> None:
    try:
        value = _as_media(value)
        for is_kind, convert in _CONVERTERS:
            if is_kind(value):
                convert(found, key, value, depth)
                return
        number = _as_number(value)
        if number is None:
            found.refused.append((key, _why_not(value)))
        else:
            _number(found, key, number, depth)
    except UsageError as error:
        found.refused.append((key, str(error)))
    except Exception as error:  # noqa: BLE001 - whatever a user's object does when looked at
        found.refused.append((key, f"looking at it raises {type(error).__name__}"))


def _number(found: Sorted, key: str, value: Any, _depth: int) -> None:
    if _is_free(found, key):
        try:
            found.numbers[key] = float(value)
        except OverflowError:
            found.numbers[key] = math.inf if value > 0 else -math.inf


def _text(found: Sorted, key: str, value: str, _depth: int) -> None:
    if _is_free(found, key):
        found.texts[key] = value


def _is_free(found: Sorted, key: str) -> bool:
    taken = key in found.numbers or key in found.texts
    if taken:
        found.refused.append((key, "another value of the same call has this name"))
    return not taken


def _data(found: Sorted, key: str, value: Data, _depth: int) -> None:
    found.data.append((key, value))


def _file(found: Sorted, key: str, value: File, _depth: int) -> None:
    found.files.append((key, value, 0))


def _mapping(found: Sorted, key: str, value: Mapping[Any, Any], depth: int) -> None:
    if depth >= MAX_DEPTH:
        found.refused.append((key, f"it is nested more than {MAX_DEPTH} levels deep"))
        return
    for inner, item in value.items():
        _sort(found, f"{key}/{clean_key(inner)}", item, depth + 1)


def _sequence(found: Sorted, key: str, value: list[Any] | tuple[Any, ...], depth: int) -> None:
    if len(value) <= MAX_NUMBERS_IN_A_LIST:
        value = [_as_media(item) for item in value]
    if all(map(_is_file, value)):
        found.files += [(key, item, index) for index, item in enumerate(value)]
    elif all(map(_is_data, value)):
        found.data += [(key, item) for item in value]
    elif len(value) == 1 and depth < MAX_DEPTH:
        _sort(found, key, value[0], depth + 1)
    elif len(value) > MAX_NUMBERS_IN_A_LIST or depth >= MAX_DEPTH:
        reason = f"a list of {len(value)} values: log pluto.Histogram(values) or pluto.Table"
        found.refused.append((key, reason))
    else:
        for index, item in enumerate(value):
            _sort(found, f"{key}/{index}", item, depth + 1)


def _is_file(value: Any) -> bool:
    module = sys.modules.get("pluto.file")
    return module is not None and isinstance(value, module.File)


def _is_data(value: Any) -> bool:
    module = sys.modules.get("pluto.data")
    return module is not None and isinstance(value, module.Data)


def _is(*kinds: type) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, kinds)


_CONVERTERS: Final[
    tuple[tuple[Callable[[Any], bool], Callable[[Sorted, str, Any, int], None]], ...]
] = (
    (_is(bool, int, float), _number),
    (_is(str), _text),
    (_is_file, _file),
    (_is_data, _data),
    (_is(Mapping), _mapping),
    (_is(list, tuple), _sequence),
)


_MEDIA_OF: Final = {  # by the package and the name of a class
    ("matplotlib", "Figure"): "Image",
    ("matplotlib", "Axes"): "Image",
    ("PIL", "Image"): "Image",
    ("plotly", "BaseFigure"): "Plotly",
    ("pandas", "DataFrame"): "Table",
    ("polars", "DataFrame"): "Table",
}


def _as_media(value: Any) -> Any:
    """Return the media or data value that a figure, an image or a data frame means, or `value`."""
    if type(value) in _PLAIN:
        return value
    is_pyplot = type(value) is ModuleType and value.__name__ == "matplotlib.pyplot"
    wrapper = "Image" if is_pyplot else None
    for kind in () if wrapper else type(value).__mro__:
        wrapper = wrapper or _MEDIA_OF.get((kind.__module__.partition(".")[0], kind.__name__))
    if wrapper is None:
        return value
    import pluto.data
    import pluto.file

    module = pluto.data if wrapper == "Table" else pluto.file
    return getattr(module, wrapper)(value)


def _as_number(value: Any) -> float | None:
    """Return what a number, or an array or tensor of one element, holds; None for the rest."""
    try:
        return float(value.item() if hasattr(value, "item") else value)
    except (TypeError, ValueError, RuntimeError, OverflowError):
        return None


def _why_not(value: Any) -> str:
    shape = getattr(value, "shape", None)
    if shape and not callable(shape) and hasattr(value, "item"):
        return f"an array of shape {tuple(shape)}: log one number, pluto.Histogram or pluto.Image"
    if value is None:
        return "None is no value"
    return f"{type(value).__module__}.{type(value).__qualname__} is not a type that Pluto stores"


def whole_step(step: Any) -> int | None:
    """Return `step` as an integer from 0 to 2**63 - 1, or None if it is no such thing.

    Takes everything that is integer-like: Python and numpy integers, integral floats, one-element
    arrays and tensors, digits.

    Example:
        >>> whole_step(3.0), whole_step("7"), whole_step(-1), whole_step("x")
        (3, 7, None, None)
    """
    for convert in (operator.index, _from_float, _from_text):
        try:
            number = convert(step)
        except Exception:  # noqa: BLE001, S112 - whatever a user's object does when looked at
            continue
        return number if 0 <= number <= MAX_STEP else None
    return None


def _from_float(step: Any) -> int:
    number = float(step.item() if hasattr(step, "item") else step)
    if isinstance(step, str) or not number.is_integer():
        raise ValueError(step)
    return int(number)


def _from_text(step: Any) -> int:
    if not isinstance(step, str):
        raise TypeError(step)
    return int(step)


def whole_milliseconds(timestamp: Any) -> int | None:
    """Return a time, seconds since the epoch or a `datetime`, as milliseconds; None for others."""
    if isinstance(timestamp, bool):
        return None
    try:
        timestamp = timestamp.timestamp() if hasattr(timestamp, "timestamp") else timestamp
        seconds = float(timestamp.item() if hasattr(timestamp, "item") else timestamp)
    except Exception:  # noqa: BLE001 - whatever a user's object does when looked at
        return None
    if not math.isfinite(seconds) or not 1 <= seconds * 1000 <= MAX_STEP:
        return None
    return int(seconds * 1000)
