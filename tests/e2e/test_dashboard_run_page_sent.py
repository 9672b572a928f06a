"""A run of this disk tells on its page how it is sent to a server, until one has all of it."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import expect

import pluto
from tests.e2e.browser import eventually, site
from tests.server_process import pluto_command, running_server

pytestmark = pytest.mark.slow


def test_the_command_on_the_page_of_a_local_run_sends_it(chromium: Path, tmp_path: Path) -> None:
    runs = tmp_path / "some runs"
    settings = {"disable_system_metrics": True, "disable_console": True}
    run = pluto.init(runs, "local", "kept", mode="local", settings=settings)
    run.log({"loss": 0.5})
    run.finish()
    with site(runs, chromium, tmp_path) as dashboard, dashboard.visit() as visit:
        visit.open_run("kept")
        visit.tab("overview")
        shown = visit.part("overview").locator(".command", has_text="Send it to a server")
        shown.get_by_role("button", name="Copy").wait_for()
        visit.screenshot("light-sync-command")
        program, command, *arguments = shlex.split(shown.locator("code").last.inner_text())
        assert program == "pluto"
        with running_server(tmp_path / "data") as server:
            to = {"PLUTO_URL": server.url, "PLUTO_API_KEY": server.key}
            sent = [*pluto_command(command), *arguments]
            subprocess.run(sent, env=os.environ | to, check=True, timeout=60)
            with server.client() as client:
                listed = client.get("/api/runs/list", params={"projectName": "local"}).json()
        assert [each["name"] for each in listed["runs"]] == ["kept"]
        visit.page.reload()
        expect(visit.part("overview")).to_be_visible()
        expect(shown).to_have_count(0)


def test_a_run_that_a_server_has_in_part_tells_how_the_rest_is_sent(
    chromium: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs, data = tmp_path / "runs", tmp_path / "data"
    with running_server(data) as server:
        monkeypatch.setenv("PLUTO_URL", server.url)
        monkeypatch.setenv("PLUTO_API_KEY", server.key)
        settings = {"disable_system_metrics": True, "disable_console": True}
        run = pluto.init(runs, "remote", "parted", settings=settings, finish_timeout=2)
        run.log({"loss": 0.5}, step=0)
        query = {"projectName": "remote"}
        with server.client() as client:
            eventually(lambda: client.get("/api/runs/list", params=query).json()["runs"], "it")
        server.kill()
    for step in range(1, 6):
        run.log({"loss": 0.5}, step=step)
    run.finish()
    with site(runs, chromium, tmp_path) as dashboard, dashboard.visit() as visit:
        visit.open_run("parted")
        visit.tab("overview")
        shown = visit.part("overview").locator(".command", has_text="Send the rest")
        expect(shown).to_contain_text("rows have not reached the server")
        visit.screenshot("light-sync-rest")
        _, command, *arguments = shlex.split(shown.locator("code").last.inner_text())
        with running_server(data, "--port", server.url.rpartition(":")[2]):
            subprocess.run([*pluto_command(command), *arguments], check=True, timeout=60)
        visit.page.reload()
        expect(visit.part("overview")).to_be_visible()
        expect(shown).to_have_count(0)
