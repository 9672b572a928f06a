"""SIGKILL of the server, fifty times while clients write: nothing is lost, nothing comes twice."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from pluto.storage import Kind, RunReader
from tests.integration.server.harness import LOG, Run, ServerProcess, lines, metric_lines

KILLS = 50
WRITERS = 3
ROWS = 40  # of a request

# A program as users write it; it ends when its standard input does.
TRAINING = """
import json, select, sys
import pluto

run = pluto.init(project="killed", name="training", finish_timeout=60, settings={
    "disable_system_metrics": True, "disable_console": True, "sync_process_flush_interval": 0.1})
step = 0
while not select.select([sys.stdin], [], [], 0.002)[0]:
    run.log({"loss": step / 8}, step=step)
    step += 1
receipt = run.finish()
print(json.dumps({"steps": step, **receipt._asdict()}))
"""


class Writer:
    """A client that numbers its rows and repeats a request until it is accepted."""

    def __init__(self, url: str, stop: threading.Event) -> None:
        self.accepted = 0
        self.repeated = 0
        self.answers: set[int] = set()
        self._stop = stop
        self._client = httpx.Client(base_url=url, headers={"Authorization": "Bearer any"})
        self.run = Run(self._client, "killed")
        self._thread = threading.Thread(target=self._write)
        self._thread.start()

    def join(self) -> None:
        self._thread.join()
        self._client.close()

    def _write(self) -> None:
        while not self._stop.is_set():
            numbers = range(self.accepted, self.accepted + ROWS)
            console = ({**LOG, "lineNumber": n, "message": str(n)} for n in numbers)
            self._send("metrics", metric_lines(numbers.start, numbers.stop))
            self._send("logs", lines(*console))
            self.accepted = numbers.stop

    def _send(self, stream: str, body: bytes) -> None:
        rows, attempts = f"w/{stream}/{self.accepted}", 1
        while not self._is_taken(stream, body, rows):
            attempts += 1
            time.sleep(0.01)
        self.repeated += attempts > 1

    def _is_taken(self, stream: str, body: bytes, rows: str) -> bool:
        try:
            answer = self.run.send(stream, body, rows)
        except httpx.TransportError:
            return False
        self.answers.add(answer.status_code)
        return True


@contextmanager
def training(url: str, home: Path) -> Iterator[Callable[[], dict[str, Any]]]:
    """Train beside the block; what is given ends the training and returns what it said."""
    process = subprocess.Popen(
        [sys.executable, "-c", TRAINING],
        cwd=home,
        env={"PATH": "", "HOME": str(home), "PLUTO_URL": url, "PLUTO_API_KEY": "mlpl_any"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )

    def end() -> dict[str, Any]:
        output, _ = process.communicate(timeout=100)
        told: dict[str, Any] = json.loads(output.splitlines()[-1])
        return told

    try:
        yield end
    finally:
        process.kill()
        process.wait()


def stored(data: Path, run_id: int) -> tuple[list[int], list[int]]:
    """Return the steps and the console lines of a run, as often as they are on disk."""
    with closing(RunReader(data / "runs" / "killed" / str(run_id))) as reader:
        steps: list[int] = reader.points("loss", raw=True).steps.tolist()
        messages = [int(each.body) for each in reader.records(Kind.CONSOLE, limit=10**6)]
    return steps, messages


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_a_server_killed_fifty_times_keeps_every_accepted_row_once(tmp_path: Path) -> None:
    data, chance, stop = tmp_path / "data", random.Random(5), threading.Event()
    server = ServerProcess(data)
    server.start()
    writers = [Writer(server.url, stop) for _ in range(WRITERS)]
    with training(server.url, tmp_path) as end_training:
        try:
            for _ in range(KILLS):
                time.sleep(chance.uniform(0.02, 0.3))
                server.kill()
                server.start()
        finally:
            stop.set()
            for writer in writers:
                writer.join()
        told = end_training()
    server.close()

    for writer in writers:
        assert writer.accepted > KILLS
        assert writer.repeated > 0
        assert writer.answers == {200}
        assert stored(data, writer.run.id) == (list(range(writer.accepted)),) * 2
    by_hand = {writer.run.id for writer in writers}
    (trained,) = {int(path.name) for path in data.glob("runs/killed/*")} - by_hand
    assert (told["delivered"], told["rejected"], told["lost"]) == (told["logged"], 0, 0)
    assert stored(data, trained)[0] == list(range(told["steps"]))
