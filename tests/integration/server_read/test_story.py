"""The life of a run as its page tells it: alerts, forks, the model's graph."""

import json
import math
from typing import Any

import pytest

from pluto.storage import Batch, Kind, Record
from tests.integration.server_read.harness import ReadServer


def test_alerts_are_told_newest_first_and_half_written_ones_too(server: ReadServer) -> None:
    row = server.run()
    server.state.changes.add_alert(
        row.id,
        {"timestamp": 5, "level": "ERROR", "title": "Loss", "body": "NaN", "url": "http://x"},
    )
    strange = Record(Kind.FACT, 7, 0, "alert", "", json.dumps(["no", "object"]).encode())
    server.write(row, Batch(records=[strange]))

    story = server.json(f"/api/ui/runs/{row.id}/story")

    bare = {"time": 7, "level": "INFO", "title": "", "body": "", "url": None}
    full = {"time": 5, "level": "ERROR", "title": "Loss", "body": "NaN", "url": "http://x"}
    assert story["alerts"] == [bare, full]


def test_a_fork_names_its_ancestors_and_they_name_it(server: ReadServer) -> None:
    first = server.run("first")
    second = server.run("second", forked_from=first.id, fork_step=10)
    third = server.run("third", forked_from=second.id, fork_step=20)

    story = server.json(f"/api/ui/runs/{third.id}/story")
    assert [(each["name"], each["step"]) for each in story["ancestors"]] == [
        ("second", 20),
        ("first", 10),
    ]
    assert story["forks"] == []
    (fork,) = server.json(f"/api/ui/runs/{first.id}/story")["forks"]
    assert fork == {
        "id": second.id,
        "name": "second",
        "project": "mnist",
        "status": "RUNNING",
        "step": 10,
    }


def test_a_parent_that_was_deleted_ends_the_line(server: ReadServer) -> None:
    row = server.run("orphan", forked_from=10**9, fork_step=3)
    assert server.json(f"/api/ui/runs/{row.id}/story")["ancestors"] == []


def test_the_graph_is_given_as_it_was_recorded(server: ReadServer) -> None:
    row = server.run()
    assert server.json(f"/api/ui/runs/{row.id}/graph") == {"graph": None}
    server.state.changes.add_graph(row.id, {"nodes": {"a": {"args": [math.nan]}}})
    assert server.json(f"/api/ui/runs/{row.id}/graph") == {
        "graph": {"nodes": {"a": {"args": ["NaN"]}}}
    }


def test_a_graph_that_a_client_recorded_in_parts_is_put_together(server: ReadServer) -> None:
    row = server.run()
    parts = [{"format": "torch", "nodes": {"a": {"order": 0}}}, {"nodes": {"b": {"order": 1}}}]
    records = [
        Record(Kind.FACT, time, 0, "modelGraph", "", json.dumps(part).encode())
        for time, part in enumerate(parts)
    ]
    server.write(row, Batch(records=records))
    (graph,) = server.json(f"/api/ui/runs/{row.id}/graph").values()
    assert graph == {"format": "torch", "nodes": {"a": {"order": 0}, "b": {"order": 1}}}


@pytest.mark.parametrize("page", ["story", "graph"])
def test_an_unknown_run_has_neither(server: ReadServer, page: str) -> None:
    assert server.get(f"/api/ui/runs/12345/{page}").status_code == 404


def test_an_artifact_names_its_maker_and_its_users(server: ReadServer) -> None:
    def using(**source: str) -> dict[str, object]:
        return {"wandb": {"used_artifacts": {"digits:v1": source, "strange": "v0"}}}

    maker = server.run("maker", external_id="made")
    source = {"project": "mnist", "run": "made", "digest": "aa"}
    user = server.run("user", config=using(**source))
    lost = server.run("lost", config=using(**{**source, "run": "gone"}))
    server.run("odd", config={"wandb": "a text"})

    def lineage(run_id: int) -> dict[str, Any]:
        found: dict[str, Any] = server.json(f"/api/ui/runs/{run_id}/lineage")
        return found

    def use(run: int, name: str) -> dict[str, object]:
        other = {"id": run, "name": name, "project": "mnist", "status": "RUNNING"}
        return {"artifact": "digits:v1", "digest": "aa", "run": other}

    assert lineage(user.id) == {"uses": [use(maker.id, "maker")], "usedBy": [], "unread": 0}
    assert lineage(maker.id) == {"uses": [], "usedBy": [use(user.id, "user")], "unread": 0}
    guest = server.run("guest", project="other", config=using(**source))
    assert [each["run"]["project"] for each in lineage(maker.id)["usedBy"]] == ["other", "mnist"]
    assert lineage(guest.id)["uses"] == [use(maker.id, "maker")]
    (use_of_lost,) = lineage(lost.id)["uses"]
    assert use_of_lost["run"] is None
