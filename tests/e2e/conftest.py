"""The dashboard of modules that have none of their own: over runs with every kind of media."""

from collections.abc import Iterator

import pytest

from tests.e2e.browser import Site, Visit, dashboard_over
from tests.e2e.recorded_media import record_media

dashboard = dashboard_over(record_media)


@pytest.fixture
def visit(dashboard: Site) -> Iterator[Visit]:
    with dashboard.visit() as opened:
        yield opened
