"""Sorting of what users log: stored or refused with a reason, never lost, never raising."""

import math
from datetime import datetime, timezone
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pluto
from pluto.values import MAX_STEP, sort_values, whole_milliseconds, whole_step

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(),
    st.binary(),
    st.complex_numbers(),
    st.decimals(),
    st.dates(),
    st.builds(object),
    st.builds(np.float32, st.floats(width=32)),
    st.builds(np.zeros, st.integers(0, 5)),
)
anything = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=5),
        st.dictionaries(st.one_of(st.text(), st.integers()), inner, max_size=5),
        st.tuples(inner, inner),
    ),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        (1, 1.0),
        (True, 1.0),
        (False, 0.0),
        (0.5, 0.5),
        (10**400, math.inf),
        (-(10**400), -math.inf),
        (Decimal("0.25"), 0.25),
        (Fraction(1, 4), 0.25),
        (np.float32(1.5), 1.5),
        (np.int64(-3), -3.0),
        (np.bool_(True), 1.0),
        (np.array(2.0), 2.0),
        (np.array([[7]]), 7.0),
    ],
)
def test_everything_number_like_is_a_number(value: Any, stored: float) -> None:
    assert sort_values({"x": value}).numbers == {"x": stored}


def test_nested_mappings_and_short_lists_get_slashed_names() -> None:
    found = sort_values({"a": {"b": 1, "c": {"d": [2, 3]}}, 4: (5,)})
    # A list of one is that one: `scheduler.get_last_lr()` with a single group.
    assert found.numbers == {"a/b": 1.0, "a/c/d/0": 2.0, "a/c/d/1": 3.0, "4": 5.0}


def test_a_list_of_media_keeps_its_order_under_one_name() -> None:
    images = [pluto.Image(np.zeros((2, 2), np.uint8)) for _ in range(3)]
    found = sort_values({"img": tuple(images)})
    assert [(key, index) for key, _, index in found.files] == [("img", 0), ("img", 1), ("img", 2)]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "no value"),
        (object(), "builtins.object"),
        (1j, "complex"),
        (b"x", "bytes"),
        (np.zeros(3), "shape (3,)"),
        (list(range(100)), "pluto.Histogram"),
    ],
)
def test_what_cannot_be_stored_is_refused_with_a_reason_and_its_siblings_are_not(
    value: Any, reason: str
) -> None:
    found = sort_values({"bad": value, "good": 1})
    assert found.numbers == {"good": 1.0}
    ((key, text),) = found.refused
    assert key == "bad"
    assert reason in text


def test_two_values_of_one_name_are_not_both_stored_and_that_is_said() -> None:
    found = sort_values({"a/b": 1, "a": {"b": 2}})
    assert found.numbers == {"a/b": 1.0}
    assert "another value" in found.refused[0][1]


def test_a_mapping_that_holds_itself_is_refused() -> None:
    loop: dict[str, Any] = {}
    loop["again"] = loop
    assert "nested" in sort_values(loop).refused[0][1]


@given(st.dictionaries(st.text(), anything, max_size=8))
def test_whatever_is_logged_is_stored_or_refused(data: dict[str, Any]) -> None:
    found = sort_values(data)
    stored = len(found.numbers) + len(found.texts)
    assert stored + len(found.refused) >= sum(1 for value in data.values() if not _is_empty(value))


def _is_empty(value: Any) -> bool:
    return isinstance(value, (list, tuple, dict)) and all(
        _is_empty(item) for item in (value.values() if isinstance(value, dict) else value)
    )


@pytest.mark.parametrize(
    ("step", "whole"),
    [
        (0, 0),
        (np.int64(7), 7),
        (np.uint8(7), 7),
        (3.0, 3),
        (np.float32(2), 2),
        (np.array(5), 5),
        (" 12 ", 12),
        (MAX_STEP, MAX_STEP),
        (True, 1),
        (-1, None),
        (2.5, None),
        (MAX_STEP + 1, None),
        (math.nan, None),
        ("x", None),
        (None, None),
        ([1, 2], None),
    ],
)
def test_steps_are_taken_if_they_are_integer_like(step: Any, whole: int | None) -> None:
    assert whole_step(step) == whole


def test_a_timestamp_may_be_a_datetime() -> None:
    moment = datetime(2026, 1, 2, tzinfo=timezone.utc)
    assert whole_milliseconds(moment) == whole_milliseconds(moment.timestamp()) == 1767312000000


@given(anything)
def test_no_step_and_no_timestamp_makes_an_error(value: Any) -> None:
    assert whole_step(value) is None or 0 <= whole_step(value) <= MAX_STEP  # type: ignore[operator]
    assert whole_milliseconds(value) is None or whole_milliseconds(value) > 0  # type: ignore[operator]
