"""The graph of a module, as the server takes it."""

from typing import Any

import msgspec
import pytest

import pluto
from tests.compat.reading import facts

torch = pytest.importorskip("torch", reason="torch is not installed: pip install torch")

from torch import nn  # noqa: E402


class Residual(nn.Module):
    """Two layers with a way around the second."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(8, 4)
        self.blocks = nn.Sequential(nn.Linear(4, 4), nn.ReLU())
        self.unused = nn.Linear(2, 2)

    def forward(self, values: Any, scale: float = 1.0) -> Any:
        hidden = torch.tanh(self.first(values)) * scale
        return self.blocks(hidden) + hidden


def graph_of(
    module: nn.Module, *arguments: Any, passes: int = 2, **keywords: Any
) -> dict[str, Any]:
    with pluto.init() as run:
        run.watch(module, log=None, log_graph=True)
        for _ in range(passes):
            module(*arguments, **keywords)
    (graph,) = facts(run, "modelGraph")
    assert graph["format"] == "torch"
    nodes: dict[str, Any] = graph["nodes"]
    return nodes


def edges(nodes: dict[str, Any]) -> set[tuple[str, str]]:
    name_of = {node["node_id"]: name for name, node in nodes.items()}
    return {
        (name_of[source], name_of[target])
        for node in nodes.values()
        for source, target in node.get("edges", [])
    }


def test_the_tree_has_types_depths_kinds_and_shapes() -> None:
    nodes = graph_of(Residual(), torch.ones(2, 8))
    assert {
        name: (node["type"], node["depth"], node["node_type"]) for name, node in nodes.items()
    } == {
        "Residual": ("Residual", 0, "CONTAINER"),
        "first": ("Linear", 1, "MODULE"),
        "blocks": ("Sequential", 1, "CONTAINER"),
        "blocks.0": ("Linear", 2, "MODULE"),
        "blocks.1": ("ReLU", 2, "MODULE"),
        "unused": ("Linear", 1, "MODULE"),
        "(input)": ("Input", 1, "IO"),
    }
    assert nodes["first"]["params"] == {"weight": [4, 8], "bias": [4]}
    assert nodes["first"]["args"] == [[2, 8]]


def test_the_edges_follow_the_data_through_functions_between_the_parts() -> None:
    nodes = graph_of(Residual(), torch.ones(2, 8), scale=0.5)
    assert edges(nodes) == {("(input)", "first"), ("first", "blocks.0"), ("blocks.0", "blocks.1")}
    assert [nodes[name]["order"] for name in ("first", "blocks.0", "blocks.1")] == [0, 1, 2]
    assert "order" not in nodes["unused"]


def test_a_way_around_a_part_is_an_edge() -> None:
    class Sum(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.residual, self.last = Residual(), nn.Linear(4, 1)

        def forward(self, values: Any) -> Any:
            return self.last(self.residual(values))

    found = edges(graph_of(Sum(), torch.ones(2, 8)))
    assert {("residual.first", "last"), ("residual.blocks.1", "last")} <= found


def test_a_second_module_sends_only_its_own_parts() -> None:
    graph_of(Residual(), torch.ones(1, 8))
    assert set(graph_of(nn.Linear(1, 1), torch.ones(1, 1))) == {"Linear", "(input)"}


def test_the_server_takes_the_graph() -> None:
    from pluto.server.run_bodies import CreateGraph

    nodes = graph_of(Residual(), torch.ones(2, 8))
    body = {"runId": 1, "graph": {"format": "torch", "nodes": nodes}}
    assert set(msgspec.convert(body, CreateGraph).graph.nodes) == set(nodes)


def test_without_a_gradient_the_tree_is_sent_all_the_same() -> None:
    with torch.no_grad():
        nodes = graph_of(Residual(), torch.ones(2, 8), passes=1)
    assert set(nodes) >= {"Residual", "first", "blocks.1"}
