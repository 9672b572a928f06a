"""The interface against the real server: every stream arrives, each row once, over HTTP/2."""

import hashlib
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from pluto.addresses import one_origin
from pluto.errors import AuthError, RetryLater, RunExistsError, ServerDecision
from pluto.iface import LANES, Lane, ServerInterface
from pluto.names import random_id
from pluto.record import Rows, RunInfo
from pluto.sets import setup
from tests.server_process import RunningServer, running_server

Connect = Callable[..., ServerInterface]


@pytest.fixture
def connect() -> Iterator[Connect]:
    made: list[ServerInterface] = []

    def connected(
        server: RunningServer, key: str | None = None, **settings: Any
    ) -> ServerInterface:
        chosen = server.key if key is None else key
        made.append(ServerInterface(one_origin(server.url), chosen, setup(settings)))
        return made[-1]

    yield connected
    for interface in made:
        interface.close()


@pytest.fixture
def interface(server: RunningServer, connect: Connect) -> ServerInterface:
    return connect(server)


def a_run(**fields: Any) -> RunInfo:
    return RunInfo(
        **{"uid": random_id(16), "project": "digits", "name": "one", "created_at": 1, **fields}
    )


def read(server: RunningServer, path: str, **query: Any) -> Any:
    with server.client() as client:
        return client.get(f"/api/runs/{path}", params=query).raise_for_status().json()


def lines(*values: dict[str, Any]) -> list[bytes]:
    return [json.dumps(value).encode() for value in values]


def metric_lines(first: int, last: int) -> list[bytes]:
    return lines(*({"time": s, "step": s, "data": {"loss": s / 7}} for s in range(first, last)))


def console_lines(first: int, last: int) -> list[bytes]:
    numbers = range(first, last)
    return lines(
        *({"time": n, "message": f"line {n}", "lineNumber": n, "logType": "INFO"} for n in numbers)
    )


def test_the_key_is_answered_with_the_organisation(interface: ServerInterface) -> None:
    assert interface.organization() == "local"


def test_a_run_is_created_with_everything_that_is_known_about_it(
    server: RunningServer, interface: ServerInterface
) -> None:
    remote = interface.open(
        a_run(
            config={"lr": float("nan"), "path": Path("/x"), "nul": "a\x00b"},
            tags=("a", "b"),
            system_metadata={"pid": 7},
            logger_settings={"mode": "perf"},
            backfill={"createdAt": 1_700_000_000_000},
        )
    )
    details = read(server, f"details/{remote.run_id}")
    assert details["config"] == {"lr": "NaN", "path": "/x", "nul": "a\ufffdb"}
    assert details["tags"] == ["a", "b"]
    assert details["systemMetadata"] == {"pid": 7}
    assert details["loggerSettings"].keys() == {"mode", "run_uid"}
    assert details["createdAt"].startswith("2023-11-14")
    assert remote.idempotent_rows
    assert not remote.resumed


@pytest.mark.parametrize("name", ["été/日本", "x" * 300, " blanks ", "../..", "a/b"])
def test_any_name_comes_back_as_it_was_given(
    server: RunningServer, interface: ServerInterface, name: str
) -> None:
    remote = interface.open(a_run(project=f"p{name}", name=name))
    interface.send(Rows("metrics", 0, metric_lines(0, 3)))
    details = read(server, f"details/{remote.run_id}")
    assert (details["projectName"], details["name"]) == (f"p{name}", name)
    found = read(server, "metrics", runId=remote.run_id, projectName=f"p{name}")
    assert len(found["metrics"]) == 3


def test_metrics_and_system_metrics_arrive(
    server: RunningServer, interface: ServerInterface
) -> None:
    remote = interface.open(a_run())
    interface.send(Rows("names", 0, lines({"logName": "loss", "logType": "METRIC"})))
    interface.send(Rows("metrics", 0, metric_lines(0, 500)))
    system = lines({"time": 1, "step": 1, "data": {"sys/cpu": 0.5}})
    interface.send(Rows("system", 0, system))
    rows = read(server, "metrics", runId=remote.run_id, projectName="digits", logName="loss")
    assert [row["value"] for row in rows["metrics"]] == [step / 7 for step in range(500)]
    names = read(server, "metric-names", projectName="digits", runIds=str(remote.run_id))
    assert {"loss", "sys/cpu"} <= set(names["metricNames"])


def test_console_lines_arrive_once_however_often_they_are_sent(
    server: RunningServer, interface: ServerInterface, connect: Connect
) -> None:
    run = a_run()
    remote = interface.open(run)
    interface.send(Rows("console", 0, console_lines(1, 11)))
    interface.send(Rows("console", 5, console_lines(6, 16)))
    later = connect(server)  # a process after a crash knows of no earlier request
    later.open(run)
    later.send(Rows("console", 0, console_lines(1, 21)))
    logs = read(server, "logs", runId=remote.run_id, projectName="digits", limit=100)
    assert [line["message"] for line in logs["logs"]] == [f"line {n}" for n in range(1, 21)]


def test_facts_arrive_in_their_order(server: RunningServer, interface: ServerInterface) -> None:
    remote = interface.open(a_run(config={"lr": 1, "opt": {"name": "adam"}}))
    facts = lines(
        {"fact": "tags", "time": 1, "value": ["x"]},
        {"fact": "tags", "time": 2, "value": ["x", "y"]},
        {"fact": "config", "time": 3, "value": {"opt": {"lr": 2}}},
        {"fact": "config", "time": 3, "value": {}},
        {"fact": "notes", "time": 4, "value": "better"},
        {"fact": "system_metadata", "time": 4, "value": {"gpu": 1}},
        {"fact": "modelGraph", "time": 4, "value": {"format": "torch", "nodes": {}}},
        {"fact": "alert", "time": 5, "value": {"title": "t", "body": "b", "level": "INFO"}},
        {"fact": "status", "time": 6, "value": {"status": "FAILED", "statusMetadata": {"x": 1}}},
    )
    interface.send(Rows("facts", 0, facts))
    details = read(server, f"details/{remote.run_id}")
    assert details["tags"] == ["x", "y"]
    assert details["config"] == {"lr": 1, "opt": {"name": "adam", "lr": 2}}
    assert (details["status"], details["statusMetadata"]) == ("FAILED", {"x": 1})
    interface.send(Rows("status", 0, lines({"status": "RUNNING"})))
    assert read(server, f"details/{remote.run_id}")["status"] == "RUNNING"


def test_a_file_arrives_with_its_bytes(
    server: RunningServer, interface: ServerInterface, tmp_path: Path
) -> None:
    remote = interface.open(a_run())
    content = bytes(range(256)) * 4000  # several pieces
    (tmp_path / "blob").write_bytes(content)
    row = {
        "fileName": "cat.png",
        "fileSize": len(content),
        "fileType": "png",
        "step": 3,
        "time": 1000,
        "logName": "val/img",
        "logType": "IMAGE",
        "caption": None,
        "sampleIndex": 0,
        "mime": "image/png",
        "sha256": hashlib.sha256(content).hexdigest(),
        "path": str(tmp_path / "blob"),
    }
    interface.send(Rows("files", 0, lines(row)))
    found = read(server, "files", runId=remote.run_id, projectName="digits")
    (file,) = found["files"]
    assert file["fileName"] == "cat.png"
    assert httpx.get(file["url"], trust_env=False).content == content


def test_a_heartbeat_brings_the_status(server: RunningServer, interface: ServerInterface) -> None:
    assert interface.heartbeat() is None  # there is no run yet
    remote = interface.open(a_run())
    assert interface.heartbeat() == "RUNNING"
    with server.client() as client:
        client.post(f"/api/ui/runs/{remote.run_id}/cancel").raise_for_status()
    assert interface.heartbeat() == "CANCELLED"


def test_an_id_that_is_taken_is_refused_and_the_other_run_is_left_as_it_was(
    server: RunningServer, interface: ServerInterface, connect: Connect
) -> None:
    name = random_id()
    remote = interface.open(a_run(external_id=name, config={"lr": 1}))
    done = {"fact": "status", "time": 6, "value": {"status": "COMPLETED"}}
    interface.send(Rows("facts", 0, lines(done)))
    with pytest.raises(RunExistsError, match="resume=True") as refused:
        connect(server).open(a_run(external_id=name, config={"lr": 2}))
    assert refused.value.status_code == 409
    details = read(server, f"details/{remote.run_id}")
    assert (details["status"], details["config"]) == ("COMPLETED", {"lr": 1})


def test_a_running_run_whose_id_is_taken_stays_running(
    server: RunningServer, interface: ServerInterface, connect: Connect
) -> None:
    name = random_id()
    remote = interface.open(a_run(external_id=name))
    with pytest.raises(RunExistsError):
        connect(server).open(a_run(external_id=name))
    assert read(server, f"details/{remote.run_id}")["status"] == "RUNNING"


def test_a_run_whose_creation_was_answered_into_the_void_is_taken_for_our_own(
    server: RunningServer, interface: ServerInterface, connect: Connect
) -> None:
    run = a_run(external_id=random_id(), config={"lr": 1})
    first = interface.open(run)
    again = connect(server).open(run)
    assert (again.run_id, again.resumed) == (first.run_id, False)
    assert read(server, f"details/{first.run_id}")["config"] == {"lr": 1}


def test_a_run_is_resumed_by_external_id_number_and_display_id(
    server: RunningServer, interface: ServerInterface, connect: Connect
) -> None:
    name = random_id()
    first = interface.open(a_run(external_id=name, project=f"resumed-{name}"))
    ways = [
        a_run(external_id=name, project=f"resumed-{name}", resume=True),
        a_run(resume_run_id=first.run_id),
        a_run(resume_display_id=first.display_id),
    ]
    for run in ways:
        other = connect(server)
        again = other.open(run)
        assert (again.run_id, again.resumed) == (first.run_id, True)


def test_a_run_to_resume_that_does_not_exist_is_a_decision(interface: ServerInterface) -> None:
    said = f"Failed to resume run {10**9}: .*Run not found"
    with pytest.raises(ServerDecision, match=said) as refused:
        interface.open(a_run(resume_run_id=10**9))
    assert refused.value.status_code == 404


@pytest.mark.parametrize(
    ("key", "says"),
    [("mlps_wrong", "Key not found"), ("nonsense", "Invalid API key"), ("", "wants an API key")],
)
def test_a_refused_key_is_told_in_the_servers_words(
    server: RunningServer, key: str, says: str, connect: Connect
) -> None:
    with pytest.raises(AuthError, match=says) as refused:
        connect(server, key).open(a_run())
    assert refused.value.status_code == 401


def test_a_loopback_server_is_reached_past_a_proxy(server: RunningServer, connect: Connect) -> None:
    interface = connect(server, http_proxy="http://127.0.0.1:9")
    assert interface.organization() == "local"


@pytest.fixture(scope="module")
def tls_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    home = tmp_path_factory.mktemp("tls-home")
    with running_server(home / "data", "--tls", home=home) as running:
        yield running


class TestTls:
    def test_rows_go_over_http_2_and_files_over_http_1(
        self,
        tls_server: RunningServer,
        monkeypatch: pytest.MonkeyPatch,
        tmp_path: Path,
        connect: Connect,
    ) -> None:
        monkeypatch.setenv("SSL_CERT_FILE", str(tls_server.data / "tls-cert.pem"))
        interface = connect(tls_server)
        versions: dict[Lane, set[str]] = {lane: set() for lane in LANES}
        for lane, seen in versions.items():
            hooks = interface._client(lane).event_hooks
            hooks["response"].append(lambda response, seen=seen: seen.add(response.http_version))
            interface._client(lane).event_hooks = hooks
        interface.open(a_run())
        interface.send(Rows("metrics", 0, metric_lines(0, 20_000)))
        (tmp_path / "blob").write_bytes(b"x" * 1_000_000)
        row = {"fileName": "x", "fileSize": 1_000_000, "fileType": "bin", "step": 0, "time": 1}
        row |= {"logName": "x", "path": str(tmp_path / "blob"), "mime": "text/plain"}
        interface.send(Rows("files", 0, lines(row)))
        assert interface.heartbeat() == "RUNNING"
        assert versions == {"rows": {"HTTP/2"}, "heartbeat": {"HTTP/2"}, "files": {"HTTP/1.1"}}

    def test_uploads_and_heartbeats_of_several_threads_do_not_break_the_connection(
        self, tls_server: RunningServer, monkeypatch: pytest.MonkeyPatch, connect: Connect
    ) -> None:
        monkeypatch.setenv("SSL_CERT_FILE", str(tls_server.data / "tls-cert.pem"))
        interface = connect(tls_server)
        interface.open(a_run())

        def beat() -> list[str | None]:
            return [interface.heartbeat() for _ in range(150)]

        def upload() -> list[str | None]:
            for first in range(0, 4000, 100):
                interface.send(Rows("metrics", first, metric_lines(first, first + 100)))
            return []

        with ThreadPoolExecutor(3) as threads:
            done = [threads.submit(work) for work in (beat, beat, upload)]
            answers = [answer for each in done for answer in each.result()]
        assert answers == ["RUNNING"] * 300

    def test_a_certificate_that_nobody_vouches_for_is_refused(
        self, tls_server: RunningServer, connect: Connect
    ) -> None:
        with pytest.raises(RetryLater, match=r"(?i)certificate"):
            connect(tls_server).organization()

    def test_certificates_can_be_left_unchecked_on_request(
        self, tls_server: RunningServer, connect: Connect
    ) -> None:
        interface = connect(tls_server, insecure_disable_ssl=True)
        assert interface.organization() == "local"
