"""What a stand-in for wandb needs of every run: a summary, notes, another name, a whole config."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import pluto
from pluto.server.app import Server
from pluto.server.data_directory import Secrets
from pluto.server.serve import make_state
from pluto.server.settings import ServerSettings
from tests.compat.reading import known
from tests.integration.server_read.harness import ReadServer


@pytest.fixture
def ui(tmp_path: Path) -> Iterator[ReadServer]:
    state = make_state(ServerSettings(tmp_path, mode="ui", auth="off"), Secrets("mlpl_x", b""))
    app = Server(state)
    yield ReadServer(state, app)
    app.close()
    state.catalog.close()


def test_what_sums_up_a_run_is_merged_and_can_be_taken_back() -> None:
    run = pluto.init(project="p")
    run.update_summary({"best": 0.9, "loss": {"min": 0.1}, "gone": 1})
    run.update_summary({"best": 0.95, "gone": None})
    run.finish()
    assert known(run)["summary"] == {"best": 0.95, "loss": {"min": 0.1}}


def test_the_table_of_runs_shows_the_given_numbers_before_last_values(ui: ReadServer) -> None:
    run = pluto.init(project="p")
    run.log({"acc": 0.5, "loss": 2.0})
    run.update_summary({"acc": 0.9, "loss": {"min": 1.5}, "model": "tiny"})
    run.finish()
    (row,) = ui.json("/api/ui/runs")["runs"]
    assert row["summary"] == {"acc": 0.9, "loss.min": 1.5, "loss": 2.0}


def test_notes_and_a_new_name_are_kept(ui: ReadServer) -> None:
    run = pluto.init(project="p", name="first")
    run.set_notes("too hot")
    run.rename("second")
    assert run.name == "second"
    run.finish()
    assert known(run)["name"] == "second"
    (row,) = ui.json("/api/ui/runs")["runs"]
    assert (row["name"], row["notes"]) == ("second", "too hot")


def test_a_secret_in_the_notes_is_masked() -> None:
    run = pluto.init(project="p")
    run.set_notes("password=hunter2hunter2")
    run.finish()
    assert "hunter2" not in known(run)["notes"]


def test_a_resumed_local_run_keeps_its_config_and_what_is_given_is_laid_over_it() -> None:
    first = pluto.init(project="p", run_id="night", config={"lr": 1, "opt": {"name": "adam"}})
    first.finish()
    second = pluto.init(project="p", run_id="night", resume=True)
    second.finish()
    assert second.config == {"lr": 1, "opt": {"name": "adam"}}
    third = pluto.init(project="p", run_id="night", resume=True, config={"opt": {"beta": 0.9}})
    third.finish()
    assert known(third)["config"] == {"lr": 1, "opt": {"name": "adam", "beta": 0.9}}
