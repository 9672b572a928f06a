"""Versions of runs without keeping files open, and the cache of series."""

import os
import time
from pathlib import Path

import pytest

from pluto.errors import StorageError
from pluto.server.series_cache import SeriesCache, Thinned
from pluto.server.sqlite.versions import Versions
from pluto.storage import RUN_DB, Batch, RunReader, RunWriter


@pytest.fixture
def run(tmp_path: Path) -> Path:
    writer = RunWriter(tmp_path / "run")
    writer.append(Batch(facts={"name": "baseline"}))
    writer.close()
    return tmp_path / "run"


def age(run: Path) -> None:
    """Make the files look as if nobody had written them for a minute."""
    for name in (RUN_DB, f"{RUN_DB}-wal"):
        if (run / name).exists():
            past = time.time() - 60
            os.utime(run / name, (past, past))


def test_every_write_is_seen_however_soon_it_follows_a_look(run: Path) -> None:
    versions = Versions()
    writer = RunWriter(run)
    for number in range(20):
        writer.append(Batch(facts={"notes": str(number)}))
        with_reader = RunReader(run)
        assert versions.of(run) == with_reader.version()
        with_reader.close()
    writer.close()


def test_a_run_at_rest_is_not_opened_again(run: Path) -> None:
    versions = Versions()
    age(run)
    version = versions.of(run)
    assert versions.known(run) == version
    files = {path.name: path.stat() for path in run.iterdir() if path.is_file()}
    (run / RUN_DB).chmod(0o600)
    content = (run / RUN_DB).read_bytes()
    (run / RUN_DB).write_bytes(b"x" * len(content))
    os.utime(run / RUN_DB, ns=(0, files[RUN_DB].st_mtime_ns))

    assert versions.of(run) == version, "same size and time: the content was not looked at"


def test_a_run_at_rest_that_goes_on_is_read_again(run: Path) -> None:
    versions = Versions()
    age(run)
    before = versions.of(run)
    writer = RunWriter(run)
    writer.append(Batch(facts={"notes": "more"}))
    assert versions.known(run) is None
    assert versions.of(run) > before
    writer.close()


def test_a_run_that_is_gone_says_so(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="no run is stored"):
        Versions().of(tmp_path / "nowhere")


def test_the_series_that_were_used_last_stay_in_the_cache() -> None:
    cache = SeriesCache(limit=3 * 1500)
    reads: list[str] = []

    def ask(keys: str) -> None:
        def read(places: list[int]) -> list[Thinned]:
            reads.append("".join(keys[place] for place in places))
            return [Thinned(keys[place].encode() * 1000, downsampled=False) for place in places]

        found = cache.get(keys, read)
        assert [each.columns for each in found] == [key.encode() * 1000 for key in keys]

    for keys in ("abc", "ax", "d", "a"):
        ask(keys)

    assert reads == ["abc", "x", "d"], "b went when x came, c when d came; a was used in between"
    ask("ab")
    assert reads[3:] == ["b"]
