"""The run format: what is written comes back, and its summaries are true."""

import math
import sqlite3
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from pluto.errors import StorageError
from pluto.storage import (
    BadLine,
    Batch,
    Blobs,
    Kind,
    MetricGroup,
    Outbox,
    Record,
    RunReader,
    RunWriter,
    encode_metric_lines,
    parse_metric_lines,
)
from pluto.storage.buckets import bucket
from pluto.storage.codec import pack, unpack

steps_and_values = st.lists(
    st.tuples(st.integers(0, 200), st.floats(width=64)), min_size=1, max_size=200
)


def group(steps: list[int], values: list[float], name: str = "loss") -> MetricGroup:
    return MetricGroup(
        (name,),
        np.array(steps, np.int64),
        np.arange(len(steps), dtype=np.int64) + 1000,
        np.array(values, np.float64)[:, None],
    )


@given(
    ints=arrays.arrays(np.int64, st.integers(1, 300), elements=st.integers(0, 2**62)),
    width=st.integers(1, 4),
    data=st.data(),
)
def test_packed_columns_come_back_bit_for_bit(
    ints: np.ndarray, width: int, data: st.DataObject
) -> None:
    values = data.draw(arrays.arrays(np.float64, (len(ints), width)))
    steps, times, back = unpack(pack(ints, ints[::-1].copy(), values))
    assert np.array_equal(steps, ints)
    assert np.array_equal(times, ints[::-1])
    assert back.tobytes() == values.tobytes()
    assert unpack(pack(ints, ints, values), [width - 1])[2].tobytes() == (
        np.ascontiguousarray(values[:, -1]).tobytes()
    )


@given(rows=steps_and_values)
def test_metric_lines_are_read_back_as_they_were_written(rows: list[tuple[int, float]]) -> None:
    steps, values = map(list, zip(*rows, strict=True))
    written = group(steps, values)
    (read,) = parse_metric_lines(b"\n".join(encode_metric_lines(written)))
    assert read.names == written.names
    assert np.array_equal(read.steps, written.steps)
    assert np.array_equal(read.times, written.times)
    assert np.array_equal(read.values, written.values, equal_nan=True)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"time":1,"step":-1,"data":{"a":1}}', "`int` >= 0"),
        (b'{"time":1,"step":1.0,"data":{"a":1}}', "got `float`"),
        (b'{"time":1,"step":1,"data":{"a":true}}', "got `bool`"),
        (b'{"time":1,"step":1,"data":{"a":"nan"}}', "'nan'"),
        (b'{"time":1,"step":1,"data":{"a":null}}', "cannot be empty"),
        (b'{"time":1,"step":1,"data":{" ":1}}', "name cannot be empty"),
        (b'{"time":1,"step":1,"data":{"a":1},"x":2}', "unknown field"),
        (b'{"time":1,"step":1}', "missing required field `data`"),
        (b"\xff", "malformed"),
    ],
)
def test_a_bad_line_is_named_and_the_lines_before_it_are_kept(line: bytes, reason: str) -> None:
    good = b'{"time":1,"step":7,"data":{"a":NaN}}'
    with pytest.raises(BadLine, match="line 2") as caught:
        parse_metric_lines(good + b"\n" + line + b"\n" + good)
    assert reason in caught.value.reason
    assert caught.value.number == 1
    (kept,) = caught.value.groups
    assert kept.steps.tolist() == [7]


def test_words_like_nan_inside_a_name_are_left_alone() -> None:
    (read,) = parse_metric_lines(b'{"time":1,"step":0,"data":{"NaN \\" Infinity":-Infinity}}')
    assert read.names == ('NaN " Infinity',)
    assert read.values[0, 0] == -math.inf


def test_rows_that_share_a_name_keep_their_order() -> None:
    lines = [
        b'{"time":1,"step":1,"data":{"a":1}}',
        b'{"time":1,"step":1,"data":{"a":2,"b":1}}',
        b'{"time":1,"step":1,"data":{"a":3}}',
    ]
    groups = parse_metric_lines(b"\n".join(lines))
    assert [each.values[:, 0].tolist() for each in groups] == [[1.0], [2.0], [3.0]]


@given(batches=st.lists(steps_and_values, min_size=1, max_size=5))
def test_summaries_equal_what_the_points_say(
    tmp_path_factory: pytest.TempPathFactory, batches: list[list[tuple[int, float]]]
) -> None:
    directory = tmp_path_factory.mktemp("run")
    writer = RunWriter(directory)
    truth: dict[int, float] = {}
    clock = 0
    for rows in batches:
        steps, values = map(list, zip(*rows, strict=True))
        times = np.arange(clock, clock + len(rows), dtype=np.int64)
        clock += len(rows)
        writer.append(Batch(groups=[group(steps, values)._replace(times=times)]))
        truth.update(rows)
    reader = RunReader(directory)
    points, info = reader.points("loss"), reader.name("loss")
    assert info is not None
    assert points.steps.tolist() == sorted(truth)
    assert np.array_equal(points.values, [truth[step] for step in sorted(truth)], equal_nan=True)
    finite = points.values[np.isfinite(points.values)]
    assert (info.count, info.finite) == (len(truth), len(finite))
    assert info.last_step == max(truth)
    assert info.last == truth[max(truth)] or math.isnan(truth[max(truth)])
    if len(finite):
        assert (info.min, info.max) == (finite.min(), finite.max())
    assert len(reader.points("loss", raw=True).steps) == sum(map(len, batches))
    reader.close()
    writer.close()


def test_of_rows_with_one_step_the_latest_time_wins(tmp_path: Path) -> None:
    writer = RunWriter(tmp_path)
    late = group([5], [1.0])._replace(times=np.array([2000], np.int64))
    writer.append(Batch(groups=[late, group([5], [2.0]), group([4], [0.0])]))
    reader = RunReader(tmp_path)
    assert reader.points("loss").values.tolist() == [0.0, 1.0]
    reader.close()
    writer.close()


def test_a_spike_of_one_point_in_a_million_survives_thinning() -> None:
    values = np.zeros(1_000_000)
    values[654_321] = 7.0
    values[123_456] = -7.0
    thin = bucket(np.arange(1_000_000), values, 1000)
    assert len(thin.x) <= 1000
    assert (thin.max.max(), thin.min.min()) == (7.0, -7.0)
    assert thin.count.sum() == 1_000_000


def test_buckets_say_where_values_were_not_finite() -> None:
    values = np.array([1.0, math.nan, math.inf, -math.inf])
    each = bucket(np.arange(4), values, 10)
    assert each.flags.tolist() == [0, 1, 2, 4]
    (flags,) = bucket(np.arange(4), values, 1).flags
    assert flags == 7


def test_a_writer_that_comes_back_goes_on_where_the_last_one_stopped(tmp_path: Path) -> None:
    for start in (0, 3):
        writer = RunWriter(tmp_path)
        writer.append(Batch(groups=[group([start, start + 1, start + 2], [1.0, 2.0, 3.0])]))
        writer.append(Batch(records=[Record(Kind.CONSOLE, 1, start, "", "INFO", b"line")]))
        writer.close()
    writer = RunWriter(tmp_path)
    outbox = Outbox(writer, "server")
    assert [outbox.count("metrics"), outbox.count("console"), outbox.count("names")] == [6, 2, 1]
    first, lines = outbox.pending("metrics", 100)
    assert (first, len(lines)) == (0, 6)
    writer.close()


def test_pending_rows_begin_behind_the_cursor_also_inside_a_block(tmp_path: Path) -> None:
    writer = RunWriter(tmp_path)
    for start in range(0, 9000, 3000):
        rows = np.arange(start, start + 3000)
        writer.append(Batch(groups=[group(rows.tolist(), rows.astype(float).tolist())]))
    outbox = Outbox(writer, "server")
    seen: list[int] = []
    while True:
        first, lines = outbox.pending("metrics", 700)
        assert first == len(seen)
        if not lines:
            break
        seen += [int(each.steps[0]) for line in lines for each in parse_metric_lines(line)]
        outbox.accept("metrics", first + len(lines))
    assert seen == list(range(9000))
    assert Outbox(writer, "another").cursor("metrics") == 0
    writer.close()


def test_a_failed_batch_leaves_nothing_of_itself(tmp_path: Path) -> None:
    writer = RunWriter(tmp_path)
    writer.append(Batch(groups=[group([0], [1.0])]))
    with pytest.raises(TypeError):
        writer.append(Batch(groups=[group([1], [2.0])], facts={"bad": object()}))
    writer.append(Batch(groups=[group([2], [3.0])]))
    reader = RunReader(tmp_path)
    assert reader.points("loss").steps.tolist() == [0, 2]
    reader.close()
    writer.close()


def test_a_record_with_the_key_of_another_is_dropped(tmp_path: Path) -> None:
    writer = RunWriter(tmp_path)
    record = Record(Kind.FILE, 1, 0, "img", "IMAGE", b"{}", key="a")
    writer.append(Batch(records=[record, record, record._replace(key="b")]))
    reader = RunReader(tmp_path)
    assert reader.count(Kind.FILE) == 2
    reader.close()
    writer.close()


def test_a_reader_sees_what_a_live_writer_has_committed(tmp_path: Path) -> None:
    writer = RunWriter(tmp_path)
    writer.append(Batch(facts={"name": "one"}))
    reader = RunReader(tmp_path)
    before = reader.version()
    writer.append(Batch(groups=[group([0], [1.0])], facts={"name": "two"}))
    assert reader.version() > before
    assert reader.facts()["name"] == "two"
    assert reader.points("loss").values.tolist() == [1.0]
    reader.close()
    writer.close()


def test_foreign_newer_and_missing_stores_are_named_with_what_to_do(tmp_path: Path) -> None:
    foreign, newer, damaged = tmp_path / "foreign", tmp_path / "newer", tmp_path / "damaged"
    foreign.mkdir()
    with sqlite3.connect(foreign / "run.db") as connection:
        connection.execute("CREATE TABLE other (x)")
    connection.close()
    RunWriter(newer).close()
    with sqlite3.connect(newer / "run.db") as connection:
        connection.execute("PRAGMA user_version=99")
    connection.close()
    damaged.mkdir()
    (damaged / "run.db").write_bytes(b"not a database at all" * 100)
    for directory, words in [
        (foreign, "not a Pluto run"),
        (newer, "pip install -U"),
        (damaged, "cannot open"),
        (tmp_path / "missing", "no run is stored"),
    ]:
        with pytest.raises(StorageError, match=words):
            RunReader(directory)


def test_a_writer_leaves_a_foreign_file_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "run.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE other (x)")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(StorageError, match="not a Pluto run; move it"):
        RunWriter(tmp_path)
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["run.db"]


def test_equal_contents_are_kept_once_and_digests_cannot_leave_the_directory(
    tmp_path: Path,
) -> None:
    blobs = Blobs(tmp_path)
    digest, size = blobs.put_bytes(b"hello")
    source = tmp_path / "source"
    source.write_bytes(b"hello")
    assert blobs.put(source) == (digest, size)
    assert blobs.path(digest).read_bytes() == b"hello"
    assert len(list(tmp_path.rglob("*"))) == 2
    for evil in ("../../etc/passwd", "A" * 64, ""):
        with pytest.raises(ValueError, match="not a SHA-256"):
            blobs.path(evil)


def test_a_store_whose_maker_died_before_its_first_table_says_so(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "run.db")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.close()
    with pytest.raises(StorageError, match="holds nothing: whoever made it died"):
        RunReader(tmp_path)
    RunWriter(tmp_path).close()
    RunReader(tmp_path).close()
