"""The same metric in several runs: compare, leaderboard, metric names, buckets."""

import json
import math
from typing import Any

import pytest

from pluto.server.sqid import encode_sqid
from tests.integration.server_read.harness import ReadServer


@pytest.fixture
def runs(server: ReadServer) -> list[int]:
    """Runs with a loss of 3, 2, 1 (last value), and one without."""
    ids = []
    for number, name in enumerate("abc"):
        row = server.run(name, config={"n": number}, tags=("v1",))
        server.log(row, {"train/loss": [9.0 + number, 3.0 - number], f"only/{name}": [1.0, 1.0]})
        ids.append(row.id)
    ids.append(server.run("empty").id)
    return ids


def test_compare_tells_statistics_by_run_and_none_where_nothing_was_logged(
    server: ReadServer, runs: list[int]
) -> None:
    chosen = f"{runs[0]},{runs[3]},junk,999,{runs[0]}"
    answer = server.json(
        "/api/runs/compare", projectName="mnist", logName="train/loss", runIds=chosen
    )

    assert answer["comparisonUrl"] == (
        f"http://127.0.0.1:3000/o/local/projects/mnist?runs={runs[0]},{runs[3]},999"
    )
    first, empty = answer["runs"]
    assert first["stats"] == {"count": 2, "min": 3, "max": 9, "mean": 6, "final": 3}
    assert first["config"] == {"n": 0}
    assert first["status"] == "RUNNING"
    assert (empty["runName"], empty["stats"]) == ("empty", None)


def test_compare_refuses_no_run_and_too_many(server: ReadServer) -> None:
    query = {"projectName": "mnist", "logName": "loss"}
    none = server.get("/api/runs/compare", **query, runIds="x,y")
    assert (none.status_code, none.json()) == (400, {"error": "No valid run IDs provided"})
    many = server.get("/api/runs/compare", **query, runIds=",".join(map(str, range(101))))
    assert many.status_code == 400
    assert many.json()["error"] == "Too many runs to compare. Maximum is 100, got 101"


@pytest.mark.parametrize(
    ("aggregation", "direction", "expected"),
    [
        ("LAST", "ASC", [("c", 1.0), ("b", 2.0), ("a", 3.0)]),
        ("MAX", "DESC", [("c", 11.0), ("b", 10.0), ("a", 9.0)]),
        ("MIN", "ASC", [("c", 1.0), ("b", 2.0), ("a", 3.0)]),
        ("AVG", "ASC", [("a", 6.0), ("b", 6.0), ("c", 6.0)]),
        ("VARIANCE", "DESC", [("c", 25.0), ("b", 16.0), ("a", 9.0)]),
    ],
)
def test_the_leaderboard_ranks_the_runs_that_have_the_metric(
    server: ReadServer,
    runs: list[int],
    aggregation: str,
    direction: str,
    expected: list[tuple[str, float]],
) -> None:
    answer = server.json(
        "/api/runs/leaderboard",
        projectName="mnist",
        logName="train/loss",
        aggregation=aggregation,
        direction=direction,
    )
    assert [(run["runName"], run["value"]) for run in answer["runs"]] == expected
    assert [run["rank"] for run in answer["runs"]] == [1, 2, 3]
    assert answer["total"] == 3


def test_a_leaderboard_of_too_many_is_cut_to_a_hundred(server: ReadServer) -> None:
    for value in range(102):
        server.log(server.run(str(value), project="many"), {"loss": [value]})
    answer = server.json(
        "/api/runs/leaderboard", projectName="many", logName="loss", limit=5000, offset=1
    )
    assert [run["rank"] for run in answer["runs"]] == list(range(2, 102))
    assert answer["total"] == 102


def test_the_leaderboard_has_pages_and_ranks_from_last_ascending_by_default(
    server: ReadServer, runs: list[int]
) -> None:
    answer = server.json(
        "/api/runs/leaderboard", projectName="mnist", logName="train/loss", limit=1, offset=1
    )
    assert (answer["aggregation"], answer["direction"], answer["total"]) == ("LAST", "ASC", 3)
    (run,) = answer["runs"]
    assert run.pop("createdAt").endswith("Z")
    assert run.pop("url").endswith(encode_sqid(runs[1]))
    assert run == {
        "rank": 2,
        "runId": runs[1],
        "runName": "b",
        "status": "RUNNING",
        "value": 2,
        "config": {"n": 1},
        "tags": ["v1"],
    }


def test_a_run_whose_last_value_is_nan_has_no_rank(server: ReadServer) -> None:
    server.log(server.run(), {"loss": [1.0, math.nan]})
    query = {"projectName": "mnist", "logName": "loss"}
    assert server.json("/api/runs/leaderboard", **query)["total"] == 0
    assert server.json("/api/runs/leaderboard", **query, aggregation="MIN")["total"] == 1


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, ["only/a", "only/b", "only/c", "train/loss"]),
        ({"search": "LOSS"}, ["train/loss"]),
        ({"search": "tls"}, ["train/loss"]),
        ({"limit": 2}, ["only/a", "only/b"]),
    ],
)
def test_metric_names_of_a_project_are_searched_by_text_and_letters(
    server: ReadServer, runs: list[int], query: dict[str, Any], expected: list[str]
) -> None:
    answer = server.json("/api/runs/metric-names", projectName="mnist", **query)
    assert answer == {"projectName": "mnist", "metricNames": expected}


def test_metric_names_can_be_those_of_some_runs(server: ReadServer, runs: list[int]) -> None:
    answer = server.json("/api/runs/metric-names", projectName="mnist", runIds=f"{runs[0]},999")
    assert answer["metricNames"] == ["only/a", "train/loss"]


def bucketed(server: ReadServer, **wanted: Any) -> Any:
    request = {"organizationId": "local", "projectName": "mnist", **wanted}
    return server.get("/api/chart-data/multi-metric-batch-bucketed", input=json.dumps(request))


def test_buckets_of_several_metrics_and_runs_are_parallel_arrays(
    server: ReadServer, runs: list[int]
) -> None:
    sqid = encode_sqid(runs[0])
    answer = bucketed(server, runIds=[sqid, "MNI-2", "MNI-4"], logNames=["train/loss", "none"])

    assert answer.status_code == 200
    body = answer.json()
    assert body["none"] == {}
    assert list(body["train/loss"]) == [sqid, "MNI-2"]
    assert body["train/loss"][sqid] == {
        "steps": [1, 2],
        "times": ["2026-01-01 00:00:01.000", "2026-01-01 00:00:02.000"],
        "values": [9, 3],
        "minYs": [9, 3],
        "maxYs": [9, 3],
        "counts": [1, 1],
        "nfFlags": [0, 0],
    }


def test_buckets_keep_extremes_and_flag_what_is_not_finite(server: ReadServer) -> None:
    row = server.run()
    values = [0.0] * 1000
    values[500], values[501] = 77.0, math.nan
    server.log(row, {"x": values})

    (series,) = bucketed(server, runIds=["MNI-1"], logNames=["x"], buckets=10).json()["x"].values()
    assert len(series["steps"]) == 10
    assert max(series["maxYs"]) == 77
    assert sum(series["counts"]) == 1000
    assert [flag for flag in series["nfFlags"] if flag] == [1]


def test_buckets_are_refused_without_input_with_a_bad_one_and_for_others(
    server: ReadServer,
) -> None:
    path = "/api/chart-data/multi-metric-batch-bucketed"
    assert server.get(path).json() == {"error": "Missing input parameter"}
    assert server.get(path).status_code == 400
    for bad in ("{", "[]", '{"organizationId": "local"}', "[" * 9999):
        refused = server.get(path, input=bad)
        assert (refused.status_code, refused.json()) == (400, {"error": "Invalid input"})
    other = bucketed(server, organizationId="org_2", runIds=["MNI-1"], logNames=["x"])
    assert other.status_code == 403
    assert other.json() == {"error": "API key does not authorize this organization"}
