"""Time of one `log()` call, alone and in company: `python benchmarks/log_latency.py`."""

from __future__ import annotations

import random
import resource
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from harness.measure import Budget, conclude, machine, medians, parser, percentiles, table
from harness.peers import FLOORS, PEERS, Log
from harness.processes import Case, Subject, run_case, run_if_case, subjects

DISTINCT_ROWS: Final = 1000
WARM_UP: Final = 100
SETTLE_SECONDS: Final = 1.0


@dataclass(frozen=True)
class Scenario:
    """What surrounds the calls.

    Attributes:
        width: floats a call.
        calls: how many calls.
        seconds: when to stop with fewer (slow peers).
        pause: seconds between two calls; 0 = one after the other.
        works: whether the pause is spent on matrix products (as training does) or asleep.
        busy: whether another Python thread computes all the time.
    """

    name: str
    width: int = 10
    calls: int = 100_000
    seconds: float = 10.0
    pause: float = 0.0
    works: bool = False
    busy: bool = False


SCENARIOS: Final = (
    Scenario("alone, 1 float", width=1),
    Scenario("alone, 10 floats"),
    Scenario("alone, 100 floats", width=100),
    Scenario("beside a busy thread", busy=True),
    Scenario("50 calls/s, working", calls=1500, seconds=40.0, pause=0.02, works=True),
    Scenario("50 calls/s, sleeping", calls=1500, seconds=40.0, pause=0.02),
    Scenario("50 calls/s, sleeping, busy thread", calls=1500, seconds=40.0, pause=0.02, busy=True),
)


def measure(case: Case) -> dict[str, Any]:
    """Time the calls of one scenario with one tracker, in this process."""
    scenario = Scenario(**case["scenario"])
    peer = PEERS[case["peer"]]()
    log = peer.start(Path(case["directory"]))
    rows = _rows(scenario.width)
    for step in range(WARM_UP):
        log(dict(rows[step]), step)
    time.sleep(SETTLE_SECONDS)
    with _busy_thread(scenario.busy):
        if scenario.pause:
            durations, calm = _paced(log, rows, scenario)
        else:
            durations, calm = _tight(log, rows, scenario), []
    peer.finish()
    return {
        **percentiles(durations),
        "calls": len(durations),
        "over 5 ms": sum(duration > 5_000_000 for duration in durations),
        **({"calm p99.9": percentiles(calm)["p99.9"], "calm calls": len(calm)} if calm else {}),
    }


def _rows(width: int) -> list[dict[str, float]]:
    source = random.Random(7)
    names = [f"train/metric_{number}" for number in range(width)]
    return [{name: source.gauss(0, 1) for name in names} for _ in range(DISTINCT_ROWS)]


def _tight(log: Log, rows: list[dict[str, float]], scenario: Scenario) -> list[int]:
    """Return how long each of calls one after the other took, in nanoseconds."""
    durations: list[int] = []
    clock = time.perf_counter_ns
    end = time.perf_counter() + scenario.seconds
    for number in range(scenario.calls):
        row = dict(rows[number % DISTINCT_ROWS])  # a fresh mapping, as training code makes
        step = WARM_UP + number
        start = clock()
        log(row, step)
        durations.append(clock() - start)
        if number % 1000 == 0 and time.perf_counter() > end:
            break
    return durations


def _paced(
    log: Log, rows: list[dict[str, float]], scenario: Scenario
) -> tuple[list[int], list[int]]:
    """Return how long each call took, and those of them that the kernel did not interrupt."""
    durations: list[int] = []
    calm: list[int] = []
    clock = time.perf_counter_ns
    end = time.perf_counter() + scenario.seconds
    rest = _rest(scenario)
    for number in range(scenario.calls):
        rest()
        row = dict(rows[number % DISTINCT_ROWS])
        step = WARM_UP + number
        switches = _switches()
        start = clock()
        log(row, step)
        duration = clock() - start
        durations.append(duration)
        if _switches() == switches:
            calm.append(duration)
        if time.perf_counter() > end:
            break
    return durations, calm


def _switches() -> int:
    """Count how often the kernel has taken the processor from this thread (Linux)."""
    return resource.getrusage(resource.RUSAGE_THREAD).ru_nivcsw


def _rest(scenario: Scenario) -> Callable[[], None]:
    """Return what passes the time between two calls."""
    if not scenario.works:
        return lambda: time.sleep(scenario.pause)
    import numpy as np

    left = np.random.default_rng(7).normal(size=(200, 200))

    def work() -> None:
        end = time.perf_counter() + scenario.pause
        while time.perf_counter() < end:
            left @ left

    return work


@contextmanager
def _busy_thread(wanted: bool) -> Iterator[None]:
    over = threading.Event()

    def compute() -> None:
        number = 1
        while not over.is_set():
            for _ in range(1000):
                number = number * 1103515245 % 2147483647

    thread = threading.Thread(target=compute, daemon=True)
    if wanted:
        thread.start()
    yield
    over.set()
    if wanted:
        thread.join()


def main() -> None:
    """Measure every scenario with every tracker, interleaved, and compare."""
    options = parser(__doc__)
    options.add_argument("--only", default="", help="scenarios whose name has this text")
    chosen = options.parse_args()
    before = machine()
    trackers = subjects(chosen, FLOORS)
    results = []
    for scenario in SCENARIOS:
        if chosen.only in scenario.name:
            results += _compare(_sized(scenario, chosen.quick), trackers, chosen)
    conclude(chosen, "log_latency", before, results, _budgets(results))


def _sized(scenario: Scenario, quick: bool) -> Scenario:
    return replace(scenario, calls=scenario.calls // 10) if quick else scenario


def _compare(scenario: Scenario, trackers: list[Subject], options: Any) -> list[dict[str, Any]]:
    repeats: dict[str, list[dict[str, Any]]] = {tracker.name: [] for tracker in trackers}
    for _ in range(1 if options.quick else options.repeats):
        for tracker in trackers:
            case = {"scenario": asdict(scenario)}
            repeats[tracker.name].append(run_case(__file__, tracker, case))
    found = {name: medians(measured) for name, measured in repeats.items()}
    print(f"\n{scenario.name}: µs a call, medians of {len(repeats['pluto'])}")
    columns = ("p50", "p90", "p99", "p99.9", "max", "calls", "over 5 ms", "calm p99.9")
    ours = found["pluto"]["p50"]
    table(
        ("", *columns, "p50 to ours"),
        [
            (name, *(values.get(column, "-") for column in columns), f"{values['p50'] / ours:.2f}x")
            for name, values in found.items()
        ],
    )
    return [
        {"scenario": scenario.name, "tracker": name, **values, "repeats": repeats[name]}
        for name, values in found.items()
    ]


def _budgets(results: list[dict[str, Any]]) -> list[Budget]:
    found = {(result["scenario"], result["tracker"]): result for result in results}
    budgets = []
    for (scenario, tracker), result in found.items():
        if tracker == "pluto" and scenario == "alone, 10 floats":
            budgets.append(Budget("log() of 10 floats, p50", result["p50"], 5, "µs"))
            budgets.append(Budget("log() of 10 floats, p99", result["p99"], 25, "µs"))
            for peer, times in (("trackio", 5), ("goodseed", 15)):
                if (scenario, peer) in found:
                    ratio = found[scenario, peer]["p50"] / result["p50"]
                    what = f"{peer}'s p50 over ours"
                    budgets.append(Budget(what, ratio, times, "x", at_most=False))
        elif tracker == "pluto" and not scenario.startswith("alone"):
            budgets.append(Budget(f"{scenario}, p50", result["p50"], 8, "µs"))
            budgets.append(Budget(f"{scenario}, p99.9", result["p99.9"], 300, "µs"))
    return budgets


if __name__ == "__main__":
    run_if_case(measure)
    main()
