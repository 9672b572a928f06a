"""The study of a sweep, shades in the table, keys and the palette."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.e2e.browser import Site, Theme, Visit, dashboard_over, eventually
from tests.e2e.recorded_sweep import PROJECT, RATES, SEEDS, STEPS, loss, name, record_sweep

pytestmark = pytest.mark.slow

EVERYBODY = len(RATES) * len(SEEDS)
PHONE = 390


dashboard = dashboard_over(record_sweep)


def importance(visit: Visit) -> dict[str, tuple[int, float]]:
    """Return share in percent and correlation by parameter."""
    rows = visit.part("sweep-importance").locator("tbody tr")
    texts = [row.locator("td").all_inner_texts() for row in rows.all()]
    return {
        key.strip(): (int(share.split()[0]), float(correlation.replace("\u2212", "-")))
        for key, share, correlation in texts
    }


def test_a_sweep_shows_its_best_run_and_what_made_it_the_best(visit: Visit) -> None:
    visit.open(f"/p/{PROJECT}?tab=sweep&goal=metric.train/loss")
    best = visit.part("sweep-best")
    expect(best).to_contain_text(name(RATES[-1], SEEDS[0]))
    expect(best).to_contain_text(f"{loss(RATES[-1], SEEDS[0], STEPS - 1):.4g}")
    found = importance(visit)
    assert set(found) == {"lr", "seed"}
    assert found["lr"][0] > found["seed"][0]
    assert found["lr"][1] < -0.8
    expect(visit.page.get_by_label("Parallel coordinates").locator("path[data-run]")).to_have_count(
        EVERYBODY
    )
    visit.page.get_by_label("Which result is best").select_option("max")
    expect(best).to_contain_text(name(RATES[0], SEEDS[-1]))
    best.get_by_role("link", name="All runs in the table").click()
    rows = visit.part("runs-table").locator("tbody a")
    expect(rows.first).to_have_text(name(RATES[0], SEEDS[-1]))


def test_a_result_may_be_the_best_value_of_a_metric_and_the_filter_says_of_which_runs(
    visit: Visit,
) -> None:
    visit.open(f"/p/{PROJECT}?tab=sweep&goal=max.val/accuracy&q=config.lr=0.01")
    best = visit.part("sweep-best")
    expect(best).to_contain_text("0.9 max val/accuracy")
    expect(visit.page.get_by_text(f"{len(SEEDS)} runs", exact=True)).to_be_visible()
    expect(visit.part("sweep-importance")).to_contain_text("With 5 runs that have a result")


def test_results_are_shaded_by_their_rank_on_request(visit: Visit) -> None:
    visit.open(f"/p/{PROJECT}?tab=table&sort=metric.train/loss")
    visit.part("runs-table").locator("tbody a").first.wait_for()
    assert visit.page.locator("td.heat").count() == 0
    visit.page.get_by_role("button", name="Heat").click()
    column = visit.page.locator("td.heat").all()
    assert column
    shades = visit.page.evaluate(
        """() => {
             const heads = [...document.querySelectorAll(".runs-table thead th")];
             const place = heads.findIndex(head => head.dataset.column === "metric.train/loss");
             const rows = [...document.querySelectorAll(".runs-table tbody tr:not([aria-hidden])")];
             return rows.map(row => getComputedStyle(row.cells[place]).backgroundColor);
           }"""
    )
    assert len(set(shades)) == EVERYBODY  # each rank has its own
    eventually(lambda: "heat=1" in visit.page.evaluate("location.search"), "the address")
    visit.screenshot("table-heat")


def test_arrows_space_and_x_walk_show_and_select(visit: Visit) -> None:
    visit.open(f"/p/{PROJECT}")
    rail = visit.part("runs-rail")
    first = rail.locator(".rail-row").first
    first.wait_for()
    eye = first.get_by_role("button", name="in the charts")
    expect(eye).to_have_attribute("aria-pressed", "true")
    visit.page.keyboard.press("ArrowDown")
    visit.page.keyboard.press(" ")
    expect(eye).to_have_attribute("aria-pressed", "false")
    visit.page.keyboard.press("x")
    visit.tab("table")
    expect(visit.page.get_by_text("1 selected")).to_be_visible()
    visit.page.keyboard.press("Enter")
    expect(visit.page.get_by_role("heading", name=name(RATES[-1], SEEDS[-1]))).to_be_visible()
    eventually(lambda: visit.page.title() == f"✓ {name(RATES[-1], SEEDS[-1])} · Pluto", "the title")


def test_keys_lead_to_the_page_at_once_and_say_which_run_they_act_on(visit: Visit) -> None:
    visit.open(f"/p/{PROJECT}")
    visit.part("runs-rail").locator(".rail-row").first.wait_for()
    visit.page.keyboard.press("Tab")
    expect(visit.page.get_by_role("button", name="Skip to the page")).to_be_in_viewport()
    visit.page.keyboard.press("Enter")
    visit.page.keyboard.press("Tab")
    expect(visit.part("tab-charts")).to_be_focused()
    for key in "jjx":
        visit.page.keyboard.press(key)
    second = name(RATES[-1], SEEDS[-2])
    expect(visit.part("cursor-news")).to_have_text(f"{second}, completed, shown, selected")
    selected = visit.part("runs-rail").get_by_role("group", name="Selected runs")
    expect(selected).to_contain_text("1 selected")
    visit.part("runs-rail").get_by_role("link", name=name(RATES[-1], SEEDS[-1])).focus()
    visit.page.keyboard.press("x")
    expect(selected).to_contain_text("2 selected")
    visit.screenshot("rail-selected")
    selected.get_by_role("button", name="Clear").click()
    expect(selected).to_have_count(0)
    visit.page.get_by_role("button", name="Go to…").click()
    expect(visit.page.get_by_role("combobox", name="Go to")).to_be_focused()


def test_the_palette_does_things_too(visit: Visit) -> None:
    visit.open(f"/p/{PROJECT}?q=seed1")
    visit.page.get_by_text("3 of 12").wait_for()
    visit.page.keyboard.press("Control+k")
    visit.page.get_by_role("combobox", name="Go to").fill("clear the filter")
    visit.page.keyboard.press("Enter")
    expect(visit.page.get_by_label("Filter runs")).to_have_value("")
    visit.page.keyboard.press("Control+k")
    visit.page.get_by_role("combobox", name="Go to").fill("light or dark")
    visit.page.keyboard.press("Enter")
    expect(visit.page.locator("html")).to_have_attribute("data-theme", "dark")


@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", PHONE)])
def test_the_study_of_a_sweep_fits_both_themes_and_a_phone(
    dashboard: Site, theme: Theme, width: int
) -> None:
    """What can be asserted is little; the pictures are there to be looked at."""
    with dashboard.visit(theme, width) as visit:
        visit.open(f"/p/{PROJECT}?tab=sweep&goal=metric.train/loss")
        visit.part("sweep-importance").locator("tbody tr").first.wait_for()
        assert visit.page.evaluate("() => document.documentElement.scrollWidth") <= width
        assert (visit.screenshot(f"{theme}-sweep-{width}") > 128) == (theme == "light")
