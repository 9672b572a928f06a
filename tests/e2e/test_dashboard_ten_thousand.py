"""The dashboard over a project of ten thousand runs, in headless Chromium."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest
from playwright.sync_api import Locator, expect

from tests.e2e.browser import Site, Visit, site
from tests.e2e.many_runs import COUNT, PROJECT, SEEDS, loss, name, rate, record_many, status

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

TABLE = f"/p/{PROJECT}?tab=table"
SIZE = 1_200_000_000
"""Bytes of all runs, about."""
PATIENCE = 60_000  # ms; a busy machine takes a while for a list of four megabytes
FEW = 80
"""Rows in sight, and some to spare."""
LISTEN = """window.said = []; new MutationObserver(() => {
  const unread = document.querySelector('[data-testid="unread"]');
  if (unread) window.said.push(unread.textContent);
}).observe(document, { childList: true, subtree: true, characterData: true })"""
FIRST = [number for number in range(400) if status(number) == "COMPLETED"]


@pytest.fixture(scope="module")
def said() -> list[str]:
    """What the page said of unread runs while it was looked at for the first time."""
    return []


@pytest.fixture(scope="module")
def dashboard(
    chromium: Path, tmp_path_factory: pytest.TempPathFactory, said: list[str]
) -> Iterator[Site]:
    """Serve runs that nobody has read before, and look at them once until all are read."""
    home = tmp_path_factory.mktemp("home")
    with tempfile.TemporaryDirectory(dir=roomy()) as directory:
        record_many(Path(directory))
        with site(Path(directory), chromium, home) as opened:
            with opened.visit() as first:
                first.page.add_init_script(LISTEN)
                first.open(TABLE)
                expect(names(first).first).to_be_visible(timeout=PATIENCE)
                expect(first.part("unread")).to_have_text("", timeout=300_000)
                said += first.page.evaluate("() => window.said")
            yield opened


def roomy() -> Path | None:
    """Return a file system in memory, where a gigabyte is written and removed at once."""
    memory = Path("/dev/shm")
    return memory if memory.is_dir() and shutil.disk_usage(memory).free > 2 * SIZE else None


@pytest.fixture
def visit(dashboard: Site) -> Iterator[Visit]:
    with dashboard.visit() as opened:
        opened.page.set_default_timeout(PATIENCE)
        expect.set_options(timeout=PATIENCE)
        yield opened
        expect.set_options(timeout=None)


def names(visit: Visit) -> Locator:
    return visit.part("runs-table").locator("tbody a")


def counted(visit: Visit, count: int, total: int = COUNT) -> None:
    expect(visit.page.get_by_text(f"{count:,} of {total:,} runs")).to_be_visible(timeout=60_000)


def test_runs_that_were_never_read_show_at_once_and_fill_the_table_by_and_by(
    visit: Visit, said: list[str]
) -> None:
    visit.open(TABLE)
    assert any(re.fullmatch(r"reading [\d,]+ more runs…", text) for text in said), said
    counted(visit, COUNT)
    expect(names(visit).first).to_have_text(name(COUNT - 1))
    cells = visit.part("runs-table").locator("tbody tr").nth(1).locator("td")
    expect(cells.filter(has_text=re.compile(r"^0\.\d")).first).to_be_visible()


def test_the_table_scrolls_and_sorts_with_few_rows_at_a_time(visit: Visit) -> None:
    visit.open(TABLE)
    counted(visit, COUNT)
    expect(names(visit).first).to_have_text(name(COUNT - 1))
    assert names(visit).count() < FEW

    scroller = visit.page.get_by_role("region", name="Runs table")
    scroller.evaluate("box => { box.scrollTop = box.scrollHeight }")
    expect(names(visit).last).to_have_text(name(0))
    assert names(visit).count() < FEW

    header = visit.part("runs-table").locator('[data-column="metric.train/loss"] button')
    header.click()
    scroller.evaluate("box => { box.scrollTop = 0 }")
    expect(names(visit).first).to_have_text(name(COUNT - 1))  # the best of a loss first
    header.click()
    expect(names(visit).first).to_have_text(name(0))
    visit.screenshot("ten-thousand-table")


def test_filters_by_words_regex_and_the_grammar_of_the_api_find_what_they_should(
    visit: Visit,
) -> None:
    low = [number for number in range(COUNT) if rate(number) < 0.105]
    cancelled = [number for number in low if status(number) == "CANCELLED"]
    visit.open(f"{TABLE}&q={quote('config.lr<0.105 status:cancelled')}")
    counted(visit, len(cancelled))

    field = visit.page.get_by_label("Filter runs")
    field.fill("/^run-0[05]..[27]$/")
    counted(visit, 2 * 10 * 10 * 2)

    best = [number for number in range(COUNT) if loss(number) < 0.001]
    field.fill('{"$and":[{"summary_metrics.train/loss":{"$lt":0.001}},{"name":{"$regex":"^run"}}]}')
    counted(visit, len(best))
    expect(names(visit).first).to_have_text(name(COUNT - 1))


def test_groups_of_seeds_show_mean_and_deviation(visit: Visit) -> None:
    visit.open(f"{TABLE}&group=config.lr&sort=metric.train/loss")
    last = np.array([loss(COUNT - 1 - seed) for seed in range(SEEDS)])
    group = visit.part("runs-table").locator("tbody tr.group").first
    expect(group).to_contain_text(f"{last.mean():.4g} ± {last.std(ddof=1):.2g}")
    expect(group).to_contain_text(f"lr {rate(COUNT - 1):.5g}")
    assert visit.part("runs-table").locator("tbody tr.group").count() < FEW
    visit.screenshot("ten-thousand-groups")


def test_hundreds_are_tagged_and_deleted_in_one_go_and_all_of_it_undone(visit: Visit) -> None:
    visit.open(f"{TABLE}&q={quote('/^run-00[0-3]/ status:completed')}")
    counted(visit, len(FIRST))
    visit.page.get_by_label("Select all runs of the list").check()
    visit.page.get_by_role("button", name="Tag the selected runs").click()
    visit.page.get_by_label("Add a tag to the selected runs").fill("second")
    visit.page.get_by_role("button", name=f"Add to {len(FIRST)} runs").click()
    toast = visit.part("toast")
    expect(toast).to_contain_text(f"Tagged {len(FIRST)} with second.")
    visit.page.keyboard.press("Escape")
    tags = visit.part("runs-table").get_by_role("button", name="second")
    expect(tags.first).to_be_visible()
    toast.get_by_role("button", name="Undo").click()
    expect(tags).to_have_count(0)

    visit.page.get_by_role("button", name="Delete", exact=True).click()
    expect(toast).to_contain_text(f"Deleted {len(FIRST)} runs.")
    visit.page.get_by_label("Filter runs").fill("")
    counted(visit, COUNT - len(FIRST), COUNT - len(FIRST))
    toast.get_by_role("button", name="Undo").click()
    counted(visit, COUNT)
