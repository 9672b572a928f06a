"""Rows of numbers from the journal to the store: each with its names, step and values, in order."""

import math
import os
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pluto.journal import MOST_SHAPES, Journal
from pluto.notice import Notices
from pluto.recorder import JournalRecorder
from pluto.segments import ROW, SHAPE, read_frames
from pluto.storage import RunReader
from pluto.store import JOURNAL, Store

Row = dict[str, float]
NAMES = st.sampled_from(["loss", "acc", "größe/ü", "a b", "x" * 300])
VALUES = st.floats(width=64) | st.integers(-(2**70), 2**70)


def logged(directory: Path, rows: list[Row], *, segment_bytes: int, mapped: bool) -> None:
    log = Journal(directory / JOURNAL, segment_bytes=segment_bytes, mapped=mapped)
    recorder = JournalRecorder(log, Notices())
    for step, row in enumerate(rows):
        if not recorder.log_plain(row, step):
            floats = {name: float(value) for name, value in row.items()}
            recorder.metrics(floats, step=step, time_ms=1)
    log.close()
    assert (recorder.logged, recorder.lost) == (sum(map(bool, rows)), 0)


def stored(directory: Path, name: str) -> list[tuple[int, float]]:
    reader = RunReader(directory)
    points = reader.points(name, raw=True)
    reader.close()
    return list(zip(points.steps.tolist(), points.values.tolist(), strict=True))


def bits(points: list[tuple[int, float]]) -> list[tuple[int, bytes]]:
    """Return points in a form in which a NaN equals a NaN."""
    return [
        (step, b"nan" if math.isnan(value) else struct.pack("<d", value)) for step, value in points
    ]


@pytest.mark.parametrize("mapped", [True, False])
@settings(max_examples=15, deadline=None)
@given(
    rows=st.lists(st.dictionaries(NAMES, VALUES, max_size=4), max_size=20),
    segment_bytes=st.sampled_from([512, 2048, 1 << 20]),
)
def test_rows_of_any_names_and_numbers_come_back_equal(
    tmp_path_factory: pytest.TempPathFactory, mapped: bool, rows: list[Row], segment_bytes: int
) -> None:
    directory = tmp_path_factory.mktemp("run")
    logged(directory, rows, segment_bytes=segment_bytes, mapped=mapped)
    store = Store(directory)
    store.absorb_all()
    store.close()
    for name in {name for row in rows for name in row}:
        given = [(step, float(row[name])) for step, row in enumerate(rows) if name in row]
        assert bits(stored(directory, name)) == bits(given)


def test_scalars_of_numpy_take_the_fast_way(tmp_path: Path) -> None:
    log = Journal(tmp_path / JOURNAL)
    kinds = (np.float16, np.float32, np.float64, np.int32, np.int64, np.uint8)
    row = {kind.__name__: kind(3) for kind in kinds} | {"count": np.int64(2**53)}
    assert JournalRecorder(log, Notices()).log_plain(row, 0)
    log.close()
    store = Store(tmp_path)
    store.absorb_all()
    store.close()
    assert {name: stored(tmp_path, name) for name in row} == {
        name: [(0, float(value))] for name, value in row.items()
    }


def test_the_names_of_a_loop_are_written_once_a_segment(tmp_path: Path) -> None:
    log = Journal(tmp_path)
    assert all(log.append_row(("loss", "acc"), step, (0.5, 1)) for step in range(100))
    kinds = [kind for kind, _, _ in read_frames(log.path, 0)]
    log.close()
    assert kinds == [SHAPE] + [ROW] * 100


def test_rows_are_read_though_their_names_were_read_by_an_earlier_process(tmp_path: Path) -> None:
    log = Journal(tmp_path / JOURNAL)
    for step in range(10):
        log.append_row(("loss",), step, (step / 2,))
        store = Store(tmp_path)
        store.absorb_all()
        store.close()
    log.close()
    assert stored(tmp_path, "loss") == [(step, step / 2) for step in range(10)]


def test_names_that_change_all_the_time_take_a_bounded_room_in_memory(tmp_path: Path) -> None:
    log = Journal(tmp_path / JOURNAL)
    count = MOST_SHAPES + 10
    assert all(log.append_row((f"m/{step}",), step, (step,)) for step in range(count))
    assert len(log._shapes) <= MOST_SHAPES
    log.close()
    store = Store(tmp_path)
    store.absorb_all()
    store.close()
    assert [stored(tmp_path, f"m/{step}") for step in range(count)] == [
        [(step, float(step))] for step in range(count)
    ]


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ({1: 0.5}, "a name that is no text"),
        ({"lone \ud800": 0.5}, "a name that UTF-8 cannot carry"),
        ({"loss": 10**400}, "a number that no float can hold"),
        ({"loss": True}, "a bool"),
    ],
)
def test_what_the_fast_way_cannot_take_it_leaves_to_the_other(
    tmp_path: Path, row: Row, why: str
) -> None:
    log = Journal(tmp_path)
    assert not JournalRecorder(log, Notices()).log_plain(row, 0), why
    assert [kind for kind, _, _ in read_frames(log.path, 0) if kind == ROW] == []
    log.close()


def test_a_forked_child_writes_the_names_into_its_own_segment(tmp_path: Path) -> None:
    log = Journal(tmp_path / JOURNAL)
    recorder = JournalRecorder(log, Notices())
    assert recorder.log_plain({"loss": 1.0}, 0)
    child = os.fork()
    if child == 0:
        recorder.after_fork()
        recorder.metrics({"loss": 2.0}, step=1, time_ms=1)  # gets a segment
        done = recorder.log_plain({"loss": 3.0}, 2)
        log.close()
        os._exit(not done)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    log.close()
    store = Store(tmp_path)
    store.absorb_all()
    store.close()
    assert sorted(stored(tmp_path, "loss")) == [(0, 1.0), (1, 2.0), (2, 3.0)]
