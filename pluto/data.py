"""Structured values: histograms, tables and graphs as the JSON that dashboards read.

The forms are those of the wire protocol's sections 5.1, 5.2 and 5.4. All of it is strict JSON:
NaN becomes null and infinities become the texts `Infinity` and `-Infinity`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from pluto.errors import UsageError
from pluto.media.cells import dtype_of, dtypes_of_rows, plain_column
from pluto.media.counts import Counts, count_values, from_edges
from pluto.media.notice import notices, warn_unknown_keywords
from pluto.media.plain import dump_plain, plain, to_json
from pluto.media.tabular import label, read_grid

VERSION = 1
"""The version of the forms, sent as `v`."""


class Data:
    """A structured value: a mapping with a type.

    Args:
        data: what to store; anything that is not JSON becomes a JSON value when logged.

    Example:
        >>> Data({"loss": [1, 2]}).to_json()
        '{"loss":[1,2],"type":"Data","v":1}'
    """

    def __init__(self, data: Mapping[str, Any]) -> None:
        self._data = dict(data)

    @property
    def type_name(self) -> str:
        """The log type under which servers register the name: `HISTOGRAM`, `TABLE`, `GRAPH`."""
        return type(self).__name__.upper()

    def to_dict(self) -> dict[str, Any]:
        """Return the value as JSON values, with its `type` and the version `v`."""
        document: dict[str, Any] = plain(self._data)
        return {**document, "type": type(self).__name__, "v": VERSION}

    def to_json(self) -> str:
        """Return the value as strict JSON text."""
        return to_json(self.to_dict())

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(self._data)})"


class Histogram(Data):
    """How often numbers occur, in bins of equal width.

    Args:
        data: numbers of any shape (array, tensor, nested list or tuple), or a pair
            `(counts, edges)` as `numpy.histogram` returns it. NaN and infinities are left out
            and counted in `ignored`. Edges of unequal width are spread over equal bins in
            proportion to the overlap; the total stays the same.
        bins: number of bins for numbers, 1 to 10,000.
        np_histogram: another way to give `(counts, edges)`.

    Raises:
        UsageError: the data are not numbers; counts are not whole or do not fit the edges.

    Example:
        >>> Histogram([1, 2, 2, 3], bins=2).to_dict()["freq"]
        [1, 3]
    """

    def __init__(
        self, data: Any = None, bins: Any = 64, *, np_histogram: Any = None, **unknown: object
    ) -> None:
        warn_unknown_keywords("Histogram", unknown)
        counts = _histogram(data if np_histogram is None else np_histogram, bins)
        self.ignored = {"nan": counts.nan, "infinite": counts.infinite}
        bounds = {"min": counts.low, "max": counts.high, "num": len(counts.frequencies)}
        document: dict[str, Any] = {
            "freq": counts.frequencies,
            "maxFreq": max(counts.frequencies),
            "bins": bounds,
            "shape": "uniform",
        }
        if any(self.ignored.values()):  # readers skip keys that they do not know
            document["ignored"] = self.ignored
        super().__init__(document)


def _histogram(data: Any, bins: Any) -> Counts:
    if data is None:
        raise UsageError("Histogram: nothing to count; pass numbers or (counts, edges)")
    whole_bins = _bin_count(bins)
    if _is_binned(data, whole_bins is None):
        return from_edges(data[0], data[1], None)
    if whole_bins is None:
        raise UsageError(
            f"Histogram: bins={bins!r} is not a whole number; for given edges pass"
            " numpy.histogram(values, bins=edges)"
        )
    return count_values(data, whole_bins)


def _bin_count(bins: Any) -> int | None:
    try:
        return None if isinstance(bins, bool) else int(bins.__index__())
    except AttributeError:
        return None


def _is_binned(data: Any, asked: bool) -> bool:
    """Tell a pair (counts, edges) from a list of numbers: its halves differ in length by one."""
    if not isinstance(data, (list, tuple)) or len(data) != 2:
        return False
    counts, edges = data
    if not (hasattr(counts, "__len__") and hasattr(edges, "__len__")):
        return False
    return asked or len(edges) == len(counts) + 1


class Table(Data):
    """Rows and columns.

    Args:
        data: rows (lists, tuples or dicts), an array of one or two dimensions, a pandas or polars
            frame, or a dict of columns.
        columns: names of the columns; by default those of the frame or the dicts.
        rows: names of the rows; by default the index of a pandas frame.
        table: another way to give `data`.
        dataframe: another way to give a frame.

    Short rows are filled with null and one warning says so. Cells become JSON values: NaN and
    missing values null, times ISO 8601, what has no JSON form its `str()`.

    Raises:
        UsageError: the data are not a table.

    Example:
        >>> Table([[1, "a"], [2, "b"]], columns=["id", "name"]).to_dict()["col"]
        [{'name': 'id', 'dtype': 'int'}, {'name': 'name', 'dtype': 'str'}]
    """

    def __init__(
        self,
        data: Any = None,
        *,
        columns: Iterable[Any] = (),
        rows: Iterable[Any] = (),
        table: Any = None,
        dataframe: Any = None,
        **unknown: object,
    ) -> None:
        warn_unknown_keywords("Table", unknown)
        given = [source for source in (data, table, dataframe) if source is not None]
        if len(given) > 1:
            raise UsageError("Table: give the rows once: Table(rows, columns=[...])")
        grid = read_grid(given[0] if given else None)
        names = [label(name) for name in columns] or grid.columns
        row_names = [label(name) for name in rows] or grid.index
        height = len(grid.rows)
        filled = _filled(grid.rows, len(names))
        cells = [plain_column(column) for column in zip(*filled, strict=True)]
        self._rows = list(zip(*cells, strict=True)) if cells else [()] * height
        self._names: dict[str, _Named] = {}
        if names:
            types = list(map(dtype_of, cells)) or ["str"] * len(names)
            self._names["col"] = _Named(_one_each(names, len(types)), types)
        if row_names and _fits(row_names, height):
            self._names["row"] = _Named(row_names, dtypes_of_rows(cells) or ["str"] * height)
        super().__init__({})

    def to_dict(self) -> dict[str, Any]:
        """Return the rows, and names and types of columns and rows where there are names."""
        names = {axis: named.to_list() for axis, named in self._names.items()}
        return {"table": list(map(list, self._rows)), **names, **super().to_dict()}

    def to_json(self) -> str:
        """Return the value as strict JSON text; its cells are JSON values already."""
        return dump_plain(self.to_dict())

    def __repr__(self) -> str:
        return f"Table({len(self._rows)} rows, {len(self._rows[0]) if self._rows else 0} columns)"


class _Named(NamedTuple):
    names: Sequence[str]
    types: Sequence[str]

    def to_list(self) -> list[dict[str, str]]:
        pairs = zip(plain_column(self.names), self.types, strict=True)
        return [{"name": name, "dtype": dtype} for name, dtype in pairs]


def _filled(rows: list[Sequence[Any]], width: int) -> list[Sequence[Any]]:
    """Give all rows the width of the widest row or of the names."""
    widths = {width, *map(len, rows)}
    if len(widths) == 1:
        return rows
    width = max(widths)
    if any(len(row) < width for row in rows):
        notices.warn("short rows", "Table: short rows are filled with null; give rows one length")
    return [[*row, *[None] * (width - len(row))] for row in rows]


def _one_each(names: list[str], width: int) -> list[str]:
    """Name the columns that have no name by their position."""
    if len(names) < width:
        message = "Table: %d names for %d columns; the other columns are numbered"
        notices.warn("column names", message, len(names), width)
    return names + [str(position) for position in range(len(names), width)]


def _fits(names: Sequence[str], rows: int) -> bool:
    if len(names) != rows:
        message = "Table: %d names for %d rows; the names of the rows are left out"
        notices.warn("row names", message, len(names), rows)
    return len(names) == rows


class Graph(Data):
    """Nodes, and edges between them.

    Args:
        data: a mapping with `nodes` and `edges`, or a networkx graph.
        nodes: names, `(name, attributes)` pairs, or a mapping of name to attributes.
        edges: `(source, target)` or `(source, target, attributes)`, or a mapping of such pairs to
            attributes. Nodes that only edges name are added.

    Example:
        >>> graph = Graph(nodes=["a"], edges=[("a", "b", {"weight": 2})])
        >>> graph.to_dict()["edges"]
        [{'source': 'a', 'target': 'b', 'attributes': {'weight': 2}}]
    """

    def __init__(
        self, data: Any = None, *, nodes: Any = None, edges: Any = None, **unknown: object
    ) -> None:
        warn_unknown_keywords("Graph", unknown)
        self._nodes: dict[Any, dict[str, Any]] = {}
        self._edges: dict[tuple[Any, Any], dict[str, Any]] = {}
        super().__init__({})
        for source in _graph_sources(data, nodes, edges):
            self._take(*source)

    def _take(self, nodes: Any, edges: Any) -> None:
        for name, attributes in _node_items(nodes):
            self.add_node(name, **attributes)
        for source, target, attributes in _edge_items(edges):
            self.add_edge(source, target, **attributes)

    def add_node(self, node: Any, /, **attributes: Any) -> None:
        """Add a node, or attributes to a node that is there."""
        self._nodes.setdefault(node, {}).update(attributes)

    def add_edge(self, source: Any, target: Any, /, **attributes: Any) -> None:
        """Add an edge, or attributes to an edge that is there; adds missing nodes."""
        self.add_node(source)
        self.add_node(target)
        self._edges.setdefault((source, target), {}).update(attributes)

    @property
    def nodes(self) -> dict[Any, dict[str, Any]]:
        """The attributes of every node."""
        return self._nodes

    def edges(self, data: bool = False) -> list[Any]:
        """Return `(source, target)` pairs; with `data`, each in a pair with its attributes."""
        return list(self._edges.items()) if data else list(self._edges)

    def to_dict(self) -> dict[str, Any]:
        """Return nodes by name and edges as a list."""
        edges = [
            {"source": str(source), "target": str(target), "attributes": plain(attributes)}
            for (source, target), attributes in self._edges.items()
        ]
        return {"nodes": plain(self._nodes), "edges": edges, "type": "Graph", "v": VERSION}

    def __repr__(self) -> str:
        return f"Graph({len(self._nodes)} nodes, {len(self._edges)} edges)"


def _graph_sources(data: Any, nodes: Any, edges: Any) -> list[tuple[Any, Any]]:
    """Return (nodes, edges) of every form that was given."""
    given = [(nodes or (), edges or ())]
    if data is None:
        return given
    if isinstance(data, Mapping):
        return [(data.get("nodes") or (), data.get("edges") or ()), *given]
    if hasattr(data, "nodes") and callable(getattr(data, "edges", None)):
        listed = data.nodes if isinstance(data.nodes, Mapping) else data.nodes(data=True)
        return [(listed, data.edges(data=True)), *given]
    raise UsageError(
        f"Graph takes nodes= and edges=, a mapping of both or a networkx graph,"
        f" got {type(data).__name__}"
    )


def _node_items(nodes: Any) -> Iterable[tuple[Any, dict[str, Any]]]:
    if isinstance(nodes, Mapping):
        for name, value in nodes.items():
            yield name, _attributes(value if isinstance(value, Mapping) else {"value": value})
        return
    for item in nodes:
        if isinstance(item, tuple) and len(item) == 2 and isinstance(item[1], Mapping):
            yield item[0], _attributes(item[1])
        else:
            yield item, {}


def _edge_items(edges: Any) -> Iterable[tuple[Any, Any, dict[str, Any]]]:
    pairs = edges.items() if isinstance(edges, Mapping) else edges
    for item in pairs:
        ends, attributes = _split_edge(tuple(item))
        if len(ends) != 2:
            raise UsageError(f"Graph: an edge is (source, target[, attributes]), got {item!r}")
        yield ends[0], ends[1], _attributes(attributes)


def _split_edge(item: tuple[Any, ...]) -> tuple[tuple[Any, ...], Mapping[Any, Any]]:
    """Take `((source, target), attributes)` or `(source, target[, attributes])` apart."""
    attributes: Mapping[Any, Any] = {}
    if item and isinstance(item[-1], Mapping):
        *rest, attributes = item
        item = tuple(rest)
    if len(item) == 1 and isinstance(item[0], (list, tuple)):
        item = tuple(item[0])
    return item, attributes


def _attributes(attributes: Mapping[Any, Any]) -> dict[str, Any]:
    return {str(name): value for name, value in attributes.items()}
