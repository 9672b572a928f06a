"""Tables of every form, and graphs that can be logged."""

import datetime as dt
import json
import logging
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pluto.data import Graph, Table
from pluto.errors import UsageError
from pluto.media.cells import plain_column
from pluto.media.notice import notices
from pluto.media.plain import plain


def test_a_table_has_exactly_the_form_of_the_protocol() -> None:
    table = Table([[1, "a"], [2, "b"]], columns=["id", "txt"], rows=["x", "y"])
    assert json.loads(table.to_json()) == {
        "table": [[1, "a"], [2, "b"]],
        "col": [{"name": "id", "dtype": "int"}, {"name": "txt", "dtype": "str"}],
        "row": [{"name": "x", "dtype": "str"}, {"name": "y", "dtype": "str"}],
        "type": "Table",
        "v": 1,
    }
    assert table.type_name == "TABLE"


@pytest.mark.parametrize(
    "rows",
    [
        [[1, 2], [3, 4]],
        ((1, 2), (3, 4)),
        np.array([[1, 2], [3, 4]]),
        [np.array([1, 2]), np.array([3, 4])],
        [[np.int64(1), np.float32(2)], [3, 4]],
        iter([[1, 2], [3, 4]]),
    ],
)
def test_rows_may_have_many_forms(rows: Any) -> None:
    assert Table(rows).to_dict()["table"] == [[1, 2], [3, 4]]


def test_columns_may_be_mappings_and_rows_may_be_mappings() -> None:
    expected = {"table": [[1, "x"], [2, None]], "names": ["a", "b"]}
    for data in ([{"a": 1, "b": "x"}, {"a": 2}], {"a": [1, 2], "b": ["x"]}):
        found = Table(data).to_dict()
        names = [column["name"] for column in found["col"]]
        assert {"table": found["table"], "names": names} == expected


def test_structured_arrays_keep_their_field_names() -> None:
    array = np.array([(1, 0.5), (2, 1.5)], dtype=[("n", "i4"), ("x", "f8")])
    found = Table(array).to_dict()
    assert found["table"] == [[1, 0.5], [2, 1.5]]
    assert [column["dtype"] for column in found["col"]] == ["int", "float"]


def test_single_values_are_one_column() -> None:
    assert Table([1, "a"]).to_dict()["table"] == [[1], ["a"]]
    assert Table(np.arange(2)).to_dict()["table"] == [[0], [1]]


@pytest.mark.parametrize("empty", [None, [], (), {}, np.zeros((0, 2)), [[]]])
def test_bug_14_empty_tables_work(empty: Any) -> None:
    found = Table(empty).to_dict()
    assert found["table"] in ([], [[]])
    named = Table(empty, columns=["a", "b"]).to_dict()
    assert [column["name"] for column in named["col"]] == ["a", "b"]


def test_bug_14_numpy_times_and_nan_cells_are_strict_json() -> None:
    table = Table([[np.float64("nan"), math.inf, np.datetime64("2026-01-02"), None, {"a": {1}}]])
    assert table.to_dict()["table"] == [[None, "Infinity", "2026-01-02", None, {"a": [1]}]]
    assert "NaN" not in table.to_json()


def test_bug_14_ragged_rows_are_filled_with_null_and_one_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    notices.forget("short rows")
    with caplog.at_level(logging.WARNING, "pluto"):
        for _ in range(2):
            assert Table([[1], [2, 3], []]).to_dict()["table"] == [[1, None], [2, 3], [None, None]]
    assert len(caplog.records) == 1


def test_names_that_do_not_fit_are_completed_or_left_out_with_a_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    for key in ("column names", "row names", "short rows"):
        notices.forget(key)
    with caplog.at_level(logging.WARNING, "pluto"):
        few = Table([[1, 2, 3]], columns=["a"], rows=["x", "y"]).to_dict()
        many = Table([[1]], columns=["a", "b"]).to_dict()
    assert [column["name"] for column in few["col"]] == ["a", "1", "2"]
    assert "row" not in few
    assert many["table"] == [[1, None]]
    assert "1 names for 3 columns" in caplog.text
    assert "2 names for 1 rows" in caplog.text


def test_types_of_columns_mean_numbers_only_where_all_are_numbers() -> None:
    rows = [[1, 1, "a", None, True], [2, 0.5, 3, None, False], [None, 2, None, None, None]]
    found = Table(rows, columns=list("abcde")).to_dict()
    types = [column["dtype"] for column in found["col"]]
    assert types == ["int", "float", "str", "str", "bool"]


def test_types_of_rows_are_those_of_their_own_cells() -> None:
    found = Table([[1, 2], [1, 0.5], ["a", None], [None, None]], rows=list("abcd")).to_dict()
    assert [row["dtype"] for row in found["row"]] == ["int", "float", "str", "str"]


def test_a_table_keeps_the_cells_of_the_moment_it_was_made() -> None:
    row: list[Any] = [1, [2]]
    rows, array = [row], np.zeros((1, 2))
    tables = Table(rows), Table(array), Table({"a": row})
    before = [table.to_json() for table in tables]
    row[0], row[1][0], array[0, 0] = 9, 9, 9
    rows.append([3, 4])
    tables[0].to_dict()["table"][0][0] = 9
    assert [table.to_json() for table in tables] == before


def test_integers_of_any_length_are_cells() -> None:
    numbers = [2**63, 2**200, -(2**200), 2**2000]
    assert json.loads(Table(numbers).to_json())["table"] == [
        *([number] for number in numbers[:3]),
        [hex(2**2000)],
    ]


ODD_CELLS = st.sampled_from(
    [np.float32(1.5), np.datetime64("2026-01-02"), dt.date(2026, 1, 2), [1, {2}], 1e308, "\ud800"]
)


@example([math.nan])
@example([None, math.inf, 1, -math.inf])
@example([2**1024, None, -(2**1024)])
@given(st.lists(st.none() | st.booleans() | st.integers() | st.floats() | st.text() | ODD_CELLS))
def test_a_column_becomes_what_each_of_its_cells_becomes(cells: list[Any]) -> None:
    assert repr(list(plain_column(cells))) == repr([plain(cell) for cell in cells])
    for kind in {type(cell) for cell in cells}:
        alike = [cell for cell in cells if type(cell) is kind]
        assert repr(list(plain_column(alike))) == repr([plain(cell) for cell in alike])


CELLS = st.none() | st.integers() | st.floats() | st.text()


@given(st.lists(st.lists(CELLS, max_size=5), max_size=8))
def test_any_rows_make_a_rectangle(rows: list[list[Any]]) -> None:
    found = json.loads(Table(rows, columns=["a", "b"]).to_json())
    widths = {len(row) for row in found["table"]} | {len(found["col"])}
    assert len(widths) == 1
    assert len(found["table"]) == len(rows)


@pytest.mark.parametrize("data", [3, "text", b"bytes", np.zeros((2, 2, 2)), np.float64(1)])
def test_things_that_are_no_table_are_refused(data: Any) -> None:
    with pytest.raises(UsageError, match="Table takes"):
        Table(data)


def test_giving_the_rows_twice_is_refused() -> None:
    with pytest.raises(UsageError, match="give the rows once"):
        Table([[1]], dataframe=[[2]])


def test_bug_15_a_graph_with_edges_can_be_logged() -> None:
    graph = Graph()
    graph.add_node("a", size=np.int64(1))
    graph.add_edge("a", "b", weight=math.nan)
    assert json.loads(graph.to_json()) == {
        "nodes": {"a": {"size": 1}, "b": {}},
        "edges": [{"source": "a", "target": "b", "attributes": {"weight": None}}],
        "type": "Graph",
        "v": 1,
    }
    assert graph.type_name == "GRAPH"


def test_a_graph_is_read_as_scripts_read_it() -> None:
    graph = Graph(edges=[("a", "b", {"w": 1}), ["b", "c"]])
    assert graph.nodes == {"a": {}, "b": {}, "c": {}}
    assert graph.edges() == [("a", "b"), ("b", "c")]
    assert graph.edges(data=True) == [(("a", "b"), {"w": 1}), (("b", "c"), {})]


def test_bug_30_nodes_and_edges_may_have_every_form() -> None:
    expected = {
        "nodes": {"1": {"x": 2}, "3": {}},
        "edges": [{"source": "1", "target": "3", "attributes": {"w": 4}}],
        "type": "Graph",
        "v": 1,
    }
    edge_forms: list[Any] = [[(1, 3, {"w": 4})], {(1, 3): {"w": 4}}, [((1, 3), {"w": 4})]]
    for edges in edge_forms:
        for nodes in ({1: {"x": 2}}, [(1, {"x": 2}), 3]):
            assert Graph(nodes=nodes, edges=edges).to_dict() == expected
            assert Graph({"nodes": nodes, "edges": edges}).to_dict() == expected
    assert Graph(Graph(nodes={1: {"x": 2}}, edges=edge_forms[0])).to_dict() == expected


def test_the_document_of_another_client_is_read() -> None:
    document = {
        "nodes": {"a": {}, "b": {}},
        "edges": {("a", "b"): {}},
        "successors": {"a": {"b"}},
        "predecessors": {"b": {"a"}},
    }
    assert Graph(document).edges() == [("a", "b")]


def test_wrong_graphs_are_refused() -> None:
    with pytest.raises(UsageError, match="Graph takes nodes= and edges="):
        Graph(3)
    with pytest.raises(UsageError, match="an edge is"):
        Graph(edges=[("a", "b", "c", "d")])
