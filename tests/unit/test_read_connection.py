"""A run that nobody writes is read without locks, and what is read is always one state of it."""

import os
import sqlite3
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from pluto.errors import StorageError
from pluto.file_system import has_exact_times
from pluto.storage import Batch, RunReader, RunWriter
from pluto.storage.read_connection import ReadConnection
from tests.mounts import run_in_own_mounts

NUMBER = "SELECT number FROM version"
LONG_AGO = time.time() - 3600


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run that was written an hour ago, as far as its file tells."""
    with closing(RunWriter(tmp_path)) as writer:
        writer.append(Batch(facts={"name": "one"}))
    if not has_exact_times(tmp_path / "run.db"):
        pytest.skip("times of files may lag behind here: runs are always read with locks")
    os.utime(tmp_path / "run.db", (LONG_AGO, LONG_AGO))
    return tmp_path


def name(connection: sqlite3.Connection) -> Any:
    return connection.execute("SELECT value FROM fact WHERE key = 'name'").fetchone()[0]


def write(directory: Path, value: str) -> None:
    """Write as a process does that goes on with the run for a moment, down to the main file."""
    with closing(RunWriter(directory)) as writer:
        writer.append(Batch(facts={"name": value}))


def beside(directory: Path) -> set[str]:
    return {path.name for path in directory.iterdir()} - {"run.db"}


def test_reading_a_run_that_is_at_rest_leaves_nothing_beside_it(run: Path) -> None:
    with closing(RunReader(run)) as reader:
        assert reader.facts()["name"] == "one"
        assert not beside(run)
    assert not beside(run)


def test_a_run_that_was_written_a_moment_ago_is_read_with_locks(run: Path) -> None:
    os.utime(run / "run.db")
    with closing(RunReader(run)) as reader:
        assert reader.facts()["name"] == "one"
        assert "run.db-shm" in beside(run)


def test_a_reader_sees_what_was_written_to_a_run_that_was_at_rest(run: Path) -> None:
    with closing(RunReader(run)) as reader:
        before = reader.version()
        write(run, "two")
        assert reader.facts()["name"] == "two"
        assert reader.version() > before
        with closing(RunWriter(run)) as writer:  # what it writes lies in its log
            writer.append(Batch(facts={"name": "three"}))
            assert reader.facts()["name"] == "three"


def test_what_lies_in_the_log_of_a_silent_writer_is_read(run: Path) -> None:
    with closing(RunWriter(run)) as writer:
        writer.append(Batch(facts={"name": "two"}))
        for file in ("run.db", "run.db-wal"):
            os.utime(run / file, (LONG_AGO, LONG_AGO))
        with closing(RunReader(run)) as reader:
            assert reader.facts()["name"] == "two"


def test_a_program_that_sets_the_times_of_a_file_back_is_noticed(run: Path) -> None:
    with closing(RunReader(run)) as reader:
        assert reader.facts()["name"] == "one"
        write(run, "two")
        os.utime(run / "run.db", (LONG_AGO, LONG_AGO))
        assert reader.facts()["name"] == "two"


def test_what_was_read_while_somebody_wrote_does_not_count(run: Path) -> None:
    forgotten = []
    seen: list[str] = []

    def read(connection: sqlite3.Connection) -> tuple[Any, Any]:
        first = name(connection)
        seen.append(first)
        if len(seen) == 1:
            write(run, "two")
        return first, name(connection)

    with closing(ReadConnection(run, lambda: forgotten.append(1))) as connection:
        assert connection.read(read) == ('"two"', '"two"')
        assert seen == ['"one"', '"two"']
        assert forgotten == [1]


def test_an_error_of_reading_while_somebody_wrote_does_not_count(run: Path) -> None:
    tries = []

    def read(connection: sqlite3.Connection) -> Any:
        tries.append(1)
        if len(tries) == 1:
            write(run, "two")
            raise sqlite3.DatabaseError("database disk image is malformed")
        return name(connection)

    with closing(ReadConnection(run)) as connection:
        assert connection.read(read) == '"two"'


def test_an_error_of_reading_a_run_at_rest_is_raised(run: Path) -> None:
    with closing(RunReader(run)) as reader, pytest.raises(StorageError, match="cannot read"):
        reader._read(lambda connection: connection.execute("SELECT nothing"))


DIES = """
import os, sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA cache_size=1")
connection.execute("BEGIN")
connection.execute("UPDATE fact SET value = upper(value) || value")
os._exit(0)
"""


def test_a_transaction_that_its_writer_did_not_end_is_undone_first(tmp_path: Path) -> None:
    with closing(RunWriter(tmp_path, network=True)) as writer:
        writer.append(Batch(facts={"name": "one", "more": "x" * 100_000}))
    command = [sys.executable, "-c", DIES, str(tmp_path / "run.db")]
    assert os.spawnv(os.P_WAIT, sys.executable, command) == 0
    assert (tmp_path / "run.db-journal").stat().st_size
    os.utime(tmp_path / "run.db", (LONG_AGO, LONG_AGO))
    with closing(RunReader(tmp_path)) as reader:
        assert reader.facts()["name"] == "one"
        assert reader.facts("more") == {"more": "x" * 100_000}


MOUNTED = """
import sys
from contextlib import closing
from pathlib import Path
from pluto.storage import Batch, RunReader, RunWriter
owned, seen = map(Path, sys.argv[1:])
with closing(RunReader(seen)) as reader:
    print(reader.facts()["name"])
    with closing(RunWriter(owned)) as writer:
        writer.append(Batch(facts={"name": "two"}))
    print(reader.facts()["name"])
"""


def test_a_run_in_a_directory_that_is_not_ours_to_write_is_read_again_when_its_owner_goes_on(
    tmp_path: Path,
) -> None:
    owned, seen = tmp_path / "owned", tmp_path / "seen"
    write(owned, "one")
    seen.mkdir()
    command = 'mount --bind -o ro "$1" "$2" && exec "$3" -c "$4" "$1" "$2"'
    done = run_in_own_mounts(command, owned, seen, sys.executable, MOUNTED, timeout=60)
    assert done.stdout.split() == ["one", "two"], done.stderr
