"""Rows that come again, at once or around a crash: taken means on disk, and there once."""

import itertools
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.integration.server.harness import DATA, GOOD, LOG, Run, lines, metric_lines
from tests.server_process import RunningServer, running_server


@pytest.mark.parametrize("stream", ["metrics", "logs", "data"])
def test_numbered_rows_that_come_again_are_stored_once(run: Run, stream: str) -> None:
    def rows(first: int, stop: int) -> bytes:
        if stream == "metrics":
            return metric_lines(first, stop)
        if stream == "logs":
            return lines(*({**LOG, "lineNumber": n, "message": str(n)} for n in range(first, stop)))
        return lines(*({**DATA, "step": n, "data": str(n)} for n in range(first, stop)))

    def stored() -> list[Any]:
        if stream == "metrics":
            return [step for step, _ in run.raw("loss")]
        return list(map(int, run.messages() if stream == "logs" else run.data("t")))

    records = []
    for first, stop in [(0, 10), (0, 10), (5, 15), (15, 20), (3, 4)]:
        answer = run.send(stream, rows(first, stop), f"writer/{stream}/{first}")
        records.append(int(answer.text.split()[-2]))

    assert records == [10, 0, 5, 5, 0]
    assert stored() == list(range(20))


def test_writers_and_streams_are_numbered_apart(run: Run) -> None:
    for rows in ("one/logs/0", "two/logs/0", "one/errors/0", "a/b/logs/0"):
        assert run.send("logs", lines(LOG), rows).text.endswith(": 1 records")

    assert len(run.messages()) == 4


def test_a_numbered_request_goes_on_behind_its_bad_line(run: Run) -> None:
    body = lines(GOOD, b"{bad", GOOD)

    assert run.send("metrics", body, "w/metrics/0").status_code == 422
    assert run.send("metrics", body, "w/metrics/0").status_code == 422
    assert len(run.raw("loss")) == 1
    assert run.send("metrics", GOOD, "w/metrics/2").status_code == 200
    assert len(run.raw("loss")) == 2


@pytest.mark.parametrize("rows", ["", "w/metrics", "w/metrics/x", "w/metrics/-1"])
def test_a_row_number_that_is_none_is_refused(run: Run, rows: str) -> None:
    answer = run.send("metrics", GOOD, rows)

    assert answer.status_code == (422 if rows else 200)


def test_the_same_rows_from_two_connections_at_once_are_stored_once(
    run: Run, server: RunningServer
) -> None:
    body = metric_lines(0, 2000)

    def send() -> None:
        with server.client() as client:
            headers = {**run.headers, "X-Pluto-Rows": "w/metrics/0"}
            client.post("/ingest/metrics", content=body, headers=headers)

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(run.raw("loss")) == 2000


def test_reads_are_answered_while_rows_pour_in(run: Run, server: RunningServer) -> None:
    body = metric_lines(0, 50_000)
    done = threading.Event()

    def pour() -> None:
        with server.client() as client:
            while not done.is_set():
                client.post("/ingest/metrics", content=body, headers=run.headers)

    thread = threading.Thread(target=pour)
    thread.start()
    try:
        answers = [run.client.get("/api/runs/projects").status_code for _ in range(20)]
    finally:
        done.set()
        thread.join()

    assert answers == [200] * 20


@pytest.mark.parametrize("attempt", range(3))
def test_a_killed_server_has_every_row_that_it_accepted(tmp_path: Path, attempt: int) -> None:
    accepted: list[int] = []
    project = "killed"

    with running_server(tmp_path / "data") as server:
        client = server.client()
        run = Run(client, project)

        def pour() -> None:
            for step in itertools.count():
                try:
                    answer = run.send("metrics", metric_lines(step, step + 1), f"w/metrics/{step}")
                except httpx.TransportError:
                    return
                if answer.status_code == 200:
                    accepted.append(step)

        thread = threading.Thread(target=pour)
        thread.start()
        while len(accepted) < 20 * (attempt + 1):
            time.sleep(0.005)
        server.kill()
        thread.join()
        client.close()

    with running_server(tmp_path / "data") as server, server.client() as client:
        again = Run(client, project)
        run.client = client
        stored = [step for step, _ in run.raw("loss")]
        # The client cannot know of the last request: it repeats it.
        last = len(accepted)
        run.send("metrics", metric_lines(last, last + 1), f"w/metrics/{last}")
        repeated = [step for step, _ in run.raw("loss")]

    assert again.id == run.id + 1
    assert stored[: len(accepted)] == accepted == list(range(len(accepted)))
    assert repeated == list(range(last + 1))
