"""The search through the consoles of all runs of a project, and news of runs that end."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.e2e.browser import end, eventually, record, recording, site
from tests.e2e.recorded_runs import PROJECT, RATES

pytestmark = pytest.mark.slow


def test_a_text_is_found_in_the_consoles_of_all_runs_and_the_end_of_a_run_is_told(
    chromium: Path, tmp_path: Path
) -> None:
    record(tmp_path, "pair")
    with site(tmp_path, chromium, tmp_path) as dashboard, dashboard.visit() as visit:
        visit.open(f"/p/{PROJECT}?tab=search")
        expect(visit.page.get_by_text("What did they print?")).to_be_visible()
        visit.page.keyboard.press("/")
        visit.page.keyboard.type("TRAINING with")
        found = visit.part("console-search")
        expect(found.get_by_role("status")).to_have_text("2 lines in 2 runs")
        for run, rate in RATES.items():
            line = found.locator("section", has=visit.page.get_by_role("link", name=run))
            expect(line).to_contain_text(f"training with {rate}")
        expect(found.locator("mark").first).to_have_text("training with")
        visit.screenshot("light-console-search")
        visit.page.get_by_label("Search all consoles").fill("nobody said this")
        expect(found).to_contain_text("No console has “nobody said this”")
        visit.page.get_by_label("Search all consoles").fill("training with 0.1")
        found.get_by_role("link", name="fast").click()
        expect(visit.part("console").locator("mark")).to_have_text("training with 0.1")

        with recording(tmp_path, "live") as training:
            visit.open(f"/p/{PROJECT}")
            eventually(lambda: visit.page.title().startswith("● 1 "), "a title that says it runs")
            bell = visit.page.get_by_role("button", name="Tell me when a run ends")
            bell.click()
            expect(bell).to_have_attribute("aria-pressed", "true")
            end(training)
            expect(visit.part("toast")).to_contain_text("live has completed", timeout=30_000)
            eventually(lambda: visit.page.title() == f"{PROJECT} · Pluto", "a title at rest")
