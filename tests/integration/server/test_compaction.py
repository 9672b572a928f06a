"""The server compacts its runs while rows come in; nothing that was accepted is lost."""

import json
import time
from pathlib import Path

import numpy as np
from httpx import Client

from pluto.server.catalog import Catalog
from pluto.server.compaction import Compaction
from pluto.server.rows import NewRun
from pluto.server.sqlite import SqliteBackend, run_directory
from pluto.server.turns import Turns
from pluto.storage import Batch, MetricGroup, RunReader
from tests.server_process import running_server

PATIENCE = 60.0


def rows(start: int, count: int) -> MetricGroup:
    steps = np.arange(start, start + count)
    return MetricGroup(("loss",), steps, 1000 + steps, np.sqrt(steps)[:, None])


def test_runs_that_have_changed_are_compacted_and_read_as_before(tmp_path: Path) -> None:
    catalog = Catalog(SqliteBackend(tmp_path))
    row, _ = catalog.create(NewRun(project="p", name="r"))
    with Compaction(catalog, Turns(), pause=0.01):
        for start in range(0, 40_000, 1000):
            with catalog.write(row.id) as writer:
                writer.append(Batch(groups=[rows(start, 1000)]))
            catalog.own.touch(row.id, 2**40 + start * 1000)
            points = catalog.reader(row.id).points("loss")
            assert points.steps.tolist() == list(range(start + 1000))
        catalog.own.update(row.id, status="COMPLETED")
        wait_until_compacted(run_directory(row))
    assert (
        catalog.reader(row.id).points("loss").values.tobytes()
        == np.sqrt(np.arange(40_000)).tobytes()
    )
    catalog.close()


def test_a_run_that_cannot_be_read_does_not_keep_the_others_from_it(tmp_path: Path) -> None:
    catalog = Catalog(SqliteBackend(tmp_path))
    good, _ = catalog.create(NewRun(project="p", name="good"))
    with catalog.write(good.id) as writer:
        writer.append(Batch(groups=[rows(0, 10_000)]))
    bad, _ = catalog.create(NewRun(project="p", name="bad"))
    for each in (good, bad):
        catalog.own.update(each.id, status="COMPLETED")
    (run_directory(bad) / "run.db").write_bytes(b"damaged" * 1000)
    Compaction(catalog, Turns()).look()
    reader = RunReader(run_directory(good))
    assert not reader.needs_compaction()
    reader.close()
    catalog.close()


def test_a_killed_server_has_every_row_that_it_accepted_while_it_compacted(
    tmp_path: Path,
) -> None:
    accepted = 0
    for kill_after in (0.3, 0.9, 1.5):
        with running_server(tmp_path / "data") as server, server.client() as client:
            run_id = run(client)
            deadline = time.monotonic() + kill_after
            while time.monotonic() < deadline:
                post(client, run_id, accepted, 2000)
                accepted += 2000
            server.kill()
    (directory,) = (path.parent for path in (tmp_path / "data").glob("runs/*/*/run.db"))
    reader = RunReader(directory)
    points = reader.points("loss", raw=True)
    reader.close()
    assert points.steps.tolist() == list(range(accepted))
    assert points.values.tolist() == [step / 2 for step in range(accepted)]


def run(client: Client) -> int:
    body = {"runName": "r", "projectName": "p", "externalId": "one"}
    return int(client.post("/api/runs/create", json=body).json()["runId"])


def post(client: Client, run_id: int, first: int, count: int) -> None:
    lines = (
        json.dumps({"time": 1000 + step, "step": step, "data": {"loss": step / 2}})
        for step in range(first, first + count)
    )
    headers = {
        "X-Run-Id": str(run_id),
        "X-Project-Name": "p",
        "X-Pluto-Rows": f"writer/metrics/{first}",
    }
    answer = client.post("/ingest/metrics", content="\n".join(lines), headers=headers)
    assert answer.status_code == 200, answer.text


def wait_until_compacted(directory: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    reader = RunReader(directory)
    while reader.needs_compaction():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    reader.close()
