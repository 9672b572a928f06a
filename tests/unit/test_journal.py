"""The journal: whole frames in, whole frames out, whatever is torn."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pluto import segments
from pluto.held import HeldFrames
from pluto.journal import Journal
from pluto.segments import CONSOLE, END, METRICS, read_frames


def frames(directory: Path) -> list[tuple[int, bytes]]:
    """Return the frames of all segments, without the end marks."""
    found = []
    for path in sorted(directory.iterdir()):
        offset = 0
        while piece := list(read_frames(path, offset)):
            found += [(kind, body) for kind, body, _ in piece if kind != END]
            offset = piece[-1][2]
    return found


@pytest.mark.parametrize("mapped", [True, False])
def test_frames_come_back_in_order_while_the_journal_is_open(tmp_path: Path, mapped: bool) -> None:
    log = Journal(tmp_path / "j", mapped=mapped)
    log.append(METRICS, b"one")
    log.append(CONSOLE, b"")
    log.append(METRICS, b"three")
    found = frames(tmp_path / "j")
    log.close()
    # A frame of no bytes would read as the end: nobody writes one, and it must not hide others.
    assert found[0] == (METRICS, b"one")


@pytest.mark.parametrize("mapped", [True, False])
@given(bodies=st.lists(st.binary(min_size=1, max_size=300), max_size=60))
def test_any_bodies_survive_many_small_segments(
    tmp_path_factory: pytest.TempPathFactory, mapped: bool, bodies: list[bytes]
) -> None:
    directory = tmp_path_factory.mktemp("journal")
    log = Journal(directory, mapped=mapped, segment_bytes=1024)
    for body in bodies:
        log.append(METRICS, body)
        log.prepare()
    log.close()
    assert frames(directory) == [(METRICS, body) for body in bodies]


def test_a_frame_larger_than_a_segment_gets_one_of_its_own(tmp_path: Path) -> None:
    log = Journal(tmp_path / "j", segment_bytes=4096)
    log.append(METRICS, b"x" * 100_000)
    log.append(METRICS, b"y")
    log.close()
    assert [len(body) for _, body in frames(tmp_path / "j")] == [100_000, 1]


def test_a_segment_that_a_large_frame_passes_over_is_ended_too(tmp_path: Path) -> None:
    log = Journal(tmp_path / "j", segment_bytes=4096)
    log.prepare()
    log.append(METRICS, b"x" * 100_000)
    log.prepare()
    log.append(METRICS, b"y")
    log.close()
    assert all(segments.is_ended(path) for path in (tmp_path / "j").iterdir())
    assert [len(body) for _, body in frames(tmp_path / "j")] == [100_000, 1]


@pytest.mark.parametrize("cut", range(1, 25))
def test_a_torn_tail_hides_nothing_before_it(tmp_path: Path, cut: int) -> None:
    log = Journal(tmp_path / "j", mapped=False)
    for number in range(5):
        log.append(METRICS, b"row %d" % number)
    path = log.path
    os.truncate(path, path.stat().st_size - cut)
    found = [body for _, body, _ in read_frames(path, 0)]
    log.close()
    whole = 5 - -(-cut // (segments.HEADER.size + len(b"row 0")))
    assert found == [b"row %d" % number for number in range(whole)]


def test_a_damaged_byte_ends_the_frames_instead_of_passing_as_data(tmp_path: Path) -> None:
    log = Journal(tmp_path / "j", mapped=False)
    log.append(METRICS, b"good")
    log.append(METRICS, b"evil")
    content = bytearray(log.path.read_bytes())
    content[-1] ^= 1
    log.path.write_bytes(content)
    assert [body for _, body, _ in read_frames(log.path, 0)] == [b"good"]
    log.close()


def test_frames_that_a_full_disk_takes_half_are_held_and_written_in_order_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = Journal(tmp_path / "j", mapped=False)
    log.append(METRICS, b"before")
    real = os.write

    def half(descriptor: int, data: bytes) -> int:
        return real(descriptor, data[: len(data) // 2])

    monkeypatch.setattr(os, "write", half)
    log.append(METRICS, b"too much")
    assert [body for _, body in frames(tmp_path / "j")] == [b"before"]
    monkeypatch.undo()
    log.append(METRICS, b"after")
    log.close()
    assert [body for _, body in frames(tmp_path / "j")] == [b"before", b"too much", b"after"]
    assert log.lost == 0


def test_what_neither_disk_nor_memory_can_hold_is_counted_as_lost(tmp_path: Path) -> None:
    held, written = HeldFrames(limit=1000), list[bytes]()
    kept = [held.add(METRICS, b"%d" % number * 100) for number in range(10)]
    assert kept == [True] * 5 + [False] * 5
    assert held.write(lambda _, body: written.append(body))
    assert written == [b"%d" % number * 100 for number in range(5)]
    assert held.add(METRICS, b"again")


def test_a_forked_child_writes_to_a_segment_of_its_own(tmp_path: Path) -> None:
    log = Journal(tmp_path / "j")
    log.append(METRICS, b"parent")
    child = os.fork()
    if child == 0:
        try:
            log.after_fork()
            log.append(METRICS, b"child")
            log.close()
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    log.append(METRICS, b"parent again")
    log.close()
    assert sorted(body for _, body in frames(tmp_path / "j")) == [
        b"child",
        b"parent",
        b"parent again",
    ]


def test_appending_and_closing_while_another_thread_prepares_keep_order_and_end_every_segment(
    tmp_path: Path,
) -> None:
    for number in range(20):
        log = Journal(tmp_path / str(number), segment_bytes=4096)
        over = threading.Event()

        def prepare(log: Journal = log, over: threading.Event = over) -> None:
            while not over.is_set():
                log.prepare()

        with ThreadPoolExecutor() as threads:
            prepared = threads.submit(prepare)
            for row in range(200):
                log.append(METRICS, b"x" * 500 + b"%d" % row)
            log.close()
            over.set()
            prepared.result()
        found = [int(body.lstrip(b"x")) for _, body in frames(tmp_path / str(number))]
        assert found == list(range(200))
        assert all(segments.is_ended(path) for path in (tmp_path / str(number)).iterdir())
