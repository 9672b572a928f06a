"""Runs that tests of reading ask for, on disk and on a server."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.query_runs import record_digits, send
from tests.server_process import RunningServer, running_server


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory in which they were recorded."""
    directory = tmp_path_factory.mktemp("runs")
    record_digits(directory)
    return directory


@pytest.fixture(scope="module")
def digits_server(
    digits: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningServer]:
    """A server that they were sent to."""
    home = tmp_path_factory.mktemp("home")
    with running_server(home / "data", home=home) as server:
        send(digits, server)
        yield server
