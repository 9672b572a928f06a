"""Requests that the OpenAPI document allows, and many that it does not, against a real server.

Whatever comes, the answer is never a 5xx, and what is promised to be JSON of a form has that form.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from pluto.server.openapi import document
from tests.integration.server.harness import Run
from tests.server_process import RunningServer

schemathesis = pytest.importorskip("schemathesis", reason="needs pip install schemathesis")
checks = pytest.importorskip("schemathesis.checks")

EXAMPLES = 12  # of each operation
CHECKS = [
    checks.not_a_server_error,
    checks.content_type_conformance,
    checks.response_schema_conformance,
]
# Keys are the matter of another test: here each request has a good one.
DOCUMENT = {name: part for name, part in document().items() if name != "security"}
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)
OPERATIONS = {
    f"{method.upper()} {path}": SCHEMA[path][method.upper()]
    for path, operations in DOCUMENT["paths"].items()
    for method in operations
}
KINDS = (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE)
bounded = settings(
    max_examples=EXAMPLES,
    database=None,
    deadline=None,
    phases=[Phase.generate],  # a request that fails says enough as it is
    suppress_health_check=list(HealthCheck),
)


def aimed(case: Any, known: dict[str, Any]) -> Any:
    """Let a generated request mean things that exist, so that it gets beyond the first refusal."""
    for part in ("path_parameters", "query", "body"):
        given = getattr(case, part)
        if isinstance(given, dict):
            setattr(case, part, {name: known.get(name, value) for name, value in given.items()})
    return case


@pytest.mark.parametrize("label", OPERATIONS)
def test_no_request_makes_the_server_fail(server: RunningServer, full_run: Run, label: str) -> None:
    known = {
        "runId": full_run.id,
        "runs": [full_run.id],
        "runIds": str(full_run.id),
        "projectName": full_run.project,
        "project": full_run.project,
        "displayId": "ATT-1",
        "logName": "loss",
        "names": ["loss"],
        "name": "loss",
    }
    requests = st.one_of(*(OPERATIONS[label].as_strategy(generation_mode=kind) for kind in KINDS))

    @bounded
    @given(case=requests, is_aimed=st.booleans())
    def attack(case: Any, is_aimed: bool) -> None:
        chosen = aimed(case, known) if is_aimed else case
        headers = {"Authorization": f"Bearer {server.key}"}
        answer = chosen.call(base_url=server.url, headers=headers)
        assert answer.status_code not in (401, 403), answer.text
        chosen.validate_response(answer, checks=CHECKS)

    attack()
