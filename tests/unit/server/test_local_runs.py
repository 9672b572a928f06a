import fcntl
import os
import sqlite3
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from pluto.server.rows import RunRow
from pluto.server.sqlite.local import PROCESS_DIED, LocalRuns, local_id
from pluto.server.sqlite.tree import RunTree
from pluto.storage import Batch, RunWriter


def write_run(directory: Path, uid: str = "u1", **facts: Any) -> Path:
    writer = RunWriter(directory)
    known = {
        "uid": uid,
        "project": "p",
        "name": "r",
        "status": "COMPLETED",
        "created_at": 1000,
        "finished_at": 2000,
        "tags": ["a"],
    }
    writer.append(Batch(facts={**known, **facts}))
    writer.close()
    return directory


@contextmanager
def held(path: Path) -> Iterator[None]:
    with path.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def only_row(root: Path) -> RunRow:
    (row,) = LocalRuns(root).rows()
    return row


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@contextmanager
def shut(run: Path) -> Iterator[None]:
    """Keep everybody else from reading a run's file."""
    with closing(sqlite3.connect(run / "run.db", isolation_level=None)) as owner:
        owner.execute("PRAGMA locking_mode=EXCLUSIVE")
        owner.execute("BEGIN IMMEDIATE")
        yield


def test_runs_are_listed_while_others_are_still_being_read(tmp_path: Path) -> None:
    runs = [write_run(tmp_path / uid, uid) for uid in ("u1", "u2", "u3")]
    local = LocalRuns(tmp_path, patience=0)
    with shut(runs[0]):
        os.utime(runs[0], (1, 1))  # what changed last is read first
        wait_until(lambda: local.so_far()[1] == 1)
        assert {row.uid for row in local.so_far()[0]} == {"u2", "u3"}
        version = local.version()
    found = local.get(local_id("u1"))  # waits for it

    assert found is not None
    assert found.uid == "u1"
    assert len(local.rows()) == 3
    assert local.so_far()[1] == 0
    assert local.version() > version
    local.close()


def test_a_whole_list_waits_for_what_is_being_read(tmp_path: Path) -> None:
    for number in range(50):
        write_run(tmp_path / str(number), str(number))
    assert len(LocalRuns(tmp_path, patience=0).rows()) == 50


def test_runs_are_found_at_any_depth_but_not_in_hidden_or_package_directories(
    tmp_path: Path,
) -> None:
    found = [
        write_run(tmp_path / ".pluto" / "p" / "r1", "u1"),
        write_run(tmp_path / "a" / "b" / ".pluto" / "p" / "r2", "u2"),
        write_run(tmp_path / "copied", "u3"),
        write_run(tmp_path / ".pluto" / "files" / "r4", "u4"),  # a project's name
        write_run(tmp_path / ".pluto" / "journal" / "r5", "u5"),
    ]
    for skipped in (".cache", "node_modules", ".venv"):
        write_run(tmp_path / skipped / ".pluto" / "p" / "r", skipped)

    assert sorted(RunTree(tmp_path).walk()) == sorted(found)


@pytest.mark.parametrize("place", [".", ".pluto", ".pluto/p", ".pluto/p/r"])
def test_the_directory_can_be_above_a_run_or_the_run_itself(tmp_path: Path, place: str) -> None:
    write_run(tmp_path / ".pluto" / "p" / "r")

    assert only_row(tmp_path / place).uid == "u1"


def test_a_link_that_leads_back_does_not_make_the_walk_endless(tmp_path: Path) -> None:
    write_run(tmp_path / ".pluto" / "p" / "r")
    (tmp_path / "loop").symlink_to(tmp_path)

    assert len(RunTree(tmp_path).walk()) == 1


def test_runs_that_come_and_go_are_seen_by_the_next_walk(tmp_path: Path) -> None:
    tree = RunTree(tmp_path)
    counts = [len(tree.walk())]
    first = write_run(tmp_path / ".pluto" / "p" / "r1", "u1")
    counts.append(len(tree.walk()))
    write_run(tmp_path / ".pluto" / "p" / "r2", "u2")
    counts.append(len(tree.walk()))
    first.rename(tmp_path / ".moved")
    counts.append(len(tree.walk()))

    assert counts == [0, 1, 2, 1]


def test_the_id_of_a_run_follows_from_its_uid_wherever_it_lies(tmp_path: Path) -> None:
    write_run(tmp_path / "one" / ".pluto" / "p" / "r")
    write_run(tmp_path / "two" / "r")

    ids = {only_row(tmp_path / place).id for place in ("one", "two")}

    assert ids == {local_id("u1")}
    assert 2**32 <= local_id("u1") < 2**48


def test_a_running_run_is_failed_once_its_process_has_let_go(tmp_path: Path) -> None:
    run = write_run(tmp_path / ".pluto" / "p" / "r", status="RUNNING", finished_at=None)
    with held(run / "run.lock"):
        alive = only_row(tmp_path)
    dead = only_row(tmp_path)

    assert (alive.status, alive.cause) == ("RUNNING", None)
    assert (dead.status, dead.cause) == ("FAILED", PROCESS_DIED)
    assert dead.finished_at == dead.updated_at


def test_looking_does_not_keep_the_lock_from_its_owner(tmp_path: Path) -> None:
    run = write_run(tmp_path / ".pluto" / "p" / "r", status="RUNNING")
    (run / "run.lock").write_text("")
    only_row(tmp_path)

    with (run / "run.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_a_running_run_without_a_lock_file_is_believed(tmp_path: Path) -> None:
    write_run(tmp_path / ".pluto" / "p" / "r", status="RUNNING")

    assert only_row(tmp_path).status == "RUNNING"


def test_a_foreign_file_is_named_and_the_other_runs_are_shown(tmp_path: Path) -> None:
    write_run(tmp_path / ".pluto" / "p" / "good")
    foreign = tmp_path / ".pluto" / "p" / "bad" / "run.db"
    foreign.parent.mkdir()
    foreign.write_text("not a database, but long enough to look like a file of some kind" * 20)

    runs = LocalRuns(tmp_path)

    assert [row.uid for row in runs.rows()] == ["u1"]
    (problem,) = runs.problems()
    assert str(foreign) in problem


def test_a_run_that_is_just_being_created_is_left_out_quietly(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    RunWriter(tmp_path / "r").close()

    runs = LocalRuns(tmp_path)

    assert runs.rows() == []
    assert "it has no" in runs.problems()[0]
    assert not caplog.records


def test_a_directory_that_cannot_be_written_is_read(tmp_path: Path) -> None:
    run = write_run(tmp_path / ".pluto" / "p" / "r", status="RUNNING")
    (run / "run.lock").write_text("")
    before = sorted(run.iterdir())
    for path in (*run.iterdir(), run):
        path.chmod(stat.S_IRUSR | (stat.S_IXUSR if path == run else 0))
    try:
        row = only_row(tmp_path)
        after = sorted(run.iterdir())
    finally:
        run.chmod(stat.S_IRWXU)

    assert row.status == "FAILED"
    if os.geteuid() != 0:  # the administrator may write anywhere, and SQLite then does
        assert before == after


def test_the_version_stays_while_only_rows_come_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pluto.server.sqlite.local._REFRESH_SECONDS", 0.0)
    run = write_run(tmp_path / ".pluto" / "p" / "r", status="RUNNING")
    runs = LocalRuns(tmp_path)
    runs._due = 0.0
    first = runs.version()

    def version_after(**facts: Any) -> int:
        writer = RunWriter(run)
        writer.append(Batch(facts=facts))
        writer.close()
        runs._due = 0.0
        return runs.version()

    assert version_after(notes="not in the list") == first
    assert version_after(tags=["b"]) > first
