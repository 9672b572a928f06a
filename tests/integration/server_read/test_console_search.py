"""The search through the consoles of many runs, and their alerts."""

import json
from typing import Any

import pytest

from pluto.server import ui_alerts, ui_search
from pluto.server.rows import RunRow
from pluto.storage import Kind, Record
from tests.integration.server_read.harness import ReadServer


def printed(server: ReadServer, name: str, *lines: str) -> RunRow:
    row = server.run(name)
    records = [
        Record(Kind.CONSOLE, 1000 + n, n, "", "INFO", line.encode())
        for n, line in enumerate(lines, 1)
    ]
    server.records(row, *records)
    return row


def found(server: ReadServer, text: str, *rows: RunRow) -> Any:
    body = {"runs": [row.id for row in rows], "text": text}
    answer = server.post("/api/ui/console-search", body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_lines_are_found_by_run_whatever_their_case(server: ReadServer) -> None:
    first = printed(server, "a", "start", "CUDA out of memory", "end")
    second = printed(server, "b", "all is well")
    third = printed(server, "c", "cuda is there")

    answer = found(server, "CUDA", first, second, third)

    assert answer["searched"] == 3
    lines = {each["run"]: [line["text"] for line in each["lines"]] for each in answer["found"]}
    assert lines == {first.id: ["CUDA out of memory"], third.id: ["cuda is there"]}
    assert [line["n"] for line in answer["found"][0]["lines"]] == [2]


def test_of_many_lines_the_last_ones_are_shown_in_order(server: ReadServer) -> None:
    row = printed(server, "a", *(f"nan at step {step}" for step in range(50)))
    (only,) = found(server, "nan", row)["found"]
    texts = [f"nan at step {step}" for step in range(50 - ui_search.LINES_A_RUN, 50)]
    assert [line["text"] for line in only["lines"]] == texts
    assert only["more"]


def test_a_search_that_takes_too_long_says_how_far_it_came(
    server: ReadServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [printed(server, name, "nan") for name in "abc"]
    monkeypatch.setattr(ui_search, "SECONDS", -1.0)
    answer = found(server, "nan", *rows)
    assert answer["searched"] == 1
    assert [each["run"] for each in answer["found"]] == [rows[0].id]


def test_a_run_that_is_gone_is_passed_over(server: ReadServer) -> None:
    row = printed(server, "a", "nan")
    answer = server.post("/api/ui/console-search", {"runs": [999, row.id], "text": "nan"}).json()
    assert [each["run"] for each in answer["found"]] == [row.id]


def test_alerts_are_told_by_run_and_runs_without_any_left_out(server: ReadServer) -> None:
    loud, quiet = server.run("loud"), server.run("quiet")
    told = [
        Record(Kind.FACT, time, 0, "alert", "", json.dumps({"title": f"number {time}"}).encode())
        for time in range(1, ui_alerts.ALERTS_A_RUN + 2)
    ]
    server.records(loud, *told)

    answer = server.post("/api/ui/alerts", {"runs": [loud.id, quiet.id, 12345]}).json()

    assert (answer["searched"], answer["unreadable"]) == (3, [])
    (found,) = answer["found"]
    assert (found["run"], found["more"]) == (loud.id, True)
    titles = [alert["title"] for alert in found["alerts"]]
    assert titles == [f"number {time}" for time in range(ui_alerts.ALERTS_A_RUN + 1, 1, -1)]
