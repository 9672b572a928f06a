"""What logging costs a training step of 1 ms: `python benchmarks/training_loop.py`.

Each process alternates between stretches of steps with a run and without one, so that a machine
that changes its pace changes both.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from statistics import mean, median
from typing import Any, Final

from harness.measure import Budget, conclude, machine, medians, parser, percentiles, table
from harness.peers import PEERS, Log
from harness.processes import Case, run_case, run_if_case, subjects

STEP_SECONDS: Final = 0.001
STEPS: Final = 1000
STRETCHES: Final = 6
WIDTH: Final = 10
NAMES: Final = [f"train/metric_{number}" for number in range(WIDTH)]


def measure(case: Case) -> dict[str, Any]:
    """Compare steps with and without a run of one tracker, in this process."""
    step = Step()
    without, with_run = [step.durations(case["steps"])], []
    for number in range(case["stretches"]):
        peer = PEERS[case["peer"]]()
        log = peer.start(Path(case["directory"]) / str(number))
        step.durations(case["steps"] // 10, log)  # what a run does once is not the loop's cost
        with_run.append(step.durations(case["steps"], log))
        peer.finish()
        without.append(step.durations(case["steps"]))
    return {
        "step us": median(median(stretch) for stretch in without) / 1000,
        "ratio of medians": _ratio(median, with_run, without),
        "ratio of means": _ratio(mean, with_run, without),
        **{f"with {name}": value for name, value in percentiles(chain(*with_run)).items()},
    }


def _ratio(
    middle: Callable[[list[int]], float], with_run: list[list[int]], without: list[list[int]]
) -> float:
    """Compare each stretch with a run to the two beside it; return the median of the ratios."""
    pairs = zip(with_run, without, without[1:], strict=False)
    return median(middle(own) / middle(before + after) for own, before, after in pairs)


class Step:
    """A step of about `STEP_SECONDS`: matrix products, as many as this machine needs for it."""

    def __init__(self) -> None:
        import numpy as np

        source = np.random.default_rng(7)
        self._left, self._right = source.normal(size=(2, 64, 64))
        self._products = 1
        self._step = 0
        self._products = self._calibrated()

    def _calibrated(self) -> int:
        for _ in range(4):
            pace = median(self.durations(300)) / self._products
            self._products = max(1, round(STEP_SECONDS * 1e9 / pace))
        return self._products

    def durations(self, steps: int, log: Log | None = None) -> list[int]:
        """Return how long each of `steps` steps took, in nanoseconds."""
        clock = time.perf_counter_ns
        found = []
        for _ in range(steps):
            start = clock()
            product = self._left @ self._right
            for _ in range(self._products - 1):
                product = self._left @ self._right
            row = dict(zip(NAMES, product[0, :WIDTH].tolist(), strict=True))
            self._step += 1
            if log is not None:
                log(row, self._step)
            found.append(clock() - start)
        return found


def main() -> None:
    """Measure every tracker, interleaved, and print a table."""
    options = parser(__doc__)
    options.set_defaults(repeats=5)
    chosen = options.parse_args()
    before = machine()
    steps = STEPS // 10 if chosen.quick else STEPS
    found: dict[str, list[dict[str, Any]]] = {}
    trackers = subjects(chosen, ("empty call",))
    for _ in range(1 if chosen.quick else chosen.repeats):
        for tracker in trackers:
            case = {"steps": steps, "stretches": STRETCHES}
            found.setdefault(tracker.name, []).append(run_case(__file__, tracker, case))
    results: list[dict[str, Any]] = [
        {"tracker": name, **medians(each), "repeats": each} for name, each in found.items()
    ]
    columns = (
        "step us",
        "ratio of medians",
        "ratio of means",
        "with p99",
        "with p99.9",
        "with max",
    )
    table(
        ("", *columns),
        [
            (
                result["tracker"],
                result["step us"],
                *(f"{result[column]:.4f}" for column in columns[1:3]),
                *(result[column] for column in columns[3:]),
            )
            for result in results
        ],
    )
    budget = Budget("a 1 ms step with log() over one without", results[0][columns[1]], 1.02, "x")
    conclude(chosen, "training_loop", before, results, [budget])


if __name__ == "__main__":
    run_if_case(measure)
    main()
