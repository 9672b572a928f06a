"""What a server says to anybody: that it lives, its version, short ids."""

import pytest

from tests.server_process import RunningServer


@pytest.mark.parametrize(
    ("path", "text"),
    [("/health", "OK"), ("/api/health", "OK"), ("/healthz", '"ok"'), ("/version", "pluto")],
)
def test_health_and_version_need_no_key(server: RunningServer, path: str, text: str) -> None:
    with server.client(key="") as client:
        answer = client.get(path)

    assert answer.status_code == 200
    assert text in answer.text


def test_readiness_and_versions_of_all_services(server: RunningServer) -> None:
    with server.client(key="") as client:
        ready = [client.get(path).json() for path in ("/health/ready", "/api/health/ready")]
        versions = client.get("/api/version/all").json()

    assert [each["status"] for each in ready] == ["healthy", "healthy"]
    assert {name: each["service"] for name, each in versions.items()} == {
        "backend": "backend",
        "ingest": "ingest",
        "py": "py",
    }


def test_a_short_id_is_decoded_without_a_key(server: RunningServer) -> None:
    with server.client(key="") as client:
        assert client.get("/api/runs/JgaEB").json() == {"runId": 42}
        assert client.get("/api/runs/???").status_code in (200, 401, 404)
        assert client.get("/api/runs/list").status_code == 401
