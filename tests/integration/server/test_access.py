"""Who may call, by which address, and what the others are told."""

import json
import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.server_process import RunningServer, pluto_command, running_server

API = [
    (None, {"error": "Unauthorized"}),
    ("Bearer", {"error": "Unauthorized"}),
    ("Bearer sk-1234", {"error": "Unauthorized", "message": "Invalid API key"}),
    ("Bearer mlps_unknown", {"error": "Unauthorized", "message": "Key not found"}),
    ("Bearer {expired}", {"error": "Unauthorized", "message": "API key has expired"}),
    ("Bearer {revoked}", {"error": "Unauthorized", "message": "API key has been revoked"}),
]
INGEST = [
    (None, "MISSING_TOKEN", "MissingToken (1003", "Missing Authorization header"),
    (
        "Basic abc",
        "INVALID_BEARER_FORMAT",
        "InvalidBearerFormat (1007",
        "Authorization header must start with 'Bearer '",
    ),
    ("Bearer", "INVALID_TOKEN", "InvalidToken (1002", "Bearer token cannot be empty"),
    (
        "Bearer a b",
        "INVALID_TOKEN_FORMAT",
        "InvalidTokenFormat (1006",
        "Bearer token contains invalid characters",
    ),
    ("Bearer unknown", "INVALID_TOKEN", "InvalidToken (1002", "Invalid API key"),
    ("Bearer {expired}", "INVALID_TOKEN", "InvalidToken (1002", "API key has expired"),
    ("Bearer {revoked}", "INVALID_TOKEN", "InvalidToken (1002", "API key has been revoked"),
]
PY = [
    (None, 401, {"detail": "Authorization header missing or invalid"}),
    ("Basic abc", 401, {"detail": "Authorization header missing or invalid"}),
    ("Bearer unknown", 401, {"detail": "Invalid or expired API key for this run"}),
    ("Bearer {expired}", 401, {"detail": "Invalid or expired API key for this run"}),
    ("Bearer {revoked}", 404, {"detail": "Run not found"}),
]


def pluto(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [*pluto_command(arguments[0]), *arguments[1:]]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def make_key(data: Path, name: str, *options: str) -> str:
    made = pluto("server", "--data", str(data), "key", "create", name, *options)
    assert made.returncode == 0, made.stderr
    return made.stdout.strip()


@pytest.fixture(scope="module")
def keys() -> dict[str, str]:
    return {}


@pytest.fixture(scope="module")
def server(
    tmp_path_factory: pytest.TempPathFactory, keys: dict[str, str]
) -> Iterator[RunningServer]:
    home = tmp_path_factory.mktemp("home")
    with running_server(home / "data", home=home) as server:
        keys["good"] = make_key(server.data, "good")
        keys["expired"] = make_key(server.data, "expired", "--days", "0")
        keys["revoked"] = make_key(server.data, "revoked")
        assert (
            pluto("server", "key", "revoke", "revoked", "--data", str(server.data)).returncode == 0
        )
        yield server


def headers(value: str | None, keys: dict[str, str]) -> dict[str, str]:
    return {} if value is None else {"Authorization": value.format(**keys)}


@pytest.mark.parametrize(("value", "body"), API)
def test_the_api_service_says_why_a_key_is_refused(
    server: RunningServer, keys: dict[str, str], value: str | None, body: dict[str, str]
) -> None:
    for path in ("/api/slug", "/api/runs/create"):
        answer = httpx.post(server.url + path, headers=headers(value, keys), content=b"{broken")
        assert (answer.status_code, answer.json()) == (401, body)


@pytest.mark.parametrize(("value", "code", "inner", "text"), INGEST)
def test_the_ingest_service_says_why_a_key_is_refused(
    server: RunningServer,
    keys: dict[str, str],
    value: str | None,
    code: str,
    inner: str,
    text: str,
) -> None:
    given = headers(value, keys)
    step = httpx.post(f"{server.url}/step", headers=given)
    files = httpx.post(f"{server.url}/files", headers=given, json={"files": []})
    wrapped = [httpx.post(f"{server.url}/ingest/{s}", headers=given) for s in ("metrics", "logs")]

    for answer in (step, files):
        assert (answer.status_code, answer.json()) == (401, {"code": code, "message": text})
    for stream, answer in zip(("metrics", "logs"), wrapped, strict=True):
        assert answer.status_code == 422
        assert answer.headers["content-type"] == "application/json"
        message = f"{inner} - Authentication Error): {text}"
        assert answer.json() == {
            "code": "PROCESSING_FAILED",
            "message": f"Failed to process {stream} stream: {message}",
        }


@pytest.mark.parametrize(("value", "status", "body"), PY)
def test_the_py_service_says_why_a_key_is_refused(
    server: RunningServer,
    keys: dict[str, str],
    value: str | None,
    status: int,
    body: dict[str, str],
) -> None:
    given = headers(value, keys)
    answer = httpx.post(f"{server.url}/api/runs/trigger", headers=given, json={"runId": 10**9})

    assert (answer.status_code, answer.json()) == (status, body)


def test_a_key_made_in_the_terminal_is_good_at_once(
    server: RunningServer, keys: dict[str, str]
) -> None:
    with server.client(key=keys["good"]) as client:
        assert client.post("/api/slug").status_code == 200


def test_keys_are_listed_without_their_text(server: RunningServer, keys: dict[str, str]) -> None:
    listed = pluto("server", "--data", str(server.data), "key", "list").stdout
    as_json = pluto("server", "--data", str(server.data), "key", "list", "--json").stdout

    states = [("good", "valid"), ("expired", "expired"), ("revoked", "revoked")]
    header, *lines = (line.split() for line in listed.splitlines())
    assert header == ["NAME", "KEY", "MADE", "ENDS", "STATE"]
    assert [(line[0], line[-1]) for line in lines][: len(states)] == states
    assert [(row["name"], row["state"]) for row in json.loads(as_json)][: len(states)] == states
    assert not any(key in listed + as_json for key in keys.values())


@pytest.mark.parametrize("host", ["evil.example", "evil.example:3000", "127.0.0.1.evil.example"])
def test_a_foreign_host_name_is_refused_with_the_way_out(server: RunningServer, host: str) -> None:
    with server.client() as client:
        answer = client.get("/api/runs/projects", headers={"Host": host})

    assert answer.status_code == 403
    assert f"--allow-host {host.partition(':')[0]}" in answer.json()["error"]


@pytest.mark.parametrize("host", ["localhost:1", "127.0.0.1", "[::1]:1", "pluto.localhost"])
def test_own_names_and_addresses_are_taken(server: RunningServer, host: str) -> None:
    with server.client() as client:
        assert client.get("/api/runs/projects", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1"])
def test_a_page_of_another_origin_may_not_write(server: RunningServer, origin: str) -> None:
    with server.client() as client:
        for path in ("/api/slug", "/ingest/metrics", "/files"):
            answer = client.post(path, headers={"Origin": origin})
            assert answer.status_code == 403
            assert "may not change anything" in answer.json()["error"]
        same = client.post("/api/slug", headers={"Origin": server.url})

    assert same.status_code == 200


@pytest.mark.parametrize("authorization", [value for value, _ in API])
def test_chart_data_gives_no_reason_for_a_refusal(
    server: RunningServer, keys: dict[str, str], authorization: str | None
) -> None:
    headers = {} if authorization is None else {"Authorization": authorization.format(**keys)}
    with server.client(key="") as client:
        answer = client.get("/api/chart-data/multi-metric-batch-bucketed", headers=headers)

    assert (answer.status_code, answer.json()) == (401, {"error": "Unauthorized"})


def test_revoking_a_key_ends_the_sessions_that_it_opened_and_what_they_listen_to(
    server: RunningServer,
) -> None:
    key = make_key(server.data, "laptop")
    with httpx.Client(base_url=server.url) as browser, httpx.Client(base_url=server.url) as other:
        browser.post("/sign-in", data={"key": key})
        other.post("/sign-in", data={"key": server.key})
        used_link = browser.get("/?t=used")
        before = browser.get("/api/ui/projects")
        with browser.stream("GET", "/api/ui/live") as live:
            heard = live.iter_text()
            next(heard)
            pluto("server", "--data", str(server.data), "key", "revoke", "laptop")
            with server.client() as client:
                body = {"runName": "r", "projectName": "news"}
                client.post("/api/runs/create", json=body)
            ended = list(heard)
        after = browser.get("/api/ui/projects")
        page = browser.get("/")
        untouched = other.get("/api/ui/projects")

    assert (used_link.status_code, "set-cookie" in used_link.headers) == (303, False)
    assert before.status_code == 200
    assert "news" not in "".join(ended)
    assert (after.status_code, page.status_code, untouched.status_code) == (401, 401, 200)
    assert "Sign in" in page.text


def test_a_page_names_the_runs_to_fetch_ahead_to_those_who_may_see_it(
    server: RunningServer,
) -> None:
    with httpx.Client(base_url=server.url) as browser:
        stranger = browser.get("/p/mnist")
        browser.post("/sign-in", data={"key": server.key})
        project, odd, home = (browser.get(path) for path in ("/p/mnist", "/p/a%3E%20b", "/"))

    assert "</api/ui/runs?project=mnist>; rel=preload" in project.headers["link"]
    assert not any("link" in answer.headers for answer in (stranger, odd, home))


def test_pages_forbid_what_they_do_not_need(server: RunningServer) -> None:
    with server.client(key="") as client:
        sign_in = client.get("/")
        secret = client.get("/../../index.db")
        health = client.get("/api/health")

    assert "default-src 'none'" in sign_in.headers["content-security-policy"]
    assert sign_in.headers["x-frame-options"] == "DENY"
    assert health.headers["x-content-type-options"] == "nosniff"
    assert secret.status_code in (401, 404)


def test_the_token_file_appears_and_goes_with_the_server(tmp_path: Path) -> None:
    token_file = Path(os.environ["HOME"]) / ".pluto" / "server.json"
    with running_server(tmp_path / "data") as server:
        first = (token_file.exists(), server.key)
        assert server.stop() == 0
    assert not token_file.exists()
    with running_server(tmp_path / "data") as server:
        assert (True, server.key) == first


def test_auth_off_takes_any_bearer_and_none(tmp_path: Path) -> None:
    with running_server(tmp_path / "data", "--auth", "off") as server:
        for key in ("", "anything"):
            with server.client(key=key) as client:
                assert client.post("/api/slug").status_code == 200
                assert (
                    client.post("/ingest/metrics")
                    .json()["message"]
                    .endswith("Missing required header: X-Run-Id")
                )
                assert client.get("/").status_code == 200


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (["--auth", "off", "--host", "0.0.0.0"], "--auth off is for this machine only"),
        (["--host", "0.0.0.0"], "pluto server key create NAME"),
        (["--auth", "maybe"], "'maybe' is not one of 'token', 'off'"),
        (["--host", "192.0.2.1"], "cannot listen on 192.0.2.1"),
    ],
)
def test_a_start_that_cannot_work_names_the_fix(
    tmp_path: Path, options: list[str], text: str
) -> None:
    port = [] if "192.0.2.1" in options else ["--port", "0"]
    make_key(tmp_path / "data", "old", "--days", "0")  # an expired one opens nothing
    ended = pluto("server", "--data", str(tmp_path / "data"), *port, *options)

    assert ended.returncode != 0
    assert text in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_port_in_use_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended = [
            pluto("server", "--data", str(tmp_path / "data"), "--port", port),
            pluto("ui", str(tmp_path), "--no-browser", "--port", port),
        ]

    way_out = "choose another with --port, or stop what listens there"
    for each in ended:
        assert each.returncode == 1
        assert each.stderr == f"pluto: port {port} is in use: {way_out}\n"


def test_over_ssh_the_tunnel_to_the_dashboard_is_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("SSH_CONNECTION", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    with running_server(tmp_path, command="ui") as here:
        assert not any("ssh" in line for line in here.output)
    monkeypatch.setenv("SSH_CONNECTION", "192.0.2.1 50000 192.0.2.2 22")
    monkeypatch.setenv("USER", "ada")
    with running_server(tmp_path, command="ui") as there:
        port = there.url.rpartition(":")[2]
        tunnel = f"ssh -N -L {port}:127.0.0.1:{port} ada@{socket.gethostname()}"
        assert any(line.endswith(tunnel) for line in there.output)


def test_two_servers_do_not_share_a_port_or_a_directory(tmp_path: Path) -> None:
    with running_server(tmp_path / "data") as server:
        port = server.url.rpartition(":")[2]
        same_port = pluto("server", "--data", str(tmp_path / "other"), "--port", port)
        same_data = pluto("server", "--data", str(tmp_path / "data"), "--port", "0")

    assert f"port {port} is in use" in same_port.stderr
    assert f"another Pluto server (process {server.process.pid})" in same_data.stderr


def test_a_key_opens_the_server_to_the_network(tmp_path: Path) -> None:
    make_key(tmp_path / "data", "team")
    with (
        running_server(tmp_path / "data", "--host", "0.0.0.0") as server,
        server.client() as client,
    ):
        assert client.post("/api/slug").status_code == 200
        assert client.get("/api/health", headers={"Host": "gpu-box"}).status_code == 403
