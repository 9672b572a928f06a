"""Clients that send too much, too slowly, or nonsense: bounded in memory, and others are served."""

from __future__ import annotations

import random
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from urllib.parse import urlsplit

import httpx
import psutil
import pytest

from pluto.server.limits import MAX_NAMES
from tests.integration.server.harness import GOOD, LOG, Run, lines
from tests.server_process import RunningServer

MEGABYTE = 1 << 20
SLOW_CLIENTS = 300


@contextmanager
def bounded(server: RunningServer, megabytes: int) -> Iterator[None]:
    """The block may make the server's peak of memory grow by so much, and by no more."""
    process, stop = psutil.Process(server.process.pid), threading.Event()
    before = peak = process.memory_info().rss

    def watch() -> None:
        nonlocal peak
        while not stop.wait(0.02):
            peak = max(peak, process.memory_info().rss)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
    assert (peak - before) / MEGABYTE < megabytes


def serves(client: httpx.Client, run: Run) -> None:
    assert client.get("/api/runs/projects", timeout=10).status_code == 200
    assert run.send("metrics", GOOD).status_code == 200


def a_gigabyte(beginning: bytes, ended: bytes = b"") -> Iterator[bytes]:
    yield beginning
    for _ in range(1024):
        yield b"a" * MEGABYTE
    yield ended


@pytest.mark.parametrize("stream", ["metrics", "logs", "data"])
def test_a_line_of_a_gigabyte_is_refused(
    server: RunningServer, client: httpx.Client, full_run: Run, stream: str
) -> None:
    with bounded(server, 400):
        try:
            body = a_gigabyte(b'{"time":1,"step":1,"data":{"')
            answer = full_run.send(stream, body)
        except httpx.TransportError:
            pass  # cut off while it was still sending
        else:
            assert answer.status_code == 422
            assert "a line is longer than 67,108,864 bytes" in answer.text
        serves(client, full_run)


@pytest.mark.parametrize(
    ("path", "with_key"),
    [
        ("/api/runs/create", True),
        ("/api/runs/create", False),
        ("/api/runs/trigger", False),
        ("/api/ui/series", True),
        ("/sign-in", False),
        ("/files", True),
        ("/files", False),
        ("/ingest/metrics", False),
        ("/o/blob/1/x", False),
        ("/nowhere", False),
    ],
)
def test_a_request_of_a_gigabyte_is_not_kept_in_memory(
    server: RunningServer, client: httpx.Client, full_run: Run, path: str, with_key: bool
) -> None:
    headers = {"Content-Type": "application/json"}
    with bounded(server, 300), server.client(key=None if with_key else "") as sender:
        try:
            answer = sender.post(path, content=a_gigabyte(b'{"x":"'), headers=headers)
        except httpx.TransportError:
            pass  # cut off while it was still sending
        else:
            assert answer.status_code in (401, 403, 404, 405, 413, 422), answer.text
        serves(client, full_run)


def test_hundreds_of_slow_clients_hold_up_nobody(
    server: RunningServer, client: httpx.Client, full_run: Run
) -> None:
    address = urlsplit(server.url)
    assert address.hostname
    assert address.port
    request = "POST /ingest/metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999\r\n"
    known = f"Authorization: Bearer {server.key}\r\nX-Run-Id: {full_run.id}\r\n"
    beginnings = [
        request[:30].encode(),
        f"{request}\r\n{{".encode(),
        f"{request}{known}X-Project-Name: p\r\n\r\n{{".encode(),
    ]
    with bounded(server, 100), ExitStack() as stack:
        slow = []
        for number in range(SLOW_CLIENTS):
            each = socket.create_connection((address.hostname, address.port), timeout=10)
            slow.append(stack.enter_context(each))
            each.sendall(beginnings[number % len(beginnings)])
        for each in slow:
            each.sendall(b" ")
        serves(client, full_run)
        with server.client() as fresh:
            serves(fresh, full_run)


def test_a_million_names_end_at_a_limit_that_is_told(
    server: RunningServer, client: httpx.Client
) -> None:
    run, step, answers = Run(client, "names"), 50_000, list[httpx.Response]()
    with bounded(server, 400):
        for first in range(0, 10**6, step):
            names = b",".join(b'"n%d":1' % number for number in range(first, first + step))
            answers.append(run.send("metrics", b'{"time":1,"step":1,"data":{%b}}' % names))
    taken = [answer.status_code for answer in answers].index(422)
    assert taken * step == MAX_NAMES
    assert {answer.status_code for answer in answers[taken:]} == {422}
    assert f"a run may have {MAX_NAMES:,} names" in answers[-1].text
    registered = {"runId": run.id, "logType": "METRIC", "logName": ["one more"]}
    assert client.post("/api/runs/logName/add", json=registered).status_code == 400
    known = b'{"time":2,"step":2,"data":{"n0":1,"n99999":2}}'
    assert run.send("metrics", known).status_code == 200
    assert run.raw("n99999") == [(1, 1.0), (2, 2.0)]


@pytest.mark.parametrize("stream", ["metrics", "logs", "data"])
def test_bytes_that_are_no_text_are_refused_with_the_line(
    server: RunningServer, client: httpx.Client, full_run: Run, stream: str
) -> None:
    good = {"metrics": GOOD, "logs": lines(LOG)}.get(stream, b"")
    for bad in (b"\xff\xfe\x00", b'{"time":1,"step":1,"data":{"\xc3\x28":1}}', b"\xed\xa0\x80"):
        answer = full_run.send(stream, lines(*filter(None, [good, bad, good])))
        assert answer.status_code == 422, answer.text
        assert "Failed to process" in answer.text
    assert client.post("/api/runs/create", content=b'{"runName":"\xff"}').status_code == 400
    assert client.get(b"/api/runs/list?projectName=%FF%FE".decode()).status_code in (200, 400)
    serves(client, full_run)


def test_noise_instead_of_requests_is_survived(
    server: RunningServer, client: httpx.Client, full_run: Run
) -> None:
    address, chance = urlsplit(server.url), random.Random(3)
    beginnings = [b"", b"GET / HTTP/1.1\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\x16\x03\x01"]
    with bounded(server, 100):
        for number in range(100):
            with socket.create_connection((address.hostname, address.port), timeout=10) as each:
                each.sendall(beginnings[number % 4] + chance.randbytes(chance.randrange(2000)))
                time.sleep(0.001)
        with server.client() as fresh:
            serves(fresh, full_run)


@pytest.mark.parametrize("depth", [1_000, 100_000])
def test_values_nested_without_end_are_refused(
    server: RunningServer, client: httpx.Client, full_run: Run, depth: int
) -> None:
    nested = "[" * depth + "]" * depth
    for path, name in (("runs/create", "tags"), ("runs/config/update", "config")):
        answer = client.post(f"/api/{path}", content=f'{{"runId":{full_run.id},"{name}":{nested}}}')
        assert answer.status_code == 400, answer.text
    line = f'{{"time":1,"step":1,"data":{{"x":{nested}}}}}'.encode()
    assert full_run.send("metrics", line).status_code == 422
    serves(client, full_run)
