"""The artifacts of a run in the dashboard: versions and their files."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

import pluto
import pluto.compat.wandb as wandb
from tests.e2e.browser import site

pytestmark = pytest.mark.slow


def test_versions_of_an_artifact_open_to_the_files_in_them(chromium: Path, tmp_path: Path) -> None:
    checkpoint = tmp_path / "checkpoint"
    (checkpoint / "tokenizer").mkdir(parents=True)
    (checkpoint / "tokenizer" / "words.txt").write_text("first second")
    runs = tmp_path / "runs"
    settings = {"disable_system_metrics": True, "disable_console": True}
    run = pluto.init(runs, "artifacts", "trained", mode="local", settings=settings)
    for step in (10, 20):
        (checkpoint / "weights.bin").write_bytes(bytes([step]) * 1000)
        run.log({"model": pluto.Artifact(checkpoint, type="model")}, step=step)
    run.log({"note": pluto.Text("as it is")}, step=20)
    run.finish()
    with site(runs, chromium, tmp_path) as dashboard, dashboard.visit() as visit:
        visit.open_run("trained")
        visit.tab("files")
        artifacts = visit.part("artifacts")
        versions = artifacts.locator("summary", has=visit.page.locator("b"))
        expect(versions.nth(0)).to_contain_text("v1 model · step 20 · 2 files")
        expect(versions.nth(1)).to_contain_text("v0 model · step 10 · 2 files")
        artifacts.get_by_role("button", name="words.txt").first.click()
        expect(visit.part("files").locator(".preview pre")).to_have_text("first second")
        expect(visit.part("files").get_by_role("button", name="note")).to_be_visible()
        visit.screenshot("light-artifacts")


def test_documents_among_the_files_are_shown_as_what_they_are_and_as_written(
    chromium: Path, tmp_path: Path
) -> None:
    figure = {"data": [{"type": "bar", "x": ["a", "b"], "y": [2, 1]}], "layout": {}}
    run = pluto.init(tmp_path, "docs", "reports", mode="local")
    run.log({"report": pluto.Html("<h1>Report</h1><script>document.body.append('ran')</script>")})
    run.log({"plot": pluto.Plotly(figure)})
    for name, content in (("settings.json", '{"lr": 0.1}'), ("odd.json", '{"lr": NaN}')):
        (tmp_path / name).write_text(content)
        run.log({name: pluto.Artifact(tmp_path / name)})
    run.finish()
    with site(tmp_path, chromium, tmp_path) as dashboard, dashboard.visit() as visit:
        visit.open_run("reports")
        visit.tab("files")
        files, preview = visit.part("files"), visit.part("files").locator(".preview")
        files.get_by_role("button", name="report", exact=True).click()
        expect(preview.locator("iframe").content_frame.locator("body")).to_contain_text("ran")
        visit.screenshot("light-files-html")
        preview.get_by_role("button", name="Source").click()
        expect(preview.locator("pre")).to_contain_text("<h1>Report</h1>")
        files.get_by_role("button", name="plot", exact=True).click()
        expect(preview.locator("svg rect")).to_have_count(2)
        visit.page.emulate_media(color_scheme="dark")
        visit.screenshot("dark-files-plotly")
        preview.get_by_role("button", name="Source").click()
        expect(preview.locator("pre")).to_contain_text('"bar"')
        for name, text in (("settings.", '{"lr": 0.1}'), ("odd.", '{"lr": NaN}')):
            files.get_by_role("button", name=name).click()
            expect(preview.locator("pre")).to_have_text(text)
            expect(preview.get_by_role("button", name="Source")).to_have_count(0)


def test_folders_of_files_stay_as_they_were_left_and_a_search_opens_them(
    chromium: Path, tmp_path: Path
) -> None:
    runs = tmp_path / "runs"
    settings = {"disable_system_metrics": True, "disable_console": True}
    run = pluto.init(runs, "folders", "sorted", mode="local", settings=settings)
    for step in (10, 20):
        run.log({"samples/text/first": pluto.Text(f"said at {step}")}, step=step)
    run.log({"samples/other": pluto.Text("between"), "top": pluto.Text("above")}, step=20)
    run.finish()
    with site(runs, chromium, tmp_path) as dashboard, dashboard.visit() as visit:
        visit.open_run("sorted")
        visit.tab("files")
        files = visit.part("files")
        first = files.get_by_role("button", name="first", exact=True)
        expect(first).to_have_count(2)
        expect(files.locator("li.file-line", has_text="first").last).to_contain_text("step 20")
        with visit.page.expect_download() as download:
            files.get_by_role("link", name="Download first").first.click()
        assert download.value.path().read_text() == "said at 10"
        files.get_by_role("button", name="text/").click()
        expect(first).to_have_count(0)
        visit.page.reload()
        expect(files.get_by_role("button", name="other", exact=True)).to_be_visible()
        expect(first).to_have_count(0)
        files.get_by_role("searchbox").fill("first")
        first.last.click()
        expect(files.locator(".preview pre")).to_have_text("said at 20")
        expect(files.get_by_role("button", name="other", exact=True)).to_have_count(0)
        files.get_by_role("searchbox").fill("")
        visit.screenshot("light-files")


def test_an_artifact_leads_to_the_runs_that_used_it_and_back(
    chromium: Path, tmp_path: Path
) -> None:
    runs = tmp_path / "runs"
    for project, name in (("lineage", "maker"), ("lineage", "user"), ("other", "guest")):
        with wandb.init(dir=str(runs), project=project, name=name) as run:
            if name != "maker":
                run.use_artifact("local/lineage/digits:latest")
                continue
            artifact = wandb.Artifact("digits", "dataset")
            with artifact.new_file("train.txt") as file:
                file.write("1 2 3")
            run.log_artifact(artifact)
    wandb.teardown()
    with site(runs, chromium, tmp_path) as dashboard, dashboard.visit() as visit:
        visit.open("/p/lineage")
        visit.part("runs-rail").get_by_role("link", name="user", exact=True).click()
        visit.page.get_by_role("heading", name="user", exact=True).wait_for()
        visit.tab("files")
        used = visit.part("used-artifacts")
        expect(used).to_contain_text("digits:v0 made by")
        visit.screenshot("light-artifacts-used")
        used.get_by_role("link", name="maker").click()
        visit.page.get_by_role("heading", name="maker", exact=True).wait_for()
        visit.tab("files")
        users = visit.part("artifacts").locator(".users")
        expect(users).to_contain_text("used by")
        expect(users.get_by_role("link")).to_have_count(2)
        expect(users).to_contain_text("other / guest")
        visit.screenshot("light-artifacts-users")
        users.get_by_role("link", name="completed user", exact=True).click()
        visit.page.get_by_role("heading", name="user", exact=True).wait_for()
