"""Projects, details, short ids and the check of a key, over the public API."""

import math

import pytest

from pluto.server.changes import StatusChange
from pluto.server.sqid import encode_sqid
from tests.integration.server_read.harness import ReadServer


def test_a_good_key_belongs_to_the_one_organisation(server: ReadServer) -> None:
    assert server.json("/api/runs/auth/validate") == {
        "valid": True,
        "organization": {"id": "local", "slug": "local"},
        "user": {"id": "local"},
    }


def test_projects_come_newest_first_with_their_number_of_runs(server: ReadServer) -> None:
    server.run(project="old", created_at=1_767_225_600_000)
    server.run(project="new", created_at=1_767_225_700_000)
    server.run(project="new", created_at=1_767_225_800_000)
    server.run(project="old", created_at=1_767_225_900_000)

    old, new = 1, 2
    assert [
        (each["id"], each["name"], each["runCount"], each["createdAt"])
        for each in server.json("/api/runs/projects")["projects"]
    ] == [
        (new, "new", 2, "2026-01-01T00:01:40.000Z"),
        (old, "old", 2, "2026-01-01T00:00:00.000Z"),
    ]


def test_details_hold_everything_that_is_known_of_a_run(server: ReadServer) -> None:
    row = server.run(
        "baseline",
        external_id="job-1",
        tags=("v1",),
        config={"opt": {"lr": 0.1}},
        system_metadata={"platform": "Linux"},
        logger_settings={"tag": "pluto"},
        created_at=1_767_225_600_000,
    )
    server.log(row, {"train/loss": [1.0]})
    change = StatusChange("COMPLETED", metadata={"reason": "done"}, at=1_767_225_660_000)
    server.state.changes.set_status(row.id, change)

    details = server.json(f"/api/runs/details/{row.id}")

    assert details.pop("updatedAt").endswith("Z")
    assert details == {
        "id": row.id,
        "name": "baseline",
        "number": 1,
        "displayId": "MNI-1",
        "status": "COMPLETED",
        "tags": ["v1"],
        "config": {"opt": {"lr": 0.1}},
        "systemMetadata": {"platform": "Linux"},
        "loggerSettings": {"tag": "pluto"},
        "statusMetadata": {"reason": "done"},
        "createdAt": "2026-01-01T00:00:00.000Z",
        "statusUpdated": "2026-01-01T00:01:00.000Z",
        "projectName": "mnist",
        "externalId": "job-1",
        "forkedFromRunId": None,
        "forkStep": None,
        "logNames": [{"logName": "train/loss", "logType": "METRIC", "logGroup": "train"}],
    }


def test_details_by_display_id_match_in_any_case_and_leave_the_fork_out(server: ReadServer) -> None:
    row = server.run()
    found = server.json("/api/runs/details/by-display-id/mni-1")
    assert found["id"] == row.id
    assert "forkedFromRunId" not in found


def test_a_display_id_is_refused_when_malformed_unknown_or_shared(server: ReadServer) -> None:
    server.run(project="monitor_tests")
    server.run(project="monitor-tests")
    path = "/api/runs/details/by-display-id/"

    assert server.get(f"{path}latest").status_code == 400
    assert server.get(f"{path}MNI-999").status_code == 404
    shared = server.get(f"{path}MTE-1")
    assert shared.status_code == 409
    assert "monitor_tests" in shared.json()["error"]
    assert (
        server.json(f"{path}MTE-1", projectName="monitor-tests")["projectName"] == "monitor-tests"
    )


@pytest.mark.parametrize(
    ("run_id", "status"), [("999", 404), ("x", 400), ("-1", 400), ("1e400", 400)]
)
def test_details_of_no_run_are_refused(server: ReadServer, run_id: str, status: int) -> None:
    assert server.get(f"/api/runs/details/{run_id}").status_code == status


def test_a_config_that_json_cannot_carry_comes_as_words(server: ReadServer) -> None:
    config = {"nan": math.nan, "inf": [-math.inf], "huge": 10**30, "bad": "\ud800"}
    row = server.run(config=config)

    assert server.json(f"/api/runs/details/{row.id}")["config"] == {
        "nan": "NaN",
        "inf": ["-Infinity"],
        "huge": 1e30,
        "bad": "\ufffd",
    }


def test_a_short_id_is_decoded_without_a_look_at_the_runs(server: ReadServer) -> None:
    assert server.json("/api/runs/JgaEB") == {"runId": 42}
    assert server.json(f"/api/runs/{encode_sqid(2**40)}") == {"runId": 2**40}
    assert server.json("/api/runs/nonsense!") == {}
