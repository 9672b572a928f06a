"""Creating and changing runs over the wire: what is refused, and in which words."""

from collections.abc import Callable

import httpx
import pytest

from tests.integration.server.harness import Body, post


@pytest.mark.parametrize(
    ("path", "body", "error"),
    [
        ("create", {"config": "{NaN"}, "Invalid JSON format in request body"),
        ("create", {"config": '{"a": NaN}'}, "Invalid JSON format in request body"),
        ("create", {"tags": ["group:a", "group:b"]}, "A run can have at most one group:* tag."),
        ("create", {"forkRunId": 1}, "forkStep is required when forkRunId is provided"),
        (
            "create",
            {"forkRunId": 10**9, "forkStep": 1},
            "Fork parent run not found in this project",
        ),
        (
            "status/update",
            {"status": "FAILED", "statusMetadata": "{"},
            "Invalid statusMetadata JSON",
        ),
        (
            "status/update",
            {"status": "FAILED", "loggerSettings": "{"},
            "Invalid loggerSettings JSON",
        ),
        (
            "tags/update",
            {"tags": ["group:a", "group:b"]},
            "A run can have at most one group:* tag.",
        ),
        ("config/update", {"config": "{"}, "Invalid config JSON"),
        ("config/update", {"config": "[1]"}, "Invalid config JSON: expected an object"),
    ],
)
def test_what_cannot_be_taken_is_refused_with_the_reason(
    client: httpx.Client, create: Callable[..., Body], path: str, body: Body, error: str
) -> None:
    run = create()
    named = {"runId": run["runId"]}
    if path == "create":
        named = {"runName": "r", "projectName": run["projectName"]}

    assert post(client, path, **named, **body) == (400, {"error": error})


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("create", {"runName": "r"}),
        ("create", {"runName": 1, "projectName": "p"}),
        ("create", {"runName": "r", "projectName": "p", "externalId": ""}),
        ("create", {"runName": "r", "projectName": "p", "config": {"a": 1}}),
        ("create", {"runName": "r", "projectName": "p", "tags": ["t"] * 51}),
        ("status/update", {"runId": 1, "status": "DONE"}),
        ("logName/add", {"runId": 1, "logName": ["a"], "logType": "NUMBER"}),
        ("tags/update", {"runId": 1, "tags": ["t"] * 51}),
        ("notes/update", {"runId": 1, "notes": "x" * 1001}),
    ],
)
def test_a_body_of_the_wrong_form_is_a_schema_error(
    client: httpx.Client, path: str, body: Body
) -> None:
    status, answer = post(client, path, **body)

    assert (status, answer["success"], answer["error"]["name"]) == (400, False, "ZodError")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("status/update", {"status": "FAILED"}),
        ("logName/add", {"logName": ["a"], "logType": "METRIC"}),
        ("tags/update", {"tags": []}),
        ("notes/update", {"notes": None}),
        ("config/update", {"config": None}),
        ("modelGraph/create", {"graph": {"format": "torch", "nodes": {}}}),
    ],
)
def test_changing_an_unknown_run_is_a_404(client: httpx.Client, path: str, body: Body) -> None:
    assert post(client, path, runId=10**9, **body) == (404, {"error": "Run not found"})
