"""Stores of older versions: read as they are, brought up by their writer, wholly or not at all."""

import shutil
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from pluto.errors import StorageError
from pluto.storage import Compactor, Kind, Outbox, RunReader, RunWriter, migrations
from pluto.storage.sizes import Sizes

FORMAT_1 = Path(__file__).parent / "runs" / "format-1.db"  # written by the version 1 of the format

EVERYTHING_AT_ONCE = Sizes(rest_bytes=0, rest_tails=0, rest_points=64)


@pytest.fixture
def old_run(tmp_path: Path) -> Path:
    shutil.copy(FORMAT_1, tmp_path / "run.db")
    return tmp_path


def version(directory: Path) -> int:
    connection = sqlite3.connect(directory / "run.db")
    try:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])
    finally:
        connection.close()


def assert_reads(directory: Path) -> None:
    reader = RunReader(directory)
    try:
        points = reader.points("loss")
        assert points.steps.tolist() == list(range(601))
        assert points.values[[0, 50, 100, 600]].tolist() == [1.0, 0.5, 0.5, 0.125]
        raw = reader.points("loss", raw=True)
        assert raw.steps[-2:].tolist() == [100, 600]
        assert raw.values[100] == 0.3333
        info = reader.name("loss")
        assert info is not None
        assert (info.count, info.last, info.min_step) == (601, 0.125, int(points.values.argmin()))
        thin = reader.buckets("loss", None, None, 3)
        assert thin.count.sum() == 601
        assert thin.max.max() == points.values.max()
        assert np.isnan(reader.points("acc").values[1])
        assert reader.points("sys/cpu").values.tolist() == [10.0, 20.0]
        assert [line.body for line in reader.records(Kind.CONSOLE)] == [b"hello"]
    finally:
        reader.close()


def test_a_reader_reads_version_1_and_leaves_it_as_it_is(old_run: Path) -> None:
    assert_reads(old_run)
    assert version(old_run) == 1


def test_a_writer_brings_it_up_and_all_is_as_before_also_compacted(old_run: Path) -> None:
    writer = RunWriter(old_run)
    assert version(old_run) == migrations.VERSION
    assert_reads(old_run)
    outbox = Outbox(writer, "server")
    first, before = outbox.pending("metrics", 1000)
    assert (first, len(before), outbox.count("metrics")) == (300, 302, 602)
    assert Compactor(writer, ended=True, sizes=EVERYTHING_AT_ONCE).run(60)
    with writer.transaction() as connection:
        assert connection.execute("SELECT count(*) FROM tail").fetchone() == (0,)
    assert_reads(old_run)
    assert outbox.pending("metrics", 1000) == (300, before)
    writer.close()


def test_a_reader_that_was_open_follows_the_migration(old_run: Path) -> None:
    reader = RunReader(old_run)
    writer = RunWriter(old_run)
    Compactor(writer, ended=True, sizes=EVERYTHING_AT_ONCE).run(60)
    assert reader.points("loss").steps.tolist() == list(range(601))
    reader.close()
    writer.close()


def test_a_migration_that_fails_leaves_the_old_version(
    old_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = (*migrations.STEPS[:-1], migrations.STEPS[-1] + "SELECT broken FROM nowhere")
    monkeypatch.setattr(migrations, "STEPS", broken)
    with pytest.raises(StorageError, match="nowhere"):
        RunWriter(old_run)
    assert version(old_run) == 1
    assert_reads(old_run)
    monkeypatch.undo()
    RunWriter(old_run).close()
    assert version(old_run) == migrations.VERSION


def test_processes_that_open_an_old_run_together_migrate_it_once(old_run: Path) -> None:
    code = (
        "import pathlib, sys; from pluto.storage import RunWriter;"
        "RunWriter(pathlib.Path(sys.argv[1])).close()"
    )
    processes = [subprocess.Popen([sys.executable, "-c", code, str(old_run)]) for _ in range(4)]
    assert [process.wait(60) for process in processes] == [0] * 4
    assert_reads(old_run)
    assert version(old_run) == migrations.VERSION


MIGRATION_THAT_IS_KILLED = """
import os, pathlib, signal, sys
from pluto.storage import RunWriter, migrations

class Statements(str):
    def split(self, separator):
        for number, statement in enumerate(str.split(self, separator)):
            if number == int(sys.argv[2]):
                os.kill(os.getpid(), signal.SIGKILL)
            yield statement

migrations.STEPS = (migrations.STEPS[0], Statements(migrations.STEPS[1]))
RunWriter(pathlib.Path(sys.argv[1]))
"""


@pytest.mark.parametrize("statement", [0, 1, 4, 8])
def test_a_migration_that_is_killed_has_changed_nothing(old_run: Path, statement: int) -> None:
    command = [sys.executable, "-c", MIGRATION_THAT_IS_KILLED, str(old_run), str(statement)]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    assert version(old_run) == 1
    assert_reads(old_run)
    RunWriter(old_run).close()
    assert version(old_run) == migrations.VERSION
    assert_reads(old_run)
