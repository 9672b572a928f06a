"""Counts numbers in bins of equal width."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from pluto.errors import UsageError
from pluto.media.arrays import as_array

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MAX_BINS = 10_000


class Counts(NamedTuple):
    """Whole counts in equal bins: bin `i` begins at `low + i * (high - low) / len(frequencies)`."""

    frequencies: list[int]
    low: float
    high: float
    nan: int = 0
    infinite: int = 0


def count_values(data: Any, bins: int) -> Counts:
    """Count numbers of any shape in `bins` equal bins from the least to the greatest.

    NaN and infinities are left out and counted apart. Equal numbers are in the middle of a bin
    range of width 1; no numbers at all give zeros over 0..1.

    Raises:
        UsageError: the data are not numbers, or `bins` is not 1..10,000.
    """
    import numpy as np

    if not 1 <= bins <= MAX_BINS:
        raise UsageError(f"Histogram: bins={bins} is not between 1 and {MAX_BINS:,}")
    values = np.asarray(as_array(data), dtype=np.float64).reshape(-1)
    nan = int(np.isnan(values).sum())
    finite = values[np.isfinite(values)]
    infinite = values.size - finite.size - nan
    if not finite.size:
        return Counts([0] * bins, 0.0, 1.0, nan, infinite)
    low, high = bin_range(float(finite.min()), float(finite.max()), bins)
    # Halves keep the width of a range such as -1e308..1e308 finite; they change no comparison.
    frequencies, _ = np.histogram(finite / 2, bins, (low / 2, high / 2))
    return Counts(frequencies.tolist(), low, high, nan, infinite)


def bin_range(low: float, high: float, bins: int) -> tuple[float, float]:
    """Return a range whose bins floating point can tell apart."""
    import math

    narrowest = 4 * bins * max(math.ulp(low), math.ulp(high))
    if high > low and high / 2 - low / 2 >= narrowest / 2:
        return low, high
    margin = max(0.5 if low == high else 0.0, narrowest)
    greatest = math.nextafter(math.inf, 0)
    return max(low - margin, -greatest), min(high + margin, greatest)


def from_edges(counts: Any, edges: Any, bins: int | None) -> Counts:
    """Take counts between given edges, as `numpy.histogram` returns them.

    Edges of equal width are kept. Others are spread over a grid of equal bins (as many as there
    are counts, or `bins`) in proportion to the overlap; rounding keeps the total.

    Raises:
        UsageError: the counts are not whole numbers, or the edges do not fit them.
    """
    import numpy as np

    frequencies = _whole_counts(counts)
    limits = np.asarray(as_array(edges), dtype=np.float64).reshape(-1)
    _check_edges(limits, frequencies.size)
    low, high = float(limits[0]), float(limits[-1])
    even = np.linspace(low, high, limits.size)
    if np.allclose(limits, even, rtol=0.0, atol=1e-3 * (high - low) / frequencies.size):
        return Counts(frequencies.tolist(), low, high)
    grid = np.linspace(low, high, (bins or frequencies.size) + 1)
    # The cumulated counts, read at the grid's edges: each count is spread evenly over its bin.
    # Rounding them before taking differences keeps the total.
    cumulated = np.interp(grid, limits, np.concatenate([[0], np.cumsum(frequencies)]))
    spread = np.diff(np.rint(cumulated).astype(np.int64))
    return Counts(spread.tolist(), low, high)


def _whole_counts(counts: Any) -> NDArray[np.int64]:
    import numpy as np

    values = np.asarray(as_array(counts), dtype=np.float64).reshape(-1)
    whole = np.rint(values)
    if not values.size or not (np.abs(values - whole) < 1e-6).all() or whole.min() < 0:
        raise UsageError(
            "Histogram: counts must be whole numbers of at least 0 (numpy.histogram with"
            " density=False); dashboards refuse others"
        )
    return whole.astype(np.int64)


def _check_edges(edges: NDArray[np.float64], counts: int) -> None:
    import numpy as np

    if edges.size != counts + 1:
        raise UsageError(
            f"Histogram: {counts} counts need {counts + 1} edges, got {edges.size}; pass"
            " (counts, edges) as numpy.histogram returns them"
        )
    if not np.isfinite(edges).all() or not (np.diff(edges) > 0).all():
        raise UsageError("Histogram: edges must be finite and rise")
