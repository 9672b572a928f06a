from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pluto.server.backend import ChangeRefused
from pluto.server.catalog import Catalog
from pluto.server.changes import RunChanges, StatusChange, deep_merge
from pluto.server.liveness import Liveness
from pluto.server.rows import CLOSED, NewRun
from pluto.server.sqlite import SqliteBackend, run_directory
from pluto.storage import Kind, RunReader

SEVERITY = ["COMPLETED", "TERMINATED", "CANCELLED", "FAILED"]
SECOND = 1000


class Bench:
    """A catalog with one run, and a clock that stands still."""

    def __init__(self, root: Path) -> None:
        self.now = 1_800_000_000_000
        self.catalog = Catalog(SqliteBackend(root))
        self.changes = RunChanges(self.catalog, lambda: self.now)
        self.liveness = Liveness(self.catalog, self.changes, lambda: self.now)
        new = NewRun(project="p", name="r", created_at=self.now, updated_at=self.now)
        self.run = self.catalog.create(new)[0].id

    def facts(self) -> dict[str, Any]:
        return self.catalog.reader(self.run).facts()

    def set(self, status: str, **details: Any) -> str:
        return self.changes.set_status(self.run, StatusChange(status, **details)).status

    def status(self) -> str:
        row = self.catalog.get(self.run)
        assert row is not None
        assert row.status == self.facts()["status"]
        return row.status

    def transitions(self) -> list[tuple[str | None, str, str]]:
        return [
            (event["from"], event["to"], event["source"])
            for event in self.facts()["status_history"]
        ]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    bench.catalog.close()


@pytest.mark.parametrize("old", SEVERITY)
@pytest.mark.parametrize("new", SEVERITY)
def test_a_final_status_gives_way_to_a_worse_one_only(bench: Bench, old: str, new: str) -> None:
    bench.set(old)
    bench.set(new)

    assert bench.status() == max(old, new, key=SEVERITY.index)


@pytest.mark.parametrize("old", SEVERITY)
def test_a_finished_run_can_be_taken_up_again(bench: Bench, old: str) -> None:
    bench.set(old)
    bench.set("RUNNING")

    assert bench.status() == "RUNNING"
    assert bench.facts()["finished_at"] is None
    assert bench.set("COMPLETED") == "COMPLETED"


def test_repeating_a_status_adds_no_event_and_keeps_its_time(bench: Bench) -> None:
    bench.set("COMPLETED")
    finished = bench.facts()["finished_at"]
    bench.now += SECOND
    bench.set("COMPLETED")

    assert bench.transitions() == [(None, "RUNNING", "api"), ("RUNNING", "COMPLETED", "api")]
    assert bench.facts()["finished_at"] == finished


def test_a_time_that_is_given_wins(bench: Bench) -> None:
    bench.set("COMPLETED", at=5000)

    assert bench.facts()["finished_at"] == 5000


def test_metadata_is_left_cleared_or_replaced(bench: Bench) -> None:
    bench.set("RUNNING", metadata={"a": 1})
    kept = (bench.set("RUNNING"), bench.facts()["status_metadata"])[1]
    cleared = (bench.set("RUNNING", metadata=None), bench.facts()["status_metadata"])[1]

    assert (kept, cleared) == ({"a": 1}, None)


def test_logger_settings_are_merged(bench: Bench) -> None:
    bench.set("RUNNING", logger_settings={"a": {"b": 1}})
    bench.set("RUNNING", logger_settings={"a": {"c": 2}})

    assert bench.facts()["logger_settings"] == {"a": {"b": 1, "c": 2}}


def test_config_is_merged_key_by_key(bench: Bench) -> None:
    bench.changes.merge_config(bench.run, {"opt": {"name": "adam", "lr": 1}, "layers": [1, 2]})
    bench.changes.merge_config(bench.run, {"opt": {"lr": 2}, "layers": [3]})

    assert bench.facts()["config"] == {"opt": {"name": "adam", "lr": 2}, "layers": [3]}


json_values = st.recursive(
    st.integers() | st.text(max_size=3),
    lambda inner: st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=8,
)


@given(json_values, json_values)
def test_merging_twice_is_merging_once(old: Any, new: Any) -> None:
    once = deep_merge(old, new)
    assert deep_merge(once, new) == once
    assert deep_merge(old, old) == old


def test_tags_and_notes_are_replaced(bench: Bench) -> None:
    bench.changes.set_tags(bench.run, ["a", "b"])
    bench.changes.set_tags(bench.run, ["b"])
    bench.changes.set_notes(bench.run, "x")
    bench.changes.set_notes(bench.run, "")

    row = bench.catalog.get(bench.run)
    assert row is not None
    assert row.tags == ("b",)
    assert (bench.facts()["tags"], bench.facts()["notes"]) == (["b"], None)


def test_every_change_is_kept_as_a_record(bench: Bench) -> None:
    bench.changes.set_tags(bench.run, ["a"])
    bench.changes.add_alert(bench.run, {"title": "pluto", "level": "WARNING", "timestamp": 5})

    records = bench.catalog.reader(bench.run).records(Kind.FACT)

    assert [(record.name, record.type) for record in records] == [
        ("status", ""),
        ("tags", ""),
        ("alert", "WARNING"),
    ]


def test_cancelling_is_told_by_the_next_heartbeat_and_undone_by_a_resume(bench: Bench) -> None:
    assert bench.liveness.beat(bench.run) == "RUNNING"
    bench.changes.cancel(bench.run)

    assert bench.liveness.beat(bench.run) == "CANCELLED"
    with pytest.raises(ChangeRefused, match="not running any more"):
        bench.changes.cancel(bench.run)
    bench.changes.reopen(bench.run)
    assert bench.liveness.beat(bench.run) == "RUNNING"


@pytest.mark.parametrize(("beats", "grace"), [(True, 150), (False, 1800)])
def test_a_silent_run_fails_after_its_grace(bench: Bench, beats: bool, grace: int) -> None:
    bench.now += SECOND
    if beats:
        bench.liveness.beat(bench.run)
    else:
        bench.liveness.rows_came(bench.run)

    bench.now += grace * SECOND
    assert bench.liveness.reap() == []
    bench.now += SECOND
    assert bench.liveness.reap() == [bench.run]

    row = bench.catalog.get(bench.run)
    assert row is not None
    assert (row.status, row.cause) == ("FAILED", f"no sign of life for {grace + 1} s")
    metadata = bench.facts()["status_metadata"]
    assert metadata["reason"] == ("heartbeat-timeout" if beats else "stale")
    assert metadata["grace_seconds"] == grace


def test_rows_keep_a_run_with_heartbeats_alive(bench: Bench) -> None:
    bench.liveness.beat(bench.run)
    bench.now += 140 * SECOND
    bench.liveness.rows_came(bench.run)
    bench.now += 140 * SECOND

    assert bench.liveness.reap() == []


def test_a_run_that_failed_by_silence_only_is_taken_up_by_its_heartbeat(bench: Bench) -> None:
    bench.liveness.beat(bench.run)
    bench.now += 200 * SECOND
    bench.liveness.reap()

    assert bench.liveness.beat(bench.run) == "RUNNING"
    assert bench.transitions()[-1] == ("FAILED", "RUNNING", "heartbeat")


def test_a_run_that_failed_by_silence_only_can_still_complete(bench: Bench) -> None:
    bench.liveness.beat(bench.run)
    bench.now += 200 * SECOND
    bench.liveness.reap()

    assert bench.set("COMPLETED") == "COMPLETED"


def test_a_run_that_said_it_failed_is_not_taken_up_by_a_heartbeat(bench: Bench) -> None:
    bench.set("FAILED")

    assert bench.liveness.beat(bench.run) == "FAILED"


def test_no_run_is_judged_before_the_server_has_run_for_its_grace(
    bench: Bench, tmp_path: Path
) -> None:
    bench.liveness.beat(bench.run)
    bench.now += 1000 * SECOND
    restarted = Liveness(bench.catalog, bench.changes, lambda: bench.now)

    assert restarted.reap() == []
    bench.now += 151 * SECOND
    assert restarted.reap() == [bench.run]


def test_a_time_in_the_future_is_no_sign_of_life(bench: Bench) -> None:
    far = bench.now * 2
    row, _ = bench.catalog.create(NewRun(project="p", name="backfill", updated_at=far))
    bench.now += 1801 * SECOND

    assert row.id in bench.liveness.reap()


def test_changes_survive_the_server(bench: Bench) -> None:
    bench.set("FAILED", metadata={"why": "oom"})
    row = bench.catalog.get(bench.run)
    assert row is not None

    reader = RunReader(run_directory(row))
    facts = reader.facts()
    reader.close()

    assert (facts["status"], facts["status_metadata"]) == ("FAILED", {"why": "oom"})


def close(bench: Bench) -> None:
    bench.set("RUNNING", metadata={"closed": True}, cause=CLOSED)


def test_a_run_that_was_closed_waits_for_who_goes_on_with_it(bench: Bench) -> None:
    bench.liveness.beat(bench.run)
    close(bench)
    bench.now += 100_000 * SECOND

    assert bench.liveness.reap() == []
    assert bench.status() == "RUNNING"


def test_a_closed_run_that_another_process_went_on_with_is_failed_by_its_silence(
    bench: Bench,
) -> None:
    close(bench)
    bench.changes.reopen(bench.run)
    bench.liveness.beat(bench.run)
    bench.now += 151 * SECOND

    assert bench.liveness.reap() == [bench.run]


def test_a_process_that_outlived_the_one_that_closed_is_missed_when_it_dies(bench: Bench) -> None:
    close(bench)
    bench.now += 1000 * SECOND
    bench.liveness.beat(bench.run)
    bench.now += 151 * SECOND

    assert bench.liveness.reap() == [bench.run]
