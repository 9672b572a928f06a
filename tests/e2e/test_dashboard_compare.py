"""The dashboard's comparison in headless Chromium: what differs between runs, by a link."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.e2e.browser import Site, Theme, Visit, eventually
from tests.e2e.recorded_media import PROJECT

pytestmark = pytest.mark.slow


@pytest.fixture
def visit(dashboard: Site) -> Iterator[Visit]:
    with dashboard.visit() as opened:
        opened.open(f"/p/{PROJECT}?tab=compare")
        opened.part("compare").wait_for()
        yield opened


def cells(visit: Visit, part: str) -> dict[str, list[str]]:
    """The rows of one part by their names."""
    rows = visit.part(f"compare-{part}").locator("tr:not(.compare-part)")
    return {
        row.locator("th").inner_text(): row.locator("td").all_inner_texts() for row in rows.all()
    }


def test_only_what_differs_stands_on_top_and_the_rest_is_folded(visit: Visit) -> None:
    assert cells(visit, "config") == {"clip": ["1", "\u2013"], "lr": ["0.1", "0.01 \u221290 %"]}
    # The machine's own metrics, where there was time to sample some, come last.
    names = list(cells(visit, "summary"))
    assert [name for name in names if not name.startswith("sys/")] == names[:1] == ["train/loss"]
    folded = visit.page.locator("details", has_text="Config: 3 rows are the same in all")
    expect(folded.get_by_text("seed")).to_be_hidden()
    folded.locator("summary").click()
    expect(folded.get_by_text("seed")).to_be_visible()


def test_another_run_to_compare_with_is_kept_in_the_address(visit: Visit) -> None:
    visit.page.get_by_role("button", name="compare with this").click()
    eventually(lambda: "base=" in visit.page.evaluate("location.search"), "the base in the address")
    assert cells(visit, "config")["lr"] == ["0.1 +900 %", "0.01"]
    visit.page.reload()
    visit.part("compare").wait_for()
    assert cells(visit, "config")["lr"] == ["0.1 +900 %", "0.01"]


def test_keys_are_searched(visit: Visit) -> None:
    visit.page.get_by_label("Search what is compared").fill("cli")
    expect(visit.part("compare-config").locator("tr:not(.compare-part)")).to_have_count(1)
    expect(visit.part("compare-summary")).to_have_count(0)


def test_the_table_is_taken_away_as_csv(visit: Visit) -> None:
    with visit.page.expect_download() as download:
        visit.page.get_by_role("button", name="Download CSV").click()
    lines = download.value.path().read_text("utf-8").splitlines()
    assert lines[0] == ",bold,careful"
    assert "lr,0.1,0.01" in lines
    assert "seed,7,7" in lines


def test_one_run_alone_asks_for_another(visit: Visit) -> None:
    visit.part("runs-rail").get_by_role("button", name="none").click()
    expect(visit.page.get_by_text("Choose two runs or more")).to_be_visible()
    for name in ("bold", "careful"):
        visit.part("runs-rail").get_by_role("button", name=f"Show {name}").click()
    expect(visit.part("compare-config")).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_comparison_looks_right_in_both_themes(dashboard: Site, theme: Theme) -> None:
    """What can be asserted is little; the pictures are there to be looked at."""
    with dashboard.visit(theme) as visit:
        visit.open(f"/p/{PROJECT}?tab=compare")
        visit.part("compare").wait_for()
        assert (visit.screenshot(f"{theme}-compare") > 128) == (theme == "light")
