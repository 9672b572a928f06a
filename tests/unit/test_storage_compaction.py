"""Compaction: a run that is compacted reads as one that never was, bit for bit."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, astuple
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pluto.errors import StorageError
from pluto.record import Stream
from pluto.storage import Batch, Compactor, MetricGroup, Outbox, RunReader, RunWriter
from pluto.storage.sizes import COARSE
from tests.tiny_sizes import TINY

SHAPES = (("a",), ("a", "b"), ("b", "a", "c"), ("c",))
WINDOWS = ((None, None), (3, 17), (10, None), (None, 0))

values = st.floats(-1e6, 1e6) | st.sampled_from([math.nan, math.inf, -math.inf, -0.0])
rows = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 40), values), min_size=1, max_size=40)
appends = st.tuples(st.sampled_from(SHAPES), rows, st.booleans())
operations = st.lists(
    st.one_of(appends, st.sampled_from(["compact", "piece", "end", "reopen"])), max_size=14
)


def group(names: tuple[str, ...], of: list[tuple[int, int, float]]) -> MetricGroup:
    steps, times, values = (list(column) for column in zip(*of, strict=True))
    factors = np.arange(1, len(names) + 1)
    columns = np.array(values, np.float64)[:, None] * factors
    return MetricGroup(names, np.array(steps, np.int64), np.array(times, np.int64), columns)


@contextmanager
def reading(directory: Path) -> Iterator[RunReader]:
    reader = RunReader(directory)
    try:
        yield reader
    finally:
        reader.close()


@given(operations=operations)
def test_a_compacted_run_reads_and_sends_as_its_uncompacted_twin(
    tmp_path_factory: pytest.TempPathFactory, operations: list[object]
) -> None:
    root = tmp_path_factory.mktemp("runs")
    plain, compacted = RunWriter(root / "plain"), RunWriter(root / "compacted")
    with reading(root / "compacted") as live:
        for operation in operations:
            if isinstance(operation, tuple):
                names, of, system = operation
                groups = [group(names, of)]
                batch = Batch(system=groups) if system else Batch(groups=groups)
                plain.append(batch)
                compacted.append(batch)
            elif operation == "reopen":
                compacted.close()
                compacted = RunWriter(root / "compacted")
            elif operation == "piece":
                Compactor(compacted, sizes=TINY).step()
            else:
                Compactor(compacted, ended=operation == "end", sizes=TINY).run(10)
            with reading(root / "plain") as truth:
                assert_same(truth, live)
        Compactor(compacted, ended=True, sizes=TINY).run(10)
        with reading(root / "plain") as truth:
            assert_same(truth, live)
    for stream in ("metrics", "system"):
        assert sent(compacted, stream) == sent(plain, stream)
        assert Outbox(compacted, "").count(stream) == Outbox(plain, "").count(stream)
    plain.close()
    compacted.close()


def assert_same(truth: RunReader, found: RunReader) -> None:
    for wanted, info in zip(truth.names(), found.names(), strict=True):
        one, other = asdict(wanted), asdict(info)
        for name in ("mean", "std"):
            assert_close(one.pop(name), other.pop(name))
        for each in (one, other):
            each["last"] = str(each["last"]) if each["last"] else 0.0  # NaN equals nothing
        assert one == other
        for raw in (False, True):
            for lo, hi in WINDOWS:
                points = truth.points(wanted.name, lo, hi, raw=raw)
                same = found.points(wanted.name, lo, hi, raw=raw)
                assert [each.tobytes() for each in points] == [each.tobytes() for each in same]
        assert_buckets_hold(truth, found, wanted.name)
        assert_a_picture_leaves_nothing_out(truth, found, wanted.name)
    assert_buckets_are_the_same_read_together(found)


def assert_buckets_are_the_same_read_together(reader: RunReader) -> None:
    names = [info.name for info in reader.names()]
    for lo, hi in WINDOWS:
        *together, nothing = reader.buckets_of([*names, "never logged"], lo, hi, 3)
        assert nothing is None
        for name, buckets in zip(names, together, strict=True):
            assert buckets is not None
            alone = reader.buckets(name, lo, hi, 3)
            for one, other in zip(astuple(buckets), astuple(alone), strict=True):
                assert one.tobytes() == other.tobytes()


def assert_a_picture_leaves_nothing_out(truth: RunReader, found: RunReader, name: str) -> None:
    for lo, hi in WINDOWS:
        points = truth.points(name, lo, hi)
        (thin,) = found.buckets_of([name], lo, hi, 3, exact=False)
        assert thin is not None
        assert thin.count.sum() >= len(points.steps)
        if not len(points.steps):
            continue
        from_there = truth.points(name, int(thin.x[0]))
        with_them = from_there.values[: thin.count.sum()]  # so no step is counted twice
        finite = with_them[np.isfinite(with_them)]
        if len(finite):
            assert np.nanmin(thin.min) == finite.min()
            assert np.nanmax(thin.max) == finite.max()


def assert_close(one: float | None, other: float | None) -> None:
    if one is None or other is None:
        assert one is other
    else:
        assert other == pytest.approx(one, rel=1e-6, abs=1e-3)


def assert_buckets_hold(truth: RunReader, found: RunReader, name: str) -> None:
    for lo, hi in WINDOWS:
        points = truth.points(name, lo, hi)
        finite = points.values[np.isfinite(points.values)]
        for count in (1, 3):
            thin = found.buckets(name, lo, hi, count)
            assert len(thin.x) <= count
            assert thin.count.sum() == len(points.steps)
            assert (thin.x[:1] == points.steps[:1]).all()
            if len(finite):
                assert np.nanmin(thin.min) == finite.min()
                assert np.nanmax(thin.max) == finite.max()
            flags = int(np.bitwise_or.reduce(thin.flags)) if len(thin.x) else 0
            assert flags == sum(
                bit * bool(test(points.values).any())
                for bit, test in ((1, np.isnan), (2, np.isposinf), (4, np.isneginf))
            )


def sent(writer: RunWriter, stream: Stream) -> list[bytes]:
    outbox, lines = Outbox(writer, "somewhere"), list[bytes]()
    while True:
        first, some = outbox.pending(stream, 7)
        assert first == len(lines)
        if not some:
            return lines
        lines += some
        outbox.accept(stream, first + len(some))


def long_run(directory: Path, count: int = 200_000, seed: int = 0) -> np.ndarray:
    values = np.random.default_rng(seed).normal(size=count)
    writer = RunWriter(directory)
    for start in range(0, count, 10_000):
        steps = np.arange(start, start + 10_000)
        writer.append(
            Batch(
                groups=[MetricGroup(("loss",), steps, 7 * steps, values[steps][:, None])],
            )
        )
    Compactor(writer, ended=True).run(60)
    writer.close()
    return values


def test_buckets_from_a_rollup_are_those_of_the_points(tmp_path: Path) -> None:
    values = long_run(tmp_path)
    with reading(tmp_path) as reader:
        for thin in (reader.buckets("loss", None, None, 100), reader.buckets("loss", 0, None, 100)):
            assert len(thin.x) == 100
            assert np.abs(np.diff(thin.x) - 2000).max() <= 64 * COARSE
            for start, end, low, high, mean in zip(
                thin.x, [*thin.x[1:], len(values)], thin.min, thin.max, thin.mean, strict=True
            ):
                assert (low, high) == (values[start:end].min(), values[start:end].max())
                assert mean == pytest.approx(values[start:end].mean())


def test_a_zoom_begins_and_ends_at_the_very_point_that_was_asked_for(tmp_path: Path) -> None:
    values = long_run(tmp_path)
    with reading(tmp_path) as reader:
        for x, unit in (("step", 1), ("time", 7)):
            thin = reader.buckets("loss", 1001 * unit, 150_003 * unit, 50, x)  # type: ignore[arg-type]
            assert thin.x[0] == 1001 * unit
            assert thin.count.sum() == 150_003 - 1001 + 1
            assert thin.min.min() == values[1001:150_004].min()
            few = reader.buckets("loss", 77_000 * unit, 77_009 * unit, 50, x)  # type: ignore[arg-type]
            assert few.min.tobytes() == values[77_000:77_010].tobytes()


def test_a_zoomed_picture_reaches_beyond_its_ends_by_less_than_a_bucket(tmp_path: Path) -> None:
    values = long_run(tmp_path)
    with reading(tmp_path) as reader:
        for x, unit in (("step", 1), ("time", 7)):
            for width, count in ((150_000, 50), (150_000, 600), (25_000, 300)):
                lo, hi = 1001, 1001 + width
                (thin,) = reader.buckets_of(
                    ["loss"],
                    lo * unit,
                    hi * unit,
                    count,
                    x,  # type: ignore[arg-type]
                    exact=False,
                )
                assert thin is not None
                assert count * 0.9 <= len(thin.x) <= count
                first = thin.x[0] // unit
                end = first + thin.count.sum()
                assert lo - width / count <= first <= lo
                assert hi < end <= hi + width / count
                assert thin.min.min() == values[first:end].min()
                assert thin.max.max() == values[first:end].max()


def test_a_clock_that_went_back_hides_no_point_of_a_chart_over_time(tmp_path: Path) -> None:
    steps = np.arange(20_000)
    times = np.where(steps < 10_000, 2 * steps, 2 * steps - 9000)
    writer = RunWriter(tmp_path)
    values = steps.astype(float)[:, None]
    writer.append(Batch(groups=[MetricGroup(("loss",), steps, times, values)]))
    Compactor(writer, ended=True).run(60)
    with reading(tmp_path) as reader:
        for lo, hi in ((None, None), (12_000, 18_000)):
            inside = (times >= (lo or 0)) & (times <= (hi or 10**9))
            thin = reader.buckets("loss", lo, hi, 10, "time")
            assert thin.count.sum() == inside.sum()
            assert (thin.min.min(), thin.max.max()) == (values[inside].min(), values[inside].max())
    writer.close()


def test_a_step_that_is_written_again_replaces_the_old_point_in_rollup_and_summary(
    tmp_path: Path,
) -> None:
    long_run(tmp_path, 100_000)
    writer = RunWriter(tmp_path)
    again = np.arange(50_000, 60_000)
    values = np.full((10_000, 1), 9.0)
    group = MetricGroup(("loss",), again, 7 * again + 10**9, values)
    writer.append(Batch(groups=[group]))
    with reading(tmp_path) as reader:
        for _ in ("still in tails", "compacted"):
            thin = reader.buckets("loss", 50_000, 59_999, 1)
            assert (thin.min[0], thin.max[0], thin.count[0]) == (9.0, 9.0, 10_000)
            whole = reader.buckets("loss", None, None, 10)
            assert whole.count.sum() == 100_000
            assert whole.max.max() == 9.0
            info = reader.name("loss")
            assert info is not None
            assert (info.count, info.max, info.max_step) == (100_000, 9.0, 50_000)
            points = reader.points("loss")
            assert info.mean == pytest.approx(points.values.mean())
            assert info.std == pytest.approx(points.values.std())
            Compactor(writer, ended=True).run(60)
    writer.close()


def test_summaries_of_rewritten_steps_are_kept_once_a_run_is_compacted(tmp_path: Path) -> None:
    writer = RunWriter(tmp_path)
    for _ in range(2):
        of = [(step, 1, 1.0) for step in range(200)]
        writer.append(Batch(groups=[group(("loss",), of)]))
    dirty = "SELECT sum(dirty) FROM name"
    with writer.transaction() as connection:
        assert connection.execute(dirty).fetchone() == (1,)
    Compactor(writer, ended=True).run(60)
    with writer.transaction() as connection:
        assert connection.execute(dirty).fetchone() == (0,)
    writer.append(Batch(groups=[group(("loss",), [(200, 1, 3.0)])]))
    with reading(tmp_path) as reader:
        info = reader.name("loss")
    assert info is not None
    assert (info.count, info.last) == (201, 3.0)
    assert info.mean == pytest.approx(203 / 201)
    writer.close()


def test_rows_that_come_after_the_end_join_the_last_small_part(tmp_path: Path) -> None:
    writer = RunWriter(tmp_path)
    for start in range(0, 64, 4):
        writer.append(Batch(groups=[group(("a",), [(start + i, 1, 0.5) for i in range(4)])]))
        Compactor(writer, ended=True, sizes=TINY).run(60)
    with writer.transaction() as connection:
        (parts,) = connection.execute("SELECT count(*) FROM part").fetchone()
    assert parts <= 64 // TINY.part_rows
    with reading(tmp_path) as reader:
        assert reader.points("a").steps.tolist() == list(range(64))
    writer.close()


def test_compaction_takes_at_most_eight_bytes_a_point(tmp_path: Path) -> None:
    values = np.random.default_rng(0).normal(size=(20_000, 10))
    values[:, :7] = values[:, :7].astype(np.float32)  # what tensors log; the rest is double
    steps = np.arange(len(values))
    times = 1_700_000_000_000 + np.cumsum(np.random.default_rng(1).integers(0, 9, len(steps)))
    names = tuple(f"metric/{number}" for number in range(10))
    writer = RunWriter(tmp_path)
    for start in range(0, len(steps), 500):
        part = slice(start, start + 500)
        writer.append(Batch(groups=[MetricGroup(names, steps[part], times[part], values[part])]))
    before = sum(path.stat().st_size for path in tmp_path.iterdir())
    Compactor(writer, ended=True).run(60)
    after = sum(path.stat().st_size for path in tmp_path.iterdir())
    writer.close()
    assert after <= 8 * values.size < before


def test_a_tail_that_grows_while_its_neighbours_are_compacted_loses_nothing(
    tmp_path: Path,
) -> None:
    writer = RunWriter(tmp_path)
    compactor = Compactor(writer, sizes=TINY)
    total = 0
    for size in (3, 30, 1, 700, 2, 2):
        of = [(total + i, 1, float(total + i)) for i in range(size)]
        writer.append(Batch(groups=[group(("a",), of)]))
        total += size
        compactor.step()
    with reading(tmp_path) as reader:
        assert reader.points("a", raw=True).values.tolist() == list(map(float, range(total)))
    writer.close()


def test_a_compaction_that_fails_anywhere_has_changed_nothing(tmp_path: Path) -> None:
    writer = RunWriter(tmp_path)
    for start in range(0, 96, 8):
        writer.append(Batch(groups=[group(("a", "b"), [(start + i, 1, 1.5) for i in range(8)])]))
    with reading(tmp_path) as reader:
        before = [column.tobytes() for column in reader.points("b", raw=True)]
        for event, table in (
            ("DELETE", "tail"),
            ("INSERT", "part"),
            ("INSERT", "chunk"),
            ("UPDATE", "name"),
        ):
            with (
                failing_at(writer, event, table),
                pytest.raises(StorageError, match="broken off"),
            ):
                Compactor(writer, ended=True, sizes=TINY).run(60)
            assert [column.tobytes() for column in reader.points("b", raw=True)] == before
        Compactor(writer, ended=True, sizes=TINY).run(60)
        assert [column.tobytes() for column in reader.points("b", raw=True)] == before
    writer.close()


@contextmanager
def failing_at(writer: RunWriter, event: str, table: str) -> Iterator[None]:
    """Break off any transaction that reaches an event on a table, from within SQLite."""
    with writer.transaction() as connection:
        connection.execute(
            f"CREATE TEMP TRIGGER broken BEFORE {event} ON main.{table}"
            " BEGIN SELECT RAISE(ABORT, 'broken off'); END"
        )
    try:
        yield
    finally:
        with writer.transaction() as connection:
            connection.execute("DROP TRIGGER broken")


def test_the_rest_that_a_short_run_keeps_in_tails_is_small(tmp_path: Path) -> None:
    writer = RunWriter(tmp_path)
    writer.append(Batch(groups=[group(("a",), [(1, 1, 0.5)])]))
    assert Compactor(writer, ended=True).run(10)
    with writer.transaction() as connection:
        assert connection.execute("SELECT count(*) FROM tail").fetchone() == (1,)
    writer.close()


@pytest.mark.parametrize("table", ["tail", "chunk", "rollup"])
def test_damaged_points_are_a_storage_error_that_names_the_run(tmp_path: Path, table: str) -> None:
    long_run(tmp_path, 20_000)
    writer = RunWriter(tmp_path)
    writer.append(
        Batch(groups=[group(("loss",), [(step, 1, 0.5) for step in range(20_000, 26_000)])])
    )
    column = "fine" if table == "rollup" else "block"
    with writer.transaction() as connection:
        connection.execute(f"UPDATE {table} SET {column} = substr({column}, 1, 40)")
    with reading(tmp_path) as reader:
        read = partial(reader.buckets, count=10) if table == "rollup" else reader.points
        with pytest.raises(StorageError, match=str(tmp_path)):
            read("loss", None, None)
    if table == "tail":
        with pytest.raises(StorageError, match=str(tmp_path)):
            Compactor(writer, ended=True, sizes=TINY).run(60)
    writer.close()
