"""The server of these tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pluto.server.app import Server
from pluto.server.data_directory import Secrets
from pluto.server.keys import generate_key
from pluto.server.serve import make_state
from pluto.server.settings import ServerSettings
from tests.integration.server_read.harness import ReadServer


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ReadServer]:
    (tmp_path / "data").mkdir()
    settings = ServerSettings(tmp_path / "data", auth="off")
    state = make_state(settings, Secrets(generate_key(), b""))
    app = Server(state)
    yield ReadServer(state, app)
    app.close()
    state.catalog.close()
