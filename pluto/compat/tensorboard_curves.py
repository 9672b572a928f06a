"""Curves of precision over recall, counted at even thresholds as TensorBoard does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import pluto
from pluto.errors import UsageError
from pluto.media.arrays import as_array

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

COUNTS: Final = ("true_positives", "false_positives", "true_negatives", "false_negatives")


def precision_recall(
    labels: Any, predictions: Any, thresholds: int, weights: Any = None
) -> dict[str, NDArray[np.float64]]:
    """Count hits and misses of predictions from 0 to 1 at thresholds from 0 to 1.

    Args:
        labels: 0 or 1, false or true, for each sample.
        predictions: the probability of 1 for each sample.
        thresholds: how many, 2 or more.
        weights: of the samples; 1 by default.

    Returns:
        `threshold`, the four counts, `precision` and `recall`, each (thresholds,).

    Raises:
        UsageError: there are not as many labels as predictions.
    """
    import numpy as np

    true = as_array(labels).reshape(-1).astype(bool)
    scores = as_array(predictions).reshape(-1).astype(np.float64)
    if true.shape != scores.shape:
        raise UsageError(f"{len(true)} labels for {len(scores)} predictions")
    weighed = np.ones_like(scores) if weights is None else as_array(weights).reshape(-1)
    places = np.clip(np.floor(scores * (thresholds - 1)), 0, thresholds - 1).astype(np.int64)

    def at_least(chosen: NDArray[np.bool_]) -> NDArray[np.float64]:
        counts = np.bincount(places[chosen], weighed[chosen], minlength=thresholds)
        return np.cumsum(counts[::-1])[::-1].astype(np.float64)

    hits, misses = at_least(true), at_least(~true)
    counts = (hits, misses, misses[0] - misses, hits[0] - hits)
    tiny = np.finfo(np.float64).tiny
    return raw_counts(
        counts, hits / np.maximum(hits + misses, tiny), hits / max(hits[0], tiny), thresholds
    )


def raw_counts(
    counts: Sequence[Any], precision: Any, recall: Any, thresholds: int
) -> dict[str, NDArray[np.float64]]:
    """Return the columns of a curve whose counts are known, in the order of `COUNTS`."""
    import numpy as np

    columns = dict(zip(COUNTS, counts, strict=True))
    named = {**columns, "precision": precision, "recall": recall}
    found = {name: as_array(values).astype(np.float64) for name, values in named.items()}
    return {"threshold": np.linspace(0, 1, thresholds)[: len(found["recall"])], **found}


def curve_values(tag: str, columns: Mapping[str, NDArray[np.float64]]) -> dict[str, Any]:
    """Return what is logged: the table under the tag, and its figure."""
    lists = {name: values.tolist() for name, values in columns.items()}
    figure = {
        "data": [
            {"type": "scatter", "mode": "lines", "x": lists["recall"], "y": lists["precision"]}
        ],
        "layout": {
            "xaxis": {"title": {"text": "recall"}},
            "yaxis": {"title": {"text": "precision"}},
        },
    }
    return {tag: pluto.Table(lists), f"{tag}/curve": pluto.Plotly(figure)}
