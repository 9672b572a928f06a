import shutil
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from pluto.errors import StorageError
from pluto.server.catalog import Catalog, ReadOnlyCatalog
from pluto.server.changes import RunChanges, StatusChange
from pluto.server.rows import NewRun
from pluto.server.sqlite import SqliteBackend, run_directory
from pluto.server.sqlite.local import local_id
from pluto.storage import Batch, RunReader, RunWriter


def write_local_run(directory: Path, notes: str) -> None:
    facts = {"uid": "u", "project": "p", "name": "r", "status": "COMPLETED", "created_at": 1}
    writer = RunWriter(directory)
    writer.append(Batch(facts={**facts, "notes": notes}))
    writer.close()


HARD_NAMES = [
    "a/b",
    "../../etc/passwd",
    "..",
    "",
    " padded ",
    "проект 🚀",
    "x" * 300,
    "é" * 300,
    "nul\x00l",
    "CON",
    "a\nb",
]


@pytest.fixture
def catalog(data: Path) -> Iterator[Catalog]:
    catalog = Catalog(SqliteBackend(data))
    yield catalog
    catalog.close()


@pytest.fixture(autouse=True)
def data(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


def reopened(catalog: Catalog, data: Path) -> Catalog:
    catalog.close()
    return Catalog(SqliteBackend(data))


@pytest.mark.parametrize("name", HARD_NAMES)
def test_any_name_is_safe_on_disk_and_read_back_as_given(
    catalog: Catalog, data: Path, name: str
) -> None:
    row, _ = catalog.create(NewRun(project=name, name=name, external_id=name or None))

    again = reopened(catalog, data)
    found = again.get(row.id)
    again.close()

    assert found == row
    assert (found.project, found.name) == (name, name)
    assert run_directory(found).resolve().parent.parent == (data / "runs").resolve()
    reader = RunReader(run_directory(found))
    assert (reader.facts()["project"], reader.facts()["name"]) == (name, name)
    reader.close()


def test_runs_are_numbered_by_project_and_identified_globally(catalog: Catalog) -> None:
    made = [
        catalog.create(NewRun(project=project, name="r"))[0]
        for project in ("mnist", "mnist", "my-ml-project", "mnist")
    ]

    assert [row.id for row in made] == [1, 2, 3, 4]
    assert [row.display_id for row in made] == ["MNI-1", "MNI-2", "MMP-1", "MNI-3"]


def test_an_external_id_is_created_once_in_its_project(catalog: Catalog) -> None:
    first = catalog.create(NewRun(project="p", name="one", external_id="job-7"))
    again = catalog.create(NewRun(project="p", name="two", external_id="job-7"))
    elsewhere = catalog.create(NewRun(project="q", name="three", external_id="job-7"))

    assert (first[1], again[1], elsewhere[1]) == (True, False, True)
    assert again[0] == first[0]
    assert catalog.by_external_id("job-7", "p") == first[0]
    assert catalog.by_external_id("job-7", "r") is None


def test_many_processes_that_ask_at_once_get_one_run(catalog: Catalog) -> None:
    answers = []

    def ask() -> None:
        answers.append(catalog.create(NewRun(project="p", name="ddp", external_id="job")))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert {row.id for row, _ in answers} == {1}
    assert sorted(created for _, created in answers) == [False] * 7 + [True]


def test_projects_count_their_runs_and_those_that_run(catalog: Catalog) -> None:
    catalog.create(NewRun(project="old", name="r", created_at=1000, updated_at=2000))
    row, _ = catalog.create(NewRun(project="new", name="r", created_at=3000))
    catalog.create(NewRun(project="new", name="s", created_at=4000, updated_at=5000))
    RunChanges(catalog).set_status(row.id, StatusChange("COMPLETED"))

    new, old = catalog.projects()

    assert (old.name, old.runs, old.running, old.created_at, old.updated_at) == (
        "old",
        1,
        1,
        1000,
        2000,
    )
    assert (new.name, new.runs, new.running, new.created_at) == ("new", 2, 1, 3000)
    assert new.id != old.id


def test_display_ids_of_several_projects_can_be_equal(catalog: Catalog) -> None:
    catalog.create(NewRun(project="monitor-tests", name="r"))
    catalog.create(NewRun(project="monitor_tests", name="r"))

    assert len(catalog.by_display_id("mte-1")) == 2
    assert [row.project for row in catalog.by_display_id("MTE-1", "monitor_tests")] == [
        "monitor_tests"
    ]


def test_the_version_grows_with_every_change_of_the_list(catalog: Catalog) -> None:
    versions = [catalog.version()]
    row, _ = catalog.create(NewRun(project="p", name="r"))
    versions.append(catalog.version())
    RunChanges(catalog).set_tags(row.id, ["a"])
    versions.append(catalog.version())

    assert versions == sorted(set(versions))


def test_a_lost_index_is_built_again_from_the_runs(catalog: Catalog, data: Path) -> None:
    new = NewRun(project="p", name="r", external_id="job", tags=("a", "b"))
    row, _ = catalog.create(new)
    RunChanges(catalog).set_status(row.id, StatusChange("FAILED"))
    before = catalog.get(row.id)
    catalog.close()
    for file in data.glob("index.db*"):
        file.unlink()

    again = Catalog(SqliteBackend(data))
    found = again.get(row.id)
    next_row, _ = again.create(NewRun(project="p", name="r"))
    again.close()

    assert found == before
    assert (next_row.id, next_row.number) == (2, 2)


def test_a_status_that_a_crash_kept_from_the_index_is_found_at_the_next_start(
    catalog: Catalog, data: Path
) -> None:
    row, _ = catalog.create(NewRun(project="p", name="r"))
    with catalog.write(row.id) as writer:
        writer.append(Batch(facts={"status": "COMPLETED", "finished_at": 5000}))

    again = reopened(catalog, data)
    found = again.get(row.id)
    again.close()

    assert found is not None
    assert (found.status, found.finished_at) == ("COMPLETED", 5000)


def test_a_run_whose_directory_was_deleted_is_gone_at_the_next_start(
    catalog: Catalog, data: Path
) -> None:
    row, _ = catalog.create(NewRun(project="p", name="r"))
    catalog.close()
    shutil.rmtree(run_directory(row))

    again = Catalog(SqliteBackend(data))
    rows = again.runs()
    again.close()

    assert rows == []


def test_a_run_that_cannot_be_written_leaves_nothing_behind(data: Path) -> None:
    catalog = Catalog(SqliteBackend(data))
    (data / "runs").write_text("in the way")

    with pytest.raises(StorageError, match="cannot open the run store"):
        catalog.create(NewRun(project="p", name="r"))
    (data / "runs").unlink()
    row, _ = catalog.create(NewRun(project="p", name="r"))
    catalog.close()

    assert (row.id, row.number) == (1, 1)


def test_a_foreign_index_is_refused_by_name(data: Path) -> None:
    other = sqlite3.connect(data / "index.db")
    other.execute("CREATE TABLE t (x)")
    other.close()

    with pytest.raises(StorageError, match=r"index\.db is not an index of Pluto"):
        Catalog(SqliteBackend(data))


def test_a_catalog_that_only_looks_says_where_to_send(tmp_path: Path) -> None:
    catalog = Catalog(SqliteBackend(tmp_path, writable=False))

    with pytest.raises(ReadOnlyCatalog, match="start 'pluto server'"):
        catalog.create(NewRun(project="p", name="r"))
    catalog.close()


def test_an_unknown_run_is_a_key_error(catalog: Catalog) -> None:
    assert catalog.get(7) is None
    with pytest.raises(KeyError):
        catalog.reader(7)
    with pytest.raises(KeyError), catalog.write(7):
        pass


def test_a_run_that_was_replaced_on_disk_is_read_afresh(tmp_path: Path) -> None:
    root = tmp_path / "local"
    catalog = Catalog(SqliteBackend(root, writable=False))
    for notes in ("first", "second"):
        shutil.rmtree(root, ignore_errors=True)
        write_local_run(root / "run", notes)
        catalog.expire()
        assert catalog.reader(local_id("u")).facts()["notes"] == notes
    catalog.close()


def test_more_runs_than_open_files_can_be_written_and_read(catalog: Catalog) -> None:
    rows = [catalog.create(NewRun(project="p", name=str(n)))[0] for n in range(150)]
    for row in rows:
        with catalog.write(row.id) as writer:
            writer.append(Batch(facts={"notes": row.name}))

    assert [catalog.reader(row.id).facts()["notes"] for row in rows] == [row.name for row in rows]
