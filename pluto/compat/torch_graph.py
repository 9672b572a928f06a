"""The tree of a module's parts, and the way of the data through them in one forward pass.

The form is that of the wire protocol's section 3.1.10. Edges are read off autograd's graph, so
the tensors pass through the hooks untouched.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from typing import Any, Final

from pluto.compat.requires import requires

with requires("torch"):
    import torch

logger = logging.getLogger("pluto")

SOURCE: Final = "(input)"
"""Name of the node that stands for what is passed to the whole module."""

_MAX_VISITED: Final = 10_000


class GraphTrace:
    """Collects the graph of a module during its next forward pass.

    Args:
        module: what to look at. Only the names and shapes of its parts are kept.
        with_calls: False leaves out the order, arguments and edges, and puts no hooks on.

    Example:
        >>> trace = GraphTrace(torch.nn.Sequential(torch.nn.Linear(2, 1)))
        >>> trace.graph()["nodes"]["0"]["params"]
        {'weight': [1, 2], 'bias': [1]}
    """

    def __init__(self, module: torch.nn.Module, *, with_calls: bool = True) -> None:
        self._handles: list[Any] = []
        self._producers: dict[Any, str] = {}
        self._ids: dict[str, str] = {}
        self._nodes: dict[str, dict[str, Any]] = {}
        self._calls = 0
        for name, part in module.named_modules():
            self._add_node(name or type(part).__name__, part)
            if with_calls and next(part.children(), None) is None:
                hook = _TraceHook(self, name or type(part).__name__)
                self._handles.append(part.register_forward_hook(hook, with_kwargs=True))

    def remove(self) -> None:
        """Take the hooks off and let go of autograd's graph; idempotent."""
        while self._handles:
            self._handles.pop().remove()
        self._producers = {}

    def graph(self) -> dict[str, Any]:
        """Return what has been collected as JSON values."""
        return {"format": "torch", "nodes": self._nodes}

    def called(
        self, name: str, arguments: tuple[Any, ...], keywords: Mapping[str, Any], output: Any
    ) -> None:
        """Note a call of a part that has no parts of its own."""
        node = self._nodes[name]
        if "order" in node:
            return
        node["order"] = self._calls
        self._calls += 1
        node["args"] = [_description(value) for value in arguments]
        node["kwargs"] = {key: _description(value) for key, value in keywords.items()}
        sources = {
            source
            for tensor in _tensors([*arguments, *keywords.values()])
            for source in self._sources(tensor)
        }
        node["edges"] = [[self._ids[source], node["node_id"]] for source in sorted(sources)]
        for tensor in _tensors([output]):
            if tensor.grad_fn is not None:
                self._producers[tensor.grad_fn] = name

    def _add_node(self, name: str, part: torch.nn.Module) -> None:
        is_leaf = next(part.children(), None) is None
        depth = name.count(".") + 1 if self._nodes else 0
        self._add(name, type(part).__name__, depth, "MODULE" if is_leaf else "CONTAINER")
        self._nodes[name]["params"] = {
            key: list(value.shape) for key, value in part.named_parameters(recurse=False)
        }

    def _add(self, name: str, type_name: str, depth: int, node_type: str) -> None:
        self._ids[name] = f"n{len(self._ids)}"
        self._nodes[name] = {
            "type": type_name,
            "depth": depth,
            "node_id": self._ids[name],
            "node_type": node_type,
        }

    def _sources(self, tensor: Any) -> set[str]:
        """Return the parts that a tensor was last computed by, or the input node."""
        if tensor.grad_fn is None:
            if SOURCE not in self._ids:
                self._add(SOURCE, "Input", 1, "IO")
            return {SOURCE}
        found, seen, open_ends = set(), {tensor.grad_fn}, [tensor.grad_fn]
        while open_ends and len(seen) < _MAX_VISITED:
            function = open_ends.pop()
            if function in self._producers:
                found.add(self._producers[function])
                continue
            earlier = {step for step, _ in function.next_functions if step is not None} - seen
            seen |= earlier
            open_ends += earlier
        return found


class _TraceHook:
    """Tells a trace of a call; copies and pickles of the module carry a hook without effect."""

    def __init__(self, trace: GraphTrace, name: str) -> None:
        self._trace = trace
        self._name = name

    def __call__(self, _module: Any, arguments: Any, keywords: Any, output: Any) -> None:
        if torch.compiler.is_compiling():
            return
        try:
            self._trace.called(self._name, arguments, keywords, output)
        except Exception as error:  # noqa: BLE001 - whatever a model's values do when looked at
            logger.warning("the model's graph is incomplete: %s: %r", self._name, error)
            self._trace.remove()

    def __reduce__(self) -> tuple[Any, ...]:
        return ignoring, ()


def ignoring() -> Any:
    """Return the hook of a copied or unpickled module."""
    return ignore


def ignore(*_arguments: Any) -> None:
    """Do nothing with the arguments of any hook."""


def _tensors(values: Any) -> Iterator[Any]:
    """Yield the tensors in nested lists, tuples and mappings."""
    for value in values:
        if isinstance(value, torch.Tensor):
            yield value
        elif isinstance(value, Mapping):
            yield from _tensors(value.values())
        elif isinstance(value, (list, tuple)):
            yield from _tensors(value)


def _description(value: Any) -> Any:
    """Return a tensor's shape, a plain value itself, and the type name of all else."""
    if isinstance(value, torch.Tensor):
        return list(value.shape)
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return type(value).__name__
