"""`sqlite` answers as the plain model does, whatever was done to both in whichever order."""

import math
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    rule,
    run_state_machine_as_test,
)

from pluto.server.backend import Backend, ChangeRefused, RunReads
from pluto.server.rows import NewRun, RunRow
from pluto.server.sqlite import SqliteBackend
from pluto.storage import Batch, Kind, MetricGroup, NameInfo, Record, Rewind
from tests.conformance.engines import assert_buckets_hold, bits, own
from tests.conformance.memory import MemoryBackend
from tests.tiny_sizes import TINY

STEPS, TIMES = st.integers(0, 25), st.integers(0, 30)
VALUES = st.floats(-1e6, 1e6) | st.sampled_from([math.nan, math.inf, -math.inf, -0.0])
SHAPES = st.sampled_from([("a",), ("a", "sys/b"), ("c", "a", "sys/b")])
WINDOWS = ((0, 25), (4, 13), (10, 10))


@st.composite
def groups(draw: st.DrawFn) -> MetricGroup:
    names = draw(SHAPES)
    rows = draw(st.lists(st.tuples(STEPS, TIMES, VALUES), min_size=1, max_size=30))
    steps, times, values = zip(*rows, strict=True)
    factors = np.arange(1, len(names) + 1)
    table = np.array(values, np.float64)[:, None] * factors
    return MetricGroup(names, np.array(steps, np.int64), np.array(times, np.int64), table)


records = st.builds(
    Record,
    kind=st.sampled_from([Kind.CONSOLE, Kind.DATA, Kind.FILE, Kind.FACT]),
    time=TIMES,
    step=STEPS,
    name=st.sampled_from(["", "weights", "image"]),
    type=st.sampled_from(["INFO", "TABLE"]),
    body=st.binary(max_size=8),
    key=st.sampled_from(["", "", "k1", "k2"]),
)


def named(batch: Batch) -> Batch:
    """Return a batch that names what its records belong to, as every caller does."""
    for record in batch.records:
        if record.kind in (Kind.DATA, Kind.FILE) and record.name:
            batch.names.setdefault(record.name, "TABLE")
    return batch


batches = st.builds(
    Batch,
    groups=st.lists(groups(), max_size=2),
    system=st.lists(groups(), max_size=1),
    records=st.lists(records, max_size=4),
    facts=st.dictionaries(st.sampled_from(["notes", "config"]), st.integers(), max_size=2),
    names=st.dictionaries(
        st.sampled_from(["weights", "image", "a"]), st.just("TABLE"), max_size=2
    ).map(lambda names: {name: "METRIC" if name == "a" else kind for name, kind in names.items()}),
    received=st.none() | st.tuples(st.just("w"), st.just("metrics"), st.integers(1, 6)),
).map(named)


class Engines(RuleBasedStateMachine):
    """Does everything twice; runs are known by their ids, which both give alike."""

    runs = Bundle("runs")
    deleted = Bundle("deleted")

    @initialize()
    def begin(self) -> None:
        self._directory = TemporaryDirectory()
        self._root = Path(self._directory.name)
        self.model: Backend = MemoryBackend(self._root)
        self.engine: Backend = SqliteBackend(self._root, sizes=TINY)

    @rule(target=runs, external_id=st.sampled_from([None, "job"]))
    def create(self, external_id: str | None) -> int:
        new = NewRun("p", "r", external_id, created_at=1, updated_at=1)
        rows = [own(each).create(new) for each in (self.model, self.engine)]
        assert told(rows[0][0]) == told(rows[1][0])
        assert rows[0][1] == rows[1][1]
        return rows[0][0].id

    @rule(run=runs, batch=batches)
    def append(self, run: int, batch: Batch) -> None:
        self._both(run, lambda backend, row: write(backend, row, batch))

    @rule(run=runs, step=STEPS, time=TIMES, spared=st.sampled_from(["sys/", ""]))
    def rewind(self, run: int, step: int, time: int, spared: str) -> None:
        def go_back(backend: Backend, row: RunRow) -> None:
            with backend.write(row) as writer:
                writer.rewind(Rewind(step, time, spared))

        self._both(run, go_back)

    @rule(run=runs, status=st.sampled_from(["RUNNING", "COMPLETED"]))
    def change_status(self, run: int, status: str) -> None:
        def change(backend: Backend, row: RunRow) -> None:
            write(backend, row, Batch(facts={"status": status}))
            own(backend).update(row.id, status=status)

        self._both(run, change)

    @rule(run=runs, pieces=st.integers(1, 30))
    def compact(self, run: int, pieces: int) -> None:
        row = own(self.engine).get(run)
        while row and pieces and self.engine.compact(row):
            pieces -= 1

    @rule(target=deleted, run=consumes(runs))
    def delete(self, run: int) -> int:
        self._both(run, lambda backend, row: backend.delete(row))
        return run

    @rule(target=runs, run=consumes(deleted))
    def restore(self, run: int) -> int:
        refused = [not was_restored(backend, run) for backend in (self.model, self.engine)]
        assert refused[0] == refused[1]
        return run

    @rule(run=consumes(deleted))
    def discard(self, run: int) -> None:
        for backend in (self.model, self.engine):
            backend.discard(run)

    @rule()
    def reopen(self) -> None:
        self.engine.close()
        self.engine = SqliteBackend(self._root, sizes=TINY)

    @rule()
    def compare(self) -> None:
        expected = {row.id: row for row in own(self.model).rows()}
        found = {row.id: row for row in own(self.engine).rows()}
        gone = [{run.id for run in backend.deleted()} for backend in (self.model, self.engine)]
        assert gone[0] == gone[1]
        assert {key: told(row) for key, row in expected.items()} == {
            key: told(row) for key, row in found.items()
        }
        for run, row in expected.items():
            assert_same(self.model.reader(row), self.engine.reader(found[run]))

    def teardown(self) -> None:
        try:
            self.compare()
        finally:
            self.engine.close()
            self._directory.cleanup()

    def _both(self, run: int, do: Callable[[Backend, RunRow], object]) -> None:
        """Do something to a run of both; nothing if it is deleted: two names may mean one run."""
        if own(self.model).get(run):
            for backend in (self.model, self.engine):
                do(backend, row_of(backend, run))


def was_restored(backend: Backend, run: int) -> bool:
    try:
        backend.restore(run)
    except (ChangeRefused, KeyError):  # its external id was given away, or it is not deleted
        return False
    return True


def write(backend: Backend, row: RunRow, batch: Batch) -> None:
    with backend.write(row) as writer:
        writer.append(batch)


def row_of(backend: Backend, run: int) -> RunRow:
    row = own(backend).get(run)
    assert row is not None
    return row


def told(row: RunRow) -> dict[str, Any]:
    """Return what engines have to agree on."""
    return {key: value for key, value in asdict(row).items() if key not in {"uid", "place"}}


def assert_same(model: RunReads, found: RunReads) -> None:
    facts, told_facts = model.facts(), found.facts()
    for each in (facts, told_facts):
        del each["uid"]
    assert facts == told_facts
    for kind in Kind:
        assert [r[1:] for r in model.records(kind)] == [r[1:] for r in found.records(kind)]
        assert model.count(kind, "weights") == found.count(kind, "weights")
    for wanted, info in zip(model.names(), found.names(), strict=True):
        assert_same_summary(wanted, info)
        name = wanted.name
        for lo, hi in WINDOWS:
            for raw in (False, True):
                assert bits(model.points(name, lo, hi, raw=raw)) == bits(
                    found.points(name, lo, hi, raw=raw)
                )
            for count in (1, 3):
                assert_buckets_hold(model, name, found.buckets(name, lo, hi, count), lo, hi)
                thin, exact = (each.buckets(name, lo, hi, count, "time") for each in (found, model))
                assert thin.count.sum() == exact.count.sum()


def assert_same_summary(wanted: NameInfo, found: NameInfo) -> None:
    one, other = asdict(wanted), asdict(found)
    for each in (one, other):
        del each["id"]
        each["last"] = str(each["last"]) if each["last"] else None  # NaN equals nothing, -0 is 0
    for name in ("mean", "std"):
        expected, value = one.pop(name), other.pop(name)
        assert (expected is None) == (value is None)
        if expected is not None:
            assert value == pytest.approx(expected, rel=1e-6, abs=1e-3)
    assert one == other


def test_sqlite_answers_as_the_model_does_after_anything() -> None:
    without_explaining = (Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink)
    run_state_machine_as_test(Engines, settings=settings(phases=without_explaining))
