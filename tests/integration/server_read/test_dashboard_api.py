"""The dashboard's own API besides charts: lists, pages, records, changes."""

import json
import math
import sqlite3
from typing import Any

import pytest

from pluto.server.changes import StatusChange
from pluto.server.rows import RunRow
from pluto.server.sqlite import run_directory
from pluto.server.ui_records import MAX_RAW_BYTES
from pluto.storage import Kind, Record
from tests.integration.server_read.harness import ReadServer

START = 1_767_225_600_000


def test_projects_tell_how_many_runs_are_running(server: ReadServer) -> None:
    server.run(updated_at=START)
    done = server.run()
    server.state.changes.set_status(done.id, StatusChange("COMPLETED"))

    (project,) = server.json("/api/ui/projects")["projects"]
    assert project.pop("updatedAt") > START
    assert project == {"name": "mnist", "runs": 2, "running": 1}


def test_the_runs_table_has_what_a_row_shows(server: ReadServer) -> None:
    row = server.run(
        "baseline", tags=("v1",), config={"opt": {"lr": 0.1}, "nan": math.nan}, created_at=START
    )
    server.log(row, {"sys/cpu": [5.0], "loss": [math.nan]})
    server.state.changes.set_notes(row.id, "looks odd")
    change = StatusChange("FAILED", at=START + 5000, cause="out of memory")
    server.state.changes.set_status(row.id, change)

    answer = server.json("/api/ui/runs", project="mnist")

    assert answer["version"] == server.catalog.version()
    (shown,) = answer["runs"]
    assert shown.pop("updatedAt") > START
    assert shown == {
        "id": row.id,
        "displayId": "MNI-1",
        "name": "baseline",
        "project": "mnist",
        "status": "FAILED",
        "cause": "out of memory",
        "tags": ["v1"],
        "notes": "looks odd",
        "createdAt": START,
        "durationMs": 5000,
        "config": {"opt.lr": 0.1, "nan": "NaN"},
        "summary": {"loss": "NaN", "sys/cpu": 5},
        "metricCount": 2,
    }


def test_a_row_shows_two_hundred_metrics_and_those_of_the_system_last(server: ReadServer) -> None:
    row = server.run()
    server.log(row, {f"sys/{n}": [1.0] for n in range(150)} | {f"m{n}": [2.0] for n in range(150)})

    (shown,) = server.json("/api/ui/runs")["runs"]

    assert len(shown["summary"]) == 200
    assert sum(value == 2 for value in shown["summary"].values()) == 150
    assert shown["metricCount"] == 300


def test_a_long_config_value_is_shown_on_the_page_and_not_in_the_table(server: ReadServer) -> None:
    row = server.run(config={"prompt": "x" * 5000, "lr": 1})
    assert server.json("/api/ui/runs")["runs"][0]["config"] == {"lr": 1}
    assert server.json(f"/api/ui/runs/{row.id}")["run"]["config"]["prompt"] == "x" * 5000


def test_the_table_lists_all_projects_when_none_is_named(server: ReadServer) -> None:
    server.run(project="a")
    server.run(project="b")
    assert len(server.json("/api/ui/runs")["runs"]) == 2
    assert len(server.json("/api/ui/runs", project="a")["runs"]) == 1
    assert server.json("/api/ui/runs", project="c")["runs"] == []


def test_the_table_follows_a_run_that_goes_on(server: ReadServer) -> None:
    row = server.run()
    for step in range(1, 6):
        server.log(row, {"loss": [float(step)]}, steps=[step])
        assert server.json("/api/ui/runs")["runs"][0]["summary"] == {"loss": step}


@pytest.mark.parametrize("intact", [0, 8192])
def test_an_unreadable_run_is_listed_with_the_reason_and_spoils_no_other(
    server: ReadServer, intact: int
) -> None:
    good = server.run("good", created_at=START)
    row = server.run("bad", created_at=START + 1)
    for each in (good, row):
        server.log(each, {f"m{n}": [1.0] for n in range(300)})
    damage(row, intact)

    bad, fine = server.json("/api/ui/runs")["runs"]

    assert (fine["cause"], fine["metricCount"]) == (None, 300)
    assert bad["cause"]
    assert bad["metricCount"] == 0
    listed = server.json("/api/runs/list", projectName="mnist", filter='{"config.x": null}')
    assert listed["total"] == 2
    told = server.get("/api/runs/metrics", runId=row.id, projectName="mnist")
    assert told.status_code == 500
    assert told.json()["error"] != "Internal Server Error"


def damage(row: RunRow, intact: int) -> None:
    """Overwrite a run's store behind its first bytes; nothing of it stays in the log."""
    store = run_directory(row) / "run.db"
    connection = sqlite3.connect(store)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    content = store.read_bytes()
    store.write_bytes(content[:intact] + b"U" * (len(content) - intact))


def test_a_run_has_its_facts_and_the_summary_of_each_name(server: ReadServer) -> None:
    row = server.run(
        external_id="job-1",
        config={"opt": {"lr": 0.1}},
        system_metadata={"platform": "Linux"},
        logger_settings={"tag": "pluto"},
    )
    server.log(row, {"loss": [3.0, 1.0, math.inf]})
    server.state.changes.cancel(row.id)

    answer = server.json(f"/api/ui/runs/{row.id}")

    run = answer["run"]
    assert run["config"] == {"opt": {"lr": 0.1}}
    assert run["systemMetadata"] == {"platform": "Linux"}
    assert run["loggerSettings"] == {"tag": "pluto"}
    assert run["externalId"] == "job-1"
    assert [event["to"] for event in run["statusHistory"]][-1] == "CANCELLED"
    assert run["url"].startswith("http://127.0.0.1:3000/o/local/projects/mnist/")
    assert answer["version"] == server.catalog.reader(row.id).version()
    assert answer["names"] == [
        {
            "name": "loss",
            "type": "METRIC",
            "count": 3,
            "firstStep": 1,
            "lastStep": 3,
            "last": "Infinity",
            "min": 1,
            "max": 3,
            "mean": 2,
        }
    ]


def console(number: int, text: str, kind: str = "INFO") -> Record:
    return Record(Kind.CONSOLE, START + number, number, "", kind, text.encode())


def test_the_console_is_read_page_by_page_and_searched(server: ReadServer) -> None:
    row = server.run()
    server.records(row, *(console(number, f"Epoch {number}") for number in range(1, 13)))
    path = f"/api/ui/runs/{row.id}/console"

    first = server.json(path, limit=5)
    assert [line["text"] for line in first["lines"]] == [f"Epoch {n}" for n in range(1, 6)]
    assert (first["more"], first["total"]) == (True, 12)
    assert {key: first["lines"][0][key] for key in ("n", "time", "type")} == {
        "n": 1,
        "time": START + 1,
        "type": "INFO",
    }
    rest = server.json(path, after=first["lines"][-1]["id"], limit=7)
    assert [line["n"] for line in rest["lines"]] == list(range(6, 13))
    assert rest["more"] is False
    found = server.json(path, search="epoch 1")
    assert [line["n"] for line in found["lines"]] == [1, 10, 11, 12]


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ({"last": 2}, [11, 12]),
        ({"last": 12}, list(range(1, 13))),
        ({"last": 99}, list(range(1, 13))),
        ({"last": 4, "search": "epoch 1"}, [10, 11, 12]),
    ],
)
def test_the_last_lines_of_the_console_can_be_asked_for(
    server: ReadServer, query: dict[str, Any], numbers: list[int]
) -> None:
    row = server.run()
    server.records(row, *(console(number, f"Epoch {number}") for number in range(1, 13)))
    page = server.json(f"/api/ui/runs/{row.id}/console", **query)
    assert [line["n"] for line in page["lines"]] == numbers
    assert page["total"] == 12


def test_the_console_can_be_read_upwards_from_its_end(server: ReadServer) -> None:
    row = server.run()
    server.records(row, *(console(number, f"Epoch {number}") for number in range(1, 13)))
    path = f"/api/ui/runs/{row.id}/console"
    page = server.json(path, last=5)
    above = server.json(path, before=page["lines"][0]["id"], limit=4)
    assert [line["n"] for line in above["lines"]] == [4, 5, 6, 7]
    assert above["more"] is True
    top = server.json(path, before=above["lines"][0]["id"], limit=4)
    assert [line["n"] for line in top["lines"]] == [1, 2, 3]
    assert top["more"] is False
    found = server.json(path, before=page["lines"][-1]["id"], limit=2, search="epoch 1")
    assert [line["n"] for line in found["lines"]] == [10, 11]


def test_structured_values_come_parsed_by_step(server: ReadServer) -> None:
    row = server.run()
    bodies = [
        (2, "TABLE", '{"table": [[NaN]]}'),
        (1, "TABLE", "not json"),
        (3, "string-series", "3"),
    ]
    for step, kind, body in bodies:
        server.records(row, Record(Kind.DATA, START, step, "t", kind, body.encode()))

    path = f"/api/ui/runs/{row.id}/data"
    assert server.json(path, name="t")["points"] == [
        {"step": 1, "time": START, "type": "TABLE", "data": "not json"},
        {"step": 2, "time": START, "type": "TABLE", "data": {"table": [["NaN"]]}},
        {"step": 3, "time": START, "type": "string-series", "data": "3"},
    ]
    assert [point["step"] for point in server.json(path, name="t", step=2)["points"]] == [2]
    assert server.json(path, name="unknown") == {"points": []}


def test_structured_values_are_thinned_evenly_and_keep_the_last(server: ReadServer) -> None:
    row = server.run()
    server.records(
        row, *(Record(Kind.DATA, START, step, "h", "HISTOGRAM", b"{}") for step in range(250))
    )
    points = server.json(f"/api/ui/runs/{row.id}/data", name="h", limit=5)["points"]
    assert [point["step"] for point in points] == [0, 50, 100, 150, 200, 249]


def test_structured_values_come_as_they_were_logged_page_by_page(server: ReadServer) -> None:
    row = server.run()
    bodies = [("t", "TABLE", '{"table": [[NaN]]}'), ("s", "string-series", "3"), ("t", "TABLE", "")]
    for step, (name, kind, body) in enumerate(bodies):
        server.records(row, Record(Kind.DATA, START, step, name, kind, body.encode()))
    path = f"/api/ui/runs/{row.id}/data/raw"
    first = server.json(path, limit=2)
    assert first["points"] == [
        {"name": name, "step": step, "time": START, "type": kind, "data": body}
        for step, (name, kind, body) in enumerate(bodies[:2])
    ]
    last = server.json(path, limit=2, after=first["next"])
    assert ([point["step"] for point in last["points"]], last["next"]) == ([2], None)
    assert [point["step"] for point in server.json(path, name="t")["points"]] == [0, 2]


def test_a_page_of_large_structured_values_ends_early(server: ReadServer) -> None:
    row = server.run()
    large = b'"' + b"x" * (MAX_RAW_BYTES // 2) + b'"'
    server.records(row, *(Record(Kind.DATA, START, step, "t", "TABLE", large) for step in range(5)))
    path, sizes = f"/api/ui/runs/{row.id}/data/raw", []
    after: int | None = 0
    while after is not None:
        page = server.json(path, after=after)
        sizes.append(len(page["points"]))
        after = page["next"]
    assert sizes == [2, 2, 1]


def test_files_whose_bytes_came_are_listed_with_their_annotations(server: ReadServer) -> None:
    row = server.run()
    body: dict[str, Any] = {
        "fileName": "cat.png",
        "fileType": "png",
        "fileSize": 3,
        "sampleIndex": 1,
        "caption": "cat",
        "annotations": '{"boxes": {}}',
        "sha256": "0" * 64,
        "mime": "image/png",
    }
    for name, sha256 in (("here", "0" * 64), ("missing", None)):
        text = json.dumps({**body, "fileName": name, "sha256": sha256})
        server.records(row, Record(Kind.FILE, START, 7, "val/img", "IMAGE", text.encode()))

    (file,) = server.json(f"/api/ui/runs/{row.id}/files", name="val/img")["files"]

    assert file.pop("url").startswith("http://127.0.0.1:3000/o/blob/")
    assert file == {
        "name": "val/img",
        "type": "IMAGE",
        "fileName": "here",
        "fileType": "png",
        "mime": "image/png",
        "size": 3,
        "step": 7,
        "time": START,
        "caption": "cat",
        "sampleIndex": 1,
        "annotations": {"boxes": {}},
    }


def test_tags_and_notes_are_changed_and_a_run_is_cancelled(server: ReadServer) -> None:
    row = server.run()
    path = f"/api/ui/runs/{row.id}"

    assert server.post(f"{path}/tags", {"tags": ["a", "b"]}).json() == {"success": True}
    assert server.post(f"{path}/notes", {"notes": "better"}).json() == {"success": True}
    assert server.post(f"{path}/cancel", {}).json() == {"success": True}

    run = server.json(path)["run"]
    assert (run["tags"], run["notes"], run["status"]) == (["a", "b"], "better", "CANCELLED")
    again = server.post(f"{path}/cancel", {})
    assert again.status_code == 409
    assert "CANCELLED" in again.json()["error"]


@pytest.mark.parametrize("change", ["tags", "notes", "cancel"])
def test_an_unknown_run_cannot_be_changed(server: ReadServer, change: str) -> None:
    refused = server.post(f"/api/ui/runs/999/{change}", {"tags": [], "notes": None})
    assert (refused.status_code, refused.json()) == (404, {"error": "Run not found"})


@pytest.mark.parametrize(
    ("change", "body"),
    [
        ("tags", {}),
        ("tags", {"tags": ["x"] * 51}),
        ("tags", {"tags": [1]}),
        ("tags", {"tags": ["group:a", "group:b"]}),
        ("notes", {"notes": "x" * 10_001}),
        ("notes", {"notes": ["x"]}),
    ],
)
def test_a_change_of_the_wrong_form_is_refused(
    server: ReadServer, change: str, body: dict[str, Any]
) -> None:
    row = server.run()
    assert server.post(f"/api/ui/runs/{row.id}/{change}", body).status_code == 400


@pytest.mark.parametrize("page", ["", "/console", "/files", "/data?name=x"])
def test_a_page_of_an_unknown_run_is_not_found(server: ReadServer, page: str) -> None:
    assert server.get(f"/api/ui/runs/999{page}").status_code == 404
    assert server.get(f"/api/ui/runs/x{page}").status_code == 400


def test_the_session_says_how_to_log_to_this_server(server: ReadServer) -> None:
    session = server.json("/api/ui/session")
    assert session["mode"] == "server"
    assert session["user"] == "local"
    assert session["directory"] is None
    assert session["version"]
    compile(session["snippet"], "snippet", "exec")
    assert 'host="local"' in session["snippet"]
