"""The wire format: what leaves is what every server takes, whatever came in."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pluto import api
from pluto.errors import AuthError, Rejected, RetryLater
from pluto.record import RunInfo

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
    max_leaves=10,
)


def a_run(**fields: Any) -> RunInfo:
    return RunInfo(**{"uid": "u0", "project": "digits", "name": "one", "created_at": 1, **fields})


def body(request: api.Request | None) -> dict[str, Any]:
    assert request is not None
    value = json.loads(request.body)
    assert isinstance(value, dict)
    return value


@given(st.text())
def test_a_wire_name_fits_into_a_header_and_a_database_column(name: str) -> None:
    wire = api.wire_name(name)
    assert 1 <= len(wire) <= 255
    assert wire.isascii()
    assert wire.isprintable()
    assert wire == wire.strip()
    assert api.wire_name(wire) == wire


def test_two_long_names_stay_two() -> None:
    assert api.wire_name("x" * 300) != api.wire_name("x" * 301)


@given(st.dictionaries(st.text(), anything))
def test_json_text_is_read_by_a_strict_parser_and_a_database(values: dict[str, Any]) -> None:
    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    text = api.json_text(values)
    assert text is not None
    text.encode("utf-8")
    parsed = json.loads(text, parse_constant=refuse)
    assert "\x00" not in json.dumps(parsed, ensure_ascii=False)
    assert "\\u0000" not in json.dumps(parsed).replace("\\\\", "")


def test_nothing_is_not_an_empty_object() -> None:
    assert api.json_text(None) is None
    assert api.json_text({}) == "{}"


def test_a_backslash_before_u0000_stays_the_text_it_is() -> None:
    assert json.loads(api.json_text({"path": "C:\\u0000"}) or "") == {"path": "C:\\u0000"}


def test_the_true_names_go_beside_the_changed_ones_only() -> None:
    plain = body(api.create_request(a_run(), "e"))
    assert (plain["projectName"], plain["runName"]) == ("digits", "one")
    assert not {"projectNameUtf8", "runNameUtf8"} & plain.keys()
    changed = body(api.create_request(a_run(project="été"), "e"))
    assert (changed["projectName"], changed["projectNameUtf8"]) == ("-t-", "été")
    assert "runNameUtf8" not in changed


def test_a_create_request_has_the_fields_of_the_protocol() -> None:
    sent = body(api.create_request(a_run(tags=("a",), config={"lr": 1}), "e"))
    assert sent == {
        "runName": "one",
        "projectName": "digits",
        "externalId": "e",
        "config": '{"lr": 1}',
        "loggerSettings": '{"run_uid": "u0"}',
        "systemMetadata": "{}",
        "tags": ["a"],
        "createdAt": None,
        "updatedAt": None,
    }


def test_a_fork_names_its_parent_and_says_only_what_was_chosen() -> None:
    fork = body(api.create_request(a_run(fork_run_id=3, fork_step=10, inherit_tags=True), "e"))
    assert (fork["forkRunId"], fork["forkStep"], fork["inheritTags"]) == (3, 10, True)
    assert "inheritConfig" not in fork


def test_names_are_registered_with_one_request_for_each_type_that_servers_know() -> None:
    rows = [("a", "METRIC"), ("b", "METRIC"), ("g", "GRAPH"), ("p", "PLOTLY"), ("i", "IMAGE")]
    encoded = [json.dumps({"logName": name, "logType": kind}).encode() for name, kind in rows]
    sent = [body(request) for request in api.name_requests(7, encoded)]
    assert sent == [
        {"runId": 7, "logType": "METRIC", "logName": ["a", "b"]},
        {"runId": 7, "logType": "DATA", "logName": ["g", "p"]},
        {"runId": 7, "logType": "IMAGE", "logName": ["i"]},
    ]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"status": "COMPLETED"}, {"statusUpdated": 9}),
        ({"status": "COMPLETED", "statusMetadata": None}, {"statusUpdated": 9}),
        ({"status": "COMPLETED", "statusUpdated": 5}, {"statusUpdated": 5}),
        ({"status": "FAILED", "statusMetadata": {"x": float("inf")}},
         {"statusUpdated": 9, "statusMetadata": '{"x": "Infinity"}'}),
        ({"status": "RUNNING"}, {}),
    ],
)  # fmt: skip
def test_a_status_leaves_out_the_metadata_it_does_not_have(
    value: dict[str, Any], expected: dict[str, Any]
) -> None:
    sent = body(api.status_request(7, value, 9))
    assert sent == {"runId": 7, "status": value["status"], **expected}


def test_a_config_that_changes_nothing_is_not_sent() -> None:
    assert api.config_request(7, None) is None
    assert api.config_request(7, {}) is None


def test_a_file_is_asked_for_with_what_the_protocol_names() -> None:
    row = {"fileName": "a", "logName": "x", "step": 0, "sampleIndex": 0, "caption": None}
    sent = body(api.presign_request({**row, "path": "/secret", "sha256": "1"}))
    assert sent == {"files": [{"fileName": "a", "logName": "x", "step": 0, "sampleIndex": 0}]}


@pytest.mark.parametrize(
    ("status", "text", "kind", "says"),
    [
        (400, '{"error":"Bad Request","message":"reason"}', Rejected, "HTTP 400: reason"),
        (400, '{"error":"reason"}', Rejected, "HTTP 400: reason"),
        (400, '{"success":false,"error":{"issues":[{"path":["tags",0],"message":"no"}]}}',
         Rejected, "tags.0: no"),
        (422, '{"detail":[{"loc":["body","runId"],"msg":"missing"}]}', Rejected, "body.runId:"),
        (422, '{"message":"x: InvalidToken (1002 - Authentication Error): expired"}', AuthError,
         "expired"),
        (401, '{"detail":"Invalid format"}', AuthError, "Invalid format (HTTP 401)"),
        (401, '{"error":"Unauthorized"}', AuthError, "Unauthorized"),
        (403, "", AuthError, "the API key was refused"),
        (500, "x" * 5000, RetryLater, "HTTP 500: x"),
        (404, "nothing here", RetryLater, "is there a Pluto server"),
        (405, "", RetryLater, "is there a Pluto server"),
        (410, "[1]", Rejected, "HTTP 410"),
        (204, "", RetryLater, "HTTP 204"),
    ],
)  # fmt: skip
def test_an_error_is_read_in_the_words_of_each_service(
    status: int, text: str, kind: type[Exception], says: str
) -> None:
    error = api.read_error(status, text)
    assert type(error) is kind or isinstance(error, kind)
    assert says in str(error)
    assert len(str(error)) < 700


@given(st.integers(100, 599), st.text())
def test_no_answer_makes_reading_the_error_fail(status: int, text: str) -> None:
    api.read_error(status, text)


@given(st.integers(100, 599), anything)
def test_no_json_answer_makes_reading_the_error_fail(status: int, value: Any) -> None:
    for body_value in (value, {"error": value}, {"message": value}, {"detail": value}):
        api.read_error(status, json.dumps(body_value, default=str))


def test_the_refused_line_is_found_only_where_one_fits() -> None:
    lines = [b'{"a":1}', b'{"b":2}', b'{"b":2}', "é".encode() * 200]
    error = Rejected(f"Failed to parse JSON line (bytes): '{lines[0].decode()}': oops")
    assert api.refused_line(error, lines) == 0
    assert api.refused_line(Rejected("(bytes): '" + '{"b":2}' + "'"), lines) is None
    assert api.refused_line(Rejected("(bytes): '" + "é" * 100 + "'"), lines) == 3
    assert api.refused_line(Rejected("'data' field cannot be empty"), lines) is None
