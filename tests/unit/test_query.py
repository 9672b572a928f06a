"""`pluto.query` without a server: retries, parameters, the default client."""

import inspect
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

import pluto
from pluto import query
from pluto.errors import UsageError
from pluto.query import Client, QueryError
from pluto.server.openapi import document

FUNCTIONS = [name for name in query.__all__ if name not in ("Client", "QueryError")]
KEY = "mlps_" + "A" * 24


class Answers:
    """Stands in for the HTTP client, as the tests of the earlier client do: `get(url, params=)`."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.left = list(answers)
        self.asked: list[tuple[str, Mapping[str, Any]]] = []

    def get(self, url: str, *, params: Mapping[str, Any]) -> httpx.Response:
        self.asked.append((url, params))
        answer = self.left.pop(0) if len(self.left) > 1 else self.left[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    found: list[float] = []
    monkeypatch.setattr("pluto.query.time.sleep", found.append)
    return found


@pytest.fixture
def client(pauses: list[float]) -> Iterator[Client]:
    with Client(api_token=KEY, host="http://127.0.0.1:9") as made:
        yield made


@pytest.fixture(autouse=True)
def no_default_client() -> Iterator[None]:
    yield
    query._close()


def answering(client: Client, *answers: httpx.Response | Exception) -> Answers:
    client._client.close()
    fake = client._client = Answers(*answers)
    return fake


def ok(**body: Any) -> httpx.Response:
    return httpx.Response(200, json=body)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_of_the_module_is_the_method_of_the_client(name: str) -> None:
    function, method = getattr(query, name), getattr(Client, name)
    _, *parameters = inspect.signature(method).parameters.values()
    assert list(inspect.signature(function).parameters.values()) == parameters
    assert function.__doc__ == method.__doc__


def test_the_module_is_reached_through_the_package() -> None:
    assert pluto.query is query


@pytest.mark.parametrize(
    "trouble",
    [
        httpx.ConnectError("refused"),
        httpx.ReadTimeout("slow"),
        httpx.RemoteProtocolError("broken off"),
        httpx.Response(500, text="oops"),
        httpx.Response(429),
        httpx.Response(408),
    ],
    ids=repr,
)
def test_bad_luck_is_tried_again(
    client: Client, pauses: list[float], trouble: httpx.Response | Exception
) -> None:
    fake = answering(client, trouble, trouble, ok(projects=[]))
    assert client.list_projects() == []
    assert (len(fake.asked), pauses) == (3, [1.0, 2.0])


def test_bad_luck_that_lasts_is_an_error_after_four_retries(
    client: Client, pauses: list[float]
) -> None:
    answering(client, httpx.ConnectError("refused"))
    with pytest.raises(QueryError, match=r"Failed after 4 retries.*refused"):
        client.list_projects()
    assert pauses == [1.0, 2.0, 4.0, 4.0]


def test_a_failing_server_is_an_error_with_its_status(client: Client) -> None:
    answering(client, httpx.Response(503, text="down for repairs"))
    with pytest.raises(QueryError, match="down for repairs") as caught:
        client.list_projects()
    assert caught.value.status_code == 503


def test_a_server_that_asks_for_time_gets_it(client: Client, pauses: list[float]) -> None:
    answering(client, httpx.Response(429, headers={"retry-after": "17"}), ok(projects=[]))
    client.list_projects()
    assert pauses == [17.0]


def test_a_refused_key_is_tried_once_more_and_the_error_names_the_fix(
    client: Client, pauses: list[float]
) -> None:
    body = {"error": "Unauthorized", "message": "API key has expired"}
    fake = answering(client, httpx.Response(401, json=body))
    with pytest.raises(QueryError, match=r"API key has expired.*PLUTO_API_KEY") as caught:
        client.list_projects()
    assert (caught.value.status_code, len(fake.asked)) == (401, 2)


@pytest.mark.parametrize("status", [400, 403, 404])
def test_a_refusal_is_an_error_at_once(client: Client, pauses: list[float], status: int) -> None:
    fake = answering(client, httpx.Response(status, json={"error": "no such run"}))
    with pytest.raises(QueryError, match="no such run") as caught:
        client.get_run("digits", 7)
    assert (caught.value.status_code, len(fake.asked), pauses) == (status, 1, [])


def test_a_web_page_is_no_answer(client: Client) -> None:
    answering(client, httpx.Response(200, text="<html>"))
    with pytest.raises(QueryError, match="not answer as a Pluto server"):
        client.list_projects()


def test_digits_are_a_number_and_no_display_id(client: Client) -> None:
    fake = answering(client, ok(id=123))
    client.get_run("digits", "123")
    client.get_run("digits", "DIG-4")
    assert [url.partition("/api")[2] for url, _ in fake.asked] == [
        "/runs/details/123",
        "/runs/details/by-display-id/DIG-4",
    ]


def test_lists_longer_than_a_page_are_asked_for_page_by_page(client: Client) -> None:
    runs = [{"id": number} for number in range(200)]
    fake = answering(client, ok(runs=runs), ok(runs=runs[:50]))
    assert len(client.list_runs("digits", limit=None)) == 250
    assert [(asked["limit"], asked.get("offset")) for _, asked in fake.asked] == [
        (200, None),
        (200, 200),
    ]


def test_the_parameters_of_a_list_are_those_of_the_protocol(client: Client) -> None:
    fake = answering(client, ok(runs=[]))
    client.list_runs("digits", "base", ["a", "b"], 7, "-name", 3, {"state": "finished"})
    assert fake.asked[0][1] == {
        "projectName": "digits",
        "search": "base",
        "tags": "a,b",
        "limit": 7,
        "sort": "-name",
        "offset": 3,
        "filter": '{"state": "finished"}',
    }


@pytest.mark.parametrize(
    "filters",
    [
        {"lr": 1},
        {"config.": 1},
        {"$nor": []},
        {"config.lr": {"$near": 1}},
        {"$and": {}},
        {"state": "sleeping"},
    ],
    ids=json.dumps,
)
def test_a_filter_that_makes_no_sense_is_an_error_before_any_request(
    client: Client, filters: dict[str, Any]
) -> None:
    fake = answering(client, ok(runs=[]))
    with pytest.raises(ValueError, match=r".+"):
        client.list_runs("digits", filters=filters)
    assert fake.asked == []


def test_a_filter_nested_without_end_is_an_error() -> None:
    deep: dict[str, Any] = {"state": "running"}
    for _ in range(60):
        deep = {"$not": deep}
    with pytest.raises(ValueError, match="50 levels"):
        query._validate_filters(deep)


def test_the_vocabulary_of_filters_is_the_one_that_servers_publish() -> None:
    grammar = json.dumps(document()["components"]["schemas"]["RunFilterGrammar"])
    words = query._FILTER_BOOL_OPS | query._FILTER_LEAF_OPS | query._FILTER_FIELDS
    assert [word for word in words if f'"{word}"' not in grammar] == []
    assert [prefix for prefix in query._FILTER_FIELD_PREFIXES if prefix not in grammar] == []


@pytest.mark.parametrize(("lo", "hi"), [(-1, None), (None, -1), (5, 4)])
def test_bounds_that_make_no_sense_are_an_error_before_any_request(
    client: Client, lo: int | None, hi: int | None
) -> None:
    fake = answering(client, ok(metrics=[]))
    with pytest.raises(ValueError, match="step"):
        client.get_metrics("digits", 7, step_min=lo, step_max=hi)
    assert fake.asked == []


def point(step: int | str, value: float = 0.5, flag: str = "", name: str = "loss") -> Any:
    time = "2026-01-01 00:00:01.000"
    return {"logName": name, "step": step, "value": value, "valueFlag": flag, "time": time}


def test_flags_are_numbers_and_steps_may_be_texts(client: Client) -> None:
    points = [point(1, 0, "NaN"), point("2", 0, "Inf"), point(3, 0, "-Inf"), point(4, -0.0)]
    answering(client, ok(metrics=points))
    table = client.get_metrics("digits", 7, frame="numpy")
    assert repr(table["value"].tolist()) == "[nan, inf, -inf, -0.0]"
    assert table["step"].tolist() == [1, 2, 3, 4]


def test_with_a_limit_the_server_picks_the_points(client: Client) -> None:
    fake = answering(client, ok(metrics=[point(step) for step in range(6000)]))
    client.get_metrics("digits", 7, ["loss", "acc"], limit=6000, frame="numpy")
    asked = [(asked["logName"], asked["limit"]) for _, asked in fake.asked]
    assert asked == [("loss", 6000), ("acc", 6000)]


def test_a_client_of_nothing_says_what_to_give_it() -> None:
    with pytest.raises(QueryError, match="PLUTO_API_KEY"):
        Client()
    with pytest.raises(UsageError, match="no directory"):
        Client(dir="missing")


def test_the_functions_without_a_server_or_a_run_say_where_they_looked(tmp_path: Path) -> None:
    with pytest.raises(QueryError, match=str(tmp_path / ".pluto")):
        query.list_projects()


def test_the_default_client_follows_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".pluto").mkdir()
    local = query._get_client()
    assert query._get_client() is local
    assert query.list_projects() == []

    monkeypatch.setenv("PLUTO_API_KEY", KEY)
    monkeypatch.setenv("PLUTO_URL_API", "http://127.0.0.1:9")
    remote = query._get_client()
    assert (remote._url_api, remote._api_token) == ("http://127.0.0.1:9", KEY)

    monkeypatch.setenv("PLUTO_API_KEY", KEY.lower())
    assert query._get_client()._api_token == KEY.lower()


@pytest.mark.parametrize(
    ("variables", "key", "url"),
    [
        ({}, None, "https://pluto-api.trainy.ai"),
        ({"PLUTO_API_KEY": KEY}, KEY, "https://pluto-api.trainy.ai"),
        ({"PLUTO_URL_API": "http://a:1/"}, None, "http://a:1"),
        ({"PLUTO_API_KEY": KEY, "PLUTO_HOST": "gpu7"}, KEY, "http://gpu7:3001"),
    ],
)
def test_key_and_address_come_from_the_environment(
    variables: dict[str, str], key: str | None, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert (query._resolve_api_token(), query._resolve_url_api()) == (key, url)


def test_a_host_stands_for_its_services() -> None:
    assert query._resolve_url_api("gpu7") == "http://gpu7:3001"
    assert query._resolve_url_ingest("gpu7") == "http://gpu7:3003"
    assert query._resolve_url_ingest("https://pluto.lab") == "https://pluto.lab"


def test_the_older_variables_still_work_with_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLOP_API_TOKEN", KEY)
    with pytest.warns(DeprecationWarning, match="MLOP_API_TOKEN"):
        assert query._resolve_api_token() == KEY


def test_who_names_a_server_means_it_even_in_offline_mode(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PLUTO_MODE", "offline")
    with Client(api_token=KEY, host="gpu7:8080") as client:
        assert client._url_api == "http://gpu7:8080"


def test_a_file_that_is_not_there_cannot_be_attached(client: Client) -> None:
    with pytest.raises(QueryError, match="no file"):
        client.upload_file("digits", 7, "extra", "missing.txt")
