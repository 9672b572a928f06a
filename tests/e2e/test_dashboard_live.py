"""The dashboard over a run that is being written, one that died, and one of a million points."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.e2e.browser import (
    ARTIFACTS,
    Curve,
    Site,
    Visit,
    end,
    eventually,
    record,
    recording,
    site,
)
from tests.e2e.recorded_runs import POINTS, SPIKE, SPIKE_AT, loss

pytestmark = pytest.mark.slow

LOSS, NOISE = "train/loss", "noise"


def drawn(visit: Visit, points: int) -> Curve:
    """Wait until so many points of the loss are drawn."""

    def enough() -> Curve | None:
        return next((curve for curve in visit.curves(LOSS) if len(curve.x) >= points), None)

    return eventually(enough, f"{points} points")


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
        assert np.array_equal(later.x, np.arange(len(later.x)))
        assert later.mean.tolist() == [loss(0.001, step) for step in range(len(later.x))]
        visit.tab("console")
        expect(visit.part("console")).to_contain_text("step 0")
        end(training)
        expect(visit.part("status")).to_contain_text("completed", timeout=30_000)
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
        expect(visit.page.get_by_role("note")).to_contain_text("process died")
        expect(visit.part("console")).to_contain_text("my last words")
        visit.screenshot("light-dead-run")


@pytest.fixture(scope="module")
def million(chromium: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    directory = tmp_path_factory.mktemp("million")
    record(directory, "million")
    with site(directory, chromium, tmp_path_factory.mktemp("home")) as opened:
        yield opened


# In the page: when the chart has drawn, in milliseconds since the navigation began.
NOTE_WHEN_DRAWN = """
const look = () => {
  if (window.__pluto?.charts.noise?.runs.length) window.drawnAt = performance.now();
  else requestAnimationFrame(look);
};
look();
"""


@pytest.mark.timeout(240)
def test_one_spike_among_a_million_points_is_drawn_and_found_by_zooming(million: Site) -> None:
    with million.visit() as visit:
        visit.page.add_init_script(NOTE_WHEN_DRAWN)
        visit.open("/")
        visit.part("runs-rail").get_by_role("link", name="million").click()
        visit.curve(NOISE)
        visit.page.reload()
        took = eventually(lambda: visit.page.evaluate("() => window.drawnAt"), "a curve")
        ARTIFACTS.mkdir(exist_ok=True)
        report = json.dumps({"points": POINTS, "milliseconds until drawn": round(took)})
        (ARTIFACTS / "million-points.json").write_text(report)

        curve = visit.curve(NOISE)
        assert len(curve.x) < 5_000
        (bucket,) = np.flatnonzero(curve.high == SPIKE)
        assert curve.x[bucket] <= SPIKE_AT < curve.x[bucket + 1]
        assert curve.low.min() >= -1
        rows = visit.settled(NOISE)
        visit.screenshot("light-million")
        # One column of pixels at the spike's place stands out of a line at the bottom.
        painted = np.flatnonzero(np.isfinite(rows))
        highest = painted[np.argmin(rows[painted])]
        place = (highest - painted[0]) / (painted[-1] - painted[0])
        assert place == pytest.approx(SPIKE_AT / POINTS, abs=0.02)
        assert rows[highest] < np.median(rows[painted]) - 30

        visit.open(f"{path(visit)}?zoom={SPIKE_AT - 50}:{SPIKE_AT + 50}")
        close = eventually(lambda: single_points(visit), "single points")
        assert close.mean[np.flatnonzero(close.x == SPIKE_AT)] == [SPIKE]


def path(visit: Visit) -> str:
    return str(visit.page.evaluate("() => location.pathname"))


def single_points(visit: Visit) -> Curve | None:
    """Return the curve if each step near the spike is a point of its own."""
    near = np.arange(SPIKE_AT - 40, SPIKE_AT + 41)
    found = (curve for curve in visit.curves(NOISE) if np.isin(near, curve.x).all())
    return next(found, None)
