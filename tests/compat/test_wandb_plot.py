"""Charts of the stand-in for wandb: what they show, and what they refuse."""

import pytest

import pluto.compat.wandb as wandb
from pluto.compat.wandb_plot import CustomChart

TABLE = wandb.Table(columns=["x", "y", "kind"], data=[[0, 1, "a"], [1, 3, "b"], [2, 5, "a"]])


def traces(chart: CustomChart) -> list[dict[str, object]]:
    found: list[dict[str, object]] = chart.figure["data"]
    return found


def test_a_line_for_each_stroke() -> None:
    chart = wandb.plot.line(TABLE, "x", "y", stroke="kind", title="T")
    assert [(trace["name"], trace["x"], trace["y"]) for trace in traces(chart)] == [
        ("a", [0, 2], [1, 5]),
        ("b", [1], [3]),
    ]
    assert chart.figure["layout"]["title"] == {"text": "T"}


def test_points_bars_and_counts() -> None:
    (points,) = traces(wandb.plot.scatter(TABLE, "x", "y"))
    assert (points["mode"], points["y"]) == ("markers", [1, 3, 5])
    (bars,) = traces(wandb.plot.bar(TABLE, "kind", "y"))
    assert (bars["orientation"], bars["x"], bars["y"]) == ("h", [1, 3, 5], ["a", "b", "a"])
    (counts,) = traces(wandb.plot.histogram(TABLE, "y"))
    assert counts["x"] == [1, 3, 5]


def test_series_over_one_list_or_each_over_its_own() -> None:
    shared = wandb.plot.line_series([0, 1], [[1, 2], [3, 4]], ["a", "b"], xname="step")
    own = wandb.plot.line_series([[0, 1], [5, 6]], [[1, 2], [3, 4]])
    assert [trace["x"] for trace in traces(shared)] == [[0, 1], [0, 1]]
    assert [(trace["name"], trace["x"]) for trace in traces(own)] == [
        ("line_0", [0, 1]),
        ("line_1", [5, 6]),
    ]
    assert shared.table.columns == ["step", "lineKey", "lineVal"]
    with pytest.raises(ValueError, match="2 lines, but 1 lists of x"):
        wandb.plot.line_series([[0, 1]], [[1, 2], [3, 4]])


def test_confusion_is_counted_from_probabilities_and_from_predictions() -> None:
    probabilities = [[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]]
    chart = wandb.plot.confusion_matrix(probs=probabilities, y_true=[0, 1, 1])
    assert chart.table.data == [
        *(["Class_1", "Class_1", 1], ["Class_1", "Class_2", 0]),
        *(["Class_2", "Class_1", 1], ["Class_2", "Class_2", 1]),
    ]
    named = wandb.plot.confusion_matrix(y_true=[1], preds=[0], class_names=["cat", "dog"])
    assert named.table.data[2] == ["dog", "cat", 1]
    with pytest.raises(ValueError, match="give probs or preds"):
        wandb.plot.confusion_matrix(y_true=[0])
    with pytest.raises(ValueError, match="1 predictions for 2 true labels"):
        wandb.plot.confusion_matrix(y_true=[0, 1], preds=[0])
    with pytest.raises(ValueError, match="1 class names"):
        wandb.plot.confusion_matrix(y_true=[0, 1], preds=[0, 1], class_names=["cat"])


TRUE = [0, 0, 1, 1]
PROBABILITIES = [[0.9, 0.1], [0.6, 0.4], [0.65, 0.35], [0.2, 0.8]]


def test_rates_of_true_and_false_positives() -> None:
    chart = wandb.plot.roc_curve(TRUE, PROBABILITIES, labels=["no", "yes"], classes_to_plot=[1])
    assert chart.table.data == [
        *(["yes", 0.0, 0.0], ["yes", 0.0, 0.5], ["yes", 0.5, 0.5]),
        *(["yes", 0.5, 1.0], ["yes", 1.0, 1.0]),
    ]


def test_precision_over_recall_is_that_of_scikit_learn() -> None:
    metrics = pytest.importorskip("sklearn.metrics", reason="scikit-learn is not installed")
    import numpy as np

    random = np.random.default_rng(0)
    true = random.integers(0, 3, 200)
    scores = random.dirichlet([1, 1, 1], 200).round(2)
    chart = wandb.plot.pr_curve(true, scores, interp_size=11)
    for kind in range(3):
        precision, recall, _ = metrics.precision_recall_curve(true, scores[:, kind], pos_label=kind)
        for name, found, at in chart.table.data:
            if name == str(kind):
                assert found == pytest.approx(precision[recall >= at - 1e-12].max(), abs=6e-4)


def test_a_spec_of_wandb_s_server_is_refused() -> None:
    chart = wandb.plot_table("wandb/scatter/v0", TABLE, {"x": "x", "y": "y"}, {"title": "T"})
    assert traces(chart)[0]["mode"] == "markers"
    with pytest.raises(wandb.Error, match="is defined on the server of wandb"):
        wandb.plot_table("lab/own-chart", TABLE, {})
    with pytest.raises(wandb.Error, match="the table has no column 'z'"):
        wandb.plot.line(TABLE, "x", "z")


def test_a_table_refuses_rows_and_columns_that_do_not_fit() -> None:
    table = wandb.Table(columns=["a", "b"])
    with pytest.raises(ValueError, match="the table has 2 columns, the row 3"):
        table.add_data(1, 2, 3)
    table.add_data(1, 2)
    with pytest.raises(ValueError, match="the table has 1 rows, the column 2"):
        table.add_column("c", [1, 2])
    table.add_computed_columns(lambda index, row: {"sum": row["a"] + row["b"] + index})
    assert table.get_column("sum", convert_to="numpy").tolist() == [3]
    assert table == wandb.Table(columns=["a", "b", "sum"], data=[[1, 2, 3]])
