"""`GET /api/runs/list`: pages, search, tags, status, order and filters."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.integration.server_read.harness import ReadServer

PATH = "/api/runs/list"


def names(server: ReadServer, **query: Any) -> list[str]:
    answer = server.json(PATH, projectName="mnist", **query)
    return [run["name"] for run in answer["runs"]]


@pytest.fixture
def three(server: ReadServer) -> ReadServer:
    """Runs a, b, c, the last one newest; only a and b have a loss, and b a note of NaN."""
    for number, name in enumerate("abc"):
        row = server.run(
            name,
            tags=("v1", f"tag-{name}"),
            config={"lr": 10.0**-number, "opt": {"name": "adam" if name == "a" else "sgd"}},
            system_metadata={
                "platform": {"system": "Linux"},
                "konduktor": {"job_name": f"job-{name}"},
            },
            created_at=1_767_225_600_000 + number * 1000,
        )
        if name != "c":
            server.log(row, {"loss": [1.0, 0.5 - number / 10]}, steps=[1 + number, 2 + number])
    return server


def test_a_list_item_has_the_fields_of_the_protocol_and_no_others(server: ReadServer) -> None:
    row = server.run("baseline", tags=("v1",), created_at=1_767_225_600_000)

    assert server.json(PATH, projectName="mnist") == {
        "runs": [
            {
                "id": row.id,
                "name": "baseline",
                "number": 1,
                "displayId": "MNI-1",
                "projectName": "mnist",
                "status": "RUNNING",
                "tags": ["v1"],
                "createdAt": "2026-01-01T00:00:00.000Z",
            }
        ],
        "total": 1,
    }


def test_runs_come_newest_first_and_in_pages(three: ReadServer) -> None:
    assert names(three) == ["c", "b", "a"]
    assert names(three, limit=1, offset=1) == ["b"]
    assert three.json(PATH, projectName="mnist", limit=1)["total"] == 3


def test_an_unknown_project_has_no_runs(three: ReadServer) -> None:
    assert three.json(PATH, projectName="unknown") == {"runs": [], "total": 0}


def test_search_looks_into_names_and_display_ids_in_any_case(three: ReadServer) -> None:
    assert names(three, search="B") == ["b"]
    assert names(three, search="mni-3") == ["c"]


def test_any_of_several_tags_is_enough(three: ReadServer) -> None:
    assert names(three, tags="tag-a, tag-c,nothing") == ["c", "a"]


def test_status_is_one_of_several_and_must_be_known(three: ReadServer) -> None:
    three.state.changes.cancel(three.catalog.runs()[0].id)
    assert names(three, status="CANCELLED,FAILED") == ["c"]
    refused = three.get(PATH, projectName="mnist", status="DONE")
    assert refused.status_code == 400
    assert "DONE" in refused.json()["error"]


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("name", "abc"),
        ("-name", "cba"),
        ("+created_at", "abc"),
        ("-createdAt", "cba"),
        ("config.lr.value", "cba"),
        ("-config.lr.value", "abc"),
        ("config.opt.name.value", "abc"),
        ("summary_metrics.loss", "bac"),
        ("-summary_metrics.loss", "abc"),
        ("-heartbeat_at", "bac"),
        ("systemMetadata.konduktor.job_name.value", "abc"),
        ("-config.missing.value", "cba"),
    ],
)
def test_runs_are_sorted_by_a_field_with_missing_values_last(
    three: ReadServer, sort: str, expected: str
) -> None:
    assert names(three, sort=sort) == list(expected)


@pytest.mark.parametrize(
    ("tree", "expected"),
    [
        ({"config.lr": {"$lt": 0.5}}, "cb"),
        ({"$or": [{"config.opt.name": "adam"}, {"name": "c"}]}, "ca"),
        ({"summaryMetrics.loss": {"$lte": 0.45}}, "b"),
        ({"$not": {"summaryMetrics.loss": {"$lte": 0.45}}}, "ca"),
        ({"state": "running", "tags": "tag-a"}, "a"),
        ({"heartbeat_at": {"$gt": "2026-01-01T00:00:02.500Z"}}, "b"),
    ],
)
def test_a_filter_selects_runs(three: ReadServer, tree: dict[str, Any], expected: str) -> None:
    assert names(three, filter=json.dumps(tree)) == list(expected)


@pytest.mark.parametrize(
    ("term", "expected"),
    [
        ({"dataType": "number", "operator": "is between", "values": [0.05, 1]}, "ba"),
        ({"dataType": "number", "operator": "is not between", "values": [0.05, 1]}, "c"),
        ({"dataType": "number", "operator": ">=", "values": ["0.1"]}, "ba"),
        ({"dataType": "number", "operator": "is", "values": [1]}, "a"),
        ({"key": "opt.name", "dataType": "text", "operator": "contains", "values": ["GD"]}, "cb"),
        ({"key": "opt.name", "dataType": "text", "operator": "regex", "values": ["^a"]}, "a"),
        (
            {"key": "opt.name", "dataType": "option", "operator": "is none of", "values": ["sgd"]},
            "a",
        ),
        ({"key": "missing", "dataType": "text", "operator": "is not", "values": ["x"]}, "cba"),
        ({"key": "missing", "dataType": "text", "operator": "exists", "values": []}, ""),
        ({"key": "missing", "dataType": "text", "operator": "not exists", "values": []}, "cba"),
        ({"dataType": "number", "operator": "resembles", "values": [1]}, "cba"),
    ],
)
def test_field_filters_select_runs(three: ReadServer, term: dict[str, Any], expected: str) -> None:
    terms = json.dumps([{"source": "config", "key": "lr", **term}])
    assert names(three, fieldFilters=terms) == list(expected)


def test_heartbeat_bounds_are_those_of_the_last_metric_point(three: ReadServer) -> None:
    assert names(three, heartbeatAfter="2026-01-01T00:00:03Z") == ["b"]
    assert names(three, heartbeatBefore="2026-01-01T00:00:02Z") == ["a"]


def test_field_values_come_flat_when_any_text_asks_for_them(three: ReadServer) -> None:
    answer = three.json(PATH, projectName="mnist", includeFieldValues="false", limit=1)
    assert answer["runs"][0]["_flatConfig"] == {"lr": 0.01, "opt.name": "sgd"}
    assert answer["runs"][0]["_flatSystemMetadata"]["platform.system"] == "Linux"

    columns = json.dumps([{"source": "config", "key": "lr"}])
    chosen = three.json(
        PATH, projectName="mnist", includeFieldValues="1", visibleColumns=columns, limit=1
    )
    assert chosen["runs"][0]["_flatConfig"] == {"lr": 0.01}
    assert chosen["runs"][0]["_flatSystemMetadata"] == {}


def test_a_konduktor_job_prefix_needs_no_project(three: ReadServer) -> None:
    answer = three.json(PATH, konduktorJobPrefix="job-b")
    assert [run["name"] for run in answer["runs"]] == ["b"]
    assert three.get(PATH).status_code == 400


def test_new_points_and_a_new_config_are_seen_by_the_next_request(three: ReadServer) -> None:
    assert names(three, filter='{"summaryMetrics.loss": {"$gt": 5}}') == []
    row = three.catalog.runs()[0]
    three.log(row, {"loss": [9.0]})
    three.state.changes.merge_config(row.id, {"lr": 77})
    assert names(three, filter='{"summaryMetrics.loss": {"$gt": 5}}') == ["c"]
    assert names(three, filter='{"config.lr": 77}') == ["c"]


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": 201}, "limit"),
        ({"limit": "many"}, "limit"),
        ({"offset": -1}, "offset"),
        ({"offset": 100_001}, "offset"),
    ],
)
def test_a_parameter_of_the_wrong_form_is_named_as_zod_names_it(
    server: ReadServer, query: dict[str, Any], parameter: str
) -> None:
    refused = server.get(PATH, projectName="mnist", **query)
    assert refused.status_code == 400
    body = refused.json()
    assert body["success"] is False
    assert body["error"]["name"] == "ZodError"
    (issue,) = body["error"]["issues"]
    assert issue["path"] == [parameter]
    assert issue["code"]
    assert issue["message"]


@pytest.mark.parametrize(
    "query",
    [
        {"sort": "colour"},
        {"sort": "config.lr"},
        {"filter": "{"},
        {"filter": "[]"},
        {"filter": '{"x": 1}'},
        {"filter": "[" * 5000},
        {"fieldFilters": "{}"},
        {"fieldFilters": '[{"source": "config"}]'},
        {"heartbeatAfter": "soon"},
        {"includeFieldValues": "1", "visibleColumns": "7"},
    ],
)
def test_what_cannot_be_understood_is_a_400_that_says_why(
    server: ReadServer, query: dict[str, str]
) -> None:
    refused = server.get(PATH, projectName="mnist", **query)
    assert refused.status_code == 400
    assert refused.json()["error"]


ODD = st.one_of(
    st.text(max_size=30),
    st.integers().map(str),
    st.floats().map(str),
    st.sampled_from(
        ["", "null", "[]", "{}", "-", "+", "$", "%00", "NaN", "1e999", "9" * 40, "{" * 9]
    ),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    query=st.dictionaries(
        st.sampled_from(
            [
                "projectName", "search", "tags", "status", "limit", "offset", "sort",
                "heartbeatAfter", "heartbeatBefore", "fieldFilters", "filter",
                "includeFieldValues", "visibleColumns", "konduktorJobPrefix",
            ]
        ),
        ODD,
    )
)  # fmt: skip
def test_no_query_of_the_list_is_the_servers_fault(
    three: ReadServer, query: dict[str, str]
) -> None:
    assert three.get(PATH, **query).status_code in {200, 400}
