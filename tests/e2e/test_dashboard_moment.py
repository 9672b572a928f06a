"""The moment that the tabs of a run's page share, in headless Chromium."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect

from pluto.storage import Batch, Kind, MetricGroup, Record, RunWriter
from tests.e2e.browser import Site, Theme, Visit, dashboard_over, eventually

pytestmark = pytest.mark.slow

START = 1_767_225_600_000
STEPS = np.arange(0, 9000, 3)  # more than are fetched of the whole run
PERIOD = 1000  # ms between two logged steps
PRINTED = STEPS[::20]
COUNTED = (0, 3000, 6000)


def time_of(step: int) -> int:
    return START + PERIOD * (step // 3 + 1)


def record_long(root: Path) -> None:
    """Write a run of fifty minutes that prints now and then."""
    writer = RunWriter(root / ".pluto" / "long" / "long")
    facts = {
        "uid": "long", "project": "long", "name": "long", "status": "COMPLETED",
        "created_at": START, "finished_at": time_of(int(STEPS[-1])), "config": {},
    }  # fmt: skip
    times = START + PERIOD * (STEPS // 3 + 1)
    loss = MetricGroup(("loss",), STEPS, times, np.exp(-STEPS / 3000)[:, None])
    load = MetricGroup(("sys/cpu.pct",), np.arange(600), times[::5], np.full((600, 1), 50.0))
    printed = [
        Record(Kind.CONSOLE, time_of(int(step)), number, "", "INFO", f"reached {step}".encode())
        for number, step in enumerate(PRINTED, 1)
    ]
    counted = [
        Record(Kind.DATA, time_of(step), step, "weights", "HISTOGRAM", histogram(step))
        for step in COUNTED
    ]
    names = {"loss": "METRIC", "sys/cpu.pct": "METRIC", "weights": "HISTOGRAM"}
    batch = Batch([loss], [load], printed + counted, facts, names)
    writer.append(batch)
    writer.close()


def histogram(step: int) -> bytes:
    counts = [step + 1, 5, 2]
    return json.dumps({"freq": counts, "bins": {"min": 0, "max": 3, "num": 3}}).encode()


@pytest.fixture(scope="module")
def address(dashboard: Site) -> str:
    """The page of the run."""
    with dashboard.visit() as visit:
        visit.open_run("long")
        return visit.page.url.removeprefix(visit.origin)


dashboard = dashboard_over(record_long)


def test_a_step_pinned_in_a_chart_is_the_moment_of_every_tab(visit: Visit, address: str) -> None:
    visit.open(address)
    eventually(lambda: visit.curves("loss"))
    place = visit.part("chart-loss").locator(".u-over")
    before = place.bounding_box()
    place.click()
    bar = visit.part("moment")
    expect(bar).to_contain_text(re.compile(r"step 4,\d{3}.*after (24|25) min \d+ s"))
    assert place.bounding_box() == before  # the bar moves nothing
    expect(visit.page).to_have_url(re.compile("mark="))
    visit.open(f"{address}?mark=4503&tab=console")  # the same by a link
    expect(bar).to_contain_text("step 4,503")
    expect(bar).to_contain_text("after 25 min 2 s")
    line = visit.part("console").locator(".at-moment")
    expect(line).to_contain_text("reached 4500")
    expect(line).to_be_in_viewport()
    visit.tab("data")
    expect(visit.part("data-weights").locator(".step-slider output")).to_have_text("step 3,000")
    visit.tab("system")
    shown = visit.part("chart-sys/cpu.pct")
    expect(shown.locator(".chart-plot.pinned")).to_be_visible()
    shown.locator(".u-over").hover()
    expect(shown.locator(".tooltip-x")).to_contain_text("25 min 1 s")  # the nearest sample
    visit.page.keyboard.press("Escape")
    expect(bar).to_have_count(0)


def test_arrows_go_from_logged_step_to_logged_step(visit: Visit, address: str) -> None:
    visit.open(f"{address}?mark=4503&tab=console")
    bar = visit.part("moment")
    bar.get_by_role("button", name="Next logged step").click()
    expect(bar).to_contain_text("step 4,506")
    for _ in range(3):
        visit.page.keyboard.press(",")
    expect(bar).to_contain_text("step 4,497")
    expect(visit.part("console").locator(".at-moment")).to_contain_text("reached 4440")
    visit.open(f"{address}?mark=8997&tab=console")
    expect(bar).to_contain_text("after 50 min")
    expect(bar.get_by_role("button", name="Next logged step")).to_be_disabled()
    bar.get_by_role("button", name="Let the moment go").click()
    expect(bar).to_have_count(0)


def test_a_moment_of_the_machine_is_one_of_the_steps_too(visit: Visit, address: str) -> None:
    visit.open(f"{address}?tmark=1502500&tab=data")
    expect(visit.part("moment")).to_contain_text("step 4,503")
    slider = visit.part("data-weights").locator(".step-slider")
    expect(slider.locator("output")).to_have_text("step 3,000")
    slider.get_by_role("button", name="Later step").click()  # until the moment moves
    expect(slider.locator("output")).to_have_text("step 6,000")
    visit.page.keyboard.press(".")
    expect(slider.locator("output")).to_have_text("step 3,000")


@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 1280), ("light", 390)])
def test_a_pinned_moment_looks_right(
    dashboard: Site, address: str, theme: Theme, width: int
) -> None:
    """What can be asserted is little; the pictures are there to be looked at."""
    with dashboard.visit(theme, width) as visit:
        for tab in ("charts", "console", "data", "system"):
            visit.open(f"{address}?mark=4503&tab={tab}")
            expect(visit.part("moment")).to_contain_text("after 25 min 2 s")
            bright = visit.screenshot(f"{theme}-{width}-moment-{tab}")
            assert (bright > 128) == (theme == "light")
