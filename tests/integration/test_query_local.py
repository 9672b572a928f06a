"""`pluto.query` on runs of this disk: live ones, killed ones, large ones, and the default place."""

import logging
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import pluto
from pluto import query
from pluto.process_identity import identity
from pluto.query import Client, QueryError
from tests.integration.query_runs import QUIET, begin, send
from tests.server_process import running_server

MILLION = 1_000_000


@pytest.fixture(autouse=True)
def no_default_client() -> Iterator[None]:
    yield
    query._close()


def steps(client: Client, run: str) -> list[int]:
    found: list[int] = client.get_metrics("pluto", run, frame="numpy")["step"].tolist()
    return found


def log_and_die(directory: Path, rows: int) -> None:
    """Record in a child that is killed at once after its last `log` has returned."""
    child = os.fork()
    if child == 0:
        run = begin(directory, name="killed")
        for step in range(rows):
            run.log({"loss": step}, step=step)
        run.log({"picture": pluto.Image(np.zeros((4, 4, 3), np.uint8))}, step=rows)
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)


def test_everything_that_a_killed_process_logged_is_there(tmp_path: Path) -> None:
    log_and_die(tmp_path, 5000)
    with Client(dir=tmp_path) as client:
        assert steps(client, "killed") == list(range(5000))
        assert client.get_run("pluto", "killed")["status"] == "FAILED"
        assert client.download_file("pluto", "killed", "picture", tmp_path).suffix == ".png"


def test_a_killed_run_that_cannot_be_written_is_read_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(directory: Path) -> None:
        raise PermissionError(f"{directory} is read-only")

    log_and_die(tmp_path, 10)
    monkeypatch.setattr("pluto.query_local.Store", refuse)
    monkeypatch.setattr(logging.getLogger("pluto"), "propagate", True)
    with Client(dir=tmp_path) as client:
        assert client.get_run("pluto", "killed")["name"] == "killed"
        client.list_runs("pluto")
    # By identity: a record comes twice where pytest listens to this logger and to the root.
    said = {id(record) for record in caplog.records if "is not shown" in record.message}
    assert len(said) == 1


def test_a_killed_run_of_another_machine_is_left_alone(tmp_path: Path) -> None:
    log_and_die(tmp_path, 10)
    here = identity().rpartition(".")[2]
    for segment in tmp_path.rglob(f"*{here}*.seg"):
        segment.rename(segment.with_name(segment.name.replace(here, "0" * len(here))))
    before = sorted(tmp_path.rglob("*.seg"))
    with Client(dir=tmp_path) as client:
        assert steps(client, "killed") == []
    assert sorted(tmp_path.rglob("*.seg")) == before != []


def test_a_live_run_is_read_while_it_is_written(tmp_path: Path) -> None:
    with Client(dir=tmp_path) as client:
        assert client.list_runs("pluto") == []
        run = begin(tmp_path, name="live")
        run.log({"loss": 1.0}, step=7)
        assert client.get_run("pluto", "live")["status"] == "RUNNING"
        deadline = time.monotonic() + 30
        while steps(client, "live") != [7] and time.monotonic() < deadline:
            time.sleep(0.05)
        assert steps(client, "live") == [7]
        with pytest.raises(QueryError, match=r"being written: use run.log"):
            client.upload_file("pluto", "live", "notes", __file__)
        run.finish()
        assert client.get_run("pluto", "live")["status"] == "COMPLETED"


def test_the_directory_of_one_run_is_read_as_well_as_that_of_all(tmp_path: Path) -> None:
    run = begin(tmp_path, name="one")
    run.log({"loss": 1.0})
    run.finish()
    with Client(dir=run.dir) as client:
        assert steps(client, "one") == [1]


def test_runs_with_one_name_are_told_apart_by_their_ids(tmp_path: Path) -> None:
    for loss in (1.0, 2.0):
        run = begin(tmp_path, name="twin")
        run.log({"loss": loss})
        run.finish()
    with Client(dir=tmp_path) as client:
        with pytest.raises(QueryError, match="2 runs are called 'twin'") as caught:
            client.get_run("pluto", "twin")
        ids = [run["id"] for run in client.list_runs("pluto")]
        assert all(str(number) in str(caught.value) for number in ids)
        values = {client.get_metrics("pluto", n, frame="numpy")["value"].item() for n in ids}
        assert values == {1.0, 2.0}


def test_without_a_server_the_functions_read_the_runs_of_this_directory() -> None:
    run = pluto.init(project="digits", name="here", settings=QUIET)
    run.log({"loss": 0.5})
    run.finish()
    (point,) = query.get_metrics("digits", "here", frame="dicts")
    assert (point["metric"], point["step"], point["value"]) == ("loss", 1, 0.5)
    assert [project["name"] for project in pluto.query.list_projects()] == ["digits"]


def test_a_file_whose_bytes_are_gone_is_an_error(tmp_path: Path) -> None:
    run = begin(tmp_path, name="one")
    run.log({"story": pluto.Text("once")})
    run.finish()
    for blob in (Path(run.dir) / "files").rglob("*"):
        if blob.is_file():
            blob.unlink()
    with Client(dir=tmp_path) as client, pytest.raises(QueryError, match="not on this machine"):
        client.download_file("pluto", "one", "story", tmp_path)


@pytest.mark.slow
def test_a_million_points_come_back_bit_for_bit_from_disk_and_from_a_server(
    tmp_path: Path,
) -> None:
    random = np.random.default_rng(11)
    values = random.standard_normal(MILLION) * 10.0 ** random.integers(-300, 300, MILLION)
    values[[3, 500_000, MILLION - 1]] = [np.nan, np.inf, -np.inf]
    values[7] = -0.0
    run = begin(tmp_path, name="million")
    for value in values.tolist():
        run.log({"x": value})
    receipt = run.finish()
    assert receipt is not None
    assert receipt.logged == MILLION

    with Client(dir=tmp_path) as client:
        local = client.get_metrics("pluto", "million", frame="numpy")
    assert local["step"].tolist() == list(range(1, MILLION + 1))
    assert local["value"].tobytes() == values.tobytes()
    with running_server(tmp_path / "data") as server:
        send(tmp_path / ".pluto", server)
        with Client(server.key, server.url) as client:
            remote = client.get_metrics("pluto", "million", ["x"], frame="numpy")
    for column in ("step", "value", "time"):
        assert remote[column].tobytes() == local[column].tobytes(), column
