"""Metrics: what every storage engine answers, whatever was written in which order."""

import math

import numpy as np
import pytest

from pluto.server.backend import Backend
from pluto.storage import Batch, MetricGroup
from tests.conformance.engines import (
    assert_buckets_hold,
    bits,
    compact_whole,
    datum,
    group,
    line,
    log,
    new_run,
    own,
    write,
)


def broken_batch() -> Batch:
    """A batch whose last group cannot be stored: its values do not fit its names."""
    good = group(["loss"], [1], [1.0])
    bad = MetricGroup(("loss", "acc"), good.steps, good.times, good.values)
    return Batch(groups=[good, bad], records=[line(1)], facts={"notes": "half"})


def test_a_batch_that_fails_leaves_nothing_behind(engine: Backend) -> None:
    row = new_run(engine)
    before = engine.version(row)
    with pytest.raises((ValueError, IndexError)), engine.write(row) as writer:
        writer.append(broken_batch())
    reader = engine.reader(row)
    assert (reader.names(), reader.facts()["notes"], engine.version(row)) == ([], None, before)
    log(engine, row, group(["loss"], [7], [0.5]))
    assert reader.points("loss").steps.tolist() == [7]


def test_rows_that_a_client_sends_again_are_stored_once(engine: Backend) -> None:
    row = new_run(engine)
    first = Batch(groups=[group(["loss"], [1, 2], [2.0, 1.0])], received=("writer", "metrics", 2))
    second = Batch(groups=[group(["loss"], [3], [0.5])], received=("writer", "metrics", 3))
    write(engine, row, first, first, second, first)
    with engine.write(row) as writer:
        known = [writer.received("writer", each) for each in ("metrics", "logs")]
    assert known == [3, 0]
    assert engine.reader(row).points("loss", raw=True).steps.tolist() == [1, 2, 3]


def test_of_a_step_that_is_written_again_the_latest_time_counts_and_then_the_last_row(
    engine: Backend,
) -> None:
    row = new_run(engine)
    log(
        engine,
        row,
        group(["loss"], [5, 3, 3], [5.0, 3.0, 3.5], [10, 10, 10]),
        group(["loss"], [5, 1], [9.0, 1.0], [9, 9]),
        group(["loss"], [5], [6.0], [11]),
    )
    for _ in ("as written", "compacted"):
        reader = engine.reader(row)
        points = reader.points("loss")
        assert points.steps.tolist() == [1, 3, 5]
        assert points.values.tolist() == [1.0, 3.5, 6.0]
        assert reader.points("loss", raw=True).values.tolist() == [5.0, 3.0, 3.5, 9.0, 1.0, 6.0]
        info = reader.name("loss")
        assert info is not None
        assert (info.count, info.last, info.min, info.max) == (3, 6.0, 1.0, 6.0)
        assert (info.first_step, info.last_step, info.min_step, info.max_step) == (1, 5, 1, 5)
        assert info.mean == pytest.approx(3.5)
        compact_whole(engine, row)


def test_values_that_are_not_finite_are_kept_and_left_out_of_statistics(engine: Backend) -> None:
    row = new_run(engine)
    values = [math.nan, 2.0, math.inf, -math.inf, 4.0, math.nan]
    log(engine, row, group(["loss"], range(6), values), group(["never"], [1], [math.nan]))
    reader = engine.reader(row)
    np.testing.assert_equal(reader.points("loss").values, np.array(values))
    loss, never = reader.names()
    assert (loss.count, loss.finite, loss.min, loss.max, loss.mean) == (6, 2, 2.0, 4.0, 3.0)
    assert (loss.min_step, loss.max_step) == (1, 4)
    assert loss.last is not None
    assert math.isnan(loss.last)
    assert (never.count, never.finite, never.min, never.mean) == (1, 0, None, None)
    assert reader.buckets("loss", None, None, 1).flags.tolist() == [1 + 2 + 4]
    assert reader.buckets("never", None, None, 9).count.tolist() == [1]


@pytest.mark.parametrize("spike", [0, 1234, 4999])
def test_a_single_spike_in_many_points_is_in_the_bucket_where_it_belongs(
    engine: Backend, spike: int
) -> None:
    row = new_run(engine)
    values = np.zeros(5000)
    values[spike] = 1e9
    for start in range(0, 5000, 500):
        log(engine, row, group(["loss"], range(start, start + 500), values[start : start + 500]))
    for _ in ("as written", "compacted"):
        reader = engine.reader(row)
        for count in (1, 7, 100):
            for lo, hi in ((0, 4999), (spike, spike), (max(0, spike - 100), spike + 100)):
                buckets = reader.buckets("loss", lo, hi, count)
                assert len(buckets.x) <= count
                assert_buckets_hold(reader, "loss", buckets, lo, hi)
                assert buckets.max.max() == 1e9
                place = int(buckets.max.argmax())
                after = buckets.x[place + 1 :]
                assert buckets.x[place] <= spike < (after[0] if len(after) else 5000)
                (picture,) = reader.buckets_of(["loss"], lo, hi, count, exact=False)
                assert picture is not None
                assert len(picture.x) <= count
                assert picture.count.sum() >= buckets.count.sum()
                assert picture.max.max() == 1e9
        compact_whole(engine, row)


def test_as_many_buckets_as_points_are_the_points(engine: Backend) -> None:
    row = new_run(engine)
    values = np.random.default_rng(0).normal(size=300)
    log(engine, row, group(["loss"], range(0, 3000, 10), values, range(300)))
    for x, expected in (("step", range(0, 3000, 10)), ("time", range(300))):
        buckets = engine.reader(row).buckets("loss", None, None, 300, x)  # type: ignore[arg-type]
        assert buckets.x.tolist() == list(expected)
        assert buckets.mean.tobytes() == buckets.min.tobytes() == values.tobytes()


def test_buckets_over_time_hold_every_point_though_the_clock_went_back(engine: Backend) -> None:
    row = new_run(engine)
    times = [2 * step if step < 500 else 2 * step - 700 for step in range(1000)]
    log(engine, row, group(["loss"], range(1000), np.arange(1000.0), times))
    for _ in ("as written", "compacted"):
        buckets = engine.reader(row).buckets("loss", 400, 900, 10, "time")
        inside = [step for step in range(1000) if 400 <= times[step] <= 900]
        assert len(buckets.x) <= 10
        assert buckets.count.sum() == len(inside)
        assert (buckets.min.min(), buckets.max.max()) == (min(inside), max(inside))
        compact_whole(engine, row)


def test_a_reader_goes_on_where_it_stopped(engine: Backend) -> None:
    row = new_run(engine)
    seen: list[float] = []
    versions, last = [], None
    for start in (0, 3, 6):
        log(engine, row, group(["loss"], range(start, start + 3), np.arange(start, start + 3.0)))
        version = engine.version(row)
        assert version == engine.reader(row).version()
        with engine.look(row) as (looked, reader):
            assert looked == version
            points = reader.points("loss", None if last is None else last + 1)
        seen += points.values.tolist()
        last = int(points.steps[-1])
        versions.append(version)
    assert seen == list(range(9))
    assert versions == sorted(set(versions))
    assert engine.version(row) == versions[-1]


def test_ranges_include_both_ends_and_unknown_names_are_empty(engine: Backend) -> None:
    row = new_run(engine)
    log(engine, row, group(["loss"], [1, 5, 9], [1.0, 5.0, 9.0]))
    reader = engine.reader(row)
    assert reader.points("loss", 1, 5).steps.tolist() == [1, 5]
    assert reader.points("loss", 2, 4).steps.tolist() == []
    assert reader.points("none").steps.tolist() == []
    assert len(reader.buckets("none", None, None, 10).x) == 0
    assert reader.buckets_of(["none"], None, None, 10) == [None]
    assert reader.name("none") is None


def test_names_come_in_the_order_of_first_use_by_prefix_and_keep_their_first_type(
    engine: Backend,
) -> None:
    row = new_run(engine)
    write(engine, row, Batch(names={"val/loss": "METRIC", "weights": "HISTOGRAM", "%_": "METRIC"}))
    write(engine, row, Batch(groups=[group(["val/acc", "valid"], [1], [0.5])]))
    write(engine, row, Batch(names={"weights": "TABLE"}, records=[datum(3), datum(1)]))
    reader = engine.reader(row)
    names = ["val/loss", "weights", "%_", "val/acc", "valid"]
    assert [info.name for info in reader.names()] == names
    assert [info.name for info in reader.names("val/")] == ["val/loss", "val/acc"]
    assert [info.name for info in reader.names("val", 2)] == ["val/loss", "val/acc"]
    assert [info.name for info in reader.names("%")] == ["%_"]
    weights = reader.name("weights")
    assert weights is not None
    assert (weights.type, weights.count, weights.first_step, weights.last_step) == (
        "HISTOGRAM",
        2,
        1,
        3,
    )
    with engine.write(row) as writer:
        assert (writer.count_names(), writer.count_names(["valid", "new"])) == (5, 6)


def test_compaction_changes_no_answer_and_no_version(engine: Backend) -> None:
    row = new_run(engine)
    random = np.random.default_rng(1)
    for start in range(0, 600, 20):
        steps = random.permutation(np.arange(start, start + 30))
        log(engine, row, group(["a", "b"], steps.tolist(), random.normal(size=30), start))
        log(engine, row, group(["b"], [start], [math.inf], start + 1))
    own(engine).update(row.id, status="COMPLETED")
    ended = own(engine).get(row.id)
    assert ended is not None
    reader = engine.reader(row)
    before = [bits(reader.points(name, raw=raw)) for name in "ab" for raw in (False, True)]
    infos, version = reader.names(), reader.version()
    compact_whole(engine, ended)
    assert not engine.needs_compaction(ended)
    after = [bits(reader.points(name, raw=raw)) for name in "ab" for raw in (False, True)]
    assert (before, version) == (after, engine.version(row))
    for one, other in zip(infos, reader.names(), strict=True):
        assert (one.count, one.min, one.max, one.last) == (
            other.count,
            other.min,
            other.max,
            other.last,
        )
        for name in ("mean", "std"):
            assert getattr(one, name) == pytest.approx(getattr(other, name))
    assert_buckets_hold(reader, "b", reader.buckets("b", 5, 500, 11), 5, 500)
