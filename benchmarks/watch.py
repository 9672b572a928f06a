"""What `watch` costs a training step of a small CNN on one core, wandb's `watch` beside it.

`python benchmarks/watch.py`, with an interpreter that has torch, and wandb for the comparison.
With `--quick` it takes some two minutes.

One process trains in stretches, with the module watched at the default frequency and without, in
turns, so that a machine that changes its pace changes both. Both kinds of stretch log the loss of
each step. A stretch is as long as the frequency: it holds the one step that logs histograms.
"""

from __future__ import annotations

import importlib.util
import time
from pathlib import Path
from statistics import mean, median
from typing import Any, Final, NamedTuple, Protocol

from harness.measure import Budget, conclude, machine, medians, parser, table
from harness.processes import Case, Subject, run_case, run_if_case

FREQUENCY: Final = 1000
STRETCHES: Final = 4
MEMORY_STEPS: Final = 10_000
WARM_STEPS: Final = 2000
QUICK_STEPS: Final = 5000
MOST_GROWTH_MB: Final = 8
EXPLANATION: Final = f"""
step us: a training step without watch.  ratio: {FREQUENCY} steps with watch, one of which logs
histograms, over {FREQUENCY} without.  ratio of CPU: the same in processor time of all threads.
slowest step us: the one that logs.  growth MB: of the process, with watch, in the steps from
{WARM_STEPS:,} to {MEMORY_STEPS:,} (every 10th in a quick run: to {QUICK_STEPS:,}).
"""


class Watcher(Protocol):
    """A tracker that can watch a module."""

    def start(self, directory: Path) -> None:
        """Begin a run."""

    def watch(self, module: Any, frequency: int) -> None:
        """Put the hooks on for gradients and parameters."""

    def unwatch(self, module: Any) -> None:
        """Take them off."""

    def log(self, row: dict[str, float]) -> None:
        """Log the row of a step."""

    def finish(self) -> None:
        """End the run."""


class Pluto:
    """This project, in a local run."""

    def start(self, directory: Path) -> None:
        import pluto

        self._run = pluto.init(dir=directory, project="bench", mode="local")

    def watch(self, module: Any, frequency: int) -> None:
        self._run.watch(module, freq=frequency)

    def unwatch(self, module: Any) -> None:
        from pluto.compat.torch import unwatch

        unwatch(module)

    def log(self, row: dict[str, float]) -> None:
        self._run.log(row)

    def finish(self) -> None:
        self._run.finish()


class Wandb:
    """Weights & Biases, offline."""

    def start(self, directory: Path) -> None:
        import wandb  # type: ignore[import-not-found, unused-ignore]

        directory.mkdir(parents=True, exist_ok=True)
        self._run: Any = wandb.init(dir=directory, project="bench", mode="offline")

    def watch(self, module: Any, frequency: int) -> None:
        self._run.watch(module, log="all", log_freq=frequency)

    def unwatch(self, module: Any) -> None:
        self._run.unwatch(module)

    def log(self, row: dict[str, float]) -> None:
        self._run.log(row)

    def finish(self) -> None:
        self._run.finish()


WATCHERS: Final[dict[str, type[Watcher]]] = {"pluto": Pluto, "wandb": Wandb}


class Stretch(NamedTuple):
    """How long each step took, in ns, and the CPU seconds of all threads together."""

    durations: list[int]
    processor: float


class Training:
    """A CNN of some 60,000 parameters on images of 28 x 28, 32 at a time."""

    def __init__(self) -> None:
        import torch
        from torch import nn

        torch.set_num_threads(1)
        torch.manual_seed(0)
        self.module = nn.Sequential(
            nn.Conv2d(1, 16, 3),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 3),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(800, 64),
            nn.ReLU(),
            nn.Linear(64, 10),
        )
        self._loss = nn.CrossEntropyLoss()
        self._optimizer = torch.optim.SGD(self.module.parameters(), 0.01)
        self._images = torch.randn(32, 1, 28, 28)
        self._labels = torch.randint(0, 10, (32,))

    def run(self, steps: int, watcher: Watcher) -> Stretch:
        """Train for some steps."""
        clock = time.perf_counter_ns
        durations = []
        used = time.process_time()
        for _ in range(steps):
            start = clock()
            self._optimizer.zero_grad()
            loss = self._loss(self.module(self._images), self._labels)
            loss.backward()
            self._optimizer.step()
            watcher.log({"loss": loss.item()})
            durations.append(clock() - start)
        return Stretch(durations, time.process_time() - used)


def measure(case: Case) -> dict[str, Any]:
    """Measure one tracker in this process."""
    watcher = WATCHERS[case["peer"]]()
    watcher.start(Path(case["directory"]))
    training = Training()
    training.run(200, watcher)
    found = (cost if case["what"] == "cost" else memory)(case, training, watcher)
    watcher.finish()
    return found


def cost(case: Case, training: Training, watcher: Watcher) -> dict[str, Any]:
    """Compare stretches with and without the hooks, pair by pair."""
    pairs = []
    for _ in range(case["stretches"]):
        without = training.run(FREQUENCY, watcher)
        watcher.watch(training.module, FREQUENCY)
        pairs.append((without, training.run(FREQUENCY, watcher)))
        watcher.unwatch(training.module)
    return {
        "step us": median(mean(without.durations) for without, _ in pairs) / 1000,
        "ratio": median(
            mean(with_it.durations) / mean(without.durations) for without, with_it in pairs
        ),
        "ratio of CPU": median(with_it.processor / without.processor for without, with_it in pairs),
        "slowest step us": max(max(with_it.durations) for _, with_it in pairs) / 1000,
    }


def memory(case: Case, training: Training, watcher: Watcher) -> dict[str, Any]:
    """Watch for `MEMORY_STEPS` steps; the first ones may fill caches."""
    import psutil

    process = psutil.Process()
    watcher.watch(training.module, case["frequency"])
    training.run(WARM_STEPS, watcher)
    before = process.memory_info().rss
    training.run(case["steps"] - WARM_STEPS, watcher)
    return {"growth MB": (process.memory_info().rss - before) / 1e6}


def growth(name: str, quick: bool) -> dict[str, float]:
    """Measure the memory of a tracker at two frequencies, each in a process of its own."""
    often = QUICK_STEPS if quick else MEMORY_STEPS
    cases = {"growth MB": (FREQUENCY, MEMORY_STEPS), "growth MB, every 10th": (10, often)}
    return {
        column: run(name, what="memory", steps=steps, frequency=frequency)["growth MB"]
        for column, (frequency, steps) in cases.items()
    }


def watchers(alone: bool) -> list[str]:
    """Return the trackers that are installed; say loudly which are missing."""
    names = ["pluto"] if alone else list(WATCHERS)
    missing = [name for name in names if importlib.util.find_spec(name) is None]
    for name in missing:
        print(f"!!! SKIPPED: {name} is not installed here: no comparison with it !!!")
    return [name for name in names if name not in missing]


def run(name: str, **case: Any) -> dict[str, Any]:
    """Measure a tracker in a process of its own."""
    import sys

    return run_case(__file__, Subject(name, sys.executable), case)


def main() -> None:
    """Measure every tracker, interleaved, and print a table."""
    chosen = parser(__doc__).parse_args()
    if importlib.util.find_spec("torch") is None:
        print("!!! SKIPPED: torch is not installed here !!!")
        return
    before = machine()
    names = watchers(chosen.no_peers)
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
    for _ in range(1 if chosen.quick else chosen.repeats):
        for name in names:
            stretches = 2 if chosen.quick else STRETCHES
            found[name].append(run(name, what="cost", stretches=stretches))
    results: list[dict[str, Any]] = [
        {
            "tracker": name,
            **medians(each),
            # In a quick run only Pluto's, which has a budget.
            **({} if chosen.quick and name != "pluto" else growth(name, chosen.quick)),
            "repeats": each,
        }
        for name, each in found.items()
    ]
    columns = [column for column in results[0] if column not in {"tracker", "repeats"}]
    rows = [[each["tracker"], *(each.get(column, "-") for column in columns)] for each in results]
    table(("", *columns), rows)
    print(EXPLANATION)
    budgets = [
        Budget("time of a watched step over one that is not", results[0]["ratio"], 1.05, "x"),
        Budget("the same in CPU time, all threads", results[0]["ratio of CPU"], 1.05, "x"),
        Budget(
            f"growth of the process over {MEMORY_STEPS - WARM_STEPS:,} steps",
            results[0]["growth MB"],
            MOST_GROWTH_MB,
            "MB",
        ),
        Budget(
            "the same, histograms every 10 steps",
            results[0]["growth MB, every 10th"],
            MOST_GROWTH_MB,
            "MB",
        ),
    ]
    conclude(chosen, "watch", before, results, budgets)


if __name__ == "__main__":
    run_if_case(measure)
    main()
