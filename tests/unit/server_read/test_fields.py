"""Config values as filters compare them and as JSON carries them."""

import json
import math
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pluto.server.fields import field_value, flatten, json_number, json_safe


@pytest.mark.parametrize(
    ("value", "text", "number"),
    [
        (1, "1", 1.0),
        (2.0, "2", 2.0),
        (1e-5, "1e-05", 1e-5),
        (10**400, str(10**400), math.inf),
        ("0.5", "0.5", 0.5),
        (" 7 ", " 7 ", 7.0),
        ("007", "007", None),
        ("0x1F", "0x1F", None),
        ("1_000", "1_000", None),
        ("nan", "nan", None),
        ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z", None),
        ("", "", None),
        (True, "true", None),
        (None, None, None),
        ([1, "a"], '[1,"a"]', None),
    ],
)
def test_a_value_has_a_text_and_a_number_where_it_reads_as_one(
    value: object, text: str | None, number: float | None
) -> None:
    assert field_value(value) == (text, number)


def test_nested_objects_become_dotted_keys_in_their_order() -> None:
    config = {"b": {"y": 1, "x": {"z": [1]}}, "a": None, "empty": {}}
    assert list(flatten(config).items()) == [("b.y", 1), ("b.x.z", [1]), ("a", None)]
    assert flatten([1]) == flatten(None) == flatten("text") == {}


def test_no_depth_of_nesting_is_too_deep_to_flatten() -> None:
    deep: dict[str, Any] = {}
    inner = deep
    for _ in range(5000):
        inner["a"] = {}
        inner = inner["a"]
    inner["b"] = 1
    ((key, value),) = flatten(deep).items()
    assert (len(key.split(".")), value) == (5001, 1)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters()), inner, max_size=3)
    ),
)


@given(JSON)
def test_any_stored_value_can_be_sent_as_strict_json(value: object) -> None:
    text = msgspec.json.encode(json_safe(value))
    json.loads(text, parse_constant=pytest.fail)


def test_numbers_that_json_lacks_are_sent_as_words() -> None:
    assert [json_number(value) for value in (math.nan, math.inf, -math.inf, 0.5)] == [
        "NaN",
        "Infinity",
        "-Infinity",
        0.5,
    ]
