"""Metrics at full resolution from answers that are cut, and the tables made of them."""

import sys
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from pluto.errors import UsageError
from pluto.query_frames import to_frame
from pluto.query_series import MAX_RAW, MAX_THINNED, Series, Wanted, complete, thin


def point(step: int, value: float) -> dict[str, Any]:
    return {"logName": "loss", "step": step, "value": value, "time": "2026-01-01 00:00:01.000"}


def raw_server(steps: list[int], asked: list[str]) -> Callable[[str, Mapping[str, Any]], Any]:
    """Answers as a server whose one metric has the value n at its nth write."""

    def get(path: str, query: Mapping[str, Any]) -> Any:
        asked.append(path)
        lo, hi = query.get("stepMin", 0), query.get("stepMax", 2**62)
        chosen = [(step, n) for n, step in enumerate(steps) if lo <= step <= hi]
        if path.endswith("/raw"):
            page = chosen[: query["limit"]]
            rows = [{**point(step, n), "nonFiniteFlags": 0} for step, n in page]
            return {"rows": rows, "truncated": len(rows) == query["limit"]}
        newest = list(dict(chosen).items())
        stride = max(1, -(-len(newest) // query["limit"]))
        return {"metrics": [point(step, n) for step, n in newest[::stride]]}

    return get


@pytest.mark.parametrize(
    "steps",
    [
        [],
        [5],
        list(range(MAX_THINNED // 2)),
        list(range(MAX_THINNED + 1)),
        list(range(2 * MAX_RAW)),
        list(range(MAX_RAW + 3)),
        sorted(2 * list(range(MAX_RAW))),
        [1, *[2] * (MAX_RAW + 5), *range(3, 8000)],
        [2] * MAX_RAW + list(range(3, 8000)),
    ],
    ids=len,
)
def test_every_step_comes_back_once_with_its_last_value(steps: list[int]) -> None:
    found = list(complete(raw_server(steps, []), Wanted("digits", 7, ["loss"])))
    assert [each.name for each in found] == ["loss"] * bool(steps)
    for series in found:
        assert dict(zip(series.steps.tolist(), series.values.tolist(), strict=True)) == {
            step: n for n, step in enumerate(steps)
        }
        assert (np.diff(series.steps) > 0).all()


def test_a_short_metric_takes_one_request() -> None:
    asked: list[str] = []
    list(complete(raw_server(list(range(5000)), asked), Wanted("digits", 7)))
    assert asked == ["/api/runs/metrics"]


def series(name: str = "loss", count: int = 3) -> Series:
    numbers = np.arange(count)
    return Series(name, numbers, (1000 * numbers).astype("datetime64[ms]"), numbers / 2)


def test_thinning_keeps_both_ends() -> None:
    assert thin(series(count=10), 4).steps.tolist() == [0, 3, 6, 9]
    assert thin(series(count=11), 4).steps.tolist() == [0, 3, 6, 9, 10]
    assert thin(series(count=4), 4).steps.tolist() == [0, 1, 2, 3]


def test_rows_are_dicts_where_no_library_is_asked_for() -> None:
    assert to_frame([series(count=2)], "dicts") == [
        {"metric": "loss", "step": 0, "value": 0.0, "time": "1970-01-01 00:00:00.000"},
        {"metric": "loss", "step": 1, "value": 0.5, "time": "1970-01-01 00:00:01.000"},
    ]


@pytest.mark.parametrize("count", [0, 3])
def test_a_pandas_frame_is_the_default_where_pandas_is(count: int) -> None:
    pandas = pytest.importorskip("pandas")
    frame = to_frame([series("loss", count), series("acc", count)], None)
    assert isinstance(frame, pandas.DataFrame)
    assert list(frame.columns) == ["metric", "step", "value", "time"]
    assert frame["metric"].tolist() == ["loss"] * count + ["acc"] * count
    assert frame["step"].dtype == np.int64
    assert frame["time"].dtype == "datetime64[ms]"


@pytest.mark.parametrize("count", [0, 3])
def test_a_polars_frame_has_the_same_columns(count: int) -> None:
    polars = pytest.importorskip("polars")
    frame = to_frame([series("loss", count)], "polars")
    assert frame.schema == {
        "metric": polars.String,
        "step": polars.Int64,
        "value": polars.Float64,
        "time": polars.Datetime("ms"),
    }
    assert frame["value"].to_list() == [0.0, 0.5, 1.0][:count]


def test_without_pandas_the_default_is_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    assert isinstance(to_frame([series()], None), list)
    with pytest.raises(UsageError, match="pip install pandas"):
        to_frame([series()], "pandas")


def test_an_unknown_form_of_table_is_an_error() -> None:
    with pytest.raises(UsageError, match="'polars'"):
        to_frame([], "excel")  # type: ignore[arg-type]
