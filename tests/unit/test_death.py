"""What is concluded about a process that ended without a word."""

from pathlib import Path
from typing import Any

import pytest

from pluto.crash import read_crash
from pluto.death import circumstances, judge_death
from pluto.storage import Batch, Kind, Record, RunWriter

BEGUN = 1_700_000_000_000


def stop(directory: Path, **facts: Any) -> dict[str, Any]:
    """Write a run that stopped 5 s after its begin, and return what is concluded."""
    writer = RunWriter(directory)
    lines = [
        Record(Kind.CONSOLE, BEGUN + number * 1000, number, "", "INFO", b"line %d" % number)
        for number in range(6)
    ]
    known = {"created_at": BEGUN, **circumstances(), **facts}
    writer.append(Batch(records=lines, facts=known))
    writer.close()
    seen, metadata = judge_death(directory, 7)
    assert seen == BEGUN + 5000
    return metadata


def test_without_evidence_the_reason_is_open_and_the_last_signs_are_told(tmp_path: Path) -> None:
    metadata = stop(tmp_path / "run")
    assert "ended without a word" in metadata["reason"]
    assert metadata["lastSign"] == "2023-11-14T22:13:25+00:00"
    assert metadata["lastLines"] == [f"line {number}" for number in range(1, 6)]


def test_another_boot_of_the_same_machine_is_a_restart(tmp_path: Path) -> None:
    metadata = stop(tmp_path / "run", boot="an earlier one")
    assert metadata["reason"] == "the machine was restarted or lost power"


def test_a_counter_of_kills_that_grew_is_want_of_memory(tmp_path: Path) -> None:
    counter = tmp_path / "memory.events"
    counter.write_text("low 0\noom 2\noom_kill 3\n")
    oom = {"counter": str(counter), "kills": 2}
    assert "out of memory" in stop(tmp_path / "run", oom=oom)["reason"]


@pytest.mark.parametrize("kills", [3, None])
def test_a_counter_that_stayed_or_is_gone_proves_nothing(tmp_path: Path, kills: int | None) -> None:
    counter = tmp_path / "memory.events"
    if kills is not None:
        counter.write_text(f"oom_kill {kills}\n")
    metadata = stop(tmp_path / "run", oom={"counter": str(counter), "kills": 3})
    assert "ended without a word" in metadata["reason"]


def test_from_another_machine_nothing_is_concluded_about_boot_and_memory(tmp_path: Path) -> None:
    metadata = stop(tmp_path / "run", host="elsewhere", boot="another one")
    assert "ended without a word" in metadata["reason"]
    assert metadata["host"] == "elsewhere"


def test_the_trace_of_a_crash_is_the_reason(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    trace = "Fatal Python error: Bus error\n\nCurrent thread 0x1 (most recent call first):\n"
    (tmp_path / "run" / "crash-7.txt").write_text(trace)
    metadata = stop(tmp_path / "run")
    assert metadata["reason"] == "the process crashed: Bus error"
    assert metadata["trace"] == trace


def test_an_empty_trace_is_none(tmp_path: Path) -> None:
    (tmp_path / "crash-7.txt").touch()
    assert read_crash(tmp_path, 7) is None
    assert read_crash(tmp_path, 8) is None
