"""What people arrange in the dashboard and find again: panels of their own, and named views."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Locator, expect

from tests.e2e.browser import Site, Theme, Visit, dashboard_over, eventually
from tests.e2e.recorded_sweep import PROJECT, RATES, SEEDS, record_sweep

pytestmark = pytest.mark.slow

EVERYBODY = len(RATES) * len(SEEDS)


dashboard = dashboard_over(record_sweep)


@pytest.fixture
def visit(dashboard: Site) -> Iterator[Visit]:
    with dashboard.visit() as opened:
        opened.open(f"/p/{PROJECT}")
        opened.part("chart-train/loss").wait_for()
        yield opened
        # Whatever a test kept is forgotten for the next one.
        opened.page.evaluate(FORGET, PROJECT)


FORGET = """async project => {
  const kept = await (await fetch(`/api/ui/saved?project=${project}`)).json();
  const headers = {"Content-Type": "application/json"};
  for (const kind of ["view", "panel"]) {
    for (const name of Object.keys(kept[kind])) {
      const body = JSON.stringify({project, kind, name, value: null});
      await fetch("/api/ui/saved", {method: "POST", headers, body});
    }
  }
}"""


def choose(visit: Visit, row: str, key: str) -> None:
    visit.page.get_by_role("button", name=f"{row}: choose", exact=True).click()
    visit.page.get_by_label("Find a name").fill(key)
    visit.page.get_by_role("button", name=key, exact=True).click()


def add_panel(visit: Visit, kind: str, values: dict[str, list[str]], title: str) -> Locator:
    """Make a panel as a person does; return its card."""
    visit.page.get_by_role("button", name="Add a panel of your own").click()
    visit.page.get_by_role("button", name=kind, exact=True).click()
    for row, keys in values.items():
        for key in keys:
            choose(visit, row, key)
    visit.page.get_by_label("Title").fill(title)
    visit.page.get_by_role("button", name="Save", exact=True).click()
    card = visit.part("own-panels").get_by_role("region", name=title)
    card.wait_for()
    return card


def kept_places(visit: Visit) -> list[str]:
    headings = visit.part("own-panels").get_by_role("heading")
    return headings.all_inner_texts()


def test_a_panel_of_lines_shows_several_metrics_and_is_there_after_a_reload(visit: Visit) -> None:
    add_panel(visit, "Lines", {"Metrics": ["train/loss", "val/accuracy"]}, "Both")

    def drawn() -> int:
        charts = visit.page.evaluate("() => Object.keys(window.__pluto.charts)")
        (panel,) = [chart for chart in charts if chart.startswith("panel:")]
        return len(visit.curves(panel))

    eventually(lambda: drawn() == 20, "two lines for each of ten runs")
    visit.page.reload()
    expect(visit.part("own-panels").get_by_role("heading", name="Both")).to_be_visible()
    eventually(lambda: drawn() == 20)


def test_of_the_lines_of_one_run_the_nearest_to_the_pointer_stands_out(visit: Visit) -> None:
    visit.part("runs-rail").get_by_role("button", name="none", exact=True).click()
    visit.part("runs-rail").get_by_role("button", name="lr0.03-seed1").last.click()
    card = add_panel(visit, "Lines", {"Metrics": ["train/loss", "val/accuracy"]}, "Both")
    area = card.locator(".u-over")
    area.hover()
    expect(card.locator(".tooltip-row")).to_have_count(2)
    box = area.bounding_box()
    assert box
    standing_out: dict[str, str] = {}
    for part in range(1, 20):
        visit.page.mouse.move(box["x"] + 0.8 * box["width"], box["y"] + part / 20 * box["height"])
        visit.page.wait_for_timeout(30)
        names = card.locator(".tooltip-row.focused .tooltip-name").all_inner_texts()
        picture = card.locator("canvas").evaluate("canvas => canvas.toDataURL()")
        standing_out |= dict.fromkeys(names, picture)
    assert standing_out.keys() == {"train/loss", "val/accuracy"}
    assert len(set(standing_out.values())) == 2


def test_bars_compare_runs_and_groups(visit: Visit) -> None:
    card = add_panel(visit, "Bars", {"Value": ["max.val/accuracy"]}, "Best")
    expect(card.locator("svg rect")).to_have_count(10)
    visit.page.get_by_role("button", name="Group the runs").click()
    visit.page.get_by_label("lr", exact=True).check()
    expect(card.locator("svg rect")).to_have_count(len(RATES))
    expect(card.locator("svg")).to_contain_text("lr 0.01 (4)")


def test_a_scatter_has_a_point_a_run_that_leads_to_it(visit: Visit) -> None:
    values = {"y": ["metric.train/loss"], "x": ["config.lr"], "Colour by": ["config.seed"]}
    card = add_panel(visit, "Scatter", values, "Loss over rate")
    points = card.locator("circle")
    expect(points).to_have_count(EVERYBODY)
    visit.page.get_by_label("Filter runs").fill("seed3")
    expect(points).to_have_count(len(RATES))
    visit.screenshot("panel-scatter")
    points.first.click()
    visit.page.get_by_role("heading", name="seed3", exact=False).first.wait_for()


def test_parallel_axes_of_what_differs_take_one_click(visit: Visit) -> None:
    visit.open(f"/p/{PROJECT}")
    visit.page.get_by_role("button", name="Add a panel of your own").click()
    visit.page.get_by_role("button", name="Parallel coordinates").click()
    visit.page.get_by_role("button", name="Settings that differ, and train/loss").click()
    visit.page.get_by_role("button", name="Save", exact=True).click()
    card = visit.part("own-panels").get_by_role("region", name="lr, seed, train/loss")
    expect(card.locator("path[data-run]")).to_have_count(EVERYBODY)
    axes = card.locator("[data-axis]").evaluate_all("all => all.map(axis => axis.dataset.axis)")
    assert axes == ["config.lr", "config.seed", "metric.train/loss"]


def test_a_drag_on_a_parallel_axis_leaves_the_runs_within(visit: Visit) -> None:
    axes = ["config.lr", "config.seed", "metric.train/loss"]
    card = add_panel(visit, "Parallel coordinates", {"Axes": axes}, "All of it")
    lines = card.locator("path[data-run]")
    chosen = card.locator("path[data-chosen=true]")
    expect(lines).to_have_count(EVERYBODY)
    expect(chosen).to_have_count(EVERYBODY)
    axis = card.locator('[data-axis="config.seed"]')
    box = axis.bounding_box()
    assert box
    middle = box["x"] + box["width"] / 2
    visit.page.mouse.move(middle, box["y"] + 1)
    visit.page.mouse.down()
    visit.page.mouse.move(middle, box["y"] + 0.2 * box["height"], steps=4)
    visit.page.mouse.up()
    expect(chosen).to_have_count(len(RATES))  # those of the largest seed
    visit.screenshot("panel-parallel")
    axis.click()
    expect(chosen).to_have_count(EVERYBODY)


def test_a_chart_is_kept_on_top_moved_removed_and_taken_back(visit: Visit) -> None:
    for chart in ("train/loss", "val/accuracy"):
        card = visit.part(f"chart-{chart}")
        card.hover()
        card.get_by_role("button", name="Menu of").click()
        card.get_by_role("button", name="Keep on top as a panel").click()
    eventually(lambda: kept_places(visit) == ["train/loss", "val/accuracy"])
    second = visit.part("own-panels").get_by_role("region", name="val/accuracy")
    second.hover()
    second.get_by_role("button", name="Menu of").click()
    second.get_by_role("button", name="Move to the left").click()
    eventually(lambda: kept_places(visit) == ["val/accuracy", "train/loss"])
    second.hover()
    second.get_by_role("button", name="Menu of").click()
    second.get_by_role("button", name="Remove").click()
    eventually(lambda: kept_places(visit) == ["train/loss"])
    visit.part("toast").get_by_role("button", name="Undo").click()
    eventually(lambda: kept_places(visit) == ["val/accuracy", "train/loss"])


def test_panels_are_ordered_and_sized_by_hand_and_by_keys_and_stay_so(visit: Visit) -> None:
    values = {"Loss": "metric.train/loss", "Accuracy": "metric.val/accuracy", "Rate": "config.lr"}
    cards = {
        title: add_panel(visit, "Bars", {"Value": [key]}, title) for title, key in values.items()
    }
    page = visit.page

    def grip(title: str) -> Locator:
        cards[title].hover()
        return page.get_by_role("button", name=f"Move {title}", exact=True)

    def drag(handle: Locator, x: float, y: float) -> None:
        handle.hover()
        page.mouse.down()
        page.mouse.move(x, y, steps=6)
        page.mouse.up()

    first = cards["Loss"].bounding_box()
    assert first
    drag(grip("Rate"), first["x"] + 60, first["y"] + 60)
    eventually(lambda: kept_places(visit) == ["Rate", "Loss", "Accuracy"])
    grip("Loss").press("ArrowRight")
    eventually(lambda: kept_places(visit) == ["Rate", "Accuracy", "Loss"])
    expect(grip("Loss")).to_be_focused()
    corner = page.get_by_role("button", name="Size of Accuracy", exact=True)
    before = cards["Accuracy"].bounding_box()
    assert before
    cards["Accuracy"].hover()
    drag(corner, before["x"] + 2 * before["width"], before["y"] + 2 * before["height"])
    corner.press("ArrowUp")
    corner.press("ArrowDown")

    def size() -> tuple[float, float]:
        box = cards["Accuracy"].bounding_box()
        assert box
        return box["width"] / before["width"], box["height"] / before["height"]

    eventually(lambda: size()[0] > 1.9 and size()[1] > 1.9, "twice as wide and high")
    visit.screenshot("panels-arranged")
    page.reload()
    eventually(lambda: kept_places(visit) == ["Rate", "Accuracy", "Loss"])
    eventually(lambda: size()[0] > 1.9 and size()[1] > 1.9)


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("Bars", {"Value": ["metric.train/loss"]}),
        ("Scatter", {"y": ["metric.train/loss"], "x": ["config.lr"]}),
        ("Parallel coordinates", {"Axes": ["config.lr", "metric.train/loss"]}),
        ("Lines", {"Metrics": ["train/loss"]}),
    ],
)
def test_every_kind_of_panel_is_saved_as_picture_drawing_and_table(
    visit: Visit, tmp_path: Path, kind: str, values: dict[str, list[str]]
) -> None:
    card = add_panel(visit, kind, values, "To save")
    card.locator("svg, canvas").first.wait_for()
    found = {}
    for entry in ("Save as PNG", "Save as SVG", "Save values as CSV"):
        card.hover()
        card.get_by_role("button", name="Menu of").click()
        with visit.page.expect_download() as download:
            card.get_by_role("button", name=entry).click()
        path = tmp_path / download.value.suggested_filename
        download.value.save_as(path)
        found[path.suffix] = path
    picture = np.asarray(Image.open(found[".png"]).convert("L"))
    assert picture.min() < 100 < 200 < picture.max()
    drawing = ET.parse(found[".svg"]).getroot()
    assert "To save" in "".join(drawing.itertext())
    head, *rows = csv.reader(found[".csv"].read_text("utf-8").splitlines())
    assert head[0] == "run"
    assert {row[0] for row in rows} >= {f"lr{rate}-seed4" for rate in RATES}


def test_a_named_view_brings_back_all_that_was_set(visit: Visit) -> None:
    visit.open(f"/p/{PROJECT}?group=config.lr&smooth=0.5&c=accuracy&clip=1")
    visit.page.get_by_role("button", name="Saved views").click()
    visit.page.get_by_label("Name of the view").fill("For the paper")
    visit.page.get_by_role("button", name="Save this view").click()
    forget = visit.page.get_by_role("button", name="Forget For the paper")
    expect(forget).to_be_visible()
    visit.page.keyboard.press("Escape")

    visit.open(f"/p/{PROJECT}")
    visit.page.get_by_role("button", name="Saved views").click()
    visit.page.get_by_role("button", name="For the paper", exact=True).click()
    eventually(lambda: len(visit.curves("val/accuracy")) == len(RATES))

    query = parse_qs(visit.page.evaluate("() => location.search.slice(1)"))
    kept = {"group": ["config.lr"], "smooth": ["0.5"], "c": ["accuracy"], "clip": ["1"]}
    assert query == {**kept, "view": ["For the paper"]}
    expect(visit.page.get_by_role("button", name="Saved views")).to_have_text("View: For the paper")
    visit.page.get_by_role("button", name="Saved views").click()
    forget.click()
    expect(forget).to_have_count(0)
    visit.page.keyboard.press("Escape")
    visit.part("toast").get_by_role("button", name="Undo").click()
    visit.page.get_by_role("button", name="Saved views").click()
    expect(forget).to_be_visible()


def test_a_view_has_its_own_panels_and_those_of_the_project_stay(visit: Visit) -> None:
    page = visit.page
    add_panel(visit, "Bars", {"Value": ["metric.train/loss"]}, "Everybody's")
    page.get_by_role("button", name="Saved views").click()
    page.get_by_label("Name of the view").fill("Mine")
    page.get_by_role("button", name="Save this view").click()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Saved views")).to_have_text("View: Mine")
    add_panel(visit, "Scatter", {"y": ["metric.train/loss"], "x": ["config.lr"]}, "Only here")
    card = visit.part("own-panels").get_by_role("region", name="Everybody's")
    card.hover()
    card.get_by_role("button", name="Menu of").click()
    card.get_by_role("button", name="Remove", exact=True).click()
    eventually(lambda: kept_places(visit) == ["Only here"])

    page.reload()  # the link holds the view
    eventually(lambda: kept_places(visit) == ["Only here"])
    page.get_by_role("button", name="Saved views").click()
    visit.screenshot("light-view-panels")
    page.get_by_role("button", name="Back to the panels of the project").click()
    eventually(lambda: kept_places(visit) == ["Everybody's"])
    page.get_by_role("button", name="Mine", exact=True).click()
    eventually(lambda: kept_places(visit) == ["Only here"])


def test_a_panel_fills_the_screen_by_its_link(visit: Visit) -> None:
    card = add_panel(visit, "Scatter", {"y": ["metric.train/loss"], "x": ["config.lr"]}, "Wide")
    card.hover()
    card.get_by_role("button", name="Wide in full screen").click()
    overlay = visit.page.get_by_role("dialog")
    expect(overlay.locator("circle")).to_have_count(EVERYBODY)
    eventually(lambda: "full=panel:" in visit.page.evaluate("() => location.search"))
    visit.page.reload()
    expect(overlay.locator("circle")).to_have_count(EVERYBODY)
    visit.page.keyboard.press("Escape")
    expect(overlay).to_have_count(0)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_panels_are_readable_in_both_themes_and_on_a_phone(
    dashboard: Site, visit: Visit, theme: Theme
) -> None:
    """What can be asserted is little; the pictures are there to be looked at."""
    add_panel(visit, "Bars", {"Value": ["metric.train/loss"]}, "Bars")
    add_panel(visit, "Scatter", {"y": ["metric.train/loss"], "x": ["config.lr"]}, "Points")
    add_panel(visit, "Parallel coordinates", {"Axes": ["config.lr", "metric.train/loss"]}, "Axes")
    with dashboard.visit(theme) as other:
        other.open(f"/p/{PROJECT}")
        expect(other.part("own-panels").locator("circle")).to_have_count(EVERYBODY)
        assert (other.screenshot(f"{theme}-panels") > 128) == (theme == "light")
    with dashboard.visit(theme, width=390) as phone:
        phone.open(f"/p/{PROJECT}")
        phone.part("own-panels").wait_for()
        phone.screenshot(f"{theme}-panels-phone")
        assert phone.page.evaluate("() => document.documentElement.scrollWidth") <= 390
