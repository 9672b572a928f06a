"""Whatever is given to `log()`: it never raises, and everything is stored or counted as refused."""

import logging
from collections import OrderedDict, UserDict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import pluto
from pluto.record import Receipt
from pluto.storage import Kind, RunReader

INPUTS = 50_000 if settings().max_examples >= 300 else 1_000  # the profiles ci and dev
QUIET = {"disable_system_metrics": True, "disable_console": True, "sync_process_flush_interval": 9}


class Stubborn:
    """An object that answers every question with an exception."""

    def _refuse(self, *_: object) -> Any:
        raise RuntimeError("no")

    __float__ = __int__ = __index__ = __str__ = __repr__ = __len__ = __iter__ = _refuse
    __bool__ = __add__ = __radd__ = __eq__ = __getattr__ = item = _refuse
    __hash__ = object.__hash__


class Liar(float):
    """A number that is none."""

    def __float__(self) -> Any:
        return "not a number"


class Endless(Mapping[str, Any]):
    """A mapping that holds itself."""

    def __getitem__(self, key: str) -> Any:
        return self

    def __iter__(self) -> Iterator[str]:
        return iter(["again"])

    def __len__(self) -> int:
        return 1


TEXTS = st.text(st.characters(), max_size=40)  # lone surrogates and control characters too
NUMBERS = st.one_of(
    st.floats(), st.integers(), st.integers(-(2**70), 2**70), st.booleans(), st.just(10**400)
)
ODD = st.one_of(
    st.none(),
    st.binary(max_size=20),
    st.complex_numbers(),
    st.decimals(),
    st.fractions(),
    st.dates(),
    st.sets(st.integers(), max_size=3),
    st.sampled_from([object, Stubborn, Liar, Endless]).map(lambda kind: kind()),
    st.sampled_from([len, int, ..., NotImplemented]),
    st.builds(iter, st.lists(st.integers(), max_size=3)),
)
ARRAYS = st.one_of(
    st.sampled_from([np.float16, np.float64, np.int8, np.uint64, np.bool_, np.complex64]).map(
        lambda kind: kind(1)
    ),
    st.lists(st.floats(width=32), max_size=4).map(np.array),
    st.sampled_from(["2026-01-01", "NaT"]).map(lambda text: np.datetime64(text, "D")),
    st.just(np.array(["text", None], dtype=object)),
)
OBJECTS = st.one_of(
    st.lists(st.floats(allow_nan=False, width=16), max_size=5).map(pluto.Histogram),
    st.text(max_size=20).map(pluto.Text),
    st.just(pluto.Table([[1, "a"], [None, 2.5]])),
)
LEAVES = st.one_of(NUMBERS, TEXTS, ODD, ARRAYS)
KEYS = st.one_of(TEXTS, st.integers(), st.none(), st.binary(max_size=5), st.booleans())
VALUES = st.recursive(
    st.one_of(LEAVES, OBJECTS),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.tuples(inner, inner),
        st.dictionaries(KEYS, inner, max_size=4),
    ),
    max_leaves=4,
)
DATA = st.one_of(
    st.dictionaries(TEXTS, NUMBERS, max_size=6),  # what most calls look like
    st.dictionaries(KEYS, VALUES, max_size=4),
    st.dictionaries(KEYS, VALUES, max_size=3).map(OrderedDict),
    st.dictionaries(KEYS, VALUES, max_size=3).map(UserDict),
    VALUES,
)
STEPS = st.one_of(st.none(), st.integers(0, 10**6), LEAVES)
TIMES = st.one_of(st.none(), st.none(), st.floats(0, 2e9), LEAVES)


def count_leaves(value: Any, depth: int = 0) -> int:
    """Count the values in what is given to `log`, as many as can be stored or refused."""
    if depth > 32:
        return 1
    if hasattr(type(value), "items"):
        return sum(count_leaves(item, depth + 1) for _, item in value.items())
    if isinstance(value, (list, tuple)):
        return sum(count_leaves(item, depth + 1) for item in value)
    return 1


def count_stored(directory: Path) -> int:
    reader = RunReader(directory)
    try:
        numbers = sum(len(reader.points(each.name, raw=True).steps) for each in reader.names())
        return numbers + reader.count(Kind.DATA) + reader.count(Kind.FILE)
    finally:
        reader.close()


def finish(run: pluto.Op) -> Receipt:
    receipt = run.finish()
    assert receipt is not None
    return receipt


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_any_input_is_stored_or_counted_and_none_raises(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("pluto"), "disabled", True)  # thousands of warnings
    run = pluto.init(dir=tmp_path, settings=QUIET)
    recorder = run._session.recorder  # type: ignore[union-attr]
    given_values = 0

    @settings(max_examples=INPUTS, suppress_health_check=list(HealthCheck), deadline=None)
    @given(data=DATA, step=STEPS, time=TIMES)
    def log(data: Any, step: Any, time: Any) -> None:
        nonlocal given_values
        before = recorder.logged + recorder.lost
        run.log(data, step=step, timestamp=time)
        after = recorder.logged + recorder.lost
        leaves = count_leaves(data) if hasattr(type(data), "items") else 1
        given_values += leaves
        assert (after > before) == (leaves > 0)

    log()
    receipt = finish(run)
    assert count_stored(Path(run.dir)) + receipt.lost == given_values
