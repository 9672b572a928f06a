"""The dashboard of modules that have none of their own: over runs with every kind of media."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY
from tests.e2e.browser import Site, Visit, dashboard_over
from tests.e2e.recorded_media import record_media

AXE = REPOSITORY / "web" / "node_modules" / "axe-core" / "axe.min.js"

dashboard = dashboard_over(record_media)


@pytest.fixture
def visit(dashboard: Site) -> Iterator[Visit]:
    with dashboard.visit() as opened:
        yield opened


@pytest.fixture(scope="module")
def axe() -> Path:
    """axe-core comes with the sources of the dashboard; without npm there is none to be had."""
    if not AXE.exists():
        pytest.skip("axe-core is not installed: 'make web-check' installs it")
    return AXE
