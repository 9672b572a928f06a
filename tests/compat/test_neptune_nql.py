"""Neptune's query language: what conditions mean, and what is said of those without a meaning."""

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from pluto.compat.neptune_nql import parse_query
from pluto.compat.neptune_query.filters import MISSING
from pluto.errors import UsageError

NOW = datetime.now(timezone.utc)
RUN: dict[str, Any] = {
    "scores/f1": 0.75,
    "sys/tags": {"maskRCNN", "final"},
    "sys/name": "wise-fox",
    "sys/creation_time": NOW - timedelta(hours=1),
    "use_gpu": True,
    "note": 'said "no"',
}


@pytest.mark.parametrize(
    ("query", "holds"),
    [
        ("`scores/f1`:float >= 0.75", True),
        ("`scores/f1`:float<0.5", False),
        ("`scores/f1`:floatSeries.last != 1e-1", True),
        ('`sys/tags`:stringSet CONTAINS "final"', True),
        ('`sys/tags`:stringSet NOT CONTAINS "final"', False),
        ('`sys/name`:string MATCHES "^wise-"', True),
        ('`sys/name`:string = "wise-fox"', True),
        ('`note`:string = "said \\"no\\""', True),
        ("`use_gpu`:bool = True", True),
        ("`use_gpu`:bool = false", False),
        ('`sys/creation_time`:datetime > "-2h"', True),
        ('`sys/creation_time`:datetime > "-30m"', False),
        ('`sys/creation_time`:datetime > "2020-01-01"', True),
        ("scores/f1:float > 0.7", True),
        ("last(`scores/f1`:floatSeries) = 0.75", True),
        ("`scores/f1`:float EXISTS", True),
        ("`nothing`:float NOT EXISTS", True),
        ("`nothing`:float > 0", False),
        ("NOT `nothing`:float > 0", True),
        # AND binds closer than OR, NOT closer than both.
        ("`use_gpu`:bool = True OR `scores/f1`:float > 1 AND `scores/f1`:float > 2", True),
        ("(`use_gpu`:bool = True OR `scores/f1`:float > 1) AND `scores/f1`:float > 2", False),
        ("not `use_gpu`:bool = True or `scores/f1`:float = 0.75", True),
    ],
)
def test_a_query_means_what_it_means_in_neptune(query: str, holds: bool) -> None:
    assert parse_query(query).holds(lambda name: RUN.get(name, MISSING)) is holds


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("", "expected an attribute .* at the end"),
        ("`a`:float", "expected an operator at the end"),
        ("`a`:float LIKE 3", "expected one of .* at 'LIKE'"),
        ("`a`:float >", "expected a value at the end"),
        ("(`a`:float > 1", "expected a closing bracket at the end"),
        ("`a`:float > 1 `b`:float > 1", "expected AND, OR or the end at 'b'"),
        ('"a" = 1', "expected an attribute .* at 'a'"),
        ("`a", "'`a' cannot be read"),
        ("`a`:floatSeries.max > 1", "only the last value of a series"),
        ("max(`a`:floatSeries) > 1", "only the last value of a series"),
    ],
)
def test_a_query_without_a_meaning_is_told_where_it_goes_wrong(query: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        parse_query(query)
