"""What every test of a hook gets."""

from collections.abc import Iterator

import pytest

import pluto


@pytest.fixture(autouse=True)
def no_run_is_left_over() -> Iterator[None]:
    """Hooks take up the newest live run: it must be the test's own."""
    yield
    pluto.finish()
