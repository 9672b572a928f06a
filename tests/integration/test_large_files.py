"""A large file is not copied in the call that logs it, and its bytes are those of that moment."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import pluto
from pluto.media.copier import Job
from pluto.query_local import complete_run
from pluto.storage import Blobs, Kind, RunReader
from pluto.sync import run_directories
from tests.copying import await_end_of, copiers, kill, the_copier
from tests.server_process import RunningServer
from tests.slow_uplink import slow_uplink

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="leases are Linux's")

SIZE = 24 << 20
START = f"""
import ctypes, json, os, signal, subprocess, sys, time
from pathlib import Path
import pluto
from tests.copying import kill, the_copier

large = Path("checkpoint.bin")
large.write_bytes(b"before" * ({SIZE} // 6))
run = pluto.init(settings={{"disable_system_metrics": True, "disable_console": True}})

def log(path=large):
    run.log({{"checkpoint": pluto.File(path, caption="x")}}, step=1)

def copier(number):
    os.kill(the_copier(), number)

def start_copier_and_stop_it():
    first = Path("first.bin")
    first.write_bytes(b"first." * ({SIZE} // 6))
    log(first)
    copier(signal.SIGSTOP)
"""
END = """
receipt = run.finish()
print("receipt: " + json.dumps({"text": str(receipt), **receipt._asdict()}))
"""


def start(directory: Path, code: str) -> "subprocess.Popen[str]":
    (directory / "script.py").write_text(START + code)
    return subprocess.Popen(
        [sys.executable, "script.py"],
        cwd=directory,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run_script(directory: Path, code: str) -> tuple[dict[str, Any], str]:
    """Run a script to its end; return its receipt and its warnings."""
    printed, warnings = start(directory, code + END).communicate(timeout=90)
    (line,) = [line for line in printed.splitlines() if line.startswith("receipt: ")]
    return json.loads(line.removeprefix("receipt: ")), warnings


def kept(directory: Path) -> list[str]:
    """Return the digests of the media of the one run, after comparing them with the bytes."""
    (run,) = run_directories(directory)
    reader = RunReader(run)
    rows = [json.loads(record.body) for record in reader.records(Kind.FILE)]
    reader.close()
    for row in rows:
        content = Blobs(run / "files").path(row["sha256"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == row["sha256"]
    assert not any((run / "staging").iterdir())
    return [row["sha256"] for row in rows]


def digest(word: bytes) -> str:
    return hashlib.sha256(word * (SIZE // 6)).hexdigest()


OVERWRITING = {
    "opened_anew": "large.write_bytes(b'after!' * 5)",
    "written_in_place": """
with large.open("r+b") as file:
    file.write(b"after!")
""",
    "truncated": "os.truncate(large, 3)",
    # As torch.save does: it waits for the file and holds the interpreter lock meanwhile.
    "opened_with_the_interpreter_lock_held": """
c = ctypes.PyDLL(None)
descriptor = c.open(b"checkpoint.bin", os.O_WRONLY | os.O_TRUNC)
assert os.write(descriptor, b"after!") == 6
""",
    "written_by_another_program": """
subprocess.run(["sh", "-c", "echo after > checkpoint.bin"], check=True)
""",
    "written_by_a_forked_child": """
child = os.fork()
if child == 0:
    large.write_bytes(b"after!")
    os._exit(0)
os.waitpid(child, 0)
""",
}


@pytest.mark.parametrize("how", OVERWRITING)
def test_a_file_that_is_overwritten_right_after_it_was_logged_is_kept_as_it_was(
    how: str, tmp_path: Path
) -> None:
    receipt, warnings = run_script(
        tmp_path,
        f"""
log()
{OVERWRITING[how]}
assert large.read_bytes()[:6] in (b"after!", b"after\\n", b"bef")
""",
    )
    assert kept(tmp_path) == [digest(b"before")]
    assert (receipt["logged"], receipt["lost"]) == (1, 0), warnings


@pytest.mark.parametrize(
    "code",
    ["large.unlink()", "other = Path('other'); other.write_text('after!'); other.replace(large)"],
    ids=["deleted", "replaced"],
)
def test_a_file_that_is_deleted_or_replaced_before_it_is_copied_is_kept_as_it_was(
    code: str, tmp_path: Path
) -> None:
    run_script(
        tmp_path,
        f"start_copier_and_stop_it()\nlog()\n{code}\nrun.log({{'x': 1}})\ncopier(signal.SIGCONT)",
    )
    assert kept(tmp_path) == [digest(b"first."), digest(b"before")]


def test_the_call_and_finish_return_while_nothing_is_copied_and_the_file_is_kept_later(
    tmp_path: Path,
) -> None:
    code = """
start_copier_and_stop_it()
log()
print("logged", flush=True)
signal.pause()
"""
    process = start(tmp_path, code)
    assert process.stdout is not None
    assert any("logged" in line for line in process.stdout)
    copier = the_copier()
    process.kill()
    process.communicate()
    (run,) = run_directories(tmp_path)
    assert len(list((run / "staging").glob("*.copy"))) == 2
    os.kill(copier, signal.SIGCONT)  # it outlives the training, and does what it was given
    await_end_of(copier)
    (tmp_path / "checkpoint.bin").write_text("after!")
    assert complete_run(run)
    assert kept(tmp_path) == [digest(b"first."), digest(b"before")]


def killed_with_its_copier(directory: Path) -> None:
    """Let a training log a file; kill it and its copying process before anything is copied."""
    process = start(
        directory, "start_copier_and_stop_it()\nlog()\nprint('logged', flush=True)\nsignal.pause()"
    )
    assert process.stdout is not None
    assert any("logged" in line for line in process.stdout)
    copier = the_copier()
    process.kill()
    process.communicate()
    kill(copier)


def test_of_a_killed_training_whose_copies_died_too_an_unchanged_file_is_kept(
    tmp_path: Path,
) -> None:
    killed_with_its_copier(tmp_path)
    (run,) = run_directories(tmp_path)
    assert complete_run(run)
    assert kept(tmp_path) == [digest(b"first."), digest(b"before")]


def test_of_a_killed_training_whose_copies_died_too_a_changed_file_is_told_to_be_lost(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    killed_with_its_copier(tmp_path)
    (tmp_path / "checkpoint.bin").write_bytes(b"after!" * (SIZE // 6))
    (tmp_path / "first.bin").unlink()
    (run,) = run_directories(tmp_path)
    assert complete_run(run)
    reader = RunReader(run)
    errors = [json.loads(record.body)["error"] for record in reader.records(Kind.FILE)]
    reader.close()
    assert "first.bin is gone" in errors[0]
    assert "checkpoint.bin was changed before it could be copied" in errors[1]
    assert errors[0] in caplog.text
    assert errors[1] in caplog.text


def test_a_copying_process_that_is_killed_is_made_up_for_and_followed_by_another(
    tmp_path: Path,
) -> None:
    receipt, _ = run_script(
        tmp_path, "start_copier_and_stop_it()\nlog()\nkill(the_copier())\nlog()"
    )
    assert kept(tmp_path) == [digest(b"first."), digest(b"before"), digest(b"before")]
    assert (receipt["logged"], receipt["lost"]) == (3, 0)


def test_a_lost_file_is_in_the_receipt_as_such(tmp_path: Path) -> None:
    receipt, warnings = run_script(
        tmp_path,
        """
start_copier_and_stop_it()
log()
kill(the_copier())
large.write_text("after!")
run.log({"x": 1.0})
""",
    )
    assert (receipt["logged"], receipt["lost"]) == (2, 1)
    assert "1 could not be stored" in receipt["text"]
    assert "checkpoint.bin was changed before it could be copied" in warnings


def test_where_no_interpreter_starts_the_call_copies(tmp_path: Path) -> None:
    broken = tmp_path / "python-that-fails"
    broken.symlink_to("/bin/false")
    run_script(
        tmp_path,
        f"""
sys.executable = {str(broken)!r}
for number in range(4):
    log()
    large.write_bytes(b"%06d" % number * ({SIZE} // 6))
""",
    )
    words = [b"before", *(b"%06d" % number for number in range(3))]
    assert kept(tmp_path) == list(map(digest, words))


def test_a_file_that_somebody_has_open_for_writing_is_copied_in_the_call(tmp_path: Path) -> None:
    run_script(
        tmp_path,
        """
with large.open("r+b") as file:
    log()
    file.write(b"after!")
""",
    )
    assert kept(tmp_path) == [digest(b"before")]


def test_forked_children_hand_over_files_of_their_own(tmp_path: Path) -> None:
    run_script(
        tmp_path,
        """
log()
for number in range(3):
    if os.fork() == 0:
        mine = Path(f"{number}.bin")
        mine.write_bytes(b"%06d" % number * (large.stat().st_size // 6))
        log(mine)
        mine.write_bytes(b"after!")
        run.finish()
        os._exit(0)
for number in range(3):
    os.wait()
try:
    os.wait()
except ChildProcessError:  # nobody's child besides
    pass
""",
    )
    words = [b"before", *(b"%06d" % number for number in range(3))]
    assert sorted(kept(tmp_path)) == sorted(map(digest, words))


def test_many_files_of_an_artifact_are_all_kept_as_they_were(tmp_path: Path) -> None:
    code = """
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, (80, 80))
pluto.media.handover.LARGE = 1000
folder = Path("model")
folder.mkdir()
for number in range(400):
    (folder / f"{number}").write_bytes(b"%06d" % number * 200)
run.log({"model": pluto.Artifact(folder)})
for number in range(400):
    (folder / f"{number}").write_bytes(b"after!")
"""
    receipt, warnings = run_script(tmp_path, "import pluto.media.handover\n" + code)
    assert receipt["lost"] == 0, warnings
    expected = [hashlib.sha256(b"%06d" % number * 200).hexdigest() for number in range(400)]
    assert sorted(kept(tmp_path)) == sorted(expected)


def test_no_copying_process_is_left_when_the_training_has_ended(tmp_path: Path) -> None:
    process = start(tmp_path, "log()\nprint('logged', flush=True)\nsys.stdin.readline()")
    assert process.stdout is not None
    assert any("logged" in line for line in process.stdout)
    copier = the_copier()
    process.communicate("end")
    await_end_of(copier)
    assert copiers() == []


def work_off(job: Job) -> None:
    while not job.step():
        pass


def test_a_copy_during_which_the_file_was_changed_is_thrown_away(tmp_path: Path) -> None:
    """As after the kernel has ended a lease that was held for too long."""
    source, copy = tmp_path / "source", tmp_path / "staged.copy"
    source.write_bytes(b"before")
    stamp = source.stat()
    descriptors = os.open(source, os.O_RDONLY), os.open(copy, os.O_RDWR | os.O_CREAT)
    place = os.fsencode(tmp_path / "staged")
    job = Job(b"%d %d %s" % (stamp.st_size, stamp.st_mtime_ns, place), *descriptors)
    assert not job.step()
    source.write_bytes(b"after, and longer")
    with pytest.raises(OSError, match="changed while it was copied"):
        work_off(job)
    job.close()
    assert [path.name for path in tmp_path.iterdir()] == ["source"]


def test_rows_reach_the_server_while_a_large_file_is_on_its_way(
    tmp_path: Path, server: RunningServer
) -> None:
    (tmp_path / "large.bin").write_bytes(bytes(32 << 20))
    with slow_uplink(server.url) as uplink, server.client() as client:
        settings = {"disable_system_metrics": True, "disable_console": True}
        run = pluto.init(url=uplink.url, settings={"_auth": server.key, **settings})
        run.log({"checkpoint": pluto.File(tmp_path / "large.bin")}, step=0)
        assert uplink.putting.wait(60)
        run.log({"loss": 0.5}, step=1)
        query: dict[str, Any] = {"runId": run.id, "projectName": run.project, "logName": "loss"}
        while not client.get("/api/runs/metrics/raw", params=query).json().get("rows"):
            time.sleep(0.1)
        assert not list(server.data.rglob("*/files/??/*"))  # it is not there yet
        uplink.hurry.set()
        receipt = run.finish()
        assert receipt is not None
        assert (receipt.logged, receipt.delivered) == (2, 2)
