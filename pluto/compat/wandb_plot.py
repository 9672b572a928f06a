"""`wandb.plot`: charts of a table, as figures that stay interactive, with the table itself.

Example:
    >>> table = Table(columns=["x", "y"], data=[[0, 1], [1, 3]])
    >>> chart = line(table, "x", "y", title="Growth")
    >>> chart.figure["data"][0]["y"]
    [1, 3]
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pluto.compat.wandb_errors import Error, UnsupportedError
from pluto.compat.wandb_table import Table, columns_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "CustomChart",
    "bar",
    "confusion_matrix",
    "histogram",
    "line",
    "line_series",
    "plot_table",
    "pr_curve",
    "roc_curve",
    "scatter",
]


@dataclass(frozen=True)
class CustomChart:
    """A chart and the table that it shows.

    Attributes:
        figure: `{"data": […], "layout": {…}}` in the form of plotly.
        apart: whether the table is kept under a name of its own section.
    """

    table: Table
    figure: dict[str, Any]
    apart: bool = False


def line(
    table: Table,
    x: str,
    y: str,
    stroke: str | None = None,
    title: str = "",
    split_table: bool = False,
) -> CustomChart:
    """Return lines through the rows; `stroke` names the column that tells the lines apart."""
    shown = columns_of(table, {"x": x, "y": y, **({"stroke": stroke} if stroke else {})})
    names = shown.get("stroke", [y] * len(shown["y"]))
    traces = [
        {"type": "scatter", "mode": "lines", "name": str(name), "x": xs, "y": ys}
        for name, xs, ys in _by_name(names, shown["x"], shown["y"])
    ]
    return CustomChart(table, _figure(traces, title, x, y), split_table)


def scatter(
    table: Table, x: str, y: str, title: str = "", split_table: bool = False
) -> CustomChart:
    """Return a point for each row."""
    shown = columns_of(table, {"x": x, "y": y})
    trace = {"type": "scatter", "mode": "markers", **shown}
    return CustomChart(table, _figure([trace], title, x, y), split_table)


def bar(
    table: Table, label: str, value: str, title: str = "", split_table: bool = False
) -> CustomChart:
    """Return a bar for each row."""
    shown = columns_of(table, {"x": value, "y": label})
    trace = {"type": "bar", "orientation": "h", **shown}
    return CustomChart(table, _figure([trace], title, value, label), split_table)


def histogram(table: Table, value: str, title: str = "", split_table: bool = False) -> CustomChart:
    """Return how often the values of a column occur."""
    trace = {"type": "histogram", **columns_of(table, {"x": value})}
    return CustomChart(table, _figure([trace], title, value, "count"), split_table)


def line_series(
    xs: Iterable[Any],
    ys: Iterable[Iterable[Any]],
    keys: Iterable[str] | None = None,
    title: str = "",
    xname: str = "x",
    split_table: bool = False,
) -> CustomChart:
    """Return several lines over one list of x, or each over its own.

    Raises:
        ValueError: there are not as many lists or names as lines.
    """
    lines = [list(values) for values in ys]
    places = list(xs)
    shared = not places or not isinstance(places[0], Iterable) or isinstance(places[0], str)
    axes = [places] * len(lines) if shared else [list(values) for values in places]
    names = [f"line_{number}" for number in range(len(lines))] if keys is None else list(keys)
    if not len(axes) == len(names) == len(lines):
        raise ValueError(f"{len(lines)} lines, but {len(axes)} lists of x and {len(names)} keys")
    rows = [
        [x, name, y]
        for name, axis, values in zip(names, axes, lines, strict=True)
        for x, y in zip(axis, values, strict=False)
    ]
    table = Table(columns=["step", "lineKey", "lineVal"], data=rows)
    chart = line(table, "step", "lineVal", stroke="lineKey", title=title)
    chart.figure["layout"]["xaxis"]["title"] = {"text": xname}
    return CustomChart(table, chart.figure, split_table)


def confusion_matrix(
    probs: Any = None,
    y_true: Any = None,
    preds: Any = None,
    class_names: Sequence[str] | None = None,
    title: str = "Confusion Matrix Curve",
    split_table: bool = False,
) -> CustomChart:
    """Return how often each class was taken for each.

    Args:
        probs: probabilities (N, classes); the greatest is the prediction. Or `preds`.
        y_true: the true classes.
        preds: the predicted classes.
        class_names: their names, in the order of the sorted classes.
        title: of the chart.
        split_table: keep the table under a name of its own section.

    Raises:
        ValueError: predictions are given twice or not at all, or do not fit the true classes.
    """
    import numpy as np

    if (probs is None) == (preds is None):
        raise ValueError("give probs or preds")
    true = np.asarray(y_true).tolist()
    guessed = np.asarray(probs).argmax(axis=1).tolist() if preds is None else list(preds)
    if len(guessed) != len(true):
        raise ValueError(f"{len(guessed)} predictions for {len(true)} true labels")
    seen = sorted(set(guessed) | set(true))
    names = list(class_names or [f"Class_{place}" for place in range(1, len(seen) + 1)])
    classes = list(range(len(names))) if class_names is not None else seen
    if not set(seen) <= set(classes):
        raise ValueError(f"{len(names)} class names for the classes {seen}")
    counts = np.zeros((len(names), len(names)), np.int64)
    np.add.at(counts, ([classes.index(c) for c in true], [classes.index(c) for c in guessed]), 1)
    rows = [
        [actual, predicted, int(counts[i, j])]
        for i, actual in enumerate(names)
        for j, predicted in enumerate(names)
    ]
    trace = {"type": "heatmap", "x": names, "y": names, "z": counts.tolist()}
    table = Table(columns=["Actual", "Predicted", "nPredictions"], data=rows)
    return CustomChart(table, _figure([trace], title, "Predicted", "Actual"), split_table)


def pr_curve(  # noqa: PLR0917 - the order of wandb
    y_true: Any = None,
    y_probas: Any = None,
    labels: Sequence[str] | None = None,
    classes_to_plot: Sequence[Any] | None = None,
    interp_size: int = 21,
    title: str = "Precision-Recall Curve",
    split_table: bool = False,
) -> CustomChart:
    """Return the precision of each class over its recall, at `interp_size` even recalls."""
    import numpy as np

    recalls = np.linspace(0, 1, interp_size)
    rows: list[list[Any]] = []
    for name, hits, misses in _ranked(y_true, y_probas, labels, classes_to_plot):
        recall = np.append(0, hits / max(hits[-1], 1))
        precision = np.append(1, hits / (hits + misses))
        best = np.maximum.accumulate(precision[::-1])[::-1]
        at = np.searchsorted(recall, recalls - 1e-9).clip(max=len(recall) - 1)
        rows += [
            [name, round(float(p), 3), round(float(r), 3)]
            for p, r in zip(best[at], recalls, strict=True)
        ]
    table = Table(columns=["class", "precision", "recall"], data=rows)
    chart = line(table, "recall", "precision", stroke="class", title=title)
    return CustomChart(table, chart.figure, split_table)


def roc_curve(
    y_true: Any,
    y_probas: Any = None,
    labels: Sequence[str] | None = None,
    classes_to_plot: Sequence[Any] | None = None,
    title: str = "ROC Curve",
    split_table: bool = False,
) -> CustomChart:
    """Return the rate of true positives of each class over that of false ones."""
    rows: list[list[Any]] = []
    for name, hits, misses in _ranked(y_true, y_probas, labels, classes_to_plot):
        true, false = hits / max(hits[-1], 1), misses / max(misses[-1], 1)
        rows += [[name, 0.0, 0.0]]
        rows += [
            [name, round(float(f), 3), round(float(t), 3)] for f, t in zip(false, true, strict=True)
        ]
    table = Table(columns=["class", "fpr", "tpr"], data=rows)
    chart = line(table, "fpr", "tpr", stroke="class", title=title)
    return CustomChart(table, chart.figure, split_table)


def plot_table(
    vega_spec_name: str,
    data_table: Table,
    fields: Mapping[str, str],
    string_fields: Mapping[str, str] | None = None,
    split_table: bool = False,
) -> CustomChart:
    """Return a chart by the name of one of wandb's own specs; others live on its server only.

    Raises:
        UnsupportedError: the spec is none of `wandb/{line,scatter,bar,histogram}/v0`.
    """
    title = (string_fields or {}).get("title", "")
    charts = {"line": line, "scatter": scatter, "bar": bar, "histogram": histogram}
    parts = vega_spec_name.split("/")
    chart = charts.get(parts[1]) if len(parts) == 3 and parts[0] == "wandb" else None
    if chart is None:
        raise UnsupportedError(
            f"the chart {vega_spec_name!r} is defined on the server of wandb: log the table, or a"
            " figure with pluto.Plotly"
        )
    known = {key: value for key, value in fields.items() if key != "title"}
    made: CustomChart = chart(data_table, title=title, split_table=split_table, **known)  # type: ignore[operator]
    return made


def _figure(traces: list[dict[str, Any]], title: str, x: str, y: str) -> dict[str, Any]:
    layout = {
        "title": {"text": title},
        "xaxis": {"title": {"text": x}},
        "yaxis": {"title": {"text": y}},
    }
    return {"data": traces, "layout": layout}


def _by_name(
    names: Iterable[Any], xs: Iterable[Any], ys: Iterable[Any]
) -> Iterator[tuple[Any, list[Any], list[Any]]]:
    """Yield each name with its x and y, in the order of first use."""
    groups: dict[Any, tuple[list[Any], list[Any]]] = {}
    for name, x, y in zip(names, xs, ys, strict=True):
        group = groups.setdefault(name, ([], []))
        group[0].append(x)
        group[1].append(y)
    for name, (group_x, group_y) in groups.items():
        yield name, group_x, group_y


def _ranked(
    y_true: Any, y_probas: Any, labels: Sequence[str] | None, wanted: Sequence[Any] | None
) -> Iterator[tuple[str, NDArray[np.float64], NDArray[np.float64]]]:
    """Yield each class with its hits and misses among the most probable samples.

    The counts are after each group of samples of one probability, the most probable first.

    Raises:
        Error: the arrays do not fit each other.
    """
    import numpy as np

    true, scores = np.asarray(y_true), np.asarray(y_probas, np.float64)
    classes = np.unique(true)
    if scores.ndim != 2 or len(scores) != len(true) or scores.shape[1] < len(classes):
        raise Error(
            f"y_probas takes (samples, classes), got {scores.shape} for {len(true)} samples of"
            f" {len(classes)} classes"
        )
    for place, kind in enumerate(classes.tolist()):
        if wanted is not None and kind not in wanted:
            continue
        order = np.argsort(-scores[:, place], kind="stable")
        ordered, is_kind = scores[order, place], true[order] == kind
        last_of_group = np.append(np.diff(ordered) != 0, [True])
        hits = np.cumsum(is_kind)[last_of_group].astype(np.float64)
        misses = np.cumsum(~is_kind)[last_of_group].astype(np.float64)
        name = labels[kind] if labels is not None and isinstance(kind, int) else kind
        yield str(name), hits, misses
