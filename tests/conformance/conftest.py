"""Every engine, empty, for the tests that each has to pass."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from pluto.server.backend import Backend
from pluto.server.sqlite import SqliteBackend
from tests.conformance.memory import MemoryBackend
from tests.tiny_sizes import TINY

ENGINES: dict[str, Callable[[Path], Backend]] = {
    "memory": MemoryBackend,
    "sqlite": lambda directory: SqliteBackend(directory, sizes=TINY),
}


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Backend]:
    """One engine after the other."""
    with closing(ENGINES[request.param](tmp_path)) as backend:
        yield backend
