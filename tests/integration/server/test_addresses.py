"""Ports, TLS, and `pluto ui` over the runs of a directory."""

import fcntl
import json
import ssl
import time
from pathlib import Path
from typing import Any

import httpx

from pluto.server.settings import COMPAT_PORTS
from pluto.server.sqlite.local import local_id
from pluto.storage import Batch, Blobs, Kind, Record, RunWriter
from tests.server_process import RunningServer, fixed_ports, running_server


def test_every_fixed_port_has_every_service_and_links_lead_to_the_main_one(tmp_path: Path) -> None:
    with fixed_ports(), running_server(tmp_path / "data", "--compat-ports") as server:
        for port, service in zip(COMPAT_PORTS, ("pluto", "backend", "ingest", "py"), strict=True):
            with httpx.Client(
                base_url=f"http://localhost:{port}",
                headers={"Authorization": f"Bearer {server.key}"},
            ) as client:
                run = client.post(
                    "/api/runs/create", json={"runName": "r", "projectName": "p"}
                ).json()
                main = server.url.rpartition(":")[2]
                assert run["url"].startswith(f"http://localhost:{main}/o/local/projects/p/")
                assert client.get("/version").json()["service"] == service
                headers = {"X-Run-Id": str(run["runId"]), "X-Project-Name": "p"}
                assert client.post("/ingest/logs", headers=headers).status_code == 200
                assert client.post("/step", headers=headers).json() == {"step": 0}
                trigger = client.post("/api/runs/trigger", json={"runId": run["runId"]})
                assert trigger.json()["status"] == "RUNNING"


def test_over_tls_clients_speak_http_2_and_trust_the_certificate_that_is_named(
    tmp_path: Path,
) -> None:
    with running_server(tmp_path / "data", "--tls") as server:
        named = next(line for line in server.output if "SSL_CERT_FILE=" in line)
        context = ssl.create_default_context(cafile=named.partition("SSL_CERT_FILE=")[2])
        with httpx.Client(base_url=server.url, http2=True, verify=context) as client:
            client.headers["Authorization"] = f"Bearer {server.key}"
            slug = client.post("/api/slug")
            run = client.post("/api/runs/create", json={"runName": "r", "projectName": "p"}).json()
            headers = {"X-Run-Id": str(run["runId"]), "X-Project-Name": "p"}
            line = b'{"time": 1, "step": 1, "data": {"loss": 1}}\n'
            stored = client.post("/ingest/metrics", content=line * 10_000, headers=headers)
            foreign = client.post("/api/slug", headers={"Host": "evil.example"})

    assert (slug.http_version, slug.status_code) == ("HTTP/2", 200)
    assert run["url"].startswith(f"{server.url}/o/local/")
    assert stored.text.endswith(": 10000 records")
    assert foreign.status_code == 403


def test_without_tls_http_2_is_spoken_by_prior_knowledge(tmp_path: Path) -> None:
    with running_server(tmp_path / "data") as server:
        transport = httpx.HTTPTransport(http1=False, http2=True)
        with httpx.Client(base_url=server.url, transport=transport) as client:
            answer = client.get("/api/health")

    assert (answer.http_version, answer.text) == ("HTTP/2", "OK")


def write_local_run(root: Path, uid: str, **facts: Any) -> Path:
    directory = root / ".pluto" / "p" / uid
    known = {
        "uid": uid,
        "project": "p",
        "name": uid,
        "status": "COMPLETED",
        "created_at": 1_767_225_600_000,
        "finished_at": 1_767_225_601_000,
        "tags": ["a"],
        "config": {"lr": 1},
    }
    digest, size = Blobs(directory / "files").put_bytes(b"hello")
    body = {"fileName": "a.txt", "fileType": "txt", "fileSize": size, "sha256": digest}
    file = Record(Kind.FILE, 1, 1, "notes", "TEXT", json.dumps(body).encode())
    writer = RunWriter(directory)
    writer.append(Batch(facts=known | facts, names={"notes": "TEXT"}, records=[file]))
    writer.close()
    return directory


def runs(client: httpx.Client) -> dict[str, Any]:
    answer = client.get("/api/ui/runs", params={"project": "p"})
    return {run["name"]: run for run in answer.json()["runs"]}


def browser(server: RunningServer) -> httpx.Client:
    opened = httpx.get(server.link)
    assert opened.status_code == 303
    return httpx.Client(base_url=server.url, cookies=opened.cookies)


def test_ui_shows_finished_running_and_dead_runs_and_serves_their_files(tmp_path: Path) -> None:
    write_local_run(tmp_path, "done")
    alive = write_local_run(tmp_path, "alive", status="RUNNING", finished_at=None)
    dead = write_local_run(tmp_path, "dead", status="RUNNING", finished_at=None)
    (dead / "run.lock").write_text("")
    with (alive / "run.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with running_server(tmp_path, command="ui") as server, browser(server) as client:
            found = runs(client)
            files = client.get(
                "/api/runs/files", params={"runId": local_id("done"), "projectName": "p"}
            ).json()["files"]
            content = httpx.get(files[0]["url"]).text

    assert {name: run["status"] for name, run in found.items()} == {
        "done": "COMPLETED",
        "alive": "RUNNING",
        "dead": "FAILED",
    }
    assert found["dead"]["cause"] == "process died"
    assert found["done"]["id"] == local_id("done")
    assert content == "hello"


def test_ui_sees_a_run_that_begins_while_it_looks(tmp_path: Path) -> None:
    with running_server(tmp_path, command="ui") as server, browser(server) as client:
        assert runs(client) == {}
        write_local_run(tmp_path, "late")
        deadline = time.monotonic() + 20
        while "late" not in runs(client):
            assert time.monotonic() < deadline
            time.sleep(0.1)


def test_ui_takes_no_runs_and_says_what_does(tmp_path: Path) -> None:
    with (
        running_server(tmp_path, "--auth", "off", command="ui") as server,
        server.client(key="any") as client,
    ):
        created = client.post("/api/runs/create", json={"runName": "r", "projectName": "p"})
        headers = {"X-Run-Id": "1", "X-Project-Name": "p"}
        rows = client.post("/ingest/metrics", headers=headers)
        beat = client.post("/api/runs/trigger", json={"runId": 1})

    assert (created.status_code, rows.status_code, beat.status_code) == (403, 422, 403)
    for answer in (created, rows, beat):
        assert "start 'pluto server'" in answer.text


def test_ui_names_a_file_that_it_cannot_read_and_shows_the_rest(tmp_path: Path) -> None:
    write_local_run(tmp_path, "good")
    foreign = tmp_path / ".pluto" / "p" / "bad" / "run.db"
    foreign.parent.mkdir()
    foreign.write_bytes(b"something else" * 1000)

    with running_server(tmp_path, command="ui") as server, browser(server) as client:
        assert list(runs(client)) == ["good"]
        assert any(str(foreign) in line for line in server.output)


def test_ui_changes_tags_of_a_finished_run_but_not_of_one_that_is_being_written(
    tmp_path: Path,
) -> None:
    write_local_run(tmp_path, "done")
    alive = write_local_run(tmp_path, "alive", status="RUNNING", finished_at=None)
    with (alive / "run.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with (
            running_server(tmp_path, "--auth", "off", command="ui") as server,
            server.client() as client,
        ):
            answers = {
                uid: client.post(f"/api/ui/runs/{local_id(uid)}/tags", json={"tags": ["b"]})
                for uid in ("done", "alive")
            }
            time.sleep(1.1)  # rows of local runs are at most a second old
            tags = {name: run["tags"] for name, run in runs(client).items()}

    assert answers["done"].status_code == 200
    assert answers["alive"].status_code in (400, 409)
    assert "being written by its own process" in answers["alive"].text
    assert tags == {"done": ["b"], "alive": ["a"]}
