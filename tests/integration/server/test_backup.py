"""`pluto server backup` beside a server that is written to; a server on the copy is the proof."""

from __future__ import annotations

import itertools
import stat
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.integration.server.harness import DATA, LOG, Run, lines, metric_lines
from tests.security.conftest import upload
from tests.server_process import RunningServer, pluto_command, running_server


def back_up(data: Path, target: Path) -> subprocess.CompletedProcess[str]:
    command = [*pluto_command("server"), "--data", str(data), "backup", str(target)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@contextmanager
def pouring(server: RunningServer, run: Run, accepted: list[int]) -> Iterator[None]:
    """Send rows of one metric beside the block, a step a request."""
    stop = threading.Event()

    def pour() -> None:
        with server.client() as run.client:
            for step in itertools.count(len(accepted)):
                if stop.is_set():
                    return
                answer = run.send("metrics", metric_lines(step, step + 1), f"w/metrics/{step}")
                assert answer.status_code == 200
                accepted.append(step)

    thread = threading.Thread(target=pour)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def steps_of(server: RunningServer, run: Run) -> list[int]:
    with server.client() as run.client:
        return [step for step, _ in run.raw("loss")]


def test_a_backup_of_a_running_server_holds_everything_that_was_accepted(tmp_path: Path) -> None:
    data, target, accepted = tmp_path / "data", tmp_path / "backup", list[int]()
    with running_server(data, home=tmp_path / "a") as server, server.client() as client:
        run, other = Run(client, "poured"), Run(client, "finished")
        for answer in (
            other.send("logs", lines(LOG)),
            other.send("data", lines(DATA)),
            upload(other, b"bytes", "a.txt", "text/plain"),
        ):
            assert answer.status_code == 200
        with pouring(server, run, accepted):
            while len(accepted) < 30:
                time.sleep(0.01)
            before = len(accepted)
            first = back_up(data, target)
            between = len(accepted)
            second = back_up(data, target)
        third = back_up(data, target)
        key = server.key

    assert (first.returncode, first.stdout) == (0, f"2 runs in {target}, 2 of them copied now\n")
    assert (second.returncode, third.returncode) == (0, 0)
    assert back_up(data, target).stdout == f"2 runs in {target}, 0 of them copied now\n"
    assert before < between < len(accepted)
    with running_server(target, home=tmp_path / "b") as restored:
        assert restored.key == key
        assert steps_of(restored, run) == accepted
        with restored.client() as other.client:
            assert (other.messages(), other.data("t")) == (["hi"], [{}])
            (file,) = other.read("files", logName="file")["files"]
            assert other.client.get(file["url"]).content == b"bytes"
            assert Run(other.client, "new").id > other.id


def test_a_backup_taken_within_a_stream_of_rows_is_a_whole_beginning_of_it(tmp_path: Path) -> None:
    data, target, accepted = tmp_path / "data", tmp_path / "backup", list[int]()
    with running_server(data, home=tmp_path / "a") as server, server.client() as client:
        run = Run(client, "poured")
        with pouring(server, run, accepted):
            while len(accepted) < 20:
                time.sleep(0.01)
            before = len(accepted)
            assert back_up(data, target).returncode == 0

    with running_server(target, home=tmp_path / "b") as restored:
        steps = steps_of(restored, run)
        # The client goes on where the copy ends: it is told so by the numbers of its rows.
        with restored.client() as run.client:
            everything = metric_lines(0, len(accepted))
            assert run.send("metrics", everything, "w/metrics/0").status_code == 200
        after = steps_of(restored, run)
    assert steps == list(range(len(steps)))
    assert before <= len(steps) <= len(accepted)
    assert after == accepted


def test_secrets_of_a_copy_are_as_closed_as_the_originals(tmp_path: Path) -> None:
    with running_server(tmp_path / "data", home=tmp_path / "a"):
        assert back_up(tmp_path / "data", tmp_path / "backup").returncode == 0

    mode = (tmp_path / "backup" / "secrets.json").stat().st_mode
    assert stat.S_IMODE(mode) == 0o600


@pytest.mark.parametrize(
    ("data", "target", "reason"),
    [
        ("nowhere", "backup", "is no data directory of a server: name it with --data"),
        ("data", "data/backup", "choose a directory elsewhere"),
    ],
)
def test_a_backup_that_makes_no_sense_is_refused(
    tmp_path: Path, data: str, target: str, reason: str
) -> None:
    with running_server(tmp_path / "data", home=tmp_path / "a"):
        done = back_up(tmp_path / data, tmp_path / target)

    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert reason in done.stderr
    assert not (tmp_path / target).exists()


def test_a_damaged_run_is_named_and_the_others_are_copied(tmp_path: Path) -> None:
    with (
        running_server(tmp_path / "data", home=tmp_path / "a") as server,
        server.client() as client,
    ):
        good, bad = Run(client, "p"), Run(client, "p")
    damaged = tmp_path / "data" / "runs" / "p" / str(bad.id) / "run.db"
    damaged.write_bytes(b"damaged" * 1000)
    done = back_up(tmp_path / "data", tmp_path / "backup")

    assert done.returncode == 1
    assert str(damaged) in done.stderr
    assert done.stdout == f"1 run in {tmp_path / 'backup'}, 1 of them copied now\n"
    assert (tmp_path / "backup" / "runs" / "p" / str(good.id) / "run.db").exists()
