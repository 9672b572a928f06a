"""A rewind hides what was written before it behind a step, wherever that lies by now."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pluto.storage import Batch, Compactor, Kind, MetricGroup, Record, Rewind, RunReader, RunWriter
from tests.tiny_sizes import TINY

EARLIER, MOMENT, LATER = 1_000, 5_000, 9_000


def rows(steps: range, time: int, value: float, name: str = "loss") -> MetricGroup:
    count = len(steps)
    times = np.full(count, time, np.int64)
    return MetricGroup((name,), np.array(steps), times, np.full((count, 1), value))


def histogram(step: int, time: int) -> Record:
    return Record(Kind.DATA, time, step, "weights", "HISTOGRAM", b"{}")


Read = Callable[[RunWriter], RunReader]


@pytest.fixture
def read() -> Iterator[Read]:
    """Give readers that are closed when the test ends."""
    with ExitStack() as opened:
        yield lambda writer: opened.enter_context(closing(RunReader(writer.directory)))


@pytest.fixture(params=["in tails", "compacted"])
def writer(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RunWriter]:
    made = RunWriter(tmp_path)
    made.append(Batch(groups=[rows(range(10_000), EARLIER, 1.0)], names={"weights": "HISTOGRAM"}))
    made.append(Batch(records=[histogram(10, EARLIER), histogram(9_000, EARLIER)]))
    if request.param == "compacted":
        Compactor(made, ended=True).run(60)
    yield made
    made.close()


def test_rows_behind_the_step_of_a_rewind_are_left_out_by_every_reader(
    writer: RunWriter, read: Read
) -> None:
    writer.rewind(Rewind(99, MOMENT))
    reader = read(writer)
    assert reader.points("loss").steps.tolist() == list(range(100))
    assert reader.points("loss", raw=True).steps.max() == 99
    assert reader.buckets("loss", None, None, 10).count.sum() == 100
    info = reader.name("loss")
    assert info is not None
    assert (info.count, info.last_step) == (100, 99)
    assert [record.step for record in reader.records(Kind.DATA)] == [10]
    assert reader.count(Kind.DATA) == reader.count(Kind.DATA, "weights") == 1
    weights = reader.name("weights")
    assert weights is not None
    assert (weights.count, weights.last_step) == (1, 10)


def test_what_is_written_after_a_rewind_counts_at_any_step(writer: RunWriter, read: Read) -> None:
    writer.rewind(Rewind(99, MOMENT))
    writer.append(Batch(groups=[rows(range(100, 5_000), LATER, 2.0)]))
    writer.append(Batch(records=[histogram(200, LATER)]))
    Compactor(writer, ended=True).run(60)
    reader = read(writer)
    points = reader.points("loss")
    assert points.steps.tolist() == list(range(5_000))
    assert points.values[:100].mean() == 1
    assert points.values[100:].mean() == 2
    info = reader.name("loss")
    assert info is not None
    assert (info.count, info.last, info.max_step) == (5_000, 2.0, 100)
    assert [record.step for record in reader.records(Kind.DATA)] == [10, 200]
    assert reader.buckets("loss", None, None, 20).count.sum() == 5_000


def test_rows_of_before_that_arrive_after_the_rewind_are_hidden_too(
    writer: RunWriter, read: Read
) -> None:
    writer.rewind(Rewind(99, MOMENT))
    writer.append(Batch(groups=[rows(range(10_000, 20_000), EARLIER, 7.0)]))
    writer.append(Batch(records=[histogram(500, EARLIER)]))
    reader = read(writer)
    before = reader.name("loss")
    Compactor(writer, ended=True).run(60)
    for info in (before, reader.name("loss")):
        assert info is not None
        assert (info.count, info.last_step, info.max) == (100, 99, 1.0)
    assert reader.count(Kind.DATA) == 1
    assert reader.buckets("loss", None, None, 10).count.sum() == 100


def test_samples_of_the_machine_are_spared(writer: RunWriter, read: Read) -> None:
    writer.append(Batch(system=[rows(range(1_000), EARLIER, 3.0, "sys/cpu")]))
    writer.rewind(Rewind(99, MOMENT))
    info = read(writer).name("sys/cpu")
    assert info is not None
    assert info.count == 1_000


def test_a_rewind_that_is_known_is_not_taken_twice(writer: RunWriter, read: Read) -> None:
    writer.rewind(Rewind(99, MOMENT))
    version = read(writer).version()
    writer.rewind(Rewind(99, MOMENT))
    reader = read(writer)
    assert reader.version() == version
    assert len(reader.facts()["rewinds"]) == 1


def test_several_rewinds_add_up_also_for_a_writer_that_opens_the_run_again(
    writer: RunWriter, read: Read
) -> None:
    writer.rewind(Rewind(5_000, MOMENT))
    writer.append(Batch(groups=[rows(range(5_001, 6_000), MOMENT, 2.0)]))
    writer.close()
    again = RunWriter(writer.directory)
    again.rewind(Rewind(5_499, LATER))
    again.append(Batch(groups=[rows(range(9_000, 9_100), EARLIER, 7.0)]))
    info = read(writer).name("loss")
    assert info is not None
    assert (info.count, info.last_step, info.last) == (5_500, 5_499, 2.0)
    again.close()


def test_a_metric_that_was_only_logged_behind_the_step_has_no_points(
    writer: RunWriter, read: Read
) -> None:
    writer.append(Batch(groups=[rows(range(200, 300), EARLIER, 3.0, "late")]))
    writer.rewind(Rewind(99, MOMENT))
    reader = read(writer)
    info = reader.name("late")
    assert info is not None
    assert (info.count, info.last_step, info.last) == (0, None, None)
    assert len(reader.points("late").steps) == 0
    assert len(reader.buckets("late", None, None, 10).x) == 0


points = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 40)), min_size=1, max_size=40)
rewinds = st.builds(Rewind, st.integers(0, 30), st.integers(0, 40))
operations = st.lists(st.one_of(points, rewinds, st.sampled_from(["piece", "end"])), max_size=12)


@given(operations=operations)
def test_any_order_of_rows_rewinds_and_compaction_reads_as_the_rule_says(
    tmp_path_factory: pytest.TempPathFactory, operations: list[object]
) -> None:
    writer = RunWriter(tmp_path_factory.mktemp("run"))
    written: list[tuple[int, int]] = []
    known: list[Rewind] = []
    for operation in operations:
        if isinstance(operation, Rewind):
            writer.rewind(operation)
            known.append(operation)
        elif isinstance(operation, list):
            steps, times = (np.array(column, np.int64) for column in zip(*operation, strict=True))
            group = MetricGroup(("loss",), steps, times, times[:, None].astype(np.float64))
            writer.append(Batch(groups=[group]))
            written += operation
        else:
            Compactor(writer, ended=operation == "end", sizes=TINY).run(60)
    counting = [
        (step, time)
        for step, time in written
        if not any(step > each.step and time < each.time for each in known)
    ]
    expected = {step: max(t for s, t in counting if s == step) for step, _ in counting}
    reader = RunReader(writer.directory)
    found = reader.points("loss")
    assert dict(zip(found.steps.tolist(), found.times.tolist(), strict=True)) == expected
    assert len(reader.points("loss", raw=True).steps) == len(counting)
    assert reader.buckets("loss", None, None, 5).count.sum() == len(expected)
    info = reader.name("loss")
    if written:
        assert info is not None
        assert info.count == len(expected)
        assert info.last_step == max(expected, default=None)
        assert info.max == max(expected.values(), default=None)
    reader.close()
    writer.close()
