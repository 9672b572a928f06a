"""Histograms, and what all structured values share."""

import json
import logging
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from pluto.data import Data, Graph, Histogram, Table
from pluto.errors import UsageError
from pluto.media.notice import notices
from pluto.media.plain import plain

UNIFORM_KEYS = {"freq", "maxFreq", "bins", "shape", "type", "v"}


def check_uniform(found: dict[str, Any]) -> None:
    """What the server's schema asks of a histogram; one bad row hides a whole log."""
    assert set(found) - {"ignored"} == UNIFORM_KEYS
    assert (found["shape"], found["type"], found["v"]) == ("uniform", "Histogram", 1)
    assert all(type(count) is int and count >= 0 for count in found["freq"])
    assert found["maxFreq"] == max(found["freq"])
    assert found["bins"]["num"] == len(found["freq"])
    assert math.isfinite(found["bins"]["min"])
    assert math.isfinite(found["bins"]["max"])
    assert found["bins"]["min"] < found["bins"]["max"]


def test_a_histogram_has_exactly_the_form_of_the_protocol() -> None:
    assert json.loads(Histogram([1, 2, 3, 4.5], bins=2).to_json()) == {
        "freq": [2, 2],
        "maxFreq": 2,
        "bins": {"min": 1.0, "max": 4.5, "num": 2},
        "shape": "uniform",
        "type": "Histogram",
        "v": 1,
    }
    assert Histogram([1.0]).type_name == "HISTOGRAM"
    assert len(Histogram([1.0, 2.0]).to_dict()["freq"]) == 64


@given(
    values=hnp.arrays(
        st.sampled_from(["f2", "f4", "f8", "i1", "u1", "i8", "u8", "?"]),
        hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=8),
    ),
    bins=st.integers(1, 200),
)
def test_counts_sum_to_the_finite_numbers_whatever_they_are(
    values: NDArray[Any], bins: int
) -> None:
    histogram = Histogram(values, bins=bins)
    found = histogram.to_dict()
    check_uniform(found)
    finite = np.isfinite(values.astype(np.float64))
    assert sum(found["freq"]) == finite.sum()
    assert sum(histogram.ignored.values()) == values.size - finite.sum()


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1))
def test_no_spread_of_finite_numbers_breaks_a_histogram(values: list[float]) -> None:
    found = Histogram(values).to_dict()
    check_uniform(found)
    assert sum(found["freq"]) == len(values)


def test_counts_are_those_of_numpy() -> None:
    values = np.random.default_rng(3).normal(size=10_000)
    counts, edges = np.histogram(values, 50)
    found = Histogram(values, bins=50).to_dict()
    assert found["freq"] == counts.tolist()
    assert (found["bins"]["min"], found["bins"]["max"]) == (edges[0], edges[-1])


def test_bug_50_nan_and_infinity_are_left_out_and_counted() -> None:
    histogram = Histogram([1.0, math.nan, math.inf, -math.inf, 2.0], bins=2)
    assert histogram.ignored == {"nan": 1, "infinite": 2}
    assert histogram.to_dict()["freq"] == [1, 1]
    assert histogram.to_dict()["ignored"] == {"nan": 1, "infinite": 2}


def test_bug_50_tuples_and_nested_data_are_counted() -> None:
    for data in ((1, 2, 3, 4), [[1, 2], [3, 4]], np.array([[[1, 2], [3, 4]]]), range(1, 5)):
        assert Histogram(data, bins=2).to_dict()["freq"] == [2, 2]


def test_constant_and_empty_data_have_a_histogram() -> None:
    constant = Histogram([5.0] * 3, bins=4).to_dict()
    assert constant["bins"] == {"min": 4.5, "max": 5.5, "num": 4}
    assert sum(constant["freq"]) == 3
    for empty in ([], np.zeros((0, 3)), [math.nan]):
        found = Histogram(empty, bins=3).to_dict()
        check_uniform(found)
        assert (found["freq"], found["maxFreq"]) == ([0, 0, 0], 0)


@pytest.mark.parametrize("bins", [None, 64, 3])
def test_a_pair_of_counts_and_edges_is_taken_as_it_is(bins: int | None) -> None:
    for pair in (([1, 3, 0], [-1.0, 0.0, 1.0, 2.0]), np.histogram([-1, 0, 0, 2], 3)):
        found = Histogram(pair, bins=bins).to_dict()
        check_uniform(found)
        assert found["freq"] == np.asarray(pair[0]).tolist()
        assert found["bins"] == {"min": -1.0, "max": 2.0, "num": 3}
    assert Histogram(np_histogram=([1, 2], [0, 1, 2])).to_dict()["freq"] == [1, 2]


def test_edges_of_unequal_width_are_spread_over_equal_bins() -> None:
    found = Histogram(([4, 4], [0.0, 1.0, 4.0])).to_dict()
    check_uniform(found)
    assert found["bins"] == {"min": 0.0, "max": 4.0, "num": 2}
    assert found["freq"] == [5, 3]


@given(
    counts=st.lists(st.integers(0, 10**6), min_size=1, max_size=30),
    widths=st.lists(st.floats(0.01, 100), min_size=30, max_size=30),
)
def test_spreading_over_equal_bins_keeps_the_total(counts: list[int], widths: list[float]) -> None:
    edges = np.concatenate([[0.0], np.cumsum(widths[: len(counts)])])
    found = Histogram((counts, edges)).to_dict()
    check_uniform(found)
    assert sum(found["freq"]) == sum(counts)


@pytest.mark.parametrize(
    ("arguments", "fix"),
    [
        ((None,), "nothing to count"),
        ((["a", "b"],), "expected an array of numbers"),
        (([1, 2], 0), "not between 1 and 10,000"),
        (([1, 2], 10**9), "not between 1 and 10,000"),
        (([1, 2, 3], "auto"), "is not a whole number"),
        ((([1, 2], [0, 1]), None), "2 counts need 3 edges, got 2"),
        ((([0.5, 0.5], [0, 1, 2]),), "counts must be whole numbers"),
        ((([-1, 2], [0, 1, 2]),), "counts must be whole numbers"),
        ((([1, 2], [0, 2, 1]),), "edges must be finite and rise"),
        ((([1, 2], [0, 1, math.inf]),), "edges must be finite and rise"),
    ],
)
def test_wrong_histograms_are_refused_with_the_fix(arguments: tuple[Any, ...], fix: str) -> None:
    with pytest.raises(UsageError, match=fix):
        Histogram(*arguments)


def test_data_of_ones_own_is_stored_under_its_class_name() -> None:
    class Curve(Data):
        pass

    curve = Curve({"x": np.arange(3), "y": (1, math.nan)})
    assert curve.type_name == "CURVE"
    assert json.loads(curve.to_json()) == {"x": [0, 1, 2], "y": [1, None], "type": "Curve", "v": 1}


JSON_LIKE: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner),
)


@given(JSON_LIKE)
def test_any_nested_value_becomes_strict_json_that_utf8_can_carry(value: Any) -> None:
    text = Data({"value": value}).to_json()
    text.encode("utf-8")

    def refuse(literal: str) -> None:
        raise AssertionError(literal)

    json.loads(text, parse_constant=refuse)


def test_a_value_that_contains_itself_ends() -> None:
    loop: list[Any] = []
    loop.append(loop)
    assert "nested more than" in Data({"loop": loop}).to_json()


def test_plain_values_of_many_types() -> None:
    import datetime as dt
    import decimal
    import enum
    import fractions
    import pathlib

    class Colour(enum.IntEnum):
        RED = 3

    expected: list[tuple[Any, Any]] = [
        (np.float32(0.5), 0.5),
        (np.int64(7), 7),
        (np.bool_(True), True),
        (np.str_("s"), "s"),
        (np.longdouble(2), 2.0),
        (np.array(3), 3),
        (np.array([[1, 2]]), [[1, 2]]),
        (np.datetime64("2026-01-02T03:04:05.123456789"), "2026-01-02T03:04:05.123456789"),
        (np.datetime64("NaT", "s"), None),
        (np.array(["2026-01-02", "NaT"], "M8[ns]"), ["2026-01-02T00:00:00.000000000", None]),
        (dt.date(2026, 1, 2), "2026-01-02"),
        (dt.datetime(2026, 1, 2, tzinfo=dt.timezone.utc), "2026-01-02T00:00:00+00:00"),
        (dt.time(1, 2), "01:02:00"),
        (dt.timedelta(hours=1), "1:00:00"),
        (decimal.Decimal("1.5"), 1.5),
        (decimal.Decimal("NaN"), None),
        (decimal.Decimal("sNaN"), "sNaN"),
        (fractions.Fraction(1, 3), "1/3"),
        (pathlib.PurePosixPath("a/b"), "a/b"),
        (Colour.RED, 3),
        (b"caf\xc3\xa9", "café"),
        (1 + 2j, "(1+2j)"),
        (10**300, 10**300),
        (float("-inf"), "-Infinity"),
        ({1: {2}}, {"1": [2]}),
        ("\ud800", "?"),
    ]
    for value, wanted in expected:
        found = plain(value)
        assert found == wanted
        assert type(found) is type(wanted) or isinstance(value, str)
    assert plain(1 << 20_000) == hex(1 << 20_000)


def test_unknown_keywords_of_structured_values_are_named_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    for name in ("Histogram", "Table", "Graph"):
        notices.forget(("unknown keywords", name, "colour"))
    with caplog.at_level(logging.WARNING, "pluto"):
        for _ in range(2):
            Histogram([1], colour=1)
            Table([[1]], colour=1)
            Graph(colour=1)
    assert len(caplog.records) == 3
