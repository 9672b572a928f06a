"""The dashboard of modules that have none of their own: over runs with every kind of media."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.browser import Site, site
from tests.e2e.recorded_media import record_media


@pytest.fixture(scope="module")
def dashboard(chromium: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    directory = tmp_path_factory.mktemp("runs")
    record_media(directory)
    with site(directory, chromium, tmp_path_factory.mktemp("home")) as opened:
        yield opened
