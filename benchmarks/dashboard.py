"""The dashboard in Chromium over many long runs, and over very many names.

`python benchmarks/dashboard.py`: a chart of 100 runs of a million points (server and browser, then
a zoom), and a project of 1,000 runs with 10,000 metric names between them (table, search, scroll).
The runs are written as the server writes them, and compacted; server and browser share the cores.
"""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import numpy as np
from harness.measure import Budget, conclude, machine, medians, parser, table
from harness.processes import Case, Subject, run_case, run_if_case
from harness.server import Server, disk_bytes, running_server

BUCKETS: Final = 300  # that a small chart of more than 20 runs asks for
NAMES_A_RUN: Final = 50
FRAMES_A_SCROLL: Final = 60
PATIENCE_MS: Final = 60_000
OPTIONS: Final = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]

DRAWN: Final = """count => {
  const runs = window.__pluto?.charts["loss"]?.runs ?? [];
  return runs.length === count && runs.every(run => run.x.length > 1);
}"""
# After a zoom the chart has finer points than before, and none far outside the zoom.
ZOOMED: Final = """([count, low, high, most]) => {
  const runs = window.__pluto?.charts["loss"]?.runs ?? [];
  return runs.length === count && runs.every(({ x }) => {
    const inside = x.filter(value => value >= low && value <= high);
    return inside.length > most;
  });
}"""
WHOLE: Final = "unread => unread.textContent === ''"
SCROLL: Final = """frames => new Promise(done => {
  const table = document.querySelector('[data-testid="runs-table"]');
  let box = table;
  while (box && box.scrollHeight <= box.clientHeight + 1) box = box.parentElement;
  box ??= document.scrollingElement;
  let count = 0; const began = performance.now(); const top = box.scrollTop;
  const next = () => {
    box.scrollTop += 60; count += 1;
    if (count < frames) requestAnimationFrame(next);
    else done([1000 * count / (performance.now() - began), box.scrollTop - top]);
  };
  requestAnimationFrame(next);
})"""


def write_long_runs(data: Path, runs: int, points: int) -> None:
    """Write runs of one metric, as a server that received and compacted them has them."""
    from pluto.storage import Batch, Compactor, MetricGroup, RunWriter

    steps = np.arange(points)
    for row in _create(data, "long", runs):
        values = np.cumsum(np.random.default_rng(row.id).normal(size=points).astype(np.float32))
        with closing(RunWriter(Path(row.place))) as writer:
            for start in range(0, points, 100_000):
                part = slice(start, start + 100_000)
                group = MetricGroup(
                    ("loss",), steps[part], 10 * steps[part], values[part, None].astype(np.float64)
                )
                writer.append(Batch(groups=[group], names={"loss": "METRIC"}))
            writer.append(Batch(facts={"status": "COMPLETED"}))
            compactor = Compactor(writer, ended=True)
            while compactor.step():
                pass


def write_wide_runs(data: Path, runs: int, names: int) -> None:
    """Write runs that have `names` metrics between them, `NAMES_A_RUN` each."""
    from pluto.storage import Batch, MetricGroup, RunWriter

    steps = np.arange(10)
    for place, row in enumerate(_create(data, "wide", runs)):
        first = place * NAMES_A_RUN % names
        own = tuple(f"part_{n // 100}/metric_{n}" for n in range(first, first + NAMES_A_RUN))
        values = np.random.default_rng(row.id).normal(size=(len(steps), len(own)))
        with closing(RunWriter(Path(row.place))) as writer:
            batch = Batch(groups=[MetricGroup(own, steps, 10 * steps, values)])
            batch.facts = {"status": "COMPLETED", "config": {"lr": place / 1000, "seed": place}}
            writer.append(batch)


def _create(data: Path, project: str, runs: int) -> list[Any]:
    from pluto.server.catalog import Catalog
    from pluto.server.rows import NewRun
    from pluto.server.sqlite import SqliteBackend

    with closing(Catalog(SqliteBackend(data))) as catalog:
        made = [catalog.create(NewRun(project, f"{project}-{n}"))[0] for n in range(runs)]
        for row in made:
            catalog.own.update(row.id, status="COMPLETED")
    return made


def milliseconds(act: Callable[[], object]) -> float:
    """Return how long an action takes."""
    began = time.perf_counter_ns()
    act()
    return (time.perf_counter_ns() - began) / 1e6


def ask_server(server: Server, runs: int) -> dict[str, float]:
    """Ask for the chart of all runs; each time for another one, so that nothing is at hand."""
    ids = list(range(1, runs + 1))
    with closing(server.connection()) as connection:

        def look(**query: Any) -> float:
            body = {"runs": ids, "names": ["loss"], "buckets": BUCKETS, **query}
            return milliseconds(lambda: connection.post("/api/ui/series", body))

        first = look()
        others = [look(buckets=BUCKETS - number) for number in range(1, 6)]
        known = look()
    return {"server first ms": first, "server ms": float(np.median(others)), "again ms": known}


def browse_long(page: Any, address: str, runs: int, points: int) -> dict[str, float]:
    """Open the chart of all runs, then zoom into a tenth of it."""
    chosen = ",".join(str(number) for number in range(1, runs + 1))

    def open_chart() -> None:
        page.goto(f"http://{address}/p/long?runs={chosen}")
        page.wait_for_function(DRAWN, arg=runs, timeout=PATIENCE_MS, polling="raf")

    opened = [milliseconds(open_chart) for _ in range(3)]
    area = page.locator(".u-over").first.bounding_box()
    middle = area["y"] + area["height"] / 2
    page.mouse.move(area["x"] + 0.4 * area["width"], middle)
    page.mouse.down()
    page.mouse.move(area["x"] + 0.5 * area["width"], middle, steps=3)

    def zoom() -> None:
        page.mouse.up()
        limits = [runs, 0.41 * points, 0.49 * points, BUCKETS // 4]
        page.wait_for_function(ZOOMED, arg=limits, timeout=PATIENCE_MS, polling="raf")

    return {
        "opened first ms": opened[0],
        "opened ms": min(opened[1:]),
        "zoomed ms": milliseconds(zoom),
    }


def browse_wide(page: Any, address: str, names: int) -> dict[str, float]:
    """Open the table of runs, scroll it, and search one chart among all names."""

    def open_table() -> None:
        page.goto(f"http://{address}/p/wide?tab=table")
        rows = page.locator('[data-testid="runs-table"] tbody a')
        rows.first.wait_for(timeout=PATIENCE_MS)

    def fill() -> None:
        unread = page.get_by_test_id("unread")
        page.wait_for_function(WHOLE, arg=unread.element_handle(), timeout=PATIENCE_MS)

    opened, filled = [milliseconds(open_table)], milliseconds(fill)
    opened.append(milliseconds(open_table))
    frames, moved = page.evaluate(SCROLL, FRAMES_A_SCROLL)
    if not moved:
        raise RuntimeError("the table did not scroll")
    page.goto(f"http://{address}/p/wide")
    box = page.get_by_label("Filter charts by name")
    box.wait_for(timeout=PATIENCE_MS)
    # One of a run that is shown from the beginning: the newest.
    wanted = f"part_{(names - 1) // 100}/metric_{names - 1}"

    def search() -> None:
        box.fill(f"metric_{names - 1}")
        page.get_by_test_id(f"chart-{wanted}").first.wait_for(timeout=PATIENCE_MS)

    return {
        "table first ms": opened[0],
        "whole after ms": opened[0] + filled,
        "table ms": opened[1],
        "frames/s": frames,
        "search ms": milliseconds(search),
    }


def measure(case: Case) -> dict[str, Any]:
    """Write the runs of a case, start a server over them, and look."""
    from playwright.sync_api import sync_playwright

    home = Path(case["directory"]).parent
    data = home / "data"
    data.mkdir()
    long, points, wide, names = case["long"], case["points"], case["wide"], case["names"]
    write_long_runs(data, long, points)
    size = disk_bytes(data)
    write_wide_runs(data, wide, names)
    found: dict[str, Any] = {"bytes/point": size / (long * points)}
    with running_server(home, data) as server, sync_playwright() as playwright:
        found |= ask_server(server, long)
        browser = playwright.chromium.launch(executable_path=case["chromium"], args=OPTIONS)
        page = browser.new_page(viewport={"width": 1280, "height": 720})
        page.goto(f"http://{server.address}/")
        page.locator('input[name="key"]').fill(server.key)
        page.get_by_role("button").click()
        page.get_by_title("All projects").wait_for()
        found |= browse_long(page, server.address, long, points)
        found |= browse_wide(page, server.address, names)
        browser.close()
    return found


def main() -> None:
    """Measure, print a table, and compare with the budgets."""
    options = parser(__doc__)
    chosen = options.parse_args()
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if not chromium:
        sys.exit("benchmarks/dashboard.py needs Chromium: apt-get install chromium")
    before = machine()
    quick = chosen.quick
    case: Case = {
        "long": 10 if quick else 100,
        "points": 100_000 if quick else 1_000_000,
        "wide": 100 if quick else 1000,
        "names": 1000 if quick else 10_000,
        "chromium": chromium,
    }
    repeats = 1 if quick else chosen.repeats
    subject = Subject("dashboard", sys.executable)
    found = [run_case(__file__, subject, case) for _ in range(repeats)]
    middle = medians(found)
    print(f"{case['long']} runs x {case['points']:,} points;", end=" ")
    print(f"{case['wide']} runs with {case['names']:,} names")
    table(("", "median"), list(middle.items()))
    budgets = [
        Budget("server: a chart of all runs", middle["server ms"], 150, "ms"),
        Budget("page opened and chart drawn", middle["opened ms"], 500, "ms"),
        Budget("zoomed, with fine points", middle["zoomed ms"], 200, "ms"),
        Budget("table of runs opened", middle["table ms"], 1000, "ms"),
        Budget("table of runs never read before", middle["table first ms"], 1000, "ms"),
        Budget("scrolling", middle["frames/s"], 50, "frames/s", at_most=False),
    ]
    conclude(chosen, "dashboard", before, [{**case, **middle, "repeats": found}], budgets)


if __name__ == "__main__":
    run_if_case(measure)
    main()
