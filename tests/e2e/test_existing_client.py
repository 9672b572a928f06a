"""The published client, unchanged, in an interpreter of its own: our server keeps all it sends."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.e2e.existing_client_script import STEPS
from tests.e2e.kept import Kept, check_everything
from tests.server_process import RunningServer, fixed_ports, running_server

HERE = Path(__file__).parent
SCRIPT = HERE / "existing_client_script.py"
CLIENT_SECONDS = 90
SERVICES = ("APP", "API", "INGEST", "PY")

pytestmark = pytest.mark.slow


def train(
    python: Path, key: str, environment: dict[str, str], *arguments: str
) -> subprocess.CompletedProcess[str]:
    """Run the script of an existing user to its end."""
    ours = {"PLUTO_API_KEY": key, "PLUTO_DISABLE_TELEMETRY": "1"}
    return subprocess.run(
        [python, SCRIPT, *(arguments or ["{}"])],
        env=os.environ | ours | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=CLIENT_SECONDS,
    )


def one_port(server: RunningServer) -> dict[str, str]:
    return {f"PLUTO_URL_{service}": server.url for service in SERVICES}


def test_everything_that_the_published_client_logs_to_one_port_is_read_back_once(
    upstream_python: Path, tmp_path: Path
) -> None:
    with running_server(tmp_path / "data") as server, server.client() as client:
        done = train(upstream_python, server.key, one_port(server))
        assert done.returncode == 0, done.stderr
        assert "pluto: run ECL-1 started" in done.stdout
        check_everything(client)
        names = Kept.of(client).details["logNames"]
        assert any(name["logName"].startswith("sys/") for name in names)


def test_host_localhost_reaches_the_four_compatibility_ports(
    upstream_python: Path, tmp_path: Path
) -> None:
    with (
        fixed_ports(),
        running_server(tmp_path / "data", "--compat-ports") as server,
        server.client() as client,
    ):
        done = train(upstream_python, server.key, {}, json.dumps({"host": "localhost"}))
        assert done.returncode == 0, done.stderr
        check_everything(client)


def test_over_tls_the_published_client_speaks_http_2_and_everything_arrives(
    upstream_python: Path, tmp_path: Path
) -> None:
    with running_server(tmp_path / "data", "--tls") as server:
        certificate, answers = server.data / "tls-cert.pem", tmp_path / "answers"
        spy = {"PYTHONPATH": str(HERE / "http_versions"), "HTTP_ANSWERS": str(answers)}
        trust = {"SSL_CERT_FILE": str(certificate)}
        done = train(upstream_python, server.key, one_port(server) | spy | trust)
        assert done.returncode == 0, done.stderr
        seen = [line.split(" ", 2) for line in answers.read_text().splitlines()]
        with server.client(certificate=certificate) as client:
            check_everything(client)
    assert {version for version, _, _ in seen} == {"HTTP/2"}
    assert {status for _, status, _ in seen} <= {"200", "201"}
    paths = {path for _, _, path in seen}
    assert {"/api/runs/create", "/ingest/metrics", "/ingest/logs", "/files"} <= paths
    assert any(path.startswith("/o/blob/") for path in paths)


def test_a_script_of_the_published_client_that_raises_is_failed_and_keeps_its_rows(
    upstream_python: Path, tmp_path: Path
) -> None:
    with running_server(tmp_path / "data") as server, server.client() as client:
        done = train(upstream_python, server.key, one_port(server), "{}", "--fail")
        assert "ArithmeticError: the loss exploded" in done.stderr
        kept = Kept.of(client)
        assert kept.details["status"] == "FAILED"
        assert kept.rows("train/loss")[-1] == (STEPS - 1, 1 / STEPS, 0)


def test_a_wrong_key_is_refused_in_the_words_that_the_published_client_shows(
    upstream_python: Path, tmp_path: Path
) -> None:
    with running_server(tmp_path / "data") as server, server.client() as client:
        done = train(upstream_python, "mlps_wrong", one_port(server))
        assert done.returncode != 0
        assert "Key not found" in done.stderr
        assert client.get("/api/runs/projects").json()["projects"] == []
