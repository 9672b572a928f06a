"""A server that cannot be used: training goes on, finish() is bounded, `pluto sync` delivers."""

import time
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pluto
from pluto.addresses import one_origin
from pluto.errors import AuthError
from pluto.iface import ServerInterface
from pluto.record import RunInfo
from pluto.sets import setup
from pluto.sink import Sink
from pluto.storage import Kind, RunReader
from pluto.store import Store
from pluto.sync import run_directories, sync_directory
from tests.fault_server import UNREACHED, Fault, fault_server
from tests.server_process import RunningServer, running_server

ROWS = 500
MARGIN = 4.0  # seconds for two busy cores; the bounds themselves are 5 s and 10 s
QUIET = {"disable_system_metrics": True, "disable_console": True}


def sync_to(server: RunningServer, root: Path, **options: Any) -> int:
    """Sync everything below `root` to `server`; return how many rows are left."""

    def sink_for(_run: RunInfo, _meant_for: dict[str, str] | None) -> tuple[Sink, str]:
        return ServerInterface(one_origin(server.url), server.key, setup()), server.url

    return sync_directory(root, sink_for, **options).left


@pytest.mark.parametrize("fault", UNREACHED)
def test_a_run_whose_server_fails_is_kept_whole_and_delivered_once_later(
    fault: Fault, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with fault_server(fault) as url:
        began = time.monotonic()
        run = pluto.init(dir=tmp_path / "runs", url=url, settings={"_auth": "mlpl_key", **QUIET})
        assert time.monotonic() - began < 5 + MARGIN
        for step in range(ROWS):
            run.log({"loss": 1 / (step + 1)}, step=step)
        run.log({"state": "warm"}, step=ROWS)
        began = time.monotonic()
        receipt = run.finish()
        assert time.monotonic() - began < 10 + MARGIN
    assert receipt is not None
    assert (receipt.logged, receipt.delivered, receipt.kept) == (ROWS + 1, 0, ROWS + 1)
    assert "run 'pluto sync'" in capsys.readouterr().out

    with running_server(tmp_path / "data") as server:
        assert sync_to(server, tmp_path / "runs") == 0
        assert sync_to(server, tmp_path / "runs") == 0
        (directory,) = run_directories(tmp_path / "data")
        reader = RunReader(directory)
        points = reader.points("loss", raw=True)
        assert np.array_equal(points.steps, np.arange(ROWS))
        assert np.array_equal(points.values, 1 / (np.arange(ROWS) + 1))
        assert reader.count(Kind.DATA, "state") == 1
        assert reader.facts()["status"] == "COMPLETED"
        reader.close()


def test_a_rejected_key_stops_init_with_the_reason_and_leaves_no_run(tmp_path: Path) -> None:
    with fault_server("401") as url, pytest.raises(AuthError):
        pluto.init(dir=tmp_path, url=url, settings={"_auth": "mlpl_wrong", **QUIET})
    assert list(run_directories(tmp_path)) == []


def test_rows_reach_a_server_that_comes_back_while_the_run_goes_on(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with running_server(data) as server:
        port = server.url.rpartition(":")[2]
        settings = {"url": server.url, "_auth": server.key, **QUIET}
        run = pluto.init(dir=tmp_path / "runs", settings=settings)
        run.log({"loss": 1.0}, step=1)
        server.kill()
        run.log({"loss": 2.0}, step=2)
    with running_server(data, "--port", port):
        run.log({"loss": 3.0}, step=3)
        receipt = run.finish()
        assert receipt is not None
        assert (receipt.logged, receipt.delivered) == (3, 3)
    (directory,) = run_directories(data)
    reader = RunReader(directory)
    assert reader.points("loss", raw=True).values.tolist() == [1.0, 2.0, 3.0]
    reader.close()


def test_a_run_that_began_without_its_server_knows_where_it_is_once_it_is_there(
    tmp_path: Path,
) -> None:
    data = tmp_path / "data"
    with running_server(data) as server:
        server.kill()
    run = pluto.init(
        dir=tmp_path / "runs", settings={"url": server.url, "_auth": server.key, **QUIET}
    )
    assert (run.id, run.url) == (None, None)
    run.log({"loss": 1.0})
    with running_server(data, "--port", server.url.rpartition(":")[2]) as back:
        run.finish()
        with back.client() as client:
            (found,) = client.get("/api/runs/list", params={"projectName": "pluto"}).json()["runs"]
    assert run.id == found["id"]
    assert str(run.url).startswith(server.url)
    assert run.settings.url_view == run.url


def test_a_run_without_rows_that_its_server_never_saw_says_how_to_send_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with fault_server("refused") as url:
        run = pluto.init(dir=tmp_path / "runs", url=url, settings={"_auth": "mlpl_key", **QUIET})
        run.finish()
    assert "0 rows logged, 0 delivered, the rest of the run is kept in" in capsys.readouterr().out
    with running_server(tmp_path / "data") as server:
        assert sync_to(server, tmp_path / "runs") == 0
        with server.client() as client:
            found = client.get("/api/runs/list", params={"projectName": "pluto"}).json()["runs"]
    assert [one["status"] for one in found] == ["COMPLETED"]


def test_a_run_that_is_sent_long_after_it_began_keeps_its_time(tmp_path: Path) -> None:
    run = pluto.init(dir=tmp_path / "runs", mode="offline", settings=QUIET)
    run.finish()
    hour_ago = int(time.time() - 3600) * 1000
    store = Store(Path(run.dir))
    store.set_facts({"created_at": hour_ago})
    store.close()
    with running_server(tmp_path / "data") as server:
        assert sync_to(server, tmp_path / "runs", include_local=True) == 0
        with server.client() as client:
            (found,) = client.get("/api/runs/list", params={"projectName": "pluto"}).json()["runs"]
    created = datetime.fromisoformat(found["createdAt"].replace("Z", "+00:00"))
    assert created.timestamp() * 1000 == hour_ago


def test_sync_leaves_an_empty_store_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "run.db").touch()
    with running_server(tmp_path / "data") as server:
        assert sync_to(server, tmp_path, include_local=True) == 0
    assert (tmp_path / "run.db").stat().st_size == 0
