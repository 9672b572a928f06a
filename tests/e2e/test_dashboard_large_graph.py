"""Graphs of more nodes than a page has elements for: folded into scopes, or painted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

import pluto
from tests.e2e.browser import Site, Visit, dashboard_over, eventually

pytestmark = pytest.mark.slow

NODES = 1500
LAYERS, HEADS = 24, 12


def record_graphs(root: Path) -> None:
    settings = {"disable_system_metrics": True, "disable_console": True}
    run = pluto.init(root, "graphs", "large", mode="local", settings=settings)
    flat = [(f"node{at // 2}", f"node{at}") for at in range(1, NODES)]
    scoped = [
        (f"model/layer{at}/head{head}/query", f"model/layer{at}/head{head}/key")
        for at in range(LAYERS)
        for head in range(HEADS)
    ]
    joined = [
        (f"model/layer{at}/head0/key", f"model/layer{at + 1}/head0/query")
        for at in range(LAYERS - 1)
    ]
    run.log({"flat": pluto.Graph(edges=flat)})
    run.log({"scoped": pluto.Graph(edges=scoped + joined)})
    run.log({"loop": pluto.Graph(edges=[("wait", "wait"), ("wait", "go")])})
    run.finish()


dashboard = dashboard_over(record_graphs)


@pytest.fixture
def visit(dashboard: Site) -> Iterator[Visit]:
    with dashboard.visit() as opened:
        opened.open_run("large")
        opened.tab("data")
        yield opened


INK = """canvas => {
  const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let ink = 0;
  for (let at = 3; at < data.length; at += 4) ink += data[at] > 0;
  return ink;
}"""


def test_thousands_of_nodes_are_painted_moved_and_found(visit: Visit) -> None:
    graph = visit.part("data-flat")
    graph.scroll_into_view_if_needed()
    expect(graph).to_contain_text("1,500 nodes, 1,499 edges")
    canvas = graph.locator("canvas")
    eventually(lambda: canvas.evaluate(INK) > 10_000, "a painted graph")
    visit.screenshot("light-large-graph")
    before = canvas.evaluate("canvas => canvas.toDataURL()")
    canvas.press("ArrowLeft")
    eventually(lambda: canvas.evaluate("canvas => canvas.toDataURL()") != before, "a move")

    find = graph.get_by_label("Find a node")
    find.fill("node149")
    expect(graph.locator(".flow-finder")).to_contain_text("11: Enter")
    find.press("Enter")
    expect(graph.get_by_label("The node")).to_contain_text("node149")
    find.press("Enter")
    expect(graph.get_by_label("The node").get_by_role("heading")).to_have_text("node1490")
    visit.page.emulate_media(color_scheme="dark")
    visit.screenshot("dark-large-graph-found")
    # What was found stands in the middle: a click there picks it again.
    graph.get_by_label("Find a node").fill("")
    box = canvas.bounding_box()
    assert box
    canvas.click(position={"x": box["width"] / 2, "y": box["height"] / 2 - 90})
    canvas.click(position={"x": box["width"] / 2, "y": box["height"] / 2})
    expect(graph.get_by_label("The node").get_by_role("heading")).to_have_text("node1490")


def test_nodes_with_names_in_scopes_begin_folded_and_open(visit: Visit) -> None:
    graph = visit.part("data-scoped")
    graph.scroll_into_view_if_needed()
    expect(graph).to_contain_text(f"{2 * LAYERS * HEADS} nodes")
    boxes = graph.locator(".flow-box")
    expect(graph.get_by_role("button", name="model")).to_be_visible()
    graph.get_by_role("button", name="model", exact=False).first.press("Space")
    expect(boxes).to_have_count(1 + LAYERS)
    expect(graph.locator(".flow-edge")).to_have_count(LAYERS - 1)
    graph.get_by_label("Find a node").fill("layer7/head3/key")
    graph.get_by_label("Find a node").press("Enter")
    expect(boxes).to_have_count(1 + LAYERS + HEADS + 2)
    expect(graph.locator(".flow-box.picked")).to_contain_text("key")
    visit.screenshot("light-scoped-graph")


def test_the_edge_of_a_node_to_itself_is_drawn(visit: Visit) -> None:
    graph = visit.part("data-loop")
    graph.scroll_into_view_if_needed()
    expect(graph).to_contain_text("2 nodes, 2 edges")
    expect(graph.locator(".flow-edge")).to_have_count(2)
    visit.screenshot("light-loop-graph")
