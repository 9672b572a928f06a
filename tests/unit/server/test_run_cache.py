"""A server that starts again lists its runs without reading them, and never shows stale values."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pluto.server.rows import RunRow
from pluto.server.settings import ServerSettings
from pluto.server.sqlite import SqliteBackend, run_directory
from pluto.server.sqlite.run_cache import CachedRun, RunCache
from pluto.server.views import Views
from pluto.storage import Batch, MetricGroup, RunWriter

Start = Callable[[], Views]
LONG_AGO = time.time() - 3600


def finished_run(root: Path, uid: str, last: float = 0.5, **facts: Any) -> Path:
    directory = root / "p" / uid
    known = {"uid": uid, "project": "p", "name": uid, "status": "COMPLETED", "created_at": 1}
    known |= {"tags": ["a", "b"], "config": {"lr": 0.1, "note": float("nan")}, "finished_at": 99}
    writer = RunWriter(directory)
    steps = np.arange(2)
    rows = MetricGroup(("loss", "acc"), steps, 1000 + steps, np.array([[1.0, 2.0], [last, 3.0]]))
    writer.append(Batch(facts=known | facts, groups=[rows]))
    writer.close()
    settle(directory)
    return directory


def settle(directory: Path) -> None:
    """Make a run look as if nobody had written it for an hour."""
    for path in directory.glob("run.db*"):
        os.utime(path, (LONG_AGO, LONG_AGO))


def spoil(directory: Path) -> None:
    """Make a run unreadable without a trace in its size and time."""
    path = directory / "run.db"
    path.write_bytes(bytes(path.stat().st_size))
    settle(directory)


def listed(root: Path, cache: Path) -> list[RunRow]:
    with closing(SqliteBackend(root, writable=False, kept=cache.joinpath)) as backend:
        return backend.runs.rows()


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Start]:
    """Makes the views of a server that starts now."""
    with ExitStack() as stack:

        def start() -> Views:
            backend = SqliteBackend(tmp_path / "runs", writable=False, kept=tmp_path.joinpath)
            return Views(stack.enter_context(closing(backend)))

        yield start


def test_runs_on_disk_are_listed_again_without_being_read(tmp_path: Path) -> None:
    run = finished_run(tmp_path / "runs", "one", cause=None)
    first = listed(tmp_path / "runs", tmp_path)
    spoil(run)
    assert listed(tmp_path / "runs", tmp_path) == first
    assert run_directory(first[0]) == run
    assert first[0].tags == ("a", "b")


def test_the_table_of_runs_is_there_again_without_their_being_read(
    tmp_path: Path, started: Start
) -> None:
    run = finished_run(tmp_path / "runs", "one")
    rows = listed(tmp_path / "runs", tmp_path)
    (before,) = started().of(rows)
    spoil(run)
    (after,) = started().of(rows)
    assert after.stored.problem is None
    assert dict(after.summary) == dict(before.summary) == {"loss": 0.5, "acc": 3.0}
    assert after.summary.row("loss") == before.summary.row("loss")
    assert after.summary.last_time == 1001
    assert after.config == before.config
    assert after.stored.shown_config == before.stored.shown_config


def test_a_run_that_has_changed_is_read_again(tmp_path: Path, started: Start) -> None:
    finished_run(tmp_path / "runs", "one")
    rows = listed(tmp_path / "runs", tmp_path)
    started().of(rows)
    finished_run(tmp_path / "runs", "one", last=0.25, name="renamed", notes="x" * 10_000)
    assert [row.name for row in listed(tmp_path / "runs", tmp_path)] == ["renamed"]
    (view,) = started().of(rows)
    assert view.summary["loss"] == 0.25


def test_a_run_that_is_being_written_is_not_kept_until_it_rests(
    tmp_path: Path, started: Start
) -> None:
    run = finished_run(tmp_path / "runs", "one")
    for path in run.glob("run.db*"):
        os.utime(path)
    cache = RunCache(tmp_path / "views.db")
    views = started()
    rows = listed(tmp_path / "runs", tmp_path)
    views.of(rows)
    assert cache.load([str(run)]) == []
    settle(run)
    views.of(rows)
    assert len(cache.load([str(run)])) == 1


def test_what_is_kept_of_runs_that_are_gone_is_forgotten(tmp_path: Path) -> None:
    cache = RunCache(tmp_path / "cache.db")
    cache.save([CachedRun(str(tmp_path / "gone"), "1", b"")])
    cache.save([CachedRun(str(tmp_path), "1", b"")])
    paths = [str(tmp_path / "gone"), str(tmp_path)]
    assert [run.place for run in cache.load(paths)] == [str(tmp_path)]


def test_a_damaged_cache_costs_time_only(tmp_path: Path, started: Start) -> None:
    run = finished_run(tmp_path / "runs", "one")
    for name in ("rows.db", "views.db"):
        (tmp_path / name).write_bytes(b"damaged" * 1000)
    rows = listed(tmp_path / "runs", tmp_path)
    assert [run_directory(row) for row in rows] == [run]
    (view,) = started().of(rows)
    assert view.summary["loss"] == 0.5


def test_a_server_that_only_shows_runs_keeps_its_cache_elsewhere(tmp_path: Path) -> None:
    settings = ServerSettings(tmp_path / "runs", mode="ui")
    assert settings.cache("rows.db").is_relative_to(Path.home() / ".pluto")
    other = ServerSettings(tmp_path / "others", mode="ui")
    assert settings.cache("rows.db") != other.cache("rows.db")
    assert ServerSettings(tmp_path).cache("rows.db") == tmp_path / "rows.db"
