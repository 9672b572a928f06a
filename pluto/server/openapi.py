"""The OpenAPI document of this server, made from its tables of endpoints."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from typing import Any, get_args

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from pluto.server import filters, reading, runs_read, runs_write
from pluto.server.endpoints import JSON, Endpoint, json_response
from pluto.server.field_filters import FieldFilterTerm, Operator
from pluto.server.schemas import Failure, Query
from pluto.server.settings import version
from pluto.server.state import ServerState

_TEMPLATE = "#/components/schemas/{name}"

Schema = dict[str, Any]


def document() -> Schema:
    """Return the OpenAPI 3.0 document.

    `info.version` is that of the package; `RunFilterGrammar` and `FieldFilterTerm` publish the
    vocabulary of the filters, against which clients check their own.
    """
    endpoints = (*runs_write.ENDPOINTS, *reading.ENDPOINTS, *runs_read.LAST_ENDPOINTS)
    paths: dict[str, Schema] = {}
    for endpoint in endpoints:
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint)
    return {
        "openapi": "3.0.3",
        "info": {"title": "Pluto", "version": version()},
        "security": [{"bearerAuth": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"bearerAuth": {"type": "http", "scheme": "bearer"}},
            "schemas": _components(endpoints),
        },
    }


def _components(endpoints: Iterable[Endpoint[Any]]) -> Schema:
    types = [endpoint.answer for endpoint in endpoints if endpoint.answer is not None]
    types += [endpoint.query for endpoint in endpoints if endpoint.method == "POST"]
    _, components = msgspec.json.schema_components(
        [*types, Failure, FieldFilterTerm], ref_template=_TEMPLATE
    )
    components["FieldFilterTerm"]["properties"]["operator"]["enum"] = list(get_args(Operator))
    components["RunFilterGrammar"] = _grammar()
    return {name: _as_openapi(schema) for name, schema in sorted(components.items())}


def _grammar() -> Schema:
    words = {
        "booleanOperators": filters.BOOLEAN_OPERATORS,
        "leafOperators": filters.LEAF_OPERATORS,
        "fields": filters.FIELDS,
        "fieldPrefixes": filters.FIELD_PREFIXES,
    }
    return {
        "type": "object",
        "required": list(words),
        "properties": {
            name: {"type": "array", "items": {"type": "string", "enum": list(values)}}
            for name, values in words.items()
        },
    }


def _operation(endpoint: Endpoint[Any]) -> Schema:
    text = endpoint.call.__doc__ or endpoint.query.__doc__ or ""
    summary, _, description = text.strip().partition("\n")
    operation: Schema = {
        "operationId": _operation_id(endpoint),
        "summary": summary,
        "parameters": _parameters(endpoint),
        "responses": {"200": _success(endpoint), "default": _failure()},
    }
    if description:
        operation["description"] = re.sub(r"\s+", " ", description).strip()
    if endpoint.public:
        operation["security"] = []
    if endpoint.method == "POST":
        schema = {"$ref": _TEMPLATE.format(name=endpoint.query.__name__)}
        operation["requestBody"] = {"content": {JSON: {"schema": schema}}}
    return operation


def _operation_id(endpoint: Endpoint[Any]) -> str:
    words = re.findall(r"[A-Za-z]+", endpoint.path.removeprefix("/api"))
    return "".join([endpoint.method.lower(), *(word.capitalize() for word in words)])


def _parameters(endpoint: Endpoint[Any]) -> list[Schema]:
    in_path = set(re.findall(r"{(\w+)}", endpoint.path))
    schema = _query_schema(endpoint.query)
    required = set(schema.get("required", ()))
    parameters = []
    for name, field in schema.get("properties", {}).items():
        if name in in_path or endpoint.method == "GET":
            place = "path" if name in in_path else "query"
            parameters.append(
                {
                    "name": name,
                    "in": place,
                    "required": name in required or place == "path",
                    "schema": _as_openapi(field),
                }
            )
    return parameters


def _query_schema(query: type[Query]) -> Schema:
    _, components = msgspec.json.schema_components([query], ref_template=_TEMPLATE)
    schema: Schema = components[query.__name__]
    return schema


def _success(endpoint: Endpoint[Any]) -> Schema:
    if endpoint.answer is None:
        content: Schema = {"type": "string", "format": "binary"}
    else:
        (schema,), _ = msgspec.json.schema_components([endpoint.answer], ref_template=_TEMPLATE)
        content = _as_openapi(schema)
    return {"description": "Done", "content": {endpoint.media: {"schema": content}}}


def _failure() -> Schema:
    schema = {"$ref": _TEMPLATE.format(name="Failure")}
    return {"description": "Refused; the body says why", "content": {JSON: {"schema": schema}}}


def _as_openapi(schema: Any) -> Any:
    """Translate JSON Schema as msgspec writes it into the dialect of OpenAPI 3.0.

    There, null is no type but a property, and an example of one value is an enum.
    """
    if isinstance(schema, list):
        return [_as_openapi(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    options = schema.get("anyOf")
    if options and {"type": "null"} in options:
        rest = [option for option in options if option != {"type": "null"}]
        others = {key: value for key, value in schema.items() if key not in {"anyOf", "default"}}
        base = rest[0] if len(rest) == 1 and "$ref" not in rest[0] else {"anyOf": rest}
        return _as_openapi({**others, **base, "nullable": True})
    return {key: _as_openapi(value) for key, value in schema.items()}


def routes(_: ServerState) -> list[Route]:
    """Return the routes of the document, for programs and for people."""
    described = document()

    def as_json(_: Request) -> Response:
        return json_response(described)

    def as_page(_: Request) -> Response:
        return HTMLResponse(page(described))

    return [
        Route("/api/openapi.json", as_json),
        Route("/api/docs", as_page),
    ]


def page(described: Schema) -> str:
    """Return the document as a plain page: each path, what it does, its parameters."""
    rows = []
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            names = ", ".join(parameter["name"] for parameter in operation["parameters"])
            cells = (f"{method.upper()} {path}", operation["summary"], names)
            rows.append("".join(f"<td>{html.escape(cell)}</td>" for cell in cells))
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    return (
        "<!doctype html><html lang=en><meta charset=utf-8><title>Pluto API</title>"
        "<h1>Pluto API</h1><p><a href=/api/openapi.json>openapi.json</a></p>"
        "<table><thead><tr><th scope=col>Path<th scope=col>What it does"
        f"<th scope=col>Parameters</thead><tbody>{body}</tbody></table></html>"
    )
