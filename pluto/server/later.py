"""Work that need not be finished before an answer is given: a thread does it meanwhile."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

logger = logging.getLogger("pluto")

Item = TypeVar("Item")


class Later(Generic[Item]):
    """A thread that works for one thing after the other, while there are any; safe from any thread.

    Args:
        work: is called for each; what it raises is logged, and the thing counts as done.
        name: of the thread.

    Example:
        >>> later = Later(read, "pluto-read")
        >>> later.add(paths)
        >>> later.waiting
        9998
    """

    def __init__(self, work: Callable[[Item], None], name: str) -> None:
        self._work = work
        self._name = name
        self._changed = threading.Condition()  # guards all below
        self._items: OrderedDict[Item, None] = OrderedDict()
        self._thread: threading.Thread | None = None

    @property
    def waiting(self) -> int:
        """How many things are not done."""
        return len(self._items)

    def __contains__(self, item: Item) -> bool:
        return item in self._items

    def add(self, items: Iterable[Item]) -> None:
        """Work for more things, in their order, before those that wait already."""
        with self._changed:
            for item in reversed(list(items)):
                self._items[item] = None
                self._items.move_to_end(item, last=False)
            if self._items and self._thread is None:
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()

    def wait_for(self, is_enough: Callable[[], bool]) -> None:
        """Return when something is so, or when nothing waits any more."""
        with self._changed:
            self._changed.wait_for(lambda: not self._items or is_enough())

    def close(self) -> None:
        """Give up what waits, and return when the thread has ended."""
        with self._changed:
            self._items.clear()
            thread = self._thread
        if thread:
            thread.join()

    def _run(self) -> None:
        while (item := self._next()) is not None:
            try:
                self._work(item)
            except Exception:
                logger.exception("pluto: work in the background failed, for %s", item)
            with self._changed:
                self._items.pop(item, None)
                self._changed.notify_all()

    def _next(self) -> Item | None:
        with self._changed:
            item = next(iter(self._items), None)
            if item is None:
                self._thread = None
            return item
