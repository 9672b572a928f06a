"""The filter grammar, against examples and against a plain evaluation of the same tree."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pluto.server.fields import FieldValue, field_values
from pluto.server.filters import FIELDS, FilterError, compile_filter, parse_time


@dataclass(frozen=True)
class Run:
    status: str = "COMPLETED"
    name: str = "baseline"
    tags: Sequence[str] = ("v1",)
    created_at: int = 1_767_225_600_000  # 2026-01-01
    updated_at: int = 1_767_312_000_000  # 2026-01-02
    heartbeat_at: int | None = None
    config: Mapping[str, FieldValue] = field(default_factory=dict)
    system_metadata: Mapping[str, FieldValue] = field(default_factory=dict)
    summary: Mapping[str, float] = field(default_factory=dict)


RUN = Run(
    config=field_values({"lr": 0.1, "opt": {"name": "adam"}, "debug": True, "seed": "42"}),
    system_metadata=field_values({"platform": {"system": "Linux"}}),
    summary={"val/loss": 0.25, "bad": math.nan},
    heartbeat_at=1_767_225_700_000,
)


@pytest.mark.parametrize(
    "tree",
    [
        {},
        {"state": "finished"},
        {"status": "COMPLETED"},
        {"state": {"$in": ["running", "Finished"]}},
        {"state": {"$ne": "failed"}},
        {"name": {"$regex": "BASE"}},
        {"displayName": "baseline"},
        {"display_name": {"$ne": "other"}},
        {"tags": "v1"},
        {"tags": {"$in": ["v1", "v2"]}},
        {"tags": {"$nin": ["v2"]}},
        {"config.lr": 0.1},
        {"config.lr": {"$gt": 0.01, "$lt": 1}},
        {"config.lr": {"$in": [0.1, 0.2]}},
        {"config.opt.name": {"$regex": "^ad.m$"}},
        {"config.debug": True},
        {"config.seed": 42},
        {"config.missing": None},
        {"config.missing": {"$ne": 1}},
        {"config.missing": {"$nin": [1, 2]}},
        {"systemMetadata.platform.system": "Linux"},
        {"summaryMetrics.val/loss": {"$lte": 0.25}},
        {"summary_metrics.val/loss": {"$ne": 1}},
        {"created_at": {"$gte": "2026-01-01T00:00:00Z"}},
        {"updatedAt": {"$lt": "2026-01-02T00:00:00.001Z"}},
        {"heartbeat_at": {"$gt": "2026-01-01T00:00:00+00:00"}},
        {"$or": [{"name": "x"}, {"config.lr": 0.1}]},
        {"$and": [{"name": "baseline"}, {"$not": {"state": "running"}}]},
    ],
)
def test_a_filter_accepts_a_run_that_satisfies_it(tree: dict[str, Any]) -> None:
    assert compile_filter(tree)(RUN)


@pytest.mark.parametrize(
    "tree",
    [
        {"state": "running"},
        {"config.lr": {"$gt": 0.1}},
        {"config.missing": {"$lt": 1}},
        {"config.missing": {"$regex": ""}},
        {"summaryMetrics.missing": {"$lt": 1}},
        {"summaryMetrics.bad": {"$gt": -1}},
        {"tags": {"$in": []}},
        {"$or": []},
        {"name": "baseline", "config.lr": 0.2},
        {"config.lr": {"$gt": 0.01, "$lt": 0.05}},
    ],
)
def test_a_filter_refuses_a_run_that_does_not_satisfy_it(tree: dict[str, Any]) -> None:
    assert not compile_filter(tree)(RUN)


@pytest.mark.parametrize(
    ("tree", "reason"),
    [
        ([], "must be an object"),
        ({"$and": {}}, "expects an array"),
        ({"$nor": []}, r"unknown boolean operator: \$nor"),
        ({"colour": "red"}, "unknown filter field: colour"),
        ({"config.": 1}, "unknown filter field"),
        ({"config": 1}, "unknown filter field"),
        ({"name": {"$like": "x"}}, r"unknown leaf operator: \$like"),
        ({"name": {"$gt": "x"}}, r"name: unsupported operator \$gt"),
        ({"state": "exploded"}, "unknown run state: exploded"),
        ({"created_at": {"$gt": "yesterday"}}, "expected an ISO 8601 time"),
        ({"created_at": {"$in": ["2026-01-01"]}}, "unsupported operator"),
        ({"summaryMetrics.loss": {"$gt": "low"}}, "expected a number"),
        ({"config.lr": {}}, "got an empty object"),
        ({"config.lr": {"value": 1}}, "unknown leaf operator: value"),
        ({"config.lr": {"$gt": None}}, "expected a number or a text"),
        ({"config.name": {"$regex": "("}}, "bad regular expression"),
        ({"config.name": {"$regex": "[[a]"}}, "Possible nested set"),
        ({"config.name": {"$regex": "a" * 2000}}, "longer than"),
    ],
)
def test_a_filter_that_cannot_be_understood_is_refused_with_the_reason(
    tree: object, reason: str
) -> None:
    with pytest.raises(FilterError, match=reason):
        compile_filter(tree)


def test_a_filter_may_be_nested_fifty_levels_deep_and_no_deeper() -> None:
    tree: dict[str, Any] = {"name": "baseline"}
    for _ in range(49):
        tree = {"$not": tree}
    assert not compile_filter(tree)(RUN)
    with pytest.raises(FilterError, match="deeper than 50"):
        compile_filter({"$not": {"$not": tree}})


def test_a_time_without_a_zone_is_utc() -> None:
    assert parse_time("2026-01-01T00:00:00") == parse_time("2026-01-01T01:00:00+01:00")


NUMBERS = st.sampled_from([-1, 0, 0.5, 1, 2, 10])
STATES = {"running": "RUNNING", "finished": "COMPLETED", "killed": "TERMINATED"}
LEAVES = st.one_of(
    st.tuples(
        st.sampled_from(["config.a", "config.b.c", "summaryMetrics.m", "summary_metrics.n"]),
        st.one_of(
            NUMBERS,
            st.dictionaries(
                st.sampled_from(["$eq", "$ne", "$gt", "$gte", "$lt", "$lte"]), NUMBERS, min_size=1
            ),
            st.dictionaries(st.sampled_from(["$in", "$nin"]), st.lists(NUMBERS), min_size=1),
        ),
    ),
    st.tuples(
        st.sampled_from(["state", "status"]),
        st.one_of(
            st.sampled_from([*STATES]),
            st.dictionaries(
                st.sampled_from(["$eq", "$ne"]), st.sampled_from([*STATES]), min_size=1
            ),
            st.dictionaries(
                st.sampled_from(["$in", "$nin"]), st.lists(st.sampled_from([*STATES])), min_size=1
            ),
        ),
    ),
    st.tuples(st.just("tags"), st.fixed_dictionaries({"$in": st.lists(st.sampled_from("xyz"))})),
).map(lambda pair: {pair[0]: pair[1]})
TREES: st.SearchStrategy[dict[str, Any]] = st.recursive(
    LEAVES,
    lambda children: st.one_of(
        st.fixed_dictionaries({"$and": st.lists(children, max_size=3)}),
        st.fixed_dictionaries({"$or": st.lists(children, max_size=3)}),
        st.fixed_dictionaries({"$not": children}),
        st.lists(children, min_size=2, max_size=3).map(
            lambda parts: {key: value for part in parts for key, value in part.items()}
        ),
    ),
)
RUNS = st.fixed_dictionaries(
    {
        "status": st.sampled_from([*STATES.values()]),
        "tags": st.lists(st.sampled_from("xyz"), unique=True),
        "a": st.none() | NUMBERS,
        "c": st.none() | NUMBERS,
        "m": st.none() | NUMBERS,
        "n": st.none() | NUMBERS,
    }
)


@given(tree=TREES, facts=RUNS)
def test_a_compiled_filter_agrees_with_a_plain_evaluation_of_its_tree(
    tree: dict[str, Any], facts: dict[str, Any]
) -> None:
    config = {"a": facts["a"], "b": {"c": facts["c"]}}
    run = Run(
        status=facts["status"],
        tags=facts["tags"],
        config=field_values(config),
        summary={name: facts[name] for name in "mn" if facts[name] is not None},
    )

    assert compile_filter(tree)(run) is evaluate(tree, facts)


def evaluate(tree: Any, facts: dict[str, Any]) -> bool:
    """What the grammar says, as directly as it can be written."""
    return all(holds(key, value, facts) for key, value in tree.items())


def holds(key: str, value: Any, facts: dict[str, Any]) -> bool:
    if key == "$and":
        return all(evaluate(child, facts) for child in value)
    if key == "$or":
        return any(evaluate(child, facts) for child in value)
    if key == "$not":
        return not evaluate(value, facts)
    operators = value if isinstance(value, dict) else {"$eq": value}
    found = (
        facts["status"] if key in {"state", "status"} else facts[key[-1]] if "." in key else None
    )
    for name, operand in operators.items():
        if key == "tags":
            result = bool(set(operand) & set(facts["tags"]))
        else:
            result = compare(
                name, found, states(operand) if key in {"state", "status"} else operand
            )
        if not result:
            return False
    return True


def states(operand: Any) -> Any:
    return [*map(states, operand)] if isinstance(operand, list) else STATES[operand]


def compare(name: str, found: Any, operand: Any) -> bool:
    if name in {"$ne", "$nin"}:
        return found is None or not compare({"$ne": "$eq", "$nin": "$in"}[name], found, operand)
    if found is None:
        return False
    if name == "$in":
        return found in operand
    results: dict[str, Callable[[], bool]] = {
        "$eq": lambda: found == operand,
        "$gt": lambda: found > operand,
        "$gte": lambda: found >= operand,
        "$lt": lambda: found < operand,
        "$lte": lambda: found <= operand,
    }
    return results[name]()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@given(
    field=st.sampled_from([*FIELDS, "config.a", "summaryMetrics.m", "$and", "$or", "$not"]),
    operator=st.sampled_from(["$eq", "$ne", "$gt", "$lte", "$in", "$nin", "$regex", None]),
    operand=JSON,
)
def test_any_json_value_is_either_a_filter_or_refused_as_one(
    field: str, operator: str | None, operand: object
) -> None:
    tree = {field: operand if operator is None else {operator: operand}}
    try:
        accepts = compile_filter(tree)
    except FilterError:
        return
    assert isinstance(accepts(RUN), bool)
