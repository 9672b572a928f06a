"""Logging with TensorBoard's real writers and with Pluto at once."""

from __future__ import annotations

import functools
import weakref
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from pluto.compat.beside import Patches
from pluto.compat.requires import to_install
from pluto.op import Op

if TYPE_CHECKING:
    from pluto.compat.tensorboard import SummaryWriter

_HOMES: Final = ("torch.utils.tensorboard", "tensorboardX")

_patches: Patches | None = None


def patch(op: Op | None = None, **arguments: Any) -> None:
    """Have what real writers are given logged to Pluto as well, until `restore()`.

    Those of `torch.utils.tensorboard` and of tensorboardX, made before or after. The real one is
    called first; its results and exceptions are the script's. Nothing that goes wrong on Pluto's
    side reaches the script.

    Args:
        op: the run to log to; by default as for `pluto.compat.tensorboard.SummaryWriter`.
        **arguments: of `pluto.init` for a run of the writer's own, such as `project`.

    Raises:
        ImportError: neither package is installed.
    """
    global _patches  # noqa: PLW0603 - the packages are patched once
    restore()
    classes = list(_writers())
    if not classes:
        raise ImportError(
            "neither torch.utils.tensorboard nor tensorboardX can be imported:"
            f" {to_install('tensorboard', 'tensorboard and tensorboardX')};"
            " pluto.compat.tensorboard.SummaryWriter needs none"
        )
    from pluto.compat.tensorboard import SummaryWriter

    _patches = Patches()
    own = _OwnWriters(op, arguments)
    ours = {name for name in vars(SummaryWriter) if name.startswith("add_")} | {"close"}
    for real in classes:
        for name in ours & vars(real).keys():
            _patches.wrap(real, name, own.forwarder(name))


def restore() -> None:
    """Undo `patch()`."""
    global _patches  # noqa: PLW0603 - the packages are patched once
    if _patches is not None:
        _patches.restore()
    _patches = None


class _OwnWriters:
    """A writer of Pluto for each real one."""

    def __init__(self, op: Op | None, arguments: dict[str, Any]) -> None:
        self._op = op
        self._arguments = arguments
        self._known: weakref.WeakKeyDictionary[Any, SummaryWriter] = weakref.WeakKeyDictionary()

    def forwarder(self, name: str) -> Callable[..., None]:
        """Return what tells Pluto of a method."""
        return functools.partial(self._forward, name)

    def _forward(self, name: str, _result: Any, real: Any, /, *args: Any, **kwargs: Any) -> None:
        if name == "close":
            if real in self._known:
                self._known[real].close()
            return
        getattr(self._of(real), name)(*args, **kwargs)

    def _of(self, real: Any) -> SummaryWriter:
        from pluto.compat.tensorboard import SummaryWriter

        if real not in self._known:
            place = getattr(real, "log_dir", None) or real.logdir
            purge_step = getattr(real, "purge_step", None)
            self._known[real] = SummaryWriter(
                place, purge_step=purge_step, op=self._op, **self._arguments
            )
        return self._known[real]


def _writers() -> Iterator[type]:
    """Yield the writer classes of the packages that are installed."""
    for home in _HOMES:
        # A package that is not installed, or a torch that lacks TensorBoard, has no writer.
        with suppress(ImportError):
            yield import_module(f"{home}.writer").SummaryWriter
