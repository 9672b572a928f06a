"""The dashboard over a run of a million points.

A module of its own: one thread cannot have two browsers, that of a module and that of a test.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.e2e.browser import ARTIFACTS, Curve, Site, Visit, eventually, record, site
from tests.e2e.recorded_runs import POINTS, SPIKE, SPIKE_AT

pytestmark = pytest.mark.slow

NOISE = "noise"


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


def test_the_points_of_a_zoom_are_there_before_the_button_is_let_go(million: Site) -> None:
    with million.visit() as visit:
        visit.open_run("million")
        visit.curve(NOISE)
        area = visit.part(f"chart-{NOISE}").locator(".u-over").bounding_box()
        assert area
        asked: list[str] = []
        mouse, middle = visit.page.mouse, area["y"] + area["height"] / 2
        mouse.move(area["x"] + 0.4 * area["width"], middle)
        mouse.down()
        with visit.page.expect_response("**/api/ui/series"):
            mouse.move(area["x"] + 0.5 * area["width"], middle, steps=5)
        visit.page.on("request", lambda request: asked.append(request.url))
        mouse.up()
        visit.page.wait_for_url(re.compile("zoom="))
        low, high = map(float, visit.page.url.split("zoom=")[1].split(":"))
        close = eventually(lambda: within(visit, low, high), "points of the zoom")
        assert len(close.x) > 500
        assert not [url for url in asked if url.endswith("/series")]


def within(visit: Visit, low: float, high: float) -> Curve | None:
    """Return the curve once it has buckets of a stretch, and a neighbour on each side."""
    ends = [low, high]
    found = (c for c in visit.curves(NOISE) if np.allclose(c.x[[1, -2]], ends, rtol=0, atol=500))
    return next(found, None)


def path(visit: Visit) -> str:
    return str(visit.page.evaluate("() => location.pathname"))


def single_points(visit: Visit) -> Curve | None:
    """Return the curve if each step near the spike is a point of its own."""
    near = np.arange(SPIKE_AT - 40, SPIKE_AT + 41)
    found = (curve for curve in visit.curves(NOISE) if np.isin(near, curve.x).all())
    return next(found, None)
