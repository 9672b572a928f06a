"""The server of these tests, one a module, and what creates runs on it."""

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from tests.integration.server.harness import Body, Run
from tests.server_process import RunningServer

_projects = (f"project-{number}" for number in itertools.count())


@pytest.fixture
def client(server: RunningServer) -> Iterator[httpx.Client]:
    with server.client() as client:
        yield client


@pytest.fixture
def project() -> str:
    return next(_projects)


@pytest.fixture
def create(client: httpx.Client, project: str) -> Callable[..., Body]:
    def create(**fields: Any) -> Body:
        body = {"runName": "baseline", "projectName": project, **fields}
        answer = client.post("/api/runs/create", json=body)
        assert answer.status_code == 200, answer.text
        created: Body = answer.json()
        return created

    return create


@pytest.fixture
def run(client: httpx.Client, project: str) -> Run:
    return Run(client, project)
