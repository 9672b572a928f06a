"""Where runs lie and what they hold: odd file systems, deleted directories, large and long runs."""

import logging
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import pluto
from pluto.file_system import is_on_network
from pluto.storage import Kind, RunReader
from pluto.store import Store
from pluto.sync import run_directories
from tests.mounts import run_in_own_mounts
from tests.server_process import running_server

QUIET = {"disable_system_metrics": True, "disable_console": True}
MOUNTS = """\
22 1 0:21 / / rw shared:1 - ext4 /dev/sda rw
23 22 0:22 / /home rw - nfs4 server:/home rw
24 22 0:23 / /home/local rw - xfs /dev/sdb rw
25 22 0:24 / /data\\040of\\040all rw,relatime shared:2 master:1 - lustre mgs:/fs rw
26 22 0:25 / /mnt rw - ext4 /dev/sdc rw
27 22 0:26 / /mnt rw - fuse.sshfs host: rw
"""


def script(directory: Path, code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a script in a directory to its end."""
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=directory,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def in_namespace(directory: Path, mount: str, code: str) -> subprocess.CompletedProcess[str]:
    """Run a script in a directory on which something is mounted, for this script only."""
    start = f'{mount} "$1" && cd "$1" && exec "$2" -c "$3"'
    return run_in_own_mounts(start, directory, sys.executable, code, timeout=60)


def steps(directory: Path, name: str) -> list[int]:
    reader = RunReader(directory)
    try:
        return [int(step) for step in reader.points(name, raw=True).steps]
    finally:
        reader.close()


SHORT_RUN = """
import pluto
with pluto.init({arguments}settings={{"disable_system_metrics": True}}) as run:
    for step in range(100):
        run.log({{"loss": step}}, step=step)
"""


def test_a_read_only_working_directory_sends_the_run_to_the_home_directory(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    done = in_namespace(
        tmp_path / "here", "mount -t tmpfs -o ro tmpfs", SHORT_RUN.format(arguments="")
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("the run goes to") == 1
    (directory,) = run_directories(Path.home() / ".pluto" / "runs")
    assert steps(directory, "loss") == list(range(100))
    assert str(directory) in done.stdout


def test_a_read_only_directory_that_was_chosen_is_refused_with_the_fix(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    done = in_namespace(
        tmp_path / "here", "mount -t tmpfs -o ro tmpfs", SHORT_RUN.format(arguments="dir='x', ")
    )
    assert done.returncode == 1
    assert "pass init(dir=...) or set PLUTO_DIR" in done.stderr
    assert list(run_directories(Path.home())) == []


@pytest.mark.parametrize(
    ("path", "network"),
    [
        ("/", False),
        ("/homes", False),
        ("/home", True),
        ("/home/me/runs", True),
        ("/home/local/runs", False),
        ("/data of all/me", True),
        ("/mnt/x", True),
    ],
)
def test_the_table_of_mounts_tells_what_is_on_a_network(
    tmp_path: Path, path: str, network: bool
) -> None:
    (tmp_path / "mountinfo").write_text(MOUNTS)
    assert is_on_network(Path(path), tmp_path / "mountinfo") == network


def test_where_nothing_tells_about_mounts_none_is_on_a_network(tmp_path: Path) -> None:
    assert not is_on_network(tmp_path, tmp_path / "nothing")
    assert not is_on_network(tmp_path)


def test_a_run_on_a_network_file_system_has_no_mapped_file_and_no_shared_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLUTO_FILE_SYSTEM", "network")
    run = pluto.init(dir=tmp_path, settings=QUIET)
    directory = Path(run.dir)
    for step in range(3000):
        run.log({"loss": step}, step=step)
    mapped = Path("/proc/self/maps")
    assert not mapped.exists() or str(directory) not in mapped.read_text()
    assert not any(path.name.endswith(("-wal", "-shm")) for path in directory.iterdir())
    run.finish()
    assert steps(directory, "loss") == list(range(3000))
    store = Store(directory)  # as `pluto sync` opens it, without the setting
    store.close()
    connection = sqlite3.connect(directory / "run.db")
    assert connection.execute("PRAGMA journal_mode").fetchone() != ("wal",)
    connection.close()


def test_pluto_ui_shows_a_run_on_a_network_file_system_while_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLUTO_FILE_SYSTEM", "network")
    run = pluto.init(dir=tmp_path, project="p", settings=QUIET)
    with running_server(tmp_path, command="ui") as server, server.client() as client:
        client.get(server.link)
        logged, seen = 0, -1
        deadline = time.monotonic() + 30
        while seen < 200:
            assert time.monotonic() < deadline
            for _ in range(100):
                run.log({"loss": logged}, step=logged)
                logged += 1
            time.sleep(0.1)
            (shown,) = client.get("/api/ui/runs").json()["runs"]
            assert shown["status"] == "RUNNING"
            seen = shown["summary"].get("loss", -1)
        assert seen < logged
    run.finish()
    assert steps(Path(run.dir), "loss") == list(range(logged))


def test_a_killed_run_on_a_network_file_system_is_read_whole(tmp_path: Path) -> None:
    done = script(
        tmp_path,
        SHORT_RUN.format(arguments="") + "    import os, signal; os.kill(os.getpid(), 9)",
        PLUTO_FILE_SYSTEM="network",
    )
    assert done.returncode == -9, done.stderr
    (directory,) = run_directories(tmp_path)
    store = Store(directory)
    store.absorb_all()
    store.note_death()
    store.close()
    assert steps(directory, "loss") == list(range(100))


def test_a_transaction_that_its_writer_did_not_survive_is_taken_back_by_a_reader(
    tmp_path: Path,
) -> None:
    done = script(
        tmp_path,
        """
import os, pathlib
from pluto.storage import Batch, RunWriter
writer = RunWriter(pathlib.Path("run"), network=True)
writer.append(Batch(facts={"name": "before"}))
with writer.transaction() as connection:
    connection.execute("PRAGMA cache_size=1")
    connection.execute("UPDATE fact SET value='\\"after\\"'")
    for number in range(2000):
        connection.execute("INSERT INTO fact VALUES (?, ?)", (str(number), "x" * 1000))
    os._exit(9)
""",
    )
    assert done.returncode == 9, done.stderr
    assert (tmp_path / "run" / "run.db-journal").stat().st_size > 0
    reader = RunReader(tmp_path / "run")
    assert reader.facts() == {"name": "before"}
    reader.close()


WITHOUT_LOCKS = """
import errno, fcntl, sys, time
from pathlib import Path

def flock(*_):
    raise OSError(errno.ENOLCK, "no locks available")

fcntl.flock = flock
from pluto.errors import RunInUse
from pluto.run_lock import RunLock
try:
    lock = RunLock(Path("run"))
except RunInUse:
    print("in use", flush=True)
else:
    print("mine", flush=True)
    sys.stdin.readline()
    lock.release()
"""


def test_without_locks_of_the_file_system_a_file_names_the_owner(tmp_path: Path) -> None:
    def contend() -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", WITHOUT_LOCKS],
            cwd=tmp_path,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def word(process: subprocess.Popen[str]) -> str:
        assert process.stdout is not None
        return process.stdout.readline().strip()

    first = contend()
    assert word(first) == "mine"
    second = contend()
    assert word(second) == "in use"
    first.kill()
    first.wait()
    third = contend()
    assert word(third) == "mine"
    third.communicate("go\n")
    fourth = contend()
    assert word(fourth) == "mine"
    fourth.communicate("go\n")
    second.communicate()
    first.communicate()
    assert not (tmp_path / "run" / "run.owner").exists()


def test_ten_thousand_names_in_one_call_and_over_time(tmp_path: Path) -> None:
    run = pluto.init(dir=tmp_path, settings=QUIET)
    wide = {f"layer{number}/weight": float(number) for number in range(10_000)}
    for step in range(3):
        run.log(wide, step=step)
    for number in range(10_000):
        run.log({f"metric{number}": number}, step=number)
    run.finish()
    reader = RunReader(Path(run.dir))
    assert len(reader.names()) == 20_000
    assert reader.points("layer9999/weight").values.tolist() == [9999.0] * 3
    assert reader.points("metric5000").steps.tolist() == [5000]
    reader.close()


def test_a_text_of_a_megabyte_comes_back_whole(tmp_path: Path) -> None:
    run = pluto.init(dir=tmp_path, settings=QUIET)
    text = "ä" * 500_000 + "\n" + "z" * 100
    run.log({"text": text, "loss": 1.0}, step=1)
    run.update_config({"prompt": text})
    run.finish()
    reader = RunReader(Path(run.dir))
    (record,) = reader.records(Kind.DATA, "text")
    assert record.body.decode() == text
    assert reader.facts()["config"]["prompt"] == text
    reader.close()


def test_a_clock_that_is_set_back_changes_no_order_of_steps(tmp_path: Path) -> None:
    run = pluto.init(dir=tmp_path, settings=QUIET)
    now = time.time()
    for step in range(100):
        run.log({"loss": step}, step=step, timestamp=now + (step if step < 50 else step - 3600))
    run.finish()
    reader = RunReader(Path(run.dir))
    points = reader.points("loss")
    reader.close()
    assert points.steps.tolist() == points.values.tolist() == list(range(100))


def test_a_month_of_a_row_a_minute_does_not_become_a_heap_of_tiny_blocks(tmp_path: Path) -> None:
    """A row of two kinds a minute, each stored by itself, as in a run that is hardly busy."""
    from pluto.storage import Batch, Compactor, MetricGroup

    rows = 3000
    store = Store(tmp_path / "run")
    for row in range(rows):
        names = ("loss", "lr") if row % 2 else ("memory",)
        one = np.array([row])
        group = MetricGroup(names, one, one * 60_000, np.full((1, len(names)), row, float))
        store.writer.append(Batch(groups=[group]))
    while not Compactor(store.writer, ended=True).run(10):
        pass
    store.close()
    assert steps(tmp_path / "run", "loss") == list(range(1, rows, 2))
    connection = sqlite3.connect(tmp_path / "run" / "run.db")
    (tails,) = connection.execute("SELECT count(*) FROM tail").fetchone()
    (parts,) = connection.execute("SELECT count(*) FROM part").fetchone()
    connection.close()
    assert tails + parts < 100


def test_a_change_of_directory_does_not_move_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "start").mkdir()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "start")
    run = pluto.init(dir="runs", settings=QUIET)
    run.log({"loss": 0}, step=0)
    monkeypatch.chdir(tmp_path / "elsewhere")
    run.log({"loss": 1, "image": pluto.Image(np.zeros((4, 4, 3), np.uint8))}, step=1)
    time.sleep(1.5)
    run.log({"loss": 2}, step=2)
    run.finish()
    assert list((tmp_path / "elsewhere").iterdir()) == []
    (directory,) = run_directories(tmp_path / "start")
    assert steps(directory, "loss") == [0, 1, 2]


DELETE_HERE = "import os; os.rmdir(os.getcwd())\n"
needs_attribute_errors = pytest.mark.skipif(
    sys.version_info[:3] == (3, 13, 0),
    reason="there, a module without an attribute raises SystemError: NumPy cannot be imported",
)


@needs_attribute_errors
def test_without_a_working_directory_a_run_goes_to_the_home_directory_or_where_it_is_told(
    tmp_path: Path,
) -> None:
    for number, arguments in enumerate(("", f"dir={str(tmp_path / 'chosen')!r}, ")):
        (tmp_path / str(number)).mkdir()
        code = DELETE_HERE + SHORT_RUN.format(arguments=arguments)
        done = script(tmp_path / str(number), code)
        assert done.returncode == 0, done.stderr
        assert done.stderr.count("the run goes to") == int(not arguments)
    (at_home,) = run_directories(Path.home() / ".pluto" / "runs")
    (chosen,) = run_directories(tmp_path / "chosen")
    assert steps(at_home, "loss") == steps(chosen, "loss") == list(range(100))


def test_a_working_directory_that_is_deleted_meanwhile_is_not_missed(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    run = f"run = pluto.init(dir={str(tmp_path)!r})\n"
    done = script(
        tmp_path / "here", f"import pluto\n{run}{DELETE_HERE}run.log({{'loss': 1}})\nrun.finish()"
    )
    assert done.returncode == 0, done.stderr
    assert f"1 row logged, all kept in {tmp_path}" in done.stdout


@needs_attribute_errors
def test_a_command_without_a_working_directory_says_so(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    code = f"{DELETE_HERE}from pluto.cli.main import run; raise SystemExit(run(['runs', 'list']))"
    done = script(tmp_path / "here", code)
    deleted = "pluto: the working directory was deleted: change to another one\n"
    assert (done.returncode, done.stderr) == (1, deleted)


def test_a_run_whose_directory_is_deleted_goes_on_and_says_what_is_lost(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    run = pluto.init(dir=tmp_path, settings={**QUIET, "sync_process_flush_interval": 0.1})
    run.log({"loss": 0}, step=0)
    shutil.rmtree(run.dir)
    with caplog.at_level(logging.WARNING, "pluto"):
        for step in range(1, 200_000):  # more than the segments that are prepared can take
            run.log({"loss": step}, step=step)
        receipt = run.finish()
    assert receipt is not None
    assert (receipt.logged, receipt.lost) == (0, 200_000)
    said = [each.message for each in caplog.records]
    assert any("its directory was deleted" in message for message in said), said
    assert len(said) < 5, said
