"""Calling another package's methods as ever, and telling Pluto afterwards what was called."""

from __future__ import annotations

import functools
import logging
import threading
from collections.abc import Callable, Mapping
from typing import Any

logger = logging.getLogger("pluto")


class Patches:
    """Functions that stand in for those of another package until `restore()`.

    The other package comes first, and its results and exceptions are the caller's. What goes wrong
    on Pluto's side is logged once and goes no further. Calls that the package makes to itself are
    not told.

    Example:
        >>> class Writer:
        ...     def add(self, value: int) -> int:
        ...         return value + 1
        >>> patches = Patches()
        >>> patches.wrap(Writer, "add", lambda result, writer, value: print(value, result))
        >>> Writer().add(1)
        1 2
        2
    """

    def __init__(self) -> None:
        self._undo: list[Callable[[], None]] = []
        self._inside = threading.local()
        self._said: set[tuple[str, type]] = set()
        self.active = True

    def wrap(
        self,
        owner: Any,
        name: str,
        after: Callable[..., object],
        *,
        before: Callable[..., Any] | None = None,
        override: Mapping[str, Any] | None = None,
    ) -> None:
        """Have `after(result, *arguments)` called when a function has returned.

        Args:
            owner: the class or module that has it.
            name: of the function.
            after: is told; with `before`, its first argument is a pair (seen, result).
            before: looks at the arguments first.
            override: arguments that the function is given, whatever the caller says.
        """
        original = vars(owner)[name]

        @functools.wraps(original)
        def call(*args: Any, **kwargs: Any) -> Any:
            if not self.active or getattr(self._inside, "is_set", False):
                return original(*args, **kwargs)
            self._inside.is_set = True
            try:
                seen = self._try(name, before, *args, **kwargs) if before else None
                result = original(*args, **{**kwargs, **(override or {})})
                told = (seen, result) if before else result
                self._try(name, after, told, *args, **kwargs)
            finally:
                self._inside.is_set = False
            return result

        self._replace(owner, name, call)

    def wrap_setter(self, owner: type, name: str, after: Callable[[Any, Any], object]) -> None:
        """Have `after(object, value)` called when a property was assigned."""
        original = vars(owner)[name]

        def assign(target: Any, value: Any) -> None:
            original.fset(target, value)
            if self.active:
                self._try(name, after, target, value)

        self._replace(owner, name, original.setter(assign))

    def restore(self) -> None:
        """Put everything back; what holds on to a function of ours has the original from now on."""
        self.active = False
        while self._undo:
            self._undo.pop()()

    def _replace(self, owner: Any, name: str, ours: Any) -> None:
        self._undo.append(functools.partial(setattr, owner, name, vars(owner)[name]))
        setattr(owner, name, ours)

    def _try(self, name: str, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except Exception as error:
            if (name, type(error)) not in self._said:
                self._said.add((name, type(error)))
                logger.exception("pluto: %s() was not mirrored; the script goes on", name)
            return None
