"""The order of runs by any of their values."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pluto.server.fields import field_values
from pluto.server.filters import FilterError
from pluto.server.sorting import Order
from tests.unit.server_read.test_filters import Run

VALUES = st.none() | st.integers(-5, 5) | st.floats() | st.sampled_from(["a", "b", "10", ""])


@given(values=st.lists(VALUES, max_size=12), descending=st.booleans())
def test_numbers_come_before_texts_and_missing_values_last_whichever_way(
    values: list[object], *, descending: bool
) -> None:
    runs = {place: Run(config=field_values({"v": value})) for place, value in enumerate(values)}

    ordered = Order(f"{'-' if descending else '+'}config.v.value").apply(runs.items())

    assert sorted(ordered) == list(runs)
    fields = [runs[place].config["v"] for place in ordered]
    has_place = [field.text not in {None, "nan"} for field in fields]
    assert has_place == sorted(has_place, reverse=True)
    placed = [field for field, known in zip(fields, has_place, strict=True) if known]
    kinds = [field.number is None for field in placed]
    assert kinds == sorted(kinds, reverse=descending)
    numbers = [field.number for field in placed if field.number is not None]
    assert numbers == sorted(numbers, reverse=descending)


@pytest.mark.parametrize(
    "sort",
    [
        "",
        "-",
        "colour",
        "config",
        "config.",
        "config.lr",
        "config..value",
        "summary_metrics.",
        "--name",
    ],
)
def test_an_unknown_field_is_refused_with_those_that_are_known(sort: str) -> None:
    with pytest.raises(FilterError, match="Invalid sort field"):
        Order(sort)
