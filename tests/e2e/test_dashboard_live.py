"""The dashboard over a run that is being written, and one that died."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.e2e.browser import (
    Curve,
    Visit,
    end,
    eventually,
    recording,
    site,
)
from tests.e2e.recorded_runs import loss

pytestmark = pytest.mark.slow

LOSS = "train/loss"


def drawn(visit: Visit, points: int) -> Curve:
    """Wait until so many points of the loss are drawn."""

    def enough() -> Curve | None:
        return next((curve for curve in visit.curves(LOSS) if len(curve.x) >= points), None)

    return eventually(enough, f"{points} points")


def icon(visit: Visit) -> str | None:
    """Return the status that the icon of the browser's tab shows; it has to be a picture."""
    look = "link => new Promise(done => { const image = new Image();"
    look += " image.onload = () => done(image.naturalWidth > 0); image.src = link.href; })"
    link = visit.page.locator('link[rel="icon"]')
    assert link.evaluate(look)
    return link.get_attribute("data-status")


def test_points_of_a_live_run_appear_without_a_reload_until_it_ends(
    chromium: Path, tmp_path: Path
) -> None:
    with (
        recording(tmp_path, "live") as training,
        site(tmp_path, chromium, tmp_path) as dashboard,
        dashboard.visit() as visit,
    ):
        visit.open_run("live")
        visit.page.evaluate("() => { window.neverReloaded = true; }")
        first = drawn(visit, 1)
        later = drawn(visit, len(first.x) + 20)
        expect(visit.part("status")).to_contain_text("running")
        assert icon(visit) == "running"
        assert np.array_equal(later.x, np.arange(len(later.x)))
        assert later.mean.tolist() == [loss(0.001, step) for step in range(len(later.x))]
        visit.tab("console")
        expect(visit.part("console")).to_contain_text("step 0")
        end(training)
        expect(visit.part("status")).to_contain_text("completed", timeout=30_000)
        assert icon(visit) == "completed"
        assert visit.page.evaluate("() => window.neverReloaded")


def test_a_run_begun_while_the_dashboard_is_open_appears_by_itself(
    chromium: Path, tmp_path: Path
) -> None:
    with site(tmp_path, chromium, tmp_path) as dashboard, dashboard.visit() as visit:
        visit.open("/")
        expect(visit.page.get_by_text("No runs yet")).to_be_visible()
        visit.screenshot("light-empty")
        with recording(tmp_path, "live"):
            expect(visit.page.get_by_role("link", name="live")).to_be_visible(timeout=30_000)


def test_a_killed_run_is_shown_as_failed_with_its_cause_and_its_last_words(
    chromium: Path, tmp_path: Path
) -> None:
    with (
        recording(tmp_path, "dying") as training,
        site(tmp_path, chromium, tmp_path) as dashboard,
        dashboard.visit() as visit,
    ):
        visit.open_run("doomed")
        drawn(visit, 10)
        visit.tab("console")
        expect(visit.part("console")).to_contain_text("my last words")
        training.kill()
        expect(visit.part("status")).to_contain_text("failed", timeout=30_000)
        assert icon(visit) == "failed"
        expect(visit.page.get_by_role("note")).to_contain_text("ended without a word")
        expect(visit.part("console")).to_contain_text("my last words")
        visit.screenshot("light-dead-run")
        dead = visit.page.get_by_role("button", name="1 failed or terminated")
        dead.click()
        expect(visit.page.get_by_label("Filter runs")).to_have_value("status:failed,terminated")
        visit.page.keyboard.press("u")
        visit.tab("table")
        expect(visit.part("runs-table")).to_contain_text("the process ended without a word")
