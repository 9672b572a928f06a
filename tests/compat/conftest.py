"""What every test of a hook gets."""

import os
from collections.abc import Iterator

import pytest

import pluto

# The tests run beside each other: threads of one process would only wait for those of another.
os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(autouse=True)
def no_run_is_left_over() -> Iterator[None]:
    """Hooks take up the newest live run: it must be the test's own."""
    yield
    pluto.finish()
