"""Runs, their records, and what a server knows besides: the same from every storage engine."""

import threading
import time

import pytest

from pluto.errors import StorageError
from pluto.server.backend import Backend, ChangeRefused
from pluto.server.rows import KeyRow, NewRun
from pluto.storage import Batch, Kind, Record, Rewind
from tests.conformance.engines import datum, group, line, log, new_run, own, write


def test_records_are_read_by_range_from_either_end(engine: Backend) -> None:
    row = new_run(engine)
    write(engine, row, Batch(records=[line(n) for n in range(1, 6)] + [datum(7)]))
    write(engine, row, Batch(records=[line(n, kind="ERROR") for n in range(6, 9)]))
    reader = engine.reader(row)
    lines = reader.records(Kind.CONSOLE)
    ids = [record.id for record in lines]
    assert [record.body for record in lines] == [str(n).encode() for n in range(1, 9)]
    assert ids == sorted(set(ids))
    assert min(ids) >= 1
    page = reader.records(Kind.CONSOLE, after=ids[1], before=ids[6], limit=3)
    assert [record.step for record in page] == [3, 4, 5]
    last = reader.records(Kind.CONSOLE, limit=2, newest_first=True)
    assert [record.step for record in last] == [8, 7]
    assert [r.step for r in reader.records(Kind.CONSOLE, limit=-1, offset=6)] == [7, 8]
    assert [r.step for r in reader.records(Kind.CONSOLE, type="ERROR")] == [6, 7, 8]
    assert (reader.count(Kind.CONSOLE), reader.count(Kind.CONSOLE, type="ERROR")) == (8, 3)


def test_records_are_chosen_by_name_and_step(engine: Backend) -> None:
    row = new_run(engine)
    write(engine, row, Batch(records=[datum(1), datum(2), datum(1, "bias"), datum(1)]))
    reader = engine.reader(row)
    assert [r.step for r in reader.records(Kind.DATA, "weights")] == [1, 2, 1]
    assert reader.count(Kind.DATA, "weights", step=1) == 2
    assert [r.name for r in reader.records(Kind.DATA, step=2)] == ["weights"]
    assert reader.records(Kind.FILE) == []


def test_a_record_with_a_known_key_is_dropped(engine: Backend) -> None:
    row = new_run(engine)
    write(engine, row, Batch(records=[datum(1, key="a"), datum(1, key="a"), datum(1)]))
    write(engine, row, Batch(records=[datum(2, key="a"), datum(3, key="b")]))
    assert [r.step for r in engine.reader(row).records(Kind.DATA)] == [1, 1, 3]


def test_a_rewind_hides_what_was_written_before_it_behind_its_step(engine: Backend) -> None:
    row = new_run(engine)
    log(engine, row, group(["loss", "sys/cpu"], range(10), [1.0] * 10, 100))
    write(engine, row, Batch(names={"weights": "HISTOGRAM"}, records=[datum(2), datum(8)]))
    with engine.write(row) as writer:
        for _ in range(2):
            writer.rewind(Rewind(5, 200))
    version = engine.version(row)
    log(engine, row, group(["loss"], [6], [2.0], 300))
    reader = engine.reader(row)
    assert reader.points("loss").steps.tolist() == [0, 1, 2, 3, 4, 5, 6]
    assert len(reader.points("sys/cpu", raw=True).steps) == 10
    assert [r.step for r in reader.records(Kind.DATA)] == [2]
    loss, weights = reader.name("loss"), reader.name("weights")
    assert loss is not None
    assert weights is not None
    assert (loss.count, loss.last, weights.count) == (7, 2.0, 1)
    assert reader.buckets("loss", None, None, 1).count.tolist() == [7]
    assert engine.version(row) > version


def test_facts_are_replaced_key_by_key(engine: Backend) -> None:
    row = new_run(engine)
    write(engine, row, Batch(facts={"config": {"lr": 0.1}, "notes": "x"}))
    write(engine, row, Batch(facts={"config": {"seed": 1}}))
    facts = engine.reader(row).facts()
    assert (facts["config"], facts["notes"], facts["name"]) == ({"seed": 1}, "x", "baseline")
    assert (facts["run_id"], facts["status"]) == (row.id, "RUNNING")


def test_runs_are_counted_by_project_and_found_by_external_id(engine: Backend) -> None:
    runs = own(engine)
    first, created = runs.create(NewRun("mnist", "a", external_id="job", tags=("x", "y")))
    again, created_again = runs.create(NewRun("mnist", "b", external_id="job"))
    other, _ = runs.create(NewRun("cifar", "c", external_id="job"))
    assert (created, created_again, again) == (True, False, first)
    assert (first.number, other.number, first.display_id) == (1, 1, "MNI-1")
    assert first.tags == ("x", "y")
    assert runs.by_external_id("job", "cifar") == other
    assert runs.get(first.id) == first
    assert {row.id for row in runs.rows()} == {first.id, other.id}
    assert runs.get(99) is None


def test_a_changed_row_is_a_new_version_of_the_list(engine: Backend) -> None:
    runs, versions = own(engine), []
    row = new_run(engine)
    versions.append(runs.version())
    runs.update(row.id, status="COMPLETED", finished_at=5, tags=("t",))
    versions.append(runs.version())
    new_run(engine, "other")
    versions.append(runs.version())
    found = runs.get(row.id)
    assert found is not None
    assert (found.status, found.finished_at, found.tags) == ("COMPLETED", 5, ("t",))
    assert versions == sorted(set(versions))


def test_a_deleted_run_is_gone_until_it_is_restored_whole(engine: Backend) -> None:
    row = new_run(engine, external_id="job")
    log(engine, row, group(["loss"], [1], [0.5]))
    kept = new_run(engine, "kept")
    engine.delete(row)
    assert [each.id for each in own(engine).rows()] == [kept.id]
    with pytest.raises(KeyError):
        engine.restore(kept.id)
    engine.restore(row.id)
    restored = own(engine).get(row.id)
    assert restored is not None
    assert (restored.uid, restored.number, restored.external_id) == (row.uid, row.number, "job")
    assert engine.reader(restored).points("loss").values.tolist() == [0.5]
    log(engine, restored, group(["loss"], [2], [0.25]))
    assert engine.reader(restored).points("loss").values.tolist() == [0.5, 0.25]


def test_a_deleted_run_whose_external_id_was_given_away_stays_deleted(engine: Backend) -> None:
    row = new_run(engine, external_id="job")
    engine.delete(row)
    successor = new_run(engine, "successor", external_id="job")
    assert successor.id != row.id
    with pytest.raises(ChangeRefused, match="'job'"):
        engine.restore(row.id)
    assert [each.id for each in own(engine).rows()] == [successor.id]


def test_deleted_runs_are_listed_until_they_are_restored_or_discarded(engine: Backend) -> None:
    first, second = new_run(engine, "first"), new_run(engine, "second", external_id="job")
    assert engine.deleted() == []
    engine.delete(first)
    engine.delete(second)
    found = engine.deleted()
    told = [(each.id, each.project, each.name, each.display_id, each.status) for each in found]
    assert told == [  # the last deleted first
        (row.id, row.project, row.name, row.display_id, row.status) for row in (second, first)
    ]
    engine.restore(first.id)
    engine.discard(second.id)
    assert engine.deleted() == []
    for gone in (engine.restore, engine.discard):
        with pytest.raises(KeyError):
            gone(second.id)
    assert [each.id for each in own(engine).rows()] == [first.id]
    assert own(engine).create(NewRun("mnist", "again", external_id="job"))[1]


def test_the_number_of_a_deleted_run_is_given_to_no_other(engine: Backend) -> None:
    first, second = new_run(engine), new_run(engine)
    engine.delete(second)
    engine.delete(first)
    engine.restore(first.id)
    third = new_run(engine)
    engine.restore(second.id)
    assert [first.number, second.number, third.number] == [1, 2, 3]
    assert len({row.display_id for row in own(engine).rows()}) == 3


def test_a_run_that_does_not_exist_is_a_storage_error(engine: Backend) -> None:
    row = new_run(engine)
    engine.delete(row)
    with pytest.raises(StorageError), engine.look(row):
        pass
    with pytest.raises(StorageError), engine.write(row):
        pass


def test_a_reader_beside_a_writer_sees_whole_batches_only(engine: Backend) -> None:
    row = new_run(engine)
    done = threading.Event()

    def write_on() -> None:
        for number in range(150):
            rows = Batch(
                groups=[group(["loss", "acc"], [2 * number, 2 * number + 1], [1.0, 2.0])],
                records=[line(number)],
                facts={"notes": number},
            )
            write(engine, row, rows)
        done.set()

    thread = threading.Thread(target=write_on)
    thread.start()
    versions: list[int] = []
    try:
        while not done.is_set() or not versions:
            reader = engine.reader(row)
            versions.append(reader.version())
            steps = reader.points("loss").steps.tolist()
            assert steps == list(range(len(steps)))
            assert len(steps) % 2 == 0
            assert len(reader.points("acc").steps) >= len(steps)
            assert reader.count(Kind.CONSOLE) >= len(steps) // 2
            engine.compact(row)
            time.sleep(0.001)
    finally:
        thread.join()
    assert versions == sorted(versions)
    assert len(engine.reader(row).points("acc").steps) == 300


def test_one_writer_at_a_time_has_a_run(engine: Backend) -> None:
    row = new_run(engine)
    held, order = threading.Event(), []

    def hold() -> None:
        with engine.write(row):
            held.set()
            time.sleep(0.05)
            order.append("first")

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(10)
    with engine.write(row):
        order.append("second")
    thread.join()
    assert order == ["first", "second"]


def test_keys_are_found_by_their_hash_and_revoked_by_name(engine: Backend) -> None:
    for name in ("laptop", "cluster"):
        engine.keys.add(KeyRow(0, name, "mlpl_…", 1, None, None), f"hash of {name}")
    laptop, cluster = engine.keys.rows()
    assert engine.keys.find("hash of laptop") == laptop == engine.keys.get(laptop.id)
    assert engine.keys.find("another") is None
    assert engine.keys.get(99) is None
    assert [engine.keys.revoke("laptop", 7) for _ in range(2)] == [True, False]
    assert [row.revoked_at for row in engine.keys.rows()] == [7, None]
    assert engine.keys.get(cluster.id) == cluster


def test_announced_files_wait_until_they_arrive(engine: Backend) -> None:
    files = engine.announced
    files.add(1, {"a": "first", "b": "second"})
    files.add(1, {"a": "changed"})
    files.add(2, {"a": "of another run"})
    files.arrived(1, "b")
    assert files.waiting(1) == ["first"]
    assert (files.get(1, "a"), files.get(1, "b"), files.get(1, "c")) == ("first", "second", None)


def test_heartbeats_are_kept_by_run(engine: Backend) -> None:
    row, quiet = new_run(engine), new_run(engine, "quiet")
    engine.heartbeats.keep(row.id, 5)
    engine.heartbeats.keep(row.id, 8)
    assert engine.heartbeats.all() == {row.id: 8}
    assert quiet.id not in engine.heartbeats.all()


def test_bytes_of_a_file_are_found_by_their_digest(engine: Backend) -> None:
    blobs = engine.blobs(new_run(engine))
    digest = "ab" * 32
    with blobs.open_temp() as file:
        file.write(b"content")
    assert not blobs.path(digest).exists()
    blobs.adopt(type(blobs.path(digest))(file.name), digest)
    assert blobs.path(digest).read_bytes() == b"content"
    with pytest.raises(ValueError, match="not a SHA-256"):
        blobs.path("../../etc/passwd")


def test_a_version_that_has_not_changed_is_known_without_a_look(engine: Backend) -> None:
    row = new_run(engine)
    with engine.look(row) as (version, _):
        pass
    assert engine.known_version(row) in {None, version}
    write(engine, row, Batch(records=[Record(Kind.FACT, 1, 0, "note", "", b"1")]))
    assert engine.known_version(row) in {None, version + 1}
    assert engine.version(row) > version
