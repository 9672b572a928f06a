"""The machines of a run in headless Chromium: a job of two nodes that was killed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.e2e.browser import Site, Theme, Visit, eventually, site

pytestmark = pytest.mark.slow

# GPUs are not to be had where this is tested: their readings are logged under the names they have.
SCRIPT = """
import os, sys, time
import pluto
rank, node = int(os.environ["RANK"]), os.environ["GROUP_RANK"]
settings = {"x_sys_sampling_interval": 0.1, "sync_process_flush_interval": 0.1}
run = pluto.init(project="job", dir=sys.argv[1], mode="local", settings=settings)
lane = "" if node == "0" else f"node{node}."
for step in range(20):
    gpus = {f"sys/{lane}gpu.{gpu}.h100.utilization": 50 + 10 * gpu + step for gpu in range(2)}
    run.log({f"rank{rank}/loss": 1 / (step + 1), **(gpus if rank % 2 == 0 else {})}, step=step)
    print(f"step {step}", flush=True)
time.sleep(1.5)
print("ready", flush=True)
time.sleep(60)
"""


@pytest.fixture(scope="module")
def dashboard(chromium: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    runs = tmp_path_factory.mktemp("runs")
    job = [start(runs, rank) for rank in range(4)]
    for process in job:
        assert process.stdout is not None
        while "ready" not in (line := process.stdout.readline()):
            assert line, "a process ended before it was ready"
    for process in job:
        process.kill()
        process.communicate()
    with site(runs, chromium, tmp_path_factory.mktemp("home")) as opened:
        yield opened


def start(runs: Path, rank: int) -> subprocess.Popen[str]:
    place = {"RANK": rank, "LOCAL_RANK": rank % 2, "GROUP_RANK": rank // 2, "WORLD_SIZE": 4}
    variables = {name: str(value) for name, value in place.items()}
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(runs)],
        env={**os.environ, "PLUTO_RUN_ID": "job-7", **variables},
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def visit(dashboard: Site) -> Iterator[Visit]:
    with dashboard.visit() as opened:
        opened.open("/p/job")
        opened.part("runs-rail").get_by_role("link").first.click()
        opened.part("status").wait_for()
        yield opened


def test_nodes_and_gpus_are_lines_of_one_chart_and_apart_when_asked(visit: Visit) -> None:
    visit.tab("system")
    together = "sys/*utilization"
    eventually(lambda: len(visit.curves(together)) == 4, "a line for each of four GPUs")
    visit.part(f"chart-{together}").locator(".u-over").hover()
    expect(visit.part(f"chart-{together}").locator(".tooltip")).to_contain_text("node 1 · GPU 1")
    visit.part("chart-sys/*memory.used").scroll_into_view_if_needed()
    eventually(lambda: len(visit.curves("sys/*memory.used")) == 2, "the memory of two nodes")
    visit.page.get_by_label("A chart for each GPU, core and node").check()
    visit.page.get_by_label("Filter charts by name").fill("node1")
    apart = "sys/node1.gpu.1.h100.utilization"
    visit.part(f"chart-{apart}").scroll_into_view_if_needed()
    eventually(lambda: len(visit.curves(apart)) == 1)
    expect(visit.part("chart-sys/memory.used")).to_have_count(0)


def test_every_node_says_what_it_is(visit: Visit) -> None:
    visit.tab("system")
    rows = visit.part("machines").get_by_role("row")
    expect(rows).to_have_count(3)
    expect(rows.nth(2)).to_contain_text("node 1")
    expect(rows.nth(2)).to_contain_text(os.uname().nodename)


def test_the_cause_of_death_tells_memory_and_gpus_before_the_end(visit: Visit) -> None:
    ending = visit.part("ending")
    expect(ending).to_contain_text("node 0 memory")
    expect(ending).to_contain_text("node 1 GPU 0 load 69 %")
    ending.get_by_role("button", name="the minutes before").click()
    expect(visit.part("system")).to_be_visible()
    expect(visit.page.get_by_title("Show everything")).to_be_visible()


def test_the_console_is_kept_to_a_rank(visit: Visit) -> None:
    visit.tab("console")
    visit.page.get_by_label("Rank to show").select_option("3")
    console = visit.part("console")
    expect(console).to_contain_text("[rank3] step 19")
    expect(console).not_to_contain_text("[rank0]")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_machines_are_readable_in_both_themes(dashboard: Site, theme: Theme) -> None:
    for width in (1280, 390):
        with dashboard.visit(theme, width) as visit:
            visit.open("/p/job")
            link = visit.part("runs-rail").get_by_role("link", include_hidden=True).first
            visit.open(f"{str(link.get_attribute('href')).partition('?')[0]}?tab=system")
            visit.part("chart-sys/*utilization").scroll_into_view_if_needed()
            eventually(lambda: visit.curves("sys/*utilization"), "the load of the GPUs")
            visit.screenshot(f"{theme}-machines-{width}")
            wide = visit.page.evaluate("() => document.documentElement.scrollWidth")
            assert wide <= width
