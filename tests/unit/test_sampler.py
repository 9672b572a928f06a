"""The sampler: its names, its steps, and that nothing stops it."""

import logging
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from pluto.errors import RetryLater
from pluto.launcher import rank_of
from pluto.probes import PROBES, OpenProbe, Unavailable
from pluto.sampler import Sampler, Sampling, lane_of


class Recorded:
    """A recorder that keeps the samples."""

    def __init__(self) -> None:
        self.samples: list[tuple[int, dict[str, float]]] = []
        self.facts: list[tuple[str, object]] = []
        self.two = threading.Event()

    def metrics(
        self, data: Mapping[str, float], *, step: int, time_ms: int, system: bool = False
    ) -> None:
        assert system
        assert abs(time_ms / 1000 - time.time()) < 60
        self.samples.append((step, dict(data)))
        if len(self.samples) == 2:
            self.two.set()

    def console(self, text: str, *, error: bool, time_ms: int) -> None: ...
    def data(self, name: str, type: str, body: str, *, step: int, time_ms: int) -> None: ...  # noqa: A002
    def file(
        self,
        name: str,
        type: str,  # noqa: A002
        staged: Mapping[str, object],
        *,
        step: int,
        time_ms: int,
        index: int,
    ) -> None: ...

    def fact(self, name: str, value: object) -> None:
        self.facts.append((name, value))


@pytest.fixture
def recorded() -> Recorded:
    return Recorded()


def sampling(directory: Path, **changes: object) -> Sampling:
    return Sampling(**{"directory": directory, "interval": 0.05, **changes})  # type: ignore[arg-type]


def broken(_directory: Path) -> object:
    def sample() -> dict[str, float]:
        raise OSError("the driver is gone")

    return sample


def no_device(_directory: Path) -> object:
    raise Unavailable("no such device")


def bad_driver(_directory: Path) -> object:
    raise ZeroDivisionError


def one(_directory: Path) -> object:
    return lambda: {"one": 1.0}


def test_real_probes_give_the_documented_names_from_the_first_sample(
    recorded: Recorded, tmp_path: Path
) -> None:
    sampler = Sampler(recorded, sampling(tmp_path))
    sampler.start()
    busy_until = time.monotonic() + 0.2
    while time.monotonic() < busy_until:
        sum(range(1000))
    assert recorded.two.wait(30)
    assert sampler.stop(time.monotonic() + 10)
    assert [step for step, _ in recorded.samples[:2]] == [1, 2]
    first = recorded.samples[0][1]
    assert {
        "sys/cpu.percentage.0",
        "sys/memory.used",
        "sys/disk.used",
        "sys/network.bytes_sent",
        "sys/network.bytes_sent.rate",
        "sys/network.bytes_recv",
        "sys/network.bytes_recv.rate",
        "sys/process.cpu.percentage",
        "sys/process.memory.rss",
    } <= first.keys()
    loads = [value for name, value in first.items() if name.startswith("sys/cpu.percentage.")]
    assert max(loads) > 0
    assert all(0 <= load <= 100 for load in loads)


def test_a_resumed_run_goes_on_with_the_next_step(recorded: Recorded, tmp_path: Path) -> None:
    sampler = Sampler(recorded, sampling(tmp_path, first_step=41, probes={"one": one}))
    sampler.step()
    sampler.step()
    sampler.step()
    assert recorded.samples == [(41, {"sys/one": 1.0}), (42, {"sys/one": 1.0})]
    assert sampler.next_step == 43


def test_label_and_lane_stand_before_every_name(recorded: Recorded, tmp_path: Path) -> None:
    sampler = Sampler(
        recorded, sampling(tmp_path, label="host", lane="node1.", probes={"one": one})
    )
    sampler.step()
    sampler.step()
    assert recorded.samples == [(1, {"host/node1.one": 1.0})]


def test_a_broken_probe_is_warned_about_once_and_stops_neither_probes_nor_heartbeat(
    recorded: Recorded, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    beats: list[int] = []
    probes: dict[str, OpenProbe] = {
        "broken": broken,  # type: ignore[dict-item]
        "absent": no_device,  # type: ignore[dict-item]
        "bad": bad_driver,  # type: ignore[dict-item]
        "one": one,  # type: ignore[dict-item]
    }
    sampler = Sampler(
        recorded, sampling(tmp_path, probes=probes), heartbeat=lambda: beats.append(1)
    )
    with caplog.at_level(logging.WARNING, "pluto"):
        for _ in range(4):
            sampler.step()
    assert len(beats) == 4
    assert recorded.samples == [(step, {"sys/one": 1.0}) for step in (1, 2, 3)]
    assert sorted(caplog.messages) == [
        "broken metrics fail: OSError: the driver is gone",
        "no bad metrics: ZeroDivisionError: ",
    ]


def test_a_probe_that_recovers_is_recorded_again(recorded: Recorded, tmp_path: Path) -> None:
    answers: Iterator[object] = iter([1.0, None, 3.0])

    def flaky(_directory: Path) -> object:
        def sample() -> dict[str, float]:
            answer = next(answers)
            if answer is None:
                raise OSError("not now")
            return {"flaky": answer}  # type: ignore[dict-item]

        return sample

    sampler = Sampler(recorded, sampling(tmp_path, probes={"flaky": flaky}))
    for _ in range(4):
        sampler.step()
    assert [data["sys/flaky"] for _, data in recorded.samples] == [1.0, 3.0]


def test_heartbeats_that_fail_become_rarer_but_sampling_does_not(
    recorded: Recorded, tmp_path: Path
) -> None:
    beats: list[float] = []

    def unreachable() -> str | None:
        beats.append(time.monotonic())
        raise RetryLater("connection refused")

    sampler = Sampler(
        recorded, sampling(tmp_path, interval=0.5, probes={"one": one}), heartbeat=unreachable
    )
    for _ in range(5):
        sampler.step()
    assert len(beats) == 1
    assert len(recorded.samples) == 4


def test_a_cancelled_run_is_told_once(recorded: Recorded, tmp_path: Path) -> None:
    cancels: list[str] = []
    sampler = Sampler(
        recorded,
        sampling(tmp_path, probes={}),
        heartbeat=lambda: "CANCELLED",
        on_cancel=lambda: cancels.append("cancel"),
    )
    for _ in range(3):
        sampler.step()
    assert cancels == ["cancel"]
    assert recorded.samples == []


def test_a_run_that_is_going_on_is_not_cancelled(recorded: Recorded, tmp_path: Path) -> None:
    cancels: list[str] = []
    sampler = Sampler(
        recorded,
        sampling(tmp_path, probes={}),
        heartbeat=lambda: "RUNNING",
        on_cancel=lambda: cancels.append("cancel"),
    )
    sampler.step()
    sampler.step()
    assert cancels == []


@pytest.mark.parametrize(
    ("known", "said"),
    [
        ("COMPLETED", [("status", {"status": "RUNNING", "statusMetadata": None})]),
        ("FAILED", []),
        ("TERMINATED", []),
        ("RUNNING", []),
    ],
)
def test_a_run_that_another_machine_completed_goes_on_while_this_one_lives(
    known: str, said: list[object], recorded: Recorded, tmp_path: Path
) -> None:
    Sampler(recorded, sampling(tmp_path, probes={}), heartbeat=lambda: known).step()
    assert recorded.facts == said


@pytest.mark.parametrize(
    ("environ", "lane", "whole_node"),
    [
        ({}, "", True),
        ({"RANK": "0", "LOCAL_RANK": "0", "GROUP_RANK": "0"}, "", True),
        ({"RANK": "3", "LOCAL_RANK": "3", "GROUP_RANK": "0"}, "rank3.", False),
        ({"RANK": "8", "LOCAL_RANK": "0", "GROUP_RANK": "1"}, "node1.", True),
        ({"RANK": "5"}, "rank5.", False),
        ({"SLURM_PROCID": "4", "SLURM_LOCALID": "0", "SLURM_NODEID": "2"}, "node2.", True),
        ({"SLURM_PROCID": "5", "SLURM_LOCALID": "1", "SLURM_NODEID": "2"}, "rank5.", False),
        ({"RANK": "2", "LOCAL_RANK": "0", "NODE_RANK": "1"}, "node1.", True),
        ({"OMPI_COMM_WORLD_RANK": "1", "OMPI_COMM_WORLD_LOCAL_RANK": "1"}, "rank1.", False),
    ],
)
def test_one_process_of_each_node_samples_the_node(
    environ: dict[str, str], lane: str, whole_node: bool
) -> None:
    found, probes = lane_of(environ)
    assert found == lane
    assert (probes is PROBES) == whole_node
    assert "process" in probes


@pytest.mark.parametrize(
    ("environ", "rank"),
    [
        ({}, None),
        ({"RANK": "3"}, "3"),
        ({"SLURM_PROCID": "0", "SLURM_STEP_NUM_TASKS": "1"}, None),
        ({"SLURM_PROCID": "2", "SLURM_STEP_NUM_TASKS": "4"}, "2"),
        ({"OMPI_COMM_WORLD_RANK": "1"}, "1"),
    ],
)
def test_lines_are_marked_by_the_rank_that_the_launcher_tells(
    environ: dict[str, str], rank: str | None
) -> None:
    assert rank_of(environ) == rank
