"""The summary of a run: read and set by item and by attribute, nested ones too."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any


class Summary:
    """What sums up a run.

    Args:
        read: returns the values as they are.
        write: takes values that changed.

    Example:
        >>> values = {"loss": {"min": 0.1}}
        >>> summary = Summary(lambda: values, values.update)
        >>> summary["best"] = 0.9
        >>> summary.best, summary["loss"]["min"]
        (0.9, 0.1)
    """

    def __init__(
        self, read: Callable[[], Mapping[str, Any]], write: Callable[[dict[str, Any]], None]
    ) -> None:
        object.__setattr__(self, "_read", read)
        object.__setattr__(self, "_write", write)

    def update(self, values: Mapping[str, Any] | None = None, **named: Any) -> None:
        """Set several values."""
        self._write({**(values or {}), **named})

    def get(self, key: str, default: Any = None) -> Any:
        """Return a value, or `default`."""
        try:
            return self[key]
        except KeyError:
            return default

    def keys(self) -> list[str]:
        """Return the names."""
        return list(self._read())

    def items(self) -> list[tuple[str, Any]]:
        """Return names and values."""
        return [(key, self[key]) for key in self.keys()]

    def values(self) -> list[Any]:
        """Return the values."""
        return [self[key] for key in self.keys()]

    def __getitem__(self, key: str) -> Any:
        value = self._read()[key]
        if not isinstance(value, Mapping):
            return value
        return Summary(
            lambda: self._read()[key],
            lambda change: self._write({key: {**self._read()[key], **change}}),
        )

    def __getattr__(self, key: str) -> Any:
        try:
            return self[key]
        except KeyError:
            raise AttributeError(f"the summary has no value {key!r}") from None

    def __setitem__(self, key: str, value: Any) -> None:
        self._write({key: value})

    def __setattr__(self, key: str, value: Any) -> None:
        self._write({key: value})

    def __delitem__(self, key: str) -> None:
        self._write({key: None})

    def __delattr__(self, key: str) -> None:
        self._write({key: None})

    def __contains__(self, key: object) -> bool:
        return key in self._read()

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def __len__(self) -> int:
        return len(self._read())

    def __repr__(self) -> str:
        return repr(dict(self._read()))
