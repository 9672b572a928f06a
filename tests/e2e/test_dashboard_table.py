"""The runs table in headless Chromium: best values, groups, filters, many runs at once."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest
from playwright.sync_api import Locator, expect

from pluto.storage import Batch, MetricGroup, RunWriter
from tests.e2e.browser import Site, Theme, Visit, dashboard_over, eventually
from tests.e2e.recorded_sweep import (
    PROJECT,
    RATES,
    SEEDS,
    STEPS,
    accuracy,
    loss,
    name,
    record_sweep,
)

pytestmark = pytest.mark.slow

MANY = 600
TABLE = f"/p/{PROJECT}?tab=table"


def record_small(root: Path) -> None:
    """Write many small runs and a few to delete, faster than clients would."""
    for project, count in (("many", MANY), ("spare", 3)):
        write_runs(root, project, count)


def write_runs(root: Path, project: str, count: int) -> None:
    for number in range(count):
        writer = RunWriter(root / ".pluto" / project / f"run{number}")
        facts = {
            "uid": f"{project}{number}",
            "project": project,
            "name": f"run-{number:04}",
            "status": "COMPLETED",
            "created_at": 1_767_225_600_000 + number,
            "finished_at": 1_767_225_600_000 + number,
            "config": {"lr": number / MANY},
        }
        row = MetricGroup(("loss",), np.array([1]), np.array([1]), np.array([[float(number)]]))
        writer.append(Batch(facts=facts, groups=[row], names={"loss": "METRIC"}))
        writer.close()


dashboard = dashboard_over(record_sweep, record_small)


def names(visit: Visit) -> Locator:
    return visit.part("runs-table").locator("tbody a")


def cells(visit: Visit, column: str) -> list[str]:
    """Return the texts of a column from top to bottom."""
    return [
        str(text)
        for text in visit.page.evaluate(
            """column => {
                 const table = document.querySelector("[data-testid=runs-table]");
                 const heads = [...table.querySelectorAll("thead th")];
                 const place = heads.findIndex(head => head.dataset.column === column);
                 return [...table.querySelectorAll("tbody tr:not([aria-hidden])")].map(
                   row => row.cells[place].textContent.trim());
               }""",
            column,
        )
    ]


def test_best_values_and_their_steps_are_columns_to_sort_by(visit: Visit) -> None:
    visit.open(TABLE)
    visit.page.get_by_role("button", name="Choose columns").click()
    visit.page.get_by_label("Which value of a metric").select_option("maxstep")
    visit.page.get_by_label("step of the max val/accuracy").check()
    visit.page.get_by_label("Which value of a metric").select_option("max")
    visit.page.get_by_label("max val/accuracy", exact=True).check()
    visit.page.keyboard.press("Escape")
    header = visit.part("runs-table").locator('[data-column="maxstep.val/accuracy"] button')

    header.click()  # descending
    eventually(lambda: cells(visit, "maxstep.val/accuracy")[0] == "80", "the values")

    best = [40 + 10 * seed for seed in reversed(SEEDS) for _ in RATES]
    assert cells(visit, "maxstep.val/accuracy") == [str(step) for step in best]
    expected = {
        name(rate, seed): accuracy(rate, seed, 40 + 10 * seed) for rate in RATES for seed in SEEDS
    }
    shown = dict(zip(names(visit).all_inner_texts(), cells(visit, "max.val/accuracy"), strict=True))
    assert {run: float(text) for run, text in shown.items()} == pytest.approx(expected)
    visit.screenshot("table-best")
    visit.page.get_by_label("Filter runs").fill("max.val/accuracy>0.895")
    expect(names(visit)).to_have_count(len(SEEDS))


def test_a_column_of_curves_shows_the_shape_of_each_run(visit: Visit) -> None:
    visit.open(TABLE)
    visit.page.get_by_role("button", name="Choose columns").click()
    visit.page.get_by_label("Which value of a metric").select_option("curve")
    visit.page.get_by_label("curve val/accuracy").check()
    visit.page.keyboard.press("Escape")
    curves = visit.part("runs-table").locator("svg.sparkline")
    expect(curves).to_have_count(len(RATES) * len(SEEDS))
    rate, seed = RATES[0], SEEDS[0]
    shown = visit.part("runs-table").get_by_role("img", name=f"val/accuracy of {name(rate, seed)}:")
    values = [accuracy(rate, seed, step) for step in range(STEPS)]
    label = shown.get_attribute("aria-label") or ""
    low, high, last = (f"{value:.4g}" for value in (min(values), max(values), values[-1]))
    assert label.endswith(f": {low} to {high}, last {last}")
    # All curves share one range of y, which the head of the column says.
    head = visit.part("runs-table").get_by_role("columnheader", name="curve val/accuracy")
    expect(head).to_contain_text(re.compile(r"0\.\d+ to 0\.\d+"))
    # From bucket to bucket it rises to the best step and falls from there.
    path = shown.locator("path").get_attribute("d") or ""
    rows = np.array([float(point.split()[1]) for point in re.split("[ML]", path)[1:]][::4])
    best = int(rows.argmin())
    assert 0 < best < len(rows) - 1
    assert rows.max() - rows.min() < 15  # of 16 pixels, which all of them share
    assert (np.diff(rows[: best + 1]) < 0).all()
    assert (np.diff(rows[best:]) > 0).all()
    visit.screenshot("light-table-curves")


def test_an_outlier_of_one_run_does_not_flatten_the_curves_of_the_others(visit: Visit) -> None:
    visit.open(f"{TABLE}&cols=name,curve.train/jumpy")
    everybody = len(RATES) * len(SEEDS)
    curves = visit.part("runs-table").locator("svg.sparkline path:first-of-type")
    expect(curves).to_have_count(everybody)
    heights = []
    for path in curves.all():
        points = re.split("[ML]", path.get_attribute("d") or "")[1:]
        rows = [float(point.split()[1]) for point in points]
        heights.append(max(rows) - min(rows))
    assert min(heights) > 8  # of 16 pixels; one run jumps to 500, all others stay within 1
    visit.screenshot("light-curves")


def test_groups_show_mean_and_deviation_and_open_to_their_runs(visit: Visit) -> None:
    visit.open(f"{TABLE}&group=config.lr&sort=metric.train/loss")
    groups = visit.part("runs-table").locator("tbody tr.group")
    expect(groups).to_have_count(len(RATES))
    finals = np.array([loss(RATES[-1], seed, STEPS - 1) for seed in SEEDS])
    best = visit.page.get_by_test_id("group-row-3")
    expect(groups.first).to_contain_text("lr 0.03")
    expect(best).to_contain_text(f"{finals.mean():.4g} ± {finals.std(ddof=1):.2g}")
    visit.screenshot("table-groups")
    best.get_by_role("button", name="lr 0.03").last.click()
    expect(names(visit)).to_have_text([name(RATES[-1], seed) for seed in SEEDS])


def test_the_filter_takes_the_grammar_of_the_api(visit: Visit) -> None:
    tree = '{"$or":[{"config.lr":{"$lt":0.005}},{"name":{"$regex":"seed4$"}}]}'
    visit.open(f"{TABLE}&q={quote(tree)}")
    expect(names(visit)).to_have_count(len(SEEDS) + 2)
    field = visit.page.get_by_label("Filter runs")
    expect(field).to_have_attribute("aria-invalid", "false")
    field.fill('{"config.lr":{"$about":1}}')
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_attribute(
        "title", "$about is no operator: $eq $ne $gt $gte $lt $lte $in $nin $regex"
    )
    expect(names(visit)).to_have_count(len(RATES) * len(SEEDS))
    field.fill("/lr0.01-seed[12]$/")
    expect(names(visit)).to_have_count(2)


def test_what_differs_comes_first_and_the_table_is_saved_as_it_is(
    visit: Visit, tmp_path: Path
) -> None:
    visit.open(f"{TABLE}&q=seed1|seed2&sort=config.lr")
    expect(names(visit)).to_have_count(2 * len(RATES))
    heads = (
        visit.part("runs-table")
        .locator("thead th")
        .evaluate_all("all => all.map(th => th.dataset.column)")
    )
    assert heads.index("config.lr") < heads.index("metric.train/loss") < heads.index("config.depth")
    with visit.page.expect_download() as saved:
        visit.page.get_by_role("button", name="CSV").click()
    saved.value.save_as(tmp_path / "runs.csv")
    with open(tmp_path / "runs.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["id", *heads]
    assert [row["name"] for row in rows] == names(visit).all_inner_texts()
    for row in rows:
        final = loss(float(row["config.lr"]), int(row["config.seed"]), STEPS - 1)
        assert float(row["metric.train/loss"]) == final


def test_a_pinned_column_stays_in_sight(visit: Visit) -> None:
    visit.open(TABLE)
    visit.page.get_by_role("button", name="Choose columns").click()
    visit.page.get_by_label("Pin metric.val/accuracy").click()
    visit.page.keyboard.press("Escape")
    head = visit.part("runs-table").locator('[data-column="metric.val/accuracy"]')
    expect(head).to_have_class("right pinned")
    order = visit.page.evaluate(
        "() => [...document.querySelectorAll('.runs-table th')].map(cell => cell.dataset.column)"
    )
    assert order[:2] == ["name", "metric.val/accuracy"]


def test_many_runs_are_tagged_and_the_tags_taken_back(visit: Visit) -> None:
    visit.open(f"{TABLE}&q=seed1")
    expect(names(visit)).to_have_count(len(RATES))
    visit.page.get_by_label("Select all runs of the list").check()
    visit.page.get_by_role("button", name="Tag the selected runs").click()
    visit.page.get_by_label("Add a tag to the selected runs").fill("first")
    visit.page.get_by_role("button", name="Add to 3 runs").click()
    tags = visit.part("runs-table").get_by_role("button", name="first")
    expect(tags).to_have_count(len(RATES))
    visit.page.keyboard.press("Escape")
    visit.part("toast").get_by_role("button", name="Undo").click()
    expect(tags).to_have_count(0)


def test_deleted_runs_come_back(visit: Visit) -> None:
    visit.open(TABLE)
    everybody = len(RATES) * len(SEEDS)
    expect(names(visit)).to_have_count(everybody)
    visit.page.get_by_label(f"Select {name(0.01, 2)}", exact=True).check()
    visit.page.get_by_label(f"Select {name(0.01, 3)}", exact=True).check()
    visit.page.get_by_role("button", name="Delete", exact=True).click()
    expect(names(visit)).to_have_count(everybody - 2)
    toast = visit.part("toast")
    expect(toast).to_contain_text("Deleted 2 runs.")
    visit.screenshot("table-deleted")
    toast.get_by_role("button", name="Undo").click()
    expect(names(visit)).to_have_count(everybody)


def test_runs_that_were_deleted_are_listed_restored_and_removed_for_good(visit: Visit) -> None:
    visit.open("/p/spare?tab=table")
    expect(names(visit)).to_have_count(3)
    kept, gone = "run-0001", "run-0002"
    for each in (kept, gone):
        visit.page.get_by_label(f"Select {each}", exact=True).check()
    visit.page.get_by_role("button", name="Delete", exact=True).click()
    expect(names(visit)).to_have_count(1)
    visit.page.reload()  # the toast with its Undo is gone

    visit.page.get_by_role("button", name="Deleted…").click()
    sheet = visit.page.get_by_role("dialog", name="Deleted runs")
    expect(sheet.get_by_role("listitem")).to_have_count(2)
    visit.screenshot("light-deleted-runs")
    sheet.get_by_role("button", name=f"Restore {kept}", exact=True).click()
    expect(sheet.get_by_role("listitem")).to_have_count(1)
    sheet.get_by_role("button", name=f"Remove {gone} for good", exact=True).click()
    final = sheet.get_by_role("button", name="Remove for good", exact=True)
    expect(final).to_be_disabled()
    sheet.get_by_label(f"Type {gone}").fill(gone)
    visit.page.emulate_media(color_scheme="dark")
    visit.page.set_viewport_size({"width": 390, "height": 720})
    visit.screenshot("dark-deleted-runs-phone")
    final.click()
    expect(sheet.get_by_text("There is none")).to_be_visible()
    sheet.get_by_role("button", name="Close").click()
    visit.page.set_viewport_size({"width": 1280, "height": 720})
    expect(names(visit)).to_have_count(2)


def test_rows_of_hundreds_of_runs_exist_only_in_sight(visit: Visit) -> None:
    visit.open("/p/many?tab=table&sort=metric.loss")
    names(visit).first.wait_for()  # all of them are read for the first time
    expect(names(visit).first).to_have_text("run-0000")
    assert names(visit).count() < 80
    scroller = visit.page.get_by_role("region", name="Runs table")
    scroller.evaluate("box => { box.scrollTop = box.scrollHeight }")
    expect(names(visit).last).to_have_text(f"run-{MANY - 1:04}")
    assert names(visit).count() < 80
    visit.page.get_by_label("Filter runs").fill("loss<3")
    expect(names(visit)).to_have_text(["run-0000", "run-0001", "run-0002"])


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_selected_rows_are_readable_in_both_themes(dashboard: Site, theme: Theme) -> None:
    """What can be asserted is little; the pictures are there to be looked at."""
    with dashboard.visit(theme) as visit:
        visit.open(
            f"{TABLE}&cols=status,metric.train/loss,min.train/loss,config.lr&pin=config.seed"
        )
        visit.page.get_by_label(f"Select {name(0.01, 2)}", exact=True).check()
        assert (visit.screenshot(f"{theme}-table-selected") > 128) == (theme == "light")
