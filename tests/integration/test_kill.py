"""SIGKILL at any instant: nothing is lost whose `log()` had returned, nothing is there twice."""

import mmap
import os
import random
import signal
import struct
import time
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import pluto
from pluto.addresses import one_origin
from pluto.iface import ServerInterface
from pluto.record import RunInfo
from pluto.sets import setup
from pluto.sink import Sink
from pluto.storage import RunReader
from pluto.store import Store
from pluto.sync import run_directories, sync_directory
from tests.server_process import RunningServer, running_server

KILLS = 100
COUNTER = struct.Struct("<q")
FLAG = slice(2 * COUNTER.size, 2 * COUNTER.size + 1)  # behind the two slots of the counter


def log_until_killed(directory: Path, counter: mmap.mmap) -> None:
    """Log at full speed; the counter says how many calls have returned.

    Packing zeroes its place before it fills it: the calls take turns on two slots, so that one
    of them is whole at any instant.
    """
    os.setsid()
    run = pluto.init(
        dir=directory,
        project="kill",
        settings={"disable_system_metrics": True, "disable_console": True},
    )
    counter[FLAG] = b"!"
    step = 0
    while True:
        step += 1
        run.log({"step": step, "half": step / 2})
        COUNTER.pack_into(counter, step % 2 * COUNTER.size, step)


def kill_once(directory: Path, delay: float) -> int:
    """Return how many calls of `log` had returned when the whole process group was killed."""
    directory.mkdir()
    counter = mmap.mmap(-1, mmap.PAGESIZE)
    child = os.fork()
    if child == 0:
        try:
            log_until_killed(directory, counter)
        finally:
            os._exit(1)
    deadline = time.monotonic() + 30
    while counter[FLAG] != b"!" and time.monotonic() < deadline:
        time.sleep(0.001)
    time.sleep(delay)
    os.killpg(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), "the child ended by itself"
    return max(int(COUNTER.unpack_from(counter, slot * COUNTER.size)[0]) for slot in (0, 1))


def stored_steps(directory: Path) -> NDArray[np.int64]:
    reader = RunReader(directory)
    points = reader.points("step", raw=True)
    reader.close()
    assert np.array_equal(points.values, points.steps)
    return points.steps


def to_server(server: RunningServer) -> Sink:
    return ServerInterface(one_origin(server.url), server.key, setup())


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_sigkill_at_100_random_instants_loses_no_row_and_sync_doubles_none(
    tmp_path: Path,
) -> None:
    seed = int(os.environ.get("PLUTO_TEST_SEED", random.SystemRandom().randrange(2**32)))
    print(f"PLUTO_TEST_SEED={seed}")
    chance = random.Random(seed)
    returned = {}
    for number in range(KILLS):
        directory = tmp_path / f"kill{number}"
        returned[directory] = kill_once(directory, chance.uniform(0, 0.15))
    assert sum(returned.values()) > 1000, "the test has to kill while rows are logged"

    for root, calls in returned.items():
        (directory,) = run_directories(root)
        store = Store(directory)
        store.absorb_all()
        store.close()
        steps = stored_steps(directory)
        assert calls <= len(steps) <= calls + 1
        assert np.array_equal(steps, np.arange(1, len(steps) + 1))

    with running_server(tmp_path / "data") as server:

        def sink_for(_run: RunInfo, _meant_for: dict[str, str] | None) -> tuple[Sink, str]:
            return to_server(server), server.url

        for _ in range(3):
            report = sync_directory(tmp_path, sink_for, include_local=True)
            assert report.left == 0
        kept = sorted(len(stored_steps(next(run_directories(root)))) for root in returned)
        received = [stored_steps(path) for path in run_directories(tmp_path / "data")]
    assert sorted(map(len, received)) == kept
    assert all(np.array_equal(steps, np.arange(1, len(steps) + 1)) for steps in received)
