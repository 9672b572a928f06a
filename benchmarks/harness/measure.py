"""Percentiles, medians over repeats, and how a result is told: a table, budgets, a JSON file."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final

RESULTS: Final = Path(__file__).resolve().parents[1] / "results"
PERCENTILES: Final = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p99.9": 0.999, "max": 1.0}


def percentiles(nanoseconds: Iterable[int]) -> dict[str, float]:
    """Return the percentiles of durations, in microseconds."""
    ordered = sorted(nanoseconds)
    last = len(ordered) - 1
    return {
        name: ordered[min(last, int(len(ordered) * share))] / 1000
        for name, share in PERCENTILES.items()
    }


def medians(repeats: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Return the median over the repeats of every number in them."""
    names = [name for name, value in repeats[0].items() if isinstance(value, (int, float))]
    return {name: median(repeat[name] for repeat in repeats) for name in names}


@dataclass(frozen=True)
class Budget:
    """A promise and what was measured; `at_most` tells on which side of `limit` it holds."""

    what: str
    measured: float
    limit: float
    unit: str = ""
    at_most: bool = True

    @property
    def holds(self) -> bool:
        """Whether the promise is kept."""
        return self.measured <= self.limit if self.at_most else self.measured >= self.limit

    def __str__(self) -> str:
        sign = "≤" if self.at_most else "≥"
        word = "holds " if self.holds else "MISSED"
        return f"{word}  {self.what}: {self.measured:,.4g} {self.unit} ({sign} {self.limit:,g})"


def machine() -> dict[str, Any]:
    """Return what a reader has to know about where the figures come from."""
    return {
        "when": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "load": os.getloadavg(),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def parser(description: str | None) -> argparse.ArgumentParser:
    """Return the options that every benchmark has."""
    options = argparse.ArgumentParser(description=description)
    options.add_argument(
        "--peers-python",
        default=os.environ.get("PLUTO_BENCH_PEERS"),
        metavar="PATH",
        help="interpreter with trackio and goodseed (also PLUTO_BENCH_PEERS);"
        " default: .venv-peers, made if it is missing",
    )
    options.add_argument("--no-peers", action="store_true", help="measure Pluto alone")
    options.add_argument("--repeats", type=int, default=3, help="default: %(default)s")
    options.add_argument("--quick", action="store_true", help="a tenth of the work, one repeat")
    options.add_argument("--strict", action="store_true", help="exit with 1 if a budget is missed")
    options.add_argument("--json", type=Path, metavar="FILE", help="default: benchmarks/results/")
    return options


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows under a header, the first column to the left and the others to the right."""
    texts = [list(header), *([_text(cell) for cell in row] for row in rows)]
    widths = [max(len(row[place]) for row in texts) for place in range(len(header))]
    for number, row in enumerate(texts):
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        print("  ".join(cells))
        if number == 0:
            print("  ".join("-" * width for width in widths))


def _text(cell: object) -> str:
    if isinstance(cell, float):
        return f"{cell:,.0f}" if abs(cell) >= 1000 else f"{cell:.3g}"
    return f"{cell:,}" if isinstance(cell, int) else str(cell)


def conclude(
    options: argparse.Namespace,
    name: str,
    before: Mapping[str, Any],
    results: Sequence[Mapping[str, Any]],
    budgets: Sequence[Budget],
) -> None:
    """Print the budgets, write everything as JSON, and exit as `--strict` asks."""
    print()
    for budget in budgets:
        print(budget)
    after = os.getloadavg()
    loads = f"{before['load'][0]:.1f} before, {after[0]:.1f} after"
    print(f"load average {loads}; {before['cores']} cores")
    path = options.json or RESULTS / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    told = [{**asdict(budget), "holds": budget.holds} for budget in budgets]
    machine_facts = {**before, "load_after": after}
    path.write_text(
        json.dumps({"machine": machine_facts, "results": results, "budgets": told}, indent=1)
    )
    print(f"written to {path}")
    if options.strict and not all(budget.holds for budget in budgets):
        sys.exit(1)
