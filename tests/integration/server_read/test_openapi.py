"""The OpenAPI document, against the routes that really answer."""

import re
from typing import Any

import pytest

from pluto.server import filters
from tests.integration.server_read.harness import ReadServer

# Parameters of the public read API by path (protocol section 3.2).
PARAMETERS = {
    "/api/runs/auth/validate": "",
    "/api/runs/projects": "",
    "/api/runs/list": "projectName search tags status limit offset sort heartbeatAfter"
    " heartbeatBefore fieldFilters filter includeFieldValues visibleColumns konduktorJobPrefix",
    "/api/runs/details/{runId}": "runId",
    "/api/runs/details/by-display-id/{displayId}": "displayId projectName",
    "/api/runs/metrics": "runId projectName logName logGroup limit stepMin stepMax",
    "/api/runs/metrics/raw": "runId projectName logName stepMin stepMax limit",
    "/api/runs/logs": "runId projectName logType limit offset",
    "/api/runs/files": "runId projectName logName logGroup",
    "/api/runs/statistics": "runId projectName logName logGroup",
    "/api/runs/compare": "runIds projectName logName",
    "/api/runs/metric-names": "projectName search runIds limit",
    "/api/runs/leaderboard": "projectName logName aggregation direction limit offset",
    "/api/runs/{sqid}": "sqid",
    "/api/chart-data/multi-metric-batch-bucketed": "input",
}


@pytest.fixture
def document(server: ReadServer) -> dict[str, Any]:
    answer: dict[str, Any] = server.json("/api/openapi.json")
    return answer


def test_the_read_paths_have_the_parameters_of_the_protocol(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.0.")
    for path, names in PARAMETERS.items():
        operation = document["paths"][path]["get"]
        assert [each["name"] for each in operation["parameters"]] == names.split(), path


def test_the_write_paths_are_described_too(document: dict[str, Any]) -> None:
    body = document["paths"]["/api/runs/create"]["post"]["requestBody"]
    name = body["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
    assert {"runName", "projectName"} <= set(document["components"]["schemas"][name]["properties"])


def test_the_vocabulary_of_the_filters_is_published(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    published = {
        name: tuple(schema["items"]["enum"])
        for name, schema in schemas["RunFilterGrammar"]["properties"].items()
    }
    assert published == {
        "booleanOperators": filters.BOOLEAN_OPERATORS,
        "leafOperators": filters.LEAF_OPERATORS,
        "fields": filters.FIELDS,
        "fieldPrefixes": filters.FIELD_PREFIXES,
    }
    term = schemas["FieldFilterTerm"]["properties"]
    assert list(term) == ["source", "key", "dataType", "operator", "values"]
    assert sorted(term["source"]["enum"]) == ["config", "systemMetadata"]
    assert sorted(term["dataType"]["enum"]) == ["date", "number", "option", "text"]
    assert {"contains", "is any of", "not exists", ">="} <= set(term["operator"]["enum"])


def test_every_reference_in_the_document_leads_somewhere(document: dict[str, Any]) -> None:
    for reference in references(document):
        place: Any = document
        for part in reference.removeprefix("#/").split("/"):
            place = place[part]
        assert isinstance(place, dict)


def test_null_is_a_property_of_a_schema_and_not_a_type(document: dict[str, Any]) -> None:
    assert "'type': 'null'" not in str(document)
    metrics = document["paths"]["/api/runs/metrics"]["get"]["parameters"]
    (step,) = [each for each in metrics if each["name"] == "stepMin"]
    assert step["schema"]["type"] == "integer"
    assert step["schema"]["nullable"] is True
    assert step["required"] is False


def test_each_operation_has_a_name_of_its_own_and_says_what_it_does(
    document: dict[str, Any],
) -> None:
    operations = [each for path in document["paths"].values() for each in path.values()]
    names = [operation["operationId"] for operation in operations]
    assert len(names) == len(set(names))
    assert all(operation["summary"].endswith(".") for operation in operations)


def test_every_described_path_is_served(server: ReadServer, document: dict[str, Any]) -> None:
    for path, operations in document["paths"].items():
        for method in operations:
            response = server.ask(method.upper(), re.sub("{.*?}", "0", path))
            assert response.status_code in {200, 400, 404}, path
            assert response.headers["content-type"] in {
                "application/json",
                "application/octet-stream",
            }, path


def test_the_page_for_people_lists_every_path(server: ReadServer, document: dict[str, Any]) -> None:
    page = server.get("/api/docs")
    assert page.headers["content-type"].startswith("text/html")
    assert all(path in page.text for path in document["paths"])


def references(value: object) -> list[str]:
    if isinstance(value, list):
        return [found for item in value for found in references(item)]
    if not isinstance(value, dict):
        return []
    here = [value["$ref"]] if "$ref" in value else []
    return here + [found for item in value.values() for found in references(item)]
