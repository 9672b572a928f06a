"""Rows over the wire: what is taken and what is refused."""

import math
from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.server.harness import DATA, GOOD, LOG, Run, lines, metric_lines


def test_numbers_of_every_kind_are_stored_bit_for_bit(run: Run) -> None:
    values = [0.1, -0.0, 5e-324, 1.7976931348623157e308, 2**53, -7]
    body = lines(
        *({"time": 1, "step": step, "data": {"v": value}} for step, value in enumerate(values))
    )

    answer = run.send("metrics", body)

    assert answer.text == "Stream processed successfully: 6 records"
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    stored = [value for _, value in run.raw("v")]
    assert [math.copysign(1, value) for value in stored] == [1, -1, 1, 1, 1, -1]
    assert stored == values


def test_non_finite_words_are_values_bare_or_quoted_and_null_is_skipped(run: Run) -> None:
    body = (
        b'{"time": 1, "step": 1, "data": {"a": NaN, "b": Infinity, "c": -Infinity, "d": null}}\n'
        b'{"time": 1, "step": 2, "data": {"a": "NaN", "b": "Infinity", "c": "-Infinity"}}\r\n'
        b'\n  \t{"time": 1, "step": 3, "data": {"a": 1, "NaN": 2}}  '
    )

    assert run.send("metrics", body).text.endswith(": 8 records")
    flags = {name: run.read("metrics/raw", logName=name)["rows"] for name in ("a", "b", "c")}
    assert [row["nonFiniteFlags"] for row in flags["a"]] == [1, 1, 0]
    assert [row["nonFiniteFlags"] for row in flags["b"]] == [2, 2]
    assert [row["nonFiniteFlags"] for row in flags["c"]] == [4, 4]
    assert run.raw("NaN") == [(3, 2.0)]


def test_an_empty_body_is_no_rows(run: Run) -> None:
    for stream in ("metrics", "logs", "data"):
        for body in (b"", b"\n \n"):
            assert run.send(stream, body).text == "Stream processed successfully: 0 records"


@pytest.mark.parametrize(
    "line",
    [
        b'{"time": 1, "step": -1, "data": {"loss": 1}}',
        b'{"time": 1, "step": 1.0, "data": {"loss": 1}}',
        b'{"time": 1, "step": "1", "data": {"loss": 1}}',
        b'{"time": 1, "step": null, "data": {"loss": 1}}',
        b'{"time": 1, "data": {"loss": 1}}',
        b'{"time": 1, "step": 1, "data": {"loss": 1}, "extra": 1}',
        b'{"time": 1, "step": 1, "data": {"loss": "nan"}}',
        b'{"time": 1, "step": 1, "data": {"loss": "0.5"}}',
        b'{"time": 1, "step": 1, "data": {"loss": true}}',
        b'{"time": 1, "step": 1, "data": {"loss": [1]}}',
        b'{"time": 1, "step": 1, "data": [1]}',
        b"{broken",
        b"\xff\xfe",
    ],
)
def test_the_first_bad_line_ends_the_request_and_those_before_it_stay(
    run: Run, line: bytes
) -> None:
    after = b'{"time": 1, "step": 3, "data": {"loss": 3}}'

    answer = run.send("metrics", lines(GOOD, line, after))

    assert answer.status_code == 422
    body = answer.json()
    assert body["code"] == "PROCESSING_FAILED"
    preview = line.decode("utf-8", "replace")[:100]
    assert body["message"].startswith(
        "Failed to process metrics stream: StreamDecodingError (3004 - Processing Error):"
        f" Failed to parse JSON line (bytes): '{preview}': "
    )
    assert run.raw("loss") == [(1, 0.5)]


def test_a_last_line_without_an_end_is_called_the_final_one(run: Run) -> None:
    cut_off, ended = (
        run.send("metrics", GOOD + b"\n{broken" + end).json()["message"] for end in (b"", b"\n")
    )

    assert "Failed to parse final JSON line (bytes): '{broken': " in cut_off
    assert "Failed to parse JSON line (bytes): '{broken': " in ended


@pytest.mark.parametrize(
    ("stream", "line", "reason"),
    [
        (
            "metrics",
            {"time": 1, "step": 1, "data": {}},
            "InvalidMetricFormat (2005 - Validation Error): 'data' field cannot be empty",
        ),
        (
            "metrics",
            {"time": 1, "step": 1, "data": {"a": None}},
            "InvalidMetricFormat (2005 - Validation Error): 'data' field cannot be empty",
        ),
        (
            "metrics",
            {"time": 1, "step": 1, "data": {" ": 1}},
            "InvalidMetricFormat (2005 - Validation Error): metric name cannot be empty",
        ),
        (
            "logs",
            {**LOG, "logType": " "},
            "InvalidLogFormat (2006 - Validation Error): 'logType' field cannot be empty",
        ),
        (
            "data",
            {**DATA, "dataType": ""},
            "InvalidLogFormat (2006 - Validation Error): 'dataType' field cannot be empty",
        ),
        (
            "data",
            {**DATA, "logName": ""},
            "InvalidLogFormat (2006 - Validation Error): 'logName' field cannot be empty",
        ),
        ("logs", {**LOG, "extra": 1}, "StreamDecodingError (3004 - Processing Error): "),
        ("data", {**DATA, "data": {}}, "StreamDecodingError (3004 - Processing Error): "),
    ],
)
def test_lines_that_make_no_sense_are_named_and_those_before_them_stay(
    run: Run, stream: str, line: dict[str, Any], reason: str
) -> None:
    good = {"metrics": GOOD, "logs": LOG, "data": DATA}[stream]

    answer = run.send(stream, lines(good, line, good))

    assert answer.status_code == 422
    assert answer.json()["message"].startswith(f"Failed to process {stream} stream: {reason}")
    stored = [len(run.raw("loss")), len(run.messages()), len(run.data("t"))]
    assert stored == [int(name == stream) for name in ("metrics", "logs", "data")]


def test_console_lines_and_data_are_read_back_as_sent(run: Run) -> None:
    texts = ["", "epoch 1 🚀", 'tab\t"quoted"', "x" * 100_000]
    console = [
        {"time": n, "message": text, "lineNumber": n, "logType": "ERROR" if n % 2 else "INFO"}
        for n, text in enumerate(texts)
    ]
    table = {**DATA, "data": '{"table": [[1]], "v": 1}'}
    series = {**DATA, "data": "warmup", "dataType": "string-series", "logName": "phase"}

    assert run.send("logs", lines(*console)).text.endswith(": 4 records")
    assert run.send("data", lines(table, series)).text.endswith(": 2 records")

    assert run.messages() == texts
    assert run.data("t") == [{"table": [[1]], "v": 1}]
    assert run.data("phase") == ["warmup"]
    kinds = {n["logName"]: n["logType"] for n in run.read(f"details/{run.id}")["logNames"]}
    assert kinds == {"t": "TABLE", "phase": "DATA"}


@pytest.mark.parametrize("run_id", ["JgaEB", "999999", "-1", "", "MMP-1", "9" * 30])
def test_rows_of_no_run_are_refused(run: Run, run_id: str) -> None:
    headers = {"X-Run-Id": run_id, "X-Project-Name": "p"}
    answer = run.client.post("/ingest/metrics", content=GOOD, headers=headers)

    assert answer.status_code == 422
    assert "X-Run-Id" in answer.json()["message"]


@pytest.mark.parametrize("missing", ["X-Run-Id", "X-Project-Name"])
def test_a_missing_header_is_named(run: Run, missing: str) -> None:
    headers = {name: value for name, value in run.headers.items() if name != missing}
    answer = run.client.post("/ingest/metrics", content=GOOD, headers=headers)

    assert answer.status_code == 422
    assert answer.json()["message"].endswith(
        f"InvalidHeaderFormat (2004 - Validation Error): Missing required header: {missing}"
    )


def test_rows_of_a_finished_run_are_taken(run: Run) -> None:
    run.client.post("/api/runs/status/update", json={"runId": run.id, "status": "COMPLETED"})

    assert run.send("metrics", GOOD).status_code == 200
    assert run.raw("loss") == [(1, 0.5)]


def test_a_metric_line_that_comes_again_changes_no_curve(run: Run) -> None:
    for _ in range(3):
        run.send("metrics", metric_lines(0, 5))

    metrics = run.read("metrics", logName="loss")["metrics"]
    assert [(int(point["step"]), point["value"]) for point in metrics] == [
        (step, float(step)) for step in range(5)
    ]


def test_a_chunked_body_of_many_parts_is_one_request(run: Run) -> None:
    padding = b" " * 20_000
    count = 500  # 10 MB in all: several parts

    def pieces() -> Iterator[bytes]:
        for step in range(count):
            line = b'{"time": 1, "step": %d, "data": {"loss": 1}}' % step
            yield padding + line[:17]
            yield line[17:] + b"\n"

    answer = run.send("metrics", pieces())

    assert answer.text.endswith(f": {count} records")
    assert [step for step, _ in run.raw("loss")] == list(range(count))


def test_step_is_the_greatest_of_all_metrics(run: Run) -> None:
    def step() -> Any:
        return run.client.post("/step", headers=run.headers).json()

    assert step() == {"step": 0}
    run.send("metrics", metric_lines(0, 8) + b"\n" + metric_lines(3, 5, "sys/cpu"))
    assert step() == {"step": 7}
