"""Sees the code that a script passes to `sys.exit`, which Python keeps to itself."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import Any, Final, NoReturn


class ObservedExit:
    """Stands in for `sys.exit` from `import pluto` on, and remembers the code it was called with.

    CPython hands an uncaught SystemExit to nobody: not to `sys.excepthook`, not to `atexit`
    functions, which see neither exception nor exit code (3.10 to 3.14). What remains is to see
    the call. In `sys.exit(main())` the function is looked up before `main` begins a run: so it has
    to be in place before. A call alone proves nothing, since SystemExit may be caught; who asks
    has to know that it ended the script.

    Not seen are a bare `raise SystemExit(n)`, and `sys.exit(main())` where only `main` imports
    pluto.

    It is an object and no function, so that it does not become a method where `sys.exit` would
    not, and it pickles as `sys.exit`.

    Attributes:
        called: whether the main thread has called it since `forget`.
        code: what it was called with.
    """

    def __init__(self) -> None:
        self.called = False
        self.code: object = None
        self._first: Callable[[Any], NoReturn] = sys.exit  # no recursion beyond this one
        self._passing_on = threading.local()
        self.__wrapped__: Callable[[Any], NoReturn] = sys.exit
        self.__name__ = self.__qualname__ = "exit"
        self.__module__ = "sys"
        self.__doc__ = sys.exit.__doc__

    def __call__(self, status: object = None, /) -> NoReturn:
        """Exit as `sys.exit` does."""
        if threading.current_thread() is threading.main_thread():
            self.called, self.code = True, status
        if getattr(self._passing_on, "now", False):  # what we stand in for stands in for us
            self._first(status)
        self._passing_on.now = True
        try:
            self.__wrapped__(status)
        finally:
            self._passing_on.now = False

    def __reduce__(self) -> str:
        return "exit"

    def forget(self) -> None:
        """Forget the calls until now, and take the place again if somebody else has taken it."""
        self.called, self.code = False, None
        if sys.exit is not self:
            self.__wrapped__ = sys.exit
            sys.exit = self


observed: Final = ObservedExit()
sys.exit = observed
