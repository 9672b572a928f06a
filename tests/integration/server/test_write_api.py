"""Creating, resuming and changing runs over the wire."""

import json
from collections.abc import Callable

import httpx
import pytest

from pluto.server.sqid import encode_sqid
from tests.integration.server.harness import Body, details, history, post
from tests.server_process import RunningServer


def test_a_key_is_answered_with_the_organisation(client: httpx.Client) -> None:
    assert client.post("/api/slug").json() == {"organization": {"slug": "local"}}


def test_each_node_of_a_job_describes_itself_and_none_the_others(
    client: httpx.Client, create: Callable[..., Body]
) -> None:
    nodes = [{"nodes": {"node1": {"cpu": {"virt": 8}}}}, {"cpu": {"virt": 4}}, {"cpu": {"virt": 9}}]
    runs = [create(systemMetadata=json.dumps(node), externalId="job-nodes") for node in nodes]
    assert [run["resumed"] for run in runs] == [False, True, True]
    told = details(client, runs[0])["systemMetadata"]
    assert told == {"nodes": {"node1": {"cpu": {"virt": 8}}}, "cpu": {"virt": 4}}


def test_a_new_run_has_everything_that_clients_read(
    client: httpx.Client, server: RunningServer, create: Callable[..., Body], project: str
) -> None:
    run = create(
        config='{"lr": 0.001}',
        tags=["v1"],
        systemMetadata='{"os": "Linux"}',
        loggerSettings="null",
        externalId=None,
        createdAt=None,
        updatedAt=None,
        unknownField=1,
    )

    sqid = encode_sqid(run["runId"])
    assert run == {
        "runId": run["runId"],
        "number": 1,
        "displayId": run["displayId"],
        "projectName": project,
        "organizationSlug": "local",
        "url": f"{server.url}/o/local/projects/{project}/{sqid}",
        "resumed": False,
        "forkedFromRunId": None,
        "forkStep": None,
        "pluto": {"version": run["pluto"]["version"], "idempotentRows": True, "rewinds": True},
    }
    found = details(client, run)
    assert (found["config"], found["tags"], found["status"]) == ({"lr": 0.001}, ["v1"], "RUNNING")
    assert found["systemMetadata"] == {"os": "Linux"}
    assert found["loggerSettings"] is None


def test_a_known_external_id_attaches_and_merges_the_config(
    client: httpx.Client, create: Callable[..., Body]
) -> None:
    first = create(externalId="job-1", config='{"a": {"b": 1}}', tags=["kept"])
    post(client, "status/update", runId=first["runId"], status="COMPLETED")

    again = create(externalId="job-1", config='{"a": {"c": 2}}', tags=["ignored"], runName="other")

    assert (again["runId"], again["resumed"], again["number"]) == (first["runId"], True, 1)
    found = details(client, first)
    assert (found["config"], found["tags"]) == ({"a": {"b": 1, "c": 2}}, ["kept"])
    assert (found["name"], found["status"]) == ("baseline", "RUNNING")
    assert history(client, first)[-1] == ("COMPLETED", "RUNNING", "resume")


def test_full_unicode_names_win_over_their_ascii_forms(
    client: httpx.Client, create: Callable[..., Body]
) -> None:
    name = "обучение/../" + "🚀" * 300
    run = create(runName="-", runNameUtf8=name, projectName="-", projectNameUtf8=name)
    again = create(externalId="x", projectName="-", projectNameUtf8=name)

    assert (run["projectName"], details(client, run)["name"]) == (name, name)
    assert again["number"] == 2
    projects = client.get("/api/runs/projects").json()["projects"]
    assert name in [each["name"] for each in projects]


@pytest.mark.parametrize("kind", ["runId", "displayId", "externalId"])
def test_a_run_is_resumed_by_any_of_its_ids(
    client: httpx.Client, create: Callable[..., Body], project: str, kind: str
) -> None:
    run = create(externalId=f"resume-{kind}")
    post(client, "status/update", runId=run["runId"], status="FAILED")
    ids = {
        "runId": run["runId"],
        "displayId": run["displayId"].lower(),
        "externalId": f"resume-{kind}",
    }

    status, answer = post(client, "resume", **{kind: ids[kind]}, projectName=project)

    assert (status, answer["runId"], answer["resumed"]) == (200, run["runId"], True)
    assert details(client, run)["status"] == "RUNNING"
    assert history(client, run)[-1] == ("FAILED", "RUNNING", "resume")


def test_a_resume_that_names_no_single_run_is_refused_with_the_reason(
    client: httpx.Client, create: Callable[..., Body]
) -> None:
    for name in ("twin-runs", "twin_runs"):
        create(projectName=name)
    exactly_one = "Provide exactly one of: runId, displayId, or externalId"

    for body in ({}, {"runId": 1, "displayId": "A-1"}):
        status, answer = post(client, "resume", **body)
        assert (status, answer["error"]["name"]) == (400, "ZodError")
        assert answer["error"]["issues"][0]["message"] == exactly_one
    assert post(client, "resume", externalId="x") == (
        400,
        {"error": "projectName is required when using externalId"},
    )
    assert post(client, "resume", runId=10**9) == (404, {"error": "Run not found"})
    assert post(client, "resume", displayId="nonsense")[0] == 400
    status, answer = post(client, "resume", displayId="TRU-1")
    assert status == 409
    assert "ambiguous across multiple projects" in answer["error"]
    assert post(client, "resume", displayId="TRU-1", projectName="twin_runs")[0] == 200


def test_a_status_is_taken_with_its_metadata_and_time(
    client: httpx.Client, create: Callable[..., Body]
) -> None:
    run = create()

    answer = post(
        client,
        "status/update",
        runId=run["runId"],
        status="FAILED",
        statusMetadata='{"exit": 1}',
        statusUpdated=1_767_225_601_000,
    )

    assert answer == (200, {"success": True})
    found = details(client, run)
    assert (found["status"], found["statusMetadata"]) == ("FAILED", {"exit": 1})
    assert found["statusUpdated"] == "2026-01-01T00:00:01.000Z"


def test_an_outranked_status_is_accepted_and_ignored(
    client: httpx.Client, create: Callable[..., Body]
) -> None:
    run = create()
    post(client, "status/update", runId=run["runId"], status="FAILED")

    assert post(client, "status/update", runId=run["runId"], status="COMPLETED")[0] == 200
    assert details(client, run)["status"] == "FAILED"
    assert history(client, run) == [(None, "RUNNING", "api"), ("RUNNING", "FAILED", "api")]


def test_the_first_type_of_a_name_stays_and_graph_is_taken(
    client: httpx.Client, create: Callable[..., Body]
) -> None:
    run = create()
    for kind in ("GRAPH", "METRIC"):
        answer = post(
            client, "logName/add", runId=run["runId"], logName=["model", "a/b"], logType=kind
        )
        assert answer == (200, {"success": True})
    post(client, "logName/add", runId=run["runId"], logName=[], logType="METRIC")

    names = {each["logName"]: each for each in details(client, run)["logNames"]}
    assert {name: each["logType"] for name, each in names.items()} == {
        "model": "GRAPH",
        "a/b": "GRAPH",
    }
    assert names["a/b"]["logGroup"] == "a"


def test_tags_notes_and_config_are_changed(
    client: httpx.Client, create: Callable[..., Body]
) -> None:
    run = create(tags=["a"])["runId"]

    assert post(client, "tags/update", runId=run, tags=["b", "group:x"])[0] == 200
    assert post(client, "notes/update", runId=run, notes="lr too high")[0] == 200
    assert post(client, "config/update", runId=run, config='{"opt": {"name": "adam"}}')[0] == 200
    assert post(client, "config/update", runId=run, config='{"opt": {"lr": 1}}')[0] == 200
    for nothing in (None, "", "null"):
        assert post(client, "config/update", runId=run, config=nothing) == (200, {"success": True})

    found = details(client, {"runId": run})
    assert found["tags"] == ["b", "group:x"]
    assert found["config"] == {"opt": {"name": "adam", "lr": 1}}


def test_a_model_graph_is_taken_with_its_nodes(
    client: httpx.Client, create: Callable[..., Body]
) -> None:
    node = {
        "type": "Linear",
        "depth": 1,
        "order": 0,
        "node_type": "MODULE",
        "params": {"weight": [8, 4]},
        "edges": [["n0", "n1"]],
    }
    run = create()["runId"]

    graph = {"format": "torch", "nodes": {"fc1": node}}
    assert post(client, "modelGraph/create", runId=run, graph=graph) == (200, {"success": True})
    graph = {"format": "torch", "nodes": {"fc1": {"type": "Linear"}}}
    assert post(client, "modelGraph/create", runId=run, graph=graph)[0] == 400


def test_a_fork_takes_config_and_tags_of_its_parent(
    client: httpx.Client, create: Callable[..., Body], project: str
) -> None:
    parent = create(config='{"a": {"x": 1}, "b": 1}', tags=["v1", "group:old"])
    lines = "\n".join(
        json.dumps({"time": 1, "step": step, "data": {"loss": 1.0}}) for step in range(11)
    )
    headers = {"X-Run-Id": str(parent["runId"]), "X-Project-Name": project}
    assert client.post("/ingest/metrics", content=lines, headers=headers).status_code == 200

    child = create(
        forkRunId=parent["runId"],
        forkStep=5,
        inheritTags=True,
        tags=["group:new"],
        config='{"a": {"y": 2}}',
    )
    grandchild = create(forkRunId=child["runId"], forkStep=3, inheritConfig=False)

    assert (child["forkedFromRunId"], child["forkStep"]) == (parent["runId"], 5)
    found = details(client, child)
    assert (found["config"], found["tags"]) == ({"a": {"y": 2}, "b": 1}, ["v1", "group:new"])
    assert (found["forkedFromRunId"], found["forkStep"]) == (parent["runId"], 5)
    assert (grandchild["forkedFromRunId"], grandchild["forkStep"]) == (parent["runId"], 3)
    assert details(client, grandchild)["config"] is None
    body = {"runName": "r", "projectName": project, "forkRunId": parent["runId"], "forkStep": 11}
    assert post(client, "create", **body) == (
        400,
        {"error": "forkStep (11) exceeds the parent run's max step (10)"},
    )


def test_heartbeats_alerts_and_the_reaper_speak_the_words_of_their_service(
    client: httpx.Client, create: Callable[..., Body]
) -> None:
    run = create()["runId"]
    alert = {"timestamp": 1, "title": "pluto", "body": "x", "email": True, "url": None}

    assert post(client, "trigger", runId=run) == (200, {"status": "RUNNING", "triggers": None})
    assert post(client, "alert", runId=run, alert=alert) == (200, {"status": "success"})
    assert post(client, "trigger", runId=10**9) == (404, {"detail": "Run not found"})
    assert post(client, "trigger", runId="x")[0] == 422
    assert post(client, "alert", runId=run, alert={"body": {"nested": 1}})[0] == 422
    assert client.post("/api/stale-runs/trigger").json() == {
        "processed": 0,
        "marked_failed": [],
        "grace_seconds": 1800,
    }


def test_a_cancelled_run_learns_it_from_its_heartbeat(
    client: httpx.Client, create: Callable[..., Body]
) -> None:
    run = create()["runId"]

    assert client.post(f"/api/ui/runs/{run}/cancel", json={}).status_code == 200
    assert post(client, "trigger", runId=run)[1]["status"] == "CANCELLED"
    post(client, "status/update", runId=run, status="TERMINATED")
    assert details(client, {"runId": run})["status"] == "CANCELLED"
