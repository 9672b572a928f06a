"""The dashboard in headless Chromium over two finished runs: it shows what was logged."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import expect

from pluto.storage import RunReader
from tests.e2e.browser import Curve, Site, Theme, Visit, eventually, record, site
from tests.e2e.recorded_runs import PROJECT, RATES, STEPS, loss, square

pytestmark = pytest.mark.slow

LOSS, SQUARE = "train/loss", "train/square"
EVERY_STEP = np.arange(STEPS, dtype=np.float64)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("runs")
    record(directory, "pair")
    return directory


@pytest.fixture(scope="module")
def dashboard(
    runs: Path, chromium: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    with site(runs, chromium, tmp_path_factory.mktemp("home")) as opened:
        yield opened


def losses(name: str) -> NDArray[np.float64]:
    return np.array([loss(RATES[name], step) for step in range(STEPS)])


def bend(rows: NDArray[np.float64]) -> float:
    """Return by how many pixels a painted line is off a straight one."""
    columns = np.flatnonzero(np.isfinite(rows))
    straight = np.polynomial.Polynomial.fit(columns, rows[columns], 1)
    return float(np.abs(rows[columns] - straight(columns)).max())


def height(rows: NDArray[np.float64]) -> float:
    """Return how many pixels a painted line covers from top to bottom, after its beginning."""
    columns = np.flatnonzero(np.isfinite(rows))
    settled = rows[columns[len(columns) // 3 :]]
    return float(settled.max() - settled.min())


def query(visit: Visit) -> dict[str, list[str]]:
    return parse_qs(visit.page.evaluate("() => location.search.slice(1)"))


def test_the_runs_of_a_project_are_on_their_way_before_the_page_asks_for_them(
    visit: Visit,
) -> None:
    visit.open(f"/p/{PROJECT}")
    eventually(lambda: visit.curves(LOSS), "curves")
    asked = visit.page.evaluate(
        """() => performance.getEntriesByType("resource").map(
             ({name, initiatorType}) => [new URL(name).pathname, initiatorType])"""
    )
    before_the_curves = asked[: [path for path, _ in asked].index("/api/ui/series")]
    runs = [by for path, by in before_the_curves if path == "/api/ui/runs"]
    assert runs == ["link"]


def test_a_run_found_from_the_projects_shows_the_curve_that_was_logged(visit: Visit) -> None:
    visit.open_run("slow")
    curve = visit.curve(LOSS)
    assert np.array_equal(curve.x, EVERY_STEP)
    for drawn in (curve.mean, curve.low, curve.high):
        assert np.array_equal(drawn, losses("slow"))
    expect(visit.part("status")).to_contain_text("completed")
    expect(visit.part("tags")).to_contain_text("demo")
    # On the canvas: it falls from left to right, ever more slowly.
    rows = visit.settled(LOSS)
    assert (np.diff(rows[np.isfinite(rows)]) >= -0.5).all()
    assert bend(rows) > 10


def test_runs_are_drawn_over_each_other_with_their_own_values(visit: Visit) -> None:
    visit.open(f"/p/{PROJECT}")
    eventually(lambda: len(visit.curves(LOSS)) == len(RATES))
    means = {tuple(curve.mean) for curve in visit.curves(LOSS)}
    assert means == {tuple(losses(name)) for name in RATES}


def test_another_run_is_laid_over_the_page_of_one(visit: Visit) -> None:
    visit.open_run("slow")
    visit.curve(LOSS)
    visit.part("runs-rail").get_by_role("button", name="fast").last.click()
    eventually(lambda: len(visit.curves(LOSS)) == len(RATES))
    means = {tuple(curve.mean) for curve in visit.curves(LOSS)}
    assert means == {tuple(losses(name)) for name in RATES}


def test_on_a_log_axis_an_exponential_decay_is_a_straight_line(visit: Visit) -> None:
    visit.open_run("slow")
    visit.curve(LOSS)
    bent = bend(visit.settled(LOSS))
    visit.page.get_by_label("Logarithmic y axis").check()
    eventually(lambda: bend(visit.settled(LOSS)) < min(2, bent), "a straight line")


def test_smoothing_flattens_the_line_and_leaves_the_data_alone(visit: Visit) -> None:
    visit.open_run("slow")
    visit.curve(SQUARE)
    before = height(visit.settled(SQUARE))
    visit.page.get_by_label("Smoothing").fill("0.97")
    eventually(lambda: height(visit.settled(SQUARE)) < 0.8 * before, "a flatter line")
    eventually(lambda: query(visit).get("smooth") == ["0.97"], "the smoothing in the address")
    assert np.array_equal(visit.curve(SQUARE).mean, [square(step) for step in range(STEPS)])


@pytest.mark.parametrize(("choice", "since_start"), [("time", False), ("relative", True)])
def test_the_x_axis_can_be_time(visit: Visit, runs: Path, choice: str, since_start: bool) -> None:
    (directory,) = (runs / ".pluto" / PROJECT).glob("slow-*")
    reader = RunReader(directory)
    times, created = reader.points(LOSS).times, reader.facts()["created_at"]
    reader.close()
    visit.open_run("slow")
    visit.curve(LOSS)
    visit.page.get_by_label("x axis").select_option(choice)
    expected = times - (created if since_start else 0)

    def by_time() -> Curve | None:
        return next((each for each in visit.curves(LOSS) if each.x[-1] == expected[-1]), None)

    curve = eventually(by_time, "a curve over time")
    assert np.array_equal(curve.x, expected)
    assert np.array_equal(curve.mean, losses("slow"))


def test_a_drag_zooms_and_a_double_click_shows_everything_again(visit: Visit) -> None:
    visit.open_run("slow")
    whole = visit.settled(LOSS)
    area = visit.part(f"chart-{LOSS}").locator(".u-over").bounding_box()
    assert area
    mouse, middle = visit.page.mouse, area["y"] + area["height"] / 2
    mouse.move(area["x"] + 0.25 * area["width"], middle)
    mouse.down()
    mouse.move(area["x"] + 0.5 * area["width"], middle, steps=5)
    mouse.up()
    eventually(lambda: "zoom" in query(visit), "a zoom in the address")
    low, high = map(float, query(visit)["zoom"][0].split(":"))
    assert (low, high) == pytest.approx((STEPS * 0.25, STEPS * 0.5), abs=3)
    # What was a quarter of the line now spans the chart.
    close = visit.settled(LOSS)
    assert not np.array_equal(close, whole, equal_nan=True)
    mouse.dblclick(area["x"] + area["width"] / 2, middle)
    eventually(lambda: "zoom" not in query(visit), "no zoom in the address")
    mouse.move(0, 0)
    assert np.array_equal(visit.settled(LOSS), whole, equal_nan=True)


def test_a_link_holds_the_whole_view(visit: Visit) -> None:
    visit.open_run("slow")
    run = urlsplit(visit.page.url).path
    visit.open(f"{run}?log=1&smooth=0.5&x=relative&tab=charts")
    visit.curve(LOSS)
    assert visit.page.get_by_label("Logarithmic y axis").is_checked()
    assert visit.page.get_by_label("Smoothing").input_value() == "0.5"
    assert visit.page.get_by_label("x axis").input_value() == "relative"


def test_the_console_shows_what_was_printed_and_can_be_searched(visit: Visit) -> None:
    visit.open_run("slow")
    visit.tab("console")
    lines = visit.part("console")
    expect(lines).to_contain_text("training with 0.01")
    expect(lines).to_contain_text("a warning of the framework")
    visit.page.get_by_label("Search the console").fill("warning")
    expect(visit.part("console-matches")).to_contain_text("1 of 1")
    expect(lines.locator("[aria-current] mark")).to_have_text("warning")
    expect(lines).to_contain_text("training with")
    visit.page.get_by_label("only these").check()
    expect(lines).not_to_contain_text("training with")
    expect(lines).to_contain_text("a warning of the framework")


def test_a_file_that_is_an_image_is_decoded_by_the_browser(visit: Visit) -> None:
    visit.open_run("slow")
    visit.tab("files")
    files = visit.part("files")
    expect(files).to_contain_text("report")
    files.get_by_role("button", name="sample", exact=True).first.click()
    image = files.get_by_role("img", name="seen with 0.01")
    eventually(lambda: image.evaluate("image => image.complete && image.naturalWidth"))
    size = image.evaluate("image => [image.naturalWidth, image.naturalHeight]")
    assert size == [60, 40]


def test_media_and_structured_data_are_shown(visit: Visit) -> None:
    visit.open_run("fast")
    visit.tab("media")
    expect(visit.part("media")).to_contain_text("seen with 0.1")
    expect(visit.part("media")).to_contain_text("all went well")
    visit.tab("data")
    table = visit.part("data-val/confusion")
    expect(table.locator("td")).to_have_text(["48", "2", "1", "49"])
    expect(visit.part("data-phase")).to_contain_text("warm-up")
    expect(visit.part("data-weights")).to_contain_text("100 values from 0 to 99")


def test_config_and_overview_tell_what_the_run_was(visit: Visit) -> None:
    visit.open_run("fast")
    visit.tab("config")
    for text in ("lr", "0.1", "model.layers", "[4,2]", "model.name", "mlp"):
        expect(visit.part("config")).to_contain_text(text)
    visit.tab("overview")
    expect(visit.part("overview")).to_contain_text("recorded_runs.py")
    expect(visit.part("last-values")).to_contain_text("train/square")


def test_system_metrics_are_drawn(visit: Visit) -> None:
    visit.open_run("slow")
    visit.tab("system")
    expect(visit.part("system")).to_contain_text("cpu")
    visit.part("chart-sys/memory.used").scroll_into_view_if_needed()
    curve = visit.curve("sys/memory.used")
    assert (curve.mean >= 0).all()
    assert len(curve.x) > 1


def test_the_runs_table_is_sorted_and_searched(visit: Visit) -> None:
    visit.open(f"/p/{PROJECT}?tab=table")
    names = visit.part("runs-table").locator("tbody a")
    expect(names).to_have_text(["fast", "slow"])  # newest first
    header = visit.part("runs-table").locator('[data-column="metric.train/loss"] button')
    header.click()
    first = names.all_inner_texts()
    header.click()
    expect(names).to_have_text(first[::-1])
    visit.page.get_by_label("Filter runs").fill("slo")
    expect(names).to_have_text(["slow"])
    visit.page.get_by_label("Filter runs").fill("train/loss<0.01")
    expect(names).to_have_text(["fast"])
    visit.page.get_by_label("Filter runs").fill("nothing like it")
    expect(visit.page.get_by_text("No run matches")).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_page_looks_right_in_both_themes(dashboard: Site, theme: Theme) -> None:
    """What can be asserted is little; the pictures are there to be looked at."""
    with dashboard.visit(theme) as visit:
        visit.open(f"/p/{PROJECT}")
        eventually(lambda: visit.curves(LOSS))
        visit.screenshot(f"{theme}-project")
        visit.open(f"/p/{PROJECT}?tab=table")
        visit.part("runs-table").wait_for()
        visit.screenshot(f"{theme}-table")
        visit.open_run("slow")
        visit.settled(LOSS)
        visit.screenshot(f"{theme}-charts")
        for tab in ("overview", "media", "data", "console", "system", "files", "config"):
            visit.tab(tab)
            visit.part(tab).wait_for()
            visit.page.wait_for_timeout(300)  # for images and charts, before the picture is taken
            brightness = visit.screenshot(f"{theme}-{tab}")
            assert (brightness > 128) == (theme == "light")


def test_on_a_phone_nothing_is_wider_than_the_window(dashboard: Site) -> None:
    with dashboard.visit(width=390) as visit:
        visit.open(f"/p/{PROJECT}")
        eventually(lambda: visit.curves(LOSS))
        visit.screenshot("phone-project")
        width = visit.page.evaluate("() => document.documentElement.scrollWidth")
        assert width <= 390
