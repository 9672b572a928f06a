"""A run file that is damaged is named; every other run, and the server, work as before."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.integration.server.harness import GOOD, Run
from tests.server_process import running_server


def replace_by_directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


DAMAGES: dict[str, Callable[[Path], object]] = {
    "overwritten": lambda path: path.write_bytes(b"damaged" * 1000),
    "empty": lambda path: path.write_bytes(b""),
    "cut off": lambda path: path.write_bytes(path.read_bytes()[:5000]),
    "gone": Path.unlink,
    "a directory": replace_by_directory,
    "holed": lambda path: path.write_bytes(path.read_bytes()[:4096] + bytes(path.stat().st_size)),
}


def overwrite_blocks(path: Path) -> None:
    """Leave the file a sound one to its engine, with noise for the points in it."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE tail SET block = randomblob(9)")


NOT_WHOLE = {404, 422, 500, 503}
ROW = b'{"time":2,"step":2,"data":{"loss":1}}'


def look(client: httpx.Client, project: str) -> dict[str, Any]:
    """Return what a dashboard shows of a project."""
    answer = client.get("/api/ui/runs", params={"project": project})
    assert answer.status_code == 200, answer.text
    listed = client.get("/api/runs/list", params={"projectName": project})
    assert listed.status_code == 200, listed.text
    names = client.get("/api/runs/metric-names", params={"projectName": project})
    assert names.status_code == 200, names.text
    return {run["id"]: run for run in answer.json()["runs"]}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_run_stands_aside_and_the_others_work(tmp_path: Path, damage: str) -> None:
    data = tmp_path / "data"
    with running_server(data, home=tmp_path / "a") as server, server.client() as client:
        runs = [Run(client, "p") for _ in range(3)]
        for run in runs:
            assert run.send("metrics", GOOD).status_code == 200
    path = data / "runs" / "p" / str(runs[1].id) / "run.db"
    DAMAGES[damage](path)

    with running_server(data, home=tmp_path / "b") as server, server.client() as client:
        for run in runs:
            run.client = client
        good, bad = [runs[0], runs[2]], runs[1]
        assert {run.id for run in good} <= set(look(client, "p"))
        assert [run.send("metrics", ROW).status_code for run in good] == [200, 200]
        assert [run.raw("loss") for run in good] == [[(1, 0.5), (2, 1.0)]] * 2
        for answer in (
            bad.send("metrics", ROW),
            client.get(f"/api/ui/runs/{bad.id}"),
            client.post("/api/runs/tags/update", json={"runId": bad.id, "tags": ["x"]}),
        ):
            assert answer.status_code in NOT_WHOLE
            assert "run.db" in answer.text or str(path.parent) in answer.text or damage == "gone"
        assert drawn(client, runs) == [run.id for run in good]
        assert Run(client, "p").id > bad.id
    said = "\n".join(server.output)
    assert (f"{path.parent} is left out" in said) == (damage != "gone")


def drawn(client: httpx.Client, runs: list[Run]) -> list[int]:
    """Return which runs a chart of all of them shows."""
    body = {"runs": [run.id for run in runs], "names": ["loss"]}
    answer = client.post("/api/ui/series", json=body)
    assert answer.status_code == 200, answer.text
    length = int.from_bytes(answer.content[:4], "little")
    return [each["run"] for each in json.loads(answer.content[4 : 4 + length])["series"]]


def test_a_run_whose_points_are_damaged_is_named_and_left_out_of_charts(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with running_server(data, home=tmp_path) as server, server.client() as client:
        runs = [Run(client, "p") for _ in range(2)]
        for run in runs:
            assert run.send("metrics", GOOD).status_code == 200
        bad = runs[1]
        path = data / "runs" / "p" / str(bad.id)
        overwrite_blocks(path / "run.db")
        points = client.get("/api/runs/metrics", params={"runId": bad.id, "projectName": "p"})

        assert points.status_code == 500
        assert str(path) in points.json()["error"]
        assert drawn(client, runs) == [runs[0].id]
        assert set(look(client, "p")) == {run.id for run in runs}
