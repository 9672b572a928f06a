"""Metric points, raw writes, statistics, console lines and files, over the public API."""

import json
import math
from typing import Any

import pytest

from pluto.server.rows import RunRow
from pluto.storage import Kind, Record
from tests.integration.server_read.harness import ReadServer


@pytest.fixture
def row(server: ReadServer) -> RunRow:
    return server.run()


def values(server: ReadServer, path: str, **query: Any) -> list[tuple[int, float]]:
    found = server.json(path, projectName="mnist", **query)
    return [(point["step"], point["value"]) for point in found.get("metrics") or found["rows"]]


def test_a_point_has_the_fields_of_the_protocol(server: ReadServer, row: RunRow) -> None:
    server.log(row, {"train/loss": [0.5]})
    assert server.json("/api/runs/metrics", runId=row.id, projectName="mnist") == {
        "metrics": [
            {
                "logName": "train/loss",
                "logGroup": "train",
                "value": 0.5,
                "valueFlag": "",
                "time": "2026-01-01 00:00:01.000",
                "step": 1,
            }
        ]
    }


def test_non_finite_values_read_as_zero_with_a_flag(server: ReadServer, row: RunRow) -> None:
    server.log(row, {"x": [math.nan, math.inf, -math.inf, 1.0]})

    points = server.json("/api/runs/metrics", runId=row.id, projectName="mnist")["metrics"]
    assert [(point["value"], point["valueFlag"]) for point in points] == [
        (0, "NaN"),
        (0, "Inf"),
        (0, "-Inf"),
        (1, ""),
    ]
    raw = server.json("/api/runs/metrics/raw", runId=row.id, projectName="mnist", logName="x")
    assert [point["nonFiniteFlags"] for point in raw["rows"]] == [1, 2, 4, 0]


def test_of_repeated_steps_the_greatest_time_wins_and_raw_has_them_all(
    server: ReadServer, row: RunRow
) -> None:
    times = [1_767_225_600_000 + shift for shift in (5000, 1000, 9000)]
    server.log(row, {"x": [1.0, 2.0, 3.0]}, steps=[7, 7, 8], times=times)

    assert values(server, "/api/runs/metrics", runId=row.id) == [(7, 1), (8, 3)]
    assert values(server, "/api/runs/metrics/raw", runId=row.id, logName="x") == [
        (7, 2),
        (7, 1),
        (8, 3),
    ]


def test_each_metric_is_thinned_by_a_stride_and_keeps_its_last_point(
    server: ReadServer, row: RunRow
) -> None:
    server.log(
        row, {"a": [float(n) for n in range(1, 101)], "b": [float(n) for n in range(1, 101)]}
    )

    points = server.json("/api/runs/metrics", runId=row.id, projectName="mnist", limit=10)[
        "metrics"
    ]
    steps = {name: [p["step"] for p in points if p["logName"] == name] for name in "ab"}
    assert steps["a"] == steps["b"] == [1, 11, 21, 31, 41, 51, 61, 71, 81, 91, 100]


def test_points_are_chosen_by_name_group_and_step(server: ReadServer, row: RunRow) -> None:
    server.log(row, {"train/loss": [1.0, 2.0, 3.0], "loss": [4.0, 5.0, 6.0]})

    path = "/api/runs/metrics"
    assert values(server, path, runId=row.id, logName="loss", stepMin=2) == [(2, 5), (3, 6)]
    assert values(server, path, runId=row.id, logGroup="train", stepMax=1) == [(1, 1)]
    assert values(server, path, runId=row.id, stepMin=2, stepMax=2) == [(2, 5), (2, 2)]


def test_raw_says_when_its_limit_was_reached(server: ReadServer, row: RunRow) -> None:
    server.log(row, {"x": [1.0, 2.0, 3.0]})
    path = "/api/runs/metrics/raw"
    query = {"runId": row.id, "projectName": "mnist", "logName": "x"}
    assert server.json(path, **query)["truncated"] is False
    assert server.json(path, **query, limit=3)["truncated"] is True
    assert len(server.json(path, **query, limit=2)["rows"]) == 2


def test_statistics_are_of_finite_values_and_name_the_last_point(
    server: ReadServer, row: RunRow
) -> None:
    server.log(row, {"train/loss": [1.0, 3.0, math.nan], "none": [math.nan] * 3})

    answer = server.json("/api/runs/statistics", runId=row.id, projectName="mnist")
    assert answer["url"].startswith("http://127.0.0.1:3000/o/local/projects/mnist/")
    assert answer["metrics"] == [
        {
            "logName": "train/loss",
            "logGroup": "train",
            "count": 2,
            "min": 1,
            "max": 3,
            "mean": 2,
            "stddev": 1,
            "last": {"step": 3, "value": None},
        },
        {
            "logName": "none",
            "logGroup": "",
            "count": 0,
            "min": None,
            "max": None,
            "mean": None,
            "stddev": None,
            "last": {"step": 3, "value": None},
        },
    ]
    top = server.json("/api/runs/statistics", runId=row.id, projectName="mnist", logGroup="")
    assert [metric["logName"] for metric in top["metrics"]] == ["none"]


def test_console_lines_come_by_number_in_pages_and_by_type(server: ReadServer, row: RunRow) -> None:
    lines = [
        (1, "INFO", "one"),
        (1, "ERROR", "oops"),
        (3, "INFO", "three"),
        (2, "INFO", "tw\u00f6"),
    ]
    server.records(
        row,
        *(
            Record(Kind.CONSOLE, 1_767_225_601_000, number, "", kind, text.encode())
            for number, kind, text in lines
        ),
    )

    query = {"runId": row.id, "projectName": "mnist"}
    answer = server.json("/api/runs/logs", **query, logType="INFO")
    assert [line["message"] for line in answer["logs"]] == ["one", "tw\u00f6", "three"]
    assert answer["total"] == 3
    assert answer["logs"][0] == {
        "time": "2026-01-01 00:00:01.000",
        "logType": "INFO",
        "lineNumber": 1,
        "message": "one",
        "step": 0,
    }
    page = server.json("/api/runs/logs", **query, limit=2, offset=1)
    assert [line["message"] for line in page["logs"]] == ["oops", "tw\u00f6"]
    assert page["total"] == 4
    assert server.get("/api/runs/logs", **query, logType="info").status_code == 400


def file_record(step: int, index: int, name: str) -> Record:
    body = {
        "fileName": name,
        "fileType": "png",
        "fileSize": 3,
        "sampleIndex": index,
        "caption": "cat",
        "annotations": None,
        "sha256": "0" * 64,
        "mime": "image/png",
    }
    return Record(Kind.FILE, 1_767_225_601_000, step, "val/img", "IMAGE", json.dumps(body).encode())


def test_files_come_by_step_and_sample_with_a_signed_address(
    server: ReadServer, row: RunRow
) -> None:
    server.records(
        row, file_record(2, 0, "c.png"), file_record(1, 1, "b.png"), file_record(1, 0, "z.png")
    )

    files = server.json("/api/runs/files", runId=row.id, projectName="mnist", logName="val/img")
    assert [each["fileName"] for each in files["files"]] == ["z.png", "b.png", "c.png"]
    first = files["files"][0]
    assert first.pop("url").startswith("http://127.0.0.1:3000/o/blob/")
    assert first == {
        "fileName": "z.png",
        "fileType": "png",
        "fileSize": 3,
        "logName": "val/img",
        "logGroup": "val",
        "time": "2026-01-01 00:00:01.000",
        "step": 1,
        "caption": "cat",
        "annotations": None,
    }
    other = server.json("/api/runs/files", runId=row.id, projectName="mnist", logGroup="train")
    assert other == {"files": []}


@pytest.mark.parametrize(
    ("path", "empty"),
    [
        ("/api/runs/metrics", {"metrics": []}),
        ("/api/runs/metrics/raw", {"rows": [], "truncated": False}),
        ("/api/runs/logs", {"logs": [], "total": 0}),
        ("/api/runs/files", {"files": []}),
    ],
)
def test_an_unknown_run_or_one_of_another_project_is_empty(
    server: ReadServer, row: RunRow, path: str, empty: dict[str, Any]
) -> None:
    server.log(row, {"x": [1.0]})
    assert server.json(path, runId=999, projectName="mnist", logName="x") == empty
    assert server.json(path, runId=row.id, projectName="other", logName="x") == empty


def test_statistics_of_an_unknown_run_are_not_found(server: ReadServer, row: RunRow) -> None:
    for query in ({"runId": 999, "projectName": "mnist"}, {"runId": row.id, "projectName": "x"}):
        refused = server.get("/api/runs/statistics", **query)
        assert refused.status_code == 404
        assert refused.json() == {"error": "Run not found"}


@pytest.mark.parametrize(
    ("path", "parameter"),
    [
        ("/api/runs/metrics?projectName=p", "runId"),
        ("/api/runs/metrics?runId=1", "projectName"),
        ("/api/runs/metrics?runId=1&projectName=p&limit=10001", "limit"),
        ("/api/runs/metrics?runId=1&projectName=p&stepMin=-1", "stepMin"),
        ("/api/runs/metrics?runId=99999999999999999999&projectName=p", "runId"),
        ("/api/runs/metrics/raw?runId=1&projectName=p", "logName"),
        ("/api/runs/logs?runId=1&projectName=p&offset=x", "offset"),
        ("/api/runs/files?runId=&projectName=p", "runId"),
    ],
)
def test_a_missing_or_wrong_parameter_is_named(
    server: ReadServer, path: str, parameter: str
) -> None:
    refused = server.get(path)
    assert refused.status_code == 400
    assert refused.json()["error"]["issues"][0]["path"] == [parameter]
