"""Charts in headless Chromium: groups of runs, metrics over metrics, outliers, drawings."""

from __future__ import annotations

import csv
import functools
import itertools
import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Download, Request, Route, expect

from tests.e2e.browser import Curve, Site, Theme, Visit, dashboard_over, eventually, record
from tests.e2e.recorded_sweep import (
    LONG,
    PROJECT,
    RATES,
    SEEDS,
    SPIKE,
    STEPS,
    accuracy,
    loss,
    name,
    record_sweep,
    samples,
)

pytestmark = pytest.mark.slow

LOSS, ACCURACY, JUMPY = "train/loss", "val/accuracy", "train/jumpy"


dashboard = dashboard_over(record_sweep, lambda runs: record(runs, "pair"))


def query(visit: Visit, key: str) -> str | None:
    found = parse_qs(visit.page.evaluate("() => location.search.slice(1)")).get(key)
    return found[0] if found else None


def window(visit: Visit) -> list[float]:
    return [float(bound) for bound in str(query(visit, "zoom")).split(":")]


def body_of(request: Request) -> dict[str, Any]:
    return json.loads(request.post_data or "{}")  # type: ignore[no-any-return]


def drawn(visit: Visit, chart: str, count: int) -> list[Curve]:
    """Return the curves of a chart once it draws so many, each with all its points."""
    return eventually(
        lambda: curves if len(curves := visit.curves(chart)) == count else None,
        f"{count} curves in {chart}",
    )


def group_curve(visit: Visit, run: int, mean: NDArray[np.float64]) -> Curve | None:
    """Return the curve of a group of losses once its mean is the given one."""
    for curve in visit.curves(LOSS):
        if curve.run == run and curve.mean == pytest.approx(mean):
            return curve
    return None


def save(visit: Visit, chart: str, entry: str) -> Download:
    """Download from the menu of a chart."""
    card = visit.part(f"chart-{chart}")
    card.hover()
    card.get_by_role("button", name="Menu of").click()
    with visit.page.expect_download() as waiting:
        card.get_by_role("button", name=entry).click()
    return waiting.value


def test_runs_grouped_by_a_setting_are_drawn_as_mean_and_deviation(visit: Visit) -> None:
    visit.open(f"/p/{PROJECT}")
    drawn(visit, LOSS, 10)
    visit.page.get_by_role("button", name="Group the runs").click()
    visit.page.get_by_label("lr", exact=True).check()

    eventually(lambda: query(visit, "group") == "config.lr")
    for place, rate in enumerate(RATES):
        seeds = np.array([[loss(rate, seed, step) for step in range(STEPS)] for seed in SEEDS])
        # A group is drawn from those of its runs that have come, and is whole with the last.
        curve = eventually(functools.partial(group_curve, visit, -1 - place, seeds.mean(0)))
        assert curve.high - curve.mean == pytest.approx(seeds.std(0, ddof=1))
        assert curve.mean - curve.low == pytest.approx(seeds.std(0, ddof=1))
    rail = visit.part("runs-rail")
    row = rail.get_by_test_id("group-row-3")
    expect(row).to_contain_text("lr 0.03")
    expect(row).to_contain_text("±")
    visit.screenshot("grouped-charts")
    # A group opens to its runs, and goes out of the charts as one.
    row.get_by_role("button", name="lr 0.03", exact=False).last.click()
    expect(rail.get_by_role("link", name=name(RATES[-1], 1))).to_be_visible()
    row.get_by_role("button", name="Show lr 0.03 in the charts").click()
    assert {curve.run for curve in drawn(visit, LOSS, 2)} == {-1, -2}


def test_a_metric_can_be_the_x_axis_of_the_others(visit: Visit) -> None:
    visit.open(f"/p/{PROJECT}?q=seed2")
    drawn(visit, LOSS, len(RATES))
    visit.page.get_by_role("button", name="Choose a metric for x").click()
    visit.page.get_by_label("Find a name").fill("sampl")
    visit.page.get_by_role("button", name="samples", exact=True).click()

    expected = [samples(2, step) for step in range(STEPS)]
    eventually(lambda: all(curve.x[-1] == expected[-1] for curve in visit.curves(LOSS)))

    eventually(lambda: query(visit, "x") == "metric:samples")
    for curve in drawn(visit, ACCURACY, len(RATES)):
        assert list(curve.x) == expected
    means = sorted(tuple(curve.mean) for curve in visit.curves(ACCURACY))
    assert means == sorted(
        tuple(accuracy(rate, 2, step) for step in range(STEPS)) for rate in RATES
    )
    visit.screenshot("over-a-metric")
    visit.page.get_by_label("x axis").select_option("step")
    eventually(lambda: visit.curves(LOSS)[0].x[-1] == STEPS - 1, "steps again")


def test_outliers_leave_the_range_only_when_asked_and_it_is_said(visit: Visit) -> None:
    visit.open(f"/p/{PROJECT}")
    drawn(visit, JUMPY, 10)
    chart = visit.part(f"chart-{JUMPY}")
    expect(chart).not_to_contain_text("out of the range")
    visit.page.get_by_label("Leave outliers out of the y range").check()
    expect(chart).to_contain_text("1 outlying point lies out of the range")
    expect(visit.part(f"chart-{LOSS}")).not_to_contain_text("out of the range")
    eventually(lambda: query(visit, "clip") == "1")
    assert max(curve.high.max() for curve in visit.curves(JUMPY)) == SPIKE


def test_an_exponential_over_logarithmic_steps_bends_and_step_0_is_left_out(visit: Visit) -> None:
    visit.open(f"/p/{PROJECT}?group=config.lr")
    drawn(visit, LOSS, len(RATES))
    visit.page.get_by_label("Logarithmic x").check()
    eventually(lambda: query(visit, "logx") == "1")
    area = visit.part(f"chart-{LOSS}").locator(".u-over").bounding_box()
    assert area
    # The middle of the axis is the geometric mean of its ends: about step 11 of 1 to 119.
    visit.page.mouse.move(area["x"] + area["width"] / 2, area["y"] + area["height"] / 2)
    tooltip = visit.part(f"chart-{LOSS}").locator(".tooltip-x")
    expect(tooltip).to_have_text("step 11")
    visit.screenshot("logarithmic-steps")


def test_a_zoom_over_a_metric_fetches_the_steps_that_have_its_values(visit: Visit) -> None:
    def asks_for_detail(request: Request) -> bool:
        return "ui/series" in request.url and body_of(request)["hi"] is not None

    with visit.page.expect_request(asks_for_detail) as waiting:
        visit.open(f"/p/{LONG}?x=metric:samples&zoom=16000:24000")
    asked = body_of(waiting.value)
    # 16 samples a step: 16,000 were seen at step 999, 24,000 at step 1499; then a bucket of 4.
    assert 990 <= asked["lo"] < 999
    assert 1499 < asked["hi"] <= 1508
    eventually(lambda: 500 < len(visit.curve(LOSS).x) < 520, "every step of the stretch")


def test_a_zoom_into_a_run_that_is_there_whole_asks_for_nothing_and_saves_what_is_in_sight(
    visit: Visit, tmp_path: Path
) -> None:
    visit.open(f"/p/{PROJECT}?q=lr0.01-seed2")
    visit.curve(LOSS)
    asked: list[str] = []
    visit.page.on("request", lambda request: asked.append(request.url))
    x, y, width = middle_of(visit, LOSS)
    visit.page.mouse.move(x, y)
    visit.page.mouse.down()
    visit.page.mouse.move(x + width / 4, y, steps=5)
    visit.page.mouse.up()
    eventually(lambda: query(visit, "zoom"), "a zoom in the address")
    low, high = window(visit)
    save(visit, LOSS, "Save values as CSV").save_as(tmp_path / "loss.csv")
    with (tmp_path / "loss.csv").open(newline="") as file:
        steps = [int(row["x"]) for row in csv.DictReader(file)]
    assert steps == [step for step in range(STEPS) if low <= step <= high]
    assert not [url for url in asked if url.endswith("/series")]


def asks_for_series(request: Request) -> bool:
    return "ui/series" in request.url


def test_a_page_opened_again_asks_for_its_series_before_its_list_is_there(visit: Visit) -> None:
    visit.open(f"/p/{PROJECT}?q=lr0.01-seed2")
    visit.curve(LOSS)
    visit.page.wait_for_function("() => localStorage.getItem('pluto.asked')?.includes('seed2')")
    lists: list[Route] = []

    def hold(route: Route) -> None:
        lists.append(route)

    visit.page.route("**/api/ui/runs?project=*", hold)
    with visit.page.expect_request(asks_for_series) as waiting:
        visit.page.reload()
    assert LOSS in body_of(waiting.value)["names"]
    lists[0].continue_()
    visit.curve(LOSS)


def test_what_another_version_remembered_of_a_page_does_not_keep_it_from_opening(
    visit: Visit,
) -> None:
    visit.open(f"/p/{PROJECT}?q=seed2")
    for kept in ("{", "{}", f'[["/p/{PROJECT}?q=seed2"]]', f'[["/p/{PROJECT}?q=seed2", [{{}}]]]'):
        visit.page.evaluate("kept => localStorage.setItem('pluto.asked', kept)", kept)
        visit.page.reload()
        drawn(visit, LOSS, len(RATES))


def test_the_kind_of_smoothing_is_in_the_link(visit: Visit) -> None:
    visit.open(f"/p/{PROJECT}?smooth=0.9&by=gaussian")
    drawn(visit, LOSS, 10)
    kind = visit.page.get_by_label("Smooth by")
    expect(kind).to_have_value("gaussian")
    kind.select_option("time")
    eventually(lambda: query(visit, "by") == "time")


def test_a_chart_is_saved_as_a_drawing(visit: Visit, tmp_path: Path) -> None:
    visit.open(f"/p/{PROJECT}?group=config.lr")
    drawn(visit, LOSS, len(RATES))
    saved = save(visit, LOSS, "Save as SVG")
    assert saved.suggested_filename == "loss.svg"
    saved.save_as(tmp_path / "loss.svg")
    drawing = ET.parse(tmp_path / "loss.svg").getroot()
    texts = [element.text for element in drawing.iter("{http://www.w3.org/2000/svg}text")]
    assert texts[0] == "loss"
    assert "lr 0.03 (4)" in texts
    paths = [element.get("d", "") for element in drawing.iter("{http://www.w3.org/2000/svg}path")]
    assert sum(path.count("L") == STEPS - 1 for path in paths) == len(RATES)


def test_the_values_of_a_chart_are_saved_as_a_table(visit: Visit, tmp_path: Path) -> None:
    visit.open(f"/p/{PROJECT}?q=lr0.01-seed3")
    drawn(visit, LOSS, 1)
    save(visit, LOSS, "Save values as CSV").save_as(tmp_path / "loss.csv")
    with open(tmp_path / "loss.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["mean"]) for row in rows] == [loss(0.01, 3, step) for step in range(STEPS)]
    assert {(row["run"], row["metric"]) for row in rows} == {("lr0.01-seed3", LOSS)}


def test_a_drag_in_the_system_tab_zooms_all_of_the_machine(visit: Visit) -> None:
    visit.open("/p/digits")
    visit.part("runs-rail").get_by_role("link", name="slow", exact=True).click()
    visit.tab("system")
    chart = "sys/memory.used"
    visit.part(f"chart-{chart}").scroll_into_view_if_needed()
    whole = visit.curve(chart)
    area = visit.part(f"chart-{chart}").locator(".u-over").bounding_box()
    assert area
    mouse, middle = visit.page.mouse, area["y"] + area["height"] / 2
    mouse.move(area["x"] + 0.2 * area["width"], middle)
    mouse.down()
    mouse.move(area["x"] + 0.7 * area["width"], middle, steps=5)
    mouse.up()
    zoomed = eventually(lambda: query(visit, "tzoom"), "a zoom in the address")
    low, high = map(float, zoomed.split(":"))
    assert 0 <= low < high < whole.x[-1]
    # The charts over steps are not touched by it.
    assert query(visit, "zoom") is None
    visit.page.get_by_title("Show everything").click()
    eventually(lambda: query(visit, "tzoom") is None, "no zoom in the address")


def middle_of(visit: Visit, chart: str) -> tuple[float, float, float]:
    """Return where the middle of a chart's plot is, and how wide it is."""
    box = visit.part(f"chart-{chart}").locator(".u-over").bounding_box()
    assert box
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, box["width"]


def test_the_values_beside_the_crosshair_stay_on_the_page(visit: Visit) -> None:
    visit.open(f"/p/{PROJECT}?smooth=0.6")
    eventually(lambda: visit.curves(LOSS))
    first_line = visit.page.get_by_label("Filter charts by name").bounding_box()
    last_check = visit.page.get_by_label("Leave outliers out of the y range").bounding_box()
    assert first_line
    assert last_check
    assert last_check["y"] < first_line["y"] + first_line["height"]  # smoothing wraps no toolbar
    for page_width, chart in itertools.product((1280, 390), (LOSS, JUMPY)):
        visit.page.set_viewport_size({"width": page_width, "height": 720})
        visit.part(f"chart-{chart}").scroll_into_view_if_needed()
        page = visit.page.locator("main").bounding_box()
        assert page
        x, y, width = middle_of(visit, chart)
        for part in (-0.3, -0.05, 0.05, 0.3):  # beside the middle a box has the least room
            visit.page.mouse.move(x + part * width, y)
            tooltip = visit.part(f"chart-{chart}").locator(".tooltip")
            expect(tooltip).to_contain_text("step")
            box = tooltip.bounding_box()
            assert box
            assert page["x"] <= box["x"], (page_width, chart, part)
            assert box["x"] + box["width"] <= page["x"] + page["width"], (page_width, chart, part)


def test_a_chart_in_full_screen_names_its_lines_and_gives_the_focus_back(visit: Visit) -> None:
    visit.open(f"/p/{PROJECT}?q=seed1")
    eventually(lambda: visit.curves(LOSS))
    opener = visit.page.get_by_role("button", name="loss in full screen")
    opener.focus()
    visit.page.keyboard.press("Enter")
    big = visit.page.get_by_role("dialog", name=LOSS)
    lines = [name(rate, 1) for rate in reversed(RATES)]
    expect(big.get_by_role("list", name="Legend").locator("li")).to_have_text(lines)
    expect(visit.part("runs-rail")).to_be_hidden()  # what it covers is out of reach of the Tab key
    visit.page.keyboard.press("Tab")
    expect(big.get_by_label("x axis")).to_be_focused()
    visit.screenshot("chart-full-legend")
    big.get_by_label("Smoothing").focus()
    visit.page.keyboard.press("Escape")
    expect(big).to_have_count(0)
    expect(opener).to_be_focused()


def test_a_click_pins_the_crosshair_in_all_charts_until_it_is_let_go(visit: Visit) -> None:
    visit.open(f"/p/{PROJECT}")
    eventually(lambda: visit.curves("train/loss"))
    x, y, _ = middle_of(visit, "train/loss")
    visit.page.mouse.click(x, y)
    chip = visit.page.get_by_title("Let the crosshair go")
    expect(chip).to_have_text(re.compile(r"at step (5|6)\d"))
    shown = visit.part("chart-train/loss").locator(".tooltip-x")
    expect(shown).to_contain_text("step")
    step = shown.inner_text()
    visit.page.mouse.move(x + 60, y)  # it stays, and is read off in any chart
    expect(shown).to_have_text(step)
    other_x, other_y, _ = middle_of(visit, "val/accuracy")
    visit.page.mouse.move(other_x + 80, other_y)
    expect(visit.part("chart-val/accuracy").locator(".tooltip-x")).to_have_text(step)
    visit.screenshot("chart-pinned")
    visit.page.wait_for_url("**mark=**")
    visit.page.keyboard.press("Escape")
    expect(chip).to_have_count(0)
    expect(shown).to_have_count(0)


def test_a_drag_with_shift_moves_along_the_axis(visit: Visit) -> None:
    visit.open(f"/p/{PROJECT}?zoom=40:60")
    eventually(lambda: visit.curves("train/loss"))
    x, y, width = middle_of(visit, "train/loss")
    visit.page.mouse.move(x, y)
    visit.page.keyboard.down("Shift")
    visit.page.mouse.down()
    visit.page.mouse.move(x - width / 2, y, steps=5)
    visit.page.mouse.up()
    visit.page.keyboard.up("Shift")
    # The address follows the drag: it is where it was led to, not on the way.
    eventually(lambda: window(visit) == pytest.approx([50, 70], abs=0.5), "a window from 50 to 70")
    expect(visit.page.get_by_title("Let the crosshair go")).to_have_count(0)


def test_one_chart_has_scale_range_axis_and_smoothing_of_its_own(visit: Visit) -> None:
    visit.open(f"/p/{PROJECT}")
    eventually(lambda: visit.curves("train/loss"))
    chart = visit.part("chart-train/loss")
    chart.hover()
    chart.get_by_role("button", name="Menu of").click()
    page = visit.page
    page.get_by_label("Scale of this chart").select_option("log")
    page.get_by_label("Highest y of this chart").fill("0.5")
    page.get_by_label("Highest y of this chart").press("Enter")
    page.get_by_label("x axis of this chart").select_option("relative")
    page.get_by_label("Smoothing of this chart").fill("0.5")
    visit.screenshot("chart-settings")
    page.keyboard.press("Escape")
    own = chart.locator(".chart-own")
    expect(own).to_have_text("log y · y up to 0.5 · x relative time · smoothed 0.5")
    expect(chart.locator(".chart-note")).to_contain_text("out of the range")
    assert not page.get_by_label("Logarithmic y axis").is_checked()
    expect(page).to_have_url(re.compile("smooth:0.5"))
    page.reload()
    expect(own).to_contain_text("log y")
    chart.hover()
    chart.get_by_role("button", name="Menu of").click()
    page.get_by_role("button", name="As the page has it").click()
    expect(own).to_have_count(0)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_groups_and_notes_are_readable_in_both_themes(dashboard: Site, theme: Theme) -> None:
    """What can be asserted is little; the pictures are there to be looked at."""
    with dashboard.visit(theme) as visit:
        visit.open(f"/p/{PROJECT}?group=config.lr&smooth=0.5&clip=1")
        drawn(visit, JUMPY, len(RATES))
        visit.page.wait_for_timeout(300)
        assert (visit.screenshot(f"{theme}-groups") > 128) == (theme == "light")
