"""Watching a torch module: histograms of its gradients and parameters, and its graph.

Example:
    >>> import torch, pluto
    >>> from pluto.compat.torch import watch
    >>> run = pluto.init(project="digits")
    >>> watch(torch.nn.Linear(8, 4), freq=100, op=run)
"""

from __future__ import annotations

import re
import sys
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from pluto import state
from pluto.compat.requires import requires
from pluto.compat.torch_graph import GraphTrace, ignoring
from pluto.compat.torch_histogram import start_histogram
from pluto.compat.torch_resolver import resolver_of
from pluto.errors import UsageError
from pluto.media.counts import MAX_BINS
from pluto.notice import Notices, logger
from pluto.op import Op

with requires("torch"):
    import torch
    from torch.optim.optimizer import register_optimizer_step_pre_hook

__all__ = ["log_graph", "unwatch", "watch"]

_WRAPPERS: Final = re.compile(r"\b(?:_orig_mod|_fsdp_wrapped_module|_checkpoint_wrapped_module)\.")
"""What torch's own wrappers put into the names of parameters."""

FREQUENCY: Final = 1000
BINS: Final = 64
_LOGGED: Final = {
    "gradients": (True, False),
    "parameters": (False, True),
    "all": (True, True),
    "other": (False, False),  # a word of the earlier client
    None: (False, False),
}


@dataclass(frozen=True)
class _Wanted:
    """What to watch, and how."""

    gradients: bool
    parameters: bool
    graph: bool
    every: int
    bins: int


def watch(  # noqa: PLR0917 - the order of the earlier client
    module: Any,
    disable_graph: bool = True,
    disable_grad: bool = False,
    disable_param: bool = False,
    freq: int | None = FREQUENCY,
    bins: int = BINS,
    op: Op | None = None,
    **aliases: Any,
) -> None:
    """Log histograms of a module's gradients and parameters while it trains.

    Every `freq`-th backward pass logs `grad/<parameter>`, every `freq`-th forward pass logs
    `param/<parameter>`, at the run's current step. They are counted on the parameter's device, and
    nothing on the way of a training step waits for them. What the module computes stays the same.
    A second call for the same module replaces the first.

    A sharded module (FSDP) shows its gradients to the optimizer only: they are logged with every
    `freq`-th step of it, each process its own shard. A module whose own `forward` is never called
    (a compiled one, or a LightningModule that only has `training_step`) logs its parameters
    together with their gradients.

    Args:
        module: any `torch.nn.Module`, also wrapped (DDP, FSDP) or compiled.
        disable_graph: False sends the tree of modules and the way of the data through it, once,
            after the first forward pass.
        disable_grad: True leaves the gradients out.
        disable_param: True leaves the parameters out.
        freq: passes from one histogram to the next.
        bins: bins of each histogram, 1 to 10,000.
        op: the run; while it is not live, the newest live run is meant.
        **aliases: `log` ("gradients", "parameters", "all" or None), `log_freq`, `log_graph`.

    Raises:
        UsageError: an argument cannot work.

    Example:
        >>> run.watch(model, freq=100)
        >>> run.watch(model, log="gradients", log_graph=True)
    """
    if not isinstance(module, torch.nn.Module):
        kind = type(module).__name__
        logger.error("watch() takes a torch.nn.Module, got %s: nothing is watched", kind)
        return
    gradients, parameters = _what_to_log(aliases, not disable_grad, not disable_param)
    wanted = _Wanted(
        gradients=gradients,
        parameters=parameters,
        graph=bool(aliases.pop("log_graph", not disable_graph)),
        every=_whole("freq", aliases.pop("log_freq", freq), FREQUENCY),
        bins=_whole("bins", bins, BINS, MAX_BINS),
    )
    if aliases:
        raise UsageError(f"watch() knows no {', '.join(sorted(aliases))}; see pluto.compat.torch")
    unwatch(module)
    _watches[module] = _Watch(module, wanted, op)


def unwatch(module: Any = None) -> None:
    """Remove the hooks of `watch` from a module, or from all; unwatched ones are no error."""
    for watched in [module] if module is not None else list(_watches):
        watching = _watches.pop(watched, None)
        if watching is not None:
            watching.remove()


def log_graph(module: Any, op: Op | None = None) -> None:
    """Send the tree of a module's parts at once, without the way of the data through it.

    Args:
        module: any `torch.nn.Module`.
        op: the run; the newest live one by default. Without a run nothing happens.
    """
    run = op if op is not None else state.newest()
    if run is not None:
        run._record_fact("modelGraph", GraphTrace(module, with_calls=False).graph())  # noqa: SLF001


class _Watch:
    """The hooks on one module, which they refer to weakly or not at all."""

    def __init__(self, module: torch.nn.Module, wanted: _Wanted, run: Op | None) -> None:
        self._run = None if run is None else weakref.ref(run)
        self._wanted = wanted
        self._trained = {name: p for name, p in _parameters(module) if p.requires_grad}
        self._forwards = 0
        self._handles: list[Any] = []
        self._trace = _trace(module) if wanted.graph else None
        self._notices = Notices()
        if wanted.gradients:
            self._handles += self._hook_gradients(module)
        if wanted.parameters or wanted.graph:
            self._handles.append(module.register_forward_hook(_ForwardHook(self._on_forward)))

    def remove(self) -> None:
        """Take every hook off; idempotent."""
        while self._handles:
            self._handles.pop().remove()
        if self._trace is not None:
            self._trace.remove()

    def _hook_gradients(self, module: torch.nn.Module) -> Iterator[Any]:
        if _is_sharded(module):
            on_step = _OptimizerHook(self._trained, self._wanted.every, self._take)
            yield register_optimizer_step_pre_hook(on_step)
            return
        for name, parameter in self._trained.items():
            hook = _GradientHook(name, self._wanted.every, self._on_first_gradient, self._take)
            yield parameter.register_hook(hook)

    def _on_first_gradient(self) -> None:
        """Send the graph of a module whose own `forward` was not called."""
        if self._trace is not None:
            self._guard("the graph", self._send_graph)

    def _on_forward(self, module: torch.nn.Module) -> None:
        self._forwards += 1
        if self._trace is not None:
            self._guard("the graph", self._send_graph)
        if self._wanted.parameters and self._forwards % self._wanted.every == 0:
            for name, parameter in _parameters(module):
                self._log(f"param/{name}", parameter)

    def _take(self, name: str, gradient: Any) -> None:
        """Log a gradient that is due."""
        self._log(f"grad/{name}", gradient)
        if self._wanted.parameters and not self._forwards:
            self._log(f"param/{name}", self._trained[name])

    def _log(self, name: str, tensor: Any) -> None:
        self._guard(name, self._start, name, tensor)

    def _start(self, name: str, tensor: Any) -> None:
        run = self._live_run()
        resolver = resolver_of(run) if run is not None else None
        if run is None or resolver is None:
            return
        pending = start_histogram(tensor, self._wanted.bins)
        if pending is not None:
            resolver.add(name, pending, run._step)  # noqa: SLF001 - logging advances no step

    def _send_graph(self) -> None:
        trace, run = self._trace, self._live_run()
        if trace is None or run is None:
            return
        self._trace = None
        trace.remove()
        run._record_fact("modelGraph", trace.graph())  # noqa: SLF001 - Op's way to tell a fact

    def _live_run(self) -> Op | None:
        given = self._run() if self._run is not None else None
        return given if given in state.live_runs() else state.newest()

    def _guard(self, what: str, work: Callable[..., None], *arguments: Any) -> None:
        """Call `work`; whatever goes wrong in it, the training goes on."""
        try:
            work(*arguments)
        except Exception as error:  # noqa: BLE001 - odd tensors, a full device, user subclasses
            self._notices.warn(type(error), "watch() could not log %s: %r", what, error)


_watches: weakref.WeakKeyDictionary[torch.nn.Module, _Watch] = weakref.WeakKeyDictionary()


class _GradientHook:
    """Counts the backward passes of one parameter and hands over every `every`-th gradient."""

    __slots__ = ("_begin", "_every", "_name", "_passes", "_take")

    def __init__(
        self,
        name: str,
        every: int,
        begin: Callable[[], None],
        take: Callable[[str, Any], None],
    ) -> None:
        self._name = name
        self._every = every
        self._begin = begin
        self._take = take
        self._passes = 0

    def __call__(self, gradient: Any) -> None:
        if torch.compiler.is_compiling():
            return
        self._passes += 1
        if self._passes == 1:
            self._begin()
        if self._passes % self._every == 0:
            self._take(self._name, gradient)


class _OptimizerHook:
    """Hands over the gradients that every `every`-th step of an optimizer is about to apply."""

    def __init__(
        self, parameters: dict[str, Any], every: int, take: Callable[[str, Any], None]
    ) -> None:
        self._names = {id(parameter): name for name, parameter in parameters.items()}
        self._every = every
        self._take = take
        self._steps: weakref.WeakKeyDictionary[Any, int] = weakref.WeakKeyDictionary()

    def __call__(self, optimizer: Any, _args: Any, _kwargs: Any) -> None:
        steps = self._steps[optimizer] = self._steps.get(optimizer, 0) + 1
        if steps % self._every:
            return
        for group in optimizer.param_groups:
            for parameter in group["params"]:
                name = self._names.get(id(parameter))
                if name is not None and parameter.grad is not None:
                    self._take(name, parameter.grad)


class _ForwardHook:
    """Tells of a forward pass; copies and pickles of the module carry a hook that does nothing."""

    def __init__(self, on_forward: Callable[[torch.nn.Module], None]) -> None:
        self._on_forward = on_forward

    def __call__(self, module: torch.nn.Module, _arguments: Any, _output: Any) -> None:
        # A compiler would trace the counting into the graph and compile anew for each count.
        if not torch.compiler.is_compiling():
            self._on_forward(module)

    def __reduce__(self) -> tuple[Any, ...]:
        return ignoring, ()


def _trace(module: torch.nn.Module) -> GraphTrace:
    """Begin to trace a module; a compiled one without its calls, which it would compile anew."""
    original = getattr(module, "_orig_mod", module)
    is_compiled = original is not module or bool(getattr(module, "_compiled_call_impl", None))
    return GraphTrace(original, with_calls=not is_compiled)


def _parameters(module: torch.nn.Module) -> Iterator[tuple[str, Any]]:
    for name, parameter in module.named_parameters():
        yield _WRAPPERS.sub("", name), parameter


def _is_sharded(module: torch.nn.Module) -> bool:
    """Tell whether parts are FSDP's, which replaces the parameters during a pass."""
    fsdp = sys.modules.get("torch.distributed.fsdp")
    if fsdp is None:
        return False
    names = ("FullyShardedDataParallel", "FSDPModule")
    kinds = tuple(getattr(fsdp, name) for name in names if hasattr(fsdp, name))
    return any(isinstance(part, kinds) for part in module.modules())


def _what_to_log(aliases: dict[str, Any], gradients: bool, parameters: bool) -> tuple[bool, bool]:
    """Return whether gradients and parameters are logged."""
    if "log" not in aliases:
        return gradients, parameters
    log = aliases.pop("log")
    if log not in _LOGGED:
        raise UsageError(f"watch(log={log!r}): choose 'gradients', 'parameters', 'all' or None")
    return _LOGGED[log]


def _whole(name: str, value: Any, default: int, most: int = sys.maxsize) -> int:
    """Return a whole number from 1 to `most`; None means the default."""
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
        limit = "" if most == sys.maxsize else f" and at most {most:,}"
        raise UsageError(f"watch({name}={value!r}): give a whole number of at least 1{limit}")
    return value
