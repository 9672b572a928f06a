"""The page of a run that is sent to a server, in headless Chromium: the stop, and its forks."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.conftest import REPOSITORY
from tests.e2e.browser import PATIENCE, Visit, browsing, signed_in
from tests.server_process import running_server

pytestmark = pytest.mark.slow

TRAINING = """
import time, pluto
run = pluto.init(project="cells", name="endless", settings={"x_sys_sampling_interval": 0.2})
for step in range(100_000):
    run.log({"train/loss": 1 / (step + 1)}, step=step)
    time.sleep(0.05)
"""
FORK = """
import pluto
parent = pluto.init(project="cells", name="parent")
parent.log({"train/loss": 1.0}, step=5)
number = parent.id
parent.finish()
pluto.init(project="cells", name="fork", fork_run_id=number, fork_step=5).finish()
"""


@pytest.fixture
def served(chromium: Path, tmp_path: Path) -> Iterator[tuple[Visit, dict[str, str]]]:
    """A window on a server that runs are sent to, and the environment in which they are."""
    with (
        running_server(tmp_path / "data", home=tmp_path) as server,
        browsing(chromium) as browser,
    ):
        visit = Visit(signed_in(browser, server).new_page(), server.url)
        visit.watch()
        keys = {"PLUTO_URL": server.url, "PLUTO_API_KEY": server.key}
        yield visit, os.environ | keys | {"PYTHONPATH": str(REPOSITORY)}
        assert visit.faults == []


def test_a_run_that_is_stopped_in_the_dashboard_ends(
    served: tuple[Visit, dict[str, str]], tmp_path: Path
) -> None:
    visit, environment = served
    command = [sys.executable, "-c", TRAINING]
    training = subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.DEVNULL)
    try:
        visit.open("/p/cells")
        visit.part("runs-rail").get_by_role("link", name="endless").click()
        visit.page.get_by_role("button", name="Stop run").click()
        visit.page.get_by_role("button", name="Let it run").click()
        assert training.poll() is None
        visit.page.get_by_role("button", name="Stop run").click()
        visit.page.get_by_role("button", name="Stop it").click()
        assert training.wait(PATIENCE) != 0
    finally:
        training.kill()
        training.wait()
    expect(visit.part("status")).to_contain_text("cancelled")
    visit.tab("overview")
    expect(visit.part("overview").locator(".history")).to_contain_text("running \u2192 cancelled")


def test_a_fork_leads_to_its_parent_and_back(
    served: tuple[Visit, dict[str, str]], tmp_path: Path
) -> None:
    visit, environment = served
    command = [sys.executable, "-c", FORK]
    subprocess.run(command, cwd=tmp_path, env=environment, check=True, timeout=PATIENCE * 2)
    visit.open("/p/cells")
    visit.part("runs-rail").get_by_role("link", name="fork").click()
    visit.tab("overview")
    lineage = visit.part("lineage")
    expect(lineage).to_contain_text("begun at step 5 of")
    lineage.get_by_role("link", name="parent").click()
    visit.page.get_by_role("heading", name="parent").wait_for()
    visit.tab("overview")
    expect(lineage).to_contain_text("went on from step 5")
